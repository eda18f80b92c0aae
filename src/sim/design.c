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

static const uint8_t v6_start[4] = { 0x20, 0x01, 0x0d, 0xb8 }; /* then the IPv4 address of the plan */

enum { V6_MORE_BITS = 32 };

enum {
	NBMA = 100 << 24 | 64 << 16, /* 100.B.x.y: block B - 64 is three for each uplink, then the number */
	NBMA_HUBS = 0, NBMA_SPOKES, NBMA_AWAY, NBMA_BLOCKS,
	INSIDE_NBMA = 0xc0a80102,    /* 192.168.1.2: behind every NAT the same, as bought */
	TUNNEL = 10 << 24,           /* 10.T.x.y: a hub's number, or 256 and a spoke's */
	LAN = 10 << 24 | 128 << 16,  /* 10.128.0.0/9: /24s by the same number */
	MORE = 16 << 24,             /* 16.0.0.0/4: the /24s of the first spoke, then those of the second … */
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
	const bool at_one_hub = one_hub_per_tunnel && (r->is_hub || s->partners);

	r->tunnel_first = at_one_hub ? (number - 1) % (uint32_t)s->hubs : 0;
	r->tunnel_step = at_one_hub ? (uint32_t)s->hubs : 1;
	r->tunnel_count = (uint32_t)(one_hub_per_tunnel && !at_one_hub ? s->hubs * s->uplinks : s->uplinks);
}

/* An address of the plan in the overlay's family. */
static struct ipaddr planned_addr(const struct scenario *s, uint32_t v4)
{
	struct ipaddr a = ipaddr_v4(v4);

	if (s->overlay_v6) {
		memmove(a.bytes + sizeof v6_start, a.bytes, 4);
		memcpy(a.bytes, v6_start, sizeof v6_start);
		a.family = IP_V6;
	}
	return a;
}

/* Back again; 0 when it is none of the plan. */
static uint32_t plan_of(const struct world *w, const struct ipaddr *addr)
{
	struct ipaddr a = { .family = IP_V4 };

	if (addr->family != (w->scenario->overlay_v6 ? IP_V6 : IP_V4))
		return 0;
	if (w->scenario->overlay_v6 && memcmp(addr->bytes, v6_start, sizeof v6_start) != 0)
		return 0;
	memcpy(a.bytes, addr->bytes + (w->scenario->overlay_v6 ? sizeof v6_start : 0), 4);
	return ipaddr_to_v4(&a);
}

uint8_t design_len(const struct world *w, uint8_t v4_len)
{
	return (uint8_t)(v4_len + (w->scenario->overlay_v6 ? V6_MORE_BITS : 0));
}

static void place(struct router *r, const struct scenario *s, bool is_hub, uint32_t number)
{
	struct ipaddr lan;

	snprintf(r->name, sizeof r->name, "%s%u", is_hub ? "hub" : "spoke", number);
	r->is_hub = is_hub;
	r->natted = !is_hub && number <= s->natted;
	r->inside = ipaddr_v4(INSIDE_NBMA);
	lan = planned_addr(s, LAN + (plan_number(r, number) << 8));
	r->lan = ipprefix_make(&lan, s->overlay_v6 ? 24 + V6_MORE_BITS : 24);
	r->lan_host = planned_addr(s, LAN + (plan_number(r, number) << 8) + 10);
	r->died = INSTANT_ZERO;
	r->woke = INSTANT_NEVER;
	r->deadline = INSTANT_NEVER;
	r->bfd_due = INSTANT_NEVER;
	r->host.point_to_point = !is_hub && s->phase == 1;
	r->host.kernel = s->kernel;
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
	return planned_addr(w->scenario, TUNNEL + (tunnel << 16) + plan_number(r, number_of(w, r)));
}

struct ipaddr design_link_local(const struct world *w, const struct router *r, uint32_t tunnel)
{
	const struct ipaddr own = design_addr(w, r, tunnel);
	struct ipaddr a = { .family = IP_V6, .bytes = { 0xfe, 0x80 } };

	if (own.family != IP_V6)
		return IPADDR_NONE;
	memcpy(a.bytes + 12, own.bytes + 4, 4);
	return a;
}

size_t design_link_hub(const struct world *w, size_t link)
{
	return link % w->scenario->hubs;
}

uint32_t design_link_tunnel(const struct world *w, size_t link)
{
	return (uint32_t)(w->scenario->design == 1 ? link : link / w->scenario->hubs);
}

bool design_has_link(const struct world *w, const struct router *spoke, size_t link)
{
	return router_has_tunnel(spoke, design_link_tunnel(w, link));
}

/* Spokes do not all prefer the same one. */
static size_t priority_of(const struct world *w, const struct router *spoke, size_t hub)
{
	return (hub + world_index(w, spoke)) % w->scenario->hubs;
}

bool design_is_wanted(const struct world *w, const struct router *spoke, size_t hub, uint32_t tunnel)
{
	const size_t most = w->scenario->nhs_connections;

	return router_has_tunnel(spoke, tunnel) && router_has_tunnel(&w->routers[hub], tunnel) &&
	       (most == 0 || priority_of(w, spoke, hub) < most);
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
	const uint32_t past = plan_of(w, addr) - (uint32_t)TUNNEL;
	struct router *const r = past >> 16 < WORLD_TUNNELS_MAX ? planned(w, past & 0xffff) : NULL;

	return r && router_has_tunnel(r, past >> 16) ? r : NULL;
}

struct router *design_by_lan(struct world *w, const struct ipprefix *dst)
{
	const uint32_t past = plan_of(w, &dst->addr) - (uint32_t)LAN, more = plan_of(w, &dst->addr) - (uint32_t)MORE;

	if (dst->len >= design_len(w, 24) && more >> 8 < SCENARIO_PREFIXES_ALL && w->scenario->prefixes > 0)
		return numbered(w, false, (more >> 8) / (uint32_t)w->scenario->prefixes + 1);
	return dst->len >= design_len(w, 24) && past < (uint32_t)128 << 16 ? planned(w, past >> 8) : NULL;
}

struct ipaddr design_centre(const struct world *w)
{
	return planned_addr(w->scenario, LAN + 10);
}

struct ipprefix design_summary(const struct world *w, bool more)
{
	const struct ipaddr addr = planned_addr(w->scenario, more ? (uint32_t)MORE : (uint32_t)LAN);

	return ipprefix_make(&addr, design_len(w, more ? 4 : 9));
}

static uint32_t more_of(const struct world *w, const struct router *spoke, size_t n)
{
	return (uint32_t)MORE + (uint32_t)(((number_of(w, spoke) - 1) * w->scenario->prefixes + n) << 8);
}

struct ipprefix design_prefix(const struct world *w, const struct router *spoke, size_t n)
{
	const struct ipaddr addr = planned_addr(w->scenario, more_of(w, spoke, n));

	return ipprefix_make(&addr, design_len(w, 24));
}

struct ipaddr design_host(const struct world *w, const struct router *spoke, size_t n)
{
	return n == 0 ? spoke->lan_host : planned_addr(w->scenario, more_of(w, spoke, n - 1) + 10);
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

static const char *ip(const struct world *w)
{
	return w->scenario->overlay_v6 ? "ipv6" : "ip";
}

static void print_nhs(FILE *out, const struct world *w, const struct router *r, const struct router *hub, uint32_t tunnel)
{
	const struct ipaddr overlay = design_addr(w, hub, tunnel);
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	fprintf(out, " %s nhrp nhs %s nbma %s multicast", ip(w), ipaddr_format(&overlay, addr),
		ipaddr_format(&hub->uplinks[design_uplink(w, tunnel)].nbma, nbma));
	if (w->scenario->nhs_connections > 0 && !r->is_hub)
		fprintf(out, " priority %zu", priority_of(w, r, world_index(w, hub)));
	fputc('\n', out);
}

static void print_cluster(FILE *out, const struct world *w)
{
	if (w->scenario->nhs_connections > 0)
		fprintf(out, " %s nhrp nhs cluster 0 max-connections %zu\n", ip(w), w->scenario->nhs_connections);
	if (w->scenario->nhs_fallback_s > 0)
		fprintf(out, " %s nhrp nhs fallback %u\n", ip(w), w->scenario->nhs_fallback_s);
}

static void print_spoke(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	char nbma[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < w->scenario->hubs; i++) {
		if (router_has_tunnel(&w->routers[i], tunnel) && !lacks(w, r, i))
			print_nhs(out, w, r, &w->routers[i], tunnel);
	}
	print_cluster(out, w);
	if (w->scenario->no_unique)
		fprintf(out, " %s nhrp registration no-unique\n", ip(w));
	if (w->scenario->phase == 3)
		fprintf(out, " %s nhrp shortcut\n", ip(w));
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

		fprintf(out, " %s nhrp identity fqdn %s address %s\n", ip(w), w->routers[i].name, ipaddr_format(&his, addr));
	}
}

/* Where spokes are registered with some of the hubs only, hubs ask each other. */
static void print_other_hubs(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	for (size_t i = 0; i < w->scenario->hubs && w->scenario->nhs_connections > 0; i++) {
		if (&w->routers[i] != r)
			print_nhs(out, w, r, &w->routers[i], tunnel);
	}
}

static void print_partners(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	char inside[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < w->scenario->hubs && w->scenario->partners; i++) {
		if (&w->routers[i] != r)
			fprintf(out, " %s nhrp redirect partner %s nbma %s\n", ip(w), ipaddr_format(&w->routers[i].lan_host, inside),
				ipaddr_format(&w->routers[i].uplinks[design_uplink(w, tunnel)].nbma, nbma));
	}
}

static void print_hub(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	fprintf(out, " %s nhrp map multicast dynamic\n", ip(w));
	if (w->scenario->phase == 3)
		fprintf(out, " %s nhrp redirect\n", ip(w));
	if (w->scenario->identities)
		print_identities(out, w, tunnel);
	print_other_hubs(out, w, r, tunnel);
	print_partners(out, w, r, tunnel);
}

static void print_tunnel(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	const struct scenario *s = w->scenario;
	const struct ipaddr own = design_addr(w, r, tunnel);
	char addr[IPADDR_TEXT_MAX];

	fprintf(out, "interface Tunnel%u\n %s address %s%s\n", tunnel, ip(w), ipaddr_format(&own, addr),
		s->overlay_v6 ? "/48" : " 255.255.0.0");
	fprintf(out, " %s nhrp network-id %u\n %s nhrp authentication simulate\n", ip(w), s->one_network ? 1 : tunnel + 1,
		ip(w));
	fprintf(out, " %s nhrp holdtime %u\n %s nhrp registration timeout %u\n", ip(w), design_holdtime_s(w, r), ip(w),
		s->registration_s / part(r));
	if (s->probe_ms)
		fprintf(out, " %s nhrp probe interval %u\n", ip(w), s->probe_ms);
	else
		fprintf(out, " no %s nhrp probe\n", ip(w));
	if (s->bfd_ms)
		fprintf(out, " bfd interval %u min_rx %u multiplier 3\n", s->bfd_ms, s->bfd_ms);
	if (s->route_hold_s)
		fprintf(out, " nhrp route-hold %u\n", s->route_hold_s);
	if (r->is_hub)
		print_hub(out, w, r, tunnel);
	else
		print_spoke(out, w, r, tunnel);
	fprintf(out, " tunnel source Ethernet0/%zu\n tunnel mode gre %s\n", design_uplink(w, tunnel),
		s->phase == 1 && !r->is_hub ? "ip" : "multipoint");
	if (!s->keyless)
		fprintf(out, " tunnel key %u\n", tunnel + 1);
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
	fprintf(out, "interface Ethernet1/0\n %s address %s%s\n", ip(w), ipaddr_format(&r->lan_host, lan),
		w->scenario->overlay_v6 ? "/56" : " 255.255.255.0");
	for (size_t i = 0; i < r->tunnel_count; i++)
		print_tunnel(out, w, r, router_tunnel(r, i));
	fclose(out);
	assert(text);
	return text;
}
