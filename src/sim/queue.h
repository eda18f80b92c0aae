/*
 * queue: what will happen in a simulated world, in the order of time; what happens at the
 * same instant keeps the order in which it was put in.
 */
#ifndef DMVPN_SIM_QUEUE_H
#define DMVPN_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/ipaddr.h"
#include "engine/event.h"

enum happening_type {
	HAPPENS_PACKET,  /* an NHRP message arrives */
	HAPPENS_PROBED,  /* the answer to a probe */
	HAPPENS_USAGE,   /* the answer to a question about traffic */
	HAPPENS_TRAFFIC, /* a pair sends */
	HAPPENS_ROUTING, /* the routing protocol looks around */
	HAPPENS_REACTION, /* routes follow what it was told */
	HAPPENS_CHECK,
	HAPPENS_FAULT,
	HAPPENS_HEAL,
	HAPPENS_SETTLE,  /* what a restarted engine has not claimed is swept */
	HAPPENS_PATIENCE, /* a router that was told to stop should have done so */
	HAPPENS_IKE,      /* two ends would have agreed by now */
	HAPPENS_NOTICE,   /* a sender hears that what it sends cannot be opened */
	HAPPENS_BFD_DUE,  /* a router's BFD has something to do */
	HAPPENS_BFD_PACKET, /* one arrives */
	HAPPENS_GROWTH,   /* from now on nothing may have grown at the end */
};

struct happening {
	struct instant at;
	enum happening_type type;
	size_t subject; /* router, pair or fault */
	uint32_t tunnel;
	struct ipaddr addr;   /* underlay source; overlay address asked about; other end of a session */
	uint64_t peer;        /* USAGE */
	uint32_t sequence;    /* PROBED */
	struct instant sent;  /* PROBED */
	uint64_t incarnation; /* of the router, as it was then */
	size_t from;          /* PACKET: who sent it */
	uint64_t agreement;   /* PACKET, NOTICE: by which it was sent; see session.h */
	uint32_t uplink;      /* PACKET, IKE, NOTICE */
	struct foreign_key key; /* PACKET: that GRE carries */
	uint8_t *bytes;       /* owned */
	size_t length;
};

struct queue_key;

struct queue {
	struct queue_key *heap;
	size_t count, capacity;
	struct happening *happenings; /* named by the heap, or by free_places */
	uint32_t *free_places;
	size_t free_count;
	uint64_t next_order;
};

void queue_init(struct queue *q);
void queue_done(struct queue *q);
void queue_add(struct queue *q, const struct happening *h); /* takes over bytes */
struct instant queue_first(const struct queue *q);          /* INSTANT_NEVER when empty */
struct happening queue_take(struct queue *q);               /* not empty; bytes go to the caller */

#endif
