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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nhrp_is_asked_half_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
