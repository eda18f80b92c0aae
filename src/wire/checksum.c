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

/* The sum is taken in the machine's byte order and swapped once (RFC 1071 section 2). */
uint16_t checksum(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint64_t sum = 0;

	for (; length >= 4; at += 4, length -= 4) {
		uint32_t word;

		memcpy(&word, at, sizeof word);
		sum += word;
	}
	if (length > 0) {
		uint32_t word = 0;

		memcpy(&word, at, length);
		sum += word;
	}
	return (uint16_t)~ntohs(fold(sum));
}

/* RFC 1624 equation 3. */
uint16_t checksum_update(uint16_t sum, uint16_t before, uint16_t after)
{
	const uint64_t changed = (uint64_t)(uint16_t)~sum + (uint16_t)~before + after;

	return (uint16_t)~fold(changed);
}
