/*
 * nhs: one next hop server of an overlay, and our registration with it. See nhs.c for the
 * state machine.
 */
#ifndef DMVPN_ENGINE_NHS_H
#define DMVPN_ENGINE_NHS_H

#include "engine/tunnel.h"

#define NHS_STATES(X) X(WAITING) X(REGISTERING) X(UP) X(REFRESHING) X(DOWN) X(LEAVING)
#define NHS_EVENTS(X) X(READY) X(UNREADY) X(TIMER) X(ACCEPTED) X(REFUSED) X(HEARD) X(GONE) X(LEAVE) X(PURGED)

enum nhs_state {
#define NHS_ENUM(name) NHS_##name,
	NHS_STATES(NHS_ENUM)
#undef NHS_ENUM
	NHS_STATE_COUNT
};

enum nhs_event {
#define NHS_ENUM(name) NHS_EVENT_##name,
	NHS_EVENTS(NHS_ENUM)
#undef NHS_ENUM
	NHS_EVENT_COUNT
};

enum { NHS_REASON_MAX = 80 };

struct nhs {
	struct overlay *overlay;
	const struct config_nhs *cfg;
	struct ipaddr configured_addr; /* as in cfg, which may be replaced */
	size_t order;          /* in the configuration */
	struct ipaddr addr;    /* overlay address; IP_NONE while a dynamic one is unknown */
	struct endpoint nbma;  /* addr IP_NONE while unknown */
	enum nhs_state state;
	struct timer timer, link_local_timer;
	unsigned step;         /* of the ladder: retransmissions since the last answer */
	unsigned misses;
	uint32_t request_id, acknowledged_id;
	struct instant last_sent, last_reply;
	uint64_t requests_sent, requests_failed, replies_received;
	char reason[NHS_REASON_MAX]; /* why it is not UP; "" when it is */
	struct ipaddr outside;    /* where this NHS sees us, behind a NAT; IP_NONE: where we are */

	uint32_t link_local_id; /* registration of our link-local address; 0: none */
	unsigned link_local_step;
	bool link_local_done;
	struct ipaddr link_local; /* the NHS's own, learnt from its reply */
};

/* Makes the list follow configuration and names: same ones stay, new ones start, others leave. */
void nhs_list_apply(struct overlay *o);
void nhs_list_restart(struct overlay *o, enum nhs_event event); /* READY or UNREADY to each */
void nhs_list_leave(struct overlay *o);
bool nhs_list_left(const struct overlay *o); /* no farewell is awaited any more */
void nhs_list_free(struct overlay *o);

void nhs_step(struct nhs *n, enum nhs_event event);
void nhs_refused(struct nhs *n, const char *why); /* as nhs_step(REFUSED), with the reason */
void nhs_timer(struct nhs *n);
void nhs_link_local_timer(struct nhs *n);

bool nhs_is_live(const struct nhs *n);
struct nhs *nhs_best(const struct overlay *o); /* live, best priority; NULL: none */
struct nhs *nhs_by_nbma(const struct overlay *o, const struct endpoint *nbma);
struct nhs *nhs_by_addr(const struct overlay *o, const struct ipaddr *addr);
struct nhs *nhs_by_request(const struct overlay *o, uint32_t request_id); /* either registration */
void nhs_heard(const struct overlay *o, const struct endpoint *from);
/* Protected packets go to that endpoint, by an agreement that is new: it may have forgotten us. */
void nhs_reachable(const struct overlay *o, const struct endpoint *to);

/* A Registration Reply to us; the message has passed the checks. */
void nhs_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
void nhs_purge_reply(struct overlay *o, const struct nhrp_message *m);
const char *nhs_state_name(enum nhs_state s);

#endif
