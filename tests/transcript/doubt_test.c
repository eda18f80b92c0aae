/*
 * While there is doubt about a path: what is sent, how much of it, and what is asked meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/path_act.h"
#include "engine/state.h"
#include "engine/tunnel.h"
#include "scene.h"

static struct scene probing(void)
{
	const struct scene s = scene_laid_out();

	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	rig_run(s.rig, 10);
	rig_skip(s.rig);
	return s;
}

/* The engine is told the time first. */
static void step(const struct scene *s, struct path *p, enum path_event event)
{
	node_event(s->spoke1, &(struct event){ .type = EVENT_TICK });
	path_step(p, event);
	node_event(s->spoke1, &(struct event){ .type = EVENT_TICK });
}

static struct path *path_to_hub(const struct scene *s)
{
	const struct endpoint at = { .addr = addr_of("192.0.2.1") };
	struct path *const p = path_find(s->spoke1->engine->tunnels[0], &at);

	assert_non_null(p);
	assert_int_equal(p->state, PATH_ALIVE);
	return p;
}


/* Nine gaps of 30 ms, and NHRP is asked at the fifth probe, once. */
static void nhrp_is_asked_half_way(void **state)
{
	const struct scene s = probing();
	const struct path *const p = path_to_hub(&s);
	int64_t ms = 0;

	(void)state;
	node_stop_abruptly(s.hub);
	while (p->state != PATH_DOUBTED)
		rig_run_ms(s.rig, 1);
	s.spoke1->probes = 1;
	for (; s.spoke1->probes < PATH_BURST; ms++) {
		assert_int_equal(rig_count(s.rig, "Registration Request"), s.spoke1->probes >= PATH_BURST / 2);
		rig_run_ms(s.rig, 1);
	}
	assert_int_equal(ms, PATH_BURST_MS);
	assert_int_equal(p->state, PATH_DOUBTED);
	while (p->state == PATH_DOUBTED)
		rig_run_ms(s.rig, 1);
	assert_int_equal(s.spoke1->probes, PATH_BURST);
	assert_int_equal(p->state, PATH_DEAD);
	assert_non_null(strstr(s.spoke1->nhs_down, "path dead"));
	rig_free(s.rig);
}

/* BFD may fail soon: ten probes in 27 ms, 23 ms for the last answer, and NHRP is not asked before an ordinary burst follows. */
static void an_early_burst_asks_nobody(void **state)
{
	const struct scene s = probing();
	struct path *const p = path_to_hub(&s);

	(void)state;
	node_stop_abruptly(s.hub);
	s.spoke1->probes = 0;
	step(&s, p, PATH_EVENT_LATE);
	rig_run_ms(s.rig, PATH_EARLY_MS);
	assert_int_equal(s.spoke1->probes, PATH_BURST);
	rig_run_ms(s.rig, 22);
	assert_int_equal(s.spoke1->probes, PATH_BURST);
	for (; s.spoke1->probes < 2 * PATH_BURST; rig_run_ms(s.rig, 1))
		assert_int_equal(rig_count(s.rig, "Registration Request"), s.spoke1->probes >= PATH_BURST + PATH_BURST / 2);
	assert_int_equal(p->state, PATH_DOUBTED);
	rig_free(s.rig);
}

/* It comes when a burst has begun: the rest of it makes haste. When all is sent the last answer has its time nevertheless. */
static void a_burst_makes_haste(void **state)
{
	for (int64_t begun_ms = 1; begun_ms <= PATH_BURST_MS + 1; begun_ms += PATH_BURST_MS) {
		const struct scene s = probing();
		struct path *const p = path_to_hub(&s);

		(void)state;
		node_stop_abruptly(s.hub);
		while (p->state != PATH_DOUBTED)
			rig_run_ms(s.rig, 1);
		s.spoke1->probes = 1;
		rig_run_ms(s.rig, begun_ms);
		step(&s, p, PATH_EVENT_LATE);
		rig_run_ms(s.rig, PATH_EARLY_MS);
		assert_int_equal(s.spoke1->probes, PATH_BURST);
		assert_int_equal(p->pace, PATH_PACE_EARLY);
		rig_free(s.rig);
	}
}

/* A stranger's word starts no more than one burst in 200 ms, and an answer ends that. */
static void hints_are_rationed(void **state)
{
	const struct scene s = probing();
	struct path *const p = path_to_hub(&s);

	(void)state;
	while (instant_since(s.rig->now, p->last_sent).us < span_ms(200).us) {
		step(&s, p, PATH_EVENT_DOUBT);
		assert_int_equal(p->state, PATH_ALIVE);
		rig_run_ms(s.rig, 1);
	}
	s.spoke1->probes = 0;
	step(&s, p, PATH_EVENT_DOUBT);
	assert_int_equal(p->state, PATH_DOUBTED);
	assert_int_equal(s.spoke1->probes, 1);
	rig_run_ms(s.rig, 10);
	assert_int_equal(p->state, PATH_ALIVE);
	rig_run_ms(s.rig, 200);
	assert_int_equal(s.spoke1->probes, 1);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nhrp_is_asked_half_way),
		cmocka_unit_test(an_early_burst_asks_nobody),
		cmocka_unit_test(a_burst_makes_haste),
		cmocka_unit_test(hints_are_rationed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
