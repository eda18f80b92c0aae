/*
 * sa_table_state: what the files of the table share. Internal to this folder.
 */
#ifndef DMVPN_ESP_SA_TABLE_STATE_H
#define DMVPN_ESP_SA_TABLE_STATE_H

#include <stdatomic.h>

#include "base/prng.h"
#include "esp/sa_table.h"

enum {
	SA_TABLE_MAGIC = 0x44534154, /* "DSAT" */
	SA_TABLE_VERSION = 2,        /* changes with struct esp_sa */
	SA_TABLE_HEADER = 4096,      /* octets */
};

/* Page 0 of the memory. The magic is stored last. */
struct sa_table_header {
	uint32_t magic, version;
	uint64_t length;     /* of the whole memory */
	uint32_t slot_size;
	struct sa_table_layout layout;
	uint32_t high;       /* slots from here on were never touched */
	uint32_t second_high;
	uint64_t order;      /* of the youngest SA */
};

struct sa_table {
	struct sa_table_header *header; /* the mapping */
	size_t length;
	struct esp_crypto *crypto;
	struct siphash_key hash_key;
	uint32_t count;          /* SAs */
	uint32_t buckets;        /* a power of two */
	uint32_t *heads;         /* by direction and SPI: index + 1 of the first, 0: none */
	uint32_t *links;         /* by slot: index + 1 of the next of its bucket */
	uint64_t *taken;         /* by slot, one bit each: not free */
	size_t key_room;         /* octets of each key */
	uint8_t *keys;           /* by slot; zeroed where there is none */
	size_t key_octets;       /* of all keys */
	uint32_t tombs[SA_TABLE_TOMBS_MAX]; /* a ring of indices, oldest first */
	uint32_t tomb_first, tomb_count;
};

/* What stands before it in the program is in memory before what stands behind it, for whoever adopts
 * the memory of a process that was killed. */
static inline void sa_table_in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static inline struct esp_sa *sa_table_slot(const struct sa_table *t, uint32_t index)
{
	return (struct esp_sa *)(void *)((uint8_t *)t->header + SA_TABLE_HEADER + (size_t)index * ESP_SA_OCTETS);
}

/* sa_index.c: the private side */
int sa_index_init(struct sa_table *t); /* 0 or -ENOMEM */
void sa_index_done(struct sa_table *t);
uint32_t sa_index_lowest_free(const struct sa_table *t); /* the capacity: none */
void sa_index_mark(struct sa_table *t, uint32_t index, bool is_taken);
uint32_t sa_index_next_taken(const struct sa_table *t, uint32_t from); /* >= from; the capacity: none */
void sa_index_link(struct sa_table *t, uint32_t index);
void sa_index_unlink(struct sa_table *t, uint32_t index);
/* The slots, tombstones too, of that direction and SPI after `after` (NULL: the first). */
struct esp_sa *sa_index_find(const struct sa_table *t, bool inbound, uint32_t spi, const struct esp_sa *after);

/* The room of a slot's key, whether there is one or not. */
struct esp_key *sa_index_key(const struct sa_table *t, uint32_t index);

/* sa_adopt.c: everything private made from what an earlier process left. 0, -ENOMEM, or -EBADMSG with the reason
 * where it is damaged; the caller then drops the private side and empties the memory. */
int sa_table_adopt(struct sa_table *t, char reason[SA_TABLE_REASON_MAX]);
/* sa_table.c */
int sa_table_key_set(struct sa_table *t, uint32_t index, const struct esp_sa *sa); /* 0 or -ENOMEM */
void sa_table_tomb_add(struct sa_table *t, uint32_t index);

#endif
