/*
 * esp_tx: GRE to ESP, by the SA that the peer's session sends by.
 */
#ifndef DMVPN_FORWARD_ESP_TX_H
#define DMVPN_FORWARD_ESP_TX_H

#include "forward/sa_session.h"
#include "forward/worker.h"

/* Seals one GRE packet into the io's send buffer; the FRAME_TAILROOM octets behind it are
 * overwritten and restored. `session` may be NULL: dropped. true: queued. */
bool esp_tx_gre(struct worker *w, struct sa_session *session, const struct underlay_packet *p);

/* Octets of GRE packet that a path of that MTU carries to the session's peer; UINT32_MAX when
 * it cannot be told (nothing can be sent). */
uint32_t esp_tx_room(const struct sa_session *session, uint32_t path_mtu);

/* Octets on the wire of a GRE packet of so many, outer header included; without an SA what it would be in clear. */
size_t esp_tx_octets(const struct sa_session *session, size_t gre);

/* The io was told that only that much of an outer packet gets to the session's peer. */
void esp_tx_learn(struct worker *w, uint32_t session, uint32_t path_mtu);

#endif
