#include "daemon/vrfs.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/daemon_state.h"
#include "kernel/link.h"
#include "kernel/vrf_device.h"

static void complain(struct daemon *d, const char *what, const char *about, int rc)
{
	daemon_log(d, TRACE_ERROR, "VRF", "%s=%s error=\"%s\"", what, about, strerror(-rc));
}

/* ---- devices ---- */

static void make_device(struct daemon *d, uint32_t vrf)
{
	struct vrf_place *p = &d->vrfs.places[vrf];
	struct vrf_device v = { .table = p->table };
	int rc;

	snprintf(p->device, sizeof p->device, "%s", d->config->vrfs[vrf].device);
	memcpy(v.name, p->device, sizeof v.name);
	rc = vrf_device_set(&d->netlink, &v);
	if (rc < 0) {
		complain(d, "vrf", p->device, rc);
		return;
	}
	p->ifindex = v.ifindex;
	p->table = v.table;
}

/* The forwarder hands charon what came to UDP 4500 by way of this machine's own addresses, which are the VRFs' alone with devices. */
static bool wants_device(const struct daemon *d, uint32_t vrf)
{
	return d->vrfs.possible && (d->kernel || !vrf_is_front(d->config, vrf));
}

/* The places of the running configuration's VRFs. Those that there were stay. */
static void place_all(struct daemon *d)
{
	struct vrfs *v = &d->vrfs;

	if (d->config->vrf_count > v->count) {
		v->places = alloc_array(v->places, d->config->vrf_count, sizeof *v->places);
		for (; v->count < d->config->vrf_count; v->count++)
			v->places[v->count] = (struct vrf_place){ .table = VRF_TABLE + (uint32_t)v->count };
	}
	for (uint32_t i = 1; i < d->config->vrf_count; i++) {
		v->places[i].by_device = wants_device(d, i);
		if (v->places[i].by_device && !v->places[i].ifindex && vrf_is_used(d->config, i))
			make_device(d, i);
	}
}

/* The kernel takes a device down for a moment that changes its VRF. It shall not lose its IPv6 addresses by that. */
static int set_master(struct daemon *d, int ifindex, int master)
{
	const struct underlay_link *l = underlay_find_index(&d->underlay, ifindex);
	struct sysctl_set kept = { 0 };
	char path[SYSCTL_PATH_MAX];
	int rc;

	if (l) {
		snprintf(path, sizeof path, "net/ipv6/conf/%s/keep_addr_on_down", l->name);
		(void)sysctl_apply(&kept, path, "1"); /* a kernel without IPv6 is fine */
	}
	rc = link_set_master(&d->netlink, ifindex, master);
	sysctl_restore(&kept);
	return rc;
}

void vrfs_join(struct daemon *d, uint32_t vrf, int ifindex)
{
	const int master = vrfs_ifindex(d, vrf);
	const int rc = master ? link_set_master(&d->netlink, ifindex, master) : 0;

	if (rc < 0)
		complain(d, "vrf", d->config->vrfs[vrf].name, rc);
}

/* ---- from one plan to the next ---- */

static void leave(struct daemon *d, const struct vrf_plan *old, const struct vrf_plan *next)
{
	for (size_t i = old->rule_count; i-- > 0;) {
		if (!vrf_plan_has_rule(next, &old->rules[i]))
			(void)ip_rule_del(&d->netlink, &old->rules[i]); /* gone already is as good */
	}
	for (size_t i = old->route_count; i-- > 0;) {
		if (!vrf_plan_has_route(next, &old->routes[i]))
			(void)vrf_route_del(&d->netlink, &old->routes[i]);
	}
	for (size_t i = 0; i < old->member_count; i++) {
		if (!vrf_plan_member(next, old->members[i].ifindex))
			(void)set_master(d, old->members[i].ifindex, 0);
	}
}

static void join_all(struct daemon *d, const struct vrf_plan *p)
{
	for (size_t i = 0; i < p->member_count; i++) {
		const struct vrf_member *m = &p->members[i];
		const struct underlay_link *l = underlay_find_index(&d->underlay, m->ifindex);
		int rc;

		if (!l || l->master == m->master)
			continue;
		rc = set_master(d, m->ifindex, m->master);
		if (rc < 0 && rc != -ENODEV)
			complain(d, "interface", l->name, rc);
	}
}

/* A gateway that is not there yet comes with an address, which is a reason to look again. */
static bool is_worth_a_word(int rc)
{
	return rc < 0 && rc != -ENETUNREACH && rc != -EHOSTUNREACH && rc != -ENETDOWN && rc != -ENODEV && rc != -EINVAL;
}

static void enter(struct daemon *d, const struct vrf_plan *p)
{
	char text[IPPREFIX_TEXT_MAX];
	int rc;

	join_all(d, p);
	for (size_t i = 0; i < p->route_count; i++) {
		rc = vrf_route_add(&d->netlink, &p->routes[i]);
		if (is_worth_a_word(rc))
			complain(d, "route", ipprefix_format(&p->routes[i].dst, text), rc);
	}
	for (size_t i = 0; i < p->rule_count; i++) {
		rc = ip_rule_add(&d->netlink, &p->rules[i]);
		if (rc < 0)
			complain(d, "rule", p->rules[i].iif, rc);
	}
	for (size_t i = 0; i < p->stray_count; i++)
		(void)vrf_route_del(&d->netlink, &p->strays[i]);
}

void vrfs_look(struct daemon *d)
{
	struct vrf_plan next;

	place_all(d);
	vrf_plan_make(&next, d->config, &d->underlay, d->vrfs.places);
	leave(d, &d->vrfs.plan, &next);
	enter(d, &next);
	vrf_plan_done(&d->vrfs.plan);
	d->vrfs.plan = next;
}

/* ---- what an earlier life left ---- */

static void note_rule(void *arg, const struct ip_rule *r)
{
	struct vrf_plan *p = arg;

	p->rules = alloc_array(p->rules, p->rule_count + 1, sizeof *p->rules);
	p->rules[p->rule_count++] = *r;
}

static void note_route(void *arg, const struct vrf_route *r)
{
	struct vrf_plan *p = arg;

	p->routes = alloc_array(p->routes, p->route_count + 1, sizeof *p->routes);
	p->routes[p->route_count++] = *r;
}

static bool has_place(const struct daemon *d, int ifindex)
{
	for (size_t i = 1; i < d->vrfs.count; i++) {
		if (d->vrfs.places[i].ifindex == ifindex)
			return true;
	}
	return false;
}

struct devices {
	struct daemon *d;
	bool all;
};

static void remove_device(void *arg, const struct vrf_device *v)
{
	const struct devices *w = arg;

	if (v->ours && (w->all || !has_place(w->d, v->ifindex)))
		(void)vrf_device_del(&w->d->netlink, v->ifindex);
}

static void remove_devices(struct daemon *d, bool all)
{
	/* A dump has a socket of its own: a request in its midst would meet its answers. */
	struct devices w = { d, all };
	struct netlink dump;

	if (netlink_init(&dump, NETLINK_ROUTE) < 0)
		return;
	(void)vrf_device_dump(&dump, remove_device, &w);
	netlink_done(&dump);
}

static void sweep(struct daemon *d)
{
	struct vrf_plan found = { 0 };

	(void)ip_rule_dump(&d->netlink, note_rule, &found);
	(void)vrf_route_dump(&d->netlink, note_route, &found);
	leave(d, &found, &d->vrfs.plan);
	vrf_plan_done(&found);
	remove_devices(d, false);
}

/* A routing protocol in a VRF needs its device: without one FRR waits for it for ever. */
static void say_all(struct daemon *d)
{
	for (uint32_t i = 1; i < d->config->vrf_count; i++) {
		const struct config_vrf *v = &d->config->vrfs[i];

		if (!vrf_is_used(d->config, i))
			continue;
		daemon_log(d, TRACE_NOTICE, "VRF", "vrf=%s by=\"%s\"", v->name,
			   d->vrfs.places[i].by_device ? "VRF device" : "routing table and ip rules");
		if (!d->vrfs.places[i].by_device && config_vrf_is_routed(d->config, i))
			daemon_log(d, TRACE_ERROR, "VRF", "vrf=%s error=\"no routing protocol runs in it: %s\"", v->name,
				   d->vrfs.possible ? "a tunnel's uplink on the user data path has no VRF device" : "this kernel has no VRF devices");
	}
}

void vrfs_start(struct daemon *d)
{
	d->vrfs.possible = d->config->vrf_count > 1 && vrf_device_possible(&d->netlink);
	vrfs_look(d);
	sweep(d);
	say_all(d);
}

void vrfs_stop(struct daemon *d)
{
	static const struct vrf_plan nothing;

	leave(d, &d->vrfs.plan, &nothing);
	for (size_t i = 0; i < d->vrfs.plan.stray_count; i++)
		(void)vrf_route_add(&d->netlink, &d->vrfs.plan.strays[i]);
	if (d->vrfs.possible)
		remove_devices(d, true);
	vrf_plan_done(&d->vrfs.plan);
}

/* ---- questions ---- */

int vrfs_ifindex(const struct daemon *d, uint32_t vrf)
{
	return vrf < d->vrfs.count && d->vrfs.places[vrf].by_device ? d->vrfs.places[vrf].ifindex : 0;
}

const char *vrfs_device(const struct daemon *d, uint32_t vrf)
{
	return vrfs_ifindex(d, vrf) ? d->vrfs.places[vrf].device : "";
}

const char *vrfs_fault(const struct daemon *d, uint32_t vrf)
{
	static char text[96];

	if (vrf == 0 || vrf >= d->vrfs.count || !d->vrfs.places[vrf].by_device || vrfs_ifindex(d, vrf))
		return NULL;
	snprintf(text, sizeof text, "VRF %.32s: device %s cannot be made", d->config->vrfs[vrf].name, d->config->vrfs[vrf].device);
	return text;
}

uint32_t vrfs_table(const struct daemon *d, uint32_t vrf)
{
	return vrf && vrf < d->vrfs.count ? d->vrfs.places[vrf].table : RT_TABLE_MAIN;
}

bool vrfs_of_table(const struct daemon *d, uint32_t table, uint32_t *vrf)
{
	for (uint32_t i = 1; i < d->vrfs.count && i < d->config->vrf_count; i++) {
		if (d->vrfs.places[i].table == table) {
			*vrf = i;
			return true;
		}
	}
	return false;
}

bool vrfs_of_device(const struct daemon *d, int ifindex, uint32_t *vrf)
{
	for (uint32_t i = 1; ifindex && i < d->vrfs.count && i < d->config->vrf_count; i++) {
		if (vrfs_ifindex(d, i) == ifindex) {
			*vrf = i;
			return true;
		}
	}
	return false;
}

/* ---- reload ---- */

/* A VRF's number is part of every endpoint and table. */
static size_t write_renamed(const struct config *running, const struct config *fresh, FILE *out)
{
	size_t faults = 0;

	for (size_t i = 1; i < running->vrf_count && i < fresh->vrf_count; i++) {
		if (strcmp(running->vrfs[i].name, fresh->vrfs[i].name) == 0)
			continue;
		faults++;
		fprintf(out, "%s:%u: VRF %s stands where VRF %s stood\n  instead: add VRFs below those that there are, or restart dmvpnd\n",
			fresh->name, fresh->vrfs[i].line, fresh->vrfs[i].name, running->vrfs[i].name);
	}
	return faults;
}

size_t vrfs_write_faults(const struct config *running, const struct config *fresh, FILE *out)
{
	size_t faults = write_renamed(running, fresh, out);

	for (size_t i = 0; i < fresh->interface_count; i++) {
		const struct config_interface *is = &fresh->interfaces[i], *was;

		was = is->is_tunnel ? config_find_tunnel(running, is->tunnel_number) : NULL;
		if (!was || (was->vrf == is->vrf && was->tunnel->vrf == is->tunnel->vrf))
			continue;
		faults++;
		fprintf(out, "%s:%u: the VRF of %s cannot be changed by a reload\n  instead: restart dmvpnd\n", is->file, is->line,
			is->ios_name);
	}
	return faults;
}
