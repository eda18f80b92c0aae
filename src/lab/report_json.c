/* report_json: the result of a test for machines; docs/schema/lab-test.json describes it. */
#include "lab/test.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Milliseconds and seconds to three digits. */
static json_t *number(double v) { return json_real(round(v * 1000) / 1000); }

static json_t *figures(const struct outage_figures *f)
{
	return json_pack("{s:o, s:o, s:o}", "p50", number(f->p50_ms), "p95", number(f->p95_ms), "max",
			 number(f->max_ms));
}

static json_t *lines(const struct lab *lab)
{
	json_t *unsupported = json_array();
	size_t honoured = 0, no_effect = 0;

	for (size_t i = 0; i < lab->config_count; i++) {
		const struct config *c = lab->configs[i];

		honoured += config_count(c, CONFIG_HONOURED);
		no_effect += config_count(c, CONFIG_NO_EFFECT);
		for (size_t k = 0; k < c->line_count; k++) {
			const struct config_line *l = &c->lines[k];
			const char *file = strrchr(l->file, '/');

			if (l->state == CONFIG_NOT_SUPPORTED || l->state == CONFIG_ERROR)
				json_array_append_new(unsupported,
					json_pack("{s:s, s:i, s:s, s:s}", "file", file ? file + 1 : l->file,
						  "line", (int)l->number, "text", l->text, "reason",
						  l->reason ? l->reason : "unknown"));
		}
	}
	return json_pack("{s:I, s:I, s:o}", "honoured", (json_int_t)honoured, "no_effect",
			 (json_int_t)no_effect, "unsupported", unsupported);
}

static json_t *fault(const struct lab_fault_result *f)
{
	json_t *classes = json_array(), *silent = json_array();

	for (size_t i = 0; i < f->silent_count; i++)
		json_array_append_new(silent, json_string(f->silent[i]));
	for (size_t i = 0; i < f->class_count; i++)
		json_array_append_new(classes, json_pack("{s:s, s:I, s:o}", "class", f->classes[i].name, "pairs",
							 (json_int_t)f->classes[i].pairs, "outage_ms",
							 figures(&f->classes[i].outage)));
	return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:o, s:o, s:o}", "fault", f->name,
			 "pairs", (json_int_t)f->pairs, "pairs_affected", (json_int_t)f->pairs_affected,
			 "pairs_cut_off", (json_int_t)f->cut_off, "outage_ms", figures(&f->affected),
			 "outage_all_ms", figures(&f->all), "lost", (json_int_t)f->lost, "late",
			 (json_int_t)f->late, "duplicates", (json_int_t)f->duplicates, "recovered",
			 f->recovered, "healed", f->healed, "healed_s", number(f->healed_s), "by_class",
			 classes, "silent", silent);
}

static json_t *notes(const struct lab *lab)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lab->plan->note_count; i++)
		json_array_append_new(list, json_string(lab->plan->notes[i]));
	return list;
}

void lab_report_json(const struct lab *lab, const struct lab_result *r, FILE *out)
{
	json_t *faults = json_array(), *j;

	for (size_t i = 0; i < r->fault_count; i++)
		json_array_append_new(faults, fault(&r->faults[i]));
	j = json_pack("{s:i, s:s, s:I, s:o, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:b}",
		      "schema", 1, "lab", lab->name, "routers", (json_int_t)lab->plan->router_count,
		      "converged_s", r->converged_s < 0 ? json_null() : number(r->converged_s), "lan_pairs",
		      (json_int_t)r->lan_pairs, "lan_reachable", (json_int_t)r->lan_reachable,
		      "direct_pairs", (json_int_t)r->direct_pairs, "registrations", "expected",
		      (json_int_t)r->expected, "up", (json_int_t)r->up, "first_flows", "pairs",
		      (json_int_t)r->first_pairs, "sent", (json_int_t)r->first_sent, "lost",
		      (json_int_t)r->first_lost, "lines", lines(lab), "notes", notes(lab), "faults", faults,
		      "ok", r->ok);
	if (!j)
		return;
	json_dumpf(j, out, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
	fputc('\n', out);
	json_decref(j);
}
