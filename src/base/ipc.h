/*
 * ipc: messages between this project's own processes on one machine, over SOCK_SEQPACKET
 * unix sockets, with file descriptors beside them.
 *
 * Every message starts with magic, version, type and length; a message of another version
 * is refused with a clear error instead of being guessed at. Payloads are plain structs in
 * the machine's own byte order: both ends are built together.
 *
 * What costs is the passage from process to process, so several messages may go as one datagram
 * (struct ipc_batch). Who receives does not notice: ipc_receive() gives one after the other.
 */
#ifndef DMVPN_BASE_IPC_H
#define DMVPN_BASE_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	IPC_MAGIC = 0x444d5650, /* "DMVP" */
	IPC_VERSION = 5,
	IPC_PAYLOAD_MAX = 65536, /* bytes */
	IPC_HEADER = 16,
	IPC_FDS_MAX = 4,
};

/* All zero before it is used first. */
struct ipc_message {
	uint16_t type;
	uint32_t length;  /* of payload */
	size_t fd_count;
	int fds[IPC_FDS_MAX]; /* the receiver owns them */
	uint8_t payload[IPC_PAYLOAD_MAX] __attribute__((aligned(8)));
	int from;               /* the rest is private: where the datagram came from, … */
	size_t next, end;       /* … and what of it is still to be given out */
	uint8_t datagram[IPC_HEADER + IPC_PAYLOAD_MAX] __attribute__((aligned(8)));
};

/* Messages that leave together. All zero: none. */
struct ipc_batch {
	size_t length;
	uint8_t datagram[IPC_HEADER + IPC_PAYLOAD_MAX] __attribute__((aligned(8)));
};

/* A connected pair, close-on-exec, non-blocking. 0 or -errno. */
int ipc_pair(int fds[2]);

/* Sends one message; the fds stay the caller's. 0 or -errno (-EAGAIN when the peer is slow). */
int ipc_send(int fd, uint16_t type, const void *payload, size_t length, const int *fds, size_t fd_count);

/* Adds a message, of at most IPC_PAYLOAD_MAX octets. false: no room, so that the batch must be sent first. */
bool ipc_batch_add(struct ipc_batch *b, uint16_t type, const void *payload, size_t length);
/* As ipc_send(). Unless the peer is slow the batch is empty afterwards. */
int ipc_batch_send(struct ipc_batch *b, int fd);

/* Receives one message. 1: *m is whole, 0: the other end has closed, -errno: -EAGAIN when
 * there is none, -EPROTO for wrong magic or length, -EPROTONOSUPPORT for another version. */
int ipc_receive(int fd, struct ipc_message *m);

/* More messages have come with this one: no readiness of the socket will tell of them. */
static inline bool ipc_more(const struct ipc_message *m) { return m->next < m->end; }
static inline void ipc_forget(struct ipc_message *m) { m->next = m->end = 0; } /* the socket is closed */

#endif
