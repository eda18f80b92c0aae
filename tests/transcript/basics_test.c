/*
 * The ladders that everything else stands on: registration, a phase 2 resolution, a phase 3
 * shortcut.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "harness.h"

struct three { struct rig *rig; struct node *hub, *spoke1, *spoke2; };

/* One hub that redirects, two spokes with a LAN each, converged. */
static struct three three_up(void)
{
	struct three t;

	t.rig = rig_new();
	t.hub = node_new(t.rig, "hub", "192.0.2.1", "10.0.0.1/24");
	t.spoke1 = node_new(t.rig, "spoke1", "198.51.100.1", "10.0.0.11/24");
	t.spoke2 = node_new(t.rig, "spoke2", "198.51.100.2", "10.0.0.12/24");
	t.hub->nhrp->redirect = true;
	node_add_nhs(t.spoke1, "10.0.0.1", "192.0.2.1");
	node_add_nhs(t.spoke2, "10.0.0.1", "192.0.2.1");
	node_start(t.hub);
	node_start(t.spoke1);
	node_start(t.spoke2);
	rig_run(t.rig, 1);
	rig_skip(t.rig);
	return t;
}

static void phase3_routes(const struct three *t)
{
	node_route(t->hub, "192.168.1.0/24", "10.0.0.11", true);
	node_route(t->hub, "192.168.2.0/24", "10.0.0.12", true);
	node_route(t->spoke1, "192.168.1.0/24", "", false);
	node_route(t->spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_route(t->spoke2, "192.168.2.0/24", "", false);
	node_route(t->spoke2, "192.168.0.0/16", "10.0.0.1", true);
}

static void registration(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "10.0.0.11/24");
	struct binding_view b;
	struct nhs_view n;

	(void)state;
	node_add_nhs(spoke, "10.0.0.1", "192.0.2.1");
	node_start(hub);
	node_start(spoke);
	assert_int_equal(spoke->relay_count, 0);
	rig_run(r, 1);
	rig_expect(r, "spoke --> hub: Registration Request {unique, nat}");
	rig_expect(r, "hub --> spoke: Registration Reply {unique, nat} code 0");
	rig_expect_nothing(r);

	assert_true(node_binding(hub, "10.0.0.11", &b));
	assert_int_equal(b.kind, BINDING_REGISTERED);
	assert_true(b.unique && b.authoritative && b.nhop);
	assert_int_equal(instant_since(b.expires, b.created).us, 600 * 1000000LL);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	assert_true(node_has_multicast(hub, "198.51.100.1"));

	assert_true(node_nhs(spoke, 0, &n));
	assert_int_equal(n.status, NHS_VIEW_UP);
	assert_null(n.reason);
	assert_int_equal(n.acknowledged_id, n.request_id);
	assert_string_equal(node_neighbour_nbma(spoke, "10.0.0.1"), "192.0.2.1");
	assert_true(node_has_multicast(spoke, "192.0.2.1"));
	assert_string_equal(node_relay_nbma(spoke, 0), "192.0.2.1");

	/* refreshed after the registration timeout, under a new id */
	rig_run(r, 198);
	rig_expect_nothing(r);
	rig_run(r, 2);
	rig_expect(r, "spoke --> hub: Registration Request {unique, nat}");
	rig_expect(r, "hub --> spoke: Registration Reply {unique, nat} code 0");
	rig_expect_nothing(r);
	rig_free(r);
}

static void phase2_resolution(void **state)
{
	const struct three t = three_up();
	struct binding_view b;

	(void)state;
	node_miss(t.spoke1, "10.0.0.12");
	/* at once, traffic leans on the hub */
	assert_string_equal(node_neighbour_nbma(t.spoke1, "10.0.0.12"), "192.0.2.1");
	assert_true(node_binding(t.spoke1, "10.0.0.12", &b));
	assert_int_equal(b.kind, BINDING_INCOMPLETE);
	assert_true(b.temporary);
	rig_run(t.rig, 1);
	rig_expect(t.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_expect(t.rig, "hub --> spoke2: Resolution Request 10.0.0.12 hop 254");
	rig_expect(t.rig, "spoke2 --> spoke1: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	rig_expect_nothing(t.rig);
	assert_string_equal(node_neighbour_nbma(t.spoke1, "10.0.0.12"), "198.51.100.2");
	/* the answerer has learnt the way back by the same exchange */
	assert_string_equal(node_neighbour_nbma(t.spoke2, "10.0.0.11"), "198.51.100.1");
	assert_true(node_binding(t.spoke2, "10.0.0.11", &b));
	assert_true(b.kind == BINDING_CACHED && b.implicit);
	rig_free(t.rig);
}

static void phase3_shortcut(void **state)
{
	const struct three t = three_up();

	(void)state;
	phase3_routes(&t);
	node_hairpin(t.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(t.rig, 1);
	rig_expect(t.rig, "hub --> spoke1: Traffic Indication 192.168.1.10");
	rig_expect(t.rig, "spoke1 --> hub: Resolution Request 192.168.2.20 hop 255");
	rig_expect(t.rig, "hub --> spoke2: Resolution Request 192.168.2.20 hop 254");
	rig_expect(t.rig, "spoke2 --> spoke1: Resolution Reply 192.168.2.20/24 via 10.0.0.12 at 198.51.100.2");
	rig_expect_nothing(t.rig);
	assert_string_equal(node_shortcut_gateway(t.spoke1, "192.168.2.0/24"), "10.0.0.12");
	assert_string_equal(node_neighbour_nbma(t.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(t.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registration),
		cmocka_unit_test(phase2_resolution),
		cmocka_unit_test(phase3_shortcut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
