/*
 * gre_rx: GRE packets from the underlay, to frames for a TAP and messages for the control
 * process.
 */
#ifndef DMVPN_FORWARD_GRE_RX_H
#define DMVPN_FORWARD_GRE_RX_H

#include "forward/worker.h"

/* One packet as a raw IPv4 socket yields it, from the outer IP header on, with
 * FRAME_HEADROOM octets before it. It is changed, and must stay until the io is flushed. */
void gre_rx_outer4(struct worker *w, const struct raw *raw, uint8_t *packet, size_t length);

/* The same of what came out of an SA of that session; raw stands for the session's local end. */
void gre_rx_protected(struct worker *w, const struct raw *raw, struct sa_session *session, uint8_t tos, uint8_t *gre,
		      size_t length);

/* From the GRE header on, likewise; tos is the outer header's. */
void gre_rx_packet(struct worker *w, const struct raw *raw, const struct ipaddr *from, uint8_t tos,
		   uint8_t *gre, size_t length);

#endif
