#include "forward/control_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forward/forward_msg.h"

struct control_waiting {
	STAILQ_ENTRY(control_waiting) order;
	uint16_t type;
	size_t length;
	uint8_t payload[];
};

void control_queue_init(struct control_queue *q)
{
	q->octets = 0;
	q->batch.length = 0;
	STAILQ_INIT(&q->waiting);
}

static void drop_first(struct control_queue *q)
{
	struct control_waiting *first = STAILQ_FIRST(&q->waiting);

	STAILQ_REMOVE_HEAD(&q->waiting, order);
	q->octets -= first->length;
	free(first);
}

void control_queue_clear(struct control_queue *q)
{
	while (!STAILQ_EMPTY(&q->waiting))
		drop_first(q);
	q->batch.length = 0;
}

static bool comes_again(uint16_t type)
{
	return type == FORWARD_NHRP_RECEIVED || type == FORWARD_MISS || type == FORWARD_STRANGER ||
	       type == FORWARD_SESSION_DOUBT || type == FORWARD_PROBED || type == FORWARD_QUIET ||
	       type == FORWARD_DOUBT || type == FORWARD_BFD_LATE;
}

static bool keep(struct control_queue *q, uint16_t type, const void *payload, size_t length)
{
	struct control_waiting *e;

	if (comes_again(type) || length > CONTROL_QUEUE_OCTETS - q->octets)
		return false;
	e = malloc(sizeof *e + length);
	if (!e)
		return false;
	e->type = type;
	e->length = length;
	if (length)
		memcpy(e->payload, payload, length);
	STAILQ_INSERT_TAIL(&q->waiting, e, order);
	q->octets += length;
	return true;
}

/* Sends what is gathered if that makes room. false: the reader is slow. */
static bool gather(struct control_queue *q, int fd, uint16_t type, const void *payload, size_t length)
{
	return ipc_batch_add(&q->batch, type, payload, length) ||
	       (ipc_batch_send(&q->batch, fd) != -EAGAIN && ipc_batch_add(&q->batch, type, payload, length));
}

bool control_queue_send(struct control_queue *q, int fd, uint16_t type, const void *payload, size_t length)
{
	if (STAILQ_EMPTY(&q->waiting) && gather(q, fd, type, payload, length))
		return true;
	return keep(q, type, payload, length);
}

void control_queue_flush(struct control_queue *q, int fd)
{
	const struct control_waiting *first;

	while ((first = STAILQ_FIRST(&q->waiting)) && gather(q, fd, first->type, first->payload, first->length))
		drop_first(q);
	if (!first)
		(void)ipc_batch_send(&q->batch, fd);
}
