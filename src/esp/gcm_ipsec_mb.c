/*
 * gcm_ipsec_mb: AES-GCM by intel-ipsec-mb, one call per packet (RFC 4106).
 */
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stddef.h>
#include <string.h>

#include "esp/transform.h"

struct mb_key {
	struct esp_key key;
	uint8_t salt[ESP_SALT];
	aes_gcm_enc_dec_t encrypt, decrypt;
	struct gcm_key_data expanded __attribute__((aligned(64)));
};

static struct mb_key *mb_of(struct esp_key *k)
{
	return (struct mb_key *)(void *)k;
}

static int mb_init(struct esp_key *k, const struct esp_suite *suite, const struct esp_keys *keys)
{
	const IMB_MGR *m = esp_crypto_ipsec_mb(k->crypto);
	struct mb_key *b = mb_of(k);

	memcpy(b->salt, keys->salt, ESP_SALT);
	switch (suite->key_octets) {
	case IMB_GCM_128_KEY_LEN:
		m->gcm128_pre(keys->cipher, &b->expanded);
		b->encrypt = m->gcm128_enc;
		b->decrypt = m->gcm128_dec;
		break;
	case IMB_GCM_192_KEY_LEN:
		m->gcm192_pre(keys->cipher, &b->expanded);
		b->encrypt = m->gcm192_enc;
		b->decrypt = m->gcm192_dec;
		break;
	default:
		m->gcm256_pre(keys->cipher, &b->expanded);
		b->encrypt = m->gcm256_enc;
		b->decrypt = m->gcm256_dec;
		break;
	}
	return 0;
}

/* Written over all zeros and over all ones an octet that it fills in comes out the same. */
static size_t expanded_end(aes_gcm_pre_t pre)
{
	static const uint8_t key[IMB_GCM_256_KEY_LEN] = { 1 };
	struct gcm_key_data over[2] __attribute__((aligned(64)));
	const uint8_t *a = (const uint8_t *)&over[0], *b = (const uint8_t *)&over[1];
	size_t end = sizeof over[0];

	memset(&over[0], 0, sizeof over[0]);
	memset(&over[1], 0xff, sizeof over[1]);
	pre(key, &over[0]);
	pre(key, &over[1]);
	while (end > 0 && a[end - 1] != b[end - 1])
		end--;
	return end;
}

/* The library's type has room for what the widest processor precomputes; most need a third of it. */
size_t esp_gcm_ipsec_mb_octets(const IMB_MGR *m)
{
	const aes_gcm_pre_t all[] = { m->gcm128_pre, m->gcm192_pre, m->gcm256_pre };
	size_t end = 0;

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const size_t one = expanded_end(all[i]);

		end = one > end ? one : end;
	}
	return offsetof(struct mb_key, expanded) + end;
}

static void nonce_make(const struct mb_key *b, const uint8_t *iv, uint8_t nonce[IMB_GCM_IV_DATA_LEN])
{
	memcpy(nonce, b->salt, ESP_SALT);
	memcpy(nonce + ESP_SALT, iv, 8);
}

/* The IV is the sequence number: it never repeats under one key (RFC 4106 §3.1). */
static void mb_seal(struct esp_key *k, const struct esp_unit *u)
{
	const uint64_t iv = __builtin_bswap64(u->sequence);
	uint8_t nonce[IMB_GCM_IV_DATA_LEN], aad[12];
	struct mb_key *b = mb_of(k);
	struct gcm_context_data context;

	memcpy(u->iv, &iv, sizeof iv);
	nonce_make(b, u->iv, nonce);
	b->encrypt(&b->expanded, &context, u->out, u->in, u->length, nonce, aad, esp_aad(u, aad), u->icv, k->icv_octets);
}

static bool mb_open(struct esp_key *k, const struct esp_unit *u)
{
	uint8_t nonce[IMB_GCM_IV_DATA_LEN], aad[12], icv[16];
	struct mb_key *b = mb_of(k);
	struct gcm_context_data context;

	nonce_make(b, u->iv, nonce);
	b->decrypt(&b->expanded, &context, u->out, u->in, u->length, nonce, aad, esp_aad(u, aad), icv, k->icv_octets);
	return CRYPTO_memcmp(icv, u->icv, k->icv_octets) == 0;
}

const struct esp_transform esp_gcm_ipsec_mb = { sizeof(struct mb_key), 0, mb_init, NULL, mb_seal, mb_open };
