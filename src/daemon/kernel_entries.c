#include "daemon/kernel_entries.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct entry {
	struct tree_node node;
	struct ipaddr addr;
	uint64_t peer;
	struct ipaddr nbma;     /* the peer's */
	struct ipaddr leads_to; /* as the kernel was told */
};

static struct entry *of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct entry, node) : NULL;
}

static int by_addr(const void *key, const struct tree_node *node)
{
	return ipaddr_cmp(key, &CONTAINER_OF(node, const struct entry, node)->addr);
}

void kernel_entries_init(struct kernel_entries *k, bool (*reaches)(const void *arg, uint64_t peer), const void *arg)
{
	*k = (struct kernel_entries){ .reaches = reaches, .arg = arg, .relay = IPADDR_NONE };
	tree_init(&k->tree, by_addr);
}

static void discard(struct kernel_entries *k, struct entry *e)
{
	tree_remove(&k->tree, &e->node);
	free(e);
}

void kernel_entries_done(struct kernel_entries *k)
{
	struct entry *e;

	while ((e = of(tree_first(&k->tree))))
		discard(k, e);
}

static bool is_dead(const struct kernel_entries *k, uint64_t peer)
{
	for (size_t i = 0; i < k->dead_count; i++)
		if (k->dead[i] == peer)
			return true;
	return false;
}

/* When nobody lives the dead one is as good a guess as any. */
static const struct ipaddr *way_of(const struct kernel_entries *k, const struct entry *e)
{
	if (ipaddr_is_none(&k->relay))
		return &e->nbma;
	return is_dead(k, e->peer) || !k->reaches(k->arg, e->peer) ? &k->relay : &e->nbma;
}

struct lladdr kernel_entry_set(struct kernel_entries *k, const struct ipaddr *addr, uint64_t peer,
			       const struct ipaddr *nbma)
{
	struct entry *e = of(tree_find(&k->tree, addr));

	if (!e) {
		e = alloc_zero(1, sizeof *e);
		e->addr = *addr;
		tree_insert(&k->tree, &e->addr, &e->node);
	}
	e->peer = peer;
	e->nbma = *nbma;
	e->leads_to = *way_of(k, e);
	return lladdr_of_nbma(&e->leads_to);
}

void kernel_entry_del(struct kernel_entries *k, const struct ipaddr *addr)
{
	struct entry *e = of(tree_find(&k->tree, addr));

	if (e)
		discard(k, e);
}

bool kernel_entry_get(const struct kernel_entries *k, const struct ipaddr *addr, struct lladdr *out)
{
	const struct entry *e = of(tree_find(&k->tree, addr));

	if (e)
		*out = lladdr_of_nbma(&e->leads_to);
	return e;
}

void kernel_entries_dead(struct kernel_entries *k, size_t count, const uint64_t *dead)
{
	k->dead_count = count < RELAYS_MAX ? count : RELAYS_MAX;
	memcpy(k->dead, dead, k->dead_count * sizeof *dead);
}

void kernel_entries_look(struct kernel_entries *k, struct netlink *n, int ifindex, const struct ipaddr *relay)
{
	k->relay = *relay;
	for (struct tree_node *node = tree_first(&k->tree); node; node = tree_next(node)) {
		struct entry *e = of(node);
		const struct ipaddr *way = way_of(k, e);
		const struct lladdr l = lladdr_of_nbma(way);

		/* What the kernel refuses now is tried again with the next turn. */
		if (!ipaddr_eq(way, &e->leads_to) && neighbour_set(n, ifindex, &e->addr, &l) == 0)
			e->leads_to = *way;
	}
}
