/*
 * kernel_blocks: the local addresses from which and to which GRE passes by charon's policies only (kernel/esp.h), as long
 * as a protected tunnel stands there. The kernel sees addresses and not tunnels, so all tunnels of an address are protected
 * by the same profile, or none is.
 *
 * A tunnel claims its address before its device is set, and settles on it after: while it moves it has both.
 */
#ifndef DMVPN_DAEMON_KERNEL_BLOCKS_H
#define DMVPN_DAEMON_KERNEL_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

struct kernel_block {
	uint32_t tunnel;
	struct ipaddr local;
	uint32_t protection; /* 0: unprotected, nothing is blocked */
};

struct kernel_blocks {
	/* The kernel shall block that address, or not. 0 or -errno. */
	int (*block)(void *arg, const struct ipaddr *local, bool on);
	void *arg;
	size_t count;
	struct kernel_block *list;
};

/* 0 with the block there, or -errno: -EADDRINUSE where another tunnel stands there under another profile.
 * An address that is not known yet is nobody's: the tunnel is down. */
int kernel_blocks_claim(struct kernel_blocks *b, const struct kernel_block *claim);
/* The tunnel has left what else it had claimed. */
void kernel_blocks_settle(struct kernel_blocks *b, const struct kernel_block *claim);
/* It is gone, and so is its device. */
void kernel_blocks_leave(struct kernel_blocks *b, uint32_t tunnel);
void kernel_blocks_done(struct kernel_blocks *b); /* the kernel keeps what it has */

#endif
