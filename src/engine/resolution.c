/*
 * A question under way (RFC 2332 5.2.1).
 *
 *                    reply: a binding takes its place
 *              +-------------------------------------------> (gone)
 *              |
 *   miss,   ASKING --- refused, no answer ---> NEGATIVE --- 10 s … 120 s ---> COOLING
 *   redirect,  ^                                                                | |
 *   refresh    +----------------------- asked for again ------------------------+ +-> (gone)
 *
 * A question is sent at 0, 1, 3, 7, 14 and 21 s under one request id. While somebody waits
 * for a next hop (RESOLVE_NEXT_HOP), in ASKING and NEGATIVE, a temporary neighbour entry
 * leads his traffic over a live NHS; it moves in the very step in which that NHS dies. While none lives, one whose
 * tunnel lives will do: it cannot be asked, but passes packets on. Not where we serve clients ourselves: there the data
 * path leans by itself, if it sees whom a packet came from. In COOLING only the back-off is remembered.
 */
#include "engine/resolution.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/build.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/shortcut.h"
#include "engine/whereabouts.h"

enum {
	ASK_TIMES = 6,
	ASK_QUIET_MS = 500, /* what has just been asked is on its way */
	ASK_DIRECT_TIMES = 2, /* a refresh goes to the peer itself first: hubs may be dead */
	NEGATIVE_S = 10,
	NEGATIVE_S_MAX = 120,
	COOLING_S = 120,
};

static const uint8_t ask_again_s[ASK_TIMES] = { 1, 2, 4, 7, 7, 7 };

static int by_target(const void *key, const struct tree_node *node)
{
	return ipaddr_cmp(key, &CONTAINER_OF(node, const struct resolution, node)->target);
}

void resolutions_init(struct overlay *o)
{
	tree_init(&o->resolutions, by_target);
}

static struct resolution *of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct resolution, node) : NULL;
}

struct resolution *resolution_find(const struct overlay *o, const struct ipaddr *target)
{
	return of(tree_find(&o->resolutions, target));
}

struct resolution *resolution_first(const struct overlay *o)
{
	return of(tree_first(&o->resolutions));
}

struct resolution *resolution_next(const struct resolution *r)
{
	return of(tree_next(&r->node));
}

/* ---- the temporary neighbour */

static void say_temporary(struct resolution *r, enum effect_type type, const struct peer *p)
{
	const struct tunnel *const t = r->overlay->tunnel;
	struct effect *const x = output_push(t->engine, type, t->settings.number, NULL);

	x->neighbour.addr = r->target;
	if (p) {
		x->neighbour.peer = p->id;
		x->neighbour.nbma = p->nbma;
	}
}

static void lean(struct resolution *r)
{
	const struct nhs *const n = nhs_carrier(r->overlay);
	const struct peer *const p = n && !r->overlay->tunnel->serves ? peer_by_nbma(r->overlay->tunnel, &n->nbma) : NULL;

	r->leans_on = n ? n->addr : IPADDR_NONE;
	if (r->purpose != RESOLVE_NEXT_HOP)
		return;
	if (p)
		say_temporary(r, EFFECT_NEIGHBOUR_SET, p);
	else if (r->temporary)
		say_temporary(r, EFFECT_NEIGHBOUR_DEL, NULL);
	r->temporary = p != NULL;
}

static void stop_leaning(struct resolution *r)
{
	if (r->temporary && !binding_host(r->overlay, &r->target))
		say_temporary(r, EFFECT_NEIGHBOUR_DEL, NULL);
	r->temporary = false;
	r->leans_on = IPADDR_NONE;
}

/* ---- asking */

/* Longest match in our own table first, as the draft wants it; else the best live NHS. */
static bool whom_to_ask(const struct resolution *r, struct endpoint *to)
{
	struct overlay *const o = r->overlay;
	const struct route *const way = rib_match(overlay_rib(o), &r->target, ip_family_bits(o->family));
	const struct binding *b = r->purpose == RESOLVE_REFRESH ? binding_match(o, &r->target) : NULL;
	const struct nhs *n = nhs_best(o);

	if (b && r->attempts < ASK_DIRECT_TIMES) {
		*to = *binding_nbma(b);
		return true;
	}
	b = overlay_of_route(o, way) == o ? binding_host(o, overlay_gateway(o, way)) : NULL;
	if (b && nhs_by_addr(o, overlay_gateway(o, way)) && !nhs_is_live(nhs_by_addr(o, overlay_gateway(o, way))))
		b = NULL;
	if (b)
		*to = *binding_nbma(b);
	else if (n)
		*to = n->nbma;
	return b || n;
}

static void send_request(struct resolution *r, const struct endpoint *to)
{
	struct overlay *const o = r->overlay;
	struct nhrp_message m;
	struct nhrp_extension *nat;

	build_start(o, &m, NHRP_RESOLUTION_REQUEST);
	m.flags = NHRP_FLAG_RES_ROUTER | NHRP_FLAG_RES_AUTHORITATIVE | NHRP_FLAG_RES_SOURCE_STABLE | NHRP_FLAG_NAT;
	m.request_id = r->request_id;
	m.dst_proto = r->target;
	if (ipaddr_is_link_local(&r->target) && !ipaddr_is_none(&o->link_local))
		m.src_proto = o->link_local;
	m.cies[0] = build_cie(o, 0, o->cfg->holdtime_s, NULL, NULL);
	m.cie_count = 1;
	nat = build_request_extensions(o, &m);
	if (nat && !ipaddr_is_none(&o->tunnel->outside)) {
		nat->cies[0] = build_cie(o, ip_family_bits(o->family), 0, &o->tunnel->outside, &m.src_proto);
		nat->cie_count = 1;
	}
	message_send(o, &m, to);
}

static void ask(struct resolution *r)
{
	struct engine *const e = overlay_engine(r->overlay);
	struct endpoint to;

	r->nobody_asked = !whom_to_ask(r, &to);
	if (r->nobody_asked)
		count(e, ENGINE_COUNT_DROP_NO_ROUTE);
	else
		send_request(r, &to);
	r->asked_at = e->now;
	timer_set(&e->timers, &r->timer, later(e, span_s(ask_again_s[r->attempts++])));
}

static void start(struct resolution *r, enum resolution_purpose purpose)
{
	r->purpose = purpose;
	r->state = RESOLUTION_ASKING;
	r->attempts = 0;
	r->reason[0] = '\0';
	r->request_id = engine_new_request_id(overlay_engine(r->overlay));
	r->created = overlay_engine(r->overlay)->now;
	lean(r);
	ask(r);
}

static struct resolution *add(struct overlay *o, const struct ipaddr *target)
{
	struct resolution *r;

	if (o->resolutions.count >= RESOLUTIONS_MAX) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_FULL);
		return NULL;
	}
	r = alloc_zero(1, sizeof *r);
	r->overlay = o;
	r->target = *target;
	timer_init(&r->timer, TIMER_RESOLUTION, r);
	tree_insert(&o->resolutions, &r->target, &r->node);
	return r;
}

static void discard(struct resolution *r)
{
	timer_stop(&overlay_engine(r->overlay)->timers, &r->timer);
	tree_remove(&r->overlay->resolutions, &r->node);
	free(r);
}

void resolution_drop(struct resolution *r)
{
	stop_leaning(r);
	discard(r);
}

void resolutions_drop_all(struct overlay *o)
{
	for (struct resolution *r; (r = resolution_first(o));)
		resolution_drop(r);
}

void resolutions_free(struct overlay *o)
{
	for (struct resolution *r; (r = resolution_first(o));)
		discard(r);
}

static void begin(struct overlay *o, const struct ipaddr *target, enum resolution_purpose purpose)
{
	struct resolution *r = resolution_find(o, target);

	if (r && r->state != RESOLUTION_COOLING) {
		/* Asked already. Traffic that waits for it must not wait for the answer. */
		if (purpose == RESOLVE_NEXT_HOP && r->purpose != RESOLVE_NEXT_HOP) {
			r->purpose = RESOLVE_NEXT_HOP;
			lean(r);
		}
		return;
	}
	if (!r)
		r = add(o, target);
	if (r)
		start(r, purpose);
}

/* May this router ask at all? */
static bool may_ask(const struct overlay *o, const struct ipaddr *target)
{
	return o->tunnel->up && !o->cfg->server_only && o->tunnel->settings.mode == TUNNEL_GRE_MULTIPOINT &&
	       !overlay_engine(o)->stopping && target->family == o->family && ipaddr_is_host(target) &&
	       !overlay_is_local(o, target);
}

void resolution_miss(struct overlay *o, const struct ipaddr *next_hop)
{
	const struct binding *const b = binding_host(o, next_hop);

	if (b) { /* known: the data path must have lost it */
		binding_say_again(b);
		return;
	}
	if (o->nhs_count > 0 && may_ask(o, next_hop))
		begin(o, next_hop, RESOLVE_NEXT_HOP);
}

void resolution_network(struct overlay *o, const struct ipaddr *dst)
{
	if (may_ask(o, dst) && !binding_match(o, dst))
		begin(o, dst, RESOLVE_NETWORK);
}

void resolution_refresh(struct binding *b)
{
	const struct ipaddr *const target = b->hop ? &b->upkeep->asked : &b->dst.addr;

	if (may_ask(b->overlay, target))
		begin(b->overlay, target, RESOLVE_REFRESH);
}

/* ---- no */

static struct span negative_span(const struct resolution *r)
{
	const int64_t s = (int64_t)NEGATIVE_S << (r->refusals < 4 ? r->refusals : 4);

	return span_s(s < NEGATIVE_S_MAX ? s : NEGATIVE_S_MAX);
}

static void enter_negative(struct resolution *r, const char *why)
{
	struct engine *const e = overlay_engine(r->overlay);
	char target[IPADDR_TEXT_MAX];

	if (r->purpose == RESOLVE_REFRESH) { /* the binding simply runs out */
		resolution_drop(r);
		return;
	}
	snprintf(r->reason, sizeof r->reason, "%s", why);
	r->state = RESOLUTION_NEGATIVE;
	timer_set(&e->timers, &r->timer, later(e, negative_span(r)));
	r->refusals++;
	trace(e, r->overlay->tunnel->settings.number, TRACE_INFO, "NHRP_RESOLUTION_FAILED",
	      "tunnel=Tunnel%u target=%s reason=\"%s\"", r->overlay->tunnel->settings.number,
	      ipaddr_format(&r->target, target), r->reason);
}

static void enter_cooling(struct resolution *r)
{
	struct engine *const e = overlay_engine(r->overlay);

	stop_leaning(r);
	r->state = RESOLUTION_COOLING;
	timer_set(&e->timers, &r->timer, later(e, span_s(COOLING_S)));
}

void resolution_timer(struct resolution *r)
{
	switch (r->state) {
	case RESOLUTION_ASKING:
		if (r->attempts < ASK_TIMES)
			ask(r);
		else
			enter_negative(r, "no answer");
		break;
	case RESOLUTION_NEGATIVE:
		enter_cooling(r);
		break;
	case RESOLUTION_COOLING:
		resolution_drop(r);
		break;
	}
}

static void refused(struct resolution *r, const char *why)
{
	struct binding *const b = r->purpose == RESOLVE_REFRESH ? binding_match(r->overlay, &r->target) : NULL;

	enter_negative(r, why);
	if (b && b->kind == BINDING_CACHED)
		binding_remove(b, why);
}

void resolution_error(struct overlay *o, uint32_t request_id, const struct ipaddr *target, unsigned code)
{
	struct resolution *const r = resolution_find(o, target);

	if (!r || r->state != RESOLUTION_ASKING || r->request_id != request_id) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_UNMATCHED);
		return;
	}
	refused(r, nhrp_error_name(code));
}

/* ---- yes */

/* Which NBMA address of the answerer to use: where the reply really came from when nobody
 * stood between, else his NAT entry's, else what he says (Cisco NAT rules, reference 2.8). His
 * NAT entry is what an NHS told him once: behind a NAT that was rebound since it is out of
 * date, and the outer source is not. false: that is somebody else's (whereabouts.h). */
static bool answered_nbma(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
			  const struct nhrp_cie *c, struct endpoint *out)
{
	const struct nhrp_extension *const nat = nhrp_extension_find(m, NHRP_EXT_NAT);
	const struct nhrp_extension *const way = nhrp_extension_find(m, NHRP_EXT_REVERSE_TRANSIT);

	*out = *from;
	if (way && way->is_cies && way->cie_count == 0 && !nhs_by_nbma(o, from))
		return true;
	for (size_t i = 0; nat && nat->is_cies && i < nat->cie_count; i++)
		if (ipaddr_eq(&nat->cies[i].proto, &c->proto) && ipaddr_is_host(&nat->cies[i].nbma))
			return whereabouts(o, &c->proto, &nat->cies[i].nbma, &c->nbma, out);
	if (way || nhs_by_nbma(o, from))
		*out = overlay_endpoint(o, &c->nbma);
	return true;
}

static bool believable(const struct overlay *o, const struct ipaddr *asked, const struct nhrp_cie *c,
		       const struct endpoint *nbma)
{
	const struct route *r;

	if (!ipaddr_is_host(&c->proto) || overlay_is_local(o, &c->proto) || c->holding_s == 0)
		return false;
	if (!ipaddr_is_host(&nbma->addr) || nbma->addr.family != o->tunnel->settings.transport ||
	    engine_owns_nbma(overlay_engine(o), nbma))
		return false;
	if (overlay_on_subnet(o, &c->proto))
		return true;
	r = rib_match(overlay_rib(o), &c->proto, ip_family_bits(o->family));
	if (overlay_of_route(o, r))
		return true;
	/* The way to a network may lead into another hub's tunnel, whose subnet we need not know. */
	return !overlay_on_subnet(o, asked) && (!r || r->dst.len == 0);
}

static struct binding_facts facts_of(const struct nhrp_message *m, const struct nhrp_cie *c)
{
	return (struct binding_facts){
		.via = c->proto,
		.kind = BINDING_CACHED,
		.unique = m->flags & NHRP_FLAG_RES_UNIQUE,
		.router = m->flags & NHRP_FLAG_RES_ROUTER,
		.authoritative = m->flags & NHRP_FLAG_RES_AUTHORITATIVE,
		.nat = m->flags & NHRP_FLAG_NAT,
		.preference = c->preference,
		.mtu_bytes = c->mtu_bytes,
		.hold = span_s(c->holding_s),
	};
}

/* The next hop that a CIE names, as a neighbour; the one that stands already when it is of
 * a higher kind (an NHS, a static map, a registered client). */
static struct binding *learn_hop(struct overlay *o, const struct endpoint *from,
				 const struct nhrp_message *m, const struct nhrp_cie *c)
{
	struct binding_facts f = facts_of(m, c);
	struct binding *b;

	if (!answered_nbma(o, from, m, c, &f.nbma) || !believable(o, &m->dst_proto, c, &f.nbma))
		return NULL;
	f.dst = ipprefix_host(&c->proto);
	f.asked = c->proto;
	if (!ipaddr_eq(&f.nbma.addr, &c->nbma))
		f.claimed_nbma = c->nbma;
	b = binding_learn(o, &f);
	return b ? b : binding_host(o, &c->proto);
}

/* The network behind the hop, when it is not the hop's own address that was asked for. */
static bool learn_network(struct overlay *o, const struct nhrp_message *m, const struct nhrp_cie *c,
			  struct binding *hop)
{
	struct binding_facts f = facts_of(m, c);
	const struct ipprefix offered = ipprefix_make(&m->dst_proto, cie_host_len(o, c->prefix_len));

	f.hop = hop;
	f.asked = m->dst_proto;
	return shortcut_prefix(o, &m->dst_proto, &c->proto, &offered, &f.dst) && binding_learn(o, &f);
}

static bool learn(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	const struct nhrp_cie *const c = &m->cies[0];
	struct binding *const hop = learn_hop(o, from, m, c);

	if (!hop)
		return false;
	for (size_t i = 1; i < m->cie_count; i++)
		if (m->cies[i].code == NHRP_CODE_SUCCESS && ipaddr_is_link_local(&m->cies[i].proto))
			learn_hop(o, from, m, &m->cies[i]);
	if (ipaddr_eq(&c->proto, &m->dst_proto))
		return true;
	/* The hub itself is the egress: the traffic goes there already. */
	return hop->kind == BINDING_NHS || learn_network(o, m, c, hop);
}

/* Why an answer was not taken. */
static const char *fault_of(const struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct endpoint nbma;

	if (!answered_nbma(o, from, m, &m->cies[0], &nbma))
		return "another is behind that address, and this one was not heard from";
	return path_is_dead(o->tunnel, &nbma) ? "the direct path is dead" : "answer not usable";
}

void resolution_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct resolution *r = resolution_find(o, &m->dst_proto);

	if (!r || r->state != RESOLUTION_ASKING || r->request_id != m->request_id || m->cie_count == 0) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_UNMATCHED);
		return;
	}
	if (m->cies[0].code != NHRP_CODE_SUCCESS) {
		refused(r, nhrp_code_name(m->cies[0].code));
		return;
	}
	if (!learn(o, from, m)) {
		refused(r, fault_of(o, from, m));
		return;
	}
	r = resolution_find(o, &m->dst_proto); /* learning a neighbour has ended it already */
	if (r)
		resolution_drop(r);
}

void resolutions_nhs_changed(struct overlay *o)
{
	for (struct resolution *r = resolution_first(o); r; r = resolution_next(r)) {
		const struct nhs *const n = nhs_by_addr(o, &r->leans_on), *const carrier = nhs_carrier(o);
		const bool moves = !n || (!nhs_is_live(n) && n != carrier);

		if (r->state == RESOLUTION_COOLING)
			continue;
		if (moves || (r->temporary && o->tunnel->serves))
			lean(r);
		if ((moves || r->nobody_asked) && r->state == RESOLUTION_ASKING && carrier && nhs_is_live(carrier)) {
			r->attempts = 0;
			ask(r);
		}
	}
}

void resolutions_reachable(struct overlay *o, const struct endpoint *nbma)
{
	struct engine *const e = overlay_engine(o);

	for (struct resolution *r = resolution_first(o); r; r = resolution_next(r)) {
		struct endpoint to;

		if (r->state != RESOLUTION_ASKING || instant_since(e->now, r->asked_at).us < span_ms(ASK_QUIET_MS).us)
			continue;
		r->attempts--; /* that one was in vain: the ladder's step is taken again */
		if (whom_to_ask(r, &to) && endpoint_eq(&to, nbma))
			ask(r);
		else
			r->attempts++;
	}
}
