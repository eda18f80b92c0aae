#include "daemon/underlay.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void underlay_init(struct underlay *u)
{
	*u = (struct underlay){ 0 };
}

void underlay_done(struct underlay *u)
{
	free(u->links);
	free(u->addresses);
	free(u->gateways);
	underlay_init(u);
}

const struct underlay_link *underlay_find(const struct underlay *u, const char *name)
{
	for (size_t i = 0; i < u->link_count; i++) {
		if (strcmp(u->links[i].name, name) == 0)
			return &u->links[i];
	}
	return NULL;
}

const struct underlay_link *underlay_find_index(const struct underlay *u, int ifindex)
{
	for (size_t i = 0; i < u->link_count; i++) {
		if (u->links[i].ifindex == ifindex)
			return &u->links[i];
	}
	return NULL;
}

static bool remove_gateway(struct underlay *u, size_t i)
{
	if (i == u->gateway_count)
		return false;
	memmove(&u->gateways[i], &u->gateways[i + 1], (u->gateway_count - i - 1) * sizeof *u->gateways);
	u->gateway_count--;
	return true;
}

/* The kernel takes the routes of such a link away without a word; a client sets them anew when it is back. */
static void forget_gateways(struct underlay *u, int ifindex)
{
	for (size_t i = u->gateway_count; i-- > 0;) {
		if (u->gateways[i].ifindex == ifindex)
			(void)remove_gateway(u, i);
	}
}

static bool remove_link(struct underlay *u, size_t i)
{
	if (i == u->link_count)
		return false;
	memmove(&u->links[i], &u->links[i + 1], (u->link_count - i - 1) * sizeof *u->links);
	u->link_count--;
	return true;
}

static bool take_link(struct underlay *u, const struct change *c)
{
	struct underlay_link fresh = { .ifindex = c->ifindex, .up = c->link.up, .running = c->link.running,
				       .master = c->link.master, .seen = true };
	struct underlay_link *grown;
	size_t i = 0;

	memcpy(fresh.name, c->link.name, sizeof fresh.name);
	if (!c->add || !c->link.up)
		forget_gateways(u, c->ifindex);
	while (i < u->link_count && u->links[i].ifindex != c->ifindex)
		i++;
	if (!c->add)
		return remove_link(u, i);
	if (i < u->link_count) {
		struct underlay_link old = u->links[i];

		u->links[i] = fresh;
		return old.up != fresh.up || old.running != fresh.running || old.master != fresh.master || strcmp(old.name, fresh.name) != 0;
	}
	grown = realloc(u->links, (u->link_count + 1) * sizeof *grown);
	if (!grown)
		return false;
	u->links = grown;
	grown[u->link_count++] = fresh;
	return true;
}

static bool remove_address(struct underlay *u, size_t i)
{
	if (i == u->address_count)
		return false;
	memmove(&u->addresses[i], &u->addresses[i + 1], (u->address_count - i - 1) * sizeof *u->addresses);
	u->address_count--;
	return true;
}

static bool take_address(struct underlay *u, const struct change *c)
{
	struct underlay_address fresh = { .ifindex = c->ifindex, .addr = c->address.addr,
					  .prefix_len = c->address.prefix_len,
					  .secondary = c->address.secondary, .deprecated = c->address.deprecated, .far = c->address.far,
					  .no_prefix_route = c->address.no_prefix_route, .seen = true };
	struct underlay_address *grown;
	size_t i = 0;

	while (i < u->address_count && (u->addresses[i].ifindex != c->ifindex ||
					!ipaddr_eq(&u->addresses[i].addr, &c->address.addr)))
		i++;
	if (!c->add)
		return remove_address(u, i);
	if (i < u->address_count) {
		const struct underlay_address old = u->addresses[i];

		u->addresses[i] = fresh;
		return old.secondary != fresh.secondary || old.deprecated != fresh.deprecated || old.prefix_len != fresh.prefix_len ||
		       old.no_prefix_route != fresh.no_prefix_route || !ipaddr_eq(&old.far, &fresh.far);
	}
	grown = realloc(u->addresses, (u->address_count + 1) * sizeof *grown);
	if (!grown)
		return false;
	u->addresses = grown;
	grown[u->address_count++] = fresh;
	return true;
}

/* Protocols of routes that DHCP clients, PPP daemons and administrators' scripts set. */
static bool is_leased(uint8_t protocol)
{
	return protocol == RTPROT_BOOT || protocol == RTPROT_STATIC || protocol == RTPROT_DHCP || protocol == RTPROT_RA;
}

static bool take_gateway(struct underlay *u, const struct change *c)
{
	const struct underlay_gateway fresh = { c->ifindex, c->route.table, c->route.gateway, true };
	struct underlay_gateway *grown;
	size_t i = 0;

	if (c->route.dst.len || ipaddr_is_none(&fresh.addr) || !fresh.ifindex || !is_leased(c->route.protocol))
		return false;
	while (i < u->gateway_count && (u->gateways[i].ifindex != fresh.ifindex || u->gateways[i].table != fresh.table ||
					!ipaddr_eq(&u->gateways[i].addr, &fresh.addr)))
		i++;
	if (!c->add)
		return remove_gateway(u, i);
	if (i < u->gateway_count) {
		u->gateways[i].seen = true;
		return false;
	}
	grown = realloc(u->gateways, (u->gateway_count + 1) * sizeof *grown);
	if (!grown)
		return false;
	u->gateways = grown;
	grown[u->gateway_count++] = fresh;
	return true;
}

static void dump_begin(struct underlay *u)
{
	for (size_t i = 0; i < u->link_count; i++)
		u->links[i].seen = false;
	for (size_t i = 0; i < u->address_count; i++)
		u->addresses[i].seen = false;
	for (size_t i = 0; i < u->gateway_count; i++)
		u->gateways[i].seen = false;
}

static bool dump_end(struct underlay *u)
{
	bool changed = false;

	for (size_t i = u->link_count; i-- > 0;) {
		if (!u->links[i].seen)
			changed = remove_link(u, i);
	}
	for (size_t i = u->address_count; i-- > 0;) {
		if (!u->addresses[i].seen)
			changed = remove_address(u, i);
	}
	for (size_t i = u->gateway_count; i-- > 0;) {
		if (!u->gateways[i].seen)
			changed = remove_gateway(u, i);
	}
	return changed;
}

bool underlay_take(struct underlay *u, const struct change *c)
{
	switch (c->type) {
	case CHANGE_DUMP_BEGIN:
		dump_begin(u);
		return false;
	case CHANGE_DUMP_END:
		return dump_end(u);
	case CHANGE_LINK:
		return take_link(u, c);
	case CHANGE_ADDRESS:
		return take_address(u, c);
	case CHANGE_ROUTE:
		return take_gateway(u, c);
	}
	return false;
}

bool underlay_gateway(const struct underlay *u, int ifindex, enum ip_family family, struct ipaddr *gateway)
{
	for (size_t i = u->gateway_count; i-- > 0;) {
		if (u->gateways[i].ifindex == ifindex && u->gateways[i].addr.family == family) {
			*gateway = u->gateways[i].addr;
			return true;
		}
	}
	return false;
}

/* How little an address is wanted as a source. A deprecated one is about to go, and who is called back at a temporary
 * one would lose us with it (RFC 6724, rules 3 and 7, the latter turned round: a router is to be found). */
static int unfitness(const struct underlay_address *a)
{
	return 2 * a->deprecated + a->secondary;
}

/* The fittest address of an interface, of equals the one known longest; of IPv6 none that is of the link only. */
static const struct underlay_address *primary(const struct underlay *u, int ifindex, enum ip_family family)
{
	const struct underlay_address *best = NULL;

	for (size_t i = 0; i < u->address_count; i++) {
		const struct underlay_address *a = &u->addresses[i];

		if (a->ifindex != ifindex || a->addr.family != family ||
		    (family == IP_V6 && ipaddr_is_link_local(&a->addr)))
			continue;
		if (!best || unfitness(a) < unfitness(best))
			best = a;
	}
	return best;
}

static const char *link_fault(const struct underlay_link *l, const char *name)
{
	static char text[96];

	if (!l)
		snprintf(text, sizeof text, "tunnel source: there is no interface %s", name);
	else if (!l->up)
		snprintf(text, sizeof text, "tunnel source: interface %s is down", l->name);
	else if (!l->running)
		snprintf(text, sizeof text, "tunnel source: interface %s has no carrier", l->name);
	else
		return NULL;
	return text;
}

static const char *source_of_interface(const struct underlay *u, const char *name, enum ip_family family,
				       struct ipaddr *addr)
{
	static char text[96];
	const struct underlay_link *l = underlay_find(u, name);
	const char *fault = link_fault(l, name);
	const struct underlay_address *a;

	if (fault)
		return fault;
	a = primary(u, l->ifindex, family);
	if (a) {
		*addr = a->addr;
		return NULL;
	}
	snprintf(text, sizeof text, "tunnel source: interface %s has no %s address", name,
		 family == IP_V6 ? "IPv6" : "IPv4");
	return text;
}

const char *underlay_source(const struct underlay *u, const char *interface, const struct ipaddr *given,
			    enum ip_family family, struct ipaddr *addr)
{
	static char text[96];
	char printed[IPADDR_TEXT_MAX];

	if (interface)
		return source_of_interface(u, interface, family, addr);
	if (ipaddr_is_none(given))
		return "no tunnel source is configured";
	for (size_t i = 0; i < u->address_count; i++) {
		if (!ipaddr_eq(&u->addresses[i].addr, given))
			continue;
		*addr = *given;
		return link_fault(underlay_find_index(u, u->addresses[i].ifindex), "");
	}
	snprintf(text, sizeof text, "tunnel source: address %s is not on this router", ipaddr_format(given, printed));
	return text;
}
