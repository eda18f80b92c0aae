/*
 * Resolution Requests (RFC 2332 5.2.1, draft-detienne-dmvpn-01 4.5-4.7).
 *
 * A request for what is routed into the DMVPN is passed on to who is nearer to it, even when
 * the target has registered here: Cisco does so in phase 3 and, since IOS-XE, in phase 2,
 * and it has a merit: the target learns of the asker by the same exchange, so that both
 * directions go direct at once. We answer for others only from a static map whose owner may
 * not speak NHRP. What leaves the DMVPN here is ours to answer.
 */
#include <string.h>

#include "engine/answer.h"
#include "engine/binding.h"
#include "engine/build.h"
#include "engine/entitled.h"
#include "engine/error.h"
#include "engine/forwarding.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/server.h"
#include "engine/whereabouts.h"

struct asker {
	struct endpoint nbma;
	bool unknown;          /* behind a NAT with another, and not heard from: his NBMA endpoint is that of who handed his request on */
	struct ipaddr claimed; /* what he says, when he is behind a NAT */
	const char *identity;  /* of a direct one, as IPsec authenticated him; else NULL */
};

/* Where the asker really is: where the request came from when nobody stood between, which is
 * true even after a NAT has been rebound, else his NAT entry's, else what he says. */
static struct asker asker_of(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const struct nhrp_extension *const nat = nhrp_extension_find(m, NHRP_EXT_NAT);
	const struct nhrp_extension *const way = nhrp_extension_find(m, NHRP_EXT_FORWARD_TRANSIT);
	struct asker a = { .nbma = *from, .claimed = m->src_nbma };

	if (way && way->is_cies && way->cie_count == 0 && !nhs_by_nbma(o, from)) {
		a.claimed = ipaddr_eq(&from->addr, &m->src_nbma) ? IPADDR_NONE : m->src_nbma;
		a.identity = overlay_engine(o)->in_identity;
		return a;
	}
	for (size_t i = 0; nat && nat->is_cies && i < nat->cie_count; i++) {
		if (!ipaddr_eq(&nat->cies[i].proto, &m->src_proto) || !ipaddr_is_host(&nat->cies[i].nbma))
			continue;
		a.unknown = !whereabouts(o, &m->src_proto, &nat->cies[i].nbma, &m->src_nbma, &a.nbma);
		if (a.unknown)
			a.nbma = *from; /* who hands the answer on, too */
		return a;
	}
	return (struct asker){ .nbma = overlay_endpoint(o, &m->src_nbma) };
}

static bool acceptable(const struct overlay *o, const struct asker *a)
{
	return a->nbma.addr.family == o->tunnel->settings.transport && ipaddr_is_host(&a->nbma.addr) &&
	       !engine_owns_nbma(overlay_engine(o), &a->nbma);
}

/* ---- answering */

static void start_reply(const struct overlay *o, struct nhrp_message *reply, const struct nhrp_message *m)
{
	*reply = *m;
	reply->type = NHRP_RESOLUTION_REPLY;
	reply->hop_count = NHRP_HOP_COUNT;
	reply->flags = m->flags & (NHRP_FLAG_RES_ROUTER | NHRP_FLAG_RES_SOURCE_STABLE | NHRP_FLAG_NAT);
	build_reply_extensions(o, reply, m, 0);
	reply->cie_count = 1;
}

/* The NAT extension of a reply tells where the answerer really is. */
static void set_outside(const struct overlay *o, struct nhrp_message *reply, const struct nhrp_cie *c,
			const struct ipaddr *outside)
{
	for (size_t i = 0; i < reply->extension_count; i++) {
		struct nhrp_extension *const x = &reply->extensions[i];

		if (x->type != NHRP_EXT_NAT || !x->is_cies)
			continue;
		x->cie_count = 0;
		if (!ipaddr_is_none(outside))
			x->cies[x->cie_count++] =
				build_cie(o, ip_family_bits(o->family), 0, outside, &c->proto);
	}
}

static void refuse(struct overlay *o, const struct endpoint *to, const struct nhrp_message *m, uint8_t code)
{
	struct nhrp_message reply;

	start_reply(o, &reply, m);
	reply.cies[0] = (struct nhrp_cie){ .code = code };
	message_send(o, &reply, to);
}

static void answer(struct overlay *o, const struct asker *a, const struct nhrp_message *m,
		   const struct nhrp_cie *c, const struct ipaddr *outside)
{
	struct nhrp_message reply;

	start_reply(o, &reply, m);
	reply.flags |= NHRP_FLAG_RES_AUTHORITATIVE | NHRP_FLAG_RES_DEST_STABLE | NHRP_FLAG_RES_UNIQUE;
	reply.cies[0] = *c;
	if (o->family == IP_V6 && !ipaddr_is_none(&o->link_local) && !ipaddr_is_link_local(&m->dst_proto) &&
	    ipaddr_eq(&c->proto, &o->addr)) {
		reply.cies[1] = build_cie(o, ip_family_bits(IP_V6), c->holding_s, &c->nbma, &o->link_local);
		reply.cie_count = 2;
	}
	set_outside(o, &reply, c, outside);
	message_send(o, &reply, &a->nbma);
}

/* Who is in another tunnel may have no route here. A hub stands between. */
static bool is_of_other_tunnel(const struct nhrp_message *m, const struct route *r)
{
	const struct nhrp_extension *const way = nhrp_extension_find(m, NHRP_EXT_FORWARD_TRANSIT);

	return way && way->is_cies && way->cie_count > 0 && (!r || r->dst.len == 0);
}

/* He asks again, himself. */
static bool is_known_there(const struct overlay *o, const struct asker *a, const struct nhrp_message *m)
{
	const struct binding *const b = binding_host(o, &m->src_proto);

	return b && endpoint_eq(binding_nbma(b), &a->nbma);
}

/* With the S bit the asker's own binding may be kept: the way back needs no question. */
static void learn_asker(struct overlay *o, const struct asker *a, const struct nhrp_message *m)
{
	const uint16_t holding_s = m->cie_count ? m->cies[0].holding_s : o->cfg->holdtime_s;
	const struct route *const r = rib_match(overlay_rib(o), &m->src_proto, ip_family_bits(o->family));
	const struct binding_facts f = {
		.dst = ipprefix_host(&m->src_proto), .via = m->src_proto, .kind = BINDING_CACHED,
		.nbma = a->nbma, .claimed_nbma = a->claimed, .asked = m->src_proto,
		.identity = a->identity,
		.router = m->flags & NHRP_FLAG_RES_ROUTER, .implicit = true,
		.nat = m->flags & NHRP_FLAG_NAT, .hold = span_s(holding_s),
	};

	if (a->unknown || !(m->flags & NHRP_FLAG_RES_SOURCE_STABLE) || holding_s == 0)
		return;
	if (!overlay_on_subnet(o, &m->src_proto) && !overlay_of_route(o, r) && !is_of_other_tunnel(m, r) &&
	    !is_known_there(o, a, m))
		return; /* nobody we would send to through this tunnel */
	if (a->identity && entitled_denies(o, &m->src_proto))
		return; /* his own word, and it is not his */
	binding_learn(o, &f);
}

static bool understands(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	for (size_t i = 0; i < m->extension_count; i++)
		if (m->extensions[i].compulsory && m->extensions[i].type > NHRP_EXT_MOBILE_AUTH) {
			error_send(o, from, m, NHRP_ERROR_UNRECOGNIZED_EXTENSION, 0);
			return false;
		}
	return true;
}

static struct requester requester_of(const struct overlay *o, const struct asker *a, const struct nhrp_message *m)
{
	return (struct requester){
		.addr = m->src_proto,
		.nbma = a->nbma,
		.until = later(overlay_engine(o), span_s(o->cfg->holdtime_s)),
	};
}

static void answer_egress(struct overlay *o, const struct endpoint *from, const struct asker *a,
			  const struct nhrp_message *m)
{
	const struct requester who = requester_of(o, a, m);
	struct ipprefix p;
	struct nhrp_cie c;

	if (!understands(o, from, m))
		return;
	if (!answer_prefix(o, &m->dst_proto, &p)) {
		refuse(o, &a->nbma, m, NHRP_CODE_NO_BINDING);
		return;
	}
	learn_asker(o, a, m);
	answer_remember(o, &p, &m->dst_proto, &who);
	c = build_cie(o, p.len, o->cfg->holdtime_s, &o->tunnel->local.addr,
		      overlay_owns(o, &m->dst_proto) ? &m->dst_proto : &o->addr);
	answer(o, a, m, &c, &o->tunnel->outside);
}

static void answer_static(struct overlay *o, const struct asker *a, const struct nhrp_message *m,
			  const struct next_hop *hop)
{
	const struct nhrp_cie c = build_cie(o, ip_family_bits(o->family), o->cfg->holdtime_s,
					    &hop->nbma.addr, &m->dst_proto);

	answer(o, a, m, &c, &IPADDR_NONE);
}

/* Who was told by way of us where a client is, is told by us when it moves. */
static void remember_asker(const struct next_hop *hop, const struct asker *a, const struct nhrp_message *m)
{
	struct binding *const b = binding_host(hop->overlay, &m->dst_proto);
	const struct requester who = requester_of(hop->overlay, a, m);

	if (b && b->kind == BINDING_REGISTERED)
		requesters_add(&b->requesters, &who);
}

/* Who asks us directly takes us for his NHS. */
static void heed_asker(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const struct nhrp_extension *const way = nhrp_extension_find(m, NHRP_EXT_FORWARD_TRANSIT);

	if (way && way->is_cies && way->cie_count == 0)
		server_stranger(o, from, &m->src_proto);
}

void server_resolution(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct asker a = asker_of(o, from, m);
	struct next_hop hop;

	if (!acceptable(o, &a)) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_SPOOFED);
		return;
	}
	switch (forwarding_way(o, &m->dst_proto, from, m, &hop)) {
	case WAY_EGRESS:
		answer_egress(o, from, &a, m);
		break;
	case WAY_STATIC:
		answer_static(o, &a, m, &hop);
		break;
	case WAY_FORWARD:
		heed_asker(o, from, m);
		remember_asker(&hop, &a, m);
		forwarding_send(o, from, m, &hop);
		break;
	case WAY_NONE:
		heed_asker(o, from, m);
		refuse(o, &a.nbma, m, NHRP_CODE_NO_BINDING);
		break;
	}
}
