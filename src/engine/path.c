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
 *    LOST from anywhere -> DEAD. DOWN as DOUBT, and the burst is brief. LATE as DOWN, but nobody dies of it.
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
 * 480 ms is dead as far as this can tell. A round trip that all at once takes 0.36 s more
 * than it used to is still in time.
 *
 * A BFD session that goes down is judged by a brief burst, 9 * 6 ms, and 40 ms at least for the last answer; but
 * one that times out was late before (EVENT_BFD_LATE), one packet before it went down, which with 50 ms x 3 is
 * 50 ms before: the burst began then, 9 * 3 ms and 23 ms, on a short way it is over when BFD says Down,
 * and confirmation costs no time. An early burst that finds nothing becomes an ordinary one unless BFD says Down. Random loss of 5 % makes BFD fail once in
 * three minutes (docs/bfd.md); that all 10 probes are lost then too has a probability of 8e-11, at 20 % of 4e-5.
 * With PATH_BURSTS bursts under way BFD is believed as it is.
 *
 * While there is doubt NHRP is asked too, once, half way through the burst: its answer makes
 * the difference between DEAD and MUTE, within what max-send allows.
 *
 * Dead and untested paths get light probes, PATH_LIGHT_MS apart, of which the whole router
 * sends PATH_LIGHT_PER_S at most: with more than 200 of them they come less often each.
 *
 * path_enter() is the only writer of the state.
 */
#include "engine/path_act.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/binding.h"
#include "engine/nhs.h"
#include "engine/output.h"
#include "engine/takeover.h"
#include "engine/warm.h"

enum {
	PATH_RTO_MS_MIN = 60,      /* a router's slow moment is no miss */
	PATH_RTO_MS_MAX = 2000,
	PATH_RTO_MS_UNKNOWN = 300, /* nothing was measured yet */
	PATH_LAST_WAIT_MS = 150,   /* at least, after the last probe of a burst, … */
	PATH_LAST_MORE_MS = 90,    /* … and so much more than a probe's time-out: all in all a direct way that dies is left
				    * within a second, also where the only round trip that was measured went by a hub */
	PATH_BRIEF_WAIT_MS = 40,   /* likewise of a brief one */
	PATH_QUICKER_RUN = 3,
	PATH_EARLY_WAIT_MS = 23,   /* and of an early one: 50 ms in all, as long as BFD of 50 ms x 3 still waits */
	PATH_QUICK = 4,
	PATH_MUTES_MAX = 4,
};

const char *path_state_name(enum path_state s)
{
	static const char *const names[] = {
#define PATH_NAME(name) #name,
		PATH_STATES(PATH_NAME)
#undef PATH_NAME
	};

	return names[s];
}

struct engine *path_engine(const struct path *p)
{
	return p->tunnel->engine;
}

bool path_leans(const struct path *p, enum path_watch_kind kind)
{
	for (const struct path_watch *w = p->watches; w; w = w->next)
		if (w->kind == kind)
			return true;
	return false;
}

/* ---- time */

void path_arm(struct path *p, struct span d)
{
	path_arm_at(p, later(path_engine(p), d));
}

void path_arm_at(struct path *p, struct instant at)
{
	p->trial->due = at;
	timer_set(&path_engine(p)->timers, &p->trial->timer, at);
}

struct span path_elapsed(const struct path *p, struct instant since)
{
	return instant_since(path_engine(p)->now, since);
}

/* Shortened by up to a tenth, so that thousands of routers do not fall into step. */
struct span path_interval(const struct path *p)
{
	const struct span slow = warm_pace(p->tunnel), quick = span_ms(p->overlay->cfg->probe_interval_ms);
	const int64_t us = slow.us > quick.us ? slow.us : quick.us;

	return span_us(us - (int64_t)prng_below(&path_engine(p)->random, (uint64_t)us / 10 + 1));
}

static int64_t expected_us(const struct path *p)
{
	return p->measured ? p->srtt.us + 4 * p->rttvar.us : (int64_t)PATH_RTO_MS_UNKNOWN * 1000;
}

struct span path_rto(const struct path *p)
{
	const int64_t us = expected_us(p);
	const int64_t least = (int64_t)PATH_RTO_MS_MIN * 1000, most = (int64_t)PATH_RTO_MS_MAX * 1000;

	return span_us(us < least ? least : us > most ? most : us);
}

/*
 * RFC 6298 section 2, alpha 1/8 and beta 1/4. What is measured while routers start, or while a way is set up, is
 * many times the round trip, and wears off so slowly that a hub which dies within six seconds of that would be
 * waited for as if it were as far as that. So several answers in a row in less than half the time begin anew.
 */
static void measure(struct path *p, struct span rtt)
{
	const int64_t off = p->srtt.us > rtt.us ? p->srtt.us - rtt.us : rtt.us - p->srtt.us;

	p->quick_run = p->measured && rtt.us < p->srtt.us / 2 ? p->quick_run + 1 : 0;
	if (!p->measured || p->quick_run == PATH_QUICKER_RUN) {
		p->quick_run = 0;
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
static struct span light_slot(const struct path *p)
{
	struct engine *const e = path_engine(p);
	struct instant at = later(e, span_ms(PATH_LIGHT_MS));

	if (p->tunnel->rests)
		return warm_pace(p->tunnel);
	if (instant_before(at, e->light_probe_next))
		at = e->light_probe_next;
	e->light_probe_next = instant_add(at, span_us(1000000 / PATH_LIGHT_PER_S));
	return instant_since(at, e->now);
}

/* ---- probes */

void path_probe(struct path *p)
{
	struct engine *const e = path_engine(p);
	struct effect *const x = output_push(e, EFFECT_PROBE, p->tunnel->settings.number, NULL);

	if (++e->probe_sequence == 0)
		e->probe_sequence = 1;
	x->probe.nbma = p->nbma;
	x->probe.addr = p->addr;
	x->probe.sequence = e->probe_sequence;
	p->trial->probes[p->trial->next_probe] = e->probe_sequence;
	p->trial->next_probe = (p->trial->next_probe + 1) % PATH_REMEMBERED;
	p->trial->awaited = e->probe_sequence;
	p->last_sent = e->now;
	p->sent++;
	count(e, ENGINE_COUNT_PROBE_SENT);
}

/* UNTESTED, DEAD, MUTE: nobody is judged by what comes of it. */
void path_probe_unjudged(struct path *p)
{
	path_probe(p);
	p->trial->light = span_us(0);
	if (p->trial->quick > 0) {
		p->trial->quick--;
		path_arm(p, path_interval(p));
	} else {
		p->trial->light = light_slot(p);
		path_arm(p, p->trial->light);
	}
}

void path_probe_quickly(struct path *p)
{
	p->trial->quick = PATH_QUICK;
	path_probe_unjudged(p);
}

/* ---- what follows from life and death */

static void say(const struct path *p, const char *mnemonic, const char *reason)
{
	const uint32_t number = p->tunnel->settings.number;
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];

	trace(path_engine(p), number, TRACE_NOTICE, mnemonic, "tunnel=Tunnel%u address=%s nbma=%s%s%s%s", number,
	      ipaddr_format(&p->addr, addr), ipaddr_format(&p->nbma.addr, nbma), reason ? " reason=\"" : "",
	      reason ? reason : "", reason ? "\"" : "");
}

static void say_dead(const struct path *p, enum path_state was)
{
	char reason[80] = "it was not probed: who said so is believed";

	if (was == PATH_DOUBTED)
		snprintf(reason, sizeof reason, "none of %u probes was answered in %lld ms", p->trial->burst,
			 (long long)path_elapsed(p, p->trial->doubted).us / 1000);
	say(p, "NHRP_PATH_DOWN", reason);
}

static void say_answered(const struct path *p, struct span rtt)
{
	char reason[80];

	snprintf(reason, sizeof reason, "a probe was answered after %lld ms", (long long)rtt.us / 1000);
	say(p, "NHRP_PATH_UP", reason);
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
		else if (w->kind == PATH_WATCH_CLIENT && p->state == PATH_DEAD && takeover_of_dead(w->overlay, &w->addr, &p->nbma))
			continue;
		else if (w->kind == PATH_WATCH_CLIENT)
			routing_tell(path_engine(p), p->tunnel->settings.number, &w->addr,
				     p->state == PATH_DEAD ? ROUTING_DEAD : ROUTING_ALIVE);
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

static void enter_dead(struct path *p, enum path_state was)
{
	struct engine *const e = path_engine(p);

	count(e, ENGINE_COUNT_PATH_DEAD);
	say_dead(p, was);
	if (path_leans(p, PATH_WATCH_NHS) || path_leans(p, PATH_WATCH_DIRECT)) /* a client begins anew by itself */
		output_push(e, EFFECT_SILENT, p->tunnel->settings.number, NULL)->silent.nbma = p->nbma;
	p->trial->quick = 0;
	p->trial->light = light_slot(p);
	path_arm(p, p->trial->light);
}

/* From the first probe of a burst to the last, and after it at least. */
static const struct {
	uint16_t burst_ms, wait_ms;
} paces[] = {
	[PATH_PACE_ORDINARY] = { PATH_BURST_MS, PATH_LAST_WAIT_MS }, [PATH_PACE_BRIEF] = { PATH_BRIEF_MS, PATH_BRIEF_WAIT_MS },
	[PATH_PACE_EARLY] = { PATH_EARLY_MS, PATH_EARLY_WAIT_MS }, [PATH_PACE_HASTY] = { PATH_EARLY_MS, PATH_EARLY_WAIT_MS },
	[PATH_PACE_SPENT] = { PATH_BURST_MS, PATH_LAST_WAIT_MS },
};

static bool is_calm(const struct path *p)
{
	return p->pace == PATH_PACE_ORDINARY || p->pace == PATH_PACE_SPENT;
}

/* After the last probe of a burst. */
static struct span last_wait(const struct path *p)
{
	const int64_t more = (int64_t)PATH_LAST_MORE_MS * 1000;
	const int64_t us = is_calm(p) && p->measured ? path_rto(p).us + more : expected_us(p);
	const int64_t least = (int64_t)paces[p->pace].wait_ms * 1000;

	return span_us(us < least ? least : us);
}

static struct span burst_gap(const struct path *p)
{
	return span_us((int64_t)paces[p->pace].burst_ms * 1000 / (p->trial->burst_size - 1));
}

void path_burst_step(struct path *p)
{
	path_probe(p);
	if (++p->trial->burst == p->trial->burst_size / 2 && p->pace != PATH_PACE_EARLY)
		ask_watches(p);
	path_arm(p, p->trial->burst < p->trial->burst_size ? burst_gap(p) : last_wait(p));
}

void path_burst_hurry(struct path *p)
{
	const bool is_sending = p->trial->burst < p->trial->burst_size && is_calm(p);

	if (p->pace == PATH_PACE_EARLY)
		p->pace = PATH_PACE_HASTY;
	else if (is_calm(p))
		p->pace = PATH_PACE_BRIEF;
	if (is_sending)
		path_arm(p, burst_gap(p));
}

void path_burst_early(struct path *p)
{
	if (p->pace != PATH_PACE_ORDINARY)
		return;
	p->pace = PATH_PACE_EARLY;
	if (p->trial->burst < p->trial->burst_size)
		path_arm(p, burst_gap(p));
}

void path_burst_again(struct path *p)
{
	p->pace = PATH_PACE_SPENT;
	p->trial->burst = 0;
	path_burst_step(p);
}

static void enter_alive(struct path *p)
{
	const struct instant due = instant_add(p->last_sent, path_interval(p));

	p->trial->awaited = 0;
	path_arm_at(p, instant_before(path_engine(p)->now, due) ? due : path_engine(p)->now);
}

/* When an uplink dies all that goes by it is in doubt at once: one cause, and a few probes each
 * say as much as many do of a single path. */
static unsigned burst_size(unsigned paths)
{
	const unsigned size = PATH_BURST * PATH_BURSTS / paths;

	return size > PATH_BURST ? PATH_BURST : size < PATH_BURST_FEWEST ? PATH_BURST_FEWEST : size;
}

static void enter_doubted(struct path *p)
{
	count(path_engine(p), ENGINE_COUNT_PATH_DOUBTED);
	p->trial->doubted = path_engine(p)->now;
	p->trial->burst = p->trial->graces = 0;
	p->trial->burst_size = burst_size(path_engine(p)->path_bursts);
	path_burst_step(p);
}

/* Back from the dead, and heard by NHRP before a probe was answered: nothing speaks against probes yet. */
static void enter_mute(struct path *p, enum path_state was)
{
	if (was != PATH_DEAD && p->mutes < PATH_MUTES_MAX)
		p->mutes++;
	p->trial->run = 0;
	path_probe_quickly(p);
}

static void begin_trial(struct path *p)
{
	p->trial = alloc_zero(1, sizeof *p->trial);
	timer_init(&p->trial->timer, TIMER_PATH, p);
}

static bool awaits_answers(const struct path_trial *t)
{
	for (size_t i = 0; i < PATH_REMEMBERED; i++)
		if (t->probes[i] != 0)
			return true;
	return false;
}

/* Most paths rest most of the time: they cost no more than they need to. */
static void end_trial(struct path *p)
{
	if (p->state != PATH_RESTING || awaits_answers(p->trial))
		return;
	free(p->trial);
	p->trial = NULL;
}

/* The only writer of p->state. */
void path_enter(struct path *p, enum path_state state)
{
	struct engine *const e = path_engine(p);
	const enum path_state was = p->state;

	e->path_bursts += state == PATH_DOUBTED;
	e->path_bursts -= was == PATH_DOUBTED;
	if (state != PATH_DOUBTED)
		p->pace = PATH_PACE_ORDINARY;
	if (state != PATH_RESTING && !p->trial)
		begin_trial(p);
	p->state = state;
	p->since = e->now;
	e->clusters_stale |= path_leans(p, PATH_WATCH_NHS); /* who only carries does so by this state */
	switch (state) {
	case PATH_RESTING:
		timer_stop(&e->timers, &p->trial->timer);
		end_trial(p);
		break;
	case PATH_UNTESTED:
		path_probe_quickly(p);
		break;
	case PATH_ALIVE:
		enter_alive(p);
		break;
	case PATH_DOUBTED:
		enter_doubted(p);
		break;
	case PATH_DEAD:
		enter_dead(p, was);
		break;
	case PATH_MUTE:
		enter_mute(p, was);
		break;
	case PATH_STATE_COUNT:
		abort();
	}
	if ((was == PATH_DEAD) != (state == PATH_DEAD) || (was == PATH_UNTESTED && state == PATH_ALIVE))
		tell_watches(p);
	if (was == PATH_DEAD && !p->watches)
		path_unneeded(p);
}

/* ---- events from outside */

void path_timer(struct path *p)
{
	path_step(p, PATH_EVENT_TIMER);
}

static uint32_t *remembered(struct path *p, uint32_t sequence)
{
	for (size_t i = 0; p->trial && i < PATH_REMEMBERED; i++)
		if (p->trial->probes[i] == sequence)
			return &p->trial->probes[i];
	return NULL;
}

void path_answered(const struct tunnel *t, const struct endpoint *nbma, uint32_t sequence, struct span rtt)
{
	struct path *const p = path_find(t, nbma);
	uint32_t *const x = p && sequence != 0 ? remembered(p, sequence) : NULL;

	if (!x) /* repeated, or of long ago */
		return;
	*x = 0;
	count(path_engine(p), ENGINE_COUNT_PROBE_ANSWERED);
	p->answered++;
	p->answers = true;
	if (sequence == p->trial->awaited)
		p->trial->awaited = 0;
	measure(p, rtt);
	if (p->state == PATH_DEAD)
		say_answered(p, rtt);
	path_step(p, PATH_EVENT_ANSWERED);
	if (p->trial)
		end_trial(p);
}

void path_heard(const struct tunnel *t, const struct endpoint *nbma, struct instant asked)
{
	struct path *const p = path_find(t, nbma);

	if (!p || instant_before(asked, p->since)) /* what was asked before says nothing of now */
		return;
	p->heard = path_engine(p)->now;
	path_step(p, PATH_EVENT_HEARD);
}

void path_hint(const struct tunnel *t, const struct endpoint *nbma, enum path_event event)
{
	struct path *const p = path_find(t, nbma);

	assert(event == PATH_EVENT_QUIET || event == PATH_EVENT_DOUBT || event == PATH_EVENT_LOST ||
	       event == PATH_EVENT_RETRY || event == PATH_EVENT_DOWN || event == PATH_EVENT_LATE);
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
		return p->trial->light.us > span_ms(2 * PATH_LIGHT_MS).us ?
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
