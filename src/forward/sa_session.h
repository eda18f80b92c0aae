/*
 * sa_session: sessions with peers, the SAs bound to them, and which of these sends.
 *
 * A session is what charon and a peer have agreed on between two endpoints under one
 * protection. Its SAs come in pairs, named by the control process (FORWARD_SA_BIND), before or
 * after charon has installed them; an SA that is installed again under the same SPI (charon
 * does so when a NAT moves) belongs to its pair again. All SAs of a session receive. One sends,
 * chosen by sa_session_settle():
 *
 *   1. the newest pair of those that may: we began it, or its peer was heard on it, or a
 *      second has passed since it was bound, and since he was heard on an older one;
 *   2. else the newest pair whatever it is;
 *   3. else one that charon has deleted already, for at most five seconds.
 *
 * SAs that charon forgot by dying (orphans) count as others do, until a pair of the living
 * charon has carried a packet from the peer: then they are dropped.
 *
 * What is needed to go on after a restart lies in the slots of the SAs (struct sa_binding);
 * the rest is made from it by sa_sessions_adopt(). Nothing here calls the system.
 */
#ifndef DMVPN_FORWARD_SA_SESSION_H
#define DMVPN_FORWARD_SA_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/timers.h"
#include "esp/sa_table.h"
#include "forward/forward_msg.h"

enum {
	SA_PREFER_MS = 1000,      /* a new pair that nobody was heard on is preferred after that much without older ones */
	SA_LINGER_MS = 5000,      /* of an SA that charon deleted while it was the only one to send by;
				   * of an orphan's inbound half once it is replaced */
	SA_LATE_MS = 2000,        /* of an inbound SA that charon deleted: what the peer sent until it
				   * heard of that is still taken */
	SA_PAIR_MEMORY_MS = 10000,/* of a pair without SAs: named before they come, or between two lives */
};

/* In esp_sa.bound of an SA that belongs to a session. Written before esp_sa.session is. */
struct sa_binding {
	struct forward_session session;
	struct ipaddr to;       /* where the peer really is (behind a NAT that moved) */
	uint16_t to_port;       /* of UDP */
	uint32_t twin_spi;      /* of the other direction; 0: not named */
	int64_t bound_us;
	int64_t until_us;       /* to be gone then at the latest; INT64_MAX: not doomed */
};

struct peer;
struct raw;
struct sa_session;

struct sa_pair {
	TAILQ_ENTRY(sa_pair) order; /* of its session: the newest last */
	struct sa_pair *next_in, *next_out;
	struct sa_session *session;
	uint32_t spi_in, spi_out;   /* host order; 0: not named */
	bool is_initiator;
	struct esp_sa *in, *out;    /* NULL: not installed (any more) */
	struct instant bound_at, in_until, out_until;
	struct instant empty_since; /* NEVER: has an SA */
};

TAILQ_HEAD(sa_pair_list, sa_pair);

struct sa_session {
	TAILQ_ENTRY(sa_session) order;
	struct sa_session *next_by_id, *next_by_endpoint;
	struct forward_session conf;
	uint32_t generation;        /* of the last FORWARD_SESSION_SET */
	struct sa_pair_list pairs;
	struct esp_sa *out;         /* the one that sends; NULL: none can */
	struct esp_key *key;        /* of it */
	const struct sa_binding *path; /* of it */
	struct timer timer;
	struct instant doubted;     /* the control process was told last that the peer may have forgotten us */
	const struct raw *raw;      /* that stands for its local end */
	uint32_t raw_epoch;         /* of tunnel_table when that was looked up, plus 1; 0: look again */
	struct peer *peer;          /* at its remote end on that multipoint tunnel; NULL: none */
	uint32_t peer_tunnel;
	uint32_t peer_epoch;        /* of peer_table when that was looked up; 0: look again */
	uint16_t path_mtu;          /* of the outer packet; 0: not known to be small */
	struct instant path_mtu_until;
};

TAILQ_HEAD(sa_session_list, sa_session);

/* Called in the midst of a change: they change nothing here, but for sa_remove. */
struct sa_session_ways {
	void *context;
	/* It can send now, or cannot any more, or its peer was heard for the first time on an SA. */
	void (*session_changed)(void *context, const struct sa_session *s);
	/* It was bound, chosen to send or not any more, moved, or is about to go (GONE). */
	void (*sa_changed)(void *context, const struct esp_sa *sa, enum esp_phase phase);
	/* Takes it out of the table, having called sa_session_gone(). */
	void (*sa_remove)(void *context, struct esp_sa *sa);
};

struct sa_sessions {
	struct sa_table *table;     /* NULL: no memory was handed over yet */
	struct sa_session_ways ways;
	struct sa_session_list all;
	size_t count, pair_count;
	size_t buckets;             /* a power of two */
	struct sa_session **by_id, **by_endpoint;
	size_t pair_buckets;        /* a power of two */
	struct sa_pair **by_in, **by_out;
	struct timers timers;
	uint32_t epoch;             /* moves with every session made or gone: cached look-ups are stale */
};

int sa_sessions_init(struct sa_sessions *s, const struct sa_session_ways *ways); /* 0 or -ENOMEM */
void sa_sessions_done(struct sa_sessions *s); /* the table, and what it says, stays */

/* The table was opened: sessions and pairs are made from what it holds. */
void sa_sessions_adopt(struct sa_sessions *s, struct sa_table *table, struct instant now);

/* Makes it, or gives it those endpoints. NULL: out of memory, or session 0. */
struct sa_session *sa_session_set(struct sa_sessions *s, const struct forward_session *conf);
/* Gone with all its SAs, at once. */
void sa_session_remove(struct sa_sessions *s, struct sa_session *session);
struct sa_session *sa_session_find(const struct sa_sessions *s, uint32_t id);
struct sa_session *sa_session_at(const struct sa_sessions *s, uint32_t protection, const struct endpoint *local,
				 const struct endpoint *remote);
/* The session of an SA; NULL: not bound. */
struct sa_session *sa_session_of(const struct sa_sessions *s, const struct esp_sa *sa);

/* -ENOENT: no such session; -EINVAL: no SPI; -ENOMEM. */
int sa_session_bind(struct sa_sessions *s, const struct forward_sa_bind *bind, struct instant now);
/* Those SAs are removed at once, bound or not. session 0: whichever has them. */
void sa_session_revoke(struct sa_sessions *s, const struct forward_sa_bind *named, struct instant now);

/*
 * What the XFRM server does to SAs. Nothing is removed in these: what is to go goes by the next
 * sa_sessions_tick(), which is due at once then.
 */
/* It has keys, new or again: true when it is bound now. */
bool sa_session_installed(struct sa_sessions *s, struct esp_sa *sa, struct instant now);
/* charon deletes it. true: it stays a while, because its session has no other to send by, or for
 * what the peer still sends by it. */
bool sa_session_deleted(struct sa_sessions *s, struct esp_sa *sa, struct instant now);
/* Its slot is about to be cleared. */
void sa_session_gone(struct sa_sessions *s, struct esp_sa *sa, struct instant now);
/* It has reached its end, or charon has moved it. */
void sa_session_touched(struct sa_sessions *s, struct esp_sa *sa, struct instant now);

/* The first packet of an inbound SA has authenticated. */
void sa_session_heard(struct sa_sessions *s, struct esp_sa *sa, struct instant now);
/* The peer sends from there now: so all its SAs in UDP send to it. */
void sa_session_moved(struct sa_sessions *s, struct sa_session *session, const struct ipaddr *to, uint16_t port);

static inline struct sa_binding *sa_binding(const struct esp_sa *sa) { return (struct sa_binding *)(uintptr_t)sa->bound; }
static inline bool sa_session_can_send(const struct sa_session *s) { return s && s->out; }

/* Removes what has ended and chooses anew who sends. */
void sa_session_settle(struct sa_sessions *s, struct sa_session *session, struct instant now);
struct instant sa_sessions_deadline(const struct sa_sessions *s);
void sa_sessions_tick(struct sa_sessions *s, struct instant now);

#endif
