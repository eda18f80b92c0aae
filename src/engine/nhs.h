/*
 * nhs: one next hop server of an overlay, and our registration with it. See nhs.c for the
 * state machine, nhs_cluster.h for who is registered with at all.
 */
#ifndef DMVPN_ENGINE_NHS_H
#define DMVPN_ENGINE_NHS_H

#include "engine/damping.h"
#include "engine/nhs_tally.h"
#include "engine/path.h"

#define NHS_STATES(X) \
	X(WAITING) X(STANDBY) X(REGISTERING) X(UP) X(REFRESHING) X(DOWN) X(REFUSED) X(RETURNING) X(RELEASING) X(LEAVING)
#define NHS_EVENTS(X) \
	X(READY) X(UNREADY) X(TIMER) X(ACCEPTED) X(REFUSED) X(HEARD) X(GONE) X(LEAVE) X(PURGED) \
	X(PATH_LOST) X(PATH_BACK) X(TAKE) X(RELEASE)

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

/* Back, but not yet for long enough to be preferred. */
enum nhs_hold { NHS_HOLD_NONE, NHS_HOLD_DAMPED, NHS_HOLD_SETTLING };

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
	unsigned tried;        /* of several addresses behind its name, since it died */
	struct span interval;  /* of the ladder, as set last */
	bool over_budget;      /* too many dead ones: that interval is longer than it would be */
	uint32_t request_id, acknowledged_id;
	struct instant last_sent, last_reply;
	struct nhs_tallies tallies;
	char reason[NHS_REASON_MAX]; /* why it is not UP; "" when it is */
	struct ipaddr outside;    /* where this NHS sees us, behind a NAT; IP_NONE: where we are */

	struct path_watch path;   /* nhs_path.c */
	struct instant died;      /* NEVER: nothing bad is known of it since it was UP last */
	struct damping damping;
	enum nhs_hold hold;       /* nhs_trust.c, as all of the following */
	struct span settling;     /* how long that lasts, or will */
	struct timer trust;
	bool told_up;             /* what routing was told last */

	uint32_t link_local_id; /* registration of our link-local address; 0: none */
	unsigned link_local_step;
	bool link_local_done;
	struct ipaddr link_local; /* the NHS's own, learnt from its reply */
};

void nhs_step(struct nhs *n, enum nhs_event event);
void nhs_refused(struct nhs *n, const char *why); /* as nhs_step(REFUSED), with the reason */
void nhs_path_lost(struct nhs *n, const char *why); /* as nhs_step(PATH_LOST), with what was seen */
void nhs_timer(struct nhs *n);
/* Watches the path to it, in so far as it is to be watched now. */
void nhs_follow_path(struct nhs *n);
/* Probes are not answered, of late: what does NHRP say? */
void nhs_path_doubted(struct nhs *n);

bool nhs_is_live(const struct nhs *n);    /* traffic may lean on it */
bool nhs_carries(const struct nhs *n);    /* it says nothing, but packets get there: better than nobody */
bool nhs_is_silent(const struct nhs *n);  /* DOWN for want of answers */
bool nhs_is_asked(const struct nhs *n);   /* not live, and we try to register with it */
bool nhs_is_standby(const struct nhs *n); /* not needed for now */
const char *nhs_state_name(enum nhs_state s);

#endif
