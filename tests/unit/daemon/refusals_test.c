#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/refusals.h"

static struct refusals r;

static struct instant at_s(int64_t s)
{
	return instant_add(INSTANT_ZERO, span_s(s));
}

static int start(void **state)
{
	(void)state;
	r = (struct refusals){ 0 };
	return 0;
}

/* One attempt of a caller as charon tells it; whether that is worth a line. */
static bool attempt(uint32_t ike_id, const char *peer, enum ike_cause cause, int64_t s)
{
	char line[128];
	bool say;

	snprintf(line, sizeof line, "%s is initiating an IKE_SA", peer);
	refusals_read(&r, ike_id, line);
	assert_non_null(refusals_note(&r, at_s(s), ike_id, cause, &say));
	return say;
}

static void test_caller_is_named(void **state)
{
	const struct refusal *x;
	bool say;

	(void)state;
	refusals_read(&r, 7, "198.51.100.6 is initiating an IKE_SA");
	refusals_read(&r, 7, "looking for peer configs matching 192.0.2.2[%any]...198.51.100.6[spoke1]");
	x = refusals_note(&r, at_s(1), 7, IKE_CAUSE_AUTH_OF_PEER, &say);
	assert_non_null(x);
	assert_true(say);
	assert_string_equal(x->claims, "spoke1");
	assert_int_equal(x->attempts, 1);
	assert_null(refusals_note(&r, at_s(1), 8, IKE_CAUSE_AUTH_OF_PEER, &say)); /* one that we began */
	assert_null(refusals_note(&r, at_s(1), 7, IKE_CAUSE_NO_ANSWER, &say));    /* nobody is refused for that */
}

/* A stranger's identity may hold anything. */
static void test_claims_are_made_harmless(void **state)
{
	bool say;

	(void)state;
	refusals_read(&r, 7, "198.51.100.6 is initiating an IKE_SA");
	refusals_read(&r, 7, "looking for peer configs matching 192.0.2.2[a]...198.51.100.6[a\"\n\x1b]b]");
	assert_string_equal(refusals_note(&r, at_s(1), 7, IKE_CAUSE_IDENTITY, &say)->claims, "a???]b");
}

static void test_said_once(void **state)
{
	(void)state;
	assert_true(attempt(1, "198.51.100.6", IKE_CAUSE_AUTH_OF_PEER, 1));
	assert_false(attempt(2, "198.51.100.6", IKE_CAUSE_AUTH_OF_PEER, 4));
	assert_true(attempt(3, "198.51.100.6", IKE_CAUSE_IKE_PROPOSAL, 7));
	assert_false(attempt(4, "198.51.100.6", IKE_CAUSE_IKE_PROPOSAL, 606));
	assert_true(attempt(5, "198.51.100.6", IKE_CAUSE_IKE_PROPOSAL, 607));
	assert_int_equal(refusals_at(&r, at_s(607), 0)->attempts, 5);
	refusals_read(&r, 5, "IKE_SA DMVPN@192.0.2.2[5] established between 192.0.2.2[a]...198.51.100.6[b]");
	assert_non_null(refusals_at(&r, at_s(607), 0)); /* ESP may be refused yet, again and again */
	refusals_forget(&r, &refusals_at(&r, at_s(607), 0)->peer);
	assert_null(refusals_at(&r, at_s(607), 0));
}

/* A peer's old certificate is known and its new one is not trusted: each attempt shows both causes. */
static void test_causes_that_take_turns_are_said_once(void **state)
{
	(void)state;
	assert_true(attempt(1, "198.51.100.6", IKE_CAUSE_AUTH_OF_PEER, 1));
	assert_true(attempt(2, "198.51.100.6", IKE_CAUSE_CERT_UNTRUSTED, 2));
	for (uint32_t i = 3; i < 100; i++)
		assert_false(attempt(i, "198.51.100.6", i % 2 ? IKE_CAUSE_AUTH_OF_PEER : IKE_CAUSE_CERT_UNTRUSTED, i));
}

static void test_old_ones_are_not_shown(void **state)
{
	(void)state;
	attempt(1, "198.51.100.6", IKE_CAUSE_AUTH_OF_PEER, 1);
	attempt(2, "198.51.100.7", IKE_CAUSE_AUTH_OF_PEER, 500);
	assert_non_null(refusals_at(&r, at_s(600), 1));
	assert_null(refusals_at(&r, at_s(601), 1));
}

static void test_many_strangers(void **state)
{
	size_t count = 0;

	(void)state;
	for (uint32_t i = 1; i <= 1000; i++) {
		char peer[32];

		snprintf(peer, sizeof peer, "10.0.%u.%u", i / 250, i % 250 + 1);
		attempt(i, peer, IKE_CAUSE_AUTH_OF_PEER, 1 + i / 10);
	}
	while (refusals_at(&r, at_s(101), count))
		count++;
	assert_int_equal(count, REFUSALS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_caller_is_named, start), cmocka_unit_test_setup(test_claims_are_made_harmless, start),
		cmocka_unit_test_setup(test_said_once, start),
		cmocka_unit_test_setup(test_causes_that_take_turns_are_said_once, start),
		cmocka_unit_test_setup(test_old_ones_are_not_shown, start),
		cmocka_unit_test_setup(test_many_strangers, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
