/* Data packets: walked from LAN to LAN over the routers' tables as they stand. */
#include <inttypes.h>
#include <string.h>

#include "sim/gre.h"
#include "sim/session.h"
#include "sim/world.h"
#include "wire/checksum.h"

enum { HOPS_MAX = 8, SNAP_OCTETS = 48 /* IP header and 8 more, as an old Cisco quotes it */ };

struct walk {
	struct router *at;
	struct router *before; /* NULL at the first router */
	uint32_t in;           /* the tunnel by which it came from there */
	size_t hops;           /* over the tunnel */
	size_t visited[HOPS_MAX + 1];
};

static size_t packet_head_v6(const struct ipaddr *src, const struct ipaddr *dst, uint8_t out[SNAP_OCTETS])
{
	static const uint8_t head[8] = { 0x60, 0, 0, 0, 0, 64, 17, 63 };

	memset(out, 0, SNAP_OCTETS);
	memcpy(out, head, sizeof head);
	memcpy(out + 8, src->bytes, 16);
	memcpy(out + 24, dst->bytes, 16);
	return 48;
}

static size_t packet_head(const struct ipaddr *src, const struct ipaddr *dst, uint8_t out[SNAP_OCTETS])
{
	static const uint8_t head[12] = { 0x45, 0, 0, 84, 0, 1, 0, 0, 63, 17 };
	uint16_t sum;

	if (src->family == IP_V6)
		return packet_head_v6(src, dst, out);
	memset(out, 0, SNAP_OCTETS);
	memcpy(out, head, sizeof head);
	memcpy(out + 12, src->bytes, 4);
	memcpy(out + 16, dst->bytes, 4);
	sum = checksum(out, 20);
	out[10] = (uint8_t)(sum >> 8);
	out[11] = (uint8_t)sum;
	return 28;
}

/* A packet came in by the tunnel and leaves by it, or out NULL by none: what the redirect watches for. */
static void tell_hairpin(struct world *w, const struct walk *k, const uint32_t *out, const struct ipaddr *src,
			 const struct ipaddr *dst)
{
	uint8_t head[SNAP_OCTETS];
	size_t length;

	if (w->scenario->phase != 3 || !k->at->is_hub)
		return;
	length = packet_head(src, dst, head);
	world_tell(w, k->at, &(struct event){
		.type = EVENT_HAIRPIN, .tunnel = k->in,
		.hairpin = { .peer = host_peer_of(&k->at->host, k->in, &k->before->uplinks[design_uplink(w, k->in)].nbma),
			     .outside = out == NULL, .tunnel_out = out ? *out : 0,
			     .bytes = head, .length = length } });
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

	for (size_t i = 0; relays && i < relays->told.count; i++) {
		const struct host_peer *const p = host_peer_find(&r->host, relays->told.peers[i]);

		if (p && session_can_send(w, r, tunnel, &p->nbma))
			return p->nbma;
	}
	return IPADDR_NONE;
}

/* The sender's forwarder may say that nothing comes back, the receiver's notes that something came. */
static void note_hop(struct world *w, struct walk *k, const struct host_answer *a, const struct router *next, uint32_t in)
{
	const size_t uplink = design_uplink(w, a->tunnel);

	if (host_sent_quietly(&k->at->host, a->tunnel, &a->nbma, w->now))
		world_tell(w, k->at, &(struct event){ .type = EVENT_QUIET, .tunnel = a->tunnel,
						      .quiet = { .nbma = { .addr = a->nbma }, .guessed = k->at->host.kernel } });
	if (next)
		host_received(&w->routers[world_index(w, next)].host, in, &k->at->uplinks[uplink].nbma, w->now);
}

/* What has come from a relay does not go back to it, nor to another that only stands in for somebody, as the forwarder has
 * it; the kernel does not know whom it came from. */
static bool is_refused(const struct walk *k, const struct host_answer *a, const struct ipaddr *from, const struct router *next)
{
	const struct host *const h = &k->at->host;

	if (h->kernel || h->point_to_point || !k->before || k->in != a->tunnel || !host_is_relay(h, a->tunnel, &a->nbma))
		return false;
	return next == k->before || (a->stands_in && host_is_relay(h, k->in, from));
}

/* The router that gets it next, and by which tunnel; or NULL: nobody does. */
static struct router *hand_over(struct world *w, struct walk *k, struct host_answer *a, bool live, uint32_t *in)
{
	struct router *next;

	if (a->verdict == HOST_SENT && !session_can_send(w, k->at, a->tunnel, &a->nbma)) {
		a->nbma = relay_that_can(w, k->at, a->tunnel);
		a->stands_in = true;
	}
	next = a->verdict == HOST_SENT ? world_router_of_nbma(w, &a->nbma) : NULL;
	if (!next || !world_reaches(w, k->at, next, design_uplink(w, a->tunnel)) || !gre_takes(w, k->at, next, a->tunnel, in))
		return NULL;
	if (k->before && is_refused(k, a, &k->before->uplinks[design_uplink(w, k->in)].nbma, next))
		return NULL;
	if (session_carries(w, k->at, next, a->tunnel))
		return next;
	if (live)
		session_refused(w, k->at, next, a->tunnel);
	return NULL;
}

/* A hub that has no route to a spoke hands over inside to one that has; that is a route, too, and of the same routing
 * protocol: who has just started has none. */
static bool goes_inside(struct world *w, struct walk *k, const struct host_answer *a, const struct ipaddr *src,
			const struct ipaddr *dst, const struct router *to, bool live)
{
	struct router *const hub = a->verdict == HOST_NO_ROUTE && k->at->is_hub && k->at->routed && to ?
					   routing_hub_towards(w, world_index(w, to)) : NULL;

	if (!hub || hub == k->at)
		return false;
	if (live && k->before && w->scenario->partners)
		tell_hairpin(w, k, NULL, src, dst);
	world_trace(w, k->at, "passes it on inside to %s", hub->name);
	k->before = NULL;
	k->at = hub;
	k->hops++;
	return true;
}

/* True when the packet arrives; to NULL: at the centre. With `live` the engines hear of what they would hear of. */
static bool walk(struct world *w, struct walk *k, const struct ipaddr *src, const struct ipaddr *dst, const struct router *to,
		 bool live)
{
	while (router_is_awake(k->at)) {
		struct host_answer a = host_forward(&k->at->host, dst, w->now);
		struct router *next;
		uint32_t in = a.tunnel;

		if (step_is_loop(w, k)) {
			world_fail(w, k->at, "a packet to %s goes in a loop", to ? to->name : "the centre");
			return false;
		}
		if (goes_inside(w, k, &a, src, dst, to, live))
			continue;
		if (a.verdict == HOST_HERE)
			return to ? k->at == to : k->at->is_hub;
		if (live && k->before && a.verdict == HOST_SENT)
			tell_hairpin(w, k, &a.tunnel, src, dst);
		if (live && a.missed)
			world_tell(w, k->at, &(struct event){ .type = EVENT_MISS, .tunnel = a.tunnel,
							      .miss = { .addr = a.next_hop } });
		next = hand_over(w, k, &a, live, &in);
		if (live && a.verdict == HOST_SENT)
			note_hop(w, k, &a, next, in);
		if (!next)
			return false;
		world_trace(w, k->at, "passes it on to %s%s", next->name, a.stands_in ? ", which stands in" : "");
		k->before = k->at;
		k->in = in;
		k->at = next;
		k->hops++;
	}
	return false;
}

/* Packets of a way that was direct just now, and that the underlay still carries, are not to be lost. */
static void judge_direct(struct world *w, const struct router *from, const struct router *to, struct outage_watch *watch,
			 bool arrived, size_t hops)
{
	if (arrived)
		watch->direct = hops == 1;
	if (arrived || !watch->direct || !router_is_awake(from) || !router_is_awake(to) || !world_reaches(w, from, to, 0))
		return;
	w->result->direct_lost++;
	if (w->result->direct_lost > w->scenario->direct_lost_max)
		world_fail(w, from, "has lost more packets to spokes it had a direct way to than it may, now to %s", to->name);
}

/* One end of each is a spoke; the other may be the centre, which is NULL. */
static void send_one(struct world *w, struct router *from, const struct router *to, struct outage_watch *watch, size_t target)
{
	const struct ipaddr centre = design_centre(w), dst = to ? design_host(w, to, target * w->scenario->prefixes / TARGETS) : centre;
	const struct router *const spoke = from ? from : to;
	struct walk k = { .at = from ? from : routing_hub_towards(w, world_index(w, to)) };
	const bool arrived = k.at && walk(w, &k, from ? &from->lan_host : &centre, &dst, to, true);
	const bool exists = arrived || world_connects(w, spoke, to ? to : spoke);
	const struct span outage = outage_packet(&w->outages, watch, w->now, exists, arrived);
	const char *const name = to ? to->name : "the centre";

	world_mark(w, spoke, (uint64_t)arrived << 8 | (from ? 2 : 3), k.hops);
	world_trace(w, spoke, "packet %s %s: %s after %zu hops", from ? "to" : "from the centre to", name,
		    arrived ? "arrives" : "is lost", k.hops);
	if (arrived && outage.us > 0)
		world_trace(w, spoke, "packet %s %s: after %" PRId64 " ms", from ? "to" : "from the centre to", name,
			    outage.us / 1000);
	w->result->packets_sent++;
	w->result->packets_delivered += arrived;
	w->result->packets_direct += arrived && from && to && k.hops == 1;
	if (from && to)
		judge_direct(w, from, to, watch, arrived, k.hops);
	if (w->scenario->outage.us > 0 && outage.us > w->scenario->outage.us)
		world_fail(w, spoke, "no packet %s %s has arrived for %" PRId64 " ms", from ? "to" : "from the centre to", name,
			   outage.us / 1000);
}

/* There and back, as conversations go. */
void traffic_send(struct world *w, struct pair *p)
{
	struct router *const other = p->to == CENTRE ? NULL : &w->routers[p->to];

	for (size_t i = 0; i < (w->scenario->prefixes > 0 ? TARGETS : 1); i++) {
		send_one(w, &w->routers[p->from], other, &p->there[i], i);
		send_one(w, other, &w->routers[p->from], &p->back[i], i);
	}
}

bool traffic_probe(struct world *w, size_t from, size_t to, bool *direct)
{
	const struct router *const target = to == CENTRE ? NULL : &w->routers[to];
	const struct ipaddr dst = target ? target->lan_host : design_centre(w);
	struct walk k = { .at = &w->routers[from] };
	const bool arrived = walk(w, &k, &w->routers[from].lan_host, &dst, target, false);

	*direct = arrived && k.hops == 1;
	return arrived;
}
