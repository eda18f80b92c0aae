/*
 * Where room ends: each table and record is filled to its brim and one beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/answer.h"
#include "engine/purge.h"
#include "engine/redirect.h"
#include "engine/resolution.h"
#include "engine/state.h"
#include "scene.h"

static struct engine_sizes sizes(const struct node *n)
{
	struct engine_sizes z;

	snapshot_sizes(n->engine, &z);
	return z;
}

static void forget_log(struct rig *r)
{
	r->log_count = r->log_read = 0;
}

/* spoke2 is asked for 192.168.2.20 by so many, each at an address of its own. */
static void ask(struct node *n, unsigned askers, const char *dst)
{
	char addr[32], nbma[32];

	for (unsigned i = 0; i < askers; i++) {
		snprintf(addr, sizeof addr, "10.0.0.%u", 100 + i);
		snprintf(nbma, sizeof nbma, "203.0.113.%u", 100 + i);
		node_receive(n, nbma, message_from(NHRP_RESOLUTION_REQUEST, nbma, addr, dst));
	}
}

/* ---- requesters and their purges */

static void the_oldest_requester_gives_way(void **state)
{
	const struct scene s = scene_up();
	struct binding_view b;

	(void)state;
	scene_routes(&s);
	ask(s.spoke2, 64, "192.168.2.20");
	ask(s.spoke2, 64, "192.168.2.20"); /* the same again: no more of them */
	assert_true(node_binding(s.spoke2, "192.168.2.0/24", &b));
	assert_int_equal(b.requester_count, 64);
	ask(s.spoke2, 66, "192.168.2.20");
	assert_true(node_binding(s.spoke2, "192.168.2.0/24", &b));
	assert_int_equal(b.requester_count, 64);
	for (size_t i = 0; i < 64; i++) {
		char expected[32];
		struct ipaddr a;

		snprintf(expected, sizeof expected, "10.0.0.%zu", i < 2 ? 164 + i : 100 + i);
		a = addr_of(expected);
		assert_true(ipaddr_eq(&b.requesters[i], &a));
	}
	rig_free(s.rig);
}

/* All are told; so many answers are waited for, and they are asked for thrice. */
static void purges_awaiting_a_reply(void **state)
{
	const struct scene s = scene_up();
	char dst[32];

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		snprintf(dst, sizeof dst, "192.168.%u.0/24", 20 + i);
		node_route(s.spoke2, dst, "", false);
		snprintf(dst, sizeof dst, "192.168.%u.1", 20 + i);
		ask(s.spoke2, 64, dst);
	}
	assert_int_equal(sizes(s.spoke2).answers, 5);
	forget_log(s.rig);
	for (unsigned i = 0; i < 5; i++) {
		snprintf(dst, sizeof dst, "192.168.%u.0/24", 20 + i);
		node_route_del(s.spoke2, dst);
	}
	assert_int_equal(rig_count(s.rig, "Purge Request"), 5 * 64);
	assert_int_equal(rig_count(s.rig, "{no reply}"), 5 * 64 - PURGES_MAX);
	assert_int_equal(sizes(s.spoke2).purges, PURGES_MAX);
	assert_int_equal(sizes(s.spoke2).answers, 0);
	rig_skip(s.rig);
	rig_run_ms(s.rig, 2000);
	assert_int_equal(rig_count(s.rig, "Purge Request"), PURGES_MAX);
	rig_run_ms(s.rig, 1999);
	assert_int_equal(rig_count(s.rig, "Purge Request"), PURGES_MAX);
	rig_run_ms(s.rig, 1);
	assert_int_equal(rig_count(s.rig, "Purge Request"), 2 * PURGES_MAX);
	rig_run_ms(s.rig, 2000);
	assert_int_equal(sizes(s.spoke2).purges, 0);
	rig_run_ms(s.rig, 4000);
	assert_int_equal(rig_count(s.rig, "Purge Request"), 2 * PURGES_MAX);
	rig_free(s.rig);
}

/* Each reply ends the one that it is for, wherever that stands. */
static void every_purge_has_its_reply(void **state)
{
	const struct scene s = scene_up();
	static struct nhrp_message m;
	uint32_t id;

	(void)state;
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	ask(s.spoke2, 3, "192.168.2.20");
	node_route_del(s.spoke2, "192.168.2.0/24");
	assert_int_equal(sizes(s.spoke2).purges, 3);
	assert_int_equal(nhrp_decode(s.rig->sent[NHRP_PURGE_REQUEST], s.rig->sent_length[NHRP_PURGE_REQUEST], &m, NULL),
			 NHRP_DROP_NONE);
	id = m.request_id;
	m.type = NHRP_PURGE_REPLY;
	m.request_id = id + 1000;
	node_receive(s.spoke2, "203.0.113.100", &m);
	assert_int_equal(sizes(s.spoke2).purges, 3);
	for (uint32_t i = 0; i < 3; i++) {
		m.request_id = id - (i + 1) % 3; /* the middle one first */
		node_receive(s.spoke2, "203.0.113.100", &m);
		assert_int_equal(sizes(s.spoke2).purges, 2 - i);
	}
	rig_skip(s.rig);
	rig_run(s.rig, 10);
	assert_int_equal(rig_count(s.rig, "Purge"), 0);
	/* when we go nobody waits for replies */
	node_route(s.spoke2, "192.168.2.0/24", "", false);
	ask(s.spoke2, 2, "192.168.2.20");
	rig_skip(s.rig);
	node_event(s.spoke2, &(struct event){ .type = EVENT_SHUTDOWN });
	assert_int_equal(rig_count(s.rig, "{no reply}"), 2);
	assert_int_equal(sizes(s.spoke2).purges, 0);
	rig_free(s.rig);
}

/* ---- answers, questions, redirects */

static void answers_end(void **state)
{
	const struct scene s = scene_up();
	char dst[32];

	(void)state;
	node_route(s.spoke2, "0.0.0.0/0", "198.51.100.254", false); /* not promised: each answer is for one address */
	for (unsigned i = 0; i < ANSWERS_MAX + 3; i++) {
		snprintf(dst, sizeof dst, "192.168.%u.%u", 10 + i / 250, 1 + i % 250);
		ask(s.spoke2, 1, dst);
		forget_log(s.rig);
	}
	assert_int_equal(sizes(s.spoke2).answers, ANSWERS_MAX);
	assert_int_equal(node_counter(s.spoke2, ENGINE_COUNT_RESOLUTION_REPLY_SENT), ANSWERS_MAX + 3);
	rig_free(s.rig);
}

static void questions_end(void **state)
{
	struct rig *const r = rig_new();
	struct node *const n = node_new(r, "spoke", "198.51.100.1", "10.0.0.1/16");
	char dst[32];

	(void)state;
	node_add_nhs(n, "10.0.0.2", "192.0.2.1"); /* which is not there */
	node_start(n);
	for (unsigned i = 0; i < RESOLUTIONS_MAX + 2; i++) {
		snprintf(dst, sizeof dst, "10.0.%u.%u", 1 + i / 250, 1 + i % 250);
		node_miss(n, dst);
	}
	assert_int_equal(sizes(n).resolutions, RESOLUTIONS_MAX);
	assert_int_equal(node_counter(n, ENGINE_COUNT_DROP_FULL), 2);
	assert_int_equal(node_counter(n, ENGINE_COUNT_DROP_NO_ROUTE), RESOLUTIONS_MAX);
	rig_free(r);
}

static bool lose_all(struct rig *r, const struct node *from, const struct node *to, const struct nhrp_message *m)
{
	(void)r;
	(void)from;
	(void)to;
	(void)m;
	return true;
}

static void redirects_end(void **state)
{
	const struct scene s = scene_up();
	char src[32], dst[32];

	(void)state;
	scene_routes(&s);
	s.rig->lose = lose_all;
	for (unsigned i = 0; i < REDIRECTS_MAX + 2; i++) {
		snprintf(src, sizeof src, "192.168.1.%u", 1 + i / 32);
		snprintf(dst, sizeof dst, "192.168.2.%u", 1 + i % 32);
		node_hairpin(s.hub, src, dst, PEER_NONE);
		forget_log(s.rig);
	}
	assert_int_equal(sizes(s.hub).redirects, REDIRECTS_MAX);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_TRAFFIC_INDICATION_SENT), REDIRECTS_MAX);
	/* after the redirect timeout the oldest is forgotten, and no sooner */
	rig_run_ms(s.rig, 1999);
	forget_log(s.rig);
	node_hairpin(s.hub, "192.168.1.200", "192.168.2.1", PEER_NONE);
	assert_int_equal(sizes(s.hub).redirects, REDIRECTS_MAX);
	rig_run_ms(s.rig, 1);
	forget_log(s.rig);
	node_hairpin(s.hub, "192.168.1.200", "192.168.2.1", PEER_NONE);
	assert_int_equal(sizes(s.hub).redirects, 1);
	rig_free(s.rig);
}

static void recalls_end(void **state)
{
	const struct scene s = scene_laid_out();
	struct event ev = { .type = EVENT_NEIGHBOUR_KNOWN, .neighbour_known = { .nbma = { .addr = addr_of("198.51.100.1") } } };

	(void)state;
	s.hub->engine = engine_new(&s.hub->config, &s.hub->options, s.rig->now);
	ev.neighbour_known.addr = addr_of("10.0.0.11");
	for (unsigned i = 0; i < 65538; i++)
		node_event(s.hub, &ev);
	assert_int_equal(s.hub->engine->recall_count, 65536);
	node_tunnel(s.hub, true, "192.0.2.1");
	for (unsigned i = 1; i <= 5; i++) { /* five each time */
		s.rig->now = engine_deadline(s.hub->engine);
		node_event(s.hub, &(struct event){ .type = EVENT_TICK });
		assert_int_equal(s.hub->engine->recall_count, 65536 - 5 * i);
	}
	rig_free(s.rig);
}

/* ---- messages */

static void a_big_packet_is_cut(void **state)
{
	const struct scene s = scene_up();
	static struct nhrp_message m;
	uint8_t packet[300] = { 0x45 };
	struct event ev = { .type = EVENT_HAIRPIN, .hairpin = { .bytes = packet } };
	static const size_t sizes_[][2] = { { 300, 128 }, { 128, 128 }, { 127, 127 }, { 20, 20 } };

	(void)state;
	scene_routes(&s);
	for (size_t i = 0; i < sizeof sizes_ / sizeof *sizes_; i++) {
		memcpy(packet + 12, (const uint8_t[]){ 192, 168, 1, (uint8_t)(1 + i) }, 4);
		memcpy(packet + 16, (const uint8_t[]){ 192, 168, 2, 1 }, 4);
		ev.hairpin.length = sizes_[i][0];
		node_event(s.hub, &ev);
		assert_int_equal(nhrp_decode(s.rig->sent[8], s.rig->sent_length[8], &m, NULL), NHRP_DROP_NONE);
		assert_int_equal(m.payload_len, sizes_[i][1]);
		assert_memory_equal(m.payload, packet, m.payload_len);
	}
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_TRAFFIC_INDICATION_SENT), 4);
	ev.hairpin.length = 19; /* that is no packet */
	packet[15] = 99;
	node_event(s.hub, &ev);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_TRAFFIC_INDICATION_SENT), 4);
	rig_free(s.rig);
}

static void an_offender_is_cut(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	struct nhrp_extension *const x = nhrp_extension_add(m, 77);
	static const uint8_t filler[600];
	static struct nhrp_message got;

	(void)state;
	x->is_cies = false;
	x->value = filler;
	x->length = sizeof filler;
	m->hop_count = 1;
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(nhrp_decode(s.rig->sent[7], s.rig->sent_length[7], &got, NULL), NHRP_DROP_NONE);
	assert_int_equal(got.payload_len, 512);
	assert_int_equal(got.offset, 9);
	x->length = 10;
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(nhrp_decode(s.rig->sent[7], s.rig->sent_length[7], &got, NULL), NHRP_DROP_NONE);
	assert_true(got.payload_len < 512 && got.payload_len > 50);
	rig_free(s.rig);
}

/* A full transit record takes no more, and the message goes on. */
static void records_end(void **state)
{
	const struct scene s = scene_up();
	static struct nhrp_message got;

	(void)state;
	for (uint8_t full = NHRP_CIES_MAX - 1; full <= NHRP_CIES_MAX; full++) {
		struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
		struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);

		x->cie_count = full;
		for (size_t i = 0; i < full; i++)
			x->cies[i] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.8"), .proto = addr_of("10.0.0.88") };
		node_receive(s.hub, "198.51.100.1", m);
		assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &got, NULL), NHRP_DROP_NONE);
		assert_int_equal(nhrp_extension_find(&got, NHRP_EXT_FORWARD_TRANSIT)->cie_count, NHRP_CIES_MAX);
	}
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_FORWARDED), 2);
	for (uint8_t full = NHRP_CIES_MAX - 1; full <= NHRP_CIES_MAX; full++) {
		struct nhrp_message *const m = message_from(NHRP_REGISTRATION_REQUEST, "172.16.0.9", "10.0.0.20", "10.0.0.1");
		struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_NAT);

		m->cies[0].prefix_len = 255;
		x->cie_count = full;
		for (size_t i = 0; i < full; i++)
			x->cies[i] = (struct nhrp_cie){ .nbma = addr_of("203.0.113.8"), .proto = addr_of("10.0.0.88") };
		node_receive(s.hub, "203.0.113.7", m);
		assert_int_equal(nhrp_decode(s.rig->sent[4], s.rig->sent_length[4], &got, NULL), NHRP_DROP_NONE);
		assert_int_equal(nhrp_extension_find(&got, NHRP_EXT_NAT)->cie_count, NHRP_CIES_MAX);
	}
	rig_free(s.rig);
}

/* What fits in may not fit out any more: with our record in it a message is longer. */
static void a_message_may_grow_too_big(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	static const uint8_t filler[NHRP_MESSAGE_MAX];
	uint8_t bytes[NHRP_MESSAGE_MAX];
	struct nhrp_extension *x;

	(void)state;
	nhrp_extension_add(m, NHRP_EXT_FORWARD_TRANSIT);
	x = nhrp_extension_add(m, 77);
	x->is_cies = false;
	x->value = filler;
	x->length = 16;
	x->length = (uint16_t)(16 + NHRP_MESSAGE_MAX - nhrp_encode(m, bytes, sizeof bytes));
	node_receive(s.hub, "198.51.100.1", m);
	rig_expect_nothing(s.rig);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_TOO_BIG), 1);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_FORWARDED), 0);
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_RESOLUTION_REQUEST_SENT), 0);
	x->length = (uint16_t)(x->length - 100);
	node_receive(s.hub, "198.51.100.1", m);
	rig_expect(s.rig, "hub --> spoke2: Resolution Request 10.0.0.12 hop 254");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_FORWARDED), 1);
	rig_free(s.rig);
}

/* ---- authentication */

static void one_more_character_is_another_secret(void **state)
{
	const struct scene s = scene_laid_out();

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "secret" };
	s.spoke1->nhrp->authentication = (char[]){ "secret1" };
	s.spoke2->nhrp->authentication = (char[]){ "secre" };
	scene_start(&s);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.12"), "-");
	rig_free(s.rig);
}

static void two_secrets_are_none(void **state)
{
	const struct scene s = scene_laid_out();
	struct nhrp_message *m;
	static const uint8_t secret[] = "\0\0\0\1secret";

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "secret" };
	node_start(s.hub);
	m = message_from(NHRP_REGISTRATION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.1");
	m->cies[0].prefix_len = 255;
	for (int i = 0; i < 2; i++) {
		struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_AUTHENTICATION);

		x->is_cies = false;
		x->value = secret;
		x->length = sizeof secret - 1;
	}
	node_receive(s.hub, "198.51.100.1", m);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "-");
	assert_int_equal(node_counter(s.hub, ENGINE_COUNT_DROP_AUTHENTICATION), 1);
	m->extension_count = 1;
	node_receive(s.hub, "198.51.100.1", m);
	assert_string_equal(node_neighbour_nbma(s.hub, "10.0.0.11"), "198.51.100.1");
	rig_free(s.rig);
}

/* Where there is no secret of our own, those of others go no further: each of them. */
static void foreign_secrets_are_not_passed_on(void **state)
{
	const struct scene s = scene_up();
	struct nhrp_message *const m = message_from(NHRP_RESOLUTION_REQUEST, "198.51.100.1", "10.0.0.11", "10.0.0.12");
	static const uint8_t secret[] = "\0\0\0\1secret";
	static struct nhrp_message got;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct nhrp_extension *const x = nhrp_extension_add(m, NHRP_EXT_AUTHENTICATION);

		x->is_cies = false;
		x->value = secret;
		x->length = sizeof secret - 1;
	}
	nhrp_extension_add(m, NHRP_EXT_NAT);
	node_receive(s.hub, "198.51.100.1", m);
	assert_int_equal(nhrp_decode(s.rig->sent[1], s.rig->sent_length[1], &got, NULL), NHRP_DROP_NONE);
	assert_null(nhrp_extension_find(&got, NHRP_EXT_AUTHENTICATION));
	assert_non_null(nhrp_extension_find(&got, NHRP_EXT_NAT));
	rig_free(s.rig);
}

/* So many peers are named in a minute, each once. */
static void failures_are_told_a_few_times(void **state)
{
	const struct scene s = scene_laid_out();
	char nbma[32];

	(void)state;
	s.hub->nhrp->authentication = (char[]){ "secret" };
	node_start(s.hub);
	s.hub->traces = 0;
	for (unsigned minute = 1; minute <= 3; minute++) {
		for (unsigned i = 0; i < 16; i++) {
			snprintf(nbma, sizeof nbma, "203.0.113.%u", 1 + i / 2);
			node_receive(s.hub, nbma, message_from(NHRP_REGISTRATION_REQUEST, nbma, "10.0.0.11", "10.0.0.1"));
			if (i < 10)
				assert_int_equal(s.hub->traces, 5 * (minute - 1) + 1 + i / 2);
		}
		assert_int_equal(s.hub->traces, 5 * minute);
		rig_run_ms(s.rig, 59999);
		node_receive(s.hub, "203.0.113.99", message_from(NHRP_REGISTRATION_REQUEST, "203.0.113.99", "10.0.0.11", "10.0.0.1"));
		assert_int_equal(s.hub->traces, 5 * minute);
		rig_run_ms(s.rig, 1);
	}
	rig_free(s.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_requester_gives_way),
		cmocka_unit_test(purges_awaiting_a_reply),
		cmocka_unit_test(every_purge_has_its_reply),
		cmocka_unit_test(answers_end),
		cmocka_unit_test(questions_end),
		cmocka_unit_test(redirects_end),
		cmocka_unit_test(recalls_end),
		cmocka_unit_test(a_big_packet_is_cut),
		cmocka_unit_test(an_offender_is_cut),
		cmocka_unit_test(records_end),
		cmocka_unit_test(a_message_may_grow_too_big),
		cmocka_unit_test(one_more_character_is_another_secret),
		cmocka_unit_test(two_secrets_are_none),
		cmocka_unit_test(foreign_secrets_are_not_passed_on),
		cmocka_unit_test(failures_are_told_a_few_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
