/* Frames from a TAP: exact GRE packets, their destination, and what is dropped. */
#include "fixture.h"

#include "forward/frame.h"

static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 }, mac_12[6] = { 2, 0, 0, 0, 0, 0x12 };
static const uint8_t mac_99[6] = { 2, 0, 0, 0, 0, 0x99 };
static const uint8_t gre_v4_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };

static size_t ping(uint8_t *out)
{
	return ipv4_make(out, "172.16.0.1", "172.16.1.1", 17, 0xb8, false, "payload", 7);
}

static void to_peer_exact(void **state)
{
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = ping(inner);
	const struct kept_packet *k = &f->packets[0];
	const struct peer *p = peer_find(&f->tables.peers, 0, 0x11);

	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 1);
	assert_int_equal(k->length, 8 + length);
	assert_memory_equal(k->bytes, gre_v4_key100, 8);
	assert_memory_equal(k->bytes + 8, inner, length);
	assert_true(ipaddr_eq(&k->p.to, &p->nbma.addr));
	assert_int_equal(k->p.tos, 0xb8);
	assert_int_equal(k->p.ttl, 255);
	assert_false(k->p.df);
	assert_int_equal(p->tx_packets, 1);
	assert_int_equal(p->tx_bytes, length);
	assert_int_equal(tunnel(f, 0)->counters.tx_packets, 1);
	assert_int_equal(dropped(f), 0);
}

static void padding_is_cut(void **state)
{
	struct fixture *f = *state;
	uint8_t inner[64] = { 0 };
	const size_t length = ping(inner);

	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, sizeof inner);
	assert_int_equal(f->packets[0].length, 8 + length);
}

static void ipv6_and_p2p_exact(void **state)
{
	static const uint8_t gre_v6[4] = { 0, 0, 0x86, 0xdd };
	struct fixture *f = *state;
	const struct ipaddr remote = addr("198.51.100.9");
	uint8_t inner[64];
	const size_t length = ipv6_make(inner, "2001:db8::1", "2001:db8::2", 17, 0x2e, "x", 1);

	/* Whatever the MAC: point-to-point has one far end, peer or not. */
	transmit(f, 1, mac_99, ETHERTYPE_IPV6, inner, length);
	assert_int_equal(f->packet_count, 1);
	assert_int_equal(f->packets[0].length, 4 + length);
	assert_memory_equal(f->packets[0].bytes, gre_v6, 4);
	assert_memory_equal(f->packets[0].bytes + 4, inner, length);
	assert_true(ipaddr_eq(&f->packets[0].p.to, &remote));
	assert_int_equal(f->packets[0].p.tos, 0x2e);
	assert_int_equal(f->packets[0].p.ttl, 64);
}

static void far_end_is(struct fixture *f, const char *remote, uint64_t peer)
{
	struct forward_tunnel conf = tunnel(f, 1)->conf;

	conf.remote = addr(remote);
	conf.remote_peer = peer;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &conf, sizeof conf));
}

/* A point-to-point tunnel with two hubs, 0x21 and 0x22. */
static void p2p_hubs(void **state)
{
	static const uint8_t whoever[6] = { 2, 0, 0, 0, 0, 0 }, hub1[6] = { 2, 0, 0, 0, 0, 0x21 },
			     hub2[6] = { 2, 0, 0, 0, 0, 0x22 };
	const uint64_t both[] = { 0x21, 0x22 }, second[] = { 0x22 };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = ping(inner);

	peer_add(f, 1, 0x21, "198.51.100.9");
	peer_add(f, 1, 0x22, "198.51.100.8");
	transmit(f, 1, hub2, ETHERTYPE_IPV4, inner, length); /* not known to live */
	assert_int_equal(f->packets[0].p.peer, 0x21);

	relays_are(f, 1, 2, both);
	transmit(f, 1, hub2, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[1].p.peer, 0x22);
	transmit(f, 1, whoever, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[2].p.peer, 0x21);

	relays_are(f, 1, 1, second); /* the far end has not followed yet */
	transmit(f, 1, whoever, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[3].p.peer, 0x22);
	far_end_is(f, "198.51.100.8", 0x22);
	transmit(f, 1, hub1, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[4].p.peer, 0x22);
	transmit(f, 1, whoever, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[5].p.peer, 0x22);
	relays_are(f, 1, 0, NULL);
	transmit(f, 1, hub1, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[6].p.peer, 0x22);
}

static void p2p_multicast(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 5 };
	const struct forward_peer second = { .tunnel = 1, .peer = 0x22, .nbma = nbma("198.51.100.8") };
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = ipv4_make(inner, "10.1.0.1", "224.0.0.5", 89, 0xc0, false, "hi", 2);

	transmit(f, 1, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 1); /* the far end is no peer yet */
	peer_add(f, 1, 0x21, "198.51.100.9");
	peer_add(f, 1, 0x22, "198.51.100.8");
	transmit(f, 1, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 2);
	assert_true(fwd_control_message(f->w, FORWARD_MULTICAST_SET, &second, sizeof second));
	transmit(f, 1, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 4);
	assert_int_equal(f->packets[2].p.peer, 0x21);
	assert_int_equal(f->packets[3].p.peer, 0x22);
	far_end_is(f, "198.51.100.8", 0x22);
	transmit(f, 1, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 5);
}

/* What has just come from a next hop server does not go back to it. */
static void never_back_to_the_relay(void **state)
{
	static const uint8_t gre_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };
	struct fixture *f = *state;
	const uint64_t relay[] = { 0x11 };
	uint8_t inner[64];
	const size_t length = ping(inner);

	f->w->now = instant_add(f->w->now, span_s(10));
	relays_are(f, 0, 1, relay);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length); /* it came from nobody */
	assert_int_equal(f->packet_count, 1);
	receive(f, "192.0.2.11", 0, gre_key100, 8, inner, length);
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length); /* on to another */
	assert_int_equal(f->packet_count, 2);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(f->w->drops[FORWARD_DROP_LOOP], 1);
	f->w->now = instant_add(f->w->now, span_ms(RELAY_MOMENT_MS)); /* the flow has turned round */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 3);
	receive(f, "192.0.2.12", 0, gre_key100, 8, inner, length); /* a spoke may be behind us twice */
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 4);
}

/* What has come from a server goes to another one only where the frame names that one: hub after hub, each of which lets
 * the next one stand in for whom it does not know, would send it round. */
static void never_round_by_stand_ins(void **state)
{
	static const uint8_t instead_11[6] = { 0x0a, 0, 0, 0, 0, 0x11 };
	struct fixture *f = *state;
	const uint64_t both[] = { 0x11, 0x12 }, second[] = { 0x12 };
	uint8_t inner[64];
	const size_t length = ping(inner);

	f->w->now = instant_add(f->w->now, span_s(10));
	relays_are(f, 0, 2, both);
	peer_add(f, 0, 0x13, "192.0.2.13");
	receive(f, "192.0.2.13", 0, gre_v4_key100, 8, inner, length); /* from a client: somebody may know where to */
	transmit(f, 0, instead_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 1);
	assert_int_equal(f->packets[0].p.peer, 0x11);
	receive(f, "192.0.2.12", 0, gre_v4_key100, 8, inner, length);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length); /* a route says so */
	assert_int_equal(f->packet_count, 2);
	transmit(f, 0, instead_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 2);
	relays_are(f, 0, 1, second);
	receive(f, "192.0.2.11", 0, gre_v4_key100, 8, inner, length); /* dead for us, yet it sends */
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length);        /* to a peer that is gone */
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(f->w->drops[FORWARD_DROP_LOOP], 2);
	f->w->now = instant_add(f->w->now, span_ms(RELAY_MOMENT_MS));
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 3);
	assert_int_equal(f->packets[2].p.peer, 0x12);
}

/* Also from one with which we are not registered yet, though it is with us: after a start of all, each may know another one. */
static void a_server_is_one_before_it_answers(void **state)
{
	const uint64_t first[] = { 0x11 };
	struct fixture *f = *state;
	struct forward_peer server = { .tunnel = 0, .peer = 0x13, .nbma = nbma("192.0.2.13") };
	uint8_t inner[64];
	const size_t length = ping(inner);

	f->w->now = instant_add(f->w->now, span_s(10));
	relays_are(f, 0, 1, first);
	for (unsigned serves = 0; serves < 2; serves++) {
		server.serves = (uint8_t)serves;
		assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &server, sizeof server));
		receive(f, "192.0.2.13", 0, gre_v4_key100, 8, inner, length);
		transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length); /* nobody's: the first relay stands in */
		assert_int_equal(f->packet_count, 1);
		assert_int_equal(f->w->drops[FORWARD_DROP_LOOP], serves);
	}
}

static void key_zero_is_written(void **state)
{
	static const uint8_t gre_key0[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 0 };
	struct fixture *f = *state;
	struct forward_tunnel conf = tunnel(f, 0)->conf;
	uint8_t inner[64];
	const size_t length = ping(inner);

	conf.key = 0;
	assert_true(fwd_control_message(f->w, FORWARD_TUNNEL_SET, &conf, sizeof conf));
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[0].length, 8 + length);
	assert_memory_equal(f->packets[0].bytes, gre_key0, 8);
}

static void dead_relay_falls_over(void **state)
{
	struct fixture *f = *state;
	const uint64_t both[] = { 0x11, 0x12 }, second[] = { 0x12 };
	uint8_t inner[64];
	const size_t length = ping(inner);

	relays_are(f, 0, 2, both);
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length); /* a peer that is gone */
	assert_int_equal(f->packets[0].p.peer, 0x11);
	assert_int_equal(tunnel(f, 0)->counters.relay_fallback, 1);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(tunnel(f, 0)->counters.relay_fallback, 1);

	relays_are(f, 0, 1, second); /* 0x11 died; its peer is still there */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[2].p.peer, 0x12);
	assert_int_equal(tunnel(f, 0)->counters.relay_fallback, 2);

	tunnel(f, 0)->conf.keeps_to_dead = true; /* unless it shall not */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[3].p.peer, 0x11);
	assert_int_equal(tunnel(f, 0)->counters.relay_fallback, 2);
	tunnel(f, 0)->conf.keeps_to_dead = false;

	relays_are(f, 0, 0, NULL); /* nobody lives: the dead one is tried */
	transmit(f, 0, mac_12, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[4].p.peer, 0x12);
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 5);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_PEER], 1);

	relays_are(f, 0, 2, both); /* it came back */
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[5].p.peer, 0x11);
}

static void relay_listed_before_its_peer(void **state)
{
	struct fixture *f = *state;
	const uint64_t later[] = { 0x13 };
	uint8_t inner[64];
	const size_t length = ping(inner);

	relays_are(f, 0, 1, later);
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_PEER], 1);
	peer_add(f, 0, 0x13, "192.0.2.13");
	transmit(f, 0, mac_99, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packets[0].p.peer, 0x13);
	relays_are(f, 0, 0, NULL);
	assert_int_equal(peer_find(&f->tables.peers, 0, 0x13)->relay, PEER_RELAY_DEAD);
}

static void multicast_set(struct fixture *f, uint64_t id)
{
	const struct forward_peer m = { .tunnel = 0, .peer = id };

	assert_true(fwd_control_message(f->w, FORWARD_MULTICAST_SET, &m, sizeof m));
}

static void multicast_is_replicated(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 5 }, group6[6] = { 0x33, 0x33, 0, 0, 0, 5 };
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct fixture *f = *state;
	uint8_t inner[64];
	size_t length = ipv4_make(inner, "10.0.0.1", "224.0.0.5", 89, 0xc0, false, "hello", 5);

	transmit(f, 0, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_MULTICAST], 1);
	multicast_set(f, 0x12);
	multicast_set(f, 0x11);
	multicast_set(f, 0x11); /* twice is once */
	transmit(f, 0, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(f->packets[0].p.peer, 0x12);
	assert_int_equal(f->packets[1].p.peer, 0x11);
	assert_memory_equal(f->packets[1].bytes + 8, inner, length);
	assert_int_equal(tunnel(f, 0)->counters.multicast_copies, 2);

	length = ipv4_make(inner, "10.0.0.1", "255.255.255.255", 17, 0, false, "x", 1);
	transmit(f, 0, all, ETHERTYPE_IPV4, inner, length);
	length = ipv4_make(inner, "10.0.0.1", "10.0.0.255", 17, 0, false, "x", 1);
	transmit(f, 0, all, ETHERTYPE_IPV4, inner, length);
	length = ipv6_make(inner, "fe80::1", "ff02::5", 89, 0, "hello", 5);
	transmit(f, 0, group6, ETHERTYPE_IPV6, inner, length);
	assert_int_equal(f->packet_count, 8);
	transmit(f, 1, group6, ETHERTYPE_IPV6, inner, length); /* point-to-point: the far end, no map */
	assert_int_equal(f->packet_count, 9);
	assert_int_equal(dropped(f), 1);
}

static void multicast_leaves_with_its_peer(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 5 };
	struct fixture *f = *state;
	const struct forward_peer m = { .tunnel = 0, .peer = 0x11 };
	uint8_t inner[64];
	const size_t length = ipv4_make(inner, "10.0.0.1", "224.0.0.5", 89, 0, false, "x", 1);

	multicast_set(f, 0x11);
	multicast_set(f, 0x12);
	assert_true(fwd_control_message(f->w, FORWARD_PEER_DEL, &m, sizeof m));
	transmit(f, 0, group, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->packet_count, 1);
	assert_int_equal(f->packets[0].p.peer, 0x12);
}

static void housekeeping_stays(void **state)
{
	static const uint8_t group[6] = { 1, 0, 0x5e, 0, 0, 0x16 }, group6[6] = { 0x33, 0x33, 0, 0, 0, 2 };
	/* hop-by-hop options (router alert) before the message, as MLD has them */
	static const uint8_t mld[] = { 58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 0 };
	static const uint8_t rs[] = { 133, 0, 0, 0, 0, 0, 0, 0 };
	struct fixture *f = *state;
	uint8_t inner[128];

	multicast_set(f, 0x11);
	transmit(f, 0, group, ETHERTYPE_IPV4, inner,
		 ipv4_make(inner, "10.0.0.1", "224.0.0.22", 2, 0xc0, false, "12345678", 8));
	transmit(f, 0, group6, ETHERTYPE_IPV6, inner, ipv6_make(inner, "fe80::1", "ff02::16", 0, 0, mld, sizeof mld));
	transmit(f, 0, group6, ETHERTYPE_IPV6, inner, ipv6_make(inner, "fe80::1", "ff02::2", 58, 0, rs, sizeof rs));
	assert_int_equal(f->w->drops[FORWARD_DROP_LOCAL_LINK], 3);
	assert_int_equal(f->packet_count + f->frame_count, 0);
}

static void nhrp_is_sent(void **state)
{
	static const uint8_t gre_nhrp[8] = { 0x20, 0, 0x20, 0x01, 0, 0, 0, 100 };
	struct fixture *f = *state;
	struct forward_nhrp m = { .tunnel = 0, .length = 5, .endpoint = nbma("203.0.113.5"), .bytes = "hello" };
	const size_t length = offsetof(struct forward_nhrp, bytes) + 5;

	assert_true(fwd_control_message(f->w, FORWARD_NHRP_SEND, &m, length));
	assert_int_equal(f->packets[0].length, 13);
	assert_memory_equal(f->packets[0].bytes, gre_nhrp, 8);
	assert_memory_equal(f->packets[0].bytes + 8, "hello", 5);
	assert_true(ipaddr_eq(&f->packets[0].p.to, &m.endpoint.addr));
	assert_int_equal(f->packets[0].p.tos, 0xc0);
	assert_int_equal(f->packets[0].p.ttl, 255);
	assert_int_equal(tunnel(f, 0)->counters.tx_nhrp, 1);
	assert_false(fwd_control_message(f->w, FORWARD_NHRP_SEND, &m, length - 1));
	m.length = FORWARD_NHRP_MAX + 1;
	assert_false(fwd_control_message(f->w, FORWARD_NHRP_SEND, &m, sizeof m));
	m.length = 5;
	m.endpoint = nbma("2001:db8::5"); /* another family than the tunnel's transport */
	assert_true(fwd_control_message(f->w, FORWARD_NHRP_SEND, &m, length));
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 1);
}

/* Every proper prefix of a frame is one counted drop and nothing more. */
static void truncated_frames(struct fixture *f, uint16_t ethertype, const uint8_t *inner, size_t length)
{
	uint8_t frame[256];

	memcpy(frame, mac_11, 6);
	memcpy(frame + 6, own_mac, 6);
	put_u16(frame + 12, ethertype);
	memcpy(frame + 14, inner, length);
	for (size_t cut = 0; cut < 14 + length; cut++) {
		const uint64_t before = dropped(f);
		/* On the heap, ending where the frame ends, so that a read past it is seen. */
		uint8_t *exact = malloc(FRAME_HEADROOM + cut);

		assert_non_null(exact);
		memcpy(exact + FRAME_HEADROOM, frame, cut);
		gre_tx_frame(f->w, tap_find(&f->tables.tunnels, 0), exact + FRAME_HEADROOM, cut, &f->offload);
		free(exact);
		assert_int_equal(dropped(f), before + 1);
	}
	assert_int_equal(f->packet_count + f->frame_count, 0);
}

static void truncated(void **state)
{
	static const uint8_t arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1, 6, 1, 2, 3, 4, 5, 10, 0, 0, 1,
					 0, 0, 0, 0, 0, 0, 10, 0, 0, 2 };
	static const uint8_t ns[24] = { 135 };
	const uint64_t relay[] = { 0x11 };
	struct fixture *f = *state;
	uint8_t inner[128];

	relays_are(f, 0, 1, relay);
	truncated_frames(f, ETHERTYPE_IPV4, inner, ping(inner));
	truncated_frames(f, ETHERTYPE_IPV6, inner, ipv6_make(inner, "fd00::1", "fd00::2", 17, 0, "x", 1));
	truncated_frames(f, ETHERTYPE_IPV6, inner, ipv6_make(inner, "fd00::1", "ff02::1", 58, 0, ns, sizeof ns));
	truncated_frames(f, ETHERTYPE_ARP, arp, sizeof arp);
}

static void strange_frames(void **state)
{
	struct fixture *f = *state;
	uint8_t inner[64];
	const size_t length = ping(inner);

	transmit(f, 0, mac_11, 0x88cc, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_FRAME_TYPE], 1);
	transmit(f, 0, mac_11, ETHERTYPE_IPV6, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_INNER_MALFORMED], 1);
	transmit(f, 0, own_mac, ETHERTYPE_IPV4, inner, length); /* no peer's address */
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_PEER], 1);
	raw_remove(&f->tables.tunnels, raw_find(&f->tables.tunnels, RAW_ID));
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, length);
	assert_int_equal(f->w->drops[FORWARD_DROP_NO_TUNNEL], 1);
	assert_int_equal(f->packet_count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(to_peer_exact), T(padding_is_cut), T(ipv6_and_p2p_exact), T(p2p_hubs), T(p2p_multicast), T(never_back_to_the_relay), T(never_round_by_stand_ins), T(a_server_is_one_before_it_answers), T(key_zero_is_written),
		T(dead_relay_falls_over), T(relay_listed_before_its_peer), T(multicast_is_replicated),
		T(multicast_leaves_with_its_peer), T(housekeeping_stays), T(nhrp_is_sent), T(truncated),
		T(strange_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
