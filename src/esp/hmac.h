/*
 * hmac: HMAC (RFC 2104) with the key's two blocks hashed beforehand, so that a packet costs no more
 * than its own octets and one block, and no memory is allocated. Internal to this folder.
 */
#ifndef DMVPN_ESP_HMAC_H
#define DMVPN_ESP_HMAC_H

/* OpenSSL's newer interface allocates memory each time a hash begins; this one does not. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "esp/suite.h"

enum { HMAC_OCTETS_MAX = 64 };

union hash_state {
	MD5_CTX md5;
	SHA_CTX sha1;
	SHA256_CTX sha256;
	SHA512_CTX sha512; /* SHA-384 too */
};

struct hmac {
	const struct hash_kind *kind;
	union hash_state inner, outer;
};

/* auth is not NONE; key has esp_auth_key_octets() octets. */
void hmac_init(struct hmac *h, enum esp_auth auth, const uint8_t *key);
/* Over `text` and then `more` (NULL: none). Writes the whole HMAC. */
void hmac_make(const struct hmac *h, const uint8_t *text, size_t length, const uint8_t *more, size_t more_length,
	       uint8_t out[HMAC_OCTETS_MAX]);

#endif
