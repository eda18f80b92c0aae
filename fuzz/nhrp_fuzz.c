/*
 * Any bytes into the NHRP decoder. What it accepts must come back byte for byte, and what
 * comes back must mean the same.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/checksum.h"
#include "wire/nhrp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct nhrp_message first, second, first_copy, second_copy;

/* The checksum field is the one thing that has two spellings: 0xffff comes back as 0. */
static void respell_checksum(uint8_t *bytes)
{
	if (bytes[12] == 0xff && bytes[13] == 0xff)
		bytes[12] = bytes[13] = 0;
}

static void forget_borrowed(struct nhrp_message *m)
{
	m->payload = NULL;
	for (size_t i = 0; i < m->extension_count; i++)
		m->extensions[i].value = NULL;
}

static void check_round_trip(uint8_t *bytes)
{
	uint8_t out[NHRP_MESSAGE_MAX], again[NHRP_MESSAGE_MAX];
	const size_t length = (size_t)(bytes[10] << 8 | bytes[11]);

	respell_checksum(bytes);
	assert(nhrp_encode(&first, out, sizeof out) == length);
	assert(memcmp(out, bytes, length) == 0);
	assert(nhrp_encode(&first, again, length - 1) == 0);
	assert(nhrp_decode(out, length, &second, NULL) == NHRP_DROP_NONE);
	assert(nhrp_encode(&second, again, sizeof again) == length);
	assert(memcmp(out, again, length) == 0);
	forget_borrowed(&first);
	forget_borrowed(&second);
	memset(&first_copy, 0, sizeof first_copy);
	memset(&second_copy, 0, sizeof second_copy);
	nhrp_copy(&first_copy, &first);
	nhrp_copy(&second_copy, &second);
	assert(memcmp(&first_copy, &second_copy, sizeof first_copy) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);
	enum nhrp_drop drop;
	size_t fault;

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	drop = nhrp_decode(bytes, size, &first, &fault);
	assert(fault <= size);
	if (drop == NHRP_DROP_CHECKSUM) {
		/* Everything else is right: mend it, so that the way goes on. */
		const size_t length = (size_t)(bytes[10] << 8 | bytes[11]);
		uint16_t sum;

		bytes[12] = bytes[13] = 0;
		sum = checksum(bytes, length);
		bytes[12] = (uint8_t)(sum >> 8);
		bytes[13] = (uint8_t)sum;
		drop = nhrp_decode(bytes, size, &first, NULL);
		assert(drop == NHRP_DROP_NONE);
	}
	if (drop == NHRP_DROP_NONE)
		check_round_trip(bytes);
	free(bytes);
	return 0;
}
