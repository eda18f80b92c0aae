/*
 * Several NHSs: which of them are registered with, who takes over when one dies, how the
 * better one comes back, and that one which comes and goes is not run after.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/damping.h"
#include "engine/nhs_list.h"
#include "engine/state.h"
#include "harness.h"

enum { HUBS_MAX = 6 };

struct net {
	struct rig *rig;
	struct node *hubs[HUBS_MAX], *spoke;
};

static struct config_cluster one_each[] = { { 0, 1 }, { 1, 1 } };

/* Hubs 10.0.0.1 … at 192.0.2.1 …, priorities 1, 2 …, one connection. Nothing runs yet. */
static struct net net_laid_out(size_t hubs)
{
	static const char *const names[HUBS_MAX] = { "a", "b", "c", "d", "e", "f" };
	static const char *const nbmas[HUBS_MAX] = { "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.6" };
	static const char *const addrs[HUBS_MAX] = { "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6" };
	static const char *const nets[HUBS_MAX] = { "10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24", "10.0.0.4/24", "10.0.0.5/24", "10.0.0.6/24" };
	struct net n = { .rig = rig_new() };

	for (size_t i = 0; i < hubs; i++)
		n.hubs[i] = node_new(n.rig, names[i], nbmas[i], nets[i]);
	n.spoke = node_new(n.rig, "spoke", "198.51.100.1", "10.0.0.11/24");
	for (size_t i = 0; i < hubs; i++) {
		node_add_nhs(n.spoke, addrs[i], nbmas[i]);
		n.spoke->nhs4[i].priority = (uint8_t)(i + 1);
		n.spoke->nhs4[i].multicast = true;
	}
	n.spoke->nhrp->clusters = one_each;
	n.spoke->nhrp->cluster_count = 2;
	return n;
}

static void net_start(const struct net *n)
{
	for (size_t i = 0; i < HUBS_MAX && n->hubs[i]; i++)
		node_start(n->hubs[i]);
	node_start(n->spoke);
	rig_run_ms(n->rig, 20);
}

static struct net net_up(size_t hubs)
{
	const struct net n = net_laid_out(hubs);

	net_start(&n);
	rig_skip(n.rig);
	return n;
}

static struct nhs_view view(const struct net *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n->spoke, index, &v));
	return v;
}

/* "UP PROBE DOWN": what `show nhs` says, in the order of the configuration. */
static const char *shown(const struct net *n)
{
	static const char *const words[] = { "DOWN", "PROBE", "UP" };
	static char text[80];
	struct nhs_view v;

	text[0] = '\0';
	for (size_t i = 0; node_nhs(n->spoke, i, &v); i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, words[v.status]);
	}
	return text;
}

static struct nhs *nhs_at(const struct net *n, size_t index)
{
	return overlay_first(n->spoke->engine)->nhs[index];
}

/* What the prober says; the engine handles all of it as one event. */
static void path(const struct net *n, size_t hub, enum nhs_event event)
{
	nhs_step(nhs_at(n, hub), event);
	node_event(n->spoke, &(struct event){ .type = EVENT_TICK });
}

static void die(const struct net *n, size_t hub)
{
	node_stop_abruptly(n->hubs[hub]);
	path(n, hub, NHS_EVENT_PATH_LOST);
}

/* Back, and the prober sees it. Until it is registered with again: at most 1 s. */
static void come_back(const struct net *n, size_t hub)
{
	node_start(n->hubs[hub]);
	path(n, hub, NHS_EVENT_PATH_BACK);
	rig_run_ms(n->rig, 1010);
}

static bool lose_purges(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	return m->type == NHRP_PURGE_REQUEST;
}

static void only_as_many_as_wanted(void **state)
{
	const struct net n = net_laid_out(3);

	(void)state;
	net_start(&n);
	rig_expect(n.rig, "spoke --> a: Registration Request {unique, nat}");
	rig_expect(n.rig, "a --> spoke: Registration Reply {unique, nat} code 0");
	rig_expect_nothing(n.rig);
	assert_string_equal(shown(&n), "UP DOWN DOWN");
	assert_non_null(strstr(view(&n, 1).reason, "standby"));
	assert_true(view(&n, 1).standby);
	/* The peer is there, so that its IPsec session is; routing does not speak with it. */
	assert_true(node_has_peer(n.spoke, "192.0.2.2"));
	assert_true(node_has_multicast(n.spoke, "192.0.2.1"));
	assert_false(node_has_multicast(n.spoke, "192.0.2.2"));
	assert_int_equal(n.spoke->relay_count, 1);
	rig_run(n.rig, 400);
	assert_int_equal(rig_count(n.rig, "spoke --> b"), 0);
	rig_free(n.rig);
}

static void all_of_them_without_a_limit(void **state)
{
	const struct net n = net_laid_out(3);

	(void)state;
	n.spoke->nhrp->cluster_count = 0;
	net_start(&n);
	assert_string_equal(shown(&n), "UP UP UP");
	die(&n, 0);
	assert_string_equal(shown(&n), "PROBE UP UP");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
	rig_free(n.rig);
}

/* In the step in which the path is known to be dead. */
static void the_next_is_taken_at_once(void **state)
{
	const struct net n = net_up(3);

	(void)state;
	die(&n, 0);
	assert_int_equal(n.spoke->silences, 1); /* what carries packets there is looked at, too */
	rig_expect(n.rig, "spoke --> a: Registration Request {unique, nat}"); /* lest the probes were wrong */
	rig_expect(n.rig, "spoke --> b: Registration Request {unique, nat}");
	rig_expect_nothing(n.rig);
	assert_string_equal(view(&n, 0).reason, "path dead");
	rig_run_ms(n.rig, 10);
	assert_string_equal(shown(&n), "PROBE UP DOWN");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
	assert_true(node_has_multicast(n.spoke, "192.0.2.2"));
	rig_free(n.rig);
}

static void what_the_probes_say_is_confirmed(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	path(&n, 0, NHS_EVENT_PATH_LOST); /* probes are filtered; NHRP is not */
	assert_string_equal(shown(&n), "PROBE PROBE");
	rig_run_ms(n.rig, 30);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_int_equal(rig_count(n.rig, "spoke --> b: Purge Request"), 1);
	rig_free(n.rig);
}

static void the_better_one_comes_back(void **state)
{
	const struct net n = net_up(3);

	(void)state;
	die(&n, 0);
	rig_run(n.rig, 30);
	rig_skip(n.rig);
	come_back(&n, 0);
	/* make before break */
	rig_expect(n.rig, "spoke --> a: Registration Request {unique, nat}");
	rig_expect(n.rig, "a --> spoke: Registration Reply {unique, nat} code 0");
	rig_expect(n.rig, "spoke --> b: Purge Request 10.0.0.11/32");
	rig_expect(n.rig, "b --> spoke: Purge Reply 10.0.0.11/32");
	rig_expect_nothing(n.rig);
	assert_string_equal(shown(&n), "UP DOWN DOWN");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	assert_int_equal(n.spoke->relay_count, 1);
	assert_string_equal(node_neighbour_nbma(n.hubs[1], "10.0.0.11"), "-");
	rig_free(n.rig);
}

/* Nobody probes: the light requests find it, within 5 s whenever it comes. */
static void a_dead_one_is_asked_every_4_s(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	die(&n, 0);
	rig_run(n.rig, 601);
	assert_true(view(&n, 0).retry_interval.us <= span_s(4).us);
	assert_false(view(&n, 0).over_budget);
	node_start(n.hubs[0]);
	rig_run_ms(n.rig, 4010);
	assert_string_equal(shown(&n), "UP DOWN");
	rig_free(n.rig);
}

static bool routing_told(const struct net *n, const char *addr, bool up)
{
	const struct ipaddr a = addr_of(addr);

	return ipaddr_eq(&n->spoke->routing_addr, &a) && n->spoke->routing == (int)(up ? ROUTING_ALIVE : ROUTING_DEAD);
}

static void fallback_time(void **state)
{
	const struct net n = net_laid_out(2);

	(void)state;
	n.spoke->nhrp->nhs_fallback_s = 10;
	net_start(&n);
	assert_true(routing_told(&n, "10.0.0.1", true));
	assert_true(view(&n, 0).held_back.us == 0); /* it has not been away */
	die(&n, 0);
	rig_run(n.rig, 20);
	come_back(&n, 0);
	assert_string_equal(shown(&n), "UP UP");
	assert_true(view(&n, 0).held_back.us > span_s(8).us);
	assert_int_equal(n.spoke->relay_count, 2);
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
	rig_run(n.rig, 8);
	assert_string_equal(shown(&n), "UP UP");
	assert_true(routing_told(&n, "10.0.0.1", true)); /* routing may begin with it */
	rig_run(n.rig, 2);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	assert_true(routing_told(&n, "10.0.0.2", false)); /* released: it leads nowhere any more */
	rig_free(n.rig);
}

static void nothing_is_held_back_at_the_start(void **state)
{
	const struct net n = net_laid_out(3);

	(void)state;
	n.spoke->nhrp->nhs_fallback_s = 10;
	n.spoke->nhrp->cluster_count = 0;
	net_start(&n);
	for (size_t i = 0; i < 3; i++)
		assert_true(view(&n, i).held_back.us == 0);
	rig_free(n.rig);
}

/* Without a fallback time, but routing has yet to come about by the better one. */
static void routing_is_given_time(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	die(&n, 0);
	rig_run_ms(n.rig, 20);
	node_route(n.spoke, "192.168.0.0/16", "10.0.0.2", true);
	come_back(&n, 0);
	assert_string_equal(shown(&n), "UP UP");
	assert_true(routing_told(&n, "10.0.0.1", true));
	rig_run(n.rig, 8);
	assert_string_equal(shown(&n), "UP UP");
	rig_run(n.rig, 3);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_true(routing_told(&n, "10.0.0.2", false));
	rig_free(n.rig);
}

/* Routing forms its adjacency with one that comes and goes, whatever we say, and has to hear of its next death. */
static void routing_is_told_of_the_damped(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	for (int i = 0; i < 4; i++) {
		die(&n, 0);
		assert_true(routing_told(&n, "10.0.0.1", false));
		rig_run(n.rig, 2);
		n.spoke->routing_addr = IPADDR_NONE;
		come_back(&n, 0);
		assert_string_equal(shown(&n), i == 0 ? "UP DOWN" : "UP UP");
		if (i > 0)
			assert_true(routing_told(&n, "10.0.0.1", true));
	}
	assert_true(view(&n, 0).held_back.us > 0);
	rig_run(n.rig, 60);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_true(routing_told(&n, "10.0.0.2", false));
	rig_free(n.rig);
}

/* The other one dies meanwhile: nothing is held back in favour of nobody. */
static void fallback_time_ends_with_the_other(void **state)
{
	const struct net n = net_laid_out(2);

	(void)state;
	n.spoke->nhrp->nhs_fallback_s = 60;
	net_start(&n);
	die(&n, 0);
	rig_run(n.rig, 20);
	come_back(&n, 0);
	die(&n, 1);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_true(view(&n, 0).held_back.us == 0);
	assert_true(routing_told(&n, "10.0.0.2", false));
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	rig_free(n.rig);
}

/* Cisco's table for a network without clusters: 3 connections, A1 B1 C1 before A2 B2 C2. */
static void clusterless(void **state)
{
	struct net n = net_laid_out(6);
	static struct config_cluster three[] = { { 0, 3 } };

	(void)state;
	n.spoke->nhrp->clusters = three;
	n.spoke->nhrp->cluster_count = 1;
	for (size_t i = 0; i < 6; i++)
		n.spoke->nhs4[i].priority = i < 3 ? 1 : 2;
	net_start(&n);
	assert_string_equal(shown(&n), "UP UP UP DOWN DOWN DOWN");
	die(&n, 1);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "UP PROBE UP UP DOWN DOWN");
	rig_run(n.rig, 60);
	assert_string_equal(shown(&n), "UP PROBE UP UP DOWN DOWN");
	come_back(&n, 1);
	assert_string_equal(shown(&n), "UP UP UP DOWN DOWN DOWN");
	rig_free(n.rig);
}

/* The same with one cluster per data centre: the other centre is not touched. */
static void clustered(void **state)
{
	const struct net n = net_laid_out(4);

	(void)state;
	n.spoke->nhs4[2].cluster = n.spoke->nhs4[3].cluster = 1;
	net_start(&n);
	assert_string_equal(shown(&n), "UP DOWN UP DOWN");
	die(&n, 2);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "UP DOWN PROBE UP");
	rig_free(n.rig);
}

/* Of several that are better than the connected one only the best is probed. */
static void only_the_best_is_probed(void **state)
{
	const struct net n = net_up(4);

	(void)state;
	die(&n, 0);
	rig_run_ms(n.rig, 20);
	die(&n, 1);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "PROBE DOWN UP DOWN");
	rig_run(n.rig, 30);
	assert_string_equal(shown(&n), "PROBE DOWN UP DOWN");
	rig_free(n.rig);
}

/* It answers, and the time until the worse one is released runs: b would not be needed then. */
static void nobody_is_probed_who_would_not_be_needed(void **state)
{
	const struct net n = net_laid_out(4);

	(void)state;
	n.spoke->nhrp->nhs_fallback_s = 30;
	net_start(&n);
	die(&n, 0);
	rig_run_ms(n.rig, 20);
	die(&n, 1);
	rig_run_ms(n.rig, 20);
	come_back(&n, 0);
	assert_string_equal(shown(&n), "UP DOWN UP DOWN");
	rig_free(n.rig);
}

static void equals_are_not_changed_back(void **state)
{
	const struct net n = net_laid_out(2);

	(void)state;
	n.spoke->nhs4[1].priority = n.spoke->nhs4[0].priority;
	net_start(&n);
	assert_string_equal(shown(&n), "UP DOWN");
	die(&n, 0);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "DOWN UP");
	node_start(n.hubs[0]);
	path(&n, 0, NHS_EVENT_PATH_BACK);
	rig_run(n.rig, 60);
	assert_string_equal(shown(&n), "DOWN UP");
	rig_free(n.rig);
}

/* The standby is dead too, and nobody knew: one step of the ladder, then the one behind it. */
static void a_dead_standby_does_not_hold_it_up(void **state)
{
	const struct net n = net_up(4);

	(void)state;
	node_stop_abruptly(n.hubs[1]);
	die(&n, 0);
	rig_run_ms(n.rig, 740);
	assert_string_equal(shown(&n), "PROBE PROBE DOWN DOWN");
	rig_run_ms(n.rig, 300);
	assert_string_equal(shown(&n), "PROBE DOWN UP DOWN");
	rig_free(n.rig);
}

/* Had somebody said so, it would not even have taken that. */
static void a_standby_known_to_be_dead_is_not_counted_on(void **state)
{
	const struct net n = net_up(4);

	(void)state;
	die(&n, 1);
	rig_skip(n.rig);
	die(&n, 0);
	rig_expect(n.rig, "spoke --> a: Registration Request {unique, nat}");
	rig_expect(n.rig, "spoke --> b: Registration Request {unique, nat}");
	rig_expect(n.rig, "spoke --> c: Registration Request {unique, nat}");
	rig_expect_nothing(n.rig);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "PROBE DOWN UP DOWN");
	rig_free(n.rig);
}

/* It was dead, and was heard of since: by its own message, by probes, by being UP. */
static void a_standby_that_lives_again_is_counted_on(void **state)
{
	const enum nhs_event signs[] = { NHS_EVENT_HEARD, NHS_EVENT_PATH_BACK };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct net n = net_up(3);

		path(&n, 1, NHS_EVENT_PATH_LOST);
		path(&n, 1, signs[i]);
		die(&n, 0);
		assert_int_equal(rig_count(n.rig, "Registration Request"), 2);
		assert_string_equal(shown(&n), "PROBE PROBE DOWN");
		rig_free(n.rig);
	}
}

static void a_standby_that_was_up_since_is_counted_on(void **state)
{
	const struct net n = net_up(3);

	(void)state;
	node_stop_abruptly(n.hubs[2]);
	die(&n, 1);
	die(&n, 0);
	rig_run(n.rig, 10);
	assert_string_equal(shown(&n), "PROBE PROBE PROBE");
	come_back(&n, 1);
	rig_run(n.rig, 1);
	n.rig->lose = lose_purges; /* an answer to the farewell would be a sign of life, too */
	come_back(&n, 0);
	assert_string_equal(shown(&n), "UP DOWN DOWN");
	die(&n, 0);
	assert_string_equal(shown(&n), "PROBE PROBE DOWN");
	rig_free(n.rig);
}

static void all_are_asked_when_all_are_dead(void **state)
{
	const struct net n = net_up(3);

	(void)state;
	for (size_t i = 0; i < 3; i++)
		node_stop_abruptly(n.hubs[i]);
	path(&n, 0, NHS_EVENT_PATH_LOST);
	rig_run(n.rig, 600);
	assert_string_equal(shown(&n), "PROBE PROBE PROBE");
	assert_int_equal(n.spoke->relay_count, 0);
	node_start(n.hubs[2]);
	rig_run_ms(n.rig, 4010);
	assert_string_equal(shown(&n), "PROBE DOWN UP");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.3");
	rig_free(n.rig);
}

static void one_that_refuses_is_replaced(void **state)
{
	const struct net n = net_up(2);
	size_t asked;

	(void)state;
	node_stop_abruptly(n.hubs[0]);
	nhs_step(nhs_at(&n, 0), NHS_EVENT_READY);
	nhs_refused(nhs_at(&n, 0), "insufficient resources");
	node_event(n.spoke, &(struct event){ .type = EVENT_TICK });
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "PROBE UP");
	assert_string_equal(view(&n, 0).reason, "refused: insufficient resources");
	/* It goes silent, and that is told instead. */
	rig_run(n.rig, 40);
	assert_string_equal(view(&n, 0).reason, "no answer");
	rig_skip(n.rig);
	rig_run(n.rig, 100);
	asked = rig_count(n.rig, "spoke --> a: Registration Request");
	assert_in_range(asked, 24, 35);
	rig_free(n.rig);
}

/* One that lives and says no is left in peace, more than one that is dead. */
static void refusals_slow_us_down(void **state)
{
	const struct net n = net_laid_out(1);
	size_t asked;

	(void)state;
	net_start(&n);
	rig_skip(n.rig);
	nhs_step(nhs_at(&n, 0), NHS_EVENT_READY);
	node_stop_abruptly(n.hubs[0]);
	for (int i = 0; i < 200; i++) {
		nhs_refused(nhs_at(&n, 0), "insufficient resources");
		rig_run(n.rig, 1);
	}
	asked = rig_count(n.rig, "spoke --> a: Registration Request");
	assert_in_range(asked, 13, 20);
	rig_free(n.rig);
}

static void a_lost_farewell_is_repeated(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	die(&n, 0);
	rig_run(n.rig, 5);
	rig_skip(n.rig);
	n.rig->lose = lose_purges;
	come_back(&n, 0);
	rig_run(n.rig, 5);
	assert_int_equal(rig_count(n.rig, "spoke --> b: Purge Request"), 3);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_int_equal(nhs_at(&n, 1)->state, NHS_STANDBY);
	rig_free(n.rig);
}

/* It dies in the very moment in which the standby is being told good-bye. */
static void released_and_needed_again(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	die(&n, 0);
	rig_run(n.rig, 5);
	n.rig->lose = lose_purges;
	node_start(n.hubs[0]);
	path(&n, 0, NHS_EVENT_PATH_BACK);
	while (nhs_at(&n, 1)->state != NHS_RELEASING)
		rig_run_ms(n.rig, 1);
	n.rig->lose = NULL;
	die(&n, 0);
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "PROBE UP");
	assert_string_equal(node_neighbour_nbma(n.hubs[1], "10.0.0.11"), "198.51.100.1");
	rig_free(n.rig);
}

static void leaving_while_one_is_released(void **state)
{
	const struct net n = net_up(2);

	(void)state;
	die(&n, 0);
	rig_run(n.rig, 5);
	n.rig->lose = lose_purges;
	node_start(n.hubs[0]);
	path(&n, 0, NHS_EVENT_PATH_BACK);
	while (nhs_at(&n, 1)->state != NHS_RELEASING)
		rig_run_ms(n.rig, 1);
	n.rig->lose = NULL;
	rig_skip(n.rig);
	node_event(n.spoke, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run_ms(n.rig, 20);
	assert_int_equal(rig_count(n.rig, "spoke --> b: Purge Request"), 1);
	assert_int_equal(rig_count(n.rig, "b --> spoke: Purge Reply"), 1);
	assert_true(n.spoke->done);
	rig_free(n.rig);
}

/* One that refuses us begins its session anew: perhaps with another mind. */
static void reachable_one_that_refused_is_asked(void **state)
{
	const struct net n = net_up(1);
	const struct event ev = { .type = EVENT_REACHABLE, .reachable = { .nbma = { addr_of("192.0.2.1"), 0, 0 } } };

	(void)state;
	node_stop_abruptly(n.hubs[0]);
	nhs_step(nhs_at(&n, 0), NHS_EVENT_READY);
	nhs_refused(nhs_at(&n, 0), "administratively prohibited");
	rig_run_ms(n.rig, 20);
	node_event(n.spoke, &(struct event){ .type = EVENT_TICK });
	rig_skip(n.rig);
	node_event(n.spoke, &ev);
	assert_int_equal(rig_count(n.rig, "Registration Request"), 1);
	rig_free(n.rig);
}

static void standby_cold(void **state)
{
	const struct net n = net_laid_out(2);

	(void)state;
	n.spoke->nhrp->nhs_standby_cold = true;
	net_start(&n);
	assert_false(node_has_peer(n.spoke, "192.0.2.2"));
	assert_string_equal(node_neighbour_nbma(n.spoke, "10.0.0.2"), "-");
	die(&n, 0);
	assert_true(node_has_peer(n.spoke, "192.0.2.2"));
	rig_run_ms(n.rig, 20);
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
	come_back(&n, 0);
	rig_run(n.rig, 1);
	assert_false(node_has_peer(n.spoke, "192.0.2.2"));
	rig_free(n.rig);
}

static void the_limit_is_changed(void **state)
{
	const struct net n = net_laid_out(3);

	(void)state;
	n.spoke->nhrp->cluster_count = 0;
	net_start(&n);
	rig_skip(n.rig);
	n.spoke->nhrp->cluster_count = 1;
	engine_reconfigure(n.spoke->engine, n.rig->now, &n.spoke->config);
	node_event(n.spoke, &(struct event){ .type = EVENT_TICK });
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "UP DOWN DOWN");
	assert_int_equal(rig_count(n.rig, "Purge Reply"), 2);
	n.spoke->nhrp->cluster_count = 0;
	engine_reconfigure(n.spoke->engine, n.rig->now, &n.spoke->config);
	node_event(n.spoke, &(struct event){ .type = EVENT_TICK });
	rig_run_ms(n.rig, 20);
	assert_string_equal(shown(&n), "UP UP UP");
	rig_free(n.rig);
}

static void a_router_does_not_register_with_itself(void **state)
{
	const struct net n = net_laid_out(2);
	struct nhs_view v;

	(void)state;
	node_add_nhs(n.spoke, "10.0.0.11", "198.51.100.1");
	n.spoke->tunnel.if_state_nhrp = true;
	net_start(&n);
	assert_false(node_nhs(n.spoke, 2, &v));
	assert_string_equal(shown(&n), "UP DOWN");
	rig_free(n.rig);
}

/* ---- coming and going */

static void damping_grows_and_decays(void **state)
{
	struct damping d = { 0 };
	struct instant now = { 5000000 };
	int64_t last = 0;

	(void)state;
	damping_flap(&d, now);
	assert_int_equal(damping_wait(&d, now).us, 0); /* a reboot is not a flap */
	for (int i = 0; i < 5; i++) {
		now = instant_add(now, span_s(5));
		damping_flap(&d, now);
		assert_true(damping_wait(&d, now).us > last);
		last = damping_wait(&d, now).us;
	}
	for (int i = 0; i < 50; i++)
		damping_flap(&d, now);
	assert_int_equal(damping_wait(&d, now).us, span_s(60).us);
	last = span_s(60).us;
	for (int i = 0; i < 30; i++) {
		now = instant_add(now, span_s(10));
		assert_true(damping_wait(&d, now).us <= last);
		last = damping_wait(&d, now).us;
	}
	assert_int_equal(last, 0);
	assert_int_equal(damping_wait(&d, instant_add(now, span_s(100000000))).us, 0);
}

/* Of two goings the second costs the less the later it comes, and two minutes later hardly anything. */
static void damping_of_two(void **state)
{
	static const struct { int64_t apart_s, wait_ms; } two[] = { { 0, 10000 }, { 60, 7500 }, { 120, 5000 }, { 121, 0 } };

	(void)state;
	for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
		const struct instant first = { 5000000 }, second = instant_add(first, span_s(two[i].apart_s));
		struct damping d = { 0 };

		damping_flap(&d, first);
		damping_flap(&d, second);
		assert_int_equal(damping_wait(&d, second).us, span_ms(two[i].wait_ms).us);
	}
}

/* Traffic leans on b all the time from the second return on; nothing is late when b dies. */
static void one_that_comes_and_goes_is_not_run_after(void **state)
{
	const struct net n = net_laid_out(2);
	size_t moved = 0;

	(void)state;
	n.spoke->nhrp->cluster_count = 0;
	net_start(&n);
	for (int i = 0; i < 20; i++) {
		die(&n, 0);
		assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
		rig_run(n.rig, 2);
		come_back(&n, 0);
		assert_string_equal(shown(&n), "UP UP");
		moved += strcmp(node_relay_nbma(n.spoke, 0), "192.0.2.1") == 0;
		assert_int_equal(n.spoke->relay_count, 2);
	}
	assert_int_equal(moved, 1);
	assert_in_range(view(&n, 0).held_back.us, span_s(50).us, span_s(60).us);
	die(&n, 1);
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	come_back(&n, 1); /* a is trusted now, since there was nobody else */
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	rig_free(n.rig);
}

/* The time is bounded, and it is served by staying. */
static void who_stays_is_trusted_again(void **state)
{
	const struct net n = net_laid_out(2);

	(void)state;
	net_start(&n);
	for (int i = 0; i < 10; i++) {
		die(&n, 0);
		rig_run(n.rig, 2);
		come_back(&n, 0);
	}
	assert_string_equal(shown(&n), "UP UP");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.2");
	rig_run(n.rig, 60);
	assert_string_equal(shown(&n), "UP DOWN");
	assert_string_equal(node_relay_nbma(n.spoke, 0), "192.0.2.1");
	rig_free(n.rig);
}

/* ---- returning */

/* All clients of a hub see its return in the same moment; they do not all ask in that moment. */
static void returns_are_spread(void **state)
{
	int64_t first = INT64_MAX, last = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		const struct net n = net_laid_out(1);
		int64_t waited = 0;

		n.spoke->options.seed = seed;
		net_start(&n);
		die(&n, 0);
		rig_run(n.rig, 60);
		node_start(n.hubs[0]);
		path(&n, 0, NHS_EVENT_PATH_BACK);
		for (; view(&n, 0).status != NHS_VIEW_UP; waited++)
			rig_run_ms(n.rig, 1);
		first = waited < first ? waited : first;
		last = waited > last ? waited : last;
		assert_true(waited <= 1011);
		rig_free(n.rig);
	}
	assert_true(last - first > 500);
}

/* Away for a moment only: hardly anybody has seen it, and traffic waits. */
static void short_breaks_are_not_waited_for(void **state)
{
	const struct net n = net_laid_out(1);

	(void)state;
	net_start(&n);
	die(&n, 0);
	rig_run_ms(n.rig, 400);
	node_start(n.hubs[0]);
	path(&n, 0, NHS_EVENT_PATH_BACK);
	rig_run_ms(n.rig, 61);
	assert_string_equal(shown(&n), "UP");
	rig_free(n.rig);
}

/* Very many are dead: the budget governs, and it is said. */
static void the_budget_of_light_requests_holds(void **state)
{
	static struct config_nhs many[280];
	const struct net n = net_laid_out(0);
	size_t over = 0, sent;
	struct nhs_view v;

	(void)state;
	for (size_t i = 0; i < 280; i++) {
		const uint8_t addr[4] = { 10, 1, (uint8_t)(i >> 8), (uint8_t)i }, nbma[4] = { 203, 0, (uint8_t)(i >> 8), (uint8_t)(i | 1) };

		many[i] = (struct config_nhs){ .addr = ipaddr_from_bytes(IP_V4, addr), .nbma.addr = ipaddr_from_bytes(IP_V4, nbma) };
	}
	n.spoke->nhrp->nhs = many;
	n.spoke->nhrp->nhs_count = 280;
	n.spoke->nhrp->cluster_count = 0;
	node_start(n.spoke);
	rig_run_ms(n.rig, 100);
	for (size_t i = 0; i < 280 && node_nhs(n.spoke, i, &v); i++)
		assert_false(v.over_budget); /* the ladder itself costs nothing */
	for (int i = 0; i < 80; i++) { /* the log of the rig is finite */
		rig_run(n.rig, 1);
		n.rig->log_count = n.rig->log_read = 0;
	}
	for (sent = 0; sent < 280 && node_nhs(n.spoke, sent, &v); sent++)
		over += v.over_budget;
	assert_int_equal(sent, 280);
	assert_in_range(over, 60, 200);
	sent = 0;
	for (int i = 0; i < 32; i++) {
		n.rig->log_count = n.rig->log_read = 0;
		rig_run(n.rig, 1);
		sent += rig_count(n.rig, "Registration Request");
	}
	assert_in_range(sent / 32, 40, 60);
	rig_free(n.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_as_many_as_wanted),
		cmocka_unit_test(all_of_them_without_a_limit),
		cmocka_unit_test(the_next_is_taken_at_once),
		cmocka_unit_test(what_the_probes_say_is_confirmed),
		cmocka_unit_test(the_better_one_comes_back),
		cmocka_unit_test(a_dead_one_is_asked_every_4_s),
		cmocka_unit_test(fallback_time),
		cmocka_unit_test(routing_is_given_time),
		cmocka_unit_test(routing_is_told_of_the_damped),
		cmocka_unit_test(nothing_is_held_back_at_the_start),
		cmocka_unit_test(fallback_time_ends_with_the_other),
		cmocka_unit_test(clusterless),
		cmocka_unit_test(clustered),
		cmocka_unit_test(only_the_best_is_probed),
		cmocka_unit_test(nobody_is_probed_who_would_not_be_needed),
		cmocka_unit_test(equals_are_not_changed_back),
		cmocka_unit_test(a_dead_standby_does_not_hold_it_up),
		cmocka_unit_test(a_standby_known_to_be_dead_is_not_counted_on),
		cmocka_unit_test(a_standby_that_lives_again_is_counted_on),
		cmocka_unit_test(a_standby_that_was_up_since_is_counted_on),
		cmocka_unit_test(all_are_asked_when_all_are_dead),
		cmocka_unit_test(one_that_refuses_is_replaced),
		cmocka_unit_test(refusals_slow_us_down),
		cmocka_unit_test(a_lost_farewell_is_repeated),
		cmocka_unit_test(released_and_needed_again),
		cmocka_unit_test(leaving_while_one_is_released),
		cmocka_unit_test(reachable_one_that_refused_is_asked),
		cmocka_unit_test(standby_cold),
		cmocka_unit_test(the_limit_is_changed),
		cmocka_unit_test(a_router_does_not_register_with_itself),
		cmocka_unit_test(damping_grows_and_decays), cmocka_unit_test(damping_of_two),
		cmocka_unit_test(one_that_comes_and_goes_is_not_run_after),
		cmocka_unit_test(who_stays_is_trusted_again),
		cmocka_unit_test(returns_are_spread),
		cmocka_unit_test(short_breaks_are_not_waited_for),
	};
	const struct CMUnitTest in_ipv4[] = {
		cmocka_unit_test(the_budget_of_light_requests_holds),
	};

	return cmocka_run_group_tests(in_ipv4, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
