/*
 * transform: what the inside of an ESP packet goes through, one table of functions per kind of
 * suite and provider. Internal to this folder.
 */
#ifndef DMVPN_ESP_TRANSFORM_H
#define DMVPN_ESP_TRANSFORM_H

#include "esp/key.h"

/* One packet. text is payload with trailer, a multiple of the block. */
struct esp_unit {
	const uint8_t *header;  /* SPI and sequence number, ESP_HEADER octets */
	uint64_t sequence;
	bool esn;               /* the upper half is authenticated too */
	const uint8_t *in;      /* text: plain when sealing, cipher when opening */
	uint8_t *out;           /* may be `in` */
	size_t length;          /* of the text */
	uint8_t *iv;            /* in the packet, just before the ciphertext */
	uint8_t *icv;           /* in the packet, just behind the ciphertext */
};

/* The first member of every expanded key. */
struct esp_key {
	const struct esp_transform *transform;
	struct esp_crypto *crypto;
	uint8_t icv_octets;
	uint8_t cipher; /* enum esp_cipher */
};

struct esp_transform {
	size_t size; /* of the expanded key, whose first member is struct esp_key */
	size_t outside; /* octets that it holds elsewhere, about */
	/* 0 or -ENOMEM; after an error done() is called too. */
	int (*init)(struct esp_key *k, const struct esp_suite *suite, const struct esp_keys *keys);
	void (*done)(struct esp_key *k); /* frees what lies outside of the key; the key is wiped after it */
	void (*seal)(struct esp_key *k, const struct esp_unit *u); /* writes iv, out and icv */
	bool (*open)(struct esp_key *k, const struct esp_unit *u); /* false: does not authenticate */
};

extern const struct esp_transform esp_gcm_ipsec_mb; /* AES_GCM; only where it is built in */
struct IMB_MGR;
size_t esp_gcm_ipsec_mb_octets(const struct IMB_MGR *m); /* of its expanded keys on this processor; at most .size */
extern const struct esp_transform esp_gcm_openssl;  /* AES_GCM, AES_GMAC */
extern const struct esp_transform esp_cbc_openssl;  /* AES_CBC, 3DES_CBC, NULL, with an HMAC */

/* crypto.c */
/* Octets that any expanded key of this provider takes on this processor, a multiple of 64. */
size_t esp_crypto_key_room(const struct esp_crypto *c);
/* Keys in memory of the caller's, esp_crypto_key_room() octets, aligned to 64 and zeroed. 0, -EINVAL or -ENOMEM. */
int esp_key_init(struct esp_key *k, struct esp_crypto *c, const struct esp_suite *suite, const struct esp_keys *keys);
void esp_key_done(struct esp_key *k); /* wiped; init may have failed, or never been called */
size_t esp_key_octets(const struct esp_key *k); /* of memory outside of its room, about */
struct IMB_MGR *esp_crypto_ipsec_mb(const struct esp_crypto *c);
void esp_crypto_random(struct esp_crypto *c, uint8_t *out, size_t length); /* unpredictable; length <= ESP_IV_MAX */

/* SPI, sequence number, with ESN its upper half between them; returns its length (RFC 4106 §5). */
size_t esp_aad(const struct esp_unit *u, uint8_t out[12]);

#endif
