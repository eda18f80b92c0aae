/*
 * vici: charon's control protocol (VICI): messages of sections, lists and key-values, and a
 * client over a connected stream socket that never blocks.
 *
 * A packet on the wire is a length of 32 bits and one octet of type; some types are followed
 * by a name (length octet, text), the rest is the message (vici_message.h):
 *
 *   +--------+--------+--------+--------+--------+--------+----------+---------------+
 *   |      length of the rest (4)       |  type  | length | name …   | elements …    |
 *   +--------+--------+--------+--------+--------+--------+----------+---------------+
 *
 * charon answers the requests of one connection one after the other, so nothing that waits
 * for a peer may be asked for here: initiate and terminate are sent with timeout -1 (they
 * return at once) and their outcome comes as events (ike-updown, child-updown, log).
 *
 * The owner polls vici_client_fd() and calls vici_client_readable(), …_writable() and, at
 * vici_client_deadline(), …_expire(). Callbacks run only inside these and inside
 * …_connect(); they may call everything here but …_free() and …_connect().
 */
#ifndef DMVPN_IKE_VICI_H
#define DMVPN_IKE_VICI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "ike/vici_message.h"

enum vici_outcome {
	VICI_REPLY,   /* the answer to a request; whether it says success=no is the caller's to see */
	VICI_PART,    /* one message of a streamed command; VICI_REPLY is still to come */
	VICI_UNKNOWN, /* charon does not know the command */
	VICI_TIMEOUT, /* no answer in time: charon hangs. The connection is given up: every other request is
		       * answered VICI_LOST and vici_client_connected() is false */
	VICI_LOST,    /* the connection ended before the answer came */
};

/* m is NULL but for VICI_REPLY and VICI_PART, and is the client's. */
typedef void vici_reply(void *context, enum vici_outcome outcome, const struct vici_message *m);
/* An event that was subscribed to. */
typedef void vici_event(void *context, const char *name, const struct vici_message *m);

struct vici_client;

/* Never NULL. */
struct vici_client *vici_client_new(vici_event *on_event, void *context);
void vici_client_free(struct vici_client *c); /* closes; requests under way are forgotten. NULL is fine */

/*
 * Takes a connected stream socket, the client's from here on, and makes it non-blocking. A former
 * connection is closed, its requests are answered VICI_LOST; subscriptions are made again.
 */
void vici_client_connect(struct vici_client *c, int fd, struct instant now);
void vici_client_close(struct vici_client *c); /* requests are answered VICI_LOST */
bool vici_client_connected(const struct vici_client *c);
int vici_client_fd(const struct vici_client *c); /* -1: not connected */
bool vici_client_wants_write(const struct vici_client *c);

/* 0, or -errno once the connection has been lost (-ECONNRESET: charon closed it, -EPROTO: nonsense). */
int vici_client_readable(struct vici_client *c, struct instant now);
int vici_client_writable(struct vici_client *c);
struct instant vici_client_deadline(const struct vici_client *c); /* INSTANT_NEVER: nothing is awaited */
void vici_client_expire(struct vici_client *c, struct instant now);

/* Subscribes to an event for good, over all connections: "ike-updown", "child-rekey", "log" … */
void vici_client_subscribe(struct vici_client *c, const char *event, struct instant now);

/*
 * Sends a command. message is taken (its bytes are the client's; it is empty afterwards) and may be
 * NULL for none. stream: name of the event that carries the parts ("list-sa" for list-sas), or NULL.
 * The reply function, which may be NULL, is called exactly once with something other than
 * VICI_PART, except after vici_client_free(). Without a connection it is called with VICI_LOST at once.
 */
void vici_client_call(struct vici_client *c, struct instant now, const char *command, struct vici_writer *message,
		      const char *stream, struct span timeout, vici_reply *reply, void *context);

#endif
