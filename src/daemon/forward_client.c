#include "daemon/forward_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUEUE_NHRP_MAX = 1024 };

struct forward_queued {
	struct forward_queued *next;
	uint16_t type;
	size_t length;
	uint8_t payload[];
};

int forward_client_init(struct forward_client *f, uv_loop_t *loop, forward_received received, void *arg)
{
	/* The room of the batch is not touched before it is needed. */
	memset(f, 0, offsetof(struct forward_client, batch));
	f->batch.length = 0;
	f->loop = loop;
	f->fd = -1;
	f->received = received;
	f->arg = arg;
	f->last = &f->first;
	f->message = calloc(1, sizeof *f->message);
	return f->message ? 0 : -ENOMEM;
}

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void drop_queue(struct forward_client *f)
{
	while (f->first) {
		struct forward_queued *q = f->first;

		f->first = q->next;
		free(q);
	}
	f->last = &f->first;
	f->queued = 0;
	f->batch.length = 0;
	ipc_forget(f->message);
}

static void disconnect(struct forward_client *f)
{
	if (!f->poll)
		return;
	uv_poll_stop(f->poll);
	uv_close((uv_handle_t *)f->poll, free_handle);
	f->poll = NULL;
	close(f->fd);
	f->fd = -1;
	drop_queue(f);
}

static void lost(struct forward_client *f)
{
	disconnect(f);
	f->received(f->arg, NULL);
}

/* Those of one datagram: what follows from them leaves before the next one is read. */
static void read_messages(struct forward_client *f)
{
	uv_poll_t *poll = f->poll;

	do {
		int rc = ipc_receive(f->fd, f->message);

		if (rc == -EAGAIN)
			return;
		if (rc <= 0) {
			lost(f);
			return;
		}
		for (size_t i = 0; i < f->message->fd_count; i++)
			close(f->message->fds[i]); /* none is expected */
		f->received(f->arg, f->message);
	} while (f->poll == poll && ipc_more(f->message));
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct forward_client *f)
{
	uv_poll_start(f->poll, UV_READABLE | (f->blocked ? UV_WRITABLE : 0), on_poll);
}

/* Sends what is gathered if that makes room. false: the forwarder is slow. An error of another kind
 * means that it died; its socket's end will show. */
static bool gather(struct forward_client *f, uint16_t type, const void *payload, size_t length)
{
	return ipc_batch_add(&f->batch, type, payload, length) ||
	       (ipc_batch_send(&f->batch, f->fd) != -EAGAIN && ipc_batch_add(&f->batch, type, payload, length));
}

static void write_queue(struct forward_client *f)
{
	while (f->first) {
		struct forward_queued *q = f->first;

		if (!gather(f, q->type, q->payload, q->length))
			return;
		f->first = q->next;
		if (!f->first)
			f->last = &f->first;
		f->queued--;
		free(q);
	}
}

void forward_client_flush(struct forward_client *f)
{
	bool blocked;

	if (!f->poll)
		return;
	write_queue(f);
	blocked = ipc_batch_send(&f->batch, f->fd) == -EAGAIN;
	if (blocked == f->blocked)
		return;
	f->blocked = blocked;
	watch(f);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct forward_client *f = poll->data;

	if (status < 0) {
		lost(f);
		return;
	}
	if (events & UV_WRITABLE)
		forward_client_flush(f);
	if (events & UV_READABLE)
		read_messages(f);
}

int forward_client_connect(struct forward_client *f, int fd)
{
	int rc;

	disconnect(f);
	f->poll = malloc(sizeof *f->poll);
	if (!f->poll)
		return -ENOMEM;
	rc = uv_poll_init(f->loop, f->poll, fd);
	if (rc < 0) {
		free(f->poll);
		f->poll = NULL;
		return rc;
	}
	f->poll->data = f;
	f->blocked = false;
	f->fd = fd;
	watch(f);
	return 0;
}

static void enqueue(struct forward_client *f, uint16_t type, const void *payload, size_t length)
{
	struct forward_queued *q;

	if (type == FORWARD_PROBE_SEND) /* late it would be worth nothing */
		return;
	if (type == FORWARD_NHRP_SEND && f->queued >= QUEUE_NHRP_MAX) {
		f->nhrp_dropped++;
		return;
	}
	q = malloc(sizeof *q + length);
	if (!q)
		abort(); /* going on would leave the two with different pictures */
	q->next = NULL;
	q->type = type;
	q->length = length;
	if (length > 0)
		memcpy(q->payload, payload, length);
	*f->last = q;
	f->last = &q->next;
	f->queued++;
}

void forward_client_send(struct forward_client *f, uint16_t type, const void *payload, size_t length)
{
	if (!f->poll)
		return;
	if (f->first || !gather(f, type, payload, length))
		enqueue(f, type, payload, length);
}
