/* The window against a plain list of what was seen. */
#include "fixture.h"

#include "base/prng.h"

enum { SPAN = 6000 };

static void compare_run(uint32_t window, uint64_t seed)
{
	struct esp_replay r = { .window = window };
	static bool seen[SPAN];
	uint64_t highest = 0;
	struct prng p;

	memset(seen, 0, sizeof seen);
	prng_init(&p, seed);
	for (int i = 0; i < 20000; i++) {
		/* Around the highest, now and then far ahead. */
		const uint64_t jump = prng_below(&p, 100) == 0 ? 700 : 2 * window + 8;
		uint64_t s = highest + prng_below(&p, jump);

		s = s > window + 4 ? s - window - 4 : s;
		if (s >= SPAN)
			break;
		const bool expected = s > 0 && (s > highest || (highest - s < window && !seen[s]));

		assert_int_equal(esp_replay_fresh(&r, s), expected);
		if (!expected)
			continue;
		esp_replay_take(&r, s);
		seen[s] = true;
		highest = s > highest ? s : highest;
		assert_int_equal(r.highest, highest);
	}
}

static void test_against_list(void **state)
{
	const uint32_t windows[] = { 1, 2, 31, 32, 63, 64, 65, 128, 512, 1024, ESP_REPLAY_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
		for (uint64_t seed = 1; seed <= 20; seed++)
			compare_run(windows[i], seed);
	}
}

static void test_far_ahead(void **state)
{
	struct esp_replay r = { .window = ESP_REPLAY_MAX };

	(void)state;
	for (uint64_t s = 1; s <= 3000; s++)
		esp_replay_take(&r, s);
	esp_replay_take(&r, UINT64_C(1) << 40);
	assert_false(esp_replay_fresh(&r, 3000));
	assert_false(esp_replay_fresh(&r, UINT64_C(1) << 40));
	for (uint64_t back = 1; back < ESP_REPLAY_MAX; back++)
		assert_true(esp_replay_fresh(&r, (UINT64_C(1) << 40) - back));
	assert_false(esp_replay_fresh(&r, (UINT64_C(1) << 40) - ESP_REPLAY_MAX));
}

static void test_no_window(void **state)
{
	struct esp_replay r = { .window = 0 };

	(void)state;
	esp_replay_take(&r, 100000);
	esp_replay_take(&r, 5);
	assert_true(esp_replay_fresh(&r, 5));
	assert_true(esp_replay_fresh(&r, 100000));
	assert_false(esp_replay_fresh(&r, 0));
	assert_int_equal(r.highest, 100000);
}

static void test_extend(void **state)
{
	struct esp_replay r = { .window = 64, .highest = (UINT64_C(5) << 32) + 10 };

	(void)state;
	assert_int_equal(esp_replay_extend(&r, 10), (UINT64_C(5) << 32) + 10);
	assert_int_equal(esp_replay_extend(&r, 11), (UINT64_C(5) << 32) + 11);
	assert_int_equal(esp_replay_extend(&r, 0), UINT64_C(5) << 32);
	/* 64 packets back from 10 begin at 2^32 - 53 of the round before. */
	assert_int_equal(esp_replay_extend(&r, UINT32_MAX), (UINT64_C(4) << 32) + UINT32_MAX);
	assert_int_equal(esp_replay_extend(&r, UINT32_MAX - 52), (UINT64_C(4) << 32) + UINT32_MAX - 52);
	assert_int_equal(esp_replay_extend(&r, UINT32_MAX - 53), (UINT64_C(5) << 32) + UINT32_MAX - 53);
	r.highest = (UINT64_C(5) << 32) + 1000;
	assert_int_equal(esp_replay_extend(&r, 937), (UINT64_C(5) << 32) + 937);
	assert_int_equal(esp_replay_extend(&r, 936), (UINT64_C(6) << 32) + 936);
	assert_int_equal(esp_replay_extend(&r, UINT32_MAX), (UINT64_C(5) << 32) + UINT32_MAX);
	/* At the very beginning there is no round before. */
	r.highest = 0;
	assert_int_equal(esp_replay_extend(&r, 1), 1);
	assert_int_equal(esp_replay_extend(&r, UINT32_MAX), UINT32_MAX);
}

static void test_restore(void **state)
{
	for (uint64_t highest = 1; highest < 300; highest += 7) {
		struct esp_replay r = { .window = 1024 };

		(void)state;
		esp_replay_restore(&r, highest, 0x80000005);
		assert_int_equal(r.highest, highest);
		for (uint64_t s = 1; s <= highest; s++) {
			const bool seen = highest - s >= 32 || 0x80000005 >> (highest - s) & 1;

			assert_int_equal(esp_replay_fresh(&r, s), !seen);
		}
		if (highest >= 32)
			assert_int_equal(esp_replay_last(&r), 0x80000005);
		for (uint64_t s = highest + 1; s < highest + 200; s++) {
			assert_true(esp_replay_fresh(&r, s));
			esp_replay_take(&r, s);
			assert_false(esp_replay_fresh(&r, s));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_list), cmocka_unit_test(test_far_ahead),
		cmocka_unit_test(test_no_window),    cmocka_unit_test(test_extend),
		cmocka_unit_test(test_restore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
