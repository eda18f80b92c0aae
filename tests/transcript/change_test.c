/*
 * A configuration that changes under a running engine, and IPv6 overlays and underlays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static void reconfigure(struct node *n)
{
	engine_reconfigure(n->engine, n->rig->now, &n->config);
	node_event(n, &(struct event){ .type = EVENT_TICK });
}

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
	s.hub->nhrp->map_count = 1;
	reconfigure(s.hub);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.50"), "203.0.113.50");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	s.hub->nhrp->map_count = 0;
	reconfigure(s.hub);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.50"), "-");
	assert_false(node_has_peer(s.hub, "203.0.113.50"));
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
	const struct scene s = scene_laid_out();
	char map[] = "map.example", multicast[] = "multicast.example", partner[] = "partner.example", nhs[] = "nhs.example",
	     secret[] = "secret";
	char *const texts[] = { map, multicast, partner, nhs, secret };

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "secret" };
	s.spoke1->nhrp->authentication = secret;
	s.spoke1->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.50"), .nbma = { .name = map } };
	s.spoke1->nhrp->map_count = 1;
	s.spoke1->multicast4[0] = (struct config_host){ .name = multicast };
	s.spoke1->nhrp->map_multicast_count = 1;
	s.spoke1->partners[0] = (struct config_partner){ addr_of("10.9.0.2"), { .name = partner } };
	s.spoke1->nhrp->partners = s.spoke1->partners;
	s.spoke1->nhrp->partner_count = 1;
	s.spoke1->nhs4[0].nbma = (struct config_host){ .name = nhs };
	node_start(s.hub);
	node_start(s.spoke1);
	assert_int_equal(s.spoke1->resolves, 4);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		memset(texts[i], 'x', strlen(texts[i]));
	memset(s.spoke1->maps4, 0, sizeof s.spoke1->maps4);
	memset(s.spoke1->multicast4, 0, sizeof s.spoke1->multicast4);
	memset(s.spoke1->partners, 0, sizeof s.spoke1->partners);
	memset(s.spoke1->nhs4, 0, sizeof s.spoke1->nhs4);
	name_is(s.spoke1, "map.example", "203.0.113.50");
	name_is(s.spoke1, "multicast.example", "203.0.113.51");
	name_is(s.spoke1, "partner.example", "203.0.113.52");
	name_is(s.spoke1, "nhs.example", "192.0.2.1");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.50"), "203.0.113.50");
	assert_true(node_has_multicast(s.spoke1, "203.0.113.51"));
	assert_true(node_has_peer(s.spoke1, "203.0.113.52"));
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changed_nothing_said),
		cmocka_unit_test(hold_time_in_place),
		cmocka_unit_test(an_nhs_more_and_one_less),
		cmocka_unit_test(maps_come_and_go),
		cmocka_unit_test(a_removed_tunnel_cleans_up),
		cmocka_unit_test(another_address_is_another_tunnel),
		cmocka_unit_test(a_removed_phase1_tunnel_cleans_up),
		cmocka_unit_test(a_named_far_end_moves),
		cmocka_unit_test(the_configuration_is_copied),
		cmocka_unit_test(ipv6_over_ipv4),
		cmocka_unit_test(ipv6_over_ipv6),
		cmocka_unit_test(ipv4_over_ipv6),
		cmocka_unit_test(both_families_share_the_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
