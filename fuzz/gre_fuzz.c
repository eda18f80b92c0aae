/* Any bytes into the GRE and IP header readers: what they say must lie inside the packet. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wire/gre.h"
#include "wire/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_gre(const uint8_t *bytes, size_t size)
{
	uint8_t out[8];
	struct gre_header h, again;
	size_t length;

	if (gre_decode(bytes, size, &h) != GRE_DROP_NONE)
		return;
	assert(h.header_len >= 4 && h.header_len <= GRE_HEADER_MAX && h.header_len <= size);
	length = gre_encode(h.protocol, h.has_key, h.key, out);
	assert(gre_decode(out, length, &again) == GRE_DROP_NONE);
	assert(again.protocol == h.protocol && again.has_key == h.has_key && again.key == h.key);
	assert(again.header_len == length);
}

static void check_ip(uint8_t *bytes, size_t size)
{
	struct ip_view v, after;
	const enum ip_drop drop = ip_decode(bytes, size, &v);

	if (drop == IP_DROP_NONE || drop == IP_DROP_LENGTH || drop == IP_DROP_CHECKSUM)
		assert(v.header_len <= size && (v.version == 4 || v.version == 6));
	if (drop != IP_DROP_NONE)
		return;
	assert(v.header_len <= v.total_len && v.total_len <= size);
	if (ip_decrement_ttl(bytes)) {
		assert(ip_decode(bytes, size, &after) == IP_DROP_NONE);
		assert(after.ttl + 1 == v.ttl);
	} else {
		assert(v.ttl <= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size ? size : 1);

	if (!bytes)
		return 0;
	if (size)
		memcpy(bytes, data, size);
	check_gre(bytes, size);
	check_ip(bytes, size);
	free(bytes);
	return 0;
}
