/*
 * What is easily a little off: the second of a list, the second time that something is said, limits and times to the
 * millisecond, what belongs to one tunnel of several.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/answer.h"
#include "engine/binding.h"
#include "engine/damping.h"
#include "engine/nhs_list.h"
#include "engine/partner.h"
#include "engine/path_act.h"
#include "engine/peer.h"
#include "scene.h"
#include "wire/bfd.h"

static struct nhs_view nhs_at(const struct node *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n, index, &v));
	return v;
}

static void usage(struct node *n, const char *addr, int64_t idle_s)
{
	node_event(n, &(struct event){ .type = EVENT_USAGE, .usage = { .addr = addr_of(addr), .idle = span_s(idle_s) } });
}

/* ---- the second of a list */

static void the_second_of_a_record(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);

	(void)state;
	x->cie_count = 2;
	x->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.8"), .proto = addr_of("10.0.0.88") };
	x->cies[1] = (struct nhrp_cie){ .nbma = addr_of("192.0.2.1"), .proto = addr_of("10.0.0.1") };
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_LOOP), 1);
	assert_int_equal(rig_count(s.rig, "hub --> spoke2"), 0);
	rig_free(s.rig);
}

static void the_third_next_hop_is_a_partner(void **state)
{
	struct scene s = scene_laid_out();
	const struct config_partner partner = { addr_of("10.9.0.2"), { .addr = addr_of("203.0.113.2") } };
	struct event ev = { .type = EVENT_ROUTE, .route = { .add = true, .dst = prefix_of("192.168.9.0/24"), .gateway = addr_of("10.9.0.7") } };
	struct overlay *o;

	(void)state;
	s.hub->partners[0] = partner;
	s.hub->nhrp->partners = s.hub->partners;
	s.hub->nhrp->partner_count = 1;
	scene_start(&s);
	ev.route.more_count = 2;
	ev.route.more[0] = (struct route_hop){ .gateway = addr_of("10.9.0.8") };
	ev.route.more[1] = (struct route_hop){ .gateway = addr_of("10.9.0.2") };
	node_event(s.hub, &ev);
	o = overlay_first(s.hub->engine);
	assert_non_null(partner_of_route(o, rib_find(overlay_rib(o), &ev.route.dst)));
	ev.route.more[1].via_tunnel = true;
	node_event(s.hub, &ev);
	assert_null(partner_of_route(o, rib_find(overlay_rib(o), &ev.route.dst)));
	rig_free(s.rig);
}

/* An NHS by a name: what it is registered at stays as long as it is among the name's addresses. */
static void the_second_address_of_a_name(void **state)
{
	const struct scene s = scene_laid_out();
	const struct ipaddr addrs[] = { addr_of("192.0.2.1"), addr_of("192.0.2.8"), addr_of("192.0.2.9") };
	const struct ipaddr turned[] = { addrs[1], addrs[2], addrs[0] };
	struct event ev = { .type = EVENT_NAME, .name = { .name = "hub.example", .count = 3, .addrs = addrs } };
	struct nhs_view v;

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = (char *)(uintptr_t)"hub.example" };
	scene_start(&s);
	node_event(s.spoke1, &ev);
	rig_run(s.rig, 1);
	assert_int_equal(nhs_at(s.spoke1, 0).status, NHS_VIEW_UP);
	rig_skip(s.rig);
	ev.name.addrs = turned;
	node_event(s.spoke1, &ev);
	rig_expect_nothing(s.rig);
	v = nhs_at(s.spoke1, 0);
	assert_true(ipaddr_eq(&v.nbma.addr, &addrs[0]));
	assert_int_equal(v.status, NHS_VIEW_UP);
	rig_free(s.rig);
}

/* Two NHSs at one address, one of which does not answer: the address is a live relay and no dead one. */
static void a_dead_nhs_beside_a_live_one(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	node_add_nhs(s.spoke1, "10.0.0.9", "192.0.2.2");
	scene_start(&s);
	rig_run(s.rig, 10);
	assert_int_not_equal(nhs_at(s.spoke1, 2).status, NHS_VIEW_UP);
	assert_int_equal(s.spoke1->relay_count, 2);
	assert_int_equal(s.spoke1->dead_count, 0);
	rig_free(s.rig);
}

/* Load sharing, of which only the second part is ours: withdrawn, it is held by that. */
static void a_route_whose_second_hop_is_ours(void **state)
{
	struct scene s = scene_two_hubs_laid_out();
	const struct ipprefix dst = prefix_of("192.168.8.0/24"), other = prefix_of("192.168.7.0/24");
	struct ipaddr gateway;
	const struct ipaddr hub2 = addr_of("10.0.0.2");
	struct instant until, dead;

	(void)state;
	s.spoke1->tunnel.has_route_hold = true;
	s.spoke1->tunnel.route_hold_s = 10;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	node_event(s.spoke1, &(struct event){ .type = EVENT_ROUTE, .route = {
		.add = true, .dst = dst, .gateway = addr_of("10.5.0.1"), .more_count = 1,
		.more = { { .gateway = addr_of("10.0.0.2"), .via_tunnel = true } } } });
	node_stop_abruptly(s.hub);
	for (dead = s.rig->now; nhs_at(s.spoke1, 0).status == NHS_VIEW_UP; dead = s.rig->now)
		rig_run_ms(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.8.0/24"), "-");
	node_route_del(s.spoke1, "192.168.8.0/24");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.8.0/24"), "10.0.0.2");
	assert_true(snapshot_held(s.spoke1->engine, 0, &dst, &gateway, &until));
	assert_true(ipaddr_eq(&gateway, &hub2));
	assert_in_range(instant_since(until, dead).us, span_s(10).us - 1000, span_s(10).us);
	assert_false(snapshot_held(s.spoke1->engine, 0, &other, &gateway, &until));
	assert_false(snapshot_held(s.spoke1->engine, 7, &dst, &gateway, &until));
	rig_free(s.rig);
}

/* ---- the second time */

/* An answer about usage counts once, and not for what has been learnt anew since it was asked. */
static void usage_is_answered_once(void **state)
{
	const struct scene s = scene_up();
	struct overlay *const o = overlay_first(s.spoke1->engine);
	struct binding_facts f = { .kind = BINDING_CACHED, .hold = span_s(600), .nbma = { .addr = addr_of("203.0.113.50") } };

	(void)state;
	s.spoke1->usage_idle_s = -1; /* the data path does not answer by itself */
	f.dst = prefix_of("10.0.0.50");
	f.via = f.dst.addr;
	for (int renewed = 0; renewed < 2; renewed++) {
		assert_non_null(binding_learn(o, &f));
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		rig_run(s.rig, 410);
		assert_int_equal(s.spoke1->usages, renewed + 1);
		rig_skip(s.rig);
		if (renewed)
			assert_non_null(binding_learn(o, &f));
		else
			usage(s.spoke1, "10.0.0.50", 500); /* idle: it runs out */
		usage(s.spoke1, "10.0.0.50", 0);
		rig_expect_nothing(s.rig);
	}
	rig_free(s.rig);
}

/* What turns from a map into an NHS's entry, or back, is the same entry. */
static void a_change_of_kind_keeps_the_entry(void **state)
{
	const struct scene s = scene_up();
	struct binding_view before = binding_at(s.spoke1, "10.0.0.1"), after;

	(void)state;
	rig_run(s.rig, 5);
	s.spoke1->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.1"), .nbma = { .addr = addr_of("192.0.2.1") } };
	s.spoke1->nhrp->map_count = 1;
	reconfigure(s.spoke1);
	after = binding_at(s.spoke1, "10.0.0.1");
	assert_int_equal(after.kind, BINDING_STATIC);
	assert_int_equal(after.created.us, before.created.us);
	s.spoke1->nhrp->map_count = 0;
	reconfigure(s.spoke1);
	after = binding_at(s.spoke1, "10.0.0.1");
	assert_int_equal(after.kind, BINDING_NHS);
	assert_int_equal(after.created.us, before.created.us);
	rig_free(s.rig);
}

/* Everything is said again to a device that is back: networks are no neighbours, clients are watched. */
static void a_device_comes_back(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.hub->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.64/28"), .nbma = { .addr = addr_of("203.0.113.64") } };
	s.hub->nhrp->map_count = 1;
	s.hub->multicast4[0].addr = addr_of("203.0.113.65");
	s.hub->nhrp->map_multicast_count = 1;
	s.hub->tunnel.bfd = (struct config_bfd){ 50, 50, 3 };
	scene_start(&s);
	assert_int_equal(s.hub->neighbour_count, 2);
	assert_true(node_has_multicast(s.hub, "203.0.113.65"));
	node_tunnel(s.hub, false, "192.0.2.1");
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_DEL);
	s.hub->bfd_said = 0;
	node_tunnel(s.hub, true, "192.0.2.1");
	assert_int_equal(s.hub->bfd_said, 2);
	assert_int_equal(s.hub->bfd.type, EFFECT_BFD_SET);
	assert_int_equal(s.hub->neighbour_count, 2);
	assert_true(node_has_multicast(s.hub, "203.0.113.65"));
	/* one more goes, the old one stays */
	s.hub->multicast4[1].addr = addr_of("203.0.113.66");
	s.hub->nhrp->map_multicast_count = 2;
	reconfigure(s.hub);
	assert_true(node_has_multicast(s.hub, "203.0.113.65") && node_has_multicast(s.hub, "203.0.113.66"));
	s.hub->multicast4[0] = s.hub->multicast4[1];
	s.hub->nhrp->map_multicast_count = 1;
	reconfigure(s.hub);
	assert_false(node_has_peer(s.hub, "203.0.113.65"));
	rig_free(s.rig);
}

/* ---- one tunnel of several */

static void what_a_removed_tunnel_had_said(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_second_tunnel(s.spoke2, "10.2.0.12/24", "", "");
	s.spoke2->nhrp1->network_id = 2;
	scene_start(&s);
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	node_receive(s.spoke2, "192.0.2.1", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "192.168.2.20"));
	node_miss(s.spoke2, "10.0.0.77");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.77"), "192.0.2.1");
	rig_skip(s.rig);
	s.spoke2->interfaces[0].shutdown = true;
	reconfigure(s.spoke2);
	assert_true(rig_count(s.rig, "Purge Request 192.168.2.0/24") > 0);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.77"), "-");
	rig_free(s.rig);
}

/* A question that came by one tunnel for who registered in another: of the same DMVPN, or of none of its business. */
static void clients_of_the_other_tunnel(void **state)
{
	(void)state;
	for (uint32_t network = 1; network <= 2; network++) {
		const struct scene s = scene_laid_out();

		node_second_tunnel(s.hub, "10.2.0.1/24", "", "");
		s.hub->nhrp1->network_id = network;
		scene_start(&s);
		node_event(s.hub, &(struct event){ .type = EVENT_ROUTE, .route = { .add = true, .dst = prefix_of("10.2.0.0/24"), .gateway = addr_of("10.5.0.1") } });
		{
			struct overlay *const o = overlay_next(overlay_first(s.hub->engine));
			struct binding_facts f = { .kind = BINDING_REGISTERED, .hold = span_s(600), .nbma = { .addr = addr_of("203.0.113.50") } };

			f.dst = prefix_of("10.2.0.50");
			f.via = f.dst.addr;
			assert_non_null(binding_learn(o, &f));
			node_event(s.hub, &(struct event){ .type = EVENT_TICK });
		}
		node_receive(s.hub, "198.51.100.1", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.2.0.50"));
		assert_int_equal(rig_count(s.rig, "hub --> 203.0.113.50: Resolution Request 10.2.0.50"), network == 1);
		rig_free(s.rig);
	}
}

/* Who asks for himself is not sent on, to no NHS of ours either. */
static void a_client_asks_for_himself(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	node_add_nhs(s.hub, "10.0.0.2", "192.0.2.2");
	scene_start(&s);
	node_receive(s.hub, "198.51.100.1", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.11"));
	assert_int_equal(rig_count(s.rig, "hub --> hub2: Resolution Request"), 0);
	node_receive(s.hub, "198.51.100.1", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.99"));
	assert_int_equal(rig_count(s.rig, "hub --> hub2: Resolution Request"), 1);
	rig_free(s.rig);
}

static void send_with_key(struct node *n, const char *from, bool present, uint32_t key)
{
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, from, "10.0.0.11", "10.0.0.12");
	uint8_t bytes[NHRP_MESSAGE_MAX];
	const size_t length = nhrp_encode(m, bytes, sizeof bytes);

	node_event(n, &(struct event){ .type = EVENT_PACKET, .packet = {
		.from = { .addr = addr_of(from) }, .bytes = bytes, .length = length, .key = { true, present, key } } });
}

/* The key by which a peer sends is his, and the newest counts. */
static void keys_change(void **state)
{
	static const struct { bool present; uint32_t key; } keys[] = { { true, 7 }, { true, 9 }, { false, 9 }, { false, 0 }, { true, 0 } };
	const struct scene s = scene_up();
	const struct endpoint spoke1 = { .addr = addr_of("198.51.100.1") };

	(void)state;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		const struct peer *const p = peer_by_nbma(s.hub->engine->tunnels[0], &spoke1);

		send_with_key(s.hub, "198.51.100.1", keys[i].present, keys[i].key); /* and the data path is told */
		assert_true(p->key.given && p->key.present == keys[i].present && p->key.key == keys[i].key);
	}
	rig_free(s.rig);
}

/* ---- what is believed */

/* On our own subnet an answer is believed whatever a host route says. */
static void an_answer_on_our_subnet(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_route(s.spoke1, "10.0.0.12/32", "10.5.0.1", false);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static uint8_t answered_len(const struct node *n, const char *route, const char *dst)
{
	const struct ipaddr a = addr_of(dst);
	struct event ev = { .type = EVENT_ROUTE, .route = { .add = true, .dst = prefix_of(route) } };
	struct ipprefix p;

	node_event((struct node *)(uintptr_t)n, &ev);
	assert_true(answer_prefix(overlay_first(n->engine), &a, &p));
	return p.len;
}

static void the_widest_answer(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	if (overlay_first(s.hub->engine)->family == IP_V4) {
		assert_int_equal(answered_len(s.hub, "20.0.0.0/8", "20.1.2.3"), 8);
		assert_int_equal(answered_len(s.hub, "22.0.0.0/7", "22.1.2.3"), 32);
	} else {
		assert_int_equal(answered_len(s.hub, "fd20::/16", "fd20:1::1"), 16);
		assert_int_equal(answered_len(s.hub, "fd22::/15", "fd22:1::1"), 128);
	}
	rig_free(s.rig);
}

/* ---- times */

static void a_flap_of_long_ago(void **state)
{
	struct damping d = { 0 };
	const struct instant now = { 1000000 };

	(void)state;
	assert_int_equal(damping_wait(&d, instant_add(now, span_s(1000000))).us, 0);
	for (int i = 0; i < 7; i++)
		damping_flap(&d, now);
	assert_int_equal(damping_wait(&d, now).us, span_s(60).us);
	for (int64_t halves = 3; halves < 70; halves++) /* once they are more than a number has bits */
		assert_int_equal(damping_wait(&d, instant_add(now, span_s(120 * halves))).us, 0);
	assert_int_equal(damping_wait(&d, instant_add(now, span_s(120))).us, span_s(25).us);
}

static void drain_light(struct engine *e)
{
	while (bucket_take(&e->light, e->now, 50, span_s(1)))
		;
}

/* A dead NHS when the budget is spent: up to 64 s apart, and 4 s as soon as there is some left. */
static void the_longest_step(void **state)
{
	const struct scene s = scene_laid_out();
	struct engine *e;
	int64_t longest = 0;

	(void)state;
	scene_start(&s);
	node_stop_abruptly(s.hub);
	e = s.spoke1->engine;
	for (int i = 0; i < 60000; i++) { /* 10 minutes */
		const int64_t us = overlay_first(e)->nhs[0]->interval.us;

		rig_run_ms(s.rig, 10);
		e->now = s.rig->now;
		drain_light(e);
		longest = us > longest ? us : longest;
	}
	assert_in_range(longest, span_s(48).us, span_s(64).us);
	assert_true(nhs_at(s.spoke1, 0).over_budget);
	rig_run(s.rig, 200);
	assert_in_range(overlay_first(e)->nhs[0]->interval.us, span_s(3).us, span_s(4).us);
	assert_false(nhs_at(s.spoke1, 0).over_budget);
	rig_free(s.rig);
}

/* It said that it stops, and was asked a moment ago: asked again after 2 s and then every 4 s. */
static void an_nhs_that_stops(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	rig_run_ms(s.rig, 199300);
	node_event(s.hub, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run_ms(s.rig, 10);
	node_stop_abruptly(s.hub);
	assert_int_not_equal(nhs_at(s.spoke1, 0).status, NHS_VIEW_UP);
	assert_in_range(nhs_at(s.spoke1, 0).retry_interval.us, 1500000, 2000000);
	rig_skip(s.rig);
	rig_run_ms(s.rig, 2000);
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Registration"), 1);
	assert_in_range(nhs_at(s.spoke1, 0).retry_interval.us, 3000000, 4000000);
	rig_free(s.rig);
}

/* No registration timeout is a third of the hold time, and never nothing. */
static void the_refresh_follows_the_hold_time(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->registration_timeout_s = 0;
	s.spoke1->nhrp->holdtime_s = 90;
	s.spoke2->nhrp->registration_timeout_s = 0;
	s.spoke2->nhrp->holdtime_s = 2;
	scene_start(&s);
	rig_run_ms(s.rig, 28500);
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Registration"), 0);
	rig_run_ms(s.rig, 1000);
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Registration"), 1);
	rig_skip(s.rig);
	rig_run_ms(s.rig, 10000);
	assert_in_range(rig_count(s.rig, "spoke2 --> hub: Registration"), 9, 10);
	rig_free(s.rig);
}

/* The more often a path was mute lately, the longer it is looked at; but for no longer than that. */
static void a_path_that_is_mute_again_and_again(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	struct path *p;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	p = path_find(s.spoke1->engine->tunnels[0], &hub);
	for (unsigned i = 1; i < 10; i++) {
		path_enter(p, PATH_MUTE);
		assert_int_equal(p->mutes, i < 4 ? i : 4);
	}
	rig_free(s.rig);
}

/* ---- BFD */

static void bfd_says(struct node *n, bool up)
{
	node_event(n, &(struct event){ .type = EVENT_BFD, .bfd = { .addr = addr_of("10.0.0.1"), .nbma = { .addr = addr_of("192.0.2.1") },
								    .up = up, .diag = up ? 0 : BFD_DIAG_TIMEOUT } });
}

/* Nobody probes: the session that is back is what says that the NHS may be asked again. */
static void bfd_alone_finds_it_again(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.bfd = (struct config_bfd){ 50, 50, 3 };
	scene_start(&s);
	s.hub->dead = true;
	bfd_says(s.spoke1, false);
	assert_int_not_equal(nhs_at(s.spoke1, 0).status, NHS_VIEW_UP);
	rig_run(s.rig, 60);
	for (int64_t us = 0; us < 3500000;) { /* the next try is far away */
		rig_run_ms(s.rig, 10);
		us = instant_since(overlay_first(s.spoke1->engine)->nhs[0]->timer.deadline, s.rig->now).us;
	}
	s.hub->dead = false;
	bfd_says(s.spoke1, true);
	rig_run_ms(s.rig, 1100);
	assert_int_equal(nhs_at(s.spoke1, 0).status, NHS_VIEW_UP);
	rig_free(s.rig);
}

static void bfd_while_we_stop(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.bfd = (struct config_bfd){ 50, 50, 3 };
	scene_start(&s);
	s.hub->dead = true;
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	bfd_says(s.spoke1, false);
	assert_null(strstr(s.spoke1->last_trace, "BFD_DOWN"));
	rig_free(s.rig);
}

static void drops_that_do_not_exist(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	assert_int_equal(engine_codec_drops(s.hub->engine, NHRP_DROP_COUNT), 0);
	assert_int_equal(engine_codec_drops(s.hub->engine, UINT32_MAX), 0);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_of_a_record),
		cmocka_unit_test(the_third_next_hop_is_a_partner),
		cmocka_unit_test(the_second_address_of_a_name),
		cmocka_unit_test(a_dead_nhs_beside_a_live_one),
		cmocka_unit_test(a_route_whose_second_hop_is_ours),
		cmocka_unit_test(usage_is_answered_once),
		cmocka_unit_test(a_change_of_kind_keeps_the_entry),
		cmocka_unit_test(a_device_comes_back),
		cmocka_unit_test(what_a_removed_tunnel_had_said),
		cmocka_unit_test(clients_of_the_other_tunnel),
		cmocka_unit_test(a_client_asks_for_himself),
		cmocka_unit_test(keys_change),
		cmocka_unit_test(an_answer_on_our_subnet),
		cmocka_unit_test(the_widest_answer),
		cmocka_unit_test(a_flap_of_long_ago),
		cmocka_unit_test(the_longest_step),
		cmocka_unit_test(an_nhs_that_stops),
		cmocka_unit_test(the_refresh_follows_the_hold_time),
		cmocka_unit_test(a_path_that_is_mute_again_and_again),
		cmocka_unit_test(bfd_alone_finds_it_again),
		cmocka_unit_test(bfd_while_we_stop),
		cmocka_unit_test(drops_that_do_not_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
