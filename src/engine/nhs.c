/*
 * Registration with one NHS (RFC 2332 5.2.3). An answered registration is refreshed every
 * registration timeout; an unanswered one is sent again, with the same request id, after
 * 1, 2, 4 … 64 s, but never later than a refresh would be, each shortened by jitter to
 * 0.75-1.0 of that. Three misses and the NHS counts as dead; the ladder goes on.
 *
 *              READY                 ACCEPTED
 *   WAITING ----------> REGISTERING ----------> UP <---------------+
 *      ^                   |                    | TIMER (refresh)  | ACCEPTED
 *      |                   | 3 misses,          v                  |
 *      | UNREADY           | REFUSED        REFRESHING ------------+
 *      | (from anywhere)   v                    |                  |
 *      +---------------- DOWN <-----------------+ 3 misses,        |
 *                          | ACCEPTED             REFUSED, GONE    |
 *                          +---------------------------------------+
 *   LEAVE from anywhere -> LEAVING: the registration is purged; PURGED or the time limit ends it.
 *
 * HEARD is any valid message from the NHS's NBMA address: one that had been silent is asked
 * again at once instead of after the rest of the ladder's step. GONE: the NHS itself purged
 * its own address, as it does when it stops in an orderly way.
 *
 * An NHS counts as live, so that traffic may lean on it, in UP and REFRESHING.
 * nhs_enter() is the only writer of the state.
 */
#include "engine/nhs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/answer.h"
#include "engine/binding.h"
#include "engine/build.h"
#include "engine/name.h"
#include "engine/output.h"
#include "engine/purge.h"
#include "engine/resolution.h"

enum {
	NHS_LADDER_STEPS = 7, /* 1 s << 0 … 6: up to 64 s */
	NHS_MISSES_DOWN = 3,
	NHS_MISSES_SILENT = 2,
	NHS_HEARD_QUIET_MS = 1000, /* HEARD does not make us send more often than this */
	NHS_LEAVE_MS = 400,        /* a farewell is repeated after this … */
	NHS_LEAVE_TRIES = 3,       /* … so often in all */
};

static void nhs_enter(struct nhs *n, enum nhs_state state);

const char *nhs_state_name(enum nhs_state s)
{
	static const char *const names[] = {
#define NHS_NAME(name) #name,
		NHS_STATES(NHS_NAME)
#undef NHS_NAME
	};

	return names[s];
}

bool nhs_is_live(const struct nhs *n)
{
	return n->state == NHS_UP || n->state == NHS_REFRESHING;
}

static struct engine *engine_of(const struct nhs *n)
{
	return overlay_engine(n->overlay);
}

static void set_reason(struct nhs *n, const char *why)
{
	snprintf(n->reason, sizeof n->reason, "%s", why);
}

/* ---- messages */

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

static bool send_registration(struct nhs *n, const struct ipaddr *own, const struct ipaddr *dst, uint32_t id)
{
	const struct overlay *const o = n->overlay;
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
	return message_send(n->overlay, &m, &n->nbma);
}

static struct span refresh_interval(const struct nhs *n)
{
	const struct config_nhrp *const c = n->overlay->cfg;
	const int64_t s = c->registration_timeout_s ? c->registration_timeout_s : c->holdtime_s / 3;

	return span_s(s > 0 ? s : 1);
}

/* A hub that comes back after a crash must see the spoke within one registration timeout: as
 * soon as it would have, had it been there all the time. With short timers the ladder's upper
 * steps would outlast that, and several hold times too. */
static struct span ladder(struct nhs *n, unsigned step)
{
	const int64_t second = span_s(1).us, refresh = refresh_interval(n).us;
	const int64_t grown = second << (step < NHS_LADDER_STEPS ? step : NHS_LADDER_STEPS - 1);
	const int64_t us = grown < refresh ? grown : refresh;

	return span_us(us - (int64_t)prng_below(&engine_of(n)->random, (uint64_t)us / 4));
}

static void arm(struct nhs *n, struct span d)
{
	timer_set(&engine_of(n)->timers, &n->timer, later(engine_of(n), d));
}

/* Sends the registration under way and sets the ladder's next step. */
static void transmit(struct nhs *n)
{
	n->last_sent = engine_of(n)->now;
	if (send_registration(n, &n->overlay->addr, &n->addr, n->request_id))
		n->requests_sent++;
	arm(n, ladder(n, n->step++));
}

/* The link-local address is registered too, beside the global one: with our own address as
 * destination, so that the reply tells the link-local address of the NHS. */
static void transmit_link_local(struct nhs *n)
{
	struct engine *const e = engine_of(n);

	if (ipaddr_is_none(&n->overlay->link_local))
		return;
	send_registration(n, &n->overlay->link_local, &IPADDR_NONE, n->link_local_id);
	timer_set(&e->timers, &n->link_local_timer, later(e, ladder(n, n->link_local_step++)));
}

static void register_link_local(struct nhs *n)
{
	if (ipaddr_is_none(&n->overlay->link_local))
		return;
	n->link_local_id = engine_new_request_id(engine_of(n));
	n->link_local_step = 0;
	n->link_local_done = false;
	transmit_link_local(n);
}

void nhs_link_local_timer(struct nhs *n)
{
	if (nhs_is_live(n) && !n->link_local_done)
		transmit_link_local(n);
}

static void new_registration(struct nhs *n)
{
	n->request_id = engine_new_request_id(engine_of(n));
	n->step = 0;
	n->misses = 0;
	transmit(n);
}

static void say_farewell(struct nhs *n)
{
	const struct ipprefix own = ipprefix_host(&n->overlay->addr);

	n->step++;
	/* Old IOS wants the purge to carry the request id of the registration. */
	purge_send(n->overlay, n->acknowledged_id, true, &n->addr, &n->nbma, &own);
	arm(n, span_ms(NHS_LEAVE_MS));
}

/* ---- what entering a state does */

static void say_state(const struct nhs *n, bool up)
{
	const struct tunnel *const t = n->overlay->tunnel;
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	trace(t->engine, t->settings.number, TRACE_NOTICE,
	      up ? "NHRP_NHS_UP" : "NHRP_NHS_DOWN", "tunnel=Tunnel%u nhs=%s nbma=%s%s%s%s",
	      t->settings.number, ipaddr_format(&n->addr, addr), ipaddr_format(&n->nbma.addr, nbma),
	      up ? "" : " reason=\"", up ? "" : n->reason, up ? "" : "\"");
}

static void enter_up(struct nhs *n, bool was_live)
{
	n->reason[0] = '\0';
	n->step = n->misses = 0;
	n->acknowledged_id = n->request_id;
	if (!was_live)
		say_state(n, true);
	arm(n, refresh_interval(n));
	register_link_local(n);
}

static void enter_down(struct nhs *n)
{
	say_state(n, false);
	if (n->cfg->nbma.name)
		name_doubted(n->overlay->tunnel, n->cfg->nbma.name);
}

static void enter_leaving(struct nhs *n, bool was_live)
{
	n->step = 0;
	timer_stop(&engine_of(n)->timers, &n->timer);
	if (was_live)
		say_farewell(n);
}

/* The only writer of n->state. */
static void nhs_enter(struct nhs *n, enum nhs_state state)
{
	const bool was_live = nhs_is_live(n);
	const enum nhs_state was = n->state;

	n->state = state;
	switch (state) {
	case NHS_WAITING:
		timer_stop(&engine_of(n)->timers, &n->timer);
		set_reason(n, ipaddr_is_none(&n->nbma.addr) ? "NBMA address unknown" : "tunnel down");
		break;
	case NHS_REGISTERING:
		set_reason(n, "no answer yet");
		new_registration(n);
		break;
	case NHS_UP:
		enter_up(n, was_live);
		break;
	case NHS_REFRESHING:
		new_registration(n);
		break;
	case NHS_DOWN:
		if (was != NHS_DOWN)
			enter_down(n);
		break;
	case NHS_LEAVING:
		enter_leaving(n, was_live);
		break;
	case NHS_STATE_COUNT:
		abort();
	}
	if (was_live != nhs_is_live(n))
		tunnel_nhs_changed(n->overlay->tunnel);
}

/* ---- what each state makes of each event */

static bool addressed(const struct nhs *n)
{
	return !ipaddr_is_none(&n->nbma.addr) && !ipaddr_is_none(&n->overlay->addr);
}

/* The ladder's timer: one more miss, and the next try. */
static void miss(struct nhs *n)
{
	n->misses++;
	n->requests_failed++;
	if (n->misses == NHS_MISSES_DOWN && n->state != NHS_DOWN) {
		set_reason(n, "no answer");
		nhs_enter(n, NHS_DOWN);
	}
	if (n->misses >= NHS_MISSES_SILENT)
		output_push(engine_of(n), EFFECT_SILENT, n->overlay->tunnel->settings.number, NULL)->silent.nbma = n->nbma;
	transmit(n);
}

/* Somebody is there after all: ask now instead of at the end of the step. */
static void ask_again(struct nhs *n)
{
	const struct span quiet = instant_since(engine_of(n)->now, n->last_sent);

	if (quiet.us < span_ms(NHS_HEARD_QUIET_MS).us)
		return;
	n->step = 0;
	transmit(n);
}

static void refuse(struct nhs *n)
{
	n->requests_failed++;
	if (n->misses == 0) /* else the ladder's timer is running for this try already */
		n->misses = 1;
	nhs_enter(n, NHS_DOWN);
}

static void go(struct nhs *n)
{
	nhs_enter(n, addressed(n) ? NHS_REGISTERING : NHS_WAITING);
}

static void nhs_in_waiting(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		go(n);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING); /* the reason may be another now */
		break;
	case NHS_EVENT_TIMER:
	case NHS_EVENT_ACCEPTED:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_registering(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		go(n);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		refuse(n);
		break;
	case NHS_EVENT_HEARD:
		ask_again(n);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_up(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY: /* a changed address or setting: register anew, traffic goes on */
		nhs_enter(n, addressed(n) ? NHS_REFRESHING : NHS_WAITING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_enter(n, NHS_REFRESHING);
		break;
	case NHS_EVENT_GONE:
		set_reason(n, "it said that it stops");
		nhs_enter(n, NHS_DOWN);
		n->step = 1;
		arm(n, ladder(n, n->step++));
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_ACCEPTED: /* a duplicate of the reply */
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_refreshing(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter(n, addressed(n) ? NHS_REFRESHING : NHS_WAITING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		refuse(n);
		break;
	case NHS_EVENT_HEARD:
		ask_again(n);
		break;
	case NHS_EVENT_GONE:
		set_reason(n, "it said that it stops");
		nhs_enter(n, NHS_DOWN);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_PURGED:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_down(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		go(n);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		refuse(n);
		break;
	case NHS_EVENT_HEARD:
		ask_again(n);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_leaving(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_TIMER:
		if (n->step < NHS_LEAVE_TRIES)
			say_farewell(n);
		break;
	case NHS_EVENT_PURGED:
	case NHS_EVENT_UNREADY:
		timer_stop(&engine_of(n)->timers, &n->timer);
		break;
	case NHS_EVENT_READY:
	case NHS_EVENT_ACCEPTED:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_GONE:
	case NHS_EVENT_LEAVE:
	case NHS_EVENT_COUNT:
		break;
	}
}

void nhs_step(struct nhs *n, enum nhs_event event)
{
	switch (n->state) {
	case NHS_WAITING:
		nhs_in_waiting(n, event);
		break;
	case NHS_REGISTERING:
		nhs_in_registering(n, event);
		break;
	case NHS_UP:
		nhs_in_up(n, event);
		break;
	case NHS_REFRESHING:
		nhs_in_refreshing(n, event);
		break;
	case NHS_DOWN:
		nhs_in_down(n, event);
		break;
	case NHS_LEAVING:
		nhs_in_leaving(n, event);
		break;
	case NHS_STATE_COUNT:
		abort();
	}
}

void nhs_refused(struct nhs *n, const char *why)
{
	if (n->state != NHS_LEAVING && n->state != NHS_WAITING && n->state != NHS_UP)
		snprintf(n->reason, sizeof n->reason, "refused: %s", why);
	nhs_step(n, NHS_EVENT_REFUSED);
}

/* A name with several addresses behind it: a dead one gives way to the next. */
static void next_address(struct nhs *n)
{
	const struct ipaddr *addrs;
	const size_t known = tunnel_host_addrs(n->overlay->tunnel, &n->cfg->nbma, &addrs);

	if (!n->cfg->nbma.name || ipaddr_is_none(&n->cfg->addr) || known < 2)
		return;
	for (size_t i = 0; i < known; i++)
		if (ipaddr_eq(&addrs[i], &n->nbma.addr)) {
			n->nbma.addr = addrs[(i + 1) % known];
			bindings_apply_static(n->overlay);
			return;
		}
}

void nhs_timer(struct nhs *n)
{
	if (n->state == NHS_DOWN && n->misses >= NHS_MISSES_DOWN)
		next_address(n);
	nhs_step(n, NHS_EVENT_TIMER);
}

/* ---- replies */

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
	n->link_local = m->dst_proto;
	bindings_apply_static(n->overlay);
}

void nhs_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m)
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
	n->replies_received++;
	n->last_reply = overlay_engine(o)->now;
	if (m->cies[0].code != NHRP_CODE_SUCCESS) {
		nhs_refused(n, nhrp_code_name(m->cies[0].code));
		return;
	}
	learn_outside(n, m);
	learn_address(n, m);
	nhs_step(n, NHS_EVENT_ACCEPTED);
}

void nhs_purge_reply(struct overlay *o, const struct nhrp_message *m)
{
	for (size_t i = 0; i < o->nhs_count; i++)
		if (o->nhs[i]->state == NHS_LEAVING && o->nhs[i]->acknowledged_id == m->request_id)
			nhs_step(o->nhs[i], NHS_EVENT_PURGED);
}
