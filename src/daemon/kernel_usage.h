/*
 * kernel_usage: whether a packet goes to a neighbour of a kernel GRE device. The kernel notes the
 * use of an entry only while it is not permanent. So the entry is made stale for a while, which
 * changes nothing for its traffic, and then looked at.
 */
#ifndef DMVPN_DAEMON_KERNEL_USAGE_H
#define DMVPN_DAEMON_KERNEL_USAGE_H

#include <uv.h>

#include "kernel/neighbour.h"

struct usage_question {
	struct netlink *netlink;
	int ifindex;
	uint32_t tunnel;
	uint64_t peer;
	struct ipaddr addr;
	struct lladdr lladdr; /* as the entry is */
	/* The answer, once. Not when the entry has gone meanwhile. It is for the caller to make it permanent again. */
	void (*told)(void *arg, const struct usage_question *q, bool used);
	void *arg;
};

void kernel_usage_ask(uv_loop_t *loop, const struct usage_question *q);

#endif
