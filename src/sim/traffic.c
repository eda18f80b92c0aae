/* Data packets: walked from LAN to LAN over the routers' tables as they stand. */
#include <inttypes.h>
#include <string.h>

#include "sim/session.h"
#include "sim/world.h"
#include "wire/checksum.h"

enum { HOPS_MAX = 8, SNAP_OCTETS = 28 /* IP header and 8 more, as an old Cisco quotes it */ };

struct walk {
	struct router *at;
	struct router *before; /* NULL at the first router */
	uint32_t in;           /* the tunnel by which it came from there */
	size_t hops;           /* over the tunnel */
	size_t visited[HOPS_MAX + 1];
};

static void packet_head(const struct ipaddr *src, const struct ipaddr *dst, uint8_t out[SNAP_OCTETS])
{
	static const uint8_t head[12] = { 0x45, 0, 0, 84, 0, 1, 0, 0, 63, 17 };
	uint16_t sum;

	memset(out, 0, SNAP_OCTETS);
	memcpy(out, head, sizeof head);
	memcpy(out + 12, src->bytes, 4);
	memcpy(out + 16, dst->bytes, 4);
	sum = checksum(out, 20);
	out[10] = (uint8_t)(sum >> 8);
	out[11] = (uint8_t)sum;
}

/* A packet came in by the tunnel and leaves by it: what the redirect watches for. */
static void tell_hairpin(struct world *w, const struct walk *k, uint32_t out, const struct ipaddr *src,
			 const struct ipaddr *dst)
{
	uint8_t head[SNAP_OCTETS];

	if (w->scenario->phase != 3 || !k->at->is_hub)
		return;
	packet_head(src, dst, head);
	world_tell(w, k->at, &(struct event){
		.type = EVENT_HAIRPIN, .tunnel = k->in,
		.hairpin = { .peer = host_peer_of(&k->at->host, k->in, &k->before->uplinks[design_uplink(w, k->in)].nbma),
			     .tunnel_out = out,
			     .bytes = head, .length = sizeof head } });
}

static bool step_is_loop(struct world *w, struct walk *k)
{
	const size_t here = world_index(w, k->at);

	for (size_t i = 0; i < k->hops; i++) {
		if (k->visited[i] == here)
			return true;
	}
	k->visited[k->hops] = here;
	return k->hops >= HOPS_MAX;
}

/* As the forwarder does it for a peer that cannot be sent to: the first relay that can. */
static struct ipaddr relay_that_can(const struct world *w, const struct router *r, uint32_t tunnel)
{
	const struct host_relays *const relays = table_find(&r->host.relays, &tunnel);

	for (size_t i = 0; relays && i < relays->count; i++) {
		const struct host_peer *const p = host_peer_find(&r->host, relays->peers[i]);

		if (p && session_can_send(w, r, tunnel, &p->nbma))
			return p->nbma;
	}
	return IPADDR_NONE;
}

/* The router that gets it next, or NULL: nobody does. */
static struct router *hand_over(struct world *w, struct walk *k, struct host_answer *a, bool live)
{
	struct router *next;

	if (a->verdict == HOST_SENT && !session_can_send(w, k->at, a->tunnel, &a->nbma))
		a->nbma = relay_that_can(w, k->at, a->tunnel);
	next = a->verdict == HOST_SENT ? world_router_of_nbma(w, &a->nbma) : NULL;
	if (!next || !world_reaches(w, k->at, next, design_uplink(w, a->tunnel)) || !router_has_tunnel(next, a->tunnel))
		return NULL;
	if (session_carries(w, k->at, next, a->tunnel))
		return next;
	if (live)
		session_refused(w, k->at, next, a->tunnel);
	return NULL;
}

/* True when the packet arrives. With `live` the engines hear of what they would hear of. */
static bool walk(struct world *w, struct walk *k, const struct router *from, const struct router *to, bool live)
{
	const struct ipaddr *dst = &to->lan_host;

	while (router_is_awake(k->at)) {
		struct host_answer a = host_forward(&k->at->host, dst, w->now);
		struct router *next;

		if (step_is_loop(w, k)) {
			world_fail(w, k->at, "a packet from %s to %s goes in a loop", from->name, to->name);
			return false;
		}
		if (a.verdict == HOST_HERE)
			return k->at == to;
		if (live && k->before && a.verdict == HOST_SENT)
			tell_hairpin(w, k, a.tunnel, &from->lan_host, dst);
		if (live && a.missed)
			world_tell(w, k->at, &(struct event){ .type = EVENT_MISS, .tunnel = a.tunnel,
							      .miss = { .addr = a.next_hop } });
		next = hand_over(w, k, &a, live);
		if (!next)
			return false;
		k->before = k->at;
		k->in = a.tunnel;
		k->at = next;
		k->hops++;
	}
	return false;
}

static void send_one(struct world *w, struct router *from, const struct router *to, struct outage_watch *watch)
{
	struct walk k = { .at = from };
	const bool arrived = walk(w, &k, from, to, true);
	const bool exists = arrived || world_connects(w, from, to);
	const struct span outage = outage_packet(&w->outages, watch, w->now, exists, arrived);

	world_mark(w, from, (uint64_t)arrived << 8 | 2, k.hops);
	world_trace(w, from, "packet to %s: %s after %zu hops", to->name, arrived ? "arrives" : "is lost", k.hops);
	w->result->packets_sent++;
	w->result->packets_delivered += arrived;
	w->result->packets_direct += arrived && k.hops == 1;
	if (w->scenario->outage.us > 0 && outage.us > w->scenario->outage.us)
		world_fail(w, from, "has no packet arrived at %s for %" PRId64 " ms", to->name, outage.us / 1000);
}

/* There and back, as conversations go. */
void traffic_send(struct world *w, struct pair *p)
{
	send_one(w, &w->routers[p->from], &w->routers[p->to], &p->there);
	send_one(w, &w->routers[p->to], &w->routers[p->from], &p->back);
}

bool traffic_probe(struct world *w, size_t from, size_t to, bool *direct)
{
	struct walk k = { .at = &w->routers[from] };
	const bool arrived = walk(w, &k, &w->routers[from], &w->routers[to], false);

	*direct = arrived && k.hops == 1;
	return arrived;
}
