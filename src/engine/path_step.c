/* What each state of a path makes of each event; see path.c. */
#include <stdlib.h>

#include "engine/path_act.h"

enum {
	PATH_LATE_MS = 3,          /* our own timer came so late: answers may wait to be read, … */
	PATH_GRACE_MS = 20,        /* … for which there is so long */
	PATH_GRACES_MAX = 3,
	PATH_HINT_QUIET_MS = 200,  /* hints start no more bursts than one in that time */
	PATH_MUTE_ANSWERS = 3,
	PATH_MUTES_FORGOTTEN_S = 600,
	PATH_REMEMBER_S = 600,     /* a dead path to a direct peer: so long it is not tried again unless it answers */
};

static enum path_state well(const struct path *p)
{
	return path_leans(p, PATH_WATCH_NHS) ? PATH_ALIVE : PATH_RESTING;
}

/* May one more burst begin because somebody says so? */
static bool may_burst(const struct path *p)
{
	return instant_is_never(p->last_sent) || path_elapsed(p, p->last_sent).us >= span_ms(PATH_HINT_QUIET_MS).us;
}

/* BFD has failed, which random loss can do too. */
static void bfd_down(struct path *p)
{
	p->pace = PATH_PACE_BRIEF;
	path_enter(p, path_engine(p)->path_bursts < PATH_BURSTS ? PATH_DOUBTED : PATH_DEAD);
}

/* BFD may fail soon: then it shall be known already whether it is right. */
static void bfd_late(struct path *p)
{
	if (path_engine(p)->path_bursts >= PATH_BURSTS)
		return;
	p->pace = PATH_PACE_EARLY;
	path_enter(p, PATH_DOUBTED);
}

/* Who is not probed all the time is so once: a client is to show that it answers, so that silence
 * means something, and of a direct peer the round trip is to be known. */
static bool is_to_be_tested(const struct path *p)
{
	return path_leans(p, PATH_WATCH_NHS) || (p->watches && !p->answers);
}

static void path_in_resting(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_QUIET:
		if (may_burst(p))
			path_enter(p, PATH_DOUBTED);
		break;
	case PATH_EVENT_DOUBT: /* a stranger's word and the silence of who filters probes prove nothing together */
		if (p->answers && may_burst(p))
			path_enter(p, PATH_DOUBTED);
		break;
	case PATH_EVENT_DOWN:
		bfd_down(p);
		break;
	case PATH_EVENT_LATE:
		bfd_late(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (is_to_be_tested(p))
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
		if (p->trial->quick == 0 && !path_leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_RESTING);
		else
			path_probe_unjudged(p);
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_HEARD: /* it knows us now, and so whom to answer */
	case PATH_EVENT_RETRY:
		path_probe_quickly(p);
		break;
	case PATH_EVENT_QUIET:
		if (!path_leans(p, PATH_WATCH_NHS) && path_leans(p, PATH_WATCH_DIRECT))
			path_enter(p, PATH_DOUBTED);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!is_to_be_tested(p))
			path_enter(p, PATH_RESTING);
		break;
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_DOWN:
	case PATH_EVENT_LATE:
	case PATH_EVENT_COUNT:
		break;
	}
}

static void alive_timer(struct path *p)
{
	if (p->trial->awaited != 0) {
		path_enter(p, PATH_DOUBTED);
		return;
	}
	path_probe(p);
	path_arm(p, path_rto(p));
}

static void alive_answered(struct path *p)
{
	if (path_elapsed(p, p->since).us > span_s(PATH_MUTES_FORGOTTEN_S).us)
		p->mutes = 0;
	if (p->trial->awaited == 0)
		path_arm_at(p, instant_add(p->last_sent, path_interval(p)));
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
	case PATH_EVENT_LATE:
		bfd_late(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!path_leans(p, PATH_WATCH_NHS))
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
	const bool late = path_elapsed(p, p->trial->due).us > span_ms(PATH_LATE_MS).us;

	if (late && p->trial->graces++ < PATH_GRACES_MAX)
		path_arm(p, span_ms(PATH_GRACE_MS));
	else if (!p->answers && !path_leans(p, PATH_WATCH_NHS) && !path_leans(p, PATH_WATCH_DIRECT))
		path_enter(p, PATH_RESTING); /* a client that filters probes */
	else if (!instant_is_never(p->heard) && !instant_before(p->heard, p->since))
		path_enter(p, path_leans(p, PATH_WATCH_NHS) ? PATH_MUTE : PATH_RESTING);
	else
		path_enter(p, PATH_DEAD);
}

static void path_in_doubted(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		if (p->trial->burst < p->trial->burst_size)
			path_burst_step(p);
		else if (p->pace == PATH_PACE_EARLY)
			path_burst_again(p);
		else
			judge(p);
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_DOWN:
		if (p->pace == PATH_PACE_SPENT)
			judge(p);
		else
			path_burst_hurry(p);
		break;
	case PATH_EVENT_LATE: /* a probe was missed before */
		path_burst_early(p);
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
		if (p->watches || path_elapsed(p, p->since).us < span_s(PATH_REMEMBER_S).us)
			path_probe_unjudged(p);
		else
			path_enter(p, PATH_RESTING); /* and go */
		break;
	case PATH_EVENT_ANSWERED:
		path_enter(p, well(p));
		break;
	case PATH_EVENT_HEARD:
		path_enter(p, path_leans(p, PATH_WATCH_NHS) ? PATH_MUTE : PATH_RESTING);
		break;
	case PATH_EVENT_RETRY:
		path_probe_quickly(p);
		break;
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_DOWN:
	case PATH_EVENT_LATE:
	case PATH_EVENT_LOST:
	case PATH_EVENT_WATCHED:
	case PATH_EVENT_COUNT:
		break;
	}
}

/* Who was mute before has to answer for longer until he is judged by it again; who was only dead, once. */
static void mute_answered(struct path *p)
{
	const unsigned enough = p->mutes == 0 ? 1 : (unsigned)PATH_MUTE_ANSWERS << (p->mutes - 1);

	if (++p->trial->run >= enough)
		path_enter(p, PATH_ALIVE);
	else
		path_arm(p, path_interval(p));
}

static void path_in_mute(struct path *p, enum path_event event)
{
	switch (event) {
	case PATH_EVENT_TIMER:
		if (p->trial->awaited != 0)
			p->trial->run = 0;
		path_probe_unjudged(p);
		break;
	case PATH_EVENT_ANSWERED:
		mute_answered(p);
		break;
	case PATH_EVENT_LOST:
		path_enter(p, PATH_DEAD);
		break;
	case PATH_EVENT_WATCHED:
		if (!path_leans(p, PATH_WATCH_NHS))
			path_enter(p, PATH_RESTING);
		break;
	case PATH_EVENT_RETRY:
		path_probe_quickly(p);
		break;
	case PATH_EVENT_HEARD:
	case PATH_EVENT_QUIET:
	case PATH_EVENT_DOUBT:
	case PATH_EVENT_DOWN:
	case PATH_EVENT_LATE:
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
