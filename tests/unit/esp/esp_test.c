/* What goes in comes out, for every suite, and the table hands SAs over to the next process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "esp/esp.h"
#include "esp/sa_table.h"

static const struct esp_suite suites[] = {
	{ ESP_AES_GCM, 0, 16, 16 }, { ESP_AES_GCM, 0, 24, 12 }, { ESP_AES_GCM, 0, 32, 8 }, { ESP_AES_GMAC, 0, 16, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 }, { ESP_AES_CBC, ESP_HMAC_SHA256, 32, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA384, 24, 24 }, { ESP_AES_CBC, ESP_HMAC_SHA512, 32, 32 },
	{ ESP_3DES_CBC, ESP_HMAC_MD5, 24, 12 }, { ESP_NULL, ESP_HMAC_SHA1, 0, 12 },
};
enum { SUITES = sizeof suites / sizeof suites[0] };
static const struct instant NOW = { 1000000 };

static struct esp_sa sa_make(const struct esp_suite *suite, bool inbound)
{
	struct esp_sa sa = { .spi = 0xc0001234, .inbound = inbound, .phase = ESP_PHASE_LIVE, .suite = *suite,
			     .soft = ESP_LIFE_NEVER, .hard = ESP_LIFE_NEVER, .replay = { .window = 64 } };

	memset(sa.keys.cipher, 0x11, suite->key_octets);
	memset(sa.keys.salt, 0x22, ESP_SALT);
	memset(sa.keys.auth, 0x33, esp_auth_key_octets(suite->auth));
	return sa;
}

static void round_trip(struct esp_crypto *c, const struct esp_suite *suite)
{
	struct esp_sa out = sa_make(suite, false), in = sa_make(suite, true);
	struct esp_key *k = esp_key_new(c, suite, &out.keys);
	uint8_t plain[2048 + ESP_TRAILER_ROOM], packet[4096];
	struct esp_plain got;

	assert_non_null(k);
	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (uint8_t)i;
	for (size_t length = 0; length < 100; length++) {
		const size_t sealed = esp_sealed_octets(suite, length);

		assert_int_equal(esp_seal(&out, k, NOW, 47, plain, length, packet, sealed), ESP_OK);
		assert_int_equal(esp_open(&in, k, NOW, packet, sealed, &got), ESP_OK);
		assert_int_equal(got.length, length);
		assert_int_equal(got.next_header, 47);
		assert_memory_equal(got.bytes, plain, length);
		assert_int_equal(plain[length + 1], (uint8_t)(length + 1));
	}
	assert_int_equal(in.packets, 100);
	assert_int_equal(out.sequence, 100);
	esp_key_free(k);
}

static void test_round_trips(void **state)
{
	(void)state;
	for (enum esp_provider p = ESP_PROVIDER_BEST; p <= ESP_PROVIDER_OPENSSL; p++) {
		struct esp_crypto *c = esp_crypto_new(p);

		for (size_t i = 0; i < SUITES; i++)
			round_trip(c, &suites[i]);
		esp_crypto_free(c);
	}
}

static void test_handed_over(void **state)
{
	const struct sa_table_layout layout = { .capacity = 64, .second_size = 16, .second_capacity = 64 };
	struct esp_crypto *c = esp_crypto_new(ESP_PROVIDER_BEST);
	const int fd = memfd_create("sa", MFD_CLOEXEC);
	char reason[SA_TABLE_REASON_MAX];
	struct sa_table *t;
	struct esp_sa *sa, made = sa_make(&suites[0], false);

	(void)state;
	assert_int_equal(sa_table_open(&t, fd, &layout, c, reason), 0);
	assert_string_equal(reason, "");
	sa = sa_table_take(t);
	*sa = made;
	sa->sequence = 7;
	assert_int_equal(sa_table_publish(t, sa), 0);
	assert_null(sa_table_inbound(t, made.spi));
	sa_table_close(t);
	assert_int_equal(sa_table_open(&t, fd, &layout, c, reason), 0);
	assert_string_equal(reason, "");
	sa = sa_table_outbound(t, made.spi, &made.remote);
	assert_non_null(sa);
	assert_non_null(sa_table_key(t, sa));
	assert_int_equal(sa->sequence, 7 + SA_TABLE_MARGIN);
	sa_table_close(t);
	close(fd);
	esp_crypto_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
