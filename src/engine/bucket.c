#include "engine/bucket.h"

bool bucket_take(struct token_bucket *b, struct instant now, uint32_t most, struct span per)
{
	const uint64_t full = (uint64_t)per.us;
	uint64_t cost;

	if (most == 0 || full == 0)
		return true;
	if (!b->filled)
		*b = (struct token_bucket){ .refilled = now, .credit_us = full, .filled = true };
	b->credit_us += (uint64_t)instant_since(now, b->refilled).us;
	if (b->credit_us > full)
		b->credit_us = full;
	b->refilled = now;
	cost = full / most;
	if (b->credit_us < cost)
		return false;
	b->credit_us -= cost;
	return true;
}
