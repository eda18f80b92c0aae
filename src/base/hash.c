#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { SIZE_FIRST = 16 };

void hash_init(struct hash *h, const struct hash_kind *kind, const struct siphash_key *secret)
{
	*h = (struct hash){ .kind = kind, .secret = *secret };
}

void hash_done(struct hash *h)
{
	free(h->buckets);
	h->buckets = NULL;
	h->count = h->size = 0;
}

static struct hash_node **bucket_of(const struct hash *h, const void *key)
{
	return &h->buckets[h->kind->digest(&h->secret, key) & (h->size - 1)];
}

static void link_node(struct hash *h, struct hash_node *node)
{
	struct hash_node **const head = bucket_of(h, h->kind->key_of(node));

	node->next = *head;
	*head = node;
}

/* One bucket an entry, and up to two. */
static void grow(struct hash *h)
{
	struct hash_node **const old = h->buckets;
	const size_t old_size = h->size;

	h->size = old_size ? 2 * old_size : SIZE_FIRST;
	h->buckets = alloc_zero(h->size, sizeof *h->buckets);
	for (size_t i = 0; i < old_size; i++)
		for (struct hash_node *n = old[i], *next; n; n = next) {
			next = n->next;
			link_node(h, n);
		}
	free(old);
}

void hash_add(struct hash *h, struct hash_node *node)
{
	if (h->count == h->size)
		grow(h);
	link_node(h, node);
	h->count++;
}

void hash_remove(struct hash *h, struct hash_node *node)
{
	struct hash_node **at = bucket_of(h, h->kind->key_of(node));

	while (*at != node) {
		assert(*at);
		at = &(*at)->next;
	}
	*at = node->next;
	h->count--;
}

struct hash_node *hash_find(const struct hash *h, const void *key)
{
	struct hash_node *n = h->size ? *bucket_of(h, key) : NULL;

	while (n && h->kind->compare(key, h->kind->key_of(n)) != 0)
		n = n->next;
	return n;
}

static int by_key(const void *a, const void *b, void *kind)
{
	struct hash_node *const *const x = a, *const *const y = b;
	const struct hash_kind *const k = kind;

	return k->compare(k->key_of(*x), k->key_of(*y));
}

struct hash_node **hash_sorted(const struct hash *h)
{
	struct hash_node **const all = alloc_zero(h->count, sizeof *all);
	struct hash_kind kind = *h->kind;
	size_t count = 0;

	for (size_t i = 0; i < h->size; i++)
		for (struct hash_node *n = h->buckets[i]; n; n = n->next)
			all[count++] = n;
	assert(count == h->count);
	qsort_r(all, count, sizeof *all, by_key, &kind);
	return all;
}
