/*
 * echo: the ICMP echo request (RFC 792, RFC 4443 4.1) that tests a path through a tunnel, and
 * the answer to it. Any router answers in its fast path. Behind the ICMP header:
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  proof: SipHash over all below and both overlay addresses     |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  sent, microseconds of the sender's clock                     |
 * |                                                               |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  tunnel                                                       |
 * |  sequence                                                     |
 * |  endpoint: VRF                                                |
 * |  endpoint: site                                               |
 * |  endpoint: family and three octets of zero                    |
 * |  endpoint: address, 16 octets                                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * So the sender keeps nothing of what it has sent, and nobody but it can make an answer: a peer
 * that was asked cannot answer for another.
 */
#ifndef DMVPN_WIRE_ECHO_H
#define DMVPN_WIRE_ECHO_H

#include "base/instant.h"
#include "base/ipaddr.h"
#include "base/prng.h"
#include "wire/ip.h"

enum {
	ECHO_PAYLOAD = 52,
	ECHO_MAX = IP6_HEADER + 8 + ECHO_PAYLOAD,
	ECHO_TOS = 0xc0, /* CS6 */
	ECHO_TTL = 255,
};

struct echo {
	uint32_t tunnel, sequence;
	struct endpoint nbma;
	struct ipaddr own, peer; /* overlay addresses, of one family */
	struct instant sent;
};

/* Writes a whole IP packet of at most ECHO_MAX octets and answers its length. */
size_t echo_encode(const struct siphash_key *key, const struct echo *e, uint8_t *out);
/* false: not an answer to what echo_encode() made with that key. `ip` is the packet's view,
 * decoded without error. */
bool echo_answer_decode(const struct siphash_key *key, const uint8_t *packet, const struct ip_view *ip, struct echo *out);
/* Makes an echo request of anybody's the answer to it, in place; false: it is none, and is left alone. */
bool echo_turn(uint8_t *packet, const struct ip_view *ip);

#endif
