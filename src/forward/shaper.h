/*
 * shaper: how many octets a second one peer is sent, and what waits for its turn. A spoke's access link is slower than
 * its hub's: what the hub would send too fast waits here, where flows are served in turn, and not in the provider's
 * queue, where one download delays everything.
 *
 * Knows neither peers nor packets' contents: octets in, octets out, and the time at which the next may go. What goes is
 * charged by the leaky bucket as a meter (ITU-T I.371): a burst after a pause, the rate in the long run.
 */
#ifndef DMVPN_FORWARD_SHAPER_H
#define DMVPN_FORWARD_SHAPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/timers.h"
#include "forward/forward_msg.h"

enum {
	SHAPER_FLOWS = 128,            /* served in turn; what falls together shares a turn */
	SHAPER_HOLD_MS = 200,          /* so long may the last of what waits have to wait … */
	SHAPER_HOLD_MIN = 32 * 1024,   /* … but so many octets may wait in any case, */
	SHAPER_HOLD_MAX = 4 * 1024 * 1024, /* and more in none */
};

/* One packet that waits. Its owner may write into the `headroom` octets before `bytes`. */
struct shaper_packet {
	STAILQ_ENTRY(shaper_packet) next;
	size_t cost;   /* octets that it is charged with */
	size_t length;
	uint8_t *bytes;
	uint8_t room[];
};

STAILQ_HEAD(shaper_queue, shaper_packet);

struct shaper_flow {
	struct shaper_queue packets;
	size_t octets;    /* that wait */
	size_t allowance; /* octets that are left of its turn */
};

struct shaper {
	struct timer timer;         /* the owner's */
	struct forward_shape shape; /* rate not 0 */
	int64_t free_at_ns;         /* when all that was sent would have been, at the rate */
	size_t octets, packets;     /* that wait */
	unsigned turn;              /* the flow whose it is */
	uint64_t delayed, dropped;  /* packets so far */
	struct shaper_flow flows[SHAPER_FLOWS];
};

struct shaper *shaper_new(const struct forward_shape *shape); /* NULL: out of memory */
void shaper_free(struct shaper *s); /* with what waits; NULL is fine */
void shaper_change(struct shaper *s, const struct forward_shape *shape); /* what waits stays */

/* May a packet of so many octets go now? true: it was charged. `urgent` ones always go, and delay what follows. */
bool shaper_admits(struct shaper *s, struct instant now, size_t cost, bool urgent);

/*
 * Keeps a copy with `headroom` octets free before and `tailroom` behind it. When too much waits a packet of the flow that has most waiting
 * goes (counted), which may be this one. The answer is how many packets were dropped: 0 or more.
 */
size_t shaper_keep(struct shaper *s, uint32_t flow, const uint8_t *bytes, size_t length, size_t cost, size_t headroom, size_t tailroom);

/* The next packet whose time has come, charged, and the caller's to free(); NULL: none now. */
struct shaper_packet *shaper_next(struct shaper *s, struct instant now);
/* The next packet, its time or not, not charged: shaping ends. NULL: none waits. */
struct shaper_packet *shaper_drain(struct shaper *s);
/* When shaper_next() will have one; INSTANT_NEVER: nothing waits. */
struct instant shaper_deadline(const struct shaper *s);

#endif
