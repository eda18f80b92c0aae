#include "sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: the hash need only be stable and sensitive, not hard to forge. */
static uint64_t hash_add(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3u;
	return hash;
}

static void note_line(struct world *w, const char *line)
{
	w->result->hash = hash_add(hash_add(w->result->hash, line), "\n");
	if (w->trace)
		fprintf(w->trace, "%s\n", line);
}

void world_note(struct world *w, const struct router *r, const char *format, ...)
{
	char line[4096];
	int used = snprintf(line, sizeof line, "%" PRId64 " %s ", w->now.us, r->name);
	va_list args;

	va_start(args, format);
	vsnprintf(line + used, sizeof line - (size_t)used, format, args);
	va_end(args);
	note_line(w, line);
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
	note_line(w, out->reason);
}

struct router *world_router_of_nbma(struct world *w, const struct ipaddr *nbma)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (ipaddr_eq(&w->routers[i].nbma, nbma))
			return &w->routers[i];
	}
	return NULL;
}

static bool owns_address(const struct router *r, const struct ipaddr *addr)
{
	for (uint32_t t = r->tunnel_first; t < r->tunnel_first + r->tunnel_count; t++) {
		if (ipaddr_eq(&r->addrs[t], addr))
			return true;
	}
	return false;
}

struct router *world_router_of_addr(struct world *w, const struct ipaddr *addr)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (owns_address(&w->routers[i], addr))
			return &w->routers[i];
	}
	return NULL;
}

struct router *world_owner(struct world *w, const struct ipprefix *dst)
{
	for (size_t i = 0; i < w->router_count; i++) {
		const bool is_host = dst->len == ip_family_bits((enum ip_family)dst->addr.family);

		if ((is_host && owns_address(&w->routers[i], &dst->addr)) ||
		    ipprefix_covers(&w->routers[i].lan, dst))
			return &w->routers[i];
	}
	return NULL;
}

static bool is_between(const struct scenario_fault *f, size_t from, size_t to)
{
	return (f->from.has[from] && f->to.has[to]) || (f->kind == FAULT_CUT && f->to.has[from] && f->from.has[to]);
}

bool world_reaches(const struct world *w, const struct router *from, const struct router *to)
{
	const size_t a = world_index(w, from), b = world_index(w, to);

	for (size_t i = 0; i < w->fault_count; i++) {
		if (w->broken[i] && is_between(&w->faults[i], a, b))
			return false;
	}
	return from->isolations == 0 && to->isolations == 0;
}

static void add(struct world *w, struct instant at, enum happening_type type, size_t subject)
{
	queue_add(&w->queue, &(struct happening){ .at = at, .type = type, .subject = subject });
}

static void choose_pairs(struct world *w)
{
	const size_t spokes = w->scenario->spokes;

	w->pair_count = w->scenario->pairs;
	w->pairs = calloc(w->pair_count ? w->pair_count : 1, sizeof *w->pairs);
	assert(w->pairs);
	for (size_t i = 0; i < w->pair_count; i++) {
		const size_t from = prng_below(&w->choice, spokes);
		const size_t to = (from + 1 + prng_below(&w->choice, spokes - 1)) % spokes;

		w->pairs[i] = (struct pair){ w->scenario->hubs + from, w->scenario->hubs + to };
		add(w, instant_add(INSTANT_ZERO, span_us((int64_t)prng_below(&w->choice, 1000000))),
		    HAPPENS_TRAFFIC, i);
	}
}

/* Two sets of routers, of all sizes: who is in neither talks to everybody. */
static void choose_sets(struct world *w, struct scenario_fault *f)
{
	const uint64_t share = 2 + prng_below(&w->choice, 8);

	for (size_t i = 0; i < w->router_count; i++) {
		f->from.has[i] = prng_below(&w->choice, share) == 0;
		f->to.has[i] = !f->from.has[i] && prng_below(&w->choice, 4) > 0;
	}
}

static struct scenario_fault choose_fault(struct world *w)
{
	const uint64_t half = (uint64_t)w->scenario->length.us / 2;
	const uint64_t at = prng_below(&w->choice, half);
	struct scenario_fault f = {
		.kind = (enum fault_kind)prng_below(&w->choice, FAULT_KIND_COUNT),
		.router = prng_below(&w->choice, w->router_count),
		.at = { (int64_t)at },
		.lasts = { (int64_t)prng_below(&w->choice, half - at) },
	};

	if (f.kind == FAULT_CUT || f.kind == FAULT_MUTE)
		choose_sets(w, &f);
	if (f.kind == FAULT_MOVE && f.router < w->scenario->hubs)
		f.kind = FAULT_ISOLATE;
	return f;
}

/* The faults of the scenario and those of the seed; the latter are over by half time. */
static void choose_faults(struct world *w)
{
	const struct scenario *s = w->scenario;

	memcpy(w->faults, s->faults, sizeof w->faults);
	w->fault_count = s->fault_count;
	for (size_t i = 0; i < s->random_faults; i++)
		w->faults[w->fault_count++] = choose_fault(w);
	for (size_t i = 0; i < w->fault_count; i++) {
		add(w, w->faults[i].at, HAPPENS_FAULT, i);
		add(w, instant_add(w->faults[i].at, w->faults[i].lasts), HAPPENS_HEAL, i);
	}
}

static void note_cut(struct world *w, const struct scenario_fault *f, const char *what)
{
	for (size_t i = 0; i < w->router_count; i++) {
		if (f->from.has[i] || f->to.has[i])
			world_note(w, &w->routers[i], "%s side %c", what, f->from.has[i] ? 'A' : 'B');
	}
}

static void break_router(struct world *w, size_t fault)
{
	const struct scenario_fault *f = &w->faults[fault];
	struct router *r = &w->routers[f->router];

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
		world_note(w, r, "is isolated");
		r->isolations++;
		break;
	case FAULT_CUT:
	case FAULT_MUTE:
		note_cut(w, f, f->kind == FAULT_CUT ? "cut" : "mute");
		w->broken[fault] = true;
		break;
	case FAULT_KIND_COUNT:
		abort();
	}
}

static void heal_router(struct world *w, size_t fault)
{
	const struct scenario_fault *f = &w->faults[fault];
	struct router *r = &w->routers[f->router];

	switch (f->kind) {
	case FAULT_CRASH:
	case FAULT_STOP:
	case FAULT_RESTART:
		if (r->stopping)
			router_crash(w, r);
		if (!r->engine)
			router_start(w, r);
		break;
	case FAULT_MOVE:
		router_move(w, r, false);
		break;
	case FAULT_CHANGE:
		router_change(w, r, false);
		break;
	case FAULT_ISOLATE:
		world_note(w, r, "is reachable again");
		r->isolations--;
		break;
	case FAULT_CUT:
	case FAULT_MUTE:
		note_cut(w, f, "healed");
		w->broken[fault] = false;
		break;
	case FAULT_KIND_COUNT:
		abort();
	}
}

static void deliver(struct world *w, const struct happening *h)
{
	struct router *r = &w->routers[h->subject];

	world_tell(w, r, &(struct event){
		.type = EVENT_PACKET, .tunnel = h->tunnel,
		.packet = { .from = { .addr = h->addr }, .bytes = h->bytes, .length = h->length } });
}

static void answer_usage(struct world *w, const struct happening *h)
{
	struct router *r = &w->routers[h->subject];
	const struct host_neighbour *n = host_neighbour_find(&r->host, &h->addr);

	if (r->incarnation != h->incarnation || !n)
		return;
	world_tell(w, r, &(struct event){
		.type = EVENT_USAGE, .tunnel = h->tunnel,
		.usage = { .peer = h->peer, .addr = h->addr, .idle = instant_since(w->now, n->used) } });
}

static void happen(struct world *w, const struct happening *h)
{
	switch (h->type) {
	case HAPPENS_PACKET:
		deliver(w, h);
		break;
	case HAPPENS_USAGE:
		answer_usage(w, h);
		break;
	case HAPPENS_TRAFFIC:
		traffic_send(w, &w->pairs[h->subject]);
		add(w, instant_add(w->now, w->scenario->traffic), HAPPENS_TRAFFIC, h->subject);
		break;
	case HAPPENS_ROUTING:
		routing_round(w);
		add(w, instant_add(w->now, span_s(1)), HAPPENS_ROUTING, 0);
		break;
	case HAPPENS_CHECK:
		check_round(w);
		add(w, instant_add(w->now, span_s(1)), HAPPENS_CHECK, 0);
		break;
	case HAPPENS_FAULT:
		break_router(w, h->subject);
		break;
	case HAPPENS_SETTLE:
		if (w->routers[h->subject].engine && w->routers[h->subject].incarnation == h->incarnation)
			router_settle(w, &w->routers[h->subject]);
		break;
	case HAPPENS_PATIENCE:
		if (w->routers[h->subject].stopping && w->routers[h->subject].incarnation == h->incarnation)
			router_patience_ends(w, &w->routers[h->subject]);
		break;
	case HAPPENS_HEAL:
		heal_router(w, h->subject);
		break;
	}
}

/* The router whose deadline comes first, NULL when none has one. */
static struct router *first_deadline(struct world *w, struct instant *at)
{
	struct router *first = NULL;

	*at = INSTANT_NEVER;
	for (size_t i = 0; i < w->router_count; i++) {
		struct router *r = &w->routers[i];
		const struct instant d = r->engine ? engine_deadline(r->engine) : INSTANT_NEVER;

		if (instant_before(d, *at)) {
			*at = d;
			first = r;
		}
	}
	return first;
}

static void run(struct world *w)
{
	while (!w->result->failed) {
		const struct instant next = queue_first(&w->queue);
		struct instant deadline;
		struct router *r = first_deadline(w, &deadline);

		if (instant_min(next, deadline).us > w->scenario->length.us)
			break;
		if (r && !instant_before(next, deadline)) {
			/* A deadline in the past is due now: time does not run backwards. */
			w->now = instant_before(w->now, deadline) ? deadline : w->now;
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
	memset(out, 0, sizeof *out);
	out->hash = 0xcbf29ce484222325u;
	w->scenario = s;
	w->seed = seed;
	w->trace = trace;
	w->result = out;
	prng_init(&w->network, seed * 2);
	prng_init(&w->choice, seed * 2 + 1);
	queue_init(&w->queue);
	design_place(w);
	choose_pairs(w);
	choose_faults(w);
	add(w, INSTANT_ZERO, HAPPENS_ROUTING, 0);
	add(w, INSTANT_ZERO, HAPPENS_CHECK, 0);
}

static void world_done(struct world *w)
{
	for (size_t i = 0; i < w->router_count; i++)
		engine_free(w->routers[i].engine);
	free(w->routers);
	free(w->pairs);
	free(w->heard);
	queue_done(&w->queue);
}

void sim_run(const struct scenario *s, uint64_t seed, FILE *trace, struct sim_result *out)
{
	struct world w;

	world_init(&w, s, seed, trace, out);
	for (size_t i = 0; i < w.router_count; i++)
		router_start(&w, &w.routers[i]);
	run(&w);
	w.now = instant_add(INSTANT_ZERO, s->length);
	if (!out->failed)
		check_round(&w);
	if (!out->failed)
		check_converged(&w);
	world_done(&w);
}
