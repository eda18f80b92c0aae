/* make_certificate: certificates for tests, of authorities that are made here too. */
#ifndef DMVPN_TESTS_MAKE_CERTIFICATE_H
#define DMVPN_TESTS_MAKE_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/x509.h>

struct issuer {
	X509 *certificate;
	EVP_PKEY *key;
};

struct issuer make_authority(const char *cn, const struct issuer *by); /* by NULL: its own */
void issuer_done(struct issuer *a);

struct subject {
	const char *dn[8];  /* "CN", "spoke1", … NULL */
	const char *names;  /* as openssl writes subjectAltName: "DNS:a,IP:10.0.0.1"; NULL: none */
	const uint8_t *raw; /* instead: the extension's content */
	size_t raw_length;
	long from_s, to_s;  /* validity, from now; 0 and 0: a day around now */
};

/* DER, malloc'd by OpenSSL (OPENSSL_free). */
uint8_t *make_certificate(const struct issuer *by, const struct subject *s, size_t *length);
char *make_pem(const X509 *x, size_t *length); /* malloc'd */

#endif
