/*
 * outage: from the times of probes to what a fault cost a pair. Pure.
 */
#ifndef DMVPN_LAB_OUTAGE_H
#define DMVPN_LAB_OUTAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outage {
	int64_t ns;     /* longest time between two arrivals around the fault, less the interval */
	bool recovered; /* probes arrive at the end of the window */
	size_t sent, lost;
};

/*
 * sent[i] and received[i] are the times of probe i, 0 when it was not; one clock, the
 * receiver's. A gap counts when it ends after the fault. A pair that is silent at the end
 * of the window has not recovered: its gap lasts to the end. Probes sent in the last
 * quarter second may still be under way and are neither sent nor lost.
 */
struct outage outage_of(const int64_t *sent, const int64_t *received, size_t count, int64_t interval_ns,
			int64_t fault_ns, int64_t end_ns);

/* The most by which a probe sent between then and then left too late: what the machine, not the
 * network, adds to a gap. */
int64_t outage_stall(const int64_t *sent, size_t count, int64_t interval_ns, int64_t from_ns, int64_t to_ns);

/* Of the probes sent from then to then, those that never came, and all. */
void outage_lost(const int64_t *sent, const int64_t *received, size_t count, int64_t from_ns, int64_t to_ns,
		 size_t *lost, size_t *of);

struct outage_figures { double p50_ms, p95_ms, max_ms; };

/* Nearest-rank percentiles over outages in nanoseconds; sorts the list; zeros when empty. */
struct outage_figures outage_figures(int64_t *ns, size_t count);

#endif
