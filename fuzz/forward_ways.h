/* forward_ways: where a fuzzed forwarder's packets go: every octet is looked at, and that is all. */
#ifndef DMVPN_FUZZ_FORWARD_WAYS_H
#define DMVPN_FUZZ_FORWARD_WAYS_H

#include "forward/worker.h"

/* Touches every octet, as the kernel would, so that one out of bounds is seen. */
void forward_touch(const uint8_t *bytes, size_t length);
/* All ways but underlay_send. */
struct forward_io forward_ways(void);

#endif
