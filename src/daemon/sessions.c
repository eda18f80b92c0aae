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
#include "engine/effect.h"
#include "ike/ike_cause.h"

enum {
	MESSAGE_WANT_S = 10, /* a message makes its session wanted so long */
	CAUSE_MS = 100,
	PROVED_S = 3,        /* what has begun anew is not doubted again before */
};

static int key_cmp(const struct session_key *a, const struct session_key *b)
{
	int rc = (a->protection > b->protection) - (a->protection < b->protection);

	if (rc == 0)
		rc = endpoint_cmp(&a->local, &b->local);
	return rc ? rc : endpoint_cmp(&a->remote, &b->remote);
}

static int by_key(const void *key, const struct tree_node *node)
{
	return key_cmp(key, &CONTAINER_OF(node, const struct session, by_key)->key);
}

static int by_id(const void *key, const struct tree_node *node)
{
	const uint32_t a = *(const uint32_t *)key, b = CONTAINER_OF(node, const struct session, by_id)->id;

	return (a > b) - (a < b);
}

struct user_key {
	uint32_t tunnel;
	struct endpoint remote;
};

static int by_user(const void *key, const struct tree_node *node)
{
	const struct user_key *a = key;
	const struct session_user *b = CONTAINER_OF(node, const struct session_user, node);
	const int rc = (a->tunnel > b->tunnel) - (a->tunnel < b->tunnel);

	return rc ? rc : endpoint_cmp(&a->remote, &b->remote);
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
	tree_init(&s->users, by_user);
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

static struct session *of_id(const struct sessions *s, uint32_t id)
{
	struct tree_node *n = tree_find(&s->by_id, &id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

static struct session *of_key(const struct sessions *s, const struct session_key *k)
{
	struct tree_node *n = tree_find(&s->by_key, k);

	return n ? CONTAINER_OF(n, struct session, by_key) : NULL;
}

static struct session *add(struct sessions *s, uint32_t id, const struct session_key *k)
{
	struct session *x = alloc_zero(1, sizeof *x);

	x->table = s;
	x->id = id;
	x->key = *k;
	x->since = s->now;
	x->up_since = INSTANT_NEVER;
	x->last = &x->first;
	timer_init(&x->timer, SESSION_TIMER_STATE, x);
	timer_init(&x->settle, SESSION_TIMER_SETTLE, x);
	timer_init(&x->queue_timer, SESSION_TIMER_QUEUE, x);
	tree_insert(&s->by_key, &x->key, &x->by_key);
	tree_insert(&s->by_id, &x->id, &x->by_id);
	return x;
}

static struct session *get(struct sessions *s, const struct session_key *k)
{
	struct session *x = of_key(s, k);

	return x ? x : add(s, s->next_id++, k);
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
	free(x->ikes);
	free(x->pairs);
	free(x);
}

/* At the end of whatever touched it. */
static void release(struct session *x)
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

static struct session *first(const struct sessions *s)
{
	struct tree_node *n = tree_first(&s->by_id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

static struct session *next_of(const struct sessions *s, uint32_t id)
{
	struct tree_node *n = tree_after(&s->by_id, &id);

	return n ? CONTAINER_OF(n, struct session, by_id) : NULL;
}

/* ---- time ---- */

static void set_now(struct sessions *s, struct instant now)
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

	set_now(s, now);
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
		release(x);
	}
}

/* ---- who wants one ---- */

static struct session_tunnel *tunnel_of(const struct sessions *s, uint32_t number)
{
	for (size_t i = 0; i < s->tunnel_count; i++)
		if (s->tunnels[i].number == number)
			return &s->tunnels[i];
	return NULL;
}

bool sessions_covers(const struct sessions *s, uint32_t tunnel)
{
	const struct session_tunnel *t = tunnel_of(s, tunnel);

	return t && t->protection != 0;
}

static struct session_key key_for(const struct session_tunnel *t, const struct endpoint *remote)
{
	struct session_key k = { .protection = t->protection, .local = t->local, .remote = *remote };

	k.remote.vrf = t->local.vrf;
	return k;
}

static void say_reachable(struct session *x, const struct session_user *u)
{
	session_act(x, SESSION_DO_REACHABLE)->tunnel = u->tunnel;
}

static void say_reachable_to_all(struct session *x)
{
	for (struct tree_node *n = tree_first(&x->table->users); n; n = tree_next(n)) {
		const struct session_user *u = CONTAINER_OF(n, const struct session_user, node);

		if (u->session == x)
			say_reachable(x, u);
	}
}

static void join(struct session_user *u, struct session *x)
{
	u->session = x;
	x->users++;
	session_step(x, SESSION_EVENT_WANTED);
	if (x->can_send)
		say_reachable(x, u);
}

static void leave(struct session_user *u)
{
	struct session *x = u->session;

	u->session = NULL;
	if (!x)
		return;
	x->users--;
	if (!session_wanted(x))
		session_step(x, SESSION_EVENT_UNWANTED);
	release(x);
}

static struct session_user *user_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote)
{
	const struct user_key k = { tunnel, *remote };
	struct tree_node *n = tree_find(&s->users, &k);

	return n ? CONTAINER_OF(n, struct session_user, node) : NULL;
}

void sessions_want(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote)
{
	const struct session_tunnel *t = tunnel_of(s, tunnel);
	struct session_user *u = user_of(s, tunnel, remote);
	struct session_key k;

	set_now(s, now);
	if (!u) {
		const struct user_key key = { tunnel, *remote };

		u = alloc_zero(1, sizeof *u);
		u->tunnel = tunnel;
		u->remote = *remote;
		tree_insert(&s->users, &key, &u->node);
	}
	if (u->session || !t || t->protection == 0)
		return;
	k = key_for(t, remote);
	join(u, get(s, &k));
}

void sessions_unwant(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote)
{
	struct session_user *u = user_of(s, tunnel, remote);

	set_now(s, now);
	if (!u)
		return;
	leave(u);
	tree_remove(&s->users, &u->node);
	free(u);
}

static void move_users(struct sessions *s, const struct session_tunnel *t)
{
	const struct user_key from = { .tunnel = t->number };

	for (struct tree_node *n = tree_at_least(&s->users, &from); n; n = tree_next(n)) {
		struct session_user *u = CONTAINER_OF(n, struct session_user, node);
		struct session_key k = key_for(t, &u->remote);

		if (u->tunnel != t->number)
			break;
		if (u->session && key_cmp(&u->session->key, &k) == 0)
			continue;
		leave(u);
		if (t->protection != 0)
			join(u, get(s, &k));
	}
}

void sessions_tunnel(struct sessions *s, struct instant now, uint32_t tunnel, uint32_t protection,
		     const struct endpoint *local)
{
	struct session_tunnel *t = tunnel_of(s, tunnel);

	set_now(s, now);
	if (!t) {
		s->tunnels = alloc_array(s->tunnels, s->tunnel_count + 1, sizeof *s->tunnels);
		t = &s->tunnels[s->tunnel_count++];
		*t = (struct session_tunnel){ .number = tunnel };
	}
	if (t->protection == protection && endpoint_eq(&t->local, local))
		return;
	t->protection = protection;
	t->local = *local;
	move_users(s, t);
}

void sessions_send(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote,
		   const uint8_t *bytes, size_t length)
{
	const struct session_tunnel *t = tunnel_of(s, tunnel);
	struct session *x;
	struct session_key k;
	bool wanted;

	set_now(s, now);
	if (!t || t->protection == 0)
		return;
	k = key_for(t, remote);
	x = get(s, &k);
	if (x->can_send) {
		session_nhrp(x, tunnel, bytes, length);
		return;
	}
	wanted = session_wanted(x);
	x->wanted_until = session_later(x, span_s(MESSAGE_WANT_S));
	session_queue(x, tunnel, bytes, length);
	if (!wanted)
		session_step(x, SESSION_EVENT_WANTED);
}

/* ---- charon ---- */

static struct session *of_ike(const struct sessions *s, uint32_t ike_id)
{
	for (struct session *x = first(s); x; x = next_of(s, x->id))
		if (session_find_ike(x, ike_id))
			return x;
	return NULL;
}

static struct session *of_pair(const struct sessions *s, uint32_t spi_in)
{
	for (struct session *x = first(s); x; x = next_of(s, x->id))
		if (session_find_pair(x, spi_in))
			return x;
	return NULL;
}

static bool same_place(const struct session *x, const struct session_key *k)
{
	return x && x->key.protection == k->protection && endpoint_eq(&x->key.local, &k->local) &&
	       x->key.remote.vrf == k->remote.vrf && ipaddr_eq(&x->key.remote.addr, &k->remote.addr);
}

static struct session *after(const struct session *x)
{
	struct tree_node *n = tree_next(&x->by_key);

	return n ? CONTAINER_OF(n, struct session, by_key) : NULL;
}

static struct session *first_site(const struct sessions *s, const struct session_key *k)
{
	struct tree_node *n = tree_at_least(&s->by_key, k);
	struct session *x = n ? CONTAINER_OF(n, struct session, by_key) : NULL;

	return same_place(x, k) ? x : NULL;
}

/* Nobody is known to be there, or nobody that could still be meant. */
static bool is_free(const struct session *x)
{
	return x->identity[0] == '\0' || (x->pair_count == 0 && !x->can_send);
}

/*
 * The session of that address that the identity is: the one that has it; else the first that
 * nobody else is; else a new site. An identity not known yet is whoever is first.
 */
static struct session *place(struct sessions *s, const struct session_report *r)
{
	struct session_key k = { .protection = r->protection, .local = r->local, .remote = r->remote };
	struct session *x, *spare = NULL;

	k.remote.site = 0;
	for (x = first_site(s, &k); same_place(x, &k); x = after(x)) {
		if (!r->identity || strcmp(x->identity, r->identity) == 0)
			return x;
		if (!spare && is_free(x))
			spare = x;
		if (k.remote.site == x->key.remote.site)
			k.remote.site++;
	}
	return spare ? spare : get(s, &k);
}

static void set_identity(struct session *x, const char *identity)
{
	if (identity && identity[0])
		snprintf(x->identity, sizeof x->identity, "%s", identity);
}

/* What charon reports under another session than before (its peer has moved, or turned out to be
 * somebody else) leaves that one. */
static void leave_other(struct sessions *s, struct session *x, uint32_t ike_id)
{
	struct session *other = of_ike(s, ike_id);

	if (!other || other == x)
		return;
	session_del_ike(other, ike_id);
	if (other->pair_count == 0)
		session_step(other, SESSION_EVENT_CHILD_DOWN);
	if (other->ike_count == 0)
		session_step(other, SESSION_EVENT_IKE_DOWN);
	release(other);
}

static struct session *take_ike(struct sessions *s, const struct session_report *r)
{
	struct session *x = place(s, r);

	leave_other(s, x, r->ike_id);
	set_identity(x, r->identity);
	session_add_ike(x, r);
	return x;
}

void sessions_ike_up(struct sessions *s, struct instant now, const struct session_report *r)
{
	struct session *x;

	set_now(s, now);
	x = take_ike(s, r);
	session_step(x, SESSION_EVENT_IKE_UP);
}

void sessions_ike_down(struct sessions *s, struct instant now, uint32_t ike_id)
{
	struct session *x;
	size_t pairs;

	set_now(s, now);
	x = of_ike(s, ike_id);
	if (!x)
		return;
	pairs = x->pair_count;
	session_del_ike(x, ike_id);
	if (pairs > 0 && x->pair_count == 0)
		session_step(x, SESSION_EVENT_CHILD_DOWN);
	if (x->ike_count == 0)
		session_step(x, SESSION_EVENT_IKE_DOWN);
	session_settle(x);
	release(x);
}

void sessions_attempt_failed(struct sessions *s, struct instant now, const struct session_key *k)
{
	struct session *x;

	set_now(s, now);
	x = of_key(s, k);
	if (x && x->state == SESSION_IKE) /* the line of the log that says why comes behind this */
		timer_set(&s->timers, &x->timer, session_later(x, span_ms(CAUSE_MS)));
}

void sessions_ike_rekeyed(struct sessions *s, struct instant now, uint32_t ike_id, const struct session_report *r)
{
	struct session *x;

	set_now(s, now);
	x = of_ike(s, ike_id);
	if (!x) {
		sessions_ike_up(s, now, r);
		return;
	}
	session_add_ike(x, r);
	for (size_t i = 0; i < x->pair_count; i++)
		if (x->pairs[i].ike == ike_id)
			x->pairs[i].ike = r->ike_id;
	session_del_ike(x, ike_id);
	session_settle(x);
}

/* It lives on what an earlier agreement left, which may lead nowhere. */
static bool only_orphans(const struct session *x)
{
	for (size_t i = 0; i < x->pair_count; i++)
		if (x->pairs[i].ike != 0)
			return false;
	return x->can_send && x->pair_count > 0;
}

void sessions_child_up(struct sessions *s, struct instant now, const struct session_report *r)
{
	struct session *x, *other;
	bool anew, beside;

	set_now(s, now);
	other = of_pair(s, r->spi_in);
	x = take_ike(s, r);
	if (other && other != x) {
		struct session_pair *p = session_find_pair(other, r->spi_in);

		if (p) /* an orphan's, or one that moved without its IKE_SA */
			session_del_pair(other, (size_t)(p - other->pairs));
		release(other);
	}
	anew = only_orphans(x);
	beside = s->charon && x->can_send && x->pair_count > 0 && !r->is_rekey;
	anew |= session_add_pair(x, r) && beside;
	session_step(x, SESSION_EVENT_CHILD_UP);
	session_settle(x);
	if (!anew)
		return;
	/* The peer may know nothing of before: what it should know is told again. */
	x->prove_again = session_later(x, span_s(PROVED_S));
	say_reachable_to_all(x);
}

static void drop_pair(struct session *x, size_t at)
{
	session_del_pair(x, at);
	if (x->pair_count == 0)
		session_step(x, SESSION_EVENT_CHILD_DOWN);
	session_settle(x);
	release(x);
}

void sessions_child_down(struct sessions *s, struct instant now, uint32_t spi_in)
{
	struct session *x;

	set_now(s, now);
	x = of_pair(s, spi_in);
	if (x)
		drop_pair(x, (size_t)(session_find_pair(x, spi_in) - x->pairs));
}

void sessions_cause(struct sessions *s, struct instant now, const struct session_key *k, unsigned rank,
		    const char *cause)
{
	struct session *x;

	set_now(s, now);
	x = of_key(s, k);
	/* An established one is in trouble only when charon gives it up, or the peer thinks better of it. */
	if (x && (x->state != SESSION_UP || rank == IKE_CAUSE_DEAD || rank == IKE_CAUSE_AUTH_BY_PEER))
		session_set_cause(x, rank, cause);
}

void sessions_cause_of(struct sessions *s, struct instant now, uint32_t ike_id, unsigned rank, const char *cause)
{
	const struct session *x = of_ike(s, ike_id);

	if (x)
		sessions_cause(s, now, &x->key, rank, cause);
}

void sessions_cause_at(struct sessions *s, struct instant now, const struct ipaddr *remote, unsigned rank,
		       const char *cause)
{
	set_now(s, now);
	for (struct session *x = first(s); x; x = next_of(s, x->id))
		if (ipaddr_eq(&x->key.remote.addr, remote) && x->state != SESSION_UP)
			session_set_cause(x, rank, cause);
}

void sessions_charon_ready(struct sessions *s, struct instant now)
{
	uint32_t id = 0;

	set_now(s, now);
	s->charon = true;
	for (struct session *x; (x = next_of(s, id)) != NULL;) {
		id = x->id;
		session_step(x, SESSION_EVENT_CHARON_BACK);
		session_settle(x);
		release(x);
	}
}

void sessions_charon_lost(struct sessions *s, struct instant now)
{
	uint32_t id = 0;

	set_now(s, now);
	s->charon = false;
	for (struct session *x; (x = next_of(s, id)) != NULL;) {
		id = x->id;
		session_orphan(x);
		session_step(x, SESSION_EVENT_CHARON_LOST);
		session_settle(x);
		release(x);
	}
}

void sessions_restart(struct sessions *s, struct instant now, uint32_t protection)
{
	set_now(s, now);
	for (struct session *x = first(s); x; x = next_of(s, x->id)) {
		if (x->key.protection != protection)
			continue;
		session_set_cause(x, IKE_CAUSE_RECONFIGURED, ike_cause_text(IKE_CAUSE_RECONFIGURED));
		session_act(x, SESSION_DO_FORGET); /* what charon knows of it is out of date */
		session_end_ikes(x, true);
		if (x->state == SESSION_BACKOFF)
			session_timer(x); /* what was wrong may be mended */
	}
}

/* ---- the forwarder ---- */

void sessions_held(struct sessions *s, struct instant now, uint32_t session, const struct session_key *k)
{
	struct session *x;

	set_now(s, now);
	if (s->next_id <= session)
		s->next_id = session + 1;
	if (session == 0 || of_id(s, session) || of_key(s, k))
		return; /* what the forwarder has beyond ours goes with the end of the next sync */
	x = add(s, session, k);
	x->told = true;
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
	struct session *x = of_id(s, session);
	struct session_pair *p;

	set_now(s, now);
	if (!x || half_for(x, spi, inbound))
		return;
	p = session_new_pair(x);
	if (inbound)
		p->spi_in = spi;
	else
		p->spi_out = spi;
	if (x->state == SESSION_IDLE)
		session_step(x, SESSION_EVENT_CHILD_UP);
}

/* Nothing can be sent until the next one says so. */
void sessions_forwarder_lost(struct sessions *s, struct instant now)
{
	set_now(s, now);
	for (struct session *x = first(s); x; x = next_of(s, x->id)) {
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
	set_now(s, now);
	for (struct session *x = first(s); x; x = next_of(s, x->id))
		replay(x);
}

static void now_up(struct session *x)
{
	x->up_since = x->table->now;
	say_reachable_to_all(x);
	session_queue_flush(x);
	session_trace(x, TRACE_NOTICE, "IPSEC_UP", "port=%u", x->remote_port);
}

void sessions_can_send(struct sessions *s, struct instant now, uint32_t session, bool can_send)
{
	struct session *x = of_id(s, session);

	set_now(s, now);
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
	release(x);
}

void sessions_doubt(struct sessions *s, struct instant now, uint32_t session)
{
	struct session *x = of_id(s, session);

	set_now(s, now);
	if (x)
		session_doubt(x);
}

void sessions_silent(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote)
{
	const struct session_user *u = user_of(s, tunnel, remote);

	set_now(s, now);
	if (u && u->session && u->session->can_send)
		session_doubt(u->session);
}

void sessions_sa_gone(struct sessions *s, struct instant now, uint32_t session, uint32_t spi, bool inbound)
{
	struct session *x = of_id(s, session);
	const struct session_pair *p = x ? half_for(x, spi, inbound) : NULL;

	set_now(s, now);
	if (!p || p->ike != 0) /* of the others charon speaks */
		return;
	if (inbound || p->spi_in == 0)
		drop_pair(x, (size_t)(p - x->pairs));
}

/* ---- what is known ---- */

const char *sessions_identity(const struct sessions *s, uint32_t session)
{
	const struct session *x = of_id(s, session);

	return x && x->identity[0] ? x->identity : NULL;
}

static const char *shown_state(const struct session *x)
{
	if (x->state == SESSION_UP && !x->can_send)
		return "IPSEC";
	return x->can_send ? "UP" : session_state_name(x->state);
}

static void fill(const struct session *x, struct session_view *v)
{
	const struct session_ike *i = x->ike_count > 0 ? &x->ikes[x->ike_count - 1] : NULL;

	*v = (struct session_view){
		.session = x->id, .key = x->key, .state = shown_state(x), .can_send = x->can_send,
		.wanted = session_wanted(x), .ike_up = i != NULL, .identity = x->identity,
		.cause = x->can_send && i ? "" : x->cause,
		.ike_suite = i ? i->suite : "", .version = i ? i->version : 0, .ike_id = i ? i->id : 0, .is_initiator = i && i->is_initiator,
		.remote_port = x->remote_port, .failures = x->failures, .pairs = x->pair_count, .ikes = x->ike_count,
		.cause_rank = x->cause_rank, .failed_at = x->failed_at,
		.since = x->since, .up_since = x->up_since,
	};
}

bool sessions_view(const struct sessions *s, uint32_t after_id, struct session_view *out)
{
	const struct session *x = next_of(s, after_id);

	if (x)
		fill(x, out);
	return x != NULL;
}

bool sessions_view_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote, struct session_view *out)
{
	const struct session_tunnel *t = tunnel_of(s, tunnel);
	const struct session *x;
	struct session_key k;

	if (!t || t->protection == 0)
		return false;
	k = key_for(t, remote);
	x = of_key(s, &k);
	if (x)
		fill(x, out);
	return x != NULL;
}
