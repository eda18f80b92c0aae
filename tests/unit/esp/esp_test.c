/* Packets in and out: every length, everything that can be wrong, the ends of all counters. */
#include "fixture.h"

#include "esp/transform.h"

static const enum esp_provider providers[] = { ESP_PROVIDER_BEST, ESP_PROVIDER_OPENSSL };

/* Every suite with both providers, with and without ESN. */
static void for_all(void (*run)(struct ends *e))
{
	for (size_t i = 0; i < 4 * SUITES; i++) {
		struct ends e = ends_make(providers[i & 1], &suites[i / 4], i & 2);

		run(&e);
		ends_free(&e);
	}
}

static void round_trips(struct ends *e)
{
	static uint8_t packet[65536 + ESP_OVERHEAD_MAX];
	const size_t lengths[] = { 0, 1, 2, 3, 13, 14, 15, 16, 17, 64, 100, 1300, 1411, 1412, 9000, 65535 };
	uint64_t bytes = 0;
	struct esp_plain got;

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		const size_t sealed = packet_make(e, lengths[i], packet, sizeof packet);

		assert_int_equal(esp_packet_spi(packet, sealed), e->out.spi);
		assert_int_equal(packet_open(e, packet, sealed, &got), ESP_OK);
		assert_int_equal(got.length, lengths[i]);
		assert_int_equal(got.next_header, 47);
		for (size_t j = 0; j < got.length; j++)
			assert_int_equal(got.bytes[j], (uint8_t)j);
		bytes += lengths[i];
		assert_int_equal(e->in.packets, i + 1);
		assert_int_equal(e->out.packets, i + 1);
	}
	assert_int_equal(e->in.bytes, bytes);
	assert_int_equal(e->out.bytes, bytes);
	assert_int_equal(e->out.used_us, NOW.us);
	assert_int_equal(e->in.used_us, NOW.us);
}

static void test_round_trips(void **state)
{
	(void)state;
	for_all(round_trips);
}

/* Octets that end where a page ends that may not be touched. */
static uint8_t *edge_of(uint8_t *pages, size_t length)
{
	return pages + 8192 - length;
}

static uint8_t *pages_new(void)
{
	uint8_t *at = mmap(NULL, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + 8192, 4096, PROT_NONE), 0);
	return at;
}

static void cut_short(struct ends *e)
{
	uint8_t packet[256], *pages = pages_new(), *plain = pages_new();
	const size_t sealed = packet_make(e, 77, packet, sizeof packet);

	for (size_t length = 0; length < sealed; length++) {
		uint8_t *at = edge_of(pages, length);
		enum esp_drop drop;

		memcpy(at, packet, length);
		drop = packet_open(e, at, length, NULL);
		assert_true(drop == ESP_DROP_SHORT || drop == ESP_DROP_ICV);
	}
	assert_int_equal(e->in.packets, 0);
	memcpy(edge_of(pages, sealed), packet, sealed);
	assert_int_equal(packet_open(e, edge_of(pages, sealed), sealed, NULL), ESP_OK);
	/* Nor does sealing touch more than it may, on either side. */
	for (size_t length = 0; length < 70; length++) {
		const size_t out = esp_sealed_octets(&e->out.suite, length);

		memset(edge_of(plain, length + ESP_TRAILER_ROOM), 1, length + ESP_TRAILER_ROOM);
		assert_int_equal(esp_seal(&e->out, e->key, NOW, 4, edge_of(plain, length + ESP_TRAILER_ROOM), length,
					  edge_of(pages, out), out), ESP_OK);
	}
	munmap(pages, 12288);
	munmap(plain, 12288);
}

static void test_cut_short(void **state)
{
	(void)state;
	for_all(cut_short);
}

/* One bit wrong anywhere: never taken, counted where it belongs, and the true one is taken afterwards. */
static void bit_wrong(struct ends *e)
{
	uint8_t packet[256], copy[256];
	const size_t sealed = packet_make(e, 33, packet, sizeof packet);
	uint64_t icv_drops = 0;

	for (size_t bit = 0; bit < sealed * 8; bit++) {
		enum esp_drop drop;

		memcpy(copy, packet, sealed);
		copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
		drop = packet_open(e, copy, sealed, NULL);
		if (bit < 32)
			assert_int_equal(drop, ESP_DROP_SPI);
		else if (bit == 56) /* sequence number 0 */
			assert_int_equal(drop, ESP_DROP_REPLAY);
		else
			assert_int_equal(drop, ESP_DROP_ICV);
		icv_drops += drop == ESP_DROP_ICV;
	}
	assert_int_equal(e->in.icv_drops, icv_drops);
	assert_int_equal(e->in.replay_drops, 1);
	assert_int_equal(e->in.replay.highest, 0);
	assert_int_equal(packet_open(e, packet, sealed, NULL), ESP_OK);
}

static void test_bit_wrong(void **state)
{
	(void)state;
	for_all(bit_wrong);
}

/* A packet with any text, trailer included, that authenticates. */
static size_t authentic_make(struct ends *e, const uint8_t *text, size_t length, uint8_t *packet)
{
	const size_t before = ESP_HEADER + esp_iv_octets(e->out.suite.cipher);
	const uint32_t head[2] = { htobe32(e->out.spi), htobe32((uint32_t)++e->out.sequence) };
	const struct esp_unit u = { .header = packet, .sequence = e->out.sequence, .esn = e->out.esn, .in = text,
				    .out = packet + before, .length = length, .iv = packet + ESP_HEADER,
				    .icv = packet + before + length };

	memcpy(packet, head, sizeof head);
	e->key->transform->seal(e->key, &u);
	return before + length + e->out.suite.icv_octets;
}

static void padding_wrong(struct ends *e)
{
	uint8_t text[272] = { 0 }, packet[400];
	struct esp_plain got;

	/* Longer than the packet, by one and by all that can be said. */
	text[46] = 47;
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 48, packet), NULL), ESP_DROP_PADDING);
	text[46] = 255;
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 48, packet), NULL), ESP_DROP_PADDING);
	/* As long as the packet but not 1 2 3 …; and right, leaving nothing. */
	for (uint8_t i = 0; i < 46; i++)
		text[i] = (uint8_t)(i + 1);
	text[46] = 46;
	text[20] = 0;
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 48, packet), NULL), ESP_DROP_PADDING);
	text[20] = 21;
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 48, packet), &got), ESP_OK);
	assert_int_equal(got.length, 0);
	/* The longest that a sender may choose. */
	for (unsigned i = 0; i < 255; i++)
		text[15 + i] = (uint8_t)(i + 1);
	text[270] = 255;
	text[271] = 47;
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 272, packet), &got), ESP_OK);
	assert_int_equal(got.length, 15);
	assert_int_equal(e->in.packets, 2);
	/* No text at all. */
	assert_int_equal(packet_open(e, packet, authentic_make(e, text, 0, packet), NULL), ESP_DROP_SHORT);
}

static void test_padding_wrong(void **state)
{
	(void)state;
	for_all(padding_wrong);
}

static void in_place(struct ends *e)
{
	const size_t before = ESP_HEADER + esp_iv_octets(e->out.suite.cipher);
	uint8_t packet[256] = { 0 };
	struct esp_plain got;

	memset(packet + before, 0x5a, 60);
	assert_int_equal(esp_seal(&e->out, e->key, NOW, 41, packet + before, 60, packet, sizeof packet), ESP_OK);
	assert_int_equal(packet_open(e, packet, esp_sealed_octets(&e->out.suite, 60), &got), ESP_OK);
	assert_int_equal(got.length, 60);
	assert_int_equal(got.next_header, 41);
	assert_int_equal(got.bytes[59], 0x5a);
}

static void test_in_place(void **state)
{
	(void)state;
	for_all(in_place);
}

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITES; i++) {
		assert_true(esp_suite_valid(&suites[i]));
		for (size_t room = 0; room < 2000; room++) {
			const size_t most = esp_plain_max(&suites[i], room);

			if (most)
				assert_true(esp_sealed_octets(&suites[i], most) <= room);
			assert_true(esp_sealed_octets(&suites[i], most + 1) > room);
			assert_true(esp_sealed_octets(&suites[i], room) <= room + ESP_OVERHEAD_MAX);
		}
	}
}

static void test_suites(void **state)
{
	const struct esp_suite wrong[] = {
		{ ESP_CIPHER_COUNT, 0, 16, 16 }, { ESP_AES_GCM, ESP_HMAC_SHA1, 16, 16 }, { ESP_AES_GCM, 0, 20, 16 },
		{ ESP_AES_GCM, 0, 16, 4 }, { ESP_AES_GMAC, 0, 16, 12 }, { ESP_AES_CBC, 0, 16, 12 },
		{ ESP_AES_CBC, ESP_AUTH_COUNT, 16, 12 }, { ESP_AES_CBC, ESP_HMAC_SHA1, 16, 20 },
		{ ESP_3DES_CBC, ESP_HMAC_MD5, 16, 12 }, { ESP_NULL, ESP_HMAC_SHA1, 16, 12 }, { ESP_NULL, 0, 0, 0 },
	};
	struct esp_crypto *c = esp_crypto_new(ESP_PROVIDER_BEST);
	const struct esp_keys keys = { { 0 }, { 0 }, { 0 } };
	char name[ESP_SUITE_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		assert_false(esp_suite_valid(&wrong[i]));
		assert_null(esp_key_new(c, &wrong[i], &keys));
	}
	assert_string_equal(esp_suite_name(&suites[0], name), "AES-GCM-16-128");
	assert_string_equal(esp_suite_name(&(struct esp_suite){ ESP_AES_CBC, ESP_HMAC_SHA1, 32, 12 }, name),
			    "AES-CBC-256/SHA1-96");
	assert_string_equal(esp_suite_name(&(struct esp_suite){ ESP_3DES_CBC, ESP_HMAC_MD5, 24, 12 }, name),
			    "3DES-CBC/MD5-96");
	assert_string_equal(esp_suite_name(&(struct esp_suite){ ESP_AES_CBC, ESP_HMAC_SHA512, 32, 32 }, name),
			    "AES-CBC-256/SHA2-512-256");
	esp_crypto_free(c);
}

/* The last number is used, then no more; with ESN the lower half simply goes round. */
static void test_sequence_ends(void **state)
{
	struct ends e = ends_make(ESP_PROVIDER_BEST, &suites[0], false);
	uint8_t plain[8 + ESP_TRAILER_ROOM] = { 0 }, packet[128];

	(void)state;
	e.out.sequence = UINT32_MAX - 1;
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_OK);
	assert_int_equal(e.out.sequence, UINT32_MAX);
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_DROP_EXPIRED);
	assert_int_equal(e.out.sequence, UINT32_MAX);
	e.out.esn = 1;
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_OK);
	assert_int_equal(e.out.sequence, UINT64_C(1) << 32);
	e.out.sequence = UINT64_MAX;
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_DROP_EXPIRED);
	ends_free(&e);
}

/* ESN over the edge of 2^32, late packets from before it, and a sender that is far ahead. */
static void esn_crossing(struct ends *e)
{
	uint8_t packets[40][128];
	size_t length = 0;

	if (!e->out.esn)
		return;
	e->out.sequence = UINT32_MAX - UINT64_C(20);
	e->in.replay.highest = e->out.sequence;
	for (size_t i = 0; i < 40; i++)
		length = packet_make(e, 10, packets[i], sizeof packets[i]);
	assert_int_equal(e->out.sequence >> 32, 1);
	/* From both sides in turn: 20 before the edge and 20 behind it. */
	for (size_t i = 0; i < 20; i++) {
		uint8_t again[128];

		memcpy(again, packets[20 + i], length);
		assert_int_equal(packet_open(e, packets[20 + i], length, NULL), ESP_OK);
		assert_int_equal(packet_open(e, packets[i], length, NULL), ESP_OK);
		assert_int_equal(packet_open(e, again, length, NULL), ESP_DROP_REPLAY);
	}
	assert_int_equal(e->in.replay.highest, e->out.sequence);
	/* Older than the window is taken for the next round, where it does not authenticate. */
	e->out.sequence -= 100;
	length = packet_make(e, 10, packets[0], sizeof packets[0]);
	assert_int_equal(packet_open(e, packets[0], length, NULL), ESP_DROP_ICV);
	/* Almost a whole round was lost. */
	e->out.sequence = e->in.replay.highest + 0xffffff00;
	length = packet_make(e, 10, packets[0], sizeof packets[0]);
	assert_int_equal(packet_open(e, packets[0], length, NULL), ESP_OK);
}

static void test_esn_crossing(void **state)
{
	(void)state;
	for_all(esn_crossing);
}

static void limit_check(struct ends *e, struct esp_sa *sa, struct instant before, struct instant at)
{
	uint8_t packet[128];
	size_t length;

	assert_int_equal(esp_sa_limit(sa, before), ESP_LIMIT_NONE);
	assert_int_equal(esp_sa_limit(sa, at), ESP_LIMIT_SOFT);
	sa->hard = sa->soft;
	assert_int_equal(esp_sa_limit(sa, at), ESP_LIMIT_HARD);
	e->out.hard = ESP_LIFE_NEVER;
	length = packet_make(e, 10, packet, sizeof packet);
	assert_int_equal(esp_open(&e->in, e->key, at, packet, length, &(struct esp_plain){ 0 }), ESP_DROP_EXPIRED);
	sa->soft = sa->hard = ESP_LIFE_NEVER;
}

static void test_limits(void **state)
{
	struct ends e = ends_make(ESP_PROVIDER_BEST, &suites[0], false);
	const struct instant never = { -1 };
	uint8_t packet[128], plain[8 + ESP_TRAILER_ROOM] = { 0 };
	size_t length;

	(void)state;
	length = packet_make(&e, 10, packet, sizeof packet);
	assert_int_equal(packet_open(&e, packet, length, NULL), ESP_OK);
	e.in.soft.deadline_us = NOW.us;
	limit_check(&e, &e.in, never, NOW);
	e.in.soft.packets = 1;
	assert_int_equal(esp_sa_limit(&e.in, never), ESP_LIMIT_SOFT);
	e.in.soft = (struct esp_life){ 1, UINT64_MAX, NOW.us };
	e.in.packets = 0;
	limit_check(&e, &e.in, never, NOW);
	e.in.soft = (struct esp_life){ UINT64_MAX, 11, NOW.us };
	limit_check(&e, &e.in, never, NOW);
	e.out.hard.packets = e.out.packets + 1;
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_OK);
	assert_int_equal(esp_seal(&e.out, e.key, NOW, 47, plain, 8, packet, sizeof packet), ESP_DROP_EXPIRED);
	/* Larval: no key yet. */
	assert_int_equal(esp_seal(&e.out, NULL, NOW, 47, plain, 8, packet, sizeof packet), ESP_DROP_EXPIRED);
	ends_free(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips), cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_bit_wrong),   cmocka_unit_test(test_padding_wrong),
		cmocka_unit_test(test_in_place),    cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_suites),      cmocka_unit_test(test_sequence_ends),
		cmocka_unit_test(test_esn_crossing), cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
