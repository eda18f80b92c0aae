/* Which SA of a session sends, and what has to go. sa_session.h tells the rule. */
#include "forward/sa_pair.h"

enum rank { RANK_NONE, RANK_DOOMED, RANK_NEW, RANK_READY };

/* A peer who is still heard on an older pair may not have this one yet: our answer to him was lost. */
static struct instant ready_at(const struct sa_pair *p)
{
	int64_t since = p->bound_at.us;

	for (const struct sa_pair *older = TAILQ_FIRST(&p->session->pairs); older != p; older = TAILQ_NEXT(older, order))
		if (older->in && older->in->used_us > since)
			since = older->in->used_us;
	return instant_add((struct instant){ since }, span_ms(SA_PREFER_MS));
}

static bool was_ready(const struct sa_pair *p, struct instant then)
{
	return p->is_initiator || sa_pair_was_heard(p) || !instant_before(then, ready_at(p));
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

void sa_session_remove_sa(struct sa_sessions *s, struct esp_sa *sa)
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
		replaced |= p->out && sa_pair_was_heard(p) && !sa_pair_is_orphan(p);
	TAILQ_FOREACH(p, &session->pairs, order) {
		if (!replaced || !sa_pair_is_orphan(p))
			continue;
		if (p->out)
			sa_pair_doom(p, p->out, now);
		if (p->in)
			sa_pair_doom(p, p->in, instant_add(now, span_ms(SA_LINGER_MS)));
	}
}

/* What charon deleted stays only as long as nothing else can send. */
static void lingering_retire(struct sa_session *session, struct instant now)
{
	const struct sa_pair *chosen = best(session, now);
	struct sa_pair *p;

	TAILQ_FOREACH(p, &session->pairs, order)
		if (p->out && p != chosen && !instant_is_never(p->out_until))
			sa_pair_doom(p, p->out, now);
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
			sa_session_remove_sa(s, p->out);
		if (p->in && is_over(p->in_until, now))
			sa_session_remove_sa(s, p->in);
		if (is_over(instant_add(p->empty_since, span_ms(SA_PAIR_MEMORY_MS)), now))
			sa_pair_free(s, p);
		p = next;
	}
}

/* When the choice may come out differently, or something is to go. */
static struct instant next_due(const struct sa_session *session, struct instant now)
{
	struct instant due = INSTANT_NEVER;
	const struct sa_pair *p;

	TAILQ_FOREACH(p, &session->pairs, order) {
		const struct instant ready = ready_at(p);

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
void sa_session_settle_soon(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	choose(s, session, now);
	timer_renew(s, session, now);
}

void sa_session_rearm(struct sa_sessions *s, struct sa_session *session, struct instant now)
{
	timer_renew(s, session, next_due(session, now));
}
