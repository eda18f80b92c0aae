/*
 * damping: how long something that comes and goes must stay before traffic is moved back to
 * it. Every going adds a penalty, which halves with time; the wait grows with the penalty
 * and is bounded. Route-flap damping (RFC 2439), but nothing is ever forbidden by it: who
 * has nowhere else to go does not ask.
 */
#ifndef DMVPN_ENGINE_DAMPING_H
#define DMVPN_ENGINE_DAMPING_H

#include <stdint.h>

#include "base/instant.h"

/* Zeroed to start. */
struct damping {
	uint32_t penalty; /* thousandths of a flap, as it was … */
	struct instant since; /* … then */
};

void damping_flap(struct damping *d, struct instant now);
struct span damping_wait(const struct damping *d, struct instant now); /* 0 … 60 s */

#endif
