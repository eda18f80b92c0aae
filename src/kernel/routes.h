/*
 * routes: a mirror of the kernel's routes of the overlay VRFs. The kernel may hold several
 * routes for one prefix, told apart by metric; the one of the lowest metric is used, and
 * only changes of that one are reported.
 */
#ifndef DMVPN_KERNEL_ROUTES_H
#define DMVPN_KERNEL_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipaddr.h"
#include "kernel/monitor.h"

struct route {
	uint32_t vrf;
	struct ipprefix dst;
	uint32_t metric;
	struct ipaddr gateway; /* IP_NONE: connected */
	int ifindex;           /* 0: none (discard) */
	size_t more_count;     /* further next hops of a multipath route */
	struct route_way more[ROUTE_MORE_MAX];
	bool local;
	bool discard;
};

struct routes;

/* best is NULL when the last route of the prefix went; then only vrf and dst of `key` count. */
typedef void (*routes_changed)(void *arg, const struct route *key, const struct route *best);

struct routes *routes_new(routes_changed changed, void *arg); /* NULL when out of memory */
void routes_free(struct routes *r);

int routes_add(struct routes *r, const struct route *route); /* replaces the same metric; 0 or -ENOMEM */
void routes_del(struct routes *r, const struct route *route);

/* Around a dump: routes that are not added between the two are deleted at the end. */
void routes_dump_begin(struct routes *r);
void routes_dump_end(struct routes *r);

/* The route that the kernel would use, without looking at shortcuts; NULL: none. */
const struct route *routes_lookup(const struct routes *r, uint32_t vrf, const struct ipaddr *a);
/* Reports every best route again, in no defined order. */
void routes_replay(const struct routes *r, routes_changed each, void *arg);
size_t routes_count(const struct routes *r);

#endif
