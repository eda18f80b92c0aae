/*
 * ipc: messages between this project's own processes on one machine, over SOCK_SEQPACKET
 * unix sockets, with file descriptors beside them.
 *
 * Every message starts with magic, version, type and length; a message of another version
 * is refused with a clear error instead of being guessed at. Payloads are plain structs in
 * the machine's own byte order: both ends are built together.
 */
#ifndef DMVPN_BASE_IPC_H
#define DMVPN_BASE_IPC_H

#include <stddef.h>
#include <stdint.h>

enum {
	IPC_MAGIC = 0x444d5650, /* "DMVP" */
	IPC_VERSION = 4,
	IPC_PAYLOAD_MAX = 65536, /* bytes */
	IPC_FDS_MAX = 4,
};

struct ipc_message {
	uint16_t type;
	uint32_t length;  /* of payload */
	size_t fd_count;
	int fds[IPC_FDS_MAX]; /* the receiver owns them */
	uint8_t payload[IPC_PAYLOAD_MAX] __attribute__((aligned(8)));
};

/* A connected pair, close-on-exec, non-blocking. 0 or -errno. */
int ipc_pair(int fds[2]);

/* Sends one message; the fds stay the caller's. 0 or -errno (-EAGAIN when the peer is slow). */
int ipc_send(int fd, uint16_t type, const void *payload, size_t length, const int *fds, size_t fd_count);

/* Receives one message. 1: *m is whole, 0: the other end has closed, -errno: -EAGAIN when
 * there is none, -EPROTO for wrong magic or length, -EPROTONOSUPPORT for another version. */
int ipc_receive(int fd, struct ipc_message *m);

#endif
