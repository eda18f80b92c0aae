/* report_json: the result of a test for machines; docs/schema/lab-test.json describes it. */
#include "lab/test.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/eigrp.h"

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

static json_t *strings(char *const *list, size_t count)
{
	json_t *j = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(j, json_string(list[i]));
	return j;
}

static json_t *classes(const struct lab_fault_result *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->class_count; i++)
		json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:I, s:o}", "class", f->classes[i].name, "pairs",
						      (json_int_t)f->classes[i].pairs, "outages",
						      (json_int_t)f->classes[i].outages, "lost",
						      (json_int_t)f->classes[i].lost, "outage_ms",
						      figures(&f->classes[i].outage)));
	return list;
}

static json_t *direct(size_t pairs, const struct lab_phase *p)
{
	return json_pack("{s:I, s:I, s:I}", "pairs", (json_int_t)pairs, "sent", (json_int_t)p->direct_sent, "lost",
			 (json_int_t)p->direct_lost);
}

static json_t *sample(const struct lab *lab, const struct probes *p, const struct lab_sample *s)
{
	const struct probe_pair *k = &p->shared->pairs[s->pair];

	return json_pack("{s:s, s:s, s:i, s:s, s:b, s:o, s:o, s:I, s:I, s:I}", "from", lab->plan->hosts[k->from].name, "to",
			 lab->plan->hosts[k->to].name, "family", (int)k->family, "class", s->class_name, "affected",
			 s->affected, "outage_ms", number((double)s->outage_ns / 1e6), "return_ms",
			 number((double)s->return_ns / 1e6), "sent", (json_int_t)s->sent, "lost", (json_int_t)s->lost,
			 "late", (json_int_t)s->late);
}

static json_t *one_round(const struct lab *lab, const struct probes *p, const struct lab_round *r)
{
	json_t *samples = json_array(), *marks = json_array();

	for (size_t i = 0; i < r->sample_count; i++)
		json_array_append_new(samples, sample(lab, p, &r->samples[i]));
	for (size_t i = 0; i < r->marks.count; i++)
		json_array_append_new(marks, json_pack("{s:o, s:b, s:s}", "ms",
						       number((double)(r->marks.marks[i].ns - r->fault_ns) / 1e6), "heal",
						       r->marks.marks[i].heal, "what", r->marks.marks[i].text));
	return json_pack("{s:o, s:I, s:I, s:I, s:b, s:b, s:b, s:o, s:o, s:I, s:o, s:o, s:o, s:o}", "broken_s",
			 number((double)r->broken_ns / 1e9), "pairs", (json_int_t)r->pairs,
			 "pairs_affected", (json_int_t)r->pairs_affected, "lost", (json_int_t)r->broken.lost, "recovered",
			 r->broken.recovered && r->returned.recovered, "healed", r->healed, "as_before", r->as_before,
			 "healed_s", number(r->healed_s), "direct", direct(r->pairs_direct, &r->broken), "nhs_down",
			 (json_int_t)r->nhs_down, "stall_ms",
			 number((double)r->stall_ns / 1e6), "marks", marks,
			 "silent", strings(r->silent, r->silent_count), "samples", samples);
}

static json_t *fault(const struct lab *lab, const struct probes *p, const struct lab_fault_result *f)
{
	json_t *rounds = json_array(), *silent = json_array(), *back, *j;

	for (size_t i = 0; i < f->round_count; i++) {
		json_array_append_new(rounds, one_round(lab, p, &f->rounds[i]));
		for (size_t k = 0; k < f->rounds[i].silent_count; k++)
			json_array_append_new(silent, json_string(f->rounds[i].silent[k]));
	}
	j = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:b, s:b, s:o, s:o, s:o}", "fault", f->name, "rounds",
		      (json_int_t)f->round_count, "pairs", (json_int_t)f->pairs, "pairs_affected",
		      (json_int_t)f->pairs_affected, "pairs_cut_off", (json_int_t)f->cut_off, "outage_ms",
		      figures(&f->broken.affected), "outage_all_ms", figures(&f->broken.all), "lost",
		      (json_int_t)f->broken.lost, "late", (json_int_t)f->late, "duplicates", (json_int_t)f->duplicates,
		      "recovered", f->broken.recovered && f->returned.recovered, "healed", f->healed, "healed_s",
		      number(f->healed_s), "by_class", classes(f), "silent", silent);
	back = json_pack("{s:o, s:o, s:I, s:o}", "outage_ms", figures(&f->returned.affected), "outage_all_ms",
			 figures(&f->returned.all), "lost", (json_int_t)f->returned.lost, "direct",
			 direct(f->pairs_direct, &f->returned));
	json_object_set_new(j, "direct", direct(f->pairs_direct, &f->broken));
	json_object_set_new(j, "return", back);
	json_object_set_new(j, "by_round", rounds);
	return j;
}

static json_t *notes(const struct lab *lab)
{
	json_t *list = json_array();

	for (size_t i = 0; i < lab->plan->note_count; i++)
		json_array_append_new(list, json_string(lab->plan->notes[i]));
	return list;
}

/* What stands for each line of EIGRP's. */
static json_t *mapping(const struct lab *lab)
{
	char *text = NULL, *at, *line;
	json_t *list = json_array();
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return list;
	lab_eigrp_report(lab, out);
	fclose(out);
	at = text;
	while (at && (line = strsep(&at, "\n")))
		if (*line)
			json_array_append_new(list, json_string(line + strspn(line, " ")));
	free(text);
	return list;
}

static json_t *unreachable(const struct lab *lab, const struct probes *p, const struct lab_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; r->pairs && i < r->lan_pairs; i++)
		if (!r->pairs[i].reachable)
			json_array_append_new(list, json_sprintf("%s -> %s", lab->plan->hosts[p->shared->pairs[i].from].name,
								 lab->plan->hosts[p->shared->pairs[i].to].name));
	return list;
}

void lab_report_json(const struct lab *lab, const struct probes *p, const struct lab_result *r, FILE *out)
{
	json_t *faults = json_array(), *j;

	for (size_t i = 0; i < r->fault_count; i++)
		json_array_append_new(faults, fault(lab, p, &r->faults[i]));
	j = json_pack("{s:i, s:s, s:I, s:o, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:b, s:o, s:s}",
		      "schema", 1, "lab", lab->name, "routers", (json_int_t)lab->plan->router_count,
		      "converged_s", r->converged_s < 0 ? json_null() : number(r->converged_s), "lan_pairs",
		      (json_int_t)r->lan_pairs, "lan_reachable", (json_int_t)r->lan_reachable,
		      "direct_pairs", (json_int_t)r->direct_pairs, "registrations", "expected",
		      (json_int_t)r->expected, "up", (json_int_t)r->up, "first_flows", "pairs",
		      (json_int_t)r->first_pairs, "sent", (json_int_t)r->first_sent, "lost",
		      (json_int_t)r->first_lost, "lines", lines(lab), "notes", notes(lab), "faults", faults,
		      "ok", r->ok, "unreachable", unreachable(lab, p, r), "eigrp", lab->eigrp_bgp ? "bgp" : "eigrpd");
	if (j && lab->eigrp_bgp)
		json_object_set_new(j, "eigrp_by_bgp", mapping(lab));
	if (!j)
		return;
	json_dumpf(j, out, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
	fputc('\n', out);
	json_decref(j);
}
