/* The model as clean text: full words, one indent a level, defaults left out. Reading it
 * back gives the same model, so printing that gives the same text. In the order in which a
 * router takes it: what interfaces refer to stands before them. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/ifname.h"
#include "config/reading.h"

struct printer {
	const struct config *c;
	FILE *out;
	bool for_router; /* one that knows nothing of this project's own words */
	FILE *notes;     /* what it is not told; for_router only */
	const char *part;
};

/* Begins a line that only this project understands. */
static void own(const struct printer *p, const char *line)
{
	if (p->for_router) {
		fprintf(p->out, "! dmvpn: %s\n", line);
		fprintf(p->notes, "%s%s\"%s\" is this project's own and stands there as a comment\n", p->part ? p->part : "",
			p->part ? ": " : "", line);
	} else {
		fprintf(p->out, "%s%s\n", p->part ? " " : "", line);
	}
}

static void __attribute__((format(printf, 2, 3))) own_line(const struct printer *p, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return; /* the stream cannot grow either then */
	own(p, text);
	free(text);
}

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
		own_line(p, "%s nhrp nhs standby cold", af);
}

static void print_maps(const struct printer *p, const char *af, const struct config_nhrp *n)
{
	char a[IPPREFIX_TEXT_MAX], b[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->map_count; i++) {
		const struct ipprefix *t = &n->maps[i].proto;
		const bool host = t->len == ip_family_bits((enum ip_family)t->addr.family);
		const struct ipaddr mask = netmask_from_len(t->len <= 32 ? t->len : 32);

		fprintf(p->out, " %s nhrp map ", af);
		if (!host && t->addr.family == IP_V4)
			fprintf(p->out, "%s %s", ipaddr_format(&t->addr, a), ipaddr_format(&mask, b));
		else
			fputs(host ? ipaddr_format(&t->addr, a) : ipprefix_format(t, a), p->out);
		fprintf(p->out, " %s\n", host_text(&n->maps[i].nbma, b));
	}
	for (size_t i = 0; i < n->map_multicast_count; i++)
		fprintf(p->out, " %s nhrp map multicast %s\n", af, host_text(&n->map_multicast[i], b));
}

/* What is on by default is said when it is off, and always where the version is not known. */
static void print_implied(const struct printer *p, const char *af, const char *words, bool on, bool implied)
{
	if (on || implied)
		fprintf(p->out, " %s%s nhrp %s\n", on ? "" : "no ", af, words);
}

static void print_identities(const struct printer *p, const char *af, const struct config_nhrp *n)
{
	char a[IPPREFIX_TEXT_MAX], b[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < n->identity_count; i++) {
		const struct config_nhrp_identity *d = &n->identities[i];
		const struct ipaddr mask = netmask_from_len(d->overlay.len <= 32 ? d->overlay.len : 32);

		if (d->overlay.len == ip_family_bits((enum ip_family)d->overlay.addr.family))
			own_line(p, "%s nhrp identity %s %s address %s", af, d->kind, d->name, ipaddr_format(&d->overlay.addr, a));
		else if (d->overlay.addr.family == IP_V6)
			own_line(p, "%s nhrp identity %s %s address %s", af, d->kind, d->name, ipprefix_format(&d->overlay, a));
		else
			own_line(p, "%s nhrp identity %s %s address %s %s", af, d->kind, d->name,
				 ipaddr_format(&d->overlay.addr, a), ipaddr_format(&mask, b));
	}
	if (n->identity_certificate)
		own_line(p, "%s nhrp identity certificate", af);
}

static void print_nhrp(const struct printer *p, const char *af, const struct config_nhrp *n, bool implied, bool multicast)
{
	char a[IPPREFIX_TEXT_MAX], b[IPADDR_TEXT_MAX];

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
	print_implied(p, af, "map multicast dynamic", n->map_multicast_dynamic, multicast && n->enabled);
	print_maps(p, af, n);
	print_nhs(p, af, n);
	print_implied(p, af, "shortcut", n->shortcut, implied && n->enabled);
	if (n->redirect && n->redirect_timeout_s != 2)
		fprintf(p->out, " %s nhrp redirect timeout %u\n", af, n->redirect_timeout_s);
	else if (n->redirect)
		fprintf(p->out, " %s nhrp redirect\n", af);
	for (size_t i = 0; i < n->partner_count; i++)
		own_line(p, "%s nhrp redirect partner %s nbma %s", af, ipaddr_format(&n->partners[i].next_hop, a),
			 host_text(&n->partners[i].nbma, b));
	if (n->server_only)
		fprintf(p->out, " %s nhrp server-only\n", af);
	if (n->max_send_packets != 10000 || n->max_send_s != 10)
		fprintf(p->out, " %s nhrp max-send %u every %u\n", af, n->max_send_packets, n->max_send_s);
	if (n->probe_interval_ms == 0)
		own_line(p, "no %s nhrp probe", af);
	else if (n->probe_interval_ms != 250)
		own_line(p, "%s nhrp probe interval %u", af, n->probe_interval_ms);
	print_identities(p, af, n);
	for (size_t i = 0; i < n->summary_map_count; i++)
		fprintf(p->out, " %s nhrp summary-map %s\n", af, ipprefix_format(&n->summary_maps[i], a));
}

/* ---- tunnel ---- */

static bool has_extra(const struct config_interface *i, const char *begins)
{
	for (size_t k = 0; k < i->extra_count; k++) {
		if (!strncmp(i->extras[k], begins, strlen(begins)))
			return true;
	}
	return false;
}

static void print_tunnel(const struct printer *p, const struct config_interface *i, const struct config_tunnel *t)
{
	const bool implied = t->mode == TUNNEL_GRE_MULTIPOINT &&
			     (config_version_implies(p->c->version) || (p->for_router && !p->c->version));
	const bool multicast = implied || (t->mode == TUNNEL_GRE_MULTIPOINT && config_multicast_implies(p->c));
	char text[64], address[IPADDR_TEXT_MAX];
	const char *six = t->transport == IP_V6 ? " ipv6" : "";

	print_nhrp(p, "ip", &t->nhrp4, implied, multicast);
	print_nhrp(p, "ipv6", &t->nhrp6, implied, multicast);
	if (t->if_state_nhrp)
		fputs(" if-state nhrp\n", p->out);
	if (!t->fall_over_bgp)
		own(p, "no nhrp fall-over bgp");
	if (!t->fall_over_bfd)
		own(p, "no nhrp fall-over bfd");
	if (!t->fall_over_relay)
		own(p, "no nhrp fall-over relay");
	if (t->no_bfd)
		own(p, "no nhrp bfd");
	if (t->has_route_hold && t->route_hold_s)
		own_line(p, "nhrp route-hold %u", t->route_hold_s);
	else if (t->has_route_hold)
		own(p, "no nhrp route-hold");
	if (t->warm_behind)
		own_line(p, "nhrp warm %s every %u delay %u", ifname_ios(t->warm_behind, text), t->warm_every_s, t->warm_delay_s);
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
	if (t->protection_profile && !has_extra(i, "tunnel protection ipsec profile"))
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

static void print_ospf(const struct printer *p, const char *words, const struct config_if_ospf *o)
{
	if (o->network)
		fprintf(p->out, " %s network %s\n", words, o->network);
	if (o->has_area)
		fprintf(p->out, " %s %u%s area %s\n", words, o->process, o->ospfv3 ? " ipv6" : "", o->area);
	if (o->cost)
		fprintf(p->out, " %s cost %u\n", words, o->cost);
	if (o->has_priority)
		fprintf(p->out, " %s priority %u\n", words, o->priority);
	if (o->hello_s)
		fprintf(p->out, " %s hello-interval %u\n", words, o->hello_s);
	if (o->dead_s)
		fprintf(p->out, " %s dead-interval %u\n", words, o->dead_s);
	if (o->mtu_ignore)
		fprintf(p->out, " %s mtu-ignore\n", words);
	if (o->bfd || o->no_bfd)
		fprintf(p->out, " %s bfd%s\n", words, o->no_bfd ? " disable" : "");
}

static const char *backup_delay(uint32_t seconds, char text[16])
{
	snprintf(text, 16, "%u", seconds);
	return seconds == BACKUP_NEVER ? "never" : text;
}

static void print_backup(const struct printer *p, const struct config_interface *i)
{
	char name[64], up[16], down[16];

	if (i->backup)
		fprintf(p->out, " backup interface %s\n", ifname_ios(i->backup, name));
	if (i->backup_up_delay_s || i->backup_down_delay_s)
		fprintf(p->out, " backup delay %s %s\n", backup_delay(i->backup_up_delay_s, up),
			backup_delay(i->backup_down_delay_s, down));
}

static void print_numbers(const struct printer *p, const struct config_interface *i)
{
	print_number(p, "bandwidth", i->bandwidth_kbps);
	print_number(p, "delay", i->delay_tens_us);
	print_number(p, "mtu", i->mtu);
	print_number(p, "ip mtu", i->ip_mtu);
	print_number(p, "ipv6 mtu", i->ipv6_mtu);
	print_number(p, "ip tcp adjust-mss", i->adjust_mss);
	print_number(p, "ipv6 tcp adjust-mss", i->adjust_mss6);
	print_backup(p, i);
}

/* What decides whether the interface takes an address stands before it. */
static bool comes_first(const char *extra)
{
	static const char *const words[] = { "switchport", "no switchport", "encapsulation ", "channel-group ", NULL };

	for (size_t i = 0; words[i]; i++) {
		if (!strncmp(extra, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

/* `ip nhrp group NAME identity …` is a word of this project. */
static bool is_own_extra(const char *extra)
{
	return strstr(extra, "nhrp group ") && strstr(extra, " identity ");
}

static void print_extras(const struct printer *p, const struct config_interface *i, bool first)
{
	for (size_t k = 0; k < i->extra_count; k++) {
		if (comes_first(i->extras[k]) != first)
			continue;
		if (p->for_router && is_own_extra(i->extras[k]))
			own(p, i->extras[k]);
		else
			fprintf(p->out, " %s\n", i->extras[k]);
	}
}

static void print_head(const struct printer *p, const struct config_interface *i)
{
	fprintf(p->out, "interface %s\n", i->ios_name);
	if (p->for_router && !strcmp(i->ios_name, i->name) && !i->is_tunnel && strcmp(i->name, "Null0"))
		fprintf(p->notes, "interface %s: not a router's name for an interface\n", i->ios_name);
	if (i->description)
		fprintf(p->out, " description %s\n", i->description);
	if (i->dot1q)
		fprintf(p->out, " encapsulation dot1Q %u%s\n", i->dot1q, i->dot1q_native ? " native" : "");
	print_extras(p, i, true);
	if (i->vrf)
		fprintf(p->out, " %svrf forwarding %s\n", p->c->vrfs[i->vrf].old_style ? "ip " : "", vrf_name(p, i->vrf));
}

static void print_interface(struct printer *p, const struct config_interface *i)
{
	p->part = i->ios_name;
	print_head(p, i);
	if (i->dhcp)
		fputs(" ip address dhcp\n", p->out);
	for (size_t k = 0; k < i->address_count; k++)
		print_address(p, &i->addresses[k]);
	if (i->ipv6_enable)
		fputs(" ipv6 enable\n", p->out);
	print_numbers(p, i);
	if (i->tunnel)
		print_tunnel(p, i, i->tunnel);
	print_ospf(p, "ip ospf", &i->ospf);
	print_ospf(p, i->ospf6.ospfv3 ? "ospfv3" : "ipv6 ospf", &i->ospf6);
	print_extras(p, i, false);
	/* A new router's interfaces are down until told otherwise. */
	if (i->shutdown || p->for_router)
		fprintf(p->out, " %sshutdown\n", i->shutdown ? "" : "no ");
	fputs("!\n", p->out);
	p->part = NULL;
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
	if (route->dhcp)
		fputs(" dhcp", p->out);
	if (route->distance != 1)
		fprintf(p->out, " %u", route->distance);
	if (route->tag)
		fprintf(p->out, " tag %u", route->tag);
	if (route->permanent)
		fputs(" permanent", p->out);
	if (route->name)
		fprintf(p->out, " name %s", route->name);
	if (route->track)
		fprintf(p->out, " track %u", route->track);
	fputc('\n', p->out);
}

static const char *closing_of(const char *head)
{
	return !strncmp(head, "address-family ", 15) ? "exit-address-family"
	     : !strncmp(head, "service-family ", 15) ? "exit-service-family"
	     : !strncmp(head, "af-interface ", 13)   ? "exit-af-interface"
	     : !strncmp(head, "sf-interface ", 13)   ? "exit-sf-interface"
	     : !strncmp(head, "topology ", 9)	     ? "exit-af-topology"
						     : "exit";
}

/* Words of this project and of FRR that stand in blocks. */
static bool is_own(const char *text)
{
	static const char *const words[] = { "ca-file ", "certificate-file ", "key-file ", "frr ", "frequency msec ", NULL };

	for (size_t i = 0; words[i]; i++) {
		if (!strncmp(text, words[i], strlen(words[i])))
			return true;
	}
	return false;
}

static void print_block_line(const struct printer *p, const struct config_block_line *line)
{
	if (p->for_router && is_own(line->text))
		own(p, line->text);
	else if (*line->text)
		fprintf(p->out, "%*s%s\n", (int)line->depth, "", line->text);
	else
		fputc('\n', p->out);
}

/* A router gives a VRF no addresses of a family that its definition does not name. */
static bool print_families(const struct printer *p, const struct config_block *b)
{
	bool named = false;

	for (size_t i = 0; i < b->line_count; i++)
		named |= !strncmp(b->lines[i].text, "address-family ", 15);
	if (!p->for_router || named || strncmp(b->head, "vrf definition ", 15))
		return false;
	fputs(" address-family ipv4\n exit-address-family\n", p->out);
	return true;
}

static void print_block(struct printer *p, const struct config_block *b)
{
	const char *heads[FRAMES_MAX] = { 0 };
	unsigned depth = 1;

	p->part = b->line_count ? b->head : NULL;
	if (p->for_router && is_own(b->head))
		own(p, b->head);
	else
		fprintf(p->out, "%s\n", b->head);
	for (size_t i = 0; i < b->line_count; i++) {
		const struct config_block_line *line = &b->lines[i];

		for (; depth > line->depth; depth--)
			fprintf(p->out, "%*s%s\n", (int)depth - 1, "", closing_of(heads[depth - 2]));
		print_block_line(p, line);
		depth = line->depth;
		heads[depth - 1] = line->text;
		if (line->opens)
			depth++;
	}
	for (; depth > 1; depth--)
		fprintf(p->out, "%*s%s\n", (int)depth - 1, "", closing_of(heads[depth - 2]));
	if (print_families(p, b) || b->line_count)
		fputs("!\n", p->out);
	p->part = NULL;
}

/* What interfaces refer to, and what decides how they are read. */
enum place { PLACE_FIRST, PLACE_BEFORE_INTERFACES, PLACE_AFTER };

static enum place place_of(const char *head)
{
	static const char *const words[] = {
		"key ", "crypto ", "bfd-template ", "class-map ", "policy-map ", "parameter-map ",
		"object-group ", "zone ", "track ", "ip sla ", "flow ", "aaa ", "username ", "enable ", "service ", "ip cef",
		"ipv6 cef", "ip multicast-routing", "ipv6 multicast-routing", "ip inspect ", "ip dhcp ", "ipv6 dhcp ", "ip domain",
		"ip name-server ", "vlan ", "spanning-tree ", "vtp ", "controller ", "redundancy", "license ", "boot", "frr ",
		"template ", "card ", "hw-module ", "platform ", "mpls ", "cts ", "vpdn", "bba-group ", "subscriber ", "ip subnet-zero",
		"ip source-route", "ip classless", "clock ", "no ip routing", "ip routing", "chat-script ", NULL
	};

	/* `ip vrf NAME` is a line of a track's, too. */
	if (!strncmp(head, "vrf ", 4) || !strncmp(head, "ip vrf ", 7))
		return PLACE_FIRST;
	head += strncmp(head, "no ", 3) ? 0 : 3;
	for (size_t i = 0; words[i]; i++) {
		if (!strncmp(head, words[i], strlen(words[i])))
			return PLACE_BEFORE_INTERFACES;
	}
	return PLACE_AFTER;
}

static void print_blocks(struct printer *p, enum place place)
{
	for (size_t i = 0; i < p->c->block_count; i++) {
		if (place_of(p->c->blocks[i].head) == place)
			print_block(p, &p->c->blocks[i]);
	}
}

static void print_globals(const struct printer *p)
{
	static const char *const datapaths[] = { "auto", "kernel", "user" };

	if (p->c->version)
		fprintf(p->out, "version %s\n", p->c->version);
	if (p->c->hostname)
		fprintf(p->out, "hostname %s\n", p->c->hostname);
	if (p->c->datapath != DATAPATH_AUTO)
		own_line(p, "datapath %s", datapaths[p->c->datapath]);
	if (p->c->ip_routing6)
		fputs("ipv6 unicast-routing\n", p->out);
	fputs("!\n", p->out);
}

static char *print(struct printer *p)
{
	char *text = NULL;
	size_t length;
	bool failed;

	p->out = open_memstream(&text, &length);
	if (!p->out)
		return NULL;
	print_globals(p);
	print_blocks(p, PLACE_FIRST);
	print_blocks(p, PLACE_BEFORE_INTERFACES);
	for (size_t i = 0; i < p->c->interface_count; i++)
		print_interface(p, &p->c->interfaces[i]);
	/* What follows is no line of the last interface, even where that would take it. */
	if (p->c->interface_count)
		fputs("exit\n", p->out);
	print_blocks(p, PLACE_AFTER);
	for (size_t i = 0; i < p->c->route_count; i++)
		print_route(p, &p->c->routes[i]);
	fputs("end\n", p->out);
	failed = ferror(p->out);
	if (fclose(p->out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

char *config_print(const struct config *c)
{
	struct printer p = { .c = c };

	return print(&p);
}

/* Lines that the model does not hold, because nobody knows what they say. */
static void note_unknown(const struct config *c, FILE *notes)
{
	for (size_t i = 0; i < c->line_count; i++) {
		const struct config_line *line = &c->lines[i];

		if (line->reason && (!strncmp(line->reason, "unknown", 7) || line->state == CONFIG_ERROR))
			fprintf(notes, "line %u is left out or stands as it was understood: %s\n", line->number, line->reason);
	}
}

char *config_print_ios(const struct config *c, FILE *notes)
{
	struct printer p = { .c = c, .for_router = true, .notes = notes };

	note_unknown(c, notes);
	return print(&p);
}
