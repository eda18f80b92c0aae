/*
 * bfd_socket: the UDP sockets of BFD sessions that are on no tunnel of ours (RFC 5881): one to
 * receive by and one to send by, of each family. The keeper opens them.
 */
#ifndef DMVPN_FORWARD_BFD_SOCKET_H
#define DMVPN_FORWARD_BFD_SOCKET_H

#include "bfd/bfd.h"
#include "forward/worker.h"

struct bfd_socket {
	enum source source;
	int receive_fd, send_fd; /* -1: not handed over */
};

struct bfd_sockets {
	struct bfd_socket v4, v6;
};

void bfd_sockets_init(struct bfd_sockets *s);
struct bfd_socket *bfd_socket_of(struct bfd_sockets *s, uint8_t family); /* NULL: no such family */
/* Reads what waits; fine when nothing does, or there is no socket. */
void bfd_socket_ready(struct bfd_socket *s, struct worker *w);
/* false: it cannot go out. */
bool bfd_sockets_send(const struct bfd_sockets *s, const struct bfd_key *key, const uint8_t *bytes, size_t length);

#endif
