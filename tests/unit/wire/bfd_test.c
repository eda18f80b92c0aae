/* The BFD control packet: every bit there and back, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "wire/bfd.h"

static const struct bfd_packet sample = {
	.diag = BFD_DIAG_NEIGHBOUR_DOWN, .state = BFD_INIT, .poll = true, .control_independent = true, .multiplier = 3,
	.length = 24, .my_discriminator = 0x01020304, .your_discriminator = 0xa1a2a3a4, .desired_min_tx_us = 50000,
	.required_min_rx_us = 60000, .required_min_echo_us = 7,
};

static const uint8_t sample_bytes[BFD_PACKET_OCTETS] = {
	0x23, 0xa8, 3, 24, 1, 2, 3, 4, 0xa1, 0xa2, 0xa3, 0xa4, 0, 0, 0xc3, 0x50, 0, 0, 0xea, 0x60, 0, 0, 0, 7,
};

static void test_bytes(void **state)
{
	uint8_t out[BFD_PACKET_OCTETS];
	struct bfd_packet p;

	(void)state;
	bfd_packet_encode(&sample, out);
	assert_memory_equal(out, sample_bytes, sizeof out);
	assert_int_equal(bfd_packet_decode(out, sizeof out, &p), BFD_PACKET_DROP_NONE);
	assert_int_equal(p.diag, sample.diag);
	assert_int_equal(p.state, sample.state);
	assert_int_equal(p.multiplier, sample.multiplier);
	assert_int_equal(p.length, sample.length);
	assert_int_equal(p.my_discriminator, sample.my_discriminator);
	assert_int_equal(p.your_discriminator, sample.your_discriminator);
	assert_int_equal(p.desired_min_tx_us, sample.desired_min_tx_us);
	assert_int_equal(p.required_min_rx_us, sample.required_min_rx_us);
	assert_int_equal(p.required_min_echo_us, sample.required_min_echo_us);
	assert_true(p.poll && p.control_independent);
	assert_false(p.final || p.demand || p.authenticated);
}

static void test_flags(void **state)
{
	static const uint8_t bits[] = { 0x20, 0x10, 0x08, 0x02 };

	(void)state;
	for (size_t i = 0; i < sizeof bits; i++) {
		uint8_t bytes[BFD_PACKET_OCTETS], again[BFD_PACKET_OCTETS];
		struct bfd_packet p;

		memcpy(bytes, sample_bytes, sizeof bytes);
		bytes[1] = (uint8_t)(BFD_UP << 6 | bits[i]);
		assert_int_equal(bfd_packet_decode(bytes, sizeof bytes, &p), BFD_PACKET_DROP_NONE);
		assert_int_equal(p.poll, i == 0);
		assert_int_equal(p.final, i == 1);
		assert_int_equal(p.control_independent, i == 2);
		assert_int_equal(p.demand, i == 3);
		bfd_packet_encode(&p, again);
		assert_memory_equal(bytes, again, sizeof again);
	}
}

/* The sample with one octet changed, and cut to or filled up to `length`. */
static enum bfd_packet_drop with(size_t at, uint8_t value, size_t length)
{
	uint8_t bytes[64] = { 0 };
	struct bfd_packet p;

	memcpy(bytes, sample_bytes, sizeof sample_bytes);
	bytes[at] = value;
	return bfd_packet_decode(bytes, length, &p);
}

static void test_refusals(void **state)
{
	(void)state;
	for (size_t length = 0; length < BFD_PACKET_OCTETS; length++)
		assert_int_equal(with(0, sample_bytes[0], length), BFD_PACKET_DROP_SHORT);
	assert_int_equal(with(0, 0x03, 24), BFD_PACKET_DROP_VERSION);
	assert_int_equal(with(0, 0x43, 24), BFD_PACKET_DROP_VERSION);
	assert_int_equal(with(3, 23, 24), BFD_PACKET_DROP_LENGTH);
	assert_int_equal(with(3, 25, 24), BFD_PACKET_DROP_PAYLOAD);
	assert_int_equal(with(3, 24, 40), BFD_PACKET_DROP_NONE);
	assert_int_equal(with(2, 0, 24), BFD_PACKET_DROP_MULTIPLIER);
	assert_int_equal(with(1, 0xa9, 24), BFD_PACKET_DROP_MULTIPOINT);
	assert_int_equal(with(1, 0xac, 24), BFD_PACKET_DROP_LENGTH);
}

static void test_discriminator(void **state)
{
	uint8_t bytes[BFD_PACKET_OCTETS];
	struct bfd_packet p;

	(void)state;
	memcpy(bytes, sample_bytes, sizeof bytes);
	memset(bytes + 4, 0, 4);
	assert_int_equal(bfd_packet_decode(bytes, sizeof bytes, &p), BFD_PACKET_DROP_DISCRIMINATOR);
}

/* Only its length counts: 2 octets at least, and inside what the packet says of itself. */
static void test_authentication(void **state)
{
	uint8_t bytes[40] = { 0 };
	struct bfd_packet p;

	(void)state;
	memcpy(bytes, sample_bytes, sizeof sample_bytes);
	bytes[1] |= 0x04;
	for (unsigned length = 26; length <= 40; length++)
		for (unsigned auth = 0; auth < 20; auth++) {
			const bool fits = auth >= 2 && 24 + auth <= length;

			bytes[3] = (uint8_t)length;
			bytes[25] = (uint8_t)auth;
			assert_int_equal(bfd_packet_decode(bytes, sizeof bytes, &p),
					 fits ? BFD_PACKET_DROP_NONE : BFD_PACKET_DROP_AUTH_LENGTH);
			assert_true(!fits || p.authenticated);
		}
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(bfd_state_text(BFD_ADMIN_DOWN), "AdminDown");
	assert_string_equal(bfd_state_text(9), "unknown");
	assert_string_equal(bfd_diag_text(BFD_DIAG_TIMEOUT), "control detection time expired");
	assert_string_equal(bfd_diag_text(31), "unknown");
	assert_string_equal(bfd_packet_drop_text(BFD_PACKET_DROP_MULTIPOINT), "BFD multipoint bit set");
	assert_string_equal(bfd_packet_drop_text(BFD_PACKET_DROP_COUNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_flags), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_discriminator), cmocka_unit_test(test_authentication), cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
