#include "lab/outage.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"

enum { UNDER_WAY_NS = 250000000, SILENT_NS = 500000000 };

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static size_t sorted_arrivals(const int64_t *received, size_t count, int64_t end, int64_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (received[i] && received[i] <= end)
			out[n++] = received[i];
	qsort(out, n, sizeof(*out), compare);
	return n;
}

static int64_t longest_gap(const int64_t *arrivals, size_t n, int64_t fault)
{
	int64_t longest = 0;

	for (size_t i = 1; i < n; i++)
		if (arrivals[i] > fault && arrivals[i] - arrivals[i - 1] > longest)
			longest = arrivals[i] - arrivals[i - 1];
	return longest;
}

void outage_lost(const int64_t *sent, const int64_t *received, size_t count, int64_t from_ns, int64_t to_ns,
		 size_t *lost, size_t *of)
{
	*lost = *of = 0;
	for (size_t i = 0; i < count; i++) {
		if (!sent[i] || sent[i] < from_ns || sent[i] > to_ns - UNDER_WAY_NS)
			continue;
		(*of)++;
		*lost += received[i] == 0;
	}
}

int64_t outage_stall(const int64_t *sent, size_t count, int64_t interval_ns, int64_t from_ns, int64_t to_ns)
{
	int64_t longest = 0;

	for (size_t i = 1; i < count; i++)
		if (sent[i] >= from_ns && sent[i] <= to_ns && sent[i - 1] && sent[i] - sent[i - 1] - interval_ns > longest)
			longest = sent[i] - sent[i - 1] - interval_ns;
	return longest;
}

struct outage outage_of(const int64_t *sent, const int64_t *received, size_t count, int64_t interval_ns,
			int64_t fault_ns, int64_t end_ns)
{
	int64_t *arrivals = lab_calloc(count, sizeof(*arrivals)), last, silent = SILENT_NS, gap;
	size_t n = sorted_arrivals(received, count, end_ns, arrivals);
	struct outage o = { 0 };

	if (silent < 10 * interval_ns)
		silent = 10 * interval_ns;
	last = n ? arrivals[n - 1] : fault_ns;
	gap = longest_gap(arrivals, n, fault_ns);
	o.recovered = n > 0 && last > fault_ns && end_ns - last < silent;
	if (!o.recovered && end_ns - last > gap)
		gap = end_ns - last;
	o.ns = gap > interval_ns ? gap - interval_ns : 0;
	outage_lost(sent, received, count, 1, end_ns, &o.lost, &o.sent);
	free(arrivals);
	return o;
}

static double rank_ms(const int64_t *sorted, size_t count, unsigned percent)
{
	size_t i = (count * percent + 99) / 100;

	return (double)sorted[i ? i - 1 : 0] / 1e6;
}

struct outage_figures outage_figures(int64_t *ns, size_t count)
{
	struct outage_figures f = { 0 };

	if (count == 0)
		return f;
	qsort(ns, count, sizeof(*ns), compare);
	f.p50_ms = rank_ms(ns, count, 50);
	f.p95_ms = rank_ms(ns, count, 95);
	f.max_ms = rank_ms(ns, count, 100);
	return f;
}
