/*
 * sessions: the IPsec sessions of this router, without sockets, clock or charon itself: what
 * happened goes in, what shall be done comes out by sessions_next().
 *
 * A session is what protects everything between (underlay VRF, local address) and one remote
 * endpoint under one protection (IPsec profile), whatever the number of tunnels between them
 * and whoever began. Several peers behind one address (a NAT) are told apart by the identity
 * that they authenticated with: the first is site 0, the others get numbers of their own.
 *
 * Sessions are wanted by the engine's peers (sessions_want) and, for a while, by NHRP messages to
 * an endpoint (sessions_send). What arrives from the peer's side is taken whether wanted or not,
 * and given back when nobody has wanted it for a minute.
 */
#ifndef DMVPN_DAEMON_SESSIONS_H
#define DMVPN_DAEMON_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"

struct sessions;
struct session;

enum { SESSION_CAUSE_MAX = 96, SESSION_IDENTITY_MAX = 256, SESSION_NAME_MAX = 256 };

struct session_key {
	uint32_t protection; /* never 0 */
	struct endpoint local, remote;
};

/* ---- what shall be done ---- */

enum session_action_type {
	SESSION_DO_INITIATE,     /* charon shall begin an IKE_SA with a child to key.remote */
	SESSION_DO_FORGET,       /* charon need not begin again: key (its connection may be unloaded) */
	SESSION_DO_TERMINATE,    /* charon shall end IKE_SA ike_id; force: without waiting for the peer */
	SESSION_DO_FORWARD_SET,  /* forwarder: session, key */
	SESSION_DO_FORWARD_DEL,
	SESSION_DO_BIND,         /* forwarder: session, spi_in, spi_out, is_initiator */
	SESSION_DO_REVOKE,       /* forwarder: spi_in, spi_out */
	SESSION_DO_NHRP,         /* forwarder: tunnel, key.remote, bytes */
	SESSION_DO_REACHABLE,    /* engine: tunnel, key.remote; also when the peer has begun anew */
	SESSION_DO_TAKEN,        /* engine: tunnel, key.remote; another than before is there: what was learnt of the former is over */
	SESSION_DO_DOUBTED,      /* engine: tunnel, key.remote; somebody, unproven, says that it has forgotten the session */
	SESSION_DO_TRACE,        /* log */
};

struct session_action {
	enum session_action_type type;
	uint32_t session, tunnel;
	struct session_key key;
	uint16_t port;        /* INITIATE: of the peer's NAT; 0: 500 and 4500 as usual */
	uint32_t ike_id;
	bool force;
	uint32_t spi_in, spi_out;
	bool is_initiator;
	const uint8_t *bytes; /* NHRP; valid until the next call */
	size_t length;
	int severity;
	const char *mnemonic;
	char text[512]; /* TRACE */
};

/* false: nothing is left to do. */
bool sessions_next(struct sessions *s, struct session_action *out);

/* ---- what happened ---- */

struct sessions *sessions_new(uint64_t seed, uint32_t id_first); /* NULL when out of memory */
void sessions_free(struct sessions *s);
struct instant sessions_deadline(const struct sessions *s);
void sessions_tick(struct sessions *s, struct instant now);

/* A tunnel's protection and local endpoint; protection 0: unprotected, down or gone. Then nobody of it is wanted, until
 * the engine says again whom it has. */
void sessions_tunnel(struct sessions *s, struct instant now, uint32_t tunnel, uint32_t protection,
		     const struct endpoint *local);
/*
 * The engine has, or has no more, a peer there. Nothing happens while the tunnel has no protection. configured: the
 * configuration names the endpoint, so that it is meant whoever authenticates there; another peer's session never
 * becomes somebody else's while the engine has him.
 */
void sessions_want(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote, bool configured);
void sessions_unwant(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote);
/* An NHRP message: goes out now, or waits (16 messages, 5 s) for the session. */
void sessions_send(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote,
		   const uint8_t *bytes, size_t length);
/* The tunnel's packets need a session. */
bool sessions_covers(const struct sessions *s, uint32_t tunnel);

/* What charon says of an IKE_SA, and of a pair of SAs (spi_in 0: of the IKE_SA only). */
struct session_report {
	uint32_t ike_id;          /* charon's number for it */
	uint64_t spi_initiator;   /* of the IKE_SA */
	bool is_initiator;        /* we began it */
	uint32_t protection;
	struct endpoint local, remote; /* site is found out here */
	uint16_t remote_port;
	const char *identity;     /* as authenticated; NULL: not known yet */
	unsigned version;         /* of IKE */
	uint32_t age_s;           /* of the IKE_SA */
	const char *ike_suite;    /* NULL: not told */
	bool is_rekey;            /* it replaces another one: is_initiator tells nothing of the pair */
	uint32_t spi_in, spi_out; /* host order */
};

void sessions_ike_up(struct sessions *s, struct instant now, const struct session_report *r);
void sessions_ike_down(struct sessions *s, struct instant now, uint32_t ike_id);
/* charon has given up what it was asked to begin: no IKE_SA came of it. */
void sessions_attempt_failed(struct sessions *s, struct instant now, const struct session_key *k);
/* ike_id has been replaced by another IKE_SA, to which its children belong now. */
void sessions_ike_rekeyed(struct sessions *s, struct instant now, uint32_t ike_id, const struct session_report *r);
void sessions_child_up(struct sessions *s, struct instant now, const struct session_report *r);
void sessions_child_down(struct sessions *s, struct instant now, uint32_t spi_in);
/* The attempt to begin one failed, or a hint why it does: shown, and kept until it is up. Causes of
 * a higher rank (enum ike_cause) say more than those of a lower one. */
void sessions_cause(struct sessions *s, struct instant now, const struct session_key *k, unsigned rank,
		    const char *cause);

/* The same for the session that has this IKE_SA, if any. */
void sessions_cause_of(struct sessions *s, struct instant now, uint32_t ike_id, unsigned rank, const char *cause);
/* The same for every session with that address: what a peer was refused for that called us. */
void sessions_cause_at(struct sessions *s, struct instant now, const struct ipaddr *remote, unsigned rank,
		       const char *cause);

/* charon is there, and all SAs that it has were reported. */
void sessions_charon_ready(struct sessions *s, struct instant now);
/* It is not: its SAs are orphans. Also before those of a charon that was connected to anew are reported. */
void sessions_charon_lost(struct sessions *s, struct instant now);

/* The forwarder holds a session of an earlier life of this process, or one of its SAs. */
void sessions_held(struct sessions *s, struct instant now, uint32_t session, const struct session_key *k);
/* The same of the kernel, which has no numbers for them: the session's; its SAs follow by sessions_held_sa(). port: of a
 * NAT before the peer, 0: none is known. */
uint32_t sessions_found(struct sessions *s, struct instant now, const struct session_key *k, uint16_t port);
void sessions_held_sa(struct sessions *s, struct instant now, uint32_t session, uint32_t spi, bool inbound);
/* The forwarder is new: everything is said again. */
void sessions_replay(struct sessions *s, struct instant now);
void sessions_forwarder_lost(struct sessions *s, struct instant now);
void sessions_can_send(struct sessions *s, struct instant now, uint32_t session, bool can_send);
/* A hint that the peer has forgotten our SAs, or that it does not answer: a session that is up proves
 * itself by beginning anew beside what it has, which goes on meanwhile. */
void sessions_doubt(struct sessions *s, struct instant now, uint32_t session);
/* The peer shall authenticate again, beside what there is; false: that cannot be now. */
bool sessions_prove(struct sessions *s, struct instant now, uint32_t session);
void sessions_silent(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote);
/* An SA of it is gone from the forwarder (its lifetime ended, charon deleted it). */
void sessions_sa_gone(struct sessions *s, struct instant now, uint32_t session, uint32_t spi, bool inbound);
/*
 * The protection has changed: its sessions begin anew, those that are up beside what they have, which ends when
 * that has come up, or after twelve seconds. is_gone: it is no longer configured, they end at once.
 */
void sessions_restart(struct sessions *s, struct instant now, uint32_t protection, bool is_gone);

/* ---- what is known ---- */

/* That SA of it is charon's no more, or never was of the one that lives: it goes on until it is replaced, or ends. */
bool sessions_is_orphan(const struct sessions *s, uint32_t session, uint32_t spi, bool inbound);
/* Who is behind a session; NULL: not known (yet). */
const char *sessions_identity(const struct sessions *s, uint32_t session);

struct session_view {
	uint32_t session;
	struct session_key key;
	const char *state;       /* "IKE", "IPSEC", "UP", "BACKOFF" … */
	bool can_send, wanted, ike_up;
	const char *identity;    /* "" unknown */
	const char *cause;       /* why it is not up, or does not renew; "" */
	const char *ike_suite;   /* "" unknown */
	unsigned version;        /* of IKE; 0: no IKE_SA */
	uint32_t ike_id;         /* of its newest IKE_SA; 0: none */
	uint64_t ike_spi;        /* that one's initiator's */
	bool is_initiator;
	uint16_t remote_port;
	unsigned cause_rank;     /* enum ike_cause */
	unsigned failures;       /* since it was last up */
	struct instant failed_at; /* the last of them */
	size_t pairs, ikes;
	struct instant since;    /* of the state */
	struct instant up_since; /* INSTANT_NEVER: it cannot send */
};

/* The session with the smallest id above `after`; false: none. */
bool sessions_view(const struct sessions *s, uint32_t after, struct session_view *out);
/* The one that a peer's packets go by; false: none. */
bool sessions_view_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote, struct session_view *out);
/* The one that has that IKE_SA of charon's; false: none. */
bool sessions_view_of_ike(const struct sessions *s, uint32_t ike_id, struct session_view *out);

#endif
