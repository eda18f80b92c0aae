/* algorithm: see algorithm.h. */
#include "xfrm/algorithm.h"

#include <errno.h>
#include <linux/xfrm.h>
#include <stdio.h>
#include <string.h>

static const struct cipher_name {
	const char *name, *short_name;
	enum esp_cipher cipher;
} cipher_names[] = {
	{ "rfc4106(gcm(aes))", NULL, ESP_AES_GCM },
	{ "rfc4543(gcm(aes))", NULL, ESP_AES_GMAC },
	{ "cbc(aes)", "aes", ESP_AES_CBC },
	{ "cbc(des3_ede)", "des3_ede", ESP_3DES_CBC },
	{ "ecb(cipher_null)", "cipher_null", ESP_NULL },
};

static const struct auth_name {
	const char *name, *short_name;
	enum esp_auth auth;
	unsigned bits; /* of the ICV where the message names none */
} auth_names[] = {
	{ "hmac(md5)", "md5", ESP_HMAC_MD5, 96 },
	{ "hmac(sha1)", "sha1", ESP_HMAC_SHA1, 96 },
	{ "hmac(sha256)", "sha256", ESP_HMAC_SHA256, 96 },
	{ "hmac(sha384)", "sha384", ESP_HMAC_SHA384, 192 },
	{ "hmac(sha512)", "sha512", ESP_HMAC_SHA512, 256 },
};

/* Any of the three algorithm attributes. */
struct algorithm {
	char name[ALGORITHM_NAME_MAX];
	unsigned bits; /* of the ICV; 0: not named */
	const uint8_t *key;
	size_t octets;
};

static bool matches(const char *name, const char *full, const char *short_name)
{
	return strcmp(name, full) == 0 || (short_name && strcmp(name, short_name) == 0);
}

static const struct cipher_name *cipher_named(const char *name, bool aead)
{
	for (size_t i = 0; i < sizeof cipher_names / sizeof cipher_names[0]; i++) {
		bool is_aead = cipher_names[i].cipher == ESP_AES_GCM || cipher_names[i].cipher == ESP_AES_GMAC;

		if (is_aead == aead && matches(name, cipher_names[i].name, cipher_names[i].short_name))
			return &cipher_names[i];
	}
	return NULL;
}

static const char *cipher_full_name(uint8_t cipher)
{
	for (size_t i = 0; i < sizeof cipher_names / sizeof cipher_names[0]; i++)
		if (cipher_names[i].cipher == (enum esp_cipher)cipher)
			return cipher_names[i].name;
	return "";
}

static const struct auth_name *auth_named(const char *name)
{
	for (size_t i = 0; i < sizeof auth_names / sizeof auth_names[0]; i++)
		if (matches(name, auth_names[i].name, auth_names[i].short_name))
			return &auth_names[i];
	return NULL;
}

/* Reads struct xfrm_algo (head: without ICV length), xfrm_algo_auth or xfrm_algo_aead. */
static bool read_algorithm(const struct netlink_attribute *a, size_t head, struct algorithm *out)
{
	uint32_t key_bits, icv_bits = 0;

	if (a->length < head)
		return false;
	memcpy(out->name, a->bytes, sizeof out->name);
	if (!memchr(out->name, '\0', sizeof out->name))
		return false;
	memcpy(&key_bits, a->bytes + ALGORITHM_NAME_MAX, sizeof key_bits);
	if (head > ALGORITHM_NAME_MAX + sizeof key_bits)
		memcpy(&icv_bits, a->bytes + ALGORITHM_NAME_MAX + sizeof key_bits, sizeof icv_bits);
	if (key_bits % 8 != 0 || key_bits / 8 > a->length - head || icv_bits % 8 != 0 || icv_bits > 8 * ESP_AUTH_KEY_MAX)
		return false;
	out->bits = icv_bits;
	out->key = a->bytes + head;
	out->octets = key_bits / 8;
	return true;
}

static int refuse(struct algorithm_refusal *refusal, int error, const char *what, const char *name, unsigned bits)
{
	refusal->what = what;
	if (bits)
		snprintf(refusal->name, sizeof refusal->name, "%s/%u", name, bits);
	else
		snprintf(refusal->name, sizeof refusal->name, "%s", name);
	return error;
}

static int read_aead(const struct netlink_attribute *a, struct esp_suite *suite, struct esp_keys *keys,
		     struct algorithm_refusal *refusal)
{
	struct algorithm algorithm;
	const struct cipher_name *name;

	if (!read_algorithm(a, sizeof(struct xfrm_algo_aead), &algorithm))
		return -EINVAL;
	name = cipher_named(algorithm.name, true);
	if (!name)
		return refuse(refusal, -ENOSYS, "AEAD algorithm", algorithm.name, 0);
	if (algorithm.octets <= ESP_SALT || algorithm.octets - ESP_SALT > ESP_KEY_MAX)
		return -EINVAL;
	suite->cipher = (uint8_t)name->cipher;
	suite->auth = ESP_AUTH_NONE;
	suite->key_octets = (uint8_t)(algorithm.octets - ESP_SALT);
	suite->icv_octets = (uint8_t)(algorithm.bits / 8);
	memcpy(keys->cipher, algorithm.key, suite->key_octets);
	memcpy(keys->salt, algorithm.key + suite->key_octets, ESP_SALT);
	if (!esp_suite_valid(suite))
		return refuse(refusal, -EOPNOTSUPP, "AEAD algorithm", algorithm.name, algorithm.bits);
	return 0;
}

static int read_cipher(const struct netlink_attribute *a, struct esp_suite *suite, struct esp_keys *keys,
		       struct algorithm_refusal *refusal)
{
	struct algorithm algorithm;
	const struct cipher_name *name;

	if (!read_algorithm(a, sizeof(struct xfrm_algo), &algorithm))
		return -EINVAL;
	name = cipher_named(algorithm.name, false);
	if (!name)
		return refuse(refusal, -ENOSYS, "encryption algorithm", algorithm.name, 0);
	if (algorithm.octets > ESP_KEY_MAX)
		return -EINVAL;
	suite->cipher = (uint8_t)name->cipher;
	suite->key_octets = (uint8_t)algorithm.octets;
	memcpy(keys->cipher, algorithm.key, algorithm.octets);
	return 0;
}

static int read_auth(const struct netlink_attribute *a, size_t head, struct esp_suite *suite, struct esp_keys *keys,
		     struct algorithm_refusal *refusal)
{
	struct algorithm algorithm;
	const struct auth_name *name;
	unsigned bits;

	if (!read_algorithm(a, head, &algorithm))
		return -EINVAL;
	name = auth_named(algorithm.name);
	if (!name)
		return refuse(refusal, -ENOSYS, "integrity algorithm", algorithm.name, 0);
	if (algorithm.octets != esp_auth_key_octets(name->auth))
		return -EINVAL;
	bits = algorithm.bits ? algorithm.bits : name->bits;
	suite->auth = (uint8_t)name->auth;
	suite->icv_octets = (uint8_t)(bits / 8);
	memcpy(keys->auth, algorithm.key, algorithm.octets);
	if (!esp_suite_valid(suite))
		return refuse(refusal, -EOPNOTSUPP, "integrity algorithm", algorithm.name, bits);
	return 0;
}

int algorithm_read(const struct netlink_attributes *a, struct esp_suite *suite, struct esp_keys *keys,
		   struct algorithm_refusal *refusal)
{
	int error;

	memset(suite, 0, sizeof *suite);
	memset(keys, 0, sizeof *keys);
	refusal->what = NULL;
	if (a->at[XFRMA_ALG_COMP].bytes)
		return refuse(refusal, -EOPNOTSUPP, "compression", "IPComp", 0);
	if (a->at[XFRMA_ALG_AEAD].bytes)
		return read_aead(&a->at[XFRMA_ALG_AEAD], suite, keys, refusal);
	if (!a->at[XFRMA_ALG_CRYPT].bytes)
		return -EINVAL;
	error = read_cipher(&a->at[XFRMA_ALG_CRYPT], suite, keys, refusal);
	if (error)
		return error;
	if (a->at[XFRMA_ALG_AUTH_TRUNC].bytes)
		return read_auth(&a->at[XFRMA_ALG_AUTH_TRUNC], sizeof(struct xfrm_algo_auth), suite, keys, refusal);
	if (a->at[XFRMA_ALG_AUTH].bytes)
		return read_auth(&a->at[XFRMA_ALG_AUTH], sizeof(struct xfrm_algo), suite, keys, refusal);
	return refuse(refusal, -EOPNOTSUPP, "encryption without integrity", cipher_full_name(suite->cipher), 0);
}

static const char *auth_full_name(uint8_t auth)
{
	for (size_t i = 0; i < sizeof auth_names / sizeof auth_names[0]; i++)
		if (auth_names[i].auth == (enum esp_auth)auth)
			return auth_names[i].name;
	return "";
}

static void write_aead(struct netlink_writer *w, const struct esp_suite *suite, const struct esp_keys *keys)
{
	struct xfrm_algo_aead head = {
		.alg_key_len = 8u * (suite->key_octets + ESP_SALT), .alg_icv_len = 8u * suite->icv_octets,
	};
	uint8_t key[ESP_KEY_MAX + ESP_SALT];

	snprintf(head.alg_name, sizeof head.alg_name, "%s", cipher_full_name(suite->cipher));
	memcpy(key, keys->cipher, suite->key_octets);
	memcpy(key + suite->key_octets, keys->salt, ESP_SALT);
	netlink_put_attribute2(w, XFRMA_ALG_AEAD, &head, sizeof head, key, (size_t)suite->key_octets + ESP_SALT);
	explicit_bzero(key, sizeof key);
}

void algorithm_write(struct netlink_writer *w, const struct esp_suite *suite, const struct esp_keys *keys)
{
	struct xfrm_algo cipher = { .alg_key_len = 8u * suite->key_octets };
	struct xfrm_algo_auth auth = { .alg_trunc_len = 8u * suite->icv_octets };
	size_t auth_octets = esp_auth_key_octets(suite->auth);

	if (suite->auth == ESP_AUTH_NONE) {
		write_aead(w, suite, keys);
		return;
	}
	auth.alg_key_len = 8u * (unsigned)auth_octets;
	snprintf(cipher.alg_name, sizeof cipher.alg_name, "%s", cipher_full_name(suite->cipher));
	snprintf(auth.alg_name, sizeof auth.alg_name, "%s", auth_full_name(suite->auth));
	netlink_put_attribute2(w, XFRMA_ALG_CRYPT, &cipher, sizeof cipher, keys->cipher, suite->key_octets);
	netlink_put_attribute2(w, XFRMA_ALG_AUTH_TRUNC, &auth, sizeof auth, keys->auth, auth_octets);
}
