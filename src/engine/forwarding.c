#include "engine/forwarding.h"

#include <string.h>

#include "engine/binding.h"
#include "engine/build.h"
#include "engine/error.h"
#include "engine/nhs_list.h"
#include "engine/partner.h"

/* ---- where to */

struct question {
	const struct nhrp_message *message;
	const struct endpoint *from;
};

static bool towards(struct next_hop *hop, struct overlay *o, const struct endpoint *nbma,
		    const struct endpoint *from)
{
	*hop = (struct next_hop){ o, *nbma };
	return !endpoint_eq(nbma, from); /* never back to whom it came from */
}

/* Who has passed it on wrote his address into it. */
static bool has_seen(const struct nhs *n, const struct nhrp_message *m)
{
	const struct nhrp_extension *const x = nhrp_extension_find(m, NHRP_EXT_FORWARD_TRANSIT);

	for (size_t i = 0; x && x->is_cies && i < x->cie_count; i++)
		if (ipaddr_eq(&x->cies[i].proto, &n->addr) || ipaddr_eq(&x->cies[i].nbma, &n->nbma.addr))
			return true;
	return ipaddr_eq(&m->src_proto, &n->addr);
}

/* Up to an NHS of ours: it may know what we do not. Of several, one that has not been asked yet: so where
 * each hub knows some of the spokes a question visits hub after hub. */
static enum way by_nhs(struct overlay *o, const struct question *q, struct next_hop *hop)
{
	for (const struct nhs *n = nhs_best(o); n; n = nhs_next_live(o, n))
		if (!has_seen(n, q->message) && towards(hop, o, &n->nbma, q->from))
			return WAY_FORWARD;
	return WAY_NONE;
}

/* Somebody who registered here, an NHS, or a static map. Cached bindings are hearsay. */
static enum way by_binding(struct overlay *o, const struct ipaddr *addr, const struct endpoint *from,
			   struct next_hop *hop)
{
	const struct binding *const b = binding_host(o, addr);

	if (!b || b->kind > BINDING_REGISTERED)
		return WAY_NONE;
	if (!towards(hop, o, binding_nbma(b), from))
		return WAY_NONE;
	return b->kind == BINDING_STATIC && !nhs_by_addr(o, addr) ? WAY_STATIC : WAY_FORWARD;
}

static enum way by_gateway(struct overlay *o, const struct ipaddr *gateway, const struct question *q,
			   struct next_hop *hop)
{
	const struct binding *const b = ipaddr_is_none(gateway) ? NULL : binding_host(o, gateway);
	const struct peer *const far_end = o->tunnel->destination;

	if (b)
		return towards(hop, o, binding_nbma(b), q->from) ? WAY_FORWARD : WAY_NONE;
	/* The far end is the best live NHS, and without any the configured one. */
	if (far_end && !nhs_best(o))
		return towards(hop, o, &far_end->nbma, q->from) ? WAY_FORWARD : WAY_NONE;
	return by_nhs(o, q, hop);
}

static enum way by_partner(struct overlay *o, const struct partner *p, const struct endpoint *from,
			   struct next_hop *hop)
{
	return p->peer && towards(hop, o, &p->peer->nbma, from) ? WAY_FORWARD : WAY_NONE;
}

enum way forwarding_way(struct overlay *o, const struct ipaddr *dst, const struct endpoint *from,
			const struct nhrp_message *m, struct next_hop *hop)
{
	const struct question q = { m, from };
	struct overlay *other;
	const struct partner *partner;
	const struct route *r;
	enum way way;

	if (overlay_is_local(o, dst))
		return WAY_EGRESS;
	way = by_binding(o, dst, from, hop);
	for (other = overlay_first(overlay_engine(o)); way == WAY_NONE && other; other = overlay_next(other))
		if (other != o && overlay_same_dmvpn(o, other))
			way = by_binding(other, dst, from, hop);
	if (way != WAY_NONE)
		return way;
	if (binding_host(o, dst) && binding_host(o, dst)->kind <= BINDING_REGISTERED)
		return WAY_NONE; /* known, but it is the asker himself */
	r = rib_match(overlay_rib(o), dst, ip_family_bits(o->family));
	if (!r)
		return overlay_on_subnet(o, dst) ? by_nhs(o, &q, hop) : WAY_NONE;
	other = overlay_of_route(o, r);
	if (other)
		return by_gateway(other, overlay_gateway(other, r), &q, hop);
	partner = partner_of_route(o, r);
	return partner ? by_partner(o, partner, from, hop) : WAY_EGRESS;
}

/* ---- passing on */

static bool is_reply(const struct nhrp_message *m)
{
	return m->type == NHRP_RESOLUTION_REPLY || m->type == NHRP_REGISTRATION_REPLY ||
	       m->type == NHRP_PURGE_REPLY;
}

static bool is_ours(const struct overlay *o, const struct nhrp_cie *c)
{
	return ipaddr_eq(&c->nbma, &o->tunnel->local.addr) && overlay_owns(o, &c->proto);
}

static bool loops(const struct overlay *o, const struct nhrp_message *m)
{
	const struct nhrp_extension *const x =
		nhrp_extension_find(m, is_reply(m) ? NHRP_EXT_REVERSE_TRANSIT : NHRP_EXT_FORWARD_TRANSIT);

	for (size_t i = 0; x && x->is_cies && i < x->cie_count; i++)
		if (is_ours(o, &x->cies[i]))
			return true;
	return false;
}

static bool knows_all_compulsory(const struct nhrp_message *m)
{
	for (size_t i = 0; i < m->extension_count; i++)
		if (m->extensions[i].compulsory && m->extensions[i].type > NHRP_EXT_MOBILE_AUTH)
			return false;
	return true;
}

static struct nhrp_extension *find(struct nhrp_message *m, unsigned type)
{
	for (size_t i = 0; i < m->extension_count; i++)
		if (m->extensions[i].type == type)
			return &m->extensions[i];
	return NULL;
}

static void append_record(const struct overlay *o, struct nhrp_message *m)
{
	struct nhrp_extension *const x =
		find(m, is_reply(m) ? NHRP_EXT_REVERSE_TRANSIT : NHRP_EXT_FORWARD_TRANSIT);

	if (!x || !x->is_cies || x->cie_count == NHRP_CIES_MAX)
		return;
	x->cies[x->cie_count++] = build_cie(o, 0, o->cfg->holdtime_s, &o->tunnel->local.addr, &o->addr);
}

/* A natted requester that does not know its outside address is helped by who knows it. */
static void fill_nat(const struct overlay *o, struct nhrp_message *m)
{
	struct nhrp_extension *const x = find(m, NHRP_EXT_NAT);
	const struct binding *const b = binding_host(o, &m->src_proto);

	if (m->type != NHRP_RESOLUTION_REQUEST || !x || !x->is_cies || x->cie_count > 0 || !b ||
	    ipaddr_is_none(&b->claimed_nbma))
		return;
	x->cies[0] = build_cie(o, ip_family_bits(o->family), 0, &b->peer->nbma.addr, &m->src_proto);
	x->cie_count = 1;
}

void forwarding_send(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		     const struct next_hop *hop)
{
	struct engine *const e = overlay_engine(o);
	struct nhrp_message x = *m;

	if (m->hop_count <= 1) {
		count(e, ENGINE_COUNT_DROP_HOP_COUNT);
		error_send(o, from, m, NHRP_ERROR_HOP_COUNT, 9);
		return;
	}
	if (loops(o, m) || loops(hop->overlay, m)) {
		count(e, ENGINE_COUNT_DROP_LOOP);
		error_send(o, from, m, NHRP_ERROR_LOOP_DETECTED, 0);
		return;
	}
	x.hop_count--;
	if (x.type != NHRP_ERROR_INDICATION) {
		/* Who does not understand all of it must not enter himself (RFC 2332 5.3). */
		if (knows_all_compulsory(m))
			append_record(hop->overlay, &x);
		fill_nat(o, &x);
		build_authentication(hop->overlay, &x);
	}
	if (message_send(hop->overlay, &x, &hop->nbma))
		count(e, ENGINE_COUNT_FORWARDED);
}

void forwarding_other(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		      const struct ipaddr *dst)
{
	struct next_hop hop;

	switch (forwarding_way(o, dst, from, m, &hop)) {
	case WAY_FORWARD:
	case WAY_STATIC:
		forwarding_send(o, from, m, &hop);
		break;
	case WAY_NONE:
	case WAY_EGRESS:
		count(overlay_engine(o), ENGINE_COUNT_DROP_NO_ROUTE);
		break;
	}
}
