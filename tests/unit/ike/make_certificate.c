#include "make_certificate.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static long serial = 1;

static void put_name(X509_NAME *n, const char *type, const char *value)
{
	assert(X509_NAME_add_entry_by_txt(n, type, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1);
}

static void put_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static X509 *begin(EVP_PKEY *key, long from_s, long to_s)
{
	X509 *x = X509_new();

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), from_s || to_s ? from_s : -86400);
	X509_gmtime_adj(X509_getm_notAfter(x), from_s || to_s ? to_s : 86400);
	X509_set_pubkey(x, key);
	return x;
}

struct issuer make_authority(const char *cn, const struct issuer *by)
{
	struct issuer a = { .key = EVP_EC_gen("P-256") };

	a.certificate = begin(a.key, 0, 0);
	put_name(X509_get_subject_name(a.certificate), "CN", cn);
	X509_set_issuer_name(a.certificate, X509_get_subject_name(by ? by->certificate : a.certificate));
	put_extension(a.certificate, NID_basic_constraints, "critical,CA:TRUE");
	assert(X509_sign(a.certificate, by ? by->key : a.key, EVP_sha256()) > 0);
	return a;
}

void issuer_done(struct issuer *a)
{
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
}

static void put_raw_names(X509 *x, const struct subject *s)
{
	ASN1_OCTET_STRING *o = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e;

	ASN1_OCTET_STRING_set(o, s->raw, (int)s->raw_length);
	e = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, o);
	assert(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(o);
}

uint8_t *make_certificate(const struct issuer *by, const struct subject *s, size_t *length)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = begin(key, s->from_s, s->to_s);
	uint8_t *der = NULL;
	int n;

	for (size_t i = 0; s->dn[i]; i += 2)
		put_name(X509_get_subject_name(x), s->dn[i], s->dn[i + 1]);
	X509_set_issuer_name(x, X509_get_subject_name(by->certificate));
	if (s->raw)
		put_raw_names(x, s);
	else if (s->names)
		put_extension(x, NID_subject_alt_name, s->names);
	assert(X509_sign(x, by->key, EVP_sha256()) > 0);
	n = i2d_X509(x, &der);
	assert(n > 0);
	*length = (size_t)n;
	X509_free(x);
	EVP_PKEY_free(key);
	return der;
}

char *make_pem(const X509 *x, size_t *length)
{
	BIO *out = BIO_new(BIO_s_mem());
	char *bytes, *copy;

	assert(PEM_write_bio_X509(out, (X509 *)x) == 1);
	*length = (size_t)BIO_get_mem_data(out, &bytes);
	copy = malloc(*length);
	assert(copy);
	memcpy(copy, bytes, *length);
	BIO_free(out);
	return copy;
}
