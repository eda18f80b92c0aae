/*
 * resolution: one question under way: where is this overlay address? See resolution.c for
 * the state machine.
 */
#ifndef DMVPN_ENGINE_RESOLUTION_H
#define DMVPN_ENGINE_RESOLUTION_H

#include "engine/binding.h"

enum { RESOLUTIONS_MAX = 4096 /* per overlay */ };

enum resolution_purpose {
	RESOLVE_NEXT_HOP, /* phase 2: traffic waits for this neighbour, and leans on an NHS meanwhile */
	RESOLVE_NETWORK,  /* phase 3: destination of redirected traffic */
	RESOLVE_REFRESH,  /* a cached binding in use nears its end */
};

enum resolution_state { RESOLUTION_ASKING, RESOLUTION_NEGATIVE, RESOLUTION_COOLING };

struct resolution {
	struct tree_node node;
	struct overlay *overlay;
	struct ipaddr target;
	enum resolution_purpose purpose;
	enum resolution_state state;
	uint32_t request_id;
	unsigned attempts;
	struct instant asked_at;
	unsigned refusals;      /* back-off of the negative entry */
	bool temporary;         /* a temporary neighbour points to leans_on */
	struct ipaddr leans_on; /* overlay address of the NHS; IP_NONE: none is alive */
	bool nobody_asked;      /* ASKING: there was no live NHS, last time */
	struct instant created;
	struct timer timer;
	char reason[64];        /* NEGATIVE: why */
};

void resolutions_init(struct overlay *o);
void resolutions_free(struct overlay *o); /* without effects */
void resolutions_drop_all(struct overlay *o);

/* EVENT_MISS, a Traffic Indication, a binding's refresh. */
void resolution_miss(struct overlay *o, const struct ipaddr *next_hop);
void resolution_network(struct overlay *o, const struct ipaddr *dst);
void resolution_refresh(struct binding *b);
void resolution_drop(struct resolution *r);
void resolution_timer(struct resolution *r);

struct resolution *resolution_find(const struct overlay *o, const struct ipaddr *target);
struct resolution *resolution_first(const struct overlay *o);
struct resolution *resolution_next(const struct resolution *r);

/* A Resolution Reply to us. */
void resolution_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
/* An Error Indication about a request of ours. */
void resolution_error(struct overlay *o, uint32_t request_id, const struct ipaddr *target, unsigned code);
/* The set of live NHSs has changed: temporary entries move in this very step. */
/* Packets can be sent to that endpoint now: what was asked of it in vain is asked again. */
void resolutions_reachable(struct overlay *o, const struct endpoint *nbma);
void resolutions_nhs_changed(struct overlay *o);

#endif
