/*
 * EIGRP's intent in BGP's words, for labs. Each router has a private AS number; MED adds up what each
 * interface costs, as delay and bandwidth do, and decides. What is told to whom is in render_eigrp_maps.c.
 */
#include <stdlib.h>
#include <string.h>

#include "config/render_eigrp.h"

enum { PATHS = 4 };

/* ---- what is this router's own ---- */

static struct ipprefix subnet_of(const struct config_interface *i)
{
	return ipprefix_make(interface_address(i), interface_primary(i)->prefix_len);
}

static void network_map(struct render *r, const struct config_interface *i)
{
	struct eigrp_process p = { 0 };
	bool any = false;

	while (eigrp_next(r->c, &p)) {
		if (!eigrp_runs_on(&p, i))
			continue;
		if (!any)
			fprintf(r->out, "route-map eigrp-network-%s permit 10\n set metric %u\n set community " SOURCE_MARK ":%u", i->name,
				eigrp_cost(i), FROM_NETWORK);
		fprintf(r->out, " " PROCESS_MARK ":%u", p.as);
		any = true;
	}
	if (any)
		fputc('\n', r->out);
}

static void tags_carried(struct render *r, const char *word)
{
	unsigned sequence = 0;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		for (size_t k = 0; !strncmp(b->head, "route-map ", 10) && k < b->line_count; k++) {
			const char *tags = b->lines[k].text + 10;
			char *end;

			if (strncmp(b->lines[k].text, "match tag ", 10))
				continue;
			for (unsigned long tag; tag = strtoul(tags, &end, 10), end > tags; tags = end)
				fprintf(r->out, "route-map eigrp-take-%s permit %u\n match tag %lu\n set community " TAG_MARK ":%lu additive\n"
					" on-match next\n", word, ++sequence, tag, tag & 0xffff);
		}
	}
}

/* OSPF redistributes the subnets of its own interfaces, too, which are connected ones to FRR. */
static bool ospf_subnets(struct render *r)
{
	bool any = false;

	for (size_t k = 0; r->ospf && k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];
		const struct ipaddr *a = interface_address(i);
		char text[IPPREFIX_TEXT_MAX];
		struct ipprefix p;

		if (!a || i->vrf || i->shutdown || (!i->ospf.has_area && block_network(r, r->ospf, a) < 0))
			continue;
		p = subnet_of(i);
		fprintf(r->out, "ip prefix-list eigrp-ospf-subnets permit %s\n", ipprefix_format(&p, text));
		any = true;
	}
	return any;
}

static bool takes(struct render *r, enum source source)
{
	struct eigrp_process p = { 0 };
	struct redistribution d;

	while (eigrp_next(r->c, &p))
		for (size_t at = 0; eigrp_redistribution(&p, &at, &d);)
			if (d.source == source)
				return true;
	return false;
}

/* Maps by which routes of others come into BGP. */
static void take_maps(struct render *r)
{
	for (size_t i = 0; i < EIGRP_SOURCES; i++) {
		const enum source s = eigrp_sources[i].source;

		if (s == FROM_EIGRP || s == FROM_CONNECTED || !takes(r, s))
			continue;
		tags_carried(r, eigrp_sources[i].word);
		fprintf(r->out, "route-map eigrp-take-%s permit 65535\n set community " SOURCE_MARK ":%u additive\n", eigrp_sources[i].word, s);
	}
	if (takes(r, FROM_OSPF) && ospf_subnets(r))
		fprintf(r->out, "route-map eigrp-take-connected permit 10\n match ip address prefix-list eigrp-ospf-subnets\n"
			" set community " SOURCE_MARK ":%u " SOURCE_MARK ":%u\n", FROM_OSPF, takes(r, FROM_CONNECTED) ? FROM_CONNECTED : FROM_OSPF);
	if (takes(r, FROM_CONNECTED))
		fprintf(r->out, "route-map eigrp-take-connected permit 20\n set community " SOURCE_MARK ":%u\n", FROM_CONNECTED);
	else
		fputs("route-map eigrp-take-connected deny 20\n", r->out);
}

/* ---- the process ---- */

static void neighbour(struct place *place)
{
	const struct eigrp_neighbours *n = place->r->o->eigrp;
	FILE *out = place->r->out;
	char a[IPADDR_TEXT_MAX];

	for (size_t k = 0; k < n->count; k++) {
		if (n->list[k].here != place->i || n->list[k].as != place->p->as || n->list[k].why_not)
			continue;
		ipaddr_format(&n->list[k].address, a);
		fprintf(out, " neighbor %s remote-as external\n neighbor %s timers %u %u\n neighbor %s timers connect 2\n"
			" neighbor %s advertisement-interval 0\n", a, a, place->says.hello_s, place->says.hold_s < 3 ? 3 : place->says.hold_s, a, a);
	}
}

static void neighbour_family(struct place *place)
{
	const struct eigrp_neighbours *n = place->r->o->eigrp;
	FILE *out = place->r->out;
	char a[IPADDR_TEXT_MAX];
	struct filter f;

	for (size_t k = 0; k < n->count; k++) {
		if (n->list[k].here != place->i || n->list[k].as != place->p->as || n->list[k].why_not)
			continue;
		ipaddr_format(&n->list[k].address, a);
		if (place->says.next_hop_self)
			fprintf(out, "  neighbor %s next-hop-self\n", a);
		fprintf(out, "  neighbor %s attribute-unchanged med\n  neighbor %s route-map eigrp-%u-%s-in in\n"
			"  neighbor %s route-map eigrp-%u-%s-out out\n", a, a, place->p->as, place->i->name, a, place->p->as, place->i->name);
		for (size_t at = 0; eigrp_filter(place, &at, &f);)
			if (strcmp(f.kind, "route-map"))
				fprintf(out, "  neighbor %s %s %s %s\n", a, !strcmp(f.kind, "prefix") ? "prefix-list" : "distribute-list",
					f.name, f.way);
	}
}

static void aggregates(struct place *place)
{
	char text[IPPREFIX_TEXT_MAX];

	for (size_t s = 0; s < place->says.summary_count; s++)
		fprintf(place->r->out, "  aggregate-address %s route-map eigrp-summary\n", ipprefix_format(&place->says.summaries[s], text));
}

static bool runs_anywhere(const struct render *r, const struct config_interface *i)
{
	struct eigrp_process p = { 0 };

	while (eigrp_next(r->c, &p))
		if (eigrp_runs_on(&p, i))
			return true;
	return false;
}

static void networks(struct render *r)
{
	char text[IPPREFIX_TEXT_MAX];

	for (size_t k = 0; k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];
		struct ipprefix subnet;

		if (!runs_anywhere(r, i))
			continue;
		subnet = subnet_of(i);
		fprintf(r->out, "  network %s route-map eigrp-network-%s\n", ipprefix_format(&subnet, text), i->name);
	}
}

static unsigned maximum_paths(const struct render *r)
{
	struct eigrp_process p = { 0 };
	const struct config_block_line *l;
	unsigned value;

	while (eigrp_next(r->c, &p))
		for (size_t at = 0; (l = eigrp_line(&p, &at));)
			if (sscanf(l->text, "maximum-paths %u", &value) == 1)
				return value;
	return PATHS;
}

static void router_id(struct render *r)
{
	struct eigrp_process p = { 0 };
	const struct config_block_line *l;

	while (eigrp_next(r->c, &p))
		for (size_t at = 0; (l = eigrp_line(&p, &at));)
			if (!strncmp(l->text, "eigrp router-id ", 16) || !strncmp(l->text, "router-id ", 10)) {
				fprintf(r->out, " bgp router-id %s\n", strrchr(l->text, ' ') + 1);
				return;
			}
}

static void redistribute_all(struct render *r)
{
	for (size_t i = 0; i < EIGRP_SOURCES; i++)
		if (eigrp_sources[i].source != FROM_EIGRP && eigrp_sources[i].source != FROM_CONNECTED && takes(r, eigrp_sources[i].source))
			fprintf(r->out, "  redistribute %s route-map eigrp-take-%s\n", eigrp_sources[i].word, eigrp_sources[i].word);
	if (takes(r, FROM_CONNECTED) || takes(r, FROM_OSPF))
		fputs("  redistribute connected route-map eigrp-take-connected\n", r->out);
}

void render_eigrp_bgp(struct render *r)
{
	eigrp_mapping_write(r->c, r->o->eigrp, "! ", r->out);
	render_eigrp_lists(r);
	for (size_t k = 0; k < r->c->interface_count; k++)
		network_map(r, &r->c->interfaces[k]);
	fprintf(r->out, "route-map eigrp-summary permit 10\n set community " SOURCE_MARK ":%u\n set metric 0\n", FROM_SUMMARY);
	take_maps(r);
	render_eigrp_maps(r);
	fprintf(r->out, "!\nrouter bgp %u\n", 4200000000u + r->o->eigrp->number);
	router_id(r);
	fputs(" no bgp ebgp-requires-policy\n bgp always-compare-med\n bgp bestpath as-path ignore\n"
	      " bgp bestpath as-path multipath-relax\n bgp network import-check\n", r->out);
	eigrp_each_place(r, neighbour);
	fputs(" address-family ipv4 unicast\n  distance bgp 90 90 5\n", r->out);
	fprintf(r->out, "  maximum-paths %u\n", maximum_paths(r));
	networks(r);
	eigrp_each_place(r, aggregates);
	redistribute_all(r);
	eigrp_each_place(r, neighbour_family);
	fputs("!\n", r->out);
}

/* ---- OSPF takes them ---- */

/* "redistribute eigrp 100 … route-map NAME": routes of BGP that are marked as that process's, and its interfaces' subnets. */
static void ospf_take_process(struct render *r, const char *text, unsigned as)
{
	const char *map = strstr(text, " route-map ");
	struct eigrp_process p = { 0 };
	char subnet[IPPREFIX_TEXT_MAX];

	for (int connected = 0; connected < 2; connected++) {
		fprintf(r->out, "route-map eigrp-to-ospf%s permit %u\n match %s%u\n", connected ? "-connected" : "", as,
			connected ? "ip address prefix-list eigrp-subnets-" : "tag ", as);
		if (map)
			fprintf(r->out, " call %s\n", map + 11);
	}
	while (eigrp_next(r->c, &p))
		for (size_t k = 0; p.as == as && k < r->c->interface_count; k++) {
			struct ipprefix s;

			if (!eigrp_runs_on(&p, &r->c->interfaces[k]))
				continue;
			s = subnet_of(&r->c->interfaces[k]);
			fprintf(r->out, "ip prefix-list eigrp-subnets-%u permit %s\n", as, ipprefix_format(&s, subnet));
		}
}

void render_ospf_from_eigrp_maps(struct render *r)
{
	unsigned as;

	for (size_t i = 0; r->ospf && i < r->ospf->line_count; i++)
		if (sscanf(r->ospf->lines[i].text, "redistribute eigrp %u", &as) == 1)
			ospf_take_process(r, r->ospf->lines[i].text, as);
}

/* The metric and its type are those of the first such line: the sources are one in FRR. */
void render_ospf_from_eigrp(struct render *r, const char *text, bool *done)
{
	const char *metric = strstr(text, " metric "), *type = strstr(text, " metric-type ");
	const char *const names[] = { "bgp", "connected" }, *const maps_of[] = { "eigrp-to-ospf", "eigrp-to-ospf-connected" };
	char rest[64] = "";

	if (metric)
		snprintf(rest, sizeof rest, " metric %d", atoi(metric + 8));
	if (type)
		snprintf(rest + strlen(rest), sizeof rest - strlen(rest), " metric-type %d", atoi(type + 13));
	for (size_t i = 0; i < 2 && !*done; i++)
		if (i == 0 || !block_has(r->ospf, "redistribute connected subnets"))
			fprintf(r->out, " redistribute %s%s route-map %s\n", names[i], rest, maps_of[i]);
	*done = true;
}
