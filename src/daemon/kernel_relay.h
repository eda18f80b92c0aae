/*
 * kernel_relay: who stands in for whom on the kernel data path. What is not resolved leans on the best live NHS that can be
 * reached, and so does what is for an NHS that is dead; nothing does where we serve: nobody knows whom a packet came from, and
 * another server might lean on us.
 */
#ifndef DMVPN_DAEMON_KERNEL_RELAY_H
#define DMVPN_DAEMON_KERNEL_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"

struct kernel_tunnel;

/* For kernel_entries: packets get to that peer of the tunnel, a struct kernel_tunnel. */
bool kernel_relay_reaches(const void *tunnel, uint64_t peer);
/* A phase 1 spoke's far end is the best live NHS, the configured one without any. */
void kernel_relay_follow(struct kernel_tunnel *t);
/* Who lives or can be reached may have changed: what leans on an NHS, and what is for it, moves in the same step. */
void kernel_relay_turn(struct kernel_tunnel *t);
/* For probe_read(): a neighbour is asked for; it leans on the relay until the engine has resolved it, where we serve it waits. */
void kernel_relay_asked(void *datapath_kernel, int ifindex, const struct ipaddr *a);

#endif
