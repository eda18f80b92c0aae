/* The model as clean text: full words, one indent a level, defaults left out. Reading it
 * back gives the same model, so printing that gives the same text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ifname.h"
#include "config/reading.h"

struct printer {
	const struct config *c;
	FILE *out;
};

static const char *host_text(const struct config_host *h, char buffer[IPADDR_TEXT_MAX])
{
	return h->name ? h->name : ipaddr_format(&h->addr, buffer);
}

static bool host_given(const struct config_host *h)
{
	return h->name || !ipaddr_is_none(&h->addr);
}

static const char *vrf_name(const struct printer *p, uint32_t vrf)
{
	return p->c->vrfs[vrf].name;
}

/* ---- NHRP ---- */

static void print_nhs(const struct printer *p, const char *af, const struct config_nhrp *n)
{
	char a[IPADDR_TEXT_MAX], b[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->nhs_count; i++) {
		const struct config_nhs *s = &n->nhs[i];

		fprintf(p->out, " %s nhrp nhs %s", af, ipaddr_is_none(&s->addr) ? "dynamic" : ipaddr_format(&s->addr, a));
		if (host_given(&s->nbma))
			fprintf(p->out, " nbma %s", host_text(&s->nbma, b));
		if (s->multicast)
			fputs(" multicast", p->out);
		if (s->priority)
			fprintf(p->out, " priority %u", s->priority);
		if (s->cluster)
			fprintf(p->out, " cluster %u", s->cluster);
		fputc('\n', p->out);
	}
	for (size_t i = 0; i < n->cluster_count; i++)
		fprintf(p->out, " %s nhrp nhs cluster %u max-connections %u\n", af, n->clusters[i].cluster,
			n->clusters[i].max_connections);
	if (n->nhs_fallback_s)
		fprintf(p->out, " %s nhrp nhs fallback %u\n", af, n->nhs_fallback_s);
	if (n->nhs_standby_cold)
		fprintf(p->out, " %s nhrp nhs standby cold\n", af);
}

static void print_maps(const struct printer *p, const char *af, const struct config_nhrp *n)
{
	char a[IPPREFIX_TEXT_MAX], b[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->map_count; i++) {
		const struct ipprefix *t = &n->maps[i].proto;
		const bool host = t->len == ip_family_bits((enum ip_family)t->addr.family);

		fprintf(p->out, " %s nhrp map %s %s\n", af, host ? ipaddr_format(&t->addr, a) : ipprefix_format(t, a),
			host_text(&n->maps[i].nbma, b));
	}
	for (size_t i = 0; i < n->map_multicast_count; i++)
		fprintf(p->out, " %s nhrp map multicast %s\n", af, host_text(&n->map_multicast[i], b));
}

/* What is on by default is said when it is off. */
static void print_implied(const struct printer *p, const char *af, const char *words, bool on, bool implied)
{
	if (on || implied)
		fprintf(p->out, " %s%s nhrp %s\n", on ? "" : "no ", af, words);
}

static void print_nhrp(const struct printer *p, const char *af, const struct config_nhrp *n, bool implied)
{
	char a[IPPREFIX_TEXT_MAX];

	if (n->authentication)
		fprintf(p->out, " %s nhrp authentication %s\n", af, n->authentication);
	if (n->enabled)
		fprintf(p->out, " %s nhrp network-id %u\n", af, n->network_id);
	if (n->holdtime_s != 600)
		fprintf(p->out, " %s nhrp holdtime %u\n", af, n->holdtime_s);
	if (n->registration_timeout_s != (n->holdtime_s < 3 ? 1 : n->holdtime_s / 3))
		fprintf(p->out, " %s nhrp registration timeout %u\n", af, n->registration_timeout_s);
	if (n->no_unique)
		fprintf(p->out, " %s nhrp registration no-unique\n", af);
	print_implied(p, af, "map multicast dynamic", n->map_multicast_dynamic, implied && n->enabled);
	print_maps(p, af, n);
	print_nhs(p, af, n);
	print_implied(p, af, "shortcut", n->shortcut, implied && n->enabled);
	if (n->redirect && n->redirect_timeout_s != 2)
		fprintf(p->out, " %s nhrp redirect timeout %u\n", af, n->redirect_timeout_s);
	else if (n->redirect)
		fprintf(p->out, " %s nhrp redirect\n", af);
	for (size_t i = 0; i < n->partner_count; i++) {
		fprintf(p->out, " %s nhrp redirect partner %s", af, ipaddr_format(&n->partners[i].next_hop, a));
		fprintf(p->out, " nbma %s\n", host_text(&n->partners[i].nbma, a));
	}
	if (n->server_only)
		fprintf(p->out, " %s nhrp server-only\n", af);
	if (n->max_send_packets != 10000 || n->max_send_s != 10)
		fprintf(p->out, " %s nhrp max-send %u every %u\n", af, n->max_send_packets, n->max_send_s);
	if (n->probe_interval_ms == 0)
		fprintf(p->out, " no %s nhrp probe\n", af);
	else if (n->probe_interval_ms != 250)
		fprintf(p->out, " %s nhrp probe interval %u\n", af, n->probe_interval_ms);
	for (size_t i = 0; i < n->identity_count; i++) {
		const struct config_nhrp_identity *d = &n->identities[i];
		const struct ipaddr mask = netmask_from_len(d->overlay.len <= 32 ? d->overlay.len : 32);

		fprintf(p->out, " %s nhrp identity %s %s address", af, d->kind, d->name);
		if (d->overlay.len == ip_family_bits((enum ip_family)d->overlay.addr.family))
			fprintf(p->out, " %s\n", ipaddr_format(&d->overlay.addr, a));
		else if (d->overlay.addr.family == IP_V6)
			fprintf(p->out, " %s\n", ipprefix_format(&d->overlay, a));
		else {
			fprintf(p->out, " %s", ipaddr_format(&d->overlay.addr, a));
			fprintf(p->out, " %s\n", ipaddr_format(&mask, a));
		}
	}
	if (n->identity_certificate)
		fprintf(p->out, " %s nhrp identity certificate\n", af);
	for (size_t i = 0; i < n->summary_map_count; i++)
		fprintf(p->out, " %s nhrp summary-map %s\n", af, ipprefix_format(&n->summary_maps[i], a));
}

/* ---- tunnel ---- */

static void print_tunnel(const struct printer *p, const struct config_tunnel *t)
{
	const bool implied = t->mode == TUNNEL_GRE_MULTIPOINT && config_version_implies(p->c->version);
	char text[64], address[IPADDR_TEXT_MAX];
	const char *six = t->transport == IP_V6 ? " ipv6" : "";

	print_nhrp(p, "ip", &t->nhrp4, implied);
	print_nhrp(p, "ipv6", &t->nhrp6, implied);
	if (t->if_state_nhrp)
		fputs(" if-state nhrp\n", p->out);
	if (!t->fall_over_bgp)
		fputs(" no nhrp fall-over bgp\n", p->out);
	if (!t->fall_over_bfd)
		fputs(" no nhrp fall-over bfd\n", p->out);
	if (!t->fall_over_relay)
		fputs(" no nhrp fall-over relay\n", p->out);
	if (t->no_bfd)
		fputs(" no nhrp bfd\n", p->out);
	if (t->has_route_hold && t->route_hold_s)
		fprintf(p->out, " nhrp route-hold %u\n", t->route_hold_s);
	else if (t->has_route_hold)
		fputs(" no nhrp route-hold\n", p->out);
	if (t->source_interface)
		fprintf(p->out, " tunnel source %s\n", ifname_ios(t->source_interface, text));
	else if (!ipaddr_is_none(&t->source))
		fprintf(p->out, " tunnel source %s\n", ipaddr_format(&t->source, address));
	if (host_given(&t->destination))
		fprintf(p->out, " tunnel destination %s\n", host_text(&t->destination, address));
	if (t->mode == TUNNEL_GRE_MULTIPOINT)
		fprintf(p->out, " tunnel mode gre multipoint%s\n", six);
	else if (t->transport == IP_V6)
		fprintf(p->out, " tunnel mode gre ipv6\n");
	if (t->has_key)
		fprintf(p->out, " tunnel key %u\n", t->key);
	if (t->ttl != 255)
		fprintf(p->out, " tunnel ttl %u\n", t->ttl);
	if (t->path_mtu_discovery)
		fputs(" tunnel path-mtu-discovery\n", p->out);
	if (t->vrf)
		fprintf(p->out, " tunnel vrf %s\n", vrf_name(p, t->vrf));
	if (t->protection_profile)
		fprintf(p->out, " tunnel protection ipsec profile %s%s\n", t->protection_profile,
			t->protection_shared ? " shared" : "");
}

/* ---- interface ---- */

static void print_address(const struct printer *p, const struct config_address *a)
{
	char text[IPADDR_TEXT_MAX], mask[IPADDR_TEXT_MAX];

	ipaddr_format(&a->addr, text);
	if (a->addr.family == IP_V4) {
		const struct ipaddr m = netmask_from_len(a->prefix_len);

		fprintf(p->out, " ip address %s %s%s\n", text, ipaddr_format(&m, mask), a->secondary ? " secondary" : "");
	} else if (a->link_local) {
		fprintf(p->out, " ipv6 address %s link-local\n", text);
	} else {
		fprintf(p->out, " ipv6 address %s/%u\n", text, a->prefix_len);
	}
}

static void print_number(const struct printer *p, const char *words, uint32_t value)
{
	if (value)
		fprintf(p->out, " %s %u\n", words, value);
}

static void print_ospf(const struct printer *p, const char *af, const struct config_if_ospf *o)
{
	if (o->network)
		fprintf(p->out, " %s ospf network %s\n", af, o->network);
	if (o->has_area)
		fprintf(p->out, " %s ospf %u area %s\n", af, o->process, o->area);
	if (o->cost)
		fprintf(p->out, " %s ospf cost %u\n", af, o->cost);
	if (o->has_priority)
		fprintf(p->out, " %s ospf priority %u\n", af, o->priority);
	if (o->hello_s)
		fprintf(p->out, " %s ospf hello-interval %u\n", af, o->hello_s);
	if (o->dead_s)
		fprintf(p->out, " %s ospf dead-interval %u\n", af, o->dead_s);
	if (o->mtu_ignore)
		fprintf(p->out, " %s ospf mtu-ignore\n", af);
	if (o->bfd || o->no_bfd)
		fprintf(p->out, " %s ospf bfd%s\n", af, o->no_bfd ? " disable" : "");
}

static void print_numbers(const struct printer *p, const struct config_interface *i)
{
	print_number(p, "encapsulation dot1Q", i->dot1q);
	print_number(p, "bandwidth", i->bandwidth_kbps);
	print_number(p, "delay", i->delay_tens_us);
	print_number(p, "mtu", i->mtu);
	print_number(p, "ip mtu", i->ip_mtu);
	print_number(p, "ipv6 mtu", i->ipv6_mtu);
	print_number(p, "ip tcp adjust-mss", i->adjust_mss);
	print_number(p, "ipv6 tcp adjust-mss", i->adjust_mss6);
}

static void print_interface(const struct printer *p, const struct config_interface *i)
{
	fprintf(p->out, "interface %s\n", i->ios_name);
	if (i->description)
		fprintf(p->out, " description %s\n", i->description);
	if (i->vrf)
		fprintf(p->out, " vrf forwarding %s\n", vrf_name(p, i->vrf));
	if (i->dhcp)
		fputs(" ip address dhcp\n", p->out);
	for (size_t k = 0; k < i->address_count; k++)
		print_address(p, &i->addresses[k]);
	if (i->ipv6_enable)
		fputs(" ipv6 enable\n", p->out);
	print_numbers(p, i);
	if (i->tunnel)
		print_tunnel(p, i->tunnel);
	print_ospf(p, "ip", &i->ospf);
	print_ospf(p, "ipv6", &i->ospf6);
	for (size_t k = 0; k < i->extra_count; k++)
		fprintf(p->out, " %s\n", i->extras[k]);
	if (i->shutdown)
		fputs(" shutdown\n", p->out);
	fputs("!\n", p->out);
}

/* ---- the rest ---- */

static void print_route(const struct printer *p, const struct config_route *route)
{
	const bool six = route->dst.addr.family == IP_V6;
	char dst[IPPREFIX_TEXT_MAX], mask[IPADDR_TEXT_MAX], gateway[IPADDR_TEXT_MAX], text[64];

	fprintf(p->out, "%s route", six ? "ipv6" : "ip");
	if (route->vrf)
		fprintf(p->out, " vrf %s", vrf_name(p, route->vrf));
	if (six) {
		fprintf(p->out, " %s", ipprefix_format(&route->dst, dst));
	} else {
		const struct ipaddr m = netmask_from_len(route->dst.len);

		fprintf(p->out, " %s %s", ipaddr_format(&route->dst.addr, dst), ipaddr_format(&m, mask));
	}
	if (route->interface)
		fprintf(p->out, " %s", ifname_ios(route->interface, text));
	if (!ipaddr_is_none(&route->gateway))
		fprintf(p->out, " %s", ipaddr_format(&route->gateway, gateway));
	if (route->distance != 1)
		fprintf(p->out, " %u", route->distance);
	if (route->tag)
		fprintf(p->out, " tag %u", route->tag);
	if (route->name)
		fprintf(p->out, " name %s", route->name);
	if (route->track)
		fprintf(p->out, " track %u", route->track);
	fputc('\n', p->out);
}

static const char *closing_of(const char *head)
{
	return !strncmp(head, "address-family ", 15) ? "exit-address-family"
	     : !strncmp(head, "af-interface ", 13)   ? "exit-af-interface"
	     : !strncmp(head, "topology ", 9)	     ? "exit-af-topology"
						     : "exit";
}

static void print_block(const struct printer *p, const struct config_block *b)
{
	const char *heads[FRAMES_MAX] = { 0 };
	unsigned depth = 1;

	fprintf(p->out, "%s\n", b->head);
	for (size_t i = 0; i < b->line_count; i++) {
		const struct config_block_line *line = &b->lines[i];

		for (; depth > line->depth; depth--)
			fprintf(p->out, "%*s%s\n", (int)depth, "", closing_of(heads[depth - 2]));
		fprintf(p->out, "%*s%s\n", (int)line->depth, "", line->text);
		depth = line->depth;
		heads[depth - 1] = line->text;
		if (config_opens_block(line->mode, line->text))
			depth++;
	}
	for (; depth > 1; depth--)
		fprintf(p->out, "%*s%s\n", (int)depth, "", closing_of(heads[depth - 2]));
	if (b->line_count)
		fputs("!\n", p->out);
}

static void print_globals(const struct printer *p)
{
	static const char *const datapaths[] = { "auto", "kernel", "user" };

	if (p->c->version)
		fprintf(p->out, "version %s\n", p->c->version);
	if (p->c->hostname)
		fprintf(p->out, "hostname %s\n", p->c->hostname);
	if (p->c->datapath != DATAPATH_AUTO)
		fprintf(p->out, "datapath %s\n", datapaths[p->c->datapath]);
	if (p->c->ip_routing6)
		fputs("ipv6 unicast-routing\n", p->out);
	fputs("!\n", p->out);
	for (size_t i = 1; i < p->c->vrf_count; i++) {
		if (p->c->vrfs[i].defined)
			fprintf(p->out, "vrf definition %s\n!\n", p->c->vrfs[i].name);
	}
}

char *config_print(const struct config *c)
{
	struct printer p = { .c = c };
	char *text = NULL;
	size_t length;
	bool failed;

	p.out = open_memstream(&text, &length);
	if (!p.out)
		return NULL;
	print_globals(&p);
	for (size_t i = 0; i < c->interface_count; i++)
		print_interface(&p, &c->interfaces[i]);
	for (size_t i = 0; i < c->block_count; i++)
		print_block(&p, &c->blocks[i]);
	for (size_t i = 0; i < c->route_count; i++)
		print_route(&p, &c->routes[i]);
	fputs("end\n", p.out);
	failed = ferror(p.out);
	if (fclose(p.out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
