#include "daemon/uplinks.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon_state.h"
#include "daemon/make_view.h"
#include "daemon/uplink_echo.h"
#include "kernel/link.h"
#include "kernel/shortcut.h"
#include "kernel/uplink_route.h"
#include "track/track.h"

struct uplinks {
	struct watch *watch;
	uv_timer_t timer;
	struct uplink_echo echo;
	size_t rule_count; /* places whose rules are set */
	bool running;      /* inside run() */
};

/* ---- routes ---- */

/* IP_NONE: there is none, or no lease has told it yet. */
static struct ipaddr gateway_of(const struct daemon *d, const struct config_route *c)
{
	const struct underlay_link *l = c->interface ? underlay_find(&d->underlay, c->interface) : NULL;
	struct ipaddr leased = IPADDR_NONE;

	if (c->dhcp && l)
		(void)underlay_gateway(&d->underlay, l->ifindex, c->dst.addr.family, &leased);
	return c->dhcp ? leased : c->gateway;
}

static struct uplink_route route_of(const struct daemon *d, const struct config_route *c)
{
	const struct underlay_link *l = c->interface ? underlay_find(&d->underlay, c->interface) : NULL;

	return (struct uplink_route){
		.table = vrfs_table(d, c->vrf), .dst = c->dst, .gateway = gateway_of(d, c),
		.ifindex = l ? l->ifindex : 0, .discard = c->interface && !strcmp(c->interface, "Null0"),
		/* As zebra reads it: the distance is the uppermost octet. */
		.metric = (uint32_t)c->distance << 24,
	};
}

static bool is_wanted(const struct daemon *d, const struct config_route *c)
{
	const struct ipaddr gateway = gateway_of(d, c);

	return config_route_tracked(d->config, c) && watch_up(d->uplinks->watch, c->track) && !(c->dhcp && ipaddr_is_none(&gateway));
}

/* One that cannot be set now (its link is down) is set when links have changed. */
static void set_routes(struct daemon *d)
{
	for (size_t i = 0; i < d->config->route_count; i++) {
		const struct config_route *const c = &d->config->routes[i];
		const struct uplink_route r = route_of(d, c);

		if (is_wanted(d, c))
			(void)uplink_route_set(&d->netlink, &r);
		else if (config_route_tracked(d->config, c))
			(void)uplink_route_del(&d->netlink, &r);
	}
}

struct leftovers {
	struct daemon *d;
	bool adopt;
	size_t count;
	struct uplink_route stale[64];
};

static bool same_route(const struct uplink_route *a, const struct uplink_route *b)
{
	return a->table == b->table && a->metric == b->metric && a->dst.len == b->dst.len &&
	       (a->dst.len == 0 ? a->dst.addr.family == b->dst.addr.family : ipaddr_eq(&a->dst.addr, &b->dst.addr)) &&
	       (ipaddr_is_none(&b->gateway) || ipaddr_eq(&a->gateway, &b->gateway));
}

static void found_route(void *arg, const struct uplink_route *r)
{
	struct leftovers *const l = arg;

	for (size_t i = 0; l->adopt && i < l->d->config->route_count; i++) {
		const struct config_route *const c = &l->d->config->routes[i];
		const struct uplink_route wanted = route_of(l->d, c);

		if (config_route_tracked(l->d->config, c) && same_route(r, &wanted)) {
			watch_adopt(l->d->uplinks->watch, c->track);
			return;
		}
	}
	if (l->count < sizeof l->stale / sizeof l->stale[0])
		l->stale[l->count++] = *r;
}

/* What an earlier life, or an earlier configuration, left: routes that are still written stay and count. */
static void take_over(struct daemon *d, bool adopt)
{
	struct leftovers l = { .d = d, .adopt = adopt };

	(void)uplink_route_dump(&d->netlink, found_route, &l);
	for (size_t i = 0; i < l.count; i++)
		(void)uplink_route_del(&d->netlink, &l.stale[i]);
}

/* ---- the ways of echoes ---- */

static bool leads_out_by(const struct config *c, const struct config_route *r, const char *interface)
{
	const struct config_interface *const i = config_find_interface(c, interface);

	if (r->interface)
		return !strcmp(r->interface, interface);
	for (size_t k = 0; i && k < i->address_count; k++) {
		const struct ipprefix p = ipprefix_make(&i->addresses[k].addr, i->addresses[k].prefix_len);

		if (ipprefix_contains(&p, &r->gateway))
			return true;
	}
	return false;
}

/* The route that an echo takes: a default route by its interface, tracked or not. NULL: none is written. */
static const struct config_route *way_out(const struct config *c, const struct config_sla *s)
{
	for (size_t i = 0; i < c->route_count; i++) {
		const struct config_route *const r = &c->routes[i];

		if (r->vrf == s->vrf && ipprefix_contains(&r->dst, &s->target) && s->source_interface &&
		    leads_out_by(c, r, s->source_interface))
			return r;
	}
	return NULL;
}

static bool is_on_link(const struct config *c, const struct config_sla *s)
{
	const struct config_interface *const i = config_find_interface(c, s->source_interface);

	for (size_t k = 0; i && k < i->address_count; k++) {
		const struct ipprefix p = ipprefix_make(&i->addresses[k].addr, i->addresses[k].prefix_len);

		if (ipprefix_contains(&p, &s->target))
			return true;
	}
	return false;
}

/* Whether the way is there; else the echo goes where routing leads by its interface. */
static bool set_way(struct daemon *d, uint32_t place, const struct config_sla *s)
{
	const struct config_route *const c = s->source_interface && !is_on_link(d->config, s) ? way_out(d->config, s) : NULL;
	const struct underlay_link *const l = c ? underlay_find(&d->underlay, s->source_interface) : NULL;
	const struct uplink_route r = { .table = UPLINK_TABLE + place, .dst = ipprefix_make(&s->target, 0),
					.gateway = c ? gateway_of(d, c) : IPADDR_NONE, .ifindex = l ? l->ifindex : 0 };

	if (!l || !l->running)
		return false;
	return uplink_rule_add(&d->netlink, s->target.family, place) == 0 && uplink_route_set(&d->netlink, &r) == 0;
}

static void drop_rules(struct daemon *d)
{
	for (uint32_t place = 0; place < d->uplinks->rule_count; place++) {
		(void)uplink_rule_del(&d->netlink, IP_V4, place);
		(void)uplink_rule_del(&d->netlink, IP_V6, place);
	}
	d->uplinks->rule_count = 0;
}

/* ---- what the watch asks for ---- */

static void send_echo(struct daemon *d, const struct operation *o)
{
	const struct config_sla *const s = o->config;
	const uint32_t place = (uint32_t)(s - d->config->slas);
	struct uplink_probe p = { .sla = s->number, .sequence = o->sequence, .target = s->target, .source = s->source };
	const struct underlay_link *const l = s->source_interface ? underlay_find(&d->underlay, s->source_interface) : NULL;
	const bool own_way = set_way(d, place, s);

	if (place >= d->uplinks->rule_count)
		d->uplinks->rule_count = place + 1;
	if (s->source_interface && ipaddr_is_none(&p.source))
		(void)underlay_source(&d->underlay, s->source_interface, &p.source, s->target.family, &p.source);
	p.ifindex = l ? l->ifindex : 0;
	p.mark = own_way ? UPLINK_MARK + place : 0;
	/* What is not sent is not answered: that is said then. */
	(void)uplink_echo_send(&d->uplinks->echo, &d->loop, &p);
}

static void say_track(struct daemon *d, const struct track *t)
{
	char what[WATCH_TEXT_MAX], why[WATCH_TEXT_MAX];

	daemon_log(d, TRACE_NOTICE, "TRACK_STATE", "track=%u object=\"%s\" state=%s reason=\"%s\"", t->config->number,
		   track_what(t, what), t->said ? "Up" : "Down", track_why(d->uplinks->watch, t, why));
	set_routes(d);
}

static void set_interface(struct daemon *d, const struct backup *b)
{
	const struct underlay_link *const l = underlay_find(&d->underlay, b->name);

	daemon_log(d, TRACE_NOTICE, "BACKUP_INTERFACE", "interface=%s state=%s for=%s", b->name, b->said ? "active" : "standby",
		   b->primary->name);
	if (config_find_interface(d->config, b->name) && config_find_interface(d->config, b->name)->is_tunnel)
		tunnels_check(d);
	else if (l && link_set_up(&d->netlink, l->ifindex, b->said) < 0)
		daemon_log(d, TRACE_ERROR, "BACKUP_INTERFACE", "interface=%s error=\"cannot be set %s\"", b->name,
			   b->said ? "up" : "down");
}

static void on_timer(uv_timer_t *timer);

static void arm(struct daemon *d)
{
	struct uplinks *const u = d->uplinks;
	const struct instant at = watch_deadline(u->watch);
	int64_t us;

	if (instant_is_never(at)) {
		uv_timer_stop(&u->timer);
		return;
	}
	us = instant_since(at, daemon_now()).us;
	uv_update_time(&d->loop);
	uv_timer_start(&u->timer, on_timer, us > 0 ? (uint64_t)(us + 999) / 1000 : 0, 0);
}

static void run(struct daemon *d)
{
	struct uplinks *const u = d->uplinks;
	struct watch_effect e;

	if (u->running) /* what it did changed a link: the outer one goes on with it */
		return;
	u->running = true;
	watch_tick(u->watch, daemon_now());
	while (watch_next(u->watch, &e)) {
		switch (e.type) {
		case WATCH_ECHO: send_echo(d, e.operation); break;
		case WATCH_TRACK: say_track(d, e.track); break;
		case WATCH_INTERFACE: set_interface(d, e.backup); break;
		}
	}
	u->running = false;
	arm(d);
}

static void on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_answer(void *daemon, uint32_t sla, uint32_t sequence)
{
	struct daemon *const d = daemon;

	watch_answer(d->uplinks->watch, daemon_now(), sla, sequence);
	run(d);
}

/* ---- outside ---- */

static bool has_address(const struct underlay *u, int ifindex)
{
	for (size_t i = 0; i < u->address_count; i++) {
		if (u->addresses[i].ifindex == ifindex && !ipaddr_is_link_local(&u->addresses[i].addr))
			return true;
	}
	return false;
}

static void tell_links(struct daemon *d)
{
	for (size_t i = 0; i < d->underlay.link_count; i++) {
		const struct underlay_link *const l = &d->underlay.links[i];

		watch_link(d->uplinks->watch, daemon_now(), l->name, l->up && l->running, has_address(&d->underlay, l->ifindex));
	}
}

void uplinks_links(struct daemon *d)
{
	if (!d->uplinks)
		return;
	tell_links(d);
	run(d);
	set_routes(d);
}

int uplinks_start(struct daemon *d)
{
	struct uplinks *const u = calloc(1, sizeof *u);

	if (!u)
		return -ENOMEM;
	u->watch = watch_new(d->config, daemon_now());
	if (!u->watch) {
		free(u);
		return -ENOMEM;
	}
	d->uplinks = u;
	uv_timer_init(&d->loop, &u->timer);
	u->timer.data = d;
	uplink_echo_init(&u->echo, on_answer, d);
	take_over(d, true);
	uplinks_links(d);
	return 0;
}

void uplinks_apply(struct daemon *d)
{
	struct watch *const fresh = watch_new(d->config, daemon_now()), *const old = d->uplinks->watch;

	if (!fresh)
		abort();
	for (size_t i = 0; i < d->config->track_count; i++) {
		if (watch_up(old, d->config->tracks[i].number))
			watch_adopt(fresh, d->config->tracks[i].number);
	}
	d->uplinks->watch = fresh;
	watch_free(old);
	drop_rules(d);
	take_over(d, true);
	uplinks_links(d);
}

void uplinks_stop(struct daemon *d)
{
	struct uplinks *const u = d->uplinks;
	size_t count;
	const struct backup *backups;

	if (!u)
		return;
	uv_timer_stop(&u->timer);
	uplink_echo_stop(&u->echo);
	drop_rules(d);
	take_over(d, false);
	backups = watch_backups(u->watch, &count);
	for (size_t i = 0; i < count; i++) {
		const struct underlay_link *const l = underlay_find(&d->underlay, backups[i].name);

		if (l && !backups[i].said)
			(void)link_set_up(&d->netlink, l->ifindex, true); /* as it was found */
	}
	watch_free(u->watch);
	free(u);
	d->uplinks = NULL;
}

const char *uplinks_holds(const struct daemon *d, const char *name)
{
	size_t count = 0;
	const struct backup *const backups = d->uplinks ? watch_backups(d->uplinks->watch, &count) : NULL;

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(backups[i].name, name) && !backups[i].said)
			return backups[i].primary->name;
	}
	return NULL;
}

/* ---- for show ---- */

static void fill_track(struct daemon *d, const struct track *t, struct view_track *out)
{
	*out = (struct view_track){ .number = t->config->number, .up = t->state.counts, .changes = t->changes,
				    .since = instant_since(daemon_now(), t->since), .up_delay_s = t->config->up_delay_s,
				    .down_delay_s = t->config->down_delay_s };
	track_what(t, out->what);
	track_why(d->uplinks->watch, t, out->why);
	for (size_t i = 0; i < d->config->route_count; i++)
		out->routes += d->config->routes[i].track == t->config->number;
}

static void fill_sla(const struct operation *o, struct view_sla *out)
{
	*out = (struct view_sla){ .number = o->config->number, .target = o->config->target, .interface = o->config->source_interface,
				  .result = operation_text(o->result), .running = o->config->scheduled, .sent = o->sent_count,
				  .answered = o->answered_count, .failed = o->failed_count, .rtt = o->rtt, .least = o->least,
				  .most = o->most, .frequency_ms = o->config->frequency_ms, .timeout_ms = o->config->timeout_ms,
				  .threshold_ms = o->config->threshold_ms };
	out->mean = span_us(o->answered_count ? o->sum_us / (int64_t)o->answered_count : 0);
}

bool uplinks_view(struct daemon *d, struct made_view *m)
{
	size_t track_count = 0, sla_count = 0;
	const struct track *const tracks = d->uplinks ? watch_tracks(d->uplinks->watch, &track_count) : NULL;
	const struct operation *const slas = d->uplinks ? watch_operations(d->uplinks->watch, &sla_count) : NULL;
	struct view_track *const t = view_take(m, track_count, sizeof *t);
	struct view_sla *const s = view_take(m, sla_count, sizeof *s);

	if (!t || !s)
		return false;
	for (size_t i = 0; i < track_count; i++)
		fill_track(d, &tracks[i], &t[i]);
	for (size_t i = 0; i < sla_count; i++)
		fill_sla(&slas[i], &s[i]);
	m->view.tracks = t;
	m->view.track_count = track_count;
	m->view.slas = s;
	m->view.sla_count = sla_count;
	return true;
}
