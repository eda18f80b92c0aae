/*
 * gre_tx: frames from a TAP and NHRP messages, to GRE packets.
 */
#ifndef DMVPN_FORWARD_GRE_TX_H
#define DMVPN_FORWARD_GRE_TX_H

#include "forward/segment.h"
#include "forward/worker.h"
#include "wire/ip.h"

/* One frame from its Ethernet header on, with FRAME_HEADROOM octets before it, and what the virtio
 * header before it said. A super-packet is cut; everything counts what travels. It is changed, and
 * must stay until the io is flushed. */
void gre_tx_frame(struct worker *w, struct tap *tap, uint8_t *frame, size_t length, const struct offload *o);

/* Sends a message of the control process at once (it flushes the io). */
void gre_tx_nhrp(struct worker *w, const struct forward_nhrp *message); /* queued until … */
void gre_tx_nhrp_flush(struct worker *w);

/* A packet of this machine's own, which is no traffic: straight to that endpoint and nowhere else, by the
 * key of the peer there. The GRE header is written into the octets before it. The bytes are free again at
 * once. false: there is no way (counted). */
bool gre_tx_to(struct worker *w, struct tunnel *t, const struct endpoint *to, uint8_t *inner, size_t length, uint8_t tos);

/* One packet that travels, to one endpoint; the GRE header is written into the octets before it. `ip`
 * views it, or the larger one that it was cut from. Counts for the tunnel, and for the peer when
 * there is one. What a peer is not to be sent yet waits (shaped_tx.h). */
void gre_tx_inner(struct worker *w, struct tunnel *t, struct peer *peer, const struct ipaddr *to,
		  const struct segment *packet, const struct ip_view *ip);
/* The same, whatever the peer's shape says. */
void gre_tx_now(struct worker *w, struct tunnel *t, struct peer *peer, const struct ipaddr *to,
		const struct segment *packet, const struct ip_view *ip);

#endif
