/*
 * records: a table of records of one size in memory that outlives the process (a memfd that somebody else
 * holds too). A process killed at any instruction leaves each record as it was before or after what
 * it was writing: every slot has room for two, and says by one store which of them counts.
 *
 *    header | slot: which (0 none, 1, 2), record 1, record 2 | …
 *
 * What a record means is its owner's; so is whether one that another process left can be believed.
 */
#ifndef DMVPN_BASE_RECORDS_H
#define DMVPN_BASE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_NONE UINT32_MAX

struct records_layout {
	uint32_t size;     /* octets of a record */
	uint32_t capacity; /* records */
	uint32_t version;  /* changes with the meaning of the octets */
};

struct records;

/*
 * Maps the table in `fd` (not kept; it may be closed). Memory that is empty, or of another layout or version,
 * becomes an empty table; *adopted: it was one already. 0 or -errno.
 */
int records_open(struct records **out, int fd, const struct records_layout *layout, bool *adopted);
void records_close(struct records *r); /* what is in the memory stays; NULL is fine */

/* Writes the record `index`; RECORDS_NONE: one that is free. Its index; RECORDS_NONE when all are taken. */
uint32_t records_put(struct records *r, uint32_t index, const void *record);
void records_drop(struct records *r, uint32_t index); /* RECORDS_NONE is fine */
/* The first record from *index on, which becomes its index; NULL: no more. Valid until it is put or dropped. */
const void *records_from(const struct records *r, uint32_t *index);
uint32_t records_count(const struct records *r);

#endif
