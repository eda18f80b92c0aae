/*
 * cbc_openssl: AES-CBC (RFC 3602), 3DES-CBC (RFC 2451) and NULL (RFC 2410), authenticated by an
 * HMAC over header, IV, ciphertext and, with ESN, the upper half of the sequence number (RFC 4303 §2.8).
 */
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "esp/hmac.h"
#include "esp/transform.h"

struct cbc_key {
	struct esp_key key;
	EVP_CIPHER_CTX *seal, *open; /* NULL: cipher NULL */
	struct hmac hmac;
};

static struct cbc_key *cbc_of(struct esp_key *k)
{
	return (struct cbc_key *)(void *)k;
}

static const EVP_CIPHER *cipher_of(const struct esp_suite *suite)
{
	if (suite->cipher == ESP_3DES_CBC)
		return EVP_des_ede3_cbc();
	switch (suite->key_octets) {
	case 16: return EVP_aes_128_cbc();
	case 24: return EVP_aes_192_cbc();
	default: return EVP_aes_256_cbc();
	}
}

static int cbc_init(struct esp_key *k, const struct esp_suite *suite, const struct esp_keys *keys)
{
	struct cbc_key *b = cbc_of(k);

	hmac_init(&b->hmac, suite->auth, keys->auth);
	if (suite->cipher == ESP_NULL)
		return 0;
	b->seal = EVP_CIPHER_CTX_new();
	b->open = EVP_CIPHER_CTX_new();
	if (!b->seal || !b->open || EVP_EncryptInit_ex(b->seal, cipher_of(suite), NULL, keys->cipher, NULL) != 1 ||
	    EVP_DecryptInit_ex(b->open, cipher_of(suite), NULL, keys->cipher, NULL) != 1)
		return -ENOMEM;
	/* ESP pads by its own rule. */
	EVP_CIPHER_CTX_set_padding(b->seal, 0);
	EVP_CIPHER_CTX_set_padding(b->open, 0);
	return 0;
}

static void cbc_done(struct esp_key *k)
{
	EVP_CIPHER_CTX_free(cbc_of(k)->seal);
	EVP_CIPHER_CTX_free(cbc_of(k)->open);
}

static void icv_make(struct esp_key *k, const struct esp_unit *u, uint8_t icv[HMAC_OCTETS_MAX])
{
	const uint32_t upper = __builtin_bswap32((uint32_t)(u->sequence >> 32));
	const size_t length = (size_t)(u->icv - u->header);

	hmac_make(&cbc_of(k)->hmac, u->header, length, u->esn ? (const uint8_t *)&upper : NULL, sizeof upper, icv);
}

static bool cbc_run(EVP_CIPHER_CTX *c, const struct esp_unit *u)
{
	int got;

	if (!c) {
		if (u->out != u->in)
			memcpy(u->out, u->in, u->length);
		return true;
	}
	return u->length <= INT_MAX && EVP_CipherInit_ex(c, NULL, NULL, NULL, u->iv, -1) == 1 &&
	       EVP_CipherUpdate(c, u->out, &got, u->in, (int)u->length) == 1 && (size_t)got == u->length;
}

static void cbc_seal(struct esp_key *k, const struct esp_unit *u)
{
	uint8_t icv[HMAC_OCTETS_MAX];

	esp_crypto_random(k->crypto, u->iv, esp_iv_octets(k->cipher));
	if (!cbc_run(cbc_of(k)->seal, u)) /* rather a packet that nobody can read than one that anybody can */
		memset(u->out, 0, u->length);
	icv_make(k, u, icv);
	memcpy(u->icv, icv, k->icv_octets);
}

static bool cbc_open(struct esp_key *k, const struct esp_unit *u)
{
	uint8_t icv[HMAC_OCTETS_MAX];

	icv_make(k, u, icv);
	return CRYPTO_memcmp(icv, u->icv, k->icv_octets) == 0 && cbc_run(cbc_of(k)->open, u);
}

const struct esp_transform esp_cbc_openssl = { sizeof(struct cbc_key), 1536, cbc_init, cbc_done, cbc_seal,
						cbc_open };
