/*
 * key: expanded keys, private to the process, and who computes with them.
 *
 * AES-GCM is computed by intel-ipsec-mb where it is built in and the processor has what it
 * needs, else by OpenSSL, which also computes all other suites. Both give the same octets.
 */
#ifndef DMVPN_ESP_KEY_H
#define DMVPN_ESP_KEY_H

#include "esp/suite.h"

enum esp_provider {
	ESP_PROVIDER_BEST,
	ESP_PROVIDER_OPENSSL,
	ESP_PROVIDER_IPSEC_MB, /* esp_crypto_new() gives NULL when it is not there */
};

struct esp_crypto;
struct esp_key;

/* One per process, or per thread. NULL: the provider is not there or memory is short. */
struct esp_crypto *esp_crypto_new(enum esp_provider provider);
void esp_crypto_free(struct esp_crypto *c); /* after all its keys; NULL is fine */
const char *esp_crypto_name(const struct esp_crypto *c); /* "ipsec-mb AVX2", "OpenSSL" */

/* NULL: the suite is not valid or memory is short. The crypto must outlive the key. */
struct esp_key *esp_key_new(struct esp_crypto *c, const struct esp_suite *suite, const struct esp_keys *keys);
void esp_key_free(struct esp_key *k); /* wiped; NULL is fine */

#endif
