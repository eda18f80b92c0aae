#include "engine/redirect.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/binding.h"
#include "engine/build.h"
#include "engine/partner.h"
#include "engine/resolution.h"

enum { INDICATION_PAYLOAD_MAX = 128 /* octets of the packet sent along; the draft wants 64 */ };

static int by_pair(const void *key, const struct tree_node *node)
{
	const struct redirect_pair *const a = key;
	const struct redirect_pair *const b = &CONTAINER_OF(node, const struct redirect, node)->pair;
	const int order = ipaddr_cmp(&a->src, &b->src);

	return order ? order : ipaddr_cmp(&a->dst, &b->dst);
}

void redirects_init(struct overlay *o)
{
	tree_init(&o->redirects, by_pair);
}

static void drop_oldest(struct overlay *o)
{
	struct redirect *const x = o->redirect_oldest;

	o->redirect_oldest = x->newer;
	if (!x->newer)
		o->redirect_newest = NULL;
	tree_remove(&o->redirects, &x->node);
	free(x);
}

void redirects_free(struct overlay *o)
{
	while (o->redirect_oldest)
		drop_oldest(o);
}

/* One indication per pair and redirect timeout. All entries live equally long, so the oldest
 * is always the first to go. */
static bool take_turn(struct overlay *o, const struct redirect_pair *pair)
{
	const struct instant now = overlay_engine(o)->now;
	const struct span life = span_s(o->cfg->redirect_timeout_s);
	struct redirect *x;

	while (o->redirect_oldest && instant_since(now, o->redirect_oldest->sent).us >= life.us)
		drop_oldest(o);
	if (tree_find(&o->redirects, pair) || o->redirects.count >= REDIRECTS_MAX)
		return false;
	x = alloc_zero(1, sizeof *x);
	x->pair = *pair;
	x->sent = now;
	tree_insert(&o->redirects, &x->pair, &x->node);
	if (o->redirect_newest)
		o->redirect_newest->newer = x;
	else
		o->redirect_oldest = x;
	o->redirect_newest = x;
	return true;
}

/* Source and destination of a data packet, possibly cut behind its header. */
static bool read_pair(const uint8_t *bytes, size_t length, struct redirect_pair *out)
{
	const unsigned version = length ? bytes[0] >> 4 : 0;

	if (version == 4 && length >= 20) {
		out->src = ipaddr_from_bytes(IP_V4, bytes + 12);
		out->dst = ipaddr_from_bytes(IP_V4, bytes + 16);
	} else if (version == 6 && length >= 40) {
		out->src = ipaddr_from_bytes(IP_V6, bytes + 8);
		out->dst = ipaddr_from_bytes(IP_V6, bytes + 24);
	} else {
		return false;
	}
	return ipaddr_is_host(&out->src) && ipaddr_is_host(&out->dst) &&
	       !ipaddr_is_link_local(&out->src) && !ipaddr_is_link_local(&out->dst);
}

/* ---- out */

/* The NBMA endpoint through which an overlay address is reached from here, if any. */
static const struct endpoint *nbma_towards(const struct overlay *o, const struct ipaddr *addr)
{
	const struct route *const r = rib_match(overlay_rib(o), addr, ip_family_bits(o->family));
	const struct overlay *const other = overlay_of_route(o, r);
	const struct binding *b = binding_host(o, addr);

	if (!b && other && !ipaddr_is_none(overlay_gateway(other, r)))
		b = binding_host(other, overlay_gateway(other, r));
	return b ? binding_nbma(b) : NULL;
}

/* Whom it came from; who that is not told here is taken for the one whom the answer would go to. */
static const struct endpoint *ingress(const struct overlay *o, const struct event *ev, const struct ipaddr *src)
{
	const struct peer *p = ev->hairpin.peer == PEER_NONE ? NULL : peer_by_id(o->tunnel, ev->hairpin.peer);

	if (!p && !ipaddr_is_none(&ev->hairpin.nbma.addr))
		p = peer_by_nbma(o->tunnel, &ev->hairpin.nbma);
	return p ? &p->nbma : nbma_towards(o, src);
}

static void send_indication(struct overlay *o, const struct endpoint *to, const struct redirect_pair *pair,
			    const uint8_t *bytes, size_t length)
{
	struct nhrp_message m;

	build_start(o, &m, NHRP_TRAFFIC_INDICATION);
	/* Cisco and all others use the source of the packet, to be routable back to it; the draft
	 * says the destination. */
	m.dst_proto = pair->src;
	m.payload = bytes;
	m.payload_len = length < INDICATION_PAYLOAD_MAX ? length : INDICATION_PAYLOAD_MAX;
	nhrp_extension_add(&m, NHRP_EXT_FORWARD_TRANSIT);
	nhrp_extension_add(&m, NHRP_EXT_REVERSE_TRANSIT);
	build_authentication(o, &m);
	nhrp_extension_add(&m, NHRP_EXT_NAT);
	message_send(o, &m, to);
}

/* The packet goes on into the DMVPN; *onwards is whom it goes to, NULL when that is not known. */
static bool stays_inside(const struct overlay *o, const struct event *ev, const struct redirect_pair *pair,
			 const struct endpoint **onwards)
{
	const struct tunnel *const t = ev->hairpin.outside ? NULL : engine_tunnel(o->tunnel->engine, ev->hairpin.tunnel_out);
	const struct overlay *const out = t ? tunnel_overlay(t, o->family) : NULL;
	const struct partner *partner;

	if (!ev->hairpin.outside) {
		*onwards = out ? nbma_towards(out, &pair->dst) : NULL;
		return out && overlay_same_dmvpn(o, out);
	}
	partner = partner_of_route(o, rib_match(overlay_rib(o), &pair->dst, ip_family_bits(o->family)));
	*onwards = partner && partner->peer ? &partner->peer->nbma : NULL;
	return *onwards;
}

void redirect_hairpin(struct tunnel *in, const struct event *ev)
{
	const struct endpoint *to, *onwards;
	struct redirect_pair pair;
	struct overlay *o;

	if (!read_pair(ev->hairpin.bytes, ev->hairpin.length, &pair))
		return;
	o = tunnel_overlay(in, (enum ip_family)pair.src.family);
	if (!o || !o->cfg->redirect || !stays_inside(o, ev, &pair, &onwards))
		return;
	if (overlay_is_local(o, &pair.src) || overlay_is_local(o, &pair.dst))
		return;
	to = ingress(o, ev, &pair.src);
	if (!to || (onwards && endpoint_eq(to, onwards))) /* there is no shorter way than to himself */
		return;
	if (take_turn(o, &pair))
		send_indication(o, to, &pair, ev->hairpin.bytes, ev->hairpin.length);
}

/* ---- in */

void redirect_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const uint8_t bits = ip_family_bits(o->family);
	struct redirect_pair pair;
	struct overlay *via;

	(void)from; /* any direct peer may say so; what follows is a question, not a belief */
	if (!o->cfg->shortcut || !read_pair(m->payload, m->payload_len, &pair) ||
	    pair.dst.family != o->family)
		return;
	/* Between two tunnels ourselves: the indication is meant for who stands before us. */
	if (overlay_of_route(o, rib_match(overlay_rib(o), &pair.src, bits)) && !overlay_is_local(o, &pair.src))
		return;
	via = overlay_of_route(o, rib_match(overlay_rib(o), &pair.dst, bits));
	if (via)
		resolution_network(via, &pair.dst);
}
