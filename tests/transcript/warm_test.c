/* `nhrp warm`: a tunnel that rests while a better one is usable, and is as quick as any in the moment in which that is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

enum { EVERY_S = 120, DELAY_S = 60, QUICK_S = 10 };

/* Spoke 1 reaches hub by tunnel 0 and hub2 by tunnel 1, which is the metered one. */
static struct scene laid_out(void)
{
	static char better[] = "Tunnel0";
	struct scene s = scene_laid_out();

	s.hub2 = node_new(s.rig, "hub2", "192.0.2.2", "10.2.0.1/24");
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "10.2.0.1", "192.0.2.2");
	s.spoke1->nhrp->probe_interval_ms = s.spoke1->nhrp1->probe_interval_ms = 250;
	s.spoke1->nhrp->registration_timeout_s = s.spoke1->nhrp1->registration_timeout_s = QUICK_S;
	s.spoke1->tunnel1.warm_behind = better;
	s.spoke1->tunnel1.warm_every_s = EVERY_S;
	s.spoke1->tunnel1.warm_delay_s = DELAY_S;
	return s;
}

static struct scene resting(void)
{
	const struct scene s = laid_out();

	scene_start(&s);
	rig_run(s.rig, DELAY_S + 20);
	rig_skip(s.rig);
	return s;
}

static struct tunnel_view metered(const struct scene *s)
{
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v;

	assert_true(snapshot_next_tunnel(s->spoke1->engine, &c, &v));
	assert_true(snapshot_next_tunnel(s->spoke1->engine, &c, &v));
	assert_int_equal(v.tunnel, 1);
	return v;
}

static struct nhs_view backup(const struct scene *s)
{
	struct nhs_view v;

	assert_true(node_nhs(s->spoke1, 1, &v));
	assert_int_equal(v.tunnel, 1);
	return v;
}

/* Probes sent in the metered tunnel within that time. */
static size_t probes_in(const struct scene *s, int64_t seconds)
{
	const uint64_t before = backup(s).probes_sent;

	rig_run(s->rig, seconds);
	return backup(s).probes_sent - before;
}

static void it_costs_little_while_the_better_one_lives(void **state)
{
	const struct scene s = resting();

	(void)state;
	assert_true(metered(&s).rests);
	assert_int_equal(backup(&s).status, NHS_VIEW_UP);
	assert_in_range(probes_in(&s, 12 * EVERY_S), 11, 14);
	assert_in_range(rig_count(s.rig, "spoke1 --> hub2: Registration Request"), 11, 14);
	assert_true(rig_count(s.rig, "spoke1 --> hub: Registration Request") > 100);
	assert_int_equal(backup(&s).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

static void it_wakes_at_once(void **state)
{
	const struct scene s = resting();

	(void)state;
	rig_run(s.rig, EVERY_S / 2);
	rig_skip(s.rig);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, 800); /* a dead hub is found dead within it */
	assert_false(metered(&s).rests);
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub2: Registration Request"), 1);
	assert_int_equal(backup(&s).status, NHS_VIEW_UP);
	assert_in_range(probes_in(&s, 10), 38, 46);
	rig_run(s.rig, 600);
	assert_true(rig_count(s.rig, "spoke1 --> hub2: Registration Request") >= 55);
	rig_free(s.rig);
}

/* The metered way died while nobody looked, and that is known as soon as it matters. */
static void a_way_that_died_at_rest_is_found_dead(void **state)
{
	const struct scene s = resting();

	(void)state;
	rig_run(s.rig, 1);
	node_stop_abruptly(s.hub2);
	rig_run(s.rig, 2);
	assert_int_equal(backup(&s).status, NHS_VIEW_UP);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, 1600);
	assert_int_equal(backup(&s).status, NHS_VIEW_PROBE);
	rig_free(s.rig);
}

/* Nobody answers there: it is not asked every few seconds for that. */
static void a_dead_way_rests_too(void **state)
{
	const struct scene s = resting();

	(void)state;
	node_stop_abruptly(s.hub2);
	rig_run(s.rig, 3 * EVERY_S);
	assert_int_equal(backup(&s).status, NHS_VIEW_PROBE);
	rig_skip(s.rig);
	assert_true(probes_in(&s, 10 * EVERY_S) <= 12);
	assert_in_range(rig_count(s.rig, "spoke1 --> hub2: Registration Request"), 15, 25);
	rig_free(s.rig);
}

static void it_rests_again_after_the_delay(void **state)
{
	const struct scene s = resting();

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 30);
	node_start(s.hub);
	rig_run(s.rig, 6); /* light probes find it within it */
	assert_false(metered(&s).rests);
	rig_run(s.rig, DELAY_S - 8);
	assert_false(metered(&s).rests);
	rig_run(s.rig, 16);
	assert_true(metered(&s).rests);
	/* Lost once more before the delay is over: it begins anew. */
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 5);
	node_start(s.hub);
	rig_run(s.rig, DELAY_S / 2);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 5);
	node_start(s.hub);
	rig_run(s.rig, DELAY_S - 5);
	assert_false(metered(&s).rests);
	rig_free(s.rig);
}

static void a_tunnel_that_is_down_is_lost_too(void **state)
{
	const struct scene s = resting();

	(void)state;
	node_event(s.spoke1, &(struct event){ .type = EVENT_TUNNEL, .tunnel = 0, .tunnel_state = { .up = false } });
	assert_false(metered(&s).rests);
	rig_free(s.rig);
}

/* 50 ms x 3 would cost a hundred megabytes a day. */
static void bfd_rests_too(void **state)
{
	struct scene s = laid_out();

	(void)state;
	s.spoke1->tunnel1.bfd = (struct config_bfd){ 50, 50, 3 };
	scene_start(&s);
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_SET);
	assert_int_equal(s.spoke1->bfd.bfd.least.us, 0);
	rig_run(s.rig, DELAY_S + 20);
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_SET);
	assert_int_equal(s.spoke1->bfd.tunnel, 1);
	assert_int_equal(s.spoke1->bfd.bfd.least.us, EVERY_S * 1000000);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, 800);
	assert_int_equal(s.spoke1->bfd.bfd.least.us, 0);
	rig_free(s.rig);
}

static void it_ends_with_the_line(void **state)
{
	const struct scene s = resting();

	(void)state;
	s.spoke1->tunnel1.warm_behind = NULL;
	reconfigure(s.spoke1);
	assert_false(metered(&s).rests);
	assert_in_range(probes_in(&s, 10), 38, 46);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_costs_little_while_the_better_one_lives),
		cmocka_unit_test(it_wakes_at_once),
		cmocka_unit_test(a_way_that_died_at_rest_is_found_dead),
		cmocka_unit_test(a_dead_way_rests_too),
		cmocka_unit_test(it_rests_again_after_the_delay),
		cmocka_unit_test(a_tunnel_that_is_down_is_lost_too),
		cmocka_unit_test(bfd_rests_too),
		cmocka_unit_test(it_ends_with_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
