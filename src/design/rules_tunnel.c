/* What the tunnels of a cloud have to have in common, and what those of one router must not have. */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"

/* ---- the same everywhere ---- */

static bool key(const struct design *d, const struct design_member *m, struct trait *out)
{
	(void)d;
	if (m->tunnel->has_key)
		snprintf(out->shown, sizeof out->shown, "tunnel key %u", m->tunnel->key);
	else
		snprintf(out->shown, sizeof out->shown, "no tunnel key");
	snprintf(out->value, sizeof out->value, "%s", out->shown);
	snprintf(out->write, sizeof out->write, "%s", out->shown);
	out->line = said_line(m->interface, "tunnel key");
	return true;
}

static bool mask(const struct design *d, const struct design_member *m, struct trait *out)
{
	(void)d;
	if (!m->address)
		return false;
	snprintf(out->value, sizeof out->value, "%u", m->address->prefix_len);
	snprintf(out->shown, sizeof out->shown, "a tunnel subnet of /%u", m->address->prefix_len);
	snprintf(out->write, sizeof out->write, "an address of /%u", m->address->prefix_len);
	out->line = said_line(m->interface, m->family == IP_V4 ? "ip address" : "ipv6 address");
	return true;
}

static bool transport(const struct design *d, const struct design_member *m, struct trait *out)
{
	(void)d;
	snprintf(out->value, sizeof out->value, "%u", (unsigned)m->tunnel->transport);
	snprintf(out->shown, sizeof out->shown, "a tunnel over %s", m->tunnel->transport == IP_V6 ? "IPv6" : "IPv4");
	snprintf(out->write, sizeof out->write, "%s", m->tunnel->transport == IP_V6 ? "tunnel mode gre multipoint ipv6" : "tunnel mode gre multipoint");
	out->line = said_line(m->interface, "tunnel mode");
	return true;
}

static bool bfd(const struct design *d, const struct design_member *m, struct trait *out)
{
	const bool on = m->tunnel->bfd.multiplier != 0;

	(void)d;
	snprintf(out->value, sizeof out->value, "%u", on);
	snprintf(out->shown, sizeof out->shown, on ? "BFD on the tunnel" : "no BFD there");
	snprintf(out->write, sizeof out->write, on ? "bfd interval with the same values" : "no bfd interval");
	out->line = said_line(m->interface, "bfd");
	return true;
}

/* ---- one router's tunnels ---- */

static void without_key(struct design *d, const struct design_router *r)
{
	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		for (uint32_t k = r->first; k < i; k++) {
			const struct design_member *a = &d->members[k], *b = &d->members[i];
			struct design_finding *f;

			if (a->interface == b->interface || a->tunnel->mode != TUNNEL_GRE_MULTIPOINT || !config_tunnels_alike(a->tunnel, b->tunnel))
				continue;
			f = design_found(d, RULE_KEY_MISSING, "give each tunnel a key of its own where a router of another make is among the peers",
					 "%s: %s and %s have one source and %s; our routers tell their packets apart, Cisco's cannot", r->name, a->interface->ios_name,
					 b->interface->ios_name, a->tunnel->has_key ? "one key" : "no key");
			finding_place(f, r->config, said_line(a->interface, "tunnel source"));
			finding_place(f, r->config, said_line(b->interface, "tunnel source"));
			finding_place(f, r->config, a->interface->line);
			finding_place(f, r->config, b->interface->line);
			break;
		}
	}
}

static void if_state(struct design *d, const struct design_member *m)
{
	struct design_finding *f;

	if (!m->tunnel->if_state_nhrp || m->tunnel->nhrp4.nhs_count || m->tunnel->nhrp6.nhs_count)
		return;
	f = design_found(d, RULE_IF_STATE_ON_HUB, "take if-state nhrp out: it is for spokes", "%s %s follows its next hop servers, of which it has none: it never comes up",
			 member_name(d, m), m->interface->ios_name);
	finding_place(f, member_config(d, m), said_line(m->interface, "if-state"));
	finding_place(f, member_config(d, m), m->interface->line);
}

static void route_via(struct design *d, const struct design_member *m)
{
	const struct config_said *said = said_find(m->interface, "tunnel route-via");
	struct design_finding *f;

	if (!said || !m->tunnel->protection_profile)
		return;
	f = design_found(d, RULE_ROUTE_VIA_WITH_PROTECTION, "put the uplink into a VRF of its own and write tunnel vrf NAME", "%s %s: tunnel route-via does not work together with tunnel protection",
			 member_name(d, m), m->interface->ios_name);
	finding_place(f, member_config(d, m), said->line);
	finding_place(f, member_config(d, m), said_line(m->interface, "tunnel protection"));
}

static void bare_tunnel(struct design *d, const struct design_member *m)
{
	struct design_finding *f;

	if (m->address || m->family != IP_V4 || !m->nhrp->enabled || m->interface->dhcp || said_find(m->interface, "ip address") ||
	    said_find(m->interface, "ip unnumbered"))
		return;
	f = design_found(d, RULE_TUNNEL_WITHOUT_ADDRESS, "add ip address ADDRESS MASK", "%s %s has NHRP and no address", member_name(d, m), m->interface->ios_name);
	finding_place(f, member_config(d, m), m->interface->line);
}

/* ---- one address twice ---- */

static bool is_source(const struct design *d, const struct design_owner *o)
{
	const struct design_router *r = &d->routers[o->router];

	for (uint32_t i = r->first; i < r->first + r->count; i++) {
		if (d->members[i].source == o->interface)
			return true;
	}
	return false;
}

/* Private addresses of uplinks may be behind a NAT each; what lies in a VRF is a world of its own. */
static bool may_be_twice(const struct design *d, const struct design_owner *a, const struct design_owner *b)
{
	if (a->router == b->router || a->interface->shutdown || b->interface->shutdown)
		return true;
	if ((a->member == DESIGN_NONE) != (b->member == DESIGN_NONE))
		return false;
	if (a->member != DESIGN_NONE)
		return d->members[a->member].cloud != d->members[b->member].cloud && d->members[a->member].nhrp->enabled;
	if (a->interface->vrf || b->interface->vrf)
		return !is_source(d, a) || !is_source(d, b) || is_private(&a->addr);
	/* A LAN's gateway that two routers share stands by for the other. */
	return is_private(&a->addr) && (is_source(d, a) || is_source(d, b) || said_find(a->interface, "ip nat") || said_find(b->interface, "ip nat"));
}

static void address_lines(struct design_finding *f, const struct design *d, const struct design_owner *o)
{
	char text[IPADDR_TEXT_MAX];

	ipaddr_format(&o->addr, text);
	finding_place(f, d->routers[o->router].config, said_linef(o->interface, "%s address %s", o->addr.family == IP_V4 ? "ip" : "ipv6", text));
	finding_place(f, d->routers[o->router].config, o->interface->line);
}

static void twice(struct design *d)
{
	for (size_t i = 1; i < d->owner_count; i++) {
		const struct design_owner *a = &d->owners[i - 1], *b = &d->owners[i];
		char text[IPADDR_TEXT_MAX];
		struct design_finding *f;

		if (!ipaddr_eq(&a->addr, &b->addr) || may_be_twice(d, a, b))
			continue;
		f = design_found(d, RULE_DUPLICATE_ADDRESS, "give one of the two another address", "%s is the address of %s %s and of %s %s", ipaddr_format(&b->addr, text),
				 d->routers[a->router].name, a->interface->ios_name, d->routers[b->router].name, b->interface->ios_name);
		address_lines(f, d, b);
		address_lines(f, d, a);
	}
}

void rules_tunnel(struct design *d)
{
	compare_clouds(d, RULE_KEY_MISMATCH, key);
	compare_clouds(d, RULE_MASK_MISMATCH, mask);
	compare_clouds(d, RULE_TRANSPORT_MISMATCH, transport);
	compare_clouds(d, RULE_BFD_MISMATCH, bfd);
	for (size_t i = 0; i < d->router_count; i++)
		without_key(d, &d->routers[i]);
	for (size_t i = 0; i < d->member_count; i++) {
		if_state(d, &d->members[i]);
		route_via(d, &d->members[i]);
		bare_tunnel(d, &d->members[i]);
	}
	twice(d);
}
