/*
 * outage: how long ways that exist were not found. One watch per way of a pair.
 */
#ifndef DMVPN_SIM_OUTAGE_H
#define DMVPN_SIM_OUTAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"

struct outage_watch {
	bool once;            /* a packet has arrived before: what follows is an outage, not a beginning */
	bool direct;          /* the last packet that arrived went from spoke to spoke */
	bool lost;            /* the last packet, though a way existed */
	struct instant since; /* the first one lost */
};

struct outages {
	size_t count, capacity;
	int64_t *us; /* of those that ended */
};

void outages_done(struct outages *o);
/* A packet was sent: a way existed or not, and it arrived or not. How long the outage is by now. */
struct span outage_packet(struct outages *o, struct outage_watch *w, struct instant now, bool exists, bool arrived);
/* The largest of the shortest `percent` in a hundred of them; 0 when there are none. Sorts. */
struct span outages_percentile(struct outages *o, unsigned percent);

#endif
