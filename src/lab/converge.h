/*
 * converge: waits for a lab to come to rest and looks at what it has become.
 */
#ifndef DMVPN_LAB_CONVERGE_H
#define DMVPN_LAB_CONVERGE_H

#include "lab/test.h"

/* Waits for registrations, routes, and an answer on every pair; measures the first flows on
 * the way. */
void converge(struct lab *lab, struct probes *p, int wait_s, struct lab_result *r);
/* Discovers paths until they stay the same, and fills pairs, direct_pairs. */
void converge_paths(struct lab *lab, struct probes *p, struct lab_result *r);
/* Waits until as many registrations are up as at rest, and every LAN has its routes. */
bool converge_registrations(struct lab *lab, const struct lab_result *rest, int wait_s);
/* After healing: the registrations and pairs of the beginning, and its paths. The pairs
 * that were reachable then must answer again. *as_before: so are routes and paths (load sharing
 * may choose others, so that is waited for, but not insisted on). */
bool converge_again(struct lab *lab, struct probes *p, const struct lab_result *r, int wait_s, bool *as_before);

#endif
