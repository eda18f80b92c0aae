/*
 * What happens seldom: counters that wrap, tables that change their kind, maps beside NHSs, ends of a life, tunnels in
 * any order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/binding.h"
#include "engine/name.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/path_act.h"
#include "engine/peer.h"
#include "engine/redirect.h"
#include "engine/resolution.h"
#include "engine/settings.h"
#include "engine/state.h"
#include "scene.h"

static struct engine_sizes sizes(const struct node *n)
{
	struct engine_sizes z;

	snapshot_sizes(n->engine, &z);
	return z;
}

static void map(struct node *n, size_t at, const char *proto, const char *nbma)
{
	n->maps4[at] = (struct config_map){ .proto = prefix_of(proto), .nbma = { .addr = addr_of(nbma) } };
	n->nhrp->map_count = at + 1;
}

/* ---- numbers */

static void numbers_wrap(void **state)
{
	const struct scene s = scene_up();
	struct engine *const e = s.spoke1->engine;

	(void)state;
	e->request_id = UINT32_MAX - 1;
	assert_int_equal(engine_new_request_id(e), UINT32_MAX);
	assert_int_equal(engine_new_request_id(e), 1); /* 0 means none */
	assert_int_equal(engine_request_id(e), 1);
	assert_null(nhs_by_request(overlay_first(e), 0));
	rig_free(s.rig);
}

static void probes_are_never_number_0(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	s.spoke1->engine->probe_sequence = UINT32_MAX - 1;
	rig_run(s.rig, 2); /* the data path's model asserts it */
	assert_in_range(s.spoke1->engine->probe_sequence, 1, 20);
	rig_free(s.rig);
}

/* ---- maps, NHSs and clients of one address */

static void an_nhs_by_its_map(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhs_view v;

	(void)state;
	s.spoke1->nhs4[0].nbma.addr = IPADDR_NONE;
	map(s.spoke1, 0, "10.0.0.77", "203.0.113.77");
	map(s.spoke1, 1, "10.0.0.1", "192.0.2.1");
	s.spoke1->tunnel.bfd = (struct config_bfd){ 50, 50, 3 };
	scene_start(&s);
	assert_true(node_nhs(s.spoke1, 0, &v));
	assert_int_equal(v.status, NHS_VIEW_UP);
	assert_int_equal(binding_at(s.spoke1, "10.0.0.1").kind, BINDING_STATIC);
	assert_true(node_has_multicast(s.spoke1, "192.0.2.1"));
	assert_false(node_has_multicast(s.spoke1, "203.0.113.77"));
	assert_int_equal(s.spoke1->bfd_said, 1); /* the NHS is watched, the other map is not */
	assert_true(ipaddr_eq(&s.spoke1->bfd.bfd.remote, &v.addr));
	/* without the map it is the NHS's own */
	s.spoke1->nhrp->map_count = 1;
	s.spoke1->nhs4[0].nbma.addr = addr_of("192.0.2.1");
	reconfigure(s.spoke1);
	assert_int_equal(binding_at(s.spoke1, "10.0.0.1").kind, BINDING_NHS);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	/* and with it again */
	map(s.spoke1, 1, "10.0.0.1", "192.0.2.1");
	reconfigure(s.spoke1);
	assert_int_equal(binding_at(s.spoke1, "10.0.0.1").kind, BINDING_STATIC);
	assert_int_equal(sizes(s.spoke1).dynamic_bindings, 0);
	rig_free(s.rig);
}

static void a_client_that_is_configured(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	assert_int_equal(sizes(s.hub).dynamic_bindings, 2);
	map(s.hub, 0, "10.0.0.11", "198.51.100.1");
	reconfigure(s.hub);
	assert_int_equal(binding_at(s.hub, "10.0.0.11").kind, BINDING_STATIC);
	assert_int_equal(sizes(s.hub).dynamic_bindings, 1);
	rig_run(s.rig, 700);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

/* A host that was reached through another becomes a neighbour itself, and one that is configured. */
static void a_host_becomes_a_neighbour(void **state)
{
	const struct scene s = scene_up();
	struct overlay *const o = overlay_first(s.spoke1->engine);
	struct binding_facts f = { .kind = BINDING_CACHED, .hold = span_s(600) };

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	f.dst = prefix_of("10.0.0.50");
	f.via = addr_of("10.0.0.12");
	f.hop = binding_host(o, &f.via);
	assert_non_null(f.hop);
	for (int configured = 0; configured < 2; configured++) {
		f.hop = binding_host(o, &f.via);
		assert_non_null(binding_learn(o, &f));
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		assert_string_equal(node_shortcut_gateway(s.spoke1, "10.0.0.50"), "10.0.0.12");
		if (configured) {
			map(s.spoke1, 0, "10.0.0.50", "203.0.113.50");
			reconfigure(s.spoke1);
		} else {
			struct binding_facts n = f;

			n.hop = NULL;
			n.via = n.dst.addr;
			n.nbma.addr = addr_of("203.0.113.50");
			assert_non_null(binding_learn(o, &n));
			node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
			assert_null(binding_learn(o, &f)); /* and does not become a host behind another again */
		}
		assert_string_equal(node_shortcut_gateway(s.spoke1, "10.0.0.50"), "-");
		assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.50"), "203.0.113.50");
		if (!configured)
			node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR, .clear = { addr_of("10.0.0.50") } });
	}
	rig_free(s.rig);
}

static void one_is_cleared(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_event(s.hub, &(struct event){ .type = EVENT_CLEAR, .clear = { addr_of("10.0.0.12") } });
	rig_expect(s.rig, "hub --> spoke2: Purge Request 10.0.0.12/32 {no reply}");
	rig_expect_nothing(s.rig);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "-");
	/* questions under way too: that one, or all */
	node_stop_abruptly(s.hub);
	node_miss(s.spoke1, "10.0.0.20");
	node_miss(s.spoke1, "10.0.0.21");
	node_miss(s.spoke1, "10.0.0.22");
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR, .clear = { addr_of("10.0.0.21") } });
	assert_int_equal(sizes(s.spoke1).resolutions, 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.21"), "-");
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	assert_int_equal(sizes(s.spoke1).resolutions, 0);
	/* usage of what is not there any more */
	node_event(s.spoke1, &(struct event){ .type = EVENT_USAGE, .usage = { .addr = addr_of("10.0.0.21") } });
	rig_free(s.rig);
}

static void no_limit_and_no_tunnel(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.hub->nhrp->max_send_packets = 0; /* as much as one likes */
	scene_start(&s);
	for (int i = 0; i < 50; i++)
		node_receive(s.hub, "198.51.100.1", message_from(NHRP_REGISTRATION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.1"));
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_RATE), 0);
	rig_skip(s.rig);
	node_tunnel(s.hub, false, "192.0.2.1");
	node_event(s.hub, &(struct event){ .type = EVENT_CLEAR });
	rig_expect_nothing(s.rig);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_NO_ROUTE), 2);
	rig_free(s.rig);
}

/* ---- addresses of this router */

static void own_addresses_come_and_go(void **state)
{
	const struct scene s = scene_up();
	struct event ev = { .type = EVENT_ROUTE, .route = { .local = true, .dst = prefix_of("10.0.0.99") } };

	(void)state;
	node_local(s.hub, "10.0.0.99", false);
	node_receive(s.hub, "203.0.113.9", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.9", "10.0.0.99", "10.0.0.1"));
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_SPOOFED), 1);
	node_event(s.hub, &ev); /* gone */
	node_receive(s.hub, "203.0.113.9", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.9", "10.0.0.99", "10.0.0.1"));
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_SPOOFED), 1);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.99"), "203.0.113.9");
	rig_free(s.rig);
}

/* Passed on by another it names an address of ours as its own. */
static void a_relayed_claim_of_our_own_address(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_REGISTRATION_REQUEST, "192.0.2.1", "10.0.0.60", "10.0.0.1");
	struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);

	(void)state;
	x->cie_count = 1;
	x->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.8"), .proto = addr_of("10.0.0.88") };
	node_receive(s.hub, "203.0.113.8", m);
	rig_expect(s.rig, "hub --> 203.0.113.8: Registration Reply {} code 4");
	rig_free(s.rig);
}

/* ---- ends */

static void while_it_stops_it_serves_nobody(void **state)
{
	const struct scene s = scene_two_hubs_up();

	(void)state;
	node_stop_abruptly(s.hub);
	node_stop_abruptly(s.hub2);
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	assert_false(s.spoke1->done);
	rig_skip(s.rig);
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN }); /* once is enough */
	rig_expect_nothing(s.rig);
	node_receive(s.spoke1, "198.51.100.2", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.2", "10.0.0.12", "10.0.0.11"));
	rig_expect_nothing(s.rig);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_NOT_ALLOWED), 1);
	node_miss(s.spoke1, "10.0.0.12");
	node_tunnel(s.spoke1, false, "198.51.100.1");
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_expect_nothing(s.rig);
	/* nobody answers: that is waited for, but not for ever */
	rig_run_ms(s.rig, 1190);
	assert_false(s.spoke1->done);
	rig_run_ms(s.rig, 320);
	assert_true(s.spoke1->done);
	rig_skip(s.rig);
	assert_true(instant_is_never(engine_deadline(s.spoke1->engine)));
	node_receive(s.spoke1, "198.51.100.2", message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.2", "10.0.0.12", "10.0.0.11"));
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* ---- tunnels in any order */

static void tunnels_are_in_the_order_of_their_numbers(void **state)
{
	const struct scene s = scene_laid_out();
	struct config_interface swap;

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "10.2.0.1", "192.0.2.9");
	swap = s.spoke1->interfaces[0];
	s.spoke1->interfaces[0] = s.spoke1->interfaces[1];
	s.spoke1->interfaces[1] = swap;
	scene_start(&s);
	assert_int_equal(s.spoke1->engine->tunnel_count, 2);
	assert_int_equal(s.spoke1->engine->tunnels[0]->settings.number, 0);
	assert_int_equal(s.spoke1->engine->tunnels[1]->settings.number, 1);
	/* each goes and comes again by itself */
	for (uint32_t number = 0; number < 2; number++) {
		struct config_interface *const i = &s.spoke1->interfaces[1 - number];

		i->shutdown = true;
		reconfigure(s.spoke1);
		assert_int_equal(s.spoke1->engine->tunnel_count, 1);
		assert_int_equal(s.spoke1->engine->tunnels[0]->settings.number, 1 - number);
		i->shutdown = false;
		reconfigure(s.spoke1);
		assert_int_equal(s.spoke1->engine->tunnels[number]->settings.number, number);
	}
	/* another far end is another tunnel: the same device, up as it was */
	s.spoke1->interfaces[0].tunnel->key = 9;
	s.spoke1->interfaces[0].tunnel->has_key = true;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->engine->tunnels[1]->settings.key, 9);
	rig_free(s.rig);
}

/* What makes it another tunnel, and what does not. */
static void the_same_tunnel(void **state)
{
	struct config_address addresses[2][2] = { 0 };
	struct settings a = { .number = 1, .address_count = 2, .addresses = addresses[0] }, b = a;
	char one[] = "a.example", other[] = "b.example";

	(void)state;
	b.addresses = addresses[1];
	assert_true(settings_same_tunnel(&a, &b));
#define DIFFERS(field, value) do { \
		const struct settings kept = b; \
		b.field = value; \
		assert_false(settings_same_tunnel(&a, &b)); \
		assert_false(settings_same_tunnel(&b, &a)); \
		b = kept; \
		assert_true(settings_same_tunnel(&a, &b)); \
	} while (0)
	DIFFERS(vrf, 1);
	DIFFERS(underlay_vrf, 1);
	DIFFERS(mode, TUNNEL_GRE_MULTIPOINT);
	DIFFERS(transport, IP_V6);
	DIFFERS(has_key, true);
	DIFFERS(key, 1);
	DIFFERS(destination.addr, addr_of("192.0.2.1"));
	DIFFERS(destination.name, one);
	DIFFERS(nhrp4.enabled, true);
	DIFFERS(nhrp6.enabled, true);
	DIFFERS(address_count, 1);
	for (int field = 0; field < 4; field++) {
		addresses[1][1].addr = field == 3 ? addr_of("192.0.2.1") : IPADDR_NONE;
		addresses[1][1].prefix_len = field == 0;
		addresses[1][1].secondary = field == 1;
		addresses[1][1].link_local = field == 2;
		assert_false(settings_same_tunnel(&a, &b));
	}
	addresses[1][1] = (struct config_address){ 0 };
	a.destination.name = one;
	b.destination.name = other;
	assert_false(settings_same_tunnel(&a, &b));
	b.destination.name = (char[]){ "a.example" };
	assert_true(settings_same_tunnel(&a, &b));
	b.nhrp4.holdtime_s = 5;
	assert_true(settings_same_tunnel(&a, &b));
#undef DIFFERS
}

/* ---- names */

static void names_that_nobody_wants_any_more(void **state)
{
	const struct scene s = scene_laid_out();
	struct tunnel *t;
	const struct ipaddr *addrs;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		s.spoke1->multicast4[i] = (struct config_host){ .name = (char *)(uintptr_t)(i == 0 ? "a.example" : i == 1 ? "b.example" : "a.example") };
	s.spoke1->nhrp->map_multicast_count = 3;
	node_start(s.spoke1);
	t = s.spoke1->engine->tunnels[0];
	assert_int_equal(s.spoke1->resolves, 2); /* each once */
	assert_int_equal(name_addrs(t, "c.example", &addrs), 0);
	name_doubted(t, "c.example");
	s.spoke1->multicast4[0].name = s.spoke1->multicast4[1].name;
	s.spoke1->nhrp->map_multicast_count = 1;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->resolves, 2); /* known already */
	assert_string_equal(t->names->text, "b.example");
	assert_null(t->names->next);
	s.spoke1->nhrp->map_multicast_count = 0;
	reconfigure(s.spoke1);
	assert_null(t->names);
	rig_run(s.rig, 10);
	assert_int_equal(s.spoke1->resolves, 2);
	rig_free(s.rig);
}

/* A resolver may be slow: one question at a time, for half a minute. */
static void one_look_up_at_a_time(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = (char *)(uintptr_t)"hub.example" };
	node_start(s.spoke1);
	rig_run_ms(s.rig, 4000);
	assert_int_equal(instant_since(s.spoke1->engine->tunnels[0]->names->timer.deadline, s.rig->now).us, span_s(2).us);
	rig_run_ms(s.rig, 25999);
	assert_int_equal(s.spoke1->resolves, 1);
	rig_run_ms(s.rig, 1);
	assert_int_equal(s.spoke1->resolves, 2);
	rig_free(s.rig);
}

static void the_tallies_keep_the_last_addresses(void **state)
{
	struct nhs_tallies t = { 0 };
	struct ipaddr a = addr_of("192.0.2.0");

	(void)state;
	for (uint8_t i = 0; i < NHS_TALLIES_MAX + 2; i++) {
		a.bytes[3] = i;
		tally_sent(&t, &a);
		tally_sent(&t, &a);
		tally_failed(&t, &a);
		tally_received(&t, &a);
	}
	assert_int_equal(t.count, NHS_TALLIES_MAX);
	for (size_t i = 0; i < NHS_TALLIES_MAX; i++) {
		assert_int_equal(t.each[i].addr.bytes[3], i + 2);
		assert_true(t.each[i].sent == 2 && t.each[i].failed == 1 && t.each[i].received == 1);
	}
	assert_true(t.all.sent == 20 && t.all.failed == 10 && t.all.received == 10);
}

/* ---- what is promised, and what is answered */

static void a_part_that_leads_into_the_dmvpn_is_not_promised(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_route(s.hub, "192.168.4.0/22", "10.0.0.12", true);
	node_route(s.spoke2, "192.168.4.0/22", "", false);
	node_route(s.spoke2, "192.168.6.0/24", "10.0.0.1", true);
	node_hairpin(s.hub, "192.168.1.10", "192.168.5.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.4.0/23"), "10.0.0.12");
	node_hairpin(s.hub, "192.168.1.10", "192.168.7.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.7.0/24"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 2);
	/* what is true no more is taken back, the rest stays */
	node_route(s.spoke2, "192.168.5.0/24", "10.0.0.1", true);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.4.0/23"), "-");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.7.0/24"), "10.0.0.12");
	rig_free(s.rig);
}

/* A next hop is waited for that was asked for before because of a redirect: it must not wait for the answer. */
static void a_redirect_and_then_a_miss(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_stop_abruptly(s.spoke2);
	node_hairpin(s.hub, "10.0.0.11", "10.0.0.12", PEER_NONE);
	rig_run(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "Resolution Request 10.0.0.12 hop 255"), 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	node_miss(s.spoke1, "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255"), 1);
	rig_free(s.rig);
}

/* A refresh that is refused ends what it was to refresh. */
static void a_refused_refresh(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	node_stop_abruptly(s.spoke2);
	s.spoke1->usage_idle_s = 1;
	rig_run_ms(s.rig, 399100);
	assert_int_equal(sizes(s.spoke1).resolutions, 1);
	m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	m->request_id = s.spoke1->engine->request_id;
	m->cies[0] = (struct nhrp_cie){ .code = NHRP_CODE_NO_BINDING };
	node_receive(s.spoke1, "192.0.2.1", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	assert_int_equal(sizes(s.spoke1).resolutions, 0);
	rig_free(s.rig);
}

/* ---- multipath */

static void routes_with_several_next_hops(void **state)
{
	const struct scene s = scene_up();
	struct event ev = { .type = EVENT_ROUTE, .route = { .add = true, .dst = prefix_of("192.168.0.0/16"), .gateway = addr_of("10.5.0.1") } };
	const struct ipaddr hub = addr_of("10.0.0.1"), third = addr_of("10.5.0.3"), none = addr_of("10.5.0.4");
	const struct rib *rib;

	(void)state;
	ev.route.more_count = 2;
	ev.route.more[0] = (struct route_hop){ .gateway = third };
	ev.route.more[1] = (struct route_hop){ .gateway = hub, .via_tunnel = true };
	node_event(s.spoke1, &ev);
	rib = overlay_rib(overlay_first(s.spoke1->engine));
	assert_true(rib_leads_by(rib, &hub) && rib_leads_by(rib, &third) && rib_leads_by(rib, &ev.route.gateway));
	assert_false(rib_leads_by(rib, &none));
	{ /* one of them leads into the DMVPN: that is the one that counts */
		const struct overlay *const o = overlay_first(s.spoke1->engine);
		const struct route *const r = rib_find(rib, &ev.route.dst);

		assert_ptr_equal(overlay_of_route(o, r), o);
		assert_true(ipaddr_eq(overlay_gateway(o, r), &hub));
	}
	rig_free(s.rig);
}

/* ---- peers of an earlier life */

static void ids_that_are_taken(void **state)
{
	const struct scene s = scene_laid_out();
	struct event ev = { .type = EVENT_PEER_KNOWN, .peer_known = { .nbma = { .addr = addr_of("203.0.113.9") } } };
	struct tunnel *t;
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };

	(void)state;
	s.spoke1->engine = engine_new(&s.spoke1->config, &s.spoke1->options, s.rig->now);
	t = s.spoke1->engine->tunnels[0];
	assert_int_equal(peer_by_nbma(t, &hub)->id, 1);
	ev.peer_known.peer = 1;
	node_event(s.spoke1, &ev);
	assert_int_equal(peer_by_id(t, 1)->nbma.addr.bytes[0], 203);
	assert_int_equal(peer_by_nbma(t, &hub)->id, 2);
	assert_ptr_equal(peer_by_id(t, 2), peer_by_nbma(t, &hub));
	ev.peer_known.peer = 100;
	ev.peer_known.nbma = hub;
	node_event(s.spoke1, &ev);
	assert_int_equal(peer_by_nbma(t, &hub)->id, 100);
	assert_null(peer_by_id(t, 2));
	assert_int_equal(s.spoke1->engine->next_peer_id, 101);
	assert_int_equal(t->peers_by_id.count, t->peers.count);
	assert_int_equal(t->peers.count, 2);
	rig_free(s.rig);
}

/* Each in its own tunnel; and those that are told later, when the first are through. */
static void neighbours_of_an_earlier_life(void **state)
{
	const struct scene s = scene_laid_out();
	struct event ev = { .type = EVENT_NEIGHBOUR_KNOWN, .tunnel = 1, .neighbour_known = {
		.addr = addr_of("10.2.0.50"), .nbma = { .addr = addr_of("203.0.113.50") } } };

	(void)state;
	node_second_tunnel(s.hub, "10.2.0.1/24", "", "");
	node_start(s.hub);
	node_event(s.hub, &ev);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> 203.0.113.50: Purge Request 10.2.0.50/32 {no reply}");
	ev.neighbour_known.addr = addr_of("10.2.0.51");
	node_event(s.hub, &ev);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> 203.0.113.50: Purge Request 10.2.0.51/32 {no reply}");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* ---- what is not believed */

/* A direct asker from nowhere is answered, and not learnt. */
static void askers_from_nowhere(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;
	static struct nhrp_message got;
	struct nhrp_extension *x;

	(void)state;
	m = message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.9", "10.77.0.1", "10.0.0.12");
	m->flags = NHRP_FLAG_RES_SOURCE_STABLE;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	x = nhrp_extension_add(m, NHRP_EXT_REVERSE_TRANSIT);
	x->cie_count = 1;
	x->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.8"), .proto = addr_of("10.0.0.88") };
	node_receive(s.spoke2, "203.0.113.9", m);
	rig_expect(s.rig, "spoke2 --> 203.0.113.9: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.77.0.1"), "-");
	assert_int_equal(nhrp_decode(s.rig->sent[2], s.rig->sent_length[2], &got, NULL), NHRP_DROP_NONE);
	assert_int_equal(nhrp_extension_find(&got, NHRP_EXT_REVERSE_TRANSIT)->cie_count, 0);
	rig_free(s.rig);
}

/* Where very many paths are in doubt already, BFD is believed. */
static void bursts_are_for_so_many(void **state)
{
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };

	(void)state;
	for (unsigned others = PATH_BURSTS - 1; others <= PATH_BURSTS; others++) {
		const struct scene s = scene_laid_out();
		struct path *p;

		s.spoke1->nhrp->probe_interval_ms = 250;
		scene_start(&s);
		p = path_find(s.spoke1->engine->tunnels[0], &hub);
		s.spoke1->engine->path_bursts = others;
		path_step(p, PATH_EVENT_DOWN);
		assert_int_equal(p->state, others < PATH_BURSTS ? PATH_DOUBTED : PATH_DEAD);
		rig_free(s.rig);
	}
}

/* A lost reply about the link-local address is asked for again in every registration, not in the first one only. */
static bool lose_link_local(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	return m && m->type == NHRP_REGISTRATION_REQUEST && ipaddr_is_link_local(&m->src_proto);
}

/* A routing protocol of IPv6 may know the server by its link-local address only. */
static void routing_hears_of_the_link_local_address_too(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "2001:db8::1/64");
	struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "2001:db8::11/64");
	struct ipaddr link_local;

	(void)state;
	assert_true(ipaddr_parse("fe80::1", &link_local));
	node_add_nhs(spoke, "2001:db8::1", "192.0.2.1");
	node_start(hub);
	node_local(hub, "fe80::1", true);
	node_start(spoke);
	rig_run(r, 1);
	assert_int_equal(spoke->routing, ROUTING_ALIVE);
	assert_false(ipaddr_eq(&spoke->routing_addr, &link_local));
	node_local(spoke, "fe80::11", true);
	rig_run(r, 1);
	assert_int_equal(spoke->routing, ROUTING_ALIVE);
	assert_true(ipaddr_eq(&spoke->routing_addr, &link_local));
	node_stop_abruptly(hub);
	rig_run(r, 300);
	assert_int_equal(spoke->routing, ROUTING_DEAD);
	assert_true(ipaddr_eq(&spoke->routing_addr, &link_local)); /* behind the other one */
	rig_free(r);
}

static void the_link_local_address_is_registered_every_time(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "2001:db8::1/64");
	struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "2001:db8::11/64");

	(void)state;
	node_add_nhs(spoke, "2001:db8::1", "192.0.2.1");
	node_start(hub);
	node_local(hub, "fe80::1", true);
	node_start(spoke);
	node_local(spoke, "fe80::11", true);
	rig_run(r, 1);
	assert_string_equal(node_neighbour_nbma(hub, "fe80::11"), "198.51.100.1");
	assert_string_equal(node_neighbour_nbma(spoke, "fe80::1"), "192.0.2.1");
	rig_run(r, 100);
	r->lose = lose_link_local;
	node_tunnel(spoke, true, "198.51.100.1"); /* registers anew */
	rig_skip(r);
	rig_run(r, 8);
	assert_in_range(rig_count(r, "Registration Request"), 3, 4);
	r->lose = NULL;
	rig_run(r, 10);
	rig_skip(r);
	rig_run(r, 60);
	assert_int_equal(rig_count(r, "Registration"), 0);
	rig_free(r);
}

/* ---- dead paths */

/* A path that died is remembered without a watcher, but not beyond the tunnel's address. */
static void dead_paths_are_forgotten_with_the_address(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint other = { .addr = addr_of("198.51.100.2") };
	struct tunnel *t;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	t = s.spoke1->engine->tunnels[0];
	for (int up = 0; up < 2; up++) {
		node_miss(s.spoke1, "10.0.0.12");
		rig_run(s.rig, 1);
		path_step(path_find(t, &other), PATH_EVENT_LOST);
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
		assert_true(path_is_dead(t, &other));
		assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
		/* it is not learnt again by a binding's word */
		node_miss(s.spoke1, "10.0.0.12");
		rig_run_ms(s.rig, 30);
		assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
		assert_string_equal(binding_at(s.spoke1, "10.0.0.12").reason, "the direct path is dead");
		node_tunnel(s.spoke1, true, "198.51.100.1"); /* nothing new */
		assert_true(path_is_dead(t, &other));
		node_tunnel(s.spoke1, up, up ? "198.51.100.7" : "198.51.100.1");
		assert_null(path_find(t, &other));
		node_tunnel(s.spoke1, true, "198.51.100.1");
		node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
		rig_run(s.rig, 5);
	}
	rig_free(s.rig);
}

static void remarks(void **state)
{
	struct path p = { .state = PATH_RESTING };

	(void)state;
	assert_null(path_remark(&p, true, false));
	p.state = PATH_UNTESTED;
	assert_null(path_remark(&p, false, true));
	assert_non_null(strstr(path_remark(&p, true, false), "never answered"));
	p.state = PATH_MUTE;
	assert_non_null(strstr(path_remark(&p, true, false), "NHRP answers, probes do not"));
	p.state = PATH_ALIVE;
	assert_null(path_remark(&p, true, true));
	assert_null(path_remark(&p, false, false));
	assert_non_null(strstr(path_remark(&p, false, true), "behind a living tunnel"));
	p.state = PATH_DOUBTED;
	assert_non_null(path_remark(&p, false, true));
	assert_string_equal(path_state_name(PATH_MUTE), "MUTE");
	assert_string_equal(nhs_state_name(NHS_RELEASING), "RELEASING");
}

/* In doubt when nobody watches it any more: one burst less is under way. */
static void a_path_goes_while_in_doubt(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint other = { .addr = addr_of("198.51.100.2") };
	struct engine *e;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	e = s.spoke1->engine;
	for (int doubted = 0; doubted < 2; doubted++) {
		node_miss(s.spoke1, "10.0.0.12");
		rig_run(s.rig, 1);
		if (doubted)
			node_quiet(s.spoke1, "198.51.100.2");
		assert_int_equal(e->path_bursts, doubted);
		assert_non_null(path_find(e->tunnels[0], &other));
		node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
		assert_null(path_find(e->tunnels[0], &other));
		assert_int_equal(e->path_bursts, 0);
	}
	rig_free(s.rig);
}

/* ---- what is changed in place */

static void a_secret_is_changed(void **state)
{
	const struct scene s = scene_laid_out();
	char before[] = "before", after[] = "after";

	(void)state;
	s.hub->nhrp->authentication = s.spoke1->nhrp->authentication = s.spoke2->nhrp->authentication = before;
	scene_start(&s);
	s.hub->nhrp->authentication = s.spoke1->nhrp->authentication = after;
	reconfigure(s.hub);
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	rig_run(s.rig, 210);
	assert_true(rig_count(s.rig, "hub --> spoke2: Error Indication 11") > 0);
	assert_int_equal(rig_count(s.rig, "hub --> spoke1: Error"), 0);
	rig_free(s.rig);
}

/* ---- outside addresses */

/* The NAT entry of a reply is the answerer's: none where there is no NAT, and not the asker's. */
static void nat_entries_of_replies(void **state)
{
	(void)state;
	for (int natted = 0; natted < 2; natted++) {
		const struct scene s = scene_laid_out();
		static struct nhrp_message got;
		const struct nhrp_extension *x;
		struct nhrp_extension *nat;
		struct nhrp_message *m;

		if (natted) {
			s.spoke2->nbma = addr_of("172.16.0.9");
			s.spoke2->outside = addr_of("203.0.113.7");
		}
		scene_start(&s);
		m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
		m->flags = NHRP_FLAG_NAT;
		nat = nhrp_extension_add(m, NHRP_EXT_NAT);
		nat->cie_count = 1;
		nat->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.1"), .proto = addr_of("10.0.0.11") };
		node_receive(s.spoke2, "192.0.2.1", m);
		assert_int_equal(nhrp_decode(s.rig->sent[2], s.rig->sent_length[2], &got, NULL), NHRP_DROP_NONE);
		x = nhrp_extension_find(&got, NHRP_EXT_NAT);
		assert_int_equal(x->cie_count, natted);
		if (natted)
			assert_true(ipaddr_eq(&x->cies[0].nbma, &s.spoke2->outside));
		rig_free(s.rig);
	}
}

/* Each tunnel's purges go with it, and the other's go on. */
static void purges_go_with_their_tunnel(void **state)
{
	const struct scene s = scene_laid_out();
	static const char *const askers[] = { "10.0.0.77", "10.2.0.77" };

	(void)state;
	node_second_tunnel(s.spoke2, "10.2.0.12/24", "", "");
	scene_start(&s);
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	for (size_t i = 0; i < 2; i++)
		node_receive(s.spoke2, "203.0.113.9", message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.9", askers[i], "192.168.2.20"));
	assert_int_equal(sizes(s.spoke2).answers, 2);
	node_route_del(s.spoke2, "192.168.2.0/24");
	assert_int_equal(sizes(s.spoke2).purges, 2);
	s.spoke2->interfaces[1].shutdown = true;
	reconfigure(s.spoke2);
	assert_int_equal(sizes(s.spoke2).purges, 1);
	rig_skip(s.rig);
	rig_run(s.rig, 10);
	assert_int_equal(rig_count(s.rig, "Purge Request"), 2);
	rig_free(s.rig);
}

/* A farewell carries the secret, else nobody would heed it. */
static void a_clean_stop_with_a_secret(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.hub->nhrp->authentication = s.spoke1->nhrp->authentication = s.spoke2->nhrp->authentication = (char[]){ "secret" };
	scene_start(&s);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	node_event(s.spoke1, &(struct event){ .type = EVENT_SHUTDOWN });
	rig_run_ms(s.rig, 20);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	rig_free(s.rig);
}

/* The data path has lost an entry that we have: it is said again, and nobody is asked. */
static void a_miss_of_what_is_known(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	s.spoke1->neighbour_count = 0;
	node_miss(s.spoke1, "10.0.0.1");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* The same NHS at another address: what was counted of it stays. */
static void an_nhs_moves(void **state)
{
	const struct scene s = scene_up();
	struct nhs_view v;

	(void)state;
	s.spoke1->nhs4[0].nbma.addr = addr_of("192.0.2.77");
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	assert_true(node_nhs(s.spoke1, 0, &v));
	assert_int_equal(v.replies_received, 1);
	assert_true(v.requests_sent >= 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.77");
	rig_free(s.rig);
}

/* Outside of our subnet an address may be had as long as it is routed nowhere else. */
static void clients_outside_the_subnet(void **state)
{
	const struct scene s = scene_up();
	static const char *const routes[] = { "", "0.0.0.0/0", "10.77.0.0/16" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (*routes[i])
			node_route(s.hub, routes[i], "10.9.0.1", false);
		node_receive(s.hub, "203.0.113.9", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.9", i == 0 ? "10.77.0.1" : i == 1 ? "10.77.0.2" : "10.77.0.3", "10.0.0.1"));
		rig_expect(s.rig, i < 2 ? "hub --> 203.0.113.9: Registration Reply {} code 0" : "hub --> 203.0.113.9: Registration Reply {} code 4");
	}
	node_route(s.hub, "10.77.0.0/16", "10.0.0.12", true); /* into the DMVPN */
	node_receive(s.hub, "203.0.113.9", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.9", "10.77.0.3", "10.0.0.1"));
	rig_expect(s.rig, "hub --> 203.0.113.9: Registration Reply {} code 0");
	rig_free(s.rig);
}

/* Of what was asked a reply keeps three flags, and says of its own only what it answers. */
static void flags_of_replies(void **state)
{
	const uint16_t kept = NHRP_FLAG_RES_ROUTER | NHRP_FLAG_RES_SOURCE_STABLE | NHRP_FLAG_NAT;
	const uint16_t own = NHRP_FLAG_RES_AUTHORITATIVE | NHRP_FLAG_RES_DEST_STABLE | NHRP_FLAG_RES_UNIQUE;
	const struct scene s = scene_up();
	static struct nhrp_message got;

	(void)state;
	for (int known = 0; known < 2; known++) {
		struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", known ? "10.0.0.1" : "10.0.0.99");

		m->flags = kept | own;
		node_receive(s.hub, "198.51.100.1", m);
		assert_int_equal(nhrp_decode(s.rig->sent[2], s.rig->sent_length[2], &got, NULL), NHRP_DROP_NONE);
		assert_int_equal(got.flags, known ? kept | own : kept);
	}
	rig_free(s.rig);
}

/* Mute, and then no NHS any more: nobody leans on it. */
static void a_mute_path_without_its_nhs(void **state)
{
	const struct scene s = scene_laid_out();
	const struct endpoint hub = { .addr = addr_of("192.0.2.1") };
	struct path_watch w = { 0 };
	struct path *p;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	p = path_find(s.spoke1->engine->tunnels[0], &hub);
	path_watch(&w, PATH_WATCH_CLIENT, NULL, p->overlay, &hub, &p->addr);
	path_step(p, PATH_EVENT_LOST);
	path_step(p, PATH_EVENT_HEARD);
	assert_int_equal(p->state, PATH_MUTE);
	nhs_step(overlay_first(s.spoke1->engine)->nhs[0], NHS_EVENT_UNREADY);
	assert_int_equal(p->state, PATH_RESTING);
	path_unwatch(&w);
	rig_free(s.rig);
}

static void defaults(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	assert_int_equal(s.hub->engine->options.bindings_max, 262144);
	rig_free(s.rig);
}

/* ---- twins */

/* The same network by two tunnels of one DMVPN: the newer word counts, and the other's is not forgotten. */
static void a_shortcut_has_an_heir(void **state)
{
	const struct scene s = scene_laid_out();
	struct overlay *o[2];
	struct binding *b[2];

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "", "");
	map(s.spoke1, 0, "10.0.0.50", "203.0.113.50");
	scene_start(&s);
	for (size_t i = 0; i < 2; i++) {
		struct binding_facts f = { .kind = BINDING_CACHED, .hold = span_s(600), .dst = prefix_of(i ? "10.2.0.60" : "10.0.0.60"),
					   .nbma = { .addr = addr_of(i ? "203.0.113.61" : "203.0.113.60") } };

		o[i] = i ? overlay_next(o[0]) : overlay_first(s.spoke1->engine);
		f.via = f.dst.addr;
		f.hop = binding_learn(o[i], &f);
		f.dst = prefix_of("192.168.9.0/24");
		b[i] = binding_learn(o[i], &f);
		assert_non_null(b[i]);
		node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	}
	assert_null(overlay_next(o[1]));
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.9.0/24"), "10.2.0.60");
	assert_int_equal(s.spoke1->engine->shortcuts.count, 1);
	binding_remove(b[1], "test"); /* the other one takes its place */
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.9.0/24"), "10.0.0.60");
	{
		struct binding_facts f = { .kind = BINDING_CACHED, .hold = span_s(600), .dst = prefix_of("192.168.9.0/24"), .via = addr_of("10.2.0.60") };

		f.hop = binding_host(o[1], &f.via);
		b[1] = binding_learn(o[1], &f);
	}
	binding_remove(b[0], "test"); /* which was not in force */
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.9.0/24"), "10.2.0.60");
	binding_remove(b[1], "test");
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.9.0/24"), "-");
	assert_int_equal(s.spoke1->engine->shortcuts.count, 0);
	rig_free(s.rig);
}

/* Network-id, family and VRF make a DMVPN. */
static void the_same_dmvpn(void **state)
{
	const struct scene s = scene_laid_out();
	struct overlay *a, *b;

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "", "");
	node_start(s.spoke1);
	a = overlay_first(s.spoke1->engine);
	b = overlay_next(a);
	assert_true(overlay_same_dmvpn(a, b) && overlay_same_dmvpn(a, a));
	b->tunnel->settings.vrf = 3;
	assert_false(overlay_same_dmvpn(a, b));
	b->tunnel->settings.vrf = 0;
	s.spoke1->nhrp1->network_id = 2;
	reconfigure(s.spoke1);
	assert_false(overlay_same_dmvpn(a, overlay_next(a)));
	assert_null(tunnel_overlay(a->tunnel, IP_NONE));
	rig_free(s.rig);
}

/* ---- phase 1 */

/* What is routed through a phase 1 tunnel goes to its far end, be that an NHS or not. */
static void questions_by_way_of_a_far_end(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.mode = TUNNEL_GRE_P2P;
	s.spoke1->tunnel.destination.addr = addr_of("192.0.2.1");
	s.spoke1->nhrp->nhs_count = 0;
	scene_start(&s);
	node_route(s.spoke1, "192.168.2.0/24", "", true);
	node_receive(s.spoke1, "203.0.113.9", message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.9", "10.0.0.99", "192.168.2.7"));
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Resolution Request 192.168.2.7 hop 254"), 1);
	rig_skip(s.rig);
	node_receive(s.spoke1, "192.0.2.1", message_from(NHRP_RESOLUTION_REQUEST, "192.0.2.1", "10.0.0.1", "192.168.2.8"));
	assert_int_equal(rig_count(s.rig, "spoke1 --> hub: Resolution Request"), 0); /* not back to whom it came from */
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(probes_are_never_number_0),
		cmocka_unit_test(an_nhs_by_its_map),
		cmocka_unit_test(a_client_that_is_configured),
		cmocka_unit_test(a_host_becomes_a_neighbour),
		cmocka_unit_test(one_is_cleared),
		cmocka_unit_test(no_limit_and_no_tunnel),
		cmocka_unit_test(own_addresses_come_and_go),
		cmocka_unit_test(a_relayed_claim_of_our_own_address),
		cmocka_unit_test(while_it_stops_it_serves_nobody),
		cmocka_unit_test(tunnels_are_in_the_order_of_their_numbers),
		cmocka_unit_test(the_same_tunnel),
		cmocka_unit_test(names_that_nobody_wants_any_more),
		cmocka_unit_test(one_look_up_at_a_time),
		cmocka_unit_test(the_tallies_keep_the_last_addresses),
		cmocka_unit_test(a_part_that_leads_into_the_dmvpn_is_not_promised),
		cmocka_unit_test(a_redirect_and_then_a_miss),
		cmocka_unit_test(a_refused_refresh),
		cmocka_unit_test(routes_with_several_next_hops),
		cmocka_unit_test(ids_that_are_taken),
		cmocka_unit_test(neighbours_of_an_earlier_life),
		cmocka_unit_test(askers_from_nowhere),
		cmocka_unit_test(bursts_are_for_so_many),
		cmocka_unit_test(routing_hears_of_the_link_local_address_too), cmocka_unit_test(the_link_local_address_is_registered_every_time),
		cmocka_unit_test(dead_paths_are_forgotten_with_the_address),
		cmocka_unit_test(remarks),
		cmocka_unit_test(a_path_goes_while_in_doubt),
		cmocka_unit_test(a_secret_is_changed),
		cmocka_unit_test(nat_entries_of_replies),
		cmocka_unit_test(purges_go_with_their_tunnel),
		cmocka_unit_test(a_clean_stop_with_a_secret),
		cmocka_unit_test(a_miss_of_what_is_known),
		cmocka_unit_test(an_nhs_moves),
		cmocka_unit_test(clients_outside_the_subnet),
		cmocka_unit_test(flags_of_replies),
		cmocka_unit_test(a_mute_path_without_its_nhs),
		cmocka_unit_test(defaults),
		cmocka_unit_test(a_shortcut_has_an_heir),
		cmocka_unit_test(the_same_dmvpn),
		cmocka_unit_test(questions_by_way_of_a_far_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
