/*
 * session: one BFD session, RFC 5880 6.8: its state, its intervals, what it has to say. It knows no
 * other session; what it wants done stands in `sends`, `finals` and `tell` until bfd.c takes it.
 */
#ifndef DMVPN_BFD_SESSION_H
#define DMVPN_BFD_SESSION_H

#include <sys/queue.h>

#include "base/prng.h"
#include "base/records.h"
#include "base/timers.h"
#include "base/tree.h"
#include "bfd/bfd.h"

enum bfd_timer { BFD_TIMER_TRANSMIT, BFD_TIMER_DETECT };

struct bfd_session {
	struct tree_node by_key, by_discriminator;
	TAILQ_ENTRY(bfd_session) busy;
	bool is_busy;
	struct bfd_key key;
	unsigned clients;                          /* bits; 0: it only says AdminDown, `farewells` times */
	struct bfd_config asked[BFD_CLIENT_COUNT]; /* of those */
	struct bfd_config conf;                    /* what follows for the session */
	unsigned farewells;

	enum bfd_state state;
	uint8_t diag;
	struct instant changed;
	bool fell;         /* the last change was from Up */
	uint32_t discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us; /* advertised */
	uint32_t tx_us, rx_us; /* those in use: differ while a Poll sequence runs */
	bool poll, poll_again; /* a Poll sequence runs; another must follow */

	enum bfd_state remote_state;
	uint8_t remote_diag, remote_multiplier;
	bool remote_demand;
	uint32_t remote_discriminator;
	uint32_t remote_desired_min_tx_us, remote_required_min_rx_us;

	struct timer transmit, detect;
	struct instant sent; /* the last periodic packet */
	struct instant heard; /* the far end's last packet */
	uint32_t record;     /* where it is kept; RECORDS_NONE: nowhere */
	struct instant doom; /* the end of its detection time; `detect` may run for the warning before that */
	bool graced;         /* its detection time was prolonged since the last packet */
	bool warns;          /* the client that wants warning is to be told that it is late */
	bool sends, finals;  /* a packet is to go now; an answer to Poll is */
	unsigned tell;       /* clients to be told */
	uint64_t tx_packets, rx_packets;
	uint32_t failures;
};

/* What of a session outlives the process. */
struct bfd_session_image {
	struct bfd_key key;
	unsigned clients;
	struct bfd_config asked[BFD_CLIENT_COUNT];
	enum bfd_state state;
	uint8_t diag;
	bool fell, poll;
	struct instant changed, sent, heard;
	uint32_t discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us, tx_us, rx_us;
	enum bfd_state remote_state;
	uint8_t remote_diag, remote_multiplier;
	bool remote_demand;
	uint32_t remote_discriminator;
	uint32_t remote_desired_min_tx_us, remote_required_min_rx_us;
	uint64_t tx_packets, rx_packets;
	uint32_t failures;
};

/* What a session needs from the table that it is in. */
struct bfd_session_ways {
	struct timers *timers;
	struct prng *prng;
	struct instant now;
	struct span floor; /* no interval below */
	struct instant stood_from; /* the caller's last standstill … */
	struct span stood;         /* … and its length; 0: none yet */
};

void bfd_session_init(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_key *key,
		      uint32_t discriminator);
/* Its clients, or what they ask for, have changed. */
void bfd_session_configure(struct bfd_session *s, const struct bfd_session_ways *w);
/* The floor has changed. */
void bfd_session_tune(struct bfd_session *s, const struct bfd_session_ways *w);
/* Its last client is gone. */
void bfd_session_leave(struct bfd_session *s, const struct bfd_session_ways *w);
/* A packet that is this session's: RFC 5880 6.8.6 from "Set bfd.RemoteDiscr" on. */
enum bfd_drop bfd_session_receive(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_packet *p);
/* One of its timers has expired that was due at `due`. */
void bfd_session_timer(struct bfd_session *s, const struct bfd_session_ways *w, const struct timer *t, struct instant due);
/* The next packet, of those that `sends` and `finals` announce. */
void bfd_session_packet(struct bfd_session *s, const struct bfd_session_ways *w, struct bfd_packet *out);
void bfd_session_status(const struct bfd_session *s, struct bfd_status *out);

void bfd_session_save(const struct bfd_session *s, struct bfd_session_image *out);
/*
 * A new session goes on where the image left off, under the same discriminator, and its clients are told. One
 * that was not heard for as long as BFD_RESTORE_MS allows begins anew (RFC 5880 6.8.1). false: that is no image
 * of a session.
 */
bool bfd_session_restore(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_session_image *image);
/* A packet that the far end shall not wait for. */
void bfd_session_hurry(struct bfd_session *s);

#endif
