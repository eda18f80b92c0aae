/*
 * The way in: events are handed to their noun. At the end of every event NHSs that are
 * needed now are taken, and peers that nobody needs any more go.
 */
#include "engine/engine.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/answer.h"
#include "engine/bfd.h"
#include "engine/hold.h"
#include "engine/name.h"
#include "engine/nhs_cluster.h"
#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"
#include "engine/output.h"
#include "engine/packet.h"
#include "engine/purge.h"
#include "engine/recall.h"
#include "engine/redirect.h"
#include "engine/registration.h"
#include "engine/resolution.h"
#include "engine/saved.h"
#include "engine/server.h"
#include "engine/shortcut.h"
#include "engine/takeover.h"
#include "engine/warm.h"

enum { SHUTDOWN_MS_MAX = 1500 };

uint32_t engine_new_request_id(struct engine *e)
{
	if (++e->request_id == 0)
		e->request_id = 1;
	return e->request_id;
}

bool engine_wants_guesses(const struct engine *e, uint32_t tunnel)
{
	const struct tunnel *const t = engine_tunnel(e, tunnel);

	return t && t->direct_watches > 0;
}

uint32_t engine_request_id(const struct engine *e)
{
	return e->request_id;
}

struct tunnel *engine_tunnel(const struct engine *e, uint32_t number)
{
	for (size_t i = 0; i < e->tunnel_count; i++)
		if (e->tunnels[i]->settings.number == number)
			return e->tunnels[i];
	return NULL;
}

struct rib *engine_rib(struct engine *e, uint32_t vrf)
{
	struct rib *r;

	for (size_t i = 0; i < e->rib_count; i++)
		if (e->ribs[i]->vrf == vrf)
			return e->ribs[i];
	r = alloc_zero(1, sizeof *r);
	rib_init(r, vrf);
	e->ribs = alloc_array(e->ribs, e->rib_count + 1, sizeof *e->ribs);
	e->ribs[e->rib_count++] = r;
	return r;
}

/* ---- other events */

static void route_event(struct engine *e, const struct event *ev)
{
	struct rib *const rib = engine_rib(e, ev->route.vrf);
	struct route route = {
		.dst = ev->route.dst, .gateway = ev->route.gateway,
		.via_tunnel = ev->route.via_tunnel, .tunnel = ev->tunnel,
		.more_count = ev->route.more_count,
	};
	struct tunnel *const t = ev->route.via_tunnel ? engine_tunnel(e, ev->tunnel) : NULL;

	assert(route.more_count <= ROUTE_HOPS_MORE_MAX);
	memcpy(route.more, ev->route.more, sizeof route.more);
	if (ev->route.local) {
		if (ev->route.add)
			rib_set_local(rib, &route.dst);
		else
			rib_del_local(rib, &route.dst);
		if (ev->route.add && t && route.dst.addr.family == IP_V6 && ipaddr_is_link_local(&route.dst.addr))
			tunnel_link_local(t, &route.dst.addr);
		return;
	}
	if (ev->route.add) {
		rib_set(rib, &route);
		hold_route_added(e, ev->route.vrf, &route.dst);
	} else if (hold_route_gone(e, ev->route.vrf, &route.dst)) {
		return;
	} else {
		rib_del(rib, &route.dst);
	}
	shortcuts_route_changed(e, ev->route.vrf, &route.dst);
	answers_route_changed(e, ev->route.vrf, &route.dst);
}

static void miss_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	struct overlay *const o = t ? tunnel_overlay(t, (enum ip_family)ev->miss.addr.family) : NULL;

	if (o)
		resolution_miss(o, &ev->miss.addr);
}

static void stranger_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	struct overlay *const o = t ? tunnel_overlay(t, (enum ip_family)ev->stranger.addr.family) : NULL;

	if (o && t->up && !e->stopping)
		server_stranger(o, &ev->stranger.from, &ev->stranger.addr);
}

static void reachable_event(struct engine *e, const struct event *ev)
{
	struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (!t || e->stopping)
		return;
	for (size_t i = 0; i < sizeof t->overlays / sizeof *t->overlays; i++)
		if (t->overlays[i])
			nhs_reachable(t->overlays[i], &ev->reachable.nbma);
	for (size_t i = 0; i < sizeof t->overlays / sizeof *t->overlays; i++)
		if (t->overlays[i])
			resolutions_reachable(t->overlays[i], &ev->reachable.nbma);
	path_hint(t, &ev->reachable.nbma, PATH_EVENT_RETRY);
}

static void probed_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (t && t->up && !e->stopping)
		path_answered(t, &ev->probed.nbma, ev->probed.sequence, ev->probed.rtt);
}

static void taken_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	for (size_t i = 0; t && i < 2; i++)
		if (t->overlays[i])
			bindings_taken(t->overlays[i], &ev->reachable.nbma);
}

static void quiet_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (t && t->up && !e->stopping && (!ev->quiet.guessed || path_leads_to_direct(t, &ev->quiet.nbma)))
		path_hint(t, &ev->quiet.nbma, ev->type == EVENT_QUIET ? PATH_EVENT_QUIET : PATH_EVENT_DOUBT);
}

static void usage_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	struct overlay *const o = t ? tunnel_overlay(t, (enum ip_family)ev->usage.addr.family) : NULL;

	if (o)
		bindings_usage(o, &ev->usage.addr, ev->usage.idle);
}

/* Who is cleared is told, so that he can register again at once. */
static void tell_cleared(struct overlay *o, const struct ipaddr *addr)
{
	for (const struct binding *b = binding_first(o); b; b = binding_next(b))
		if (b->kind == BINDING_REGISTERED && (ipaddr_is_none(addr) || ipprefix_contains(&b->dst, addr)))
			purge_quietly(o, &b->dst.addr, binding_nbma(b), &b->dst);
}

static void clear_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	for (size_t i = 0; t && i < 2; i++) {
		struct overlay *const o = t->overlays[i];
		struct resolution *r = o ? resolution_find(o, &ev->clear.addr) : NULL;

		if (!o)
			continue;
		tell_cleared(o, &ev->clear.addr);
		bindings_clear(o, &ev->clear.addr, true, "cleared");
		if (ipaddr_is_none(&ev->clear.addr))
			resolutions_drop_all(o);
		else if (r)
			resolution_drop(r);
	}
}

/* ---- leaving */

static void stop_check(struct engine *e)
{
	for (struct overlay *o = overlay_first(e); o; o = overlay_next(o))
		if (!e->done && !nhs_list_left(o) && timer_running(&e->shutdown))
			return;
	timer_stop(&e->timers, &e->shutdown);
	e->done = true;
	output_push(e, EFFECT_DONE, 0, NULL);
}

/* Our clients learn that we go: whoever leans on us moves to another NHS at once. */
static void tell_clients(struct overlay *o)
{
	const struct ipprefix own = ipprefix_host(&o->addr);

	if (ipaddr_is_none(&o->addr))
		return;
	for (const struct binding *b = binding_first(o); b; b = binding_next(b))
		if (b->kind == BINDING_REGISTERED)
			purge_quietly(o, &b->dst.addr, binding_nbma(b), &own);
}

static void shutdown_event(struct engine *e)
{
	if (e->stopping)
		return;
	e->stopping = true;
	timer_set(&e->timers, &e->shutdown, later(e, span_ms(SHUTDOWN_MS_MAX)));
	for (struct overlay *o = overlay_first(e); o; o = overlay_next(o)) {
		answers_withdraw(o);
		tell_clients(o);
		nhs_list_leave(o);
	}
}

/* ---- time */

static void expire(struct engine *e, struct timer *t)
{
	switch ((enum timer_kind)t->kind) {
	case TIMER_NHS:
		nhs_timer(t->owner);
		break;
	case TIMER_NHS_TRUST:
		nhs_trust_due(t->owner);
		break;
	case TIMER_NHS_LINK_LOCAL:
		registration_link_local_due(t->owner);
		break;
	case TIMER_BINDING_EXPIRE:
		binding_expired(t->owner);
		break;
	case TIMER_BINDING_REFRESH:
		binding_refresh_due(t->owner);
		break;
	case TIMER_BINDING_UNCOVERED:
		shortcut_uncovered(t->owner);
		break;
	case TIMER_RESOLUTION:
		resolution_timer(t->owner);
		break;
	case TIMER_ANSWER_EXPIRE:
		answer_expired(t->owner);
		break;
	case TIMER_PURGE:
		purge_timer(t->owner);
		break;
	case TIMER_NAME:
		name_due(t->owner);
		break;
	case TIMER_PATH:
		path_timer(t->owner);
		break;
	case TIMER_HOLD:
		hold_end(t->owner);
		break;
	case TIMER_WARM:
		warm_due(t->owner);
		break;
	case TIMER_RECALL:
		if (!e->stopping)
			recall_due(e);
		break;
	case TIMER_SHUTDOWN:
		stop_check(e);
		break;
	}
}

/* Whatever is due happens before the event that comes now: as if each had its own tick. */
static void run_timers(struct engine *e)
{
	struct timer *t;

	while ((t = timers_expire(&e->timers, e->now)))
		expire(e, t);
}

static void tunnel_state_event(struct engine *e, const struct event *ev)
{
	struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (t && !e->stopping)
		tunnel_event(t, ev->tunnel_state.up, &ev->tunnel_state.local);
}

static void name_event(struct engine *e, const struct event *ev)
{
	struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (t && !e->stopping)
		tunnel_name_event(t, ev->name.name, ev->name.count, ev->name.addrs);
}

static void peer_known_event(struct engine *e, const struct event *ev)
{
	struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	if (e->next_peer_id <= ev->peer_known.peer)
		e->next_peer_id = ev->peer_known.peer + 1;
	if (t)
		peer_adopt(t, ev->peer_known.peer, &ev->peer_known.nbma, &ev->peer_known.key, &ev->peer_known.shape);
}

static void settled_event(struct engine *e)
{
	for (size_t i = 0; i < e->tunnel_count; i++)
		peers_settled(e->tunnels[i]);
}

static void neighbour_known_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	const struct peer *const p = t ? peer_by_id(t, ev->neighbour_known.peer) : NULL;

	const struct endpoint *const nbma = p ? &p->nbma : &ev->neighbour_known.nbma;

	if (ipaddr_is_host(&nbma->addr))
		recall_note(e, ev->tunnel, &ev->neighbour_known.addr, nbma);
}

static void handle(struct engine *e, const struct event *ev)
{
	struct tunnel *const t = engine_tunnel(e, ev->tunnel);

	switch (ev->type) {
	case EVENT_TICK:
		break;
	case EVENT_PACKET:
		packet_received(e, ev);
		break;
	case EVENT_TUNNEL:
		tunnel_state_event(e, ev);
		break;
	case EVENT_ROUTE:
		route_event(e, ev);
		break;
	case EVENT_MISS:
		miss_event(e, ev);
		break;
	case EVENT_STRANGER:
		stranger_event(e, ev);
		break;
	case EVENT_HAIRPIN:
		if (t)
			redirect_hairpin(t, ev);
		break;
	case EVENT_USAGE:
		usage_event(e, ev);
		break;
	case EVENT_REACHABLE:
		reachable_event(e, ev);
		break;
	case EVENT_TAKEN:
		taken_event(e, ev);
		break;
	case EVENT_PROBED:
		probed_event(e, ev);
		break;
	case EVENT_QUIET:
	case EVENT_DOUBT:
		quiet_event(e, ev);
		break;
	case EVENT_BFD:
	case EVENT_BFD_LATE:
		bfd_event(e, ev);
		break;
	case EVENT_NAME:
		name_event(e, ev);
		break;
	case EVENT_PEER_KNOWN:
		peer_known_event(e, ev);
		break;
	case EVENT_NEIGHBOUR_KNOWN:
		neighbour_known_event(e, ev);
		break;
	case EVENT_BINDING_SAVED:
		saved_take(e, ev);
		break;
	case EVENT_SETTLED:
		settled_event(e);
		break;
	case EVENT_CLEAR:
		clear_event(e, ev);
		break;
	case EVENT_SHUTDOWN:
		shutdown_event(e);
		break;
	}
}

void engine_handle(struct engine *e, struct instant now, const struct event *ev)
{
	if (instant_before(e->now, now))
		e->now = now;
	if (e->done)
		return;
	run_timers(e);
	handle(e, ev);
	takeovers_due(e);
	clusters_settle(e);
	warm_settle(e);
	paths_sweep(e);
	peers_sweep(e);
	if (e->stopping && !e->done)
		stop_check(e);
}

struct instant engine_deadline(const struct engine *e)
{
	return e->done ? INSTANT_NEVER : timers_deadline(&e->timers);
}

/* ---- configuration */

static bool runs_nhrp_or_is_p2p(const struct config_interface *i)
{
	return i->is_tunnel && i->tunnel && !i->shutdown;
}

static void insert_tunnel(struct engine *e, struct tunnel *t)
{
	size_t at = 0;

	e->tunnels = alloc_array(e->tunnels, e->tunnel_count + 1, sizeof *e->tunnels);
	while (at < e->tunnel_count && e->tunnels[at]->settings.number < t->settings.number)
		at++;
	memmove(&e->tunnels[at + 1], &e->tunnels[at], (e->tunnel_count - at) * sizeof *e->tunnels);
	e->tunnels[at] = t;
	e->tunnel_count++;
}

static void drop_tunnel(struct engine *e, struct tunnel *t)
{
	size_t at = 0;

	tunnel_remove(t);
	while (e->tunnels[at] != t)
		at++;
	e->tunnel_count--;
	memmove(&e->tunnels[at], &e->tunnels[at + 1], (e->tunnel_count - at) * sizeof *e->tunnels);
	tunnel_free(t);
}

static void add_tunnel(struct engine *e, const struct config_interface *i)
{
	struct settings s;

	settings_copy(&s, i);
	insert_tunnel(e, tunnel_new(e, &s));
}

/* Of numbers of its own: what is drawn for jitter can be seen from outside. */
static struct siphash_key secret_of(uint64_t seed)
{
	struct prng random;

	prng_init(&random, ~seed);
	return (struct siphash_key){ prng_next(&random), prng_next(&random) };
}

struct engine *engine_new(const struct config *c, const struct engine_options *o, struct instant now)
{
	struct engine *const e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	e->options = *o;
	if (e->options.bindings_max == 0)
		e->options.bindings_max = ENGINE_BINDINGS_MAX;
	e->now = now;
	e->request_id = o->request_id_first ? o->request_id_first - 1 : 0;
	e->next_peer_id = o->peer_id_first ? o->peer_id_first : 1;
	prng_init(&e->random, o->seed);
	e->secret = secret_of(o->seed);
	timers_init(&e->timers);
	timer_init(&e->shutdown, TIMER_SHUTDOWN, e);
	timer_init(&e->recall, TIMER_RECALL, e);
	shortcuts_init(e);
	for (size_t i = 0; i < c->interface_count; i++)
		if (runs_nhrp_or_is_p2p(&c->interfaces[i]))
			add_tunnel(e, &c->interfaces[i]);
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	shortcuts_free(e);
	while (e->tunnel_count)
		tunnel_free(e->tunnels[--e->tunnel_count]);
	free(e->tunnels);
	for (size_t i = 0; i < e->rib_count; i++) {
		rib_done(e->ribs[i]);
		free(e->ribs[i]);
	}
	free(e->ribs);
	recalls_free(e);
	timers_done(&e->timers);
	output_done(e);
	free(e);
}

static const struct config_interface *find_running(const struct config *c, uint32_t number)
{
	for (size_t i = 0; i < c->interface_count; i++)
		if (runs_nhrp_or_is_p2p(&c->interfaces[i]) && c->interfaces[i].tunnel_number == number)
			return &c->interfaces[i];
	return NULL;
}

/* A tunnel that is another one now: the old one says good-bye, the new one starts from the
 * device's state as known. */
static void rebuild_tunnel(struct engine *e, struct tunnel *old, struct settings *s)
{
	const bool up = old->up;
	const struct endpoint local = { .addr = old->local.addr, .vrf = s->underlay_vrf };
	struct tunnel *t;

	drop_tunnel(e, old);
	t = tunnel_new(e, s);
	insert_tunnel(e, t);
	tunnel_event(t, up, &local);
}

static void change_tunnel(struct engine *e, struct tunnel *t, const struct config_interface *i)
{
	struct settings s;

	settings_copy(&s, i);
	if (settings_same_tunnel(&t->settings, &s))
		tunnel_change(t, &s);
	else
		rebuild_tunnel(e, t, &s);
}

void engine_reconfigure(struct engine *e, struct instant now, const struct config *c)
{
	if (instant_before(e->now, now))
		e->now = now;
	run_timers(e);
	for (size_t i = e->tunnel_count; i-- > 0;)
		if (!find_running(c, e->tunnels[i]->settings.number))
			drop_tunnel(e, e->tunnels[i]);
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *const x = &c->interfaces[i];
		struct tunnel *const t = runs_nhrp_or_is_p2p(x) ? engine_tunnel(e, x->tunnel_number) : NULL;

		if (t)
			change_tunnel(e, t, x);
		else if (runs_nhrp_or_is_p2p(x))
			add_tunnel(e, x);
	}
	clusters_settle(e);
	warm_settle(e);
	paths_sweep(e);
	peers_sweep(e);
}
