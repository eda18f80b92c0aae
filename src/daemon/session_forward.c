/*
 * What the forwarder or the kernel says: what it holds of an earlier life of this process, whether a session can
 * send, and that an SA is gone; and what a new forwarder is told.
 */
#include "daemon/session.h"
#include "engine/effect.h"

enum { FOUND_WANT_S = 60 };

void sessions_held(struct sessions *s, struct instant now, uint32_t session, const struct session_key *k)
{
	struct session *x;

	sessions_now(s, now);
	if (s->next_id <= session)
		s->next_id = session + 1;
	if (session == 0 || session_of_id(s, session) || session_of_key(s, k))
		return; /* what the forwarder has beyond ours goes with the end of the next sync */
	x = session_add(s, session, k);
	x->told = true;
}

/* Who it is, and with that what is saved of him, is known when it is renewed: at once, wanted or not. */
uint32_t sessions_found(struct sessions *s, struct instant now, const struct session_key *k, uint16_t port)
{
	struct session *x;

	sessions_now(s, now);
	x = session_get(s, k);
	x->told = true;
	if (x->remote_port == 0)
		x->remote_port = port;
	session_want_for(x, span_s(FOUND_WANT_S));
	return x->id;
}

static struct session_pair *half_for(struct session *x, uint32_t spi, bool inbound)
{
	for (size_t i = 0; i < x->pair_count; i++)
		if ((inbound ? x->pairs[i].spi_in : x->pairs[i].spi_out) == spi)
			return &x->pairs[i];
	return NULL;
}

void sessions_held_sa(struct sessions *s, struct instant now, uint32_t session, uint32_t spi, bool inbound)
{
	struct session *x = session_of_id(s, session);
	struct session_pair *p;

	sessions_now(s, now);
	if (!x || half_for(x, spi, inbound))
		return;
	p = session_new_pair(x);
	if (inbound)
		session_name_pair(x, p, spi);
	else
		p->spi_out = spi;
	if (x->state == SESSION_IDLE)
		session_step(x, SESSION_EVENT_CHILD_UP);
}

bool sessions_is_orphan(const struct sessions *s, uint32_t session, uint32_t spi, bool inbound)
{
	struct session *x = session_of_id(s, session);
	const struct session_pair *p = x ? half_for(x, spi, inbound) : NULL;

	return !p || p->ike == 0;
}

/* Nothing can be sent until the next one says so. */
void sessions_forwarder_lost(struct sessions *s, struct instant now)
{
	sessions_now(s, now);
	for (struct session *x = session_first(s); x; x = session_next(s, x->id)) {
		x->can_send = false;
		x->up_since = INSTANT_NEVER;
	}
}

static void replay(struct session *x)
{
	x->told = x->told || x->pair_count > 0;
	if (x->told)
		session_act(x, SESSION_DO_FORWARD_SET);
	for (size_t i = 0; i < x->pair_count; i++) {
		struct session_action *a = session_act(x, SESSION_DO_BIND);

		a->spi_in = x->pairs[i].spi_in;
		a->spi_out = x->pairs[i].spi_out;
		a->is_initiator = x->pairs[i].is_initiator;
	}
}

void sessions_replay(struct sessions *s, struct instant now)
{
	sessions_now(s, now);
	for (struct session *x = session_first(s); x; x = session_next(s, x->id))
		replay(x);
}

static void now_up(struct session *x)
{
	x->up_since = x->table->now;
	session_say_reachable(x);
	session_queue_flush(x);
	session_trace(x, TRACE_NOTICE, "IPSEC_UP", "port=%u", x->remote_port);
}

void sessions_can_send(struct sessions *s, struct instant now, uint32_t session, bool can_send)
{
	struct session *x = session_of_id(s, session);

	sessions_now(s, now);
	if (!x || x->can_send == can_send)
		return;
	x->can_send = can_send;
	if (can_send) {
		now_up(x);
		return;
	}
	x->up_since = INSTANT_NEVER;
	session_trace(x, TRACE_NOTICE, "IPSEC_DOWN", "reason=\"%s\"",
		      x->cause[0] ? x->cause : "no security association is left");
	session_release(x);
}

void sessions_doubt(struct sessions *s, struct instant now, uint32_t session)
{
	struct session *x = session_of_id(s, session);

	sessions_now(s, now);
	if (!x)
		return;
	session_say_doubted(x);
	session_doubt(x);
	session_hurry(x);
}

bool sessions_prove(struct sessions *s, struct instant now, uint32_t session)
{
	struct session *x = session_of_id(s, session);

	sessions_now(s, now);
	return x && session_prove(x);
}

void sessions_silent(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote)
{
	const struct session_user *u = session_user_of(s, tunnel, remote);

	sessions_now(s, now);
	if (u && u->session && u->session->can_send)
		session_doubt(u->session);
}

void sessions_sa_gone(struct sessions *s, struct instant now, uint32_t session, uint32_t spi, bool inbound)
{
	struct session *x = session_of_id(s, session);
	const struct session_pair *p = x ? half_for(x, spi, inbound) : NULL;

	sessions_now(s, now);
	if (!p || p->ike != 0) /* of the others charon speaks */
		return;
	if (inbound || p->spi_in == 0)
		session_drop_pair(x, (size_t)(p - x->pairs));
}
