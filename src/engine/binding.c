/*
 * Invariants: a next-hop binding (hop == NULL) holds its peer and, when its prefix is a
 * host, owns the neighbour entry of that address; a shortcut binding hangs in the list of
 * its gateway's binding. Nothing here outlives its hold time: expiry is a timer per binding.
 */
#include "engine/binding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/bfd.h"
#include "engine/output.h"
#include "engine/purge.h"
#include "engine/resolution.h"
#include "engine/shortcut.h"

static struct binding *of(const struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct binding, node) : NULL;
}

static struct binding *of_dst(const struct hash_node *n)
{
	return n ? CONTAINER_OF(n, struct binding, by_dst) : NULL;
}

static int by_prefix(const void *key, const struct tree_node *node)
{
	return ipprefix_cmp(key, &CONTAINER_OF(node, const struct binding, node)->dst);
}

static const void *dst_of(const struct hash_node *n)
{
	return &of_dst(n)->dst;
}

static const struct hash_kind dst_kind = { dst_of, ipprefix_digest, ipprefix_compare };

void bindings_init(struct overlay *o)
{
	tree_init(&o->bindings, by_prefix);
	hash_init(&o->bindings_by_dst, &dst_kind, &overlay_engine(o)->secret);
}

struct binding *binding_find(const struct overlay *o, const struct ipprefix *dst)
{
	return of_dst(hash_find(&o->bindings_by_dst, dst));
}

struct binding *binding_host(const struct overlay *o, const struct ipaddr *addr)
{
	const struct ipprefix host = ipprefix_host(addr);
	struct binding *const b = binding_find(o, &host);

	return b && !b->hop ? b : NULL;
}

struct binding *binding_match(const struct overlay *o, const struct ipaddr *addr)
{
	for (int len = ip_family_bits(o->family); len >= 0; len--) {
		const struct ipprefix p = ipprefix_make(addr, (uint8_t)len);
		struct binding *const b = binding_find(o, &p);

		if (b)
			return b;
	}
	return NULL;
}

struct binding *binding_first(const struct overlay *o)
{
	return of(tree_first(&o->bindings));
}

struct binding *binding_next(const struct binding *b)
{
	return of(tree_next(&b->node));
}

bool bindings_registered(const struct overlay *o)
{
	for (const struct binding *b = binding_first(o); b; b = binding_next(b))
		if (b->kind == BINDING_REGISTERED)
			return true;
	return false;
}

const struct endpoint *binding_nbma(const struct binding *b)
{
	return b->hop ? &b->hop->peer->nbma : &b->peer->nbma;
}

static bool dynamic_kind(enum binding_kind kind)
{
	return kind == BINDING_REGISTERED || kind == BINDING_CACHED;
}

bool binding_is_dynamic(const struct binding *b)
{
	return dynamic_kind(b->kind);
}

static bool is_neighbour(const struct binding *b)
{
	return !b->hop && b->dst.len == ip_family_bits(b->overlay->family);
}

static void say_neighbour(const struct binding *b, enum effect_type type)
{
	const struct tunnel *const t = b->overlay->tunnel;
	struct effect *x;

	if (!is_neighbour(b) || (type == EFFECT_NEIGHBOUR_SET && !t->up))
		return;
	x = output_push(t->engine, type, t->settings.number, NULL);
	x->neighbour.addr = b->dst.addr;
	x->neighbour.peer = b->peer->id;
	x->neighbour.nbma = b->peer->nbma;
}

void binding_say_again(const struct binding *b)
{
	say_neighbour(b, EFFECT_NEIGHBOUR_SET);
}

static void say_cache(const struct binding *b, const char *mnemonic, const char *reason)
{
	char dst[IPPREFIX_TEXT_MAX], via[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	if (trace_is_held_back(overlay_engine(b->overlay), mnemonic))
		return;
	trace(overlay_engine(b->overlay), b->overlay->tunnel->settings.number, TRACE_INFO, mnemonic,
	      "tunnel=Tunnel%u target=%s via=%s nbma=%s%s%s", b->overlay->tunnel->settings.number,
	      ipprefix_format(&b->dst, dst), ipaddr_format(&b->via, via),
	      ipaddr_format(&binding_nbma(b)->addr, nbma), reason ? " reason=" : "", reason ? reason : "");
}

static void hang_on(struct binding *b, struct binding *hop)
{
	b->hop = hop;
	b->next_shortcut = hop->shortcuts;
	hop->shortcuts = b;
}

static void take_off(struct binding *b)
{
	for (struct binding **at = &b->hop->shortcuts; *at; at = &(*at)->next_shortcut)
		if (*at == b) {
			*at = b->next_shortcut;
			break;
		}
	b->hop = NULL;
}

static struct binding *add(struct overlay *o, const struct binding_facts *f)
{
	struct engine *const e = overlay_engine(o);
	struct binding *b;

	if (dynamic_kind(f->kind)) {
		if (e->binding_count >= e->options.bindings_max) {
			count(e, ENGINE_COUNT_DROP_FULL);
			return NULL;
		}
		e->binding_count++;
	}
	b = alloc_zero(1, sizeof *b);
	b->overlay = o;
	b->dst = f->dst;
	b->kind = f->kind;
	b->created = e->now;
	timer_init(&b->expiry, TIMER_BINDING_EXPIRE, b);
	tree_insert(&o->bindings, &b->dst, &b->node);
	hash_add(&o->bindings_by_dst, &b->by_dst);
	return b;
}

void binding_set_kind(struct binding *b, enum binding_kind kind)
{
	struct engine *const e = overlay_engine(b->overlay);

	if (binding_is_dynamic(b) && !dynamic_kind(kind))
		e->binding_count--;
	else if (!binding_is_dynamic(b) && dynamic_kind(kind))
		e->binding_count++;
	b->kind = kind;
}

static void set_multicast(struct binding *b, bool multicast)
{
	if (b->multicast == multicast)
		return;
	b->multicast = multicast;
	if (multicast)
		peer_multicast_get(b->peer);
	else
		peer_multicast_put(b->peer);
}

/* New peer, neighbour, multicast; then the old multicast and peer go. */
static void set_peer(struct binding *b, const struct endpoint *nbma)
{
	struct peer *const old = b->peer;
	const bool configured = !binding_is_dynamic(b);

	if (old && endpoint_eq(&old->nbma, nbma) && (!configured || old->configured))
		return;
	b->peer = configured ? peer_get_configured(b->overlay->tunnel, nbma) : peer_get(b->overlay->tunnel, nbma);
	if (old == b->peer) { /* what was learnt is configured now */
		peer_put(old);
		return;
	}
	say_neighbour(b, EFFECT_NEIGHBOUR_SET);
	if (b->multicast)
		peer_multicast_get(b->peer);
	if (!old)
		return;
	if (b->multicast)
		peer_multicast_put(old);
	peer_put(old);
	purge_requesters(b->overlay, &b->requesters, &b->dst);
	say_cache(b, "NHRP-CACHE-NBMA-NHOP-CHANGE", NULL);
}

/* What an answer told us is looked after as long as it is used; dead, it would be a black hole. Of
 * a client that is dead routing learns; if BFD watches it too it goes, as on IOS-XE. */
static void follow_path(struct binding *b)
{
	const bool is_direct = b->kind == BINDING_CACHED || (b->kind == BINDING_REGISTERED && b->bfd_to);
	const bool probes = is_neighbour(b) && b->overlay->cfg->probe_interval_ms;

	if (probes && is_direct)
		path_watch(&b->path, PATH_WATCH_DIRECT, b, b->overlay, &b->peer->nbma, &b->dst.addr);
	else if (probes && b->kind == BINDING_REGISTERED && !ipaddr_is_link_local(&b->dst.addr))
		path_watch(&b->path, PATH_WATCH_CLIENT, b, b->overlay, &b->peer->nbma, &b->dst.addr);
	else
		path_unwatch(&b->path);
}

void bindings_follow_paths(struct overlay *o)
{
	for (struct binding *b = binding_first(o); b; b = binding_next(b))
		follow_path(b);
}

static void set_identity(struct binding *b, const char *identity)
{
	if (b->identity && identity && strcmp(b->identity, identity) == 0)
		return;
	free(b->identity);
	b->identity = alloc_text(identity);
}

bool binding_is_of_other(const struct binding *b, const char *identity)
{
	return b->identity && identity && strcmp(b->identity, identity) != 0;
}

static void begin_upkeep(struct binding *b)
{
	b->upkeep = alloc_zero(1, sizeof *b->upkeep);
	timer_init(&b->upkeep->refresh, TIMER_BINDING_REFRESH, b);
	timer_init(&b->upkeep->uncovered, TIMER_BINDING_UNCOVERED, b);
}

static void end_upkeep(struct binding *b)
{
	struct engine *const e = overlay_engine(b->overlay);

	if (!b->upkeep)
		return;
	timer_stop(&e->timers, &b->upkeep->refresh);
	timer_stop(&e->timers, &b->upkeep->uncovered);
	free(b->upkeep);
	b->upkeep = NULL;
}

static void set_upkeep(struct binding *b, const struct binding_facts *f)
{
	struct engine *const e = overlay_engine(b->overlay);

	if (f->kind != BINDING_CACHED) {
		end_upkeep(b);
		return;
	}
	if (!b->upkeep)
		begin_upkeep(b);
	b->upkeep->asked = f->asked;
	b->upkeep->usage_asked = false;
	if (f->hold.us)
		timer_set(&e->timers, &b->upkeep->refresh, later(e, span_us(f->hold.us / 3 * 2)));
	else
		timer_stop(&e->timers, &b->upkeep->refresh);
}

static void set_facts(struct binding *b, const struct binding_facts *f)
{
	struct engine *const e = overlay_engine(b->overlay);

	b->via = f->via;
	b->claimed_nbma = f->claimed_nbma;
	set_identity(b, f->identity);
	b->unique = f->unique;
	b->router = f->router;
	b->authoritative = f->authoritative;
	b->implicit = f->implicit;
	b->nat = f->nat;
	b->restored = f->restored;
	b->preference = f->preference;
	b->mtu_bytes = f->mtu_bytes;
	b->hold = f->hold;
	if (f->hold.us)
		timer_postpone(&e->timers, &b->expiry, later(e, f->hold));
	else
		timer_stop(&e->timers, &b->expiry);
	set_upkeep(b, f);
}

/* What somebody says of himself in passing neither shortens nor moves what an answer to our
 * own question has told us. */
static bool is_weaker(const struct binding *b, const struct binding_facts *f)
{
	return b->kind == f->kind && f->implicit && (!b->implicit || binding_is_of_other(b, f->identity));
}

struct binding *binding_learn(struct overlay *o, const struct binding_facts *f)
{
	struct engine *const e = overlay_engine(o);
	struct binding *b = binding_find(o, &f->dst);
	const struct endpoint before = b && !b->hop ? b->peer->nbma : (struct endpoint){ 0 };
	struct resolution *r;
	bool fresh, other;

	if (b && (b->kind < f->kind || (f->hop && !b->hop)))
		return NULL;
	if (b && b->hop && !f->hop) { /* a neighbour where a host was reached through another */
		binding_remove(b, "became a neighbour");
		b = NULL;
	}
	if (b && is_weaker(b, f))
		return b;
	if (f->kind == BINDING_CACHED && !f->hop && path_is_dead(o->tunnel, &f->nbma))
		return NULL; /* until a probe is answered it stays with the NHS */
	fresh = !b;
	if (fresh)
		b = add(o, f);
	if (!b)
		return NULL;
	binding_set_kind(b, f->kind);
	if (f->hop && b->hop != f->hop) {
		if (b->hop)
			take_off(b);
		hang_on(b, f->hop);
	}
	if (!f->hop) {
		set_peer(b, &f->nbma);
		set_multicast(b, f->multicast);
	}
	other = !fresh && !f->hop && (binding_is_of_other(b, f->identity) || !ipaddr_eq(&b->claimed_nbma, &f->claimed_nbma));
	set_facts(b, f);
	if (fresh || (!f->hop && !endpoint_eq(&before, &f->nbma)))
		e->bindings_changed++;
	else
		e->bindings_renewed++;
	bfd_follow(b);
	follow_path(b);
	path_renew(&b->path);
	if (other)
		path_of_another(b->path.path);
	if (f->kind == BINDING_REGISTERED && path_is_dead(o->tunnel, &f->nbma)) /* it may be back */
		path_hint(o->tunnel, &f->nbma, PATH_EVENT_RETRY);
	if (f->hop)
		shortcut_set(b);
	if (fresh)
		say_cache(b, "NHRP-CACHE-ADD", NULL);
	r = is_neighbour(b) ? resolution_find(o, &b->dst.addr) : NULL;
	if (r && r->purpose == RESOLVE_NEXT_HOP)
		resolution_drop(r);
	if (b->kind == BINDING_REGISTERED)
		tunnel_serves(o->tunnel);
	return b;
}

static void discard(struct binding *b)
{
	struct engine *const e = overlay_engine(b->overlay);

	path_unwatch(&b->path);
	timer_stop(&e->timers, &b->expiry);
	end_upkeep(b);
	tree_remove(&b->overlay->bindings, &b->node);
	hash_remove(&b->overlay->bindings_by_dst, &b->by_dst);
	requesters_done(&b->requesters);
	e->bindings_changed++;
	free(b->identity);
	free(b->bfd_to);
	if (binding_is_dynamic(b))
		e->binding_count--;
	free(b);
}

void binding_remove(struct binding *b, const char *reason)
{
	while (b->shortcuts)
		binding_remove(b->shortcuts, reason);
	say_cache(b, "NHRP-CACHE-DELETE", reason);
	purge_requesters(b->overlay, &b->requesters, &b->dst);
	if (b->hop) {
		shortcut_del(b);
		take_off(b);
	} else {
		bfd_forget(b);
		say_neighbour(b, EFFECT_NEIGHBOUR_DEL);
		set_multicast(b, false);
		peer_put(b->peer);
	}
	discard(b);
}

void bindings_free(struct overlay *o)
{
	for (struct binding *b; (b = binding_first(o));)
		discard(b);
	hash_done(&o->bindings_by_dst);
}

/* Others may go with it, so the next one is looked up by the key. */
struct binding *binding_remove_and_next(struct binding *b, const char *reason)
{
	struct overlay *const o = b->overlay;
	const struct ipprefix at = b->dst;

	binding_remove(b, reason);
	return of(tree_after(&o->bindings, &at));
}

void binding_say_client_down(const struct binding *b, const char *reason)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	if (b->kind == BINDING_REGISTERED)
		trace(overlay_engine(b->overlay), b->overlay->tunnel->settings.number, TRACE_NOTICE,
		      "NHRP_NHC_DOWN", "tunnel=Tunnel%u address=%s nbma=%s reason=\"%s\"",
		      b->overlay->tunnel->settings.number, ipaddr_format(&b->via, addr),
		      ipaddr_format(&b->peer->nbma.addr, nbma), reason);
}

void binding_expired(struct binding *b)
{
	binding_say_client_down(b, "hold time expired");
	binding_remove(b, "expired");
}

void binding_path_lost(struct binding *b)
{
	struct overlay *const o = b->overlay;
	const struct ipaddr addr = b->dst.addr;
	const bool registered = b->kind == BINDING_REGISTERED;

	binding_say_client_down(b, "path dead");
	binding_remove(b, "path dead");
	if (registered)
		routing_tell(overlay_engine(o), o->tunnel->settings.number, &addr, ROUTING_DEAD);
}

/* At two thirds of its life: is it in use? The answer comes by bindings_usage(). */
void binding_refresh_due(struct binding *b)
{
	const struct tunnel *const t = b->overlay->tunnel;
	const struct binding *const hop = b->hop ? b->hop : b;
	struct effect *const x = output_push(t->engine, EFFECT_USAGE, t->settings.number, NULL);

	b->upkeep->usage_asked = true;
	x->usage.addr = hop->dst.addr;
	x->usage.peer = hop->peer->id;
}

static void judge_usage(struct binding *b, struct span idle)
{
	if (!b->upkeep || !b->upkeep->usage_asked)
		return;
	b->upkeep->usage_asked = false;
	b->used = idle.us < b->hold.us / 3;
	if (b->used)
		resolution_refresh(b);
}

void bindings_usage(struct overlay *o, const struct ipaddr *addr, struct span idle)
{
	struct binding *const b = binding_host(o, addr);

	if (!b)
		return;
	judge_usage(b, idle);
	for (struct binding *s = b->shortcuts; s; s = s->next_shortcut)
		judge_usage(s, idle);
}

void bindings_clear(struct overlay *o, const struct ipaddr *addr, bool registered, const char *reason)
{
	struct binding *b, *next;

	for (b = binding_first(o); b; b = next) {
		next = binding_next(b);
		if (b->kind != BINDING_CACHED && !(registered && b->kind == BINDING_REGISTERED))
			continue;
		if (!ipaddr_is_none(addr) && !ipprefix_contains(&b->dst, addr))
			continue;
		next = binding_remove_and_next(b, reason);
	}
}

void bindings_taken(struct overlay *o, const struct endpoint *nbma)
{
	static const char reason[] = "another peer is at its endpoint";
	struct binding *b, *next;

	for (b = binding_first(o); b; b = next) {
		next = binding_next(b);
		if (b->hop || !binding_is_dynamic(b) || !endpoint_eq(binding_nbma(b), nbma))
			continue;
		binding_say_client_down(b, reason);
		next = binding_remove_and_next(b, reason);
	}
}

void bindings_replay(struct overlay *o)
{
	for (const struct binding *b = binding_first(o); b; b = binding_next(b))
		say_neighbour(b, EFFECT_NEIGHBOUR_SET);
}

/* ---- requesters */

void requesters_add(struct requesters *r, const struct requester *who)
{
	size_t at;

	for (at = 0; at < r->count; at++)
		if (ipaddr_eq(&r->list[at].addr, &who->addr))
			break;
	if (at == REQUESTERS_MAX) {
		at = r->next;
		r->next = (uint16_t)((r->next + 1) % REQUESTERS_MAX);
	}
	if (at == r->count) {
		if (!(r->count & (r->count + 1))) /* grow when count + 1 reaches a power of two */
			r->list = alloc_array(r->list, 2 * ((size_t)r->count + 1), sizeof *r->list);
		r->count++;
	}
	r->list[at] = *who;
}

void requesters_done(struct requesters *r)
{
	free(r->list);
	*r = (struct requesters){ 0 };
}
