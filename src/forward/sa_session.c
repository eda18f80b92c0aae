#include "forward/sa_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forward/sa_pair.h"

enum { BUCKETS_FIRST = 64 };

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
		sa_pair_free(s, TAILQ_FIRST(&session->pairs));
	timer_stop(&s->timers, &session->timer);
	sa_lookup_unlink(s, session);
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

	sa_lookup_unlink(s, session);
	session->conf = *conf;
	session->raw_epoch = 0;
	session->peer_epoch = 0;
	sa_lookup_link(s, session);
	s->epoch++;
	TAILQ_FOREACH(p, &session->pairs, order) {
		if (p->in)
			sa_pair_write(p, p->in);
		if (p->out)
			sa_pair_write(p, p->out);
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
		sa_lookup_grow(s);
	TAILQ_INSERT_TAIL(&s->all, session, order);
	sa_lookup_link(s, session);
	s->count++;
	s->epoch++;
	return session;
}

static void pair_remove(struct sa_sessions *s, struct sa_pair *p)
{
	if (p->in)
		sa_session_remove_sa(s, p->in);
	if (p->out)
		sa_session_remove_sa(s, p->out);
	sa_pair_free(s, p);
}

void sa_session_remove(struct sa_sessions *s, struct sa_session *session)
{
	while (!TAILQ_EMPTY(&session->pairs))
		pair_remove(s, TAILQ_FIRST(&session->pairs));
	session_free(s, session);
}

/* ---- binding ---- */

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
		sa_pair_attach(s, p, in);
	out = p->spi_out && !p->out ? outbound(s, p->session, p->spi_out, in) : NULL;
	if (out && out->session == 0)
		sa_pair_attach(s, p, out);
}

static void pair_unbind(struct sa_sessions *s, struct sa_pair *p, struct instant now)
{
	struct sa_session *session = p->session;

	sa_unbind(p->in);
	sa_unbind(p->out);
	sa_pair_free(s, p);
	sa_session_settle_soon(s, session, now);
}

static void pair_complete(struct sa_sessions *s, struct sa_pair *p, uint32_t spi_out)
{
	sa_lookup_unlink_pair(s, p);
	p->spi_out = spi_out;
	sa_lookup_link_pair(s, p);
	if (p->in)
		sa_pair_write(p, p->in);
}

int sa_session_bind(struct sa_sessions *s, const struct forward_sa_bind *bind, struct instant now)
{
	struct sa_session *session = sa_session_find(s, bind->session);
	struct sa_pair *p = sa_pair_named(s, bind);

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
		p = sa_pair_make(s, session, bind->spi_in, bind->spi_out, bind->is_initiator, now);
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
			sa_session_remove_sa(s, sa);
}

void sa_session_revoke(struct sa_sessions *s, const struct forward_sa_bind *named, struct instant now)
{
	struct sa_pair *p = sa_pair_named(s, named);
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
		sa_session_remove_sa(s, in);
	if (named->spi_out)
		unbound_outbound_remove(s, named->spi_out);
}

/* ---- what happens to SAs ---- */

bool sa_session_installed(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = sa_pair_of(s, sa);

	if (!p) {
		sa_unbind(sa);
		return false;
	}
	sa->phase = ESP_PHASE_LIVE; /* also where it goes on from an orphan: charon knows it again */
	sa_pair_attach(s, p, sa);
	sa_session_settle_soon(s, p->session, now);
	return true;
}

bool sa_session_deleted(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = sa->session ? sa_pair_of(s, sa) : NULL;
	struct sa_session *session = p ? p->session : NULL;

	if (!session)
		return false;
	if (sa->inbound) {
		sa_pair_doom(p, sa, instant_add(now, span_ms(SA_LATE_MS)));
		sa_session_settle_soon(s, session, now);
		return true;
	}
	if (session->out != sa)
		return false;
	sa_pair_doom(p, sa, instant_add(now, span_ms(SA_LINGER_MS)));
	sa_session_settle_soon(s, session, now);
	return session->out == sa;
}

void sa_session_gone(struct sa_sessions *s, struct esp_sa *sa, struct instant now)
{
	struct sa_pair *p = sa->session ? sa_pair_of(s, sa) : NULL;

	s->ways.sa_changed(s->ways.context, sa, ESP_PHASE_GONE);
	if (!p)
		return;
	sa_pair_detach(p, sa, now);
	if (p->session->out == sa)
		sa_session_settle_soon(s, p->session, now);
	else
		sa_session_rearm(s, p->session, now);
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
	sa_session_settle_soon(s, session, now);
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
	p = sa_pair_of(s, sa);
	if (!p)
		p = sa_pair_make(s, session, sa->inbound ? sa->spi : b->twin_spi, sa->inbound ? b->twin_spi : sa->spi,
			      sa->is_initiator, (struct instant){ b->bound_us });
	if (!p || p->session != session) {
		sa_unbind(sa);
		return;
	}
	*sa_pair_half(p, sa->inbound) = sa;
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
