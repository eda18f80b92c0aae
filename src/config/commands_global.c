/* Top-level lines: what opens a mode, routes, and the few global settings. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

static bool sets(const struct match *m)
{
	return m->sign == SIGN_SET;
}

/* ---- interface ---- */

static bool tunnel_number(const char *ios, uint32_t *number)
{
	char *end;

	if (strncmp(ios, "Tunnel", 6))
		return false;
	*number = (uint32_t)strtoul(ios + 6, &end, 10);
	return end > ios + 6 && !*end;
}

static void nhrp_init(struct config_nhrp *n)
{
	n->max_send_packets = 0; /* filled in with the defaults at the end */
}

static bool tunnel_init(struct reading *r, struct config_interface *i)
{
	if (!i->is_tunnel)
		return true;
	r->too_much |= ++r->tunnel_count > TUNNELS_MAX;
	i->tunnel = calloc(1, sizeof *i->tunnel);
	if (!i->tunnel) {
		r->out_of_memory = true;
		return false;
	}
	i->tunnel->transport = IP_V4;
	i->tunnel->ttl = 255;
	i->tunnel->fall_over_bgp = i->tunnel->fall_over_bfd = i->tunnel->fall_over_relay = true;
	nhrp_init(&i->tunnel->nhrp4);
	nhrp_init(&i->tunnel->nhrp6);
	return true;
}

static struct config_interface *interface_add(struct reading *r, const char *ios, uint64_t key)
{
	struct config_interface *i = ADD(r, r->c->interfaces, r->c->interface_count);

	if (!i)
		return NULL;
	i->ios_name = reading_keep(r, ios);
	config_ifname(ios, NULL, i->name);
	i->line = r->number;
	i->file = r->file;
	i->is_tunnel = tunnel_number(ios, &i->tunnel_number);
	r->out_of_memory |= !names_set(&r->names, key, (uint32_t)(r->c->interface_count - 1));
	return tunnel_init(r, i) ? i : NULL;
}

uint32_t reading_interface_named(struct reading *r, const char *ios)
{
	const uint64_t key = names_key(NAME_INTERFACE, 0, ios);
	const uint32_t at = names_get(&r->names, key);

	if (at != NAMES_NONE && r->c->interfaces[at].ios_name)
		return at;
	return interface_add(r, ios, key) ? (uint32_t)(r->c->interface_count - 1) : 0;
}

static void enter_interface(struct reading *r, uint32_t at)
{
	reading_enter(r, r->c->interfaces[at].is_tunnel ? MODE_TUNNEL : MODE_INTERFACE, at);
}

void reading_enter_range(struct reading *r)
{
	enter_interface(r, r->range[0]);
	reading_top(r)->range = true;
}

static void open_interface(struct reading *r, const struct match *m)
{
	const char *ios = match_arg(m, 0) ? match_arg(m, 0)->text : NULL;
	uint32_t at;

	if (!ios) {
		reading_error(r, "say which one", "incomplete command");
		return;
	}
	if (sets(m)) {
		at = reading_interface_named(r, ios);
		if (!r->out_of_memory)
			enter_interface(r, at);
		return;
	}
	at = names_get(&r->names, names_key(NAME_INTERFACE, 0, ios));
	if (at != NAMES_NONE)
		reading_forget_interface(r, at);
}

/* ---- VRF ---- */

static void open_vrf(struct reading *r, const struct match *m)
{
	const struct item *name = match_arg(m, 0);
	uint32_t vrf;

	if (!sets(m) || !name) {
		reading_error(r, "leave the VRF's lines out instead", "a VRF that is taken away again");
		return;
	}
	vrf = reading_vrf(r, name->text); /* may move the list */
	r->c->vrfs[vrf].defined = true;
	r->c->vrfs[vrf].line = r->number;
	r->c->vrfs[vrf].old_style = match_has(m, "ip");
	reading_block(r, m);
}

/* ---- ip route … ---- */

static void route_target(struct reading *r, const struct match *m, struct config_route *route)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct item *item = &m->items[i];
		const bool destination = i > 0 && (m->items[i - 1].kind == ITEM_KEYWORD || m->items[i - 1].kind == ITEM_WORD);

		if (item->kind == ITEM_IF) {
			char kernel[16];

			if (config_ifname(item->text, NULL, kernel))
				route->interface = reading_keep(r, kernel);
		} else if ((item->kind == ITEM_IP || item->kind == ITEM_IP6) && !destination) {
			route->gateway = item->addr;
		}
	}
}

static void route_options(struct reading *r, const struct match *m, struct config_route *route)
{
	const struct item *tag = match_after(m, "tag"), *track = match_after(m, "track");
	const struct item *name = match_after(m, "name");

	route->tag = tag ? (uint32_t)tag->number : 0;
	route->track = track ? (uint32_t)track->number : 0;
	route->name = reading_keep(r, name ? name->text : NULL);
	route->permanent = match_has(m, "permanent");
	route->dhcp = match_has(m, "dhcp");
	route->distance = 1;
	for (size_t i = 1; i < m->count; i++) {
		const struct item *before = &m->items[i - 1];

		/* The bare number is the distance; the others follow their keyword. */
		if (m->items[i].kind == ITEM_NUMBER && (before->kind != ITEM_KEYWORD || !strcmp(before->text, "dhcp")))
			route->distance = (uint8_t)m->items[i].number;
	}
}

static void route_fill(struct reading *r, const struct match *m, struct config_route *route)
{
	const struct item *vrf = match_after(m, "vrf");
	const struct item *dst = match_arg(m, vrf ? 1 : 0), *mask = match_arg(m, vrf ? 2 : 1);

	route->vrf = vrf ? reading_vrf(r, vrf->text) : 0;
	route->dst = ipprefix_make(&dst->addr, mask && mask->kind == ITEM_MASK ? mask->len : dst->len);
	route->line = r->number;
	route->file = r->file;
	route_target(r, m, route);
	route_options(r, m, route);
}

/* What makes two lines the same route: VRF, destination, gateway and interface. */
static uint64_t route_key(const struct config_route *route)
{
	char text[IPPREFIX_TEXT_MAX + IPADDR_TEXT_MAX + 40];
	char dst[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX];

	snprintf(text, sizeof text, "%s %s %s", ipprefix_format(&route->dst, dst),
		 ipaddr_format(&route->gateway, gateway), route->interface ? route->interface : "-");
	return names_key(NAME_ROUTE, route->vrf, text);
}

static void route_clear(struct config_route *route)
{
	free(route->interface);
	free(route->name);
	*route = (struct config_route){ 0 };
}

static void set_route(struct reading *r, const struct match *m)
{
	struct config_route route = { 0 };
	struct config_route *slot;
	uint64_t key;
	uint32_t at;

	if (m->truncated) {
		reading_error(r, "write the whole route", "incomplete command");
		return;
	}
	route_fill(r, m, &route);
	key = route_key(&route);
	at = names_get(&r->names, key);
	slot = at != NAMES_NONE ? &r->c->routes[at] : NULL;
	if (slot)
		route_clear(slot);
	if (!sets(m)) {
		route_clear(&route);
		return;
	}
	if (!slot) {
		slot = ADD(r, r->c->routes, r->c->route_count);
		r->out_of_memory |= slot && !names_set(&r->names, key, (uint32_t)(r->c->route_count - 1));
	}
	if (slot)
		*slot = route;
	else
		route_clear(&route);
}

#define ROUTE_END " [<1-255>] [tag <1-4294967295>] [permanent] [name <word>] [track <1-1000>]"

const struct command commands_route[] = {
	{ "ip route [vrf <word>] <ip> <mask> <ip>" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <ip> <mask> <if> [<ip>]" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <prefix> (<ip>|<if>)" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <prefix> <if> <ip>" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <ip> <mask> (<ip>|<if>) global", TRAFFIC, "routes do not lead from one VRF into another" },
	{ "ip route [vrf <word>] <ip> <mask> <if> dhcp" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <prefix> <if> dhcp" ROUTE_END, HONOURED, NULL, set_route },
	{ "ip route [vrf <word>] <ip> <mask> dhcp [<*>]", TRAFFIC, "name the interface whose lease it is" },
	{ "ip route [vrf <word>] <ip> <mask> (<ip>|<if>) multicast", UNSUPPORTED, "multicast routing is not done" },
	{ "ip route [vrf <word>] static <*>", UNSUPPORTED, "static routes are watched by FRR" },
	{ "ip route profile", NO_EFFECT, "changes of the routing table are not counted" },
	{ "ipv6 route [vrf <word>] <prefix6> <ip6>" ROUTE_END, HONOURED, NULL, set_route },
	{ "ipv6 route [vrf <word>] <prefix6> <if> [<ip6>]" ROUTE_END, HONOURED, NULL, set_route },
	{ NULL },
};

/* ---- settings ---- */

static void set_hostname(struct reading *r, const struct match *m)
{
	reading_replace(r, &r->c->hostname, sets(m) ? match_arg(m, 0)->text : NULL);
}

static void set_version(struct reading *r, const struct match *m)
{
	reading_replace(r, &r->c->version, sets(m) ? match_arg(m, 0)->text : NULL);
}

static void set_datapath(struct reading *r, const struct match *m)
{
	r->c->datapath = !sets(m) || match_has(m, "auto") ? DATAPATH_AUTO
		       : match_has(m, "kernel")	       ? DATAPATH_KERNEL
						       : DATAPATH_USER;
}

static void set_ipv6_routing(struct reading *r, const struct match *m)
{
	r->c->ip_routing6 = sets(m);
}

static void set_ipv4_routing(struct reading *r, const struct match *m)
{
	if (!sets(m))
		reading_unsupported(r, true, "a router forwards packets");
}

/* banner motd ^C text ^C: everything up to the second delimiter. */
static void open_banner(struct reading *r, const struct match *m)
{
	const char *text = match_arg(m, 0) ? match_arg(m, 0)->text : "";
	struct config_block *block = reading_block(r, m);
	size_t length = text[0] == '^' && text[1] ? 2 : 1;

	while (text[0] && (text[length] & 0xc0) == 0x80)
		length++; /* one letter in several octets */
	if (!block || !text[0] || memmem(text + length, strlen(text + length), text, length))
		return;
	reading_enter(r, MODE_OPAQUE, (size_t)(block - r->c->blocks));
	reading_empty_block(block);
	r->until = strndup(text, length);
	r->out_of_memory |= !r->until;
}

/* macro name NAME: what it would do, up to a line with "@". */
static void open_macro(struct reading *r, const struct match *m)
{
	struct config_block *block = reading_block(r, m);

	if (!block)
		return;
	reading_enter(r, MODE_OPAQUE, (size_t)(block - r->c->blocks));
	reading_empty_block(block);
	r->until = reading_keep(r, "@");
}

#define SESSION "a word of the session, not of the configuration"

static void end_session(struct reading *r, const struct match *m)
{
	(void)m;
	r->depth = 1;
}

/* What is inside of a block that is only kept is not known: "exit" may lead out of that. */
static void exit_mode(struct reading *r, const struct match *m)
{
	const enum config_mode mode = reading_top(r)->mode;

	if (mode != MODE_OPAQUE && mode != MODE_UNSUPPORTED)
		reading_leave(r, m);
}

const struct command commands_session[] = {
	{ "en", NO_EFFECT, SESSION, reading_stay }, /* in IOS only enable: end is no word of that mode */
	{ "enable", NO_EFFECT, SESSION, reading_stay },
	{ "disable", NO_EFFECT, SESSION, reading_stay },
	{ "configure [<*>]", NO_EFFECT, SESSION, end_session },
	{ "end", NO_EFFECT, SESSION, end_session },
	{ "^Z", NO_EFFECT, SESSION, end_session },
	{ "exit", NO_EFFECT, SESSION, exit_mode },
	{ "quit", NO_EFFECT, SESSION, exit_mode },
	{ "logout", NO_EFFECT, SESSION, end_session },
	{ "do <*>", NO_EFFECT, SESSION, reading_stay },
	{ "write [<*>]", NO_EFFECT, SESSION, reading_stay },
	{ "copy <*>", NO_EFFECT, SESSION, reading_stay },
	{ "reload [<*>]", NO_EFFECT, SESSION, reading_stay },
	{ "show <*>", NO_EFFECT, SESSION, end_session },
	{ "terminal <*>", NO_EFFECT, SESSION, reading_stay },
	{ "clear <*>", NO_EFFECT, SESSION, reading_stay },
	{ "(debug|undebug) <*>", NO_EFFECT, SESSION, reading_stay },
	{ "(ping|traceroute) <*>", NO_EFFECT, SESSION, reading_stay },
	{ "Building configuration...", NO_EFFECT, SESSION, reading_stay },
	{ "Current configuration <*>", NO_EFFECT, SESSION, end_session },
	{ "Using <1-4294967295> <*>", NO_EFFECT, SESSION, end_session },
	{ "Enter configuration commands, <*>", NO_EFFECT, SESSION, reading_stay },
	{ "Destination filename <*>", NO_EFFECT, SESSION, reading_stay },
	{ NULL },
};

const struct command commands_global[] = {
	{ "hostname <word>", HONOURED, NULL, set_hostname },
	{ "version <word>", HONOURED, NULL, set_version },
	{ "datapath (auto|kernel|user)", HONOURED, NULL, set_datapath },
	{ "ip routing", HONOURED, NULL, set_ipv4_routing },
	{ "ipv6 unicast-routing", HONOURED, NULL, set_ipv6_routing },
	{ "interface <if> [(point-to-point|multipoint)]", HONOURED, NULL, open_interface },
	{ "interface range <*>", HONOURED, NULL, reading_open_range },
	{ "vrf definition <word>", HONOURED, NULL, open_vrf, MODE_VRF },
	{ "ip vrf <word>", HONOURED, NULL, open_vrf, MODE_VRF },
	{ "banner (motd|login|exec|incoming|prompt-timeout|slip-ppp) <text>", NO_EFFECT, "a text shown to operators", open_banner },

	{ "macro name <word>", NO_EFFECT, "a text that somebody may apply by hand", open_macro },

	{ "router bgp <asn>", HONOURED, NULL, NULL, MODE_BGP },
	{ "router ospf <1-65535> [vrf <word>]", HONOURED, NULL, NULL, MODE_OSPF },
	{ "ipv6 router ospf <1-65535>", HONOURED, NULL, NULL, MODE_OSPF6 },
	{ "router ospfv3 <1-65535>", HONOURED, NULL, NULL, MODE_OSPF6 },
	{ "router eigrp (<1-65535>|<word>)", HONOURED, NULL, NULL, MODE_EIGRP },
	{ "ipv6 router eigrp <1-65535>", TRAFFIC, "FRR's eigrpd has no IPv6", NULL, MODE_UNSUPPORTED },
	{ "router rip", HONOURED, NULL, NULL, MODE_RIP },
	{ "ipv6 router rip <word>", TRAFFIC, "RIPng is not carried", NULL, MODE_UNSUPPORTED },
	{ "router (isis|odr|mobile|lisp) [<*>]", TRAFFIC, "this routing protocol is not carried", NULL, MODE_UNSUPPORTED },
	{ "route-map <word> [(permit|deny)] [<0-65535>]", HONOURED, NULL, NULL, MODE_ROUTE_MAP },
	{ "key chain <word> [(macsec|tcp)]", HONOURED, NULL, NULL, MODE_KEY_CHAIN },
	{ "key config-key <*>", NO_EFFECT, "how the file's secrets are kept" },
	{ "bfd (map|slow-timers|echo) <*>", UNSUPPORTED, "sessions over several hops and echo mode are not used" },
	{ "bfd-template single-hop <word>", HONOURED, NULL, NULL, MODE_BFD_TEMPLATE },
	{ "bfd-template multi-hop <word>", UNSUPPORTED, "sessions over several hops are not used", NULL, MODE_UNSUPPORTED },
	{ "ip prefix-list <word> [seq <1-4294967295>] (permit|deny) <prefix> [ge <0-32>] [le <0-32>]", HONOURED, .frr = "=" },
	{ "ip prefix-list <word> description <text>", HONOURED, .frr = "=" },
	{ "ipv6 prefix-list <word> [seq <1-4294967295>] (permit|deny) <prefix6> [ge <0-128>] [le <0-128>]", HONOURED, .frr = "=" },
	{ "ip as-path access-list <word> (permit|deny) <text>", HONOURED, .frr = "bgp as-path access-list $1 %4 $2" },
	{ "ip community-list (standard|expanded) <word> (permit|deny) <text>", HONOURED, .frr = "bgp community-list %2 $1 %4 $2" },
	{ "ip community-list <1-500> (permit|deny) <text>", HONOURED, .frr = "bgp community-list $1 %3 $2" },
	{ "ip extcommunity-list <*>", TRAFFIC, "extended community lists are not carried" },
	{ "access-list <1-2699> [<1-65535>] (permit|deny) <*>", HONOURED },
	{ "access-list <1-2699> remark <text>", NO_EFFECT, "a comment" },
	{ "ip access-list (standard|extended) <word>", HONOURED, NULL, NULL, MODE_ACL },
	{ "ipv6 access-list <word>", HONOURED, NULL, NULL, MODE_ACL },
	{ "ip access-list (resequence|logging|log-update) <*>", NO_EFFECT, "an operation, not a setting" },

	{ "ip local policy route-map <word>", TRAFFIC, "policy routing of the router's own packets is not done" },
	{ "ip local pool <*>", UNSUPPORTED, "no addresses are given out" },
	{ "ip multicast-routing [<*>]", UNSUPPORTED, "multicast routing is not done; routing protocols' own multicast is carried" },
	{ "ipv6 multicast-routing [<*>]", UNSUPPORTED, "multicast routing is not done" },
	{ "ip pim [<*>]", UNSUPPORTED, "multicast routing is not done" },
	{ "ip (mroute|igmp) <*>", UNSUPPORTED, "multicast routing is not done" },
	{ "ip msdp <*>", UNSUPPORTED, "multicast routing is not done" },
	{ "ip (inspect|ips|urlfilter|admission|sdee) <*>", TRAFFIC, "packets are not filtered here" },
	{ "zone security <word> [description <text>]", TRAFFIC, "packets are not filtered here", NULL, MODE_UNSUPPORTED },
	{ "zone-pair security <*>", TRAFFIC, "packets are not filtered here", NULL, MODE_UNSUPPORTED },
	{ "mpls <*>", TRAFFIC, "MPLS is not done" },
	{ "ip default-gateway <ip>", NO_EFFECT, "used only by a router that does not forward" },
	{ "ip default-network <ip>", TRAFFIC, "write a default route" },
	{ "domain <word>", TRAFFIC, "performance routing is not done", NULL, MODE_UNSUPPORTED },
	{ "configure [<*>]", NO_EFFECT, SESSION, end_session }, /* else "conf t" would be config-register */
	{ "do <*>", NO_EFFECT, SESSION, reading_stay }, /* and no beginning of other words */
	{ NULL },
};
