/*
 * segment: a packet as the kernel hands it through a TAP, cut into the packets that
 * travel (TCP and UDP segmentation, RFC 9293, RFC 768), or one with its checksum completed.
 *
 * Cutting is in place: the headers of each packet are written before its payload, over the end of
 * the packet before it. The virtio header and the packet are of a kernel's making, yet nothing
 * they say is believed without a look.
 */
#ifndef DMVPN_FORWARD_SEGMENT_H
#define DMVPN_FORWARD_SEGMENT_H

#include "forward/offload.h"

/* What a GRE header may need before each packet, and headers of a packet that is cut. */
enum { SEGMENT_HEADROOM = 8, SEGMENT_HEADER_MAX = 256 };

/* One packet that travels. The next one is written over its last octets. */
struct segment {
	uint8_t *packet; /* SEGMENT_HEADROOM octets before it are free */
	size_t length;
	size_t reused;   /* of its last octets so many do not outlive the next segment_next() and what its
			  * taker writes before that packet; may exceed length. 0: all stay */
};

struct segmenter {
	uint8_t *inner;
	struct ip_view ip;       /* of the whole */
	enum offload_kind kind;
	size_t header_len;       /* octets of IP and TCP or UDP header */
	size_t segment;          /* octets of payload in each packet but the last */
	size_t at, payload;      /* octets given out; of the whole */
	unsigned count;          /* packets given out */
	uint16_t pseudo_sum;     /* without the length */
	uint8_t header[SEGMENT_HEADER_MAX]; /* of the whole, checksums 0 */
};

/*
 * `inner` is the packet that `ip` views (decoded without error, link padding aside), with
 * SEGMENT_HEADROOM octets before it. Completes the checksum of a packet that is not cut.
 * false: what the virtio header says does not fit the packet; nothing was changed.
 */
bool segment_begin(struct segmenter *s, uint8_t *inner, const struct ip_view *ip, const struct offload *o);

/* Octets of the largest packet that will come, and how many there are, also before the first. */
size_t segment_size(const struct segmenter *s);
size_t segment_count(const struct segmenter *s);

/* The next packet; false: that was all. At least one comes. */
bool segment_next(struct segmenter *s, struct segment *out);

#endif
