/*
 * hash: a fast mix for tables whose entries only the control process makes.
 */
#ifndef DMVPN_FORWARD_HASH_H
#define DMVPN_FORWARD_HASH_H

#include <stdint.h>
#include <string.h>

#include "base/ipaddr.h"

static inline uint64_t hash_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * UINT64_C(0x9fb21c651e98df25);
	return h ^ h >> 32;
}

static inline uint64_t hash_ipaddr(uint64_t h, const struct ipaddr *a)
{
	uint64_t words[2];

	memcpy(words, a->bytes, sizeof words);
	return hash_mix(hash_mix(h, words[0]), words[1]);
}

#endif
