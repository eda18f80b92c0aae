/*
 * Verified liveness of the way to one peer.
 *
 *                WATCHED by an NHS                  ANSWERED
 *    RESTING ----------------------> UNTESTED -----------------> ALIVE <-----------+
 *     ^   |  <----------------------                              |  ^             |
 *     |   |     by no NHS any more           miss, DOUBT          |  | ANSWERED    |
 *     |   +------- QUIET, DOUBT -----> DOUBTED <------------------+  |             |
 *     |                                 |   |  +---------------------+             |
 *     +------- ANSWERED, no NHS --------+   | burst unanswered                     |
 *     ^                                 |   v                                      |
 *     |                                 |  DEAD -- ANSWERED (light probes) --------+
 *     +------ ANSWERED, no NHS ---------|--- |                                     |
 *                                       |    | HEARD                               |
 *                                       |    v                                     |
 *           NHRP answers, probes do not +-> MUTE -- ANSWERED so often running -----+
 *    LOST from anywhere -> DEAD. DOWN as DOUBT, and the burst is brief.
 *
 * A probe is sent every interval; one that is not answered within the retransmission time-out
 * (RFC 6298, with a floor of our own) starts a burst. The first answer ends it; none at all and
 * the path is dead. UNTESTED: never answered yet. Whoever filters ICMP stays there and is judged
 * by NHRP alone; so is MUTE, who answered once and then NHRP only. RESTING: nobody leans on it
 * all the time; it is looked at when the data path says that nothing comes back, or by a hint.
 *
 * Time to detection at the default interval of 250 ms and a short way: the death comes somewhere
 * in an interval (0 … 250 ms before the next probe), that probe's time-out 60 ms, the burst
 * 9 * 30 ms, the wait for its last answer 150 ms: 480 … 730 ms, 605 ms in the mean.
 *
 * False alarms. Loss l each way loses p = 1 - (1 - l)^2 of the probes. A first miss and the
 * whole burst are 11 probes; 4 doubts at most begin in a second, 2400 in ten minutes:
 *      l      p        p^11      expected in 10 minutes
 *      5 %   0.0975   7.6e-12    1.8e-8
 *     20 %   0.36     1.3e-5     0.032    (two or more: 0.0005)
 *     30 %   0.51     6.1e-4     1.5
 * What comes in bursts of its own is not random loss: an underlay that carries nothing for
 * 480 ms is dead as far as this can tell. A round trip that all at once takes 0.4 s more
 * than it used to is still in time.
 *
 * A BFD session that goes down starts a brief burst: 9 * 6 ms, and 40 ms at least for the last answer, so
 * that 50 ms x 3 is confirmed within 250 ms. Random loss of 5 % makes BFD fail once in three minutes
 * (docs/bfd.md); that all 10 probes are lost then too has a probability of 8e-11, at 20 % of 4e-5.
 * With PATH_BURSTS_MAX bursts under way BFD is believed as it is.
 *
 * While there is doubt NHRP is asked too, once, half way through the burst: its answer makes
 * the difference between DEAD and MUTE, within what max-send allows.
 *
 * Dead and untested paths get light probes, PATH_LIGHT_MS apart, of which the whole router
 * sends PATH_LIGHT_PER_S at most: with more than 200 of them they come less often each.
 *
 * path_enter() is the only writer of the state.
 */
#include "engine/path.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/binding.h"
#include "engine/nhs.h"
#include "engine/output.h"

enum {
	PATH_RTO_MS_MIN = 60,      /* a router's slow moment is no miss */
	PATH_RTO_MS_MAX = 2000,
	PATH_RTO_MS_UNKNOWN = 300, /* nothing was measured yet */
	PATH_LAST_WAIT_MS = 150,   /* at least, after the last probe of a burst */
	PATH_BRIEF_WAIT_MS = 40,   /* likewise of a brief one */
	PATH_CONFIRM_AT = PATH_BURST / 2,
	PATH_LATE_MS = 20,         /* our own timer came so late: answers wait to be read */
	PATH_GRACES_MAX = 3,
	PATH_QUICK = 4,
	PATH_HINT_QUIET_MS = 200,  /* hints start no more bursts than one in that time */
	PATH_MUTE_ANSWERS = 3,
	PATH_MUTES_MAX = 4,
	PATH_MUTES_FORGOTTEN_S = 600,
	PATH_REMEMBER_S = 600,     /* a dead path to a direct peer: so long it is not tried again unless it answers */
};

static void path_enter(struct path *p, enum path_state state);

const char *path_state_name(enum path_state s)
{
	static const char *const names[] = {
#define PATH_NAME(name) #name,
		PATH_STATES(PATH_NAME)
#undef PATH_NAME
	};

	return names[s];
}

static struct engine *engine_of(const struct path *p)
{
	return p->tunnel->engine;
}

static bool leans(const struct path *p, enum path_watch_kind kind)
{
	for (const struct path_watch *w = p->watches; w; w = w->next)
		if (w->kind == kind)
			return true;
	return false;
}

/* ---- time */

static void arm(struct path *p, struct span d)
{
	timer_set(&engine_of(p)->timers, &p->timer, later(engine_of(p), d));
}

static void arm_at(struct path *p, struct instant at)
{
	timer_set(&engine_of(p)->timers, &p->timer, at);
}

static struct span elapsed(const struct path *p, struct instant since)
{
	return instant_since(engine_of(p)->now, since);
}

/* Shortened by up to a tenth, so that thousands of routers do not fall into step. */
static struct span interval(const struct path *p)
{
	const int64_t us = (int64_t)p->overlay->cfg->probe_interval_ms * 1000;

	return span_us(us - (int64_t)prng_below(&engine_of(p)->random, (uint64_t)us / 10 + 1));
}

static int64_t expected_us(const struct path *p)
{
	return p->measured ? p->srtt.us + 4 * p->rttvar.us : (int64_t)PATH_RTO_MS_UNKNOWN * 1000;
}

static struct span rto(const struct path *p)
{
	const int64_t us = expected_us(p);
	const int64_t least = (int64_t)PATH_RTO_MS_MIN * 1000, most = (int64_t)PATH_RTO_MS_MAX * 1000;

	return span_us(us < least ? least : us > most ? most : us);
}

/* RFC 6298 section 2, alpha 1/8 and beta 1/4. */
static void measure(struct path *p, struct span rtt)
{
	const int64_t off = p->srtt.us > rtt.us ? p->srtt.us - rtt.us : rtt.us - p->srtt.us;

	if (!p->measured) {
		p->measured = true;
		p->srtt = rtt;
		p->rttvar = span_us(rtt.us / 2);
		return;
	}
	p->rttvar = span_us((3 * p->rttvar.us + off) / 4);
	p->srtt = span_us((7 * p->srtt.us + rtt.us) / 8);
}

/* The next slot of the router's budget that is no sooner than PATH_LIGHT_MS from now. All
 * ask for the same span, so that slots are given out in order and nobody starves. */
static struct span light_slot(struct engine *e)
{
	struct instant at = later(e, span_ms(PATH_LIGHT_MS));

	if (instant_before(at, e->light_probe_next))
		at = e->light_probe_next;
	e->light_probe_next = instant_add(at, span_us(1000000 / PATH_LIGHT_PER_S));
	return instant_since(at, e->now);
}

/* ---- probes */

static void probe(struct path *p)
{
	struct engine *const e = engine_of(p);
	struct effect *const x = output_push(e, EFFECT_PROBE, p->tunnel->settings.number, NULL);

	if (++e->probe_sequence == 0)
		e->probe_sequence = 1;
	x->probe.nbma = p->nbma;
	x->probe.addr = p->addr;
	x->probe.sequence = e->probe_sequence;
	p->probes[p->next_probe] = (struct path_probe){ e->probe_sequence, e->now };
	p->next_probe = (p->next_probe + 1) % PATH_REMEMBERED;
	p->awaited = e->probe_sequence;
	p->last_sent = e->now;
	p->sent++;
	count(e, ENGINE_COUNT_PROBE_SENT);
}

/* UNTESTED, DEAD, MUTE: nobody is judged by what comes of it. */
static void probe_unjudged(struct path *p)
{
	probe(p);
	p->light = span_us(0);
	if (p->quick > 0) {
		p->quick--;
		arm(p, interval(p));
	} else {
		p->light = light_slot(engine_of(p));
		arm(p, p->light);
	}
}

static void probe_quickly(struct path *p)
{
	p->quick = PATH_QUICK;
	probe_unjudged(p);
}

/* ---- what follows from life and death */

static void say(const struct path *p, const char *mnemonic, const char *reason)
{
	const uint32_t number = p->tunnel->settings.number;
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	trace(engine_of(p), number, TRACE_NOTICE, mnemonic, "tunnel=Tunnel%u address=%s nbma=%s%s%s%s", number,
	      ipaddr_format(&p->addr, addr), ipaddr_format(&p->nbma.addr, nbma), reason ? " reason=\"" : "",
	      reason ? reason : "", reason ? "\"" : "");
}

static struct path_watch *untold(const struct path *p)
{
	struct path_watch *w = p->watches;

	while (w && w->told == p->turns)
		w = w->next;
	return w;
}

/* A watcher may leave when it is told, so the list is looked at anew each time. */
static void tell_watches(struct path *p)
{
	struct path_watch *w;

	p->turns++;
	while ((w = untold(p))) {
		w->told = p->turns;
		if (w->kind == PATH_WATCH_NHS && p->state == PATH_DEAD)
			nhs_path_lost(w->owner, "no probe is answered");
		else if (w->kind == PATH_WATCH_NHS)
			nhs_step(w->owner, NHS_EVENT_PATH_BACK);
		else if (p->state == PATH_DEAD)
			binding_path_lost(w->owner);
	}
}

/* Half way through a burst: NHRP may know better. */
static void ask_watches(const struct path *p)
{
	for (struct path_watch *w = p->watches; w; w = w->next)
		if (w->kind == PATH_WATCH_NHS)
			nhs_path_doubted(w->owner);
}

static void enter_dead(struct path *p)
{
	struct engine *const e = engine_of(p);

	count(e, ENGINE_COUNT_PATH_DEAD);
	say(p, "NHRP_PATH_DOWN", "no probe was answered");
	output_push(e, EFFECT_SILENT, p->tunnel->settings.number, NULL)->silent.nbma = p->nbma;
	p->quick = 0;
	p->light = light_slot(e);
	arm(p, p->light);
}

/* After the last probe of a burst. */
static struct span last_wait(const struct path *p)
{
	const int64_t us = p->brief ? expected_us(p) : p->measured ? 2 * rto(p).us : rto(p).us;
	const int64_t least = (p->brief ? (int64_t)PATH_BRIEF_WAIT_MS : (int64_t)PATH_LAST_WAIT_MS) * 1000;

	return span_us(us < least ? least : us);
}

static struct span burst_gap(const struct path *p)
{
	return span_ms(p->brief ? PATH_BRIEF_MS : PATH_BURST_MS);
}

static void burst_step(struct path *p)
{
	probe(p);
	if (++p->burst == PATH_CONFIRM_AT)
		ask_watches(p);
	if (p->burst < PATH_BURST)
		arm(p, burst_gap(p));
	else
		arm(p, last_wait(p));
}

static void enter_alive(struct path *p, enum path_state was)
{
	const struct instant due = instant_add(p->last_sent, interval(p));

	if (was == PATH_DEAD)
		say(p, "NHRP_PATH_UP", NULL);
	p->awaited = 0;
	arm_at(p, instant_before(engine_of(p)->now, due) ? due : engine_of(p)->now);
}

static void enter_doubted(struct path *p)
{
	count(engine_of(p), ENGINE_COUNT_PATH_DOUBTED);
	p->burst = p->graces = 0;
	burst_step(p);
}

static void enter_mute(struct path *p)
{
	if (p->mutes < PATH_MUTES_MAX)
		p->mutes++;
	p->run = 0;
	probe_quickly(p);
}

/* The only writer of p->state. */
static void path_enter(struct path *p, enum path_state state)
{
	struct engine *const e = engine_of(p);
	const enum path_state was = p->state;

	e->path_bursts += state == PATH_DOUBTED;
	e->path_bursts -= was == PATH_DOUBTED;
	p->brief = p->brief && state == PATH_DOUBTED;
	p->state = state;
	p->since = e->now;
	switch (state) {
	case PATH_RESTING:
		timer_stop(&e->timers, &p->timer);
		break;
	case PATH_UNTESTED:
		probe_quickly(p);
		break;
	case PATH_ALIVE:
		enter_alive(p, was);
		break;
	case PATH_DOUBTED:
		enter_doubted(p);
		break;
	case PATH_DEAD:
		enter_dead(p);
		break;
	case PATH_MUTE:
		enter_mute(p);
		break;
	case PATH_STATE_COUNT:
		abort();
	}
	if ((was == PATH_DEAD) != (state == PATH_DEAD) || (was == PATH_UNTESTED && state == PATH_ALIVE))
		tell_watches(p);
	if (was == PATH_DEAD && !p->watches)
		path_unneeded(p);
}

/* ---- what each state makes of each event */

static enum path_state well(const struct path *p)
{
	return leans(p, PATH_WATCH_NHS) ? PATH_ALIVE : PATH_RESTING;
}

/* May one more burst begin because somebody says so? */
static bool may_burst(const struct path *p)
{
	return engine_of(p)->path_bursts < PATH_BURSTS_MAX &&
	       (instant_is_never(p->last_sent) || elapsed(p, p->last_sent).us >= span_ms(PATH_HINT_QUIET_MS).us);
}

/* BFD has failed, which random loss can do too. */
static void bfd_down(struct path *p)
{
	p->brief = true;
	path_enter(p, engine_of(p)->path_bursts < PATH_BURSTS_MAX ? PATH_DOUBTED : PATH_DEAD);
}

static void hurry(struct path *p)
{
	if (p->burst < PATH_BURST && !p->brief)
		arm(p, span_ms(PATH_BRIEF_MS));
	p->brief = true;
}

static void path_in_resting(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
		if (may_burst(p))
			path_enter(p, PATH_DOUBTED);
		break;
	case PATH_EVENT_DOWN:
		bfd_down(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_UNTESTED);
		break;
	case PATH_EVENT_TIMER:
	case PATH_EVENT_ANSWERED:
	case PATH_EVENT_HEARD:
	case PATH_EVENT_RETRY:
	case PATH_EVENT_COUNT:
		break;
	}
}

static void path_in_untested(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		probe_unjudged(p);
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_HEARD: /* it knows us now, and so whom to answer */
	case PATH_EVENT_RETRY:
		probe_quickly(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_RESTING);
		break;
	case PATH_EVENT_DOWN: /* who answers no probe is not judged by them */
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_COUNT:
		break;
	}
}

static void alive_timer(struct path *p)
{
	if (p->awaited != 0) {
		path_enter(p, PATH_DOUBTED);
		return;
	}
	probe(p);
	arm(p, rto(p));
}

static void alive_answered(struct path *p)
{
	if (elapsed(p, p->since).us > span_s(PATH_MUTES_FORGOTTEN_S).us)
		p->mutes = 0;
	if (p->awaited == 0)
		arm_at(p, instant_add(p->last_sent, interval(p)));
}

static void path_in_alive(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		alive_timer(p);
		break;
	case PATH_EVENT_ANSWERED:
		alive_answered(p);
		break;
	case PATH_EVENT_DOUBT:
		if (may_burst(p))
			path_enter(p, PATH_DOUBTED);
		break;
	case PATH_EVENT_DOWN:
		bfd_down(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_RESTING);
		break;
	case PATH_EVENT_QUIET: /* it is asked often enough */
	case PATH_EVENT_HEARD:
	case PATH_EVENT_RETRY:
	case PATH_EVENT_COUNT:
		break;
	}
}

/* The burst is over and nothing came. When our own timer is late, so are answers that lie in
 * a socket: they get the time to be read. */
static void judge(struct path *p)
{
	const bool late = elapsed(p, p->timer.deadline).us > span_ms(PATH_LATE_MS).us;

	if (late && p->graces++ < PATH_GRACES_MAX)
		arm(p, rto(p));
	else if (!instant_is_never(p->heard) && !instant_before(p->heard, p->since))
		path_enter(p, leans(p, PATH_WATCH_NHS) ? PATH_MUTE : PATH_RESTING);
	else
		path_enter(p, PATH_DEAD);
}

static void path_in_doubted(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		if (p->burst < PATH_BURST)
			burst_step(p);
		else
			judge(p);
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_DOWN:
		hurry(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_HEARD: /* noted: judge() */
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_RETRY:
	case PATH_EVENT_WATCHED:
	case PATH_EVENT_COUNT:
		break;
	}
}

static void path_in_dead(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		if (p->watches || elapsed(p, p->since).us < span_s(PATH_REMEMBER_S).us)
			probe_unjudged(p);
		else
			path_enter(p, PATH_RESTING); /* and go */
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_HEARD:
		path_enter(p, leans(p, PATH_WATCH_NHS) ? PATH_MUTE : PATH_RESTING);
		break;
	case PATH_EVENT_RETRY:
		probe_quickly(p);
		break;
	case PATH_EVENT_DOWN:
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_LOST:
	case PATH_EVENT_WATCHED:
	case PATH_EVENT_COUNT:
		break;
	}
}

/* Who was mute before has to answer for longer until he is judged by it again. */
static void mute_answered(struct path *p)
{
	if (++p->run >= (unsigned)PATH_MUTE_ANSWERS << (p->mutes - 1))
		path_enter(p, PATH_ALIVE);
	else
		arm(p, interval(p));
}

static void path_in_mute(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		if (p->awaited != 0)
			p->run = 0;
		probe_unjudged(p);
		break;
	case PATH_EVENT_ANSWERED:
		mute_answered(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_RESTING);
		break;
	case PATH_EVENT_RETRY:
		probe_quickly(p);
		break;
	case PATH_EVENT_DOWN:
	case PATH_EVENT_HEARD:
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_COUNT:
		break;
	}
}

void path_step(struct path *p, enum path_event event)
{
	switch (p->state) {
	case PATH_RESTING:
		path_in_resting(p, event);
		break;
	case PATH_UNTESTED:
		path_in_untested(p, event);
		break;
	case PATH_ALIVE:
		path_in_alive(p, event);
		break;
	case PATH_DOUBTED:
		path_in_doubted(p, event);
		break;
	case PATH_DEAD:
		path_in_dead(p, event);
		break;
	case PATH_MUTE:
		path_in_mute(p, event);
		break;
	case PATH_STATE_COUNT:
		abort();
	}
}

/* ---- events from outside */

void path_timer(struct path *p)
{
	path_step(p, PATH_EVENT_TIMER);
}

static struct path_probe *remembered(struct path *p, uint32_t sequence)
{
	for (size_t i = 0; i < PATH_REMEMBERED; i++)
		if (p->probes[i].sequence == sequence)
			return &p->probes[i];
	return NULL;
}

void path_answered(const struct tunnel *t, const struct endpoint *nbma, uint32_t sequence, struct span rtt)
{
	struct path *const p = path_find(t, nbma);
	struct path_probe *const x = p && sequence != 0 ? remembered(p, sequence) : NULL;

	if (!x) /* repeated, or of long ago */
		return;
	x->sequence = 0;
	count(engine_of(p), ENGINE_COUNT_PROBE_ANSWERED);
	p->answered++;
	p->last_answered = engine_of(p)->now;
	if (sequence == p->awaited)
		p->awaited = 0;
	measure(p, rtt);
	path_step(p, PATH_EVENT_ANSWERED);
}

void path_heard(const struct tunnel *t, const struct endpoint *nbma, struct instant asked)
{
	struct path *const p = path_find(t, nbma);

	if (!p || instant_before(asked, p->since)) /* what was asked before says nothing of now */
		return;
	p->heard = engine_of(p)->now;
	path_step(p, PATH_EVENT_HEARD);
}

void path_hint(const struct tunnel *t, const struct endpoint *nbma, enum path_event event)
{
	struct path *const p = path_find(t, nbma);

	assert(event == PATH_EVENT_QUIET || event == PATH_EVENT_DOUBT || event == PATH_EVENT_LOST ||
	       event == PATH_EVENT_RETRY || event == PATH_EVENT_DOWN);
	if (p)
		path_step(p, event);
}

const char *path_remark(const struct path *p, bool nhs_is_live, bool nhs_is_silent)
{
	switch (p->state) {
	case PATH_ALIVE:
	case PATH_DOUBTED:
		return !nhs_is_live && nhs_is_silent ?
			       "NHRP dead behind a living tunnel: probes are answered, registrations are not" : NULL;
	case PATH_DEAD:
		return p->light.us > span_ms(2 * PATH_LIGHT_MS).us ?
			       "path dead: no probe is answered; so many peers are dead that probes wait for their budget" :
			       "path dead: no probe is answered";
	case PATH_MUTE:
		return "NHRP answers, probes do not (filtered?)";
	case PATH_UNTESTED:
		return nhs_is_live ? "probes were never answered (filtered?)" : NULL;
	case PATH_RESTING:
	case PATH_STATE_COUNT:
		break;
	}
	return NULL;
}
