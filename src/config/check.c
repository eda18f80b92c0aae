/* Contradictions that only the whole file shows, as errors on the line that is wrong; and
 * what no part of this system will use. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nat.h"
#include "config/reading.h"
#include "config/render.h"

/* ---- one tunnel ---- */

static bool host_given(const struct config_host *h)
{
	return h->name || !ipaddr_is_none(&h->addr);
}

static bool runs(const struct config_interface *i)
{
	return i->is_tunnel && !i->shutdown;
}

static void check_ends(struct reading *r, const struct config_interface *i)
{
	const struct config_tunnel *t = i->tunnel;

	if (!t->source_interface && ipaddr_is_none(&t->source))
		config_line_error(r, i->line, "add tunnel source INTERFACE", "%s has no tunnel source", i->ios_name);
	if (t->source_interface && !strcmp(t->source_interface, i->name))
		config_line_error(r, i->line, "add the interface that leads to the underlay as tunnel source",
				  "%s is its own tunnel source", i->ios_name);
	if (t->mode == TUNNEL_GRE_P2P && !host_given(&t->destination))
		config_line_error(r, i->line, "add tunnel destination ADDRESS, or tunnel mode gre multipoint",
				  "%s is point-to-point and has no tunnel destination", i->ios_name);
	if (t->mode == TUNNEL_GRE_MULTIPOINT && host_given(&t->destination))
		config_line_error(r, i->line, "take one of the two out",
				  "%s is multipoint and has a tunnel destination", i->ios_name);
	if (t->mode == TUNNEL_GRE_MULTIPOINT && !t->nhrp4.enabled && !t->nhrp6.enabled)
		config_line_error(r, i->line, "add ip nhrp network-id NUMBER",
				  "%s is multipoint and has no NHRP network-id", i->ios_name);
}

/* NBMA address of an NHS: its own, or a map of the same address. */
static bool nhs_has_nbma(const struct config_nhrp *n, const struct config_nhs *s)
{
	if (host_given(&s->nbma))
		return true;
	for (size_t i = 0; i < n->map_count; i++) {
		if (ipprefix_contains(&n->maps[i].proto, &s->addr))
			return true;
	}
	return false;
}

static void check_nhs(struct reading *r, const struct config_interface *i, const struct config_nhrp *n, const char *af)
{
	char text[IPADDR_TEXT_MAX];

	for (size_t k = 0; k < n->nhs_count && reading_work(r, n->map_count); k++) {
		/* The one server of a point-to-point tunnel is its far end, which needs no map. */
		if ((i->tunnel->mode == TUNNEL_GRE_P2P && n->nhs_count == 1) || nhs_has_nbma(n, &n->nhs[k]))
			continue;
		ipaddr_format(&n->nhs[k].addr, text);
		config_line_error(r, i->line, "add ip nhrp map ADDRESS NBMA, or nbma NBMA to the nhs line",
				  "%s: %s nhrp nhs %s has no NBMA address", i->ios_name, af, text);
	}
}

static bool wrong_family(const struct config_host *h, enum ip_family transport)
{
	return !ipaddr_is_none(&h->addr) && h->addr.family != transport;
}

static bool nhrp_mixes(const struct config_nhrp *n, enum ip_family transport)
{
	bool mixed = false;

	for (size_t i = 0; i < n->map_count; i++)
		mixed |= wrong_family(&n->maps[i].nbma, transport);
	for (size_t i = 0; i < n->map_multicast_count; i++)
		mixed |= wrong_family(&n->map_multicast[i], transport);
	for (size_t i = 0; i < n->partner_count; i++)
		mixed |= wrong_family(&n->partners[i].nbma, transport);
	for (size_t i = 0; i < n->nhs_count; i++)
		mixed |= wrong_family(&n->nhs[i].nbma, transport);
	return mixed;
}

static void check_transport(struct reading *r, const struct config_interface *i)
{
	const struct config_tunnel *t = i->tunnel;

	if (wrong_family(&t->destination, t->transport) ||
	    (!ipaddr_is_none(&t->source) && t->source.family != t->transport) ||
	    nhrp_mixes(&t->nhrp4, t->transport) || nhrp_mixes(&t->nhrp6, t->transport))
		config_line_error(r, i->line, "one tunnel has one transport family: see tunnel mode gre multipoint [ipv6]",
				  "%s: an NBMA address is not of the tunnel's transport family", i->ios_name);
}

static bool has_head(const struct config *c, const char *before, const char *name)
{
	const size_t length = strlen(before);

	for (size_t i = 0; i < c->block_count; i++) {
		if (!strncmp(c->blocks[i].head, before, length) && !strcmp(c->blocks[i].head + length, name))
			return true;
	}
	return false;
}

static void check_names(struct reading *r, const struct config_interface *i)
{
	const struct config *c = r->c;

	if (!c->vrfs[i->vrf].defined && i->vrf)
		config_line_error(r, i->line, "add vrf definition NAME", "%s: there is no VRF %s", i->ios_name,
				  c->vrfs[i->vrf].name);
	if (!i->tunnel)
		return;
	if (!c->vrfs[i->tunnel->vrf].defined && i->tunnel->vrf)
		config_line_error(r, i->line, "add vrf definition NAME", "%s: there is no VRF %s", i->ios_name,
				  c->vrfs[i->tunnel->vrf].name);
	/* IOS has a profile "default" by itself. */
	if (i->tunnel->protection_profile && strcmp(i->tunnel->protection_profile, "default") &&
	    !has_head(c, "crypto ipsec profile ", i->tunnel->protection_profile))
		config_line_error(r, i->line, "add crypto ipsec profile NAME", "%s: there is no crypto ipsec profile %s",
				  i->ios_name, i->tunnel->protection_profile);
}

static unsigned backup_line(const struct config_interface *i)
{
	unsigned line = i->line;

	for (size_t k = 0; k < i->said_count; k++) {
		if (!strncmp(i->said[k].text, "backup interface ", 17))
			line = i->said[k].line;
	}
	return line;
}

/* Of those that wait for each other to fail none would ever come up first. How many stand in the ring, and their names; the
 * interface that the file has last is the one to say it: 0 for all others, and for those in no ring. */
static size_t backup_ring(struct reading *r, const struct config_interface *i, char *names, size_t room)
{
	const struct config_interface *at = i;
	size_t count = 0, length = (size_t)snprintf(names, room, "%s", i->ios_name);

	do {
		at = reading_work(r, r->c->interface_count) ? config_find_interface(r->c, at->backup) : NULL;
		if (!at || at > i || !at->backup || count > (size_t)(i - r->c->interfaces))
			return 0;
		count++;
		if (at != i && length < room)
			length += (size_t)snprintf(names + length, room - length, ", %s", at->ios_name);
	} while (at != i);
	return count;
}

static void check_backup(struct reading *r, const struct config_interface *i)
{
	char names[160];
	const size_t count = backup_ring(r, i, names, sizeof names);

	if (count == 1)
		config_line_error(r, backup_line(i), "name the interface that is to come up when this one fails", "%s is said to stand in for itself", i->ios_name);
	else if (count)
		config_line_error(r, backup_line(i), "take one of these backup interface lines out", "%s stand in for each other in a ring of %zu, so that all are down", names, count);
}

static unsigned warm_line(const struct config_interface *i)
{
	unsigned line = i->line;

	for (size_t k = 0; k < i->said_count; k++) {
		if (!strncmp(i->said[k].text, "nhrp warm ", 10))
			line = i->said[k].line;
	}
	return line;
}

/* The first of the chain behind i that stands in it a second time; NULL: the chain ends. */
static const struct config_interface *warm_ring(const struct reading *r, const struct config_interface *i)
{
	const struct config_interface *at = i;

	for (size_t steps = 0; at && at->tunnel && at->tunnel->warm_behind && steps < r->c->interface_count; steps++) {
		at = config_find_interface(r->c, at->tunnel->warm_behind);
		if (at == i)
			return at;
	}
	return NULL;
}

/* Where all of a ring rest, nobody watches. */
static void check_warm(struct reading *r, const struct config_interface *i)
{
	const struct config_interface *better = config_find_interface(r->c, i->tunnel->warm_behind);

	if (!better || !runs(better) || !(better->tunnel->nhrp4.nhs_count + better->tunnel->nhrp6.nhs_count))
		config_line_error(r, warm_line(i), "name the tunnel that carries traffic while all is well; it needs an ip nhrp nhs",
				  "%s is said to rest while %s is usable, which is no running tunnel with a next hop server", i->ios_name,
				  better ? better->ios_name : i->tunnel->warm_behind);
	else if (!(i->tunnel->nhrp4.nhs_count + i->tunnel->nhrp6.nhs_count))
		config_line_error(r, warm_line(i), "take the line out: it is for the spoke whose uplink is metered", "%s registers with nobody, so that it has no pace of its own",
				  i->ios_name);
	else if (reading_work(r, r->c->interface_count) && warm_ring(r, i))
		config_line_error(r, warm_line(i), "take one of the nhrp warm lines out", "%s rests while %s is usable, and that one leads back to it: nobody would watch",
				  i->ios_name, better->ios_name);
}

/* ---- tunnels against each other ---- */

/* Sorted by what a received packet shows, so that equals are neighbours. */
static int same_packets(const struct config_tunnel *s, const struct config_tunnel *t)
{
	int d;

	if (s->mode != t->mode)
		return s->mode < t->mode ? -1 : 1;
	if (s->vrf != t->vrf)
		return s->vrf < t->vrf ? -1 : 1;
	if ((d = strcmp(s->source_interface ? s->source_interface : "", t->source_interface ? t->source_interface : "")))
		return d;
	if ((d = ipaddr_cmp(&s->source, &t->source)))
		return d;
	if (s->has_key != t->has_key || s->key != t->key)
		return s->has_key < t->has_key || (s->has_key == t->has_key && s->key < t->key) ? -1 : 1;
	if (s->transport != t->transport)
		return s->transport < t->transport ? -1 : 1;
	if (s->mode == TUNNEL_GRE_MULTIPOINT)
		return 0;
	if ((d = ipaddr_cmp(&s->destination.addr, &t->destination.addr)))
		return d;
	return strcmp(s->destination.name ? s->destination.name : "", t->destination.name ? t->destination.name : "");
}

bool config_tunnels_alike(const struct config_tunnel *a, const struct config_tunnel *b)
{
	return same_packets(a, b) == 0;
}

static int by_packets(const void *a, const void *b)
{
	const struct config_interface *const *x = a, *const *y = b;
	const int d = same_packets((*x)->tunnel, (*y)->tunnel);

	return d ? d : (*x)->line < (*y)->line ? -1 : 1;
}

static const struct config_address *first_address(const struct config_interface *i)
{
	for (size_t k = 0; k < i->address_count; k++) {
		if (i->addresses[k].addr.family == IP_V4 && !i->addresses[k].secondary)
			return &i->addresses[k];
	}
	return NULL;
}

static int same_subnet(const struct config_interface *a, const struct config_interface *b)
{
	const struct config_address *x = first_address(a), *y = first_address(b);
	struct ipprefix p, q;

	if (a->vrf != b->vrf)
		return a->vrf < b->vrf ? -1 : 1;
	if (!x || !y)
		return !x - !y;
	p = ipprefix_make(&x->addr, x->prefix_len);
	q = ipprefix_make(&y->addr, y->prefix_len);
	return ipprefix_cmp(&p, &q);
}

static int by_subnet(const void *a, const void *b)
{
	const struct config_interface *const *x = a, *const *y = b;
	const int d = same_subnet(*x, *y);

	return d ? d : (*x)->line < (*y)->line ? -1 : 1;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* Why not even addresses and registrations tell two tunnels apart whose packets look the same; NULL: they do. */
static const char *alike(const struct config_interface *a, const struct config_interface *b)
{
	if (a->tunnel->mode != TUNNEL_GRE_MULTIPOINT)
		return "same source, same destination, same key";
	if (a->vrf != b->vrf)
		return "same source, same key, and not in one VRF";
	if (!a->address_count || !b->address_count)
		return "same source, same key, and no addresses";
	if (!same_text(a->tunnel->protection_profile, b->tunnel->protection_profile))
		return "same source, same key, and not protected alike";
	return NULL;
}

static void judge_twins(struct reading *r, const struct config_interface *a, const struct config_interface *b)
{
	const char *why = alike(a, b);
	char text[256];

	snprintf(text, sizeof text, "%s and %s have the same source and key: between these routers their packets are told "
		 "apart by addresses and registrations, elsewhere they are not", a->ios_name, b->ios_name);
	if (why)
		config_line_error(r, b->line, "give the tunnels different tunnel keys", "%s and %s cannot be told apart: %s",
				  a->ios_name, b->ios_name, why);
	else
		r->out_of_memory |= !config_judge_line(r->c, b->line, false, text,
						       "tunnel key, where a router of another make is among the peers");
}

/* From any of its hubs a packet may come, so that no other tunnel may take it. */
static bool has_several_hubs(const struct config_tunnel *t)
{
	return t->mode == TUNNEL_GRE_P2P && (t->nhrp4.nhs_count > 1 || t->nhrp6.nhs_count > 1);
}

static bool same_socket(const struct config_tunnel *s, const struct config_tunnel *t)
{
	return s->vrf == t->vrf && s->transport == t->transport && ipaddr_eq(&s->source, &t->source) &&
	       same_text(s->source_interface, t->source_interface) && s->has_key == t->has_key && s->key == t->key;
}

static void check_several_hubs(struct reading *r, const struct config_interface **list, size_t count, size_t at)
{
	for (size_t i = 0; has_several_hubs(list[at]->tunnel) && i < count; i++) {
		if (i != at && same_socket(list[at]->tunnel, list[i]->tunnel))
			config_line_error(r, list[at]->line, "give the tunnels different tunnel keys",
					  "%s takes packets from several servers, and %s has the same source and key",
					  list[at]->ios_name, list[i]->ios_name);
	}
}

static void check_pairs(struct reading *r, const struct config_interface **list, size_t count)
{
	qsort(list, count, sizeof *list, by_packets);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && config_tunnels_alike(list[i - 1]->tunnel, list[i]->tunnel))
			judge_twins(r, list[i - 1], list[i]);
		check_several_hubs(r, list, count, i);
	}
	qsort(list, count, sizeof *list, by_subnet);
	for (size_t i = 1; i < count; i++) {
		if (first_address(list[i]) && !same_subnet(list[i - 1], list[i]))
			config_line_error(r, list[i]->line, "give each tunnel a subnet of its own, or another VRF",
					  "%s and %s have the same subnet", list[i - 1]->ios_name, list[i]->ios_name);
	}
}

static void check_tunnels(struct reading *r)
{
	const struct config_interface **list = calloc(r->c->interface_count + 1, sizeof *list);
	size_t count = 0;

	if (!list) {
		r->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < r->c->interface_count; i++) {
		const struct config_interface *interface = &r->c->interfaces[i];
		const struct config_tunnel *t = interface->tunnel;

		/* One without a source is in error already. */
		if (runs(interface) && (t->source_interface || !ipaddr_is_none(&t->source)))
			list[count++] = interface;
	}
	check_pairs(r, list, count);
	free(list);
}

/* ---- blocks that are not used ---- */

static void demote(struct reading *r, unsigned number, enum config_state state, bool changes_traffic, const char *reason)
{
	struct config_line *line = number && number <= r->c->line_count ? &r->c->lines[number - 1] : NULL;

	const bool worse = changes_traffic && line && line->state == CONFIG_NOT_SUPPORTED && !line->changes_traffic;

	if (!line || (line->state != CONFIG_HONOURED && !worse))
		return;
	line->state = state;
	line->changes_traffic = changes_traffic;
	reading_replace(r, &line->reason, reason);
}

static void demote_block(struct reading *r, const struct config_block *b, enum config_state state, bool changes_traffic,
			 const char *reason)
{
	demote(r, b->line, state, changes_traffic, reason);
	for (size_t i = 0; i < b->line_count; i++)
		demote(r, b->lines[i].line, state, changes_traffic, reason);
}

/* The list that was looked for last: its entries stand together. */
struct list_seen { char name[16]; bool used; };

static bool list_used(struct reading *r, const char *name, struct list_seen *last)
{
	if (*name && !strcmp(last->name, name))
		return last->used;
	snprintf(last->name, sizeof last->name, "%s", name);
	last->used = !reading_work(r, r->c->line_count * 4) || (config_access_list_used(r->c, name) || nat_uses_list(r->c, name));
	return last->used;
}

static void check_access_list(struct reading *r, const struct config_block *b, struct list_seen *last)
{
	const bool named = !strncmp(b->head, "ip access-list ", 15) || !strncmp(b->head, "ipv6 access-list ", 17);
	const bool numbered = !strncmp(b->head, "access-list ", 12);
	struct list_seen none = { .used = false };
	char name[16] = "";

	if (numbered)
		snprintf(name, sizeof name, "%.*s", (int)strcspn(b->head + 12, " "), b->head + 12);
	if ((named && !list_used(r, strrchr(b->head, ' ') + 1, &none)) || (numbered && !list_used(r, name, last)))
		demote_block(r, b, CONFIG_NO_EFFECT, false, "neither routing nor address translation refers to this list");
}

#define NO_SUCH_VRF "there is no such VRF: add vrf definition NAME"

/* Is there one of the kind in that VRF above it? */
static bool is_second(const struct config *c, size_t at, const char *kind, uint32_t vrf)
{
	for (size_t i = 0; i < at; i++) {
		if (!strncmp(c->blocks[i].head, kind, strlen(kind)) && config_vrf_in(c, c->blocks[i].head) == vrf)
			return true;
	}
	return false;
}

static void check_process(struct reading *r, size_t at, const char *kind)
{
	const struct config_block *b = &r->c->blocks[at];
	const uint32_t vrf = config_vrf_in(r->c, b->head);

	if (vrf == CONFIG_NO_VRF)
		demote_block(r, b, CONFIG_NOT_SUPPORTED, true, NO_SUCH_VRF);
	else if (reading_work(r, at) && is_second(r->c, at, kind, vrf))
		demote_block(r, b, CONFIG_NOT_SUPPORTED, true, "FRR runs one such process in a VRF; the first is carried");
}

/* Families of BGP for VRFs that are not there. */
static void check_families(struct reading *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const struct config_block_line *l = &b->lines[i], *head = l->parent == UINT32_MAX ? l : &b->lines[l->parent];

		if (!strncmp(head->text, "address-family ", 15) && strstr(head->text, " vrf ") && reading_work(r, r->c->vrf_count) &&
		    config_vrf_in(r->c, head->text) == CONFIG_NO_VRF)
			demote(r, l->line, CONFIG_NOT_SUPPORTED, true, NO_SUCH_VRF);
	}
}

/* Families of EIGRP that nobody runs here. */
static void check_eigrp(struct reading *r, const struct config_block *b)
{
	const int family = reading_work(r, b->line_count) ? eigrp_family(b) : -1;

	for (size_t i = 0; i < b->line_count; i++) {
		if (eigrp_is_aside(b, family, i))
			demote(r, b->lines[i].line, CONFIG_NOT_SUPPORTED, true, "EIGRP is carried for IPv4 in the global table only; use BGP");
	}
}

/* FRR runs one process of each kind in each VRF. */
static void check_processes(struct reading *r)
{
	static const char *const kinds[] = { "router ospf ", "ipv6 router ospf ", "router ospfv3 ", "router eigrp ",
					     "router bgp ", NULL };
	struct list_seen last = { .used = false };

	for (size_t i = 0; i < r->c->block_count; i++) {
		check_access_list(r, &r->c->blocks[i], &last);
		for (size_t k = 0; kinds[k]; k++) {
			if (!strncmp(r->c->blocks[i].head, kinds[k], strlen(kinds[k])))
				check_process(r, i, kinds[k]);
		}
		if (!strncmp(r->c->blocks[i].head, "router bgp ", 11))
			check_families(r, &r->c->blocks[i]);
		if (!strncmp(r->c->blocks[i].head, "router eigrp ", 13))
			check_eigrp(r, &r->c->blocks[i]);
	}
}

/* Number of a VRF's first OSPF process or EIGRP autonomous system, which FRR runs; 0: none. */
static unsigned first_process(const struct config *c, uint32_t vrf, const char *before, const char *inside)
{
	for (size_t i = 0; i < c->block_count; i++) {
		const struct config_block *b = &c->blocks[i];
		const size_t length = strlen(before);
		unsigned long number;

		if (strncmp(b->head, before, length) || config_vrf_in(c, b->head) != vrf)
			continue;
		number = strtoul(b->head + length, NULL, 10);
		for (size_t k = 0; !number && k < b->line_count; k++) {
			const char *at = strstr(b->lines[k].text, inside);

			number = at ? strtoul(at + strlen(inside), NULL, 10) : 0;
		}
		if (number)
			return (unsigned)number;
	}
	return 0;
}

/* The VRF of a block's line: its family's, or its process's. */
static uint32_t vrf_of_line(const struct config *c, const struct config_block *b, const struct config_block_line *l)
{
	return config_vrf_in(c, l->parent == UINT32_MAX ? b->head : b->lines[l->parent].text);
}

static void check_redistribution(struct reading *r)
{
	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		for (size_t k = 0; k < b->line_count; k++) {
			const bool eigrp = !strncmp(b->lines[k].text, "redistribute eigrp ", 19);
			unsigned number = 0, first;

			if ((!eigrp && sscanf(b->lines[k].text, "redistribute ospf %u", &number) != 1) || !reading_work(r, r->c->block_count))
				continue;
			if (eigrp)
				number = (unsigned)strtoul(b->lines[k].text + 19, NULL, 10);
			first = first_process(r->c, vrf_of_line(r->c, b, &b->lines[k]), eigrp ? "router eigrp " : "router ospf ",
					      eigrp ? " autonomous-system " : "\n");
			if (number != first)
				demote(r, b->lines[k].line, CONFIG_NOT_SUPPORTED, true, "FRR does not run that process");
		}
	}
}

static bool is_translation(const char *head)
{
	return !strncmp(head, "ip nat inside source ", 21) || !strncmp(head, "ip nat source ", 14);
}

static void check_translation(struct reading *r)
{
	struct nat *n;

	for (size_t i = 0; i < r->c->block_count; i++) {
		if (is_translation(r->c->blocks[i].head) && !reading_work(r, r->c->line_count))
			return;
	}
	n = nat_new(r->c);
	r->out_of_memory |= !n;
	if (n && n->fault_line)
		demote(r, n->fault_line, CONFIG_NOT_SUPPORTED, true, n->fault);
	if (n && n->idle_line)
		r->out_of_memory |= !config_judge_line(r->c, n->idle_line, false, n->idle, "add it, or take the line out: nothing is translated by it");
	nat_free(n);
}

/* A route by the gateway of a lease, through an interface whose address is written. */
static void check_lease(struct reading *r, const struct config_route *route)
{
	const struct config_interface *i = route->dhcp ? config_find_interface(r->c, route->interface) : NULL;

	if (i && !i->dhcp && i->address_count)
		r->out_of_memory |= !config_judge_line(r->c, route->line, false, "the interface has no lease: its address is in the file",
						       "write the gateway's address, or ip address dhcp at the interface");
}

void reading_check(struct reading *r)
{
	for (size_t i = 0; i < r->c->route_count; i++)
		check_lease(r, &r->c->routes[i]);
	for (size_t i = 0; i < r->c->interface_count; i++) {
		const struct config_interface *interface = &r->c->interfaces[i];

		check_names(r, interface);
		if (interface->backup)
			check_backup(r, interface);
		if (!runs(interface))
			continue;
		check_ends(r, interface);
		check_nhs(r, interface, &interface->tunnel->nhrp4, "ip");
		check_nhs(r, interface, &interface->tunnel->nhrp6, "ipv6");
		check_transport(r, interface);
		if (interface->tunnel->warm_behind)
			check_warm(r, interface);
	}
	check_tunnels(r);
	check_processes(r);
	check_redistribution(r);
	check_translation(r);
}
