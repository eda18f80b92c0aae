/*
 * fixture: a worker whose ways out keep everything, with one multipoint tunnel 0 (key 100,
 * 10.0.0.1 and fd00::1 on 192.0.2.1), one point-to-point tunnel 1 (no key, to 198.51.100.9),
 * and the peers 0x11 (192.0.2.11) and 0x12 (192.0.2.12) on tunnel 0.
 */
#ifndef DMVPN_TEST_FORWARD_FIXTURE_H
#define DMVPN_TEST_FORWARD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "forward/fwd_control.h"
#include "forward/gre_rx.h"
#include "forward/gre_tx.h"
#include "wire/ip.h"

enum { KEPT_MAX = 16, RAW_ID = 3 };

struct kept_packet { struct underlay_packet p; size_t length; uint8_t bytes[FRAME_MAX]; };
struct kept_frame { uint32_t tunnel; size_t length; uint8_t bytes[FRAME_MAX]; };
struct kept_message { uint16_t type; size_t length; uint8_t bytes[65536]; };

struct kept_esp { struct esp_path path; size_t length; uint8_t bytes[FRAME_MAX + 128]; };

struct fixture {
	struct tables tables;
	struct worker *w;
	bool no_control, no_way_out, no_charon;
	struct offload offload; /* of what transmit() gives: none */
	size_t packet_count, frame_count, message_count; /* may exceed KEPT_MAX: the rest is only counted */
	struct kept_packet packets[KEPT_MAX];
	struct kept_frame frames[KEPT_MAX];
	struct kept_message messages[KEPT_MAX];
	size_t flush_count; /* packets that wait were let go */
	size_t esp_count, ike_count;
	struct kept_esp esps[KEPT_MAX];
	struct ipaddr ike_to;
	size_t ike_length;
	uint8_t ike[2048];
	uint8_t room[FRAME_HEADROOM + FRAME_MAX + FRAME_TAILROOM];
};

extern const uint8_t own_mac[6];

int fixture_setup(void **state);
int fixture_teardown(void **state);
void fixture_forget(struct fixture *f); /* what was kept */

struct ipaddr addr(const char *text);
struct endpoint nbma(const char *text);
struct tunnel *tunnel(struct fixture *f, uint32_t number);
void peer_add(struct fixture *f, uint32_t tunnel, uint64_t id, const char *nbma_text);
void relays_are(struct fixture *f, uint32_t tunnel, size_t count, const uint64_t *ids);
uint64_t dropped(const struct fixture *f); /* all reasons together */

/* An IPv4 packet with right checksums of IP; answers its length. */
size_t ipv4_make(uint8_t *out, const char *src, const char *dst, uint8_t protocol, uint8_t tos, bool df,
		 const void *payload, size_t length);
size_t ipv6_make(uint8_t *out, const char *src, const char *dst, uint8_t next, uint8_t traffic_class,
		 const void *payload, size_t length);
/* The checksum over TCP or ICMPv6 and its pseudo header; 0 when it is right. */
uint16_t transport_sum(const uint8_t *packet, size_t length);

/* A frame from tunnel `number`'s TAP: Ethernet header and inner packet. */
void transmit(struct fixture *f, uint32_t number, const uint8_t to[6], uint16_t ethertype,
	      const uint8_t *inner, size_t length);
/* A packet from the underlay: outer IPv4 header, the GRE octets, the inner packet. */
void receive(struct fixture *f, const char *from, uint8_t tos, const uint8_t *gre, size_t gre_length,
	     const uint8_t *inner, size_t length);

/* The inner packet of what was sent last, a probe, made its answer; its length. */
size_t probe_answer_of(const struct fixture *f, uint8_t *inner);

#endif
