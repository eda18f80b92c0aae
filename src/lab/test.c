#include "lab/test.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/converge.h"
#include "lab/memory.h"

enum {
	BEFORE_MS = 2000,      /* steady probes before a fault … */
	TRACE_AT_MS = 1200,    /* … and the paths are looked up this long after they began */
	OBSERVE_MIN_MS = 5000, /* a second blow may come from a routing timer */
	OBSERVE_MAX_MS = 20000,
	STEADY_MS = 1500,
	HEAL_WAIT_S = 40,
};

void lab_progress(const char *format, ...)
{
	static char last[160];
	char line[160];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (strcmp(line, last) == 0)
		return;
	memcpy(last, line, sizeof(last));
	if (isatty(2))
		fprintf(stderr, "\r\033[K%s", line);
	else
		fprintf(stderr, "%s\n", line);
	fflush(stderr);
}

void lab_progress_end(void)
{
	if (isatty(2))
		fputs("\r\033[K", stderr);
}

static bool class_is_fast(const struct probes *p, const struct lab_result *r, size_t pair)
{
	for (uint32_t i = 0; i < p->shared->pair_count; i++)
		if (p->shared->pairs[i].interval_us == PROBE_FAST_US &&
		    strcmp(r->pairs[i].class_name, r->pairs[pair].class_name) == 0)
			return true;
	return false;
}

/* One pair of each path class at the fast rate, those the fault will hit first. */
static void choose_fast(struct lab *lab, struct probes *p, const struct lab_result *r, const struct fault *f)
{
	size_t fast = 0;

	probes_all_slow(p, PROBE_SLOW_US);
	for (int hit = 1; hit >= 0; hit--)
		for (uint32_t i = 0; i < p->shared->pair_count && fast < PROBE_FAST_MAX; i++) {
			const struct probe_pair *k = &p->shared->pairs[i];

			if (!r->pairs[i].reachable || fault_affects(lab, f, &r->pairs[i].path) != (hit == 1) ||
			    fault_cuts_off(lab, f, k->from) || fault_cuts_off(lab, f, k->to) ||
			    class_is_fast(p, r, i))
				continue;
			p->shared->pairs[i].interval_us = PROBE_FAST_US;
			fast++;
		}
}

struct hit { /* what a fault means to a pair */
	bool counted, cut_off, affected;
	char *class_name;
};

static void note_silent(const struct lab *lab, const struct probe_pair *k, const char *when,
			struct lab_fault_result *out)
{
	*(char **)lab_append(&out->silent, &out->silent_count, sizeof(char *)) =
		lab_printf("%s -> %s, %s the fault", lab->plan->hosts[k->from].name, lab->plan->hosts[k->to].name, when);
}

static struct hit *look_before(struct lab *lab, struct probes *p, const struct lab_result *r,
			       const struct fault *f, struct lab_fault_result *out)
{
	struct hit *hits = lab_calloc(p->shared->pair_count, sizeof(*hits));
	int64_t recently = lab_now_ns() - 500000000;

	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		const struct probe_pair *k = &p->shared->pairs[i];
		struct path path = path_of(lab->plan, k);

		hits[i].cut_off = fault_cuts_off(lab, f, k->from) || fault_cuts_off(lab, f, k->to);
		hits[i].counted = !hits[i].cut_off && probes_heard(p, i, recently);
		hits[i].affected = hits[i].counted && fault_affects(lab, f, &path);
		if (!hits[i].cut_off && !hits[i].counted && r->pairs[i].reachable)
			note_silent(lab, k, "before", out);
		hits[i].class_name = path_class(lab->plan, k, &path);
		out->cut_off += hits[i].cut_off;
		out->pairs += hits[i].counted;
		out->pairs_affected += hits[i].affected;
	}
	return hits;
}

static bool all_fresh(const struct probes *p, const struct hit *hits)
{
	for (uint32_t i = 0; i < p->shared->pair_count; i++) {
		int64_t quiet = 200000000 + 5000LL * p->shared->pairs[i].interval_us;

		if (hits[i].counted && !probes_heard(p, i, lab_now_ns() - quiet))
			return false;
	}
	return true;
}

static void observe(const struct probes *p, const struct hit *hits, const char *name, int64_t fault_ns)
{
	int64_t fresh_since = 0;

	for (;;) {
		int64_t now = lab_now_ns(), ms = (now - fault_ns) / 1000000;

		if (!all_fresh(p, hits))
			fresh_since = 0;
		else if (!fresh_since)
			fresh_since = now;
		lab_progress("%s: watching, %lld s", name, (long long)ms / 1000);
		if (ms > OBSERVE_MAX_MS || (ms > OBSERVE_MIN_MS && fresh_since &&
					    now - fresh_since > STEADY_MS * 1000000LL))
			return;
		if (!lab_pause_ms(10))
			return;
	}
}

static struct lab_class_result *class_result(struct lab_fault_result *out, const char *name)
{
	struct lab_class_result *c;

	for (size_t i = 0; i < out->class_count; i++)
		if (strcmp(out->classes[i].name, name) == 0)
			return &out->classes[i];
	c = lab_append(&out->classes, &out->class_count, sizeof(*c));
	c->name = lab_strdup(name);
	return c;
}

/* Outages of the pairs for which `which` holds, sorted into figures. */
static struct outage_figures figures_of(const struct hit *hits, const int64_t *ns, uint32_t count,
					const char *class_name, bool affected, size_t *pairs)
{
	int64_t *list = lab_calloc(count, sizeof(*list));
	struct outage_figures f;

	*pairs = 0;
	for (uint32_t i = 0; i < count; i++)
		if (hits[i].counted && (!affected || hits[i].affected) &&
		    (!class_name || strcmp(class_name, hits[i].class_name) == 0))
			list[(*pairs)++] = ns[i];
	f = outage_figures(list, *pairs);
	free(list);
	return f;
}

static void evaluate(const struct lab *lab, const struct probes *p, const struct hit *hits, int64_t fault_ns,
		     int64_t end_ns, struct lab_fault_result *out)
{
	const struct probe_shared *s = p->shared;
	int64_t *ns = lab_calloc(s->pair_count, sizeof(*ns));
	size_t pairs;

	out->recovered = true;
	for (uint32_t i = 0; i < s->pair_count; i++) {
		const struct probe_pair *k = &s->pairs[i];
		struct outage o;

		if (!hits[i].counted)
			continue;
		o = outage_of(s->sent_ns + k->offset, s->received_ns + k->offset, atomic_load(&k->sent),
			      k->interval_us * 1000LL, fault_ns, end_ns);
		ns[i] = o.ns;
		out->lost += o.lost;
		out->late += atomic_load(&k->late);
		out->duplicates += atomic_load(&k->duplicates);
		out->recovered &= o.recovered;
		if (!o.recovered)
			note_silent(lab, k, "since", out);
		if (hits[i].affected)
			class_result(out, hits[i].class_name);
	}
	out->all = figures_of(hits, ns, s->pair_count, NULL, false, &pairs);
	out->affected = figures_of(hits, ns, s->pair_count, NULL, true, &pairs);
	for (size_t i = 0; i < out->class_count; i++)
		out->classes[i].outage = figures_of(hits, ns, s->pair_count, out->classes[i].name, true,
						    &out->classes[i].pairs);
	free(ns);
}

static int break_once(struct lab *lab, struct probes *p, struct lab_result *r, const struct fault *f,
		      struct lab_fault_result *out, char *error, size_t size)
{
	int64_t fault_ns, start;
	struct hit *hits;
	int rc = 0;

	snprintf(out->name, sizeof(out->name), "%s", f->name);
	lab_progress("%s: steady probes", f->name);
	choose_fast(lab, p, r, f);
	probes_begin(p);
	start = lab_now_ns();
	if (!lab_pause_ms(TRACE_AT_MS) || !probes_trace(p))
		return lab_interrupted ? 0 : 2;
	lab_pause_ms((int)(BEFORE_MS - (lab_now_ns() - start) / 1000000));
	hits = look_before(lab, p, r, f, out);
	fault_ns = lab_now_ns();
	rc = fault_inject(lab, f, error, size);
	if (rc == 0) {
		observe(p, hits, f->name, fault_ns);
		evaluate(lab, p, hits, fault_ns, lab_now_ns(), out);
		probes_end(p);
	}
	for (uint32_t i = 0; i < p->shared->pair_count; i++)
		free(hits[i].class_name);
	free(hits);
	if (rc == 0 && !lab_interrupted) {
		start = lab_now_ns();
		rc = fault_heal(lab, f, error, size);
		out->healed = rc == 0 && converge_again(lab, p, r, HEAL_WAIT_S);
		out->healed_s = (double)(lab_now_ns() - start) / 1e9;
		probes_end(p);
	}
	return rc;
}

static bool all_held(const struct lab_result *r)
{
	bool ok = r->converged_s >= 0 && r->up >= r->expected && r->lan_reachable == r->lan_pairs;

	for (size_t i = 0; i < r->fault_count; i++)
		ok &= r->faults[i].recovered && r->faults[i].healed;
	return ok;
}

static int break_all(struct lab *lab, struct probes *p, const char *list, struct lab_result *r,
		     char *error, size_t size)
{
	struct fault *faults;
	size_t count;
	int rc = faults_parse(lab, list, true, &faults, &count, error, size);

	for (size_t i = 0; i < count && rc == 0 && !lab_interrupted; i++) {
		struct lab_fault_result out = { 0 };

		rc = break_once(lab, p, r, &faults[i], &out, error, size);
		*(struct lab_fault_result *)lab_append(&r->faults, &r->fault_count, sizeof(out)) = out;
	}
	free(faults);
	return rc;
}

int lab_test(struct lab *lab, const struct lab_test_options *o, struct probes *probes,
	     struct lab_result *r, char *error, size_t size)
{
	int64_t start = lab_now_ns();
	int rc;

	*r = (struct lab_result){ .converged_s = -1 };
	lab_progress("building %zu routers and %zu hosts", lab->plan->router_count, lab->plan->host_count);
	rc = lab_start(lab, error, size);
	r->started_s = (double)(lab_now_ns() - start) / 1e9;
	if (rc == 0 && !lab_interrupted)
		rc = probes_start(lab, probes, error, size);
	if (rc == 0 && !lab_interrupted) {
		r->pairs = lab_calloc(probes->shared->pair_count, sizeof(*r->pairs));
		converge(lab, probes, o->wait_s, r);
	}
	if (rc == 0 && !lab_interrupted) {
		converge_paths(lab, probes, r);
		probes_end(probes);
	}
	if (rc == 0 && !lab_interrupted)
		rc = break_all(lab, probes, o->faults, r, error, size);
	r->ok = rc == 0 && all_held(r);
	return lab_interrupted ? 130 : rc;
}

void lab_result_free(struct lab_result *r)
{
	for (size_t i = 0; i < r->fault_count; i++) {
		for (size_t k = 0; k < r->faults[i].class_count; k++)
			free(r->faults[i].classes[k].name);
		free(r->faults[i].classes);
		for (size_t k = 0; k < r->faults[i].silent_count; k++)
			free(r->faults[i].silent[k]);
		free(r->faults[i].silent);
	}
	for (size_t i = 0; r->pairs && i < r->lan_pairs; i++)
		free(r->pairs[i].class_name);
	free(r->pairs);
	free(r->faults);
}
