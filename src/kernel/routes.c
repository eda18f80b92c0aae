#include "kernel/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Entries of one prefix hang together in one bucket's chain, sorted by metric. */
struct entry {
	struct entry *next;
	struct route route;
	bool seen;
};

struct routes {
	routes_changed changed;
	void *arg;
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
};

enum { BUCKETS_FIRST = 256 };

struct routes *routes_new(routes_changed changed, void *arg)
{
	struct routes *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->changed = changed;
	r->arg = arg;
	r->bucket_count = BUCKETS_FIRST;
	r->buckets = calloc(r->bucket_count, sizeof *r->buckets);
	if (!r->buckets) {
		free(r);
		return NULL;
	}
	return r;
}

void routes_free(struct routes *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->bucket_count; i++) {
		while (r->buckets[i]) {
			struct entry *e = r->buckets[i];

			r->buckets[i] = e->next;
			free(e);
		}
	}
	free(r->buckets);
	free(r);
}

/* FNV-1a: the keys come from the kernel's own table, nobody chooses them to collide. */
static size_t hash(const struct routes *r, uint32_t vrf, const struct ipprefix *dst)
{
	uint64_t h = 0xcbf29ce484222325u ^ vrf ^ ((uint64_t)dst->len << 32);

	for (size_t i = 0; i < sizeof dst->addr.bytes; i++)
		h = (h ^ dst->addr.bytes[i]) * 0x100000001b3u;
	return (size_t)(h ^ (h >> 29)) & (r->bucket_count - 1);
}

static bool same_key(const struct route *a, uint32_t vrf, const struct ipprefix *dst)
{
	return a->vrf == vrf && ipprefix_eq(&a->dst, dst);
}

static struct entry *best_of(const struct routes *r, uint32_t vrf, const struct ipprefix *dst)
{
	struct entry *e = r->buckets[hash(r, vrf, dst)];

	while (e && !same_key(&e->route, vrf, dst))
		e = e->next;
	return e;
}

static void insert(struct routes *r, struct entry *fresh)
{
	const struct route *n = &fresh->route;
	struct entry **at = &r->buckets[hash(r, n->vrf, &n->dst)];

	while (*at && !same_key(&(*at)->route, n->vrf, &n->dst))
		at = &(*at)->next;
	while (*at && same_key(&(*at)->route, n->vrf, &n->dst) && (*at)->route.metric < n->metric)
		at = &(*at)->next;
	fresh->next = *at;
	*at = fresh;
}

static void grow(struct routes *r)
{
	size_t old_count = r->bucket_count;
	struct entry **old = r->buckets, **fresh = calloc(old_count * 2, sizeof *fresh);

	if (!fresh) /* longer chains are slower, not wrong */
		return;
	r->buckets = fresh;
	r->bucket_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++) {
		while (old[i]) {
			struct entry *e = old[i];

			old[i] = e->next;
			insert(r, e);
		}
	}
	free(old);
}

static bool same_route(const struct route *a, const struct route *b)
{
	if (a->more_count != b->more_count)
		return false;
	for (size_t i = 0; i < a->more_count; i++)
		if (a->more[i].ifindex != b->more[i].ifindex || !ipaddr_eq(&a->more[i].gateway, &b->more[i].gateway))
			return false;
	return ipaddr_eq(&a->gateway, &b->gateway) && a->ifindex == b->ifindex && a->local == b->local &&
	       a->discard == b->discard;
}

static void report(struct routes *r, const struct route *key)
{
	struct entry *best = best_of(r, key->vrf, &key->dst);

	r->changed(r->arg, key, best ? &best->route : NULL);
}

int routes_add(struct routes *r, const struct route *route)
{
	struct entry *e = best_of(r, route->vrf, &route->dst), *best = e;

	while (e && same_key(&e->route, route->vrf, &route->dst) && e->route.metric != route->metric)
		e = e->next;
	if (e && same_key(&e->route, route->vrf, &route->dst)) {
		bool changed = !same_route(&e->route, route);

		e->seen = true;
		e->route = *route;
		if (changed && e == best)
			report(r, route);
		return 0;
	}
	e = malloc(sizeof *e);
	if (!e)
		return -ENOMEM;
	*e = (struct entry){ .route = *route, .seen = true };
	if (++r->count > r->bucket_count * 2)
		grow(r);
	insert(r, e);
	if (best_of(r, route->vrf, &route->dst) == e)
		report(r, route);
	return 0;
}

static void remove_at(struct routes *r, struct entry **at)
{
	struct entry *e = *at;
	struct route key = e->route;
	bool was_best = best_of(r, key.vrf, &key.dst) == e;

	*at = e->next;
	free(e);
	r->count--;
	if (was_best)
		report(r, &key);
}

void routes_del(struct routes *r, const struct route *route)
{
	struct entry **at = &r->buckets[hash(r, route->vrf, &route->dst)];

	while (*at && !(same_key(&(*at)->route, route->vrf, &route->dst) && (*at)->route.metric == route->metric))
		at = &(*at)->next;
	if (*at)
		remove_at(r, at);
}

void routes_dump_begin(struct routes *r)
{
	for (size_t i = 0; i < r->bucket_count; i++) {
		for (struct entry *e = r->buckets[i]; e; e = e->next)
			e->seen = false;
	}
}

void routes_dump_end(struct routes *r)
{
	for (size_t i = 0; i < r->bucket_count; i++) {
		struct entry **at = &r->buckets[i];

		while (*at) {
			if ((*at)->seen)
				at = &(*at)->next;
			else
				remove_at(r, at);
		}
	}
}

const struct route *routes_lookup(const struct routes *r, uint32_t vrf, const struct ipaddr *a)
{
	for (int len = ip_family_bits(a->family); len >= 0; len--) {
		struct ipprefix p = ipprefix_make(a, (uint8_t)len);
		struct entry *e = best_of(r, vrf, &p);

		if (e)
			return &e->route;
	}
	return NULL;
}

void routes_replay(const struct routes *r, routes_changed each, void *arg)
{
	for (size_t i = 0; i < r->bucket_count; i++) {
		for (struct entry *e = r->buckets[i]; e; e = e->next) {
			if (best_of(r, e->route.vrf, &e->route.dst) == e)
				each(arg, &e->route, &e->route);
		}
	}
}

size_t routes_count(const struct routes *r)
{
	return r->count;
}
