/*
 * Paths and the probes that verify them: a dead hub is found dead and found again, one that
 * filters probes is not judged by them, a direct path that dies alone gives its traffic back
 * to the hub; and the table of the state machine, every pair of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/nhs.h"
#include "engine/path_act.h"
#include "engine/state.h"
#include "engine/tunnel.h"
#include "scene.h"

static struct nhs_view view(const struct node *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n, index, &v));
	return v;
}

static struct scene probing(struct scene s)
{
	s.spoke1->nhrp->probe_interval_ms = s.spoke2->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	return s;
}

static struct path *path_to(const struct node *n, const char *nbma)
{
	const struct endpoint at = { .addr = addr_of(nbma) };

	return path_find(n->engine->tunnels[0], &at);
}

/* Milliseconds until the NHS is in that status. */
static int64_t time_until(const struct scene *s, size_t nhs, enum nhs_status status)
{
	int64_t ms = 0;

	for (; view(s->spoke1, nhs).status != status; ms++) {
		assert_true(ms < 60000);
		rig_run_ms(s->rig, 1);
	}
	return ms;
}

static void a_dead_hub_is_found_dead(void **state)
{
	(void)state;
	for (int64_t wait = 0; wait < 300; wait += 50) { /* wherever in the interval it dies */
		const struct scene s = probing(scene_two_hubs_laid_out());
		int64_t ms;

		rig_run_ms(s.rig, 5000 + wait);
		assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
		assert_int_equal(view(s.spoke1, 0).path_rtt.us, 10000);
		node_stop_abruptly(s.hub);
		ms = time_until(&s, 0, NHS_VIEW_PROBE);
		assert_in_range(ms, 400, 740);
		assert_string_equal(view(s.spoke1, 0).reason, "path dead: no probe is answered");
		assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
		assert_int_equal(view(s.spoke1, 1).status, NHS_VIEW_UP);
		rig_free(s.rig);
	}
}

static void a_hub_that_is_back_is_found_at_once(void **state)
{
	const struct scene s = probing(scene_two_hubs_laid_out());

	(void)state;
	rig_run(s.rig, 5);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 1000); /* the registration's ladder is at its longest step */
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_PROBE);
	s.spoke1->probes = 0;
	rig_run(s.rig, 20);
	assert_in_range(s.spoke1->probes, 85, 95); /* 80 to hub 2, who lives, and one in 2 s */
	node_start(s.hub);
	assert_in_range(time_until(&s, 0, NHS_VIEW_UP), 0, 2500);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

/* The same for one that was not there when the spoke started. */
static void a_hub_that_starts_late_is_found(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	node_start(s.spoke1);
	rig_run(s.rig, 500);
	node_start(s.hub);
	assert_in_range(time_until(&s, 0, NHS_VIEW_UP), 0, 2500);
	rig_free(s.rig);
}

static void who_filters_probes_is_judged_by_nhrp(void **state)
{
	struct scene s = scene_laid_out();

	(void)state;
	s.hub->filters_probes = true;
	s = probing(s);
	rig_run(s.rig, 3000);
	assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(view(s.spoke1, 0).path, "UNTESTED");
	assert_string_equal(view(s.spoke1, 0).path_remark, "probes were never answered (filtered?)");
	assert_in_range(s.spoke1->probes, 1400, 1600); /* one in 2 s */
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_PATH_DEAD), 0);
	s.hub->filters_probes = false;
	rig_run_ms(s.rig, 2500);
	assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
	assert_null(view(s.spoke1, 0).path_remark);
	rig_free(s.rig);
}

static bool lose_registrations(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r, (void)from, (void)to;
	return m && m->type == NHRP_REGISTRATION_REQUEST;
}

/* Where traffic gets there, eight refreshes in a row may be lost: random loss takes three now and then. */
static void refreshes_may_be_lost_while_probes_are_answered(void **state)
{
	const struct scene s = probing(scene_laid_out());
	int silent_ms = 0;

	(void)state;
	rig_run(s.rig, 10);
	s.rig->lose = lose_registrations;
	while (view(s.spoke1, 0).requests_failed == 0)
		rig_run_ms(s.rig, 10);
	for (; view(s.spoke1, 0).status == NHS_VIEW_UP && silent_ms < 60000; silent_ms += 10) {
		assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
		rig_run_ms(s.rig, 10);
	}
	assert_in_range(silent_ms, 12000, 15000); /* the first took one second more */
	assert_int_equal(s.spoke1->silences, 0); /* nor is its session in doubt, by which the probes go */
	rig_free(s.rig);
}

/* NHRP is asked while there is doubt; its answer saves the NHS. */
static void who_filters_them_later_stays_up(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	rig_run(s.rig, 10);
	s.hub->filters_probes = true;
	for (int i = 0; i < 2000; i++) {
		rig_run_ms(s.rig, 1);
		assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	}
	assert_string_equal(view(s.spoke1, 0).path, "MUTE");
	assert_string_equal(view(s.spoke1, 0).path_remark, "NHRP answers, probes do not (filtered?)");
	s.hub->filters_probes = false;
	rig_run(s.rig, 4);
	assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
	/* the second time it has to answer for longer */
	s.hub->filters_probes = true;
	rig_run(s.rig, 2);
	s.hub->filters_probes = false;
	rig_run_ms(s.rig, 2000);
	assert_string_equal(view(s.spoke1, 0).path, "MUTE");
	rig_run(s.rig, 4);
	assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_PATH_DEAD), 0);
	rig_free(s.rig);
}

/* Back from the dead NHRP may be first; the first answer to a probe says the rest, so that its next death is seen at once. */
static void who_was_dead_answers_once(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	rig_run(s.rig, 10);
	path_step(path_to(s.spoke1, "192.0.2.1"), PATH_EVENT_LOST);
	path_step(path_to(s.spoke1, "192.0.2.1"), PATH_EVENT_HEARD);
	assert_int_equal(path_to(s.spoke1, "192.0.2.1")->state, PATH_MUTE);
	rig_run_ms(s.rig, 15);
	assert_int_equal(path_to(s.spoke1, "192.0.2.1")->state, PATH_ALIVE);
	rig_free(s.rig);
}

static bool lose_nhrp(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	return m != NULL;
}

static void nhrp_dead_behind_a_living_tunnel(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	rig_run(s.rig, 10);
	s.rig->lose = lose_nhrp;
	rig_run(s.rig, 300);
	assert_int_not_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(view(s.spoke1, 0).path, "ALIVE");
	assert_string_equal(view(s.spoke1, 0).path_remark,
			    "NHRP dead behind a living tunnel: probes are answered, registrations are not");
	rig_free(s.rig);
}

static bool lose_all(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	(void)m;
	return true;
}

/* Its data path goes on: what nobody can be asked about goes by it, as long as packets get there. */
static void who_is_only_silent_carries_on(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	rig_run(s.rig, 10);
	s.rig->lose = lose_nhrp;
	rig_run(s.rig, 300);
	assert_int_not_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	node_miss(s.spoke1, "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	/* it talks again: the question is asked at once */
	rig_skip(s.rig);
	s.rig->lose = NULL;
	time_until(&s, 0, NHS_VIEW_UP);
	rig_run_ms(s.rig, 50);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	/* the next time its path dies as well */
	s.rig->lose = lose_nhrp;
	rig_run(s.rig, 300);
	node_miss(s.spoke1, "10.0.0.77");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.77"), "192.0.2.1");
	s.rig->lose = lose_all;
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->relay_count, 0);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.77"), "-");
	/* and comes back, while it still says nothing */
	s.rig->lose = lose_nhrp;
	while (strcmp(view(s.spoke1, 0).path, "ALIVE") != 0)
		rig_run_ms(s.rig, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	/* we stop, and nothing leans on anybody any more */
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.77"), "-");
	rig_free(s.rig);
}

/* It need not have accepted us in this life. */
static void who_never_said_a_word_may_carry(void **state)
{
	struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	s.rig->lose = lose_nhrp;
	scene_start(&s);
	rig_run(s.rig, 2);
	assert_int_equal(s.spoke1->relay_count, 0);
	rig_run(s.rig, 6);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_run(s.rig, 60);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

/* ---- direct paths */

static struct scene direct_up(void)
{
	const struct scene s = probing(scene_laid_out());

	scene_routes(&s);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_skip(s.rig);
	return s;
}

static bool lose_direct(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	return !m && strncmp(from->name, "spoke", 5) == 0 && strncmp(to->name, "spoke", 5) == 0;
}

static void a_direct_path_in_use_costs_no_probe(void **state)
{
	const struct scene s = direct_up();
	uint64_t sent;

	(void)state;
	assert_string_equal(path_state_name(path_to(s.spoke1, "198.51.100.2")->state), "RESTING");
	rig_run(s.rig, 60);
	assert_int_equal(path_to(s.spoke1, "198.51.100.2")->sent, 1); /* when it was learnt */
	assert_true(engine_wants_guesses(s.spoke1->engine, 0));
	/* one way only: what does not come back is asked for */
	for (int i = 0; i < 10; i++) {
		node_quiet(s.spoke1, "198.51.100.2");
		rig_run_ms(s.rig, 300);
	}
	sent = path_to(s.spoke1, "198.51.100.2")->sent;
	assert_int_equal(sent, 11);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void a_dead_direct_path_gives_way_to_the_hub(void **state)
{
	const struct scene s = direct_up();
	struct path *const p = path_to(s.spoke1, "198.51.100.2");
	struct binding_view b;
	int64_t ms = 0;

	(void)state;
	rig_run(s.rig, 5);
	p->measured = true; /* once only, when the answer came by the hub */
	p->srtt = span_ms(82);
	p->rttvar = span_ms(41);
	s.rig->lose = lose_direct;
	for (; strcmp(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-") != 0; ms++) {
		if (ms % 300 == 0)
			node_quiet(s.spoke1, "198.51.100.2");
		assert_true(ms < 700);
		rig_run_ms(s.rig, 1);
	}
	assert_true(ms >= 400); /* the burst */
	assert_false(node_binding(s.spoke1, "10.0.0.12/32", &b));
	/* asked again, and answered: but the answer leads into the hole */
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	assert_true(node_binding(s.spoke1, "10.0.0.12/32", &b));
	assert_int_equal(b.kind, BINDING_NEGATIVE);
	assert_string_equal(b.reason, "the direct path is dead");
	/* light probes go on; once one is answered the path is taken again */
	rig_run(s.rig, 200);
	assert_non_null(path_to(s.spoke1, "198.51.100.2"));
	s.rig->lose = NULL;
	rig_run(s.rig, 3);
	assert_null(path_to(s.spoke1, "198.51.100.2"));
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

/* A firewall between the two: it never worked, and traffic shows it. */
static void a_direct_path_that_never_worked_is_given_up(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	scene_routes(&s);
	s.rig->lose = lose_direct;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run_ms(s.rig, 100);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	node_quiet(s.spoke1, "198.51.100.2");
	rig_run_ms(s.rig, 600);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	rig_free(s.rig);
}

static void a_dead_direct_path_is_forgotten_in_time(void **state)
{
	const struct scene s = direct_up();

	(void)state;
	s.rig->lose = lose_direct;
	node_quiet(s.spoke1, "198.51.100.2");
	rig_run(s.rig, 590);
	assert_non_null(path_to(s.spoke1, "198.51.100.2"));
	rig_run(s.rig, 15);
	assert_null(path_to(s.spoke1, "198.51.100.2"));
	rig_free(s.rig);
}

/* A link-local address is known too, but nobody answers to it from afar (send_probe() in harness.c would notice). */
static void probes_prefer_what_is_routed(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "2001:db8::1/64");
	struct node *const spoke1 = node_new(r, "spoke1", "198.51.100.1", "2001:db8::11/64");
	struct node *const spoke2 = node_new(r, "spoke2", "198.51.100.2", "2001:db8::12/64");
	struct node *const all[] = { hub, spoke1, spoke2 };
	static const char *const link_local[] = { "fe80::1", "fe80::11", "fe80::12" };

	(void)state;
	node_add_nhs(spoke1, "2001:db8::1", "192.0.2.1");
	node_add_nhs(spoke2, "2001:db8::1", "192.0.2.1");
	spoke1->nhrp->probe_interval_ms = spoke2->nhrp->probe_interval_ms = 250;
	for (size_t i = 0; i < 3; i++)
		node_start(all[i]);
	rig_run(r, 1);
	for (size_t i = 0; i < 3; i++)
		node_local(all[i], link_local[i], true);
	rig_run(r, 1);
	node_miss(spoke1, "2001:db8::12");
	rig_run(r, 1);
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::12"), "198.51.100.2");
	r->lose = lose_direct;
	node_quiet(spoke1, "198.51.100.2");
	rig_run(r, 20);
	assert_string_equal(node_neighbour_nbma(spoke1, "2001:db8::12"), "-");
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::12"), "-");
	spoke1->probes = 0;
	rig_run(r, 20);
	assert_in_range(spoke1->probes, 85, 105); /* to the hub, and light ones to spoke 2 */
	rig_free(r);
}

/* ---- clients of a hub */

static struct scene hub_that_probes(bool filters)
{
	struct scene s = scene_laid_out();

	s.hub->nhrp->probe_interval_ms = 250;
	s.spoke1->filters_probes = filters;
	scene_start(&s);
	rig_run(s.rig, 10);
	s.hub->routing = -1;
	return s;
}

static void a_dead_client_is_told_to_routing(void **state)
{
	const struct scene s = hub_that_probes(false);
	const struct ipaddr client = addr_of("10.0.0.11");
	struct binding_view b;
	int64_t ms = 0;

	(void)state;
	assert_int_equal(path_to(s.hub, "198.51.100.1")->state, PATH_RESTING);
	assert_int_equal(path_to(s.hub, "198.51.100.1")->sent, 1); /* once, to see that it answers */
	rig_run(s.rig, 60);
	assert_false(engine_wants_guesses(s.hub->engine, 0)); /* it would make nothing of this one: */
	node_event(s.hub, &(struct event){ .type = EVENT_QUIET, .quiet = { { .addr = addr_of("198.51.100.1") }, true } });
	assert_int_equal(path_to(s.hub, "198.51.100.1")->sent, 1);
	node_stop_abruptly(s.spoke1);
	for (; s.hub->routing == -1; ms++) {
		if (ms % 300 == 0)
			node_quiet(s.hub, "198.51.100.1");
		rig_run_ms(s.rig, 1);
		assert_true(ms < 500);
	}
	assert_int_equal(s.hub->routing, ROUTING_DEAD);
	assert_true(ipaddr_eq(&s.hub->routing_addr, &client));
	assert_true(node_binding(s.hub, "10.0.0.11/32", &b));
	assert_int_equal(b.state, BINDING_STATE_NHRP);
	assert_string_equal(b.reason, "path dead: no probe is answered");
	assert_int_equal(s.hub->silences, 0);
	node_start(s.spoke1); /* its registration makes the hub look at once */
	rig_run_ms(s.rig, 50);
	assert_int_equal(s.hub->routing, ROUTING_ALIVE);
	assert_true(node_binding(s.hub, "10.0.0.11/32", &b));
	assert_int_equal(b.state, BINDING_STATE_UP);
	rig_free(s.rig);
}

/* Silence proved nothing when it came; it is asked again whenever it is heard of, and judged once it answers. */
static void a_client_that_answers_later_is_judged_from_then_on(void **state)
{
	const struct scene s = hub_that_probes(true);

	(void)state;
	assert_false(path_to(s.hub, "198.51.100.1")->answers);
	s.spoke1->filters_probes = false;
	rig_run(s.rig, s.spoke1->nhrp->holdtime_s); /* it refreshes meanwhile */
	assert_true(path_to(s.hub, "198.51.100.1")->answers);
	node_stop_abruptly(s.spoke1);
	for (int i = 0; i < 3; i++) {
		node_quiet(s.hub, "198.51.100.1");
		rig_run_ms(s.rig, 300);
	}
	assert_int_equal(s.hub->routing, ROUTING_DEAD);
	rig_free(s.rig);
}

/* It is asked when it is heard of, not when a configuration that says nothing new is read. */
static void a_reload_does_not_ask_who_filters(void **state)
{
	const struct scene s = hub_that_probes(true);

	(void)state;
	assert_int_equal(path_to(s.hub, "198.51.100.1")->state, PATH_RESTING);
	s.hub->probes = 0;
	engine_reconfigure(s.hub->engine, s.rig->now, &s.hub->config);
	node_event(s.hub, &(struct event){ .type = EVENT_TICK });
	assert_int_equal(s.hub->probes, 0);
	assert_int_equal(path_to(s.hub, "198.51.100.1")->state, PATH_RESTING);
	rig_free(s.rig);
}

static struct nhrp_message *registration(const char *addr, const char *inside)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = NHRP_REGISTRATION_REQUEST;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.request_id = 7;
	m.src_nbma = addr_of(inside);
	m.src_proto = addr_of(addr);
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of("10.0.0.1");
	m.cie_count = 1;
	m.cies[0] = (struct nhrp_cie){ .prefix_len = 255, .holding_s = 60 };
	return &m;
}

/* Another router behind the same address: what the one before answered says nothing of it. */
static void another_client_is_another(void **state)
{
	const struct scene s = hub_that_probes(false);

	(void)state;
	assert_true(path_to(s.hub, "198.51.100.1")->answers);
	s.spoke1->filters_probes = true;
	node_receive(s.hub, "198.51.100.1", registration("10.0.0.11", "172.16.7.7"));
	assert_false(path_to(s.hub, "198.51.100.1")->answers);
	rig_run(s.rig, 5);
	for (int i = 0; i < 10; i++) {
		node_quiet(s.hub, "198.51.100.1");
		rig_run_ms(s.rig, 300);
	}
	assert_int_equal(s.hub->routing, -1);
	rig_free(s.rig);
}

static void a_client_that_filters_is_not_judged(void **state)
{
	const struct scene s = hub_that_probes(true);

	(void)state;
	assert_int_equal(path_to(s.hub, "198.51.100.1")->state, PATH_RESTING);
	node_stop_abruptly(s.spoke1);
	for (int i = 0; i < 10; i++) {
		node_quiet(s.hub, "198.51.100.1");
		rig_run_ms(s.rig, 300);
	}
	assert_int_equal(s.hub->routing, -1);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_PATH_DEAD), 0);
	rig_free(s.rig);
}

/* ---- the engine's own lateness, strangers' answers */

/* The process stood still for two seconds at the worst moment: the answers lie in its socket. */
static void our_own_sleep_is_nobodys_death(void **state)
{
	const struct scene s = probing(scene_laid_out());

	(void)state;
	rig_run(s.rig, 5);
	for (int round = 0; round < 20; round++) {
		while (s.rig->flight_count == 0)
			rig_run_ms(s.rig, 1);
		s.rig->now.us += 2000000; /* timers first, then what has arrived */
		for (int i = 0; i < 4; i++)
			node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		rig_run_ms(s.rig, 1000 + 37 * round);
		assert_int_equal(view(s.spoke1, 0).status, NHS_VIEW_UP);
	}
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_PATH_DEAD), 0);
	rig_free(s.rig);
}

static void answers_to_nothing_are_nothing(void **state)
{
	const struct scene s = probing(scene_laid_out());
	const uint64_t before = node_counter(s.spoke1, ENGINE_COUNT_PROBE_ANSWERED);

	(void)state;
	node_stop_abruptly(s.hub);
	for (uint32_t sequence = 0; sequence < 100; sequence++)
		node_event(s.spoke1, &(struct event){ .type = EVENT_PROBED, .probed = {
			.nbma = { .addr = addr_of("203.0.113.1") }, .sequence = sequence } });
	for (uint32_t sequence = 1000; sequence < 1100; sequence++)
		node_event(s.spoke1, &(struct event){ .type = EVENT_PROBED, .probed = {
			.nbma = { .addr = addr_of("192.0.2.1") }, .sequence = sequence } });
	node_event(s.spoke1, &(struct event){ .type = EVENT_PROBED, .probed = { .nbma = { .addr = addr_of("192.0.2.1") } } });
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_PROBE_ANSWERED), before);
	rig_free(s.rig);
}

/* Thousands of dead peers share a budget, and none is left out. */
static void light_probes_have_a_budget(void **state)
{
	const struct scene s = direct_up();
	struct tunnel *const t = s.spoke1->engine->tunnels[0];
	struct overlay *const o = overlay_first(t->engine);
	static struct path_watch watches[1000];
	char nbma[32];

	(void)state;
	s.rig->lose = lose_direct;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(nbma, sizeof nbma, "203.0.%u.%u", 100 + i / 200, 1 + i % 200);
		watches[i] = (struct path_watch){ 0 };
		path_watch(&watches[i], PATH_WATCH_NHS, o->nhs[0], o, &(struct endpoint){ .addr = addr_of(nbma) },
			   &(struct ipaddr){ .family = IP_V4, .bytes = { 10, 0, 9, 1 } });
		path_step(watches[i].path, PATH_EVENT_LOST);
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	}
	rig_run(s.rig, 20);
	s.spoke1->probes = 0;
	for (unsigned i = 0; i < 1000; i++)
		watches[i].path->sent = 0;
	rig_run(s.rig, 40);
	assert_in_range(s.spoke1->probes, 40 * PATH_LIGHT_PER_S - 200, 40 * PATH_LIGHT_PER_S + 400);
	for (unsigned i = 0; i < 1000; i++)
		assert_in_range(watches[i].path->sent, 3, 5);
	assert_string_equal(path_remark(watches[0].path, false, true),
			    "path dead: no probe is answered; so many peers are dead that probes wait for their budget");
	for (unsigned i = 0; i < 1000; i++)
		path_unwatch(&watches[i]);
	rig_free(s.rig);
}

/* RFC 6298 2, with bounds of our own. */
static void time_outs_follow_the_round_trip(void **state)
{
	static const struct { int64_t rtt_ms, srtt_us, rto_us; } steps[] = {
		{ 100, 100000, 300000 }, { 100, 100000, 250000 }, { 200, 112500, 325000 }, { 20, 100937, 352809 },
		{ 1000, 213319, 1301283 }, { 1000, 311654, 1914306 }, { 1000, 397697, 2000000 },
	};
	const struct scene s = probing(scene_laid_out());
	struct path *const p = path_to(s.spoke1, "192.0.2.1");

	(void)state;
	p->measured = false;
	assert_int_equal(path_rto(p).us, span_ms(300).us);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		p->trial->probes[3] = 77;
		path_answered(p->tunnel, &p->nbma, 77, span_ms(steps[i].rtt_ms));
		assert_int_equal(p->srtt.us, steps[i].srtt_us);
		assert_int_equal(path_rto(p).us, steps[i].rto_us);
		assert_int_equal(p->trial->probes[3], 0); /* a second answer counts for nothing */
	}
	p->measured = false;
	p->trial->probes[3] = 78;
	path_answered(p->tunnel, &p->nbma, 78, span_ms(5));
	assert_int_equal(path_rto(p).us, span_ms(60).us);
	rig_free(s.rig);
}

/* The first answers waited for what a start sets up. The way is quick, and soon found to be. */
static void a_slow_beginning_is_forgotten(void **state)
{
	const struct scene s = probing(scene_two_hubs_laid_out());
	struct path *const p = path_to(s.spoke1, "192.0.2.1");

	(void)state;
	p->measured = true;
	p->srtt = span_ms(900);
	p->rttvar = span_ms(450);
	rig_run_ms(s.rig, 1000);
	node_stop_abruptly(s.hub);
	assert_in_range(time_until(&s, 0, NHS_VIEW_PROBE), 400, 740);
	rig_free(s.rig);
}

/* Two of ten packets are quick, never three in a row: they say nothing of the others. */
static void some_quick_answers_are_no_quick_way(void **state)
{
	const struct scene s = probing(scene_laid_out());
	struct path *const p = path_to(s.spoke1, "192.0.2.1");

	(void)state;
	p->measured = false;
	for (unsigned i = 0; i < 40; i++) {
		p->trial->probes[3] = 77;
		path_answered(p->tunnel, &p->nbma, 77, span_ms(i % 5 < 2 ? 20 : 400));
		assert_true(i < 5 || path_rto(p).us >= span_ms(400).us);
	}
	rig_free(s.rig);
}

/* ---- the machine */

static struct path *in_state(const struct scene *s, enum path_state state)
{
	struct path *const p = path_to(s->spoke1, "192.0.2.1");

	s->hub->filters_probes = true;
	assert_int_equal(p->state, PATH_ALIVE);
	switch (state) {
	case PATH_RESTING:
	case PATH_UNTESTED:
	case PATH_ALIVE:
	case PATH_STATE_COUNT:
		break;
	case PATH_MUTE:
	case PATH_DOUBTED:
		p->last_sent = INSTANT_ZERO;
		path_step(p, PATH_EVENT_DOUBT);
		break;
	case PATH_DEAD:
		path_step(p, PATH_EVENT_LOST);
		break;
	}
	if (state == PATH_MUTE) {
		path_step(p, PATH_EVENT_LOST);
		path_step(p, PATH_EVENT_HEARD);
		p->mutes = 1; /* it was so before */
	}
	return p;
}

#define R PATH_RESTING
#define U PATH_UNTESTED
#define A PATH_ALIVE
#define B PATH_DOUBTED
#define D PATH_DEAD
#define M PATH_MUTE
/* What state follows; columns in the order of PATH_EVENTS:
 * TIMER ANSWERED HEARD QUIET DOUBT LOST RETRY WATCHED DOWN LATE. An NHS watches, but in RESTING a direct peer. */
static const enum path_state follows[PATH_STATE_COUNT][PATH_EVENT_COUNT] = {
	[PATH_RESTING]  = { R, R, R, B, B, D, R, R, B, B },
	[PATH_UNTESTED] = { U, A, U, U, U, D, U, U, U, U },
	[PATH_ALIVE]    = { A, A, A, A, B, D, A, A, B, B },
	[PATH_DOUBTED]  = { B, A, B, B, B, D, B, B, B, B },
	[PATH_DEAD]     = { D, A, M, D, D, D, D, D, D, D },
	[PATH_MUTE]     = { M, M, M, M, M, D, M, M, M, M },
};
#undef R
#undef U
#undef A
#undef B
#undef D
#undef M

/* A scene with a path in that state. */
static struct path *scene_in(struct scene *s, enum path_state state)
{
	if (state == PATH_RESTING) {
		*s = direct_up();
		return path_to(s->spoke1, "198.51.100.2");
	}
	if (state == PATH_UNTESTED) {
		*s = scene_laid_out();
		s->hub->filters_probes = true;
		*s = probing(*s);
		return path_to(s->spoke1, "192.0.2.1");
	}
	*s = probing(scene_laid_out());
	rig_run_ms(s->rig, 500);
	return in_state(s, state);
}

static void every_pair(void **state)
{
	(void)state;
	for (unsigned from = 0; from < PATH_STATE_COUNT; from++)
		for (unsigned event = 0; event < PATH_EVENT_COUNT; event++) {
			struct scene s;
			struct path *const p = scene_in(&s, (enum path_state)from);

			assert_int_equal(p->state, from);
			p->last_sent = INSTANT_ZERO; /* long ago: hints are heard */
			if (p->trial)
				p->trial->awaited = 0;
			path_step(p, (enum path_event)event);
			if (p->state != follows[from][event])
				fail_msg("%s, event %u: %s", path_state_name((enum path_state)from), event,
					 path_state_name(p->state));
			assert_int_equal(p->trial && timer_running(&p->trial->timer), p->state != PATH_RESTING);
			assert_int_equal(s.spoke1->engine->path_bursts, p->state == PATH_DOUBTED);
			rig_free(s.rig);
		}
}

/* Nobody leans on it any more: then it rests, and goes. */
static void unwatched_paths_go(void **state)
{
	(void)state;
	for (unsigned from = 0; from < PATH_STATE_COUNT; from++) {
		struct scene s;
		struct path *const p = scene_in(&s, (enum path_state)from);
		const bool direct = from == PATH_RESTING;

		assert_int_equal(p->state, from);
		if (direct)
			path_unwatch(p->watches);
		else
			nhs_step(overlay_first(s.spoke1->engine)->nhs[0], NHS_EVENT_LEAVE);
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		if (from == PATH_DEAD) /* remembered for a while */
			assert_non_null(path_to(s.spoke1, "192.0.2.1"));
		else
			assert_null(path_to(s.spoke1, direct ? "198.51.100.2" : "192.0.2.1"));
		rig_run(s.rig, 700);
		if (!direct && path_to(s.spoke1, "192.0.2.1"))
			fail_msg("%s: still there", path_state_name((enum path_state)from));
		rig_free(s.rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_hub_is_found_dead),
		cmocka_unit_test(a_hub_that_is_back_is_found_at_once),
		cmocka_unit_test(a_hub_that_starts_late_is_found),
		cmocka_unit_test(who_filters_probes_is_judged_by_nhrp),
		cmocka_unit_test(refreshes_may_be_lost_while_probes_are_answered),
		cmocka_unit_test(who_filters_them_later_stays_up),
		cmocka_unit_test(who_was_dead_answers_once),
		cmocka_unit_test(nhrp_dead_behind_a_living_tunnel),
		cmocka_unit_test(who_is_only_silent_carries_on),
		cmocka_unit_test(who_never_said_a_word_may_carry),
		cmocka_unit_test(a_direct_path_in_use_costs_no_probe),
		cmocka_unit_test(a_dead_direct_path_gives_way_to_the_hub),
		cmocka_unit_test(a_direct_path_that_never_worked_is_given_up),
		cmocka_unit_test(a_dead_direct_path_is_forgotten_in_time),
		cmocka_unit_test(probes_prefer_what_is_routed),
		cmocka_unit_test(a_dead_client_is_told_to_routing),
		cmocka_unit_test(a_client_that_filters_is_not_judged),
		cmocka_unit_test(a_client_that_answers_later_is_judged_from_then_on),
		cmocka_unit_test(a_reload_does_not_ask_who_filters),
		cmocka_unit_test(another_client_is_another),
		cmocka_unit_test(our_own_sleep_is_nobodys_death),
		cmocka_unit_test(answers_to_nothing_are_nothing),
		cmocka_unit_test(light_probes_have_a_budget),
		cmocka_unit_test(time_outs_follow_the_round_trip),
		cmocka_unit_test(a_slow_beginning_is_forgotten),
		cmocka_unit_test(some_quick_answers_are_no_quick_way),
		cmocka_unit_test(every_pair),
		cmocka_unit_test(unwatched_paths_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
