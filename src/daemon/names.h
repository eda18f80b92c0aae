/*
 * names: host names to addresses (EFFECT_RESOLVE) without holding up the loop.
 */
#ifndef DMVPN_DAEMON_NAMES_H
#define DMVPN_DAEMON_NAMES_H

#include <uv.h>

#include "base/ipaddr.h"

enum { NAME_ADDRS_MAX = 16 };

/* count 0: does not resolve. */
typedef void (*name_resolved)(void *arg, uint32_t tunnel, const char *name, size_t count,
			      const struct ipaddr *addrs);

/* Answers by the callback, always. 0, or -errno when not even that is possible. */
int name_resolve(uv_loop_t *loop, uint32_t tunnel, const char *name, enum ip_family family,
		 name_resolved resolved, void *arg);

#endif
