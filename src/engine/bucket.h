/*
 * bucket: so many things in so much time, with bursts of all of them at once.
 */
#ifndef DMVPN_ENGINE_BUCKET_H
#define DMVPN_ENGINE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

/* Zeroed to start: then it is full. */
struct token_bucket {
	struct instant refilled;
	uint64_t credit_us; /* one thing costs a fixed span of it */
	bool filled;
};

/* May one more go, of `most` in every `per`? Takes it when so. most 0 or per 0: without limit. */
bool bucket_take(struct token_bucket *b, struct instant now, uint32_t most, struct span per);

#endif
