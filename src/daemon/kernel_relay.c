#include "daemon/kernel_relay.h"

#include <string.h>

#include "daemon/kernel_tunnel.h"
#include "kernel/lean.h"

bool kernel_relay_reaches(const void *tunnel, uint64_t peer)
{
	const struct kernel_tunnel *t = tunnel;
	const struct datapath_peer *p = datapath_peers_find(&t->peers, peer);

	if (!p || (p->serves && t->keeps_to_dead))
		return true;
	return t->owner->calls->reaches(t->owner->arg, t->number, &p->nbma);
}

static const struct datapath_peer *best_relay(const struct kernel_tunnel *t)
{
	for (size_t i = 0; i < t->relay_count; i++) {
		const struct datapath_peer *p = datapath_peers_find(&t->peers, t->relays[i]);

		if (p && t->owner->calls->reaches(t->owner->arg, t->number, &p->nbma))
			return p;
	}
	return NULL;
}

void kernel_relay_follow(struct kernel_tunnel *t)
{
	const struct datapath_peer *best = best_relay(t);
	const struct ipaddr *remote = best ? &best->nbma.addr : &t->destination;

	if (kernel_tunnel_is_multipoint(t) || ipaddr_eq(remote, &t->device.remote))
		return;
	gre_outbox_flush(t->owner->outbox);
	t->device.remote = *remote;
	(void)gre_device_set(t->owner->netlink, &t->device, &t->ifindex); /* tried again with the next change */
}

void kernel_relay_asked(void *arg, int ifindex, const struct ipaddr *a)
{
	struct datapath_kernel *k = arg;
	struct kernel_tunnel *t = k->tunnels;
	const struct datapath_peer *relay;
	struct event ev = { .type = EVENT_MISS };

	while (t && t->ifindex != ifindex)
		t = t->next;
	if (!t)
		return;
	relay = t->serves ? NULL : best_relay(t);
	if (relay) {
		struct lladdr l = lladdr_of_nbma(&relay->nbma.addr);

		(void)neighbour_lean(k->netlink, ifindex, a, &l); /* asked again if it failed */
	}
	ev.tunnel = t->number;
	ev.miss.addr = *a;
	k->calls->feed(k->arg, &ev);
}

struct lean_walk {
	struct kernel_tunnel *tunnel;
	struct lladdr relay;
};

static void lean_again(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	const struct lean_walk *w = arg;
	struct lladdr own;

	/* One of ours that is looked at for its use is not permanent either. */
	if (!kernel_entry_get(&w->tunnel->entries, a, &own) && memcmp(l, &w->relay, sizeof *l) != 0)
		(void)neighbour_lean(w->tunnel->owner->netlink, w->tunnel->ifindex, a, &w->relay);
}

static void lean_no_more(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	const struct lean_walk *w = arg;
	struct lladdr own;

	(void)l;
	if (!kernel_entry_get(&w->tunnel->entries, a, &own))
		(void)neighbour_del(w->tunnel->owner->netlink, w->tunnel->ifindex, a);
}

void kernel_relay_turn(struct kernel_tunnel *t)
{
	const struct datapath_peer *relay = t->serves ? NULL : best_relay(t);
	struct lean_walk w = { .tunnel = t };

	kernel_relay_follow(t);
	if (!kernel_tunnel_is_multipoint(t) || t->ifindex == 0)
		return;
	kernel_entries_look(&t->entries, t->owner->netlink, t->ifindex, relay ? &relay->nbma.addr : &IPADDR_NONE);
	if (relay)
		w.relay = lladdr_of_nbma(&relay->nbma.addr);
	if (relay || t->serves)
		(void)neighbour_dump_leaning(t->owner->netlink, t->ifindex, t->serves ? lean_no_more : lean_again, &w);
}
