/* Any bytes as a control request: refused with words, or whole. */
#include <assert.h>
#include <stdint.h>

#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_request r;

	if (control_request_parse((const char *)data, size, &r))
		return 0;
	assert(size <= CONTROL_LINE_MAX);
	assert(r.verb <= CONTROL_CLEAR && r.subject <= SHOW_COUNTERS);
	assert(ipaddr_is_none(&r.addr) || (r.verb == CONTROL_CLEAR && r.has_tunnel));
	return 0;
}
