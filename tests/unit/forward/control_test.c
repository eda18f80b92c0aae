/* Messages of the control process: tables, mark and sweep, dumps, and bad messages. */
#include "fixture.h"

#include "base/ipc.h"

static bool say(struct fixture *f, uint16_t type, const void *payload, size_t length)
{
	return fwd_control_message(f->w, type, payload, length);
}

static void greeting_tells_peers(void **state)
{
	struct fixture *f = *state;
	const struct forward_peer *held = (const void *)f->messages[1].bytes;

	fwd_control_greet(f->w);
	assert_int_equal(f->message_count, 3);
	assert_int_equal(f->messages[0].type, FORWARD_HELLO);
	assert_int_equal(f->messages[1].type, FORWARD_PEER_HELD);
	assert_int_equal(f->messages[1].length, 2 * sizeof *held);
	assert_int_equal(held[0].peer, 0x11);
	assert_int_equal(held[1].peer, 0x12);
	assert_int_equal(f->messages[2].type, FORWARD_HELD_END);
}

static void sweep_drops_what_was_not_named(void **state)
{
	struct fixture *f = *state;
	const struct forward_tunnel t0 = tunnel(f, 0)->conf;
	const struct forward_peer keep = { .tunnel = 0, .peer = 0x12, .nbma = nbma("192.0.2.12") };
	const struct forward_peer gone = { .tunnel = 0, .peer = 0x11, .nbma = nbma("192.0.2.11") };
	const uint64_t relay[] = { 0x12 };

	peer_add(f, 1, 0x21, "198.51.100.9");
	relays_are(f, 0, 1, relay);
	assert_true(say(f, FORWARD_MULTICAST_SET, &keep, sizeof keep));
	assert_true(say(f, FORWARD_MULTICAST_SET, &gone, sizeof gone));
	assert_true(say(f, FORWARD_SYNC_BEGIN, NULL, 0));
	assert_true(say(f, FORWARD_TUNNEL_SET, &t0, sizeof t0));
	assert_true(say(f, FORWARD_PEER_SET, &keep, sizeof keep));
	/* Until the end everything is as before. */
	assert_non_null(peer_find(&f->tables.peers, 0, 0x11));
	assert_int_equal(tunnel(f, 0)->multicast_count, 2);
	assert_int_equal(tunnel(f, 0)->relay_count, 1);
	assert_true(say(f, FORWARD_SYNC_END, NULL, 0));
	assert_null(peer_find(&f->tables.peers, 0, 0x11));
	assert_null(peer_find(&f->tables.peers, 1, 0x21));
	assert_non_null(peer_find(&f->tables.peers, 0, 0x12));
	assert_null(tunnel(f, 1));
	assert_null(tap_find(&f->tables.tunnels, 1)->tunnel);
	assert_int_equal(tunnel(f, 0)->multicast_count, 0);
	assert_int_equal(tunnel(f, 0)->relay_count, 0);
}

/* A new control process starts without live relays; those of before serve until it has some. */
static void relays_outlive_a_restart(void **state)
{
	struct fixture *f = *state;
	const struct forward_tunnel t0 = tunnel(f, 0)->conf;
	const uint64_t both[] = { 0x11, 0x12 }, second[] = { 0x12 };

	relays_are(f, 0, 2, both);
	assert_true(say(f, FORWARD_SYNC_BEGIN, NULL, 0));
	assert_true(say(f, FORWARD_TUNNEL_SET, &t0, sizeof t0));
	peer_add(f, 0, 0x11, "192.0.2.11");
	peer_add(f, 0, 0x12, "192.0.2.12");
	relays_are(f, 0, 0, NULL);
	assert_int_equal(tunnel(f, 0)->relay_count, 2);
	assert_int_equal(peer_find(&f->tables.peers, 0, 0x11)->relay, PEER_RELAY_LIVE);
	relays_are(f, 0, 1, second);
	assert_int_equal(tunnel(f, 0)->relay_count, 1);
	relays_are(f, 0, 0, NULL); /* named in this life, and died in it */
	assert_int_equal(tunnel(f, 0)->relay_count, 0);
	relays_are(f, 0, 1, second);
	assert_true(say(f, FORWARD_SYNC_END, NULL, 0));
	assert_int_equal(tunnel(f, 0)->relay_count, 1);
	relays_are(f, 0, 0, NULL); /* after the sync an empty list is what it says */
	assert_int_equal(tunnel(f, 0)->relay_count, 0);
}

static void tunnel_comes_back(void **state)
{
	struct fixture *f = *state;
	const struct forward_tunnel t0 = tunnel(f, 0)->conf;

	assert_true(say(f, FORWARD_TUNNEL_DEL, &t0, sizeof t0));
	assert_int_equal(f->tables.peers.count, 0);
	assert_false(say(f, FORWARD_TUNNEL_DEL, &t0, sizeof t0));
	assert_true(say(f, FORWARD_TUNNEL_SET, &t0, sizeof t0));
	assert_ptr_equal(tunnel(f, 0)->tap, tap_find(&f->tables.tunnels, 0));
	assert_ptr_equal(tunnel(f, 0)->raw, raw_find(&f->tables.tunnels, RAW_ID));
}

static void usage(void **state)
{
	static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 };
	struct fixture *f = *state;
	const struct forward_usage ask = { .tunnel = 0, .peer = 0x11, .addr = addr("10.0.0.7") };
	const struct forward_usage *answer = (const void *)f->messages[0].bytes;
	uint8_t inner[64];

	assert_true(say(f, FORWARD_USAGE_GET, &ask, sizeof ask));
	assert_true(answer->idle_us == INT64_MAX && ipaddr_eq(&answer->addr, &ask.addr));
	fixture_forget(f);
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "10.0.0.1", "10.0.0.7", 17, 0, false, "x", 1));
	fixture_forget(f);
	f->w->now = instant_add(f->w->now, span_ms(1500));
	assert_true(say(f, FORWARD_USAGE_GET, &ask, sizeof ask));
	assert_int_equal(answer->idle_us, 1500000);
}

static void counters(void **state)
{
	struct fixture *f = *state;
	const struct forward_drop_counters *drops = (const void *)f->messages[2].bytes;

	f->w->drops[FORWARD_DROP_NO_PEER] = 5;
	assert_true(say(f, FORWARD_COUNTERS_GET, NULL, 0));
	assert_int_equal(f->message_count, 3);
	assert_int_equal(f->messages[0].type, FORWARD_TUNNEL_COUNTERS);
	assert_int_equal(f->messages[0].length, 2 * sizeof(struct forward_tunnel_counters));
	assert_int_equal(f->messages[1].type, FORWARD_PEER_COUNTERS);
	assert_int_equal(f->messages[1].length, 2 * sizeof(struct forward_peer_counters));
	assert_int_equal(f->messages[2].type, FORWARD_COUNTERS_END);
	assert_int_equal(drops->count, FORWARD_DROP_COUNT);
	assert_int_equal(drops->drops[FORWARD_DROP_NO_PEER], 5);
}

/* Ten thousand peers: each is found by either way, and all are dumped in few messages. */
static void many_peers(void **state)
{
	enum { MANY = 10000 };
	struct fixture *f = *state;
	size_t told = 0;

	for (uint32_t i = 0; i < MANY; i++) {
		struct forward_peer m = { .tunnel = 0, .peer = 0x1000 + i, .nbma.addr = ipaddr_v4(0x0b000000 + i) };

		assert_true(say(f, FORWARD_PEER_SET, &m, sizeof m));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		const struct endpoint e = { .addr = ipaddr_v4(0x0b000000 + i) };
		const struct endpoint other_vrf = { .addr = e.addr, .vrf = 1 };
		const struct peer *p = peer_find(&f->tables.peers, 0, 0x1000 + i);

		assert_non_null(p);
		assert_ptr_equal(p, peer_find_endpoint(&f->tables.peers, 0, &e));
		assert_null(peer_find_endpoint(&f->tables.peers, 1, &e));
		assert_null(peer_find_endpoint(&f->tables.peers, 0, &other_vrf));
	}
	fwd_control_greet(f->w);
	assert_true(f->message_count < 16);
	for (size_t i = 0; i < f->message_count && i < KEPT_MAX; i++)
		told += f->messages[i].type == FORWARD_PEER_HELD ? f->messages[i].length / sizeof(struct forward_peer) : 0;
	assert_int_equal(told, MANY + 2);
}

static void peer_moves(void **state)
{
	struct fixture *f = *state;
	const struct endpoint old = nbma("192.0.2.11"), new = nbma("192.0.2.99");

	peer_add(f, 0, 0x11, "192.0.2.99");
	assert_null(peer_find_endpoint(&f->tables.peers, 0, &old));
	assert_ptr_equal(peer_find_endpoint(&f->tables.peers, 0, &new), peer_find(&f->tables.peers, 0, 0x11));
}

static void bad_messages(void **state)
{
	struct fixture *f = *state;
	struct forward_peer p = { .tunnel = 9, .peer = 1, .nbma = nbma("192.0.2.5") };
	struct forward_relays r = { .tunnel = 0, .count = FORWARD_RELAYS_MAX + 1 };
	struct forward_tunnel t = tunnel(f, 0)->conf;

	assert_false(say(f, FORWARD_PEER_SET, &p, sizeof p)); /* no such tunnel */
	p.tunnel = 0;
	p.peer = UINT64_C(1) << 40;
	assert_false(say(f, FORWARD_PEER_SET, &p, sizeof p)); /* no MAC holds it */
	p.peer = 1;
	p.nbma.addr = IPADDR_NONE;
	assert_false(say(f, FORWARD_PEER_SET, &p, sizeof p));
	assert_false(say(f, FORWARD_PEER_DEL, &p, sizeof p));
	assert_false(say(f, FORWARD_RELAYS, &r, sizeof r));
	t.addr_count = FORWARD_ADDRS_MAX + 1;
	assert_false(say(f, FORWARD_TUNNEL_SET, &t, sizeof t));
	assert_false(say(f, 63, &p, sizeof p));
	for (uint16_t type = 1; type <= FORWARD_COUNTERS_GET; type++)
		assert_false(say(f, type, &p, 3));
	assert_int_equal(f->tables.peers.count, 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(greeting_tells_peers), T(sweep_drops_what_was_not_named), T(relays_outlive_a_restart), T(tunnel_comes_back), T(usage),
		T(counters), T(many_peers), T(peer_moves), T(bad_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
