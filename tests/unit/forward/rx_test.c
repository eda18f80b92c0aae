/* Packets from the underlay: exact frames, the tunnel they belong to, and what is dropped. */
#include "fixture.h"

#include <stdio.h>

#include "forward/frame.h"
#include "wire/checksum.h"

static const uint8_t gre_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };
static const uint8_t gre_v4[4] = { 0, 0, 0x08, 0x00 };

static size_t datagram(uint8_t *out)
{
	return ipv4_make(out, "172.16.1.1", "172.16.0.1", 17, 0x02, false, "payload", 7);
}

static void from_peer_exact(void **state)
{
	static const uint8_t header[14] = { 6, 1, 2, 3, 4, 5, 2, 0, 0, 0, 0, 0x12, 8, 0 };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = datagram(inner);

	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length);
	assert_int_equal(f->frame_count, 1);
	assert_int_equal(f->frames[0].tunnel, 0);
	assert_int_equal(f->frames[0].length, 14 + length);
	assert_memory_equal(f->frames[0].bytes, header, 14);
	assert_memory_equal(f->frames[0].bytes + 14, inner, length);
	assert_int_equal(peer_find(&f->tables.peers, 0, 0x12)->rx_packets, 1);
	assert_int_equal(tunnel(f, 0)->counters.rx_bytes, length);
}

static void from_stranger_is_id_0(void **state)
{
	static const uint8_t nobody[6] = { 2, 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	uint8_t inner[64];

	receive(f, "203.0.113.77", 0, gre_key100, 8, inner, datagram(inner));
	assert_memory_equal(f->frames[0].bytes + 6, nobody, 6);
}

/* Control hears of a sender that is no peer, but not of every packet, nor of every liar. */
static void strangers_are_told(void **state)
{
	const struct ipaddr inner_source = addr("172.16.1.1");
	const struct endpoint outer = nbma("203.0.113.77");
	const struct forward_stranger *told;
	struct fixture *f = *state;
	uint8_t inner[64];
	char text[32];

	f->w->now = (struct instant){ 5000000 };
	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, datagram(inner));
	assert_int_equal(f->message_count, 0);
	receive(f, "203.0.113.77", 0, gre_key100, 8, inner, datagram(inner));
	receive(f, "203.0.113.77", 0, gre_key100, 8, inner, datagram(inner));
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_STRANGER);
	told = (const void *)f->messages[0].bytes;
	assert_int_equal(told->tunnel, 0);
	assert_true(endpoint_eq(&told->from, &outer));
	assert_true(ipaddr_eq(&told->addr, &inner_source));
	f->w->now.us += 1000000;
	receive(f, "203.0.113.77", 0, gre_key100, 8, inner, datagram(inner));
	assert_int_equal(f->message_count, 2);
	for (unsigned i = 0; i < 2 * STRANGERS_MAX; i++) {
		snprintf(text, sizeof text, "172.16.2.%u", i);
		receive(f, "203.0.113.77", 0, gre_key100, 8, inner,
			ipv4_make(inner, text, "172.16.0.1", 17, 0, false, "payload", 7));
	}
	assert_int_equal(f->message_count, 1 + STRANGERS_MAX);
}

static void most_specific_tunnel(void **state)
{
	static const uint8_t key0[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 0 };
	struct fixture *f = *state;
	struct forward_tunnel keyless = tunnel(f, 0)->conf;
	uint8_t inner[64];
	const size_t length = datagram(inner);

	receive(f, "198.51.100.9", 0, gre_v4, 4, inner, length);
	assert_int_equal(f->frames[0].tunnel, 1);
	receive(f, "198.51.100.8", 0, gre_v4, 4, inner, length); /* not the far end */
	receive(f, "198.51.100.9", 0, key0, 8, inner, length);   /* key 0 is a key */
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 2);
	assert_int_equal(f->frame_count, 1);

	keyless.tunnel = 2;
	keyless.has_key = 0;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &keyless, sizeof keyless));
	assert_non_null(tap_add(&f->tables.tunnels, 2, -1, own_mac));
	receive(f, "198.51.100.8", 0, gre_v4, 4, inner, length); /* keyless multipoint takes the rest */
	assert_int_equal(f->frames[1].tunnel, 2);
	receive(f, "198.51.100.9", 0, gre_v4, 4, inner, length);
	assert_int_equal(f->frames[2].tunnel, 1);
	receive(f, "198.51.100.9", 0, gre_key100, 8, inner, length);
	assert_int_equal(f->frames[3].tunnel, 0);

	keyless.has_key = 1;
	keyless.key = 0;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &keyless, sizeof keyless));
	receive(f, "198.51.100.8", 0, key0, 8, inner, length);
	assert_int_equal(f->frames[4].tunnel, 2);
	receive(f, "198.51.100.8", 0, gre_v4, 4, inner, length);
	assert_int_equal(f->frame_count, 5);
}

static const struct forward_nhrp *nhrp_at(const struct fixture *f, size_t i)
{
	assert_true(i < f->message_count);
	assert_int_equal(f->messages[i].type, FORWARD_NHRP_RECEIVED);
	return (const void *)f->messages[i].bytes;
}

/* A point-to-point tunnel with several hubs: the ones that are not its far end now. */
static void p2p_guests(void **state)
{
	static const uint8_t gre_nhrp[4] = { 0, 0, 0x20, 0x01 };
	static const uint8_t hub2[6] = { 2, 0, 0, 0, 0, 0x22 };
	struct fixture *f = *state;
	const struct forward_nhrp ask = { .tunnel = 1, .length = 4, .endpoint = nbma("198.51.100.7"), .bytes = "nhrp" };
	uint8_t inner[64];
	const size_t length = datagram(inner);

	receive(f, "198.51.100.7", 0, gre_nhrp, 4, inner, length); /* somebody's with no key */
	assert_int_equal(nhrp_at(f, 0)->tunnel, 0);
	assert_int_equal(nhrp_at(f, 0)->key.given, 1);
	assert_true(fwd_control_message(f->w, FORWARD_NHRP_SEND, &ask, offsetof(struct forward_nhrp, bytes) + 4));
	receive(f, "198.51.100.7", 0, gre_nhrp, 4, inner, length); /* the answer */
	assert_int_equal(f->message_count, 2);
	assert_int_equal(nhrp_at(f, 1)->tunnel, 1);
	assert_int_equal(nhrp_at(f, 1)->key.given, 0);

	peer_add(f, 1, 0x22, "198.51.100.8");
	receive(f, "198.51.100.8", 0, gre_v4, 4, inner, length);
	assert_int_equal(f->frames[0].tunnel, 1);
	assert_memory_equal(f->frames[0].bytes + 6, hub2, 6);
	receive(f, "198.51.100.8", 0, gre_key100, 8, inner, length); /* multipoint tunnels come first */
	assert_int_equal(f->frames[1].tunnel, 0);
	receive(f, "198.51.100.6", 0, gre_v4, 4, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 1);
}

/* Two multipoint tunnels with one source and one key, 10.0.0.1/24 and 10.2.0.1/24. */
static struct fixture *with_twin(void **state)
{
	struct fixture *f = *state;
	struct forward_tunnel twin = tunnel(f, 0)->conf;

	twin.tunnel = 2;
	twin.addr_count = 1;
	twin.addrs[0] = addr("10.2.0.1");
	twin.prefix_lens[0] = 24;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &twin, sizeof twin));
	twin = tunnel(f, 0)->conf;
	twin.prefix_lens[0] = 24;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &twin, sizeof twin));
	assert_non_null(tap_add(&f->tables.tunnels, 2, -1, own_mac));
	return f;
}

static uint32_t came_in_by(struct fixture *f, const char *from, const char *src, const char *dst)
{
	uint8_t inner[64];

	fixture_forget(f);
	receive(f, from, 0, gre_key100, 8, inner, ipv4_make(inner, src, dst, 89, 0, false, "payload", 7));
	assert_int_equal(f->frame_count, 1);
	return f->frames[0].tunnel;
}

static void twins(void **state)
{
	static const uint8_t gre_nhrp[8] = { 0x20, 0, 0x20, 0x01, 0, 0, 0, 100 };
	struct fixture *f = with_twin(state);
	uint8_t inner[64];

	peer_add(f, 2, 0x31, "192.0.2.31");
	/* addresses of the tunnels */
	assert_int_equal(came_in_by(f, "192.0.2.99", "10.0.0.7", "224.0.0.5"), 0);
	assert_int_equal(came_in_by(f, "192.0.2.99", "10.2.0.7", "224.0.0.5"), 2);
	assert_int_equal(came_in_by(f, "192.0.2.11", "10.2.0.7", "10.2.0.1"), 2);
	assert_int_equal(came_in_by(f, "192.0.2.31", "192.168.1.1", "10.0.0.1"), 0);
	/* of others: by whose peer the sender is */
	assert_int_equal(came_in_by(f, "192.0.2.11", "192.168.1.1", "192.168.2.1"), 0);
	assert_int_equal(came_in_by(f, "192.0.2.31", "192.168.1.1", "192.168.2.1"), 2);
	/* of both: the first */
	peer_add(f, 0, 0x32, "192.0.2.31");
	assert_int_equal(came_in_by(f, "192.0.2.31", "192.168.1.1", "192.168.2.1"), 0);
	assert_int_equal(came_in_by(f, "192.0.2.98", "192.168.1.1", "192.168.2.1"), 0);

	fixture_forget(f);
	receive(f, "192.0.2.31", 0, gre_nhrp, 8, inner, datagram(inner));
	assert_int_equal(nhrp_at(f, 0)->tunnel, 0); /* the control process will see */
	assert_int_equal(nhrp_at(f, 0)->key.given, 0);
	receive(f, "192.0.2.31", 0, gre_nhrp, 8, inner, 0); /* nothing to look at */
	receive(f, "192.0.2.31", 0, gre_key100, 8, inner, 3);
	assert_int_equal(f->frame_count, 0);
}

/* Who has another key than our tunnel is a peer of it all the same. */
static void foreign_keys(void **state)
{
	static const uint8_t nhrp_102[8] = { 0x20, 0, 0x20, 0x01, 0, 0, 0, 102 }, data_102[8] = { 0x20, 0, 0x08, 0, 0, 0, 0, 102 };
	static const uint8_t mac_31[6] = { 2, 0, 0, 0, 0, 0x31 };
	struct forward_peer peer = { .tunnel = 0, .peer = 0x31, .nbma = nbma("192.0.2.31") };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = datagram(inner);

	receive(f, "192.0.2.31", 0, nhrp_102, 8, inner, length);
	assert_int_equal(nhrp_at(f, 0)->key.given, 1);
	assert_int_equal(nhrp_at(f, 0)->key.present, 1);
	assert_int_equal(nhrp_at(f, 0)->key.key, 102);
	assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &peer, sizeof peer));
	receive(f, "192.0.2.31", 0, data_102, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 1);

	peer.key = (struct forward_key){ .given = 1, .present = 1, .key = 102 };
	assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &peer, sizeof peer));
	receive(f, "192.0.2.31", 0, data_102, 8, inner, length);
	receive(f, "192.0.2.31", 0, gre_key100, 8, inner, length);
	assert_int_equal(f->frame_count, 2);
	assert_memory_equal(f->frames[0].bytes + 6, mac_31, 6);
	receive(f, "192.0.2.32", 0, data_102, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 2);
	transmit(f, 0, mac_31, ETHERTYPE_IPV4, inner, length);
	assert_memory_equal(f->packets[0].bytes, data_102, 8);
	peer.key = (struct forward_key){ .given = 1 };
	assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &peer, sizeof peer));
	transmit(f, 0, mac_31, ETHERTYPE_IPV4, inner, length);
	assert_memory_equal(f->packets[1].bytes, gre_v4, 4);
	assert_int_equal(f->packets[1].length, 4 + length);
}

static void checksum_and_sequence_accepted(void **state)
{
	uint8_t gre[16] = { 0xb0, 0, 0x08, 0x00, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0, 0, 9 };
	struct fixture *f = *state;
	uint8_t inner[64], whole[80];
	const size_t length = datagram(inner);

	memcpy(whole, gre, 16);
	memcpy(whole + 16, inner, length);
	put_u16(gre + 4, checksum(whole, 16 + length));
	receive(f, "192.0.2.12", 0, gre, 16, inner, length);
	assert_int_equal(f->frame_count, 1);
	assert_memory_equal(f->frames[0].bytes + 14, inner, length);
	gre[5] ^= 1;
	receive(f, "192.0.2.12", 0, gre, 16, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_GRE_CHECKSUM], 1);
	assert_int_equal(f->frame_count, 1);
}

static void multicast_macs(void **state)
{
	static const uint8_t gre6[8] = { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 100 };
	static const uint8_t group[6] = { 1, 0, 0x5e, 0x7f, 2, 3 }, group6[6] = { 0x33, 0x33, 0, 1, 0, 5 };
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct fixture *f = *state;
	uint8_t inner[64];

	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, ipv4_make(inner, "10.0.0.2", "239.255.2.3", 17, 0, false, "x", 1));
	assert_memory_equal(f->frames[0].bytes, group, 6);
	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, ipv4_make(inner, "10.0.0.2", "255.255.255.255", 17, 0, false, "x", 1));
	assert_memory_equal(f->frames[1].bytes, all, 6);
	receive(f, "192.0.2.12", 0, gre6, 8, inner, ipv6_make(inner, "fe80::2", "ff02::1:5", 89, 0, "x", 1));
	assert_memory_equal(f->frames[2].bytes, group6, 6);
	assert_int_equal(get_u16(f->frames[2].bytes + 12), ETHERTYPE_IPV6);
}

static void nhrp_is_punted(void **state)
{
	static const uint8_t gre[8] = { 0x20, 0, 0x20, 0x01, 0, 0, 0, 100 };
	static uint8_t message[FORWARD_NHRP_MAX + 1] = "nhrp";
	struct fixture *f = *state;
	const struct forward_nhrp *m = (const void *)f->messages[0].bytes;
	const struct endpoint from = nbma("203.0.113.77");

	receive(f, "203.0.113.77", 0, gre, 8, message, 30);
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_NHRP_RECEIVED);
	assert_int_equal(f->messages[0].length, offsetof(struct forward_nhrp, bytes) + 30);
	assert_int_equal(m->tunnel, 0);
	assert_int_equal(m->length, 30);
	assert_true(endpoint_eq(&m->endpoint, &from));
	assert_memory_equal(m->bytes, message, 30);
	assert_int_equal(tunnel(f, 0)->counters.rx_nhrp, 1);
	receive(f, "203.0.113.77", 0, gre, 8, message, sizeof message);
	assert_int_equal(f->w->drops[FORWARD_DROP_NHRP_LONG], 1);
	f->no_control = true;
	receive(f, "203.0.113.77", 0, gre, 8, message, 30);
	assert_int_equal(f->w->drops[FORWARD_DROP_NHRP_NO_CONTROL], 1);
}

static void congestion_marks(void **state)
{
	static const uint8_t gre6[8] = { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 100 };
	struct fixture *f = *state;
	uint8_t inner[64], marked[64];
	size_t length = ipv4_make(inner, "172.16.1.1", "172.16.0.1", 17, 0xba, false, "x", 1);

	ipv4_make(marked, "172.16.1.1", "172.16.0.1", 17, 0xbb, false, "x", 1);
	receive(f, "192.0.2.12", 3, gre_key100, 8, inner, length);
	assert_memory_equal(f->frames[0].bytes + 14, marked, length); /* checksum included */
	receive(f, "192.0.2.12", 2, gre_key100, 8, inner, length);
	assert_memory_equal(f->frames[1].bytes + 14, inner, length);
	length = ipv6_make(inner, "fd00::2", "fd00::1", 17, 0x01, "x", 1);
	ipv6_make(marked, "fd00::2", "fd00::1", 17, 0x03, "x", 1);
	receive(f, "192.0.2.12", 3, gre6, 8, inner, length);
	assert_memory_equal(f->frames[2].bytes + 14, marked, length);
	length = ipv4_make(inner, "172.16.1.1", "172.16.0.1", 17, 0xb8, false, "x", 1);
	receive(f, "192.0.2.12", 3, gre_key100, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_ECN], 1);
	assert_int_equal(f->frame_count, 3);
}

static void link_scope_is_kept_out(void **state)
{
	static const uint8_t gre6[8] = { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 100 };
	static const uint8_t types[] = { 130, 131, 132, 133, 134, 135, 136, 137, 143 };
	struct fixture *f = *state;
	uint8_t inner[128], icmp[32] = { 0 };

	for (size_t i = 0; i < sizeof types; i++) {
		icmp[0] = types[i];
		receive(f, "192.0.2.12", 0, gre6, 8, inner, ipv6_make(inner, "fe80::2", "ff02::1", 58, 0, icmp, sizeof icmp));
	}
	assert_int_equal(f->w->drops[FORWARD_DROP_LOCAL_LINK], sizeof types);
	icmp[0] = 128; /* an echo request is a packet like any other */
	receive(f, "192.0.2.12", 0, gre6, 8, inner, ipv6_make(inner, "fe80::2", "ff02::1", 58, 0, icmp, sizeof icmp));
	assert_int_equal(f->frame_count, 1);
}

static void relayed_pairs_are_counted(void **state)
{
	static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 }, mac_12[6] = { 2, 0, 0, 0, 0, 0x12 };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = datagram(inner);
	const struct forward_peer gone = { .tunnel = 0, .peer = 0x12 };

	for (int i = 0; i < 3; i++) {
		receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length);
		transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	}
	assert_int_equal(f->w->relays.pair_count, 1);
	assert_int_equal(f->w->relays.pairs[0].in_peer, 0x12);
	assert_int_equal(f->w->relays.pairs[0].out_peer, 0x11);
	assert_int_equal(f->w->relays.pairs[0].packets, 3);
	assert_int_equal(f->w->relays.pairs[0].bytes, 3 * length);
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length); /* its route has turned */
	assert_int_equal(f->w->relays.pair_count, 2);
	assert_int_equal(f->w->relays.pairs[1].out_peer, 0x12);
	assert_int_equal(f->w->relays.pairs[1].packets, 1);
	f->w->now = instant_add(f->w->now, span_s(RELAY_FLOW_S + 1));
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length); /* nothing came in lately: our own */
	assert_int_equal(f->w->relays.pairs[0].packets, 3);
	assert_true(fwd_control_message(f->w, FORWARD_PEER_DEL, &gone, sizeof gone));
	assert_int_equal(f->w->relays.pair_count, 0);
}

static void truncated_packets(struct fixture *f, const uint8_t *gre, size_t gre_length, const uint8_t *inner, size_t length)
{
	uint8_t packet[256], payload[256];
	size_t whole;

	memcpy(payload, gre, gre_length);
	memcpy(payload + gre_length, inner, length);
	whole = ipv4_make(packet, "192.0.2.12", "192.0.2.1", 47, 0, false, payload, gre_length + length);
	for (size_t cut = 0; cut < whole; cut++) {
		const uint64_t before = dropped(f);
		uint8_t *exact = malloc(FRAME_HEADROOM + cut);

		assert_non_null(exact);
		memcpy(exact + FRAME_HEADROOM, packet, cut);
		gre_rx_outer4(f->w, raw_find(&f->tables.tunnels, RAW_ID), exact + FRAME_HEADROOM, cut);
		assert_int_equal(dropped(f), before + 1);
		/* The same from the GRE header on, where no outer length tells. */
		if (cut >= 20) {
			const struct ipaddr from = addr("192.0.2.12");

			gre_rx_packet(f->w, raw_find(&f->tables.tunnels, RAW_ID), &from, 0, exact + FRAME_HEADROOM + 20, cut - 20);
			assert_int_equal(dropped(f), before + 2);
		}
		free(exact);
	}
	assert_int_equal(f->frame_count, 0);
}

static void truncated(void **state)
{
	static const uint8_t gre6[8] = { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 100 };
	static const uint8_t ns[24] = { 135 };
	struct fixture *f = *state;
	uint8_t inner[128];

	truncated_packets(f, gre_key100, 8, inner, datagram(inner));
	truncated_packets(f, gre6, 8, inner, ipv6_make(inner, "fd00::2", "fd00::1", 17, 0, "x", 1));
	truncated_packets(f, gre6, 8, inner, ipv6_make(inner, "fd00::2", "fd00::1", 58, 0, ns, sizeof ns));
}

static void strange_packets(void **state)
{
	static const uint8_t version1[8] = { 0x20, 1, 0x08, 0, 0, 0, 0, 100 };
	static const uint8_t routing[8] = { 0x60, 0, 0x08, 0, 0, 0, 0, 100 };
	static const uint8_t keepalive[8] = { 0x20, 0, 0, 0, 0, 0, 0, 100 };
	static const uint8_t wrong_inner[8] = { 0x20, 0, 0x86, 0xdd, 0, 0, 0, 100 };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = datagram(inner);

	receive(f, "192.0.2.12", 0, version1, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_GRE_VERSION], 1);
	receive(f, "192.0.2.12", 0, routing, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_GRE_FLAGS], 1);
	receive(f, "192.0.2.12", 0, keepalive, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_GRE_PROTOCOL], 1);
	receive(f, "192.0.2.12", 0, wrong_inner, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_INNER_MALFORMED], 1);
	inner[10] ^= 1; /* header checksum */
	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_INNER_MALFORMED], 2);
	assert_int_equal(f->frame_count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(from_peer_exact), T(from_stranger_is_id_0), T(strangers_are_told),
		T(most_specific_tunnel), T(p2p_guests), T(twins), T(foreign_keys), T(checksum_and_sequence_accepted),
		T(multicast_macs), T(nhrp_is_punted), T(congestion_marks), T(link_scope_is_kept_out),
		T(relayed_pairs_are_counted), T(truncated), T(strange_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
