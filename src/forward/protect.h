/*
 * protect: everything about security associations that a worker has: the SA table in the
 * keeper's memory, the XFRM server that charon programs it by, sessions, held packets.
 *
 * Until the keeper has handed over the memory there is no table: nothing protected is sent
 * or taken.
 */
#ifndef DMVPN_FORWARD_PROTECT_H
#define DMVPN_FORWARD_PROTECT_H

#include "forward/hold.h"
#include "forward/sa_session.h"
#include "forward/worker.h"
#include "xfrm/server.h"

enum {
	UNKNOWN_SLOTS = 256,
	UNKNOWN_MS = 1000,  /* who sends by an unknown SPI is told once in so long … */
	UNKNOWN_MAX = 64,   /* … and so many in all: anybody may pretend to be many */
};

/* Who was told lately that his SA is not known. */
struct unknown_slot {
	struct ipaddr to;
	uint16_t port;
	struct instant told;
};

struct protection {
	struct worker *worker;
	struct esp_crypto *crypto;
	struct sa_table *table;      /* NULL: no memory yet */
	struct xfrm_server *xfrm;
	struct sa_sessions sessions;
	struct hold hold;
	struct held_list ready;      /* what waited for an SA that is there now */
	struct unknown_slot unknown[UNKNOWN_SLOTS];
	struct instant unknown_since;
	unsigned unknown_told;
	uint8_t scratch[65536];      /* an IKE message, or a plain with a header of its own */
};

/* NULL: out of memory, or no library to compute with. The worker must outlive it. */
struct protection *protect_new(struct worker *w);
void protect_free(struct protection *p); /* the SAs stay in their memory; NULL is fine */

/* Maps the keeper's memory (fd is not kept) and goes on with what an earlier forwarder left.
 * 0 or -errno; *reason says why what was there is not used, or is "". */
int protect_memory(struct protection *p, int fd, uint64_t seed, char reason[SA_TABLE_REASON_MAX]);

/* charon is gone. */
void protect_charon_gone(struct protection *p);
struct xfrm_clock protect_clock(const struct protection *p);

/* The session of a peer of a protected tunnel, or of a point-to-point tunnel's far end (peer
 * NULL). NULL: none. */
struct sa_session *protect_session(const struct worker *w, const struct tunnel *t, struct peer *peer);
/* Whether packets can be sent to that peer now. Always true of an unprotected tunnel. */
bool protect_can_send(const struct worker *w, const struct tunnel *t, struct peer *peer);

/* Opens what waited and can be opened now. After each batch, and after what charon or the
 * control process has changed. */
void protect_replay(struct worker *w);
/* When protect_tick() is due. */
struct instant protect_deadline(const struct protection *p);
void protect_tick(struct worker *w);

#endif
