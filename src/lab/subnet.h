/*
 * subnet: free addresses of a subnet, for the nodes that the lab adds to it.
 */
#ifndef DMVPN_LAB_SUBNET_H
#define DMVPN_LAB_SUBNET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipaddr.h"

/* The first host address of the prefix not in used[]; false when there is none. */
bool subnet_first_free(const struct ipprefix *p, const struct ipaddr *used, size_t count, struct ipaddr *out);
/* The last but one free host address (routers tend to sit at either end), or the last when
 * only one is free; false when none is. */
bool subnet_host(const struct ipprefix *p, const struct ipaddr *used, size_t count, struct ipaddr *out);

#endif
