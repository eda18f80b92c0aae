#include "forward/sa_control.h"

#include "forward/dump.h"
#include "forward/protect.h"
#include "forward/sa_report.h"

static bool is_host(const struct endpoint *e)
{
	return e->addr.family == IP_V4 || e->addr.family == IP_V6;
}

static bool session_set(struct worker *w, const struct forward_session *m)
{
	struct sa_session *session;

	if (!m->protection || !is_host(&m->local) || !is_host(&m->remote) ||
	    m->local.addr.family != m->remote.addr.family)
		return false;
	session = sa_session_set(&w->protection->sessions, m);
	if (session)
		session->generation = w->tables->generation;
	return session;
}

static bool session_del(struct worker *w, const struct forward_session *m)
{
	struct sa_session *session = sa_session_find(&w->protection->sessions, m->session);

	if (session)
		sa_session_remove(&w->protection->sessions, session);
	return session;
}

/* What was held for the pair's inbound SA can be opened now. */
static bool sa_bind(struct worker *w, const struct forward_sa_bind *m)
{
	struct protection *p = w->protection;

	if (sa_session_bind(&p->sessions, m, w->now))
		return false;
	hold_take(&p->hold, m->spi_in, &p->ready);
	protect_replay(w);
	return true;
}

bool sa_control_message(struct worker *w, uint16_t type, const void *payload, size_t length)
{
	const bool session = length == sizeof(struct forward_session), bind = length == sizeof(struct forward_sa_bind);

	if (type == FORWARD_SESSION_SET && session)
		return session_set(w, payload);
	if (type == FORWARD_SESSION_DEL && session)
		return session_del(w, payload);
	if (type == FORWARD_SA_BIND && bind)
		return sa_bind(w, payload);
	if (type != FORWARD_SA_REVOKE || !bind)
		return false;
	sa_session_revoke(&w->protection->sessions, payload, w->now);
	return true;
}

static void sas_dump(struct worker *w, uint16_t type)
{
	const struct sa_table *table = w->protection->table;
	struct esp_sa *sa = NULL;
	struct dump d;

	if (!table)
		return;
	dump_begin(&d, w, type, sizeof(struct forward_sa_state));
	while ((sa = sa_table_next(table, sa))) {
		struct forward_sa_state state;

		sa_report_fill(w, sa, sa->phase, &state);
		dump_add(&d, &state);
	}
	dump_flush(&d);
}

void sa_control_held(struct worker *w)
{
	const struct sa_session *session;
	struct dump d;

	dump_begin(&d, w, FORWARD_SESSION_HELD, sizeof session->conf);
	TAILQ_FOREACH(session, &w->protection->sessions.all, order)
		dump_add(&d, &session->conf);
	dump_flush(&d);
	sas_dump(w, FORWARD_SA_HELD);
}

void sa_control_counters(struct worker *w)
{
	sas_dump(w, FORWARD_SA_STATE);
}

void sa_control_sweep(struct worker *w)
{
	struct sa_sessions *s = &w->protection->sessions;
	struct sa_session *session = TAILQ_FIRST(&s->all);

	while (session) {
		struct sa_session *next = TAILQ_NEXT(session, order);

		if (session->generation != w->tables->generation)
			sa_session_remove(s, session);
		session = next;
	}
}
