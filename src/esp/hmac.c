#include "esp/hmac.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <string.h>

struct hash_kind {
	size_t block, octets;
	void (*begin)(union hash_state *s);
	void (*add)(union hash_state *s, const void *bytes, size_t length);
	void (*end)(union hash_state *s, uint8_t *out);
};

#define HASH_FUNCTIONS(name, member, INIT, UPDATE, FINAL) \
	static void name##_begin(union hash_state *s) { INIT(&s->member); } \
	static void name##_add(union hash_state *s, const void *bytes, size_t n) { UPDATE(&s->member, bytes, n); } \
	static void name##_end(union hash_state *s, uint8_t *out) { FINAL(out, &s->member); }

HASH_FUNCTIONS(md5, md5, MD5_Init, MD5_Update, MD5_Final)
HASH_FUNCTIONS(sha1, sha1, SHA1_Init, SHA1_Update, SHA1_Final)
HASH_FUNCTIONS(sha256, sha256, SHA256_Init, SHA256_Update, SHA256_Final)
HASH_FUNCTIONS(sha384, sha512, SHA384_Init, SHA384_Update, SHA384_Final)
HASH_FUNCTIONS(sha512, sha512, SHA512_Init, SHA512_Update, SHA512_Final)

static const struct hash_kind kinds[ESP_AUTH_COUNT] = {
	[ESP_HMAC_MD5] = { 64, 16, md5_begin, md5_add, md5_end },
	[ESP_HMAC_SHA1] = { 64, 20, sha1_begin, sha1_add, sha1_end },
	[ESP_HMAC_SHA256] = { 64, 32, sha256_begin, sha256_add, sha256_end },
	[ESP_HMAC_SHA384] = { 128, 48, sha384_begin, sha384_add, sha384_end },
	[ESP_HMAC_SHA512] = { 128, 64, sha512_begin, sha512_add, sha512_end },
};

static void pad_begin(const struct hash_kind *kind, union hash_state *s, const uint8_t *key, size_t octets, uint8_t pad)
{
	uint8_t block[128];

	memset(block, pad, sizeof block);
	for (size_t i = 0; i < octets; i++)
		block[i] = key[i] ^ pad;
	kind->begin(s);
	kind->add(s, block, kind->block);
	OPENSSL_cleanse(block, sizeof block);
}

void hmac_init(struct hmac *h, enum esp_auth auth, const uint8_t *key)
{
	assert(auth > ESP_AUTH_NONE && auth < ESP_AUTH_COUNT);
	h->kind = &kinds[auth];
	pad_begin(h->kind, &h->inner, key, esp_auth_key_octets(auth), 0x36);
	pad_begin(h->kind, &h->outer, key, esp_auth_key_octets(auth), 0x5c);
}

void hmac_make(const struct hmac *h, const uint8_t *text, size_t length, const uint8_t *more, size_t more_length,
	       uint8_t out[HMAC_OCTETS_MAX])
{
	union hash_state s = h->inner;

	h->kind->add(&s, text, length);
	if (more)
		h->kind->add(&s, more, more_length);
	h->kind->end(&s, out);
	s = h->outer;
	h->kind->add(&s, out, h->kind->octets);
	h->kind->end(&s, out);
}
