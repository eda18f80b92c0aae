/*
 * ipaddr: IPv4 and IPv6 addresses, prefixes and underlay endpoints as plain values.
 *
 * Unused bytes are always zero, so two values are equal exactly when their memory is;
 * they may be compared, hashed and ordered bytewise.
 */
#ifndef DMVPN_BASE_IPADDR_H
#define DMVPN_BASE_IPADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

/* family is an enum ip_family. IP_NONE stands for "no address" (all bytes zero). */
struct ipaddr {
	uint8_t family;
	uint8_t bytes[16];
};

/* A prefix; host bits of addr are zero when made by prefix_make(). */
struct ipprefix {
	struct ipaddr addr;
	uint8_t len;
};

/*
 * An underlay endpoint: an NBMA address inside a VRF. vrf is an index into the router's
 * list of VRFs (config.h), 0 being the global routing table. Peers behind one address (a NAT)
 * are told apart by the protection that they authenticated with: `site` is 0 for the first
 * of them and for all unprotected ones, and a number chosen by this router for the others. It
 * has no meaning on the wire.
 */
struct endpoint {
	struct ipaddr addr;
	uint32_t vrf;
	uint32_t site;
};

#define IPADDR_NONE ((struct ipaddr){ 0 })
#define IPADDR_TEXT_MAX 46   /* bytes, with the final NUL */
#define IPPREFIX_TEXT_MAX 50 /* bytes, with the final NUL */

/* Octets of an address of that family: 4, 16, or 0 for IP_NONE. */
size_t ip_family_octets(enum ip_family family);
/* Bits of a full prefix of that family: 32, 128, or 0. */
uint8_t ip_family_bits(enum ip_family family);

struct ipaddr ipaddr_v4(uint32_t host_order);
static inline struct ipaddr ipaddr_from_bytes(enum ip_family family, const uint8_t *bytes)
{
	struct ipaddr a = { .family = (uint8_t)family };

	if (family == IP_V4)
		memcpy(a.bytes, bytes, 4);
	else if (family == IP_V6)
		memcpy(a.bytes, bytes, 16);
	return a;
}

uint32_t ipaddr_to_v4(const struct ipaddr *a); /* host order; a must be IP_V4 */

static inline bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b) { return memcmp(a, b, sizeof *a) == 0; }
int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b); /* by family, then bytes */
bool ipaddr_is_none(const struct ipaddr *a);
bool ipaddr_is_unspecified(const struct ipaddr *a); /* 0.0.0.0 or :: */
bool ipaddr_is_multicast(const struct ipaddr *a);
bool ipaddr_is_link_local(const struct ipaddr *a);  /* fe80::/10, 169.254/16 */
/* A unicast address that may stand as a host: not none, unspecified, multicast,
 * loopback, of 0/8, or of 240/4 with the limited broadcast. */
bool ipaddr_is_host(const struct ipaddr *a);

/* Text <-> address. Parsing accepts exactly dotted quad or RFC 4291 text; false leaves
 * *out untouched. Formatting writes at most IPADDR_TEXT_MAX bytes and returns out;
 * IP_NONE gives "-". */
bool ipaddr_parse(const char *text, struct ipaddr *out);
const char *ipaddr_format(const struct ipaddr *a, char out[IPADDR_TEXT_MAX]);

struct ipprefix ipprefix_make(const struct ipaddr *a, uint8_t len); /* clears host bits */
struct ipprefix ipprefix_host(const struct ipaddr *a);              /* /32 or /128 */
bool ipprefix_eq(const struct ipprefix *a, const struct ipprefix *b);
int ipprefix_cmp(const struct ipprefix *a, const struct ipprefix *b);
bool ipprefix_contains(const struct ipprefix *p, const struct ipaddr *a);
bool ipprefix_covers(const struct ipprefix *wide, const struct ipprefix *narrow);
bool ipprefix_parse(const char *text, struct ipprefix *out); /* "10.0.0.0/8", "2001:db8::/32" */
const char *ipprefix_format(const struct ipprefix *p, char out[IPPREFIX_TEXT_MAX]);
/* 255.255.255.0 -> 24; false for a mask with holes. wildcard_to_len: 0.0.0.255 -> 24. */
bool netmask_to_len(const struct ipaddr *mask, uint8_t *len);
bool wildcard_to_len(const struct ipaddr *wildcard, uint8_t *len);
struct ipaddr netmask_from_len(uint8_t len); /* IPv4 */

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b);
int endpoint_cmp(const struct endpoint *a, const struct endpoint *b);

/* Prefixes and endpoints as keys of a hash (hash.h). */
struct siphash_key;
uint64_t ipprefix_digest(const struct siphash_key *secret, const void *prefix);
int ipprefix_compare(const void *a, const void *b);
uint64_t endpoint_digest(const struct siphash_key *secret, const void *endpoint);
int endpoint_compare(const void *a, const void *b);

#endif
