/*
 * The table of sessions: finds the one that an event is for, or makes it, and lets it step.
 * Sessions that nothing holds any more go at the end of the event.
 */
#include "daemon/sessions.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/session.h"

int session_key_cmp(const struct session_key *a, const struct session_key *b)
{
	int rc = (a->protection > b->protection) - (a->protection < b->protection);

	if (rc == 0)
		rc = endpoint_cmp(&a->local, &b->local);
	return rc ? rc : endpoint_cmp(&a->remote, &b->remote);
}

static int by_key(const void *key, const struct tree_node *node)
{
	return session_key_cmp(key, &CONTAINER_OF(node, const struct session, by_key)->key);
}

static int by_id(const void *key, const struct tree_node *node)
{
	const uint32_t a = *(const uint32_t *)key, b = CONTAINER_OF(node, const struct session, by_id)->id;

	return (a > b) - (a < b);
}

struct sessions *sessions_new(uint64_t seed, uint32_t id_first)
{
	struct sessions *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->next_id = id_first ? id_first : 1;
	s->last = &s->first;
	prng_init(&s->random, seed);
	timers_init(&s->timers);
	tree_init(&s->by_key, by_key);
	tree_init(&s->by_id, by_id);
	tree_init(&s->users, session_user_cmp);
	session_index_init(&s->by_ike);
	session_index_init(&s->by_spi);
	return s;
}

/* ---- actions ---- */

static struct session_action *push(struct sessions *s, enum session_action_type type, const uint8_t *bytes,
				   size_t length)
{
	struct session_queued_action *q = alloc_zero(1, sizeof *q + length);

	q->action.type = type;
	if (length > 0) {
		memcpy(q->bytes, bytes, length);
		q->action.bytes = q->bytes;
		q->action.length = length;
	}
	*s->last = q;
	s->last = &q->next;
	return &q->action;
}

struct session_action *session_act(struct session *x, enum session_action_type type)
{
	struct session_action *a = push(x->table, type, NULL, 0);

	a->session = x->id;
	a->key = x->key;
	return a;
}

void session_nhrp(struct session *x, uint32_t tunnel, const uint8_t *bytes, size_t length)
{
	struct session_action *a = push(x->table, SESSION_DO_NHRP, bytes, length);

	a->session = x->id;
	a->key = x->key;
	a->tunnel = tunnel;
}

void session_trace(struct session *x, int severity, const char *mnemonic, const char *format, ...)
{
	struct session_action *a = session_act(x, SESSION_DO_TRACE);
	char local[IPADDR_TEXT_MAX], remote[IPADDR_TEXT_MAX];
	size_t used;
	va_list args;

	a->severity = severity;
	a->mnemonic = mnemonic;
	used = (size_t)snprintf(a->text, sizeof a->text, "local=%s peer=%s identity=%.100s ",
				ipaddr_format(&x->key.local.addr, local), ipaddr_format(&x->key.remote.addr, remote),
				x->identity[0] ? x->identity : "-");
	va_start(args, format);
	vsnprintf(a->text + used, sizeof a->text - used, format, args);
	va_end(args);
}

bool sessions_next(struct sessions *s, struct session_action *out)
{
	free(s->given);
	s->given = s->first;
	if (!s->given)
		return false;
	s->first = s->given->next;
	if (!s->first)
		s->last = &s->first;
	*out = s->given->action;
	return true;
}

struct instant session_later(const struct session *x, struct span d)
{
	return instant_add(x->table->now, d);
}

/* ---- sessions come and go ---- */

struct session *session_of_id(const struct sessions *s, uint32_t id)
{
	struct tree_node *n = tree_find(&s->by_id, &id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

struct session *session_of_key(const struct sessions *s, const struct session_key *k)
{
	struct tree_node *n = tree_find(&s->by_key, k);

	return n ? CONTAINER_OF(n, struct session, by_key) : NULL;
}

struct session *session_add(struct sessions *s, uint32_t id, const struct session_key *k)
{
	struct session *x = alloc_zero(1, sizeof *x);

	x->table = s;
	x->id = id;
	x->key = *k;
	x->since = s->now;
	x->up_since = x->proving = INSTANT_NEVER;
	x->last = &x->first;
	timer_init(&x->timer, SESSION_TIMER_STATE, x);
	timer_init(&x->settle, SESSION_TIMER_SETTLE, x);
	timer_init(&x->queue_timer, SESSION_TIMER_QUEUE, x);
	tree_insert(&s->by_key, &x->key, &x->by_key);
	tree_insert(&s->by_id, &x->id, &x->by_id);
	return x;
}

struct session *session_get(struct sessions *s, const struct session_key *k)
{
	struct session *x = session_of_key(s, k);

	return x ? x : session_add(s, s->next_id++, k);
}

static void discard(struct session *x)
{
	struct sessions *s = x->table;

	timer_stop(&s->timers, &x->timer);
	timer_stop(&s->timers, &x->settle);
	timer_stop(&s->timers, &x->queue_timer);
	tree_remove(&s->by_key, &x->by_key);
	tree_remove(&s->by_id, &x->by_id);
	session_queue_drop(x);
	session_forget_sas(x);
	free(x->ikes);
	free(x->pairs);
	free(x);
}

/* At the end of whatever touched it. */
void session_release(struct session *x)
{
	if (x->state != SESSION_IDLE || x->users > 0 || session_wanted(x) || x->pair_count > 0 || x->ike_count > 0)
		return;
	if (x->told)
		session_act(x, SESSION_DO_FORWARD_DEL);
	session_act(x, SESSION_DO_FORGET);
	discard(x);
}

void sessions_free(struct sessions *s)
{
	struct tree_node *n;

	if (!s)
		return;
	while ((n = tree_first(&s->users))) {
		tree_remove(&s->users, n);
		free(CONTAINER_OF(n, struct session_user, node));
	}
	while ((n = tree_first(&s->by_id)))
		discard(CONTAINER_OF(n, struct session, by_id));
	while (s->first) {
		struct session_queued_action *q = s->first;

		s->first = q->next;
		free(q);
	}
	free(s->given);
	timers_done(&s->timers);
	free(s->tunnels);
	free(s);
}

struct session *session_first(const struct sessions *s)
{
	struct tree_node *n = tree_first(&s->by_id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

struct session *session_next(const struct sessions *s, uint32_t id)
{
	struct tree_node *n = tree_after(&s->by_id, &id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

/* ---- time ---- */

void sessions_now(struct sessions *s, struct instant now)
{
	if (instant_before(s->now, now))
		s->now = now;
}

struct instant sessions_deadline(const struct sessions *s)
{
	return timers_deadline(&s->timers);
}

void sessions_tick(struct sessions *s, struct instant now)
{
	struct timer *t;

	sessions_now(s, now);
	while ((t = timers_expire(&s->timers, s->now))) {
		struct session *x = t->owner;

		switch ((enum session_timer)t->kind) {
		case SESSION_TIMER_STATE:
			session_timer(x);
			break;
		case SESSION_TIMER_SETTLE:
			session_settle_due(x);
			break;
		case SESSION_TIMER_QUEUE:
			session_queue_expire(x);
			break;
		}
		session_release(x);
	}
}
