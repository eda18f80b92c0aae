#include "lab/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "lab/converge.h"
#include "lab/memory.h"
#include "lab/plot.h"
#include "lab/watch.h"

enum {
	BEFORE_MS = 2000,      /* steady probes before a fault … */
	TRACE_AT_MS = 1200,    /* … and the paths are looked up this long after they began */
	OBSERVE_MIN_MS = 5000, /* a second blow may come from a routing timer */
	RETURN_MIN_MS = 5000,  /* routing takes its time to come back, and may cost something when it does */
	STEADY_MS = 1500,
	HEAL_WAIT_S = 40,
	LATELY_MS = 500,
	STEADY_WAIT_MS = 10000, /* for a machine that is slow to carry all probes */
};

struct hit { /* what a fault means to a pair */
	bool counted, cut_off, affected, direct;
	char *class_name;
};

struct round_run { /* what the steps of a round share */
	struct lab *lab;
	struct probes *probes;
	const struct lab_result *result; /* of the lab at rest */
	const struct fault *fault;
	const struct lab_test_options *options;
	struct hit *hits; /* one per pair */
	struct lab_round *round;
};

static uint32_t fast_us(const struct round_run *x) { return 1000 * (uint32_t)x->options->probe_ms; }

static bool class_is_fast(const struct round_run *x, size_t pair)
{
	const struct probe_shared *s = x->probes->shared;

	for (uint32_t i = 0; i < s->pair_count; i++)
		if (s->pairs[i].interval_us == fast_us(x) &&
		    strcmp(x->result->pairs[i].class_name, x->result->pairs[pair].class_name) == 0)
			return true;
	return false;
}

/* One pair of each path class is probed fast, those the fault will hit first. */
static void choose_fast(const struct round_run *x)
{
	struct probe_shared *s = x->probes->shared;
	size_t fast = 0;

	probes_all_slow(x->probes, fast_us(x) > PROBE_SLOW_US ? fast_us(x) : PROBE_SLOW_US);
	for (int hit = 1; hit >= 0; hit--)
		for (uint32_t i = 0; i < s->pair_count && fast < PROBE_FAST_MAX; i++) {
			const struct probe_pair *k = &s->pairs[i];

			if (!x->result->pairs[i].reachable ||
			    fault_affects(x->lab, x->fault, &x->result->pairs[i].path) != (hit == 1) ||
			    fault_cuts_off(x->lab, x->fault, k->from) || fault_cuts_off(x->lab, x->fault, k->to) ||
			    class_is_fast(x, i))
				continue;
			s->pairs[i].interval_us = fast_us(x);
			fast++;
		}
}

static void note_silent(const struct round_run *x, const struct probe_pair *k, const char *when)
{
	const struct lab_host *hosts = x->lab->plan->hosts;

	*(char **)lab_append(&x->round->silent, &x->round->silent_count, sizeof(char *)) =
		lab_printf("%s -> %s, %s the fault", hosts[k->from].name, hosts[k->to].name, when);
}

static void look_at_pair(struct round_run *x, uint32_t pair, int64_t recently)
{
	const struct probe_pair *k = &x->probes->shared->pairs[pair];
	struct path path = path_of(x->lab->plan, k);
	struct hit *h = &x->hits[pair];

	h->cut_off = fault_cuts_off(x->lab, x->fault, k->from) || fault_cuts_off(x->lab, x->fault, k->to);
	h->counted = !h->cut_off && probes_heard(x->probes, pair, recently);
	h->affected = h->counted && fault_affects(x->lab, x->fault, &path);
	h->direct = h->counted && !h->affected && pair_is_spoke_to_spoke(x->lab->plan, k) &&
		    path_is_direct(x->lab->plan, &path);
	h->class_name = path_class(x->lab->plan, k, &path);
	if (!h->cut_off && !h->counted && x->result->pairs[pair].reachable)
		note_silent(x, k, "before");
	x->round->cut_off += h->cut_off;
	x->round->pairs += h->counted;
	x->round->pairs_affected += h->affected;
	x->round->pairs_direct += h->direct;
}

static void look_before(struct round_run *x)
{
	int64_t recently = lab_now_ns() - LATELY_MS * 1000000LL;

	for (uint32_t i = 0; i < x->probes->shared->pair_count; i++)
		look_at_pair(x, i, recently);
}

static bool all_fresh(const struct round_run *x, int64_t now)
{
	for (uint32_t i = 0; i < x->probes->shared->pair_count; i++) {
		int64_t quiet = 200000000 + 5000LL * x->probes->shared->pairs[i].interval_us;

		if (x->hits[i].counted && !probes_heard(x->probes, i, now - quiet))
			return false;
	}
	return true;
}

/* Until every counted pair has been heard for a while, and at least / at most so long. */
static void observe(const struct round_run *x, const char *what, int64_t since_ns, int64_t min_ms, int64_t max_ms)
{
	int64_t fresh_since = 0;

	for (;;) {
		int64_t now = lab_now_ns(), ms = (now - since_ns) / 1000000;

		if (!all_fresh(x, now))
			fresh_since = 0;
		else if (!fresh_since)
			fresh_since = now;
		lab_progress("%s: %s, %lld s", x->fault->name, what, (long long)ms / 1000);
		if (ms > max_ms || (ms > min_ms && fresh_since && now - fresh_since > STEADY_MS * 1000000LL))
			return;
		if (!lab_pause_ms(10))
			return;
	}
}

/* What the time since a deed has cost one pair. */
static int64_t cost(const struct round_run *x, uint32_t pair, int64_t since_ns, int64_t end_ns, struct lab_phase *phase,
		    struct outage *o)
{
	const struct probe_shared *s = x->probes->shared;
	const struct probe_pair *k = &s->pairs[pair];
	const int64_t *sent = s->sent_ns + k->offset, *received = s->received_ns + k->offset;
	uint32_t count = atomic_load(&k->sent);

	*o = outage_of(sent, received, count, k->interval_us * 1000LL, since_ns, end_ns);
	outage_lost(sent, received, count, since_ns - k->interval_us * 1000LL, end_ns, &o->lost, &o->sent);
	if (phase == &x->round->broken) {
		int64_t stall = outage_stall(sent, count, k->interval_us * 1000LL, since_ns, end_ns);

		x->round->stall_ns = stall > x->round->stall_ns ? stall : x->round->stall_ns;
	}
	phase->lost += o->lost;
	phase->recovered &= o->recovered;
	if (x->hits[pair].direct) {
		phase->direct_sent += o->sent;
		phase->direct_lost += o->lost;
	}
	return o->ns;
}

static struct lab_sample *sample_of(struct lab_round *r, uint32_t pair)
{
	for (size_t i = 0; i < r->sample_count; i++)
		if (r->samples[i].pair == pair)
			return &r->samples[i];
	return NULL;
}

static void measure_broken(struct round_run *x, int64_t end_ns)
{
	struct lab_round *r = x->round;

	r->broken.recovered = true;
	for (uint32_t i = 0; i < x->probes->shared->pair_count; i++) {
		struct lab_sample *s;
		struct outage o;

		if (!x->hits[i].counted)
			continue;
		s = lab_append(&r->samples, &r->sample_count, sizeof(*s));
		s->pair = i;
		s->affected = x->hits[i].affected;
		s->direct = x->hits[i].direct;
		s->class_name = lab_strdup(x->hits[i].class_name);
		s->outage_ns = cost(x, i, r->fault_ns, end_ns, &r->broken, &o);
		s->sent = o.sent;
		s->lost = o.lost;
		if (!o.recovered)
			note_silent(x, &x->probes->shared->pairs[i], "since");
	}
}

static void measure_return(struct round_run *x, int64_t end_ns)
{
	struct lab_round *r = x->round;

	r->returned.recovered = true;
	for (uint32_t i = 0; i < x->probes->shared->pair_count; i++) {
		const struct probe_pair *k = &x->probes->shared->pairs[i];
		struct lab_sample *s = sample_of(r, i);
		struct outage o;

		if (!s)
			continue;
		s->return_ns = cost(x, i, r->heal_ns, end_ns, &r->returned, &o);
		s->late = atomic_load(&k->late);
		r->late += s->late;
		r->duplicates += atomic_load(&k->duplicates);
	}
}

static int heal(struct round_run *x, char *error, size_t size)
{
	struct lab_round *r = x->round;
	int rc;

	r->heal_ns = lab_now_ns();
	lab_progress("%s: healing", x->fault->name);
	rc = fault_heal(x->lab, x->fault, &r->marks, error, size);
	if (rc != 0 || lab_interrupted)
		return rc;
	converge_registrations(x->lab, x->result, HEAL_WAIT_S);
	observe(x, "watching the return", r->heal_ns, RETURN_MIN_MS, fault_patience_ms(x->fault));
	measure_return(x, lab_now_ns());
	return 0;
}

static int break_and_heal(struct round_run *x, char *error, size_t size)
{
	int64_t observe_ms = x->options->observe_s * 1000LL;
	struct lab_round *r = x->round;
	int rc;

	look_before(x);
	r->fault_ns = lab_now_ns();
	rc = fault_inject(x->lab, x->fault, &r->marks, error, size);
	r->broken_ns = lab_now_ns();
	if (rc != 0)
		return rc;
	observe(x, "watching", r->fault_ns, observe_ms > OBSERVE_MIN_MS ? observe_ms : OBSERVE_MIN_MS,
		observe_ms + fault_patience_ms(x->fault));
	measure_broken(x, lab_now_ns());
	r->nhs_down = watch_count_events(x->lab, "NHRP_NHS_DOWN", r->fault_ns);
	return lab_interrupted ? 0 : heal(x, error, size);
}

/* "plot.svg", or "plot-kill@hub1-3.svg" when there are several. */
static char *plot_name(const struct round_run *x, size_t number, bool several)
{
	const char *file = x->options->plot, *dot = strrchr(file, '.');
	size_t stem = dot && !strchr(dot, '/') ? (size_t)(dot - file) : strlen(file);
	char *name = several ? lab_printf("%.*s-%s-%zu.svg", (int)stem, file, x->fault->name, number) :
			       lab_printf("%.*s.svg", (int)stem, file);

	for (char *p = name + stem; *p; p++)
		if (strchr(":/+@", *p))
			*p = '-';
	return name;
}

static int draw(struct round_run *x, struct plot_watch *w, size_t number, bool several, char *error, size_t size)
{
	char *name = plot_name(x, number, several);
	int r = plot_write(x->lab, x->probes, x->fault->name, x->round, w, name, error, size);

	free(name);
	return r;
}

/* Until every pair that can be heard is; a pair that stays silent is reported as such. */
static bool wait_until_heard(const struct round_run *x)
{
	const int64_t end = lab_now_ns() + STEADY_WAIT_MS * 1000000LL;
	uint32_t i = 0;

	while (i < x->probes->shared->pair_count && lab_now_ns() < end) {
		if (!x->result->pairs[i].reachable || probes_heard(x->probes, i, lab_now_ns() - LATELY_MS * 1000000LL))
			i++;
		else if (!lab_pause_ms(20))
			return false;
	}
	return true;
}

static int one_round(struct round_run *x, size_t number, bool several, char *error, size_t size)
{
	struct plot_watch *watch = x->options->plot ? plot_watch_begin(x->lab, x->fault) : NULL;
	int64_t start;
	int rc;

	lab_progress("%s: steady probes", x->fault->name);
	choose_fast(x);
	probes_begin(x->probes);
	start = lab_now_ns();
	if (!lab_pause_ms(TRACE_AT_MS) || !wait_until_heard(x) || !probes_trace(x->probes)) {
		plot_watch_end(watch);
		snprintf(error, size, "paths cannot be discovered");
		return lab_interrupted ? 0 : 2;
	}
	lab_pause_ms((int)(BEFORE_MS - (lab_now_ns() - start) / 1000000));
	rc = break_and_heal(x, error, size);
	x->round->end_ns = lab_now_ns();
	if (rc == 0 && watch && !lab_interrupted)
		rc = draw(x, watch, number, several, error, size);
	plot_watch_end(watch);
	probes_end(x->probes);
	if (rc != 0 || lab_interrupted)
		return rc;
	x->round->healed = converge_again(x->lab, x->probes, x->result, HEAL_WAIT_S, &x->round->as_before);
	x->round->healed_s = (double)(lab_now_ns() - x->round->heal_ns) / 1e9;
	probes_end(x->probes);
	return 0;
}

int rounds_run(struct lab *lab, struct probes *p, struct lab_result *r, const struct fault *f,
	       const struct lab_test_options *o, bool several, struct lab_fault_result *out, char *error, size_t size)
{
	int rc = 0;

	snprintf(out->name, sizeof(out->name), "%s", f->name);
	for (unsigned i = 0; i < o->rounds && rc == 0 && !lab_interrupted; i++) {
		struct round_run x = { .lab = lab, .probes = p, .result = r, .fault = f, .options = o };

		x.hits = lab_calloc(p->shared->pair_count, sizeof(*x.hits));
		x.round = lab_append(&out->rounds, &out->round_count, sizeof(*x.round));
		rc = one_round(&x, i + 1, several, error, size);
		for (uint32_t k = 0; k < p->shared->pair_count; k++)
			free(x.hits[k].class_name);
		free(x.hits);
	}
	rounds_sum(out);
	return rc;
}
