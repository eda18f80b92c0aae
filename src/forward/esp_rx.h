/*
 * esp_rx: ESP from the underlay, in UDP or not, to GRE.
 *
 * SPI -> SA -> session -> tunnel: what comes out belongs to the session that the SA is bound
 * to, whatever the outer header says.
 */
#ifndef DMVPN_FORWARD_ESP_RX_H
#define DMVPN_FORWARD_ESP_RX_H

#include "forward/hold.h"
#include "forward/worker.h"

/* One packet from its SPI on, with FRAME_HEADROOM octets before it. It is changed, and must
 * stay until the io is flushed. */
void esp_rx_packet(struct worker *w, const struct esp_arrival *a, uint8_t *packet, size_t length);

/* One datagram that came to UDP 4500 by the interface of that index (1: loopback): ESP, an IKE
 * message for charon, or a NAT's keepalive. Octets as above. */
void esp_rx_datagram(struct worker *w, const struct esp_arrival *a, uint32_t ifindex, uint8_t *datagram,
		     size_t length);

/* One packet as a raw IPv4 socket of protocol 50 yields it, from the outer IP header on. */
void esp_rx_outer4(struct worker *w, uint8_t *packet, size_t length);

#endif
