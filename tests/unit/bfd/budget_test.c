/* The packet budget: what it says, and that a hub's sessions keep to it without one failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bfd/budget.h"
#include "scene.h"

static void test_figures(void **state)
{
	(void)state;
	assert_int_equal(bfd_budget(100, 0).us, 0);
	assert_int_equal(bfd_budget(1, BFD_PACKETS_PER_S).us, 0);
	for (size_t n = 10; n <= 10000; n *= 10)
		if (bfd_budget(n, BFD_PACKETS_PER_S).us)
			assert_true(bfd_packet_rate(n, bfd_budget(n, BFD_PACKETS_PER_S)) <= BFD_PACKETS_PER_S);
	assert_int_equal(bfd_budget(1050, BFD_PACKETS_PER_S).us, 50000);
	assert_int_equal(bfd_budget(1051, BFD_PACKETS_PER_S).us, 75000);
}

/* Up as soon as needed; down only when there is room, so that one session more or less costs nothing. */
static void test_reluctance(void **state)
{
	const struct span at_75 = span_ms(75);

	(void)state;
	assert_int_equal(bfd_budget_from(span_ms(50), 1051, BFD_PACKETS_PER_S).us, 75000);
	assert_int_equal(bfd_budget_from(at_75, 1050, BFD_PACKETS_PER_S).us, 75000);
	assert_int_equal(bfd_budget_from(at_75, 946, BFD_PACKETS_PER_S).us, 75000);
	assert_int_equal(bfd_budget_from(at_75, 945, BFD_PACKETS_PER_S).us, 50000);
	assert_int_equal(bfd_budget_from(at_75, 1, BFD_PACKETS_PER_S).us, 0);
}

enum { SESSIONS = 300, BUDGET = 2000 };

/* The n-th neighbour answers as a peer would, so that each Poll ends. */
static void reply(struct scene *s, unsigned n, enum bfd_state state, const struct bfd_packet *to)
{
	const struct bfd_arrival a = { .key = scene_key(n), .ttl = 255 };
	struct bfd_packet p = { .state = (uint8_t)state, .final = to->poll, .multiplier = 3, .my_discriminator = n + 1,
				.your_discriminator = to->my_discriminator, .desired_min_tx_us = 50000,
				.required_min_rx_us = 50000 };
	uint8_t bytes[BFD_PACKET_OCTETS];

	bfd_packet_encode(&p, bytes);
	assert_int_equal(bfd_receive(s->b, s->now, &a, bytes, sizeof bytes), BFD_DROP_NONE);
}

/* Lets the hub speak; every neighbour answers each packet. Packets of the hub. */
static unsigned serve(struct scene *s, struct span d)
{
	const struct instant end = instant_add(s->now, d);
	struct bfd_packet p;
	struct bfd_effect e;
	unsigned packets = 0;

	while (!instant_before(end, bfd_deadline(s->b))) {
		s->now = bfd_deadline(s->b);
		bfd_tick(s->b, s->now);
		while (bfd_next_effect(s->b, &e)) {
			if (e.type != BFD_EFFECT_SEND)
				continue;
			packets++;
			bfd_packet_decode(e.send.bytes, sizeof e.send.bytes, &p);
			if (p.state != BFD_ADMIN_DOWN)
				reply(s, ipaddr_to_v4(&e.send.key.remote) - 0x0a000002, p.state == BFD_DOWN ? BFD_INIT : BFD_UP, &p);
		}
	}
	s->now = end;
	return packets;
}

static void test_hub(void **state)
{
	struct bfd_status st;
	struct bfd_key key;
	struct scene s;

	(void)state;
	scene_begin(&s, BUDGET);
	for (unsigned n = 0; n < SESSIONS; n++) {
		key = scene_key(n);
		assert_int_equal(bfd_set(s.b, s.now, &key, BFD_CLIENT_NHRP, &fast), 0);
		serve(&s, span_ms(10));
	}
	assert_int_equal(bfd_floor(s.b).us, bfd_budget(SESSIONS, BUDGET).us);
	serve(&s, span_s(2));
	assert_in_range(serve(&s, span_s(10)), 10 * BUDGET / 2 * 7 / 10, 10 * BUDGET / 2);
	for (unsigned n = 10; n < SESSIONS; n++) {
		key = scene_key(n);
		bfd_remove(s.b, s.now, &key, BFD_CLIENT_NHRP);
		serve(&s, span_ms(1));
	}
	serve(&s, span_s(3));
	assert_int_equal(bfd_count(s.b), 10);
	assert_int_equal(bfd_floor(s.b).us, bfd_budget(10, BUDGET).us);
	for (bool more = bfd_next_status(s.b, NULL, &st); more; more = bfd_next_status(s.b, &st.key, &st)) {
		assert_int_equal(st.state, BFD_UP);
		assert_int_equal(st.failures, 0);
		assert_int_equal(st.tx_interval_us, 50000);
	}
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures), cmocka_unit_test(test_reluctance), cmocka_unit_test(test_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
