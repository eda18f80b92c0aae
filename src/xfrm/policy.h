/*
 * policy: charon's policies in the second region of the SA table.
 *
 * Packets are not matched against them (an SA belongs to a peer by what charon says of it over VICI):
 * they are kept because charon asks for them again, and because a trap policy tells for whom charon
 * wants to be woken.
 *
 * Slot 0 is the record of the last request; policies begin at slot 1. A slot counts from the store of
 * its state on. A changed policy is written to a fresh slot before the old one is freed; where both are
 * found, the one of the higher generation counts.
 */
#ifndef DMVPN_XFRM_POLICY_H
#define DMVPN_XFRM_POLICY_H

#include <linux/xfrm.h>

#include "esp/sa_table.h"

enum { XFRM_TEMPLATES_MAX = 2, XFRM_SECOND_OCTETS = 256, XFRM_SECOND_VERSION = 1 };

/* What was asked last, so that the same request after our death is known again. */
struct xfrm_record {
	uint32_t pid, seq;  /* of netlink; pid 0: no charon was heard yet */
	uint64_t hash;      /* of the whole message */
	uint32_t is_done;   /* and what was answered: */
	int32_t error;
	uint32_t spi;       /* of ALLOCSPI, host order */
};

struct xfrm_policy {
	uint32_t is_used;
	uint8_t dir, action, flags, share;
	uint32_t priority;
	uint32_t template_count;
	uint64_t generation;
	int64_t added_us;
	int64_t acquired_us; /* of the last ACQUIRE for it; 0: none */
	struct xfrm_selector selector;
	struct xfrm_user_tmpl templates[XFRM_TEMPLATES_MAX];
};

_Static_assert(sizeof(struct xfrm_policy) <= XFRM_SECOND_OCTETS, "a slot holds a policy");
_Static_assert(sizeof(struct xfrm_record) <= XFRM_SECOND_OCTETS, "a slot holds the record");

struct xfrm_policies {
	struct sa_table *table;
	uint32_t *buckets, *next; /* slot numbers by hash; 0: none */
	uint32_t free_first;      /* of a list through next[] */
	uint32_t count;
	uint64_t generation;
};

/* Takes up what is in the region. 0 or -ENOMEM. */
int xfrm_policies_init(struct xfrm_policies *p, struct sa_table *table);
void xfrm_policies_done(struct xfrm_policies *p);

struct xfrm_record *xfrm_policies_record(const struct xfrm_policies *p);

/* By direction and selector (sa_message_selector()), or by index as charon is told it. NULL: none. */
struct xfrm_policy *xfrm_policies_find(const struct xfrm_policies *p, uint8_t dir, const struct xfrm_selector *sel);
struct xfrm_policy *xfrm_policies_at(const struct xfrm_policies *p, uint8_t dir, uint32_t index);
uint32_t xfrm_policies_index(const struct xfrm_policies *p, const struct xfrm_policy *policy);
/* In slot order; NULL: the first, and no more. */
struct xfrm_policy *xfrm_policies_next(const struct xfrm_policies *p, const struct xfrm_policy *after);

/* Adds it, in the place of the one of the same direction and selector. 0, or -ENOBUFS: no room. */
int xfrm_policies_put(struct xfrm_policies *p, const struct xfrm_policy *filled);
void xfrm_policies_remove(struct xfrm_policies *p, struct xfrm_policy *policy);
void xfrm_policies_clear(struct xfrm_policies *p);

#endif
