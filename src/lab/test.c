#include "lab/test.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/converge.h"
#include "lab/memory.h"
#include "lab/rounds.h"
#include "lab/watch.h"

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

static bool all_held(const struct lab_result *r)
{
	bool ok = r->converged_s >= 0 && r->up >= r->expected && r->lan_reachable == r->lan_pairs;

	for (size_t i = 0; i < r->fault_count; i++)
		ok &= rounds_held(&r->faults[i]);
	return ok;
}

static int break_all(struct lab *lab, struct probes *p, const struct lab_test_options *o, struct lab_result *r,
		     char *error, size_t size)
{
	struct fault *faults;
	size_t count;
	int rc = faults_parse(lab, o->faults, true, &faults, &count, error, size);

	for (size_t i = 0; i < count && rc == 0 && !lab_interrupted; i++) {
		struct lab_fault_result out = { 0 };

		rc = rounds_run(lab, p, r, &faults[i], o, count > 1 || o->rounds > 1, &out, error, size);
		*(struct lab_fault_result *)lab_append(&r->faults, &r->fault_count, sizeof(out)) = out;
	}
	free(faults);
	return rc;
}

/* A round begins, breaks, heals and comes to rest within it: who waits longer for convergence has a machine that needs longer for
 * all of these. */
static int window_s(const struct lab_test_options *o)
{
	return (2 * o->wait_s > PROBE_WINDOW_S ? 2 * o->wait_s : PROBE_WINDOW_S) + o->observe_s;
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
		rc = probes_start(lab, probes, window_s(o), error, size);
	if (rc == 0 && !lab_interrupted) {
		r->pairs = lab_calloc(probes->shared->pair_count, sizeof(*r->pairs));
		converge(lab, probes, o->wait_s, r);
	}
	if (rc == 0 && !lab_interrupted) {
		converge_paths(lab, probes, r);
		r->routing = watch_routing(lab);
		probes_end(probes);
	}
	if (rc == 0 && !lab_interrupted)
		rc = break_all(lab, probes, o, r, error, size);
	r->ok = rc == 0 && all_held(r);
	return lab_interrupted ? 130 : rc;
}

void lab_result_free(struct lab_result *r)
{
	for (size_t i = 0; i < r->fault_count; i++)
		rounds_free(&r->faults[i]);
	for (size_t i = 0; r->pairs && i < r->lan_pairs; i++)
		free(r->pairs[i].class_name);
	free(r->pairs);
	free(r->faults);
}
