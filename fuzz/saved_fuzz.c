/* The file of bindings: anything may stand there; what is believed can be written and read again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "daemon/saved_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* A checksum that fits, or nothing behind it would ever be looked at. */
static uint8_t *signed_copy(const uint8_t *bytes, size_t length)
{
	static const struct siphash_key key = { 0x73617665642d6269, 0x6e64696e67732d31 };
	uint8_t *copy = malloc(length + 8);
	uint64_t sum;

	if (!copy)
		abort();
	if (length)
		memcpy(copy, bytes, length);
	sum = siphash(&key, copy, length);
	for (int i = 0; i < 8; i++)
		copy[length + (size_t)i] = (uint8_t)(sum >> (56 - 8 * i));
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = signed_copy(bytes, length), *again;
	struct saved_list l, same;
	size_t again_length;

	if (!saved_decode(copy, length + 8, 1000000, &l)) {
		again = saved_encode(&l, 1000000, &again_length);
		assert(again && !saved_decode(again, again_length, 999999 + 1, &same));
		assert(same.count <= l.count);
		saved_list_done(&same);
		free(again);
	}
	saved_list_done(&l);
	free(copy);
	return 0;
}
