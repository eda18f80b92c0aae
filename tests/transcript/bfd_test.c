/*
 * NHRP as a client of BFD: which sessions it asks for, and what it makes of their Downs, with
 * and without probes that may know better.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "engine/path.h"
#include "engine/state.h"
#include "engine/tunnel.h"
#include "scene.h"
#include "wire/bfd.h"

enum { FAST_MS = 50, SECOND_BEST_MS = 120, BRIEF_MS = 90 /* round trip hardly measured */ };

static struct scene watching(struct scene s, uint16_t probe_interval_ms)
{
	struct node *const nodes[] = { s.hub, s.spoke1, s.spoke2 };

	for (size_t i = 0; i < 3; i++) {
		nodes[i]->tunnel.bfd = (struct config_bfd){ FAST_MS, FAST_MS, 3 };
		nodes[i]->nhrp->probe_interval_ms = probe_interval_ms;
	}
	scene_start(&s);
	rig_run_ms(s.rig, 1000);
	return s;
}

static void say(struct node *n, const char *addr, const char *nbma, bool up)
{
	node_event(n, &(struct event){ .type = EVENT_BFD, .bfd = { .addr = addr_of(addr), .nbma = { .addr = addr_of(nbma) },
								    .up = up, .diag = up ? 0 : BFD_DIAG_TIMEOUT } });
}

static void hub_late_at_spoke(const struct scene *s)
{
	node_event(s->spoke1, &(struct event){ .type = EVENT_BFD_LATE,
					       .bfd = { .addr = addr_of("10.0.0.1"), .nbma = { .addr = addr_of("192.0.2.1") } } });
}

static void hub_down_at_spoke(const struct scene *s) { say(s->spoke1, "10.0.0.1", "192.0.2.1", false); }

static struct nhs_view first_nhs(const struct node *n)
{
	struct nhs_view v;

	assert_true(node_nhs(n, 0, &v));
	return v;
}

static void expect_bfd(const struct node *n, enum effect_type type, const char *local, const char *remote, const char *nbma)
{
	const struct ipaddr l = addr_of(local), r = addr_of(remote), at = addr_of(nbma);

	assert_int_equal(n->bfd.type, type);
	assert_true(ipaddr_eq(&n->bfd.bfd.local, &l));
	assert_true(ipaddr_eq(&n->bfd.bfd.remote, &r));
	assert_true(ipaddr_eq(&n->bfd.bfd.nbma.addr, &at));
	assert_int_equal(n->bfd.bfd.config.min_tx_ms, FAST_MS);
}

static void nhss_and_clients_are_watched(void **state)
{
	struct scene s = scene_laid_out();

	(void)state;
	s.spoke2->nhrp->no_unique = true;
	s = watching(s, 0);
	assert_int_equal(s.spoke1->bfd_said, 1);
	expect_bfd(s.spoke1, EFFECT_BFD_SET, "10.0.0.11", "10.0.0.1", "192.0.2.1");
	assert_int_equal(s.hub->bfd_said, 2);
	expect_bfd(s.hub, EFFECT_BFD_SET, "10.0.0.1", "10.0.0.12", "198.51.100.2");
	/* A registration that changes nothing says nothing; one from elsewhere moves the session. */
	rig_run(s.rig, 400);
	assert_int_equal(s.hub->bfd_said, 2);
	node_tunnel(s.spoke2, true, "198.51.100.77");
	rig_run(s.rig, 1);
	expect_bfd(s.hub, EFFECT_BFD_SET, "10.0.0.1", "10.0.0.12", "198.51.100.77");
	/* With its registration the session goes. */
	node_event(s.spoke2, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run(s.rig, 1);
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_DEL);
	rig_free(s.rig);
}

static void nothing_without_the_command(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	assert_int_equal(s.spoke1->bfd_said + s.hub->bfd_said, 0);
	rig_free(s.rig);
}

/* A tunnel that goes down asks for none, and for all again when it is back. */
static void tunnels_come_and_go(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);

	(void)state;
	node_tunnel(s.spoke1, false, "198.51.100.1");
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_DEL);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_SET);
	rig_free(s.rig);
}

static void another_interval_is_said(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);

	(void)state;
	s.spoke1->tunnel.bfd.min_tx_ms = 300;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_SET);
	assert_int_equal(s.spoke1->bfd.bfd.config.min_tx_ms, 300);
	s.spoke1->tunnel.bfd.multiplier = 0;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_int_equal(s.spoke1->bfd.type, EFFECT_BFD_DEL);
	/* A hub that is told to stop ends the sessions of all its clients. */
	s.hub->bfd_said = 0;
	s.hub->tunnel.bfd.multiplier = 0;
	reconfigure(s.hub);
	assert_int_equal(s.hub->bfd_said, 2);
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_DEL);
	assert_int_equal(s.hub->routing, ROUTING_UNWATCHED);
	rig_free(s.rig);
}

/* Nobody probes: a Down counts at once, and says why. */
static void a_down_alone(void **state)
{
	const struct scene s = watching(scene_two_hubs_laid_out(), 0);

	(void)state;
	hub_down_at_spoke(&s);
	assert_int_not_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	assert_string_equal(first_nhs(s.spoke1).reason, "path dead: BFD session down: control detection time expired");
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	rig_free(s.rig);
}

/* Who answers probes is not dead for a lost BFD session. */
static void a_down_of_a_living_hub(void **state)
{
	const struct scene s = watching(scene_two_hubs_laid_out(), 250);

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		hub_down_at_spoke(&s);
		assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
		assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
		rig_run_ms(s.rig, 30);
		assert_string_equal(first_nhs(s.spoke1).path, "ALIVE");
		say(s.spoke1, "10.0.0.1", "192.0.2.1", true);
		rig_run_ms(s.rig, 37);
		assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	}
	rig_free(s.rig);
}

/* One that does not: within the brief burst, wherever in the probes' own interval. */
static void a_down_of_a_dead_hub(void **state)
{
	(void)state;
	for (int64_t wait = 0; wait < 300; wait += 20) {
		const struct scene s = watching(scene_two_hubs_laid_out(), 250);

		rig_run_ms(s.rig, wait);
		node_stop_abruptly(s.hub);
		rig_run_ms(s.rig, 140);
		hub_down_at_spoke(&s);
		rig_run_ms(s.rig, SECOND_BEST_MS);
		assert_string_equal(first_nhs(s.spoke1).path, "DEAD");
		assert_int_not_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
		assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
		rig_free(s.rig);
	}
}

/* The burst begins when BFD is late, and is over when it is Down: nothing is lost by asking. */
static void a_down_that_was_seen_coming(void **state)
{
	(void)state;
	for (int64_t early = 0; early <= 400; early += 50) {
		const struct scene s = watching(scene_two_hubs_laid_out(), 10000);

		rig_run_ms(s.rig, 50);
		node_stop_abruptly(s.hub);
		rig_run_ms(s.rig, 100);
		hub_late_at_spoke(&s);
		assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
		rig_run_ms(s.rig, early);
		/* A burst that BFD has asked for in case is no proof, only an ordinary one after it. */
		assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
		assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
		hub_down_at_spoke(&s);
		rig_run_ms(s.rig, early < BRIEF_MS ? BRIEF_MS - early : 1);
		assert_string_equal(first_nhs(s.spoke1).path, "DEAD");
		assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
		rig_free(s.rig);
	}
}

/* A probe was missed before BFD was late: its burst hurries, too. */
static void a_miss_that_came_first(void **state)
{
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	const struct scene s = watching(scene_two_hubs_laid_out(), 10000);

	(void)state;
	rig_run_ms(s.rig, 300);
	node_stop_abruptly(s.hub);
	node_event(s.spoke1, &(struct event){ .type = EVENT_DOUBT, .quiet = { .nbma = hub } });
	assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
	hub_late_at_spoke(&s);
	rig_run_ms(s.rig, 50);
	assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
	hub_down_at_spoke(&s);
	rig_run_ms(s.rig, BRIEF_MS - 50);
	assert_string_equal(first_nhs(s.spoke1).path, "DEAD");
	rig_free(s.rig);
}

/* Late, and nothing more: the hub lives. One that is dead is found so without a Down, too. */
static void late_only(void **state)
{
	const struct scene s = watching(scene_two_hubs_laid_out(), 10000);

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		hub_late_at_spoke(&s);
		assert_string_equal(first_nhs(s.spoke1).path, "DOUBTED");
		rig_run_ms(s.rig, 20);
		assert_string_equal(first_nhs(s.spoke1).path, "ALIVE");
	}
	node_stop_abruptly(s.hub);
	hub_late_at_spoke(&s);
	rig_run_ms(s.rig, 600);
	assert_string_equal(first_nhs(s.spoke1).path, "DEAD");
	rig_free(s.rig);
}

/* One that never answered a probe is judged by BFD alone. */
static void a_down_of_a_hub_that_filters(void **state)
{
	struct scene s = scene_laid_out();

	(void)state;
	s.hub->filters_probes = true;
	s = watching(s, 250);
	assert_string_equal(first_nhs(s.spoke1).path, "UNTESTED");
	hub_down_at_spoke(&s);
	assert_int_not_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* A hub finds out about a dead client the same way; routing is told, and told again when it is back. */
static void a_dead_client(void **state)
{
	const struct ipaddr client = addr_of("10.0.0.11");
	const struct scene s = watching(scene_laid_out(), 250);

	(void)state;
	say(s.hub, "10.0.0.11", "198.51.100.1", false);
	rig_run_ms(s.rig, SECOND_BEST_MS);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1"); /* it answers */
	node_stop_abruptly(s.spoke1);
	say(s.hub, "10.0.0.11", "198.51.100.1", false);
	rig_run_ms(s.rig, 400); /* its round trip was never measured */
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_true(ipaddr_eq(&s.hub->routing_addr, &client) && s.hub->routing == ROUTING_DEAD);
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_DEL);
	node_start(s.spoke1);
	rig_run(s.rig, 5);
	assert_true(ipaddr_eq(&s.hub->routing_addr, &client) && s.hub->routing == ROUTING_ALIVE);
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_SET);
	rig_free(s.rig);
}

/* Without probes there is only BFD's word. */
static void a_dead_client_without_probes(void **state)
{
	const struct ipaddr client = addr_of("10.0.0.11");
	const struct scene s = watching(scene_laid_out(), 0);

	(void)state;
	s.hub->client_down[0] = '\0';
	say(s.hub, "10.0.0.11", "198.51.100.1", false);
	assert_non_null(strstr(s.hub->client_down, "path dead"));
	assert_true(ipaddr_eq(&s.hub->routing_addr, &client) && s.hub->routing == ROUTING_DEAD);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

/* What was learnt by a question is nobody's session. */
static void direct_peers_are_not_watched(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);
	const size_t before = s.spoke1->bfd_said;

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	assert_int_equal(s.spoke1->bfd_said, before);
	rig_free(s.rig);
}

/* Up again, it is asked within a moment instead of at the end of its step. */
static void an_up_of_a_dead_hub(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);

	(void)state;
	node_stop_abruptly(s.hub);
	hub_down_at_spoke(&s);
	assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_PROBE);
	rig_run(s.rig, 60);
	rig_skip(s.rig);
	while (rig_count(s.rig, "spoke1 --> hub") == 0)
		rig_run_ms(s.rig, 1);
	rig_run_ms(s.rig, 100); /* nothing comes by itself for three seconds now */
	node_start(s.hub);
	say(s.spoke1, "10.0.0.1", "192.0.2.1", true);
	rig_run_ms(s.rig, 1020);
	assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* Thousands of sessions that come up must not mean as many registrations more. */
static void an_up_asks_nothing_of_a_living_hub(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);
	const uint64_t before = first_nhs(s.spoke1).requests_sent;

	(void)state;
	say(s.spoke1, "10.0.0.1", "192.0.2.1", true);
	rig_run(s.rig, 1);
	assert_int_equal(first_nhs(s.spoke1).requests_sent, before);
	hub_down_at_spoke(&s);
	say(s.spoke1, "10.0.0.1", "192.0.2.1", true);
	rig_run(s.rig, 1);
	assert_int_not_equal(first_nhs(s.spoke1).requests_sent, before);
	assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

static void sessions_of_others_say_nothing(void **state)
{
	const struct scene s = watching(scene_laid_out(), 0);

	(void)state;
	say(s.spoke1, "10.0.0.1", "192.0.2.99", false);
	say(s.spoke1, "10.0.0.99", "192.0.2.1", false);
	say(s.spoke1, "fd00::1", "192.0.2.1", false);
	assert_int_equal(first_nhs(s.spoke1).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nhss_and_clients_are_watched),
		cmocka_unit_test(nothing_without_the_command),
		cmocka_unit_test(tunnels_come_and_go),
		cmocka_unit_test(another_interval_is_said),
		cmocka_unit_test(a_down_alone),
		cmocka_unit_test(a_down_of_a_living_hub),
		cmocka_unit_test(a_down_of_a_dead_hub),
		cmocka_unit_test(a_down_that_was_seen_coming),
		cmocka_unit_test(a_miss_that_came_first),
		cmocka_unit_test(late_only),
		cmocka_unit_test(a_down_of_a_hub_that_filters),
		cmocka_unit_test(a_dead_client),
		cmocka_unit_test(a_dead_client_without_probes),
		cmocka_unit_test(direct_peers_are_not_watched),
		cmocka_unit_test(an_up_of_a_dead_hub),
		cmocka_unit_test(an_up_asks_nothing_of_a_living_hub),
		cmocka_unit_test(sessions_of_others_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
