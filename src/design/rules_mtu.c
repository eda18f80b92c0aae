/*
 * How large a packet in the tunnel may be. What lies around it: the outer IP header, GRE and its
 * key, and ESP of the weakest of the transform sets; the sum has to fit into the underlay's MTU.
 */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/crypto.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

enum { ETHERNET = 1500, TCP_IP4 = 40, TCP_IP6 = 60 };

static unsigned gre_bytes(const struct design_member *m)
{
	return (m->tunnel->transport == IP_V6 ? 44u : 24u) + (m->tunnel->has_key ? 4u : 0u);
}

/* What IOS takes, and we, when nothing is said. */
static unsigned default_mtu(const struct design_member *m)
{
	return ETHERNET - gre_bytes(m);
}

static unsigned mtu_of(const struct design_member *m)
{
	const unsigned given = m->family == IP_V4 ? m->interface->ip_mtu : m->interface->ipv6_mtu;

	return given ? given : default_mtu(m);
}

static bool is_given(const struct design_member *m)
{
	return m->family == IP_V4 ? m->interface->ip_mtu != 0 : m->interface->ipv6_mtu != 0;
}

static unsigned mtu_line(const struct design_member *m)
{
	return said_line(m->interface, m->family == IP_V4 ? "ip mtu" : "ipv6 mtu");
}

static unsigned underlay_mtu(const struct design_member *m)
{
	unsigned mtu = ETHERNET;

	if (m->source && m->source->mtu)
		mtu = m->source->mtu;
	if (m->source && m->source->ip_mtu && m->source->ip_mtu < mtu)
		mtu = m->source->ip_mtu;
	if (m->source && !m->source->mtu && !m->source->ip_mtu && !strncmp(m->source->ios_name, "Dialer", 6))
		mtu = 1492; /* PPPoE */
	return mtu;
}

/* ---- ESP ---- */

struct esp {
	unsigned block, iv, icv;
};

static struct esp esp_of(const char *words)
{
	struct esp e = { 4, 0, 0 };

	if (strstr(words, "esp-gcm") || strstr(words, "esp-gmac"))
		return (struct esp){ 4, 8, 16 };
	if (strstr(words, "esp-aes"))
		e = (struct esp){ 16, 16, 0 };
	else if (strstr(words, "esp-3des") || strstr(words, "esp-des"))
		e = (struct esp){ 8, 8, 0 };
	if (strstr(words, "esp-sha512-hmac"))
		e.icv = 32;
	else if (strstr(words, "esp-sha384-hmac"))
		e.icv = 24;
	else if (strstr(words, "esp-sha256-hmac"))
		e.icv = 16;
	else if (strstr(words, "-hmac"))
		e.icv = 12;
	return e;
}

/* The whole outer packet around an inner one of that size. */
static unsigned outer_bytes(const struct design_member *m, const struct crypto *x, unsigned inner)
{
	const unsigned outer = m->tunnel->transport == IP_V6 ? 40 : 20, gre = gre_bytes(m) - outer + inner;
	const struct config_block *sets[TRANSFORMS_MAX];
	const size_t count = crypto_transforms(x, sets);
	unsigned worst = gre + outer;

	for (size_t i = 0; i < count; i++) {
		const struct esp e = esp_of(crypto_transform_words(sets[i]));
		const unsigned payload = gre + (crypto_tunnel_mode(x) ? outer : 0) + 2;
		const unsigned padded = (payload + e.block - 1) / e.block * e.block, whole = outer + 8 + e.iv + padded + e.icv;

		worst = whole > worst ? whole : worst;
	}
	return worst;
}

static unsigned largest_inner(const struct design_member *m, const struct crypto *x)
{
	unsigned inner = mtu_of(m);

	while (inner > 576 && outer_bytes(m, x, inner) > underlay_mtu(m))
		inner--;
	return inner;
}

static void too_large(struct design *d, const struct design_member *m)
{
	const struct crypto x = crypto_of(member_config(d, m), m->tunnel);
	const unsigned mtu = mtu_of(m), around = outer_bytes(m, &x, mtu), room = underlay_mtu(m);
	const char *const ip = m->family == IP_V4 ? "ip" : "ipv6";
	struct design_finding *f;
	char remedy[100];
	unsigned fits;

	if ((!x.profile && !is_given(m)) || around <= room)
		return;
	fits = largest_inner(m, &x) < 1400 ? largest_inner(m, &x) : 1400;
	snprintf(remedy, sizeof remedy, "write %s mtu %u or less, with %s tcp adjust-mss %u", ip, fits, ip, fits - (m->family == IP_V4 ? TCP_IP4 : TCP_IP6));
	f = design_found(d, RULE_MTU_TOO_LARGE, remedy, "%s %s: packets of %u octets%s become %u outside, where %u fit: large packets travel in pieces", member_name(d, m),
			 m->interface->ios_name, mtu, is_given(m) ? "" : " (the default)", around, room);
	finding_place(f, member_config(d, m), mtu_line(m));
	finding_place(f, member_config(d, m), m->interface->line);
	if (m->source && room != ETHERNET)
		finding_place(f, member_config(d, m), said_line(m->source, m->source->ip_mtu ? "ip mtu" : "mtu"));
}

/* ---- TCP ---- */

/* On the LAN's side it does as well. */
static bool clamped_elsewhere(const struct config *c, enum ip_family family)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *at = &c->interfaces[i];

		if (!at->is_tunnel && (family == IP_V4 ? at->adjust_mss : at->adjust_mss6))
			return true;
	}
	return false;
}

static void segments(struct design *d, const struct design_member *m)
{
	const unsigned mss = m->family == IP_V4 ? m->interface->adjust_mss : m->interface->adjust_mss6;
	const unsigned fits = mtu_of(m) - (m->family == IP_V4 ? TCP_IP4 : TCP_IP6);
	const char *const ip = m->family == IP_V4 ? "ip" : "ipv6";
	struct design_finding *f;
	char remedy[100];

	snprintf(remedy, sizeof remedy, "write %s tcp adjust-mss %u", ip, is_given(m) || fits < 1340 ? fits : m->family == IP_V4 ? 1360 : 1340);
	if (mss > fits) {
		f = design_found(d, RULE_MSS_TOO_LARGE, remedy, "%s %s: TCP segments of %u octets do not fit into packets of %u", member_name(d, m), m->interface->ios_name, mss, mtu_of(m));
		finding_place(f, member_config(d, m), said_linef(m->interface, "%s tcp adjust-mss", ip));
		finding_place(f, member_config(d, m), mtu_line(m));
	} else if (!mss && !clamped_elsewhere(member_config(d, m), m->family) && !m->tunnel->path_mtu_discovery) {
		f = design_found(d, RULE_MSS_MISSING, remedy, "%s %s: TCP is not told that packets of more than %u octets do not fit", member_name(d, m), m->interface->ios_name, mtu_of(m));
		finding_place(f, member_config(d, m), m->interface->line);
		finding_place(f, member_config(d, m), is_given(m) ? mtu_line(m) : 0);
	}
}

/* ---- the same everywhere ---- */

static bool speaks_ospf(const struct design *d, const struct design_member *m)
{
	struct routing r[ROUTING_MAX];
	const size_t count = routing_of(d, m, r);

	for (size_t i = 0; i < count; i++) {
		if (r[i].kind == ROUTING_OSPF && !r[i].passive)
			return true;
	}
	return false;
}

static bool mtu(const struct design *d, const struct design_member *m, struct trait *out)
{
	(void)d;
	snprintf(out->value, sizeof out->value, "%u", mtu_of(m));
	snprintf(out->shown, sizeof out->shown, "an MTU of %u%s", mtu_of(m), is_given(m) ? "" : " (the default)");
	snprintf(out->write, sizeof out->write, "%s mtu %u", m->family == IP_V4 ? "ip" : "ipv6", mtu_of(m));
	out->line = mtu_line(m);
	return true;
}

/* OSPF does not come up between different MTUs. */
static void weigh(struct design *d, size_t first, const struct design_cloud *c)
{
	bool ospf = false;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		ospf |= speaks_ospf(d, m) && !(m->family == IP_V4 ? m->interface->ospf.mtu_ignore : m->interface->ospf6.mtu_ignore);
	}
	for (size_t i = first; ospf && i < d->finding_count; i++)
		d->findings[i].severity = DESIGN_BREAKS;
}

void rules_mtu(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		too_large(d, &d->members[i]);
		segments(d, &d->members[i]);
	}
	for (size_t i = 0; i < d->cloud_count; i++) {
		const size_t first = d->finding_count;

		compare_cloud(d, &d->clouds[i], RULE_MTU_MISMATCH, mtu);
		weigh(d, first, &d->clouds[i]);
	}
}
