#include "forward/control_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/ipc.h"
#include "forward/forward_msg.h"

struct control_waiting {
	STAILQ_ENTRY(control_waiting) order;
	uint16_t type;
	size_t length;
	uint8_t payload[];
};

void control_queue_init(struct control_queue *q)
{
	*q = (struct control_queue){ 0 };
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
	while (!control_queue_empty(q))
		drop_first(q);
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

bool control_queue_send(struct control_queue *q, int fd, uint16_t type, const void *payload, size_t length)
{
	int rc = -EAGAIN;

	if (control_queue_empty(q))
		rc = ipc_send(fd, type, payload, length, NULL, 0);
	return rc == 0 || (rc == -EAGAIN && keep(q, type, payload, length));
}

void control_queue_flush(struct control_queue *q, int fd)
{
	while (!control_queue_empty(q)) {
		const struct control_waiting *first = STAILQ_FIRST(&q->waiting);

		if (ipc_send(fd, first->type, first->payload, first->length, NULL, 0) == -EAGAIN)
			return;
		drop_first(q);
	}
}
