/*
 * What one life of a router saves and the next takes up: for the time that it had left, under the rules that
 * hold now, and marked until somebody says it again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/saved.h"
#include "scene.h"

enum { SAVED_MAX = 64 };

struct life {
	size_t count;
	struct event saved[SAVED_MAX];
	char identities[SAVED_MAX][64];
};

static struct life save(const struct node *n)
{
	struct saved_cursor c = { 0 };
	struct life l = { 0 };

	while (saved_next(n->engine, &c, &l.saved[l.count])) {
		snprintf(l.identities[l.count], sizeof l.identities[0], "%s",
			 l.saved[l.count].saved.identity ? l.saved[l.count].saved.identity : "");
		assert_true(++l.count < SAVED_MAX);
	}
	return l;
}

/* A new engine on the data path that the old one left. */
static void begin_anew(struct node *n, const char *nbma)
{
	engine_free(n->engine);
	n->engine = engine_new(&n->config, &n->options, n->rig->now);
	for (size_t i = 0; i < n->peer_count; i++)
		node_event(n, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
			.peer = n->peers[i].id, .nbma = n->peers[i].nbma } });
	node_tunnel(n, true, nbma);
}

static void take_up(struct node *n, struct life *l, bool networks)
{
	for (size_t i = 0; i < l->count; i++) {
		l->saved[i].saved.identity = l->identities[i][0] ? l->identities[i] : NULL;
		if (l->saved[i].saved.network == networks)
			node_event(n, &l->saved[i]);
	}
}

static void a_hub_knows_its_clients_again(void **state)
{
	const struct scene s = scene_up();
	struct life l = save(s.hub);
	struct binding_view b;

	(void)state;
	assert_int_equal(l.count, 2);
	begin_anew(s.hub, "192.0.2.1");
	take_up(s.hub, &l, false);
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_true(b.restored && b.kind == BINDING_REGISTERED);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	/* Nobody has to be called back, … */
	node_event(s.hub, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
		.addr = addr_of("10.0.0.11"), .nbma.addr = addr_of("198.51.100.1") } });
	rig_run_ms(s.rig, 600);
	assert_int_equal(rig_count(s.rig, "Purge"), 0);
	/* … and a question is passed on at once. */
	rig_skip(s.rig);
	node_miss(s.spoke2, "10.0.0.11");
	rig_run_ms(s.rig, 100);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "198.51.100.1");
	/* The mark goes with the client's own word. */
	rig_run(s.rig, s.spoke1->nhrp->holdtime_s / 3 + 1);
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_false(b.restored);
	rig_free(s.rig);
}

static void it_ends_with_the_time_that_was_left(void **state)
{
	const struct scene s = scene_up();
	struct life l = save(s.hub);
	struct binding_view b;
	int64_t left_s;

	(void)state;
	left_s = l.saved[0].saved.left.us / 1000000;
	assert_in_range(left_s, 1, s.spoke1->nhrp->holdtime_s);
	s.spoke1->dead = s.spoke2->dead = true;
	begin_anew(s.hub, "192.0.2.1");
	take_up(s.hub, &l, false);
	rig_run(s.rig, left_s - 1);
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	rig_run(s.rig, 2);
	assert_false(node_binding(s.hub, "10.0.0.11", &b));
	/* Nothing of it is worth saving again. */
	assert_int_equal(save(s.hub).count, 0);
	rig_free(s.rig);
}

static void what_has_come_meanwhile_counts(void **state)
{
	const struct scene s = scene_up();
	struct life l = save(s.hub);
	struct binding_view b;

	(void)state;
	l.saved[0].saved.nbma.addr = addr_of("203.0.113.1");
	take_up(s.hub, &l, false);
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_false(b.restored);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

static struct event client(const char *addr, const char *nbma, const char *identity)
{
	struct event ev = { .type = EVENT_BINDING_SAVED };

	ev.saved.dst = (struct ipprefix){ addr_of(addr), addr_of(addr).family == IP_V4 ? 32 : 128 };
	ev.saved.via = addr_of(addr);
	ev.saved.registered = true;
	ev.saved.nbma.addr = addr_of(nbma);
	ev.saved.identity = identity;
	ev.saved.left = span_s(30);
	return ev;
}

static void rules_hold_for_what_was_saved_too(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct event ev;
	struct binding_view b;

	(void)state;
	node_start(hub);
	ev = client("10.0.0.1", "198.51.100.1", NULL); /* our own address */
	node_event(hub, &ev);
	ev = client("10.0.0.12", "192.0.2.1", NULL); /* at our own endpoint */
	node_event(hub, &ev);
	assert_false(node_binding(hub, "10.0.0.12", &b));
	ev = client("10.0.0.13", "198.51.100.1", NULL);
	ev.saved.left = span_us(0);
	node_event(hub, &ev);
	assert_false(node_binding(hub, "10.0.0.13", &b));
	ev = client("10.0.0.14", "198.51.100.1", NULL);
	ev.tunnel = 99;
	node_event(hub, &ev);
	ev = client("10.0.0.15", "198.51.100.1", NULL);
	ev.saved.nbma.addr = IPADDR_NONE;
	node_event(hub, &ev);
	assert_int_equal(save(hub).count, 0);
	ev = client("10.0.0.16", "198.51.100.1", NULL);
	node_event(hub, &ev);
	assert_int_equal(save(hub).count, 1);
	rig_free(r);
}

/* For next hops too, and what is known stays. */
static void rules_hold_for_next_hops(void **state)
{
	static const struct { const char *dst, *nbma; } bad[] = {
		{ "10.0.0.64/26", "198.51.100.2" }, { "224.0.0.5/32", "198.51.100.2" }, { "10.0.0.1/32", "198.51.100.2" },
		{ "10.0.0.12/32", "224.0.0.9" }, { "10.0.0.12/32", "2001:db8::1" }, { "10.0.0.12/32", "192.0.2.1" },
	};
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct event ev;

	(void)state;
	node_start(hub);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ev = client("10.0.0.12", bad[i].nbma, NULL);
		ev.saved.registered = false;
		ev.saved.dst = prefix_of(bad[i].dst);
		ev.saved.via = ev.saved.dst.addr;
		node_event(hub, &ev);
		assert_int_equal(save(hub).count, 0);
	}
	for (unsigned last = 2; last <= 3; last++) {
		ev = client("10.0.0.12", last == 2 ? "198.51.100.2" : "198.51.100.3", NULL);
		ev.saved.registered = false;
		node_event(hub, &ev);
		assert_string_equal(node_neighbour_nbma(hub, "10.0.0.12"), "198.51.100.2");
	}
	rig_free(r);
}

static struct nhrp_message *claim(const char *addr, const char *nbma)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = NHRP_REGISTRATION_REQUEST;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.request_id = 7;
	m.src_nbma = addr_of(nbma);
	m.src_proto = addr_of(addr);
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of("10.0.0.1");
	m.cie_count = 1;
	m.cies[0] = (struct nhrp_cie){ .prefix_len = 255, .holding_s = 60 };
	return &m;
}

static void it_is_his_whose_it_was(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	const struct event ev = client("10.0.0.11", "198.51.100.1", "a.example.net");
	struct binding_view b;

	(void)state;
	node_start(hub);
	node_event(hub, &ev);
	node_receive_as(hub, "203.0.113.9", 0, "b.example.net", claim("10.0.0.11", "203.0.113.9"));
	rig_expect(r, "hub --> 203.0.113.9: Registration Reply {} code 14");
	node_receive_as(hub, "203.0.113.1", 0, "a.example.net", claim("10.0.0.11", "203.0.113.1"));
	assert_true(node_binding(hub, "10.0.0.11", &b));
	assert_false(b.restored);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "203.0.113.1");
	rig_free(r);
}

/* Without identities the first who comes has it, as if nothing had been saved: a spoke may have moved meanwhile. */
static void what_was_saved_is_not_defended(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct event ev = client("10.0.0.11", "198.51.100.1", NULL);

	(void)state;
	ev.saved.unique = true;
	node_start(hub);
	node_event(hub, &ev);
	node_receive(hub, "203.0.113.9", claim("10.0.0.11", "203.0.113.9"));
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "203.0.113.9");
	rig_free(r);
}

/* The control process alone was away: the direct path that it finds is looked after from the first moment on. */
static void a_direct_path_is_watched_again(void **state)
{
	const struct scene s = scene_laid_out();
	struct binding_view b;
	struct life l;

	(void)state;
	s.spoke1->nhrp->probe_interval_ms = s.spoke2->nhrp->probe_interval_ms = 250;
	scene_start(&s);
	scene_routes(&s);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 2);
	assert_true(node_binding(s.spoke1, "10.0.0.12", &b));
	l = save(s.spoke1);
	assert_true(l.count >= 1);
	begin_anew(s.spoke1, "198.51.100.1");
	scene_routes(&s);
	take_up(s.spoke1, &l, false);
	take_up(s.spoke1, &l, true);
	assert_true(node_binding(s.spoke1, "10.0.0.12", &b));
	assert_true(b.restored);
	rig_run(s.rig, 1);
	s.spoke2->dead = true;
	node_quiet(s.spoke1, "198.51.100.2");
	rig_run(s.rig, 1);
	assert_false(node_binding(s.spoke1, "10.0.0.12", &b));
	rig_free(s.rig);
}

/* The network behind a next hop comes back with it, where the routes still lead there. */
static void a_network_needs_its_route(void **state)
{
	const struct scene s = scene_up();
	struct event hop = client("10.0.0.12", "198.51.100.2", NULL), net = hop;

	(void)state;
	hop.saved.registered = net.saved.registered = false;
	net.saved.network = true;
	net.saved.dst = prefix_of("192.168.2.0/24");
	net.saved.asked = addr_of("192.168.2.7");
	node_event(s.spoke1, &net); /* without its hop it is nothing */
	node_event(s.spoke1, &hop);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	node_event(s.spoke1, &net); /* nor without a route into the tunnel */
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "-");
	node_route(s.spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_event(s.spoke1, &net);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	rig_free(s.rig);
}

/* Nor does it come back while its tunnel is down: there is nothing that it could lead out of. */
static void a_network_needs_its_tunnel(void **state)
{
	const struct scene s = scene_up();
	struct event hop = client("10.0.0.12", "198.51.100.2", NULL), net = hop;

	(void)state;
	hop.saved.registered = net.saved.registered = false;
	net.saved.network = true;
	net.saved.dst = prefix_of("192.168.2.0/24");
	net.saved.asked = addr_of("192.168.2.7");
	node_route(s.spoke1, "192.168.0.0/16", "10.0.0.1", true);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	node_event(s.spoke1, &hop);
	node_event(s.spoke1, &net);
	assert_int_equal(s.spoke1->shortcut_count, 0);
	node_tunnel(s.spoke1, true, "198.51.100.1");
	node_event(s.spoke1, &hop);
	node_event(s.spoke1, &net);
	assert_string_equal(node_shortcut_gateway(s.spoke1, "192.168.2.0/24"), "10.0.0.12");
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hub_knows_its_clients_again),
		cmocka_unit_test(it_ends_with_the_time_that_was_left),
		cmocka_unit_test(what_has_come_meanwhile_counts),
		cmocka_unit_test(rules_hold_for_what_was_saved_too),
		cmocka_unit_test(rules_hold_for_next_hops),
		cmocka_unit_test(it_is_his_whose_it_was),
		cmocka_unit_test(what_was_saved_is_not_defended),
		cmocka_unit_test(a_direct_path_is_watched_again),
		cmocka_unit_test(a_network_needs_its_route),
		cmocka_unit_test(a_network_needs_its_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
