/*
 * What a server accepts and refuses, and what it answers: uniqueness, foreign addresses, hold
 * times, NAT, authentication, a full table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

/* A Registration Request for `addr`, as a stranger's program would write it. */
static struct nhrp_message *claim(const char *addr, const char *nbma, uint16_t flags, uint16_t holding_s)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = NHRP_REGISTRATION_REQUEST;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.flags = flags;
	m.request_id = 7;
	m.src_nbma = addr_of(nbma);
	m.src_proto = addr_of(addr);
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of("10.0.0.1");
	m.cie_count = 1;
	m.cies[0] = (struct nhrp_cie){ .prefix_len = 255, .holding_s = holding_s };
	return &m;
}

static struct node *hub_alone(struct rig *r)
{
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	node_start(hub);
	return hub;
}

static void try_claim(struct node *hub, const char *addr, const char *nbma, uint16_t flags, uint16_t holding_s,
		      const char *expected)
{
	node_receive(hub, nbma, claim(addr, nbma, flags, holding_s));
	rig_expect(hub->rig, expected);
	rig_expect_nothing(hub->rig);
}

static void unique_is_defended(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	try_claim(hub, "10.0.0.11", "198.51.100.1", NHRP_FLAG_REG_UNIQUE, 60,
		  "hub --> 198.51.100.1: Registration Reply {unique} code 0");
	try_claim(hub, "10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60,
		  "hub --> 198.51.100.9: Registration Reply {unique} code 14");
	try_claim(hub, "10.0.0.11", "198.51.100.9", 0, 60,
		  "hub --> 198.51.100.9: Registration Reply {} code 14");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	/* the owner refreshes */
	rig_run(r, 50);
	try_claim(hub, "10.0.0.11", "198.51.100.1", NHRP_FLAG_REG_UNIQUE, 60,
		  "hub --> 198.51.100.1: Registration Reply {unique} code 0");
	rig_run(r, 50);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	/* and loses it with its hold time */
	rig_run(r, 11);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "-");
	assert_false(node_has_peer(hub, "198.51.100.1"));
	try_claim(hub, "10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60,
		  "hub --> 198.51.100.9: Registration Reply {unique} code 0");
	rig_free(r);
}

static void no_unique_may_move(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	try_claim(hub, "10.0.0.11", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 0");
	try_claim(hub, "10.0.0.11", "198.51.100.9", 0, 60, "hub --> 198.51.100.9: Registration Reply {} code 0");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.9");
	assert_false(node_has_peer(hub, "198.51.100.1"));
	assert_true(node_has_multicast(hub, "198.51.100.9"));
	rig_free(r);
}

static void foreign_addresses_are_refused(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	hub->maps4[0] = (struct config_map){ .proto = prefix_of("10.0.0.5"), .nbma = { .addr = addr_of("203.0.113.5") } };
	hub->nhrp->map_count = 1;
	node_start(hub);
	node_route(hub, "192.168.0.0/24", "", false);
	node_local(hub, "192.168.0.1", false);
	/* the static map's, another's LAN, our subnet's network and broadcast address */
	try_claim(hub, "10.0.0.5", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 4");
	try_claim(hub, "192.168.0.9", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 4");
	try_claim(hub, "10.0.0.0", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 4");
	try_claim(hub, "10.0.0.255", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 4");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.5"), "203.0.113.5");
	/* the same from the map's own NBMA address is fine, and changes nothing */
	try_claim(hub, "10.0.0.5", "203.0.113.5", 0, 60, "hub --> 203.0.113.5: Registration Reply {} code 0");
	/* our own addresses: not even answered */
	node_receive(hub, "198.51.100.1", claim("10.0.0.1", "198.51.100.1", 0, 60));
	node_receive(hub, "198.51.100.1", claim("192.168.0.1", "198.51.100.1", 0, 60));
	node_receive(hub, "198.51.100.1", claim("224.0.0.5", "198.51.100.1", 0, 60));
	node_receive(hub, "192.0.2.1", claim("10.0.0.7", "192.0.2.1", 0, 60));
	rig_expect_nothing(r);
	assert_int_equal(node_counter(hub, ENGINE_COUNT_DROP_SPOOFED), 4);
	rig_free(r);
}

static void a_network_is_not_registered(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);
	struct nhrp_message *const m = claim("10.0.0.11", "198.51.100.1", 0, 60);

	(void)state;
	m->cies[0].prefix_len = 24;
	node_receive(hub, "198.51.100.1", m);
	rig_expect(r, "hub --> 198.51.100.1: Registration Reply {} code 4");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "-");
	rig_free(r);
}

static void hold_time_zero_is_a_farewell(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	try_claim(hub, "10.0.0.11", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 0");
	try_claim(hub, "10.0.0.11", "198.51.100.1", 0, 0, "hub --> 198.51.100.1: Registration Reply {} code 0");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "-");
	{ /* nothing is left of it */
		struct engine_sizes z;

		snapshot_sizes(hub->engine, &z);
		assert_true(z.peers == 0 && z.bindings == 0 && z.dynamic_bindings == 0 && z.timers == 0);
	}
	rig_free(r);
}

static void a_full_table_says_so(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	hub->options.bindings_max = 2;
	node_start(hub);
	try_claim(hub, "10.0.0.11", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 0");
	try_claim(hub, "10.0.0.12", "198.51.100.2", 0, 60, "hub --> 198.51.100.2: Registration Reply {} code 0");
	try_claim(hub, "10.0.0.13", "198.51.100.3", 0, 60, "hub --> 198.51.100.3: Registration Reply {} code 5");
	assert_int_equal(node_counter(hub, ENGINE_COUNT_DROP_FULL), 1);
	/* those who are in may stay, and a place that is free again is given */
	try_claim(hub, "10.0.0.12", "198.51.100.2", 0, 0, "hub --> 198.51.100.2: Registration Reply {} code 0");
	try_claim(hub, "10.0.0.13", "198.51.100.3", 0, 60, "hub --> 198.51.100.3: Registration Reply {} code 0");
	rig_free(r);
}

static void nat_is_seen_and_told(void **state)
{
	const struct scene s = scene_laid_out();
	static struct nhrp_message m;
	const struct nhrp_extension *x;
	struct binding_view b;

	(void)state;
	s.spoke1->nbma = addr_of("172.16.0.9");
	s.spoke1->outside = addr_of("203.0.113.7");
	scene_start(&s);
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_true(ipaddr_eq(&b.nbma.addr, &s.spoke1->outside));
	assert_true(ipaddr_eq(&b.claimed_nbma, &s.spoke1->nbma));

	/* in its own questions it gives its outside address, and is answered there */
	node_miss(s.spoke1, "10.0.0.12");
	assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &m, NULL), NHRP_DROP_NONE);
	x = nhrp_extension_find(&m, NHRP_EXT_NAT);
	assert_true(x && x->cie_count == 1 && ipaddr_eq(&x->cies[0].nbma, &s.spoke1->outside));
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_expect(s.rig, "hub --> spoke2: Resolution Request 10.0.0.12 hop 254");
	rig_expect(s.rig, "spoke2 --> spoke1: Resolution Reply 10.0.0.12/32 via 10.0.0.12 at 198.51.100.2");
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "203.0.113.7");

	/* asked for, it answers with its inside address and says the outside one beside it */
	node_event(s.spoke2, &(struct event){ .type = EVENT_CLEAR });
	node_miss(s.spoke2, "10.0.0.11");
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.spoke2, "10.0.0.11"), "203.0.113.7");
	assert_true(node_binding(s.spoke2, "10.0.0.11", &b));
	assert_true(ipaddr_eq(&b.claimed_nbma, &s.spoke1->nbma));
	rig_free(s.rig);
}

/* A natted spoke that does not fill the NAT extension itself: the hub does, on the way. */
static void the_hub_fills_an_empty_nat_extension(void **state)
{
	const struct scene s = scene_up();
	static struct nhrp_message m;
	const struct nhrp_extension *x;

	(void)state;
	node_receive(s.hub, "203.0.113.7", claim("10.0.0.20", "172.16.0.9", NHRP_FLAG_NAT, 60));
	memset(&m, 0, sizeof m);
	m = *claim("10.0.0.20", "172.16.0.9", 0xc802, 60);
	m.type = NHRP_RESOLUTION_REQUEST;
	m.dst_proto = addr_of("10.0.0.12");
	m.cies[0].prefix_len = 0;
	nhrp_extension_add(&m, NHRP_EXT_FORWARD_TRANSIT);
	nhrp_extension_add(&m, NHRP_EXT_NAT);
	node_receive(s.hub, "203.0.113.7", &m);
	assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &m, NULL), NHRP_DROP_NONE);
	x = nhrp_extension_find(&m, NHRP_EXT_NAT);
	assert_int_equal(x->cie_count, 1);
	assert_true(ipaddr_eq(&x->cies[0].nbma, &(struct ipaddr){ .family = IP_V4, .bytes = { 203, 0, 113, 7 } }));
	/* Who has filled it knows better. */
	m.extensions[0].cie_count = 0;
	m.extensions[1].cies[0].nbma = addr_of("203.0.113.99");
	node_receive(s.hub, "203.0.113.7", &m);
	assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &m, NULL), NHRP_DROP_NONE);
	assert_true(ipaddr_eq(&nhrp_extension_find(&m, NHRP_EXT_NAT)->cies[0].nbma,
			      &(struct ipaddr){ .family = IP_V4, .bytes = { 203, 0, 113, 99 } }));
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_FORWARDED), 2);
	rig_free(s.rig);
}

/* A router below a hub is a server while it has a client, and until its tunnel begins anew without one. */
static void who_was_a_server(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = claim("10.0.0.20", "203.0.113.7", 0, 60);

	(void)state;
	assert_false(s.spoke1->serves);
	m->dst_proto = addr_of("10.0.0.11");
	node_receive(s.spoke1, "203.0.113.7", m);
	assert_true(s.spoke1->serves);
	rig_run(s.rig, 61);
	assert_true(s.spoke1->serves);
	node_tunnel(s.spoke1, false, "198.51.100.1");
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 1);
	assert_int_equal(s.spoke1->relay_count, 1);
	assert_false(s.spoke1->serves);
	rig_free(s.rig);
}

static void authentication_mismatch_is_loud(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhs_view n;

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "right" };
	s.spoke1->nhrp->authentication = (char[]){ "wrong" };
	s.spoke2->nhrp->authentication = (char[]){ "right" };
	node_start(s.hub);
	node_start(s.spoke1);
	rig_run_ms(s.rig, 20);
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Error Indication 11");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_AUTHENTICATION), 1);
	assert_non_null(strstr(s.hub->last_trace, "NHRP_AUTH_FAILED"));
	assert_non_null(strstr(s.hub->last_trace, "198.51.100.1"));
	assert_null(strstr(s.hub->last_trace, "right"));
	assert_null(strstr(s.hub->last_trace, "wrong"));
	assert_true(node_nhs(s.spoke1, 0, &n));
	assert_non_null(strstr(n.reason, "uthentication"));
	rig_run(s.rig, 30); /* more of the same: answered, but told once */
	assert_int_equal(s.hub->traces, 1);
	node_start(s.spoke2);
	rig_run(s.rig, 1);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "198.51.100.2");
	/* none at all is as wrong */
	node_receive(s.hub, "198.51.100.77", claim("10.0.0.77", "198.51.100.77", 0, 60));
	assert_non_null(strstr(s.hub->last_trace, "sends no authentication"));
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.77"), "-");
	rig_free(s.rig);
}

static void wrong_destination_gets_an_error(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);
	struct nhrp_message *const m = claim("10.0.0.11", "198.51.100.1", 0, 60);

	(void)state;
	m->dst_proto = addr_of("10.0.0.99");
	node_receive(hub, "198.51.100.1", m);
	rig_expect(r, "hub --> 198.51.100.1: Error Indication 6");
	rig_free(r);
}

/* Of a network of two addresses both are a router's. */
static void both_addresses_of_a_pair(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/31");

	(void)state;
	node_start(hub);
	try_claim(hub, "10.0.0.0", "198.51.100.1", 0, 60, "hub --> 198.51.100.1: Registration Reply {} code 0");
	rig_free(r);
}

/* A client that comes is worth a line, one that is still there is not. */
static void clients_are_told_once(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	node_receive(hub, "198.51.100.1", claim("10.0.0.11", "198.51.100.1", 0, 60));
	assert_ptr_equal(strstr(hub->last_trace, "NHRP_NHC_UP"), hub->last_trace);
	assert_non_null(strstr(hub->last_trace, "nbma=198.51.100.1"));
	hub->traces = 0;
	node_receive(hub, "198.51.100.1", claim("10.0.0.11", "198.51.100.1", 0, 60));
	assert_int_equal(hub->traces, 0);
	rig_free(r);
}

static void max_send_is_kept(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	hub->nhrp->max_send_packets = 5;
	node_start(hub);
	for (int i = 0; i < 8; i++)
		node_receive(hub, "198.51.100.1", claim("10.0.0.11", "198.51.100.1", 0, 60));
	assert_int_equal(rig_count(r, "Registration Reply"), 5);
	assert_int_equal(node_counter(hub, ENGINE_COUNT_DROP_RATE), 3);
	rig_run(r, 4); /* two more in 4 of 10 s */
	for (int i = 0; i < 8; i++)
		node_receive(hub, "198.51.100.1", claim("10.0.0.11", "198.51.100.1", 0, 60));
	assert_int_equal(rig_count(r, "Registration Reply"), 7);
	rig_free(r);
}

/* A hub that has lost all by a crash: who asks it something is told so, and registers anew
 * long before the next refresh. */
static void a_lost_client_is_told(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_stop_abruptly(s.hub);
	node_start(s.hub);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke1 --> hub: Resolution Request 10.0.0.12 hop 255");
	rig_expect(s.rig, "hub --> spoke1: Purge Request 10.0.0.11/32 {no reply}");
	rig_expect(s.rig, "hub --> spoke1: Resolution Reply 10.0.0.12 code 12");
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	/* one who is known is told nothing */
	node_miss(s.spoke1, "10.0.0.13");
	rig_run(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "Purge"), 0);
	rig_free(s.rig);
}

static void node_stranger(struct node *n, const char *from, const char *inner_source)
{
	node_event(n, &(struct event){ .type = EVENT_STRANGER, .stranger = {
		.from = { .addr = addr_of(from) }, .addr = addr_of(inner_source) } });
}

/* The same by a data packet, such as a hello of the routing protocol. */
static void a_lost_client_is_told_when_it_sends_data(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	node_stop_abruptly(s.hub);
	node_start(s.hub);
	node_stranger(s.hub, "198.51.100.1", "192.168.1.7"); /* whoever that may be */
	node_stranger(s.hub, "198.51.100.1", "10.0.0.1");    /* not we */
	node_stranger(s.hub, "192.0.2.1", "10.0.0.11");
	rig_expect_nothing(s.rig);
	node_stranger(s.hub, "198.51.100.1", "10.0.0.11");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "hub --> spoke1: Purge Request 10.0.0.11/32 {no reply}");
	rig_expect(s.rig, "spoke1 --> hub: Registration Request {unique, nat}");
	rig_expect(s.rig, "hub --> spoke1: Registration Reply {unique, nat} code 0");
	/* known, a late copy of the packet says nothing new; to others than our clients it is nothing */
	node_stranger(s.hub, "198.51.100.1", "10.0.0.11");
	rig_expect_nothing(s.rig);
	node_stranger(s.spoke2, "198.51.100.1", "10.0.0.11");
	rig_run(s.rig, 1);
	rig_expect(s.rig, "spoke2 --> spoke1: Purge Request 10.0.0.11/32 {no reply}");
	rig_expect_nothing(s.rig);
	rig_free(s.rig);
}

/* The control process alone starts again: the data path goes on, and the kernel knows who there was. */
static void restart(struct node *n)
{
	engine_free(n->engine);
	n->engine = engine_new(&n->config, &n->options, n->rig->now);
	for (size_t i = 0; i < n->peer_count; i++)
		node_event(n, &(struct event){ .type = EVENT_PEER_KNOWN, .peer_known = {
			.peer = n->peers[i].id, .nbma = n->peers[i].nbma } });
	for (size_t i = 0; i < n->neighbour_count; i++)
		node_event(n, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
			.addr = n->neighbours[i].addr, .peer = n->neighbours[i].peer } });
}

static void clients_of_an_earlier_life_are_called_back(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	restart(s.hub);
	rig_run_ms(s.rig, 100);
	rig_expect_nothing(s.rig); /* the tunnel is not up yet */
	node_tunnel(s.hub, true, "192.0.2.1");
	assert_false(node_binding(s.hub, "10.0.0.11", &b));
	rig_run_ms(s.rig, 600);
	rig_expect(s.rig, "hub --> spoke1: Purge Request 10.0.0.11/32 {no reply}");
	rig_expect(s.rig, "hub --> spoke2: Purge Request 10.0.0.12/32 {no reply}");
	assert_true(node_binding(s.hub, "10.0.0.11", &b));
	assert_true(node_binding(s.hub, "10.0.0.12", &b));
	rig_free(s.rig);
}

/* Thousands do not come back in one moment; who came by himself is not called. */
static void they_are_called_one_after_the_other(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	node_start(s.hub);
	for (unsigned i = 20; i < 220; i++) {
		char addr[32], nbma[32];

		snprintf(addr, sizeof addr, "10.0.0.%u", i);
		snprintf(nbma, sizeof nbma, "203.0.113.%u", i);
		node_event(s.hub, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
			.addr = addr_of(addr), .nbma.addr = addr_of(nbma) } });
	}
	node_event(s.hub, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
		.addr = addr_of("10.0.0.11"), .nbma.addr = addr_of("198.51.100.1") } });
	node_event(s.hub, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
		.addr = addr_of("10.9.9.9"), .nbma.addr = addr_of("198.51.100.1") } }); /* none of ours */
	node_start(s.spoke1);
	rig_run_ms(s.rig, 205);
	assert_in_range(rig_count(s.rig, "Purge Request"), 95, 105);
	rig_run(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "Purge Request"), 200);
	assert_int_equal(rig_count(s.rig, "hub --> spoke1: Purge Request"), 0);
	rig_free(s.rig);
}

/* A spoke has no clients: its neighbours are its hub's affair. */
static void a_spoke_calls_nobody(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	restart(s.spoke1);
	node_event(s.spoke1, &(struct event){ .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = {
		.addr = addr_of("10.0.0.12"), .nbma.addr = addr_of("198.51.100.2") } });
	node_tunnel(s.spoke1, true, "198.51.100.1");
	rig_run(s.rig, 2);
	assert_int_equal(rig_count(s.rig, "Purge"), 0);
	rig_free(s.rig);
}

/* Registered, and probed by the hub for a while. */
static struct scene scene_probed(bool filters_probes)
{
	const struct scene s = scene_laid_out();

	s.hub->nhrp->probe_interval_ms = 250;
	s.spoke1->filters_probes = filters_probes;
	scene_start(&s);
	rig_run(s.rig, 6);
	rig_skip(s.rig);
	return s;
}

/* A client of an unprotected tunnel has moved: its former place is asked, and does not answer. */
static void who_has_moved_gets_its_address(void **state)
{
	const struct scene s = scene_probed(false);

	(void)state;
	s.spoke1->dead = true; /* what was there */
	node_receive(s.hub, "198.51.100.9", claim("10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60));
	assert_int_equal(rig_count(s.rig, "hub --> 198.51.100.9"), 0); /* being looked at */
	rig_run_ms(s.rig, 800); /* it need not be said again */
	assert_int_equal(rig_count(s.rig, "hub --> 198.51.100.9: Registration Reply {unique} code 0"), 1);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.9");
	rig_free(s.rig);
}

/* Somebody claims what another has, who is there: 14, and nothing moves for a moment, however often it is said. */
static void who_is_there_keeps_its_address(void **state)
{
	const struct scene s = scene_probed(false);

	(void)state;
	node_receive(s.hub, "198.51.100.9", claim("10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60));
	assert_int_equal(rig_count(s.rig, "hub --> 198.51.100.9"), 0); /* being looked at */
	for (unsigned i = 0; i < 30; i++) {
		node_receive(s.hub, "198.51.100.9", claim("10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60));
		assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
		rig_run_ms(s.rig, 300);
		assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	}
	assert_int_equal(rig_count(s.rig, "hub --> 198.51.100.9: Registration Reply {unique} code 0"), 0);
	assert_true(rig_count(s.rig, "hub --> 198.51.100.9: Registration Reply {unique} code 14") >= 20);
	rig_free(s.rig);
}

/* Who filters probes is believed to be there, as ever. */
static void who_never_answered_keeps_its_address(void **state)
{
	const struct scene s = scene_probed(true);

	(void)state;
	s.spoke1->dead = true;
	for (unsigned i = 0; i < 3; i++) {
		node_receive(s.hub, "198.51.100.9", claim("10.0.0.11", "198.51.100.9", NHRP_FLAG_REG_UNIQUE, 60));
		rig_run(s.rig, 1);
	}
	assert_int_equal(rig_count(s.rig, "hub --> 198.51.100.9: Registration Reply {unique} code 14"), 3);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unique_is_defended),
		cmocka_unit_test(who_has_moved_gets_its_address),
		cmocka_unit_test(who_is_there_keeps_its_address),
		cmocka_unit_test(who_never_answered_keeps_its_address),
		cmocka_unit_test(no_unique_may_move),
		cmocka_unit_test(a_network_is_not_registered),
		cmocka_unit_test(hold_time_zero_is_a_farewell),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(nat_is_seen_and_told),
		cmocka_unit_test(the_hub_fills_an_empty_nat_extension),
		cmocka_unit_test(authentication_mismatch_is_loud),
		cmocka_unit_test(a_lost_client_is_told),
		cmocka_unit_test(a_lost_client_is_told_when_it_sends_data),
		cmocka_unit_test(clients_of_an_earlier_life_are_called_back),
		cmocka_unit_test(they_are_called_one_after_the_other),
		cmocka_unit_test(a_spoke_calls_nobody),
		cmocka_unit_test(wrong_destination_gets_an_error),
		cmocka_unit_test(who_was_a_server),
		cmocka_unit_test(both_addresses_of_a_pair),
		cmocka_unit_test(clients_are_told_once),
		cmocka_unit_test(max_send_is_kept),
	};
	const struct CMUnitTest in_ipv4[] = {
		cmocka_unit_test(foreign_addresses_are_refused),
	};

	return cmocka_run_group_tests(in_ipv4, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
