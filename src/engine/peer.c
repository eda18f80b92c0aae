#include "engine/peer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/tunnel.h"

static int by_nbma(const void *key, const struct tree_node *node)
{
	return endpoint_cmp(key, &CONTAINER_OF(node, const struct peer, by_nbma)->nbma);
}

static int by_id(const void *key, const struct tree_node *node)
{
	const uint64_t a = *(const uint64_t *)key, b = CONTAINER_OF(node, const struct peer, by_id)->id;

	return (a > b) - (a < b);
}

void peer_trees_init(struct tunnel *t)
{
	tree_init(&t->peers, by_nbma);
	tree_init(&t->peers_by_id, by_id);
}

struct peer *peer_by_nbma(const struct tunnel *t, const struct endpoint *nbma)
{
	struct tree_node *const n = tree_find(&t->peers, nbma);

	return n ? CONTAINER_OF(n, struct peer, by_nbma) : NULL;
}

struct peer *peer_by_id(const struct tunnel *t, uint64_t id)
{
	struct tree_node *const n = tree_find(&t->peers_by_id, &id);

	return n ? CONTAINER_OF(n, struct peer, by_id) : NULL;
}

static void say(const struct peer *p, enum effect_type type)
{
	struct effect *const x = output_push(p->tunnel->engine, type, p->tunnel->settings.number, NULL);

	x->peer.peer = p->id;
	x->peer.nbma = p->nbma;
	x->peer.key = p->key;
	x->peer.serves = p->serves;
}

static bool is_nhs(const struct tunnel *t, const struct endpoint *nbma)
{
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i] && nhs_by_nbma(t->overlays[i], nbma))
			return true;
	return false;
}

static struct peer *add(struct tunnel *t, uint64_t id, const struct endpoint *nbma)
{
	struct peer *const p = alloc_zero(1, sizeof *p);

	p->tunnel = t;
	p->id = id;
	p->nbma = *nbma;
	p->serves = is_nhs(t, nbma);
	tree_insert(&t->peers, &p->nbma, &p->by_nbma);
	tree_insert(&t->peers_by_id, &p->id, &p->by_id);
	return p;
}

/* Of the message that is being handled. */
static bool is_sender(const struct engine *e, const struct endpoint *nbma)
{
	return e->in_from && endpoint_eq(e->in_from, nbma);
}

void peer_learn_key(struct peer *p)
{
	const struct foreign_key *const key = p ? &p->tunnel->engine->in_key : NULL;

	if (!key || !key->given || (p->key.given && p->key.present == key->present && p->key.key == key->key))
		return;
	p->key = *key;
	if (p->tunnel->up && p->references > 0)
		say(p, EFFECT_PEER_SET);
}

struct peer *peer_get(struct tunnel *t, const struct endpoint *nbma)
{
	struct peer *p = peer_by_nbma(t, nbma);
	const bool fresh = !p;

	if (fresh)
		p = add(t, t->engine->next_peer_id++, nbma);
	if (fresh && is_sender(t->engine, nbma))
		p->key = t->engine->in_key;
	p->references++;
	if (t->up && p->references == 1 && !p->idle_listed)
		say(p, EFFECT_PEER_SET);
	return p;
}

static void list_idle(struct peer *p)
{
	struct engine *const e = p->tunnel->engine;

	if (p->idle_listed)
		return;
	p->idle_listed = true;
	p->next_idle = e->idle_peers;
	e->idle_peers = p;
}

void peer_put(struct peer *p)
{
	if (!p)
		return;
	assert(p->references > 0);
	if (--p->references == 0)
		list_idle(p);
}

void peer_multicast_get(struct peer *p)
{
	if (p->multicast_references++ == 0 && p->tunnel->up)
		say(p, EFFECT_MULTICAST_SET);
}

void peer_multicast_put(struct peer *p)
{
	assert(p->multicast_references > 0);
	if (--p->multicast_references == 0)
		say(p, EFFECT_MULTICAST_DEL);
}

static void discard(struct peer *p)
{
	tree_remove(&p->tunnel->peers, &p->by_nbma);
	tree_remove(&p->tunnel->peers_by_id, &p->by_id);
	free(p);
}

void peers_sweep(struct engine *e)
{
	struct peer *p;

	while ((p = e->idle_peers)) {
		e->idle_peers = p->next_idle;
		p->idle_listed = false;
		/* What an earlier life left may still point to one that it had. */
		if (p->references > 0 || p->adopted)
			continue;
		say(p, EFFECT_PEER_DEL);
		discard(p);
	}
}

static void set_id(struct peer *p, uint64_t id)
{
	tree_remove(&p->tunnel->peers_by_id, &p->by_id);
	p->id = id;
	tree_insert(&p->tunnel->peers_by_id, &p->id, &p->by_id);
}

void peer_adopt(struct tunnel *t, uint64_t id, const struct endpoint *nbma, const struct foreign_key *key)
{
	struct engine *const e = t->engine;
	struct peer *p = peer_by_nbma(t, nbma);
	struct peer *const holder = peer_by_id(t, id);

	if (id == PEER_NONE || t->up || (holder && holder->adopted))
		return;
	if (e->next_peer_id <= id)
		e->next_peer_id = id + 1;
	if (holder && holder != p) /* made from the configuration, and told to nobody yet */
		set_id(holder, e->next_peer_id++);
	if (p) {
		set_id(p, id);
	} else {
		p = add(t, id, nbma);
	}
	p->key = *key;
	p->adopted = true;
}

void peer_serves(struct peer *p)
{
	if (p->serves)
		return;
	p->serves = true;
	if (p->references > 0 || p->idle_listed)
		say(p, EFFECT_PEER_SET);
}

void peers_settled(struct tunnel *t)
{
	for (struct tree_node *n = tree_first(&t->peers); n; n = tree_next(n)) {
		struct peer *const p = CONTAINER_OF(n, struct peer, by_nbma);

		if (p->adopted && p->references == 0)
			list_idle(p);
		p->adopted = false;
	}
}

void peers_replay(struct tunnel *t)
{
	for (struct tree_node *n = tree_first(&t->peers); n; n = tree_next(n)) {
		const struct peer *const p = CONTAINER_OF(n, struct peer, by_nbma);

		/* Adopted ones too, though the data path has them: it may have to be told again. */
		if (p->references == 0 && !p->adopted)
			continue;
		say(p, EFFECT_PEER_SET);
		if (p->multicast_references)
			say(p, EFFECT_MULTICAST_SET);
	}
}

static void forget_idle(const struct tunnel *t)
{
	struct peer **at = &t->engine->idle_peers;

	while (*at)
		if ((*at)->tunnel == t)
			*at = (*at)->next_idle;
		else
			at = &(*at)->next_idle;
}

void peers_free(struct tunnel *t)
{
	struct tree_node *n;

	forget_idle(t);
	while ((n = tree_first(&t->peers)))
		discard(CONTAINER_OF(n, struct peer, by_nbma));
}
