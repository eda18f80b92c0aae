/* rounds_sum: figures over all rounds of a fault. Pure. */
#include "lab/rounds.h"

#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"

struct list { /* of outages */
	size_t count;
	int64_t *ns;
};

static void list_add(struct list *l, int64_t ns)
{
	*(int64_t *)lab_append(&l->ns, &l->count, sizeof(ns)) = ns;
}

static struct outage_figures list_figures(struct list *l)
{
	struct outage_figures f = outage_figures(l->ns, l->count);

	free(l->ns);
	*l = (struct list){ 0 };
	return f;
}

static void sum_phases(struct lab_fault_result *out)
{
	struct list lists[4] = { 0 };

	for (size_t i = 0; i < out->round_count; i++)
		for (size_t k = 0; k < out->rounds[i].sample_count; k++) {
			const struct lab_sample *s = &out->rounds[i].samples[k];

			list_add(&lists[0], s->outage_ns);
			list_add(&lists[1], s->return_ns);
			if (!s->affected)
				continue;
			list_add(&lists[2], s->outage_ns);
			list_add(&lists[3], s->return_ns);
		}
	out->broken.all = list_figures(&lists[0]);
	out->returned.all = list_figures(&lists[1]);
	out->broken.affected = list_figures(&lists[2]);
	out->returned.affected = list_figures(&lists[3]);
}

static void add_phase(struct lab_phase *sum, const struct lab_phase *one)
{
	sum->lost += one->lost;
	sum->direct_sent += one->direct_sent;
	sum->direct_lost += one->direct_lost;
	sum->recovered &= one->recovered;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static void sum_counts(struct lab_fault_result *out)
{
	for (size_t i = 0; i < out->round_count; i++) {
		const struct lab_round *r = &out->rounds[i];

		out->pairs = i ? least(out->pairs, r->pairs) : r->pairs;
		out->cut_off = i ? least(out->cut_off, r->cut_off) : r->cut_off;
		out->pairs_affected = i ? least(out->pairs_affected, r->pairs_affected) : r->pairs_affected;
		out->pairs_direct = i ? least(out->pairs_direct, r->pairs_direct) : r->pairs_direct;
		out->late += r->late;
		out->duplicates += r->duplicates;
		out->healed &= r->healed;
		out->healed_s = r->healed_s > out->healed_s ? r->healed_s : out->healed_s;
		add_phase(&out->broken, &r->broken);
		add_phase(&out->returned, &r->returned);
	}
}

static struct lab_class_result *class_of(struct lab_fault_result *out, const char *name)
{
	struct lab_class_result *c;

	for (size_t i = 0; i < out->class_count; i++)
		if (strcmp(out->classes[i].name, name) == 0)
			return &out->classes[i];
	c = lab_append(&out->classes, &out->class_count, sizeof(*c));
	c->name = lab_strdup(name);
	return c;
}

static void sum_class(const struct lab_fault_result *out, struct lab_class_result *c)
{
	struct list l = { 0 };

	for (size_t i = 0; i < out->round_count; i++) {
		size_t before = l.count;

		for (size_t k = 0; k < out->rounds[i].sample_count; k++) {
			const struct lab_sample *s = &out->rounds[i].samples[k];

			if (!s->affected || strcmp(s->class_name, c->name) != 0)
				continue;
			list_add(&l, s->outage_ns);
			c->lost += s->lost;
		}
		c->pairs = l.count - before > c->pairs ? l.count - before : c->pairs;
	}
	c->outages = l.count;
	c->outage = list_figures(&l);
}

void rounds_sum(struct lab_fault_result *out)
{
	out->healed = out->broken.recovered = out->returned.recovered = true;
	sum_counts(out);
	sum_phases(out);
	for (size_t i = 0; i < out->round_count; i++)
		for (size_t k = 0; k < out->rounds[i].sample_count; k++)
			if (out->rounds[i].samples[k].affected)
				class_of(out, out->rounds[i].samples[k].class_name);
	for (size_t i = 0; i < out->class_count; i++)
		sum_class(out, &out->classes[i]);
}

bool rounds_held(const struct lab_fault_result *f)
{
	for (size_t i = 0; i < f->round_count; i++)
		if (f->rounds[i].pairs == 0 && f->rounds[i].silent_count > 0)
			return false;
	return f->broken.recovered && f->returned.recovered && f->healed;
}

void rounds_free(struct lab_fault_result *out)
{
	for (size_t i = 0; i < out->class_count; i++)
		free(out->classes[i].name);
	for (size_t i = 0; i < out->round_count; i++) {
		struct lab_round *r = &out->rounds[i];

		for (size_t k = 0; k < r->sample_count; k++)
			free(r->samples[k].class_name);
		for (size_t k = 0; k < r->silent_count; k++)
			free(r->silent[k]);
		free(r->samples);
		free(r->silent);
	}
	free(out->classes);
	free(out->rounds);
}
