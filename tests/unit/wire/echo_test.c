/* The echo that tests a path: what it looks like, and that nobody but its maker's answer counts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/checksum.h"
#include "wire/echo.h"

static const struct siphash_key key = { 0x0123456789abcdef, 0xfedcba9876543210 };

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static struct echo echo4(void)
{
	return (struct echo){ .tunnel = 7, .sequence = 0x01020304, .own = addr("10.0.0.11"), .peer = addr("10.0.0.1"),
			      .nbma = { addr("192.0.2.1"), 3, 2 }, .sent = { 1234567890123 } };
}

static struct echo echo6(void)
{
	struct echo e = echo4();

	e.own = addr("fd00::11");
	e.peer = addr("fd00::1");
	e.nbma.addr = addr("2001:db8::1");
	return e;
}

/* What a router makes of it: source and destination change places, the type becomes a reply. */
static void answer(uint8_t *packet)
{
	const size_t at = packet[0] >> 4 == 4 ? 12 : 8, octets = packet[0] >> 4 == 4 ? 4 : 16;
	uint8_t swap[16];

	memcpy(swap, packet + at, octets);
	memcpy(packet + at, packet + at + octets, octets);
	memcpy(packet + at + octets, swap, octets);
	packet[packet[0] >> 4 == 4 ? 20 : 40] = octets == 4 ? 0 : 129;
}

static bool decode(const uint8_t *packet, size_t length, struct echo *out)
{
	struct ip_view ip;

	return ip_decode(packet, length, &ip) == IP_DROP_NONE && echo_answer_decode(&key, packet, &ip, out);
}

static void is_an_echo_request(void **state)
{
	static const uint8_t head[20] = { 0x45, 0xc0, 0, 80, 0, 0, 0, 0, 255, 1, 0, 0, 10, 0, 0, 11, 10, 0, 0, 1 };
	const struct echo e = echo4();
	uint8_t packet[ECHO_MAX];

	(void)state;
	assert_int_equal(echo_encode(&key, &e, packet), 80);
	assert_int_equal(checksum(packet, 20), 0);
	assert_int_equal(checksum(packet + 20, 60), 0);
	packet[10] = packet[11] = 0;
	assert_memory_equal(packet, head, 20);
	assert_int_equal(packet[20], 8);
	assert_int_equal(packet[21], 0);
	assert_int_equal(packet[25], 7);
	assert_int_equal(packet[26] << 8 | packet[27], 0x0304);
}

static void is_an_icmpv6_echo_request(void **state)
{
	static const uint8_t head[8] = { 0x6c, 0, 0, 0, 0, 60, 58, 255 };
	const struct echo e = echo6();
	uint8_t packet[ECHO_MAX], pseudo[40 + 60] = { 0 };

	(void)state;
	assert_int_equal(echo_encode(&key, &e, packet), 100);
	assert_memory_equal(packet, head, 8);
	assert_int_equal(packet[40], 128);
	memcpy(pseudo, packet + 8, 32);
	pseudo[35] = 60;
	pseudo[39] = 58;
	memcpy(pseudo + 40, packet + 40, 60);
	assert_int_equal(checksum(pseudo, sizeof pseudo), 0);
}

static void expect_same(const struct echo *e)
{
	uint8_t packet[ECHO_MAX];
	const size_t length = echo_encode(&key, e, packet);
	struct echo out;

	assert_false(decode(packet, length, &out)); /* a question is no answer */
	answer(packet);
	if (packet[0] >> 4 == 4)
		packet[8] = 60; /* on its way it has aged; the sum is not right any more, */
	if (packet[0] >> 4 == 4) { /* so it is mended */
		packet[10] = packet[11] = 0;
		packet[10] = (uint8_t)(checksum(packet, 20) >> 8);
		packet[11] = (uint8_t)(checksum(packet, 20) + (packet[10] << 8));
	}
	assert_true(decode(packet, length, &out));
	assert_int_equal(out.tunnel, e->tunnel);
	assert_int_equal(out.sequence, e->sequence);
	assert_int_equal(out.sent.us, e->sent.us);
	assert_true(endpoint_eq(&out.nbma, &e->nbma));
	assert_true(ipaddr_eq(&out.own, &e->own));
	assert_true(ipaddr_eq(&out.peer, &e->peer));
}

static void what_comes_back_is_what_went(void **state)
{
	const struct echo four = echo4(), six = echo6();

	(void)state;
	expect_same(&four);
	expect_same(&six);
}

/* No octet behind the sums of the headers can be another. */
static void nobody_else_can_answer(void **state)
{
	const struct echo e = echo6();
	uint8_t packet[ECHO_MAX];
	struct echo out;
	size_t length;

	(void)state;
	length = echo_encode(&key, &e, packet);
	answer(packet);
	assert_true(decode(packet, length, &out));
	for (size_t i = 8; i < length; i++) {
		if (i >= 42 && i < 48) /* ICMP's own sum, identifier and sequence say nothing */
			continue;
		packet[i] ^= 1;
		assert_false(decode(packet, length, &out));
		packet[i] ^= 1;
	}
	for (size_t cut = 0; cut < length; cut++)
		assert_false(decode(packet, cut, &out));
	packet[5] = 59; /* shorter, and says so */
	assert_false(decode(packet, length, &out));
	packet[5] = 60;
	assert_true(decode(packet, length, &out));
}

static void another_process_has_another_key(void **state)
{
	static const struct siphash_key other = { 1, 2 };
	const struct echo e = echo4();
	uint8_t packet[ECHO_MAX];
	struct ip_view ip;
	struct echo out;
	const size_t length = echo_encode(&other, &e, packet);

	(void)state;
	answer(packet);
	assert_int_equal(ip_decode(packet, length, &ip), IP_DROP_NONE);
	assert_true(echo_answer_decode(&other, packet, &ip, &out));
	assert_false(echo_answer_decode(&key, packet, &ip, &out));
	ip.fragment_offset = 8;
	assert_false(echo_answer_decode(&other, packet, &ip, &out));
	ip.fragment_offset = 0;
	ip.more_fragments = true;
	assert_false(echo_answer_decode(&other, packet, &ip, &out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_an_echo_request),
		cmocka_unit_test(is_an_icmpv6_echo_request),
		cmocka_unit_test(what_comes_back_is_what_went),
		cmocka_unit_test(nobody_else_can_answer),
		cmocka_unit_test(another_process_has_another_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
