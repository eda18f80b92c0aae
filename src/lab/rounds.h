/*
 * rounds: one fault, as often as asked for: break, measure, heal, measure, rest.
 */
#ifndef DMVPN_LAB_ROUNDS_H
#define DMVPN_LAB_ROUNDS_H

#include "lab/test.h"

/*
 * Fills *out round by round, each beginning with a lab at rest. Writes plots as the options
 * say; `several`: they need names of their own. 0, or 2 with the reason; ends early when
 * interrupted.
 */
int rounds_run(struct lab *lab, struct probes *p, struct lab_result *r, const struct fault *f,
	       const struct lab_test_options *o, bool several, struct lab_fault_result *out, char *error, size_t size);
/* Figures over all rounds; pure. */
void rounds_sum(struct lab_fault_result *out);
/* All was survived and healed, and seen: a round before which every pair was silent already has shown nothing. Pure. */
bool rounds_held(const struct lab_fault_result *f);
void rounds_free(struct lab_fault_result *out);

#endif
