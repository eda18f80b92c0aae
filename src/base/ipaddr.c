#include "base/ipaddr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"

size_t ip_family_octets(enum ip_family family)
{
	switch (family) {
	case IP_V4:
		return 4;
	case IP_V6:
		return 16;
	case IP_NONE:
		break;
	}
	return 0;
}

uint8_t ip_family_bits(enum ip_family family)
{
	return (uint8_t)(8 * ip_family_octets(family));
}

struct ipaddr ipaddr_v4(uint32_t v)
{
	return (struct ipaddr){
		.family = IP_V4,
		.bytes = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v },
	};
}

uint32_t ipaddr_to_v4(const struct ipaddr *a)
{
	assert(a->family == IP_V4);
	return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
	       (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

int ipaddr_cmp(const struct ipaddr *a, const struct ipaddr *b)
{
	return memcmp(a, b, sizeof *a);
}

bool ipaddr_is_none(const struct ipaddr *a)
{
	return a->family == IP_NONE;
}

bool ipaddr_is_unspecified(const struct ipaddr *a)
{
	static const uint8_t zero[16];

	return a->family != IP_NONE && memcmp(a->bytes, zero, sizeof zero) == 0;
}

bool ipaddr_is_multicast(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return (a->bytes[0] & 0xf0) == 0xe0;
	return a->family == IP_V6 && a->bytes[0] == 0xff;
}

bool ipaddr_is_link_local(const struct ipaddr *a)
{
	if (a->family == IP_V4)
		return a->bytes[0] == 169 && a->bytes[1] == 254;
	return a->family == IP_V6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

static bool is_loopback(const struct ipaddr *a)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (a->family == IP_V4)
		return a->bytes[0] == 127;
	return memcmp(a->bytes, one, sizeof one) == 0;
}

bool ipaddr_is_host(const struct ipaddr *a)
{
	if (a->family == IP_NONE || ipaddr_is_unspecified(a) || ipaddr_is_multicast(a))
		return false;
	/* 0/8 is "this network"; 240/4 is reserved and ends in the limited broadcast. */
	if (a->family == IP_V4 && (a->bytes[0] == 0 || a->bytes[0] >= 240))
		return false;
	return !is_loopback(a);
}

bool ipaddr_parse(const char *text, struct ipaddr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1)
		*out = ipaddr_from_bytes(IP_V4, bytes);
	else if (inet_pton(AF_INET6, text, bytes) == 1)
		*out = ipaddr_from_bytes(IP_V6, bytes);
	else
		return false;
	return true;
}

const char *ipaddr_format(const struct ipaddr *a, char out[IPADDR_TEXT_MAX])
{
	if (a->family == IP_NONE) {
		strcpy(out, "-");
		return out;
	}
	inet_ntop(a->family == IP_V4 ? AF_INET : AF_INET6, a->bytes, out, IPADDR_TEXT_MAX);
	return out;
}

static void clear_host_bits(struct ipaddr *a, uint8_t len)
{
	const size_t octets = ip_family_octets(a->family);

	for (size_t i = 0; i < octets; i++) {
		if (8 * i >= len)
			a->bytes[i] = 0;
		else if (8 * (i + 1) > len)
			a->bytes[i] &= (uint8_t)(0xff << (8 * (i + 1) - len));
	}
}

struct ipprefix ipprefix_make(const struct ipaddr *a, uint8_t len)
{
	struct ipprefix p = { .addr = *a, .len = len };
	const uint8_t bits = ip_family_bits(a->family);

	if (p.len > bits)
		p.len = bits;
	clear_host_bits(&p.addr, p.len);
	return p;
}

struct ipprefix ipprefix_host(const struct ipaddr *a)
{
	return (struct ipprefix){ .addr = *a, .len = ip_family_bits(a->family) };
}

bool ipprefix_eq(const struct ipprefix *a, const struct ipprefix *b)
{
	return a->len == b->len && ipaddr_eq(&a->addr, &b->addr);
}

int ipprefix_cmp(const struct ipprefix *a, const struct ipprefix *b)
{
	const int order = ipaddr_cmp(&a->addr, &b->addr);

	return order ? order : (int)a->len - (int)b->len;
}

bool ipprefix_contains(const struct ipprefix *p, const struct ipaddr *a)
{
	struct ipprefix masked;

	if (a->family != p->addr.family)
		return false;
	masked = ipprefix_make(a, p->len);
	return ipaddr_eq(&masked.addr, &p->addr);
}

bool ipprefix_covers(const struct ipprefix *wide, const struct ipprefix *narrow)
{
	return wide->len <= narrow->len && ipprefix_contains(wide, &narrow->addr);
}

bool ipprefix_parse(const char *text, struct ipprefix *out)
{
	const char *slash = strchr(text, '/');
	char addr_text[IPADDR_TEXT_MAX];
	struct ipaddr addr;
	unsigned len = 0;

	if (!slash || (size_t)(slash - text) >= sizeof addr_text || !slash[1] || strlen(slash + 1) > 3)
		return false;
	memcpy(addr_text, text, (size_t)(slash - text));
	addr_text[slash - text] = '\0';
	for (const char *c = slash + 1; *c; c++) {
		if (*c < '0' || *c > '9')
			return false;
		len = 10 * len + (unsigned)(*c - '0');
	}
	if (!ipaddr_parse(addr_text, &addr) || len > ip_family_bits(addr.family))
		return false;
	*out = ipprefix_make(&addr, (uint8_t)len);
	return true;
}

const char *ipprefix_format(const struct ipprefix *p, char out[IPPREFIX_TEXT_MAX])
{
	char addr[IPADDR_TEXT_MAX];

	snprintf(out, IPPREFIX_TEXT_MAX, "%s/%u", ipaddr_format(&p->addr, addr), p->len);
	return out;
}

bool netmask_to_len(const struct ipaddr *mask, uint8_t *len)
{
	uint32_t host;

	if (mask->family != IP_V4)
		return false;
	host = ~ipaddr_to_v4(mask);
	if (host & (host + 1))
		return false;
	*len = (uint8_t)(32 - __builtin_popcount(host));
	return true;
}

bool wildcard_to_len(const struct ipaddr *wildcard, uint8_t *len)
{
	struct ipaddr mask;

	if (wildcard->family != IP_V4)
		return false;
	mask = ipaddr_v4(~ipaddr_to_v4(wildcard));
	return netmask_to_len(&mask, len);
}

struct ipaddr netmask_from_len(uint8_t len)
{
	return ipaddr_v4(len == 0 ? 0 : 0xffffffffu << (32 - len));
}

bool endpoint_eq(const struct endpoint *a, const struct endpoint *b)
{
	return a->vrf == b->vrf && a->site == b->site && ipaddr_eq(&a->addr, &b->addr);
}

int endpoint_cmp(const struct endpoint *a, const struct endpoint *b)
{
	if (a->vrf != b->vrf)
		return a->vrf < b->vrf ? -1 : 1;
	const int order = ipaddr_cmp(&a->addr, &b->addr);
	if (order != 0 || a->site == b->site)
		return order;
	return a->site < b->site ? -1 : 1;
}

uint64_t ipprefix_digest(const struct siphash_key *secret, const void *prefix)
{
	return siphash(secret, prefix, sizeof(struct ipprefix));
}

int ipprefix_compare(const void *a, const void *b)
{
	return ipprefix_cmp(a, b);
}

/* Its fields, since there are octets between them that say nothing. */
uint64_t endpoint_digest(const struct siphash_key *secret, const void *endpoint)
{
	const struct endpoint *const e = endpoint;
	uint8_t bytes[sizeof e->vrf + sizeof e->site + sizeof e->addr];

	memcpy(bytes, &e->vrf, sizeof e->vrf);
	memcpy(bytes + sizeof e->vrf, &e->site, sizeof e->site);
	memcpy(bytes + sizeof e->vrf + sizeof e->site, &e->addr, sizeof e->addr);
	return siphash(secret, bytes, sizeof bytes);
}

int endpoint_compare(const void *a, const void *b)
{
	return endpoint_cmp(a, b);
}
