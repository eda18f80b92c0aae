/* The file of bindings: what was written is read, less the time that went by; nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "daemon/saved_file.h"

enum { NOW = 1000000 };

static struct ipaddr address(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static struct event registered(void)
{
	struct event ev = { .type = EVENT_BINDING_SAVED, .tunnel = 7 };
	const struct ipaddr addr = address("10.0.0.11");

	ev.saved.dst = ipprefix_host(&addr);
	ev.saved.via = addr;
	ev.saved.registered = ev.saved.unique = ev.saved.nat = ev.saved.answers = true;
	ev.saved.nbma.addr = address("198.51.100.1");
	ev.saved.claimed_nbma = address("192.168.1.2");
	ev.saved.identity = "spoke1.example.net";
	ev.saved.preference = 9;
	ev.saved.mtu_bytes = 1400;
	ev.saved.left = span_s(60);
	return ev;
}

static struct event network(void)
{
	struct event ev = { .type = EVENT_BINDING_SAVED };
	const struct ipaddr addr = address("fd00:1::");

	ev.saved.dst = ipprefix_make(&addr, 64);
	ev.saved.network = ev.saved.router = ev.saved.authoritative = true;
	ev.saved.via = address("fd00::12");
	ev.saved.asked = address("fd00:1::5");
	ev.saved.nbma.addr = address("2001:db8::2");
	ev.saved.left = span_s(10);
	return ev;
}

static const struct ipaddr *named(void)
{
	static struct ipaddr addresses[2];

	addresses[0] = address("10.0.0.11");
	addresses[1] = address("fd00::11");
	return addresses;
}

static struct certificate_proof proof(void)
{
	return (struct certificate_proof){ 77, 0x0123456789abcdef, "spoke1.example.net", 2, named() };
}

static uint8_t *written(size_t *length)
{
	const struct event one = registered(), two = network();
	const struct certificate_proof seen = proof(), nothing = { 78, 1, "CN=spoke2", 0, NULL };
	struct saved_list l = { 0 };
	uint8_t *bytes;

	saved_list_add(&l, &one);
	saved_list_add(&l, &two);
	saved_list_add_proof(&l, &seen);
	saved_list_add_proof(&l, &nothing);
	bytes = saved_encode(&l, NOW, length);
	assert_non_null(bytes);
	saved_list_done(&l);
	return bytes;
}

static void expect_same(const struct event *a, const struct event *b)
{
	struct event x = *a, y = *b;

	if (b->saved.identity)
		assert_string_equal(a->saved.identity, b->saved.identity);
	else
		assert_null(a->saved.identity);
	x.saved.identity = y.saved.identity = NULL;
	x.saved.left = y.saved.left;
	assert_int_equal(x.tunnel, y.tunnel);
	assert_true(ipprefix_eq(&x.saved.dst, &y.saved.dst));
	assert_true(ipaddr_eq(&x.saved.via, &y.saved.via) && ipaddr_eq(&x.saved.asked, &y.saved.asked));
	assert_true(endpoint_eq(&x.saved.nbma, &y.saved.nbma));
	assert_true(ipaddr_eq(&x.saved.claimed_nbma, &y.saved.claimed_nbma));
	assert_true(x.saved.registered == y.saved.registered && x.saved.network == y.saved.network);
	assert_true(x.saved.unique == y.saved.unique && x.saved.router == y.saved.router);
	assert_true(x.saved.authoritative == y.saved.authoritative && x.saved.nat == y.saved.nat);
	assert_true(x.saved.answers == y.saved.answers && x.saved.preference == y.saved.preference);
	assert_int_equal(x.saved.mtu_bytes, y.saved.mtu_bytes);
}

static void what_was_written_is_read(void **state)
{
	const struct event one = registered(), two = network();
	struct saved_list l;
	size_t length;
	uint8_t *bytes = written(&length);

	(void)state;
	assert_null(saved_decode(bytes, length, NOW, &l));
	assert_int_equal(l.count, 2);
	expect_same(&l.records[0], &one);
	expect_same(&l.records[1], &two);
	/* Seconds are whole: never more time than was left. */
	assert_int_equal(l.records[0].saved.left.us, span_s(59).us);
	assert_int_equal(l.proof_count, 2);
	assert_int_equal(l.proofs[0].ike_id, 77);
	assert_true(l.proofs[0].ike_spi == 0x0123456789abcdef);
	assert_string_equal(l.proofs[0].identity, "spoke1.example.net");
	assert_int_equal(l.proofs[0].count, 2);
	assert_true(ipaddr_eq(&l.proofs[0].addresses[1], &named()[1]));
	assert_string_equal(l.proofs[1].identity, "CN=spoke2");
	assert_int_equal(l.proofs[1].count, 0);
	saved_list_done(&l);
	free(bytes);
}

static void time_goes_by(void **state)
{
	struct saved_list l;
	size_t length;
	uint8_t *bytes = written(&length);

	(void)state;
	assert_null(saved_decode(bytes, length, NOW + 20, &l));
	assert_int_equal(l.count, 1); /* the other one is over */
	assert_int_equal(l.records[0].saved.left.us, span_s(39).us);
	saved_list_done(&l);
	assert_null(saved_decode(bytes, length, NOW + 1000000, &l));
	assert_int_equal(l.count, 0);
	assert_null(saved_decode(bytes, length, INT64_MAX, &l));
	assert_int_equal(l.count, 0);
	assert_non_null(saved_decode(bytes, length, NOW - 1, &l)); /* the clock was put back */
	assert_int_equal(l.count, 0);
	assert_non_null(saved_decode(bytes, length, INT64_MIN, &l));
	free(bytes);
}

static void nothing_garbled_is_believed(void **state)
{
	struct saved_list l;
	size_t length;
	uint8_t *bytes = written(&length);

	(void)state;
	for (size_t cut = 0; cut < length; cut++) {
		assert_non_null(saved_decode(bytes, cut, NOW, &l));
		assert_int_equal(l.count, 0);
	}
	for (size_t i = 0; i < 8 * length; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_non_null(saved_decode(bytes, length, NOW, &l));
		assert_int_equal(l.count, 0);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	free(bytes);
}

static void what_does_not_fit_is_left_out(void **state)
{
	struct event ev = registered();
	struct saved_list l = { 0 };
	char name[300];

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	ev.saved.identity = name;
	saved_list_add(&l, &ev);
	ev = registered();
	ev.saved.left = span_us(0);
	saved_list_add(&l, &ev);
	ev.saved.left = span_s(SAVED_LEFT_MAX_S + 1);
	saved_list_add(&l, &ev);
	assert_int_equal(l.count, 0);
	ev.saved.left = span_s(1);
	for (int i = 0; i <= SAVED_RECORDS_MAX; i++)
		saved_list_add(&l, &ev);
	assert_int_equal(l.count, SAVED_RECORDS_MAX);
	saved_list_done(&l);
}

/* As many as an engine takes: none of a large hub's clients is forgotten. */
static void all_of_a_large_hub_is_read(void **state)
{
	struct saved_list l = { 0 }, read;
	struct event ev = registered();
	size_t length;
	uint8_t *bytes;

	(void)state;
	for (uint32_t i = 0; i < ENGINE_BINDINGS_MAX; i++) {
		ev.tunnel = i;
		saved_list_add(&l, &ev);
	}
	bytes = saved_encode(&l, NOW, &length);
	assert_non_null(bytes);
	assert_true(length <= SAVED_FILE_MAX);
	assert_null(saved_decode(bytes, length, NOW, &read));
	assert_int_equal(read.count, ENGINE_BINDINGS_MAX);
	assert_int_equal(read.records[ENGINE_BINDINGS_MAX - 1].tunnel, ENGINE_BINDINGS_MAX - 1);
	free(bytes);
	saved_list_done(&l);
	saved_list_done(&read);
}

static struct event of_peer(const char *nbma, const char *identity, bool is_network, unsigned left_s)
{
	struct event ev = is_network ? network() : registered();

	ev.saved.nbma.addr = address(nbma);
	ev.saved.identity = identity;
	ev.saved.left = span_s(left_s);
	return ev;
}

/* One peer's are found without looking at the others', next hops first. */
static void those_of_a_peer_are_in_a_row(void **state)
{
	const struct event all[] = { of_peer("192.0.2.9", "b", true, 20), of_peer("192.0.2.9", "c", false, 10), of_peer("2001:db8::1", "a", false, 20),
				     of_peer("192.0.2.9", "b", false, 30), of_peer("192.0.2.8", "z", false, 20), of_peer("192.0.2.9", "a", false, 5) };
	const struct ipaddr at = address("192.0.2.9"), before = address("192.0.2.1"), behind = address("2001:db8::2");
	struct saved_list l = { 0 };
	size_t first;

	(void)state;
	saved_list_sort(&l); /* nothing */
	assert_int_equal(saved_list_first(&l, &at, "b"), 0);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		saved_list_add(&l, &all[i]);
	saved_list_sort(&l);
	first = saved_list_first(&l, &at, "b");
	assert_int_equal(first, 2); /* behind z of .8 and a */
	assert_string_equal(l.records[first].saved.identity, "b");
	assert_false(l.records[first].saved.network);
	assert_string_equal(l.records[first + 1].saved.identity, "b");
	assert_true(l.records[first + 1].saved.network);
	assert_string_equal(l.records[first + 2].saved.identity, "c");
	assert_int_equal(saved_list_first(&l, &before, "b"), 0);
	assert_int_equal(saved_list_first(&l, &behind, "b"), 6);
	l.records[first].saved.left = span_s(0); /* taken up */
	saved_list_sweep(&l, span_s(5));
	assert_int_equal(l.count, 4); /* a's time is over, too */
	assert_int_equal(saved_list_first(&l, &at, "b"), 1);
	assert_true(l.records[1].saved.network);
	assert_string_equal(l.records[2].saved.identity, "c");
	assert_string_equal(l.records[3].saved.identity, "a");
	saved_list_done(&l);
}

/* Every client of a large hub comes back, one session after the other. */
static void a_large_hub_takes_up_all(void **state)
{
	struct event ev = registered();
	struct saved_list l = { 0 };

	(void)state;
	for (uint32_t i = 0; i < ENGINE_BINDINGS_MAX; i++) {
		const uint32_t n = i * 2654435761u; /* in no order */

		ev.saved.nbma.addr = ipaddr_from_bytes(IP_V4, (const uint8_t[]){ 10, (uint8_t)(n >> 14), (uint8_t)(n >> 22), (uint8_t)(n >> 6) });
		saved_list_add(&l, &ev);
	}
	saved_list_sort(&l);
	for (size_t i = 0; i < l.count; i++) {
		const size_t at = saved_list_first(&l, &l.records[i].saved.nbma.addr, ev.saved.identity);

		assert_true(at <= i && ipaddr_eq(&l.records[at].saved.nbma.addr, &l.records[i].saved.nbma.addr));
		l.records[i].saved.left = span_s(0);
	}
	saved_list_sweep(&l, span_s(0));
	assert_int_equal(l.count, 0);
	saved_list_done(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(time_goes_by),
		cmocka_unit_test(nothing_garbled_is_believed),
		cmocka_unit_test(what_does_not_fit_is_left_out),
		cmocka_unit_test(all_of_a_large_hub_is_read),
		cmocka_unit_test(those_of_a_peer_are_in_a_row),
		cmocka_unit_test(a_large_hub_takes_up_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
