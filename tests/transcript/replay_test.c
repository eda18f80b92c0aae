/*
 * One side is a Cisco router as it was captured: only its bytes, when they came, and nothing that
 * it does by itself. The other side is our engine, and what it answers is what the other router
 * of the capture answered: byte for byte, except where the test itself changes that one's message
 * before it compares. docs/interop.md says why of each such change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "golden.h"
#include "scene.h"

enum {
	OUR_MTU = 17912,                               /* with a GRE key; a hint that nobody clamps to */
	THE_PACKET = 40, THE_PACKET_OCTETS = 28,       /* in the traffic indication of nhrp-trace.pcap */
};

static const struct golden *the(const char *name)
{
	const struct golden *const g = golden_find(name);

	if (!g)
		fail_msg("no golden message %s", name);
	return g;
}

/* To be changed by the test; one for all. */
static struct nhrp_message *message(const char *name)
{
	static struct nhrp_message m;
	const struct golden *const g = the(name);

	assert_int_equal(nhrp_decode(g->bytes, g->length, &m, NULL), NHRP_DROP_NONE);
	return &m;
}

static struct nhrp_extension *extension(struct nhrp_message *m, unsigned type)
{
	for (size_t i = 0; i < m->extension_count; i++)
		if (m->extensions[i].type == type)
			return &m->extensions[i];
	fail_msg("no extension %u", type);
	return NULL;
}

static struct nhrp_cie *record(struct nhrp_message *m, unsigned type)
{
	struct nhrp_extension *const x = extension(m, type);

	assert_true(x->is_cies && x->cie_count == 1);
	return &x->cies[0];
}

static void receives(struct node *n, const char *from_nbma, const char *name)
{
	node_receive_bytes(n, from_nbma, the(name)->bytes, the(name)->length);
}

static void has_sent(const struct rig *r, const char *name)
{
	const struct golden *const g = the(name);
	const unsigned type = g->bytes[17];

	assert_int_equal(r->sent_length[type], g->length);
	assert_memory_equal(r->sent[type], g->bytes, g->length);
}

static void has_sent_changed(const struct rig *r, const struct nhrp_message *m)
{
	uint8_t bytes[NHRP_MESSAGE_MAX];
	const size_t length = nhrp_encode(m, bytes, sizeof bytes);

	assert_true(length > 0);
	assert_int_equal(r->sent_length[m->type], length);
	assert_memory_equal(r->sent[m->type], bytes, length);
}

static struct node *router(struct rig *r, const char *name, const char *nbma, const char *overlay, const char *secret)
{
	struct node *const n = node_new(r, name, nbma, overlay);

	n->tunnel.has_key = true;
	n->nhrp->holdtime_s = 7200;
	n->nhrp->registration_timeout_s = 2400;
	n->nhrp->authentication = (char *)(uintptr_t)secret;
	return n;
}

static enum nhs_status status_of(const struct node *n, size_t index)
{
	struct nhs_view v;

	assert_true(node_nhs(n, index, &v));
	return v.status;
}

static uint8_t code_of(const struct rig *r)
{
	static struct nhrp_message m;

	assert_int_equal(nhrp_decode(r->sent[NHRP_REGISTRATION_REPLY], r->sent_length[NHRP_REGISTRATION_REPLY], &m, NULL),
			 NHRP_DROP_NONE);
	return m.cies[0].code;
}

/* ---- registration: NHRP_registration.pcap */

static struct node *hub_of_registration(struct rig *r, const char *secret)
{
	struct node *const hub = router(r, "hub", "169.254.100.5", "155.1.0.5/24", secret);

	node_start(hub);
	return hub;
}

static struct node *spoke_of_registration(struct rig *r, const char *secret)
{
	struct node *const spoke = router(r, "spoke", "169.254.100.1", "155.1.0.1/24", secret);

	node_add_nhs(spoke, "155.1.0.5", "169.254.100.5");
	node_start(spoke);
	return spoke;
}

static void a_client_registers(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_of_registration(r, "NHRPAUTH");
	struct binding_view b;

	(void)state;
	receives(hub, "169.254.100.1", "registration_request");
	has_sent(r, "registration_reply");
	rig_run(r, 1);
	receives(hub, "169.254.100.1", "registration_request_again");
	has_sent(r, "registration_reply_again");
	b = binding_at(hub, "155.1.0.1");
	assert_true(b.unique && b.nat && b.kind == BINDING_REGISTERED);
	assert_int_equal(b.mtu_bytes, 17912);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.1"), "169.254.100.1");
	assert_true(node_has_multicast(hub, "169.254.100.1"));
	rig_run(r, 7199);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.1"), "169.254.100.1");
	rig_run(r, 2);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.1"), "-");
	rig_free(r);
}

/* The next registration comes after the registration timeout; in the capture, of a router that
 * has just started, after a second. */
static void we_register(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = spoke_of_registration(r, "NHRPAUTH");

	(void)state;
	has_sent(r, "registration_request");
	receives(spoke, "169.254.100.5", "registration_reply_again"); /* the answer to another question */
	assert_int_not_equal(status_of(spoke, 0), NHS_VIEW_UP);
	assert_int_equal(node_counter(spoke, ENGINE_COUNT_DROP_UNMATCHED), 1);
	receives(spoke, "169.254.100.5", "registration_reply");
	assert_int_equal(status_of(spoke, 0), NHS_VIEW_UP);
	assert_string_equal(node_neighbour_nbma(spoke, "155.1.0.5"), "169.254.100.5");
	rig_run(r, 2399);
	assert_int_equal(rig_count(r, "Registration Request"), 1);
	rig_run(r, 2);
	has_sent(r, "registration_request_again");
	receives(spoke, "169.254.100.5", "registration_reply_again");
	assert_int_equal(status_of(spoke, 0), NHS_VIEW_UP);
	rig_free(r);
}

/* Unique with a prefix of 32 bits; who comes from elsewhere with the same address is told 14. */
static void unique_is_kept(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_of_registration(r, "NHRPAUTH");
	struct nhrp_message *m;

	(void)state;
	receives(hub, "169.254.100.1", "registration_request");
	m = message("registration_request");
	m->src_nbma = addr_of("169.254.100.9");
	node_receive(hub, "169.254.100.9", m);
	m = message("registration_reply");
	m->src_nbma = addr_of("169.254.100.9");
	m->cies[0].code = NHRP_CODE_ALREADY_REGISTERED;
	m->cies[0].holding_s = 0;
	has_sent_changed(r, m);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.1"), "169.254.100.1");
	receives(hub, "169.254.100.1", "registration_request_again"); /* his own may be said again */
	has_sent(r, "registration_reply_again");
	rig_free(r);
}

/* A NAT between: the second entry of the NAT extension says what the client looks like from outside,
 * and he says it in his questions. */
static void a_nat_is_told(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_of_registration(r, "NHRPAUTH");
	struct node *spoke;
	struct nhrp_extension *x;
	struct nhrp_message *m;
	struct binding_view b;

	(void)state;
	receives(hub, "203.0.113.7", "registration_request");
	m = message("registration_reply");
	x = extension(m, NHRP_EXT_NAT);
	x->cies[1] = x->cies[0];
	x->cies[1].nbma = addr_of("203.0.113.7");
	x->cies[1].proto = addr_of("155.1.0.1");
	x->cie_count = 2;
	has_sent_changed(r, m);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.1"), "203.0.113.7");
	b = binding_at(hub, "155.1.0.1");
	assert_true(ipaddr_eq(&b.claimed_nbma, &m->src_nbma));
	node_stop_abruptly(hub);
	spoke = spoke_of_registration(r, "NHRPAUTH");
	node_receive(spoke, "169.254.100.5", m);
	assert_int_equal(status_of(spoke, 0), NHS_VIEW_UP);
	node_miss(spoke, "155.1.0.2");
	assert_int_equal(nhrp_decode(r->sent[NHRP_RESOLUTION_REQUEST], r->sent_length[NHRP_RESOLUTION_REQUEST], m, NULL),
			 NHRP_DROP_NONE);
	assert_true(ipaddr_eq(&record(m, NHRP_EXT_NAT)->nbma, &b.nbma.addr));
	rig_free(r);
}

/* ---- authentication */

static void refuses(struct rig *r, struct node *hub, const char *name, const char *trace)
{
	static struct nhrp_message m;
	const struct golden *const g = the(name);

	receives(hub, "169.254.100.1", name);
	assert_int_equal(r->sent_length[NHRP_REGISTRATION_REPLY] + r->sent_length[NHRP_RESOLUTION_REPLY], 0);
	assert_int_equal(nhrp_decode(r->sent[NHRP_ERROR_INDICATION], r->sent_length[NHRP_ERROR_INDICATION], &m, NULL),
			 NHRP_DROP_NONE);
	assert_int_equal(m.code, NHRP_ERROR_AUTH_FAILURE);
	assert_int_equal(m.payload_len, g->length);
	assert_memory_equal(m.payload, g->bytes, g->length);
	assert_non_null(strstr(hub->last_trace, trace));
	assert_null(strstr(hub->last_trace, "NHRPAUTH"));
	assert_false(node_has_peer(hub, "169.254.100.1"));
}

/* IOS says nothing to who has another secret than it; the RFC wants an error, and that is what we send. */
static void another_secret(void **state)
{
	struct rig *r = rig_new();
	struct node *n = hub_of_registration(r, "NHRPAUT");

	(void)state;
	refuses(r, n, "registration_request", "differs from ours");
	rig_free(r);
	r = rig_new();
	n = hub_of_registration(r, "NHRPAUTH");
	refuses(r, n, "resolution_request_xe", "sends no authentication");
	rig_free(r);
	r = rig_new();
	n = spoke_of_registration(r, "NHRPAUTh");
	receives(n, "169.254.100.5", "registration_reply");
	assert_int_not_equal(status_of(n, 0), NHS_VIEW_UP);
	rig_free(r);
}

/* Who asks for no secret takes everybody, and returns none. */
static void no_secret_of_our_own(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = hub_of_registration(r, NULL);
	struct nhrp_message *m;
	struct nhrp_extension *x;

	(void)state;
	receives(hub, "169.254.100.1", "registration_request");
	m = message("registration_reply");
	x = extension(m, NHRP_EXT_AUTHENTICATION);
	memmove(x, x + 1, (size_t)(m->extensions + m->extension_count - x - 1) * sizeof *x);
	m->extension_count--;
	has_sent_changed(r, m);
	rig_free(r);
}

/* ---- not unique, and an answerer with a chosen address: NHRP-responder-address.pcap */

static void a_movable_client(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = router(r, "hub", "6.6.6.6", "155.1.0.6/24", "NHRPAUTH");
	struct nhrp_message *m;

	(void)state;
	node_start(hub);
	receives(hub, "155.1.79.2", "movable_request");
	m = message("movable_reply");
	record(m, NHRP_EXT_RESPONDER)->proto = addr_of("155.1.0.6"); /* theirs: `ip nhrp responder` */
	has_sent_changed(r, m);
	m = message("movable_request");
	m->src_nbma = addr_of("155.1.79.3");
	node_receive(hub, "155.1.79.3", m);
	assert_int_equal(code_of(r), NHRP_CODE_SUCCESS);
	assert_string_equal(node_neighbour_nbma(hub, "155.1.0.9"), "155.1.79.3");
	rig_free(r);
}

static void we_are_movable(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = router(r, "spoke", "155.1.79.2", "155.1.0.9/24", "NHRPAUTH");

	(void)state;
	spoke->nhrp->no_unique = true;
	spoke->options.request_id_first = 300;
	node_add_nhs(spoke, "155.1.0.6", "6.6.6.6");
	node_start(spoke);
	has_sent(r, "movable_request");
	receives(spoke, "6.6.6.6", "movable_reply");
	assert_int_equal(status_of(spoke, 0), NHS_VIEW_UP);
	rig_free(r);
}

/* ---- an old IOS: ios_nhrp.pcap. Its answer is not captured; ours follows the pattern of the others. */

static void an_old_client(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = router(r, "hub", "10.0.12.1", "192.168.0.1/24", "CISCO");
	struct nhrp_message *m;
	struct nhrp_extension *x;

	(void)state;
	hub->tunnel.has_key = false;
	node_start(hub);
	receives(hub, "10.0.12.2", "registration_request_old");
	m = message("registration_request_old"); /* unique, prefix length 255, no NAT extension: all returned */
	m->type = NHRP_REGISTRATION_REPLY;
	x = extension(m, NHRP_EXT_RESPONDER);
	x->cie_count = 1;
	x->cies[0] = (struct nhrp_cie){ .prefix_len = 32, .mtu_bytes = 17916, .holding_s = 7200,
					.nbma = addr_of("10.0.12.1"), .proto = addr_of("192.168.0.1") };
	has_sent_changed(r, m);
	rig_run(r, 29);
	assert_string_equal(node_neighbour_nbma(hub, "192.168.0.2"), "10.0.12.2");
	rig_run(r, 2); /* its hold time is 30 s */
	assert_string_equal(node_neighbour_nbma(hub, "192.168.0.2"), "-");
	rig_free(r);
}

/* ---- registrations that are sent again: nhrp.pcapng, from packet 5 on; no GRE key */

static const struct repeat { unsigned ms; bool answered; } repeats[] = {
	{ 0, true }, { 1582, true }, { 5249, true }, { 12933, false }, { 24969, false }, { 50496, false },
	{ 98537, false }, { 148743, false }, { 212137, true }, { 266708, true }, { 328182, true }, { 388570, true },
};

enum { REPEATS = sizeof repeats / sizeof repeats[0] };

/* Each one is answered alike. The capture's hub restarts within the silence, as its IP ids tell. */
static void repeats_are_answered(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = router(r, "hub", "100.1.0.15", "10.64.0.1/24", "OTUS");

	(void)state;
	hub->tunnel.has_key = false;
	node_start(hub);
	for (size_t i = 0; i < REPEATS; i++) {
		if (i)
			rig_run_ms(r, repeats[i].ms - repeats[i - 1].ms);
		if (!repeats[i].answered)
			continue;
		if (i && !repeats[i - 1].answered)
			node_start(hub);
		r->sent_length[NHRP_REGISTRATION_REPLY] = 0;
		receives(hub, "100.1.2.27", "keyless_request_1");
		has_sent(r, "keyless_reply_1");
		assert_string_equal(node_neighbour_nbma(hub, "10.64.0.3"), "100.1.2.27");
	}
	assert_int_equal(node_counter(hub, ENGINE_COUNT_REGISTRATION_REPLY_SENT), 4);
	rig_free(r);
}

static struct node *keyless_spoke(struct rig *r)
{
	struct node *const spoke = router(r, "spoke", "100.1.2.27", "10.64.0.3/24", "OTUS");

	spoke->tunnel.has_key = false;
	node_add_nhs(spoke, "10.64.0.1", "100.1.0.15");
	return spoke;
}

/* We ask with the same bytes, the k-th time never later than the capture's spoke did. */
static void we_repeat_no_later(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = keyless_spoke(r);
	const struct instant begin = r->now;
	size_t sent = 0;

	(void)state;
	node_start(spoke);
	for (;;) {
		const size_t more = rig_count(r, "Registration Request");

		rig_skip(r);
		for (size_t i = 0; i < more && sent < REPEATS; i++, sent++)
			assert_true(instant_since(r->now, begin).us <= (int64_t)repeats[sent].ms * 1000);
		if (sent == REPEATS)
			break;
		has_sent(r, "keyless_request_1");
		rig_run_ms(r, 10);
	}
	rig_free(r);
}

/* Two tunnels from one address without keys, one hub in each. The capture's spoke does not take the
 * answers of the first hub and asks on for minutes. We take both, each by its request id. */
static void two_hubs_without_keys(void **state)
{
	struct rig *const r = rig_new();
	struct node *const spoke = router(r, "spoke", "100.1.2.27", "10.65.0.3/24", "OTUS");

	(void)state;
	spoke->tunnel.has_key = false;
	node_add_nhs(spoke, "10.65.0.1", "100.1.0.14");
	node_second_tunnel(spoke, "10.64.0.3/24", "10.64.0.1", "100.1.0.15");
	spoke->nhrp1->holdtime_s = 7200;
	spoke->nhrp1->registration_timeout_s = 2400;
	spoke->nhrp1->authentication = spoke->nhrp->authentication;
	node_start(spoke); /* the second tunnel first */
	has_sent(r, "keyless_request_2");
	receives(spoke, "100.1.0.14", "keyless_reply_2");
	rig_run(r, 1);
	has_sent(r, "keyless_request_1");
	receives(spoke, "100.1.0.15", "keyless_reply_1");
	assert_int_equal(status_of(spoke, 0), NHS_VIEW_UP);
	assert_int_equal(status_of(spoke, 1), NHS_VIEW_UP);
	rig_skip(r);
	rig_run(r, 2390);
	assert_int_equal(rig_count(r, "Registration Request"), 0);
	rig_free(r);
}

/* ---- a shortcut, 12.4T: nhrp-trace.pcap. Its MTU hint is 1514, ours that of newer images. */

static struct rig *phase3(struct node **hub, struct node **asker, struct node **target)
{
	struct rig *const r = rig_new();

	*hub = router(r, "hub", "192.168.200.1", "10.255.255.1/24", "secret");
	*target = router(r, "target", "192.168.200.2", "10.255.255.2/24", "secret");
	*asker = router(r, "asker", "192.168.200.3", "10.255.255.3/24", "secret");
	(*hub)->nhrp->redirect = true;
	node_add_nhs(*target, "10.255.255.1", "192.168.200.1");
	node_add_nhs(*asker, "10.255.255.1", "192.168.200.1");
	(*asker)->options.request_id_first = 4; /* the registration's, so that the question has 5 */
	node_start(*hub);
	node_start(*target);
	node_start(*asker);
	rig_run(r, 1);
	rig_skip(r);
	return r;
}

/* From here on all but one of ours are silent: it hears captured bytes alone. */
static void alone(struct node *a, struct node *b)
{
	node_stop_abruptly(a);
	node_stop_abruptly(b);
}

/* Of a packet of which we know no more than they have sent, the same indication. */
static void the_hub_indicates(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = phase3(&hub, &asker, &target);
	const struct event ev = { .type = EVENT_HAIRPIN, .hairpin = {
		.bytes = the("traffic_indication")->bytes + THE_PACKET, .length = THE_PACKET_OCTETS } };

	(void)state;
	alone(asker, target);
	node_event(hub, &ev);
	rig_expect(r, "hub --> asker: Traffic Indication 10.255.255.3");
	has_sent(r, "traffic_indication");
	rig_free(r);
}

/* Of more of it we send more: 28 octets are enough for Cisco, the draft wants 64. */
static void the_hub_indicates_more(void **state)
{
	static struct nhrp_message ours;
	struct node *hub, *asker, *target;
	struct rig *const r = phase3(&hub, &asker, &target);

	(void)state;
	alone(asker, target);
	node_hairpin(hub, "10.255.255.3", "10.255.255.2", PEER_NONE);
	assert_int_equal(nhrp_decode(r->sent[NHRP_TRAFFIC_INDICATION], r->sent_length[NHRP_TRAFFIC_INDICATION], &ours, NULL),
			 NHRP_DROP_NONE);
	assert_int_equal(ours.payload_len, 100);
	rig_free(r);
}

static void the_asker_asks_and_learns(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = phase3(&hub, &asker, &target);
	struct nhrp_message *m;

	(void)state;
	alone(hub, target);
	receives(asker, "192.168.200.1", "traffic_indication");
	rig_expect(r, "asker --> hub: Resolution Request 10.255.255.2 hop 255");
	m = message("resolution_request");
	m->cies[0].mtu_bytes = OUR_MTU;
	has_sent_changed(r, m);
	receives(asker, "192.168.200.2", "resolution_reply");
	assert_string_equal(node_neighbour_nbma(asker, "10.255.255.2"), "192.168.200.2");
	assert_int_equal(binding_at(asker, "10.255.255.2").kind, BINDING_CACHED);
	assert_true(instant_since(binding_at(asker, "10.255.255.2").expires, r->now).us == span_s(7200).us);
	rig_free(r);
}

static void the_hub_passes_it_on(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = phase3(&hub, &asker, &target);
	struct nhrp_message *m;

	(void)state;
	alone(asker, target);
	receives(hub, "192.168.200.3", "resolution_request");
	rig_expect(r, "hub --> target: Resolution Request 10.255.255.2 hop 254");
	m = message("resolution_request_forwarded");
	record(m, NHRP_EXT_FORWARD_TRANSIT)->mtu_bytes = OUR_MTU;
	has_sent_changed(r, m);
	rig_free(r);
}

static void the_target_answers(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = phase3(&hub, &asker, &target);
	struct nhrp_message *m;

	(void)state;
	alone(hub, asker);
	receives(target, "192.168.200.1", "resolution_request_forwarded");
	rig_expect(r, "target --> asker: Resolution Reply 10.255.255.2/32 via 10.255.255.2 at 192.168.200.2");
	m = message("resolution_reply");
	m->cies[0].mtu_bytes = record(m, NHRP_EXT_RESPONDER)->mtu_bytes = OUR_MTU;
	has_sent_changed(r, m);
	assert_string_equal(node_neighbour_nbma(target, "10.255.255.3"), "192.168.200.3"); /* the way back */
	rig_free(r);
}

/* What an nhrpd hub sent, and a Cisco spoke heeded: hop count 1, 84 octets of the packet, of all extensions
 * only the secret. */
static void a_long_indication(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = router(r, "hub", "192.168.100.100", "10.0.0.1/24", "test123");
	struct node *const spoke = router(r, "spoke", "192.168.100.2", "10.0.0.2/24", "test123");

	(void)state;
	node_add_nhs(spoke, "10.0.0.1", "192.168.100.100");
	node_start(hub);
	node_start(spoke);
	rig_run(r, 1);
	node_stop_abruptly(hub);
	node_route(spoke, "10.0.101.0/24", "", false);
	node_route(spoke, "10.0.0.0/16", "10.0.0.1", true);
	rig_skip(r);
	receives(spoke, "192.168.100.100", "traffic_indication_long");
	rig_expect(r, "spoke --> hub: Resolution Request 10.0.103.2 hop 255");
	rig_free(r);
}

/* ---- IOS-XE: preference 255, MTU hint 9972, prefix length 32 in everything */

static struct rig *xe(struct node **hub, struct node **asker, struct node **target)
{
	struct rig *const r = rig_new();

	*hub = router(r, "hub", "192.168.1.254", "100.64.2.100/24", NULL);
	*target = router(r, "target", "192.168.1.2", "100.64.2.2/24", NULL);
	*asker = router(r, "asker", "192.168.1.1", "100.64.2.1/24", NULL);
	node_add_nhs(*target, "100.64.2.100", "192.168.1.254");
	node_add_nhs(*asker, "100.64.2.100", "192.168.1.254");
	node_start(*hub);
	node_start(*target);
	node_start(*asker);
	rig_run(r, 1);
	rig_skip(r);
	return r;
}

static void as_we_write(struct nhrp_cie *c, uint8_t prefix_len)
{
	c->mtu_bytes = OUR_MTU;
	c->preference = 0;
	c->prefix_len = prefix_len;
}

static void the_asker_and_xe(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = xe(&hub, &asker, &target);
	struct nhrp_message *m;

	(void)state;
	alone(hub, target);
	node_miss(asker, "100.64.2.2");
	m = message("resolution_request_xe");
	as_we_write(&m->cies[0], 0);
	has_sent_changed(r, m);
	receives(asker, "192.168.1.2", "resolution_reply_xe");
	assert_string_equal(node_neighbour_nbma(asker, "100.64.2.2"), "192.168.1.2");
	assert_int_equal(binding_at(asker, "100.64.2.2").preference, 255);
	rig_free(r);
}

static void the_hub_and_xe(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = xe(&hub, &asker, &target);
	static struct nhrp_message m;

	(void)state;
	alone(asker, target);
	m = *message("resolution_request_xe");
	m.hop_count--;
	*extension(&m, NHRP_EXT_FORWARD_TRANSIT) = *extension(message("resolution_reply_xe"), NHRP_EXT_FORWARD_TRANSIT);
	as_we_write(record(&m, NHRP_EXT_FORWARD_TRANSIT), 0);
	receives(hub, "192.168.1.1", "resolution_request_xe");
	rig_expect(r, "hub --> target: Resolution Request 100.64.2.2 hop 254");
	has_sent_changed(r, &m);
	rig_free(r);
}

/* The question as it came from their hub is not captured; the record of it in the answer is. */
static void the_target_and_xe(void **state)
{
	struct node *hub, *asker, *target;
	struct rig *const r = xe(&hub, &asker, &target);
	static struct nhrp_message asked;
	struct nhrp_message *m;

	(void)state;
	alone(hub, asker);
	asked = *message("resolution_request_xe");
	m = message("resolution_reply_xe");
	asked.hop_count--;
	*extension(&asked, NHRP_EXT_FORWARD_TRANSIT) = *extension(m, NHRP_EXT_FORWARD_TRANSIT);
	node_receive(target, "192.168.1.254", &asked);
	rig_expect(r, "target --> asker: Resolution Reply 100.64.2.2/32 via 100.64.2.2 at 192.168.1.2");
	as_we_write(&m->cies[0], 32);
	as_we_write(record(m, NHRP_EXT_RESPONDER), 0);
	has_sent_changed(r, m);
	assert_string_equal(node_neighbour_nbma(target, "100.64.2.1"), "192.168.1.1");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_registers),
		cmocka_unit_test(we_register),
		cmocka_unit_test(unique_is_kept),
		cmocka_unit_test(a_nat_is_told),
		cmocka_unit_test(another_secret),
		cmocka_unit_test(no_secret_of_our_own),
		cmocka_unit_test(a_movable_client),
		cmocka_unit_test(we_are_movable),
		cmocka_unit_test(an_old_client),
		cmocka_unit_test(repeats_are_answered),
		cmocka_unit_test(we_repeat_no_later),
		cmocka_unit_test(two_hubs_without_keys),
		cmocka_unit_test(the_hub_indicates),
		cmocka_unit_test(the_hub_indicates_more),
		cmocka_unit_test(the_asker_asks_and_learns),
		cmocka_unit_test(the_hub_passes_it_on),
		cmocka_unit_test(the_target_answers),
		cmocka_unit_test(a_long_indication),
		cmocka_unit_test(the_asker_and_xe),
		cmocka_unit_test(the_hub_and_xe),
		cmocka_unit_test(the_target_and_xe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
