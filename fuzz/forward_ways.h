/* forward_ways: where a fuzzed forwarder's packets go: every octet is looked at, and that is all. */
#ifndef DMVPN_FUZZ_FORWARD_WAYS_H
#define DMVPN_FUZZ_FORWARD_WAYS_H

#include "forward/worker.h"

/* Touches every octet, as the kernel would, so that one out of bounds is seen. */
void forward_touch(const uint8_t *bytes, size_t length);
/* All ways but underlay_send. */
struct forward_io forward_ways(void);

/* Input is records of kind (1 octet), length (2) and that many octets, the last one as many as there are. */
void forward_records(struct tables *t, const uint8_t *data, size_t size,
		     void (*run)(struct tables *t, uint8_t kind, const uint8_t *bytes, size_t length));

#endif
