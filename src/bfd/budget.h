/*
 * budget: how fast so many BFD sessions may be, if all their packets together, in both
 * directions, are to stay within so many per second.
 *
 * Each side sends once in 75-100 % of the interval, 87.5 % in the mean; so n sessions of
 * interval i make 2 n / (0.875 i) packets per second. They may take ten elevenths of the budget, the
 * rest is for sessions that come up. Intervals are taken from a ladder, so that
 * a session more or less does not mean a Poll sequence of all.
 */
#ifndef DMVPN_BFD_BUDGET_H
#define DMVPN_BFD_BUDGET_H

#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

enum { BFD_PACKETS_PER_S = 52800 }; /* of a router, unless told otherwise */

/* The lowest rung that keeps the budget; 0 while any interval of 10 ms or more does, or with packets_per_s 0. */
struct span bfd_budget(size_t sessions, uint32_t packets_per_s);
/* The same, but with the rung at hand kept unless the next lower leaves a tenth of that share free. */
struct span bfd_budget_from(struct span at_hand, size_t sessions, uint32_t packets_per_s);
/* Packets per second of so many sessions, both directions, when all are Up. */
double bfd_packet_rate(size_t sessions, struct span interval);

#endif
