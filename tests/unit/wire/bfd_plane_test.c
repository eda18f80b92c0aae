#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/bfd_plane.h"

static struct ipaddr address(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static struct bfd_plane_message add_v4(void)
{
	struct bfd_plane_message m = { .type = BFD_PLANE_ADD, .id = 7 };

	m.session = (struct bfd_plane_session){
		.flags = BFD_PLANE_CPI, .local = address("10.100.0.11"), .remote = address("10.100.0.1"),
		.discriminator = 0x01020304, .min_tx_us = 50000, .min_rx_us = 60000, .min_echo_tx_us = 1,
		.min_echo_rx_us = 2, .hold_ms = 3, .ttl = 255, .multiplier = 3, .ifindex = 9, .ifname = "Tunnel0" };
	return m;
}

/* Lengths and places as FRR 8.4.4 sends them (seen on its socket). */
static void a_session_lies_where_bfdd_puts_it(void **state)
{
	struct bfd_plane_message m = add_v4();
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX];

	(void)state;
	assert_int_equal(bfd_plane_encode(&m, bytes, sizeof bytes), 140);
	assert_memory_equal(bytes, "\x01\0\0\x02\0\x07\0\x8c\0\0\0\x04\x0a\x64\0\x0b", 16);
	assert_memory_equal(bytes + 28, "\x0a\x64\0\x01", 4);
	assert_memory_equal(bytes + 44, "\x01\x02\x03\x04\0\0\xc3\x50\0\0\xea\x60", 12);
	assert_memory_equal(bytes + 68, "\xff\x03\0\0\0\0\0\x09Tunnel0", 16);
}

static void messages_survive_the_wire(void **state)
{
	struct bfd_plane_message all[] = {
		add_v4(),
		{ .type = BFD_PLANE_DELETE, .session = { .flags = BFD_PLANE_IPV6 | BFD_PLANE_SHUTDOWN,
			.local = address("fe80::1"), .remote = address("2001:db8::2"), .discriminator = 5 } },
		{ .type = BFD_PLANE_ECHO_REQUEST, .id = 65535, .echo = { 0x1122334455667788, 9 } },
		{ .type = BFD_PLANE_ECHO_REPLY, .echo = { 1, 2 } },
		{ .type = BFD_PLANE_STATE, .state = { 1, 2, 3, 50000, 60000, 7, 3, 1, 5 } },
		{ .type = BFD_PLANE_COUNTERS_ASK, .id = 3, .discriminator = 0xffffffff },
		{ .type = BFD_PLANE_COUNTERS, .id = 3, .counters = { 1, 2, 3, 4, 1ULL << 40, 6, 7, 8, 9 } },
	};
	static const size_t lengths[] = { 140, 140, 24, 24, 36, 12, 80 };
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX], again[BFD_PLANE_MESSAGE_MAX];
	struct bfd_plane_message out;
	size_t used;

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const size_t length = bfd_plane_encode(&all[i], bytes, sizeof bytes);

		assert_int_equal(length, lengths[i]);
		assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_NONE);
		assert_int_equal(used, length);
		assert_int_equal(out.type, all[i].type);
		assert_int_equal(out.id, all[i].id);
		assert_int_equal(bfd_plane_encode(&out, again, sizeof again), length);
		assert_memory_equal(again, bytes, length);
		for (size_t cut = 0; cut < length; cut++) {
			assert_int_equal(bfd_plane_decode(bytes, cut, &out, &used), BFD_PLANE_DROP_PART);
			assert_int_equal(used, 0);
			assert_int_equal(bfd_plane_encode(&all[i], again, cut), 0);
		}
	}
}

static void what_is_not_the_protocol_is_refused(void **state)
{
	struct bfd_plane_message m = add_v4(), out;
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX];
	size_t used, length = bfd_plane_encode(&m, bytes, sizeof bytes);

	(void)state;
	bytes[0] = 2;
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_VERSION);
	bytes[0] = 1;
	bytes[7] = 7; /* shorter than its header */
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_VERSION);
	bytes[6] = 3; /* longer than any */
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_VERSION);
	bytes[6] = 0;
	bytes[7] = 139; /* too short for what it is */
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_LENGTH);
	assert_int_equal(used, 139);
	bytes[7] = 140;
	bytes[3] = 7;
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_TYPE);
	assert_int_equal(used, 140);
	bytes[3] = 2;
	memset(bytes + 76, 'x', 64);
	assert_int_equal(bfd_plane_decode(bytes, length, &out, &used), BFD_PLANE_DROP_NAME);
}

/* A later bfdd may append: what is known counts. */
static void longer_messages_are_taken(void **state)
{
	struct bfd_plane_message m = add_v4(), out;
	uint8_t bytes[BFD_PLANE_MESSAGE_MAX] = { 0 };
	size_t used;

	(void)state;
	bfd_plane_encode(&m, bytes, sizeof bytes);
	bytes[7] = 148;
	assert_int_equal(bfd_plane_decode(bytes, sizeof bytes, &out, &used), BFD_PLANE_DROP_NONE);
	assert_int_equal(used, 148);
	assert_string_equal(out.session.ifname, "Tunnel0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_lies_where_bfdd_puts_it),
		cmocka_unit_test(messages_survive_the_wire),
		cmocka_unit_test(what_is_not_the_protocol_is_refused),
		cmocka_unit_test(longer_messages_are_taken),
	};

	return cmocka_run_group_tests_name("bfd_plane", tests, NULL, NULL);
}
