#include "engine/rib.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static int by_prefix(const void *key, const struct tree_node *node)
{
	return ipprefix_cmp(key, &CONTAINER_OF(node, const struct route, node)->dst);
}

void rib_init(struct rib *r, uint32_t vrf)
{
	*r = (struct rib){ .vrf = vrf };
	tree_init(&r->routes, by_prefix);
	tree_init(&r->locals, by_prefix);
}

static void empty(struct tree *t)
{
	struct tree_node *n;

	while ((n = tree_first(t))) {
		tree_remove(t, n);
		free(CONTAINER_OF(n, struct route, node));
	}
}

void rib_done(struct rib *r)
{
	empty(&r->routes);
	empty(&r->locals);
}

static size_t *length_count(struct rib *r, const struct ipprefix *p)
{
	return p->addr.family == IP_V4 ? &r->v4_lengths[p->len] : &r->v6_lengths[p->len];
}

static struct route *find(const struct tree *t, const struct ipprefix *dst)
{
	struct tree_node *const n = tree_find(t, dst);

	return n ? CONTAINER_OF(n, struct route, node) : NULL;
}

static struct route *find_or_add(struct tree *t, const struct ipprefix *dst, bool *added)
{
	struct route *x = find(t, dst);

	*added = !x;
	if (x)
		return x;
	x = alloc_zero(1, sizeof *x);
	x->dst = *dst;
	tree_insert(t, dst, &x->node);
	return x;
}

static bool drop(struct tree *t, const struct ipprefix *dst)
{
	struct route *const x = find(t, dst);

	if (!x)
		return false;
	tree_remove(t, &x->node);
	free(x);
	return true;
}

void rib_set(struct rib *r, const struct route *route)
{
	bool added;
	struct route *const x = find_or_add(&r->routes, &route->dst, &added);

	x->gateway = route->gateway;
	x->via_tunnel = route->via_tunnel;
	x->tunnel = route->tunnel;
	x->more_count = route->more_count;
	memcpy(x->more, route->more, sizeof x->more);
	x->withdrawn = false;
	if (added)
		++*length_count(r, &route->dst);
}

void rib_del(struct rib *r, const struct ipprefix *dst)
{
	if (drop(&r->routes, dst))
		--*length_count(r, dst);
}

void rib_set_local(struct rib *r, const struct ipprefix *addr)
{
	bool added;

	find_or_add(&r->locals, addr, &added);
}

void rib_del_local(struct rib *r, const struct ipprefix *addr)
{
	drop(&r->locals, addr);
}

bool rib_is_local(const struct rib *r, const struct ipaddr *addr)
{
	const struct ipprefix host = ipprefix_host(addr);

	return find(&r->locals, &host) != NULL;
}

const struct route *rib_find(const struct rib *r, const struct ipprefix *dst)
{
	return find(&r->routes, dst);
}

struct route *rib_find_mutable(struct rib *r, const struct ipprefix *dst)
{
	return find(&r->routes, dst);
}

const struct route *rib_match(const struct rib *r, const struct ipaddr *addr, uint8_t max_len)
{
	const bool v4 = addr->family == IP_V4;

	for (int len = max_len; len >= 0; len--) {
		const struct route *x;
		struct ipprefix p;

		if (!(v4 ? r->v4_lengths[len] : r->v6_lengths[len]))
			continue;
		p = ipprefix_make(addr, (uint8_t)len);
		x = find(&r->routes, &p);
		if (x)
			return x;
	}
	return NULL;
}

const struct route *rib_next_inside(const struct rib *r, const struct ipprefix *prefix,
				    const struct route *previous)
{
	const struct tree_node *const n =
		previous ? tree_next(&previous->node) : tree_after(&r->routes, prefix);
	const struct route *const x = n ? CONTAINER_OF(n, const struct route, node) : NULL;

	return x && ipprefix_covers(prefix, &x->dst) ? x : NULL;
}

static bool leads_by(const struct route *route, const struct ipaddr *gateway)
{
	for (size_t i = 0; i < route->more_count; i++)
		if (ipaddr_eq(&route->more[i].gateway, gateway))
			return true;
	return ipaddr_eq(&route->gateway, gateway);
}

bool rib_leads_by(const struct rib *r, const struct ipaddr *gateway)
{
	for (struct tree_node *n = tree_first(&r->routes); n; n = tree_next(n))
		if (leads_by(CONTAINER_OF(n, struct route, node), gateway))
			return true;
	return false;
}
