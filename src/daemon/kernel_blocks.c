#include "daemon/kernel_blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool same(const struct kernel_block *a, const struct kernel_block *b)
{
	return a->tunnel == b->tunnel && a->protection == b->protection && ipaddr_eq(&a->local, &b->local);
}

static bool conflicts(const struct kernel_blocks *b, const struct kernel_block *claim)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].tunnel != claim->tunnel && b->list[i].protection != claim->protection &&
		    ipaddr_eq(&b->list[i].local, &claim->local))
			return true;
	return false;
}

static bool is_claimed(const struct kernel_blocks *b, const struct kernel_block *claim)
{
	for (size_t i = 0; i < b->count; i++)
		if (same(&b->list[i], claim))
			return true;
	return false;
}

int kernel_blocks_claim(struct kernel_blocks *b, const struct kernel_block *claim)
{
	int error = 0;

	if (ipaddr_is_none(&claim->local) || ipaddr_is_unspecified(&claim->local))
		return 0;
	if (conflicts(b, claim))
		return -EADDRINUSE;
	/* Said again each time: somebody may have emptied the kernel's table. */
	if (claim->protection)
		error = b->block(b->arg, &claim->local, true);
	if (error || is_claimed(b, claim))
		return error;
	b->list = alloc_array(b->list, b->count + 1, sizeof *b->list);
	b->list[b->count++] = *claim;
	return 0;
}

static bool is_blocked(const struct kernel_blocks *b, const struct ipaddr *local)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->list[i].protection && ipaddr_eq(&b->list[i].local, local))
			return true;
	return false;
}

/* All of the tunnel's but one. */
static void leave(struct kernel_blocks *b, uint32_t tunnel, const struct kernel_block *but)
{
	for (size_t i = b->count; i-- > 0;) {
		const struct kernel_block gone = b->list[i];

		if (gone.tunnel != tunnel || (but && same(&gone, but)))
			continue;
		memmove(&b->list[i], &b->list[i + 1], (b->count - i - 1) * sizeof *b->list);
		b->count--;
		if (gone.protection && !is_blocked(b, &gone.local))
			(void)b->block(b->arg, &gone.local, false); /* too much blocked is no danger */
	}
}

void kernel_blocks_settle(struct kernel_blocks *b, const struct kernel_block *claim)
{
	leave(b, claim->tunnel, claim);
}

void kernel_blocks_leave(struct kernel_blocks *b, uint32_t tunnel)
{
	leave(b, tunnel, NULL);
}

void kernel_blocks_done(struct kernel_blocks *b)
{
	free(b->list);
	b->list = NULL;
	b->count = 0;
}
