#include "lab/plot.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"

enum { BEFORE_MS = 1000, GAP_MS = 30, LATE_MS = 250, UNDER_WAY_MS = 250, DIRECT_HOPS = 2, RESOLUTION = 1500 };

struct arrival {
	int64_t ns;
	double way_ms; /* how long it was under way */
	uint8_t hops;
};

static int by_time(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

void plot_span_add(struct plot_spans *s, double from, double to, enum plot_kind kind, double join)
{
	struct plot_span *last = s->count ? &s->list[s->count - 1] : NULL;

	if (last && last->kind == kind && from - last->to <= join) {
		last->to = to > last->to ? to : last->to;
		return;
	}
	last = lab_append(&s->list, &s->count, sizeof(*last));
	*last = (struct plot_span){ from, to, kind };
}

static double since(const struct plot *plot, int64_t ns) { return (double)(ns - plot->round->fault_ns) / 1e6; }

static enum plot_kind kind_of(const struct plot *plot, const struct probe_pair *k, uint8_t hops)
{
	if (!pair_is_spoke_to_spoke(plot->lab->plan, k))
		return PLOT_CENTRE;
	return hops <= DIRECT_HOPS ? PLOT_DIRECT : PLOT_RELAYED;
}

static void add_arrivals(const struct plot *plot, const struct probe_pair *k, const struct arrival *a, size_t count,
			 struct plot_row *row)
{
	double last = plot->from, resolution = (plot->to - plot->from) / RESOLUTION;

	for (size_t i = 0; i < count; i++) {
		double ms = since(plot, a[i].ns);
		enum plot_kind kind = kind_of(plot, k, a[i].hops);
		bool gap = ms - last > row->interval_ms + GAP_MS;

		if (gap)
			plot_span_add(&row->gaps, last, ms, PLOT_CENTRE, 0);
		/* A change of the way is no gap: the new one begins where the old one ends. */
		plot_span_add(&row->flows, gap || !row->flows.count ? ms : last, ms, kind, gap ? -1 : row->interval_ms + GAP_MS);
		if (a[i].way_ms > LATE_MS)
			plot_span_add(&row->late, ms, ms, PLOT_CENTRE, resolution);
		last = ms;
	}
	if (plot->to - last > row->interval_ms + GAP_MS + UNDER_WAY_MS)
		plot_span_add(&row->gaps, last, plot->to, PLOT_CENTRE, 0);
}

static void add_lost(const struct plot *plot, const struct probe_shared *s, const struct probe_pair *k, struct plot_row *row)
{
	uint32_t sent = atomic_load(&k->sent);

	for (size_t i = k->offset; i < k->offset + sent; i++) {
		double ms = since(plot, s->sent_ns[i]);

		if (!s->received_ns[i] && s->sent_ns[i] && ms >= plot->from && ms < plot->to - UNDER_WAY_MS)
			plot_span_add(&row->lost, ms, ms, PLOT_CENTRE, (plot->to - plot->from) / RESOLUTION);
	}
}

static size_t arrivals_of(const struct plot *plot, const struct probe_shared *s, const struct probe_pair *k,
			  struct arrival *out)
{
	uint32_t sent = atomic_load(&k->sent);
	size_t count = 0;

	for (size_t i = k->offset; i < k->offset + sent; i++) {
		double ms = since(plot, s->received_ns[i]);

		if (s->received_ns[i] && ms >= plot->from && ms <= plot->to)
			out[count++] = (struct arrival){ s->received_ns[i], (double)(s->received_ns[i] - s->sent_ns[i]) / 1e6,
							 s->hops[i] };
	}
	qsort(out, count, sizeof(*out), by_time);
	return count;
}

static void fill_row(struct plot *plot, const struct probes *p, uint32_t pair, struct plot_row *row)
{
	const struct probe_pair *k = &p->shared->pairs[pair];
	struct arrival *a = lab_calloc(atomic_load(&k->sent), sizeof(*a));

	row->from = plot->lab->plan->hosts[k->from].name;
	row->to = plot->lab->plan->hosts[k->to].name;
	row->family = k->family;
	row->interval_ms = k->interval_us / 1e3;
	for (size_t i = 0; i < plot->round->sample_count; i++) {
		const struct lab_sample *s = &plot->round->samples[i];

		if (s->pair != pair)
			continue;
		row->counted = true;
		row->affected = s->affected;
		row->class_name = lab_strdup(s->class_name);
		row->outage_ms = (double)s->outage_ns / 1e6;
		row->return_ms = (double)s->return_ns / 1e6;
	}
	if (!row->class_name)
		row->class_name = lab_strdup("not counted");
	add_arrivals(plot, k, a, arrivals_of(plot, p->shared, k, a), row);
	add_lost(plot, p->shared, k, row);
	free(a);
}

static int by_rank(const void *a, const void *b)
{
	const struct plot_row *x = a, *y = b;
	int by_class;

	if (x->affected != y->affected)
		return x->affected ? -1 : 1;
	if (x->counted != y->counted)
		return x->counted ? -1 : 1;
	by_class = strcmp(x->class_name, y->class_name);
	if (by_class)
		return by_class;
	if (strcmp(x->from, y->from) != 0)
		return strcmp(x->from, y->from);
	return strcmp(x->to, y->to) ? strcmp(x->to, y->to) : (int)x->family - (int)y->family;
}

void plot_data(struct plot *plot, const struct probes *p)
{
	plot->from = -BEFORE_MS;
	plot->to = since(plot, plot->round->end_ns);
	plot->row_count = p->shared->pair_count;
	plot->rows = lab_calloc(plot->row_count, sizeof(*plot->rows));
	for (uint32_t i = 0; i < p->shared->pair_count; i++)
		fill_row(plot, p, i, &plot->rows[i]);
	qsort(plot->rows, plot->row_count, sizeof(*plot->rows), by_rank);
}

void plot_done(struct plot *plot)
{
	for (size_t i = 0; i < plot->row_count; i++) {
		free(plot->rows[i].class_name);
		free(plot->rows[i].flows.list);
		free(plot->rows[i].gaps.list);
		free(plot->rows[i].lost.list);
		free(plot->rows[i].late.list);
	}
	free(plot->rows);
	free(plot->ticks);
}
