/*
 * The server's side of registration (RFC 2332 5.2.3): who may claim which address, with
 * which code he is answered, and what the binding holds. One client entry of a request after
 * the other; the reply carries them all with their codes.
 */
#include "engine/server.h"

#include <string.h>

#include "engine/binding.h"
#include "engine/build.h"
#include "engine/entitled.h"
#include "engine/error.h"
#include "engine/group.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/path.h"
#include "engine/peer.h"
#include "engine/purge.h"
#include "engine/takeover.h"

enum {
	STRANGERS_SHARE = 2, /* one part in so many of max-send */
	HOLDER_WORD_S = 5,   /* who has just been heard need not be asked again */
};

struct claim {
	struct overlay *overlay;
	const struct nhrp_message *message;
	const char *identity;     /* whose it is, as IPsec authenticated him; NULL: unprotected tunnel */
	bool relayed;             /* somebody else has passed it on */
	struct ipaddr addr;       /* overlay address claimed */
	struct endpoint nbma;     /* where it really came from */
	struct ipaddr claimed;    /* what it says, when that differs: a NAT stands between */
	bool unique;
	uint16_t holding_s;
};

static bool has_transit_record(const struct nhrp_message *m)
{
	const struct nhrp_extension *const x = nhrp_extension_find(m, NHRP_EXT_FORWARD_TRANSIT);

	return x && x->is_cies && x->cie_count > 0;
}

static struct claim claim_of(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
			     const struct nhrp_cie *c)
{
	struct claim x = {
		.overlay = o,
		.message = m,
		.addr = ipaddr_is_none(&c->proto) ? m->src_proto : c->proto,
		.unique = m->flags & NHRP_FLAG_REG_UNIQUE,
		.holding_s = c->holding_s,
		.nbma = *from,
		.identity = overlay_engine(o)->in_identity,
		.relayed = has_transit_record(m),
	};

	if (x.relayed)
		x.nbma = overlay_endpoint(o, &m->src_nbma);
	else if (!ipaddr_eq(&m->src_nbma, &from->addr))
		x.claimed = m->src_nbma;
	return x;
}

/* Is this address one that a client of ours may have at all? */
static bool addressable(const struct claim *x, const struct nhrp_cie *c)
{
	const struct overlay *const o = x->overlay;
	const struct route *r;

	if (x->addr.family != o->family || !ipaddr_is_host(&x->addr) || overlay_is_local(o, &x->addr))
		return false;
	if (cie_host_len(o, c->prefix_len) != ip_family_bits(o->family))
		return false; /* a client registers itself, not a network */
	if (!ipaddr_is_host(&x->nbma.addr) || engine_owns_nbma(overlay_engine(o), &x->nbma))
		return false;
	if (overlay_on_subnet(o, &x->addr))
		return true;
	/* Outside our subnet, as where tunnel addresses are /32: not what is routed elsewhere. */
	r = rib_match(overlay_rib(o), &x->addr, ip_family_bits(o->family));
	for (size_t i = 0; i < o->tunnel->settings.address_count; i++) {
		const struct config_address *const a = &o->tunnel->settings.addresses[i];
		const struct ipprefix p = ipprefix_make(&a->addr, a->prefix_len);

		if (ipprefix_contains(&p, &x->addr))
			return false; /* network or broadcast address of our subnet */
	}
	return !r || r->dst.len == 0 || overlay_of_route(o, r);
}

/* The NBMA address that the client itself has, which is what `unique` is about (RFC 2332
 * 5.2.3): behind a NAT that was rebound it is the same as before. */
static bool is_same_client(const struct claim *x, const struct binding *old)
{
	return !ipaddr_is_none(&x->claimed) && ipaddr_eq(&x->claimed, &old->claimed_nbma);
}

/* An NHS of ours whose binding is not there (its name does not resolve) is not given away either. */
static bool is_of_server(const struct claim *x, const struct binding *old)
{
	if (old && (old->kind == BINDING_STATIC || old->kind == BINDING_NHS))
		return !endpoint_eq(binding_nbma(old), &x->nbma);
	return nhs_by_addr(x->overlay, &x->addr) != NULL;
}

/* On a protected tunnel an address is his whose identity has it, wherever he is. */
static uint8_t judge_identity(const struct claim *x, const struct binding *old)
{
	if (x->relayed) /* of whom it is nobody can tell */
		return NHRP_CODE_ADMIN_PROHIBITED;
	if (old && old->kind == BINDING_REGISTERED && binding_is_of_other(old, x->identity))
		return NHRP_CODE_ALREADY_REGISTERED;
	return NHRP_CODE_SUCCESS;
}

/*
 * Somebody else claims a unique address, with no proof that it is his: is the former holder still there? A client that
 * has moved may say so, and need not wait for the end of its own hold time (RFC 2332 5.2.3 knows nothing else). Who never
 * answered a probe stays: his silence means nothing.
 */
static bool holder_is_gone(const struct claim *x, const struct binding *old)
{
	return path_is_dead(x->overlay->tunnel, binding_nbma(old));
}

/* He is being asked; the newcomer gets no answer before that is over (takeover.h), or when he says it again. */
static bool holder_is_asked(const struct claim *x, const struct binding *old)
{
	const struct tunnel *const t = x->overlay->tunnel;
	const struct path *const p = path_find(t, binding_nbma(old));

	if (!p || !p->answers)
		return false;
	if (p->state == PATH_RESTING && instant_since(t->engine->now, p->since).us >= span_s(HOLDER_WORD_S).us)
		path_hint(t, &p->nbma, PATH_EVENT_DOUBT);
	return p->state == PATH_DOUBTED;
}

/* *why: more than the code says; or NULL. */
static uint8_t judge(const struct claim *x, const struct nhrp_cie *c, const struct binding *old, const char **why)
{
	*why = NULL;
	if (!addressable(x, c) || is_of_server(x, old))
		return NHRP_CODE_ADMIN_PROHIBITED;
	*why = entitled_denies(x->overlay, &x->addr);
	if (*why)
		return NHRP_CODE_ADMIN_PROHIBITED;
	if (x->identity)
		return judge_identity(x, old);
	if (!old || endpoint_eq(binding_nbma(old), &x->nbma))
		return NHRP_CODE_SUCCESS;
	/* Whom nobody has heard of since a restart may have moved meanwhile. */
	if (old->kind == BINDING_REGISTERED && old->unique && !old->restored && !is_same_client(x, old) &&
	    !holder_is_gone(x, old))
		return NHRP_CODE_ALREADY_REGISTERED;
	return NHRP_CODE_SUCCESS;
}

static void say_client(const struct claim *x, const char *mnemonic, enum trace_severity severity,
		       const char *reason, const char *why)
{
	const struct tunnel *const t = x->overlay->tunnel;
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	if (trace_is_held_back(t->engine, mnemonic))
		return;
	trace(t->engine, t->settings.number, severity, mnemonic, "tunnel=Tunnel%u address=%s nbma=%s%s%s%s%s%s%s%s%s",
	      t->settings.number, ipaddr_format(&x->addr, addr), ipaddr_format(&x->nbma.addr, nbma),
	      x->identity ? " identity=" : "", x->identity ? x->identity : "",
	      reason ? " reason=\"" : "", reason ? reason : "", reason ? "\"" : "",
	      why ? " why=\"" : "", why ? why : "", why ? "\"" : "");
}

static uint8_t store(const struct claim *x, const struct nhrp_cie *c, struct binding *old)
{
	const bool known = old && old->kind == BINDING_REGISTERED;
	const struct binding_facts f = {
		.dst = ipprefix_host(&x->addr),
		.via = x->addr,
		.kind = BINDING_REGISTERED,
		.nbma = x->nbma,
		.claimed_nbma = x->claimed,
		.identity = x->identity,
		.unique = x->unique,
		.router = true,
		.authoritative = true,
		.nat = x->message->flags & NHRP_FLAG_NAT,
		.multicast = x->overlay->cfg->map_multicast_dynamic,
		.preference = c->preference,
		.mtu_bytes = c->mtu_bytes,
		.hold = span_s(x->holding_s),
	};

	const struct binding *const b = binding_learn(x->overlay, &f);

	if (!b)
		return NHRP_CODE_INSUFFICIENT_RESOURCES;
	peer_set_group(b->peer, group_of_client(x->overlay, x->message));
	if (!known)
		say_client(x, "NHRP_NHC_UP", TRACE_NOTICE, NULL, NULL);
	return NHRP_CODE_SUCCESS;
}

/* Decides about one client entry and carries it out. */
static uint8_t settle(const struct claim *x, const struct nhrp_cie *c)
{
	struct binding *const old = binding_host(x->overlay, &x->addr);
	const char *why;
	const uint8_t code = judge(x, c, old, &why);

	if (code != NHRP_CODE_SUCCESS) {
		say_client(x, "NHRP_REGISTRATION_REFUSED", TRACE_WARNING, nhrp_code_name(code), why);
		return code;
	}
	if (old && (old->kind == BINDING_STATIC || old->kind == BINDING_NHS))
		return code; /* what the configuration says stands for ever anyway */
	if (x->holding_s > 0)
		return store(x, c, old);
	if (old) /* valid for no time: that is a farewell */
		binding_remove(old, "registered with hold time 0");
	return code;
}

static bool is_to_wait(const struct claim *x, const struct nhrp_cie *c)
{
	const struct binding *const old = binding_host(x->overlay, &x->addr);
	const char *why;

	return !x->identity && old && judge(x, c, old, &why) == NHRP_CODE_ALREADY_REGISTERED && holder_is_asked(x, old);
}

/* After the client's own entry, how we see it from outside (reference 2.8). */
static void add_outside(struct nhrp_message *reply, const struct claim *x)
{
	for (size_t i = 0; i < reply->extension_count; i++) {
		struct nhrp_extension *const nat = &reply->extensions[i];

		if (nat->type != NHRP_EXT_NAT || !nat->is_cies || nat->cie_count == NHRP_CIES_MAX)
			continue;
		nat->cies[nat->cie_count++] =
			build_cie(x->overlay, ip_family_bits(x->overlay->family), 0, &x->nbma.addr, &x->addr);
		return;
	}
}

/* The address that stands for us in the reply: a client that did not know whom to ask put
 * its own there. */
static struct ipaddr own_address_for(const struct overlay *o, const struct nhrp_message *m)
{
	if (!ipaddr_eq(&m->dst_proto, &m->src_proto) && !ipaddr_is_unspecified(&m->dst_proto))
		return m->dst_proto;
	if (ipaddr_is_link_local(&m->src_proto) && !ipaddr_is_none(&o->link_local))
		return o->link_local;
	return o->addr;
}

static bool is_for_us(const struct overlay *o, const struct nhrp_message *m)
{
	return ipaddr_eq(&m->dst_proto, &m->src_proto) || ipaddr_is_unspecified(&m->dst_proto) ||
	       overlay_is_local(o, &m->dst_proto);
}

void server_registration(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct nhrp_message reply;
	struct claim first = { 0 };

	if (!is_for_us(o, m) || m->cie_count == 0) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_NOT_ALLOWED);
		error_send(o, from, m, NHRP_ERROR_UNREACHABLE, 0);
		return;
	}
	for (size_t i = 0; i < m->cie_count; i++) {
		const struct claim x = claim_of(o, from, m, &m->cies[i]);

		if (!is_to_wait(&x, &m->cies[i]))
			continue;
		takeover_hold(o, from, &x.addr, binding_nbma(binding_host(o, &x.addr)));
		return;
	}
	nhrp_copy(&reply, m);
	reply.type = NHRP_REGISTRATION_REPLY;
	reply.hop_count = NHRP_HOP_COUNT;
	reply.dst_proto = own_address_for(o, m);
	for (size_t i = 0; i < m->cie_count; i++) {
		const struct claim x = claim_of(o, from, m, &m->cies[i]);

		if (i == 0)
			first = x;
		reply.cies[i].code = settle(&x, &m->cies[i]);
		if (reply.cies[i].code != NHRP_CODE_SUCCESS)
			reply.cies[i].holding_s = 0;
	}
	build_reply_extensions(o, &reply, m, ip_family_bits(o->family));
	if (!ipaddr_is_none(&first.claimed))
		add_outside(&reply, &first);
	message_send(o, &reply, from);
}

void server_restore(struct overlay *o, const struct event *ev)
{
	struct engine *const e = overlay_engine(o);
	const struct nhrp_cie c = { .prefix_len = ip_family_bits(o->family) };
	const struct claim x = { .overlay = o, .addr = ev->saved.dst.addr, .nbma = ev->saved.nbma,
				 .claimed = ev->saved.claimed_nbma, .identity = ev->saved.identity };
	const struct binding_facts f = {
		.dst = ipprefix_host(&x.addr), .via = x.addr, .kind = BINDING_REGISTERED, .nbma = x.nbma,
		.claimed_nbma = x.claimed, .identity = x.identity, .unique = ev->saved.unique, .router = ev->saved.router,
		.authoritative = ev->saved.authoritative, .nat = ev->saved.nat, .restored = true,
		.multicast = o->cfg->map_multicast_dynamic, .preference = ev->saved.preference,
		.mtu_bytes = ev->saved.mtu_bytes, .hold = ev->saved.left,
	};
	const char *why;
	const struct binding *b = NULL;
	bool allowed;

	e->in_identity = x.identity;
	allowed = !binding_host(o, &x.addr) && judge(&x, &c, NULL, &why) == NHRP_CODE_SUCCESS;
	if (allowed && x.nbma.addr.family == o->tunnel->settings.transport)
		b = binding_learn(o, &f);
	/* What it says of itself it will say again; the group that the data path still has stays until then. */
	if (b && b->peer->group == GROUP_NONE)
		peer_set_group(b->peer, group_of_client(o, NULL));
	e->in_identity = NULL;
	if (b)
		say_client(&x, "NHRP_NHC_UP", TRACE_NOTICE, "saved before a restart, not confirmed yet", NULL);
}

void server_stranger(struct overlay *o, const struct endpoint *from, const struct ipaddr *addr)
{
	const struct binding *const b = binding_host(o, addr);
	const struct ipprefix client = ipprefix_host(addr);

	if (addr->family != o->family || !overlay_on_subnet(o, addr) || overlay_is_local(o, addr))
		return;
	if (!ipaddr_is_host(&from->addr) || engine_owns_nbma(overlay_engine(o), from) || nhs_by_nbma(o, from))
		return;
	if (b && (b->kind < BINDING_REGISTERED || endpoint_eq(binding_nbma(b), from)))
		return;
	/* After a start all clients are strangers, and register: they shall have their answers. */
	if (!bucket_take(&o->strangers, overlay_engine(o)->now, o->cfg->max_send_packets / STRANGERS_SHARE,
			 span_s(o->cfg->max_send_s)))
		return;
	purge_quietly(o, addr, from, &client);
}
