/*
 * Registration with one NHS (RFC 2332 5.2.3). An answered registration is refreshed every
 * registration timeout; an unanswered one is sent again, with the same request id, after
 * 1, 2 and 4 s. Three misses and the NHS counts as dead; where probes of the path to it are answered and
 * it has us, eight, sent 2 s apart: packets that random loss takes say little beside the path's.
 *
 *             READY          TAKE                ACCEPTED
 *   WAITING -------> STANDBY ----> REGISTERING ------------> UP <--------------+
 *      ^              ^   ^         |   |  ^                 | TIMER (refresh) | ACCEPTED
 *      |              |   | RELEASE |   |  | TIMER           v                 |
 *      | UNREADY      |   +---------+   |  |             REFRESHING -----------+
 *      | (from        |   |    3 misses,|  |                 |                 |
 *      |  anywhere)   |   |    PATH_LOST|  |                 | 3 misses,       |
 *                     |   |             v  |                 | PATH_LOST, GONE |
 *            PURGED,  |   +---------- DOWN | <---------------+                 |
 *            no answer|   |            |   |                                   |
 *                     |   |   PATH_BACK+-> RETURNING                           |
 *                     |   |                                                    |
 *                     |   +---- REFUSED (REFUSED, from where it is asked) -----+
 *                     |
 *                RELEASING <--- RELEASE --- UP, REFRESHING
 *
 *   LEAVE from anywhere -> LEAVING: the registration is purged; PURGED or the time limit ends it.
 *
 * TAKE and RELEASE come from nhs_cluster.c, at the end of the event in which something changed.
 * STANDBY: not needed, since the cluster has as many better ones as it wants. RELEASING: purged,
 * and not needed any more. REFUSED: it lives and says no. RETURNING: the path to it works again,
 * and we ask within a moment: all of its clients see that at the same time.
 *
 * HEARD is any valid message from the NHS's NBMA address: one that had been silent is asked
 * again at once. GONE: the NHS itself purged its own address, as it does when it stops in an
 * orderly way. PATH_LOST and PATH_BACK: probes through the tunnel are answered no more, or again.
 *
 * How often a dead one is asked: 1, 2, 4 s, and on as IOS does to 64 s; but every 4 s (light
 * requests) as long as the budget of the engine allows, so that whoever lives again has us within
 * 5 s. One that refuses us is alive and may be short of something: it is asked every 16 s. None
 * less often than a refresh would come.
 *
 * Who was dead is held back for a while (nhs_trust.c): it is registered with, but others are
 * preferred and none is released for its sake.
 *
 * An NHS counts as live, so that traffic may lean on it, in UP and REFRESHING. While none lives, traffic that has no
 * other way goes to one whose path is alive though it does not answer: a data path may outlive its NHRP.
 * nhs_enter() is the only writer of the state; nhs_step.c has what each state makes of each event.
 */
#include "engine/nhs_act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/binding.h"
#include "engine/hold.h"
#include "engine/ladder.h"
#include "engine/name.h"
#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"
#include "engine/output.h"
#include "engine/registration.h"

enum {
	NHS_STEP_LIGHT = 2,   /* 4 s */
	NHS_STEP_REFUSED = 4, /* 16 s */
	NHS_STEP_MAX = 6,     /* 64 s */
	NHS_LIGHT_PER_S = 50, /* light requests: enough for 150 dead ones at a time */
	NHS_MISSES_DOWN = 3,
	NHS_STEP_PATIENT = 1, /* 2 s: a refresh behind a path that answers probes … */
	NHS_MISSES_PATIENT = 8, /* … may be lost so often; at 20 % loss three in a row happen once in 20 refreshes */
	NHS_MISSES_SILENT = 2,
	NHS_HEARD_QUIET_MS = 1000, /* HEARD does not make us send more often than this */
	NHS_RETURN_MS_MAX = 1000,  /* RETURNING lasts up to … */
	NHS_RETURN_PART = 8,       /* … this part of the time that it was away */
	NHS_FAREWELL_MS = 400,     /* a farewell is repeated after this … */
	NHS_FAREWELL_TRIES = 3,    /* … so often in all */
};

const char *nhs_state_name(enum nhs_state s)
{
	static const char *const names[] = {
#define NHS_NAME(name) #name,
		NHS_STATES(NHS_NAME)
#undef NHS_NAME
	};

	return names[s];
}

bool nhs_is_live(const struct nhs *n)
{
	return n->state == NHS_UP || n->state == NHS_REFRESHING;
}

bool nhs_is_silent(const struct nhs *n)
{
	return n->state == NHS_DOWN && n->misses >= NHS_MISSES_DOWN;
}

static bool path_answers(const struct nhs *n)
{
	const struct path *const p = n->path.path;

	return p && (p->state == PATH_ALIVE || p->state == PATH_DOUBTED);
}

/* NHRP is dead behind a living tunnel. Not so while it stops in good order: then nothing was missed yet. */
bool nhs_carries(const struct nhs *n)
{
	return path_answers(n) && (nhs_is_silent(n) || n->state == NHS_RETURNING || n->state == NHS_REGISTERING);
}

bool nhs_is_asked(const struct nhs *n)
{
	return n->state == NHS_REGISTERING || n->state == NHS_DOWN || n->state == NHS_REFUSED || n->state == NHS_RETURNING;
}

bool nhs_is_standby(const struct nhs *n)
{
	return n->state == NHS_STANDBY || n->state == NHS_RELEASING;
}

static struct engine *engine_of(const struct nhs *n)
{
	return overlay_engine(n->overlay);
}

static void set_reason(struct nhs *n, const char *why)
{
	snprintf(n->reason, sizeof n->reason, "%s", why);
}

static void arm(struct nhs *n, struct span d)
{
	timer_set(&engine_of(n)->timers, &n->timer, later(engine_of(n), d));
}

/* ---- asking */

/* It has us, traffic goes by it and gets there: only NHRP is late. */
static bool is_patient(const struct nhs *n)
{
	return n->state == NHS_REFRESHING && path_answers(n);
}

static unsigned highest_step(struct nhs *n)
{
	struct engine *const e = engine_of(n);

	n->over_budget = false;
	if (n->state == NHS_REFUSED)
		return NHS_STEP_REFUSED;
	if (is_patient(n))
		return NHS_STEP_PATIENT;
	if (n->overlay->tunnel->rests)
		return NHS_STEP_MAX;
	n->over_budget = n->step > NHS_STEP_LIGHT && !bucket_take(&e->light, e->now, NHS_LIGHT_PER_S, span_s(1));
	return n->over_budget ? NHS_STEP_MAX : NHS_STEP_LIGHT;
}

/* Sends the registration under way and sets the ladder's next step. */
static void transmit(struct nhs *n)
{
	const unsigned highest = highest_step(n);

	registration_send(n);
	n->interval = ladder_wait(&engine_of(n)->random, n->step++, highest, registration_interval(n->overlay));
	arm(n, n->interval);
}

static void new_registration(struct nhs *n)
{
	n->request_id = engine_new_request_id(engine_of(n));
	n->step = 0;
	n->misses = 0;
	n->tried = 0;
	transmit(n);
}

static void say_farewell(struct nhs *n)
{
	n->step++;
	registration_withdraw(n);
	arm(n, span_ms(NHS_FAREWELL_MS));
}

/* A name with several addresses behind it: a dead one gives way to the next. Each has its try
 * before the ladder's next step. */
static void try_next_address(struct nhs *n)
{
	const struct ipaddr *addrs;
	const size_t known = tunnel_host_addrs(n->overlay->tunnel, &n->cfg->nbma, &addrs);

	if (!n->cfg->nbma.name || ipaddr_is_none(&n->cfg->addr) || known < 2)
		return;
	for (size_t i = 0; i < known; i++)
		if (ipaddr_eq(&addrs[i], &n->nbma.addr)) {
			n->step = n->tried++ / (unsigned)known;
			n->nbma.addr = addrs[(i + 1) % known];
			nhs_follow_path(n);
			bindings_apply_static(n->overlay);
			return;
		}
}

static void ask_while_dead(struct nhs *n)
{
	/* What protects the way works where probes are answered: only NHRP was lost. */
	if (n->misses >= NHS_MISSES_SILENT && !path_answers(n))
		output_push(engine_of(n), EFFECT_SILENT, n->overlay->tunnel->settings.number, NULL)->silent.nbma = n->nbma;
	if (n->state == NHS_DOWN) {
		if (n->cfg->nbma.name)
			name_doubted(n->overlay->tunnel, n->cfg->nbma.name);
		try_next_address(n);
	}
	transmit(n);
}

/* ---- what entering a state does */

static void say_state(const struct nhs *n, bool up)
{
	const struct tunnel *const t = n->overlay->tunnel;
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	trace(t->engine, t->settings.number, TRACE_NOTICE,
	      up ? "NHRP_NHS_UP" : "NHRP_NHS_DOWN", "tunnel=Tunnel%u nhs=%s nbma=%s%s%s%s",
	      t->settings.number, ipaddr_format(&n->addr, addr), ipaddr_format(&n->nbma.addr, nbma),
	      up ? "" : " reason=\"", up ? "" : n->reason, up ? "" : "\"");
}

static void enter_up(struct nhs *n, bool was_live)
{
	n->reason[0] = '\0';
	n->step = n->misses = 0;
	n->acknowledged_id = n->request_id;
	if (!was_live)
		say_state(n, true);
	arm(n, registration_interval(n->overlay));
	registration_begin_link_local(n);
}

/* DOWN or REFUSED: out of order. */
static void enter_dead(struct nhs *n, bool was_live)
{
	const struct instant now = engine_of(n)->now;

	say_state(n, false);
	if (was_live)
		damping_flap(&n->damping, now);
	if (instant_is_never(n->died))
		n->died = now;
}

/* Everybody notices the return at once. The longer it was away, the more there are who do. */
static void enter_returning(struct nhs *n)
{
	struct engine *const e = engine_of(n);
	const int64_t part = instant_is_never(n->died) ? 0 : instant_since(e->now, n->died).us / NHS_RETURN_PART;
	const int64_t most = span_ms(NHS_RETURN_MS_MAX).us;

	set_reason(n, "path back, no answer yet");
	arm(n, span_us((int64_t)prng_below(&e->random, (uint64_t)(part < most ? part : most) + 1)));
}

static void enter_standby(struct nhs *n)
{
	timer_stop(&engine_of(n)->timers, &n->timer);
	snprintf(n->reason, sizeof n->reason, "standby: cluster %u has the connections that it may", n->cfg->cluster);
}

static void enter_farewell(struct nhs *n, bool registered)
{
	n->step = 0;
	timer_stop(&engine_of(n)->timers, &n->timer);
	if (registered)
		say_farewell(n);
}

static void act_on_entry(struct nhs *n, enum nhs_state was, bool was_live)
{
	switch (n->state) {
	case NHS_WAITING:
		timer_stop(&engine_of(n)->timers, &n->timer);
		set_reason(n, ipaddr_is_none(&n->nbma.addr) ? "NBMA address unknown" : "tunnel down");
		break;
	case NHS_STANDBY:
		enter_standby(n);
		break;
	case NHS_REGISTERING:
		set_reason(n, "no answer yet");
		new_registration(n);
		break;
	case NHS_UP:
		enter_up(n, was_live);
		break;
	case NHS_REFRESHING:
		new_registration(n);
		break;
	case NHS_DOWN:
	case NHS_REFUSED:
		if (was != n->state)
			enter_dead(n, was_live);
		break;
	case NHS_RETURNING:
		enter_returning(n);
		break;
	case NHS_RELEASING:
		set_reason(n, "released: better ones are up");
		say_state(n, false);
		enter_farewell(n, true);
		break;
	case NHS_LEAVING:
		enter_farewell(n, was_live || was == NHS_RELEASING);
		break;
	case NHS_STATE_COUNT:
		abort();
	}
}

/* The only writer of n->state. What leans on it goes first when it dies, and comes last. */
void nhs_enter(struct nhs *n, enum nhs_state state)
{
	const bool was_live = nhs_is_live(n);
	const enum nhs_state was = n->state;

	n->state = state;
	engine_of(n)->clusters_stale = true;
	if (was_live && !nhs_is_live(n)) {
		hold_begin(n->overlay->tunnel);
		nhs_trust_end(n);
	}
	act_on_entry(n, was, was_live);
	nhs_follow_path(n);
	if (!was_live && nhs_is_live(n)) {
		nhs_trust_begin(n, !instant_is_never(n->died));
		n->died = INSTANT_NEVER;
	}
}

/* ---- what an event does in more than one state */

static bool addressed(const struct nhs *n)
{
	return !ipaddr_is_none(&n->nbma.addr) && !ipaddr_is_none(&n->overlay->addr);
}

void nhs_enter_if_addressed(struct nhs *n, enum nhs_state state)
{
	nhs_enter(n, addressed(n) ? state : NHS_WAITING);
}

/* The ladder's timer: one more miss, and the next try. */
void nhs_miss(struct nhs *n)
{
	n->misses++;
	tally_failed(&n->tallies, &n->nbma.addr);
	engine_of(n)->clusters_stale = true;
	if (n->misses >= (is_patient(n) ? NHS_MISSES_PATIENT : NHS_MISSES_DOWN) && n->state != NHS_DOWN) {
		set_reason(n, "no answer");
		nhs_enter(n, NHS_DOWN);
	}
	ask_while_dead(n);
}

/* Somebody is there after all: ask now instead of at the end of the step. */
void nhs_ask_again(struct nhs *n)
{
	if (!instant_is_never(n->last_sent) &&
	    instant_since(engine_of(n)->now, n->last_sent).us < span_ms(NHS_HEARD_QUIET_MS).us)
		return;
	n->step = 0;
	transmit(n);
}

void nhs_refuse(struct nhs *n)
{
	tally_failed(&n->tallies, &n->nbma.addr);
	n->misses = 0;
	nhs_enter(n, NHS_REFUSED);
	if (!timer_running(&n->timer)) /* it was not asked for now */
		arm(n, ladder_wait(&engine_of(n)->random, n->step++, NHS_STEP_REFUSED, registration_interval(n->overlay)));
}

/* Its refusals have stopped coming, too. */
void nhs_miss_refusal(struct nhs *n)
{
	if (n->misses++ == NHS_MISSES_DOWN) {
		set_reason(n, "no answer");
		nhs_enter(n, NHS_DOWN);
	}
	ask_while_dead(n);
}

void nhs_gone(struct nhs *n)
{
	set_reason(n, "it said that it stops");
	nhs_enter(n, NHS_DOWN);
	n->step = 1;
	n->interval = ladder_wait(&engine_of(n)->random, n->step++, NHS_STEP_LIGHT, registration_interval(n->overlay));
	arm(n, n->interval);
}

/* Probes say that nothing gets there. A request goes out all the same, to say otherwise. */
void nhs_lose_path(struct nhs *n)
{
	if (strncmp(n->reason, "path dead", strlen("path dead")) != 0)
		set_reason(n, "path dead");
	nhs_enter(n, NHS_DOWN);
	n->request_id = engine_new_request_id(engine_of(n));
	n->step = 0;
	n->tried = 0;
	n->misses = NHS_MISSES_DOWN;
	ask_while_dead(n);
}

/* Known to be dead while it is not needed: it is not counted on when it is. */
void nhs_doubt(struct nhs *n)
{
	if (instant_is_never(n->died))
		n->died = engine_of(n)->now;
}

void nhs_undoubt(struct nhs *n)
{
	n->died = INSTANT_NEVER;
}

bool nhs_farewell_again(struct nhs *n)
{
	if (n->step >= NHS_FAREWELL_TRIES)
		return false;
	say_farewell(n);
	return true;
}

void nhs_farewell_over(struct nhs *n)
{
	timer_stop(&engine_of(n)->timers, &n->timer);
}

/* ---- events that bring something with them */

void nhs_refused(struct nhs *n, const char *why)
{
	if (nhs_is_asked(n) || n->state == NHS_REFRESHING)
		snprintf(n->reason, sizeof n->reason, "refused: %s", why);
	nhs_step(n, NHS_EVENT_REFUSED);
}

void nhs_path_lost(struct nhs *n, const char *why)
{
	if (nhs_is_asked(n) || nhs_is_live(n))
		snprintf(n->reason, sizeof n->reason, "path dead: %s", why);
	nhs_step(n, NHS_EVENT_PATH_LOST);
}

void nhs_timer(struct nhs *n)
{
	nhs_step(n, NHS_EVENT_TIMER);
}
