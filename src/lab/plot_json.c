/* plot_json: the data of a plot; docs/schema/lab-plot.json describes it. */
#include "lab/plot.h"

#include <jansson.h>
#include <math.h>

/* Milliseconds to a microsecond. */
static json_t *ms(double v) { return json_real(round(v * 1000) / 1000); }

static const char *const kinds[PLOT_KINDS] = { "direct", "relayed", "centre" };

static json_t *spans(const struct plot_spans *s, bool with_kind)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++) {
		json_t *one = json_pack("{s:o, s:o}", "from_ms", ms(s->list[i].from), "to_ms", ms(s->list[i].to));

		if (with_kind)
			json_object_set_new(one, "way", json_string(kinds[s->list[i].kind]));
		json_array_append_new(list, one);
	}
	return list;
}

static json_t *row(const struct plot_row *r)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "from", r->from, "to", r->to,
			 "family", (int)r->family, "class", r->class_name, "counted", r->counted, "affected", r->affected,
			 "interval_ms", ms(r->interval_ms), "outage_ms", ms(r->outage_ms), "return_ms", ms(r->return_ms),
			 "flows", spans(&r->flows, true), "gaps", spans(&r->gaps, false), "lost", spans(&r->lost, false),
			 "late", spans(&r->late, false));
}

static const char *const tick_kinds[] = { [PLOT_ROUTE] = "route", [PLOT_EVENT] = "event", [PLOT_FRR] = "frr" };

static json_t *tick(const struct plot *plot, const struct plot_tick *t)
{
	return json_pack("{s:o, s:s, s:s, s:s}", "ms", ms(t->ms), "router", plot->lab->plan->routers[t->router].name,
			 "kind", tick_kinds[t->kind], "text", t->text);
}

void plot_json(const struct plot *plot, FILE *out)
{
	json_t *marks = json_array(), *pairs = json_array(), *ticks = json_array(), *j;

	for (size_t i = 0; i < plot->round->marks.count; i++) {
		const struct fault_mark *m = &plot->round->marks.marks[i];

		json_array_append_new(marks, json_pack("{s:o, s:b, s:s}", "ms",
						       ms((double)(m->ns - plot->round->fault_ns) / 1e6), "heal", m->heal,
						       "what", m->text));
	}
	for (size_t i = 0; i < plot->row_count; i++)
		json_array_append_new(pairs, row(&plot->rows[i]));
	for (size_t i = 0; i < plot->tick_count; i++)
		json_array_append_new(ticks, tick(plot, &plot->ticks[i]));
	j = json_pack("{s:i, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "schema", 1, "lab", plot->lab->name, "fault", plot->name,
		      "from_ms", ms(plot->from), "to_ms", ms(plot->to), "marks", marks, "pairs", pairs, "routers", ticks);
	if (!j)
		return;
	json_dumpf(j, out, JSON_COMPACT | JSON_REAL_PRECISION(10));
	fputc('\n', out);
	json_decref(j);
}
