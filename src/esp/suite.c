#include "esp/suite.h"

#include <stdio.h>

static const struct {
	const char *name;
	uint8_t iv, block;
} ciphers[ESP_CIPHER_COUNT] = {
	[ESP_NULL] = { "NULL", 0, 4 },
	[ESP_AES_GCM] = { "AES-GCM", 8, 4 },
	[ESP_AES_GMAC] = { "AES-GMAC", 8, 4 },
	[ESP_AES_CBC] = { "AES-CBC", 16, 16 },
	[ESP_3DES_CBC] = { "3DES-CBC", 8, 8 },
};

static const struct {
	const char *name;
	uint8_t key, icv;
} auths[ESP_AUTH_COUNT] = {
	[ESP_AUTH_NONE] = { "NONE", 0, 0 },
	[ESP_HMAC_MD5] = { "MD5", 16, 12 },
	[ESP_HMAC_SHA1] = { "SHA1", 20, 12 },
	[ESP_HMAC_SHA256] = { "SHA2-256", 32, 16 },
	[ESP_HMAC_SHA384] = { "SHA2-384", 48, 24 },
	[ESP_HMAC_SHA512] = { "SHA2-512", 64, 32 },
};

static bool is_aes_key(size_t octets)
{
	return octets == 16 || octets == 24 || octets == 32;
}

static bool auth_valid(const struct esp_suite *s)
{
	if (s->auth == ESP_AUTH_NONE || s->auth >= ESP_AUTH_COUNT)
		return false;
	return s->icv_octets == auths[s->auth].icv || (s->auth == ESP_HMAC_SHA256 && s->icv_octets == 12);
}

bool esp_suite_valid(const struct esp_suite *s)
{
	if (s->cipher >= ESP_CIPHER_COUNT)
		return false;
	switch ((enum esp_cipher)s->cipher) {
	case ESP_NULL: return s->key_octets == 0 && auth_valid(s);
	case ESP_AES_GCM:
		return s->auth == ESP_AUTH_NONE && is_aes_key(s->key_octets) &&
		       (s->icv_octets == 8 || s->icv_octets == 12 || s->icv_octets == 16);
	case ESP_AES_GMAC: return s->auth == ESP_AUTH_NONE && is_aes_key(s->key_octets) && s->icv_octets == 16;
	case ESP_AES_CBC: return is_aes_key(s->key_octets) && auth_valid(s);
	case ESP_3DES_CBC: return s->key_octets == 24 && auth_valid(s);
	case ESP_CIPHER_COUNT: break;
	}
	return false;
}

const char *esp_suite_name(const struct esp_suite *s, char out[ESP_SUITE_NAME_MAX])
{
	const unsigned bits = s->key_octets * 8u, icv = s->icv_octets;

	if (!esp_suite_valid(s))
		snprintf(out, ESP_SUITE_NAME_MAX, "-");
	else if (s->cipher == ESP_AES_GCM)
		snprintf(out, ESP_SUITE_NAME_MAX, "%s-%u-%u", ciphers[s->cipher].name, icv, bits);
	else if (s->cipher == ESP_AES_GMAC)
		snprintf(out, ESP_SUITE_NAME_MAX, "%s-%u", ciphers[s->cipher].name, bits);
	else if (s->cipher == ESP_AES_CBC)
		snprintf(out, ESP_SUITE_NAME_MAX, "%s-%u/%s-%u", ciphers[s->cipher].name, bits, auths[s->auth].name,
			 icv * 8);
	else
		snprintf(out, ESP_SUITE_NAME_MAX, "%s/%s-%u", ciphers[s->cipher].name, auths[s->auth].name, icv * 8);
	return out;
}

size_t esp_auth_key_octets(enum esp_auth auth)
{
	return auth < ESP_AUTH_COUNT ? auths[auth].key : 0;
}

size_t esp_iv_octets(enum esp_cipher cipher)
{
	return ciphers[cipher].iv;
}

size_t esp_block_octets(enum esp_cipher cipher)
{
	return ciphers[cipher].block;
}

size_t esp_sealed_octets(const struct esp_suite *s, size_t plain_len)
{
	const size_t block = ciphers[s->cipher].block;
	const size_t text = (plain_len + 2 + block - 1) / block * block;

	return ESP_HEADER + ciphers[s->cipher].iv + text + s->icv_octets;
}

size_t esp_plain_max(const struct esp_suite *s, size_t room)
{
	const size_t block = ciphers[s->cipher].block;
	const size_t fixed = (size_t)ESP_HEADER + ciphers[s->cipher].iv + s->icv_octets;

	if (room < fixed + block)
		return 0;
	return (room - fixed) / block * block - 2;
}
