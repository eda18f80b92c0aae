#include "engine/peer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/group.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/tunnel.h"

static struct peer *of_nbma(const struct hash_node *n)
{
	return n ? CONTAINER_OF(n, struct peer, by_nbma) : NULL;
}

static struct peer *of_id(const struct hash_node *n)
{
	return n ? CONTAINER_OF(n, struct peer, by_id) : NULL;
}

static const void *nbma_of(const struct hash_node *n)
{
	return &of_nbma(n)->nbma;
}

static const void *id_of(const struct hash_node *n)
{
	return &of_id(n)->id;
}

/* We count them ourselves, so nobody can choose them, and one bucket follows the other in memory. */
static uint64_t id_digest(const struct siphash_key *secret, const void *id)
{
	(void)secret;
	return *(const uint64_t *)id;
}

static int id_compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static const struct hash_kind nbma_kind = { nbma_of, endpoint_digest, endpoint_compare };
static const struct hash_kind id_kind = { id_of, id_digest, id_compare };

void peers_init(struct tunnel *t)
{
	hash_init(&t->peers, &nbma_kind, &t->engine->secret);
	hash_init(&t->peers_by_id, &id_kind, &t->engine->secret);
}

struct peer *peer_by_nbma(const struct tunnel *t, const struct endpoint *nbma)
{
	return of_nbma(hash_find(&t->peers, nbma));
}

struct peer *peer_by_id(const struct tunnel *t, uint64_t id)
{
	return of_id(hash_find(&t->peers_by_id, &id));
}

static void say(const struct peer *p, enum effect_type type)
{
	struct effect *const x = output_push(p->tunnel->engine, type, p->tunnel->settings.number, NULL);

	x->peer.peer = p->id;
	x->peer.nbma = p->nbma;
	x->peer.key = p->key;
	x->peer.serves = p->serves;
	x->peer.configured = p->configured;
	x->peer.shape = group_shape(&p->tunnel->settings, p->group);
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
	hash_add(&t->peers, &p->by_nbma);
	hash_add(&t->peers_by_id, &p->by_id);
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

static struct peer *get(struct tunnel *t, const struct endpoint *nbma, bool configured)
{
	struct peer *p = peer_by_nbma(t, nbma);
	const bool fresh = !p;
	bool news;

	if (fresh)
		p = add(t, t->engine->next_peer_id++, nbma);
	if (fresh && is_sender(t->engine, nbma))
		p->key = t->engine->in_key;
	p->references++;
	news = (p->references == 1 && !p->idle_listed) || (configured && !p->configured);
	p->configured |= configured;
	if (t->up && news)
		say(p, EFFECT_PEER_SET);
	return p;
}

struct peer *peer_get(struct tunnel *t, const struct endpoint *nbma)
{
	return get(t, nbma, false);
}

struct peer *peer_get_configured(struct tunnel *t, const struct endpoint *nbma)
{
	return get(t, nbma, true);
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
	hash_remove(&p->tunnel->peers, &p->by_nbma);
	hash_remove(&p->tunnel->peers_by_id, &p->by_id);
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
	hash_remove(&p->tunnel->peers_by_id, &p->by_id);
	p->id = id;
	hash_add(&p->tunnel->peers_by_id, &p->by_id);
}

void peer_adopt(struct tunnel *t, uint64_t id, const struct endpoint *nbma, const struct foreign_key *key,
		const struct shape *shape)
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
	p->group = shape->rate_bps ? group_of_shape(&t->settings, shape) : GROUP_NONE;
	p->adopted = true;
}

void peer_say_again(struct peer *p)
{
	if (p->tunnel->up && (p->references > 0 || p->idle_listed))
		say(p, EFFECT_PEER_SET);
}

void peer_serves(struct peer *p)
{
	if (p->serves)
		return;
	p->serves = true;
	if (p->references > 0 || p->idle_listed)
		say(p, EFFECT_PEER_SET);
}

void peer_set_group(struct peer *p, uint16_t group)
{
	if (p->group == group)
		return;
	p->group = group;
	peer_say_again(p);
}

struct peer **peers_sorted(const struct tunnel *t)
{
	struct hash_node **const nodes = hash_sorted(&t->peers);
	struct peer **const all = alloc_zero(t->peers.count, sizeof *all);

	for (size_t i = 0; i < t->peers.count; i++)
		all[i] = of_nbma(nodes[i]);
	free(nodes);
	return all;
}

void peers_settled(struct tunnel *t)
{
	struct peer **const all = peers_sorted(t);

	for (size_t i = 0; i < t->peers.count; i++) {
		if (all[i]->adopted && all[i]->references == 0)
			list_idle(all[i]);
		all[i]->adopted = false;
	}
	free(all);
}

void peers_replay(struct tunnel *t)
{
	struct peer **const all = peers_sorted(t);

	for (size_t i = 0; i < t->peers.count; i++) {
		/* Adopted ones too, though the data path has them: it may have to be told again. */
		if (all[i]->references == 0 && !all[i]->adopted)
			continue;
		say(all[i], EFFECT_PEER_SET);
		if (all[i]->multicast_references)
			say(all[i], EFFECT_MULTICAST_SET);
	}
	free(all);
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
	struct peer **const all = peers_sorted(t);
	const size_t count = t->peers.count;

	forget_idle(t);
	for (size_t i = 0; i < count; i++)
		discard(all[i]);
	free(all);
	hash_done(&t->peers);
	hash_done(&t->peers_by_id);
}
