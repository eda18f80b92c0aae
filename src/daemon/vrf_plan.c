#include "daemon/vrf_plan.h"

#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "kernel/shortcut.h"

enum { DISTANCE_SHIFT = 24 /* where zebra reads it in a metric */ };

static const uint32_t metric_last = UINT32_MAX;

static const uint8_t families[] = { IP_V4, IP_V6 };

/* The VRF that is planned now. */
struct planning {
	struct vrf_plan *out;
	const struct config *c;
	const struct underlay *u;
	const struct vrf_place *places;
	uint32_t vrf;
	bool front;  /* a tunnel's underlay */
	bool inside; /* a tunnel is in it: it has shortcuts */
};

static const struct vrf_place *place(const struct planning *p)
{
	return &p->places[p->vrf];
}

/* ---- lists ---- */

static void add_rule(struct vrf_plan *p, const struct ip_rule *r)
{
	if (vrf_plan_has_rule(p, r))
		return;
	p->rules = alloc_array(p->rules, p->rule_count + 1, sizeof *p->rules);
	p->rules[p->rule_count++] = *r;
}

static void add_route(struct vrf_plan *p, const struct vrf_route *r)
{
	if (vrf_plan_has_route(p, r))
		return;
	p->routes = alloc_array(p->routes, p->route_count + 1, sizeof *p->routes);
	p->routes[p->route_count++] = *r;
}

static void add_stray(struct vrf_plan *p, const struct vrf_route *r)
{
	p->strays = alloc_array(p->strays, p->stray_count + 1, sizeof *p->strays);
	p->strays[p->stray_count++] = *r;
	p->strays[p->stray_count - 1].kind = VRF_ROUTE_PREFIX;
	p->strays[p->stray_count - 1].table = RT_TABLE_MAIN;
}

static void add_member(struct vrf_plan *p, int ifindex, int master)
{
	p->members = alloc_array(p->members, p->member_count + 1, sizeof *p->members);
	p->members[p->member_count++] = (struct vrf_member){ ifindex, master };
}

bool vrf_plan_has_rule(const struct vrf_plan *p, const struct ip_rule *r)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		if (ip_rule_eq(&p->rules[i], r))
			return true;
	}
	return false;
}

bool vrf_plan_has_route(const struct vrf_plan *p, const struct vrf_route *r)
{
	for (size_t i = 0; i < p->route_count; i++) {
		if (vrf_route_is(&p->routes[i], r))
			return true;
	}
	return false;
}

const struct vrf_member *vrf_plan_member(const struct vrf_plan *p, int ifindex)
{
	for (size_t i = 0; i < p->member_count; i++) {
		if (p->members[i].ifindex == ifindex)
			return &p->members[i];
	}
	return NULL;
}

void vrf_plan_done(struct vrf_plan *p)
{
	free(p->rules);
	free(p->routes);
	free(p->strays);
	free(p->members);
	*p = (struct vrf_plan){ 0 };
}

/* ---- rules ---- */

/* The same for shortcuts, which come first, where the VRF has any. */
static void choose_table(struct planning *p, struct ip_rule rule, bool has_shortcuts_only)
{
	if (p->inside) {
		rule.pref = PREF_VRF_SHORTCUTS;
		rule.table = SHORTCUT_TABLE + p->vrf;
		add_rule(p->out, &rule);
	}
	rule.pref = PREF_VRF;
	rule.table = place(p)->table;
	if (!has_shortcuts_only)
		add_rule(p->out, &rule);
}

static void choose_by_name(struct planning *p, const char *iif, const char *oif, bool has_shortcuts_only)
{
	for (size_t i = 0; i < sizeof families; i++) {
		struct ip_rule rule = { .family = families[i] };

		snprintf(rule.iif, sizeof rule.iif, "%s", iif);
		snprintf(rule.oif, sizeof rule.oif, "%s", oif);
		choose_table(p, rule, has_shortcuts_only);
	}
}

static void choose_by_device(struct planning *p)
{
	choose_by_name(p, place(p)->device, "", true);
	choose_by_name(p, "", place(p)->device, true);
	for (size_t i = 0; i < sizeof families; i++) {
		struct ip_rule rule = { .family = families[i], .l3mdev = true, .pref = PREF_VRF };

		add_rule(p->out, &rule);
	}
}

/* ---- routes ---- */

static void end_table(struct planning *p)
{
	static const uint8_t zero[16];

	for (size_t i = 0; i < sizeof families; i++) {
		struct vrf_route r = { .kind = VRF_ROUTE_UNREACHABLE, .table = place(p)->table, .metric = metric_last };

		r.dst.addr = ipaddr_from_bytes(families[i], zero);
		add_route(p->out, &r);
	}
}

static void prefix_route(struct planning *p, const struct underlay_address *a)
{
	struct vrf_route r = { .kind = VRF_ROUTE_VIA, .table = place(p)->table, .ifindex = a->ifindex };

	r.dst = ipprefix_make(ipaddr_is_none(&a->far) ? &a->addr : &a->far, a->prefix_len);
	if (a->addr.family == IP_V4)
		r.source = a->addr;
	else
		r.metric = 1; /* that IPv6 does not put one of its own there */
	if (!a->secondary)
		add_route(p->out, &r);
	r.metric = 0;
	if (!a->secondary && !a->no_prefix_route)
		add_stray(p->out, &r);
}

static void address(struct planning *p, const struct underlay_address *a, bool is_up)
{
	if (ipaddr_is_link_local(&a->addr))
		return;
	if (!place(p)->by_device || p->front)
		choose_table(p, (struct ip_rule){ .family = a->addr.family, .from = a->addr }, false);
	if (!place(p)->by_device && is_up)
		prefix_route(p, a);
}

static void interface(struct planning *p, const struct config_interface *i)
{
	const struct underlay_link *l = underlay_find(p->u, i->name);

	/* With a VRF device a rule for its name finds what came in by a member, too; but not in Linux 5.18 to 6.14. */
	choose_by_name(p, i->name, "", place(p)->by_device);
	if (!l)
		return;
	if (place(p)->by_device)
		add_member(p->out, l->ifindex, place(p)->ifindex);
	for (size_t k = 0; k < p->u->address_count; k++) {
		if (p->u->addresses[k].ifindex == l->ifindex)
			address(p, &p->u->addresses[k], l->up);
	}
}

static void static_route(struct vrf_plan *out, const struct config *c, const struct underlay *u, uint32_t table,
			 const struct config_route *s)
{
	const struct underlay_link *l = s->interface ? underlay_find(u, s->interface) : NULL;
	struct vrf_route r = { .kind = VRF_ROUTE_VIA, .table = table, .metric = (uint32_t)s->distance << DISTANCE_SHIFT, .dst = s->dst,
			       .gateway = s->gateway };

	if (config_route_tracked(c, s))
		return; /* it comes and goes with its track */
	if (s->dhcp && (!l || !underlay_gateway(u, l->ifindex, s->dst.addr.family, &r.gateway)))
		return;
	if (s->interface && strncmp(s->interface, "Null", 4) == 0)
		r.kind = VRF_ROUTE_DISCARD;
	else if (s->interface && (!l || !l->up))
		return;
	else if (l)
		r.ifindex = l->ifindex;
	add_route(out, &r);
}

/* ---- the whole ---- */

static void survey(struct planning *p)
{
	for (size_t i = 0; i < p->c->interface_count; i++) {
		const struct config_interface *f = &p->c->interfaces[i];

		p->inside |= f->is_tunnel && f->vrf == p->vrf;
	}
	p->front = vrf_is_front(p->c, p->vrf);
}

static void one(struct planning *p)
{
	survey(p);
	end_table(p);
	if (place(p)->by_device)
		choose_by_device(p);
	for (size_t i = 0; i < p->c->interface_count; i++) {
		if (p->c->interfaces[i].vrf == p->vrf)
			interface(p, &p->c->interfaces[i]);
	}
	/* Behind the prefix routes, by which their gateways are found. */
	for (size_t i = 0; i < p->c->route_count; i++) {
		if (p->c->routes[i].vrf == p->vrf)
			static_route(p->out, p->c, p->u, place(p)->table, &p->c->routes[i]);
	}
}

bool vrf_is_used(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (c->interfaces[i].vrf == vrf || (c->interfaces[i].is_tunnel && c->interfaces[i].tunnel->vrf == vrf))
			return true;
	}
	return false;
}

bool vrf_is_front(const struct config *c, uint32_t vrf)
{
	for (size_t i = 0; i < c->interface_count; i++) {
		if (c->interfaces[i].is_tunnel && c->interfaces[i].tunnel->vrf == vrf)
			return true;
	}
	return false;
}

void vrf_plan_make(struct vrf_plan *out, const struct config *c, const struct underlay *u, const struct vrf_place *places)
{
	*out = (struct vrf_plan){ 0 };
	for (size_t i = 0; i < sizeof families; i++)
		add_rule(out, &(struct ip_rule){ .family = families[i], .pref = PREF_SHORTCUTS, .table = SHORTCUT_TABLE });
	for (uint32_t vrf = 1; vrf < c->vrf_count; vrf++) {
		struct planning p = { .out = out, .c = c, .u = u, .places = places, .vrf = vrf };

		if (vrf_is_used(c, vrf) && (!places[vrf].by_device || places[vrf].ifindex))
			one(&p);
	}
	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].vrf == 0 && config_route_ours(c, &c->routes[i]))
			static_route(out, c, u, RT_TABLE_MAIN, &c->routes[i]);
	}
}
