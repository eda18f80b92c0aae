/*
 * tree: an intrusive balanced (AVL) ordered map. Iteration is in key order, which makes
 * every walk deterministic whatever the insertion order or the addresses of the nodes.
 *
 * The tree owns nothing: nodes are embedded in their objects, the key lives in the object
 * and must not change while it is in a tree.
 */
#ifndef DMVPN_BASE_TREE_H
#define DMVPN_BASE_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/container.h"

struct tree_node {
	struct tree_node *parent;
	struct tree_node *child[2];
	int height;
};

/* <0, 0, >0 as key lies before, at or after the node's own key. */
typedef int tree_compare(const void *key, const struct tree_node *node);

struct tree {
	struct tree_node *root;
	tree_compare *compare;
	size_t count;
};

void tree_init(struct tree *t, tree_compare *compare);
/* false, and nothing changed, when the key is there already. */
bool tree_insert(struct tree *t, const void *key, struct tree_node *node);
void tree_remove(struct tree *t, struct tree_node *node); /* node must be in t */

struct tree_node *tree_find(const struct tree *t, const void *key);     /* NULL: none */
struct tree_node *tree_at_least(const struct tree *t, const void *key); /* first with node >= key */
struct tree_node *tree_after(const struct tree *t, const void *key);    /* first with node > key */
struct tree_node *tree_first(const struct tree *t);
struct tree_node *tree_next(const struct tree_node *node);

#endif
