#include "engine/warm.h"

#include <stdlib.h>
#include <string.h>

#include "engine/bfd.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/path.h"

void warm_init(struct tunnel *t)
{
	timer_init(&t->warm, TIMER_WARM, t);
}

struct span warm_pace(const struct tunnel *t)
{
	return t->rests ? span_s(t->settings.warm_every_s) : span_us(0);
}

static bool is_usable(const struct tunnel *t)
{
	for (size_t i = 0; t->up && i < 2; i++)
		if (t->overlays[i] && nhs_best(t->overlays[i]))
			return true;
	return false;
}

static const struct tunnel *better_one(const struct tunnel *t)
{
	const struct engine *const e = t->engine;

	for (size_t i = 0; i < e->tunnel_count; i++)
		if (!strcmp(e->tunnels[i]->settings.name, t->settings.warm_behind))
			return e->tunnels[i];
	return NULL;
}

static void say(const struct tunnel *t, const char *what)
{
	trace(t->engine, t->settings.number, TRACE_NOTICE, "NHRP_WARM", "tunnel=%s state=%s better=%s", t->settings.name, what,
	      t->settings.warm_behind ? t->settings.warm_behind : "none");
}

/* Who was asked minutes ago is asked now: each path by a probe or a burst, each NHS by a registration. */
static void ask_all(struct tunnel *t)
{
	struct path **const paths = paths_sorted(t);
	const size_t count = t->paths.count;

	for (size_t i = 0; i < count; i++)
		path_hint(t, &paths[i]->nbma, paths[i]->state == PATH_ALIVE ? PATH_EVENT_DOUBT : PATH_EVENT_RETRY);
	free(paths);
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i] && t->up)
			nhs_list_restart(t->overlays[i], NHS_EVENT_READY);
}

static void wake(struct tunnel *t)
{
	timer_stop(&t->engine->timers, &t->warm);
	if (!t->rests)
		return;
	t->rests = false;
	say(t, "awake");
	bfd_follow_all(t);
	ask_all(t);
}

void warm_due(struct tunnel *t)
{
	if (t->engine->stopping)
		return;
	t->rests = true;
	say(t, "resting");
	bfd_follow_all(t);
}

static void settle(struct tunnel *t)
{
	const struct tunnel *const better = t->settings.warm_behind ? better_one(t) : NULL;

	if (!better || !is_usable(better))
		wake(t);
	else if (!t->rests && !timer_running(&t->warm))
		timer_set(&t->engine->timers, &t->warm, later(t->engine, span_s(t->settings.warm_delay_s)));
}

void warm_settle(struct engine *e)
{
	for (size_t i = 0; !e->stopping && i < e->tunnel_count; i++)
		if (e->tunnels[i]->settings.warm_behind || e->tunnels[i]->rests)
			settle(e->tunnels[i]);
}
