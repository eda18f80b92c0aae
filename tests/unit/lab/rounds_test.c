/* Figures over the rounds of a fault, and the spans of a plot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/memory.h"
#include "lab/plot.h"
#include "lab/rounds.h"

static const int64_t ms = 1000000;

static struct lab_round *add_round(struct lab_fault_result *f, size_t affected)
{
	struct lab_round *r = lab_append(&f->rounds, &f->round_count, sizeof(*r));

	r->pairs = 10;
	r->pairs_affected = affected;
	r->healed = r->broken.recovered = r->returned.recovered = true;
	return r;
}

static void add_sample(struct lab_round *r, const char *class_name, bool affected, int64_t outage_ms)
{
	struct lab_sample *s = lab_append(&r->samples, &r->sample_count, sizeof(*s));

	s->class_name = lab_strdup(class_name);
	s->affected = affected;
	s->outage_ns = outage_ms * ms;
	s->lost = 2;
}

static void test_all_rounds_count(void **state)
{
	struct lab_fault_result f = { 0 };
	struct lab_round *r;

	(void)state;
	r = add_round(&f, 2);
	add_sample(r, "in", true, 100);
	add_sample(r, "out", true, 50);
	add_sample(r, "direct", false, 900);
	r->broken.direct_sent = 40;
	r = add_round(&f, 1);
	add_sample(r, "in", true, 300);
	r->broken.direct_sent = 60;
	r->broken.direct_lost = 1;
	r->healed_s = 7;
	rounds_sum(&f);
	assert_int_equal(f.pairs_affected, 1);
	assert_true(f.broken.affected.max_ms == 300 && f.broken.affected.p50_ms == 100 && f.broken.all.max_ms == 900);
	assert_int_equal(f.broken.direct_sent, 100);
	assert_int_equal(f.broken.direct_lost, 1);
	assert_int_equal(f.class_count, 2);
	assert_string_equal(f.classes[0].name, "in");
	assert_true(f.classes[0].pairs == 1 && f.classes[0].outages == 2 && f.classes[0].lost == 4 &&
		    f.classes[0].outage.max_ms == 300);
	assert_true(f.classes[1].outages == 1 && f.classes[1].outage.max_ms == 50);
	assert_true(f.healed && f.broken.recovered && f.healed_s == 7);
	rounds_free(&f);
}

static void test_one_bad_round_is_not_forgotten(void **state)
{
	struct lab_fault_result f = { 0 };

	(void)state;
	add_round(&f, 1);
	add_round(&f, 1)->broken.recovered = false;
	add_round(&f, 1)->healed = false;
	rounds_sum(&f);
	assert_false(f.broken.recovered);
	assert_true(f.returned.recovered);
	assert_false(f.healed);
	rounds_free(&f);
}

static void test_where_nobody_was_heard_nothing_held(void **state)
{
	struct lab_fault_result f = { 0 };
	struct lab_round *r;

	(void)state;
	add_round(&f, 1);
	r = add_round(&f, 0);
	rounds_sum(&f);
	assert_true(rounds_held(&f));
	r->pairs = 0; /* all end behind it */
	assert_true(rounds_held(&f));
	*(char **)lab_append(&r->silent, &r->silent_count, sizeof(char *)) = lab_strdup("a -> b, before the fault");
	assert_false(rounds_held(&f));
	r->pairs = 1;
	assert_true(rounds_held(&f));
	f.healed = false;
	assert_false(rounds_held(&f));
	rounds_free(&f);
}

static void test_spans_grow_while_they_are_of_one_kind(void **state)
{
	struct plot_spans s = { 0 };

	(void)state;
	plot_span_add(&s, 0, 0, PLOT_DIRECT, 30);
	plot_span_add(&s, 0, 20, PLOT_DIRECT, 30);
	plot_span_add(&s, 40, 40, PLOT_DIRECT, 30);
	plot_span_add(&s, 40, 60, PLOT_RELAYED, 30);
	plot_span_add(&s, 200, 200, PLOT_RELAYED, 30);
	assert_int_equal(s.count, 3);
	assert_true(s.list[0].from == 0 && s.list[0].to == 40 && s.list[1].to == 60 && s.list[2].from == 200);
	free(s.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_rounds_count),
		cmocka_unit_test(test_one_bad_round_is_not_forgotten),
		cmocka_unit_test(test_where_nobody_was_heard_nothing_held),
		cmocka_unit_test(test_spans_grow_while_they_are_of_one_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
