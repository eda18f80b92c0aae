/*
 * suite: which cipher and which integrity an SA uses, and the arithmetic of its packets.
 *
 *     0                   1                   2                   3
 *    +---------------------------------------------------------------+
 *    |  Security Parameters Index (SPI)                              |
 *    |  Sequence number (lower 32 bits)                              |
 *    +---------------------------------------------------------------+
 *    |  IV: GCM, GMAC 8 octets; AES-CBC 16; 3DES-CBC 8; NULL 0       |
 *    |  Payload, padding 1 2 3 …, pad length (1), next header (1)    |  encrypted
 *    +---------------------------------------------------------------+
 *    |  ICV                                                          |
 *    +---------------------------------------------------------------+
 *
 * RFC 4303; GCM RFC 4106, GMAC RFC 4543, AES-CBC RFC 3602, 3DES-CBC RFC 2451, NULL RFC 2410,
 * HMAC RFC 2403, 2404, 4868. Lengths here begin at the SPI: neither IP nor UDP are counted.
 */
#ifndef DMVPN_ESP_SUITE_H
#define DMVPN_ESP_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum esp_cipher { ESP_NULL, ESP_AES_GCM, ESP_AES_GMAC, ESP_AES_CBC, ESP_3DES_CBC, ESP_CIPHER_COUNT };

enum esp_auth {
	ESP_AUTH_NONE, /* GCM and GMAC bring their own */
	ESP_HMAC_MD5, ESP_HMAC_SHA1, ESP_HMAC_SHA256, ESP_HMAC_SHA384, ESP_HMAC_SHA512,
	ESP_AUTH_COUNT,
};

enum {
	ESP_HEADER = 8,          /* octets: SPI and sequence number */
	ESP_IV_MAX = 16,
	ESP_ICV_MAX = 32,
	ESP_KEY_MAX = 32,        /* of the cipher, without salt */
	ESP_SALT = 4,            /* of GCM and GMAC */
	ESP_AUTH_KEY_MAX = 64,
	ESP_TRAILER_MAX = 17,    /* padding, pad length and next header */
	ESP_OVERHEAD_MAX = ESP_HEADER + ESP_IV_MAX + ESP_TRAILER_MAX + ESP_ICV_MAX,
	ESP_SUITE_NAME_MAX = 32, /* bytes, with the final NUL */
};

struct esp_suite {
	uint8_t cipher;     /* enum esp_cipher */
	uint8_t auth;       /* enum esp_auth */
	uint8_t key_octets; /* of the cipher, without salt */
	uint8_t icv_octets;
};

/* All zeros behind what the suite uses. */
struct esp_keys {
	uint8_t cipher[ESP_KEY_MAX];
	uint8_t salt[ESP_SALT];
	uint8_t auth[ESP_AUTH_KEY_MAX]; /* esp_auth_key_octets() of them */
};

/* One that can be served: GCM with 16, 24 or 32 octets of key and 8, 12 or 16 of ICV; GMAC with
 * 16 of ICV; CBC and NULL with an HMAC of its RFC's length (SHA256 also with 12, as old kernels have it). */
bool esp_suite_valid(const struct esp_suite *s);
/* "AES-GCM-16-128", "AES-CBC-256/SHA1-96", "3DES-CBC/MD5-96"; returns out. */
const char *esp_suite_name(const struct esp_suite *s, char out[ESP_SUITE_NAME_MAX]);

size_t esp_auth_key_octets(enum esp_auth auth); /* that its RFC demands; 0 for NONE */
size_t esp_iv_octets(enum esp_cipher cipher);
size_t esp_block_octets(enum esp_cipher cipher); /* payload and trailer fill a multiple of it */

/* Octets of the ESP packet that carries plain_len octets. */
size_t esp_sealed_octets(const struct esp_suite *s, size_t plain_len);
/* The most octets of plain that fit in a packet of `room` octets; 0 when not even an empty one fits. */
size_t esp_plain_max(const struct esp_suite *s, size_t room);

#endif
