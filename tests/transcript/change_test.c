/*
 * A configuration that changes under a running engine, and IPv6 overlays and underlays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static void nothing_changed_nothing_said(void **state)
{
	const struct scene s = scene_two_hubs_up();

	(void)state;
	s.rig->log_count = s.rig->log_read = 0;
	s.spoke1->traces = 0;
	reconfigure(s.spoke1);
	rig_expect_nothing(s.rig);
	assert_int_equal(s.spoke1->traces, 0);
	rig_free(s.rig);
}

static void hold_time_in_place(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;
	uint64_t relay;

	(void)state;
	relay = s.spoke1->relays[0];
	s.spoke1->nhrp->holdtime_s = 300;
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_true(instant_since(b.expires, s.rig->now).us <= 300 * 1000000LL);
	assert_true(s.spoke1->relays[0] == relay);
	rig_free(s.rig);
}

static void an_nhs_more_and_one_less(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();
	struct binding_view b;

	(void)state;
	s.spoke1->nhrp->nhs_count = 1;
	scene_start(&s);
	s.spoke1->nhrp->nhs_count = 2;
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub2: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub2 --> spoke1: Registration Reply {unique, nat} code 0");
	rig_expect_nothing(s.rig);
	assert_int_equal(s.spoke1->relay_count, 2);
	s.spoke1->nhs4[0] = s.spoke1->nhs4[1];
	s.spoke1->nhrp->nhs_count = 1;
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Purge Request 10.0.0.11/32");
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "-");
	assert_false(node_has_peer(s.spoke1, "192.0.2.1"));
	assert_false(node_binding(s.hub, "10.0.0.11", &b));
	rig_free(s.rig);
}

static void maps_come_and_go(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	s.hub->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.50"), .nbma = { .addr = addr_of("203.0.113.50") } };
	s.hub->maps4[1] = (struct config_map){ .proto = prefix_of("192.168.5.0/24"), .nbma = { .addr = addr_of("203.0.113.51") } };
	s.hub->nhrp->map_count = 2;
	reconfigure(s.hub);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.50"), "203.0.113.50");
	assert_true(node_has_peer(s.hub, "203.0.113.51"));
	assert_string_equal(node_neighbour_nbma(s.hub, "192.168.5.0"), "-"); /* a network is nobody's neighbour */
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	s.hub->nhrp->map_count = 0;
	reconfigure(s.hub);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.50"), "-");
	assert_false(node_has_peer(s.hub, "203.0.113.50"));
	rig_free(s.rig);
}

/* From the old way to say it, a map beside the NHS, to the new one: its entry stays where it is. */
static void an_nhs_loses_its_map(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.1"), .nbma = { .addr = addr_of("192.0.2.1") } };
	s.spoke1->nhrp->map_count = 1;
	scene_start(&s);
	assert_int_equal(binding_at(s.spoke1, "10.0.0.1").kind, BINDING_STATIC);
	s.spoke1->traces = 0;
	s.spoke1->nhrp->map_count = 0;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->traces, 0);
	assert_int_equal(binding_at(s.spoke1, "10.0.0.1").kind, BINDING_NHS);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	rig_free(s.rig);
}

static void multicast_maps_come_and_go(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	for (size_t i = 0; i < 2; i++)
		s.spoke1->multicast4[i] = (struct config_host){ .addr = addr_of(i ? "203.0.113.51" : "203.0.113.50") };
	s.spoke1->nhrp->map_multicast_count = 2;
	reconfigure(s.spoke1);
	assert_true(node_has_multicast(s.spoke1, "203.0.113.50") && node_has_multicast(s.spoke1, "203.0.113.51"));
	reconfigure(s.spoke1);
	s.spoke1->nhrp->map_multicast_count = 1;
	reconfigure(s.spoke1);
	assert_true(node_has_multicast(s.spoke1, "203.0.113.50"));
	assert_false(node_has_peer(s.spoke1, "203.0.113.51"));
	rig_free(s.rig);
}

static void a_removed_tunnel_cleans_up(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->shortcut_count, 1);
	node_miss(s.spoke1, "10.0.0.99"); /* a question under way, with its temporary neighbour */
	rig_skip(s.rig);
	s.spoke1->interface.shutdown = true;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	assert_int_equal(s.spoke1->neighbour_count, 0);
	assert_int_equal(s.spoke1->peer_count, 0);
	assert_int_equal(s.spoke1->relay_count, 0);
	rig_expect(s.rig, "spoke1 --> hub: Purge Request 10.0.0.11/32");
	/* and comes back */
	s.spoke1->interface.shutdown = false;
	reconfigure(s.spoke1);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 1);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

static void another_address_is_another_tunnel(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	s.spoke1->addresses[0].addr = addr_of("10.0.0.31");
	reconfigure(s.spoke1);
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.31"), "198.51.100.1");
	rig_free(s.rig);
}

/* ---- IPv6 */

static void ipv6_with_link_local(const char *hub_nbma, const char *nbma1, const char *nbma2)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", hub_nbma, "2001:db8::1/64");
	struct node *const spoke1 = node_new(r, "spoke1", nbma1, "2001:db8::11/64");
	struct node *const spoke2 = node_new(r, "spoke2", nbma2, "2001:db8::12/64");

	node_add_nhs(spoke1, "2001:db8::1", hub_nbma);
	node_add_nhs(spoke2, "2001:db8::1", hub_nbma);
	node_start(hub);
	node_local(hub, "fe80::1", true);
	node_start(spoke1);
	node_start(spoke2);
	rig_run(r, 1);
	node_local(spoke1, "fe80::11", true);
	node_local(spoke2, "fe80::12", true);
	rig_run(r, 1);
	/* the hub knows both addresses of a spoke, the spoke both of the hub */
	assert_string_equal(node_neighbour_nbma(hub, "2001:db8::11"), nbma1);
	assert_string_equal(node_neighbour_nbma(hub, "fe80::11"), nbma1);
	assert_string_equal(node_neighbour_nbma(spoke1, "2001:db8::1"), hub_nbma);
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::1"), hub_nbma);
	/* a next hop is resolved by either, and brings the other */
	node_miss(spoke1, "2001:db8::12");
	rig_run(r, 1);
	assert_string_equal(node_neighbour_nbma(spoke1, "2001:db8::12"), nbma2);
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::12"), nbma2);
	node_event(spoke1, &(struct event){ .type = EVENT_CLEAR });
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::12"), "-");
	node_miss(spoke1, "fe80::12");
	rig_run(r, 1);
	assert_string_equal(node_neighbour_nbma(spoke1, "fe80::12"), nbma2);
	/* shortcut */
	node_route(spoke1, "2001:db8:2::/48", "2001:db8::1", true);
	node_route(hub, "2001:db8:2::/48", "2001:db8::12", true);
	node_route(spoke2, "2001:db8:2::/48", "", false);
	hub->tunnel.nhrp6.redirect = true;
	reconfigure(hub);
	node_hairpin(hub, "2001:db8::11", "2001:db8:2::9", PEER_NONE);
	rig_run(r, 1);
	assert_string_equal(node_shortcut_gateway(spoke1, "2001:db8:2::/48"), "2001:db8::12");
	rig_free(r);
}

static void ipv6_over_ipv4(void **state)
{
	(void)state;
	ipv6_with_link_local("192.0.2.1", "198.51.100.1", "198.51.100.2");
}

static void ipv6_over_ipv6(void **state)
{
	(void)state;
	ipv6_with_link_local("2001:db8:f::1", "2001:db8:f::11", "2001:db8:f::12");
}

static void ipv4_over_ipv6(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "2001:db8:f::1", "10.0.0.1/24");
	struct node *const spoke = node_new(r, "spoke", "2001:db8:f::11", "10.0.0.11/24");

	(void)state;
	node_add_nhs(spoke, "10.0.0.1", "2001:db8:f::1");
	node_start(hub);
	node_start(spoke);
	rig_run(r, 1);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "2001:db8:f::11");
	rig_free(r);
}

/* Both families in one tunnel: one peer, two registrations, one relay. */
static void both_families_share_the_peer(void **state)
{
	const struct scene s = scene_laid_out();
	struct node *const both[] = { s.hub, s.spoke1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		both[i]->tunnel.nhrp6 = both[i]->tunnel.nhrp4;
		both[i]->tunnel.nhrp6.nhs_count = 0;
		both[i]->tunnel.nhrp6.nhs = both[i]->nhs6;
		both[i]->addresses[1] = (struct config_address){ .addr = addr_of(i ? "2001:db8::11" : "2001:db8::1"), .prefix_len = 64 };
		both[i]->interface.address_count = 2;
	}
	s.spoke1->nhs6[0] = (struct config_nhs){ .addr = addr_of("2001:db8::1"), .nbma = { .addr = addr_of("192.0.2.1") } };
	s.spoke1->tunnel.nhrp6.nhs_count = 1;
	scene_start(&s);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	assert_string_equal(node_neighbour_nbma(s.hub, "2001:db8::11"), "198.51.100.1");
	assert_int_equal(s.spoke1->peer_count, 1);
	assert_int_equal(s.spoke1->relay_count, 1);
	rig_free(s.rig);
}

/* ---- what is held is given back, and what is said is copied */

static void phase1(struct node *n, const char *destination)
{
	n->tunnel.mode = TUNNEL_GRE_P2P;
	n->tunnel.destination = (struct config_host){ .addr = addr_of(destination) };
}

static void a_removed_phase1_tunnel_cleans_up(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	phase1(s.spoke1, "192.0.2.1");
	s.spoke1->multicast4[0] = (struct config_host){ .addr = addr_of("203.0.113.50") };
	s.spoke1->nhrp->map_multicast_count = 1;
	for (size_t i = 0; i < 2; i++)
		s.spoke1->partners[i] = (struct config_partner){ addr_of("10.9.0.2"), { .addr = addr_of(i ? "203.0.113.61" : "203.0.113.60") } };
	s.spoke1->nhrp->partners = s.spoke1->partners;
	s.spoke1->nhrp->partner_count = 2;
	scene_start(&s);
	assert_int_equal(s.spoke1->peer_count, 4);
	assert_true(node_has_peer(s.spoke1, "203.0.113.60") && node_has_peer(s.spoke1, "203.0.113.61"));
	assert_true(node_has_multicast(s.spoke1, "192.0.2.1") && node_has_multicast(s.spoke1, "203.0.113.50"));
	s.spoke1->interface.shutdown = true;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->peer_count, 0);
	rig_free(s.rig);
}

static void name_is(struct node *n, const char *name, const char *addr)
{
	const struct ipaddr a = addr_of(addr);

	node_event(n, &(struct event){ .type = EVENT_NAME, .name = { .name = name, .count = 1, .addrs = &a } });
}

/* The far end of a tunnel moves with its name: nothing of the former one is left. */
static void a_named_far_end_moves(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->tunnel.mode = TUNNEL_GRE_P2P;
	s.spoke1->tunnel.destination = (struct config_host){ .name = (char[]){ "far.example" } };
	s.spoke1->nhrp->nhs_count = 0;
	node_start(s.spoke1);
	assert_int_equal(s.spoke1->resolves, 1);
	assert_int_equal(s.spoke1->peer_count, 0);
	name_is(s.spoke1, "far.example", "192.0.2.1");
	assert_true(node_has_multicast(s.spoke1, "192.0.2.1"));
	name_is(s.spoke1, "far.example", "192.0.2.2");
	assert_int_equal(s.spoke1->peer_count, 1);
	assert_true(node_has_multicast(s.spoke1, "192.0.2.2"));
	rig_free(s.rig);
}

/* The caller's texts are overwritten after the engine was made. */
static void the_configuration_is_copied(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();
	struct node *const n = s.spoke1;
	static const char *const names[] = { "map0", "map1", "all0", "all1", "partner0", "partner1", "nhs0", "nhs1" };
	char texts[8][16], secret[] = "secret";

	(void)state;
	for (size_t i = 0; i < 8; i++)
		strcpy(texts[i], names[i]);
	s.hub->nhrp->authentication = (char[]){ "secret" };
	n->nhrp->authentication = secret;
	for (size_t i = 0; i < 2; i++) {
		n->maps4[i] = (struct config_map){ .proto = prefix_of(i ? "10.0.0.51" : "10.0.0.50"), .nbma = { .name = texts[i] } };
		n->multicast4[i] = (struct config_host){ .name = texts[2 + i] };
		n->partners[i] = (struct config_partner){ addr_of(i ? "10.9.0.2" : "10.9.0.3"), { .name = texts[4 + i] } };
		n->nhs4[i].nbma = (struct config_host){ .name = texts[6 + i] };
	}
	n->nhrp->partners = n->partners;
	n->nhrp->map_count = n->nhrp->map_multicast_count = n->nhrp->partner_count = 2;
	node_start(s.hub);
	node_start(n);
	assert_int_equal(n->resolves, 8);
	memset(texts, 'x', sizeof texts);
	memset(secret, 'x', 4);
	memset(n->maps4, 0, sizeof n->maps4);
	memset(n->multicast4, 0, sizeof n->multicast4);
	memset(n->partners, 0, sizeof n->partners);
	memset(n->nhs4, 0, sizeof n->nhs4);
	for (size_t i = 0; i < 8; i++) {
		char nbma[32];

		snprintf(nbma, sizeof nbma, i == 6 ? "192.0.2.1" : "203.0.113.%zu", 50 + i);
		name_is(n, names[i], nbma);
	}
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(n, "10.0.0.50"), "203.0.113.50");
	assert_string_equal(node_neighbour_nbma(n, "10.0.0.51"), "203.0.113.51");
	assert_true(node_has_multicast(n, "203.0.113.52") && node_has_multicast(n, "203.0.113.53"));
	assert_true(node_has_peer(n, "203.0.113.54") && node_has_peer(n, "203.0.113.55"));
	assert_string_equal(node_neighbour_nbma(n, "10.0.0.2"), "203.0.113.57");
	assert_string_equal(node_relay_nbma(n, 0), "192.0.2.1");
	/* the same answer again changes nothing */
	n->traces = 0;
	name_is(n, "map0", "203.0.113.50");
	assert_int_equal(n->traces, 0);
	rig_free(s.rig);
}

/* A link-local address of the NHS is learnt from the reply that was asked for it, and only such a one. */
static void link_local_replies(void **state)
{
	static const struct { const char *dst; unsigned code; bool learnt; } replies[] = {
		{ "2001:db8::77", 0, false }, { "fe80::11", 0, false }, { "fe80::99", 4, false }, { "fe80::99", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
		struct rig *const r = rig_new();
		struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "2001:db8::11/64");
		static struct nhrp_message m;

		node_add_nhs(spoke, "2001:db8::1", "192.0.2.1");
		node_start(spoke);
		node_local(spoke, "fe80::11", true);
		assert_int_equal(nhrp_decode(r->sent[3], r->sent_length[3], &m, NULL), NHRP_DROP_NONE);
		m.type = NHRP_REGISTRATION_REPLY;
		m.dst_proto = addr_of("2001:db8::1");
		node_receive(spoke, "192.0.2.1", &m); /* that of the global address: now the other is asked for */
		assert_int_equal(nhrp_decode(r->sent[3], r->sent_length[3], &m, NULL), NHRP_DROP_NONE);
		assert_true(ipaddr_is_link_local(&m.src_proto));
		m.type = NHRP_REGISTRATION_REPLY;
		m.dst_proto = addr_of(replies[i].dst);
		m.cies[0].code = (uint8_t)replies[i].code;
		rig_skip(r);
		node_receive(spoke, "192.0.2.1", &m);
		assert_string_equal(node_neighbour_nbma(spoke, replies[i].dst), replies[i].learnt ? "192.0.2.1" : "-");
		/* said no, or lost: asked again; else that is all */
		rig_run(r, 2);
		assert_int_equal(rig_count(r, "Registration Request"), replies[i].code ? 1 : 0);
		rig_skip(r);
		node_local(spoke, "fe80::11", true); /* known */
		rig_expect_nothing(r);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed_nothing_said),
		cmocka_unit_test(hold_time_in_place),
		cmocka_unit_test(an_nhs_more_and_one_less),
		cmocka_unit_test(maps_come_and_go),
		cmocka_unit_test(an_nhs_loses_its_map),
		cmocka_unit_test(multicast_maps_come_and_go),
		cmocka_unit_test(a_removed_tunnel_cleans_up),
		cmocka_unit_test(another_address_is_another_tunnel),
		cmocka_unit_test(a_removed_phase1_tunnel_cleans_up),
		cmocka_unit_test(a_named_far_end_moves),
		cmocka_unit_test(the_configuration_is_copied),
		cmocka_unit_test(link_local_replies),
		cmocka_unit_test(ipv6_over_ipv4),
		cmocka_unit_test(ipv6_over_ipv6),
		cmocka_unit_test(ipv4_over_ipv6),
		cmocka_unit_test(both_families_share_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
