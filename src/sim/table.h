/*
 * table: entries of one size in an array without holes, each found by the octets that it begins
 * with. An entry that goes is replaced by the last one: the order follows from what was put in
 * and taken out, never from hashes or addresses. A zeroed table may be cleared, not used.
 */
#ifndef DMVPN_SIM_TABLE_H
#define DMVPN_SIM_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	size_t entry_octets, key_octets;
	size_t count, capacity;
	unsigned char *entries;
	uint32_t *slots;   /* place in entries + 1; 0: free. NULL while there are few entries */
	size_t slot_count; /* a power of two */
};

void table_init(struct table *t, size_t entry_octets, size_t key_octets);
void table_clear(struct table *t); /* empty, and all memory returned */

static inline void *table_at(const struct table *t, size_t place)
{
	return t->entries + place * t->entry_octets;
}

void *table_find(const struct table *t, const void *key); /* NULL: none */
/* Adds, or replaces the one of the same key; the entry's place, good until the next change. */
void *table_put(struct table *t, const void *entry);
void table_remove(struct table *t, void *entry); /* a pointer into the table */

#endif
