#include "lab/converge.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"
#include "lab/programs.h"
#include "lab/watch.h"

enum {
	FIRST_FLOW_MS = 1200, REACH_US = 100000, PATHS_S = 20, PATHS_BACK_S = 15, LOOK_MS = 100,
	ROUTING_STILL_MS = 1000, /* link-state protocols wait as long between two calculations */
	ROUTING_STILL_S = 5,     /* that routing is waited for, which may never rest */
};

static int64_t after_s(int s) { return lab_now_ns() + s * 1000000000LL; }

static double seconds_since(int64_t start) { return (double)(lab_now_ns() - start) / 1e9; }

static bool registered(struct lab *lab, struct lab_result *r, int64_t end)
{
	for (;;) {
		watch_registrations(lab, &r->expected, &r->up);
		lab_progress("registrations up %zu/%zu", r->up, r->expected);
		if (r->up >= r->expected)
			return true;
		if (lab_now_ns() > end || !lab_pause_ms(LOOK_MS))
			return false;
	}
}

/* While routers that have a route to everywhere still change them, each by itself, packets go round between two of them. */
static void routing_settles(const struct lab *lab, int64_t end)
{
	const int64_t last = after_s(ROUTING_STILL_S) < end ? after_s(ROUTING_STILL_S) : end;
	uint64_t before = watch_routing(lab), now;

	while (lab_now_ns() < last && lab_pause_ms(ROUTING_STILL_MS)) {
		now = watch_routing(lab);
		if (now == before)
			return;
		before = now;
	}
}

static bool routed(struct lab *lab, int64_t end)
{
	while (!watch_routes_complete(lab)) {
		lab_progress("waiting for routes to all LANs");
		if (lab_now_ns() > end || !lab_pause_ms(LOOK_MS))
			return false;
	}
	return true;
}

/* New flows between spokes, before any packet has passed between them. */
static void first_flows(struct lab *lab, struct probes *p, struct lab_result *r)
{
	struct probe_shared *s = p->shared;

	probes_all_slow(p, PROBE_SLOW_US);
	for (uint32_t i = 0; i < s->pair_count; i++) {
		bool measured = pair_is_spoke_to_spoke(lab->plan, &s->pairs[i]);

		r->first_pairs += measured;
		if (!measured)
			s->pairs[i].interval_us = 0;
	}
	if (!r->first_pairs)
		return;
	lab_progress("first flows between %zu spoke pairs", r->first_pairs);
	probes_begin(p);
	lab_pause_ms(FIRST_FLOW_MS);
	for (uint32_t i = 0; i < s->pair_count; i++) {
		const struct probe_pair *k = &s->pairs[i];
		struct outage o = outage_of(s->sent_ns + k->offset, s->received_ns + k->offset,
					    atomic_load(&k->sent), PROBE_SLOW_US * 1000LL, 0, lab_now_ns());

		r->first_sent += o.sent;
		r->first_lost += o.lost;
	}
	probes_end(p);
}

/* Counts the wanted pairs that answered since; wanted: NULL for all. */
static size_t answering(const struct probes *p, const struct lab_pair_result *wanted, int64_t since, size_t *of)
{
	size_t heard = 0;

	*of = 0;
	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		if (wanted && !wanted[i].reachable)
			continue;
		(*of)++;
		heard += probes_heard(p, i, since);
	}
	return heard;
}

static bool reached(struct probes *p, const struct lab_pair_result *wanted, int64_t end)
{
	size_t heard, of;

	probes_all_slow(p, REACH_US);
	probes_begin(p);
	for (;;) {
		heard = answering(p, wanted, 1, &of);
		lab_progress("reachable %zu/%zu", heard, of);
		if (heard == of)
			return true;
		if (lab_now_ns() > end || !lab_pause_ms(20))
			return false;
	}
}

static void note_reachable(const struct probes *p, struct lab_result *r)
{
	r->lan_pairs = p->shared->pair_count;
	r->lan_reachable = 0;
	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		r->pairs[i].reachable = probes_heard(p, i, 1);
		r->lan_reachable += r->pairs[i].reachable;
	}
}

void converge(struct lab *lab, struct probes *p, int wait_s, struct lab_result *r)
{
	int64_t start = lab_now_ns(), end = after_s(wait_s);
	bool up = registered(lab, r, end), all;
	double first_s = 0;

	r->routes = !lab_interrupted && routed(lab, end);
	if (up && r->routes) {
		int64_t before = lab_now_ns();

		routing_settles(lab, end);
		first_flows(lab, p, r);
		first_s = seconds_since(before);
	}
	if (lab_interrupted)
		return;
	/* Even when time is up, every pair has a moment to answer. */
	all = reached(p, NULL, end > after_s(2) ? end : after_s(2));
	note_reachable(p, r);
	if (!up && !lab_interrupted) {
		watch_registrations(lab, &r->expected, &r->up);
		up = r->up >= r->expected;
	}
	r->converged_s = up && all ? seconds_since(start) - first_s : -1;
}

static size_t look_at_paths(struct lab *lab, struct probes *p, struct lab_result *r)
{
	size_t direct = 0;

	r->spoke_pairs = 0;
	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		const struct probe_pair *k = &p->shared->pairs[i];
		struct lab_pair_result *pair = &r->pairs[i];

		pair->path = path_of(lab->plan, k);
		free(pair->class_name);
		pair->class_name = path_class(lab->plan, k, &pair->path);
		if (pair_is_spoke_to_spoke(lab->plan, k)) {
			r->spoke_pairs++;
			direct += path_is_direct(lab->plan, &pair->path);
		}
	}
	return direct;
}

/* How long the number of direct pairs must stand still: two spokes of a protected tunnel agree on
 * keys first, and their packets take the hub's way meanwhile. */
static int still_s(const struct lab *lab)
{
	for (size_t i = 0; i < lab->plan->router_count; i++)
		if (programs_is_protected(lab, i))
			return 3;
	return 1;
}

void converge_paths(struct lab *lab, struct probes *p, struct lab_result *r)
{
	const int64_t end = after_s(PATHS_S);
	int64_t still_until = after_s(still_s(lab));
	size_t before = SIZE_MAX;

	while (lab_now_ns() < end && !lab_interrupted) {
		lab_progress("discovering paths");
		lab_pause_ms(500);
		if (!probes_trace(p))
			return;
		r->direct_pairs = look_at_paths(lab, p, r);
		if (r->direct_pairs != before)
			still_until = after_s(still_s(lab));
		else if (lab_now_ns() >= still_until)
			return;
		before = r->direct_pairs;
	}
}

static bool paths_as_before(const struct lab *lab, const struct probes *p, const struct lab_result *r)
{
	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		struct path path = path_of(lab->plan, &p->shared->pairs[i]);
		char *name = path_class(lab->plan, &p->shared->pairs[i], &path);
		bool same = !r->pairs[i].reachable || strcmp(name, r->pairs[i].class_name) == 0;

		free(name);
		if (!same)
			return false;
	}
	return true;
}

/* Compares the paths with those of the last look, and keeps them for the next one. */
static bool paths_stand_still(const struct lab *lab, const struct probes *p, struct path *last)
{
	bool still = true;

	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		struct path now = path_of(lab->plan, &p->shared->pairs[i]);

		still = still && now.complete == last[i].complete && now.count == last[i].count &&
			memcmp(now.routers, last[i].routers, now.count * sizeof(now.routers[0])) == 0;
		last[i] = now;
	}
	return still;
}

/* Load sharing may choose other paths than before: those that stand still are as good. */
static bool wait_for_paths(struct lab *lab, struct probes *p, const struct lab_result *r)
{
	struct path *last = lab_calloc(p->shared->pair_count, sizeof(*last));
	int64_t end = after_s(PATHS_BACK_S), still_until = after_s(still_s(lab));
	bool as_before = false;

	while (!as_before && lab_now_ns() < end && lab_pause_ms(LOOK_MS)) {
		bool routed = watch_routing(lab) == r->routing;

		lab_progress("healing: waiting for the routes and paths of before");
		if (!probes_trace(p))
			break;
		as_before = routed && paths_as_before(lab, p, r);
		if (!paths_stand_still(lab, p, last) || !routed)
			still_until = after_s(still_s(lab));
		else if (lab_now_ns() >= still_until)
			break;
	}
	free(last);
	return as_before;
}

bool converge_registrations(struct lab *lab, const struct lab_result *rest, int wait_s)
{
	int64_t end = after_s(wait_s);
	size_t expected, up;

	for (;;) {
		watch_registrations(lab, &expected, &up);
		lab_progress("healing: registrations up %zu/%zu", up, rest->up);
		if (up >= rest->up && (!rest->routes || watch_routes_complete(lab)))
			return true;
		if (lab_now_ns() > end || !lab_pause_ms(LOOK_MS))
			return false;
	}
}

bool converge_again(struct lab *lab, struct probes *p, const struct lab_result *r, int wait_s, bool *as_before)
{
	int64_t end = after_s(wait_s);
	bool up = converge_registrations(lab, r, wait_s), all;

	all = !lab_interrupted && reached(p, r->pairs, end);
	*as_before = all && up && wait_for_paths(lab, p, r);
	return up && all;
}
