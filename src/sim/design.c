/*
 * The simulated network. Design 2: one tunnel, every hub an NHS of every spoke. Design 1: hub
 * n has Tunnel n-1 alone, a subnet of its own, and every spoke has all of these tunnels.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

enum {
	HUB_NBMA = 0xc0000200,      /* 192.0.2.n */
	SPOKE_NBMA = 0xc6336400,    /* 198.51.100.n */
	AWAY_NBMA = 0xcb007100,     /* 203.0.113.n */
	INSIDE_NBMA = 0xc0a80102,   /* 192.168.1.2: behind every NAT the same, as bought */
	HUB_TUNNEL = 0x0a000000,    /* 10.T.0.n */
	SPOKE_TUNNEL = 0x0a000100,  /* 10.T.1.n */
	HUB_LAN = 0x0a600000,       /* 10.96.n.0/24 */
	SPOKE_LAN = 0x0a640000,     /* 10.100.n.0/24 */
	SUMMARY = 0x0a600000,       /* 10.96.0.0/11 */
};

static void place_tunnels(struct router *r, const struct scenario *s, uint32_t number)
{
	r->tunnel_first = s->design == 1 && r->is_hub ? number - 1 : 0;
	r->tunnel_count = s->design == 1 && !r->is_hub ? (uint32_t)s->hubs : 1;
	for (uint32_t t = r->tunnel_first; t < r->tunnel_first + r->tunnel_count; t++)
		r->addrs[t] = ipaddr_v4((r->is_hub ? HUB_TUNNEL : SPOKE_TUNNEL) + (t << 16) + number);
}

static void place(struct router *r, const struct scenario *s, bool is_hub, uint32_t number)
{
	const struct ipaddr lan = ipaddr_v4((is_hub ? (uint32_t)HUB_LAN : (uint32_t)SPOKE_LAN) + (number << 8));

	snprintf(r->name, sizeof r->name, "%s%u", is_hub ? "hub" : "spoke", number);
	r->is_hub = is_hub;
	r->natted = !is_hub && number <= s->natted;
	r->inside = ipaddr_v4(INSIDE_NBMA);
	r->nbma = ipaddr_v4((is_hub ? (uint32_t)HUB_NBMA : (uint32_t)SPOKE_NBMA) + number);
	r->home = r->nbma;
	r->away = ipaddr_v4((uint32_t)AWAY_NBMA + number);
	r->former = IPADDR_NONE;
	r->lan = ipprefix_make(&lan, 24);
	r->lan_host = ipaddr_v4(ipaddr_to_v4(&lan) + 10);
	r->died = INSTANT_ZERO;
	r->host.point_to_point = !is_hub && s->phase == 1;
	place_tunnels(r, s, number);
}

void design_place(struct world *w)
{
	const struct scenario *s = w->scenario;

	w->router_count = s->hubs + s->spokes;
	w->routers = calloc(w->router_count, sizeof *w->routers);
	w->heard = calloc(w->router_count, sizeof *w->heard);
	assert(w->routers && w->heard);
	for (size_t i = 0; i < w->router_count; i++) {
		const bool is_hub = i < s->hubs;

		place(&w->routers[i], s, is_hub, (uint32_t)(is_hub ? i + 1 : i - s->hubs + 1));
	}
}

struct ipprefix design_summary(void)
{
	const struct ipaddr addr = ipaddr_v4(SUMMARY);

	return ipprefix_make(&addr, 11);
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

static void print_spoke(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < w->scenario->hubs; i++) {
		const struct router *hub = &w->routers[i];

		if (router_has_tunnel(hub, tunnel) && !lacks(w, r, i))
			fprintf(out, " ip nhrp nhs %s nbma %s multicast\n", ipaddr_format(&hub->addrs[tunnel], addr),
				ipaddr_format(&hub->nbma, nbma));
	}
	if (w->scenario->no_unique)
		fputs(" ip nhrp registration no-unique\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp shortcut\n", out);
	if (w->scenario->phase == 1)
		fprintf(out, " tunnel destination %s\n", ipaddr_format(&w->routers[tunnel].nbma, nbma));
}

static void print_hub(FILE *out, const struct world *w)
{
	fputs(" ip nhrp map multicast dynamic\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp redirect\n", out);
}

static void print_tunnel(FILE *out, const struct world *w, const struct router *r, uint32_t tunnel)
{
	const struct scenario *s = w->scenario;
	char addr[IPADDR_TEXT_MAX];

	fprintf(out, "interface Tunnel%u\n ip address %s 255.255.0.0\n", tunnel,
		ipaddr_format(&r->addrs[tunnel], addr));
	fprintf(out, " ip nhrp network-id %u\n ip nhrp authentication simulate\n", s->one_network ? 1 : tunnel + 1);
	fprintf(out, " ip nhrp holdtime %u\n ip nhrp registration timeout %u\n", design_holdtime_s(w, r),
		s->registration_s / part(r));
	if (r->is_hub)
		print_hub(out, w);
	else
		print_spoke(out, w, r, tunnel);
	fprintf(out, " tunnel source Ethernet0/0\n tunnel mode gre %s\n tunnel key %u\n",
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
	fprintf(out, "interface Ethernet0/0\n ip address %s 255.255.255.0\n",
		ipaddr_format(r->natted ? &r->inside : &r->nbma, nbma));
	fprintf(out, "interface Ethernet0/1\n ip address %s 255.255.255.0\n", ipaddr_format(&r->lan_host, lan));
	for (uint32_t t = r->tunnel_first; t < r->tunnel_first + r->tunnel_count; t++)
		print_tunnel(out, w, r, t);
	fclose(out);
	assert(text);
	return text;
}
