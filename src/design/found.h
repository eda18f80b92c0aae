/*
 * found: an existing network in the planner's words: which wish would have led to it, what that costs, and what
 * the planner would do otherwise. Rests on the clouds, hubs and phases of struct design.
 */
#ifndef DMVPN_DESIGN_FOUND_H
#define DMVPN_DESIGN_FOUND_H

#include "design/design.h"
#include "design/plan_figure.h"

struct found {
	const struct design *design;
	struct plan_wish wish;          /* what it amounts to; 0 where it has no word for that */
	unsigned bfd_ms;                /* the slowest on the tunnels; 0: some have none */
	struct plan_notes recognised, better;
	struct plan *as_is, *advised;   /* NULL: cannot be planned; `better` says why */
	uint32_t hub_count, spoke_count;
	uint32_t *hubs, *spokes;        /* routers */
};

/* Never NULL. The design has to outlive it, and be judged. */
struct found *found_new(const struct design *d);
void found_free(struct found *f); /* NULL is fine */
void found_figure(struct plan_figure *figure, const struct found *f);
void found_text(const struct found *f, const char *from, FILE *out);

#endif
