/*
 * super: packets of TCP and UDP made for the tests of segmentation and merging, and a look into them.
 */
#ifndef DMVPN_TEST_FORWARD_SUPER_H
#define DMVPN_TEST_FORWARD_SUPER_H

#include "fixture.h"

#include "forward/segment.h"

struct shape {
	bool v6, udp, df;
	uint8_t tcp_flags, tos, host; /* host: last octet of the source */
	uint16_t port, id, window;
	uint32_t sequence, acknowledgement;
	size_t options; /* octets of TCP options, a multiple of 4 */
};

/* The packet of that shape with all checksums right; answers its length. */
size_t shape_make(const struct shape *s, uint8_t *out, const uint8_t *payload, size_t length);
/* The same as a TAP's kernel gives it: the pseudo header's sum in the checksum field, and what
 * the virtio header says. */
size_t shape_make_super(const struct shape *s, uint8_t *out, const uint8_t *payload, size_t length, uint16_t segment,
			struct offload *o);

struct ip_view view_of(const uint8_t *packet, size_t length);
size_t header_of(const uint8_t *packet, const struct ip_view *ip); /* octets of IP and transport header */

#endif
