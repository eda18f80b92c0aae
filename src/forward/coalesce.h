/*
 * coalesce: packets of one flow that came in together, merged into one super-packet for a TAP
 * (the reverse of segment.h), so that the kernel's stack is passed once for many.
 *
 * Merged are TCP segments and UDP datagrams that differ in nothing a later cut could not put back: same
 * addresses, ports, Ethernet header, type of service, TTL, DF, and for TCP acknowledgement, window and
 * options, in sequence, equal in size but for the last; IPv4 ids count up unless there is DF.
 * Their checksums are verified first, for a merged packet's is computed anew. PSH does not end a
 * merge and is kept. Everything else passes unchanged, behind what is held of its flow, so
 * that the order within a flow never changes.
 *
 * No octet of payload moves: a super-packet is a list of pieces of the buffers that it came in.
 */
#ifndef DMVPN_FORWARD_COALESCE_H
#define DMVPN_FORWARD_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "wire/ip.h"

enum {
	COALESCE_FLOWS = 256,  /* held at a time */
	COALESCE_PIECES = 128, /* of one super-packet, its virtio header included */
};

/* One write to the TAP that `link` stands for: virtio header, frame. It holds `packets` packets. */
typedef void coalesce_write(void *context, void *link, const struct iovec *pieces, size_t count, size_t packets);

struct coalesce;

struct coalesce *coalesce_new(coalesce_write *write, void *context); /* NULL: out of memory */
void coalesce_free(struct coalesce *c); /* what is held is not written; NULL is fine */

/*
 * A frame of 14 octets of Ethernet header and the packet that `ip` views (decoded without error). Its
 * bytes are changed, and must stay until coalesce_flush(). merges_udp: that TAP's kernel
 * takes super-packets of UDP.
 */
void coalesce_packet(struct coalesce *c, void *link, bool merges_udp, uint8_t *frame, const struct ip_view *ip);
/* Writes all that is held. */
void coalesce_flush(struct coalesce *c);

#endif
