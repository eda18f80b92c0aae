/*
 * sa_report: what the control process hears about sessions and SAs.
 */
#ifndef DMVPN_FORWARD_SA_REPORT_H
#define DMVPN_FORWARD_SA_REPORT_H

#include "forward/worker.h"
#include "esp/sa.h"

void sa_report_fill(const struct worker *w, const struct esp_sa *sa, enum esp_phase phase,
		    struct forward_sa_state *out);
/* FORWARD_SA_STATE of one. */
void sa_report(struct worker *w, const struct esp_sa *sa, enum esp_phase phase);

#endif
