#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/prng.h"
#include "base/timers.h"
#include "base/tree.h"

struct item { struct tree_node node; int key; bool in; };

static int by_key(const void *key, const struct tree_node *node)
{
	const int a = *(const int *)key, b = CONTAINER_OF(node, const struct item, node)->key;

	return (a > b) - (a < b);
}

/* Height as stored and the AVL rule, checked from the leaves. */
static int checked_height(const struct tree_node *n)
{
	int left, right;

	if (!n)
		return 0;
	left = checked_height(n->child[0]);
	right = checked_height(n->child[1]);
	assert_true(left - right <= 1 && right - left <= 1);
	assert_int_equal(n->height, (left > right ? left : right) + 1);
	for (int side = 0; side < 2; side++)
		assert_true(!n->child[side] || n->child[side]->parent == n);
	return n->height;
}

static void walk_matches(const struct tree *t, const struct item *items, int count)
{
	const struct tree_node *n = tree_first(t);

	for (int i = 0; i < count; i++) {
		if (!items[i].in)
			continue;
		assert_ptr_equal(n, &items[i].node);
		n = tree_next(n);
	}
	assert_null(n);
}

static void tree_follows_a_model(void **state)
{
	static struct item items[200];
	struct tree t;
	struct prng random;

	(void)state;
	tree_init(&t, by_key);
	prng_init(&random, 1);
	for (int i = 0; i < 200; i++)
		items[i].key = i;
	for (int step = 0; step < 20000; step++) {
		struct item *const x = &items[prng_below(&random, 200)];

		if (x->in)
			tree_remove(&t, &x->node);
		else
			assert_true(tree_insert(&t, &x->key, &x->node));
		x->in = !x->in;
		if (step % 100 == 0) {
			checked_height(t.root);
			walk_matches(&t, items, 200);
		}
	}
}

static void tree_bounds(void **state)
{
	struct item items[] = { { .key = 10 }, { .key = 20 }, { .key = 30 } }, twin = { .key = 20 };
	struct tree t;
	int key;

	(void)state;
	tree_init(&t, by_key);
	for (size_t i = 0; i < 3; i++)
		tree_insert(&t, &items[i].key, &items[i].node);
	assert_false(tree_insert(&t, &twin.key, &twin.node));
	assert_int_equal(t.count, 3);
	key = 20;
	assert_ptr_equal(tree_at_least(&t, &key), &items[1].node);
	assert_ptr_equal(tree_after(&t, &key), &items[2].node);
	key = 31;
	assert_null(tree_at_least(&t, &key));
	assert_null(tree_find(&t, &key));
}

static void timers_expire_in_order(void **state)
{
	struct timer t[300];
	struct timers h;
	struct prng random;
	struct timer *got;
	int64_t last = -1;
	size_t seen = 0;

	(void)state;
	timers_init(&h);
	prng_init(&random, 2);
	for (size_t i = 0; i < 300; i++) {
		timer_init(&t[i], (unsigned)i, NULL);
		timer_set(&h, &t[i], (struct instant){ (int64_t)prng_below(&random, 1000) });
	}
	for (size_t i = 0; i < 300; i += 3)
		timer_set(&h, &t[i], (struct instant){ (int64_t)prng_below(&random, 1000) });
	for (size_t i = 1; i < 300; i += 3)
		timer_stop(&h, &t[i]);
	while ((got = timers_expire(&h, (struct instant){ 2000 }))) {
		assert_true(got->kind % 3 != 1 && !timer_running(got));
		seen++;
	}
	assert_int_equal(seen, 200);
	for (size_t i = 0; i < 300; i++)
		timer_set(&h, &t[i], (struct instant){ (int64_t)prng_below(&random, 100) });
	while (!instant_is_never(timers_deadline(&h))) {
		const struct instant due = timers_deadline(&h);

		assert_true(due.us >= last);
		last = due.us;
		assert_non_null(timers_expire(&h, due));
	}
	timers_done(&h);
}

static void timers_of_one_deadline_are_fifo(void **state)
{
	struct timer t[9];
	struct timers h;

	(void)state;
	timers_init(&h);
	for (unsigned i = 0; i < 9; i++) {
		timer_init(&t[i], i, NULL);
		timer_set(&h, &t[i], (struct instant){ 5 });
	}
	assert_null(timers_expire(&h, (struct instant){ 4 }));
	for (unsigned i = 0; i < 9; i++)
		assert_int_equal(timers_expire(&h, (struct instant){ 5 })->kind, i);
	timers_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_follows_a_model),
		cmocka_unit_test(tree_bounds),
		cmocka_unit_test(timers_expire_in_order),
		cmocka_unit_test(timers_of_one_deadline_are_fifo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
