#include "kernel/nat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/tool.h"

#define PRIVATE "{ 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }"

/* Ruleset under construction. */
struct text {
	FILE *out;
	const struct config *c;
	const struct nat *n;
};

/* ---- interfaces ---- */

typedef bool (*interface_is)(const struct text *t, const struct nat_rule *r, const struct config_interface *i);

static bool inside(const struct text *t, const struct nat_rule *r, const struct config_interface *i)
{
	(void)t;
	if (r->either_way)
		return nat_is_either(i);
	return nat_is_inside(i) && i->vrf == r->vrf;
}

/* An address of an uplink's network leaves by that uplink, others by any. */
static bool outside(const struct text *t, const struct nat_rule *r, const struct config_interface *i)
{
	const struct config_interface *only = r->interface ? r->interface : r->home;

	(void)t;
	if (i->is_tunnel || (only && i != only))
		return false;
	return r->either_way ? nat_is_either(i) : nat_is_outside(i);
}

static bool uplink(const struct text *t, const struct nat_rule *r, const struct config_interface *i)
{
	(void)r;
	return nat_is_uplink(t->c, t->n, i);
}

static bool within(const struct text *t, const struct nat_rule *r, const struct config_interface *i)
{
	(void)t;
	(void)r;
	return !i->shutdown && (i->is_tunnel || nat_is_inside(i) || nat_is_either(i));
}

static bool any(const struct text *t, const struct nat_rule *r, interface_is is)
{
	for (size_t i = 0; i < t->c->interface_count; i++) {
		if (is(t, r, &t->c->interfaces[i]))
			return true;
	}
	return false;
}

/* iifname { "Gi0-1", "Tunnel0" } */
static void names(const struct text *t, const char *which, const struct nat_rule *r, interface_is is)
{
	const char *before = "{ ";

	fprintf(t->out, "%s ", which);
	for (size_t i = 0; i < t->c->interface_count; i++) {
		if (!is(t, r, &t->c->interfaces[i]))
			continue;
		fprintf(t->out, "%s\"%s\"", before, t->c->interfaces[i].name);
		before = ", ";
	}
	fputs(" } ", t->out);
}

static const char *v4(uint32_t addr, char text[IPADDR_TEXT_MAX])
{
	const struct ipaddr a = ipaddr_v4(addr);

	return ipaddr_format(&a, text);
}

/* ---- an entry of a list ---- */

static void address(const struct text *t, const char *which, const struct access_address *a)
{
	char addr[IPADDR_TEXT_MAX], mask[IPADDR_TEXT_MAX];
	const uint32_t wild = a->wild;

	if (wild == UINT32_MAX)
		return;
	if ((wild & (wild + 1)) == 0)
		fprintf(t->out, "%s %s/%d ", which, v4(a->addr, addr), 32 - __builtin_popcount(wild));
	else
		fprintf(t->out, "%s & %s == %s ", which, v4(~wild, mask), v4(a->addr, addr));
}

static void ports(const struct text *t, const char *which, const struct access_ports *p)
{
	if (!p->count)
		return;
	fprintf(t->out, "th %s %s{", which, p->others ? "!= " : "");
	for (size_t i = 0; i < p->count; i++)
		fprintf(t->out, "%s %u-%u", i ? "," : "", p->ranges[i].low, p->ranges[i].high);
	fputs(" } ", t->out);
}

static void entry(const struct text *t, const struct access_entry *e, bool of_next_hop)
{
	fputs("\t\t", t->out);
	if (!e->any_protocol)
		fprintf(t->out, "meta l4proto %u ", e->protocol);
	address(t, of_next_hop ? "rt ip nexthop" : "ip saddr", &e->from);
	address(t, "ip daddr", &e->to);
	ports(t, "sport", &e->from_ports);
	ports(t, "dport", &e->to_ports);
	if (e->answers_only)
		fputs("tcp flags & (ack | rst) != 0 ", t->out);
}

/* ---- the terms of a rule, a chain for each list of theirs ----
 *
 * Chains are left by goto only, so that the end of any of them goes on behind the rule.
 * "ruleR_T_L": list L of term T; the last of a term stands for its next hops.
 */

struct place {
	size_t rule, term, list;
};

static void go(const struct text *t, const struct place *to)
{
	const struct nat_rule *r = &t->n->rules[to->rule];

	if (to->term < r->term_count)
		fprintf(t->out, "goto rule%zu_%zu_%zu\n", to->rule, to->term, to->list);
	else
		fputs("return\n", t->out);
}

static void fits(const struct text *t, const struct place *p)
{
	const struct nat_term *term = &t->n->rules[p->rule].terms[p->term];
	const struct place next_hops = { p->rule, p->term, term->list_count };

	if (p->list < term->list_count && term->next_hop_count)
		go(t, &next_hops);
	else if (term->permits)
		fprintf(t->out, "goto rule%zu\n", p->rule);
	else
		fputs("return\n", t->out);
}

/* Another list of the same kind, if there is one; else another term. */
static void fits_not(const struct text *t, const struct place *p, size_t kind_ends)
{
	const struct place more = { p->rule, p->term, p->list + 1 }, other = { p->rule, p->term + 1, 0 };

	go(t, p->list + 1 < kind_ends ? &more : &other);
}

static void list_chain(const struct text *t, const struct place *p)
{
	const struct nat_term *term = &t->n->rules[p->rule].terms[p->term];
	const bool of_next_hop = p->list >= term->list_count;
	const size_t kind_ends = of_next_hop ? term->list_count + term->next_hop_count : term->list_count;
	const struct access_list *l = of_next_hop ? &term->next_hops[p->list - term->list_count] : &term->lists[p->list];

	for (size_t i = 0; i < l->count; i++) {
		entry(t, &l->entries[i], of_next_hop);
		if (l->entries[i].permits)
			fits(t, p);
		else
			fits_not(t, p, kind_ends);
	}
	fputs("\t\t", t->out);
	fits_not(t, p, kind_ends);
}

static void leaves_by(const struct text *t, const struct place *p)
{
	const struct nat_term *term = &t->n->rules[p->rule].terms[p->term];
	const struct place other = { p->rule, p->term + 1, 0 };

	if (p->list > 0 || !term->out_count)
		return;
	fputs("\t\toifname != {", t->out);
	for (size_t i = 0; i < term->out_count; i++)
		fprintf(t->out, "%s \"%s\"", i ? "," : "", term->outs[i]->name);
	fputs(" } ", t->out);
	go(t, &other);
}

static void term_chains(const struct text *t, size_t rule, size_t at)
{
	const struct nat_term *term = &t->n->rules[rule].terms[at];
	const size_t lists = term->list_count + term->next_hop_count;

	for (size_t i = 0; i < lists || i == 0; i++) {
		const struct place p = { rule, at, i };

		fprintf(t->out, "\tchain rule%zu_%zu_%zu {\n", rule, at, i);
		leaves_by(t, &p);
		if (lists) {
			list_chain(t, &p);
		} else {
			fputs("\t\t", t->out);
			fits(t, &p);
		}
		fputs("\t}\n", t->out);
	}
}

/* ---- what a rule does ---- */

static void to_interface(const struct text *t, const struct nat_rule *r)
{
	/* These would stand in the way of our own packets' answers. */
	if (nat_is_uplink(t->c, t->n, r->interface))
		fputs("\t\tmeta l4proto { 47, 50 } return\n"
		      "\t\tudp sport { 500, 4500 } counter masquerade to :1024-65535\n", t->out);
	fputs("\t\tcounter masquerade\n", t->out);
}

static void to_pool(const struct text *t, const struct nat_rule *r)
{
	char first[IPADDR_TEXT_MAX], last[IPADDR_TEXT_MAX];

	fprintf(t->out, "\t\tcounter snat to %s", ipaddr_format(&r->first, first));
	if (!ipaddr_eq(&r->first, &r->last))
		fprintf(t->out, "-%s", ipaddr_format(&r->last, last));
	fputc('\n', t->out);
}

static const char *network(const struct ipaddr *a, uint8_t len, char text[IPPREFIX_TEXT_MAX])
{
	const struct ipprefix p = ipprefix_make(a, len);

	return ipprefix_format(&p, text);
}

static void static_out(const struct text *t, const struct nat_rule *r)
{
	char in[IPPREFIX_TEXT_MAX], out[IPPREFIX_TEXT_MAX];

	fprintf(t->out, "\t\tip saddr %s ", network(&r->inside, r->len, in));
	if (r->protocol)
		fprintf(t->out, "%s sport %u ", r->protocol == 6 ? "tcp" : "udp", r->inside_port);
	if (r->len < 32)
		fprintf(t->out, "counter snat ip prefix to ip saddr map { %s : %s }\n", in, network(&r->first, r->len, out));
	else if (r->interface && r->protocol)
		fprintf(t->out, "counter masquerade to :%u\n", r->port);
	else if (r->interface)
		fputs("counter masquerade\n", t->out);
	else if (r->protocol)
		fprintf(t->out, "counter snat to %s:%u\n", ipaddr_format(&r->first, out), r->port);
	else
		fprintf(t->out, "counter snat to %s\n", ipaddr_format(&r->first, out));
}

static void static_in(const struct text *t, const struct nat_rule *r)
{
	char in[IPPREFIX_TEXT_MAX], out[IPPREFIX_TEXT_MAX];

	fputs("\t\t", t->out);
	names(t, "iifname", r, outside);
	if (r->interface)
		fputs("fib daddr type local ", t->out);
	else
		fprintf(t->out, "ip daddr %s ", network(&r->first, r->len, out));
	if (r->protocol)
		fprintf(t->out, "%s dport %u ", r->protocol == 6 ? "tcp" : "udp", r->port);
	if (r->len < 32)
		fprintf(t->out, "counter dnat ip prefix to ip daddr map { %s : %s }\n", out, network(&r->inside, r->len, in));
	else if (r->protocol)
		fprintf(t->out, "counter dnat to %s:%u\n", ipaddr_format(&r->inside, in), r->inside_port);
	else
		fprintf(t->out, "counter dnat to %s\n", ipaddr_format(&r->inside, in));
}

/* A rule of interfaces that are not there translates nothing. */
static bool acts(const struct text *t, const struct nat_rule *r)
{
	return any(t, r, inside) && any(t, r, outside);
}

static void rule_chains(const struct text *t, size_t at)
{
	const struct nat_rule *r = &t->n->rules[at];

	fprintf(t->out, "\tchain rule%zu {\n", at);
	if (r->is_static)
		static_out(t, r);
	else if (r->interface)
		to_interface(t, r);
	else
		to_pool(t, r);
	fputs("\t}\n", t->out);
	for (size_t i = 0; i < r->term_count; i++)
		term_chains(t, at, i);
}

static void jump(const struct text *t, size_t at)
{
	const struct nat_rule *r = &t->n->rules[at];

	if (!r->anyhow && !r->term_count)
		return;
	fputs("\t\t", t->out);
	names(t, "iifname", r, inside);
	names(t, "oifname", r, outside);
	if (r->either_way)
		fputs("meta iif != meta oif ", t->out);
	fprintf(t->out, r->anyhow ? "jump rule%zu\n" : "jump rule%zu_0_0\n", at);
}

/* ---- the two ways ---- */

static void way_out(const struct text *t)
{
	fputs("\tchain out {\n\t\ttype nat hook postrouting priority srcnat; policy accept;\n", t->out);
	for (size_t i = 0; i < t->n->rule_count; i++) {
		if (acts(t, &t->n->rules[i]))
			jump(t, i);
	}
	fputs("\t}\n", t->out);
}

/* What carries a tunnel is never somebody else's, whatever a static line gives away. */
static void way_in(const struct text *t)
{
	fputs("\tchain in {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n", t->out);
	if (any(t, NULL, uplink)) {
		fputs("\t\t", t->out);
		names(t, "iifname", NULL, uplink);
		fputs("fib daddr type local meta l4proto { 47, 50 } accept\n\t\t", t->out);
		names(t, "iifname", NULL, uplink);
		fputs("fib daddr type local udp dport { 500, 4500 } accept\n", t->out);
	}
	for (size_t i = 0; i < t->n->rule_count; i++) {
		if (t->n->rules[i].is_static && acts(t, &t->n->rules[i]))
			static_in(t, &t->n->rules[i]);
	}
	fputs("\t}\n", t->out);
}

/* ---- what keeps the inside and the overlay off the uplinks ---- */

static void accept_towards(const struct text *t, const struct config_interface *i, const struct ipprefix *p)
{
	char text[IPPREFIX_TEXT_MAX];

	if (p->addr.family == IP_V4 && p->len > 0)
		fprintf(t->out, "\t\toifname \"%s\" ip daddr %s accept\n", i->name, ipprefix_format(p, text));
}

static bool is_on(const struct config_interface *i, const struct config_route *route)
{
	if (route->interface)
		return !strcmp(route->interface, i->name);
	for (size_t a = 0; route->vrf == i->vrf && a < i->address_count; a++) {
		const struct ipprefix p = ipprefix_make(&i->addresses[a].addr, i->addresses[a].prefix_len);

		if (ipprefix_contains(&p, &route->gateway))
			return true;
	}
	return false;
}

/* What is reached through an uplink on purpose: its own networks, and those that a static route sends there. */
static void reached(const struct text *t)
{
	for (size_t k = 0; k < t->c->interface_count; k++) {
		const struct config_interface *i = &t->c->interfaces[k];

		if (!uplink(t, NULL, i))
			continue;
		for (size_t a = 0; a < i->address_count; a++) {
			const struct ipprefix p = ipprefix_make(&i->addresses[a].addr, i->addresses[a].prefix_len);

			accept_towards(t, i, &p);
		}
		for (size_t r = 0; r < t->c->route_count; r++) {
			if (is_on(i, &t->c->routes[r]))
				accept_towards(t, i, &t->c->routes[r].dst);
		}
	}
}

/* The networks of tunnels: a set of its own, since they need not be private. */
static bool overlay(const struct text *t)
{
	const char *before = "\tset overlay {\n\t\ttype ipv4_addr; flags interval; auto-merge; elements = { ";
	bool some = false;

	for (size_t i = 0; i < t->c->interface_count; i++) {
		const struct config_interface *f = &t->c->interfaces[i];

		for (size_t a = 0; f->is_tunnel && a < f->address_count; a++) {
			char text[IPPREFIX_TEXT_MAX];

			if (f->addresses[a].addr.family != IP_V4 || !f->addresses[a].prefix_len)
				continue;
			fprintf(t->out, "%s%s", some ? ", " : before, network(&f->addresses[a].addr, f->addresses[a].prefix_len, text));
			some = true;
		}
	}
	if (some)
		fputs(" }\n\t}\n", t->out);
	return some;
}

/* Routing that goes on speaking to a neighbour whose tunnel is down is led by the default route, in clear. */
static void keep_overlay(const struct text *t)
{
	static const char *const ends[] = { "saddr", "daddr" };

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		fputs("\t\t", t->out);
		names(t, "oifname", NULL, uplink);
		fprintf(t->out, "ip %s @overlay counter drop comment \"a tunnel's, past the tunnel\"\n", ends[i]);
	}
}

/* Some line translates to it, wherever that leaves. */
static bool is_pooled(const struct text *t, const struct ipaddr *a)
{
	for (size_t i = 0; i < t->n->rule_count; i++) {
		const struct nat_rule *r = &t->n->rules[i];

		if (!r->interface && ipaddr_cmp(&r->first, a) <= 0 && ipaddr_cmp(a, r->is_static ? &r->first : &r->last) <= 0)
			return true;
	}
	return false;
}

static bool is_anothers(const struct text *t, const struct config_interface *own, const struct config_interface *i, const struct ipaddr *a)
{
	if (i == own || i->is_tunnel || !strncmp(i->ios_name, "Loopback", 8) || a->family != IP_V4 || is_pooled(t, a))
		return false;
	for (size_t k = 0; k < own->address_count; k++) {
		if (ipaddr_eq(&own->addresses[k].addr, a))
			return false;
	}
	return true;
}

/*
 * Masquerading by an interface that has lost its lease takes another one's address, and the flow would keep that. A first
 * packet that is dropped here leaves no flow behind.
 */
static void keep_addresses(const struct text *t, const struct config_interface *own)
{
	char text[IPADDR_TEXT_MAX];
	bool some = false;

	for (size_t i = 0; i < t->c->interface_count; i++) {
		const struct config_interface *f = &t->c->interfaces[i];

		for (size_t a = 0; a < f->address_count; a++) {
			if (!is_anothers(t, own, f, &f->addresses[a].addr))
				continue;
			if (!some)
				fprintf(t->out, "\t\toifname \"%s\" ct status & snat != 0 ip saddr { ", own->name);
			fprintf(t->out, "%s%s", some ? ", " : "", ipaddr_format(&f->addresses[a].addr, text));
			some = true;
		}
	}
	if (some)
		fputs(" } counter drop comment \"another interface's address\"\n", t->out);
}

static void guard(const struct text *t)
{
	bool has_overlay;

	if (!any(t, NULL, uplink) || !any(t, NULL, within))
		return;
	fputs("\tset private {\n\t\ttype ipv4_addr; flags interval; elements = " PRIVATE "\n\t}\n", t->out);
	has_overlay = overlay(t);
	/* Towards another site, with the tunnel's routes gone; and from outside without having been asked. */
	fputs("\tchain through {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\t", t->out);
	names(t, "iifname", NULL, uplink);
	names(t, "oifname", NULL, within);
	fputs("ct state new ct status & dnat == 0 ip daddr @private counter drop comment \"unasked from outside\"\n", t->out);
	reached(t);
	fputs("\t\t", t->out);
	names(t, "iifname", NULL, within);
	names(t, "oifname", NULL, uplink);
	fputs("ip daddr @private counter drop comment \"private, towards an uplink\"\n\t}\n", t->out);
	fputs("\tchain leaving {\n\t\ttype filter hook postrouting priority srcnat + 10; policy accept;\n\t\t", t->out);
	names(t, "iifname", NULL, within);
	names(t, "oifname", NULL, uplink);
	fputs("ip saddr @private ct status & (snat | dnat) == 0 counter drop comment \"private, not translated\"\n", t->out);
	if (has_overlay)
		keep_overlay(t);
	for (size_t i = 0; i < t->c->interface_count; i++) {
		if (uplink(t, NULL, &t->c->interfaces[i]))
			keep_addresses(t, &t->c->interfaces[i]);
	}
	fputs("\t}\n", t->out);
}

/* ---- the whole ---- */

bool nat_wanted(const struct config *c, const struct nat *n)
{
	const struct text t = { NULL, c, n };

	for (size_t i = 0; i < n->rule_count; i++) {
		if (acts(&t, &n->rules[i]))
			return true;
	}
	return false;
}

char *nat_ruleset(const struct config *c, const struct nat *n)
{
	char *out = NULL;
	size_t size = 0;
	const struct text t = { open_memstream(&out, &size), c, n };

	if (!t.out)
		return NULL;
	/* Adding before deleting makes deleting succeed when there is no table. */
	fputs("add table ip dmvpn_nat\ndelete table ip dmvpn_nat\n", t.out);
	if (nat_wanted(c, n)) {
		fputs("table ip dmvpn_nat {\n", t.out);
		for (size_t i = 0; i < n->rule_count; i++) {
			if (acts(&t, &n->rules[i]))
				rule_chains(&t, i);
		}
		way_out(&t);
		way_in(&t);
		guard(&t);
		fputs("}\n", t.out);
	}
	return fclose(t.out) == 0 ? out : NULL;
}

int nat_install(const char *ruleset, char *error, size_t error_size)
{
	char *const argv[] = { "nft", "-f", "-", NULL };

	return tool_run(argv, ruleset, error, error_size);
}
