#include "lab/subnet.h"

#include <string.h>

static bool host_bits_are(const struct ipaddr *a, uint8_t len, bool ones)
{
	uint8_t bits = ip_family_bits((enum ip_family)a->family);

	for (unsigned i = len; i < bits; i++) {
		bool bit = a->bytes[i / 8] & (0x80 >> (i % 8));

		if (bit != ones)
			return false;
	}
	return true;
}

/* Network and (IPv4) broadcast address are no hosts, but for point-to-point prefixes. */
static bool reserved(const struct ipprefix *p, const struct ipaddr *a)
{
	uint8_t bits = ip_family_bits((enum ip_family)a->family);

	if (p->len + 1 >= bits)
		return false;
	return host_bits_are(a, p->len, false) || (a->family == IP_V4 && host_bits_are(a, p->len, true));
}

static bool is_used(const struct ipaddr *a, const struct ipaddr *used, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (ipaddr_eq(a, &used[i]))
			return true;
	return false;
}

static struct ipaddr step(struct ipaddr a, int by)
{
	int carry = by;

	for (size_t i = ip_family_octets((enum ip_family)a.family); i-- > 0 && carry;) {
		int v = a.bytes[i] + carry;

		a.bytes[i] = (uint8_t)v;
		carry = v < 0 ? -1 : v > 255 ? 1 : 0;
	}
	return a;
}

static struct ipaddr last_of(const struct ipprefix *p)
{
	struct ipaddr a = p->addr;
	uint8_t bits = ip_family_bits((enum ip_family)a.family);

	for (unsigned i = p->len; i < bits; i++)
		a.bytes[i / 8] = (uint8_t)(a.bytes[i / 8] | (0x80 >> (i % 8)));
	return a;
}

/* Walks from one end until `want` free hosts were met; the last one met stays in *out. */
static size_t walk(const struct ipprefix *p, struct ipaddr a, int by, size_t want,
		   const struct ipaddr *used, size_t count, struct ipaddr *out)
{
	size_t found = 0;

	/* Each address passed over is used or reserved, so this many steps are enough. */
	for (size_t i = 0; i < count + want + 2 && ipprefix_contains(p, &a); i++, a = step(a, by)) {
		if (reserved(p, &a) || is_used(&a, used, count))
			continue;
		*out = a;
		if (++found == want)
			break;
	}
	return found;
}

bool subnet_first_free(const struct ipprefix *p, const struct ipaddr *used, size_t count, struct ipaddr *out)
{
	return walk(p, ipprefix_make(&p->addr, p->len).addr, 1, 1, used, count, out) > 0;
}

bool subnet_host(const struct ipprefix *p, const struct ipaddr *used, size_t count, struct ipaddr *out)
{
	return walk(p, last_of(p), -1, 2, used, count, out) > 0;
}
