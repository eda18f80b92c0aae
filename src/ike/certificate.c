#include "ike/certificate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "ike/ike_config.h"

enum { SUBJECT_MAX = 1024 };

struct certificate_anchors {
	X509_STORE *store;
};

const char *certificate_fault_text(enum certificate_fault fault)
{
	static const char *const texts[] = {
#define CERTIFICATE_TEXT(name, text) text,
		CERTIFICATE_FAULTS(CERTIFICATE_TEXT)
#undef CERTIFICATE_TEXT
	};

	return texts[fault];
}

bool certificate_fault_proven(enum certificate_fault fault)
{
	return fault != CERTIFICATE_TOO_LARGE && fault != CERTIFICATE_MALFORMED && fault != CERTIFICATE_UNTRUSTED;
}

/* ---- anchors ---- */

/* false: something in it is no certificate. */
static bool add_all(X509_STORE *store, BIO *in)
{
	size_t count = 0;
	X509 *x;

	while ((x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		const bool added = X509_STORE_add_cert(store, x) == 1;

		X509_free(x);
		if (!added)
			return false;
		count++;
	}
	/* What follows the last one is no PEM. */
	return count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

struct certificate_anchors *certificate_anchors_new(const void *pem, size_t length)
{
	struct certificate_anchors *a = alloc_zero(1, sizeof *a);
	BIO *in = length <= INT32_MAX ? BIO_new_mem_buf(pem, (int)length) : NULL;
	bool good;

	ERR_clear_error();
	a->store = X509_STORE_new();
	good = in && a->store && add_all(a->store, in) && X509_STORE_set_flags(a->store, X509_V_FLAG_PARTIAL_CHAIN) == 1;
	BIO_free(in);
	ERR_clear_error();
	if (good)
		return a;
	certificate_anchors_free(a);
	return NULL;
}

void certificate_anchors_free(struct certificate_anchors *a)
{
	if (!a)
		return;
	X509_STORE_free(a->store);
	free(a);
}

/* ---- trust ---- */

static X509 *parse(const struct certificate_bytes *der)
{
	const uint8_t *at = der->bytes;
	X509 *x = der->length > 0 && der->length <= CERTIFICATE_BYTES_MAX ? d2i_X509(NULL, &at, (long)der->length) : NULL;

	if (x && at != der->bytes + der->length) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static enum certificate_fault fault_of(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return CERTIFICATE_NOT_NOW;
	default:
		return CERTIFICATE_UNTRUSTED;
	}
}

static enum certificate_fault judge_chain(const struct certificate_anchors *a, X509 *x, STACK_OF(X509) *between)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	enum certificate_fault fault = CERTIFICATE_UNTRUSTED;

	if (c && X509_STORE_CTX_init(c, a->store, x, between) == 1)
		fault = X509_verify_cert(c) == 1 ? CERTIFICATE_NONE : fault_of(X509_STORE_CTX_get_error(c));
	X509_STORE_CTX_free(c);
	return fault;
}

static enum certificate_fault verify(const struct certificate_anchors *a, X509 *x, const struct certificate_bytes *between,
				     size_t between_count)
{
	STACK_OF(X509) *stack = sk_X509_new_null();
	enum certificate_fault fault;

	for (size_t i = 0; stack && i < between_count; i++) {
		X509 *y = parse(&between[i]);

		if (y && sk_X509_push(stack, y) <= 0)
			X509_free(y);
	}
	fault = stack ? judge_chain(a, x, stack) : CERTIFICATE_UNTRUSTED;
	sk_X509_pop_free(stack, X509_free);
	return fault;
}

/* ---- whose it is ---- */

/* The string's own text; false: not such as can be compared octet by octet. */
static bool is_text(const ASN1_STRING *s)
{
	const int type = ASN1_STRING_type(s);

	return (type == V_ASN1_UTF8STRING || type == V_ASN1_PRINTABLESTRING || type == V_ASN1_IA5STRING ||
		type == V_ASN1_T61STRING || type == V_ASN1_NUMERICSTRING) && ASN1_STRING_length(s) > 0 &&
	       !memchr(ASN1_STRING_get0_data(s), 0, (size_t)ASN1_STRING_length(s));
}

static bool text_is(const ASN1_STRING *s, const char *text)
{
	const size_t length = strlen(text);

	return is_text(s) && (size_t)ASN1_STRING_length(s) == length &&
	       strncasecmp((const char *)ASN1_STRING_get0_data(s), text, length) == 0;
}

static struct ipaddr address_of(const ASN1_OCTET_STRING *s)
{
	const int length = ASN1_STRING_length(s);

	if (length == 4)
		return ipaddr_from_bytes(IP_V4, ASN1_STRING_get0_data(s));
	return length == 16 ? ipaddr_from_bytes(IP_V6, ASN1_STRING_get0_data(s)) : IPADDR_NONE;
}

static bool name_is(const GENERAL_NAME *n, const char *identity)
{
	struct ipaddr wanted, there;

	if (ipaddr_parse(identity, &wanted)) {
		there = n->type == GEN_IPADD ? address_of(n->d.iPAddress) : IPADDR_NONE;
		return ipaddr_eq(&wanted, &there);
	}
	if (n->type == GEN_EMAIL)
		return strchr(identity, '@') && text_is(n->d.rfc822Name, identity);
	return n->type == GEN_DNS && !strchr(identity, '@') && text_is(n->d.dNSName, identity);
}

/* As charon calls an attribute; NULL: not known here. */
static const char *attribute_name(const ASN1_OBJECT *type)
{
	static const struct { int nid; const char *name; } names[] = {
		{ NID_commonName, "CN" }, { NID_countryName, "C" }, { NID_localityName, "L" },
		{ NID_stateOrProvinceName, "ST" }, { NID_organizationName, "O" }, { NID_organizationalUnitName, "OU" },
		{ NID_title, "T" }, { NID_givenName, "G" }, { NID_surname, "S" }, { NID_initials, "I" },
		{ NID_serialNumber, "serialNumber" }, { NID_pkcs9_emailAddress, "E" },
		{ NID_pkcs9_unstructuredName, "unstructuredName" }, { NID_userId, "UID" }, { NID_domainComponent, "DC" },
	};
	const int nid = OBJ_obj2nid(type);

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].nid == nid)
			return names[i].name;
	return NULL;
}

/* The subject as charon writes it. false: it has what could be read in two ways. */
static bool write_subject(const X509_NAME *name, char out[SUBJECT_MAX])
{
	size_t used = 0;

	out[0] = '\0';
	for (int i = 0; i < X509_NAME_entry_count(name); i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(name, i);
		const ASN1_STRING *value = X509_NAME_ENTRY_get_data(e);
		const char *type = attribute_name(X509_NAME_ENTRY_get_object(e));
		const int length = ASN1_STRING_length(value);
		const char *text = (const char *)ASN1_STRING_get0_data(value);

		if (!type || X509_NAME_ENTRY_set(e) != i || !is_text(value) || length > SUBJECT_MAX ||
		    memchr(text, ',', (size_t)length) || memchr(text, '=', (size_t)length) || memchr(text, '"', (size_t)length))
			return false;
		used += (size_t)snprintf(out + used, SUBJECT_MAX - used, "%s%s=%.*s", i ? ", " : "", type, length, text);
		if (used >= SUBJECT_MAX)
			return false;
	}
	return used > 0;
}

static bool subject_is(const X509 *x, const char *identity)
{
	struct config_nhrp_identity line = { .kind = (char[]){ "dn" } };
	char subject[SUBJECT_MAX];

	line.name = subject;
	return write_subject(X509_get_subject_name(x), subject) && ike_identity_matches(&line, identity);
}

static bool is_of(const X509 *x, const GENERAL_NAMES *names, const char *identity)
{
	if (strchr(identity, '='))
		return subject_is(x, identity);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (name_is(sk_GENERAL_NAME_value(names, i), identity))
			return true;
	return false;
}

/* ---- what it names ---- */

static enum certificate_fault take_addresses(const GENERAL_NAMES *names, struct certificate *out)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		struct ipaddr a;

		if (n->type != GEN_IPADD)
			continue;
		a = address_of(n->d.iPAddress);
		if (!ipaddr_is_host(&a))
			return CERTIFICATE_BAD_ADDRESS;
		if (out->count == CERTIFICATE_ADDRESSES_MAX)
			return CERTIFICATE_TOO_MANY;
		out->addresses[out->count++] = a;
	}
	return CERTIFICATE_NONE;
}

static enum certificate_fault read_names(X509 *x, const char *identity, struct certificate *out)
{
	int found; /* -1: there is no such extension; -2: there are several, or it cannot be read */
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, &found, NULL);
	enum certificate_fault fault;

	if (!names && found != -1)
		return CERTIFICATE_MALFORMED;
	if (sk_GENERAL_NAME_num(names) > CERTIFICATE_NAMES_MAX)
		fault = CERTIFICATE_TOO_MANY;
	else if (!is_of(x, names, identity))
		fault = CERTIFICATE_OTHER_SUBJECT;
	else
		fault = take_addresses(names, out);
	GENERAL_NAMES_free(names);
	return fault;
}

static enum certificate_fault read_parsed(const struct certificate_anchors *a, const char *identity, X509 *x,
					  const struct certificate_bytes *between, size_t between_count,
					  struct certificate *out)
{
	enum certificate_fault fault = verify(a, x, between, between_count);
	struct certificate c = { 0 };
	struct tm begin;

	if (fault == CERTIFICATE_NONE)
		fault = read_names(x, identity, &c);
	if (fault == CERTIFICATE_NONE && ASN1_TIME_to_tm(X509_get0_notBefore(x), &begin) != 1)
		fault = CERTIFICATE_MALFORMED;
	if (fault != CERTIFICATE_NONE)
		return fault;
	c.issued_s = (int64_t)timegm(&begin);
	*out = c;
	return CERTIFICATE_NONE;
}

enum certificate_fault certificate_read(const struct certificate_anchors *a, const char *identity,
					const struct certificate_bytes *der, const struct certificate_bytes *between,
					size_t between_count, struct certificate *out)
{
	enum certificate_fault fault;
	X509 *x;

	if (!a)
		return CERTIFICATE_NO_ANCHOR;
	if (der->length > CERTIFICATE_BYTES_MAX)
		return CERTIFICATE_TOO_LARGE;
	x = parse(der);
	if (!x || (X509_get_extension_flags(x) & EXFLAG_INVALID))
		fault = CERTIFICATE_MALFORMED;
	else
		fault = read_parsed(a, identity, x, between, between_count, out);
	X509_free(x);
	ERR_clear_error();
	return fault;
}
