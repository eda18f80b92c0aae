#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/ipaddr.h"
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

/* Against timers that are set anew each time: the same ones expire, in the same order. */
static void postponed_is_as_set(void **state)
{
	enum { COUNT = 200 };
	static struct timer lazy[COUNT], eager[COUNT];
	struct timers a, b;
	struct prng random;

	(void)state;
	timers_init(&a);
	timers_init(&b);
	prng_init(&random, 5);
	for (unsigned i = 0; i < COUNT; i++) {
		timer_init(&lazy[i], i, NULL);
		timer_init(&eager[i], i, NULL);
	}
	for (int64_t now = 0; now < 3000; now++) {
		const struct instant at = { now };
		const size_t i = prng_below(&random, COUNT), stop = prng_below(&random, COUNT);
		const struct instant later = { now + 50 + (int64_t)prng_below(&random, 4) * 10 };
		struct timer *due;

		timer_postpone(&a, &lazy[i], later);
		timer_set(&b, &eager[i], later);
		if (now % 7 == 0) {
			timer_stop(&a, &lazy[stop]);
			timer_stop(&b, &eager[stop]);
		}
		assert_int_equal(a.count, b.count);
		assert_int_equal(timers_deadline(&a).us, timers_deadline(&b).us);
		while ((due = timers_expire(&b, at)))
			assert_int_equal(timers_expire(&a, at)->kind, due->kind);
		assert_null(timers_expire(&a, at));
	}
	timers_done(&a);
	timers_done(&b);
}

/* One that is set to an earlier deadline does not wait for the later one. */
static void nearer_is_no_postponing(void **state)
{
	struct timer t;
	struct timers h;

	(void)state;
	timers_init(&h);
	timer_init(&t, 1, NULL);
	timer_postpone(&h, &t, (struct instant){ 10 });
	timer_postpone(&h, &t, (struct instant){ 20 });
	timer_postpone(&h, &t, (struct instant){ 15 });
	assert_int_equal(timers_deadline(&h).us, 15);
	timer_postpone(&h, &t, (struct instant){ 30 });
	assert_null(timers_expire(&h, (struct instant){ 29 }));
	assert_int_equal(timers_deadline(&h).us, 30);
	assert_ptr_equal(timers_expire(&h, (struct instant){ 30 }), &t);
	timers_done(&h);
}

/* ---- hash */

struct entry {
	struct hash_node node;
	struct endpoint key;
	bool present;
};

static const void *key_of(const struct hash_node *n)
{
	return &CONTAINER_OF(n, struct entry, node)->key;
}

static uint64_t always_the_same(const struct siphash_key *secret, const void *key)
{
	(void)secret;
	(void)key;
	return 3;
}

static void check_hash(const struct hash *h, const struct entry *e, size_t count)
{
	struct hash_node **const all = hash_sorted(h);
	size_t present = 0;

	for (size_t i = 0; i < count; i++) {
		assert_ptr_equal(hash_find(h, &e[i].key), e[i].present ? &e[i].node : NULL);
		present += e[i].present;
	}
	assert_int_equal(h->count, present);
	for (size_t i = 1; i < h->count; i++)
		assert_true(endpoint_cmp(key_of(all[i - 1]), key_of(all[i])) < 0);
	free(all);
}

static void hash_follows_a_model(void **state)
{
	enum { COUNT = 300 };
	static const struct hash_kind kinds[] = {
		{ key_of, endpoint_digest, endpoint_compare },
		{ key_of, always_the_same, endpoint_compare }, /* one long chain is slow, and right */
	};
	const struct siphash_key secret = { 1, 2 };
	static struct entry e[COUNT];
	struct prng random;
	struct hash h;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		prng_init(&random, 3);
		hash_init(&h, &kinds[k], &secret);
		memset(e, 0xff, sizeof e); /* what lies between the fields of a key says nothing */
		for (unsigned i = 0; i < COUNT; i++) {
			e[i].key.addr = ipaddr_v4(0x0a000000 + i / 4);
			e[i].key.vrf = i % 2;
			e[i].key.site = i / 2 % 2;
			e[i].present = false;
		}
		check_hash(&h, e, COUNT);
		for (size_t n = 0; n < 2000; n++) {
			struct entry *const x = &e[prng_below(&random, COUNT)];

			if (x->present)
				hash_remove(&h, &x->node);
			else
				hash_add(&h, &x->node);
			x->present = !x->present;
			if (n % 50 == 0)
				check_hash(&h, e, COUNT);
		}
		hash_done(&h);
		assert_null(hash_find(&h, &e[0].key));
	}
}

/* Addresses that follow each other spread, and another secret spreads them otherwise. */
static void chains_are_short(void **state)
{
	enum { COUNT = 4096 };
	static struct entry e[COUNT];
	static const struct hash_kind kind = { key_of, endpoint_digest, endpoint_compare };
	const struct siphash_key secrets[] = { { 1, 2 }, { 1, 3 } };
	struct hash h[2];
	size_t longest = 0, moved = 0;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		hash_init(&h[k], &kind, &secrets[k]);
		for (unsigned i = 0; i < COUNT; i++) {
			e[i].key = (struct endpoint){ .addr = ipaddr_v4(0x0a000000 + i) };
			hash_add(&h[k], &e[i].node);
		}
		for (size_t i = 0; i < h[k].size; i++) {
			size_t length = 0;

			for (const struct hash_node *n = h[k].buckets[i]; n; n = n->next)
				length++;
			longest = length > longest ? length : longest;
		}
	}
	for (unsigned i = 0; i < COUNT; i++)
		moved += (kind.digest(&secrets[0], &e[i].key) ^ kind.digest(&secrets[1], &e[i].key)) % COUNT != 0;
	assert_in_range(longest, 2, 12);
	assert_in_range(moved, COUNT - 20, COUNT);
	hash_done(&h[0]);
	hash_done(&h[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_follows_a_model),
		cmocka_unit_test(tree_bounds),
		cmocka_unit_test(timers_expire_in_order),
		cmocka_unit_test(timers_of_one_deadline_are_fifo),
		cmocka_unit_test(postponed_is_as_set),
		cmocka_unit_test(nearer_is_no_postponing),
		cmocka_unit_test(hash_follows_a_model),
		cmocka_unit_test(chains_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
