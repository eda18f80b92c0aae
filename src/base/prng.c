/*
 * xoshiro256** by Blackman and Vigna and SipHash-2-4 by Aumasson and Bernstein, both
 * written from their published descriptions.
 */
#include "base/prng.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

static uint64_t rotl(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static uint64_t splitmix64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

void prng_init(struct prng *p, uint64_t seed)
{
	for (size_t i = 0; i < 4; i++)
		p->s[i] = splitmix64(&seed);
}

uint64_t prng_next(struct prng *p)
{
	const uint64_t result = rotl(p->s[1] * 5, 7) * 9;
	const uint64_t t = p->s[1] << 17;

	p->s[2] ^= p->s[0];
	p->s[3] ^= p->s[1];
	p->s[1] ^= p->s[2];
	p->s[0] ^= p->s[3];
	p->s[2] ^= t;
	p->s[3] = rotl(p->s[3], 45);
	return result;
}

uint64_t prng_below(struct prng *p, uint64_t bound)
{
	const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
	uint64_t v;

	assert(bound > 0);
	do
		v = prng_next(p);
	while (v >= limit);
	return v % bound;
}

struct sip { uint64_t v0, v1, v2, v3; };

static void sip_round(struct sip *s)
{
	s->v0 += s->v1;
	s->v1 = rotl(s->v1, 13) ^ s->v0;
	s->v0 = rotl(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotl(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotl(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotl(s->v1, 17) ^ s->v2;
	s->v2 = rotl(s->v2, 32);
}

static uint64_t load_le(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return le64toh(v);
}

static void sip_block(struct sip *s, uint64_t m)
{
	s->v3 ^= m;
	sip_round(s);
	sip_round(s);
	s->v0 ^= m;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t length)
{
	const uint8_t *p = bytes;
	const size_t whole = length / 8 * 8;
	struct sip s = {
		.v0 = key->k0 ^ 0x736f6d6570736575u,
		.v1 = key->k1 ^ 0x646f72616e646f6du,
		.v2 = key->k0 ^ 0x6c7967656e657261u,
		.v3 = key->k1 ^ 0x7465646279746573u,
	};

	for (size_t i = 0; i < whole; i += 8)
		sip_block(&s, load_le(p + i, 8));
	sip_block(&s, load_le(p + whole, length - whole) | (uint64_t)(length & 0xff) << 56);
	s.v2 ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
