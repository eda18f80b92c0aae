/* One session: RFC 5880 6.8, states, parameters, timers, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "scene.h"

/* ---- states ---- */

struct step {
	enum bfd_state at, heard, then;
	uint8_t diag;
};

/* RFC 5880 6.8.6, every pair. */
static const struct step steps[] = {
	{ BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN },
	{ BFD_ADMIN_DOWN, BFD_DOWN, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN },
	{ BFD_ADMIN_DOWN, BFD_INIT, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN },
	{ BFD_ADMIN_DOWN, BFD_UP, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN },
	{ BFD_DOWN, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NONE },
	{ BFD_DOWN, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE },
	{ BFD_DOWN, BFD_INIT, BFD_UP, BFD_DIAG_NONE },
	{ BFD_DOWN, BFD_UP, BFD_DOWN, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOUR_DOWN },
	{ BFD_INIT, BFD_DOWN, BFD_INIT, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_INIT, BFD_UP, BFD_DIAG_NONE },
	{ BFD_INIT, BFD_UP, BFD_UP, BFD_DIAG_NONE },
	{ BFD_UP, BFD_ADMIN_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOUR_DOWN },
	{ BFD_UP, BFD_DOWN, BFD_DOWN, BFD_DIAG_NEIGHBOUR_DOWN },
	{ BFD_UP, BFD_INIT, BFD_UP, BFD_DIAG_NONE },
	{ BFD_UP, BFD_UP, BFD_UP, BFD_DIAG_NONE },
};

static void check_step(const struct step *t)
{
	const bool changes = t->at != t->then;
	struct bfd_packet p;
	struct scene s;

	scene_begin(&s, 0);
	scene_reach(&s, t->at);
	p = scene_packet(&s, t->heard);
	p.your_discriminator = scene_status(&s).discriminator;
	assert_int_equal(scene_hear(&s, &p), t->at == BFD_ADMIN_DOWN ? BFD_DROP_ADMIN_DOWN : BFD_DROP_NONE);
	assert_int_equal(scene_status(&s).state, t->then);
	assert_int_equal(scene_status(&s).diag, t->diag);
	assert_int_equal(s.told, changes);
	assert_int_equal(s.packets, changes); /* said at once, else not */
	if (changes)
		assert_true(s.state.state == t->then && s.packet.state == t->then && s.packet.diag == t->diag);
	scene_end(&s);
}

static void test_states(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		check_step(&steps[i]);
}

/* All that can happen in every state, the clients' wishes and silence too: a table, so that none is forgotten. */
enum happens { HEARD_ADMIN_DOWN, HEARD_DOWN, HEARD_INIT, HEARD_UP, NOTHING_HEARD, ASKED_DOWN, ASKED_UP, HAPPENS_COUNT };

static const enum bfd_state follows[BFD_UP + 1][HAPPENS_COUNT] = {
#define A BFD_ADMIN_DOWN
#define D BFD_DOWN
#define I BFD_INIT
#define U BFD_UP
	[BFD_ADMIN_DOWN] = { A, A, A, A, A, A, D },
	[BFD_DOWN]       = { D, I, U, D, D, A, D },
	[BFD_INIT]       = { D, I, U, U, D, A, I },
	[BFD_UP]         = { D, D, U, U, D, A, U },
#undef A
#undef D
#undef I
#undef U
};

static void make_happen(struct scene *s, enum happens what)
{
	struct bfd_config c = fast;
	struct bfd_packet p;

	switch (what) {
	case HEARD_ADMIN_DOWN:
	case HEARD_DOWN:
	case HEARD_INIT:
	case HEARD_UP:
		p = scene_packet(s, (enum bfd_state)what);
		p.your_discriminator = scene_status(s).discriminator;
		scene_hear(s, &p);
		break;
	case NOTHING_HEARD:
		scene_run(s, span_ms(200));
		break;
	case ASKED_DOWN:
	case ASKED_UP:
		c.admin_down = what == ASKED_DOWN;
		scene_set(s, &c);
		break;
	case HAPPENS_COUNT:
		break;
	}
}

static void test_every_pair(void **state)
{
	(void)state;
	for (unsigned from = BFD_ADMIN_DOWN; from <= BFD_UP; from++)
		for (unsigned what = 0; what < HAPPENS_COUNT; what++) {
			struct scene s;

			scene_begin(&s, 0);
			scene_reach(&s, (enum bfd_state)from);
			make_happen(&s, (enum happens)what);
			if (scene_status(&s).state != follows[from][what])
				fail_msg("%s, event %u: %s", bfd_state_text((uint8_t)from), what,
					 bfd_state_text((uint8_t)scene_status(&s).state));
			scene_end(&s);
		}
}

/* A Down that others have overtaken; the same later is believed. */
static void test_late_down(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	scene_run(&s, span_ms(100));
	p = scene_packet(&s, BFD_DOWN);
	assert_int_equal(scene_hear(&s, &p), BFD_DROP_LATE);
	assert_int_equal(scene_status(&s).state, BFD_UP);
	p = scene_packet(&s, BFD_UP);
	scene_hear(&s, &p);
	scene_run(&s, span_ms(100));
	p = scene_packet(&s, BFD_DOWN);
	assert_int_equal(scene_hear(&s, &p), BFD_DROP_NONE);
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_end(&s);
}

static void test_detection_by_state(void **state)
{
	static const enum bfd_state before[] = { BFD_INIT, BFD_UP };
	struct scene s;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		scene_begin(&s, 0);
		scene_reach(&s, before[i]);
		scene_run(&s, span_ms(149));
		assert_int_equal(scene_status(&s).state, before[i]);
		scene_run(&s, span_ms(1));
		assert_int_equal(scene_status(&s).state, BFD_DOWN);
		assert_int_equal(s.state.diag, BFD_DIAG_TIMEOUT);
		assert_int_equal(s.state.failures, before[i] == BFD_UP);
		/* RFC 5880 6.8.1: who was lost must be learnt anew. */
		assert_int_equal(s.packet.your_discriminator, 0);
		assert_int_equal(s.packet.desired_min_tx_us, BFD_SLOW_US);
		scene_end(&s);
	}
}

static void test_admin_down(void **state)
{
	struct bfd_config c = fast;
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	c.admin_down = true;
	scene_set(&s, &c);
	assert_int_equal(s.state.state, BFD_ADMIN_DOWN);
	assert_int_equal(s.packet.state, BFD_ADMIN_DOWN);
	assert_int_equal(s.packet.diag, BFD_DIAG_ADMIN_DOWN);
	p = scene_packet(&s, BFD_UP);
	p.poll = true;
	assert_int_equal(scene_hear(&s, &p), BFD_DROP_ADMIN_DOWN);
	assert_int_equal(s.packets, 0);
	scene_run(&s, span_s(5));
	assert_in_range(s.packets, 5, 7); /* it goes on saying so, slowly */
	scene_set(&s, &fast);
	assert_int_equal(s.state.state, BFD_DOWN);
	assert_int_equal(s.packet.state, BFD_DOWN);
	scene_end(&s);
}

/* Removed: the far end is told as often as it may miss packets, at the pace that it is used to. */
static void test_farewell(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_NHRP);
	scene_drain(&s);
	assert_int_equal(s.packets, 1);
	assert_int_equal(s.told, 0);
	assert_int_equal(s.packet.state, BFD_ADMIN_DOWN);
	scene_run(&s, span_ms(150));
	assert_int_equal(s.packets, 2);
	assert_int_equal(bfd_count(s.b), 0);
	assert_true(instant_is_never(bfd_deadline(s.b)));
	scene_end(&s);
}

static void test_farewell_to_nobody(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_DOWN);
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_NHRP);
	scene_drain(&s);
	assert_int_equal(s.packets, 0);
	assert_int_equal(bfd_count(s.b), 0);
	scene_end(&s);
}

static void test_back_during_farewell(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_NHRP);
	scene_drain(&s);
	scene_set(&s, &fast);
	assert_int_equal(s.state.state, BFD_DOWN);
	scene_run(&s, span_s(3));
	assert_int_equal(bfd_count(s.b), 1);
	p = scene_packet(&s, BFD_DOWN);
	scene_hear(&s, &p);
	assert_int_equal(s.state.state, BFD_INIT);
	scene_end(&s);
}

/* ---- clients ---- */

static void test_shared(void **state)
{
	struct bfd_config slow = { .cookie = 9, .desired_min_tx_us = 300000, .required_min_rx_us = 300000, .multiplier = 5 };
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	assert_int_equal(bfd_set(s.b, s.now, &s.key, BFD_CLIENT_ROUTING, &slow), 0);
	scene_drain(&s);
	/* Only the new one is told, and the session is as fast as before. */
	assert_int_equal(s.told, 1);
	assert_int_equal(s.state.clients, 1 << BFD_CLIENT_ROUTING);
	assert_int_equal(s.state.cookies[BFD_CLIENT_ROUTING], 9);
	assert_int_equal(scene_status(&s).desired_min_tx_us, 50000);
	assert_int_equal(scene_status(&s).multiplier, 3);
	/* What is left is what the other asked for. */
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_NHRP);
	scene_drain(&s);
	assert_int_equal(scene_status(&s).state, BFD_UP);
	assert_int_equal(scene_status(&s).desired_min_tx_us, 300000);
	assert_int_equal(scene_status(&s).multiplier, 5);
	assert_true(s.packet.poll);
	scene_run(&s, span_s(1));
	assert_int_equal(s.state.state, BFD_DOWN);
	assert_int_equal(s.state.clients, 1 << BFD_CLIENT_ROUTING);
	scene_end(&s);
}

/* Who pays for each packet is not hurried by others. */
static void test_unhurried(void **state)
{
	struct bfd_config rare = { .desired_min_tx_us = 120000000, .required_min_rx_us = 120000000, .multiplier = 3, .unhurried = true };
	struct scene s;
	struct bfd_packet final;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	assert_int_equal(bfd_set(s.b, s.now, &s.key, BFD_CLIENT_ROUTING, &fast), 0);
	scene_set(&s, &rare);
	assert_int_equal(scene_status(&s).desired_min_tx_us, 120000000);
	assert_int_equal(scene_status(&s).required_min_rx_us, 120000000);
	assert_true(s.packet.poll);
	final = scene_packet(&s, BFD_UP);
	final.final = true;
	scene_hear(&s, &final); /* to the Poll that came with Up … */
	scene_hear(&s, &final); /* … and to this one */
	scene_run(&s, span_s(110));
	assert_true(s.packets <= 2);
	assert_int_equal(scene_status(&s).state, BFD_UP);
	/* It matters again: all at once. */
	rare = fast;
	scene_set(&s, &rare);
	assert_int_equal(scene_status(&s).desired_min_tx_us, 50000);
	assert_int_equal(scene_status(&s).required_min_rx_us, 50000);
	scene_run(&s, span_s(1));
	assert_true(s.packets > 15);
	scene_end(&s);
}

static void test_room(void **state)
{
	const struct bfd_options o = { .seed = 1, .sessions_max = 2 };
	struct bfd_config none = { .multiplier = 3 };
	struct bfd *b = bfd_new(&o);
	struct bfd_key key;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		key = scene_key(i);
		assert_int_equal(bfd_set(b, INSTANT_ZERO, &key, BFD_CLIENT_NHRP, &fast), i < 2 ? 0 : -ENOSPC);
	}
	assert_int_equal(bfd_set(b, INSTANT_ZERO, &key, BFD_CLIENT_NHRP, &none), -EINVAL);
	bfd_forget_link(b, LINK);
	assert_int_equal(bfd_count(b), 0);
	bfd_free(b);
}

/* ---- timers ---- */

/* Distances between packets when the far end is heard all the time. */
static void spacing(uint8_t multiplier, int64_t *least, int64_t *most)
{
	struct bfd_config c = fast;
	struct instant last;
	struct bfd_packet p;
	struct scene s;

	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	c.multiplier = multiplier;
	scene_set(&s, &c);
	p = scene_packet(&s, BFD_UP);
	p.final = true;
	scene_hear(&s, &p);
	*least = INT64_MAX;
	*most = 0;
	last = INSTANT_ZERO;
	for (unsigned i = 0; i < 20000; i++) {
		scene_run(&s, span_us(500));
		if (s.packets) {
			const int64_t us = instant_since(s.now, last).us;

			assert_int_equal(s.packets, 1);
			if (last.us && us < *least)
				*least = us;
			if (last.us && us > *most)
				*most = us;
			last = s.now;
		}
		p.final = false;
		if (i % 80 == 0)
			scene_hear(&s, &p);
		assert_int_equal(scene_status(&s).state, BFD_UP);
	}
	scene_end(&s);
}

static void test_jitter(void **state)
{
	int64_t least, most;

	(void)state;
	spacing(3, &least, &most);
	assert_in_range(least, 37000, 39000);
	assert_in_range(most, 49000, 50500);
	spacing(1, &least, &most);
	assert_in_range(least, 37000, 39000);
	assert_in_range(most, 43500, 45500);
}

static void test_slow_while_down(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_DOWN);
	scene_run(&s, span_s(100));
	assert_in_range(s.packets, 100, 134);
	assert_int_equal(s.packet.desired_min_tx_us, BFD_SLOW_US);
	assert_int_equal(s.packet.required_min_rx_us, 50000);
	scene_end(&s);
}

static void test_detection_time(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	assert_int_equal(scene_status(&s).detection_us, 150000);
	p = scene_packet(&s, BFD_UP);
	p.multiplier = 7;
	scene_hear(&s, &p);
	assert_int_equal(scene_status(&s).detection_us, 350000);
	p.desired_min_tx_us = 200000; /* slower than we could hear */
	scene_hear(&s, &p);
	assert_int_equal(scene_status(&s).detection_us, 1400000);
	scene_run(&s, span_us(1399999));
	assert_int_equal(scene_status(&s).state, BFD_UP);
	scene_run(&s, span_us(1));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_end(&s);
}

/* NHRP is warned once, when one more missing packet ends the session; what comes then takes it back. */
static void test_warning(void **state)
{
	const struct bfd_config c = fast;
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	scene_run(&s, span_us(99999));
	assert_int_equal(s.warned, 0);
	scene_run(&s, span_us(49999));
	assert_int_equal(s.warned, 1);
	p = scene_packet(&s, BFD_UP);
	scene_hear(&s, &p);
	scene_run(&s, span_us(149999));
	assert_int_equal(s.warned, 1);
	assert_int_equal(scene_status(&s).state, BFD_UP);
	scene_run(&s, span_us(1));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	assert_int_equal(s.warned, 0);
	/* One packet is all there is to miss. */
	scene_reach(&s, BFD_UP);
	p.multiplier = 1;
	p.your_discriminator = scene_status(&s).discriminator;
	scene_hear(&s, &p);
	scene_run(&s, span_us(50000));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	assert_int_equal(s.warned, 0);
	/* bfdd is told states only. */
	scene_reach(&s, BFD_UP);
	assert_int_equal(bfd_set(s.b, s.now, &s.key, BFD_CLIENT_ROUTING, &c), 0);
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_NHRP);
	p = scene_packet(&s, BFD_UP);
	scene_hear(&s, &p);
	scene_run(&s, span_us(150000));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	assert_int_equal(s.warned, 0);
	scene_end(&s);
}

/* Who is called too late does not blame the far end for it, but once. */
static void test_stall(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	s.now = instant_add(s.now, span_ms(400));
	bfd_tick(s.b, s.now);
	scene_drain(&s);
	assert_int_equal(scene_status(&s).state, BFD_UP);
	s.now = instant_add(s.now, span_ms(400));
	bfd_tick(s.b, s.now);
	scene_drain(&s);
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_end(&s);
}

/* Not the timer that is late, but the time in which nothing could be heard. */
static void test_stall_before_detection(void **state)
{
	struct scene s;
	struct bfd_packet p;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	p = scene_packet(&s, BFD_UP);
	scene_hear(&s, &p);
	scene_run(&s, span_ms(60));
	s.now = instant_add(s.now, span_ms(85)); /* 5 ms before the end of the detection time */
	assert_true(bfd_is_late(s.b, s.now));
	bfd_tick(s.b, s.now);
	scene_drain(&s);
	scene_run(&s, span_ms(40)); /* as long as nothing was sent, at most 50 ms */
	assert_int_equal(scene_status(&s).state, BFD_UP);
	scene_run(&s, span_ms(15));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_end(&s);
}

/* Who was heard after it has no more time than others. */
static void test_stall_is_over(void **state)
{
	struct scene s;
	struct bfd_packet p;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	scene_run(&s, span_ms(60));
	s.now = instant_add(s.now, span_ms(85));
	bfd_tick(s.b, s.now);
	scene_drain(&s);
	p = scene_packet(&s, BFD_UP);
	scene_hear(&s, &p);
	assert_false(bfd_is_late(s.b, s.now));
	scene_run(&s, span_us(149999));
	assert_int_equal(scene_status(&s).state, BFD_UP);
	scene_run(&s, span_us(1));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_end(&s);
}

static void test_remote_min_rx(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	p = scene_packet(&s, BFD_UP);
	p.multiplier = 255;
	p.final = true;
	p.required_min_rx_us = 400000;
	scene_hear(&s, &p);
	assert_int_equal(scene_status(&s).tx_interval_us, 400000);
	scene_run(&s, span_s(4));
	assert_in_range(s.packets, 10, 14);
	p.required_min_rx_us = 20000; /* faster than we want to be; takes effect at once */
	scene_hear(&s, &p);
	assert_int_equal(scene_status(&s).tx_interval_us, 50000);
	scene_run(&s, span_ms(51));
	assert_in_range(s.packets, 1, 2);
	p.required_min_rx_us = 0; /* wants to hear nothing but answers to Poll */
	scene_hear(&s, &p);
	assert_int_equal(scene_status(&s).tx_interval_us, 0);
	scene_run(&s, span_s(4));
	assert_int_equal(s.packets, 0);
	p.final = false;
	p.poll = true;
	scene_hear(&s, &p);
	assert_true(s.packets == 1 && s.packet.final && !s.packet.poll);
	scene_end(&s);
}

static void test_own_min_rx_zero(void **state)
{
	struct bfd_config c = fast;
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	c.required_min_rx_us = 0;
	scene_set(&s, &c);
	p = scene_packet(&s, BFD_DOWN);
	scene_hear(&s, &p);
	p = scene_packet(&s, BFD_INIT);
	scene_hear(&s, &p);
	assert_int_equal(s.packet.required_min_rx_us, 0);
	assert_int_equal(scene_status(&s).detection_us, 0);
	scene_run(&s, span_s(100));
	assert_int_equal(scene_status(&s).state, BFD_UP);
	scene_end(&s);
}

static void test_passive(void **state)
{
	struct bfd_config c = fast;
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	c.passive = true;
	scene_set(&s, &c);
	scene_run(&s, span_s(10));
	assert_int_equal(s.packets, 0);
	p = scene_packet(&s, BFD_DOWN);
	scene_hear(&s, &p);
	assert_true(s.packets == 1 && s.packet.state == BFD_INIT);
	scene_run(&s, span_s(10));
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	scene_run(&s, span_s(10)); /* silent again, since nobody speaks */
	assert_int_equal(s.packets, 0);
	scene_end(&s);
}

static void test_demand(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	p = scene_packet(&s, BFD_UP);
	p.multiplier = 255;
	p.demand = true;
	scene_hear(&s, &p);
	scene_run(&s, span_ms(200)); /* our Poll sequence goes on all the same */
	assert_true(s.packets > 0 && s.packet.poll);
	p.final = true;
	scene_hear(&s, &p);
	scene_run(&s, span_s(5));
	assert_int_equal(s.packets, 0);
	p.demand = p.final = false;
	scene_hear(&s, &p);
	scene_run(&s, span_ms(500));
	assert_in_range(s.packets, 10, 14);
	scene_end(&s);
}

/* ---- Poll ---- */

static void test_poll_at_up(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	assert_true(s.packet.poll); /* from 1 s to 50 ms */
	assert_int_equal(s.packet.desired_min_tx_us, 50000);
	p = scene_packet(&s, BFD_UP);
	p.multiplier = 20;
	scene_hear(&s, &p);
	scene_run(&s, span_ms(200));
	assert_true(s.packet.poll); /* until it is answered */
	p.final = true;
	scene_hear(&s, &p);
	scene_run(&s, span_ms(200));
	assert_true(s.packets > 0 && !s.packet.poll);
	scene_end(&s);
}

static void test_final(void **state)
{
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	p = scene_packet(&s, BFD_UP);
	p.poll = true;
	scene_hear(&s, &p); /* during our own Poll: F goes alone, P never beside it */
	assert_true(s.packets == 1 && s.packet.final && !s.packet.poll);
	assert_true(scene_status(&s).polling);
	scene_end(&s);
}

static void answer(struct scene *s)
{
	struct bfd_packet p = scene_packet(s, BFD_UP);

	p.final = true;
	p.multiplier = 20;
	scene_hear(s, &p);
}

/* RFC 5880 6.8.3: slower only when the far end knows; faster at once. */
static void test_change_tx(void **state)
{
	struct bfd_config c = fast;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	answer(&s);
	c.desired_min_tx_us = 400000;
	scene_set(&s, &c);
	assert_true(s.packet.poll && s.packet.desired_min_tx_us == 400000);
	assert_int_equal(scene_status(&s).tx_interval_us, 50000);
	answer(&s);
	assert_int_equal(scene_status(&s).tx_interval_us, 400000);
	c.desired_min_tx_us = 60000;
	scene_set(&s, &c);
	assert_int_equal(scene_status(&s).tx_interval_us, 60000);
	scene_end(&s);
}

static void test_change_rx(void **state)
{
	struct bfd_config c = fast;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	answer(&s);
	assert_int_equal(scene_status(&s).detection_us, 20 * 50000);
	c.required_min_rx_us = 400000;
	scene_set(&s, &c);
	assert_int_equal(scene_status(&s).detection_us, 20 * 400000); /* at once: it may slow down before it answers */
	scene_run(&s, span_s(7));
	assert_int_equal(scene_status(&s).state, BFD_UP);
	answer(&s);
	c.required_min_rx_us = 60000;
	scene_set(&s, &c);
	assert_int_equal(scene_status(&s).detection_us, 20 * 400000);
	answer(&s);
	assert_int_equal(scene_status(&s).detection_us, 20 * 60000);
	scene_end(&s);
}

/* An answer may be to a Poll of before the last change. */
static void test_change_during_poll(void **state)
{
	struct bfd_config c = fast;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP); /* polls already */
	c.desired_min_tx_us = 400000;
	scene_set(&s, &c);
	answer(&s);
	assert_true(scene_status(&s).polling);
	assert_int_equal(scene_status(&s).tx_interval_us, 50000);
	answer(&s);
	assert_false(scene_status(&s).polling);
	assert_int_equal(scene_status(&s).tx_interval_us, 400000);
	scene_end(&s);
}

/* ---- hostile packets ---- */

static enum bfd_drop hear_bytes(struct scene *s, const uint8_t *bytes, size_t length, uint8_t ttl)
{
	const struct bfd_arrival a = { .key = s->key, .ttl = ttl };
	const enum bfd_drop drop = bfd_receive(s->b, s->now, &a, bytes, length);

	scene_drain(s);
	return drop;
}

/* Every check of 6.8.6, in its order: each packet would fail all the later ones too. */
static void test_checks_in_order(void **state)
{
	uint8_t bytes[28] = { 0 };
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_DOWN);
	bytes[1] = 0x05; /* A, M */
	assert_int_equal(hear_bytes(&s, bytes, 23, 1), BFD_DROP_SHORT);
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_VERSION);
	bytes[0] = 0x20;
	bytes[3] = 25;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_LENGTH);
	bytes[3] = 29;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_PAYLOAD);
	bytes[3] = 28;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_MULTIPLIER);
	bytes[2] = 3;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_MULTIPOINT);
	bytes[1] = 0x04;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_DISCRIMINATOR);
	bytes[7] = 1;
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_AUTH_LENGTH);
	bytes[25] = 4;
	bytes[11] = 1; /* your discriminator, of nobody */
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_NO_DISCRIMINATOR);
	bytes[11] = 0;
	bytes[1] = 0xc4; /* Up */
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_STATE);
	bytes[1] = 0x44; /* Down */
	s.key = scene_key(1);
	assert_int_equal(hear_bytes(&s, bytes, 28, 1), BFD_DROP_NO_SESSION);
	s.key = scene_key(0);
	p = scene_packet(&s, BFD_INIT);
	s.key = scene_key(1);
	assert_int_equal(scene_hear(&s, &p), BFD_DROP_OTHER_ENDS);
	s.key = scene_key(0);
	assert_int_equal(hear_bytes(&s, bytes, 28, 254), BFD_DROP_TTL);
	assert_int_equal(hear_bytes(&s, bytes, 28, 255), BFD_DROP_AUTHENTICATED);
	assert_int_equal(scene_status(&s).state, BFD_DOWN);
	assert_int_equal(scene_status(&s).rx_packets, 0);
	for (unsigned i = BFD_DROP_SHORT; i < BFD_DROP_LATE; i++)
		assert_int_equal(bfd_drops(s.b)[i], 1);
	scene_end(&s);
}

/* RFC 5883: the distance that is tolerated is the session's own. */
static void test_min_ttl(void **state)
{
	struct bfd_config c = fast;
	uint8_t bytes[BFD_PACKET_OCTETS];
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	c.min_ttl = 250;
	scene_set(&s, &c);
	p = scene_packet(&s, BFD_DOWN);
	bfd_packet_encode(&p, bytes);
	assert_int_equal(hear_bytes(&s, bytes, sizeof bytes, 249), BFD_DROP_TTL);
	assert_int_equal(hear_bytes(&s, bytes, sizeof bytes, 250), BFD_DROP_NONE);
	scene_end(&s);
}

/* bfdd says ADD and DELETE in one breath, as of a neighbour that has come and gone. */
static void test_gone_before_it_was_told(void **state)
{
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_UP);
	assert_int_equal(bfd_set(s.b, s.now, &s.key, BFD_CLIENT_ROUTING, &fast), 0);
	bfd_remove(s.b, s.now, &s.key, BFD_CLIENT_ROUTING);
	scene_drain(&s);
	assert_int_equal(s.told, 0);
	assert_int_equal(s.packets, 0);
	assert_int_equal(scene_status(&s).clients, 1 << BFD_CLIENT_NHRP);
	scene_run(&s, span_ms(200));
	assert_true(s.packets > 3);
	scene_end(&s);
}

/* Another daemon's sessions between the same addresses, at both ends. */
static void test_whose(void **state)
{
	uint8_t bytes[BFD_PACKET_OCTETS];
	struct bfd_packet p;
	struct scene s;

	(void)state;
	scene_begin(&s, 0);
	scene_reach(&s, BFD_DOWN);
	p = scene_packet(&s, BFD_DOWN);
	bfd_packet_encode(&p, bytes);
	assert_true(bfd_is_for(s.b, &s.key, bytes, sizeof bytes)); /* who comes first is the far end */
	scene_hear(&s, &p);
	assert_true(bfd_is_for(s.b, &s.key, bytes, sizeof bytes));
	p.my_discriminator++;
	bfd_packet_encode(&p, bytes);
	assert_false(bfd_is_for(s.b, &s.key, bytes, sizeof bytes));
	p.your_discriminator = scene_status(&s).discriminator;
	bfd_packet_encode(&p, bytes);
	assert_true(bfd_is_for(s.b, &s.key, bytes, sizeof bytes));
	p.your_discriminator++;
	bfd_packet_encode(&p, bytes);
	assert_false(bfd_is_for(s.b, &s.key, bytes, sizeof bytes));
	assert_true(bfd_is_for(s.b, &s.key, bytes, 7));
	s.key = scene_key(1);
	assert_false(bfd_is_for(s.b, &s.key, bytes, 7));
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states), cmocka_unit_test(test_every_pair), cmocka_unit_test(test_late_down), cmocka_unit_test(test_detection_by_state), cmocka_unit_test(test_admin_down),
		cmocka_unit_test(test_farewell), cmocka_unit_test(test_farewell_to_nobody),
		cmocka_unit_test(test_back_during_farewell), cmocka_unit_test(test_shared), cmocka_unit_test(test_unhurried), cmocka_unit_test(test_room),
		cmocka_unit_test(test_jitter), cmocka_unit_test(test_slow_while_down),
		cmocka_unit_test(test_detection_time), cmocka_unit_test(test_warning), cmocka_unit_test(test_stall), cmocka_unit_test(test_stall_before_detection),
		cmocka_unit_test(test_stall_is_over), cmocka_unit_test(test_remote_min_rx),
		cmocka_unit_test(test_own_min_rx_zero), cmocka_unit_test(test_passive), cmocka_unit_test(test_demand),
		cmocka_unit_test(test_poll_at_up), cmocka_unit_test(test_final), cmocka_unit_test(test_change_tx),
		cmocka_unit_test(test_change_rx), cmocka_unit_test(test_change_during_poll),
		cmocka_unit_test(test_checks_in_order), cmocka_unit_test(test_min_ttl),
		cmocka_unit_test(test_whose), cmocka_unit_test(test_gone_before_it_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
