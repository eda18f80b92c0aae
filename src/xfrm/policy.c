/* policy: see policy.h. */
#include "xfrm/policy.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "xfrm/server.h"

enum { BUCKETS = 16384 };

/* The stores before it reach memory before those behind it, for a process that follows this one. */
static void in_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static struct xfrm_policy *slot(const struct xfrm_policies *p, uint32_t number)
{
	return sa_table_second(p->table, number);
}

static uint32_t bucket(uint8_t dir, const struct xfrm_selector *sel)
{
	static const struct siphash_key key = { 0x706f6c6963696573, 0 };

	return (uint32_t)((siphash(&key, sel, sizeof *sel) + dir) % BUCKETS);
}

static uint32_t number_of(const struct xfrm_policies *p, const struct xfrm_policy *policy)
{
	const uint8_t *base = sa_table_second(p->table, 0);

	return (uint32_t)((size_t)((const uint8_t *)policy - base) / XFRM_SECOND_OCTETS);
}

static void link_in(struct xfrm_policies *p, uint32_t number)
{
	uint32_t *head = &p->buckets[bucket(slot(p, number)->dir, &slot(p, number)->selector)];

	p->next[number] = *head;
	*head = number;
	p->count++;
}

static void link_out(struct xfrm_policies *p, uint32_t number)
{
	uint32_t *at = &p->buckets[bucket(slot(p, number)->dir, &slot(p, number)->selector)];

	while (*at != number)
		at = &p->next[*at];
	*at = p->next[number];
	p->count--;
}

static void slot_free(struct xfrm_policies *p, uint32_t number)
{
	slot(p, number)->is_used = 0;
	p->next[number] = p->free_first;
	p->free_first = number;
}

/* One slot of those found. Of two of one name, the elder is what a killed process left. */
static void adopt(struct xfrm_policies *p, uint32_t number)
{
	struct xfrm_policy *found = slot(p, number), *twin;

	if (!found->is_used || found->dir >= XFRM_POLICY_MAX || found->template_count > XFRM_TEMPLATES_MAX) {
		slot_free(p, number);
		return;
	}
	if (found->generation > p->generation)
		p->generation = found->generation;
	twin = xfrm_policies_find(p, found->dir, &found->selector);
	if (twin && twin->generation > found->generation) {
		slot_free(p, number);
		return;
	}
	if (twin)
		xfrm_policies_remove(p, twin);
	link_in(p, number);
}

int xfrm_policies_init(struct xfrm_policies *p, struct sa_table *table)
{
	uint32_t high;

	memset(p, 0, sizeof *p);
	p->table = table;
	p->buckets = calloc(BUCKETS, sizeof *p->buckets);
	p->next = calloc(XFRM_POLICY_CAPACITY + 1, sizeof *p->next);
	if (!p->buckets || !p->next) {
		xfrm_policies_done(p);
		return -ENOMEM;
	}
	high = sa_table_second_high(table);
	if (high == 0)
		sa_table_second_raise(table, 1);
	for (uint32_t number = 1; number < high; number++)
		adopt(p, number);
	return 0;
}

void xfrm_policies_done(struct xfrm_policies *p)
{
	free(p->buckets);
	free(p->next);
	p->buckets = p->next = NULL;
}

struct xfrm_record *xfrm_policies_record(const struct xfrm_policies *p)
{
	return sa_table_second(p->table, 0);
}

struct xfrm_policy *xfrm_policies_find(const struct xfrm_policies *p, uint8_t dir, const struct xfrm_selector *sel)
{
	for (uint32_t number = p->buckets[bucket(dir, sel)]; number; number = p->next[number]) {
		struct xfrm_policy *policy = slot(p, number);

		if (policy->dir == dir && memcmp(&policy->selector, sel, sizeof *sel) == 0)
			return policy;
	}
	return NULL;
}

/* As the kernel has it: the direction in the lowest three bits. */
uint32_t xfrm_policies_index(const struct xfrm_policies *p, const struct xfrm_policy *policy)
{
	return number_of(p, policy) << 3 | policy->dir;
}

struct xfrm_policy *xfrm_policies_at(const struct xfrm_policies *p, uint8_t dir, uint32_t index)
{
	uint32_t number = index >> 3;

	if ((index & 7) != dir || number == 0 || number >= sa_table_second_high(p->table) || !slot(p, number)->is_used)
		return NULL;
	return slot(p, number);
}

struct xfrm_policy *xfrm_policies_next(const struct xfrm_policies *p, const struct xfrm_policy *after)
{
	uint32_t high = sa_table_second_high(p->table);

	for (uint32_t number = after ? number_of(p, after) + 1 : 1; number < high; number++)
		if (slot(p, number)->is_used)
			return slot(p, number);
	return NULL;
}

/* 0: no room. */
static uint32_t take(struct xfrm_policies *p)
{
	uint32_t number = p->free_first, high = sa_table_second_high(p->table);

	if (number) {
		p->free_first = p->next[number];
		return number;
	}
	if (high > XFRM_POLICY_CAPACITY)
		return 0;
	sa_table_second_raise(p->table, high + 1);
	return high;
}

int xfrm_policies_put(struct xfrm_policies *p, const struct xfrm_policy *filled)
{
	struct xfrm_policy *old = xfrm_policies_find(p, filled->dir, &filled->selector), *fresh;
	uint32_t number = take(p);

	if (number == 0)
		return -ENOBUFS;
	fresh = slot(p, number);
	*fresh = *filled;
	fresh->is_used = 0;
	fresh->generation = ++p->generation;
	in_order();
	fresh->is_used = 1;
	in_order();
	if (old)
		xfrm_policies_remove(p, old);
	link_in(p, number);
	return 0;
}

void xfrm_policies_remove(struct xfrm_policies *p, struct xfrm_policy *policy)
{
	uint32_t number = number_of(p, policy);

	link_out(p, number);
	slot_free(p, number);
}

void xfrm_policies_clear(struct xfrm_policies *p)
{
	struct xfrm_policy *policy = NULL;

	while ((policy = xfrm_policies_next(p, policy)) != NULL)
		xfrm_policies_remove(p, policy);
}
