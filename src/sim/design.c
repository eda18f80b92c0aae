/* The simulated network: one tunnel, every hub an NHS of every spoke. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

enum {
	HUB_NBMA = 0xc0000200,      /* 192.0.2.n */
	SPOKE_NBMA = 0xc6336400,    /* 198.51.100.n */
	AWAY_NBMA = 0xcb007100,     /* 203.0.113.n */
	HUB_TUNNEL = 0x0a000000,    /* 10.0.0.n */
	SPOKE_TUNNEL = 0x0a000100,  /* 10.0.1.n */
	HUB_LAN = 0x0a600000,       /* 10.96.n.0/24 */
	SPOKE_LAN = 0x0a640000,     /* 10.100.n.0/24 */
	SUMMARY = 0x0a600000,       /* 10.96.0.0/11 */
};

static void place(struct router *r, bool is_hub, uint32_t number)
{
	const struct ipaddr lan = ipaddr_v4((is_hub ? (uint32_t)HUB_LAN : (uint32_t)SPOKE_LAN) + (number << 8));

	snprintf(r->name, sizeof r->name, "%s%u", is_hub ? "hub" : "spoke", number);
	r->is_hub = is_hub;
	r->nbma = ipaddr_v4((is_hub ? (uint32_t)HUB_NBMA : (uint32_t)SPOKE_NBMA) + number);
	r->home = r->nbma;
	r->away = ipaddr_v4((uint32_t)AWAY_NBMA + number);
	r->former = IPADDR_NONE;
	r->addr = ipaddr_v4((is_hub ? HUB_TUNNEL : SPOKE_TUNNEL) + number);
	r->lan = ipprefix_make(&lan, 24);
	r->lan_host = ipaddr_v4(ipaddr_to_v4(&lan) + 10);
	r->died = INSTANT_ZERO;
}

void design_place(struct world *w)
{
	w->router_count = w->scenario->hubs + w->scenario->spokes;
	w->routers = calloc(w->router_count, sizeof *w->routers);
	w->heard = calloc(w->router_count, sizeof *w->heard);
	assert(w->routers && w->heard);
	for (size_t i = 0; i < w->router_count; i++) {
		const bool is_hub = i < w->scenario->hubs;

		place(&w->routers[i], is_hub, (uint32_t)(is_hub ? i + 1 : i - w->scenario->hubs + 1));
	}
}

struct ipprefix design_summary(void)
{
	const struct ipaddr addr = ipaddr_v4(SUMMARY);

	return ipprefix_make(&addr, 11);
}

static void print_spoke(FILE *out, const struct world *w)
{
	for (size_t i = 0; i < w->scenario->hubs; i++) {
		char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

		fprintf(out, " ip nhrp nhs %s nbma %s multicast\n", ipaddr_format(&w->routers[i].addr, addr),
			ipaddr_format(&w->routers[i].nbma, nbma));
	}
	if (w->scenario->no_unique)
		fputs(" ip nhrp registration no-unique\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp shortcut\n", out);
}

static void print_hub(FILE *out, const struct world *w)
{
	fputs(" ip nhrp map multicast dynamic\n", out);
	if (w->scenario->phase == 3)
		fputs(" ip nhrp redirect\n", out);
}

char *design_config(const struct world *w, const struct router *r)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX], lan[IPADDR_TEXT_MAX];
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert(out);
	fprintf(out, "hostname %s\n", r->name);
	fprintf(out, "interface Ethernet0/0\n ip address %s 255.255.255.0\n", ipaddr_format(&r->nbma, nbma));
	fprintf(out, "interface Ethernet0/1\n ip address %s 255.255.255.0\n", ipaddr_format(&r->lan_host, lan));
	fprintf(out, "interface Tunnel%d\n ip address %s 255.255.0.0\n", WORLD_TUNNEL, ipaddr_format(&r->addr, addr));
	fputs(" ip nhrp network-id 1\n ip nhrp authentication simulate\n", out);
	fprintf(out, " ip nhrp holdtime %u\n ip nhrp registration timeout %u\n", w->scenario->holdtime_s,
		w->scenario->registration_s);
	if (r->is_hub)
		print_hub(out, w);
	else
		print_spoke(out, w);
	fputs(" tunnel source Ethernet0/0\n tunnel mode gre multipoint\n tunnel key 1\n", out);
	fclose(out);
	assert(text);
	return text;
}
