#include "sim/saved.h"
#include "sim/session.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* A data path without control process should not be noticed for so long. */
static const struct span unminded = { 5000000 };

/* The hash need only be stable and sensitive, not hard to forge. */
static void mix(struct world *w, uint64_t word)
{
	uint64_t h = (w->result->hash ^ word) * 0x9e3779b97f4a7c15u;

	w->result->hash = h ^ h >> 29;
}

void world_mark_octets(struct world *w, const void *octets, size_t count)
{
	const unsigned char *at = octets;
	uint64_t word;

	for (; count >= sizeof word; count -= sizeof word, at += sizeof word) {
		memcpy(&word, at, sizeof word);
		mix(w, word);
	}
	word = count;
	memcpy(&word, at, count);
	mix(w, word);
}

void world_mark(struct world *w, const struct router *r, uint64_t what, uint64_t value)
{
	mix(w, (uint64_t)w->now.us);
	mix(w, world_index(w, r) << 32 | what);
	mix(w, value);
}

__attribute__((format(printf, 3, 0)))
static void trace_line(struct world *w, const struct router *r, const char *format, va_list args)
{
	fprintf(w->trace, "%" PRId64 " %s ", w->now.us, r->name);
	vfprintf(w->trace, format, args);
	fputc('\n', w->trace);
}

void world_trace(struct world *w, const struct router *r, const char *format, ...)
{
	va_list args;

	if (!w->trace)
		return;
	va_start(args, format);
	trace_line(w, r, format, args);
	va_end(args);
}

void world_note(struct world *w, const struct router *r, const char *format, ...)
{
	char line[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	world_mark(w, r, 0, 0);
	world_mark_octets(w, line, strlen(line));
	world_trace(w, r, "%s", line);
}

void world_fail(struct world *w, const struct router *r, const char *format, ...)
{
	struct sim_result *out = w->result;
	int used;
	va_list args;

	if (out->failed)
		return;
	out->failed = true;
	out->at = w->now;
	used = snprintf(out->reason, sizeof out->reason, "%s: ", r->name);
	va_start(args, format);
	vsnprintf(out->reason + used, sizeof out->reason - (size_t)used, format, args);
	va_end(args);
	world_trace(w, r, "%s", out->reason);
}

struct router *world_router_of_nbma(struct world *w, const struct ipaddr *nbma)
{
	size_t uplink;
	struct router *const r = design_by_nbma(w, nbma, &uplink);

	return r && ipaddr_eq(&r->uplinks[uplink].nbma, nbma) ? r : NULL;
}

struct router *world_router_of_addr(struct world *w, const struct ipaddr *addr)
{
	return design_by_addr(w, addr);
}

struct router *world_owner(struct world *w, const struct ipprefix *dst)
{
	const bool is_host = dst->len == ip_family_bits((enum ip_family)dst->addr.family);
	struct router *const r = is_host ? design_by_addr(w, &dst->addr) : NULL;

	return r ? r : design_by_lan(w, dst);
}

static bool is_between(const struct scenario_fault *f, size_t from, size_t to)
{
	return (router_set_has(&f->from, from) && router_set_has(&f->to, to)) ||
	       (f->kind == FAULT_CUT && router_set_has(&f->to, from) && router_set_has(&f->from, to));
}

bool world_reaches(const struct world *w, const struct router *from, const struct router *to, size_t uplink)
{
	const size_t a = world_index(w, from), b = world_index(w, to);

	if (from->uplinks[uplink].isolations > 0 || to->uplinks[uplink].isolations > 0 || from->sleeps > 0 || to->sleeps > 0)
		return false;
	for (size_t i = 0; i < w->cut_count; i++) {
		if (is_between(&w->faults[w->cuts[i]], a, b))
			return false;
	}
	return true;
}

static bool meet(const struct world *w, const struct router *a, const struct router *b, size_t uplink)
{
	return world_reaches(w, a, b, uplink) && world_reaches(w, b, a, uplink);
}

/* Its data path is there, and somebody who minds it, or did until lately. What it took over from an earlier
 * engine may be stale until it is settled: the engine does not watch what it has not learnt itself. A
 * changed configuration lacks an NHS, and maybe the one that is left. */
static bool takes_part(const struct world *w, const struct router *r)
{
	const bool minded = r->engine || (r->is_hub && w->scenario->unminded) || instant_since(w->now, r->died).us < unminded.us;

	return router_is_awake(r) && minded && !r->unsettled && r->changes == 0 && r->no_ikes == 0;
}

bool world_connects(const struct world *w, const struct router *from, const struct router *to)
{
	bool one = false, other = false;

	if (!takes_part(w, from) || !takes_part(w, to))
		return false;
	for (size_t h = 0; h < w->scenario->hubs; h++) {
		const struct router *const hub = &w->routers[h];
		bool with_from = false, with_to = false;

		for (size_t u = 0; u < w->scenario->uplinks && takes_part(w, hub); u++) {
			with_from |= meet(w, from, hub, u);
			with_to |= meet(w, to, hub, u);
		}
		if (with_from && with_to)
			return true;
		one |= with_from;
		other |= with_to;
	}
	return one && other && w->scenario->phase != 2; /* hubs are joined inside; phase 2 needs one that knows both */
}

/* ---- deadlines: a heap, so that the next router to tick is at hand */

static bool ticks_before(const struct router *a, const struct router *b)
{
	return a->deadline.us != b->deadline.us ? a->deadline.us < b->deadline.us : a < b;
}

static void put_deadline(struct world *w, size_t place, struct router *r)
{
	w->deadlines[place] = r;
	r->deadline_place = place;
}

static void sift(struct world *w, struct router *r)
{
	size_t i = r->deadline_place;

	for (; i > 0 && ticks_before(r, w->deadlines[(i - 1) / 2]); i = (i - 1) / 2)
		put_deadline(w, i, w->deadlines[(i - 1) / 2]);
	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < w->router_count && ticks_before(w->deadlines[child + 1], w->deadlines[child]))
			child++;
		if (child >= w->router_count || ticks_before(r, w->deadlines[child]))
			break;
		put_deadline(w, i, w->deadlines[child]);
		i = child;
	}
	put_deadline(w, i, r);
}

void world_deadline_changed(struct world *w, struct router *r)
{
	const struct instant own = r->engine && r->sleeps == 0 ? engine_deadline(r->engine) : INSTANT_NEVER;
	const struct instant at = instant_add(own, span_us(-r->skew.us));

	if (at.us == r->deadline.us)
		return;
	r->deadline = at;
	sift(w, r);
}

static void init_deadlines(struct world *w)
{
	w->deadlines = calloc(w->router_count, sizeof *w->deadlines);
	assert(w->deadlines);
	for (size_t i = 0; i < w->router_count; i++)
		put_deadline(w, i, &w->routers[i]);
}

/* ---- what will happen */

void world_add(struct world *w, struct span in, enum happening_type type, size_t subject)
{
	queue_add(&w->queue, &(struct happening){ .at = instant_add(w->now, in), .type = type, .subject = subject });
}

/* It sleeps: a little later. */
static void put_off(struct world *w, const struct happening *h)
{
	struct happening later = *h;

	later.at = instant_add(w->now, span_s(1));
	queue_add(&w->queue, &later);
}

static void choose_pairs(struct world *w)
{
	const size_t spokes = w->scenario->spokes;

	w->pair_count = w->scenario->pairs + w->scenario->centre;
	w->pairs = calloc(w->pair_count ? w->pair_count : 1, sizeof *w->pairs);
	assert(w->pairs);
	for (size_t i = 0; i < w->pair_count; i++) {
		const size_t from = prng_below(&w->choice, spokes);
		const size_t to = (from + 1 + prng_below(&w->choice, spokes - 1)) % spokes;

		w->pairs[i] = (struct pair){ .from = w->scenario->hubs + from,
					     .to = i < w->scenario->pairs ? w->scenario->hubs + to : CENTRE };
		world_add(w, span_us((int64_t)prng_below(&w->choice, 1000000)), HAPPENS_TRAFFIC, i);
	}
}

static void answer_usage(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject];
	const struct host_neighbour *const n = host_neighbour_find(&r->host, &h->addr);

	if (r->incarnation != h->incarnation || !n)
		return;
	if (r->sleeps > 0) {
		put_off(w, h);
		return;
	}
	world_tell(w, r, &(struct event){
		.type = EVENT_USAGE, .tunnel = h->tunnel,
		.usage = { .peer = h->peer, .addr = h->addr, .idle = instant_since(w->now, n->used) } });
}

static void happen(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject < w->router_count ? h->subject : 0];
	const bool same_life = r->incarnation == h->incarnation;

	switch (h->type) {
	case HAPPENS_PACKET:
		underlay_arrives(w, h);
		break;
	case HAPPENS_PROBED:
		probe_answered(w, h);
		break;
	case HAPPENS_USAGE:
		answer_usage(w, h);
		break;
	case HAPPENS_TRAFFIC:
		traffic_send(w, &w->pairs[h->subject]);
		world_add(w, w->scenario->traffic, HAPPENS_TRAFFIC, h->subject);
		break;
	case HAPPENS_ROUTING:
		routing_round(w);
		check_registered(w);
		world_add(w, span_s(1), HAPPENS_ROUTING, 0);
		break;
	case HAPPENS_REACTION:
		routing_react(w);
		break;
	case HAPPENS_CHECK:
		check_round(w);
		world_add(w, w->scenario->check, HAPPENS_CHECK, 0);
		break;
	case HAPPENS_FAULT:
		fault_begins(w, h->subject);
		break;
	case HAPPENS_HEAL:
		fault_ends(w, h->subject);
		break;
	case HAPPENS_SETTLE:
		if (r->engine && same_life && r->sleeps > 0)
			put_off(w, h);
		else if (r->engine && same_life)
			router_settle(w, r);
		break;
	case HAPPENS_PATIENCE:
		if (r->stopping && same_life)
			router_patience_ends(w, r);
		break;
	case HAPPENS_IKE:
		session_negotiated(w, h);
		break;
	case HAPPENS_NOTICE:
		session_told(w, h);
		break;
	case HAPPENS_BFD_DUE:
		bfd_due(w, h);
		break;
	case HAPPENS_BFD_PACKET:
		bfd_arrives(w, h);
		break;
	case HAPPENS_GROWTH:
		check_growth_begins(w);
		break;
	}
}

static void run(struct world *w)
{
	while (!w->result->failed) {
		const struct instant next = queue_first(&w->queue);
		struct router *const r = w->deadlines[0];

		if (instant_min(next, r->deadline).us > w->scenario->length.us)
			break;
		if (!instant_before(next, r->deadline)) {
			/* A deadline in the past is due now: time does not run backwards. */
			w->now = instant_before(w->now, r->deadline) ? r->deadline : w->now;
			router_tick(w, r);
		} else {
			struct happening h = queue_take(&w->queue);

			w->now = h.at;
			happen(w, &h);
			free(h.bytes);
		}
	}
}

static void world_init(struct world *w, const struct scenario *s, uint64_t seed, FILE *trace,
		       struct sim_result *out)
{
	memset(w, 0, sizeof *w);
	*out = (struct sim_result){ .hash = 0xcbf29ce484222325u, .registered = INSTANT_NEVER };
	w->scenario = s;
	w->seed = seed;
	w->trace = trace;
	w->result = out;
	prng_init(&w->network, seed * 2);
	prng_init(&w->choice, seed * 2 + 1);
	queue_init(&w->queue);
	design_place(w);
	for (size_t i = 0; i < w->router_count; i++)
		sessions_init(&w->routers[i]);
	init_deadlines(w);
	choose_pairs(w);
	faults_choose(w);
	routing_init(w);
	w->seen = calloc(w->router_count, sizeof *w->seen);
	assert(w->seen);
	world_add(w, span_us(0), HAPPENS_ROUTING, 0);
	world_add(w, span_us(0), HAPPENS_CHECK, 0);
	if (!instant_is_never(s->grown))
		world_add(w, instant_since(s->grown, INSTANT_ZERO), HAPPENS_GROWTH, 0);
}

static void world_done(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++) {
		engine_free(w->routers[i].engine);
		bfd_end(&w->routers[i]);
		host_done(&w->routers[i].host);
		sessions_forget(&w->routers[i]);
		saved_drop(&w->routers[i]);
	}
	routing_done(w);
	outages_done(&w->outages);
	free(w->routers);
	free(w->deadlines);
	free(w->seen);
	free(w->pairs);
	queue_done(&w->queue);
}

/* All is over: what must hold now, and what is told of the whole run. */
static void conclude(struct world *w)
{
	struct sim_result *const out = w->result;

	if (!out->failed)
		check_round(w);
	if (!out->failed)
		check_converged(w);
	if (!out->failed && !instant_is_never(w->scenario->grown))
		check_growth(w);
	out->outages = w->outages.count;
	out->outage_median = outages_percentile(&w->outages, 50);
	out->outage_p95 = outages_percentile(&w->outages, 95);
	out->outage_max = outages_percentile(&w->outages, 100);
	if (!out->failed)
		check_figures(w);
}

void sim_run(const struct scenario *s, uint64_t seed, FILE *trace, struct sim_result *out)
{
	struct world w;

	world_init(&w, s, seed, trace, out);
	for (size_t i = 0; i < w.router_count; i++)
		router_start(&w, &w.routers[i]);
	run(&w);
	w.now = out->failed ? w.now : instant_add(INSTANT_ZERO, s->length);
	conclude(&w);
	world_done(&w);
}
