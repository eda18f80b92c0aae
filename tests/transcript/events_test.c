/*
 * Events that do not fit: of tunnels that are not there, out of turn, a moment too late or exactly in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/damping.h"
#include "engine/path_act.h"
#include "engine/state.h"
#include "engine/twin.h"
#include "scene.h"

/* ---- of no tunnel */

static void every_event_of_no_tunnel(void **state)
{
	const struct scene s = scene_up();
	static const uint8_t packet[28] = { 0x45 };
	const struct endpoint peer = { .addr = addr_of("198.51.100.2") };
	const struct ipaddr addr = addr_of("10.0.0.12");
	const struct event events[] = {
		{ .type = EVENT_PACKET, .packet = { .from = peer, .bytes = s.rig->sent[3], .length = s.rig->sent_length[3] } },
		{ .type = EVENT_TUNNEL, .tunnel_state = { .up = true, .local = peer } },
		{ .type = EVENT_MISS, .miss = { addr } },
		{ .type = EVENT_STRANGER, .stranger = { peer, addr } },
		{ .type = EVENT_HAIRPIN, .hairpin = { .bytes = packet, .length = sizeof packet } },
		{ .type = EVENT_USAGE, .usage = { .addr = addr } },
		{ .type = EVENT_REACHABLE, .reachable = { peer } },
		{ .type = EVENT_PROBED, .probed = { .nbma = peer, .sequence = 1 } },
		{ .type = EVENT_QUIET, .quiet = { .nbma = peer } },
		{ .type = EVENT_DOUBT, .quiet = { .nbma = peer } },
		{ .type = EVENT_TAKEN, .reachable = { .nbma = peer } },
		{ .type = EVENT_BFD, .bfd = { .addr = addr, .nbma = peer } },
		{ .type = EVENT_NAME, .name = { .name = "x", .count = 1, .addrs = &addr } },
		{ .type = EVENT_PEER_KNOWN, .peer_known = { .peer = 5, .nbma = peer } },
		{ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = { .addr = addr, .nbma = peer } },
		{ .type = EVENT_CLEAR },
	};
	struct engine_sizes before, after;

	(void)state;
	for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
		struct event ev = events[i];

		ev.tunnel = 9;
		snapshot_sizes(s.hub->engine, &before);
		node_event(s.hub, &ev);
		rig_run_ms(s.rig, 20);
		snapshot_sizes(s.hub->engine, &after);
		rig_expect_nothing(s.rig);
		assert_memory_equal(&before, &after, sizeof before);
	}
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_TUNNEL), 1);
	/* nor of the family that the tunnel does not have */
	node_local(s.hub, "fe80::1", true);
	node_miss(s.hub, "2001:db8::1");
	rig_run_ms(s.rig, 20);
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* ---- what the last life left behind */

static void known_peers_are_for_tunnels_that_are_down(void **state)
{
	const struct scene s = scene_laid_out();
	const struct foreign_key key = { .given = true, .present = true, .key = 42 };
	struct event ev = { .type = EVENT_PEER_KNOWN, .peer_known = { .peer = 50, .nbma = { .addr = addr_of("203.0.113.9") } } };

	(void)state;
	scene_start(&s);
	node_event(s.spoke1, &ev);
	assert_false(node_has_peer(s.spoke1, "203.0.113.9"));
	rig_run(s.rig, 1000);
	assert_int_equal(s.spoke1->peer_count, 1);
	/* before that, one whom the configuration has made already takes id and key; a second one of the same id does not */
	engine_free(s.spoke1->engine);
	s.spoke1->peer_count = s.spoke1->neighbour_count = 0;
	s.spoke1->engine = engine_new(&s.spoke1->config, &s.spoke1->options, s.rig->now);
	ev.peer_known.nbma.addr = addr_of("192.0.2.1");
	ev.peer_known.key = key;
	node_event(s.spoke1, &ev);
	ev.peer_known.peer = 60;
	ev.peer_known.nbma.addr = addr_of("203.0.113.8");
	node_event(s.spoke1, &ev);
	ev.peer_known.nbma.addr = addr_of("203.0.113.7");
	node_event(s.spoke1, &ev);
	ev.peer_known.peer = PEER_NONE;
	node_event(s.spoke1, &ev);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	assert_int_equal(s.spoke1->peer_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct node_peer *const p = &s.spoke1->peers[i];

		assert_true(p->id == (p->nbma.addr.bytes[0] == 192 ? 50u : 60u));
		assert_true(p->key.given && p->key.key == 42);
	}
	/* unclaimed it goes when what pointed to it is gone, however long that takes, and not before */
	rig_run(s.rig, 3600);
	assert_true(node_has_peer(s.spoke1, "203.0.113.8"));
	node_event(s.spoke1, &(struct event){ .type = EVENT_SETTLED });
	assert_false(node_has_peer(s.spoke1, "203.0.113.8"));
	assert_true(node_has_peer(s.spoke1, "192.0.2.1"));
	rig_free(s.rig);
}

/* ---- to the moment */

static void a_late_judgement_waits(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	struct path *p;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	for (int64_t late_ms = 3; late_ms <= 4; late_ms++) {
		scene_start(&s);
		p = path_find(s.spoke1->engine->tunnels[0], &hub);
		s.hub->filters_probes = true;
		node_event(s.spoke1, &(struct event){ .type = EVENT_DOUBT, .quiet = { .nbma = hub } });
		while (p->state != PATH_DOUBTED || p->trial->burst < p->trial->burst_size)
			rig_run_ms(s.rig, 1);
		p->heard = INSTANT_NEVER;
		s.rig->now = instant_add(p->trial->timer.deadline, span_ms(late_ms));
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		assert_int_equal(p->state, late_ms > 3 ? PATH_DOUBTED : PATH_DEAD);
		for (int again = 0; late_ms > 3 && again < 3; again++) { /* late thrice: no more than that */
			assert_int_equal(p->state, PATH_DOUBTED);
			assert_int_equal(instant_since(p->trial->due, s.rig->now).us, span_ms(20).us);
			s.rig->now = instant_add(p->trial->due, span_ms(late_ms));
			node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		}
		assert_int_equal(p->state, PATH_DEAD);
		s.hub->filters_probes = false;
	}
	rig_free(s.rig);
}

/* A burst lasts as long whatever it consists of; a brief one a fifth of that, one that was seen coming a tenth. */
static void bursts_keep_time(void **state)
{
	static const struct { enum path_event events[2]; int64_t gap_us, last_us; } kinds[] = {
		{ { PATH_EVENT_DOUBT, PATH_EVENT_DOUBT }, 30000, 150000 }, { { PATH_EVENT_DOWN, PATH_EVENT_DOWN }, 6000, 40000 },
		{ { PATH_EVENT_LATE, PATH_EVENT_DOWN }, 3000, 23000 } };

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		const struct scene s = scene_laid_out();
		const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
		struct path *p;

		s.spoke1->nhrp->probe_interval_ms = 250;
		scene_start(&s);
		assert_true(node_counter(s.spoke1, ENGINE_COUNT_PROBE_ANSWERED) > 2);
		p = path_find(s.spoke1->engine->tunnels[0], &hub);
		rig_run(s.rig, 1);
		s.hub->filters_probes = true;
		p->last_sent = INSTANT_ZERO;
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK }); /* what time it is */
		path_step(p, kinds[k].events[0]);
		path_step(p, kinds[k].events[1]);
		assert_int_equal(p->state, PATH_DOUBTED);
		for (unsigned i = 1; i < PATH_BURST; i++) {
			assert_int_equal(p->trial->burst, i);
			assert_int_equal(instant_since(p->trial->due, s.rig->now).us, kinds[k].gap_us);
			s.rig->now = p->trial->due;
			node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		}
		assert_int_equal(instant_since(p->trial->due, s.rig->now).us, kinds[k].last_us);
		s.rig->now = p->trial->due;
		p->heard = INSTANT_NEVER;
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		assert_int_equal(p->state, PATH_DEAD);
		/* the light probes come later */
		assert_int_equal(instant_since(p->trial->due, s.rig->now).us, span_ms(PATH_LIGHT_MS).us);
		assert_int_equal(p->trial->light.us, span_ms(PATH_LIGHT_MS).us);
		rig_free(s.rig);
	}
}

/* Probes that are switched off leave nobody watched. */
static void probes_are_switched_off(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") }, other = { .addr = addr_of("198.51.100.2") };
	struct tunnel *t;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	t = s.spoke1->engine->tunnels[0];
	assert_non_null(path_find(t, &hub));
	assert_non_null(path_find(t, &other));
	s.spoke1->nhrp->probe_interval_ms = 0;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	assert_null(path_find(t, &hub));
	assert_null(path_find(t, &other));
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	s.spoke1->probes = 0;
	rig_run(s.rig, 5);
	assert_int_equal(s.spoke1->probes, 0);
	rig_free(s.rig);
}

static void quick_probes_want_no_budget(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	struct path *p;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	p = path_find(s.spoke1->engine->tunnels[0], &hub);
	path_step(p, PATH_EVENT_LOST);
	p->trial->light = span_ms(2 * PATH_LIGHT_MS);
	assert_string_equal(path_remark(p, false, true), "path dead: no probe is answered");
	p->trial->light.us++;
	assert_non_null(strstr(path_remark(p, false, true), "budget"));
	path_step(p, PATH_EVENT_RETRY);
	assert_string_equal(path_remark(p, false, true), "path dead: no probe is answered");
	rig_free(s.rig);
}

/* Long enough alive, it need not prove itself for so long when it is mute again. */
static void silences_are_forgotten(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	struct path *p;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	p = path_find(s.spoke1->engine->tunnels[0], &hub);
	p->mutes = 3;
	p->since = s.rig->now;
	s.spoke1->engine->now = instant_add(p->since, span_s(600));
	path_step(p, PATH_EVENT_ANSWERED);
	assert_int_equal(p->mutes, 3);
	s.spoke1->engine->now.us++;
	path_step(p, PATH_EVENT_ANSWERED);
	assert_int_equal(p->mutes, 0);
	rig_free(s.rig);
}

static void damping_begins_at_its_threshold(void **state)
{
	const struct instant now = { 5000000 };
	struct damping d = { .penalty = 1500, .since = now };

	(void)state;
	assert_int_equal(damping_wait(&d, now).us, span_s(5).us);
	d.penalty = 1499;
	assert_int_equal(damping_wait(&d, now).us, 0);
	d.penalty = 7000;
	assert_int_equal(damping_wait(&d, now).us, span_s(60).us);
	assert_int_equal(damping_wait(&d, instant_add(now, span_s(60))).us, span_ms(42500).us); /* three quarters of it */
	assert_int_equal(damping_wait(&d, instant_add(now, span_s(120))).us, span_s(25).us);    /* half of it */
	for (int64_t halves = 16; halves < 70; halves++) {
		struct damping old = d;

		assert_int_equal(damping_wait(&old, instant_add(now, span_s(120 * halves))).us, 0);
		damping_flap(&old, instant_add(now, span_s(120 * halves)));
		assert_int_equal(old.penalty, 1000);
	}
	damping_flap(&d, now);
	assert_int_equal(d.penalty, 7000);
}

/* ---- replies out of turn */

static void only_the_question_under_way_is_answered(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;

	(void)state;
	node_stop_abruptly(s.spoke2);
	node_miss(s.spoke1, "10.0.0.12"); /* request id 2: 1 was the registration */
	m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	m->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.66"), .proto = addr_of("10.0.0.12"), .holding_s = 600 };
	m->request_id = s.spoke1->engine->request_id + 1;
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_UNMATCHED), 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	m->request_id--;
	node_receive(s.spoke1, "198.51.100.2", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	/* answered already */
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_UNMATCHED), 2);
	rig_free(s.rig);
}

/* The id alone is not enough: it must come from whom we asked. */
static void replies_come_from_whom_we_asked(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhrp_message *m;
	struct nhs_view v;

	(void)state;
	node_start(s.spoke1); /* the hub is not there */
	rig_run_ms(s.rig, 10);
	m = message_from(NHRP_REGISTRATION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.1");
	m->request_id = s.spoke1->engine->request_id;
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_UNMATCHED), 1);
	assert_true(node_nhs(s.spoke1, 0, &v));
	assert_int_equal(v.status, NHS_VIEW_PROBE);
	node_receive(s.spoke1, "192.0.2.1", m);
	assert_true(node_nhs(s.spoke1, 0, &v));
	assert_int_equal(v.status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* Of several addresses behind NATs the answerer's counts, wherever it stands. */
static void the_answerers_nat_entry_counts(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;
	struct nhrp_extension *nat;

	(void)state;
	node_stop_abruptly(s.spoke2);
	node_miss(s.spoke1, "10.0.0.12");
	m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	m->request_id = s.spoke1->engine->request_id;
	m->cies[0] = (struct nhrp_cie){ .nbma = addr_of("172.16.0.12"), .proto = addr_of("10.0.0.12"), .holding_s = 600 };
	nat = nhrp_extension_add(m, NHRP_EXT_NAT);
	nat->cie_count = 2;
	nat->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.1"), .proto = addr_of("10.0.0.99") };
	nat->cies[1] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.2"), .proto = addr_of("10.0.0.12") };
	node_receive(s.spoke1, "192.0.2.1", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "203.0.113.2");
	rig_free(s.rig);
}

/* As many entries as there is room for, none of which is of use but the first. */
static void an_answer_with_many_entries(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;

	(void)state;
	node_stop_abruptly(s.spoke2);
	node_miss(s.spoke1, "10.0.0.12");
	m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	m->request_id = s.spoke1->engine->request_id;
	m->cie_count = NHRP_CIES_MAX;
	for (size_t i = 0; i < NHRP_CIES_MAX; i++)
		m->cies[i] = (struct nhrp_cie){ .nbma = addr_of("198.51.100.2"), .proto = addr_of(i ? "10.0.0.77" : "10.0.0.12"), .holding_s = 600 };
	node_receive(s.spoke1, "198.51.100.2", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.77"), "-");
	rig_free(s.rig);
}

/* The same of who asks by way of a hub. */
static void the_askers_nat_entry_counts(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;
	struct nhrp_extension *nat;

	(void)state;
	m = message_from(NHRP_RESOLUTION_REQUEST, "172.16.0.9", "10.0.0.20", "10.0.0.12");
	m->flags = NHRP_FLAG_RES_SOURCE_STABLE | NHRP_FLAG_NAT;
	nat = nhrp_extension_add(m, NHRP_EXT_NAT);
	nat->cie_count = 2;
	nat->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.1"), .proto = addr_of("10.0.0.99") };
	nat->cies[1] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.2"), .proto = addr_of("10.0.0.20") };
	node_receive(s.spoke2, "192.0.2.1", m);
	rig_expect(s.rig, "spoke2 --> 203.0.113.2: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.20"), "203.0.113.2");
	rig_free(s.rig);
}

/* Any message is a sign of life of each NHS, not of the first alone. */
static void the_second_nhs_is_heard(void **state)
{
	const struct scene s = scene_two_hubs_up();

	(void)state;
	node_stop_abruptly(s.hub2);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 60);
	do {
		rig_skip(s.rig);
		rig_run_ms(s.rig, 1);
	} while (rig_count(s.rig, "spoke1 --> hub2: Registration Request") == 0);
	rig_run_ms(s.rig, 1500);
	rig_skip(s.rig);
	node_receive(s.spoke1, "192.0.2.2", message_from(NHRP_PURGE_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.2"));
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub2: Registration Request"), 1);
	rig_free(s.rig);
}

/* A purge of what is not ours is no reason to register anew. */
static void purges_of_others_change_nothing(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;

	(void)state;
	m = message_from(NHRP_PURGE_REQUEST, "192.0.2.1", "10.0.0.1", "10.0.0.11");
	m->flags = NHRP_FLAG_PURGE_NO_REPLY;
	m->cies[0] = (struct nhrp_cie){ .prefix_len = 255, .proto = addr_of("10.0.0.77") };
	node_receive(s.spoke1, "192.0.2.1", m);
	rig_expect_nothing(s.rig);
	m->cies[0].proto = addr_of("10.0.0.11");
	node_receive(s.spoke1, "192.0.2.1", m);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	/* while that is under way the same again says nothing new; nor from who is no NHS of ours */
	rig_run(s.rig, 1);
	rig_skip(s.rig);
	node_receive(s.spoke1, "203.0.113.66", m);
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

static void who_registers_nowhere_asks_nobody(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_miss(s.hub, "10.0.0.99");
	rig_run(s.rig, 1);
	rig_expect_nothing(s.rig);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_NO_ROUTE), 0);
	assert_int_equal(s.hub->relays_said, 0);
	assert_true(s.spoke1->relays_said == 1);
	rig_free(s.rig);
}

/* While the answer was on its way the route that the shortcut would narrow has gone. */
static void no_shortcut_without_its_covering_route(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run_ms(s.rig, 6);
	assert_int_equal(rig_count(s.rig, "Resolution Request"), 1);
	node_route_del(s.spoke1, "192.168.0.0/16");
	rig_run(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "Resolution Reply"), 1);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

static void errors_are_rationed_by_the_second(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	for (int second = 1; second <= 3; second++) {
		for (int i = 0; i < 30; i++)
			node_receive(s.hub, "203.0.113.5", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.5", "10.0.0.5", "10.0.0.99"));
		assert_int_equal(rig_count(s.rig, "Error Indication"), 10 * second);
		rig_run_ms(s.rig, 999);
		node_receive(s.hub, "203.0.113.5", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.5", "10.0.0.5", "10.0.0.99"));
		assert_int_equal(rig_count(s.rig, "Error Indication"), 10 * second);
		rig_run_ms(s.rig, 1);
	}
	rig_free(s.rig);
}

/* ---- whose message it is */

static bool second_takes(const struct node *n, bool any_key, const struct nhrp_message *m)
{
	const struct endpoint from = { .addr = addr_of("203.0.113.9") };
	const struct overlay *const o = twin_choose(n->engine->tunnels[0], &from, m, any_key);

	return o && o->tunnel == n->engine->tunnels[1];
}

static void twins_share_everything_but_the_subnet(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.9", "10.2.0.77", "10.2.0.11");
	struct tunnel *second;
	struct settings *set;

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "", "");
	scene_start(&s);
	second = s.spoke1->engine->tunnels[1];
	set = &second->settings;
	assert_true(second_takes(s.spoke1, false, m));
	second->up = false;
	assert_false(second_takes(s.spoke1, false, m));
	second->up = true;
	set->mode = TUNNEL_GRE_P2P;
	assert_false(second_takes(s.spoke1, false, m));
	set->mode = TUNNEL_GRE_MULTIPOINT;
	set->transport = IP_V6;
	assert_false(second_takes(s.spoke1, false, m));
	set->transport = IP_V4;
	set->vrf = 5;
	assert_false(second_takes(s.spoke1, false, m));
	set->vrf = 0;
	second->local.addr = addr_of("198.51.100.99");
	assert_false(second_takes(s.spoke1, false, m));
	second->local.addr = addr_of("198.51.100.1");
	set->has_key = true; /* key 0 beside no key */
	assert_false(second_takes(s.spoke1, false, m));
	assert_true(second_takes(s.spoke1, true, m));
	s.spoke1->engine->tunnels[0]->settings.has_key = true;
	assert_true(second_takes(s.spoke1, false, m));
	set->key = 7;
	assert_false(second_takes(s.spoke1, false, m));
	assert_true(second_takes(s.spoke1, true, m));
	set->has_key = false;
	set->key = s.spoke1->engine->tunnels[0]->settings.key = 0;
	s.spoke1->engine->tunnels[0]->settings.has_key = false;
	/* how clearly it is whose: an own address, then the source, then the destination, then the sender */
	m->dst_proto = addr_of("10.0.0.11");
	assert_false(second_takes(s.spoke1, false, m));
	m->dst_proto = addr_of("10.0.0.99");
	assert_true(second_takes(s.spoke1, false, m));
	m->src_proto = addr_of("10.0.0.98");
	assert_false(second_takes(s.spoke1, false, m));
	m->src_proto = addr_of("192.168.1.1");
	m->dst_proto = addr_of("10.2.0.12");
	assert_true(second_takes(s.spoke1, false, m));
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_of_no_tunnel),
		cmocka_unit_test(known_peers_are_for_tunnels_that_are_down),
		cmocka_unit_test(a_late_judgement_waits),
		cmocka_unit_test(bursts_keep_time),
		cmocka_unit_test(probes_are_switched_off),
		cmocka_unit_test(quick_probes_want_no_budget),
		cmocka_unit_test(silences_are_forgotten),
		cmocka_unit_test(damping_begins_at_its_threshold),
		cmocka_unit_test(only_the_question_under_way_is_answered),
		cmocka_unit_test(replies_come_from_whom_we_asked),
		cmocka_unit_test(the_answerers_nat_entry_counts),
		cmocka_unit_test(an_answer_with_many_entries),
		cmocka_unit_test(the_askers_nat_entry_counts),
		cmocka_unit_test(the_second_nhs_is_heard),
		cmocka_unit_test(purges_of_others_change_nothing),
		cmocka_unit_test(who_registers_nowhere_asks_nobody),
		cmocka_unit_test(no_shortcut_without_its_covering_route),
		cmocka_unit_test(errors_are_rationed_by_the_second),
		cmocka_unit_test(twins_share_everything_but_the_subnet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
