/*
 * server_state: what the files of the XFRM server share. Not for others.
 *
 * Requests come in by request.c, which answers them with request_sa.c and request_policy.c; limits.c
 * keeps the deadlines; event.c makes the messages that charon did not ask for.
 */
#ifndef DMVPN_XFRM_SERVER_STATE_H
#define DMVPN_XFRM_SERVER_STATE_H

#include "base/prng.h"
#include "base/timers.h"
#include "xfrm/policy.h"
#include "xfrm/sa_message.h"

enum {
	EVENTS_MAX = 1024,
	RECENT_MAX = 64,
	REQID_BUCKETS = 4096,
	LARVAL_S = 165,       /* charon gives up an exchange within that */
	EXPIRED_S = 30,       /* for charon to delete what has reached its hard limit */
	UNCLAIMED_S = 10,     /* for an orphan that no session is bound to */
};

struct xfrm_event {
	uint32_t groups;
	uint32_t length;
	uint8_t bytes[XFRM_EVENT_MAX];
};

/* An SA that went: should charon add it again, it is of the same session. */
struct xfrm_recent {
	uint32_t spi;
	uint8_t inbound, phase, is_initiator;
	uint32_t session;
	struct ipaddr local;
	uint8_t digest[32];
};

/* A dump that is under way. */
struct xfrm_dump {
	uint16_t type; /* XFRM_MSG_GETSA or GETPOLICY; 0: none */
	uint32_t seq, pid;
	const struct esp_sa *sa;          /* the last one told */
	const struct xfrm_policy *policy;
};

struct xfrm_server {
	struct sa_table *table;
	struct xfrm_hooks hooks;
	struct prng prng;
	struct xfrm_counters counters;
	struct xfrm_policies policies;
	struct xfrm_record *record;

	struct timers timers;
	struct timer *limits;       /* one for each slot of the table */
	uint32_t *reqid_buckets, *reqid_next; /* slot index + 1; 0: none */
	const struct esp_sa *scan_at;
	struct instant scan_due;

	struct xfrm_event *events;  /* a ring */
	uint32_t event_first, event_count;
	uint32_t acquire_seq;

	struct xfrm_recent recent[RECENT_MAX]; /* a ring; spi 0: free */
	uint32_t recent_at;
	struct xfrm_dump dump;
};

/* One request being answered. */
struct xfrm_request {
	struct netlink_message message;
	struct xfrm_clock clock;
	bool is_repeated; /* it was under way when an earlier process died */
};

enum { XFRM_ANSWERED = 1 }; /* what a handler returns when it has written data; else 0 or -errno */

typedef int xfrm_handler(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out);

xfrm_handler request_sa_alloc, request_sa_add, request_sa_del, request_sa_get, request_sa_get_state,
	request_sa_set_state, request_sa_flush;
xfrm_handler request_policy_add, request_policy_del, request_policy_get, request_policy_flush,
	request_policy_info, request_policy_set_info;

/* The part of a dump that fits; false: there is more. */
bool request_sa_dump(struct xfrm_server *s, struct xfrm_clock clock, struct netlink_writer *out);
bool request_policy_dump(struct xfrm_server *s, struct xfrm_clock clock, struct netlink_writer *out);
void request_policy_info_put(struct netlink_writer *out, const struct xfrm_server *s, struct xfrm_clock clock,
			     const struct xfrm_policy *policy);

void server_refused(struct xfrm_server *s, const struct algorithm_refusal *refusal);
/* The slot goes, and is remembered. */
void server_drop(struct xfrm_server *s, struct esp_sa *sa);
/* charon does not know it any more: it stays or goes, as the session's owner says. */
void server_forget(struct xfrm_server *s, struct esp_sa *sa);
/* It has its keys: linked, timed, told; carries on what is remembered of it. */
void server_installed(struct xfrm_server *s, struct esp_sa *sa, struct xfrm_clock clock);
/* The SA that charon names; NULL: it knows none such. */
struct esp_sa *server_find(const struct xfrm_server *s, uint32_t spi, const struct ipaddr *daddr);
/* The next SA of that reqid and direction that charon knows; NULL: the first, and no more. */
struct esp_sa *server_of_reqid(const struct xfrm_server *s, uint32_t reqid, bool inbound, const struct esp_sa *after);
void server_reqid_link(struct xfrm_server *s, const struct esp_sa *sa);
const struct xfrm_recent *server_recent(const struct xfrm_server *s, uint32_t spi, bool inbound);

int limits_init(struct xfrm_server *s);
void limits_done(struct xfrm_server *s);
void limits_arm(struct xfrm_server *s, struct esp_sa *sa, struct instant now);
void limits_stop(struct xfrm_server *s, const struct esp_sa *sa);

bool event_room(const struct xfrm_server *s);
void event_expire(struct xfrm_server *s, const struct esp_sa *sa, bool is_hard, struct xfrm_clock clock);

#endif
