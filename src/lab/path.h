/*
 * path: which routers a pair's packets pass, and what kind of path that makes it.
 */
#ifndef DMVPN_LAB_PATH_H
#define DMVPN_LAB_PATH_H

#include "lab/probe.h"

struct path {
	bool complete; /* the far host answered and every hop on the way is known */
	size_t count;
	size_t routers[PROBE_HOPS];
};

struct path path_of(const struct lab_plan *plan, const struct probe_pair *pair);
bool path_has(const struct path *p, size_t router);
/* Do the packets cross from one router to the other, either way round? */
bool path_crosses(const struct path *p, size_t a, size_t b);
bool path_is_direct(const struct lab_plan *plan, const struct path *p); /* passes no hub */
bool pair_is_spoke_to_spoke(const struct lab_plan *plan, const struct probe_pair *pair);
/* "spoke -> spoke, direct", "spoke -> centre via hub1"; malloc'd. */
char *path_class(const struct lab_plan *plan, const struct probe_pair *pair, const struct path *p);

#endif
