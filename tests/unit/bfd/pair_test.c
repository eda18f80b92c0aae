/* Two machines that talk to each other over a line that loses packets, on a virtual clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/prng.h"
#include "scene.h"

enum { FLIGHT_MAX = 64, DELAY_MS = 5 };

struct flight {
	struct instant at;
	uint8_t bytes[BFD_PACKET_OCTETS];
};

struct end {
	struct bfd *b;
	struct bfd_key key;
	enum bfd_state state;
	struct flight flights[FLIGHT_MAX]; /* on their way to it, a ring */
	size_t first, count;
	unsigned downs;      /* from Up */
	uint64_t packets;    /* that it has sent */
};

struct pair {
	struct end ends[2];
	struct instant now;
	struct prng prng;
	double loss[2];      /* towards each */
	struct span up;      /* how long both have been Up */
};

static void pair_begin(struct pair *p, const struct bfd_config *a, const struct bfd_config *b, uint64_t seed)
{
	const struct ipaddr addrs[2] = { ipaddr_v4(0x0a000001), ipaddr_v4(0x0a000002) };
	const struct bfd_config *configs[2] = { a, b };

	*p = (struct pair){ .now = { 1000000 } };
	prng_init(&p->prng, seed);
	for (size_t i = 0; i < 2; i++) {
		const struct bfd_options o = { .seed = seed + i, .sessions_max = 1 };
		struct end *e = &p->ends[i];

		e->b = bfd_new(&o);
		e->key = (struct bfd_key){ .link = LINK, .local = addrs[i], .remote = addrs[1 - i] };
		assert_int_equal(bfd_set(e->b, p->now, &e->key, BFD_CLIENT_NHRP, configs[i]), 0);
	}
}

static void pair_end(struct pair *p)
{
	bfd_free(p->ends[0].b);
	bfd_free(p->ends[1].b);
}

static void launch(struct pair *p, size_t to, const uint8_t *bytes)
{
	struct end *e = &p->ends[to];
	struct flight *f = &e->flights[(e->first + e->count) % FLIGHT_MAX];

	if ((double)prng_below(&p->prng, 1000000) < p->loss[to] * 1e6)
		return;
	assert_true(e->count < FLIGHT_MAX);
	f->at = instant_add(p->now, span_ms(DELAY_MS));
	memcpy(f->bytes, bytes, sizeof f->bytes);
	e->count++;
}

static void drain(struct pair *p, size_t from)
{
	struct end *e = &p->ends[from];
	struct bfd_effect effect;

	while (bfd_next_effect(e->b, &effect)) {
		if (effect.type == BFD_EFFECT_SEND) {
			e->packets++;
			launch(p, 1 - from, effect.send.bytes);
			continue;
		}
		if (effect.type == BFD_EFFECT_LATE)
			continue;
		e->downs += e->state == BFD_UP && effect.state.state != BFD_UP;
		e->state = effect.state.state;
	}
}

static struct instant end_next(const struct end *e)
{
	return e->count ? instant_min(bfd_deadline(e->b), e->flights[e->first].at) : bfd_deadline(e->b);
}

static void end_step(struct pair *p, size_t i)
{
	struct end *e = &p->ends[i];
	const struct bfd_arrival a = { .key = e->key, .ttl = 255 };

	while (e->count && !instant_before(p->now, e->flights[e->first].at)) {
		assert_int_equal(bfd_receive(e->b, p->now, &a, e->flights[e->first].bytes, BFD_PACKET_OCTETS), BFD_DROP_NONE);
		e->first = (e->first + 1) % FLIGHT_MAX;
		e->count--;
		drain(p, i);
	}
	bfd_tick(e->b, p->now);
	drain(p, i);
}

static void pair_run(struct pair *p, struct span d)
{
	const struct instant end = instant_add(p->now, d);

	for (;;) {
		const struct instant next = instant_min(end_next(&p->ends[0]), end_next(&p->ends[1]));

		if (instant_before(end, next))
			break;
		if (p->ends[0].state == BFD_UP && p->ends[1].state == BFD_UP)
			p->up.us += instant_since(next, p->now).us;
		p->now = next;
		end_step(p, 0);
		end_step(p, 1);
	}
	p->now = end;
}

static struct bfd_status status(const struct pair *p, size_t i)
{
	struct bfd_status s;

	assert_true(bfd_next_status(p->ends[i].b, NULL, &s));
	return s;
}

static void test_up(void **state)
{
	struct pair p;

	(void)state;
	pair_begin(&p, &fast, &fast, 1);
	pair_run(&p, span_ms(100));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(p.ends[i].state, BFD_UP);
		assert_int_equal(status(&p, i).tx_interval_us, 50000);
		assert_int_equal(status(&p, i).detection_us, 150000);
		assert_false(status(&p, i).polling);
		assert_int_equal(status(&p, i).remote_discriminator, status(&p, 1 - i).discriminator);
	}
	pair_run(&p, span_s(3600));
	assert_int_equal(p.ends[0].downs + p.ends[1].downs, 0);
	pair_end(&p);
}

/* The negotiation of RFC 5880 6.8.2 and 6.8.4, each direction of its own. */
static void test_unequal(void **state)
{
	const struct bfd_config slow = { .desired_min_tx_us = 100000, .required_min_rx_us = 250000, .multiplier = 4, .min_ttl = 255 };
	struct pair p;

	(void)state;
	pair_begin(&p, &fast, &slow, 2);
	pair_run(&p, span_s(10));
	assert_int_equal(status(&p, 0).tx_interval_us, 250000);
	assert_int_equal(status(&p, 1).tx_interval_us, 100000);
	assert_int_equal(status(&p, 0).detection_us, 4 * 100000);
	assert_int_equal(status(&p, 1).detection_us, 3 * 250000);
	assert_int_equal(p.ends[0].downs + p.ends[1].downs, 0);
	pair_end(&p);
}

/* One end pays for its packets, and rests; the other keeps what it wanted. Nothing falls by it, nor when it matters again. */
static void test_rest(void **state)
{
	const struct bfd_config rare = { .desired_min_tx_us = 120000000, .required_min_rx_us = 120000000, .multiplier = 3, .min_ttl = 255, .unhurried = true };
	struct pair p;
	uint64_t before;

	(void)state;
	pair_begin(&p, &fast, &fast, 5);
	assert_int_equal(bfd_set(p.ends[0].b, p.now, &p.ends[0].key, BFD_CLIENT_ROUTING, &fast), 0);
	drain(&p, 0);
	for (unsigned round = 0; round < 3; round++) {
		pair_run(&p, span_s(5));
		assert_int_equal(bfd_set(p.ends[0].b, p.now, &p.ends[0].key, BFD_CLIENT_NHRP, &rare), 0);
		drain(&p, 0);
		pair_run(&p, span_s(5));
		before = p.ends[0].packets + p.ends[1].packets;
		pair_run(&p, span_s(1200));
		assert_in_range(p.ends[0].packets + p.ends[1].packets - before, 20, 28);
		assert_int_equal(bfd_set(p.ends[0].b, p.now, &p.ends[0].key, BFD_CLIENT_NHRP, &fast), 0);
		drain(&p, 0);
		pair_run(&p, span_ms(100));
		assert_int_equal(status(&p, 0).tx_interval_us, 50000);
		assert_int_equal(status(&p, 1).tx_interval_us, 50000);
		assert_int_equal(status(&p, 0).detection_us, 150000);
		assert_int_equal(status(&p, 1).detection_us, 150000);
	}
	assert_int_equal(p.ends[0].downs + p.ends[1].downs, 0);
	p.loss[0] = p.loss[1] = 1;
	pair_run(&p, span_ms(200));
	assert_int_equal(p.ends[0].downs, 1);
	assert_int_equal(p.ends[1].downs, 1);
	pair_end(&p);
}

static void test_passive_and_active(void **state)
{
	struct bfd_config passive = fast;
	struct pair p;

	(void)state;
	passive.passive = true;
	pair_begin(&p, &passive, &fast, 3);
	pair_run(&p, span_s(2));
	assert_int_equal(p.ends[0].state, BFD_UP);
	pair_end(&p);
	pair_begin(&p, &passive, &passive, 3);
	pair_run(&p, span_s(60));
	assert_int_equal(p.ends[0].packets + p.ends[1].packets, 0);
	pair_end(&p);
}

/* Dead in one direction only: the one that hears nothing says so, and the other goes Down by that. */
static void test_one_way(void **state)
{
	struct pair p;

	(void)state;
	pair_begin(&p, &fast, &fast, 4);
	pair_run(&p, span_s(1));
	p.loss[0] = 1;
	pair_run(&p, span_ms(160));
	assert_int_equal(status(&p, 0).state, BFD_DOWN);
	assert_int_equal(status(&p, 0).diag, BFD_DIAG_TIMEOUT);
	assert_true(status(&p, 1).state != BFD_UP);
	assert_int_equal(status(&p, 1).remote_diag, BFD_DIAG_TIMEOUT);
	p.loss[0] = 0;
	pair_run(&p, span_s(3));
	assert_int_equal(p.ends[0].state, BFD_UP);
	assert_int_equal(p.ends[1].state, BFD_UP);
	pair_end(&p);
}

/* What a hub may do under way: every change by a Poll, none of them a failure, whatever is lost. */
static void test_changes_under_loss(void **state)
{
	static const uint32_t us[] = { 50000, 400000, 100000, 75000, 1000000, 50000, 200000 };
	struct bfd_config c = fast, robust = fast;
	struct pair p;

	(void)state;
	c.multiplier = robust.multiplier = 20;
	pair_begin(&p, &c, &robust, 5);
	p.loss[0] = p.loss[1] = 0.2;
	pair_run(&p, span_s(20));
	for (unsigned i = 0; i < 700; i++) {
		c.desired_min_tx_us = us[i % 7];
		c.required_min_rx_us = us[(i / 7) % 7];
		assert_int_equal(bfd_set(p.ends[0].b, p.now, &p.ends[0].key, BFD_CLIENT_NHRP, &c), 0);
		drain(&p, 0);
		pair_run(&p, span_ms(i % 3 ? 3000 : 70));
		assert_int_equal(p.ends[0].downs + p.ends[1].downs, 0);
	}
	pair_run(&p, span_s(20));
	assert_int_equal(status(&p, 0).tx_interval_us, c.desired_min_tx_us);
	pair_end(&p);
}

/*
 * How often 50 ms x 3 fails by its own definition when packets are lost at random. Packets
 * follow each other in 37.5 to 50 ms, so three lie within the 150 ms after one that was heard and the fourth
 * never does: exactly the runs of three losses are failures. In each direction (1 - p) p^3
 * of all packets begin one, and there is a packet every 43.75 ms.
 */
static void false_alarms(double loss, struct span d)
{
	const double expected = 2 * (1 - loss) * loss * loss * loss / (0.875 * 0.050);
	double simulated;
	struct pair p;

	pair_begin(&p, &fast, &fast, 6);
	p.loss[0] = p.loss[1] = loss;
	pair_run(&p, d);
	/* One failure takes both down: it is counted where it was seen first, so at the end with more. */
	simulated = (double)(p.ends[0].downs > p.ends[1].downs ? p.ends[0].downs : p.ends[1].downs) / ((double)p.up.us / 1e6);
	printf("50 ms x 3, %2.0f %% loss: computed one false alarm in %.1f s of Up, simulated %.1f s (%u)\n", 100 * loss,
	       1 / expected, 1 / simulated, p.ends[0].downs);
	assert_true(simulated > 0.8 * expected && simulated < 1.2 * expected);
	pair_end(&p);
}

static void test_false_alarms(void **state)
{
	(void)state;
	false_alarms(0.05, span_s(60000));
	false_alarms(0.20, span_s(3000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_up), cmocka_unit_test(test_unequal), cmocka_unit_test(test_rest), cmocka_unit_test(test_passive_and_active),
		cmocka_unit_test(test_one_way), cmocka_unit_test(test_changes_under_loss), cmocka_unit_test(test_false_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
