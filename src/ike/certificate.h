/*
 * certificate: the addresses that a peer's certificate names (subjectAltName iPAddress, RFC 5280
 * 4.2.1.6), for who binds overlay addresses to identities.
 *
 * charon lists what it has seen, proven or not: a certificate counts here only when it leads to an
 * anchor, is valid now, and is the identity's for which it is asked. Where it comes from then does
 * not matter. Bytes are anybody's: their number is limited, and what is odd in them is refused whole.
 */
#ifndef DMVPN_IKE_CERTIFICATE_H
#define DMVPN_IKE_CERTIFICATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { CERTIFICATE_ADDRESSES_MAX = 32, CERTIFICATE_BYTES_MAX = 16 * 1024, CERTIFICATE_NAMES_MAX = 256 };

/* name, what is said of it */
#define CERTIFICATE_FAULTS(X) \
	X(NONE, "it is good") \
	X(TOO_LARGE, "the certificate has more than 16 KiB") \
	X(MALFORMED, "the certificate cannot be read") \
	X(UNTRUSTED, "the certificate does not lead to the trustpoint's authority") \
	X(NOT_NOW, "the certificate, or one that it was made by, is not valid at this time") \
	X(BY_KEY, "peers of this profile authenticate by a key, not by certificates") \
	X(NO_ANCHOR, "the trustpoint's CA certificate cannot be read") \
	X(OTHER_SUBJECT, "the certificate is not for the identity that was shown") \
	X(TOO_MANY, "the certificate has more than 256 names or 32 addresses") \
	X(BAD_ADDRESS, "the certificate has an address that is none")

enum certificate_fault {
#define CERTIFICATE_ENUM(name, text) CERTIFICATE_##name,
	CERTIFICATE_FAULTS(CERTIFICATE_ENUM)
#undef CERTIFICATE_ENUM
	CERTIFICATE_FAULT_COUNT
};

const char *certificate_fault_text(enum certificate_fault fault);
/* false: found before it was clear who made it, so that it may be anybody's. */
bool certificate_fault_proven(enum certificate_fault fault);

/* Authorities that are believed. */
struct certificate_anchors;
/* All certificates of a PEM text. NULL: there is none, or one cannot be read. */
struct certificate_anchors *certificate_anchors_new(const void *pem, size_t length);
void certificate_anchors_free(struct certificate_anchors *a); /* NULL is fine */

/* A certificate as it came, DER. */
struct certificate_bytes {
	const uint8_t *bytes;
	size_t length;
};

struct certificate {
	int64_t issued_s; /* begin of its validity, in seconds since 1970 */
	size_t count;
	struct ipaddr addresses[CERTIFICATE_ADDRESSES_MAX];
};

/*
 * What the certificate names. identity: as charon writes it ("spoke1.example.net", "a@b", an address,
 * "C=CH, CN=spoke1"; a key-id is nobody's). between: certificates of authorities that may stand between it
 * and an anchor, believed only as far as they lead there. *out is set only by CERTIFICATE_NONE.
 */
enum certificate_fault certificate_read(const struct certificate_anchors *a, const char *identity,
					const struct certificate_bytes *der, const struct certificate_bytes *between,
					size_t between_count, struct certificate *out);

#endif
