/* What the tests of ESP share: suites, SAs, and octets at the very edge of readable memory. */
#ifndef TESTS_ESP_FIXTURE_H
#define TESTS_ESP_FIXTURE_H

#include <endian.h>
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
	{ ESP_AES_GCM, ESP_AUTH_NONE, 16, 16 }, { ESP_AES_GCM, ESP_AUTH_NONE, 16, 12 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 16, 8 }, { ESP_AES_GCM, ESP_AUTH_NONE, 24, 16 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 24, 12 }, { ESP_AES_GCM, ESP_AUTH_NONE, 32, 16 },
	{ ESP_AES_GCM, ESP_AUTH_NONE, 32, 8 }, { ESP_AES_GMAC, ESP_AUTH_NONE, 16, 16 },
	{ ESP_AES_GMAC, ESP_AUTH_NONE, 32, 16 }, { ESP_AES_CBC, ESP_HMAC_MD5, 16, 12 },
	{ ESP_AES_CBC, ESP_HMAC_SHA1, 16, 12 }, { ESP_AES_CBC, ESP_HMAC_SHA1, 32, 12 },
	{ ESP_AES_CBC, ESP_HMAC_SHA256, 24, 12 }, { ESP_AES_CBC, ESP_HMAC_SHA256, 32, 16 },
	{ ESP_AES_CBC, ESP_HMAC_SHA384, 24, 24 }, { ESP_AES_CBC, ESP_HMAC_SHA512, 32, 32 },
	{ ESP_3DES_CBC, ESP_HMAC_MD5, 24, 12 }, { ESP_3DES_CBC, ESP_HMAC_SHA1, 24, 12 },
	{ ESP_NULL, ESP_HMAC_SHA1, 0, 12 }, { ESP_NULL, ESP_HMAC_SHA256, 0, 16 },
};
enum { SUITES = sizeof suites / sizeof suites[0] };

static const struct instant NOW = { 1000000 };

/* An SA whose keys are 1 2 3 …, different for each part. */
static inline struct esp_sa sa_make(const struct esp_suite *suite, bool inbound)
{
	struct esp_sa sa = { .spi = 0xc0001234, .inbound = inbound, .phase = ESP_PHASE_LIVE, .suite = *suite,
			     .soft = ESP_LIFE_NEVER, .hard = ESP_LIFE_NEVER, .replay = { .window = 64 } };

	for (uint8_t i = 0; i < suite->key_octets; i++)
		sa.keys.cipher[i] = (uint8_t)(i * 7 + 1);
	for (uint8_t i = 0; i < ESP_SALT && suite->auth == ESP_AUTH_NONE; i++)
		sa.keys.salt[i] = (uint8_t)(0xa0 + i);
	for (uint8_t i = 0; i < esp_auth_key_octets(suite->auth); i++)
		sa.keys.auth[i] = (uint8_t)(0xff - i);
	return sa;
}

/* Both ends of an SA. */
struct ends {
	struct esp_crypto *crypto;
	struct esp_sa out, in;
	struct esp_key *key;
};

static inline struct ends ends_make(enum esp_provider provider, const struct esp_suite *suite, bool esn)
{
	struct ends e = { esp_crypto_new(provider), sa_make(suite, false), sa_make(suite, true), NULL };

	assert_non_null(e.crypto);
	e.out.esn = e.in.esn = esn;
	e.key = esp_key_new(e.crypto, suite, &e.out.keys);
	assert_non_null(e.key);
	return e;
}

static inline void ends_free(struct ends *e)
{
	esp_key_free(e->key);
	esp_crypto_free(e->crypto);
}

/* A packet with payload of `length` octets 0 1 2 …; returns its length. */
static inline size_t packet_make(struct ends *e, size_t length, uint8_t *packet, size_t room)
{
	const size_t sealed = esp_sealed_octets(&e->out.suite, length);
	uint8_t *plain = malloc(length + ESP_TRAILER_ROOM);

	assert_non_null(plain);
	for (size_t i = 0; i < length + ESP_TRAILER_ROOM; i++)
		plain[i] = (uint8_t)i;
	assert_true(sealed <= room);
	assert_int_equal(esp_seal(&e->out, e->key, NOW, 47, plain, length, packet, room), ESP_OK);
	for (size_t i = 0; i < length + ESP_TRAILER_ROOM; i++)
		assert_int_equal(plain[i], (uint8_t)i);
	free(plain);
	return sealed;
}

static inline enum esp_drop packet_open(struct ends *e, uint8_t *packet, size_t length, struct esp_plain *plain)
{
	struct esp_plain unused;

	return esp_open(&e->in, e->key, NOW, packet, length, plain ? plain : &unused);
}

#endif
