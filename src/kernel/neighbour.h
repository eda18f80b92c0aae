/*
 * neighbour: permanent neighbour entries of tunnel devices. On the user data path the
 * link-layer address is the MAC 02:<peer id>, on the kernel's multipoint GRE device it is
 * the NBMA address. Every function answers 0 or -errno; repeating one is no error.
 */
#ifndef DMVPN_KERNEL_NEIGHBOUR_H
#define DMVPN_KERNEL_NEIGHBOUR_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum { NEIGHBOUR_LLADDR_MAX = 16 };

struct lladdr {
	uint8_t length; /* 6: MAC, 4 or 16: NBMA address */
	uint8_t bytes[NEIGHBOUR_LLADDR_MAX];
};

struct lladdr lladdr_of_peer(uint64_t peer);            /* 02:<40 bits of id> */
struct lladdr lladdr_of_nbma(const struct ipaddr *nbma);
uint64_t lladdr_peer(const struct lladdr *l);      /* and back: 0, it is none */
struct ipaddr lladdr_nbma(const struct lladdr *l); /* and back: IP_NONE, it is none */

int neighbour_set(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l);
int neighbour_del(struct netlink *n, int ifindex, const struct ipaddr *a);

/* The same, queued. */
void neighbour_queue_set(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l);
void neighbour_queue_del(struct netlink *n, int ifindex, const struct ipaddr *a);
/* Was the request one of them, and its refusal matters: what it was about. */
struct neighbour_request {
	bool set;
	int ifindex;
	struct ipaddr addr;
};
bool neighbour_refused(const struct nlmsghdr *request, int rc, struct neighbour_request *out);

/* Permanent entries of one device. */
typedef void (*neighbour_each)(void *arg, const struct ipaddr *a, const struct lladdr *l);
int neighbour_dump(struct netlink *n, int ifindex, neighbour_each each, void *arg);

#endif
