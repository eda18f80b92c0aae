/*
 * What the engine shows of itself, field by field: for `show`, `explain` and the simulator's checks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static struct tunnel_view tunnel_of(const struct node *n, size_t index)
{
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v = { 0 };

	do
		assert_true(snapshot_next_tunnel(n->engine, &c, &v));
	while (index--);
	return v;
}

static size_t count_bindings(const struct node *n)
{
	struct snapshot_cursor c = { 0 };
	struct binding_view v;
	size_t count = 0;

	while (snapshot_next_binding(n->engine, &c, &v))
		count++;
	return count;
}

static struct binding_view binding_of(const struct node *n, const char *dst)
{
	struct binding_view v;

	if (!node_binding(n, dst, &v))
		fail_msg("%s has no binding of %s", n->name, dst);
	return v;
}

static bool same(const struct ipaddr *a, const char *text)
{
	const struct ipaddr b = addr_of(text);

	return ipaddr_eq(a, &b);
}

static void roles(void **state)
{
	struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.hub->nhrp->redirect = false; /* a hub by its clients alone */
	node_add_nhs(s.hub, "10.0.0.2", "192.0.2.2");
	node_start(s.hub2);
	assert_int_equal(tunnel_of(s.hub2, 0).role, TUNNEL_ROLE_HUB);
	s.hub2->nhrp->redirect = false;
	node_start(s.hub2);
	assert_int_equal(tunnel_of(s.hub2, 0).role, TUNNEL_ROLE_UNKNOWN);
	node_start(s.hub);
	assert_int_equal(tunnel_of(s.hub, 0).role, TUNNEL_ROLE_SPOKE);
	node_start(s.spoke1);
	rig_run(s.rig, 1);
	assert_int_equal(tunnel_of(s.hub, 0).role, TUNNEL_ROLE_HUB_SPOKE);
	assert_int_equal(tunnel_of(s.hub2, 0).role, TUNNEL_ROLE_HUB);
	assert_int_equal(tunnel_of(s.spoke1, 0).role, TUNNEL_ROLE_SPOKE);
	rig_free(s.rig);
}

static void tunnels(void **state)
{
	struct scene s = scene_laid_out();
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v;

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "", "");
	s.spoke1->outside = addr_of("203.0.113.7");
	scene_start(&s);
	v = tunnel_of(s.spoke1, 0);
	assert_int_equal(v.tunnel, 0);
	assert_true(v.up && same(&v.local.addr, "198.51.100.1") && same(&v.outside, "203.0.113.7"));
	assert_true(ipaddr_is_none(&v.far_end));
	assert_int_equal(v.peer_count, 1);
	assert_int_equal(v.binding_count, 1);
	v = tunnel_of(s.spoke1, 1);
	assert_int_equal(v.tunnel, 1);
	assert_true(ipaddr_is_none(&v.outside));
	assert_int_equal(v.peer_count, 0);
	assert_int_equal(v.binding_count, 0);
	assert_int_equal(v.role, TUNNEL_ROLE_UNKNOWN);
	while (snapshot_next_tunnel(s.spoke1->engine, &c, &v))
		;
	assert_int_equal(c.tunnel, 2);
	/* elsewhere now, and what was seen from outside is of the past */
	s.spoke1->outside = IPADDR_NONE;
	node_tunnel(s.spoke1, true, "198.51.100.9");
	v = tunnel_of(s.spoke1, 0);
	assert_true(same(&v.local.addr, "198.51.100.9") && ipaddr_is_none(&v.outside));
	node_tunnel(s.spoke1, false, "198.51.100.9");
	assert_false(tunnel_of(s.spoke1, 0).up);
	rig_free(s.rig);
}

/* In the order of tunnels, then families, each once. */
static void walks_end(void **state)
{
	struct scene s = scene_two_hubs_laid_out();
	struct snapshot_cursor c = { 0 };
	struct nhs_view n;
	size_t seen = 0;

	(void)state;
	node_second_tunnel(s.spoke1, "10.2.0.11/24", "10.2.0.1", "192.0.2.9");
	scene_start(&s);
	while (snapshot_next_nhs(s.spoke1->engine, &c, &n)) {
		assert_int_equal(n.tunnel, seen / 2);
		seen++;
	}
	assert_int_equal(seen, 3);
	assert_int_equal(count_bindings(s.spoke1), 3);
	assert_int_equal(binding_of(s.spoke1, "10.2.0.1").tunnel, 1);
	assert_int_equal(count_bindings(s.hub), 2);
	rig_free(s.rig);
}

/* ---- bindings */

static void an_nhs_binding(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b = binding_of(s.spoke1, "10.0.0.1");

	(void)state;
	assert_int_equal(b.kind, BINDING_NHS);
	assert_int_equal(b.state, BINDING_STATE_UP);
	assert_true(same(&b.via, "10.0.0.1") && same(&b.nbma.addr, "192.0.2.1") && ipaddr_is_none(&b.claimed_nbma));
	assert_true(b.router && b.authoritative && b.nhop && !b.rib && !b.nho && !b.unique && !b.implicit && !b.used &&
		    !b.temporary && !b.standby && !b.reason);
	assert_int_equal(b.preference, 255);
	assert_true(instant_is_never(b.expires));
	assert_int_equal(b.peer, s.spoke1->relays[0]);
	assert_int_equal(b.requester_count, 0);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	b = binding_of(s.spoke1, "10.0.0.1");
	assert_int_equal(b.state, BINDING_STATE_INTF);
	assert_string_equal(b.reason, "tunnel down");
	node_stop_abruptly(s.hub);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 20);
	b = binding_of(s.spoke1, "10.0.0.1");
	assert_int_equal(b.state, BINDING_STATE_NHRP);
	assert_string_equal(b.reason, "no answer");
	assert_false(b.standby);
	rig_free(s.rig);
}

static void without_an_underlay_address(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	node_event(s.spoke1, &(struct event){ .type = EVENT_TUNNEL, .tunnel_state = { .up = true } });
	b = binding_of(s.spoke1, "10.0.0.1");
	assert_int_equal(b.state, BINDING_STATE_INTF);
	rig_free(s.rig);
}

static void a_client(void **state)
{
	const struct scene s = scene_up();
	const struct binding_view b = binding_of(s.hub, "10.0.0.11");

	(void)state;
	assert_int_equal(b.kind, BINDING_REGISTERED);
	assert_true(b.unique && b.router && b.authoritative && b.nat && b.nhop && !b.rib && !b.implicit && !b.used);
	assert_int_equal(b.preference, 0);
	assert_int_equal(b.mtu_bytes, 17916);
	assert_true(instant_since(b.expires, b.created).us == span_s(600).us);
	assert_int_equal(b.state, BINDING_STATE_UP);
	rig_free(s.rig);
}

static void what_a_shortcut_is_made_of(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	rig_run(s.rig, 1);
	b = binding_of(s.spoke1, "192.168.2.0/24");
	assert_int_equal(b.kind, BINDING_CACHED);
	assert_true(b.rib && !b.nhop && !b.nho && b.router && b.authoritative && b.unique && !b.implicit);
	assert_true(same(&b.via, "10.0.0.12") && same(&b.nbma.addr, "198.51.100.2"));
	assert_true(b.peer == binding_of(s.spoke1, "10.0.0.12").peer);
	b = binding_of(s.spoke1, "10.0.0.12");
	assert_true(b.nhop && !b.rib);
	/* with a route of the same prefix it stands over it */
	node_route(s.spoke1, "192.168.2.0/24", "10.0.0.1", true);
	assert_true(binding_of(s.spoke1, "192.168.2.0/24").nho);
	/* at the other end: what was learnt of the asker, and what he was told */
	b = binding_of(s.spoke2, "10.0.0.11");
	assert_true(b.kind == BINDING_CACHED && b.implicit && b.router && b.nat && !b.authoritative);
	b = binding_of(s.spoke2, "192.168.2.0/24");
	assert_int_equal(b.kind, BINDING_LOCAL);
	assert_int_equal(b.state, BINDING_STATE_UP);
	assert_true(b.router && b.unique && same(&b.via, "10.0.0.12") && same(&b.nbma.addr, "198.51.100.2"));
	assert_int_equal(b.requester_count, 1);
	assert_true(same(&b.requesters[0], "10.0.0.11"));
	assert_true(instant_since(b.expires, b.created).us == span_s(600).us);
	rig_free(s.rig);
}

static bool lose_at_spoke2(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	return strcmp(to->name, "spoke2") == 0 && m && m->type == NHRP_RESOLUTION_REQUEST;
}

static void questions(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	s.rig->lose = lose_at_spoke2;
	node_miss(s.spoke1, "10.0.0.12");
	b = binding_of(s.spoke1, "10.0.0.12");
	assert_int_equal(b.kind, BINDING_INCOMPLETE);
	assert_int_equal(b.state, BINDING_STATE_NHRP);
	assert_true(b.temporary && same(&b.leans_on, "10.0.0.1") && same(&b.nbma.addr, "192.0.2.1") && same(&b.via, "10.0.0.12"));
	assert_int_equal(b.peer, s.spoke1->relays[0]);
	assert_string_equal(b.reason, "resolution under way");
	assert_true(instant_since(b.expires, s.rig->now).us == span_s(1).us);
	rig_run(s.rig, 30);
	b = binding_of(s.spoke1, "10.0.0.12");
	assert_int_equal(b.kind, BINDING_NEGATIVE);
	assert_string_equal(b.reason, "no answer");
	rig_run(s.rig, 12); /* only its back-off is remembered */
	assert_false(node_binding(s.spoke1, "10.0.0.12", &b));
	assert_int_equal(count_bindings(s.spoke1), 1);
	/* the one after it in the table is still seen */
	node_miss(s.spoke1, "10.0.0.13");
	assert_int_equal(binding_of(s.spoke1, "10.0.0.13").kind, BINDING_INCOMPLETE);
	assert_int_equal(count_bindings(s.spoke1), 2);
	rig_free(s.rig);
}

/* ---- NHSs */

/* One of two is enough: the entry of the other says that it stands by. */
static void an_nhs_that_stands_by(void **state)
{
	static struct config_cluster one = { .max_connections = 1 };
	const struct scene s = scene_two_hubs_laid_out();

	(void)state;
	s.spoke1->nhrp->clusters = &one;
	s.spoke1->nhrp->cluster_count = 1;
	scene_start(&s);
	assert_false(binding_of(s.spoke1, "10.0.0.1").standby);
	assert_true(binding_of(s.spoke1, "10.0.0.2").standby);
	rig_free(s.rig);
}

static void an_nhs(void **state)
{
	const struct scene s = scene_two_hubs_laid_out();
	struct nhs_view n;

	(void)state;
	s.spoke1->nhs4[1].cluster = 3;
	scene_start(&s);
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_true(same(&n.addr, "10.0.0.1") && same(&n.nbma.addr, "192.0.2.1") && !n.nbma_name);
	assert_int_equal(n.status, NHS_VIEW_UP);
	assert_true(n.expecting && n.responding && !n.reason && !n.standby && !n.over_budget && !n.path);
	assert_true(n.request_id != 0 && n.request_id == n.acknowledged_id);
	assert_int_equal(n.requests_sent, 1);
	assert_int_equal(n.requests_failed, 0);
	assert_int_equal(n.replies_received, 1);
	assert_int_equal(n.tallies->count, 1);
	assert_true(n.tallies->each[0].sent == 1 && n.tallies->each[0].received == 1 && n.tallies->each[0].failed == 0);
	assert_int_equal(n.retry_interval.us, 0);
	assert_int_equal(n.held_back.us, 0);
	assert_true(!instant_is_never(n.last_reply));
	assert_true(node_nhs(s.spoke1, 1, &n));
	assert_int_equal(n.priority, 1);
	assert_int_equal(n.cluster, 3);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 199);
	node_tunnel(s.spoke1, true, "198.51.100.9"); /* registers anew */
	rig_run(s.rig, 3);
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_int_equal(n.status, NHS_VIEW_UP); /* not yet given up */
	rig_run(s.rig, 20);
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_int_equal(n.status, NHS_VIEW_PROBE);
	assert_true(n.expecting && !n.responding && n.request_id != n.acknowledged_id);
	assert_string_equal(n.reason, "no answer");
	assert_true(n.retry_interval.us > span_s(2).us && n.retry_interval.us <= span_s(4).us);
	assert_true(n.requests_failed >= 3 && n.tallies->each[0].failed == n.requests_failed);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_int_equal(n.status, NHS_VIEW_DOWN);
	assert_true(!n.expecting && !n.responding);
	assert_string_equal(n.reason, "tunnel down");
	rig_free(s.rig);
}

static void the_path_of_an_nhs(void **state)
{
	const struct scene s = scene_laid_out();
	struct binding_view b;
	struct nhs_view n;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_string_equal(n.path, "ALIVE");
	assert_null(n.path_remark);
	assert_int_equal(n.path_rtt.us, 10000);
	assert_true(n.probes_sent >= 3);
	assert_true(n.probes_answered == n.probes_sent || n.probes_answered + 1 == n.probes_sent);
	assert_int_equal(n.probes_sent, s.spoke1->probes);
	node_stop_abruptly(s.hub);
	rig_run(s.rig, 2);
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_string_equal(n.path, "DEAD");
	assert_string_equal(n.path_remark, "path dead: no probe is answered");
	assert_string_equal(n.reason, "path dead: no probe is answered");
	b = binding_of(s.spoke1, "10.0.0.1");
	assert_int_equal(b.state, BINDING_STATE_NHRP);
	assert_string_equal(b.reason, n.reason);
	rig_free(s.rig);
}

static void a_dead_path_to_a_client(void **state)
{
	const struct scene s = scene_laid_out();
	struct binding_view b;

	(void)state;
	s.hub->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	node_stop_abruptly(s.spoke1);
	node_quiet(s.hub, "198.51.100.1");
	rig_run(s.rig, 2);
	b = binding_of(s.hub, "10.0.0.11");
	assert_int_equal(b.state, BINDING_STATE_NHRP);
	assert_string_equal(b.reason, "path dead: no probe is answered");
	assert_int_equal(binding_of(s.hub, "10.0.0.12").state, BINDING_STATE_UP);
	rig_free(s.rig);
}

/* ---- counters and sizes */

static void counters(void **state)
{
	const struct scene s = scene_up();
	static const uint8_t junk[40];

	(void)state;
	assert_string_equal(engine_counter_name(ENGINE_COUNT_DROP_TUNNEL), "DROP_TUNNEL");
	assert_string_equal(engine_counter_text(ENGINE_COUNT_FORWARDED), "messages forwarded to another NHS or client");
	assert_string_equal(engine_counter_name(ENGINE_COUNTER_COUNT), "?");
	assert_string_equal(engine_counter_text(ENGINE_COUNTER_COUNT), "?");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_REGISTRATION_REQUEST_RECEIVED), 2);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_REGISTRATION_REPLY_SENT), 2);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_REGISTRATION_REQUEST_SENT), 1);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_REGISTRATION_REPLY_RECEIVED), 1);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_RESOLUTION_REQUEST_SENT), 1);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_FORWARDED), 1);
	assert_int_equal(node_counter(s.spoke2, ENGINE_COUNT_RESOLUTION_REPLY_SENT), 1);
	node_receive_bytes(s.hub, "198.51.100.1", junk, sizeof junk);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_UNDECODED), 1);
	for (unsigned i = 0, total = 0; i <= NHRP_DROP_COUNT; i++) {
		total += (unsigned)engine_codec_drops(s.hub->engine, i);
		assert_true(i < NHRP_DROP_COUNT || total == 1);
	}
	rig_free(s.rig);
}

static void sizes(void **state)
{
	const struct scene s = scene_up();
	struct engine_sizes z;

	(void)state;
	snapshot_sizes(s.hub->engine, &z);
	assert_true(z.peers == 2 && z.bindings == 2 && z.dynamic_bindings == 2 && z.timers == 2);
	assert_true(z.resolutions == 0 && z.answers == 0 && z.redirects == 0 && z.purges == 0);
	scene_routes(&s);
	node_hairpin(s.hub, "192.168.1.10", "192.168.2.20", PEER_NONE);
	snapshot_sizes(s.hub->engine, &z);
	assert_int_equal(z.redirects, 1);
	s.rig->lose = lose_at_spoke2;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	snapshot_sizes(s.spoke1->engine, &z);
	assert_true(z.resolutions == 2 && z.peers == 1 && z.bindings == 1 && z.dynamic_bindings == 0);
	s.rig->lose = NULL;
	rig_run(s.rig, 8);
	snapshot_sizes(s.spoke2->engine, &z);
	assert_true(z.answers == 2 && z.dynamic_bindings == 1 && z.bindings == 2);
	node_stop_abruptly(s.spoke1);
	node_route_del(s.spoke2, "192.168.2.0/24");
	snapshot_sizes(s.spoke2->engine, &z);
	assert_true(z.answers == 1 && z.purges == 1);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles),
		cmocka_unit_test(tunnels),
		cmocka_unit_test(walks_end),
		cmocka_unit_test(an_nhs_binding),
		cmocka_unit_test(without_an_underlay_address),
		cmocka_unit_test(a_client),
		cmocka_unit_test(what_a_shortcut_is_made_of),
		cmocka_unit_test(questions),
		cmocka_unit_test(an_nhs), cmocka_unit_test(an_nhs_that_stands_by),
		cmocka_unit_test(the_path_of_an_nhs),
		cmocka_unit_test(a_dead_path_to_a_client),
		cmocka_unit_test(counters),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
