/*
 * prng: a seeded generator (xoshiro256**, seeded by splitmix64) for jitter and
 * simulation, and a keyed function (SipHash-2-4) for request ids and hash tables.
 * Same seed, same sequence. Not for key material.
 */
#ifndef DMVPN_BASE_PRNG_H
#define DMVPN_BASE_PRNG_H

#include <stddef.h>
#include <stdint.h>

struct prng { uint64_t s[4]; };

void prng_init(struct prng *p, uint64_t seed);
uint64_t prng_next(struct prng *p);
uint64_t prng_below(struct prng *p, uint64_t bound); /* uniform in [0, bound); bound > 0 */

struct siphash_key { uint64_t k0, k1; };
uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length);

#endif
