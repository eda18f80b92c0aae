/*
 * Who may claim what: on a protected tunnel a registration counts for whom IPsec authenticated,
 * wherever he is, and nobody else can have or take back what is his.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "scene.h"

static struct nhrp_message *message(enum nhrp_type type, const char *addr, const char *nbma, uint16_t flags)
{
	static struct nhrp_message m;

	memset(&m, 0, sizeof m);
	m.type = (uint8_t)type;
	m.hop_count = 255;
	m.nbma_family = IP_V4;
	m.flags = flags;
	m.request_id = 7;
	m.src_nbma = addr_of(nbma);
	m.src_proto = addr_of(addr);
	m.proto_family = (enum ip_family)m.src_proto.family;
	m.dst_proto = addr_of("10.0.0.1");
	m.cie_count = 1;
	m.cies[0] = (struct nhrp_cie){ .prefix_len = 255, .holding_s = 60 };
	return &m;
}

static struct nhrp_message *claim(const char *addr, const char *nbma)
{
	return message(NHRP_REGISTRATION_REQUEST, addr, nbma, NHRP_FLAG_REG_UNIQUE);
}

static struct node *hub_alone(struct rig *r)
{
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	node_start(hub);
	return hub;
}

static void try_claim(struct node *hub, const char *identity, const char *addr, const char *nbma, unsigned code)
{
	char expected[80];

	snprintf(expected, sizeof expected, "hub --> %s: Registration Reply {unique} code %u", nbma, code);
	node_receive_as(hub, nbma, 0, identity, claim(addr, nbma));
	rig_expect(hub->rig, expected);
	rig_expect_nothing(hub->rig);
}

/* spoke a, unique, comes back from another address: welcome at once */
static void the_same_identity_may_move(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	try_claim(hub, "a.example", "10.0.0.11", "198.51.100.1", 0);
	try_claim(hub, "a.example", "10.0.0.11", "203.0.113.7", 0);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "203.0.113.7");
	assert_false(node_has_peer(hub, "198.51.100.1"));
	rig_free(r);
}

/* spoke b, valid, claims the address of spoke a: 14, though a had not asked for uniqueness, and even
 * from a's own NBMA address */
static void another_identity_is_refused_and_named(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	node_receive_as(hub, "198.51.100.1", 0, "a.example",
			message(NHRP_REGISTRATION_REQUEST, "10.0.0.11", "198.51.100.1", 0));
	rig_skip(r);
	try_claim(hub, "b.example", "10.0.0.11", "198.51.100.2", 14);
	assert_non_null(strstr(hub->last_trace, "NHRP_REGISTRATION_REFUSED"));
	assert_non_null(strstr(hub->last_trace, "identity=b.example"));
	assert_non_null(strstr(hub->last_trace, "10.0.0.11"));
	try_claim(hub, "b.example", "10.0.0.11", "198.51.100.1", 14);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	/* his life over, it is anybody's */
	rig_run(r, 61);
	try_claim(hub, "b.example", "10.0.0.11", "198.51.100.2", 0);
	rig_free(r);
}

/* the hub's own address, and that of an NHS of it: never, and said so */
static void hubs_are_not_claimed(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	node_add_nhs(hub, "10.0.0.2", "192.0.2.2");
	node_start(hub);
	rig_run(r, 1);
	rig_skip(r);
	try_claim(hub, "b.example", "10.0.0.1", "198.51.100.2", 4);
	assert_non_null(strstr(hub->last_trace, "identity=b.example"));
	try_claim(hub, "b.example", "10.0.0.2", "198.51.100.2", 4);
	assert_non_null(strstr(hub->last_trace, "identity=b.example"));
	rig_free(r);
}

/* `ip nhrp identity …`: what is given to one is for nobody else, and he may have nothing else */
static void configured_identities(void **state)
{
	static char kind[] = "fqdn", a[] = "a.example";
	static struct config_nhrp_identity line = { .kind = kind, .name = a };
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	line.overlay = prefix_of("10.0.0.11");
	hub->nhrp->identities = &line;
	hub->nhrp->identity_count = 1;
	node_start(hub);
	try_claim(hub, "b.example", "10.0.0.11", "198.51.100.2", 4);
	try_claim(hub, "a.example", "10.0.0.12", "198.51.100.1", 4);
	try_claim(hub, "a.example", "10.0.0.11", "198.51.100.1", 0);
	try_claim(hub, "b.example", "10.0.0.12", "198.51.100.2", 0);
	rig_free(r);
}

/* Of several lines each counts, wherever it stands. */
static void every_line_counts(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	static char kind[] = "fqdn", a[] = "a.example", b[] = "b.example";
	static struct config_nhrp_identity lines[] = { { .kind = kind, .name = a }, { .kind = kind, .name = b }, { .kind = kind, .name = b } };

	(void)state;
	lines[0].overlay = prefix_of("10.0.0.11/32");
	lines[1].overlay = prefix_of("10.0.0.12/32");
	lines[2].overlay = prefix_of("10.0.0.13/32");
	hub->nhrp->identities = lines;
	hub->nhrp->identity_count = 3;
	node_start(hub);
	try_claim(hub, "a.example", "10.0.0.11", "198.51.100.1", 0);
	try_claim(hub, "a.example", "10.0.0.13", "198.51.100.1", 4);
	try_claim(hub, "b.example", "10.0.0.11", "198.51.100.2", 4);
	try_claim(hub, "b.example", "10.0.0.12", "198.51.100.2", 0);
	try_claim(hub, "b.example", "10.0.0.13", "198.51.100.2", 0);
	try_claim(hub, "b.example", "10.0.0.14", "198.51.100.2", 4);
	assert_non_null(strstr(hub->last_trace, "other addresses"));
	rig_free(r);
}

/* on an unprotected tunnel nobody is that identity */
static void what_is_an_identitys_is_not_for_strangers(void **state)
{
	static char kind[] = "fqdn", a[] = "a.example";
	static struct config_nhrp_identity line = { .kind = kind, .name = a };
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	line.overlay = prefix_of("10.0.0.11");
	hub->nhrp->identities = &line;
	hub->nhrp->identity_count = 1;
	node_start(hub);
	try_claim(hub, NULL, "10.0.0.11", "198.51.100.2", 4);
	try_claim(hub, NULL, "10.0.0.12", "198.51.100.2", 0);
	rig_free(r);
}

static void try_certified(struct node *hub, const char *identity, const char *certified, const char *addr, unsigned code)
{
	char expected[80];

	snprintf(expected, sizeof expected, "hub --> 198.51.100.1: Registration Reply {unique} code %u", code);
	node_receive_certified(hub, "198.51.100.1", identity, certified, claim(addr, "198.51.100.1"));
	rig_expect(hub->rig, expected);
	rig_expect_nothing(hub->rig);
}

/* `ip nhrp identity certificate`: an address is for whose certificate names it, or a line of the configuration */
static void a_certificate_gives_its_addresses(void **state)
{
	static char kind[] = "fqdn", old[] = "old.example";
	static struct config_nhrp_identity line = { .kind = kind, .name = old };
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");

	(void)state;
	line.overlay = prefix_of("10.0.0.19");
	hub->nhrp->identities = &line;
	hub->nhrp->identity_count = 1;
	hub->nhrp->identity_certificate = true;
	node_start(hub);
	try_certified(hub, "a.example", "10.0.0.12", "10.0.0.11", 4);
	assert_non_null(strstr(hub->last_trace, "identity=a.example"));
	assert_non_null(strstr(hub->last_trace, "why=\"its certificate names other addresses\""));
	try_certified(hub, "a.example", NULL, "10.0.0.11", 4);
	assert_non_null(strstr(hub->last_trace, "why=\"no certificate of it names an address\""));
	try_certified(hub, NULL, NULL, "10.0.0.11", 4);
	try_certified(hub, "a.example", "10.0.0.11", "10.0.0.11", 0);
	try_certified(hub, "a.example", "10.0.0.19", "10.0.0.19", 4); /* the configuration has the last word */
	try_certified(hub, "old.example", NULL, "10.0.0.19", 0);
	try_certified(hub, "b.example", "10.0.0.11", "10.0.0.11", 14); /* named twice: who is there stays */
	rig_free(r);
}

/* nor is it got by asking for something else */
static void a_direct_asker_needs_his_certificate(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = node_new(r, "spoke", "192.0.2.9", "10.0.0.9/24");
	struct nhrp_message *const m = message(NHRP_RESOLUTION_REQUEST, "10.0.0.12", "198.51.100.1",
					       NHRP_FLAG_RES_SOURCE_STABLE);

	(void)state;
	spoke->nhrp->identity_certificate = true;
	node_start(spoke);
	m->dst_proto = addr_of("10.0.0.9");
	m->cies[0].prefix_len = 0;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	node_receive_certified(spoke, "198.51.100.1", "m.example", "10.0.0.66", m);
	assert_string_equal(node_neighbour_nbma(spoke, "10.0.0.12"), "-");
	node_receive_certified(spoke, "198.51.100.1", "b.example", "10.0.0.12", m);
	assert_string_equal(node_neighbour_nbma(spoke, "10.0.0.12"), "198.51.100.1");
	rig_free(r);
}

/* what claims to have been passed on by another is nobody's claim */
static void a_relayed_registration_is_no_claim(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);
	struct nhrp_message *const m = claim("10.0.0.11", "198.51.100.1");

	(void)state;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT)->cie_count = 1;
	m->extensions[0].cies[0] = (struct nhrp_cie){ .nbma = addr_of("198.51.100.2"), .proto = addr_of("10.0.0.12") };
	node_receive_as(hub, "198.51.100.2", 0, "b.example", m);
	rig_expect(r, "hub --> 198.51.100.2: Registration Reply {unique} code 4");
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "-");
	rig_free(r);
}

static struct nhrp_message *purge(const char *addr, const char *sender, const char *nbma)
{
	struct nhrp_message *const m = message(NHRP_PURGE_REQUEST, sender, nbma, NHRP_FLAG_PURGE_NO_REPLY);

	m->cies[0].prefix_len = 32;
	m->cies[0].proto = addr_of(addr);
	return m;
}

/* only whose it is takes it back, wherever he is by then */
static void a_purge_counts_from_its_identity(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	try_claim(hub, "a.example", "10.0.0.11", "198.51.100.1", 0);
	node_receive_as(hub, "198.51.100.1", 0, "b.example", purge("10.0.0.11", "10.0.0.12", "198.51.100.1"));
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	assert_int_equal(node_counter(hub, ENGINE_COUNT_DROP_NOT_ALLOWED), 1);
	node_receive_as(hub, "203.0.113.7", 0, "a.example", purge("10.0.0.11", "10.0.0.11", "203.0.113.7"));
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "-");
	rig_free(r);
}

/* an NHS takes back what it told, and nothing that somebody registered */
static void a_purge_of_an_nhs_counts_for_what_is_learnt(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct nhrp_message *const asked = message(NHRP_RESOLUTION_REQUEST, "10.0.0.12", "198.51.100.2", NHRP_FLAG_RES_SOURCE_STABLE);

	(void)state;
	node_add_nhs(hub, "10.0.0.2", "192.0.2.2");
	node_start(hub);
	asked->dst_proto = addr_of("10.0.0.1");
	asked->cies[0].prefix_len = 0;
	node_receive_as(hub, "198.51.100.2", 0, "b.example", asked);
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.12"), "198.51.100.2");
	node_receive_as(hub, "198.51.100.1", 0, "a.example", claim("10.0.0.11", "198.51.100.1"));
	node_receive_as(hub, "192.0.2.2", 0, "hub2.example", purge("10.0.0.11", "10.0.0.2", "192.0.2.2"));
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.11"), "198.51.100.1");
	node_receive_as(hub, "192.0.2.2", 0, "hub2.example", purge("10.0.0.12", "10.0.0.2", "192.0.2.2"));
	assert_string_equal(node_neighbour_nbma(hub, "10.0.0.12"), "-");
	rig_free(r);
}

/* two clients behind one address are two peers, and each is answered at its own */
static void two_behind_one_nat(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_alone(r);

	(void)state;
	node_receive_as(hub, "198.51.100.1", 0, "a.example", claim("10.0.0.11", "172.16.1.1"));
	node_receive_as(hub, "198.51.100.1", 1, "b.example", claim("10.0.0.12", "172.16.1.2"));
	assert_int_equal(rig_count(r, "Registration Reply"), 2);
	assert_int_equal(node_neighbour_site(hub, "10.0.0.11"), 0);
	assert_int_equal(node_neighbour_site(hub, "10.0.0.12"), 1);
	assert_int_equal(hub->peer_count, 2);
	/* they change places (the hub's process was restarted): each keeps what is his */
	node_receive_as(hub, "198.51.100.1", 1, "a.example", claim("10.0.0.11", "172.16.1.1"));
	node_receive_as(hub, "198.51.100.1", 0, "b.example", claim("10.0.0.12", "172.16.1.2"));
	assert_int_equal(node_neighbour_site(hub, "10.0.0.11"), 1);
	assert_int_equal(node_neighbour_site(hub, "10.0.0.12"), 0);
	rig_free(r);
}

/* a spoke behind a NAT asks directly: it is learnt with its site */
static void a_direct_asker_keeps_its_site(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = node_new(r, "spoke", "192.0.2.9", "10.0.0.9/24");
	struct nhrp_message *const m = message(NHRP_RESOLUTION_REQUEST, "10.0.0.12", "198.51.100.1",
					       NHRP_FLAG_RES_SOURCE_STABLE);

	(void)state;
	node_start(spoke);
	m->dst_proto = addr_of("10.0.0.9");
	m->cies[0].prefix_len = 0;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	node_receive_as(spoke, "198.51.100.1", 1, "b.example", m);
	assert_int_equal(node_neighbour_site(spoke, "10.0.0.12"), 1);
	/* another identity does not get it by asking */
	m->src_nbma = addr_of("198.51.100.5");
	node_receive_as(spoke, "198.51.100.5", 0, "m.example", m);
	assert_string_equal(node_neighbour_nbma(spoke, "10.0.0.12"), "198.51.100.1");
	rig_free(r);
}

/* the session to an NHS comes up: it is asked at once, not after the ladder's step */
static void reachable_asks_again(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "10.0.0.11/24");
	const struct event ev = { .type = EVENT_REACHABLE, .reachable = { .nbma = { addr_of("192.0.2.1"), 0, 0 } } };

	(void)state;
	node_add_nhs(spoke, "10.0.0.1", "192.0.2.1");
	node_start(spoke);
	rig_run(r, 20);
	rig_skip(r);
	while (rig_count(r, "Registration Request") == 0)
		rig_run_ms(r, 1);
	rig_run_ms(r, 1500); /* the next try is 3 to 4 s after the last */
	rig_skip(r);
	node_event(spoke, &ev);
	assert_int_equal(rig_count(r, "Registration Request"), 1);
	rig_run_ms(r, 100);
	rig_skip(r);
	node_event(spoke, &ev); /* what was sent a moment ago may have gone by keys that it has forgotten */
	assert_int_equal(rig_count(r, "Registration Request"), 1);
	rig_free(r);
}

/* an NHS that is up begins a session anew: it may know us no more */
static void reachable_registers_again(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/24");
	struct node *const spoke = node_new(r, "spoke", "198.51.100.1", "10.0.0.11/24");
	const struct event ev = { .type = EVENT_REACHABLE, .reachable = { .nbma = { addr_of("192.0.2.1"), 0, 0 } } };

	(void)state;
	node_add_nhs(spoke, "10.0.0.1", "192.0.2.1");
	node_start(hub);
	node_start(spoke);
	rig_run(r, 5);
	rig_skip(r);
	node_event(spoke, &ev);
	assert_int_equal(rig_count(r, "Registration Request"), 1);
	assert_int_equal(spoke->silences, 0);
	hub->dead = true;
	node_event(spoke, &ev);
	rig_run_ms(r, 1100);
	assert_int_equal(spoke->silences, 0);
	rig_run_ms(r, 2000);
	assert_int_equal(spoke->silences, 1); /* the second miss: look whether the way is still there */
	rig_free(r);
}

static void reachable_resolves_again(void **state)
{
	const struct scene s = scene_up();
	struct event ev = { .type = EVENT_REACHABLE, .reachable = { .nbma = { addr_of("192.0.2.1"), 0, 0 } } };

	(void)state;
	node_stop_abruptly(s.hub);
	node_miss(s.spoke1, "10.0.0.12");
	rig_run_ms(s.rig, 4000); /* asked at 0, 1 and 3 s; the next would be at 7 s */
	rig_skip(s.rig);
	node_event(s.spoke1, &ev);
	assert_int_equal(rig_count(s.rig, "Resolution Request"), 1);
	node_event(s.spoke1, &ev); /* not more than once */
	assert_int_equal(rig_count(s.rig, "Resolution Request"), 1);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_identity_may_move),
		cmocka_unit_test(hubs_are_not_claimed),
		cmocka_unit_test(configured_identities),
		cmocka_unit_test(every_line_counts),
		cmocka_unit_test(what_is_an_identitys_is_not_for_strangers),
		cmocka_unit_test(a_certificate_gives_its_addresses),
		cmocka_unit_test(a_direct_asker_needs_his_certificate),
		cmocka_unit_test(a_relayed_registration_is_no_claim),
		cmocka_unit_test(a_purge_counts_from_its_identity),
		cmocka_unit_test(a_purge_of_an_nhs_counts_for_what_is_learnt),
		cmocka_unit_test(two_behind_one_nat),
		cmocka_unit_test(a_direct_asker_keeps_its_site),
		cmocka_unit_test(reachable_asks_again),
		cmocka_unit_test(reachable_registers_again),
		cmocka_unit_test(reachable_resolves_again),
	};
	const struct CMUnitTest in_ipv4[] = {
		cmocka_unit_test(another_identity_is_refused_and_named),
	};

	return cmocka_run_group_tests(in_ipv4, NULL, NULL) + cmocka_run_group_tests(tests, NULL, NULL) +
	       cmocka_run_group_tests_name("IPv6", tests, rig_over_v6, NULL);
}
