#include "forward/neighbour.h"

#include "forward/frame.h"
#include "forward/hash.h"
#include "forward/protect.h"

/* false: asked too often. An answer that the control process does not hear of could stand for long,
 * although it has a better one. */
static bool miss_tell(struct worker *w, const struct tunnel *t, const struct ipaddr *target)
{
	struct miss_slot *slot = &w->misses[hash_ipaddr(t->conf.tunnel, target) % MISS_SLOTS];
	const bool again = slot->tunnel == t->conf.tunnel && ipaddr_eq(&slot->addr, target) &&
			   instant_since(w->now, slot->told).us < span_ms(MISS_INTERVAL_MS).us;
	struct forward_miss miss = { .tunnel = t->conf.tunnel, .addr = *target };

	if (again && slot->count >= MISS_BURST)
		return false;
	if (!w->io.control_send(w->io.context, FORWARD_MISS, &miss, sizeof miss))
		return true;
	if (!again)
		*slot = (struct miss_slot){ t->conf.tunnel, *target, w->now, 0 };
	slot->count++;
	return true;
}

struct peer *neighbour_relay(const struct worker *w, const struct tunnel *t)
{
	struct peer *first = NULL;

	for (size_t i = 0; i < t->relay_count; i++) {
		struct peer *p = peer_find(&w->tables->peers, t->conf.tunnel, t->relays[i]);

		if (p && protect_can_send(w, t, p))
			return p;
		if (!first)
			first = p;
	}
	return first;
}

bool neighbour_answer(struct worker *w, struct tunnel *t, const struct ipaddr *target, uint64_t *peer, uint8_t mac[6])
{
	const struct peer *relay;

	if (tunnel_owns(t, target)) {
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
		return false;
	}
	if (tunnel_is_p2p(t)) {
		*peer = PEER_ID_FAR_END;
		mac_of_peer(*peer, mac);
		return true;
	}
	if (!miss_tell(w, t, target)) { /* the kernel asks again in a second */
		worker_drop(w, FORWARD_DROP_LOCAL_LINK);
		return false;
	}
	relay = neighbour_relay(w, t);
	if (!relay) {
		worker_drop(w, FORWARD_DROP_NO_RELAY);
		return false;
	}
	*peer = relay->id;
	mac_of_stand_in(*peer, mac);
	return true;
}
