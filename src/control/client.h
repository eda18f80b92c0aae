/*
 * client: one request to a running daemon over its control socket, one reply.
 *
 * The socket is a unix stream. The client sends one line ("show nhs json", "reload",
 * "clear nhrp Tunnel0") and reads to the end: first a status line, "ok" or
 * "error <exit code> <text>", then the reply's body.
 */
#ifndef DMVPN_CONTROL_CLIENT_H
#define DMVPN_CONTROL_CLIENT_H

#include <stddef.h>

/*
 * 0: *body is the reply (malloc'd, NUL-terminated, the caller frees it). Otherwise the exit
 * code for the tool (1 refused, 2 cannot reach the daemon), and *body, when not NULL, the
 * error text. Gives up after timeout_ms.
 */
int control_request(const char *socket_path, const char *request, int timeout_ms,
		    char **body, size_t *length);

#endif
