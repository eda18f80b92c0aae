/*
 * What an unprotected network throws at us: spoofed and mangled messages, loops, replays,
 * floods. Each is counted, nothing grows without bound, and nothing that stood falls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/prng.h"
#include "scene.h"
#include "wire/checksum.h"

static void loops_are_cut(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);

	(void)state;
	x->cie_count = 1;
	x->cies[0] = (struct nhrp_cie){ .nbma = addr_of("192.0.2.1"), .proto = addr_of("10.0.0.1") };
	node_receive(s.hub, "198.51.100.1", m);
	rig_expect(s.rig, "hub --> spoke1: Error Indication 3");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_LOOP), 1);
	x->cie_count = 2; /* wherever in the record we are */
	x->cies[1] = x->cies[0];
	x->cies[0] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.9"), .proto = addr_of("10.0.0.99") };
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_LOOP), 2);
	rig_free(s.rig);
}

static void hop_count_ends(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");

	(void)state;
	m->hop_count = 1;
	node_receive(s.hub, "198.51.100.1", m);
	rig_expect(s.rig, "hub --> spoke1: Error Indication 15");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_HOP_COUNT), 1);
	rig_free(s.rig);
}

static void unknown_compulsory_extension(void **state)
{
	const struct scene s = scene_up();
	static struct nhrp_message got;
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	struct nhrp_extension *x;

	(void)state;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	x = nhrp_extension_add(m, 77);
	x->compulsory = true;
	x->is_cies = false;
	x->value = (const uint8_t *)"\1\2\3";
	x->length = 3;
	/* in transit it is passed on untouched, and we do not enter the record */
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &got, NULL), NHRP_DROP_NONE);
	assert_int_equal(nhrp_extension_find(&got, NHRP_EXT_FORWARD_TRANSIT)->cie_count, 0);
	assert_int_equal(nhrp_extension_find(&got, 77)->length, 3);
	/* who would have to answer says that it does not understand */
	rig_run(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "spoke2 --> hub: Error Indication 1"), 1);
	assert_int_equal(rig_count(s.rig, "Resolution Reply"), 0);
	rig_free(s.rig);
}

static void errors_are_not_answered_with_errors(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhrp_message *m;

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "secret" };
	node_start(s.hub);
	m = message_from(NHRP_ERROR_INDICATION, "203.0.113.5", "10.0.0.5", "10.0.0.1");
	m->code = NHRP_ERROR_UNREACHABLE;
	m->payload = (const uint8_t *)"junk";
	m->payload_len = 4;
	for (int i = 0; i < 20; i++)
		node_receive(s.hub, "203.0.113.5", m);
	rig_expect_nothing(s.rig);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_UNMATCHED), 20);
	/* and of our own there are a few a second at most */
	for (int i = 0; i < 100; i++)
		node_receive(s.hub, "203.0.113.5", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.5", "10.0.0.5", "10.0.0.1"));
	assert_int_equal(rig_count(s.rig, "Error Indication 11"), 10);
	rig_free(s.rig);
}

static void replies_that_nobody_asked_for(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "192.168.9.9");

	(void)state;
	m->cies[0].nbma = addr_of("203.0.113.66");
	m->cies[0].proto = addr_of("10.0.0.66");
	node_receive(s.spoke1, "203.0.113.66", m);
	m = message_from(NHRP_REGISTRATION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.1");
	m->cies[0].code = NHRP_CODE_ALREADY_REGISTERED;
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_int_equal(node_counter(s.spoke1, ENGINE_COUNT_DROP_UNMATCHED), 2);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.66"), "-");
	assert_string_equal(node_relay_nbma(s.spoke1, 0), "192.0.2.1");
	rig_free(s.rig);
}

/* The right request id, but an answer that nobody should believe. */
static void answers_that_are_not_believed(void **state)
{
	static const char *const claims[][2] = {
		{ "10.0.0.12", "198.51.100.1" },   /* our own NBMA address */
		{ "10.0.0.11", "203.0.113.66" },   /* our own tunnel address */
		{ "224.0.0.9", "203.0.113.66" },
		{ "172.16.0.1", "203.0.113.66" },  /* not on this tunnel */
	};

	(void)state;
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		const struct scene s = scene_up();
		static struct nhrp_message asked;
		struct nhrp_message *m;

		node_stop_abruptly(s.hub);
		node_miss(s.spoke1, "10.0.0.12");
		assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &asked, NULL), NHRP_DROP_NONE);
		m = message_from(NHRP_RESOLUTION_REPLY, "198.51.100.1", "10.0.0.11", "10.0.0.12");
		m->request_id = asked.request_id;
		m->cies[0].proto = addr_of(claims[i][0]);
		m->cies[0].nbma = addr_of(claims[i][1]);
		nhrp_extension_add(m, NHRP_EXT_REVERSE_TRANSIT)->cie_count = 1;
		m->extensions[0].cies[0] = (struct nhrp_cie){ .nbma = addr_of("192.0.2.1"), .proto = addr_of("10.0.0.1") };
		node_receive(s.spoke1, "192.0.2.1", m);
		assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "192.0.2.1");
		assert_false(node_has_peer(s.spoke1, "203.0.113.66"));
		rig_free(s.rig);
	}
}

/* A spoke must not let itself be told that the hub's address lives elsewhere. */
static void the_nhs_cannot_be_taken_over(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m =
		message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.66", "10.0.0.1", "10.0.0.11");

	(void)state;
	m->flags = 0xc802;
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.1"), "192.0.2.1");
	rig_free(s.rig);
}

/* What an answer told us is not moved by what a stranger says of himself in a question. */
static void a_cached_binding_is_not_stolen(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *m;

	(void)state;
	node_miss(s.spoke1, "10.0.0.12");
	rig_run(s.rig, 1);
	m = message_from(NHRP_RESOLUTION_REQUEST, "203.0.113.66", "10.0.0.12", "10.0.0.11");
	m->flags = 0xc802;
	node_receive(s.spoke1, "203.0.113.66", m);
	assert_string_equal(node_neighbour_nbma(s.spoke1, "10.0.0.12"), "198.51.100.2");
	rig_free(s.rig);
}

static void a_flood_of_claims_is_bounded(void **state)
{
	struct rig *const r = rig_new();
	struct node *const hub = node_new(r, "hub", "192.0.2.1", "10.0.0.1/16");
	char addr[32];
	size_t n = 0;
	struct snapshot_cursor c = { 0 };
	struct binding_view v;

	(void)state;
	hub->options.bindings_max = 100;
	hub->nhrp->max_send_packets = 20;
	node_start(hub);
	for (int i = 0; i < 1000; i++) {
		snprintf(addr, sizeof addr, "10.0.%d.%d", 1 + i / 250, 1 + i % 250);
		node_receive(hub, "203.0.113.66", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.66", addr, "10.0.0.1"));
	}
	while (snapshot_next_binding(hub->engine, &c, &v))
		n++;
	assert_int_equal(n, 100);
	assert_int_equal(node_counter(hub, ENGINE_COUNT_DROP_FULL), 900);
	rig_free(r);
}

static void a_flood_of_indications_is_bounded(void **state)
{
	const struct scene s = scene_up();
	uint8_t packet[28] = { 0x45 };
	struct nhrp_message *const m = message_from(NHRP_TRAFFIC_INDICATION, "203.0.113.66", "10.0.0.66", "192.168.1.10");
	size_t n = 0;
	struct snapshot_cursor c = { 0 };
	struct binding_view v;

	(void)state;
	scene_routes(&s);
	s.rig->log_count = s.rig->log_read = 0;
	m->payload = packet;
	m->payload_len = sizeof packet;
	memcpy(packet + 12, (const uint8_t[]){ 192, 168, 1, 10 }, 4);
	s.spoke1->nhrp->max_send_packets = 10;
	engine_reconfigure(s.spoke1->engine, s.rig->now, &s.spoke1->config);
	for (unsigned i = 0; i < 5000; i++) {
		memcpy(packet + 16, (const uint8_t[]){ 192, 168, (uint8_t)(2 + i / 250), (uint8_t)(1 + i % 250) }, 4);
		node_receive(s.spoke1, "203.0.113.66", m);
	}
	while (snapshot_next_binding(s.spoke1->engine, &c, &v))
		n++;
	assert_in_range(n, 4000, 4100);
	assert_true(rig_count(s.rig, "Resolution Request") <= 10);
	rig_free(s.rig);
}

/* Every message of a busy minute, with bytes changed and checksums put right again. */
static bool mangle(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	static struct prng random;
	static bool seeded;
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct event ev = { .type = EVENT_PACKET };

	if (!seeded)
		prng_init(&random, 42);
	seeded = true;
	r->log_count = r->log_read = 0;
	if (r->flight_count > 100) /* answers to mangled messages are mangled too: cut the avalanche */
		return true;
	for (int i = 0; i < 200; i++) {
		const size_t length = r->sent_length[m->type];
		uint16_t sum;

		memcpy(bytes, r->sent[m->type], length);
		for (uint64_t n = 1 + prng_below(&random, 4); n > 0; n--)
			bytes[prng_below(&random, length)] = (uint8_t)prng_next(&random);
		bytes[12] = bytes[13] = 0;
		sum = checksum(bytes, length);
		bytes[12] = (uint8_t)(sum >> 8);
		bytes[13] = (uint8_t)sum;
		ev.packet.from = (struct endpoint){ .addr = from->nbma };
		ev.packet.bytes = bytes;
		ev.packet.length = length;
		if (to->engine && prng_below(&random, 2))
			engine_handle(to->engine, r->now, &ev);
	}
	return false;
}

static void mangled_messages_break_nothing(void **state)
{
	const struct scene s = scene_up();

	(void)state;
	scene_routes(&s);
	s.rig->lose = mangle;
	for (int i = 0; i < 20; i++) {
		char dst[32];

		snprintf(dst, sizeof dst, "192.168.2.%d", 20 + i);
		node_event(s.spoke1, &(struct event){ .type = EVENT_CLEAR });
		node_hairpin(s.hub, "192.168.1.10", dst, PEER_NONE);
		node_miss(s.spoke2, "10.0.0.11");
		node_miss(s.spoke1, "10.0.0.12");
		rig_run(s.rig, 3);
	}
	s.rig->lose = NULL;
	assert_true(node_counter(s.hub, ENGINE_COUNT_DROP_UNDECODED) > 0);
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loops_are_cut),
		cmocka_unit_test(hop_count_ends),
		cmocka_unit_test(unknown_compulsory_extension),
		cmocka_unit_test(errors_are_not_answered_with_errors),
		cmocka_unit_test(replies_that_nobody_asked_for),
		cmocka_unit_test(answers_that_are_not_believed),
		cmocka_unit_test(the_nhs_cannot_be_taken_over),
		cmocka_unit_test(a_cached_binding_is_not_stolen),
		cmocka_unit_test(a_flood_of_claims_is_bounded),
		cmocka_unit_test(a_flood_of_indications_is_bounded),
		cmocka_unit_test(mangled_messages_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
