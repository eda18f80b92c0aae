/* The list of findings. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "design/design.h"

enum { PLACES_MAX = 64 };

const char *design_severity_text(enum design_severity s)
{
	static const char *const texts[DESIGN_SEVERITIES] = { "breaks", "degrades", "practice", "advice" };

	return texts[s];
}

struct design_finding *design_found(struct design *d, enum design_rule_id rule, const char *remedy, const char *format, ...)
{
	struct design_finding *f;
	va_list arguments;

	if ((d->finding_count & (d->finding_count - 1)) == 0)
		d->findings = alloc_array(d->findings, d->finding_count ? d->finding_count * 2 : 1, sizeof *d->findings);
	f = &d->findings[d->finding_count];
	*f = (struct design_finding){ .rule = rule, .severity = design_rules[rule].severity, .remedy = alloc_text(remedy),
				      .number = d->finding_count++ };
	va_start(arguments, format);
	if (vasprintf(&f->text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return f;
}

static void place(struct design_finding *f, struct design_place p)
{
	if (!p.line || f->place_count == PLACES_MAX)
		return;
	for (size_t i = 0; i < f->place_count; i++) {
		if (f->places[i].line == p.line && f->places[i].file == p.file)
			return;
	}
	if (!f->places)
		f->places = alloc_zero(PLACES_MAX, sizeof *f->places);
	f->places[f->place_count++] = p;
}

void finding_place(struct design_finding *f, const struct config *c, unsigned line)
{
	place(f, (struct design_place){ c->name, line });
}

static int by_place(const struct design_place *a, const struct design_place *b)
{
	const int order = strcmp(a->file, b->file);

	return order ? order : a->line < b->line ? -1 : a->line > b->line;
}

static int by_weight(const void *a, const void *b)
{
	const struct design_finding *x = a, *y = b;
	int order;

	if (x->severity != y->severity)
		return x->severity < y->severity ? -1 : 1;
	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	order = by_place(&x->places[0], &y->places[0]);
	return order ? order : x->number < y->number ? -1 : x->number > y->number;
}

static void finding_done(struct design_finding *f)
{
	free(f->text);
	free(f->remedy);
	free(f->places);
}

/* One wrong line is one finding, however many suffer from it. */
static void merge(struct design_finding *into, struct design_finding *f)
{
	for (size_t i = 0; i < f->place_count; i++)
		place(into, f->places[i]);
	into->others += strcmp(into->text, f->text) != 0;
	finding_done(f);
}

static void say_others(struct design_finding *f)
{
	char *text;

	if (!f->others)
		return;
	if (asprintf(&text, "%s (and %zu more of the kind)", f->text, f->others) < 0)
		abort();
	free(f->text);
	f->text = text;
}

void design_sort(struct design *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->finding_count; i++)
		assert(d->findings[i].place_count);
	if (d->finding_count)
		qsort(d->findings, d->finding_count, sizeof *d->findings, by_weight);
	for (size_t i = 0; i < d->finding_count; i++) {
		struct design_finding *f = &d->findings[i], *last = kept ? &d->findings[kept - 1] : NULL;

		if (last && last->rule == f->rule && !by_place(&last->places[0], &f->places[0]))
			merge(last, f);
		else
			d->findings[kept++] = *f;
	}
	d->finding_count = kept;
	for (size_t i = 0; i < kept; i++)
		say_others(&d->findings[i]);
}

size_t design_count(const struct design *d, enum design_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < d->finding_count; i++)
		count += d->findings[i].severity == severity;
	return count;
}
