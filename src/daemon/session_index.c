#include "daemon/session_index.h"

#include <stdlib.h>

#include "base/alloc.h"

struct entry {
	struct tree_node node;
	uint32_t number;
	struct session *session;
};

static int by_number(const void *key, const struct tree_node *node)
{
	const uint32_t a = *(const uint32_t *)key, b = CONTAINER_OF(node, const struct entry, node)->number;

	return (a > b) - (a < b);
}

static struct entry *find(const struct tree *t, uint32_t number)
{
	struct tree_node *n = tree_find(t, &number);

	return n ? CONTAINER_OF(n, struct entry, node) : NULL;
}

void session_index_init(struct tree *t)
{
	tree_init(t, by_number);
}

void session_index_put(struct tree *t, uint32_t number, struct session *x)
{
	struct entry *e;

	if (find(t, number))
		return;
	e = alloc_zero(1, sizeof *e);
	e->number = number;
	e->session = x;
	tree_insert(t, &number, &e->node);
}

void session_index_take(struct tree *t, uint32_t number, const struct session *x)
{
	struct entry *e = find(t, number);

	if (!e || e->session != x)
		return;
	tree_remove(t, &e->node);
	free(e);
}

struct session *session_index_find(const struct tree *t, uint32_t number)
{
	const struct entry *e = find(t, number);

	return e ? e->session : NULL;
}
