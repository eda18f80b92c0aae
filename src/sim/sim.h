/*
 * sim: a whole DMVPN on a virtual clock: real engines with real configurations, a network
 * that loses, repeats and reorders, faults, traffic, and checks that must hold all along.
 * The same scenario and seed give the same run, event for event.
 */
#ifndef DMVPN_SIM_SIM_H
#define DMVPN_SIM_SIM_H

#include "sim/scenario.h"

enum { SIM_REASON_MAX = 400 };

struct sim_result {
	bool failed;
	struct instant at;            /* when it failed */
	char reason[SIM_REASON_MAX];  /* router, what was violated */
	uint64_t hash;                /* over everything the engines were told and did */
	uint64_t events, messages, packets_sent, packets_delivered, packets_direct;
	uint64_t probes, paths_lost;
	uint64_t bfd_packets, bfd_lost; /* sent; sessions that left Up */
	uint64_t bfd_second_max;        /* packets to and from one router in a second, at most */
	uint64_t direct_lost; /* packets of ways that were direct and still are there */
	unsigned busiest_per_s; /* the most messages that a router sent in a second */
	struct instant registered; /* when every spoke was first registered everywhere; NEVER: it never was */
	/* Ways that existed and were not found: one way of a pair, from the first packet lost to the next
	 * one that arrives. Median and so on of those that ended. */
	uint64_t outages;
	struct span outage_median, outage_p95, outage_max;
};

/* trace: where to write every event and effect, or NULL. */
void sim_run(const struct scenario *s, uint64_t seed, FILE *trace, struct sim_result *out);

#endif
