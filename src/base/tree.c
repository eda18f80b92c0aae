#include "base/tree.h"

#include <assert.h>

void tree_init(struct tree *t, tree_compare *compare)
{
	*t = (struct tree){ .compare = compare };
}

static int height_of(const struct tree_node *n)
{
	return n ? n->height : 0;
}

static int lean_of(const struct tree_node *n)
{
	return height_of(n->child[1]) - height_of(n->child[0]);
}

static void measure(struct tree_node *n)
{
	const int left = height_of(n->child[0]), right = height_of(n->child[1]);

	n->height = (left > right ? left : right) + 1;
}

/* Puts `with` where `old` hangs, below old's parent. */
static void replace(struct tree *t, struct tree_node *old, struct tree_node *with)
{
	struct tree_node *const parent = old->parent;

	if (!parent)
		t->root = with;
	else
		parent->child[parent->child[1] == old] = with;
	if (with)
		with->parent = parent;
}

/* Lifts the child of n on `side` over n; returns it. */
static struct tree_node *rotate(struct tree *t, struct tree_node *n, int side)
{
	struct tree_node *const up = n->child[side];
	struct tree_node *const inner = up->child[!side];

	replace(t, n, up);
	up->child[!side] = n;
	n->parent = up;
	n->child[side] = inner;
	if (inner)
		inner->parent = n;
	measure(n);
	measure(up);
	return up;
}

static struct tree_node *balance(struct tree *t, struct tree_node *n)
{
	const int lean = lean_of(n);
	const int side = lean > 0;

	measure(n);
	if (lean >= -1 && lean <= 1)
		return n;
	if (side ? lean_of(n->child[1]) < 0 : lean_of(n->child[0]) > 0)
		rotate(t, n->child[side], !side);
	return rotate(t, n, side);
}

static void balance_upwards(struct tree *t, struct tree_node *n)
{
	for (; n; n = n->parent)
		n = balance(t, n);
}

bool tree_insert(struct tree *t, const void *key, struct tree_node *node)
{
	struct tree_node **at = &t->root;
	struct tree_node *parent = NULL;

	while (*at) {
		const int order = t->compare(key, *at);

		if (order == 0)
			return false;
		parent = *at;
		at = &parent->child[order > 0];
	}
	*node = (struct tree_node){ .parent = parent, .height = 1 };
	*at = node;
	t->count++;
	balance_upwards(t, parent);
	return true;
}

void tree_remove(struct tree *t, struct tree_node *node)
{
	struct tree_node *from = node->parent; /* lowest node whose height may change */

	assert(t->count > 0);
	t->count--;
	if (!node->child[0] || !node->child[1]) {
		replace(t, node, node->child[node->child[0] == NULL]);
	} else {
		struct tree_node *heir = node->child[1];

		while (heir->child[0])
			heir = heir->child[0];
		from = heir->parent == node ? heir : heir->parent;
		replace(t, heir, heir->child[1]);
		replace(t, node, heir);
		for (int side = 0; side < 2; side++) {
			heir->child[side] = node->child[side];
			if (heir->child[side])
				heir->child[side]->parent = heir;
		}
	}
	balance_upwards(t, from);
	*node = (struct tree_node){ 0 };
}

struct tree_node *tree_find(const struct tree *t, const void *key)
{
	struct tree_node *n = t->root;

	while (n) {
		const int order = t->compare(key, n);

		if (order == 0)
			break;
		n = n->child[order > 0];
	}
	return n;
}

/* First node whose key is above `key`, or equal to it when that is allowed. */
static struct tree_node *bound(const struct tree *t, const void *key, bool equal)
{
	struct tree_node *best = NULL;

	for (struct tree_node *n = t->root; n;) {
		const int order = t->compare(key, n);
		const bool fits = order < 0 || (equal && order == 0);

		if (fits)
			best = n;
		n = n->child[!fits];
	}
	return best;
}

struct tree_node *tree_at_least(const struct tree *t, const void *key)
{
	return bound(t, key, true);
}

struct tree_node *tree_after(const struct tree *t, const void *key)
{
	return bound(t, key, false);
}

struct tree_node *tree_first(const struct tree *t)
{
	struct tree_node *n = t->root;

	while (n && n->child[0])
		n = n->child[0];
	return n;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	struct tree_node *n = node->child[1];

	if (n) {
		while (n->child[0])
			n = n->child[0];
		return n;
	}
	for (n = node->parent; n && n->child[1] == node; n = n->parent)
		node = n;
	return n;
}
