/* Faults: those that the scenario names and those that the seed picks, one after the other and at the same time. */
#include <stdlib.h>
#include <string.h>

#include "sim/session.h"

/* ---- what the seed picks */

/* Two sets of routers, of all sizes: who is in neither talks to everybody. */
static void choose_sets(struct world *w, struct scenario_fault *f)
{
	const uint64_t share = 2 + prng_below(&w->choice, 8);

	for (size_t i = 0; i < w->router_count; i++) {
		if (prng_below(&w->choice, share) == 0)
			router_set_add(&f->from, i);
		else if (prng_below(&w->choice, 4) > 0)
			router_set_add(&f->to, i);
	}
}

/* A liar is believed where nobody knows who has what, only protected routers have sessions, and hubs do not move. */
static bool applies(const struct world *w, const struct scenario_fault *f)
{
	const bool is_hub = f->router < w->scenario->hubs;

	if (f->kind == FAULT_FORGET || f->kind == FAULT_NOIKE)
		return w->scenario->protected_;
	if (f->kind == FAULT_LIE)
		return w->scenario->identities && !is_hub;
	return f->kind != FAULT_MOVE || !is_hub;
}

static struct scenario_fault choose_fault(struct world *w)
{
	const uint64_t half = (uint64_t)w->scenario->length.us / 2;
	const uint64_t at = prng_below(&w->choice, half);
	struct scenario_fault f = {
		.kind = (enum fault_kind)prng_below(&w->choice, FAULT_KIND_COUNT),
		.router = prng_below(&w->choice, w->router_count),
		.uplinks = SIZE_MAX,
		.times = 1,
		.at = { (int64_t)at },
		.lasts = { (int64_t)prng_below(&w->choice, half - at) },
	};

	if (f.kind == FAULT_CUT || f.kind == FAULT_MUTE)
		choose_sets(w, &f);
	if (!applies(w, &f))
		f.kind = FAULT_ISOLATE;
	return f;
}

/* The faults of the scenario and those of the seed; the latter are over by half time. */
void faults_choose(struct world *w)
{
	const struct scenario *s = w->scenario;

	memcpy(w->faults, s->faults, s->fault_count * sizeof *w->faults);
	w->fault_count = s->fault_count;
	for (size_t i = 0; i < s->random_faults; i++)
		w->faults[w->fault_count++] = choose_fault(w);
	for (size_t i = 0; i < w->fault_count; i++)
		world_add(w, instant_since(w->faults[i].at, INSTANT_ZERO), HAPPENS_FAULT, i);
}

/* ---- what they do */

static void note_cut(struct world *w, const struct scenario_fault *f, const char *what)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (router_set_has(&f->from, i) || router_set_has(&f->to, i))
			world_note(w, &w->routers[i], "%s side %c", what, router_set_has(&f->from, i) ? 'A' : 'B');
	}
}

static void cut(struct world *w, size_t fault)
{
	note_cut(w, &w->faults[fault], w->faults[fault].kind == FAULT_CUT ? "cut" : "mute");
	w->cuts[w->cut_count++] = fault;
}

static void mend(struct world *w, size_t fault)
{
	size_t i = 0;

	note_cut(w, &w->faults[fault], "healed");
	while (w->cuts[i] != fault)
		i++;
	w->cuts[i] = w->cuts[--w->cut_count];
}

static void isolate(struct world *w, struct router *r, const struct scenario_fault *f, bool isolated)
{
	world_note(w, r, isolated ? "is isolated" : "is reachable again");
	for (size_t u = 0; u < w->scenario->uplinks; u++) {
		if (f->uplinks >> u & 1)
			r->uplinks[u].isolations += isolated ? 1 : UINT32_MAX;
	}
}

static void start_again(struct world *w, struct router *r)
{
	if (r->stopping)
		router_crash(w, r);
	if (!r->engine)
		router_start(w, r);
}

static void count(struct world *w, struct router *r, unsigned *counter, bool begins, const char *what)
{
	world_note(w, r, "%s %s", begins ? "begins to" : "ceases to", what);
	*counter += begins ? 1 : UINT32_MAX;
}

void fault_begins(struct world *w, size_t fault)
{
	const struct scenario_fault *const f = &w->faults[fault];
	struct router *const r = &w->routers[f->router];

	world_add(w, f->lasts, HAPPENS_HEAL, fault);
	w->fault_times[fault]++;
	switch (f->kind) {
	case FAULT_CRASH:
		router_crash(w, r);
		break;
	case FAULT_STOP:
		router_stop(w, r);
		break;
	case FAULT_MOVE:
		router_move(w, r, true);
		break;
	case FAULT_RESTART:
		router_pause(w, r);
		break;
	case FAULT_CHANGE:
		router_change(w, r, true);
		break;
	case FAULT_ISOLATE:
		isolate(w, r, f, true);
		break;
	case FAULT_CUT:
	case FAULT_MUTE:
		cut(w, fault);
		break;
	case FAULT_SLEEP:
	case FAULT_FREEZE:
		router_sleep(w, r, f->kind == FAULT_SLEEP);
		break;
	case FAULT_JUMP:
		router_jump(w, r, f->lasts);
		break;
	case FAULT_SLOW:
		count(w, r, &r->slows, true, "be slow");
		break;
	case FAULT_LIE:
		count(w, r, &r->lies, true, "lie");
		break;
	case FAULT_FORGET:
		world_note(w, r, "forgets its sessions");
		sessions_forget(r);
		break;
	case FAULT_NOIKE:
		count(w, r, &r->no_ikes, true, "refuse IKE");
		break;
	case FAULT_KIND_COUNT:
		abort();
	}
}

void fault_ends(struct world *w, size_t fault)
{
	const struct scenario_fault *const f = &w->faults[fault];
	struct router *const r = &w->routers[f->router];

	if (w->fault_times[fault] < f->times)
		world_add(w, span_us(f->every.us - f->lasts.us), HAPPENS_FAULT, fault);
	switch (f->kind) {
	case FAULT_CRASH:
	case FAULT_STOP:
	case FAULT_RESTART:
		start_again(w, r);
		break;
	case FAULT_MOVE:
		router_move(w, r, false);
		break;
	case FAULT_CHANGE:
		router_change(w, r, false);
		break;
	case FAULT_ISOLATE:
		isolate(w, r, f, false);
		break;
	case FAULT_CUT:
	case FAULT_MUTE:
		mend(w, fault);
		break;
	case FAULT_SLEEP:
	case FAULT_FREEZE:
		router_wake(w, r);
		break;
	case FAULT_SLOW:
		count(w, r, &r->slows, false, "be slow");
		break;
	case FAULT_LIE:
		count(w, r, &r->lies, false, "lie");
		break;
	case FAULT_NOIKE:
		count(w, r, &r->no_ikes, false, "refuse IKE");
		break;
	case FAULT_JUMP:
	case FAULT_FORGET:
		break;
	case FAULT_KIND_COUNT:
		abort();
	}
}
