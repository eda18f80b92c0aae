/* server: its making, its SAs' coming and going. See server.h and server_state.h. */
#include "xfrm/server.h"

#include <stdlib.h>
#include <string.h>

#include "xfrm/server_state.h"

void xfrm_server_layout(struct sa_table_layout *layout)
{
	layout->second_size = XFRM_SECOND_OCTETS;
	layout->second_capacity = XFRM_POLICY_CAPACITY + 1; /* and the record */
	layout->second_version = XFRM_SECOND_VERSION;
}

/* An EXPIRE that the earlier process had queued may have been lost with it: it is said again, and
 * charon does not mind. */
static void adopt(struct xfrm_server *s, struct xfrm_clock clock)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_table_next(s->table, sa)) != NULL) {
		sa->soft_said = sa->hard_said = 0;
		if (sa->phase != ESP_PHASE_LARVAL)
			server_reqid_link(s, sa);
		limits_arm(s, sa, clock.now);
	}
}

struct xfrm_server *xfrm_server_new(struct sa_table *table, const struct xfrm_hooks *hooks, uint64_t seed,
				    struct xfrm_clock clock)
{
	struct xfrm_server *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->table = table;
	s->hooks = *hooks;
	prng_init(&s->prng, seed);
	s->reqid_buckets = calloc(REQID_BUCKETS, sizeof *s->reqid_buckets);
	s->reqid_next = calloc(sa_table_capacity(table), sizeof *s->reqid_next);
	s->events = calloc(EVENTS_MAX, sizeof *s->events);
	if (!s->reqid_buckets || !s->reqid_next || !s->events || limits_init(s) < 0 ||
	    xfrm_policies_init(&s->policies, table) < 0) {
		xfrm_server_free(s);
		return NULL;
	}
	s->record = xfrm_policies_record(&s->policies);
	adopt(s, clock);
	return s;
}

void xfrm_server_free(struct xfrm_server *s)
{
	if (!s)
		return;
	xfrm_policies_done(&s->policies);
	limits_done(s);
	free(s->events);
	free(s->reqid_next);
	free(s->reqid_buckets);
	free(s);
}

void server_refused(struct xfrm_server *s, const struct algorithm_refusal *refusal)
{
	if (refusal->what && s->hooks.refused)
		s->hooks.refused(s->hooks.context, refusal->what, refusal->name);
}

/* --- by reqid --- */

static uint32_t *reqid_bucket(const struct xfrm_server *s, uint32_t reqid)
{
	return &s->reqid_buckets[reqid % REQID_BUCKETS];
}

void server_reqid_link(struct xfrm_server *s, const struct esp_sa *sa)
{
	uint32_t index = sa_table_index(s->table, sa), *head = reqid_bucket(s, sa->reqid);

	s->reqid_next[index] = *head;
	*head = index + 1;
}

static void reqid_unlink(struct xfrm_server *s, const struct esp_sa *sa)
{
	uint32_t index = sa_table_index(s->table, sa), *at = reqid_bucket(s, sa->reqid);

	while (*at != index + 1)
		at = &s->reqid_next[*at - 1];
	*at = s->reqid_next[index];
}

struct esp_sa *server_of_reqid(const struct xfrm_server *s, uint32_t reqid, bool inbound, const struct esp_sa *after)
{
	uint32_t at = after ? s->reqid_next[sa_table_index(s->table, after)] : *reqid_bucket(s, reqid);

	for (; at; at = s->reqid_next[at - 1]) {
		struct esp_sa *sa = sa_table_at(s->table, at - 1);

		if (sa->reqid == reqid && sa->inbound == inbound && !xfrm_owner(sa)->forgotten)
			return sa;
	}
	return NULL;
}

/* --- going and coming back --- */

static void remember(struct xfrm_server *s, const struct esp_sa *sa)
{
	struct xfrm_recent *r = &s->recent[s->recent_at++ % RECENT_MAX];

	*r = (struct xfrm_recent){
		.spi = sa->spi, .inbound = sa->inbound, .phase = sa->phase, .is_initiator = sa->is_initiator,
		.session = sa->session, .local = sa->local,
	};
	memcpy(r->digest, sa->key_digest, sizeof r->digest);
	/* Before charon forgot it, it was bound or it was not. */
	if (r->phase == ESP_PHASE_ORPHAN)
		r->phase = sa->session ? ESP_PHASE_LIVE : ESP_PHASE_UNBOUND;
}

const struct xfrm_recent *server_recent(const struct xfrm_server *s, uint32_t spi, bool inbound)
{
	for (uint32_t back = 1; back <= RECENT_MAX; back++) {
		const struct xfrm_recent *r = &s->recent[(s->recent_at - back) % RECENT_MAX];

		if (r->spi == spi && r->inbound == inbound)
			return r;
	}
	return NULL;
}

void server_drop(struct xfrm_server *s, struct esp_sa *sa)
{
	limits_stop(s, sa);
	if (sa->phase != ESP_PHASE_LARVAL) {
		remember(s, sa);
		reqid_unlink(s, sa);
	}
	if (s->hooks.removed)
		s->hooks.removed(s->hooks.context, sa);
	sa_table_remove(s->table, sa);
}

void xfrm_server_remove(struct xfrm_server *s, struct esp_sa *sa)
{
	server_drop(s, sa);
}

void server_forget(struct xfrm_server *s, struct esp_sa *sa)
{
	struct xfrm_owner *owner = xfrm_owner(sa);

	owner->forgotten = 1;
	if (sa->phase == ESP_PHASE_LARVAL || !s->hooks.deleted || !s->hooks.deleted(s->hooks.context, sa)) {
		server_drop(s, sa);
		return;
	}
	sa->phase = ESP_PHASE_ORPHAN;
}

void server_installed(struct xfrm_server *s, struct esp_sa *sa, struct xfrm_clock clock)
{
	const struct xfrm_recent *r = server_recent(s, sa->spi, sa->inbound);

	if (r && memcmp(r->digest, sa->key_digest, sizeof r->digest) == 0) {
		sa->session = r->session;
		sa->is_initiator = r->is_initiator;
		sa->phase = r->phase;
	}
	server_reqid_link(s, sa);
	limits_arm(s, sa, clock.now);
	if (s->hooks.installed)
		s->hooks.installed(s->hooks.context, sa);
}

struct esp_sa *server_find(const struct xfrm_server *s, uint32_t spi, const struct ipaddr *daddr)
{
	struct esp_sa *sa = sa_table_inbound(s->table, spi);

	if (sa && !xfrm_owner(sa)->forgotten && ipaddr_eq(&sa->local, daddr))
		return sa;
	sa = sa_table_outbound(s->table, spi, daddr);
	return sa && !xfrm_owner(sa)->forgotten ? sa : NULL;
}

/* --- charon's death --- */

static void orphan(struct xfrm_server *s, struct esp_sa *sa, struct instant now)
{
	struct xfrm_owner *owner = xfrm_owner(sa);

	owner->forgotten = 1;
	if (sa->phase == ESP_PHASE_LARVAL || sa->hard_said) {
		server_drop(s, sa);
		return;
	}
	sa->phase = ESP_PHASE_ORPHAN;
	if (sa->session == 0)
		owner->gone_us = instant_add(now, span_s(UNCLAIMED_S)).us;
	limits_arm(s, sa, now);
}

void xfrm_server_orphan_all(struct xfrm_server *s, struct xfrm_clock clock)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_table_next(s->table, sa)) != NULL)
		if (!xfrm_owner(sa)->forgotten)
			orphan(s, sa, clock.now);
	xfrm_policies_clear(&s->policies);
	memset(s->record, 0, sizeof *s->record);
	s->dump.type = 0;
	s->event_count = 0;
}

uint32_t xfrm_server_policy_count(const struct xfrm_server *s)
{
	return s->policies.count;
}

struct xfrm_counters xfrm_server_counters(const struct xfrm_server *s)
{
	return s->counters;
}
