#include "forward/sa_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forward/hash.h"

_Static_assert(sizeof(struct sa_binding) <= ESP_SA_BOUND_OCTETS, "a binding fits in an SA's slot");

enum { BUCKETS_FIRST = 64 };

/* ---- look-up ---- */

static size_t id_bucket(const struct sa_sessions *s, uint32_t id)
{
	return hash_mix(1, id) & (s->buckets - 1);
}

static size_t endpoint_bucket(const struct sa_sessions *s, uint32_t protection, const struct endpoint *local,
			      const struct endpoint *remote)
{
	const uint64_t h = hash_ipaddr(hash_mix(protection, (uint64_t)remote->vrf << 32 | remote->site), &remote->addr);

	return hash_ipaddr(h, &local->addr) & (s->buckets - 1);
}

static size_t spi_bucket(const struct sa_sessions *s, uint32_t spi)
{
	return hash_mix(2, spi) & (s->pair_buckets - 1);
}

static struct sa_session **endpoint_head(const struct sa_sessions *s, const struct sa_session *session)
{
	const struct forward_session *c = &session->conf;

	return &s->by_endpoint[endpoint_bucket(s, c->protection, &c->local, &c->remote)];
}

struct sa_session *sa_session_find(const struct sa_sessions *s, uint32_t id)
{
	struct sa_session *at = s->by_id[id_bucket(s, id)];

	while (at && at->conf.session != id)
		at = at->next_by_id;
	return at;
}

struct sa_session *sa_session_at(const struct sa_sessions *s, uint32_t protection, const struct endpoint *local,
				 const struct endpoint *remote)
{
	struct sa_session *at = s->by_endpoint[endpoint_bucket(s, protection, local, remote)];

	while (at && (at->conf.protection != protection || !endpoint_eq(&at->conf.remote, remote) ||
		      !endpoint_eq(&at->conf.local, local)))
		at = at->next_by_endpoint;
	return at;
}

struct sa_session *sa_session_of(const struct sa_sessions *s, const struct esp_sa *sa)
{
	return sa->session ? sa_session_find(s, sa->session) : NULL;
}

static void session_link(struct sa_sessions *s, struct sa_session *session)
{
	struct sa_session **id = &s->by_id[id_bucket(s, session->conf.session)];
	struct sa_session **endpoint = endpoint_head(s, session);

	session->next_by_id = *id;
	*id = session;
	/* At the head: of two for the same endpoints the later one is meant. */
	session->next_by_endpoint = *endpoint;
	*endpoint = session;
}

static void session_unlink(struct sa_sessions *s, struct sa_session *session)
{
	struct sa_session **at = &s->by_id[id_bucket(s, session->conf.session)];

	while (*at != session)
		at = &(*at)->next_by_id;
	*at = session->next_by_id;
	at = endpoint_head(s, session);
	while (*at != session)
		at = &(*at)->next_by_endpoint;
	*at = session->next_by_endpoint;
}

static void pair_link(struct sa_sessions *s, struct sa_pair *p)
{
	struct sa_pair **in = &s->by_in[spi_bucket(s, p->spi_in)], **out = &s->by_out[spi_bucket(s, p->spi_out)];

	p->next_in = *in;
	*in = p;
	p->next_out = *out;
	*out = p;
}

static void pair_unlink(struct sa_sessions *s, struct sa_pair *p)
{
	struct sa_pair **at = &s->by_in[spi_bucket(s, p->spi_in)];

	while (*at != p)
		at = &(*at)->next_in;
	*at = p->next_in;
	at = &s->by_out[spi_bucket(s, p->spi_out)];
	while (*at != p)
		at = &(*at)->next_out;
	*at = p->next_out;
}

/* Without memory the chains just stay long. */
static void sessions_grow(struct sa_sessions *s)
{
	const size_t buckets = s->buckets * 2;
	struct sa_session **by_id = calloc(buckets, sizeof *by_id);
	struct sa_session **by_endpoint = calloc(buckets, sizeof *by_endpoint);
	struct sa_session *session;

	if (!by_id || !by_endpoint) {
		free(by_id);
		free(by_endpoint);
		return;
	}
	free(s->by_id);
	free(s->by_endpoint);
	s->by_id = by_id;
	s->by_endpoint = by_endpoint;
	s->buckets = buckets;
	TAILQ_FOREACH(session, &s->all, order)
		session_link(s, session);
}

static void pairs_grow(struct sa_sessions *s)
{
	const size_t buckets = s->pair_buckets * 2;
	struct sa_pair **by_in = calloc(buckets, sizeof *by_in), **by_out = calloc(buckets, sizeof *by_out);
	struct sa_session *session;
	struct sa_pair *p;

	if (!by_in || !by_out) {
		free(by_in);
		free(by_out);
		return;
	}
	free(s->by_in);
	free(s->by_out);
	s->by_in = by_in;
	s->by_out = by_out;
	s->pair_buckets = buckets;
	TAILQ_FOREACH(session, &s->all, order)
		TAILQ_FOREACH(p, &session->pairs, order)
			pair_link(s, p);
}

/* ---- pairs ---- */

static struct esp_sa **pair_half(struct sa_pair *p, bool inbound)
{
	return inbound ? &p->in : &p->out;
}

static bool is_orphan(const struct sa_pair *p)
{
	return (p->out && p->out->phase == ESP_PHASE_ORPHAN) || (p->in && p->in->phase == ESP_PHASE_ORPHAN);
}

static bool was_heard(const struct sa_pair *p)
{
	return p->in && p->in->used_us != 0;
}

static struct sa_pair *pair_make(struct sa_sessions *s, struct sa_session *session, uint32_t spi_in,
				 uint32_t spi_out, bool is_initiator, struct instant bound_at)
{
	struct sa_pair *p = malloc(sizeof *p), *before;

	if (!p)
		return NULL;
	*p = (struct sa_pair){ .session = session, .spi_in = spi_in, .spi_out = spi_out, .is_initiator = is_initiator,
			       .bound_at = bound_at, .in_until = INSTANT_NEVER, .out_until = INSTANT_NEVER,
			       .empty_since = bound_at };
	if (s->pair_count >= s->pair_buckets)
		pairs_grow(s);
	s->pair_count++;
	pair_link(s, p);
	before = TAILQ_LAST(&session->pairs, sa_pair_list);
	while (before && instant_before(bound_at, before->bound_at))
		before = TAILQ_PREV(before, sa_pair_list, order);
	if (before)
		TAILQ_INSERT_AFTER(&session->pairs, before, p, order);
	else
		TAILQ_INSERT_HEAD(&session->pairs, p, order);
	return p;
}

static void pair_free(struct sa_sessions *s, struct sa_pair *p)
{
	TAILQ_REMOVE(&p->session->pairs, p, order);
	pair_unlink(s, p);
	s->pair_count--;
	free(p);
}

/* An outbound SPI was chosen by the peer: those of others may be the same. */
static bool takes_outbound(const struct sa_pair *p, const struct esp_sa *sa)
{
	if (p->spi_out != sa->spi || (p->out && p->out != sa))
		return false;
	return p->out == sa || sa->session == p->session->conf.session ||
	       ipaddr_eq(&p->session->conf.remote.addr, &sa->remote) ||
	       (p->in && (ipaddr_eq(&p->in->remote, &sa->remote) || ipaddr_eq(&sa_binding(p->in)->to, &sa->remote)));
}

static struct sa_pair *pair_of(const struct sa_sessions *s, const struct esp_sa *sa)
{
	struct sa_pair *p;

	if (sa->inbound) {
		p = s->by_in[spi_bucket(s, sa->spi)];
		while (p && p->spi_in != sa->spi)
			p = p->next_in;
		return p;
	}
	p = s->by_out[spi_bucket(s, sa->spi)];
	while (p && !takes_outbound(p, sa))
		p = p->next_out;
	return p;
}

static void binding_write(const struct sa_pair *p, struct esp_sa *sa)
{
	struct sa_binding *b = sa_binding(sa);

	b->session = p->session->conf;
	b->twin_spi = sa->inbound ? p->spi_out : p->spi_in;
	b->bound_us = p->bound_at.us;
	b->until_us = sa->inbound ? p->in_until.us : p->out_until.us;
}

/* The session's number is stored last: a slot that names one has a whole binding. */
static void pair_attach(struct sa_sessions *s, struct sa_pair *p, struct esp_sa *sa)
{
	struct sa_binding *b = sa_binding(sa);

	*pair_half(p, sa->inbound) = sa;
	p->empty_since = INSTANT_NEVER;
	b->to = sa->remote;
	b->to_port = sa->remote_port;
	binding_write(p, sa);
	sa->is_initiator = p->is_initiator;
	if (sa->phase == ESP_PHASE_UNBOUND)
		sa->phase = ESP_PHASE_LIVE;
	__atomic_store_n(&sa->session, p->session->conf.session, __ATOMIC_RELEASE);
	s->ways.sa_changed(s->ways.context, sa, sa->phase);
}

static void pair_detach(struct sa_pair *p, const struct esp_sa *sa, struct instant now)
{
	struct esp_sa **half = pair_half(p, sa->inbound);

	if (*half != sa)
		return;
	*half = NULL;
	*(sa->inbound ? &p->in_until : &p->out_until) = INSTANT_NEVER;
	if (!p->in && !p->out)
		p->empty_since = now;
}

static void doom(struct sa_pair *p, struct esp_sa *sa, struct instant until)
{
	struct instant *at = sa->inbound ? &p->in_until : &p->out_until;

	*at = instant_min(*at, until);
	sa_binding(sa)->until_us = at->us;
}

/* ---- the choice ---- */

enum rank { RANK_NONE, RANK_DOOMED, RANK_NEW, RANK_READY };

static bool was_ready(const struct sa_pair *p, struct instant then)
{
	return p->is_initiator || was_heard(p) || !instant_before(then, instant_add(p->bound_at, span_ms(SA_PREFER_MS)));
}

static enum rank rank_of(const struct sa_pair *p, struct instant now)
{
	if (!p->out || p->out->phase == ESP_PHASE_LARVAL || esp_sa_limit(p->out, now) == ESP_LIMIT_HARD)
		return RANK_NONE;
	if (!instant_is_never(p->out_until)) /* one that was refused before it was ready is not worth a packet */
		return instant_before(now, p->out_until) && was_ready(p, instant_add(p->out_until, span_ms(-SA_LINGER_MS))) ?
			RANK_DOOMED : RANK_NONE;
	return was_ready(p, now) ? RANK_READY : RANK_NEW;
}

/*
 * A new pair that the peer began is his to use first: he may refuse us yet, with his last word
 * on the way. Where nothing sends it waits, as frames have the relays meanwhile.
 */
static struct sa_pair *best(const struct sa_session *session, struct instant now)
{
	enum rank found = RANK_NONE;
	struct sa_pair *p, *best = NULL;

	TAILQ_FOREACH(p, &session->pairs, order) {
		const enum rank rank = rank_of(p, now);

		if (rank != RANK_NONE && rank >= found) {
			found = rank;
			best = p;
		}
	}
	return found == RANK_NEW && !session->out ? NULL : best;
}

static void choose(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	const struct sa_pair *p = best(session, now);
	const struct esp_sa *before = session->out;

	session->out = p ? p->out : NULL;
	if (session->out == before)
		return;
	session->key = session->out ? sa_table_key(s->table, session->out) : NULL;
	session->path = session->out ? sa_binding(session->out) : NULL;
	if (before && before->state == ESP_SLOT_USED)
		s->ways.sa_changed(s->ways.context, before, before->phase);
	if (session->out)
		s->ways.sa_changed(s->ways.context, session->out, session->out->phase);
	if (!before != !session->out)
		s->ways.session_changed(s->ways.context, session);
}

static void remove_sa(struct sa_sessions *s, struct esp_sa *sa)
{
	s->ways.sa_remove(s->ways.context, sa);
}

/* Orphans make way once a pair of the living charon has carried a packet from the peer. What
 * the peer sent by them until then is still taken. */
static void orphans_retire(struct sa_session *session, struct instant now)
{
	struct sa_pair *p;
	bool replaced = false;

	TAILQ_FOREACH(p, &session->pairs, order)
		replaced |= p->out && was_heard(p) && !is_orphan(p);
	TAILQ_FOREACH(p, &session->pairs, order) {
		if (!replaced || !is_orphan(p))
			continue;
		if (p->out)
			doom(p, p->out, now);
		if (p->in)
			doom(p, p->in, instant_add(now, span_ms(SA_LINGER_MS)));
	}
}

/* What charon deleted stays only as long as nothing else can send. */
static void lingering_retire(struct sa_session *session, struct instant now)
{
	const struct sa_pair *chosen = best(session, now);
	struct sa_pair *p;

	TAILQ_FOREACH(p, &session->pairs, order)
		if (p->out && p != chosen && !instant_is_never(p->out_until))
			doom(p, p->out, now);
}

static bool is_over(struct instant until, struct instant now)
{
	return !instant_before(now, until);
}

static void pairs_sweep(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	struct sa_pair *p = TAILQ_FIRST(&session->pairs);

	while (p) {
		struct sa_pair *next = TAILQ_NEXT(p, order);

		if (p->out && is_over(p->out_until, now))
			remove_sa(s, p->out);
		if (p->in && is_over(p->in_until, now))
			remove_sa(s, p->in);
		if (is_over(instant_add(p->empty_since, span_ms(SA_PAIR_MEMORY_MS)), now))
			pair_free(s, p);
		p = next;
	}
}

/* When the choice may come out differently, or something is to go. */
static struct instant next_due(const struct sa_session *session, struct instant now)
{
	struct instant due = INSTANT_NEVER;
	const struct sa_pair *p;

	TAILQ_FOREACH(p, &session->pairs, order) {
		const struct instant ready = instant_add(p->bound_at, span_ms(SA_PREFER_MS));

		due = instant_min(due, instant_min(p->in_until, p->out_until));
		due = instant_min(due, instant_add(p->empty_since, span_ms(SA_PAIR_MEMORY_MS)));
		if (p->out && instant_before(now, ready))
			due = instant_min(due, ready);
		if (p->out && p->out->hard.deadline_us != INT64_MAX && now.us < p->out->hard.deadline_us)
			due = instant_min(due, (struct instant){ p->out->hard.deadline_us });
	}
	return due;
}

static void timer_renew(struct sa_sessions *s, struct sa_session *session, struct instant due)
{
	if (instant_is_never(due))
		timer_stop(&s->timers, &session->timer);
	else
		timer_set(&s->timers, &session->timer, due);
}

void sa_session_settle(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	orphans_retire(session, now);
	lingering_retire(session, now);
	choose(s, session, now);
	pairs_sweep(s, session, now);
	timer_renew(s, session, next_due(session, now));
}

/* The same, in the midst of a change by others: what is to go goes a moment later. */
static void settle_soon(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	choose(s, session, now);
	timer_renew(s, session, now);
}

/* ---- sessions ---- */

int sa_sessions_init(struct sa_sessions *s, const struct sa_session_ways *ways)
{
	*s = (struct sa_sessions){ .ways = *ways, .buckets = BUCKETS_FIRST, .pair_buckets = BUCKETS_FIRST };
	TAILQ_INIT(&s->all);
	timers_init(&s->timers);
	s->by_id = calloc(s->buckets, sizeof *s->by_id);
	s->by_endpoint = calloc(s->buckets, sizeof *s->by_endpoint);
	s->by_in = calloc(s->pair_buckets, sizeof *s->by_in);
	s->by_out = calloc(s->pair_buckets, sizeof *s->by_out);
	if (s->by_id && s->by_endpoint && s->by_in && s->by_out)
		return 0;
	sa_sessions_done(s);
	return -ENOMEM;
}

static void session_free(struct sa_sessions *s, struct sa_session *session)
{
	while (!TAILQ_EMPTY(&session->pairs))
		pair_free(s, TAILQ_FIRST(&session->pairs));
	timer_stop(&s->timers, &session->timer);
	session_unlink(s, session);
	TAILQ_REMOVE(&s->all, session, order);
	s->count--;
	s->epoch++;
	free(session);
}

void sa_sessions_done(struct sa_sessions *s)
{
	while (!TAILQ_EMPTY(&s->all))
		session_free(s, TAILQ_FIRST(&s->all));
	timers_done(&s->timers);
	free(s->by_id);
	free(s->by_endpoint);
	free(s->by_in);
	free(s->by_out);
}

/* Its SAs carry what it is called by. */
static void session_change(struct sa_sessions *s, struct sa_session *session, const struct forward_session *conf)
{
	struct sa_pair *p;

	session_unlink(s, session);
	session->conf = *conf;
	session->raw_epoch = 0;
	session->peer_epoch = 0;
	session_link(s, session);
	s->epoch++;
	TAILQ_FOREACH(p, &session->pairs, order) {
		if (p->in)
			binding_write(p, p->in);
		if (p->out)
			binding_write(p, p->out);
	}
}

static bool same_conf(const struct forward_session *a, const struct forward_session *b)
{
	return a->protection == b->protection && endpoint_eq(&a->local, &b->local) && endpoint_eq(&a->remote, &b->remote);
}

struct sa_session *sa_session_set(struct sa_sessions *s, const struct forward_session *conf)
{
	struct sa_session *session = conf->session ? sa_session_find(s, conf->session) : NULL;

	if (conf->session == 0)
		return NULL;
	if (session) {
		if (!same_conf(&session->conf, conf))
			session_change(s, session, conf);
		return session;
	}
	session = malloc(sizeof *session);
	if (!session)
		return NULL;
	*session = (struct sa_session){ .conf = *conf };
	TAILQ_INIT(&session->pairs);
	timer_init(&session->timer, 0, session);
	/* Looked up per packet: most chains shall hold one session. */
	if (2 * s->count >= s->buckets)
		sessions_grow(s);
	TAILQ_INSERT_TAIL(&s->all, session, order);
	session_link(s, session);
	s->count++;
	s->epoch++;
	return session;
}

static void pair_remove(struct sa_sessions *s, struct sa_pair *p)
{
	if (p->in)
		remove_sa(s, p->in);
	if (p->out)
		remove_sa(s, p->out);
	pair_free(s, p);
}

void sa_session_remove(struct sa_sessions *s, struct sa_session *session)
{
	while (!TAILQ_EMPTY(&session->pairs))
		pair_remove(s, TAILQ_FIRST(&session->pairs));
	session_free(s, session);
}

/* ---- binding ---- */

/* By the inbound SPI, which is ours and one only; else by the peer's, in that session. */
static struct sa_pair *pair_named(const struct sa_sessions *s, const struct forward_sa_bind *bind)
{
	struct sa_pair *p;

	if (bind->spi_in) {
		p = s->by_in[spi_bucket(s, bind->spi_in)];
		while (p && p->spi_in != bind->spi_in)
			p = p->next_in;
		return p;
	}
	if (!bind->spi_out)
		return NULL;
	p = s->by_out[spi_bucket(s, bind->spi_out)];
	while (p && (p->spi_out != bind->spi_out || (bind->session && p->session->conf.session != bind->session)))
		p = p->next_out;
	return p;
}

static struct esp_sa *outbound(const struct sa_sessions *s, const struct sa_session *session, uint32_t spi,
			       const struct esp_sa *twin)
{
	struct esp_sa *sa = twin ? sa_table_outbound(s->table, spi, &twin->remote) : NULL;

	return sa ? sa : sa_table_outbound(s->table, spi, &session->conf.remote.addr);
}

static void pair_fill(struct sa_sessions *s, struct sa_pair *p)
{
	struct esp_sa *in, *out;

	if (!s->table)
		return;
	in = p->spi_in ? sa_table_inbound(s->table, p->spi_in) : NULL;
	if (in && !p->in && in->phase != ESP_PHASE_LARVAL)
		pair_attach(s, p, in);
	out = p->spi_out && !p->out ? outbound(s, p->session, p->spi_out, in) : NULL;
	if (out && out->session == 0)
		pair_attach(s, p, out);
}

static void sa_unbind(struct esp_sa *sa)
{
	if (!sa)
		return;
	__atomic_store_n(&sa->session, 0, __ATOMIC_RELEASE);
	if (sa->phase == ESP_PHASE_LIVE)
		sa->phase = ESP_PHASE_UNBOUND;
}

static void pair_unbind(struct sa_sessions *s, struct sa_pair *p, struct instant now)
{
	struct sa_session *session = p->session;

	sa_unbind(p->in);
	sa_unbind(p->out);
	pair_free(s, p);
	settle_soon(s, session, now);
}

static void pair_complete(struct sa_sessions *s, struct sa_pair *p, uint32_t spi_out)
{
	pair_unlink(s, p);
	p->spi_out = spi_out;
	pair_link(s, p);
	if (p->in)
		binding_write(p, p->in);
}

int sa_session_bind(struct sa_sessions *s, const struct forward_sa_bind *bind, struct instant now)
{
	struct sa_session *session = sa_session_find(s, bind->session);
	struct sa_pair *p = pair_named(s, bind);

	if (!session)
		return -ENOENT;
	if (!bind->spi_in && !bind->spi_out)
		return -EINVAL;
	/* Another session's, or with another twin: that was another life of the SPI. */
	if (p && (p->session != session || (bind->spi_out && p->spi_out && p->spi_out != bind->spi_out))) {
		pair_unbind(s, p, now);
		p = NULL;
	}
	if (!p)
		p = pair_make(s, session, bind->spi_in, bind->spi_out, bind->is_initiator, now);
	else if (bind->spi_out && !p->spi_out)
		pair_complete(s, p, bind->spi_out);
	if (!p)
		return -ENOMEM;
	pair_fill(s, p);
	sa_session_settle(s, session, now);
	return 0;
}

static void unbound_outbound_remove(struct sa_sessions *s, uint32_t spi)
{
	struct esp_sa *sa = NULL;

	while ((sa = sa_table_next(s->table, sa)))
		if (!sa->inbound && sa->spi == spi && sa->session == 0)
			remove_sa(s, sa);
}

void sa_session_revoke(struct sa_sessions *s, const struct forward_sa_bind *named, struct instant now)
{
	struct sa_pair *p = pair_named(s, named);
	struct esp_sa *in;

	if (p && (!named->spi_out || !p->spi_out || p->spi_out == named->spi_out)) {
		struct sa_session *session = p->session;

		pair_remove(s, p);
		sa_session_settle(s, session, now);
		return;
	}
	if (!s->table)
		return;
	in = named->spi_in ? sa_table_inbound(s->table, named->spi_in) : NULL;
	if (in)
		remove_sa(s, in);
	if (named->spi_out)
		unbound_outbound_remove(s, named->spi_out);
}

/* ---- what happens to SAs ---- */

bool sa_session_installed(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = pair_of(s, sa);

	if (!p) {
		sa_unbind(sa);
		return false;
	}
	sa->phase = ESP_PHASE_LIVE; /* also where it goes on from an orphan: charon knows it again */
	pair_attach(s, p, sa);
	settle_soon(s, p->session, now);
	return true;
}

bool sa_session_deleted(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = sa->session ? pair_of(s, sa) : NULL;
	struct sa_session *session = p ? p->session : NULL;

	if (!session)
		return false;
	if (sa->inbound) {
		doom(p, sa, instant_add(now, span_ms(SA_LATE_MS)));
		settle_soon(s, session, now);
		return true;
	}
	if (session->out != sa)
		return false;
	doom(p, sa, instant_add(now, span_ms(SA_LINGER_MS)));
	settle_soon(s, session, now);
	return session->out == sa;
}

void sa_session_gone(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = sa->session ? pair_of(s, sa) : NULL;

	s->ways.sa_changed(s->ways.context, sa, ESP_PHASE_GONE);
	if (!p)
		return;
	pair_detach(p, sa, now);
	if (p->session->out == sa)
		settle_soon(s, p->session, now);
	else
		timer_renew(s, p->session, next_due(p->session, now));
}

void sa_session_touched(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_session *session = sa_session_of(s, sa);

	if (!session)
		return;
	if (sa->phase != ESP_PHASE_ORPHAN && sa->udp) {
		sa_binding(sa)->to = sa->remote;
		sa_binding(sa)->to_port = sa->remote_port;
	}
	settle_soon(s, session, now);
}

void sa_session_heard(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_session *session = sa_session_of(s, sa);

	if (!session)
		return;
	sa_session_settle(s, session, now);
	s->ways.session_changed(s->ways.context, session);
}

static void sa_move(struct sa_sessions *s, struct esp_sa *sa, const struct ipaddr *to, uint16_t port)
{
	if (!sa || !sa->udp)
		return;
	sa_binding(sa)->to = *to;
	sa_binding(sa)->to_port = port;
	s->ways.sa_changed(s->ways.context, sa, sa->phase);
}

void sa_session_moved(struct sa_sessions *s, struct sa_session *session, const struct ipaddr *to, uint16_t port)
{
	struct sa_pair *p;

	TAILQ_FOREACH(p, &session->pairs, order) {
		sa_move(s, p->in, to, port);
		sa_move(s, p->out, to, port);
	}
}

struct instant sa_sessions_deadline(const struct sa_sessions *s)
{
	return timers_deadline(&s->timers);
}

void sa_sessions_tick(struct sa_sessions *s, struct instant now)
{
	struct timer *t;

	while ((t = timers_expire(&s->timers, now)))
		sa_session_settle(s, t->owner, now);
}

/* ---- after a restart ---- */

static void adopt_one(struct sa_sessions *s, struct esp_sa *sa)
{
	const struct sa_binding *b = sa_binding(sa);
	struct sa_session *session = NULL;
	struct sa_pair *p;

	if (sa->session && b->session.session == sa->session)
		session = sa_session_set(s, &b->session);
	if (!session) {
		sa_unbind(sa);
		return;
	}
	p = pair_of(s, sa);
	if (!p)
		p = pair_make(s, session, sa->inbound ? sa->spi : b->twin_spi, sa->inbound ? b->twin_spi : sa->spi,
			      sa->is_initiator, (struct instant){ b->bound_us });
	if (!p || p->session != session) {
		sa_unbind(sa);
		return;
	}
	*pair_half(p, sa->inbound) = sa;
	*(sa->inbound ? &p->in_until : &p->out_until) = (struct instant){ b->until_us };
	p->empty_since = INSTANT_NEVER;
}

void sa_sessions_adopt(struct sa_sessions *s, struct sa_table *table, struct instant now)
{
	struct esp_sa *sa = NULL;
	struct sa_session *session;

	s->table = table;
	while ((sa = sa_table_next(table, sa)))
		if (sa->phase != ESP_PHASE_LARVAL)
			adopt_one(s, sa);
	TAILQ_FOREACH(session, &s->all, order)
		sa_session_settle(s, session, now);
}
