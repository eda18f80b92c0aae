/* Routes that routing withdraws because a hub died are held: which, where they lead, and when that ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

enum { HOLD_S = 10, DEAD_MS = 800 /* a dead hub is found dead within it */ };

static const char *gateway(const struct scene *s, const char *dst)
{
	return node_shortcut_gateway(s->spoke1, dst);
}

/* Phase 2: spoke 2's LAN by itself, in a direct entry; one network behind hub 1, one behind both. */
static struct scene routed(struct scene s, uint16_t hold_s)
{
	s.spoke1->tunnel.has_route_hold = hold_s > 0;
	s.spoke1->tunnel.route_hold_s = hold_s;
	s.spoke1->tunnel.nhrp4.probe_interval_ms = s.spoke2->tunnel.nhrp4.probe_interval_ms = 250;
	scene_start(&s);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.12", true);
	node_route(s.spoke1, "192.168.9.0/24", "10.0.0.1", true);
	node_event(s.spoke1, &(struct event){ .type = EVENT_ROUTE, .route = {
		.add = true, .dst = prefix_of("192.168.8.0/24"), .gateway = addr_of("10.0.0.1"), .via_tunnel = true,
		.more_count = 1, .more = { { .gateway = addr_of("10.0.0.2"), .via_tunnel = true } } } });
	node_route(s.spoke1, "192.168.7.0/24", "203.0.113.1", false);
	return s;
}

static void withdraw_all(const struct scene *s)
{
	node_route_del(s->spoke1, "192.168.2.0/24");
	node_route_del(s->spoke1, "192.168.8.0/24");
	node_route_del(s->spoke1, "192.168.9.0/24");
}

static void expect_all_held(const struct scene *s)
{
	assert_string_equal(gateway(s, "192.168.2.0/24"), "10.0.0.12"); /* who lives, itself */
	assert_string_equal(gateway(s, "192.168.8.0/24"), "10.0.0.2");
	assert_string_equal(gateway(s, "192.168.9.0/24"), "10.0.0.2"); /* the live hub in the dead one's place */
	assert_int_equal(s->spoke1->shortcut_count, 3);
}

static void routes_outlast_a_hub(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v;

	(void)state;
	assert_int_equal(s.spoke1->shortcut_count, 0);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	expect_all_held(&s); /* before routing has said anything */
	withdraw_all(&s);
	expect_all_held(&s);
	rig_run(s.rig, HOLD_S - 2);
	expect_all_held(&s);
	rig_run(s.rig, 2);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	assert_true(snapshot_next_tunnel(s.spoke1->engine, &c, &v));
	assert_int_equal(v.route_holds, 1);
	rig_free(s.rig);
}

static void routing_that_is_back_ends_it(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	withdraw_all(&s);
	node_route(s.spoke1, "192.168.9.0/24", "10.0.0.2", true);
	assert_string_equal(gateway(&s, "192.168.9.0/24"), "-");
	assert_int_equal(s.spoke1->shortcut_count, 2);
	node_route_del(s.spoke1, "192.168.9.0/24"); /* it changes its mind while the time has not passed */
	expect_all_held(&s);
	rig_free(s.rig);
}

/* One that comes meanwhile, more specific than what is held, is not hidden. */
static void more_specific_routes_count(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_route(s.spoke1, "192.168.9.128/25", "203.0.113.1", false);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	assert_string_equal(gateway(&s, "192.168.9.128/25"), "throw");
	node_route(s.spoke1, "192.168.2.64/26", "203.0.113.1", false);
	assert_string_equal(gateway(&s, "192.168.2.64/26"), "throw");
	withdraw_all(&s);
	rig_run(s.rig, HOLD_S);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

/* A default route, held after all that it covers: holes only where nothing is held. */
static void default_route_hides_nothing(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_route(s.spoke1, "0.0.0.0/0", "10.0.0.1", true);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	assert_string_equal(gateway(&s, "0.0.0.0/0"), "10.0.0.2");
	assert_string_equal(gateway(&s, "192.168.7.0/24"), "throw");
	assert_string_equal(gateway(&s, "10.0.0.0/24"), "throw"); /* connected */
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	node_route_del(s.spoke1, "192.168.7.0/24");
	assert_string_equal(gateway(&s, "192.168.7.0/24"), "-");
	rig_run(s.rig, HOLD_S);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

static void doubt_alone_passes(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	s.hub->filters_probes = true; /* NHRP clears it */
	for (int ms = 0; s.spoke1->shortcut_count == 0; ms++) {
		assert_true(ms < 1000);
		rig_run_ms(s.rig, 1);
	}
	assert_string_equal(gateway(&s, "192.168.9.0/24"), "10.0.0.1"); /* it may live … */
	assert_string_equal(gateway(&s, "192.168.8.0/24"), "10.0.0.2"); /* … but nothing is moved to it */
	rig_run_ms(s.rig, 1500);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

/* Without a death it is routing's own decision, and holds back for no longer than the probes take. */
static void a_withdrawal_is_believed_soon(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_route_del(s.spoke1, "192.168.2.0/24");
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	rig_run_ms(s.rig, 1000);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.12", true);
	rig_run(s.rig, HOLD_S);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

/* Another spoke's probes found the hub dead before ours did, and routing believes it. */
static void routing_may_know_first(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, 20);
	withdraw_all(&s);
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	rig_run_ms(s.rig, DEAD_MS);
	expect_all_held(&s);
	rig_run(s.rig, HOLD_S - 2);
	expect_all_held(&s);
	rig_free(s.rig);
}

/* Nobody relays: only what goes straight to a peer is of use. */
static void last_hub_dies(void **state)
{
	const struct scene s = routed(scene_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	withdraw_all(&s);
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	rig_free(s.rig);
}

static void second_hub_dies_meanwhile(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	withdraw_all(&s);
	node_stop_abruptly(s.hub2);
	rig_run_ms(s.rig, DEAD_MS);
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	assert_int_equal(s.spoke1->shortcut_count, 1);
	rig_free(s.rig);
}

static void a_shortcut_goes_before_it(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	scene_routes(&s);
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.2", true);
	node_hairpin(s.hub2, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12");
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12"); /* by the shortcut */
	node_route_del(s.spoke1, "192.168.2.0/24");
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.12"); /* whose route is held */
	node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
	assert_string_equal(gateway(&s, "192.168.2.0/24"), "10.0.0.2"); /* by the route */
	rig_run(s.rig, HOLD_S);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

/* Load sharing with somebody outside the tunnel, or in another one: routing takes one next hop away and that is all. */
static void shared_routes_are_left_alone(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_event(s.spoke1, &(struct event){ .type = EVENT_ROUTE, .route = {
		.add = true, .dst = prefix_of("192.168.8.0/24"), .gateway = addr_of("10.0.0.1"), .via_tunnel = true,
		.more_count = 1, .more = { { .gateway = addr_of("203.0.113.1") } } } });
	node_event(s.spoke1, &(struct event){ .type = EVENT_ROUTE, .route = {
		.add = true, .dst = prefix_of("192.168.6.0/24"), .gateway = addr_of("10.0.0.1"), .via_tunnel = true,
		.more_count = 2, .more = { { .gateway = addr_of("10.0.0.2"), .via_tunnel = true },
					   { .gateway = addr_of("10.2.0.2"), .via_tunnel = true, .tunnel = 1 } } } });
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	assert_string_equal(gateway(&s, "192.168.8.0/24"), "-");
	assert_string_equal(gateway(&s, "192.168.6.0/24"), "-");
	assert_int_equal(s.spoke1->shortcut_count, 2);
	rig_free(s.rig);
}

static void tunnel_down_ends_it(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	withdraw_all(&s);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

/* The tunnel is taken out of the configuration: before what they lead to the held routes go. */
static void a_removed_tunnel_ends_it(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), HOLD_S);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	withdraw_all(&s);
	expect_all_held(&s);
	s.spoke1->interface.shutdown = true;
	reconfigure(s.spoke1);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	assert_int_equal(s.spoke1->neighbour_count, 0);
	rig_run(s.rig, 2 * HOLD_S);
	rig_free(s.rig);
}

static void off_unless_said(void **state)
{
	const struct scene s = routed(scene_two_hubs_laid_out(), 0);

	(void)state;
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	rig_free(s.rig);
}

static void on_where_ospf_elects(void **state)
{
	struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.spoke1->interface.ospf.network = (char[]){ "broadcast" };
	s = routed(s, 0);
	node_stop_abruptly(s.hub);
	rig_run_ms(s.rig, DEAD_MS);
	expect_all_held(&s);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes_outlast_a_hub), cmocka_unit_test(routing_that_is_back_ends_it),
		cmocka_unit_test(more_specific_routes_count), cmocka_unit_test(default_route_hides_nothing),
		cmocka_unit_test(doubt_alone_passes),
		cmocka_unit_test(a_withdrawal_is_believed_soon), cmocka_unit_test(routing_may_know_first),
		cmocka_unit_test(last_hub_dies),
		cmocka_unit_test(second_hub_dies_meanwhile), cmocka_unit_test(a_shortcut_goes_before_it),
		cmocka_unit_test(shared_routes_are_left_alone), cmocka_unit_test(tunnel_down_ends_it),
		cmocka_unit_test(a_removed_tunnel_ends_it), cmocka_unit_test(off_unless_said),
		cmocka_unit_test(on_where_ospf_elects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
