/*
 * What charon says: of its IKE_SAs and SA pairs, whose they are, and why something came to nothing.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/session.h"
#include "ike/ike_cause.h"

enum {
	CAUSE_MS = 100,
	PROVED_S = 3, /* what has begun anew is not doubted again before */
};

static struct session *of_ike(const struct sessions *s, uint32_t ike_id)
{
	return session_index_find(&s->by_ike, ike_id);
}

static struct session *of_pair(const struct sessions *s, uint32_t spi_in)
{
	return session_index_find(&s->by_spi, spi_in);
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

/*
 * May somebody new have it? Not while the engine has a peer there: its packets are for the one whom it learnt. Where the
 * configuration names the address itself, whoever is there is meant. Whose it is may be unknown still: then the only
 * one at the address is the one; of several, that one which we called and which has nothing yet.
 */
static bool is_free(const struct session *x, const struct session_report *r, bool alone)
{
	const bool idle = x->pair_count == 0 && !x->can_send;

	if (x->identity[0] == '\0')
		return alone || session_is_configured(x) || (idle && (x->users == 0 || r->is_initiator));
	return idle && (x->users == 0 || session_is_configured(x));
}

/* What an earlier life of this process had, and nobody has named yet: its SAs say which it is. */
static struct session *of_same_sas(const struct sessions *s, const struct session_key *k, uint32_t spi_in)
{
	struct session *const x = spi_in ? of_pair(s, spi_in) : NULL;

	return same_place(x, k) && x->identity[0] == '\0' ? x : NULL;
}

/*
 * The session of that address that the identity is: the one that has it, or its SAs; else the first that
 * nobody else is; else a new site. An identity not known yet is whoever is first.
 */
static struct session *place(struct sessions *s, const struct session_report *r)
{
	struct session_key k = { .protection = r->protection, .local = r->local, .remote = r->remote };
	struct session *x, *spare = NULL;
	bool alone;

	k.remote.site = 0;
	x = first_site(s, &k);
	alone = x && !same_place(after(x), &k);
	for (; same_place(x, &k); x = after(x)) {
		if (!r->identity || strcmp(x->identity, r->identity) == 0)
			return x;
		if (!spare && is_free(x, r, alone))
			spare = x;
		if (k.remote.site == x->key.remote.site)
			k.remote.site++;
	}
	x = of_same_sas(s, &k, r->spi_in);
	if (x)
		return x;
	return spare ? spare : session_get(s, &k);
}

/* Where it was somebody else's before, nothing of that one may reach the new one. */
static void set_identity(struct session *x, const char *identity)
{
	if (!identity || identity[0] == '\0' || strcmp(x->identity, identity) == 0)
		return;
	if (x->identity[0]) {
		session_queue_drop(x);
		session_say_taken(x);
	}
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
	session_release(other);
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

	sessions_now(s, now);
	x = take_ike(s, r);
	session_step(x, SESSION_EVENT_IKE_UP);
}

void sessions_ike_down(struct sessions *s, struct instant now, uint32_t ike_id)
{
	struct session *x;
	size_t pairs;

	sessions_now(s, now);
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
	session_release(x);
}

void sessions_attempt_failed(struct sessions *s, struct instant now, const struct session_key *k)
{
	struct session *x;

	sessions_now(s, now);
	x = session_of_key(s, k);
	if (!x)
		return;
	session_vain(x);
	if (x->state == SESSION_IKE) /* the line of the log that says why comes behind this */
		timer_set(&s->timers, &x->timer, session_later(x, span_ms(CAUSE_MS)));
}

void sessions_ike_rekeyed(struct sessions *s, struct instant now, uint32_t ike_id, const struct session_report *r)
{
	struct session *x;

	sessions_now(s, now);
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

	sessions_now(s, now);
	x = take_ike(s, r);
	other = of_pair(s, r->spi_in); /* not before: the one that its IKE_SA left may be gone */
	if (other && other != x) {
		struct session_pair *p = session_find_pair(other, r->spi_in);

		if (p) /* an orphan's, or one that moved without its IKE_SA */
			session_del_pair(other, (size_t)(p - other->pairs));
		session_release(other);
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
	session_say_reachable(x);
}

void session_drop_pair(struct session *x, size_t at)
{
	session_del_pair(x, at);
	if (x->pair_count == 0)
		session_step(x, SESSION_EVENT_CHILD_DOWN);
	session_settle(x);
	session_release(x);
}

void sessions_child_down(struct sessions *s, struct instant now, uint32_t spi_in)
{
	struct session *x;

	sessions_now(s, now);
	x = of_pair(s, spi_in);
	if (x)
		session_drop_pair(x, (size_t)(session_find_pair(x, spi_in) - x->pairs));
}

void sessions_cause(struct sessions *s, struct instant now, const struct session_key *k, unsigned rank,
		    const char *cause)
{
	struct session *x;

	sessions_now(s, now);
	x = session_of_key(s, k);
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

/* The first session of the next local end or protection. */
static struct session *next_place(const struct sessions *s, struct session_key k)
{
	struct tree_node *n;

	k.remote = (struct endpoint){ .addr.family = UINT8_MAX, .vrf = UINT32_MAX };
	n = tree_at_least(&s->by_key, &k);
	return n ? CONTAINER_OF(n, struct session, by_key) : NULL;
}

void sessions_cause_at(struct sessions *s, struct instant now, const struct ipaddr *remote, unsigned rank,
		       const char *cause)
{
	struct tree_node *n = tree_first(&s->by_key);
	struct session *next;

	sessions_now(s, now);
	for (struct session *place = n ? CONTAINER_OF(n, struct session, by_key) : NULL; place; place = next) {
		struct session_key k = place->key;

		next = next_place(s, k);
		k.remote = (struct endpoint){ .addr = *remote, .vrf = k.local.vrf };
		for (struct session *x = first_site(s, &k); same_place(x, &k); x = after(x))
			if (x->state != SESSION_UP)
				session_set_cause(x, rank, cause);
	}
}

void sessions_charon_ready(struct sessions *s, struct instant now)
{
	uint32_t id = 0;

	sessions_now(s, now);
	s->charon = true;
	for (struct session *x; (x = session_next(s, id)) != NULL;) {
		id = x->id;
		session_step(x, SESSION_EVENT_CHARON_BACK);
		session_settle(x);
		session_release(x);
	}
}

void sessions_charon_lost(struct sessions *s, struct instant now)
{
	uint32_t id = 0;

	sessions_now(s, now);
	s->charon = false;
	for (struct session *x; (x = session_next(s, id)) != NULL;) {
		id = x->id;
		session_orphan(x);
		session_step(x, SESSION_EVENT_CHARON_LOST);
		session_settle(x);
		session_release(x);
	}
}

void sessions_restart(struct sessions *s, struct instant now, uint32_t protection, bool is_gone)
{
	sessions_now(s, now);
	for (struct session *x = session_first(s); x; x = session_next(s, x->id)) {
		if (x->key.protection != protection)
			continue;
		session_set_cause(x, IKE_CAUSE_RECONFIGURED, ike_cause_text(IKE_CAUSE_RECONFIGURED));
		if (is_gone) {
			session_act(x, SESSION_DO_FORGET);
			session_end_ikes(x, true);
		} else {
			session_renew(x);
		}
	}
}
