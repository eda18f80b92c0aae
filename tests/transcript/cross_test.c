/*
 * Several tunnels and several hubs: point-to-point spokes with two hubs, tunnels that packets do
 * not tell apart, shortcuts from one tunnel into another, hubs that know only some of the spokes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static void set_key(struct config_tunnel *t, uint32_t key)
{
	t->has_key = true;
	t->key = key;
}

static const struct foreign_key *peer_key(const struct node *n, const char *nbma)
{
	static const struct foreign_key none;
	const struct ipaddr a = addr_of(nbma);

	for (size_t i = 0; i < n->peer_count; i++)
		if (ipaddr_eq(&n->peers[i].nbma.addr, &a) && n->peers[i].key.given)
			return &n->peers[i].key;
	return &none;
}

/* ---- phase 1 with several hubs */

static const char *far_end(const struct node *n)
{
	static char text[IPADDR_TEXT_MAX];
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v;

	assert_true(snapshot_next_tunnel(n->engine, &c, &v));
	return ipaddr_format(&v.far_end, text);
}

static void the_far_end_is_the_best_that_lives(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.spoke1->tunnel.mode = TUNNEL_GRE_P2P;
	s.spoke1->tunnel.destination.addr = addr_of("192.0.2.1");
	scene_start(&s);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	assert_string_equal(node_relay_nbma(s.spoke1, 1), "192.0.2.2");
	assert_true(node_has_multicast(s.spoke1, "192.0.2.1"));
	assert_true(node_has_multicast(s.spoke1, "192.0.2.2"));

	/* Nothing is ever resolved. */
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.12", true);
	node_miss(s.spoke1, "10.0.0.12");
	rig_expect_nothing(s.rig);

	/* What passes by on its way to others goes to the far end, whoever that is. */
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 230);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.2");
	assert_string_equal(node_relay_nbma(s.spoke1, 1), "-");
	assert_string_equal(far_end(s.spoke1), "192.0.2.2");
	node_start(s.hub);
	rig_run(s.rig, 230);
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	assert_string_equal(far_end(s.spoke1), "192.0.2.1");
	rig_free(s.rig);
}

/* ---- tunnels without keys */

/* Two hubs, each with a tunnel of its own, and two spokes with both and no keys. */
static struct scene twins_up(void)
{
	struct scene s = scene_laid_out();

	s.hub2 = node_new(s.rig, "hub2", "192.0.2.2", "10.2.0.1/24");
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "10.2.0.1", "192.0.2.2");
	node_second_tunnel(s.spoke2, "10.2.0.12/24", "10.2.0.1", "192.0.2.2");
	scene_start(&s);
	return s;
}

static void twins_are_told_apart_by_their_addresses(void **state)
{
	const struct scene s = twins_up();
	struct nhs_view v;
	struct binding_view b;

	(void)state;
	for (size_t i = 0; i < 2; i++) { /* both replies came by the first tunnel */
		assert_true(node_nhs(s.spoke1, i, &v));
		assert_int_equal(v.status, NHS_VIEW_UP);
		assert_int_equal(v.tunnel, i);
	}
	/* A question in the second tunnel, its answer, and what the answerer learns of the asker. */
	node_event(s.spoke1, &(struct event){ .type = EVENT_MISS, .tunnel = 1, .miss = { addr_of("10.2.0.12") } });
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub2: Resolution Request 10.2.0.12 hop 255");
	rig_expect(s.rig, "hub2 --> spoke2: Resolution Request 10.2.0.12 hop 254");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 10.2.0.12/32 via 10.2.0.12 at 198.51.100.2");
	rig_expect_nothing(s.rig);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.2.0.12"), "198.51.100.2");
	assert_true(node_binding(s.spoke2, "10.2.0.11/32", &b));
	assert_int_equal(b.tunnel, 1);
	rig_free(s.rig);
}

/* ---- shortcuts across tunnels */

static void keys_are_learnt_from_who_answers(const struct scene *s)
{
	const struct foreign_key *const key = peer_key(s->spoke1, "198.51.100.2");

	assert_string_equal(node_shortcut_gateway(s->spoke1, "192.168.2.0/24"), "10.2.0.12");
	assert_string_equal(node_neighbour_nbma(s->spoke1, "10.2.0.12"), "198.51.100.2");
	assert_true(key->given && key->present);
	assert_int_equal(key->key, 102);
	assert_false(peer_key(s->spoke2, "198.51.100.1")->given); /* he uses ours */
}

/* One hub with two tunnels of one DMVPN; spoke1 is in the first, spoke2 in the second. */
static struct scene two_tunnels_up(void)
{
	struct scene s = { .rig = rig_new() };

	s.hub = node_new(s.rig, "hub", "192.0.2.1", "10.0.0.1/24");
	node_second_tunnel(s.hub, "10.2.0.1/24", "", "");
	s.spoke1 = node_new(s.rig, "spoke1", "198.51.100.1", "10.0.0.11/24");
	s.spoke2 = node_new(s.rig, "spoke2", "198.51.100.2", "10.2.0.12/24");
	node_add_nhs(s.spoke1, "10.0.0.1", "192.0.2.1");
	node_add_nhs(s.spoke2, "10.2.0.1", "192.0.2.1");
	s.hub->nhrp->redirect = s.hub->nhrp1->redirect = true;
	set_key(&s.hub->tunnel, 101);
	set_key(&s.spoke1->tunnel, 101);
	set_key(&s.hub->tunnel1, 102);
	set_key(&s.spoke2->tunnel, 102);
	scene_start(&s);
	node_route(s.hub, "192.168.1.0/24", "10.0.0.11", true);
	node_route_by(s.hub, "192.168.2.0/24", "10.2.0.12", 1);
	node_route(s.spoke1, "192.168.1.0/24", "", false);
	node_route(s.spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	node_route(s.spoke2, "192.168.0.0/16", "10.2.0.1", true);
	return s;
}

static void from_one_tunnel_of_a_hub_into_the_other(void **state)
{
	const struct scene s = two_tunnels_up();

	(void)state;
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.2.20", 0, 1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 192.168.2.20 hop 255");
	rig_expect(s.rig, "hub --> spoke2: Resolution Request 192.168.2.20 hop 254");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 192.168.2.20/24 via 10.2.0.12 at 198.51.100.2");
	rig_expect_nothing(s.rig);
	keys_are_learnt_from_who_answers(&s);
	/* it is that peer's alone */
	s.spoke1->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.50"), .nbma = { .addr = addr_of("203.0.113.50") } };
	s.spoke1->nhrp->map_count = 1;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	node_event(s.spoke1, &(struct event){ .type = EVENT_TICK });
	assert_true(node_has_peer(s.spoke1, "203.0.113.50"));
	assert_false(peer_key(s.spoke1, "203.0.113.50")->given);
	rig_free(s.rig);
}

/* Not to what is behind the router of the other tunnel, but to it. */
static void to_a_router_of_the_other_tunnel(void **state)
{
	const struct scene s = two_tunnels_up();

	(void)state;
	node_route(s.spoke1, "10.2.0.0/24", "10.0.0.1", true);
	node_hairpin_between(s.hub, "192.168.1.10", "10.2.0.12", 0, 1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.2.0.12 hop 255");
	rig_expect(s.rig, "hub --> spoke2: Resolution Request 10.2.0.12 hop 254");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 10.2.0.12/32 via 10.2.0.12 at 198.51.100.2");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* Where the hub's route has several next hops, one that leads into a tunnel is asked, and rather one in the asker's tunnel. */
static void one_next_hop_of_several_is_asked(void **state)
{
	const struct scene s = two_tunnels_up();
	struct node *const spoke3 = node_new(s.rig, "spoke3", "198.51.100.3", "10.0.0.13/24");
	struct event ev = { .type = EVENT_ROUTE, .route = {
		.add = true, .dst = prefix_of("192.168.2.0/24"), .gateway = addr_of("10.9.0.9"), .more_count = 1,
		.more = { { .gateway = addr_of("10.2.0.12"), .via_tunnel = true, .tunnel = 1 } } } };

	(void)state;
	node_add_nhs(spoke3, "10.0.0.1", "192.0.2.1");
	set_key(&spoke3->tunnel, 101);
	node_start(spoke3);
	rig_run(s.rig, 1);
	rig_skip(s.rig);
	node_event(s.hub, &ev);
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.2.20", 0, 1);
	rig_run_ms(s.rig, 20);
	assert_int_equal(rig_count(s.rig, "hub --> spoke2: Resolution Request 192.168.2.20"), 1);
	ev.route.more_count = 2;
	ev.route.more[1] = (struct route_hop){ .gateway = addr_of("10.0.0.13"), .via_tunnel = true };
	node_event(s.hub, &ev);
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	rig_run(s.rig, 3);
	rig_skip(s.rig);
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.2.20", 0, 0);
	rig_run_ms(s.rig, 20);
	assert_int_equal(rig_count(s.rig, "hub --> spoke3: Resolution Request 192.168.2.20"), 1);
	rig_free(s.rig);
}

static struct config_partner partner(const char *next_hop, const char *nbma)
{
	return (struct config_partner){ addr_of(next_hop), { .addr = addr_of(nbma) } };
}

/* Two hubs with one tunnel each, joined by a LAN; spoke1 knows hub 1 only, spoke2 hub 2 only. */
static struct scene partners_up(void)
{
	struct scene s = { .rig = rig_new() };

	s.hub = node_new(s.rig, "hub", "192.0.2.1", "10.0.0.1/24");
	s.hub2 = node_new(s.rig, "hub2", "192.0.2.2", "10.2.0.1/24");
	s.spoke1 = node_new(s.rig, "spoke1", "198.51.100.1", "10.0.0.11/24");
	s.spoke2 = node_new(s.rig, "spoke2", "198.51.100.2", "10.2.0.12/24");
	node_add_nhs(s.spoke1, "10.0.0.1", "192.0.2.1");
	node_add_nhs(s.spoke2, "10.2.0.1", "192.0.2.2");
	s.hub->partners[0] = partner("10.9.0.2", "192.0.2.2");
	s.hub2->partners[0] = partner("10.9.0.1", "192.0.2.1");
	s.hub->nhrp->partners = s.hub->partners;
	s.hub2->nhrp->partners = s.hub2->partners;
	s.hub->nhrp->partner_count = s.hub2->nhrp->partner_count = 1;
	s.hub->nhrp->redirect = s.hub2->nhrp->redirect = true;
	set_key(&s.hub->tunnel, 101);
	set_key(&s.spoke1->tunnel, 101);
	set_key(&s.hub2->tunnel, 102);
	set_key(&s.spoke2->tunnel, 102);
	scene_start(&s);
	node_route(s.hub, "192.168.1.0/24", "10.0.0.11", true);
	node_route(s.hub, "192.168.2.0/24", "10.9.0.2", false);
	node_route(s.hub2, "192.168.2.0/24", "10.2.0.12", true);
	node_route(s.hub2, "192.168.1.0/24", "10.9.0.1", false);
	node_route(s.spoke1, "192.168.1.0/24", "", false);
	node_route(s.spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	node_route(s.spoke2, "192.168.0.0/16", "10.2.0.1", true);
	return s;
}

static void from_a_hub_into_its_partners_tunnel(void **state)
{
	const struct scene s = partners_up();

	(void)state;
	assert_true(node_has_peer(s.hub, "192.0.2.2"));
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.2.20", 0, -1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 192.168.2.20 hop 255");
	rig_expect(s.rig, "hub --> hub2: Resolution Request 192.168.2.20 hop 254");
	rig_expect(s.rig, "hub2 --> spoke2: Resolution Request 192.168.2.20 hop 253");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 192.168.2.20/24 via 10.2.0.12 at 198.51.100.2");
	rig_expect_nothing(s.rig);
	keys_are_learnt_from_who_answers(&s);

	/* Long after the hold time, asked for again between the two only. */
	s.spoke2->usage_idle_s = 10000;
	rig_run(s.rig, 1500);
	keys_are_learnt_from_who_answers(&s);
	assert_true(node_has_peer(s.spoke2, "198.51.100.1"));
	assert_int_equal(rig_count(s.rig, "hub --> hub2:"), 0);

	/* And the way back; the key of each is good enough for the other. */
	node_hairpin_between(s.hub2, "192.168.2.20", "192.168.1.10", 0, -1);
	rig_run(s.rig, 1);
	assert_string_equal(node_shortcut_gateway(s.spoke2, "192.168.1.0/24"), "10.0.0.11");
	rig_free(s.rig);
}

/* What leaves for others than a partner is nobody's business. */
static void no_redirect_for_what_leaves_elsewhere(void **state)
{
	const struct scene s = partners_up();

	(void)state;
	node_route(s.hub, "192.168.3.0/24", "10.9.0.3", false);
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.3.20", 0, -1);
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* Both hubs believe that the other one knows: nobody is asked twice. */
static void partners_do_not_ask_in_circles(void **state)
{
	const struct scene s = partners_up();

	(void)state;
	node_route(s.hub2, "192.168.2.0/24", "10.9.0.1", false);
	node_hairpin_between(s.hub, "192.168.1.10", "192.168.2.20", 0, -1);
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 192.168.2.20 hop 255");
	rig_expect(s.rig, "hub --> hub2: Resolution Request 192.168.2.20 hop 254");
	assert_int_equal(rig_count(s.rig, "hub2 --> hub:"), 0);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	rig_free(s.rig);
}

/* By another tunnel's key only those are heard whom we asked or know. */
static void strangers_with_foreign_keys_are_not_heard(void **state)
{
	const struct scene s = partners_up();
	struct node *const rogue = node_new(s.rig, "rogue", "203.0.113.9", "10.0.0.66/24");

	(void)state;
	set_key(&rogue->tunnel, 999);
	node_add_nhs(rogue, "10.0.0.1", "192.0.2.1");
	node_start(rogue);
	rig_run(s.rig, 3);
	assert_false(node_has_peer(s.hub, "203.0.113.9"));
	assert_true(node_counter(s.hub, ENGINE_COUNT_DROP_TUNNEL) > 0);
	rig_free(s.rig);
}

/* ---- several hubs in one tunnel, each with spokes of its own */

/* Three hubs that are servers of one another; spoke1 knows the first only, spoke2 the third. */
static struct scene subsets_laid_out(struct node **hub3)
{
	struct scene s = { .rig = rig_new() };

	s.hub = node_new(s.rig, "hub", "192.0.2.1", "10.0.0.1/24");
	s.hub2 = node_new(s.rig, "hub2", "192.0.2.2", "10.0.0.2/24");
	*hub3 = node_new(s.rig, "hub3", "192.0.2.3", "10.0.0.3/24");
	s.spoke1 = node_new(s.rig, "spoke1", "198.51.100.1", "10.0.0.11/24");
	s.spoke2 = node_new(s.rig, "spoke2", "198.51.100.2", "10.0.0.12/24");
	node_add_nhs(s.hub, "10.0.0.2", "192.0.2.2");
	node_add_nhs(s.hub, "10.0.0.3", "192.0.2.3");
	node_add_nhs(s.hub2, "10.0.0.1", "192.0.2.1");
	node_add_nhs(s.hub2, "10.0.0.3", "192.0.2.3");
	node_add_nhs(*hub3, "10.0.0.1", "192.0.2.1");
	node_add_nhs(*hub3, "10.0.0.2", "192.0.2.2");
	node_add_nhs(s.spoke1, "10.0.0.1", "192.0.2.1");
	node_add_nhs(s.spoke2, "10.0.0.3", "192.0.2.3");
	return s;
}

static struct scene subsets_up(void)
{
	struct node *hub3;
	const struct scene s = subsets_laid_out(&hub3);

	node_start(hub3);
	scene_start(&s);
	rig_run(s.rig, 10); /* what was started before its servers asks again */
	rig_skip(s.rig);
	return s;
}

static void a_question_visits_hub_after_hub(void **state)
{
	const struct scene s = subsets_up();

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_expect(s.rig, "hub --> hub2: Resolution Request 10.0.0.12 hop 254");
	rig_expect(s.rig, "hub2 --> hub3: Resolution Request 10.0.0.12 hop 253");
	rig_expect(s.rig, "hub3 --> spoke2: Resolution Request 10.0.0.12 hop 252");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	rig_expect_nothing(s.rig);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

/* The hub whose packet it is on the way asks too, and has its own way to the spoke then. */
static void a_hub_that_relays_asks_too(void **state)
{
	const struct scene s = subsets_up();

	(void)state;
	node_miss(s.hub, "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "-"); /* meanwhile its data path leans by itself */
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void nobody_is_visited_twice(void **state)
{
	const struct scene s = subsets_up();

	(void)state;
	node_miss(s.spoke1, "10.0.0.99");
	rig_run_ms(s.rig, 500);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.99 hop 255");
	rig_expect(s.rig, "hub --> hub2: Resolution Request 10.0.0.99 hop 254");
	rig_expect(s.rig, "hub2 --> hub3: Resolution Request 10.0.0.99 hop 253");
	rig_expect(s.rig, "hub3 --> spoke1: Resolution Reply 10.0.0.99 code 12");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* The second hub is dead: the first knows that, and asks the third at once. */
static void a_dead_hub_is_passed_by(void **state)
{
	const struct scene s = subsets_up();

	(void)state;
	node_stop_abruptly(s.hub2);
	rig_run(s.rig, 230);
	rig_skip(s.rig);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run_ms(s.rig, 100);
	assert_int_equal(rig_count(s.rig, "hub --> hub3: Resolution Request 10.0.0.12"), 1);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_far_end_is_the_best_that_lives),
		cmocka_unit_test(twins_are_told_apart_by_their_addresses),
		cmocka_unit_test(from_one_tunnel_of_a_hub_into_the_other),
		cmocka_unit_test(to_a_router_of_the_other_tunnel),
		cmocka_unit_test(one_next_hop_of_several_is_asked),
		cmocka_unit_test(from_a_hub_into_its_partners_tunnel),
		cmocka_unit_test(no_redirect_for_what_leaves_elsewhere),
		cmocka_unit_test(partners_do_not_ask_in_circles),
		cmocka_unit_test(strangers_with_foreign_keys_are_not_heard),
		cmocka_unit_test(a_question_visits_hub_after_hub),
		cmocka_unit_test(a_hub_that_relays_asks_too),
		cmocka_unit_test(nobody_is_visited_twice),
		cmocka_unit_test(a_dead_hub_is_passed_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
