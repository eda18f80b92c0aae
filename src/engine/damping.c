/*
 * The first going costs nothing: a reboot is not a flap. The second in short order costs
 * about 9 s, each further one about 9 s more, and six or seven reach the bound. What goes once
 * in ten minutes or less often is never damped.
 */
#include "engine/damping.h"

enum {
	DAMPING_FLAP = 1000,
	DAMPING_FREE = 1500,    /* below this there is no wait */
	DAMPING_PENALTY_MAX = 7000, /* 60 s */
	DAMPING_HALF_LIFE_S = 120,
	DAMPING_HALVES_MAX = 16,
};

/* Halved for every half life, and straight in between. */
static uint32_t decayed(const struct damping *d, struct instant now)
{
	const int64_t half = span_s(DAMPING_HALF_LIFE_S).us, age = instant_since(now, d->since).us;

	if (d->penalty == 0 || age / half >= DAMPING_HALVES_MAX)
		return 0;
	return (uint32_t)((int64_t)d->penalty * (2 * half - age % half) / (2 * half)) >> age / half;
}

void damping_flap(struct damping *d, struct instant now)
{
	d->penalty = decayed(d, now) + DAMPING_FLAP;
	if (d->penalty > DAMPING_PENALTY_MAX)
		d->penalty = DAMPING_PENALTY_MAX;
	d->since = now;
}

struct span damping_wait(const struct damping *d, struct instant now)
{
	const uint32_t penalty = decayed(d, now);

	return span_ms(penalty < DAMPING_FREE ? 0 : 10 * (int64_t)(penalty - DAMPING_FLAP));
}
