/* Peers that are not sent more than their shape allows: what goes at once, what waits, in which order it leaves. */
#include "fixture.h"

#include "forward/frame.h"
#include "forward/shaped_tx.h"
#include "forward/shaper.h"

static const uint8_t mac_11[6] = { 2, 0, 0, 0, 0, 0x11 };

/* 8 Mbit/s: an octet a microsecond. */
enum { PAYLOAD = 944, COST = PAYLOAD + 20 + 8 + 20 };

static void shape_is(struct fixture *f, uint64_t rate_bps, uint32_t burst)
{
	const struct forward_peer m = { .tunnel = 0, .peer = 0x11, .nbma = nbma("192.0.2.11"),
					.shape = { .rate_bps = rate_bps, .burst_octets = burst } };

	assert_true(fwd_control_message(f->w, FORWARD_PEER_SET, &m, sizeof m));
}

static void send_tos(struct fixture *f, const char *to, uint8_t tos, uint8_t mark)
{
	uint8_t inner[1500], payload[PAYLOAD] = { 0 };

	payload[PAYLOAD - 1] = mark;
	transmit(f, 0, mac_11, ETHERTYPE_IPV4, inner, ipv4_make(inner, "172.16.0.1", to, 17, tos, false, payload, sizeof payload));
}

static void say(struct fixture *f, const char *to, uint8_t mark)
{
	send_tos(f, to, 0, mark);
}

static void at(struct fixture *f, int64_t us)
{
	f->w->now = (struct instant){ us };
	shaped_run(f->w);
}

static uint8_t mark_of(const struct fixture *f, size_t index)
{
	return f->packets[index].bytes[f->packets[index].length - 1];
}

/* Two go as the burst, then one in COST microseconds, each unchanged. */
static void the_rate(void **state)
{
	struct fixture *f = *state;

	at(f, 1000000);
	shape_is(f, 8000000, 2 * COST);
	for (uint8_t i = 0; i < 6; i++)
		say(f, "172.16.1.1", i);
	assert_int_equal(f->packet_count, 3); /* the third goes when the first two are just paid for */
	assert_int_equal(shaped_deadline(f->w).us, 1000000 + COST);
	at(f, 1000000 + COST - 1);
	assert_int_equal(f->packet_count, 3);
	at(f, 1000000 + COST);
	assert_int_equal(f->packet_count, 4);
	at(f, 1000000 + 3 * COST);
	assert_int_equal(f->packet_count, 6);
	assert_true(instant_is_never(shaped_deadline(f->w)));
	for (uint8_t i = 0; i < 6; i++) {
		assert_int_equal(mark_of(f, i), i);
		assert_int_equal(f->packets[i].length, f->packets[0].length);
	}
	assert_int_equal(peer_find(&f->tables.peers, 0, 0x11)->tx_packets, 6);
	assert_int_equal(dropped(f), 0);
}

/* After a pause there is a burst again, and no more than that. */
static void after_a_pause(void **state)
{
	struct fixture *f = *state;

	at(f, 1000000);
	shape_is(f, 8000000, COST);
	for (uint8_t i = 0; i < 4; i++)
		say(f, "172.16.1.1", i);
	at(f, 60000000); /* the last two */
	at(f, 120000000);
	fixture_forget(f);
	for (uint8_t i = 0; i < 4; i++)
		say(f, "172.16.1.1", i);
	assert_int_equal(f->packet_count, 2);
}

/* A download does not hold up what another connection sends now and then. */
static void flows_in_turn(void **state)
{
	struct fixture *f = *state;
	size_t place = 0;

	at(f, 1000000);
	shape_is(f, 8000000, COST);
	for (uint8_t i = 0; i < 12; i++)
		say(f, "172.16.1.1", 1);
	say(f, "172.16.1.2", 2);
	at(f, 1000000 + 6 * COST);
	for (size_t i = 0; i < f->packet_count && i < KEPT_MAX; i++)
		if (mark_of(f, i) == 2)
			place = i;
	assert_in_range(place, 2, 5);
}

/* Routing does not wait, and what it took the others lack. */
static void routing_goes_first(void **state)
{
	struct fixture *f = *state;

	at(f, 1000000);
	shape_is(f, 8000000, COST);
	for (uint8_t i = 0; i < 3; i++)
		say(f, "172.16.1.1", 1);
	assert_int_equal(f->packet_count, 2);
	send_tos(f, "172.16.1.1", 0xc0, 9);
	assert_int_equal(f->packet_count, 3);
	assert_int_equal(mark_of(f, 2), 9);
	assert_int_equal(shaped_deadline(f->w).us, 1000000 + COST); /* told before */
	at(f, 1000000 + COST);
	assert_int_equal(f->packet_count, 3);
	at(f, 1000000 + 2 * COST);
	assert_int_equal(f->packet_count, 4);
}

/* What would wait for longer than 200 ms goes, from the flow that has most. */
static void too_much(void **state)
{
	struct fixture *f = *state;
	const struct peer *const p = peer_find(&f->tables.peers, 0, 0x11);

	at(f, 1000000);
	shape_is(f, 8000000, COST);
	say(f, "172.16.1.2", 2);
	say(f, "172.16.1.2", 2);
	say(f, "172.16.1.2", 2); /* waits */
	for (size_t i = 0; i < 400; i++)
		say(f, "172.16.1.1", 1);
	assert_int_equal(f->packet_count, 2);
	assert_int_equal(p->shaper->packets, 200000 / COST);
	assert_int_equal(p->shaper->dropped, 401 - 200000 / COST);
	assert_int_equal(dropped(f), 401 - 200000 / COST);
	at(f, 1000000 + 3 * COST);
	assert_int_equal(p->shaper->dropped, 401 - 200000 / COST); /* the lonely one left */
	assert_true(mark_of(f, 2) == 2 || mark_of(f, 3) == 2);
}

/* Another rate, none, and the peer's end, each with packets that wait. */
static void changes(void **state)
{
	struct fixture *f = *state;
	const struct forward_peer gone = { .tunnel = 0, .peer = 0x11 };

	at(f, 1000000);
	shape_is(f, 8000000, COST);
	for (uint8_t i = 0; i < 6; i++)
		say(f, "172.16.1.1", i);
	assert_int_equal(f->packet_count, 2);
	shape_is(f, 80000000, COST);
	at(f, 1000000 + COST / 2);
	assert_int_equal(f->packet_count, 4); /* a burst anew */
	at(f, 1000000 + COST / 2 + COST / 4);
	assert_int_equal(f->packet_count, 6);
	at(f, 2000000);
	shape_is(f, 8000, COST);
	for (uint8_t i = 6; i < 9; i++)
		say(f, "172.16.1.1", i);
	shape_is(f, 0, 0);
	assert_int_equal(f->packet_count, 9); /* all that waited has left, in order */
	assert_int_equal(mark_of(f, 8), 8);
	assert_true(instant_is_never(shaped_deadline(f->w)));
	shape_is(f, 8000, COST);
	for (uint8_t i = 0; i < 6; i++)
		say(f, "172.16.1.1", i);
	assert_false(instant_is_never(shaped_deadline(f->w)));
	assert_true(fwd_control_message(f->w, FORWARD_PEER_DEL, &gone, sizeof gone));
	assert_true(instant_is_never(shaped_deadline(f->w)));
}

/* A control process that has just started hears of it, and so do counters. */
static void is_told(void **state)
{
	struct fixture *f = *state;
	const struct forward_peer *held;
	bool seen = false;

	at(f, 1000000);
	shape_is(f, 8000000, 3000);
	fixture_forget(f);
	fwd_control_greet(f->w);
	for (size_t i = 0; i < f->message_count && i < KEPT_MAX; i++) {
		if (f->messages[i].type != FORWARD_PEER_HELD)
			continue;
		held = (const void *)f->messages[i].bytes;
		for (size_t k = 0; k < f->messages[i].length / sizeof *held; k++)
			seen |= held[k].peer == 0x11 && held[k].shape.rate_bps == 8000000 && held[k].shape.burst_octets == 3000;
	}
	assert_true(seen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_rate, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(after_a_pause, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(flows_in_turn, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(routing_goes_first, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(too_much, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(changes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(is_told, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
