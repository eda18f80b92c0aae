/*
 * sa_table: all SAs of a forwarder, in memory that outlives it.
 *
 * The memory is a memfd of the keeper. A process killed at any instruction leaves a table that the
 * next one adopts: a slot counts from the store of its state on, which is the last one.
 *
 *    header | SA slots | slots of the second region (the XFRM server's policies)
 *
 * Private to the process and made again at adoption: expanded keys and the look-up by SPI.
 *
 * Slots are handed out lowest first and walked in their order. Indices are stable for the life of an SA:
 * others may keep arrays of their own beside the table.
 */
#ifndef DMVPN_ESP_SA_TABLE_H
#define DMVPN_ESP_SA_TABLE_H

#include <stddef.h>

#include "esp/key.h"
#include "esp/sa.h"

enum {
	SA_TABLE_CAPACITY = 65536,  /* SAs, if nothing else is wanted */
	SA_TABLE_REASON_MAX = 128,  /* bytes, with the final NUL */
	SA_TABLE_MARGIN = 65536,    /* sequence numbers skipped at adoption */
	SA_TABLE_TOMBS_MAX = 1024,
};

struct sa_table_layout {
	uint32_t capacity;        /* SAs, both directions */
	uint32_t second_size;     /* octets of a slot of the second region; a multiple of 8, 0: none */
	uint32_t second_capacity;
	uint32_t second_version;  /* changes with the meaning of its octets */
};

struct sa_table;

/*
 * Maps the table in `fd` (not kept; it may be closed). Empty memory becomes an empty
 * table. One that an earlier process left is adopted; where it is damaged or of another layout
 * it is emptied and `reason` says why; reason is "" else. 0 or -errno.
 */
int sa_table_open(struct sa_table **out, int fd, const struct sa_table_layout *layout, struct esp_crypto *crypto,
		  char reason[SA_TABLE_REASON_MAX]);
void sa_table_close(struct sa_table *t); /* what is in the memory stays; NULL is fine */

/* A cleared slot that nobody sees yet: limits never, addresses none. NULL: the table is full. One at a
 * time: publish it or give it back before the next. */
struct esp_sa *sa_table_take(struct sa_table *t);
void sa_table_give_back(struct sa_table *t, struct esp_sa *sa); /* was taken, not published */

/*
 * Makes it an SA: with phase LARVAL only spi, inbound and addresses count and it has no
 * keys; with any other phase all counts. Where the same key under the same SPI was here before, in a
 * tombstone or living, sequence numbers and replay window go on from there.
 * 0, -EINVAL: suite, window or SPI (below 256) cannot be; -EEXIST: inbound SPI (of one that is not
 * `sa`), or outbound (spi, remote), is taken; -ENOMEM. After an error it is as before the call.
 */
int sa_table_publish(struct sa_table *t, struct esp_sa *sa);
/*
 * Gives a larval SA what stands in *filled (a copy made by the caller, spi and inbound the same),
 * at once for whoever adopts the table. Errors as above.
 */
int sa_table_grow_up(struct sa_table *t, struct esp_sa *larval, const struct esp_sa *filled);
/* Gone at once, its key wiped. */
void sa_table_remove(struct sa_table *t, struct esp_sa *sa);

struct esp_sa *sa_table_inbound(const struct sa_table *t, uint32_t spi); /* NULL: none; larval ones too */
struct esp_sa *sa_table_outbound(const struct sa_table *t, uint32_t spi, const struct ipaddr *remote);
/* The first SA in the order of slots after `sa`, NULL: from the beginning; NULL: no more. Removing the one
 * at hand, and adding others, while walking is fine. */
struct esp_sa *sa_table_next(const struct sa_table *t, const struct esp_sa *sa);

struct esp_key *sa_table_key(const struct sa_table *t, const struct esp_sa *sa); /* NULL: larval */
uint32_t sa_table_index(const struct sa_table *t, const struct esp_sa *sa); /* below the capacity */
struct esp_sa *sa_table_at(const struct sa_table *t, uint32_t index); /* NULL: no SA there */
uint32_t sa_table_count(const struct sa_table *t); /* SAs, without tombstones */
uint32_t sa_table_capacity(const struct sa_table *t);
size_t sa_table_private_octets(const struct sa_table *t); /* of this process, expanded keys included */

/*
 * The second region: slots of second_size octets, zero at first. What they mean, which are free, and in which
 * order they are written is their owner's. Only slots below the high mark were ever touched; the owner
 * raises it before it writes to a slot.
 */
void *sa_table_second(const struct sa_table *t, uint32_t index); /* NULL: beyond the capacity */
uint32_t sa_table_second_high(const struct sa_table *t);
void sa_table_second_raise(struct sa_table *t, uint32_t high);

#endif
