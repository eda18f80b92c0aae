/*
 * forward_client: the control process's end of its socket to the forwarder. Messages are gathered
 * until forward_client_flush(). One that the forwarder is too slow for waits in a queue; NHRP messages,
 * which the protocol repeats anyway, are dropped instead once the queue is long.
 */
#ifndef DMVPN_DAEMON_FORWARD_CLIENT_H
#define DMVPN_DAEMON_FORWARD_CLIENT_H

#include <stdbool.h>
#include <uv.h>

#include "base/ipc.h"
#include "forward/forward_msg.h"

struct forward_queued;

/* m is NULL when the forwarder is gone; the client is closed then. */
typedef void (*forward_received)(void *arg, const struct ipc_message *m);

struct forward_client {
	uv_loop_t *loop;
	uv_poll_t *poll; /* NULL: no forwarder */
	bool blocked;    /* its socket takes no more */
	int fd;
	forward_received received;
	void *arg;
	struct forward_queued *first, **last;
	size_t queued;
	uint64_t nhrp_dropped;
	struct ipc_message *message;
	struct ipc_batch batch; /* before all that is queued */
};

int forward_client_init(struct forward_client *f, uv_loop_t *loop, forward_received received, void *arg);
/* Takes the fd over; an earlier connection is closed. 0 or -errno. */
int forward_client_connect(struct forward_client *f, int fd);
/* Nothing happens without a forwarder: it is told everything when it comes. */
void forward_client_send(struct forward_client *f, uint16_t type, const void *payload, size_t length);
/* Before the loop sleeps, and before the kernel is told what leans on what the forwarder shall know. */
void forward_client_flush(struct forward_client *f);

#endif
