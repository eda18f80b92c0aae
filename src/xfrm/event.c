/*
 * event: what charon is told unasked: EXPIRE, MAPPING, ACQUIRE. A ring of ready messages.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "xfrm/server_state.h"

/* A group's bit, as bind() has it. */
static uint32_t group_bit(unsigned group)
{
	return UINT32_C(1) << (group - 1);
}

bool event_room(const struct xfrm_server *s)
{
	return s->event_count < EVENTS_MAX;
}

static struct xfrm_event *next_free(struct xfrm_server *s)
{
	return &s->events[(s->event_first + s->event_count) % EVENTS_MAX];
}

/* nlmsg_pid and _seq are 0: it comes from the kernel. */
static struct netlink_writer begin(struct xfrm_server *s, uint16_t type, unsigned group)
{
	struct xfrm_event *e = next_free(s);
	struct netlink_writer w = netlink_writer_of(e->bytes, sizeof e->bytes);

	e->groups = group_bit(group);
	netlink_begin(&w, type, 0, 0, 0);
	return w;
}

static void commit(struct xfrm_server *s, struct netlink_writer *w)
{
	bool fits = netlink_end(w);

	assert(fits);
	next_free(s)->length = (uint32_t)w->used;
	s->event_count++;
	s->counters.events++;
}

size_t xfrm_server_event(struct xfrm_server *s, struct xfrm_clock clock, uint8_t bytes[XFRM_EVENT_MAX],
			 uint32_t *groups)
{
	const struct xfrm_event *e = &s->events[s->event_first];

	(void)clock;
	if (s->event_count == 0)
		return 0;
	memcpy(bytes, e->bytes, e->length);
	*groups = e->groups;
	return e->length;
}

void xfrm_server_event_sent(struct xfrm_server *s)
{
	assert(s->event_count > 0);
	s->event_first = (s->event_first + 1) % EVENTS_MAX;
	s->event_count--;
}

void event_expire(struct xfrm_server *s, const struct esp_sa *sa, bool is_hard, struct xfrm_clock clock)
{
	struct netlink_writer w = begin(s, XFRM_MSG_EXPIRE, XFRMNLGRP_EXPIRE);
	struct xfrm_user_expire expire;

	memset(&expire, 0, sizeof expire);
	expire.state = sa_message_info(sa, clock);
	expire.hard = is_hard;
	netlink_put(&w, &expire, sizeof expire);
	commit(s, &w);
}

void xfrm_server_moved(struct xfrm_server *s, struct xfrm_clock clock, struct esp_sa *sa,
		       const struct ipaddr *remote, uint16_t port)
{
	struct xfrm_owner *owner = xfrm_owner(sa);
	uint32_t now_s = (uint32_t)(clock.now.us / 1000000) + 1; /* 0: never said */
	struct xfrm_user_mapping mapping;
	struct netlink_writer w;

	assert(sa->inbound);
	if (owner->forgotten || !sa->udp || sa->phase == ESP_PHASE_LARVAL || owner->moved_s == now_s || !event_room(s))
		return;
	if (port == owner->peer_port && ipaddr_eq(remote, &sa->remote))
		return;
	owner->moved_s = now_s;
	memset(&mapping, 0, sizeof mapping);
	mapping.id.daddr = sa_message_xfrm_address(&sa->local);
	mapping.id.spi = htonl(sa->spi);
	mapping.id.family = sa_message_family(&sa->local);
	mapping.id.proto = IPPROTO_ESP;
	mapping.reqid = sa->reqid;
	mapping.old_saddr = sa_message_xfrm_address(&sa->remote);
	mapping.old_sport = htons(owner->peer_port);
	mapping.new_saddr = sa_message_xfrm_address(remote);
	mapping.new_sport = htons(port);
	w = begin(s, XFRM_MSG_MAPPING, XFRMNLGRP_MAPPING);
	netlink_put(&w, &mapping, sizeof mapping);
	commit(s, &w);
}

/* --- traps --- */

static bool covers(const xfrm_address_t *net, uint8_t length, uint16_t family, const struct ipaddr *addr)
{
	struct ipaddr base;
	struct ipprefix prefix;

	if (!sa_message_address(family, net, &base) || base.family != addr->family ||
	    length > ip_family_bits(base.family))
		return false;
	prefix = ipprefix_make(&base, length);
	return ipprefix_contains(&prefix, addr);
}

static bool is_trap_for(const struct xfrm_policy *p, const struct ipaddr *local, const struct ipaddr *remote)
{
	const struct xfrm_selector *sel = &p->selector;

	return p->dir == XFRM_POLICY_OUT && p->action == XFRM_POLICY_ALLOW && p->template_count > 0 &&
	       p->templates[0].id.spi == 0 && covers(&sel->saddr, sel->prefixlen_s, sel->family, local) &&
	       covers(&sel->daddr, sel->prefixlen_d, sel->family, remote);
}

static void put_acquire(struct xfrm_server *s, struct xfrm_clock clock, const struct xfrm_policy *p,
			const struct ipaddr *local, const struct ipaddr *remote)
{
	const struct xfrm_user_tmpl *t = &p->templates[0];
	struct netlink_writer w = begin(s, XFRM_MSG_ACQUIRE, XFRMNLGRP_ACQUIRE);
	struct xfrm_user_acquire acquire;

	memset(&acquire, 0, sizeof acquire);
	acquire.id.daddr = sa_message_xfrm_address(remote);
	acquire.id.proto = t->id.proto;
	acquire.saddr = sa_message_xfrm_address(local);
	acquire.sel = p->selector;
	acquire.sel.daddr = acquire.id.daddr;
	acquire.sel.saddr = acquire.saddr;
	acquire.sel.prefixlen_d = acquire.sel.prefixlen_s = ip_family_bits(local->family);
	acquire.policy.sel = p->selector;
	acquire.policy.priority = p->priority;
	acquire.policy.index = xfrm_policies_index(&s->policies, p);
	acquire.policy.dir = p->dir;
	acquire.policy.curlft.add_time = (uint64_t)clock.unix_s;
	acquire.aalgos = t->aalgos;
	acquire.ealgos = t->ealgos;
	acquire.calgos = t->calgos;
	acquire.seq = ++s->acquire_seq;
	netlink_put(&w, &acquire, sizeof acquire);
	netlink_put_attribute(&w, XFRMA_TMPL, p->templates, p->template_count * sizeof p->templates[0]);
	commit(s, &w);
}

bool xfrm_server_acquire(struct xfrm_server *s, struct xfrm_clock clock, const struct ipaddr *local,
			 const struct ipaddr *remote)
{
	struct xfrm_policy *p = NULL;

	while ((p = xfrm_policies_next(&s->policies, p)) != NULL) {
		if (!is_trap_for(p, local, remote))
			continue;
		if (p->acquired_us == 0 || clock.now.us - p->acquired_us >= 1000000) {
			if (!event_room(s))
				return true;
			p->acquired_us = clock.now.us;
			put_acquire(s, clock, p, local, remote);
		}
		return true;
	}
	return false;
}
