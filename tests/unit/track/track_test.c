/* Operations, tracks, delays and backup interfaces on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "track/track.h"

static const char text[] =
	"ip sla 1\n icmp-echo 203.0.113.1 source-interface Gi0/0\n frequency 5\n timeout 1000\n threshold 300\n"
	"ip sla schedule 1 life forever start-time now\n"
	"track 1 ip sla 1 reachability\n delay down 3 up 10\n"
	"track 2 ip sla 1 state\n"
	"track 3 interface Gi0/1 ip routing\n"
	"track 10 list boolean or\n object 2\n object 3\n"
	"track 11 list boolean and\n object 2\n object 3 not\n"
	"interface Gi0/0\n ip address 192.0.2.2 255.255.255.252\n backup interface Gi0/2\n backup delay 2 30\n"
	"interface Gi0/1\n ip address 198.51.100.2 255.255.255.252\n"
	"interface Gi0/2\n ip address 198.51.100.6 255.255.255.252\n"
	"ip route 0.0.0.0 0.0.0.0 192.0.2.1 track 1\n";

struct fixture {
	struct config *config;
	struct watch *watch;
	struct instant now;
	char said[400]; /* effects since the last look: "1+ 2- echo3 Gi0-2+ " */
};

static void drain(struct fixture *f)
{
	struct watch_effect e;

	while (watch_next(f->watch, &e)) {
		const size_t used = strlen(f->said);
		char *const at = f->said + used;
		const size_t room = sizeof f->said - used;

		if (e.type == WATCH_ECHO)
			snprintf(at, room, "echo%u ", e.operation->sequence);
		else if (e.type == WATCH_TRACK)
			snprintf(at, room, "%u%c ", e.track->config->number, e.track->said ? '+' : '-');
		else
			snprintf(at, room, "%s%c ", e.backup->name, e.backup->said ? '+' : '-');
	}
}

static void run_to(struct fixture *f, int64_t ms)
{
	const struct instant end = { ms * 1000 };

	f->said[0] = '\0';
	while (!instant_before(end, watch_deadline(f->watch))) {
		f->now = watch_deadline(f->watch);
		watch_tick(f->watch, f->now);
		drain(f);
	}
	f->now = end;
}

static void expect(struct fixture *f, const char *wanted)
{
	assert_string_equal(f->said, wanted);
	f->said[0] = '\0';
}

static void link_is(struct fixture *f, const char *name, bool up)
{
	watch_link(f->watch, f->now, name, up, up);
	watch_tick(f->watch, f->now);
	drain(f);
}

static void answer(struct fixture *f, uint32_t sequence)
{
	watch_answer(f->watch, f->now, 1, sequence);
	drain(f);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char error[200];

	f->config = config_read_text("t", text, strlen(text), error, sizeof error);
	assert_int_equal(config_blocking_count(f->config), 0);
	f->watch = watch_new(f->config, f->now);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	watch_free(f->watch);
	config_free(f->config);
	free(f);
	return 0;
}

static void reads(void **state)
{
	const struct fixture *f = *state;
	const struct config_track *t = config_find_track(f->config, 1);

	assert_int_equal(f->config->sla_count, 1);
	assert_int_equal(f->config->slas[0].frequency_ms, 5000);
	assert_string_equal(f->config->slas[0].source_interface, "Gi0-0");
	assert_int_equal(t->up_delay_s, 10);
	assert_int_equal(t->down_delay_s, 3);
	assert_true(config_route_tracked(f->config, &f->config->routes[0]));
	assert_int_equal(config_find_track(f->config, 11)->object_count, 2);
}

static void begins_down_and_comes_up(void **state)
{
	struct fixture *f = *state;

	link_is(f, "Gi0-0", true);
	/* What is only listed as "not" counts from the start. */
	expect(f, "Gi0-2- 1- 2- 3- 10- 11- echo1 ");
	f->now = (struct instant){ 20000 };
	answer(f, 1);
	expect(f, "2+ 10+ 11+ "); /* track 1 waits for its delay */
	run_to(f, 10019);
	assert_null(strstr(f->said, "1+"));
}

static void up(struct fixture *f)
{
	link_is(f, "Gi0-0", true);
	answer(f, 1);
	for (uint32_t n = 2; n < 4; n++) {
		run_to(f, 5000 * (int64_t)(n - 1));
		answer(f, n);
	}
	assert_true(watch_up(f->watch, 1));
	f->said[0] = '\0';
}

static void a_silent_uplink(void **state)
{
	struct fixture *f = *state;

	up(f);
	run_to(f, 15999);
	expect(f, "echo4 ");
	run_to(f, 16000); /* the echo of 15 s has timed out */
	expect(f, "2- 10- 11- ");
	run_to(f, 18999);
	expect(f, "");
	run_to(f, 19000);
	expect(f, "1- ");
	/* Late is reachable, and not in time. */
	run_to(f, 20000);
	f->now = (struct instant){ 20500000 };
	answer(f, 5);
	expect(f, "echo5 ");
	assert_false(watch_up(f->watch, 2));
	run_to(f, 24999);
	assert_false(watch_up(f->watch, 1));
}

static void a_blink_is_forgiven(void **state)
{
	struct fixture *f = *state;

	up(f);
	link_is(f, "Gi0-0", false);
	expect(f, "2- 10- 11- ");
	f->now = instant_add(f->now, span_s(1));
	link_is(f, "Gi0-0", true);
	expect(f, "echo4 "); /* at once, not when its time comes */
	answer(f, 4);
	expect(f, "2+ 10+ 11+ ");
	run_to(f, 14000);
	assert_true(watch_up(f->watch, 1));
}

static void a_cable_is_pulled(void **state)
{
	struct fixture *f = *state;

	up(f);
	link_is(f, "Gi0-1", true);
	expect(f, "3+ 11- ");
	link_is(f, "Gi0-0", false);
	expect(f, "2- ");
	run_to(f, 12000);
	expect(f, "Gi0-2+ "); /* the backup after two seconds */
	run_to(f, 13000);
	expect(f, "1- ");
	link_is(f, "Gi0-0", true);
	expect(f, "echo4 ");
	answer(f, 4);
	run_to(f, 42999);
	assert_null(strstr(f->said, "Gi0-2"));
	run_to(f, 43000);
	assert_non_null(strstr(f->said, "Gi0-2- "));
}

static void adopted(void **state)
{
	struct fixture *f = *state;

	watch_adopt(f->watch, 1);
	link_is(f, "Gi0-0", true);
	expect(f, "Gi0-2- 1+ 2- 3- 10- 11- echo1 ");
	run_to(f, 3999);
	assert_true(watch_up(f->watch, 1));
	run_to(f, 4000);
	expect(f, "1- ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads, set_up, tear_down),
		cmocka_unit_test_setup_teardown(begins_down_and_comes_up, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_silent_uplink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_blink_is_forgiven, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_cable_is_pulled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(adopted, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
