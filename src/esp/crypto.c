/*
 * crypto: the provider chosen for this process, expanded keys of all suites, and unpredictable IVs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#ifdef HAVE_IPSEC_MB
#include <intel-ipsec-mb.h>
#endif
#include <openssl/crypto.h>

#include "esp/transform.h"

enum { RANDOM_OCTETS = 4096, KEY_ALIGNMENT = 64 };

struct esp_crypto {
	struct IMB_MGR *ipsec_mb; /* NULL: OpenSSL */
	const char *name;
	size_t key_room;
	size_t random_used;
	uint8_t random[RANDOM_OCTETS];
};

static void room_for(struct esp_crypto *c, size_t octets)
{
	const size_t room = (octets + KEY_ALIGNMENT - 1) / KEY_ALIGNMENT * KEY_ALIGNMENT;

	if (room > c->key_room)
		c->key_room = room;
}

#ifdef HAVE_IPSEC_MB
static const char *ipsec_mb_name(IMB_ARCH arch)
{
	switch (arch) {
	case IMB_ARCH_SSE: return "ipsec-mb SSE";
	case IMB_ARCH_AVX: return "ipsec-mb AVX";
	case IMB_ARCH_AVX2: return "ipsec-mb AVX2";
	case IMB_ARCH_AVX512: return "ipsec-mb AVX512";
	case IMB_ARCH_NONE:
	case IMB_ARCH_NOAESNI:
	case IMB_ARCH_NUM: break;
	}
	return NULL;
}

static bool ipsec_mb_start(struct esp_crypto *c)
{
	IMB_ARCH arch = IMB_ARCH_NONE;
	IMB_MGR *m = alloc_mb_mgr(0);

	if (!m)
		return false;
	init_mb_mgr_auto(m, &arch);
	if (imb_get_errno(m) == 0 && ipsec_mb_name(arch) && m->gcm128_enc) {
		c->ipsec_mb = m;
		c->name = ipsec_mb_name(arch);
		room_for(c, esp_gcm_ipsec_mb_octets(m));
		return true;
	}
	free_mb_mgr(m);
	return false;
}

static void ipsec_mb_stop(struct esp_crypto *c)
{
	if (c->ipsec_mb)
		free_mb_mgr(c->ipsec_mb);
}
#else
static bool ipsec_mb_start(struct esp_crypto *c)
{
	(void)c;
	return false;
}

static void ipsec_mb_stop(struct esp_crypto *c)
{
	(void)c;
}
#endif

struct esp_crypto *esp_crypto_new(enum esp_provider provider)
{
	struct esp_crypto *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->random_used = RANDOM_OCTETS;
	c->name = "OpenSSL";
	room_for(c, esp_gcm_openssl.size);
	room_for(c, esp_cbc_openssl.size);
	if (provider != ESP_PROVIDER_OPENSSL && !ipsec_mb_start(c) && provider == ESP_PROVIDER_IPSEC_MB) {
		free(c);
		return NULL;
	}
	return c;
}

void esp_crypto_free(struct esp_crypto *c)
{
	if (!c)
		return;
	ipsec_mb_stop(c);
	OPENSSL_cleanse(c->random, sizeof c->random);
	free(c);
}

const char *esp_crypto_name(const struct esp_crypto *c)
{
	return c->name;
}

size_t esp_crypto_key_room(const struct esp_crypto *c)
{
	return c->key_room;
}

struct IMB_MGR *esp_crypto_ipsec_mb(const struct esp_crypto *c)
{
	return c->ipsec_mb;
}

/* A packet must not leave with an IV that could be foreseen: without randomness there is no going on. */
static void random_refill(struct esp_crypto *c)
{
	size_t have = 0;

	while (have < sizeof c->random) {
		const ssize_t got = getrandom(c->random + have, sizeof c->random - have, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			perror("getrandom");
			abort();
		}
		have += (size_t)got;
	}
	c->random_used = 0;
}

void esp_crypto_random(struct esp_crypto *c, uint8_t *out, size_t length)
{
	if (c->random_used + length > sizeof c->random)
		random_refill(c);
	memcpy(out, c->random + c->random_used, length);
	c->random_used += length;
}

size_t esp_aad(const struct esp_unit *u, uint8_t out[12])
{
	const uint32_t upper = (uint32_t)(u->sequence >> 32);

	if (!u->esn) {
		memcpy(out, u->header, 8);
		return 8;
	}
	memcpy(out, u->header, 4);
	out[4] = (uint8_t)(upper >> 24);
	out[5] = (uint8_t)(upper >> 16);
	out[6] = (uint8_t)(upper >> 8);
	out[7] = (uint8_t)upper;
	memcpy(out + 8, u->header + 4, 4);
	return 12;
}

static const struct esp_transform *transform_for(const struct esp_crypto *c, const struct esp_suite *suite)
{
	switch ((enum esp_cipher)suite->cipher) {
	case ESP_AES_GCM:
#ifdef HAVE_IPSEC_MB
		if (c->ipsec_mb)
			return &esp_gcm_ipsec_mb;
#endif
		(void)c;
		return &esp_gcm_openssl;
	case ESP_AES_GMAC: return &esp_gcm_openssl;
	case ESP_NULL:
	case ESP_AES_CBC:
	case ESP_3DES_CBC:
	case ESP_CIPHER_COUNT: break;
	}
	return &esp_cbc_openssl;
}

size_t esp_key_octets(const struct esp_key *k)
{
	return k->transform->outside;
}

int esp_key_init(struct esp_key *k, struct esp_crypto *c, const struct esp_suite *suite, const struct esp_keys *keys)
{
	int error;

	if (!esp_suite_valid(suite))
		return -EINVAL;
	k->transform = transform_for(c, suite);
	k->crypto = c;
	k->icv_octets = suite->icv_octets;
	k->cipher = suite->cipher;
	error = k->transform->init(k, suite, keys);
	if (error)
		esp_key_done(k);
	return error;
}

void esp_key_done(struct esp_key *k)
{
	if (!k->crypto)
		return;
	if (k->transform->done)
		k->transform->done(k);
	OPENSSL_cleanse(k, k->crypto->key_room);
}

struct esp_key *esp_key_new(struct esp_crypto *c, const struct esp_suite *suite, const struct esp_keys *keys)
{
	struct esp_key *k = aligned_alloc(KEY_ALIGNMENT, c->key_room);

	if (!k)
		return NULL;
	memset(k, 0, c->key_room);
	if (esp_key_init(k, c, suite, keys) == 0)
		return k;
	free(k);
	return NULL;
}

void esp_key_free(struct esp_key *k)
{
	if (!k)
		return;
	esp_key_done(k);
	free(k);
}
