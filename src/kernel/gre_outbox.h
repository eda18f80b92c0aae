/*
 * gre_outbox: what we ourselves send by kernel GRE devices: NHRP, echoes that test a path, copies of multicast.
 * Packets are gathered, of all devices together, until one system call takes them. One that the kernel does not
 * take is lost, as any packet may be.
 */
#ifndef DMVPN_KERNEL_GRE_OUTBOX_H
#define DMVPN_KERNEL_GRE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { GRE_OUTBOX_MARK = 0x444d56 /* of its packets, by which they are told from those of others */ };

struct gre_outbox;

struct gre_outbox *gre_outbox_new(void); /* NULL with errno set */
void gre_outbox_free(struct gre_outbox *b); /* what it holds is not sent */

/* to: NBMA address; IP_NONE: point-to-point. length is at most 65536; protocol an Ethertype. */
void gre_outbox_add(struct gre_outbox *b, int ifindex, uint16_t protocol, const struct ipaddr *to, const void *bytes,
		    size_t length);
void gre_outbox_flush(struct gre_outbox *b);

#endif
