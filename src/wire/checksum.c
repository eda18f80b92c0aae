#include "wire/checksum.h"

#include <arpa/inet.h>
#include <string.h>

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The sum of the machine's 32-bit words, the last one padded with zero. */
static uint64_t words_sum(const uint8_t *at, size_t length)
{
	uint64_t sum = 0;
	uint32_t word;

	for (; length >= sizeof word; at += sizeof word, length -= sizeof word) {
		memcpy(&word, at, sizeof word);
		sum += word;
	}
	if (length > 0) {
		word = 0;
		memcpy(&word, at, length);
		sum += word;
	}
	return sum;
}

/* Every payload that is segmented or merged passes here, so its speed is felt: four or eight words
 * at a time, halves apart so that nothing carries over. */
typedef uint64_t pair __attribute__((vector_size(16)));

static uint64_t pairs_sum(const uint8_t *at, size_t length)
{
	const pair low = { UINT32_MAX, UINT32_MAX };
	pair a = { 0 }, b = { 0 }, w, v;

	for (; length >= 2 * sizeof w; at += 2 * sizeof w, length -= 2 * sizeof w) {
		memcpy(&w, at, sizeof w);
		memcpy(&v, at + sizeof w, sizeof v);
		a += (w & low) + (w >> 32);
		b += (v & low) + (v >> 32);
	}
	a += b;
	return a[0] + a[1] + words_sum(at, length);
}

#ifdef __x86_64__
typedef uint64_t quad __attribute__((vector_size(32)));

__attribute__((target("avx2"))) static uint64_t quads_sum(const uint8_t *at, size_t length)
{
	const quad low = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	quad a = { 0 }, b = { 0 }, w, v;

	for (; length >= 2 * sizeof w; at += 2 * sizeof w, length -= 2 * sizeof w) {
		memcpy(&w, at, sizeof w);
		memcpy(&v, at + sizeof w, sizeof v);
		a += (w & low) + (w >> 32);
		b += (v & low) + (v >> 32);
	}
	a += b;
	return a[0] + a[1] + a[2] + a[3] + words_sum(at, length);
}
#endif

static uint64_t sum_of(const uint8_t *at, size_t length)
{
	enum { SHORT = 64, LONG = 256 };

	if (length < SHORT)
		return words_sum(at, length);
#ifdef __x86_64__
	if (length >= LONG && __builtin_cpu_supports("avx2"))
		return quads_sum(at, length);
#endif
	return pairs_sum(at, length);
}

/* The sum is taken in the machine's byte order and swapped once (RFC 1071 section 2). */
uint16_t checksum(const void *bytes, size_t length)
{
	return (uint16_t)~ntohs(fold(sum_of(bytes, length)));
}

/* RFC 1624 equation 3. */
uint16_t checksum_update(uint16_t sum, uint16_t before, uint16_t after)
{
	const uint64_t changed = (uint64_t)(uint16_t)~sum + (uint16_t)~before + after;

	return (uint16_t)~fold(changed);
}
