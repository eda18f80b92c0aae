/*
 * session: one IPsec session, its state machine (session.c) and the SAs that it has
 * (session_sas.c). Private to sessions.c and its neighbours.
 */
#ifndef DMVPN_DAEMON_SESSION_H
#define DMVPN_DAEMON_SESSION_H

#include "base/prng.h"
#include "base/timers.h"
#include "base/tree.h"
#include "daemon/session_index.h"
#include "daemon/sessions.h"

#define SESSION_STATES(X) X(IDLE) X(WAITING) X(IKE) X(IPSEC) X(UP) X(BACKOFF) X(LINGERING)
#define SESSION_EVENTS(X) \
	X(WANTED) X(UNWANTED) X(TIMER) X(IKE_UP) X(IKE_DOWN) X(CHILD_UP) X(CHILD_DOWN) X(CHARON_LOST) X(CHARON_BACK)

enum session_state {
#define SESSION_ENUM(name) SESSION_##name,
	SESSION_STATES(SESSION_ENUM)
#undef SESSION_ENUM
	SESSION_STATE_COUNT
};

enum session_event {
#define SESSION_ENUM(name) SESSION_EVENT_##name,
	SESSION_EVENTS(SESSION_ENUM)
#undef SESSION_ENUM
	SESSION_EVENT_COUNT
};

enum session_timer { SESSION_TIMER_STATE, SESSION_TIMER_SETTLE, SESSION_TIMER_QUEUE };

enum {
	SESSION_QUEUE_MAX = 16, SESSION_QUEUE_S = 5,
	/* Who authenticates may begin as often as he likes, and each takes room that others need. */
	SESSION_IKES_MAX = 16, SESSION_PAIRS_MAX = 64 /* of one IKE_SA: one for each tunnel, at worst */,
};

/* An IKE_SA of charon. */
struct session_ike {
	uint32_t id;
	uint64_t spi_initiator;
	bool is_initiator;
	bool loser;    /* a duplicate that is to go */
	bool ending;   /* charon was asked to end it, since there are too many */
	unsigned version;
	char suite[64];
	struct instant since;
};

/* An SA pair. ike 0: charon does not know it (any more). */
struct session_pair {
	uint32_t spi_in, spi_out;
	uint32_t ike;
	bool is_initiator;
	struct instant since;
};

struct session_message {
	struct session_message *next;
	uint32_t tunnel;
	struct instant until;
	size_t length;
	uint8_t bytes[];
};

struct session {
	struct tree_node by_key, by_id;
	struct sessions *table;
	uint32_t id;
	struct session_key key;
	enum session_state state;
	struct instant since;
	struct timer timer, settle, queue_timer;
	struct instant proving;      /* began anew beside what it has; INSTANT_NEVER: does not, or has succeeded */
	struct instant prove_again;  /* not before that */
	struct instant renewed;      /* older IKE_SAs are of settings that are in force no more */
	unsigned users;              /* peers of the engine … */
	struct session_user *first_user; /* … in the order of their tunnels */
	struct instant wanted_until; /* for the sake of messages, or to find out who it is */
	bool told;                   /* the forwarder knows it */
	bool can_send;
	struct instant up_since;     /* INSTANT_NEVER: cannot send */
	uint16_t remote_port;
	char identity[SESSION_IDENTITY_MAX];
	size_t ike_count, pair_count;
	struct session_ike *ikes;
	struct session_pair *pairs;
	size_t queued;
	struct session_message *first, **last;
	char cause[SESSION_CAUSE_MAX];
	unsigned cause_rank;
	struct instant cause_at; /* it was seen last */
	uint32_t said;           /* causes that were logged since said_at: a bit for each rank */
	struct instant said_at, crowd_said; /* crowd_said: that it had too many SAs */
	unsigned failures;
	struct instant failed_at; /* the last of them */
};

/* A peer of the engine. */
struct session_user {
	struct tree_node node; /* by (tunnel, remote) */
	uint32_t tunnel;
	struct endpoint remote;
	bool configured;         /* its endpoint is: sessions_want() */
	struct session *session; /* NULL: the tunnel is down or unprotected */
	struct session_user *next; /* of the session */
};

struct session_tunnel {
	uint32_t number, protection;
	struct endpoint local;
};

struct session_queued_action {
	struct session_queued_action *next;
	struct session_action action;
	uint8_t bytes[];
};

struct sessions {
	struct instant now;
	struct prng random;
	struct timers timers;
	struct tree by_key, by_id, users;
	struct tree by_ike, by_spi; /* session_index.h: IKE_SAs, and inbound SPIs of pairs */
	uint32_t next_id;
	bool charon;     /* it is there and has said what it has */
	size_t asking;   /* sessions in state IKE */
	size_t tunnel_count;
	struct session_tunnel *tunnels;
	struct session_queued_action *first, **last, *given;
};

/* ---- session.c ---- */
void session_step(struct session *x, enum session_event event);
const char *session_state_name(enum session_state s);
bool session_wanted(const struct session *x);
void session_set_cause(struct session *x, unsigned rank, const char *cause); /* enum ike_cause */
void session_timer(struct session *x);
void session_doubt(struct session *x);
void session_hurry(struct session *x); /* the peer, silent so far, may be there again */
bool session_prove(struct session *x); /* begins anew beside what it has, wanted or not; false: not now */
void session_vain(struct session *x);  /* an attempt of ours came to nothing */
void session_renew(struct session *x); /* charon's settings for it are others */

/* ---- session_sas.c ---- */
struct session_ike *session_find_ike(const struct session *x, uint32_t ike_id);
struct session_pair *session_find_pair(const struct session *x, uint32_t spi_in);
struct session_ike *session_add_ike(struct session *x, const struct session_report *r);
void session_del_ike(struct session *x, uint32_t ike_id); /* with its pairs; no event */
bool session_add_pair(struct session *x, const struct session_report *r); /* true: it was not there before */
void session_del_pair(struct session *x, size_t at); /* no event */
void session_name_pair(struct session *x, struct session_pair *p, uint32_t spi_in); /* which it had not */
struct session_pair *session_new_pair(struct session *x);
void session_forget_sas(struct session *x); /* of all kinds; no event */
void session_orphan(struct session *x); /* charon is gone: pairs stay, IKE_SAs do not */
void session_end_ikes(struct session *x, bool force); /* asks charon to end them all */
void session_end_old(struct session *x); /* those from before it was renewed */
void session_settle(struct session *x); /* what is double goes; arms the timer */
void session_settle_due(struct session *x);

/* ---- session_nhrp.c ---- */
void session_want_for(struct session *x, struct span d); /* whether it has users or not */
void session_queue(struct session *x, uint32_t tunnel, const uint8_t *bytes, size_t length);
void session_queue_flush(struct session *x);
void session_queue_expire(struct session *x);
void session_queue_drop(struct session *x);

/* ---- sessions.c ---- */
void sessions_now(struct sessions *s, struct instant now);
int session_key_cmp(const struct session_key *a, const struct session_key *b);
struct session *session_of_id(const struct sessions *s, uint32_t id);
struct session *session_of_key(const struct sessions *s, const struct session_key *k);
struct session *session_get(struct sessions *s, const struct session_key *k); /* made when missing */
struct session *session_add(struct sessions *s, uint32_t id, const struct session_key *k);
struct session *session_first(const struct sessions *s);              /* by id */
struct session *session_next(const struct sessions *s, uint32_t id);  /* the first above it */
void session_release(struct session *x); /* at the end of whatever touched it: gone when nothing holds it */
struct session_action *session_act(struct session *x, enum session_action_type type);
void session_trace(struct session *x, int severity, const char *mnemonic, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
struct instant session_later(const struct session *x, struct span d);
void session_nhrp(struct session *x, uint32_t tunnel, const uint8_t *bytes, size_t length);

/* ---- session_users.c ---- */
int session_user_cmp(const void *key, const struct tree_node *node);
struct session_user *session_user_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote);
struct session_tunnel *session_tunnel_of(const struct sessions *s, uint32_t number);
struct session_key session_key_for(const struct session_tunnel *t, const struct endpoint *remote);
void session_say_reachable(struct session *x); /* to all its users */
void session_say_doubted(struct session *x);   /* likewise */
void session_say_taken(struct session *x);     /* likewise */
bool session_is_configured(const struct session *x); /* a user's endpoint is */

/* ---- session_charon.c ---- */
void session_drop_pair(struct session *x, size_t at); /* with what follows from it */

#endif
