#include "forward/peer_table.h"

#include <errno.h>
#include <stdlib.h>

#include "forward/hash.h"
#include "forward/shaper.h"

enum { BUCKETS_FIRST = 64 };

static size_t id_bucket(const struct peer_table *t, uint32_t tunnel, uint64_t id)
{
	return hash_mix(tunnel, id) & (t->buckets - 1);
}

static size_t endpoint_bucket(const struct peer_table *t, uint32_t tunnel, const struct endpoint *e)
{
	return hash_ipaddr(hash_mix(tunnel, e->vrf), &e->addr) & (t->buckets - 1);
}

int peer_table_init(struct peer_table *t)
{
	*t = (struct peer_table){ .buckets = BUCKETS_FIRST, .epoch = 1 };
	TAILQ_INIT(&t->all);
	t->by_id = calloc(t->buckets, sizeof *t->by_id);
	t->by_endpoint = calloc(t->buckets, sizeof *t->by_endpoint);
	if (t->by_id && t->by_endpoint)
		return 0;
	free(t->by_id);
	free(t->by_endpoint);
	return -ENOMEM;
}

void peer_table_done(struct peer_table *t)
{
	while (!TAILQ_EMPTY(&t->all))
		peer_remove(t, TAILQ_FIRST(&t->all));
	free(t->by_id);
	free(t->by_endpoint);
}

struct peer *peer_find(const struct peer_table *t, uint32_t tunnel, uint64_t id)
{
	struct peer *p = t->by_id[id_bucket(t, tunnel, id)];

	while (p && (p->id != id || p->tunnel != tunnel))
		p = p->next_by_id;
	return p;
}

struct peer *peer_find_endpoint(const struct peer_table *t, uint32_t tunnel, const struct endpoint *nbma)
{
	struct peer *p = t->by_endpoint[endpoint_bucket(t, tunnel, nbma)];

	while (p && (p->tunnel != tunnel || !endpoint_eq(&p->nbma, nbma)))
		p = p->next_by_endpoint;
	return p;
}

static void endpoint_link(struct peer_table *t, struct peer *p)
{
	struct peer **head = &t->by_endpoint[endpoint_bucket(t, p->tunnel, &p->nbma)];

	/* At the head: of two ids for one endpoint the later one is meant. */
	p->next_by_endpoint = *head;
	*head = p;
}

static void endpoint_unlink(struct peer_table *t, struct peer *p)
{
	struct peer **at = &t->by_endpoint[endpoint_bucket(t, p->tunnel, &p->nbma)];

	while (*at != p)
		at = &(*at)->next_by_endpoint;
	*at = p->next_by_endpoint;
}

static void id_link(struct peer_table *t, struct peer *p)
{
	struct peer **head = &t->by_id[id_bucket(t, p->tunnel, p->id)];

	p->next_by_id = *head;
	*head = p;
}

static void id_unlink(struct peer_table *t, struct peer *p)
{
	struct peer **at = &t->by_id[id_bucket(t, p->tunnel, p->id)];

	while (*at != p)
		at = &(*at)->next_by_id;
	*at = p->next_by_id;
}

/* Without memory the chains just stay long. */
static void grow(struct peer_table *t)
{
	const size_t buckets = t->buckets * 2;
	struct peer **by_id = calloc(buckets, sizeof *by_id);
	struct peer **by_endpoint = calloc(buckets, sizeof *by_endpoint);
	struct peer *p;

	if (!by_id || !by_endpoint) {
		free(by_id);
		free(by_endpoint);
		return;
	}
	free(t->by_id);
	free(t->by_endpoint);
	t->by_id = by_id;
	t->by_endpoint = by_endpoint;
	t->buckets = buckets;
	TAILQ_FOREACH(p, &t->all, order) {
		id_link(t, p);
		endpoint_link(t, p);
	}
}

static void changed(struct peer_table *t)
{
	if (++t->epoch == 0)
		t->epoch = 1;
}

struct peer *peer_set(struct peer_table *t, uint32_t tunnel, uint64_t id, const struct endpoint *nbma)
{
	struct peer *p = peer_find(t, tunnel, id);

	changed(t);
	if (p) {
		endpoint_unlink(t, p);
		if (!endpoint_eq(&p->nbma, nbma))
			p->path_mtu = 0;
		p->nbma = *nbma;
		p->session_epoch = 0;
		endpoint_link(t, p);
		return p;
	}
	p = malloc(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct peer){ .tunnel = tunnel, .id = id, .nbma = *nbma, .sent_at = INSTANT_NEVER };
	if (t->count >= t->buckets)
		grow(t);
	TAILQ_INSERT_TAIL(&t->all, p, order);
	id_link(t, p);
	endpoint_link(t, p);
	t->count++;
	return p;
}

void peer_remove(struct peer_table *t, struct peer *p)
{
	changed(t);
	endpoint_unlink(t, p);
	id_unlink(t, p);
	TAILQ_REMOVE(&t->all, p, order);
	t->count--;
	shaper_free(p->shaper);
	free(p);
}
