/*
 * Phase 3: redirects out and in, shortcuts and the holes in them, and what makes them go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

/* spoke1 has its shortcut to spoke2's LAN. */
static struct scene shortcut_up(void)
{
	const struct scene s = scene_up();

	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	rig_skip(s.rig);
	return s;
}

static uint64_t peer_id(const struct node *n, const char *nbma)
{
	const struct ipaddr a = addr_of(nbma);

	for (size_t i = 0; i < n->peer_count; i++)
		if (ipaddr_eq(&n->peers[i].nbma.addr, &a))
			return n->peers[i].id;
	return PEER_NONE;
}

static void redirect_goes_to_the_ingress_peer(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", peer_id(s.hub, "198.51.100.1"));
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	/* one per pair and redirect timeout */
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", peer_id(s.hub, "198.51.100.1"));
	rig_expect_nothing(s.rig);
	node_hairpin(s.hub, "192.168.1.11", "192.168.2.20", PEER_NONE); /* another pair; by its route */
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.11");
	rig_run(s.rig, 3);
	rig_skip(s.rig);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", peer_id(s.hub, "198.51.100.1"));
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_free(s.rig);
}

static void no_redirect_where_there_is_no_shorter_way(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_local(s.hub, "192.168.0.1", false);
	node_hairpin(s.hub, "192.168.1.10", "224.0.0.5", PEER_NONE);
	node_hairpin(s.hub, "192.168.1.10", "255.255.255.255", PEER_NONE);
	node_hairpin(s.hub, "192.168.1.10", "192.168.0.1", PEER_NONE); /* the hub itself */
	node_hairpin(s.hub, "192.168.1.10", "192.168.1.99", PEER_NONE); /* back to where it came from */
	node_hairpin(s.spoke1, "192.168.1.10", "192.168.2.20", PEER_NONE); /* does not redirect */
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* Load sharing: a next hop in this DMVPN counts, also when the first one is elsewhere. */
static void multipath_route_into_the_dmvpn_counts(void **state)
{
	const struct scene s = scene_up();
	struct event ev = { .type = EVENT_ROUTE, .route = { .add = true, .dst = prefix_of("192.168.0.0/16") } };

	(void)state;
	scene_routes(&s);
	ev.route.gateway = addr_of("203.0.113.1");
	ev.route.more_count = 1;
	ev.route.more[0] = (struct route_hop){ .gateway = addr_of("10.0.0.1"), .via_tunnel = true };
	node_event(s.spoke1, &ev);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	ev.route.more_count = 0;
	node_event(s.spoke1, &ev);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

/* An intermediate node: the source is behind the DMVPN for it. */
static void indication_for_somebody_behind_us_is_dropped(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_route(s.spoke1, "192.168.7.0/24", "10.0.0.1", true);
	node_hairpin(s.hub, "192.168.7.1", "192.168.2.20", peer_id(s.hub, "198.51.100.1"));
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.7.1");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

static void shortcut_off_ignores_indications(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke1->nhrp->shortcut = false;
	scene_start(&s);
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* What an earlier answer said, under the rules for answers: `via` has `network`, and was asked for `asked`. */
static void says(struct node *n, const char *via, const char *nbma, const char *network, const char *asked)
{
	struct event ev = { .type = EVENT_BINDING_SAVED };

	ev.saved.via = addr_of(via);
	ev.saved.dst = ipprefix_make(&ev.saved.via, ev.saved.via.family == IP_V4 ? 32 : 128);
	ev.saved.nbma.addr = addr_of(nbma);
	ev.saved.left = span_s(60);
	node_event(n, &ev);
	ev.saved.network = true;
	ev.saved.dst = prefix_of(network);
	ev.saved.asked = addr_of(asked);
	node_event(n, &ev);
}

static void nobody_has_what_others_answer_for(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	says(s.spoke1, "10.0.0.12", "198.51.100.2", "192.168.2.0/24", "192.168.2.20");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	/* All of the route, of which a part is another's: the host that was asked for, no more. */
	says(s.spoke1, "10.0.0.13", "198.51.100.3", "192.168.0.0/16", "192.168.3.30");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.0.0/16"), "-");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.3.30/32"), "10.0.0.13");
	/* A part of it is believed, and so is all of it from who has answered for all that is known. */
	says(s.spoke1, "10.0.0.13", "198.51.100.3", "192.168.4.0/24", "192.168.4.30");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.4.0/24"), "10.0.0.13");
	rig_free(s.rig);
}

static void a_claim_to_all_ends_when_another_answers(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	says(s.spoke1, "10.0.0.13", "198.51.100.3", "192.168.0.0/16", "192.168.3.30");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.0.0/16"), "10.0.0.13");
	says(s.spoke1, "10.0.0.13", "198.51.100.3", "192.168.5.0/24", "192.168.5.30");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.0.0/16"), "10.0.0.13");
	says(s.spoke1, "10.0.0.12", "198.51.100.2", "192.168.2.0/24", "192.168.2.20");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.0.0/16"), "-");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	rig_free(s.rig);
}

static void nobody_has_the_default_route(void **state)
{
	const struct scene s = scene_up();
	struct event ev = { .type = EVENT_ROUTE, .route = { .add = true, .gateway = addr_of("10.0.0.1"), .via_tunnel = true } };

	(void)state;
	ev.route.dst = ipprefix_make(&ev.route.gateway, 0);
	node_event(s.spoke1, &ev);
	says(s.spoke1, "10.0.0.12", "198.51.100.2", "192.168.2.0/24", "192.168.2.20");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	says(s.spoke1, "10.0.0.12", "198.51.100.2", "192.168.0.0/0", "192.168.2.20");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.20/32"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	rig_free(s.rig);
}

static void shortcut_goes_with_its_covering_route(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	/* the next hub of the same DMVPN takes over: the shortcut stays */
	node_route(s.spoke1, "192.168.0.0/16", "10.0.0.2", true);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	/* turned away from the DMVPN: it goes in the same step */
	node_route(s.spoke1, "192.168.0.0/16", "203.0.113.1", false);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

static void shortcut_goes_when_the_covering_route_is_deleted(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	node_route_del(s.spoke1, "192.168.0.0/16");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

/* Both spokes probe: the shortcut's peer has shown that packets get there. */
static struct scene verified_shortcut_up(bool no_hold)
{
	const struct scene s = scene_laid_out();

	s.spoke1->nhrp->probe_interval_ms = s.spoke2->nhrp->probe_interval_ms = 250;
	s.spoke1->tunnel.has_route_hold = no_hold;
	scene_start(&s);
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 2);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	return s;
}

/* The session with the hub ended, and nothing comes in the place of what it gave. */
static void shortcut_outlasts_its_covering_route(void **state)
{
	const struct scene s = verified_shortcut_up(false);
	size_t probes = s.spoke1->probes;

	(void)state;
	node_route(s.spoke1, "0.0.0.0/0", "203.0.113.1", false); /* into the internet */
	node_route_del(s.spoke1, "192.168.0.0/16");
	rig_run_ms(s.rig, 9900);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	assert_true(s.spoke1->probes > probes);
	rig_run_ms(s.rig, 200);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

static void shortcut_is_covered_again(void **state)
{
	const struct scene s = verified_shortcut_up(false);

	(void)state;
	node_route_del(s.spoke1, "192.168.0.0/16");
	rig_run(s.rig, 5);
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.1", true);
	rig_run(s.rig, 20);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	/* another time counts from its own beginning */
	node_route_del(s.spoke1, "192.168.2.0/24");
	rig_run(s.rig, 9);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	/* routing has another way, which is not the DMVPN's */
	node_route(s.spoke1, "192.168.2.0/24", "203.0.113.1", false);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

/* The withdrawal is a hint that the peer may be dead: nobody waits for its traffic to tell. */
static void shortcut_of_a_dead_peer_outlasts_nothing(void **state)
{
	const struct scene s = verified_shortcut_up(false);

	(void)state;
	s.spoke2->dead = true;
	node_route_del(s.spoke1, "192.168.0.0/16");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	rig_run_ms(s.rig, 700);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

static void shortcut_outlasts_nothing_where_it_shall_not(void **state)
{
	const struct scene s = verified_shortcut_up(true);

	(void)state;
	node_route_del(s.spoke1, "192.168.0.0/16");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

/* All of them, wherever they stand among others. */
static void all_shortcuts_go_with_the_covering_route(void **state)
{
	static const char *const inside[] = { "192.168.2.0/24", "192.168.3.0/24", "192.168.4.0/24" };
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_route(s.spoke1, "10.8.0.0/16", "10.0.0.1", true);
	node_route(s.hub, "10.8.0.0/16", "10.0.0.12", true);
	node_route(s.spoke2, "10.8.0.0/16", "", false);
	node_hairpin(s.hub, "192.168.1.10", "10.8.0.1", PEER_NONE);
	for (size_t i = 0; i < 3; i++) {
		char dst[32];

		node_route(s.hub, inside[i], "10.0.0.12", true);
		node_route(s.spoke2, inside[i], "", false);
		snprintf(dst, sizeof dst, "192.168.%zu.20", 2 + i);
		node_hairpin(s.hub, "192.168.1.10", dst, PEER_NONE);
	}
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->shortcut_count, 4);
	node_route_del(s.spoke1, "192.168.0.0/16");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "10.8.0.0/16"), "10.0.0.12");
	rig_free(s.rig);
}

static void longest_match_stays_true(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	node_route(s.spoke1, "192.168.2.128/25", "203.0.113.1", false);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.128/25"), "throw");
	node_route(s.spoke1, "192.168.3.0/24", "203.0.113.1", false); /* outside of it */
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.3.0/24"), "-");
	node_route_del(s.spoke1, "192.168.2.128/25");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.128/25"), "-");
	/* holes that are there before the shortcut, and go with it */
	node_route(s.spoke1, "192.168.2.64/26", "203.0.113.1", false);
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_run(s.rig, 3);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.64/26"), "throw");
	rig_free(s.rig);
}

/* An answer wider than our own route is cut down to it, else its hole would undo it. */
static void wide_answers_are_narrowed(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_route(s.spoke1, "192.168.2.0/25", "10.0.0.1", true);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/25"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	rig_free(s.rig);
}

static void default_routes_are_not_promised(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	node_route(s.spoke1, "0.0.0.0/0", "10.0.0.1", true);
	node_route(s.hub, "10.8.8.0/24", "10.0.0.12", true);
	node_route(s.spoke2, "0.0.0.0/0", "203.0.113.1", false);
	node_hairpin(s.hub, "192.168.1.10", "10.8.8.8", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "10.8.8.8/32"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	rig_free(s.rig);
}

static void summary_map_answers_for_all_lans(void **state)
{
	struct ipprefix summary = prefix_of("10.20.0.0/16");
	const struct scene s = scene_laid_out();

	(void)state;
	s.spoke2->nhrp->summary_maps = &summary;
	s.spoke2->nhrp->summary_map_count = 1;
	scene_start(&s);
	scene_routes(&s);
	node_route(s.spoke2, "10.20.5.0/24", "", false);
	node_route(s.hub, "10.20.0.0/16", "10.0.0.12", true);
	node_route(s.spoke1, "10.16.0.0/12", "10.0.0.1", true);
	node_hairpin(s.hub, "192.168.1.10", "10.20.5.1", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "10.20.0.0/16"), "10.0.0.12");
	rig_free(s.rig);
}

static void the_answerer_takes_back_what_is_no_longer_true(void **state)
{
	const struct scene s = shortcut_up();
	struct binding_view b;

	(void)state;
	assert_true(node_binding(s.spoke2, "192.168.2.0/24", &b));
	assert_true(b.kind == BINDING_LOCAL && b.requester_count == 1);
	node_route_del(s.spoke2, "192.168.2.0/24");
	rig_run_ms(s.rig, 20);
	rig_expect(s.rig, "spoke2 --> spoke1: Purge Request 192.168.2.0/24");
	rig_expect(s.rig, "spoke1 --> spoke2: Purge Reply 192.168.2.0/24");
	rig_expect_nothing(s.rig);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

static bool lose_purge_replies(struct rig *r, const struct node *from, const struct node *to,
			       const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	return m->type == NHRP_PURGE_REPLY;
}

static void purges_are_repeated_a_few_times(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	s.rig->lose = lose_purge_replies;
	node_route_del(s.spoke2, "192.168.2.0/24");
	rig_run(s.rig, 30);
	assert_int_equal(rig_count(s.rig, "spoke2 --> spoke1: Purge Request"), 3);
	rig_free(s.rig);
}

static void strangers_purge_nothing(void **state)
{
	const struct scene s = shortcut_up();
	static struct nhrp_message m;

	(void)state;
	memset(&m, 0, sizeof m);
	m.type = NHRP_PURGE_REQUEST;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.src_nbma = addr_of("203.0.113.66");
	m.src_proto = addr_of("10.0.0.66");
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of("10.0.0.11");
	m.cie_count = 1;
	m.cies[0] = (struct nhrp_cie){ .prefix_len = 24, .proto = addr_of("192.168.2.0") };
	node_receive(s.spoke1, "203.0.113.66", &m);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_NOT_ALLOWED), 1);
	/* the hub may: it is our NHS */
	m.src_nbma = addr_of("192.0.2.1");
	m.src_proto = addr_of("10.0.0.1");
	node_receive(s.spoke1, "192.0.2.1", &m);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

static void used_shortcut_lives_on_without_the_hub(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	s.spoke1->usage_idle_s = s.spoke2->usage_idle_s = 1;
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 1500);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void dead_peer_gives_the_traffic_back_to_the_hub(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	s.spoke1->usage_idle_s = 1;
	node_stop_abruptly(s.spoke2);
	rig_run(s.rig, 601);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	assert_false(node_has_peer(s.spoke1, "198.51.100.2"));
	rig_free(s.rig);
}

static void tunnel_down_and_up_again(void **state)
{
	const struct scene s = shortcut_up();

	(void)state;
	node_tunnel(s.spoke1, false, "198.51.100.1");
	assert_int_equal(s.spoke1->shortcut_count, 0);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "-");
	s.spoke1->peer_count = s.spoke1->neighbour_count = 0; /* the kernel has flushed them */
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(redirect_goes_to_the_ingress_peer),
		cmocka_unit_test(multipath_route_into_the_dmvpn_counts),
		cmocka_unit_test(indication_for_somebody_behind_us_is_dropped),
		cmocka_unit_test(shortcut_off_ignores_indications),
		cmocka_unit_test(nobody_has_what_others_answer_for),
		cmocka_unit_test(a_claim_to_all_ends_when_another_answers),
		cmocka_unit_test(nobody_has_the_default_route),
		cmocka_unit_test(shortcut_goes_with_its_covering_route),
		cmocka_unit_test(shortcut_goes_when_the_covering_route_is_deleted),
		cmocka_unit_test(shortcut_outlasts_its_covering_route),
		cmocka_unit_test(shortcut_is_covered_again),
		cmocka_unit_test(shortcut_of_a_dead_peer_outlasts_nothing),
		cmocka_unit_test(shortcut_outlasts_nothing_where_it_shall_not),
		cmocka_unit_test(all_shortcuts_go_with_the_covering_route),
		cmocka_unit_test(longest_match_stays_true),
		cmocka_unit_test(wide_answers_are_narrowed),
		cmocka_unit_test(default_routes_are_not_promised),
		cmocka_unit_test(summary_map_answers_for_all_lans),
		cmocka_unit_test(the_answerer_takes_back_what_is_no_longer_true),
		cmocka_unit_test(purges_are_repeated_a_few_times),
		cmocka_unit_test(strangers_purge_nothing),
		cmocka_unit_test(used_shortcut_lives_on_without_the_hub),
		cmocka_unit_test(dead_peer_gives_the_traffic_back_to_the_hub),
		cmocka_unit_test(tunnel_down_and_up_again),
	};
	const struct CMUnitTest in_ipv4[] = {
		cmocka_unit_test(no_redirect_where_there_is_no_shorter_way),
	};

	return cmocka_run_group_tests(in_ipv4, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
