#include "engine/ladder.h"

struct span ladder_wait(struct prng *random, unsigned step, unsigned highest, struct span most)
{
	const int64_t grown = span_s(1).us << (step < highest ? step : highest);
	const int64_t us = grown < most.us ? grown : most.us;

	return span_us(us - (int64_t)prng_below(random, (uint64_t)us / 4));
}
