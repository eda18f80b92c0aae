#include "config/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/prng.h"

uint64_t names_key(unsigned kind, uint64_t owner, const char *text)
{
	const struct siphash_key key = { kind, owner };
	const uint64_t h = siphash(&key, text, strlen(text));

	return h ? h : 1; /* 0 marks a free slot */
}

static struct names_slot *names_slot(const struct names *n, uint64_t key)
{
	size_t at = (size_t)key & (n->size - 1);

	while (n->slots[at].key && n->slots[at].key != key)
		at = (at + 1) & (n->size - 1);
	return &n->slots[at];
}

uint32_t names_get(const struct names *n, uint64_t key)
{
	const struct names_slot *slot = n->size ? names_slot(n, key) : NULL;

	return slot && slot->key ? slot->value : NAMES_NONE;
}

static bool names_grow(struct names *n)
{
	struct names wide = { .size = n->size ? n->size * 2 : 256 };

	wide.slots = calloc(wide.size, sizeof *wide.slots);
	if (!wide.slots)
		return false;
	for (size_t i = 0; i < n->size; i++) {
		if (n->slots[i].key)
			*names_slot(&wide, n->slots[i].key) = n->slots[i];
	}
	wide.used = n->used;
	free(n->slots);
	*n = wide;
	return true;
}

bool names_set(struct names *n, uint64_t key, uint32_t value)
{
	struct names_slot *slot;

	if (n->used * 2 >= n->size && !names_grow(n))
		return false;
	slot = names_slot(n, key);
	if (!slot->key)
		n->used++;
	slot->key = key;
	slot->value = value;
	return true;
}

void names_done(struct names *n)
{
	free(n->slots);
	*n = (struct names){ 0 };
}
