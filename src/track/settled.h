/*
 * settled: a truth that counts only when it has lasted (`delay up`, `backup delay`).
 */
#ifndef DMVPN_TRACK_SETTLED_H
#define DMVPN_TRACK_SETTLED_H

#include "base/instant.h"

struct settled {
	bool now, counts;    /* as it is, and as it is said */
	struct instant due;  /* of that becoming this; INSTANT_NEVER when they are the same, or for ever apart */
};

void settled_init(struct settled *s, bool value);
/* It is so now; the change counts after so long, and is forgotten when it is undone before. */
void settled_see(struct settled *s, struct instant now, bool value, struct span after_rise, struct span after_fall);
/* Time has passed. */
void settled_tick(struct settled *s, struct instant now);

#endif
