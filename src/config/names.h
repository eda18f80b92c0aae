/*
 * names: a hash table from a (kind, owner, text) triple to an index, so that reading a
 * large file stays linear. Keys are 64-bit hashes; the caller checks the hit where a
 * wrong one would matter.
 */
#ifndef DMVPN_CONFIG_NAMES_H
#define DMVPN_CONFIG_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAMES_NONE = UINT32_MAX };

struct names {
	size_t used, size;
	struct names_slot { uint64_t key; uint32_t value; } *slots;
};

uint64_t names_key(unsigned kind, uint64_t owner, const char *text);
uint32_t names_get(const struct names *n, uint64_t key); /* NAMES_NONE when absent */
bool names_set(struct names *n, uint64_t key, uint32_t value); /* false: out of memory */
void names_done(struct names *n);

#endif
