/*
 * hash: an intrusive map for exact look-ups: one step whatever the number of entries. The digest
 * is keyed, so that who chooses his own key (an address) cannot make chains long.
 *
 * It has no order of its own: where order shows, hash_sorted() gives one.
 *
 * The map owns its buckets and nothing else: nodes are embedded in their objects, the key lives in the
 * object and must not change while it is in a map.
 */
#ifndef DMVPN_BASE_HASH_H
#define DMVPN_BASE_HASH_H

#include <stddef.h>

#include "base/container.h"
#include "base/prng.h"

struct hash_node {
	struct hash_node *next;
};

struct hash_kind {
	const void *(*key_of)(const struct hash_node *node);
	uint64_t (*digest)(const struct siphash_key *secret, const void *key);
	int (*compare)(const void *a, const void *b); /* of two keys; 0: the same */
};

struct hash {
	const struct hash_kind *kind;
	struct siphash_key secret;
	size_t count, size; /* size: of buckets; a power of two, or 0 */
	struct hash_node **buckets;
};

void hash_init(struct hash *h, const struct hash_kind *kind, const struct siphash_key *secret);
void hash_done(struct hash *h); /* nodes are simply forgotten */

/* Its key must not be there yet. Aborts when out of memory. */
void hash_add(struct hash *h, struct hash_node *node);
void hash_remove(struct hash *h, struct hash_node *node); /* node must be in h */
struct hash_node *hash_find(const struct hash *h, const void *key); /* NULL: none */

/* All nodes by ascending key, h->count of them; to be freed. */
struct hash_node **hash_sorted(const struct hash *h);

#endif
