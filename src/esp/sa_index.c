/*
 * sa_index: which slots are free and where the SAs of an SPI are; private to the process.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "esp/sa_table_state.h"
#include "esp/transform.h"

static size_t keys_length(const struct sa_table *t)
{
	return (size_t)t->header->layout.capacity * t->key_room;
}

int sa_index_init(struct sa_table *t)
{
	const uint32_t capacity = t->header->layout.capacity;

	for (t->buckets = 64; t->buckets < capacity; t->buckets *= 2)
		;
	t->key_room = esp_crypto_key_room(t->crypto);
	t->heads = calloc(t->buckets, sizeof *t->heads);
	t->links = calloc(capacity, sizeof *t->links);
	t->taken = calloc((capacity + 63) / 64, sizeof *t->taken);
	t->keys = mmap(NULL, keys_length(t), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->keys == MAP_FAILED)
		t->keys = NULL;
	/* Peers choose the SPIs of outbound SAs; they must not choose their buckets. */
	if (getrandom(&t->hash_key, sizeof t->hash_key, 0) != sizeof t->hash_key)
		return -EIO;
	if (!t->heads || !t->links || !t->taken || !t->keys)
		return -ENOMEM;
	/* As with the table: neither in a core dump nor, where the limits allow it, in swap. */
	(void)madvise(t->keys, keys_length(t), MADV_DONTDUMP);
	(void)mlock2(t->keys, keys_length(t), MLOCK_ONFAULT);
	return 0;
}

void sa_index_done(struct sa_table *t)
{
	const uint32_t capacity = t->header->layout.capacity;

	for (uint32_t i = t->taken ? sa_index_next_taken(t, 0) : capacity; i < capacity; i = sa_index_next_taken(t, i + 1)) {
		if (t->keys)
			esp_key_done(sa_index_key(t, i));
	}
	if (t->keys)
		munmap(t->keys, keys_length(t));
	free(t->heads);
	free(t->links);
	free(t->taken);
	t->heads = t->links = NULL;
	t->taken = NULL;
	t->keys = NULL;
	t->count = t->tomb_first = t->tomb_count = 0;
	t->key_octets = 0;
}

struct esp_key *sa_index_key(const struct sa_table *t, uint32_t index)
{
	return (struct esp_key *)(void *)(t->keys + (size_t)index * t->key_room);
}

uint32_t sa_index_lowest_free(const struct sa_table *t)
{
	const uint32_t capacity = t->header->layout.capacity;

	for (uint32_t word = 0; word < (capacity + 63) / 64; word++) {
		if (t->taken[word] != UINT64_MAX) {
			const uint32_t index = word * 64 + (uint32_t)__builtin_ctzll(~t->taken[word]);

			return index < capacity ? index : capacity;
		}
	}
	return capacity;
}

void sa_index_mark(struct sa_table *t, uint32_t index, bool is_taken)
{
	const uint64_t bit = UINT64_C(1) << index % 64;

	if (is_taken)
		t->taken[index / 64] |= bit;
	else
		t->taken[index / 64] &= ~bit;
}

uint32_t sa_index_next_taken(const struct sa_table *t, uint32_t from)
{
	const uint32_t capacity = t->header->layout.capacity;

	for (uint32_t word = from / 64; word < (capacity + 63) / 64; word++) {
		uint64_t bits = t->taken[word];

		if (word == from / 64)
			bits &= UINT64_MAX << from % 64;
		if (bits)
			return word * 64 + (uint32_t)__builtin_ctzll(bits);
	}
	return capacity;
}

/* Inbound SPIs are our own random numbers and are looked up per packet: they need no keyed hash. */
static uint32_t bucket_of(const struct sa_table *t, bool inbound, uint32_t spi)
{
	if (inbound)
		return (uint32_t)((spi * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (t->buckets - 1);
	return (uint32_t)siphash(&t->hash_key, &spi, sizeof spi) & (t->buckets - 1);
}

void sa_index_link(struct sa_table *t, uint32_t index)
{
	const struct esp_sa *sa = sa_table_slot(t, index);
	uint32_t *head = &t->heads[bucket_of(t, sa->inbound, sa->spi)];

	t->links[index] = *head;
	*head = index + 1;
}

void sa_index_unlink(struct sa_table *t, uint32_t index)
{
	const struct esp_sa *sa = sa_table_slot(t, index);
	uint32_t *at = &t->heads[bucket_of(t, sa->inbound, sa->spi)];

	while (*at && *at != index + 1)
		at = &t->links[*at - 1];
	if (*at)
		*at = t->links[index];
	t->links[index] = 0;
}

struct esp_sa *sa_index_find(const struct sa_table *t, bool inbound, uint32_t spi, const struct esp_sa *after)
{
	uint32_t at = after ? t->links[sa_table_index(t, after)] : t->heads[bucket_of(t, inbound, spi)];

	for (; at; at = t->links[at - 1]) {
		struct esp_sa *sa = sa_table_slot(t, at - 1);

		if (sa->spi == spi && !!sa->inbound == inbound)
			return sa;
	}
	return NULL;
}
