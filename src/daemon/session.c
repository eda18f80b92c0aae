/*
 * One session. WAITING, IKE, IPSEC and BACKOFF are about what charon is asked for; SAs of an
 * earlier agreement (charon died, the peer restarts) may carry traffic meanwhile: that is
 * can_send, which the forwarder tells.
 *
 *             wanted, no charon                     IKE_UP          CHILD_UP
 *   IDLE -----------------------> WAITING --+-> IKE -------> IPSEC ----------> UP
 *     |          CHARON_BACK, wanted ^      |    ^ |           |              ^ |
 *     +--- wanted -----------------------------+ | | IKE_DOWN, | TIMER        | |
 *     ^                              |         TIMER           v              | |
 *     |                              |           BACKOFF <-----+----CHILD_DOWN,-+
 *     |                              |           1 … 4 s            wanted      |
 *     |                    CHARON_LOST (anywhere)                   WANTED | ^  | UNWANTED
 *     +------------------------------------------------------- LINGERING --+-+--+
 *                          TIMER (60 s): ended, CHILD_DOWN
 *
 * CHILD_UP leads to UP from everywhere: it does not matter who began. session_enter() is
 * the only writer of the state.
 */
#include "daemon/session.h"

#include <stdio.h>
#include <string.h>

#include "engine/effect.h"
#include "ike/ike_cause.h"

enum {
	PROVE_S = 12,       /* as long as an attempt lasts */
	RENEW_S = 12,       /* likewise: what is of former settings ends then, whatever came of it */
	ASKED_S = 20,       /* charon has given up before */
	CHILD_S = 10,       /* an IKE_SA without a child is of no use */
	LINGER_S = 60,
	BACKOFF_MS_MIN = 1000,
	BACKOFF_MS_MAX = 4000,
	HURRY_MS = 200,     /* … or the peer said something: then as soon as this */
	CROWDED_MS = 200,   /* too many attempts at once: a moment later */
	LONG_S = 8,         /* an attempt that took so long was backoff enough */
	STABLE_S = 10,      /* up so long, it has been up: what went before explains nothing more */
	CAUSE_FRESH_S = 20, /* longer than an attempt that nobody answers, and the wait after it */
	ASKING_MAX = 256,
	SAY_AGAIN_S = 3600, /* a cause that does not change */
};

const char *session_state_name(enum session_state s)
{
	static const char *const names[] = {
#define SESSION_NAME(name) #name,
		SESSION_STATES(SESSION_NAME)
#undef SESSION_NAME
	};

	return names[s];
}

bool session_wanted(const struct session *x)
{
	return x->users > 0 || instant_before(x->table->now, x->wanted_until);
}

/* ---- entry ---- */

static struct span backoff(const struct session *x, struct span took)
{
	if (took.us >= span_s(LONG_S).us)
		return span_ms((int64_t)prng_below(&x->table->random, CROWDED_MS));
	return span_ms(BACKOFF_MS_MIN +
		       (int64_t)prng_below(&x->table->random, BACKOFF_MS_MAX - BACKOFF_MS_MIN + 1));
}

static void arm(struct session *x, struct span d)
{
	timer_set(&x->table->timers, &x->timer, session_later(x, d));
}

static void say_failure(struct session *x)
{
	const uint32_t bit = UINT32_C(1) << (x->cause_rank & 31);

	x->failures++;
	x->failed_at = x->table->now;
	if (!instant_before(x->table->now, instant_add(x->said_at, span_s(SAY_AGAIN_S))))
		x->said = 0;
	if (x->said & bit) /* causes may take turns, as when both ends try */
		return;
	if (x->said == 0)
		x->said_at = x->table->now;
	x->said |= bit;
	session_trace(x, TRACE_WARNING, "IKE_FAILED", "reason=\"%s\" remedy=\"%s\"", x->cause,
		      ike_cause_remedy(x->cause_rank < IKE_CAUSE_COUNT ? (enum ike_cause)x->cause_rank : IKE_CAUSE_NONE));
}

static void session_enter(struct session *x, enum session_state state)
{
	const struct span took = instant_since(x->table->now, x->since);

	const bool asked = x->state == SESSION_IKE;

	x->table->asking -= asked;
	x->state = state;
	x->since = x->table->now;
	timer_stop(&x->table->timers, &x->timer);
	switch (state) {
	case SESSION_IDLE:
	case SESSION_WAITING:
		break;
	case SESSION_IKE:
		x->table->asking++;
		session_act(x, SESSION_DO_INITIATE)->port = x->remote_port;
		arm(x, span_s(ASKED_S));
		break;
	case SESSION_IPSEC:
		arm(x, span_s(CHILD_S));
		break;
	case SESSION_UP:
		break;
	case SESSION_BACKOFF:
		arm(x, backoff(x, asked ? took : span_s(0)));
		break;
	case SESSION_LINGERING:
		arm(x, span_s(LINGER_S));
		break;
	case SESSION_STATE_COUNT:
		break;
	}
}

/* Of several peers behind one address only that one can be called whose port is known; the others
 * call us. */
static bool reachable(const struct session *x)
{
	return x->key.remote.site == 0 || x->remote_port != 0;
}

/* What follows where nothing stands with charon. */
static void settle_down(struct session *x)
{
	if (!session_wanted(x)) {
		/* Orphans of an earlier agreement get their minute too. */
		session_enter(x, x->pair_count > 0 ? SESSION_LINGERING : SESSION_IDLE);
	} else if (!x->table->charon || !reachable(x)) {
		session_enter(x, SESSION_WAITING);
	} else if (x->table->asking >= ASKING_MAX) {
		session_enter(x, SESSION_BACKOFF);
		arm(x, span_ms(CROWDED_MS + (int64_t)prng_below(&x->table->random, CROWDED_MS)));
	} else {
		session_enter(x, SESSION_IKE);
	}
}

static void failed(struct session *x)
{
	if (x->cause[0] == '\0')
		session_set_cause(x, IKE_CAUSE_NO_ANSWER, ike_cause_text(IKE_CAUSE_NO_ANSWER));
	say_failure(x);
	if (session_wanted(x))
		session_enter(x, SESSION_BACKOFF);
	else
		settle_down(x);
}

void session_set_cause(struct session *x, unsigned rank, const char *cause)
{
	const struct instant stable = instant_add(x->since, span_s(STABLE_S));

	/* A peer that takes us and then thinks better of it has not made it up. */
	if (x->state == SESSION_UP && !instant_before(x->table->now, stable) && instant_before(x->cause_at, stable)) {
		x->cause_rank = x->failures = 0;
		x->said = 0;
	}
	/* One that says more gives way when it has not been seen for a while. */
	if (rank < x->cause_rank && instant_before(x->table->now, instant_add(x->cause_at, span_s(CAUSE_FRESH_S))))
		return;
	x->cause_rank = rank;
	x->cause_at = x->table->now;
	snprintf(x->cause, sizeof x->cause, "%s", cause);
}

/* Its SAs go, with the IKE_SAs. */
static void end(struct session *x)
{
	session_end_ikes(x, false);
	session_act(x, SESSION_DO_FORGET);
}

/* ---- states ---- */

static void in_idle(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_WANTED:
		settle_down(x);
		break;
	case SESSION_EVENT_IKE_UP:
		session_enter(x, SESSION_IPSEC);
		break;
	case SESSION_EVENT_CHILD_UP:
		session_enter(x, session_wanted(x) ? SESSION_UP : SESSION_LINGERING);
		break;
	case SESSION_EVENT_UNWANTED:
	case SESSION_EVENT_TIMER:
	case SESSION_EVENT_IKE_DOWN:
	case SESSION_EVENT_CHILD_DOWN:
	case SESSION_EVENT_CHARON_LOST:
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_waiting(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_UNWANTED:
	case SESSION_EVENT_CHARON_BACK:
		settle_down(x);
		break;
	case SESSION_EVENT_IKE_UP:
		session_enter(x, SESSION_IPSEC);
		break;
	case SESSION_EVENT_CHILD_UP:
		session_enter(x, session_wanted(x) ? SESSION_UP : SESSION_LINGERING);
		break;
	case SESSION_EVENT_WANTED:
	case SESSION_EVENT_TIMER:
	case SESSION_EVENT_IKE_DOWN:
	case SESSION_EVENT_CHILD_DOWN:
	case SESSION_EVENT_CHARON_LOST:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_ike(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_IKE_UP:
		session_enter(x, SESSION_IPSEC);
		break;
	case SESSION_EVENT_CHILD_UP:
		session_enter(x, session_wanted(x) ? SESSION_UP : SESSION_LINGERING);
		break;
	case SESSION_EVENT_TIMER:
	case SESSION_EVENT_IKE_DOWN:
		failed(x);
		break;
	case SESSION_EVENT_UNWANTED:
		end(x);
		settle_down(x);
		break;
	case SESSION_EVENT_CHARON_LOST:
		settle_down(x);
		break;
	case SESSION_EVENT_WANTED:
	case SESSION_EVENT_CHILD_DOWN: /* an orphan's end */
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_ipsec(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_CHILD_UP:
		session_enter(x, session_wanted(x) ? SESSION_UP : SESSION_LINGERING);
		break;
	case SESSION_EVENT_TIMER:
		session_set_cause(x, IKE_CAUSE_NO_CHILD, ike_cause_text(IKE_CAUSE_NO_CHILD));
		session_end_ikes(x, false);
		failed(x);
		break;
	case SESSION_EVENT_IKE_DOWN:
		failed(x);
		break;
	case SESSION_EVENT_CHARON_LOST:
		settle_down(x);
		break;
	case SESSION_EVENT_WANTED:
	case SESSION_EVENT_UNWANTED: /* the peer wants it */
	case SESSION_EVENT_IKE_UP:
	case SESSION_EVENT_CHILD_DOWN:
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_up(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_UNWANTED:
		session_enter(x, SESSION_LINGERING);
		break;
	case SESSION_EVENT_CHILD_DOWN:
		session_set_cause(x, IKE_CAUSE_ENDED, ike_cause_text(IKE_CAUSE_ENDED));
		session_end_ikes(x, false);
		failed(x);
		break;
	case SESSION_EVENT_IKE_DOWN: /* orphans are left, which nobody renews */
		session_set_cause(x, IKE_CAUSE_ENDED, ike_cause_text(IKE_CAUSE_ENDED));
		failed(x);
		break;
	case SESSION_EVENT_CHARON_LOST:
		settle_down(x);
		break;
	case SESSION_EVENT_TIMER:
		session_end_old(x);
		break;
	case SESSION_EVENT_WANTED:
	case SESSION_EVENT_IKE_UP:
	case SESSION_EVENT_CHILD_UP:
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_backoff(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_TIMER:
	case SESSION_EVENT_UNWANTED:
	case SESSION_EVENT_CHARON_LOST:
		settle_down(x);
		break;
	case SESSION_EVENT_IKE_UP:
		session_enter(x, SESSION_IPSEC);
		break;
	case SESSION_EVENT_CHILD_UP:
		session_enter(x, session_wanted(x) ? SESSION_UP : SESSION_LINGERING);
		break;
	case SESSION_EVENT_WANTED:
	case SESSION_EVENT_IKE_DOWN:
	case SESSION_EVENT_CHILD_DOWN:
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

static void in_lingering(struct session *x, enum session_event event)
{
	switch (event) {
	case SESSION_EVENT_WANTED:
		if (x->ike_count > 0)
			session_enter(x, SESSION_UP);
		else
			settle_down(x); /* orphans only */
		break;
	case SESSION_EVENT_TIMER:
		end(x);
		while (x->pair_count > 0)
			session_del_pair(x, 0);
		session_enter(x, SESSION_IDLE);
		break;
	case SESSION_EVENT_CHILD_DOWN:
		session_end_ikes(x, false);
		session_enter(x, SESSION_IDLE);
		break;
	case SESSION_EVENT_UNWANTED:
	case SESSION_EVENT_IKE_UP:
	case SESSION_EVENT_IKE_DOWN:
	case SESSION_EVENT_CHILD_UP:
	case SESSION_EVENT_CHARON_LOST: /* the minute goes on */
	case SESSION_EVENT_CHARON_BACK:
	case SESSION_EVENT_COUNT:
		break;
	}
}

void session_step(struct session *x, enum session_event event)
{
	if (event == SESSION_EVENT_CHILD_UP || event == SESSION_EVENT_CHARON_LOST)
		x->proving = INSTANT_NEVER;
	switch (x->state) {
	case SESSION_IDLE:
		in_idle(x, event);
		break;
	case SESSION_WAITING:
		in_waiting(x, event);
		break;
	case SESSION_IKE:
		in_ike(x, event);
		break;
	case SESSION_IPSEC:
		in_ipsec(x, event);
		break;
	case SESSION_UP:
		in_up(x, event);
		break;
	case SESSION_BACKOFF:
		in_backoff(x, event);
		break;
	case SESSION_LINGERING:
		in_lingering(x, event);
		break;
	case SESSION_STATE_COUNT:
		break;
	}
}

/* What the peer has forgotten looks well to charon until its next check of the peer's life fails. A second
 * IKE_SA settles it at once: when it comes up, the older one goes as whenever two meet. */
void session_doubt(struct session *x)
{
	if (x->state == SESSION_UP)
		session_prove(x);
}

/* Anybody may say so: only waiting for another try ends by it, and only where silence was the reason. */
void session_hurry(struct session *x)
{
	const struct instant soonest = instant_add(x->since, span_ms(HURRY_MS));

	if (x->state == SESSION_BACKOFF && x->cause_rank <= IKE_CAUSE_NO_ANSWER && x->table->asking < ASKING_MAX)
		arm(x, instant_before(x->table->now, soonest) ? instant_since(soonest, x->table->now) : span_s(0));
}

static void begin_anew(struct session *x)
{
	x->proving = x->table->now;
	x->prove_again = session_later(x, span_s(PROVE_S));
	session_act(x, SESSION_DO_INITIATE)->port = x->remote_port;
}

bool session_prove(struct session *x)
{
	if (x->pair_count == 0 || !x->table->charon || !reachable(x) || instant_before(x->table->now, x->prove_again))
		return false;
	session_trace(x, TRACE_NOTICE, "IPSEC_DOUBT", "reason=\"one end seems to have forgotten it; beginning anew\"");
	begin_anew(x);
	return true;
}

/* What nobody has answered is asked again as long as it is wanted, so that a peer that is away for
 * long is not waited for when it returns. */
void session_vain(struct session *x)
{
	const struct instant began = x->proving;

	if (instant_is_never(began))
		return;
	x->proving = INSTANT_NEVER;
	x->prove_again = x->table->now;
	if (instant_since(x->table->now, began).us >= span_s(LONG_S).us && x->state == SESSION_UP && session_wanted(x) && x->table->charon && reachable(x))
		begin_anew(x);
}

/* Where it can be, another IKE_SA is begun beside those of the former settings: when it comes up, they go as
 * whenever two meet. */
void session_renew(struct session *x)
{
	x->renewed = x->table->now;
	session_act(x, SESSION_DO_FORGET); /* what charon knows of it is out of date */
	if (x->state == SESSION_UP && x->ike_count > 0 && x->table->charon && reachable(x)) {
		x->prove_again = session_later(x, span_s(PROVE_S));
		session_act(x, SESSION_DO_INITIATE)->port = x->remote_port;
		arm(x, span_s(RENEW_S));
		return;
	}
	session_end_ikes(x, true);
	if (x->state == SESSION_BACKOFF)
		session_timer(x); /* what was wrong may be mended */
}

void session_timer(struct session *x)
{
	session_step(x, SESSION_EVENT_TIMER);
}
