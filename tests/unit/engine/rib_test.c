#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/prng.h"
#include "engine/rib.h"

static struct ipprefix prefix(const char *text)
{
	struct ipprefix p;

	assert_true(ipprefix_parse(text, &p));
	return p;
}

static struct ipaddr addr(const char *text)
{
	struct ipaddr a;

	assert_true(ipaddr_parse(text, &a));
	return a;
}

static void add(struct rib *r, const char *dst, uint32_t tunnel)
{
	const struct route x = { .dst = prefix(dst), .via_tunnel = true, .tunnel = tunnel };

	rib_set(r, &x);
}

static uint32_t match(const struct rib *r, const char *text, uint8_t max_len)
{
	const struct ipaddr a = addr(text);
	const struct route *const x = rib_match(r, &a, max_len);

	return x ? x->tunnel : 0;
}

static void longest_match(void **state)
{
	const struct ipprefix gone = prefix("10.1.0.0/16");
	struct rib r;

	(void)state;
	rib_init(&r, 0);
	add(&r, "0.0.0.0/0", 1);
	add(&r, "10.0.0.0/8", 2);
	add(&r, "10.1.0.0/16", 3);
	add(&r, "10.1.1.1/32", 4);
	add(&r, "2001:db8::/32", 5);
	assert_int_equal(match(&r, "10.1.1.1", 32), 4);
	assert_int_equal(match(&r, "10.1.1.1", 31), 3);
	assert_int_equal(match(&r, "10.1.1.2", 32), 3);
	assert_int_equal(match(&r, "10.2.0.1", 32), 2);
	assert_int_equal(match(&r, "11.0.0.1", 32), 1);
	assert_int_equal(match(&r, "2001:db8::1", 128), 5);
	assert_int_equal(match(&r, "2001:db9::1", 128), 0);
	rib_del(&r, &gone);
	rib_del(&r, &gone);
	assert_int_equal(match(&r, "10.1.1.2", 32), 2);
	add(&r, "10.0.0.0/8", 7);
	assert_int_equal(match(&r, "10.1.1.2", 32), 7);
	/* lengths that no route has are not looked for */
	add(&r, "11.0.0.0/8", 8);
	assert_true(r.v4_lengths[8] == 2 && r.v4_lengths[16] == 0 && r.v4_lengths[32] == 1 && r.v6_lengths[32] == 1);
	rib_done(&r);
}

static void walk_inside(void **state)
{
	static const char *const inside[] = { "10.1.0.0/24", "10.1.0.0/25", "10.1.128.0/17", "10.1.255.255/32" };
	const struct ipprefix wide = prefix("10.1.0.0/16");
	const struct route *x = NULL;
	struct rib r;

	(void)state;
	rib_init(&r, 0);
	add(&r, "10.0.0.0/8", 1);
	add(&r, "10.1.0.0/16", 1);
	add(&r, "10.2.0.0/24", 1);
	for (size_t i = 0; i < 4; i++)
		add(&r, inside[3 - i], 1);
	for (size_t i = 0; i < 4; i++) {
		const struct ipprefix expected = prefix(inside[i]);

		x = rib_next_inside(&r, &wide, x);
		assert_non_null(x);
		assert_true(ipprefix_eq(&x->dst, &expected));
	}
	assert_null(rib_next_inside(&r, &wide, x));
	rib_done(&r);
}

static void locals_are_apart(void **state)
{
	const struct ipprefix host = prefix("10.0.0.1/32");
	const struct ipaddr a = addr("10.0.0.1");
	struct rib r;

	(void)state;
	rib_init(&r, 0);
	add(&r, "10.0.0.1/32", 9);
	assert_false(rib_is_local(&r, &a));
	rib_set_local(&r, &host);
	assert_true(rib_is_local(&r, &a));
	rib_del(&r, &host);
	assert_true(rib_is_local(&r, &a));
	rib_del_local(&r, &host);
	assert_false(rib_is_local(&r, &a));
	rib_done(&r);
}

/* Against the obvious: try every route. */
static void agrees_with_a_list(void **state)
{
	static struct ipprefix list[300];
	struct prng random;
	struct rib r;

	(void)state;
	rib_init(&r, 0);
	prng_init(&random, 3);
	for (size_t i = 0; i < 300; i++) {
		const struct ipaddr a = ipaddr_v4(0x0a000000u | (uint32_t)prng_below(&random, 1 << 12) << 12);
		const struct route x = { .dst = list[i] = ipprefix_make(&a, (uint8_t)(8 + prng_below(&random, 17))) };

		rib_set(&r, &x);
	}
	for (int i = 0; i < 5000; i++) {
		const struct ipaddr a = ipaddr_v4(0x0a000000u | (uint32_t)prng_below(&random, 1 << 24));
		const struct route *const got = rib_match(&r, &a, 32);
		const struct ipprefix *best = NULL;

		for (size_t j = 0; j < 300; j++)
			if (ipprefix_contains(&list[j], &a) && (!best || list[j].len > best->len))
				best = &list[j];
		assert_true(best ? got && ipprefix_eq(&got->dst, best) : !got);
	}
	rib_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(longest_match),
		cmocka_unit_test(walk_inside),
		cmocka_unit_test(locals_are_apart),
		cmocka_unit_test(agrees_with_a_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
