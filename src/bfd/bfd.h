/*
 * bfd: bidirectional forwarding detection (RFC 5880), asynchronous mode, for many sessions
 * at once, without sockets and clock.
 *
 * A session is named by (link, local address, remote address). Up to BFD_CLIENT_COUNT clients
 * share it: it runs as fast as the fastest of them asks (but see `unhurried`), and all are told of its state.
 * It lives from the first bfd_set() to the last bfd_remove(), and then a little longer: the
 * far end is told AdminDown, `multiplier` times.
 *
 * Every call with `now` may queue effects; drain bfd_next_effect() after each. Nothing is
 * allocated but sessions: each takes BFD_SESSION_OCTETS_MAX octets at most and two slots of
 * the timer heap. Look-ups and timers cost O(log n).
 *
 * Budget: with options.packets_per_s the intervals of all sessions are raised, by Poll
 * sequences, so that what is sent and received stays below that (budget.h).
 *
 * Not done: authentication (packets with it are dropped), echo (0 is advertised), asking for demand
 * mode. A far end that asks for demand mode gets it.
 */
#ifndef DMVPN_BFD_BFD_H
#define DMVPN_BFD_BFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "base/records.h"
#include "wire/bfd.h"

enum {
	BFD_LINK_NONE = 0,              /* several hops (RFC 5883): by whatever interface */
	BFD_LINK_TUNNEL = (int)0x40000000, /* | tunnel number: sent straight to the endpoint `via` */
	BFD_SLOW_US = 1000000,          /* at least this between packets while a session is not Up */
	BFD_SESSION_OCTETS_MAX = 768,
	BFD_RECORD_OCTETS = 384,        /* of a session, or one of plane.h's, kept for the next process */
	BFD_RECORD_VERSION = 2,         /* changes with what stands there */
	BFD_RESTORE_MS = 1000,          /* what was heard so long ago, or a detection time, may go on */
};

/* link: an interface index, or one of the above. local IP_NONE: whichever address packets to and from
 * the far end have on that link. */
struct bfd_key {
	uint32_t link;
	struct ipaddr local, remote;
};

int bfd_key_cmp(const struct bfd_key *a, const struct bfd_key *b); /* link, remote, local */

enum bfd_client { BFD_CLIENT_NHRP, BFD_CLIENT_ROUTING, BFD_CLIENT_COUNT };

struct bfd_config {
	uint32_t cookie, mark;       /* the client's own, given back in struct bfd_status */
	uint32_t desired_min_tx_us;  /* above 0 */
	uint32_t required_min_rx_us; /* 0: the far end shall send nothing, and is not watched */
	uint8_t multiplier;          /* above 0 */
	uint8_t min_ttl;             /* packets with less are dropped: 255 on one link, 0: any */
	bool passive;                /* say nothing until the far end does */
	bool admin_down;
	bool unhurried;              /* no other client makes the session faster than this one asks: each packet costs */
	struct endpoint via;         /* on a tunnel: where packets go; addr IP_NONE: not known */
};

struct bfd_options {
	uint64_t seed;          /* discriminators, jitter: from a source that others cannot guess */
	size_t sessions_max;
	uint32_t packets_per_s; /* of all sessions, both directions; 0: no budget */
};

#define BFD_DROPS(X) \
	BFD_PACKET_DROPS(X) \
	X(NO_DISCRIMINATOR, "BFD your discriminator is nobody's") \
	X(STATE, "BFD state without your discriminator") \
	X(NO_SESSION, "BFD without session between those addresses") \
	X(OTHER_ENDS, "BFD session belongs to other addresses") \
	X(TTL, "BFD packet that came from further away") \
	X(AUTHENTICATED, "BFD authentication is not used") \
	X(LATE, "BFD Down of before the session came up") \
	X(ADMIN_DOWN, "BFD session is administratively down")

enum bfd_drop {
#define BFD_DROP_ENUM(name, text) BFD_DROP_##name,
	BFD_DROPS(BFD_DROP_ENUM)
#undef BFD_DROP_ENUM
	BFD_DROP_COUNT
};

/* What can be told of a session. Times are in microseconds. */
struct bfd_status {
	struct bfd_key key;
	unsigned clients;                   /* bits 1 << enum bfd_client */
	uint32_t cookies[BFD_CLIENT_COUNT], marks[BFD_CLIENT_COUNT]; /* of those */
	struct endpoint via;
	enum bfd_state state;
	uint8_t diag;                       /* why it is not Up, or enum BFD_DIAG_NONE */
	enum bfd_state remote_state;
	uint8_t remote_diag;
	uint32_t discriminator, remote_discriminator; /* remote: 0 while unknown */
	uint8_t multiplier, remote_multiplier;
	uint32_t desired_min_tx_us, required_min_rx_us; /* as said to the far end */
	uint32_t remote_desired_min_tx_us, remote_required_min_rx_us;
	uint32_t tx_interval_us;            /* before jitter; 0: nothing is sent */
	int64_t detection_us;               /* 0: not watched */
	struct instant changed;             /* when its state last did */
	uint64_t tx_packets, rx_packets;
	uint32_t failures;                  /* times that it left Up */
	bool polling;
	bool fell;                          /* its last change was from Up */
};

enum bfd_effect_type {
	BFD_EFFECT_SEND,  /* a packet for the far end */
	BFD_EFFECT_STATE, /* the state changed, or a client is told it for the first time */
	BFD_EFFECT_LATE,  /* NHRP's session is Up, and one more packet that does not come takes it Down */
};

struct bfd_effect {
	enum bfd_effect_type type;
	union {
		struct {
			struct bfd_key key;
			struct endpoint via;
			uint16_t source_port; /* UDP, the same for the session's life */
			uint8_t bytes[BFD_PACKET_OCTETS];
		} send;
		struct bfd_status state; /* and LATE; clients: those to be told */
	};
};

struct bfd;

struct bfd *bfd_new(const struct bfd_options *o); /* NULL: out of memory */
void bfd_free(struct bfd *b); /* says nothing to anybody; NULL is fine */

/*
 * The process may be killed: sessions lie in records (borrowed, of BFD_RECORD_OCTETS) from now on. Those that an
 * earlier process left there go on, in their states and under their discriminators, so that their far ends notice
 * nothing. Before any bfd_set(). Times in them are of the same clock; marks are 0, as nobody has asked anew.
 */
void bfd_restore(struct bfd *b, struct instant now, struct records *r);
/* Each session says now what it has to say: the ways out were not there before. */
void bfd_hurry(struct bfd *b);
enum bfd_record_kind { BFD_RECORD_SESSION = 1, BFD_RECORD_TIE, BFD_RECORD_CONNECTION }; /* its first octets, as an int */

/* Makes a session or joins it, or changes what the client asks of it. The client is told the
 * state in any case. 0, -EINVAL, or -ENOSPC when there are sessions_max. */
int bfd_set(struct bfd *b, struct instant now, const struct bfd_key *key, enum bfd_client client,
	    const struct bfd_config *c);
void bfd_remove(struct bfd *b, struct instant now, const struct bfd_key *key, enum bfd_client client);
/* The link is gone: its sessions go at once, nobody is told. */
void bfd_forget_link(struct bfd *b, uint32_t link);

struct bfd_arrival {
	struct bfd_key key;   /* link it came by (BFD_LINK_NONE on the multihop port), to, from */
	struct endpoint from; /* on a tunnel: the outer source, which must be the session's `via` where
			       * that is known; else addr IP_NONE */
	uint8_t ttl;
};

/* One datagram's payload. What is dropped is counted too, and changes nothing else (but see
 * ADMIN_DOWN, RFC 5880 6.8.6). */
enum bfd_drop bfd_receive(struct bfd *b, struct instant now, const struct bfd_arrival *a, const uint8_t *bytes,
			  size_t length);
/* Whether a session is named so: what came for it is not for the machine's kernel. */
bool bfd_is_session(const struct bfd *b, const struct bfd_key *key);

/*
 * Whether a packet between the ends of a session is that session's: another BFD daemon of the far end's machine
 * may have one between the same addresses, with another here. A packet that names no session of its own is
 * taken as long as the far end is not known, or is from the same. So who restarts is known to have by
 * the detection time only. What cannot be decoded is the session's, to be counted.
 */
bool bfd_is_for(const struct bfd *b, const struct bfd_key *key, const uint8_t *bytes, size_t length);

struct instant bfd_deadline(const struct bfd *b);
/*
 * What has become due. A caller that comes more than BFD_STALL_MS late has stood still: packets may wait where it has
 * not looked, and on a machine that is too busy the far end may have stood still too. A session that has heard
 * nothing since is then given as long as that took, once, up to BFD_GRACE_MS_MAX; and BFD_GRACE_MS at least if
 * its detection time is over already.
 */
enum { BFD_STALL_MS = 3, BFD_GRACE_MS = 15, BFD_GRACE_MS_MAX = 50 };
void bfd_tick(struct bfd *b, struct instant now);
/* bfd_tick() would find that the caller has stood still: what can be read at once should be, before. */
bool bfd_is_late(const struct bfd *b, struct instant now);

bool bfd_next_effect(struct bfd *b, struct bfd_effect *out); /* false: none left */

/* The session after that one in the order of keys; NULL begins. false: no more. */
bool bfd_next_status(const struct bfd *b, const struct bfd_key *after, struct bfd_status *out);
bool bfd_get_status(const struct bfd *b, const struct bfd_key *key, struct bfd_status *out); /* false: no such session */
size_t bfd_count(const struct bfd *b);
struct span bfd_floor(const struct bfd *b); /* no interval is below this now: the budget's doing */
const uint64_t *bfd_drops(const struct bfd *b); /* BFD_DROP_COUNT of them */
const char *bfd_drop_text(enum bfd_drop drop);

#endif
