/*
 * The IKE_SAs and SA pairs of a session. There may be several: both ends began at once, a
 * peer lost its memory and began anew, a rekeying is under way, a peer makes one child per
 * tunnel. All of them receive; which one sends is the forwarder's choice.
 *
 * Of two IKE_SAs one goes: when they were begun from both sides at once, the one with
 * the higher initiator SPI, which both ends find out alike; else the older one, since whoever began
 * the newer did not know it any more. Orphaned pairs go once another pair has been there for a while.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/session.h"
#include "engine/effect.h"

enum {
	CROSSED_MS = 1500,    /* begun from both sides at once: further apart, both ends know which is the newer */
	SETTLE_OURS_MS = 2000,/* until we end a duplicate that we began … */
	SETTLE_THEIRS_MS = 4000, /* … and one that the other end should have ended */
	ORPHAN_MS = 6000,
	CROWD_SAID_S = 3600,
};

struct session_ike *session_find_ike(const struct session *x, uint32_t ike_id)
{
	for (size_t i = 0; i < x->ike_count; i++)
		if (x->ikes[i].id == ike_id)
			return &x->ikes[i];
	return NULL;
}

struct session_pair *session_find_pair(const struct session *x, uint32_t spi_in)
{
	for (size_t i = 0; i < x->pair_count; i++)
		if (x->pairs[i].spi_in == spi_in)
			return &x->pairs[i];
	return NULL;
}

static void terminate(struct session *x, uint32_t ike_id, bool force)
{
	struct session_action *a = session_act(x, SESSION_DO_TERMINATE);

	a->ike_id = ike_id;
	a->force = force;
}

/* ---- too many ---- */

static void end_crowded(struct session *x, struct session_ike *i, const char *what)
{
	i->ending = true;
	terminate(x, i->id, true);
	if (instant_before(x->table->now, x->crowd_said))
		return;
	x->crowd_said = session_later(x, span_s(CROWD_SAID_S));
	session_trace(x, TRACE_WARNING, "IPSEC_CROWD", "reason=\"the peer makes one %s after the other\"", what);
}

/* The oldest goes: what the peer began last is what it has. */
static void limit_ikes(struct session *x)
{
	struct session_ike *i = x->ikes;

	if (x->ike_count <= SESSION_IKES_MAX)
		return;
	while (i->ending && i + 1 < x->ikes + x->ike_count)
		i++;
	if (!i->ending)
		end_crowded(x, i, "IKE_SA");
}

static void limit_pairs(struct session *x, uint32_t ike_id)
{
	struct session_ike *i = session_find_ike(x, ike_id);
	size_t count = 0;

	for (size_t k = 0; k < x->pair_count; k++)
		count += x->pairs[k].ike == ike_id;
	if (i && !i->ending && count > SESSION_PAIRS_MAX)
		end_crowded(x, i, "pair of SAs");
}

/* ---- coming and going ---- */

struct session_ike *session_add_ike(struct session *x, const struct session_report *r)
{
	struct session_ike *i = session_find_ike(x, r->ike_id);

	if (!i) {
		x->ikes = alloc_array(x->ikes, x->ike_count + 1, sizeof *x->ikes);
		i = &x->ikes[x->ike_count++];
		*i = (struct session_ike){ .id = r->ike_id, .since = session_later(x, span_s(-(int64_t)r->age_s)) };
		session_index_put(&x->table->by_ike, i->id, x);
		limit_ikes(x);
	}
	i->spi_initiator = r->spi_initiator;
	i->is_initiator = r->is_initiator;
	i->version = r->version;
	if (r->ike_suite)
		snprintf(i->suite, sizeof i->suite, "%s", r->ike_suite);
	if (r->remote_port)
		x->remote_port = r->remote_port;
	return i;
}

void session_del_ike(struct session *x, uint32_t ike_id)
{
	const struct session_ike *i;

	for (size_t p = x->pair_count; p-- > 0;)
		if (x->pairs[p].ike == ike_id)
			session_del_pair(x, p);
	i = session_find_ike(x, ike_id);
	if (!i)
		return;
	session_index_take(&x->table->by_ike, ike_id, x);
	memmove(&x->ikes[i - x->ikes], i + 1, (size_t)(x->ikes + x->ike_count - (i + 1)) * sizeof *i);
	x->ike_count--;
}

static void say_set(struct session *x)
{
	if (!x->told)
		session_act(x, SESSION_DO_FORWARD_SET);
	x->told = true;
}

struct session_pair *session_new_pair(struct session *x)
{
	struct session_pair *p;

	x->pairs = alloc_array(x->pairs, x->pair_count + 1, sizeof *x->pairs);
	p = &x->pairs[x->pair_count++];
	*p = (struct session_pair){ .since = x->table->now };
	return p;
}

void session_name_pair(struct session *x, struct session_pair *p, uint32_t spi_in)
{
	p->spi_in = spi_in;
	session_index_put(&x->table->by_spi, spi_in, x);
}

/* What the forwarder held comes one by one: the outbound SA finds its pair here. */
static void forget_halves(struct session *x, uint32_t spi_out)
{
	for (size_t i = x->pair_count; i-- > 0;)
		if (x->pairs[i].spi_in == 0 && x->pairs[i].spi_out == spi_out)
			session_del_pair(x, i);
}

bool session_add_pair(struct session *x, const struct session_report *r)
{
	struct session_pair *p;
	struct session_action *a;
	bool fresh;

	forget_halves(x, r->spi_out);
	p = session_find_pair(x, r->spi_in);
	fresh = !p;
	if (fresh) {
		p = session_new_pair(x);
		session_name_pair(x, p, r->spi_in);
	}
	p->ike = r->ike_id;
	p->is_initiator = r->is_initiator && !r->is_rekey;
	if (!fresh && p->spi_out == r->spi_out)
		return false;
	p->spi_out = r->spi_out;
	say_set(x);
	a = session_act(x, SESSION_DO_BIND);
	a->spi_in = p->spi_in;
	a->spi_out = p->spi_out;
	a->is_initiator = p->is_initiator;
	limit_pairs(x, r->ike_id);
	return fresh;
}

void session_del_pair(struct session *x, size_t at)
{
	session_index_take(&x->table->by_spi, x->pairs[at].spi_in, x);
	memmove(&x->pairs[at], &x->pairs[at + 1], (x->pair_count - at - 1) * sizeof *x->pairs);
	x->pair_count--;
}

static void revoke(struct session *x, const struct session_pair *p)
{
	struct session_action *a = session_act(x, SESSION_DO_REVOKE);

	a->spi_in = p->spi_in;
	a->spi_out = p->spi_out;
}

static void forget_ikes(struct session *x)
{
	for (size_t i = 0; i < x->ike_count; i++)
		session_index_take(&x->table->by_ike, x->ikes[i].id, x);
	x->ike_count = 0;
}

void session_forget_sas(struct session *x)
{
	forget_ikes(x);
	while (x->pair_count > 0)
		session_del_pair(x, x->pair_count - 1);
}

void session_orphan(struct session *x)
{
	forget_ikes(x);
	for (size_t i = 0; i < x->pair_count; i++)
		x->pairs[i].ike = 0;
}

void session_end_ikes(struct session *x, bool force)
{
	for (size_t i = 0; i < x->ike_count; i++)
		terminate(x, x->ikes[i].id, force);
}

void session_end_old(struct session *x)
{
	for (size_t i = 0; i < x->ike_count; i++)
		if (instant_before(x->ikes[i].since, x->renewed))
			terminate(x, x->ikes[i].id, true);
}

/* ---- what is double ---- */

static bool has_pair(const struct session *x, uint32_t ike_id)
{
	for (size_t i = 0; i < x->pair_count; i++)
		if (x->pairs[i].ike == ike_id)
			return true;
	return false;
}

static bool crossed(const struct session_ike *a, const struct session_ike *b)
{
	const int64_t apart = instant_since(a->since, b->since).us;

	return a->is_initiator != b->is_initiator && (apart < 0 ? -apart : apart) < span_ms(CROSSED_MS).us;
}

static bool is_newer(const struct session_ike *a, const struct session_ike *b)
{
	if (a->since.us != b->since.us)
		return a->since.us > b->since.us;
	return a->id > b->id;
}

/* Whoever began it had begun another before, and so has given that up: it did not cross ours. */
static bool begun_again(const struct session *x, const struct session_ike *newest)
{
	for (size_t i = 0; i < x->ike_count; i++)
		if (&x->ikes[i] != newest && x->ikes[i].is_initiator == newest->is_initiator)
			return true;
	return false;
}

/* The one that stays; NULL: none has a pair. One only, so that not each of three goes for another's sake. */
static const struct session_ike *winner(const struct session *x)
{
	const struct session_ike *newest = NULL, *best;

	for (size_t i = 0; i < x->ike_count; i++)
		if (has_pair(x, x->ikes[i].id) && (!newest || is_newer(&x->ikes[i], newest)))
			newest = &x->ikes[i];
	if (!newest || begun_again(x, newest))
		return newest;
	best = newest;
	for (size_t i = 0; i < x->ike_count; i++) {
		const struct session_ike *a = &x->ikes[i];

		if (has_pair(x, a->id) && crossed(a, newest) && a->spi_initiator < best->spi_initiator)
			best = a;
	}
	return best;
}

static bool is_loser(const struct session *x, const struct session_ike *a, const struct session_ike *w)
{
	return w && a != w && (has_pair(x, a->id) || !is_newer(a, w));
}

/* The peer that began the newer one did not know this one any more: it will not answer its end. */
static bool is_forgotten(const struct session *x, const struct session_ike *a, const struct session_ike *w)
{
	return begun_again(x, w) || !crossed(a, w);
}

static struct instant loser_due(const struct session *x, const struct session_ike *a)
{
	struct instant newest = a->since;

	for (size_t i = 0; i < x->ike_count; i++)
		if (instant_before(newest, x->ikes[i].since))
			newest = x->ikes[i].since;
	return instant_add(newest, span_ms(a->is_initiator ? SETTLE_OURS_MS : SETTLE_THEIRS_MS));
}

/* When the orphan p may go; NEVER: nothing has taken its place. */
static struct instant orphan_due(const struct session *x, const struct session_pair *p)
{
	struct instant due = INSTANT_NEVER;

	for (size_t i = 0; p->ike == 0 && i < x->pair_count; i++)
		if (x->pairs[i].ike != 0)
			due = instant_min(due, instant_add(x->pairs[i].since, span_ms(ORPHAN_MS)));
	return due;
}

void session_settle(struct session *x)
{
	const struct session_ike *w = winner(x);
	struct instant due = INSTANT_NEVER;

	for (size_t i = 0; i < x->ike_count; i++) {
		x->ikes[i].loser = is_loser(x, &x->ikes[i], w);
		if (x->ikes[i].loser)
			due = instant_min(due, loser_due(x, &x->ikes[i]));
	}
	for (size_t i = 0; i < x->pair_count; i++)
		due = instant_min(due, orphan_due(x, &x->pairs[i]));
	if (instant_is_never(due))
		timer_stop(&x->table->timers, &x->settle);
	else
		timer_set(&x->table->timers, &x->settle, due);
}

static bool due_now(const struct session *x, struct instant at)
{
	return !instant_before(x->table->now, at);
}

void session_settle_due(struct session *x)
{
	const struct session_ike *w = winner(x);
	bool again = false;

	for (size_t i = x->pair_count; i-- > 0;) {
		if (!due_now(x, orphan_due(x, &x->pairs[i])))
			continue;
		revoke(x, &x->pairs[i]);
		session_del_pair(x, i);
	}
	for (size_t i = 0; i < x->ike_count; i++) {
		if (!x->ikes[i].loser || !due_now(x, loser_due(x, &x->ikes[i])))
			continue;
		terminate(x, x->ikes[i].id, !w || is_forgotten(x, &x->ikes[i], w));
		again = true;
	}
	session_settle(x);
	/* One that does not go (the other end is silent) is asked for again, not at once. */
	if (again)
		timer_set(&x->table->timers, &x->settle, session_later(x, span_ms(SETTLE_THEIRS_MS)));
}
