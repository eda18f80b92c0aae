#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab/outage.h"

enum { N = 500 };

static const int64_t ms = 1000000;

/* Probes every 20 ms, each under way for 3 ms. */
static void steady(int64_t *sent, int64_t *received)
{
	for (int i = 0; i < N; i++) {
		sent[i] = (1000 + 20 * i) * ms;
		received[i] = sent[i] + 3 * ms;
	}
}

static void test_no_loss_is_no_outage(void **state)
{
	int64_t sent[N], received[N];
	struct outage o;

	(void)state;
	steady(sent, received);
	o = outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms);
	assert_int_equal(o.ns, 0);
	assert_true(o.recovered);
	assert_int_equal(o.lost, 0);
}

static void test_gap_around_the_fault_less_the_interval(void **state)
{
	int64_t sent[N], received[N];
	struct outage o;

	(void)state;
	steady(sent, received);
	for (int i = 100; i < 110; i++) /* sent at 3000 … 3180 */
		received[i] = 0;
	o = outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms);
	assert_int_equal(o.ns, 200 * ms); /* 2983 -> 3203, less 20 */
	assert_int_equal(o.lost, 10);
	assert_true(o.recovered);
}

static void test_gap_before_the_fault_does_not_count(void **state)
{
	int64_t sent[N], received[N];
	struct outage o;

	(void)state;
	steady(sent, received);
	for (int i = 20; i < 60; i++)
		received[i] = 0;
	o = outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms);
	assert_int_equal(o.ns, 0);
	assert_int_equal(o.lost, 40);
}

static void test_the_longest_of_two_gaps(void **state)
{
	int64_t sent[N], received[N];

	(void)state;
	steady(sent, received);
	for (int i = 100; i < 105; i++)
		received[i] = 0;
	for (int i = 200; i < 230; i++)
		received[i] = 0;
	assert_int_equal(outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms).ns, 600 * ms);
}

static void test_arrivals_out_of_order(void **state)
{
	int64_t sent[N], received[N];

	(void)state;
	steady(sent, received);
	received[100] = 3150 * ms; /* held up on a detour, overtaken by seven others */
	assert_int_equal(outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms).ns, 20 * ms);
}

static void test_silent_at_the_end_has_not_recovered(void **state)
{
	int64_t sent[N], received[N];
	struct outage o;

	(void)state;
	steady(sent, received);
	for (int i = 100; i < N; i++)
		received[i] = 0;
	o = outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms);
	assert_false(o.recovered);
	assert_int_equal(o.ns, (11000 - 2983 - 20) * ms);
}

static void test_never_heard(void **state)
{
	int64_t sent[N], received[N] = { 0 }, other[N];
	struct outage o;

	(void)state;
	steady(sent, other);
	o = outage_of(sent, received, N, 20 * ms, 3000 * ms, 11000 * ms);
	assert_false(o.recovered);
	assert_int_equal(o.ns, 7980 * ms);
}

static void test_figures_are_nearest_ranks(void **state)
{
	int64_t ns[20];
	struct outage_figures f;

	(void)state;
	for (int i = 0; i < 20; i++)
		ns[i] = (20 - i) * ms;
	f = outage_figures(ns, 20);
	assert_true(f.p50_ms > 9.999 && f.p50_ms < 10.001);
	assert_true(f.p95_ms > 18.999 && f.p95_ms < 19.001);
	assert_true(f.max_ms > 19.999 && f.max_ms < 20.001);
	f = outage_figures(ns, 0);
	assert_true(f.max_ms == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_loss_is_no_outage),
		cmocka_unit_test(test_gap_around_the_fault_less_the_interval),
		cmocka_unit_test(test_gap_before_the_fault_does_not_count),
		cmocka_unit_test(test_the_longest_of_two_gaps),
		cmocka_unit_test(test_arrivals_out_of_order),
		cmocka_unit_test(test_silent_at_the_end_has_not_recovered),
		cmocka_unit_test(test_never_heard),
		cmocka_unit_test(test_figures_are_nearest_ranks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
