/*
 * gcm_openssl: AES-GCM (RFC 4106) and AES-GMAC (RFC 4543) by OpenSSL. With GMAC the text is not encrypted:
 * header, IV and text are all additional data.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

#include "esp/transform.h"

struct ssl_key {
	struct esp_key key;
	uint8_t salt[ESP_SALT];
	EVP_CIPHER_CTX *seal, *open;
};

static struct ssl_key *ssl_of(struct esp_key *k)
{
	return (struct ssl_key *)(void *)k;
}

static const EVP_CIPHER *cipher_of(const struct esp_suite *suite)
{
	switch (suite->key_octets) {
	case 16: return EVP_aes_128_gcm();
	case 24: return EVP_aes_192_gcm();
	default: return EVP_aes_256_gcm();
	}
}

static int ssl_init(struct esp_key *k, const struct esp_suite *suite, const struct esp_keys *keys)
{
	struct ssl_key *s = ssl_of(k);

	memcpy(s->salt, keys->salt, ESP_SALT);
	s->seal = EVP_CIPHER_CTX_new();
	s->open = EVP_CIPHER_CTX_new();
	if (!s->seal || !s->open || EVP_EncryptInit_ex(s->seal, cipher_of(suite), NULL, keys->cipher, NULL) != 1 ||
	    EVP_DecryptInit_ex(s->open, cipher_of(suite), NULL, keys->cipher, NULL) != 1)
		return -ENOMEM;
	return 0;
}

static void ssl_done(struct esp_key *k)
{
	EVP_CIPHER_CTX_free(ssl_of(k)->seal);
	EVP_CIPHER_CTX_free(ssl_of(k)->open);
}

/* Nothing below can fail with lengths of packets; that it did not is still looked at, by the ICV
 * when opening and by `ok` when sealing. */
static bool feed(EVP_CIPHER_CTX *c, uint8_t *out, const uint8_t *in, size_t length)
{
	int got;

	return length == 0 || (length <= INT_MAX && EVP_CipherUpdate(c, out, &got, in, (int)length) == 1);
}

static bool text_feed(struct esp_key *k, EVP_CIPHER_CTX *c, const struct esp_unit *u)
{
	const uint8_t *iv = u->iv;
	uint8_t nonce[12], aad[12];
	bool ok;

	memcpy(nonce, ssl_of(k)->salt, ESP_SALT);
	memcpy(nonce + ESP_SALT, iv, 8);
	ok = EVP_CipherInit_ex(c, NULL, NULL, NULL, nonce, -1) == 1 && feed(c, NULL, aad, esp_aad(u, aad));
	if (k->cipher == ESP_AES_GCM)
		return ok && feed(c, u->out, u->in, u->length);
	if (u->out != u->in)
		memcpy(u->out, u->in, u->length);
	return ok && feed(c, NULL, iv, 8) && feed(c, NULL, u->in, u->length);
}

static void ssl_seal(struct esp_key *k, const struct esp_unit *u)
{
	const uint64_t iv = __builtin_bswap64(u->sequence);
	EVP_CIPHER_CTX *c = ssl_of(k)->seal;
	uint8_t rest[16];
	int got;
	bool ok;

	memcpy(u->iv, &iv, sizeof iv);
	ok = text_feed(k, c, u) && EVP_CipherFinal_ex(c, rest, &got) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, k->icv_octets, u->icv) == 1;
	if (!ok) /* rather a packet that nobody can read than one that anybody can */
		memset(u->out, 0, u->length + k->icv_octets);
}

static bool ssl_open(struct esp_key *k, const struct esp_unit *u)
{
	EVP_CIPHER_CTX *c = ssl_of(k)->open;
	uint8_t rest[16];
	int got;

	return text_feed(k, c, u) && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, k->icv_octets, u->icv) == 1 &&
	       EVP_CipherFinal_ex(c, rest, &got) == 1;
}

const struct esp_transform esp_gcm_openssl = { sizeof(struct ssl_key), 1536, ssl_init, ssl_done, ssl_seal,
						ssl_open };
