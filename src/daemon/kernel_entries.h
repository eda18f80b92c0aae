/*
 * kernel_entries: the permanent neighbour entries of a kernel GRE tunnel, and where they lead.
 * The link-layer address of an entry is the NBMA address of its peer; while that is an NHS that
 * is dead, the one of the best that lives: so frames for the dead one go there until routing
 * has turned away, as the forwarder does it on the user data path. The same goes for a peer that cannot be
 * reached, since its IPsec session is not up.
 */
#ifndef DMVPN_DAEMON_KERNEL_ENTRIES_H
#define DMVPN_DAEMON_KERNEL_ENTRIES_H

#include "base/tree.h"
#include "engine/effect.h"
#include "kernel/neighbour.h"

struct kernel_entries {
	struct tree tree;
	bool (*reaches)(const void *arg, uint64_t peer); /* packets for that peer get to it */
	const void *arg;
	struct ipaddr relay; /* NBMA address of the best live NHS; IP_NONE: none */
	size_t dead_count;
	uint64_t dead[RELAYS_MAX]; /* peers that are an NHS which does not live */
};

void kernel_entries_init(struct kernel_entries *k, bool (*reaches)(const void *arg, uint64_t peer), const void *arg);
void kernel_entries_done(struct kernel_entries *k);

/* An entry is made or moves to another peer: what it shall say. */
struct lladdr kernel_entry_set(struct kernel_entries *k, const struct ipaddr *addr, uint64_t peer,
			       const struct ipaddr *nbma);
void kernel_entry_del(struct kernel_entries *k, const struct ipaddr *addr); /* unknown is fine */
/* As set last; false: there is none. */
bool kernel_entry_get(const struct kernel_entries *k, const struct ipaddr *addr, struct lladdr *out);

/* NHSs have died or live again: kernel_entries_look() shall move what is for them. */
void kernel_entries_dead(struct kernel_entries *k, size_t count, const uint64_t *dead);
/* The relay, who is dead or who can be reached may have changed: entries move, in the kernel of that device. */
void kernel_entries_look(struct kernel_entries *k, struct netlink *n, int ifindex, const struct ipaddr *relay);

#endif
