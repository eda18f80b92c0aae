/*
 * net_filter: the nftables rules of the underlay: address translation in NAT boxes, loss on
 * cables to the internet. They live in the node across the router's cable, never in a router.
 */
#ifndef DMVPN_LAB_NET_FILTER_H
#define DMVPN_LAB_NET_FILTER_H

#include "lab/lab.h"

/* Once, when all nodes are there. 0 or 2 with the reason. */
int net_filters(const struct lab *lab, char *error, size_t size);

#endif
