#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "wire/checksum.h"
#include "wire/gre.h"
#include "wire/ip.h"

static void written_headers_are_read(void **state)
{
	uint8_t bytes[8];
	struct gre_header h;

	(void)state;
	assert_int_equal(gre_encode(GRE_PROTO_NHRP, false, 0, bytes), 4);
	assert_int_equal(gre_decode(bytes, 4, &h), GRE_DROP_NONE);
	assert_int_equal(h.protocol, GRE_PROTO_NHRP);
	assert_int_equal(h.header_len, 4);
	assert_false(h.has_key);
	assert_int_equal(gre_encode(GRE_PROTO_IPV4, true, 0xdeadbeef, bytes), 8);
	assert_memory_equal(bytes, "\x20\0\x08\0\xde\xad\xbe\xef", 8);
	assert_int_equal(gre_decode(bytes, 8, &h), GRE_DROP_NONE);
	assert_true(h.has_key);
	assert_int_equal(h.key, 0xdeadbeef);
	assert_int_equal(h.header_len, 8);
	for (size_t length = 0; length < 8; length++)
		assert_int_equal(gre_decode(bytes, length, &h), GRE_DROP_SHORT);
}

static void checksum_key_and_sequence_are_read(void **state)
{
	uint8_t bytes[] = { 0xb0, 0x00, 0x86, 0xdd, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 1, 0, 'x', 'y', 'z' };
	const uint16_t sum = checksum(bytes, sizeof bytes);
	struct gre_header h;

	(void)state;
	bytes[4] = (uint8_t)(sum >> 8);
	bytes[5] = (uint8_t)sum;
	assert_int_equal(gre_decode(bytes, sizeof bytes, &h), GRE_DROP_NONE);
	assert_true(h.has_checksum && h.has_key && h.has_sequence);
	assert_int_equal(h.key, 7);
	assert_int_equal(h.sequence, 256);
	assert_int_equal(h.header_len, GRE_HEADER_MAX);
	bytes[18] ^= 1;
	assert_int_equal(gre_decode(bytes, sizeof bytes, &h), GRE_DROP_CHECKSUM);
}

static void foreign_versions_and_flags_are_refused(void **state)
{
	uint8_t bytes[8] = { 0, 0, 0x08, 0 };
	struct gre_header h;

	(void)state;
	bytes[1] = 1; /* PPTP */
	assert_int_equal(gre_decode(bytes, sizeof bytes, &h), GRE_DROP_VERSION);
	bytes[1] = 0;
	for (int bit = 0; bit < 5; bit++) {
		bytes[0] = (uint8_t)(0x80 >> bit);
		assert_int_equal(gre_decode(bytes, sizeof bytes, &h) == GRE_DROP_FLAGS, bit == 1 || bit == 4);
	}
	bytes[0] = 0x03; /* reserved, to be ignored */
	bytes[1] = 0xf8;
	assert_int_equal(gre_decode(bytes, sizeof bytes, &h), GRE_DROP_NONE);
	assert_string_equal(gre_drop_text(GRE_DROP_VERSION), "GRE version is not 0");
	assert_string_equal(gre_drop_text(GRE_DROP_COUNT), "unknown");
}

/* The example of RFC 1071 section 3. */
static void checksum_vector(void **state)
{
	const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(checksum(bytes, sizeof bytes), (uint16_t)~0xddf2);
	assert_int_equal(checksum(bytes, 3), (uint16_t)~0xf201);
	assert_int_equal(checksum(bytes, 0), 0xffff);
}

/* Word by word, as RFC 1071 has it, for every length, place and machine's way of adding. */
static void checksum_of_any_length(void **state)
{
	static uint8_t bytes[1600];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * i ^ (i % 97 ? 0xff : 0));
	for (size_t length = 0; length < sizeof bytes - 8; length += 1 + length / 64) {
		const uint8_t *at = bytes + length % 8;
		uint32_t sum = 0;

		for (size_t i = 0; i < length; i++)
			sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
		sum = (sum & 0xffff) + (sum >> 16);
		assert_int_equal(checksum(at, length), (uint16_t)~sum);
	}
	memset(bytes, 0xff, sizeof bytes);
	assert_int_equal(checksum(bytes, 1400), 0);
}

static void checksum_is_mended(void **state)
{
	uint8_t bytes[] = { 0x45, 0x00, 0x12, 0x34, 0x80, 0x01 };

	(void)state;
	for (unsigned after = 0; after < 0x10000; after += 251) {
		const uint16_t before_sum = checksum(bytes, sizeof bytes);
		const uint16_t before = (uint16_t)(bytes[2] << 8 | bytes[3]);

		bytes[2] = (uint8_t)(after >> 8);
		bytes[3] = (uint8_t)after;
		assert_int_equal(checksum_update(before_sum, before, (uint16_t)after),
				 checksum(bytes, sizeof bytes));
	}
}

/* The outer header of a registration request on a keyless tunnel, from ios_nhrp.pcap. */
static const uint8_t header4[] = {
	0x45, 0xc0, 0x00, 0x69, 0x00, 0x08, 0x00, 0x00, 0xff, 0x2f, 0x8e, 0x9b, 0x0a, 0x00, 0x0c, 0x02,
	0x0a, 0x00, 0x0c, 0x01,
};

static void ipv4_headers(void **state)
{
	uint8_t packet[0x69] = { 0 };
	struct ip_view v;

	(void)state;
	memcpy(packet, header4, sizeof header4);
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_NONE);
	assert_int_equal(v.version, 4);
	assert_int_equal(v.protocol, IP_PROTO_GRE);
	assert_int_equal(v.ttl, 255);
	assert_int_equal(v.dscp, 48);
	assert_int_equal(v.header_len, 20);
	assert_int_equal(v.total_len, 105);
	assert_int_equal(ipaddr_to_v4(&v.src), 0x0a000c02);
	assert_int_equal(ipaddr_to_v4(&v.dst), 0x0a000c01);
	assert_false(v.dont_fragment || v.more_fragments);
	assert_true(ip_decrement_ttl(packet));
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_NONE);
	assert_int_equal(v.ttl, 254);
	for (size_t length = 0; length < 20; length++)
		assert_int_equal(ip_decode(packet, length, &v), IP_DROP_SHORT);
	assert_int_equal(ip_decode(packet, sizeof packet - 1, &v), IP_DROP_LENGTH);
	assert_int_equal(v.ttl, 254);
	packet[8] = 1;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_CHECKSUM);
	assert_false(ip_decrement_ttl(packet));
	packet[6] = 0x60; /* DF, MF, fragment at 16 */
	packet[7] = 0x02;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_CHECKSUM);
	assert_true(v.dont_fragment && v.more_fragments);
	assert_int_equal(v.fragment_offset, 16);
	packet[0] = 0x44;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_HEADER);
	packet[0] = 0x55;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_VERSION);
}

static void ipv6_headers(void **state)
{
	uint8_t packet[40 + 8 + 8 + 4] = { 0x6c, 0x30, 0, 0, 0, 20, 0, 64 };
	struct ip_view v;

	(void)state;
	packet[8] = 0x20;
	packet[23] = 1;
	packet[24] = 0x20;
	packet[39] = 2;
	packet[40] = 44; /* hop-by-hop, then a fragment header, then GRE */
	packet[48] = IP_PROTO_GRE;
	packet[50] = 0x00;
	packet[51] = 0x01;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_NONE);
	assert_int_equal(v.version, 6);
	assert_int_equal(v.protocol, IP_PROTO_GRE);
	assert_int_equal(v.header_len, 56);
	assert_int_equal(v.total_len, 60);
	assert_int_equal(v.ttl, 64);
	assert_int_equal(v.dscp, 48);
	assert_int_equal(v.ecn, 3);
	assert_true(v.more_fragments);
	assert_int_equal(v.fragment_offset, 0);
	for (size_t length = 1; length < 56; length++)
		assert_int_equal(ip_decode(packet, length, &v), IP_DROP_SHORT);
	assert_int_equal(ip_decode(packet, 58, &v), IP_DROP_LENGTH);
	packet[51] = 0x10;
	assert_int_equal(ip_decode(packet, sizeof packet, &v), IP_DROP_NONE);
	assert_int_equal(v.fragment_offset, 16);
	assert_true(ip_decrement_ttl(packet));
	assert_int_equal(packet[7], 63);
	packet[7] = 0;
	assert_false(ip_decrement_ttl(packet));
	assert_string_equal(ip_drop_text(IP_DROP_SHORT), "shorter than its header");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_headers_are_read),
		cmocka_unit_test(checksum_key_and_sequence_are_read),
		cmocka_unit_test(foreign_versions_and_flags_are_refused),
		cmocka_unit_test(checksum_vector), cmocka_unit_test(checksum_of_any_length),
		cmocka_unit_test(checksum_is_mended),
		cmocka_unit_test(ipv4_headers),
		cmocka_unit_test(ipv6_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
