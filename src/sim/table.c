#include "sim/table.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	FEW = 8, /* so many are looked through one by one */
	ENTRIES_FIRST = 4,
	SLOTS_FIRST = 32,
};

void table_init(struct table *t, size_t entry_octets, size_t key_octets)
{
	*t = (struct table){ .entry_octets = entry_octets, .key_octets = key_octets };
}

void table_clear(struct table *t)
{
	free(t->entries);
	free(t->slots);
	table_init(t, t->entry_octets, t->key_octets);
}

static uint64_t hash(const struct table *t, const unsigned char *key)
{
	uint64_t h = 0, word;

	for (size_t i = 0; i < t->key_octets; i += sizeof word) {
		const size_t left = t->key_octets - i;

		word = 0;
		memcpy(&word, key + i, left < sizeof word ? left : sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	return h;
}

static size_t home_slot(const struct table *t, const void *key)
{
	return (size_t)hash(t, key) & (t->slot_count - 1);
}

/* Keys are short, and nearly always differ in their first octets: no call is worth it. */
static bool has_key(const struct table *t, size_t place, const void *key)
{
	const unsigned char *const a = table_at(t, place), *const b = key;
	uint64_t x, y;
	size_t i = 0;

	for (; i + sizeof x <= t->key_octets; i += sizeof x) {
		memcpy(&x, a + i, sizeof x);
		memcpy(&y, b + i, sizeof y);
		if (x != y)
			return false;
	}
	while (i < t->key_octets && a[i] == b[i])
		i++;
	return i == t->key_octets;
}

/* The slot that holds the entry of the key, or the free one where it belongs. */
static size_t find_slot(const struct table *t, const void *key)
{
	size_t s = home_slot(t, key);

	while (t->slots[s] && !has_key(t, t->slots[s] - 1, key))
		s = (s + 1) & (t->slot_count - 1);
	return s;
}

void *table_find(const struct table *t, const void *key)
{
	if (t->slots) {
		const uint32_t held = t->slots[find_slot(t, key)];

		return held ? table_at(t, held - 1) : NULL;
	}
	for (size_t i = 0; i < t->count; i++) {
		if (has_key(t, i, key))
			return table_at(t, i);
	}
	return NULL;
}

static void make_slots(struct table *t)
{
	free(t->slots);
	t->slot_count = t->slot_count ? 2 * t->slot_count : SLOTS_FIRST;
	t->slots = calloc(t->slot_count, sizeof *t->slots);
	assert(t->slots);
	for (size_t i = 0; i < t->count; i++)
		t->slots[find_slot(t, table_at(t, i))] = (uint32_t)i + 1;
}

static void make_room(struct table *t)
{
	if (t->count < t->capacity)
		return;
	t->capacity = t->capacity ? 2 * t->capacity : ENTRIES_FIRST;
	t->entries = realloc(t->entries, t->capacity * t->entry_octets);
	assert(t->entries);
}

void *table_put(struct table *t, const void *entry)
{
	void *place = table_find(t, entry);

	assert(t->entry_octets > 0);
	if (!place) {
		make_room(t);
		place = memcpy(table_at(t, t->count), entry, t->entry_octets);
		t->count++;
		if (t->count > FEW && 2 * t->count > t->slot_count)
			make_slots(t);
		else if (t->slots)
			t->slots[find_slot(t, entry)] = (uint32_t)t->count;
	}
	return memcpy(place, entry, t->entry_octets);
}

/* Frees a slot; those behind that had to give way to it move up. */
static void free_slot(struct table *t, size_t hole)
{
	const size_t mask = t->slot_count - 1;

	for (size_t s = (hole + 1) & mask; t->slots[s]; s = (s + 1) & mask) {
		const size_t home = home_slot(t, table_at(t, t->slots[s] - 1));

		if (((s - home) & mask) < ((s - hole) & mask))
			continue;
		t->slots[hole] = t->slots[s];
		hole = s;
	}
	t->slots[hole] = 0;
}

void table_remove(struct table *t, void *entry)
{
	void *const last = table_at(t, t->count - 1);
	const size_t place = (size_t)((unsigned char *)entry - t->entries) / t->entry_octets;

	assert(place < t->count);
	if (t->slots)
		free_slot(t, find_slot(t, entry));
	if (entry != last) {
		if (t->slots)
			t->slots[find_slot(t, last)] = (uint32_t)place + 1;
		memcpy(entry, last, t->entry_octets);
	}
	t->count--;
}
