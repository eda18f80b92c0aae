/*
 * The simulated network. Design 2: one tunnel, every hub an NHS of every spoke. Design 1: hub
 * n has Tunnel n-1 alone, a subnet of its own, and every spoke has all of these tunnels. With a second
 * uplink there are as many tunnels again, whose sources are the second addresses of all routers.
 *
 * Addresses follow from the router's number, so that a router is found by its address at once.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

enum {
	NBMA = 100 << 24 | 64 << 16, /* 100.B.x.y: block B - 64 is three for each uplink, then the number */
	NBMA_HUBS = 0, NBMA_SPOKES, NBMA_AWAY, NBMA_BLOCKS,
	INSIDE_NBMA = 0xc0a80102,    /* 192.168.1.2: behind every NAT the same, as bought */
	TUNNEL = 10 << 24,           /* 10.T.x.y: a hub's number, or 256 and a spoke's */
	LAN = 10 << 24 | 128 << 16,  /* 10.128.0.0/9: /24s by the same number */
	SPOKES_FROM = 256,
};

static uint32_t plan_number(const struct router *r, uint32_t number)
{
	return r->is_hub ? number : SPOKES_FROM + number;
}

static void place_uplinks(struct router *r, const struct scenario *s, uint32_t number)
{
	for (size_t u = 0; u < s->uplinks; u++) {
		const uint32_t block = NBMA + (uint32_t)((u * NBMA_BLOCKS) << 16) + number;

		r->uplinks[u] = (struct uplink){
			.home = ipaddr_v4(block + (r->is_hub ? (uint32_t)NBMA_HUBS << 16 : (uint32_t)NBMA_SPOKES << 16)),
			.away = ipaddr_v4(block + (NBMA_AWAY << 16)),
		};
		r->uplinks[u].nbma = r->uplinks[u].home;
	}
}

static void place_tunnels(struct router *r, const struct scenario *s, uint32_t number)
{
	const bool one_hub_per_tunnel = s->design == 1;

	r->tunnel_first = one_hub_per_tunnel && r->is_hub ? number - 1 : 0;
	r->tunnel_step = one_hub_per_tunnel && r->is_hub ? (uint32_t)s->hubs : 1;
	r->tunnel_count = (uint32_t)(one_hub_per_tunnel && !r->is_hub ? s->hubs * s->uplinks : s->uplinks);
}

static void place(struct router *r, const struct scenario *s, bool is_hub, uint32_t number)
{
	struct ipaddr lan;

	snprintf(r->name, sizeof r->name, "%s%u", is_hub ? "hub" : "spoke", number);
	r->is_hub = is_hub;
	r->natted = !is_hub && number <= s->natted;
	r->inside = ipaddr_v4(INSIDE_NBMA);
	lan = ipaddr_v4(LAN + (plan_number(r, number) << 8));
	r->lan = ipprefix_make(&lan, 24);
	r->lan_host = ipaddr_v4(ipaddr_to_v4(&lan) + 10);
	r->died = INSTANT_ZERO;
	r->woke = INSTANT_NEVER;
	r->deadline = INSTANT_NEVER;
	r->bfd_due = INSTANT_NEVER;
	r->host.point_to_point = !is_hub && s->phase == 1;
	place_uplinks(r, s, number);
	place_tunnels(r, s, number);
}

void design_place(struct world *w)
{
	const struct scenario *s = w->scenario;

	w->router_count = s->hubs + s->spokes;
	w->link_count = s->hubs * s->uplinks;
	w->routers = calloc(w->router_count, sizeof *w->routers);
	assert(w->routers);
	for (size_t i = 0; i < w->router_count; i++) {
		const bool is_hub = i < s->hubs;

		place(&w->routers[i], s, is_hub, (uint32_t)(is_hub ? i + 1 : i - s->hubs + 1));
	}
}

static uint32_t number_of(const struct world *w, const struct router *r)
{
	return (uint32_t)(world_index(w, r) - (r->is_hub ? 0 : w->scenario->hubs) + 1);
}

struct ipaddr design_addr(const struct world *w, const struct router *r, uint32_t tunnel)
{
	return ipaddr_v4(TUNNEL + (tunnel << 16) + plan_number(r, number_of(w, r)));
}

size_t design_link_hub(const struct world *w, size_t link)
{
	return link % w->scenario->hubs;
}

uint32_t design_link_tunnel(const struct world *w, size_t link)
{
	return (uint32_t)(w->scenario->design == 1 ? link : link / w->scenario->hubs);
}

size_t design_uplink(const struct world *w, uint32_t tunnel)
{
	return w->scenario->design == 1 ? tunnel / w->scenario->hubs : tunnel;
}

/* The router of that number, NULL when there is none. */
static struct router *numbered(struct world *w, bool is_hub, uint32_t number)
{
	const size_t among = is_hub ? w->scenario->hubs : w->scenario->spokes;

	return number >= 1 && number <= among ? &w->routers[(is_hub ? 0 : w->scenario->hubs) + number - 1] : NULL;
}

static struct router *planned(struct world *w, uint32_t number)
{
	return number < SPOKES_FROM ? numbered(w, true, number) : numbered(w, false, number - SPOKES_FROM);
}

struct router *design_by_nbma(struct world *w, const struct ipaddr *nbma, size_t *uplink)
{
	const uint32_t past = nbma->family == IP_V4 ? ipaddr_to_v4(nbma) - (uint32_t)NBMA : UINT32_MAX;
	const uint32_t block = past >> 16;

	*uplink = block / NBMA_BLOCKS;
	return *uplink < w->scenario->uplinks ? numbered(w, block % NBMA_BLOCKS == NBMA_HUBS, past & 0xffff) : NULL;
}

struct router *design_by_addr(struct world *w, const struct ipaddr *addr)
{
	const uint32_t past = addr->family == IP_V4 ? ipaddr_to_v4(addr) - (uint32_t)TUNNEL : UINT32_MAX;
	struct router *const r = past >> 16 < WORLD_TUNNELS_MAX ? planned(w, past & 0xffff) : NULL;

	return r && router_has_tunnel(r, past >> 16) ? r : NULL;
}

struct router *design_by_lan(struct world *w, const struct ipprefix *dst)
{
	const uint32_t past = dst->addr.family == IP_V4 ? ipaddr_to_v4(&dst->addr) - (uint32_t)LAN : UINT32_MAX;

	return dst->len >= 24 && past < (uint32_t)128 << 16 ? planned(w, past >> 8) : NULL;
}

struct ipaddr design_centre(void)
{
	return ipaddr_v4(LAN + 10);
}

struct ipprefix design_summary(void)
{
	const struct ipaddr addr = ipaddr_v4(LAN);

	return ipprefix_make(&addr, 9);
}

/* A changed configuration lacks one of the NHSs, not the same at every spoke. */
static bool lacks(const struct world *w, const struct router *r, size_t hub)
{
	return r->changes > 0 && hub == world_index(w, r) % w->scenario->hubs;
}

static unsigned part(const struct router *r)
{
	return r->changes > 0 ? 2 : 1;
}

uint16_t design_holdtime_s(const struct world *w, const struct router *r)
{
	return (uint16_t)(w->scenario->holdtime_s / part(r));
}

static void print_nhs(FILE *out, const struct world *w, const struct router *hub, uint32_t tunnel)
{
	const struct ipaddr overlay = design_addr(w, hub, tunnel);
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	fprintf(out, " ip nhrp nhs %s nbma %s multicast\n", ipaddr_format(&overlay, addr),
		ipaddr_format(&hub->uplinks[design_uplink(w, tunnel)].nbma, nbma));
}

static void print_spoke(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	char nbma[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < w->scenario->hubs; i++) {
		if (router_has_tunnel(&w->routers[i], tunnel) && !lacks(w, r, i))
			print_nhs(out, w, &w->routers[i], tunnel);
	}
	if (w->scenario->no_unique)
		fputs(" ip nhrp registration no-unique\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp shortcut\n", out);
	if (w->scenario->phase == 1)
		fprintf(out, " tunnel destination %s\n",
			ipaddr_format(&w->routers[design_link_hub(w, tunnel)].uplinks[design_uplink(w, tunnel)].nbma, nbma));
}

/* Who may have which address. */
static void print_identities(FILE *out, const struct world *w, uint32_t tunnel)
{
	char addr[IPADDR_TEXT_MAX];

	for (size_t i = w->scenario->hubs; i < w->router_count; i++) {
		const struct ipaddr his = design_addr(w, &w->routers[i], tunnel);

		fprintf(out, " ip nhrp identity fqdn %s address %s\n", w->routers[i].name, ipaddr_format(&his, addr));
	}
}

static void print_hub(FILE *out, const struct world *w, uint32_t tunnel)
{
	fputs(" ip nhrp map multicast dynamic\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp redirect\n", out);
	if (w->scenario->identities)
		print_identities(out, w, tunnel);
}

static void print_tunnel(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	const struct scenario *s = w->scenario;
	const struct ipaddr own = design_addr(w, r, tunnel);
	char addr[IPADDR_TEXT_MAX];

	fprintf(out, "interface Tunnel%u\n ip address %s 255.255.0.0\n", tunnel, ipaddr_format(&own, addr));
	fprintf(out, " ip nhrp network-id %u\n ip nhrp authentication simulate\n", s->one_network ? 1 : tunnel + 1);
	fprintf(out, " ip nhrp holdtime %u\n ip nhrp registration timeout %u\n", design_holdtime_s(w, r),
		s->registration_s / part(r));
	if (s->probe_ms)
		fprintf(out, " ip nhrp probe interval %u\n", s->probe_ms);
	else
		fputs(" no ip nhrp probe\n", out);
	if (s->bfd_ms)
		fprintf(out, " bfd interval %u min_rx %u multiplier 3\n", s->bfd_ms, s->bfd_ms);
	if (r->is_hub)
		print_hub(out, w, tunnel);
	else
		print_spoke(out, w, r, tunnel);
	fprintf(out, " tunnel source Ethernet0/%zu\n tunnel mode gre %s\n tunnel key %u\n", design_uplink(w, tunnel),
		s->phase == 1 && !r->is_hub ? "ip" : "multipoint", tunnel + 1);
}

char *design_config(const struct world *w, const struct router *r)
{
	char nbma[IPADDR_TEXT_MAX], lan[IPADDR_TEXT_MAX];
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert(out);
	fprintf(out, "hostname %s\n", r->name);
	for (size_t u = 0; u < w->scenario->uplinks; u++)
		fprintf(out, "interface Ethernet0/%zu\n ip address %s 255.255.0.0\n", u,
			ipaddr_format(r->natted ? &r->inside : &r->uplinks[u].nbma, nbma));
	fprintf(out, "interface Ethernet1/0\n ip address %s 255.255.255.0\n", ipaddr_format(&r->lan_host, lan));
	for (size_t i = 0; i < r->tunnel_count; i++)
		print_tunnel(out, w, r, router_tunnel(r, i));
	fclose(out);
	assert(text);
	return text;
}
