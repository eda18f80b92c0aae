/*
 * control_queue: what the forwarder has to tell the control process. Messages are gathered, and leave
 * when what the forwarder woke up for is done. For a control process that is slow state is kept until it
 * is read, in order; what comes again by itself (NHRP, misses, strangers, doubts, probes) is
 * dropped instead.
 */
#ifndef DMVPN_FORWARD_CONTROL_QUEUE_H
#define DMVPN_FORWARD_CONTROL_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/ipc.h"

/* Octets that wait at most: a process that does not read so much reads nothing any more. */
enum { CONTROL_QUEUE_OCTETS = 64 << 20 };

struct control_waiting;

struct control_queue {
	struct ipc_batch batch; /* before all that waits */
	STAILQ_HEAD(, control_waiting) waiting;
	size_t octets;
};

void control_queue_init(struct control_queue *q);
void control_queue_clear(struct control_queue *q); /* the process has gone */
static inline bool control_queue_empty(const struct control_queue *q)
{
	return q->batch.length == 0 && STAILQ_EMPTY(&q->waiting);
}
/* Gathers it or keeps it. false: dropped. */
bool control_queue_send(struct control_queue *q, int fd, uint16_t type, const void *payload, size_t length);
void control_queue_flush(struct control_queue *q, int fd); /* sends as much as the socket takes */

#endif
