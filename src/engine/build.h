/*
 * build: our own messages, in the shape that Cisco gives them (reference vectors in
 * tests/transcript), and the one way out: message_send().
 */
#ifndef DMVPN_ENGINE_BUILD_H
#define DMVPN_ENGINE_BUILD_H

#include "engine/tunnel.h"

/* Source addresses are ours, hop count 255, one request id. No CIE, no extension yet. */
void build_start(const struct overlay *o, struct nhrp_message *m, enum nhrp_type type);
/* The extensions of a request: 3, 4, 5, 7, 9; the NAT address extension is returned. */
struct nhrp_extension *build_request_extensions(const struct overlay *o, struct nhrp_message *m);
/* Copies the request's extensions into the reply as a responder must: Responder filled,
 * Forward Transit kept, Authentication our own; NAT copied. */
void build_reply_extensions(const struct overlay *o, struct nhrp_message *reply,
			    const struct nhrp_message *request, uint8_t responder_prefix_len);
void build_authentication(const struct overlay *o, struct nhrp_message *m);

/* A CIE with both addresses, our MTU and hold time. */
struct nhrp_cie build_cie(const struct overlay *o, uint8_t prefix_len, uint16_t holding_s,
			  const struct ipaddr *nbma, const struct ipaddr *proto);
uint8_t cie_host_len(const struct overlay *o, uint8_t prefix_len); /* 0 and 255 become a host */

/*
 * Encodes and queues, within the max-send budget; counts by type. `as` is the overlay by
 * whose tunnel it leaves. false: not sent (counted).
 */
bool message_send(struct overlay *as, const struct nhrp_message *m, const struct endpoint *to);

#endif
