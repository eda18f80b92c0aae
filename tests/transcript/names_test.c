/*
 * NHSs that are known by a name: when it is looked up, what of its answers counts, which address is taken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/name.h"
#include "engine/state.h"
#include "engine/tunnel.h"
#include "scene.h"

static struct nhs_view view(const struct node *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n, index, &v));
	return v;
}

static void say_name(struct node *n, size_t count, const struct ipaddr *addrs)
{
	const struct event ev = { .type = EVENT_NAME, .name = { .name = "hub.example", .count = count, .addrs = addrs } };

	node_event(n, &ev);
}

static void name_is_resolved_again_and_again(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();
	const struct ipaddr first[] = { addr_of("192.0.2.1") }, second[] = { addr_of("192.0.2.2") };

	(void)state;
	s.spoke1->nhrp->nhs_count = 0;
	node_add_nhs(s.spoke1, "dynamic", "192.0.2.1");
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	assert_int_equal(s.spoke1->resolves, 1);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_DOWN);
	say_name(s.spoke1, 0, NULL);
	rig_run(s.rig, 5);
	assert_int_equal(s.spoke1->resolves, 2); /* does not resolve: again soon */
	say_name(s.spoke1, 1, first);
	rig_run(s.rig, 1);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	rig_run(s.rig, 301);
	assert_int_equal(s.spoke1->resolves, 3);
	/* the hub has moved to another address: old one purged, new one registered with */
	rig_skip(s.rig);
	say_name(s.spoke1, 1, second);
	rig_run(s.rig, 1);
	assert_true(rig_count(s.rig, "spoke1 --> hub: Purge Request 10.0.0.11/32") > 0);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	rig_free(s.rig);
}

/* One NHS, two addresses behind its name, the first of them dead. */
static void a_dead_address_gives_way_to_the_next(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr both[] = { addr_of("192.0.2.9"), addr_of("192.0.2.1") };

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 2, both);
	rig_run(s.rig, 5);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.9");
	rig_run(s.rig, 3); /* with its third miss it is left in that very step */
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	assert_false(node_has_peer(s.spoke1, "192.0.2.9"));
	/* another answer, and it stays where it is well */
	rig_skip(s.rig);
	say_name(s.spoke1, 3, (const struct ipaddr[]){ both[0], addr_of("192.0.2.8"), both[1] });
	rig_expect_nothing(s.rig);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	rig_free(s.rig);
}

/* What a name says counts as far as it can be an address of ours. */
static void not_every_answer_is_an_address(void **state)
{
	const struct scene s = scene_laid_out();
	struct ipaddr answers[20] = { addr_of("224.0.0.5"), addr_of("2001:db8::1"), addr_of("0.0.0.0"), addr_of("192.0.2.1") };

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 3, answers);
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->peer_count, 0);
	say_name(s.spoke1, 4, answers);
	rig_run(s.rig, 1);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	for (size_t i = 0; i < 20; i++) { /* more than there is room for */
		answers[i] = addr_of("203.0.113.1");
		answers[i].bytes[3] = (uint8_t)(1 + i);
	}
	say_name(s.spoke1, 20, answers);
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "203.0.113.1");
	rig_free(s.rig);
}

/* All of them dead: each has its try before any waits longer. */
static void every_address_is_tried(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr three[] = { addr_of("192.0.2.7"), addr_of("192.0.2.8"), addr_of("192.0.2.9") };
	static const char *const tried[] = { "192.0.2.8", "192.0.2.9", "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.7", "192.0.2.8" };
	static const int64_t most_ms[] = { 0, 1000, 1000, 1000, 2000, 2000, 2000 };
	char line[80];

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 3, three);
	while (view(s.spoke1, 0).reason[0] != 'n' || strcmp(view(s.spoke1, 0).reason, "no answer") != 0) {
		rig_skip(s.rig);
		rig_run_ms(s.rig, 1);
	}
	for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
		int64_t waited = 0;

		for (; rig_count(s.rig, "Registration") == 0; waited++)
			rig_run_ms(s.rig, 1);
		assert_in_range(waited, most_ms[i] * 3 / 4, most_ms[i]);
		snprintf(line, sizeof line, "spoke1 --> %s: Registration Request {unique, nat}", tried[i]);
		rig_expect(s.rig, line);
	}
	{ /* the first had three tries before it was given up, then two; of 7 each but the last has failed */
		const struct nhs_tallies *const t = view(s.spoke1, 0).tallies;
		static const uint64_t sent[] = { 5, 3, 2 }, failed[] = { 5, 2, 2 };

		assert_int_equal(t->count, 3);
		for (size_t i = 0; i < 3; i++) {
			assert_true(ipaddr_eq(&t->each[i].addr, &three[i]));
			assert_int_equal(t->each[i].sent, sent[i]);
			assert_int_equal(t->each[i].failed, failed[i]);
		}
		assert_int_equal(t->all.sent, 10);
		assert_int_equal(view(s.spoke1, 0).requests_failed, 9);
	}
	rig_free(s.rig);
}

/* The hub has moved, and its name with it, some time after it was found dead. */
static void a_moved_hub_is_found_by_its_name(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr before = addr_of("192.0.2.9"), after = addr_of("192.0.2.1");
	size_t asked;

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 1, &before);
	rig_run(s.rig, 100);
	say_name(s.spoke1, 1, &before);
	asked = s.spoke1->resolves;
	for (int64_t waited = 0; s.spoke1->resolves == asked; waited++) {
		assert_true(waited < 4000);
		rig_run_ms(s.rig, 1);
	}
	asked = s.spoke1->resolves; /* and not all the time */
	for (int i = 0; i < 300; i++) {
		say_name(s.spoke1, 1, &before);
		rig_run_ms(s.rig, 100);
	}
	assert_in_range(s.spoke1->resolves - asked, 7, 10);
	say_name(s.spoke1, 1, &after);
	rig_run_ms(s.rig, 20);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* `nhs dynamic` behind a name of several addresses: each of them is one. */
static void dynamic_nhss(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr addrs[] = { addr_of("192.0.2.1"), addr_of("192.0.2.8"), addr_of("192.0.2.9") };
	struct nhs_view v;

	(void)state;
	s.spoke1->nhrp->nhs_count = 0;
	node_add_nhs(s.spoke1, "dynamic", "192.0.2.1");
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = (char *)(uintptr_t)"hub.example" };
	scene_start(&s);
	node_event(s.spoke1, &(struct event){ .type = EVENT_NAME, .name = { .name = "hub.example", .count = 3, .addrs = addrs } });
	for (size_t i = 0; i < 3; i++) {
		assert_true(node_nhs(s.spoke1, i, &v));
		assert_true(ipaddr_eq(&v.nbma.addr, &addrs[i]));
	}
	assert_false(node_nhs(s.spoke1, 3, &v));
	rig_free(s.rig);
}

/* The hub has moved while our tunnel is down: it is registered with when that is up again. */
static void a_hub_moves_while_we_are_down(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr before = addr_of("192.0.2.9"), after = addr_of("192.0.2.1");

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 1, &before);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	rig_skip(s.rig);
	say_name(s.spoke1, 1, &after);
	assert_string_equal(view(s.spoke1, 0).reason, "tunnel down");
	rig_run(s.rig, 10);
	assert_int_equal(rig_count(s.rig, "spoke1"), 0);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run_ms(s.rig, 20);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* Of the addresses that it stands for one goes and another comes: what stays is not touched. */
static void dynamic_nhss_come_and_go(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();
	const struct ipaddr addrs[] = { addr_of("192.0.2.1"), addr_of("192.0.2.2"), addr_of("192.0.2.9") };

	(void)state;
	s.spoke1->nhrp->nhs_count = 0;
	node_add_nhs(s.spoke1, "dynamic", "192.0.2.1");
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 2, addrs);
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->relay_count, 2);
	rig_skip(s.rig);
	say_name(s.spoke1, 2, addrs + 1);
	rig_run_ms(s.rig, 100);
	rig_expect(s.rig, "spoke1 --> hub: Purge Request 10.0.0.11/32");
	rig_expect(s.rig, "spoke1 --> 192.0.2.9: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Purge Reply 10.0.0.11/32");
	rig_expect_nothing(s.rig);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "-");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.2"), "192.0.2.2");
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	rig_free(s.rig);
}

/* However often it is doubted, a name is not looked up more often than every three seconds. */
static void doubts_about_a_name_are_rationed(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr hub = addr_of("192.0.2.1");
	struct name *n;

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = "hub.example" };
	scene_start(&s);
	say_name(s.spoke1, 1, &hub);
	n = s.spoke1->engine->tunnels[0]->names;
	assert_int_equal(instant_since(n->timer.deadline, s.rig->now).us, span_s(300).us);
	name_doubted(s.spoke1->engine->tunnels[0], "hub.example");
	assert_int_equal(instant_since(n->timer.deadline, n->asked).us, span_s(3).us);
	name_doubted(s.spoke1->engine->tunnels[0], "nobody.example");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_is_resolved_again_and_again),
		cmocka_unit_test(a_dead_address_gives_way_to_the_next),
		cmocka_unit_test(not_every_answer_is_an_address),
		cmocka_unit_test(every_address_is_tried),
		cmocka_unit_test(a_moved_hub_is_found_by_its_name),
		cmocka_unit_test(dynamic_nhss),
		cmocka_unit_test(a_hub_moves_while_we_are_down),
		cmocka_unit_test(dynamic_nhss_come_and_go),
		cmocka_unit_test(doubts_about_a_name_are_rationed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
