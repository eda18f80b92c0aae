/*
 * What an engine believes, what it has counted and what its data path was told must be the same thing, after whatever
 * has happened. Looked at after each event of each transcript, as long as the tables are small.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "engine/binding.h"
#include "engine/nhs_list.h"
#include "engine/partner.h"
#include "engine/path.h"
#include "engine/purge.h"
#include "engine/redirect.h"
#include "engine/resolution.h"
#include "harness.h"

enum { SMALL = 100 };

static bool is_host(const struct binding *b)
{
	return !b->hop && b->dst.len == ip_family_bits(b->overlay->family);
}

static bool is_dynamic(const struct binding *b)
{
	return b->kind == BINDING_REGISTERED || b->kind == BINDING_CACHED;
}

/* ---- peers */

struct uses { unsigned all, multicast; };

static void uses_in_overlay(struct uses *u, const struct overlay *o, const struct peer *p)
{
	for (const struct binding *b = binding_first(o); b; b = binding_next(b)) {
		u->all += !b->hop && b->peer == p;
		u->multicast += !b->hop && b->peer == p && b->multicast;
	}
	for (size_t i = 0; i < o->partner_count; i++)
		u->all += o->partners[i].peer == p;
}

static struct uses uses_of(const struct peer *p)
{
	const struct tunnel *const t = p->tunnel;
	struct uses u = { t->destination == p, t->destination == p };

	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			uses_in_overlay(&u, t->overlays[i], p);
	for (size_t i = 0; i < t->multicast_count; i++) {
		u.all += t->multicast[i] == p;
		u.multicast += t->multicast[i] == p;
	}
	return u;
}

static const struct node_peer *told_of(const struct node *n, const struct peer *p)
{
	for (size_t i = 0; i < n->peer_count; i++)
		if (n->peers[i].tunnel == p->tunnel->settings.number && n->peers[i].id == p->id)
			return &n->peers[i];
	return NULL;
}

static bool is_nhs(const struct peer *p)
{
	for (size_t i = 0; i < 2; i++)
		if (p->tunnel->overlays[i] && nhs_by_nbma(p->tunnel->overlays[i], &p->nbma))
			return true;
	return false;
}

static void peer_agrees(const struct node *n, const struct peer *p)
{
	const struct uses u = uses_of(p);
	const struct node_peer *const told = told_of(n, p);

	assert_int_equal(p->references, u.all);
	assert_int_equal(p->multicast_references, u.multicast);
	assert_true(p->references > 0 || p->adopted);
	assert_false(p->idle_listed);
	assert_ptr_equal(peer_by_id(p->tunnel, p->id), p);
	assert_ptr_equal(peer_by_nbma(p->tunnel, &p->nbma), p);
	if (!p->tunnel->up || p->references == 0)
		return;
	assert_non_null(told);
	assert_true(endpoint_eq(&told->nbma, &p->nbma));
	assert_true(told->multicast == (u.multicast > 0));
	assert_true(told->serves || !is_nhs(p));
	assert_true(told->key.given == p->key.given && told->key.present == p->key.present && told->key.key == p->key.key);
}

static void peers_agree(const struct node *n, const struct tunnel *t)
{
	struct peer **const all = peers_sorted(t);
	size_t told = 0;

	for (size_t i = 0; i < t->peers.count; i++) {
		peer_agrees(n, all[i]);
		assert_true(i == 0 || endpoint_cmp(&all[i - 1]->nbma, &all[i]->nbma) < 0);
	}
	free(all);
	assert_int_equal(t->peers_by_id.count, t->peers.count);
	for (size_t i = 0; i < n->peer_count; i++)
		told += n->peers[i].tunnel == t->settings.number;
	if (t->up)
		assert_in_range(told, 0, t->peers.count);
}

/* ---- bindings */

static const struct node_neighbour *neighbour_of(const struct node *n, const struct ipaddr *a)
{
	for (size_t i = 0; i < n->neighbour_count; i++)
		if (ipaddr_eq(&n->neighbours[i].addr, a))
			return &n->neighbours[i];
	return NULL;
}

static size_t hang_off(const struct binding *b)
{
	size_t count = 0;

	for (const struct binding *s = b->shortcuts; s; s = s->next_shortcut, count++)
		assert_ptr_equal(s->hop, b);
	return count;
}

static void binding_agrees(const struct node *n, const struct binding *b)
{
	const struct node_neighbour *const told = is_host(b) ? neighbour_of(n, &b->dst.addr) : NULL;

	assert_true(b->hop ? !b->peer : b->peer != NULL);
	assert_true(timer_running(&b->expiry) == (b->hold.us > 0));
	assert_true(instant_is_never(b->expiry.deadline) == (b->hold.us == 0));
	assert_true((b->upkeep != NULL) == (b->kind == BINDING_CACHED));
	assert_true(b->upkeep && timer_running(&b->upkeep->refresh) ? b->hold.us > 0 : true);
	assert_ptr_equal(binding_find(b->overlay, &b->dst), b);
	assert_false(is_dynamic(b) && b->wanted);
	if (!is_host(b) || !b->overlay->tunnel->up)
		return;
	assert_non_null(told);
	assert_int_equal(told->peer, b->peer->id);
}

static size_t bindings_agree(const struct node *n, const struct overlay *o)
{
	size_t dynamic = 0, hanging = 0, hung = 0;

	for (const struct binding *b = binding_first(o); b; b = binding_next(b)) {
		binding_agrees(n, b);
		dynamic += is_dynamic(b);
		hanging += b->hop != NULL;
		hung += hang_off(b);
	}
	assert_int_equal(hanging, hung);
	assert_int_equal(o->bindings_by_dst.count, o->bindings.count);
	for (const struct resolution *r = resolution_first(o); r; r = resolution_next(r)) {
		assert_true(timer_running(&r->timer));
		assert_false(r->temporary && !neighbour_of(n, &r->target));
		assert_false(r->state == RESOLUTION_COOLING && r->temporary);
	}
	return dynamic;
}

/* ---- NHSs and paths */

static void nhs_agrees(const struct nhs *n)
{
	assert_true(n->state == NHS_LEAVING || n->state == NHS_RELEASING ||
		    timer_running(&n->timer) == (n->state != NHS_WAITING && n->state != NHS_STANDBY));
	assert_true(n->state != NHS_UP || n->reason[0] == '\0');
	assert_true((n->state != NHS_DOWN && n->state != NHS_REFUSED) || n->reason[0] != '\0');
	assert_true(n->tallies.all.sent >= n->tallies.all.received);
}

static void path_agrees(const struct path *p)
{
	bool asked = false;

	for (size_t i = 0; p->trial && i < PATH_REMEMBERED; i++)
		asked |= p->trial->probes[i] != 0;
	assert_true((p->trial != NULL) == (p->state != PATH_RESTING || asked));
	assert_true(p->trial ? timer_running(&p->trial->timer) == (p->state != PATH_RESTING) : true);
	assert_true(p->answered <= p->sent);
	assert_false(p->idle_listed);
	for (const struct path_watch *w = p->watches; w; w = w->next)
		assert_ptr_equal(w->path, p);
}

static size_t doubted_paths(const struct tunnel *t)
{
	struct path **const all = paths_sorted(t);
	size_t count = 0;

	for (size_t i = 0; i < t->paths.count; i++) {
		path_agrees(all[i]);
		count += all[i]->state == PATH_DOUBTED;
	}
	free(all);
	return count;
}

static void relays_agree(const struct node *n, const struct tunnel *t)
{
	if (!t->up || !t->relays_told || t->settings.number != 0)
		return;
	assert_int_equal(n->relay_count, t->relays.count);
	assert_int_equal(n->dead_count, t->relays.dead_count);
	for (size_t i = 0; i < n->relay_count; i++)
		assert_non_null(peer_by_id(t, n->relays[i]));
}

/* ---- the lists of the whole */

static void lists_agree(const struct node *n, const struct engine *e)
{
	size_t purges = 0;

	for (const struct purge *p = e->purges; p; p = p->next)
		purges++;
	assert_int_equal(purges, e->purge_count);
	assert_null(e->idle_peers);
	assert_null(e->idle_paths);
	assert_int_equal(n->shortcut_count, e->shortcuts.count + e->throws.count);
}

static void redirects_agree(const struct overlay *o)
{
	size_t count = 0;

	for (const struct redirect *r = o->redirect_oldest; r; r = r->newer)
		count++;
	assert_int_equal(count, o->redirects.count);
}

static bool is_small(const struct node *n)
{
	struct engine_sizes z;

	snapshot_sizes(n->engine, &z);
	return z.bindings + z.peers + z.redirects + z.purges + n->neighbour_count + n->shortcut_count < SMALL;
}

void node_agrees(const struct node *n)
{
	const struct engine *const e = n->engine;
	size_t dynamic = 0, doubted = 0;

	if (!is_small(n) || e->stopping) /* which takes back what it has told */
		return;
	for (size_t i = 0; i < e->tunnel_count; i++) {
		peers_agree(n, e->tunnels[i]);
		relays_agree(n, e->tunnels[i]);
		doubted += doubted_paths(e->tunnels[i]);
	}
	for (const struct overlay *o = overlay_first(e); o; o = overlay_next(o)) {
		dynamic += bindings_agree(n, o);
		redirects_agree(o);
		for (size_t i = 0; i < o->nhs_count; i++)
			nhs_agrees(o->nhs[i]);
	}
	assert_int_equal(dynamic, e->binding_count);
	assert_int_equal(doubted, e->path_bursts);
	lists_agree(n, e);
}
