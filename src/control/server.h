/*
 * server: the control socket's other end. Clients are bounded in number, in the size of
 * their request and in time; one that is slow harms nobody but itself.
 */
#ifndef DMVPN_CONTROL_SERVER_H
#define DMVPN_CONTROL_SERVER_H

#include <uv.h>

#include "control/request.h"

enum { CONTROL_CLIENTS_MAX = 32, CONTROL_CLIENT_TIMEOUT_MS = 15000 };

struct control_server;

/* A whole request came. It is answered by control_server_reply(), now or later. */
typedef void (*control_handle)(void *arg, uint64_t client, const struct control_request *r);

/* Serves a listening stream socket, which it takes over. NULL with *error -errno. */
struct control_server *control_server_new(uv_loop_t *loop, int listen_fd, control_handle handle, void *arg,
					  int *error);
/* Closes everything; the memory goes when the loop has turned once more. */
void control_server_close(struct control_server *s);

/*
 * Sends a reply and closes the client. exit_code 0: ok, text is the body; else text is the
 * error, one line or more. A client that has gone meanwhile is no error.
 */
void control_server_reply(struct control_server *s, uint64_t client, int exit_code, const char *text,
			  size_t length);

#endif
