/*
 * RFC 2332 5.2.3 and 5.2.5. What is registered is our primary address of the overlay and, for
 * IPv6, the link-local one, which the NHS's neighbour entries and routing need as well.
 */
#include "engine/registration.h"

#include "engine/answer.h"
#include "engine/binding.h"
#include "engine/build.h"
#include "engine/ladder.h"
#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"
#include "engine/purge.h"
#include "wire/nhrp_group.h"

enum { LINK_LOCAL_STEP_MAX = 6 /* 64 s */ };

static struct engine *engine_of(const struct nhs *n)
{
	return overlay_engine(n->overlay);
}

struct span registration_interval(const struct overlay *o)
{
	const struct config_nhrp *const c = o->cfg;
	const int64_t quick = c->registration_timeout_s ? c->registration_timeout_s : c->holdtime_s / 3;
	const int64_t s = o->tunnel->rests ? config_warm_registration_s(o->tunnel->settings.warm_every_s, c) : quick;

	return span_s(s > 0 ? s : 1);
}

/* ---- out */

static void add_nat_address(struct nhrp_message *m, const struct nhs *n, struct nhrp_extension *nat)
{
	const struct overlay *const o = n->overlay;
	struct ipaddr proto = n->addr;

	if (!nat)
		return;
	if (ipaddr_is_none(&proto)) /* an NHS whose address we do not know yet */
		proto = (struct ipaddr){ .family = (uint8_t)m->proto_family };
	nat->cies[0] = build_cie(o, ip_family_bits(o->family), 0, &n->nbma.addr, &proto);
	nat->cie_count = 1;
}

static bool send_for(struct nhs *n, const struct ipaddr *own, const struct ipaddr *dst, uint32_t id)
{
	const struct overlay *const o = n->overlay;
	const char *const group = o->tunnel->settings.groups.own;
	uint8_t group_room[NHRP_GROUP_OCTETS];
	struct nhrp_message m;

	build_start(o, &m, NHRP_REGISTRATION_REQUEST);
	m.flags = NHRP_FLAG_NAT | (o->cfg->no_unique ? 0 : NHRP_FLAG_REG_UNIQUE);
	m.request_id = id;
	m.src_proto = *own;
	/* Without an address for the NHS the destination is our own: whoever gets it answers. */
	m.dst_proto = ipaddr_is_none(dst) ? *own : *dst;
	m.cies[0] = build_cie(o, ip_family_bits(o->family), o->cfg->holdtime_s, NULL, NULL);
	m.cie_count = 1;
	add_nat_address(&m, n, build_request_extensions(o, &m));
	if (group) /* where there is no room left it goes without */
		(void)nhrp_group_add(&m, group, group_room);
	return message_send(n->overlay, &m, &n->nbma);
}

void registration_send(struct nhs *n)
{
	n->last_sent = engine_of(n)->now;
	if (send_for(n, &n->overlay->addr, &n->addr, n->request_id))
		tally_sent(&n->tallies, &n->nbma.addr);
}

/* With our own address as destination, so that the reply tells the link-local address of the
 * NHS. */
static void transmit_link_local(struct nhs *n)
{
	struct engine *const e = engine_of(n);
	const struct span most = registration_interval(n->overlay);

	send_for(n, &n->overlay->link_local, &IPADDR_NONE, n->link_local_id);
	timer_set(&e->timers, &n->link_local_timer,
		  later(e, ladder_wait(&e->random, n->link_local_step++, LINK_LOCAL_STEP_MAX, most)));
}

void registration_begin_link_local(struct nhs *n)
{
	if (ipaddr_is_none(&n->overlay->link_local))
		return;
	n->link_local_id = engine_new_request_id(engine_of(n));
	n->link_local_step = 0;
	n->link_local_done = false;
	transmit_link_local(n);
}

void registration_link_local_due(struct nhs *n)
{
	if (nhs_is_live(n) && !n->link_local_done && !ipaddr_is_none(&n->overlay->link_local))
		transmit_link_local(n);
}

void registration_withdraw(struct nhs *n)
{
	const struct ipprefix own = ipprefix_host(&n->overlay->addr);

	/* Old IOS wants the purge to carry the request id of the registration. */
	purge_send(n->overlay, n->acknowledged_id, true, &n->addr, &n->nbma, &own);
}

/* ---- in */

/* A second NAT entry for our address is how the NHS sees us from outside; IP_NONE: as we are. */
static struct ipaddr seen_from_outside(const struct tunnel *t, const struct nhrp_message *m)
{
	const struct nhrp_extension *const x = nhrp_extension_find(m, NHRP_EXT_NAT);
	struct ipaddr seen = IPADDR_NONE;

	for (size_t i = 1; x && x->is_cies && i < x->cie_count; i++) {
		const struct nhrp_cie *const c = &x->cies[i];

		if (ipaddr_eq(&c->proto, &m->src_proto) && ipaddr_is_host(&c->nbma) &&
		    !ipaddr_eq(&c->nbma, &t->local.addr))
			seen = c->nbma;
	}
	return seen;
}

/* What we told others is untrue when the NHS sees us elsewhere than before. Two NHSs may see
 * us in two places: each is compared with itself. */
static void learn_outside(struct nhs *n, const struct nhrp_message *m)
{
	struct tunnel *const t = n->overlay->tunnel;
	const struct ipaddr seen = seen_from_outside(t, m), before = n->outside;

	n->outside = seen;
	if (!ipaddr_is_none(&seen) || !ipaddr_is_none(&before))
		t->outside = seen;
	if (ipaddr_is_none(&before) || ipaddr_eq(&before, &seen))
		return;
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			answers_withdraw(t->overlays[i]);
}

/* `nhs dynamic`: the reply's destination is the address of the NHS. */
static void learn_address(struct nhs *n, const struct nhrp_message *m)
{
	if (!ipaddr_is_none(&n->cfg->addr) || ipaddr_eq(&n->addr, &m->dst_proto) ||
	    !ipaddr_is_host(&m->dst_proto) || overlay_is_local(n->overlay, &m->dst_proto))
		return;
	n->addr = m->dst_proto;
	bindings_apply_static(n->overlay);
}

static void link_local_reply(struct nhs *n, const struct nhrp_message *m)
{
	if (m->cie_count == 0 || m->cies[0].code != NHRP_CODE_SUCCESS)
		return;
	n->link_local_done = true;
	timer_stop(&engine_of(n)->timers, &n->link_local_timer);
	if (!ipaddr_is_link_local(&m->dst_proto) || overlay_owns(n->overlay, &m->dst_proto) ||
	    ipaddr_eq(&n->link_local, &m->dst_proto))
		return;
	nhs_trust_link_local(n, &m->dst_proto);
	bindings_apply_static(n->overlay);
}

void registration_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
{
	struct nhs *const n = nhs_by_request(o, m->request_id);

	if (!n || m->cie_count == 0 || !endpoint_eq(&n->nbma, from)) {
		count(overlay_engine(o), ENGINE_COUNT_DROP_UNMATCHED);
		return;
	}
	if (m->request_id == n->link_local_id) {
		link_local_reply(n, m);
		return;
	}
	tally_received(&n->tallies, &n->nbma.addr);
	n->last_reply = overlay_engine(o)->now;
	if (m->cies[0].code != NHRP_CODE_SUCCESS) {
		nhs_refused(n, nhrp_code_name(m->cies[0].code));
		return;
	}
	learn_outside(n, m);
	learn_address(n, m);
	nhs_step(n, NHS_EVENT_ACCEPTED);
	path_heard(o->tunnel, &n->nbma, n->last_sent);
}

void registration_purge_reply(struct overlay *o, const struct nhrp_message *m)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		if (o->nhs[i]->acknowledged_id == m->request_id)
			nhs_step(o->nhs[i], NHS_EVENT_PURGED);
}
