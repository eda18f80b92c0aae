/* Any bytes as what bfdd says: every message lies inside, and is the same after the way back. */
#include <assert.h>
#include <string.h>

#include "wire/bfd_plane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct bfd_plane_message *m)
{
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX], again[BFD_PLANE_MESSAGE_MAX];
	const size_t length = bfd_plane_encode(m, bytes, sizeof bytes);
	struct bfd_plane_message out;
	size_t used;

	assert(length > 0);
	assert(bfd_plane_decode(bytes, length, &out, &used) == BFD_PLANE_DROP_NONE && used == length);
	assert(bfd_plane_encode(&out, again, sizeof again) == length && memcmp(bytes, again, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bfd_plane_message m;
	size_t used;

	for (size_t at = 0; at <= size; at += used) {
		const enum bfd_plane_drop drop = bfd_plane_decode(data + at, size - at, &m, &used);

		assert(used <= size - at && (used > 0 || drop == BFD_PLANE_DROP_PART || drop == BFD_PLANE_DROP_VERSION));
		if (drop == BFD_PLANE_DROP_NONE)
			check_again(&m);
		if (used == 0)
			break;
	}
	return 0;
}
