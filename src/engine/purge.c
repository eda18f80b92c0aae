#include "engine/purge.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/build.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/registration.h"

enum { PURGE_TRIES = 3, PURGE_RETRY_S = 2 };

void purge_send(struct overlay *o, uint32_t request_id, bool want_reply, const struct ipaddr *addr,
		const struct endpoint *to, const struct ipprefix *dst)
{
	struct nhrp_message m;

	build_start(o, &m, NHRP_PURGE_REQUEST);
	m.flags = want_reply ? 0 : NHRP_FLAG_PURGE_NO_REPLY;
	m.request_id = request_id;
	m.dst_proto = ipaddr_is_none(addr) ? dst->addr : *addr;
	m.cies[0] = build_cie(o, dst->len, 0, NULL, &dst->addr);
	m.cies[0].mtu_bytes = 0;
	m.cie_count = 1;
	build_authentication(o, &m);
	message_send(o, &m, to);
}

void purge_quietly(struct overlay *o, const struct ipaddr *addr, const struct endpoint *to,
		   const struct ipprefix *dst)
{
	purge_send(o, engine_new_request_id(overlay_engine(o)), false, addr, to, dst);
}

/* ---- purges that await a reply */

static void forget(struct purge *p)
{
	struct engine *const e = overlay_engine(p->overlay);

	for (struct purge **at = &e->purges; *at; at = &(*at)->next)
		if (*at == p) {
			*at = p->next;
			break;
		}
	e->purge_count--;
	timer_stop(&e->timers, &p->timer);
	free(p);
}

static void transmit(struct purge *p)
{
	struct engine *const e = overlay_engine(p->overlay);

	p->attempts++;
	purge_send(p->overlay, p->request_id, true, &p->addr, &p->to, &p->dst);
	timer_set(&e->timers, &p->timer, later(e, span_s(PURGE_RETRY_S)));
}

void purge_timer(struct purge *p)
{
	if (p->attempts < PURGE_TRIES)
		transmit(p);
	else
		forget(p);
}

static void start(struct overlay *o, const struct requester *who, const struct ipprefix *dst)
{
	struct engine *const e = overlay_engine(o);
	struct purge *p;

	if (e->purge_count >= PURGES_MAX || e->stopping) {
		purge_quietly(o, &who->addr, &who->nbma, dst);
		return;
	}
	p = alloc_zero(1, sizeof *p);
	p->overlay = o;
	p->to = who->nbma;
	p->addr = who->addr;
	p->dst = *dst;
	p->request_id = engine_new_request_id(e);
	timer_init(&p->timer, TIMER_PURGE, p);
	p->next = e->purges;
	e->purges = p;
	e->purge_count++;
	transmit(p);
}

void purge_requesters(struct overlay *o, struct requesters *r, const struct ipprefix *dst)
{
	const struct instant now = overlay_engine(o)->now;

	for (size_t i = 0; i < r->count; i++)
		if (instant_before(now, r->list[i].until))
			start(o, &r->list[i], dst);
	requesters_done(r);
}

void purges_drop(struct overlay *o)
{
	struct purge *p, *next;

	for (p = overlay_engine(o)->purges; p; p = next) {
		next = p->next;
		if (p->overlay == o)
			forget(p);
	}
}

void purge_reply(struct overlay *o, const struct nhrp_message *m)
{
	for (struct purge *p = overlay_engine(o)->purges; p; p = p->next)
		if (p->overlay == o && p->request_id == m->request_id) {
			forget(p);
			return;
		}
	registration_purge_reply(o, m);
}

/* ---- asked by others */

static void answer(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct nhrp_message reply = *m;

	if (m->flags & NHRP_FLAG_PURGE_NO_REPLY)
		return;
	reply.type = NHRP_PURGE_REPLY;
	reply.hop_count = NHRP_HOP_COUNT;
	build_reply_extensions(o, &reply, m, ip_family_bits(o->family));
	message_send(o, &reply, from);
}

/* Only who gave the binding, or an NHS of ours, may take it back. */
static bool entitled(const struct binding *b, const struct endpoint *from)
{
	const char *const identity = overlay_engine(b->overlay)->in_identity;

	if (b->kind != BINDING_REGISTERED && b->kind != BINDING_CACHED)
		return false;
	if (b->identity && identity && !binding_is_of_other(b, identity))
		return true; /* wherever he is by now */
	if (binding_is_of_other(b, identity))
		return b->kind == BINDING_CACHED && nhs_by_nbma(b->overlay, from);
	if (endpoint_eq(binding_nbma(b), from))
		return true;
	return b->kind == BINDING_CACHED && nhs_by_nbma(b->overlay, from);
}

static struct binding *first_inside(const struct overlay *o, const struct ipprefix *dst)
{
	struct tree_node *const n = tree_at_least(&o->bindings, dst);
	struct binding *const b = n ? CONTAINER_OF(n, struct binding, node) : NULL;

	return b && ipprefix_covers(dst, &b->dst) ? b : NULL;
}

/* Everything inside the prefix; shortcuts narrowed out of a wider answer lie inside it too.
 * false: something was there that the sender may not touch. */
static bool remove_inside(struct overlay *o, const struct endpoint *from, const struct ipprefix *dst)
{
	struct binding *b = first_inside(o, dst), *next;
	bool all = true;

	for (; b; b = next) {
		const struct ipprefix at = b->dst;
		struct tree_node *n;

		if (entitled(b, from)) {
			binding_say_client_down(b, "registration purged");
			binding_remove(b, "purged");
		} else if (b->kind != BINDING_NHS) {
			all = false;
		}
		n = tree_after(&o->bindings, &at);
		next = n ? CONTAINER_OF(n, struct binding, node) : NULL;
		if (next && !ipprefix_covers(dst, &next->dst))
			next = NULL;
	}
	return all;
}

/* An NHS that stops purges its own address: no need to wait for three misses. One that has
 * dropped our registration purges that: we register anew instead of with the next refresh. */
static void heed_nhs(struct overlay *o, const struct endpoint *from, const struct ipprefix *dst)
{
	struct nhs *const n = nhs_by_nbma(o, from);

	if (!n || overlay_engine(o)->stopping)
		return;
	if (!ipaddr_is_none(&n->addr) && ipprefix_contains(dst, &n->addr))
		nhs_step(n, NHS_EVENT_GONE);
	else if (!ipaddr_is_none(&o->addr) && ipprefix_contains(dst, &o->addr) && nhs_is_live(n))
		nhs_step(n, NHS_EVENT_READY);
}

void purge_request(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	for (size_t i = 0; i < m->cie_count; i++) {
		const struct nhrp_cie *const c = &m->cies[i];
		struct ipprefix dst;

		if (c->proto.family != o->family)
			continue;
		dst = ipprefix_make(&c->proto, cie_host_len(o, c->prefix_len));
		if (!remove_inside(o, from, &dst))
			count(overlay_engine(o), ENGINE_COUNT_DROP_NOT_ALLOWED);
		heed_nhs(o, from, &dst);
	}
	answer(o, from, m);
}
