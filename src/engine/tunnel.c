/*
 * A tunnel's life: made from settings, told by EVENT_TUNNEL that its device is up and what
 * its underlay address is; only then the NHSs are registered with. Everything that the
 * data path holds is said again when the device comes up.
 */
#include "engine/tunnel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/answer.h"
#include "engine/bfd.h"
#include "engine/binding.h"
#include "engine/group.h"
#include "engine/hold.h"
#include "engine/name.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/partner.h"
#include "engine/path.h"
#include "engine/purge.h"
#include "engine/redirect.h"
#include "engine/resolution.h"
#include "engine/shortcut.h"
#include "engine/takeover.h"
#include "engine/warm.h"

static void take_addresses(struct overlay *o)
{
	const struct settings *const s = &o->tunnel->settings;

	for (size_t i = 0; i < s->address_count; i++) {
		const struct config_address *const a = &s->addresses[i];

		if (a->addr.family != o->family)
			continue;
		if (a->link_local || (o->family == IP_V6 && ipaddr_is_link_local(&a->addr)))
			o->link_local = a->addr;
		else if (!a->secondary && ipaddr_is_none(&o->addr))
			o->addr = a->addr;
	}
}

static void take_authentication(struct overlay *o)
{
	const char *const secret = o->cfg->authentication;
	const size_t length = secret ? strnlen(secret, NHRP_AUTH_MAX) : 0;

	memset(o->authentication, 0, sizeof o->authentication);
	o->authentication_len = 0;
	if (length == 0)
		return;
	o->authentication[3] = 1;
	memcpy(o->authentication + 4, secret, length);
	o->authentication_len = (uint16_t)(4 + length);
}

static struct overlay *overlay_new(struct tunnel *t, enum ip_family family)
{
	struct overlay *const o = alloc_zero(1, sizeof *o);

	o->tunnel = t;
	o->family = family;
	o->cfg = settings_nhrp(&t->settings, family);
	take_addresses(o);
	take_authentication(o);
	bindings_init(o);
	resolutions_init(o);
	answers_init(o);
	redirects_init(o);
	return o;
}

static void overlay_free(struct overlay *o)
{
	if (!o)
		return;
	purges_drop(o);
	partners_free(o);
	nhs_list_free(o);
	resolutions_free(o);
	answers_free(o);
	bindings_free(o);
	takeover_free(o);
	redirects_free(o);
	free(o);
}

/* The far end of a point-to-point tunnel is a peer from the start, with or without NHRP. */
static void apply_destination(struct tunnel *t)
{
	const struct ipaddr *addrs;
	struct peer *next = NULL;

	if (t->settings.mode != TUNNEL_GRE_P2P)
		return;
	if (tunnel_host_addrs(t, &t->settings.destination, &addrs) > 0)
		next = peer_get_configured(t, &(struct endpoint){ .addr = addrs[0], .vrf = t->settings.underlay_vrf });
	if (next)
		peer_multicast_get(next);
	if (t->destination)
		peer_multicast_put(t->destination);
	peer_put(t->destination);
	t->destination = next;
}

static size_t count_multicast_maps(const struct tunnel *t)
{
	return t->settings.nhrp4.map_multicast_count + t->settings.nhrp6.map_multicast_count;
}

static void add_multicast(struct tunnel *t, const struct config_host *h)
{
	const struct ipaddr *addrs;

	if (tunnel_host_addrs(t, h, &addrs) == 0)
		return;
	t->multicast[t->multicast_count] = peer_get_configured(t, &(struct endpoint){ .addr = addrs[0], .vrf = t->settings.underlay_vrf });
	peer_multicast_get(t->multicast[t->multicast_count++]);
}

/* New references are taken before the old ones go, so that what stays is not touched. */
static void apply_multicast(struct tunnel *t)
{
	struct peer **const old = t->multicast;
	const size_t old_count = t->multicast_count;

	t->multicast = alloc_zero(count_multicast_maps(t), sizeof *t->multicast);
	t->multicast_count = 0;
	for (size_t i = 0; i < 2; i++) {
		const struct config_nhrp *const n = i ? &t->settings.nhrp6 : &t->settings.nhrp4;

		for (size_t j = 0; n->enabled && j < n->map_multicast_count; j++)
			add_multicast(t, &n->map_multicast[j]);
	}
	for (size_t i = 0; i < old_count; i++) {
		peer_multicast_put(old[i]);
		peer_put(old[i]);
	}
	free(old);
}

/* Everything that follows from settings and names. */
static void apply(struct tunnel *t)
{
	apply_destination(t);
	apply_multicast(t);
	for (size_t i = 0; i < 2; i++) {
		if (!t->overlays[i])
			continue;
		nhs_list_apply(t->overlays[i]);
		bindings_apply_static(t->overlays[i]);
		partners_apply(t->overlays[i]);
	}
	tunnel_nhs_changed(t);
}

struct tunnel *tunnel_new(struct engine *e, struct settings *s)
{
	struct tunnel *const t = alloc_zero(1, sizeof *t);

	t->engine = e;
	t->settings = *s;
	peers_init(t);
	paths_init(t);
	hold_init(t);
	warm_init(t);
	if (s->nhrp4.enabled)
		t->overlays[0] = overlay_new(t, IP_V4);
	if (s->nhrp6.enabled)
		t->overlays[1] = overlay_new(t, IP_V6);
	names_apply(t);
	apply(t);
	return t;
}

void tunnel_free(struct tunnel *t)
{
	timer_stop(&t->engine->timers, &t->warm);
	overlay_free(t->overlays[0]);
	overlay_free(t->overlays[1]);
	names_free(t);
	free(t->multicast);
	paths_free(t);
	peers_free(t);
	settings_done(&t->settings);
	free(t);
}

static void overlay_withdraw(struct overlay *o)
{
	partners_drop(o);
	answers_withdraw(o);
	resolutions_drop_all(o);
	for (struct binding *b; (b = binding_first(o));)
		binding_remove(b, "tunnel removed");
}

void tunnel_remove(struct tunnel *t)
{
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			nhs_list_leave(t->overlays[i]);
	hold_end(t); /* held routes lead to what goes now */
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			overlay_withdraw(t->overlays[i]);
	for (size_t i = 0; i < t->multicast_count; i++) {
		peer_multicast_put(t->multicast[i]);
		peer_put(t->multicast[i]);
	}
	t->multicast_count = 0;
	if (t->destination)
		peer_multicast_put(t->destination);
	peer_put(t->destination);
	t->destination = NULL;
	paths_sweep(t->engine);
	peers_sweep(t->engine);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* What an NHS must learn by a fresh registration. */
static bool registration_differs(const struct config_nhrp *a, const struct config_nhrp *b)
{
	return a->holdtime_s != b->holdtime_s || a->registration_timeout_s != b->registration_timeout_s ||
	       a->no_unique != b->no_unique || !same_text(a->authentication, b->authentication);
}

/* Probes may have been switched on or off. */
static void follow_paths(struct tunnel *t)
{
	for (size_t i = 0; i < 2; i++) {
		if (!t->overlays[i])
			continue;
		bindings_follow_paths(t->overlays[i]);
		for (size_t j = 0; j < t->overlays[i]->nhs_count; j++)
			nhs_follow_path(t->overlays[i]->nhs[j]);
	}
	paths_forget(t);
}

void tunnel_change(struct tunnel *t, struct settings *s)
{
	struct settings old = t->settings;
	bool again[2];

	again[0] = registration_differs(&old.nhrp4, &s->nhrp4) || !same_text(old.groups.own, s->groups.own);
	again[1] = registration_differs(&old.nhrp6, &s->nhrp6) || !same_text(old.groups.own, s->groups.own);
	t->settings = *s;
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			take_authentication(t->overlays[i]);
	names_apply(t);
	apply(t);
	follow_paths(t);
	groups_changed(t, &old);
	if (t->settings.route_hold_s == 0)
		hold_end(t);
	if (memcmp(&old.bfd, &t->settings.bfd, sizeof old.bfd) != 0)
		bfd_follow_all(t);
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i] && again[i] && t->up)
			nhs_list_restart(t->overlays[i], NHS_EVENT_READY);
	tunnel_nhs_changed(t);
	settings_done(&old);
}

static void replay(struct tunnel *t)
{
	peers_replay(t);
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			bindings_replay(t->overlays[i]);
	bfd_follow_all(t);
	t->relays_told = t->carrier_told = false;
}

static void restart(struct tunnel *t, bool address_changed)
{
	const bool ready = t->up && !ipaddr_is_none(&t->local.addr);

	for (size_t i = 0; i < 2; i++) {
		struct overlay *const o = t->overlays[i];

		if (!o)
			continue;
		if (!ready) {
			t->serves = false;
			resolutions_drop_all(o);
			bindings_clear(o, &IPADDR_NONE, false, "tunnel down");
		}
		if (address_changed && ready)
			answers_withdraw(o);
		nhs_list_restart(o, ready ? NHS_EVENT_READY : NHS_EVENT_UNREADY);
	}
}

void tunnel_event(struct tunnel *t, bool up, const struct endpoint *local)
{
	const bool came_up = up && !t->up;
	const bool address_changed = !endpoint_eq(&t->local, local);

	if (address_changed)
		t->outside = IPADDR_NONE;
	if (address_changed || !up)
		paths_forget(t);
	t->up = up;
	t->local = *local;
	if (came_up)
		replay(t);
	if (!up) {
		bfd_follow_all(t);
		hold_end(t);
	}
	names_start(t);
	restart(t, address_changed);
	tunnel_nhs_changed(t);
}

void tunnel_name_event(struct tunnel *t, const char *name, size_t addr_count, const struct ipaddr *addrs)
{
	if (!name_answer(t, name, addr_count, addrs))
		return;
	apply(t);
}

size_t tunnel_host_addrs(const struct tunnel *t, const struct config_host *h, const struct ipaddr **addrs)
{
	if (h->name)
		return name_addrs(t, h->name, addrs);
	*addrs = &h->addr;
	return ipaddr_is_none(&h->addr) ? 0 : 1;
}

void tunnel_link_local(struct tunnel *t, const struct ipaddr *addr)
{
	struct overlay *const o = t->overlays[1];

	if (!o || ipaddr_eq(&o->link_local, addr))
		return;
	o->link_local = *addr;
	if (t->up)
		nhs_list_restart(o, NHS_EVENT_READY);
}

/* ---- what follows from the live NHSs */

static size_t add_relay(uint64_t *list, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == id)
			return n;
	if (n < RELAYS_MAX)
		list[n++] = id;
	return n;
}

static void collect_live(const struct overlay *o, struct relays *r)
{
	for (const struct nhs *x = nhs_carrier(o); x; x = nhs_next_live(o, x)) {
		const struct peer *const p = peer_by_nbma(o->tunnel, &x->nbma);

		if (p)
			r->count = add_relay(r->peers, r->count, p->id);
	}
}

static bool is_live(const struct relays *r, uint64_t id)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->peers[i] == id)
			return true;
	return false;
}

static void collect_dead(const struct overlay *o, struct relays *r)
{
	for (size_t i = 0; i < o->nhs_count; i++) {
		const struct peer *const p = nhs_is_live(o->nhs[i]) ? NULL : peer_by_nbma(o->tunnel, &o->nhs[i]->nbma);

		if (p && !is_live(r, p->id))
			r->dead_count = add_relay(r->dead, r->dead_count, p->id);
	}
}

static bool is_server(const struct overlay *o)
{
	return o->cfg->redirect || bindings_registered(o);
}

static void collect(struct tunnel *t, struct relays *r)
{
	bool any_nhs = false;

	for (size_t i = 0; i < 2; i++) {
		if (!t->overlays[i])
			continue;
		collect_live(t->overlays[i], r);
		any_nhs |= t->overlays[i]->nhs_count > 0;
		t->serves |= is_server(t->overlays[i]);
	}
	for (size_t i = 0; i < 2 && !t->serves; i++)
		if (t->overlays[i])
			collect_dead(t->overlays[i], r);
	r->serves = t->serves && any_nhs;
}

static void tell_servers(const struct overlay *o)
{
	for (size_t i = 0; i < o->nhs_count; i++) {
		struct peer *const p = peer_by_nbma(o->tunnel, &o->nhs[i]->nbma);

		if (p)
			peer_serves(p);
	}
}

static void tell_relays(struct tunnel *t)
{
	struct relays now;

	memset(&now, 0, sizeof now); /* compared as octets */
	collect(t, &now);
	if (t->relays_told && memcmp(&now, &t->relays, sizeof now) == 0)
		return;
	if (!t->relays_told && now.count == 0 && t->relays.count == 0)
		return;
	t->relays_told = true;
	t->relays = now;
	output_push(t->engine, EFFECT_RELAYS, t->settings.number, NULL)->relays = now;
}

static void tell_carrier(struct tunnel *t)
{
	bool up = !t->settings.if_state_nhrp, any_nhs = false;

	for (size_t i = 0; i < 2; i++) {
		if (!t->overlays[i])
			continue;
		any_nhs |= t->overlays[i]->nhs_count > 0;
		up |= nhs_best(t->overlays[i]) != NULL;
	}
	up |= !any_nhs; /* a router that registers nowhere has nothing to follow */
	if (t->carrier_told && t->carrier == up)
		return;
	if (!t->settings.if_state_nhrp && (!t->carrier_told || t->carrier)) {
		t->carrier_told = t->carrier = true;
		return;
	}
	t->carrier_told = true;
	t->carrier = up;
	output_push(t->engine, EFFECT_CARRIER, t->settings.number, NULL)->carrier.up = up;
}

static void lean_anew(struct tunnel *t)
{
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			resolutions_nhs_changed(t->overlays[i]);
}

void tunnel_nhs_changed(struct tunnel *t)
{
	if (!t->up)
		return;
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			tell_servers(t->overlays[i]);
	tell_relays(t);
	tell_carrier(t);
	hold_settle(t);
	lean_anew(t);
}

void tunnel_serves(struct tunnel *t)
{
	if (!t->up || t->serves)
		return;
	tell_relays(t);
	lean_anew(t);
}
