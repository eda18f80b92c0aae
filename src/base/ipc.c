#include "base/ipc.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct ipc_header {
	uint32_t magic;
	uint16_t version;
	uint16_t type;
	uint32_t length;
	uint32_t unused;
};

_Static_assert(sizeof(struct ipc_header) == IPC_HEADER, "messages behind one another are aligned by 8");

union fd_space {
	char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
	struct cmsghdr align;
};

int ipc_pair(int fds[2])
{
	const int size = 4 * 1024 * 1024;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	/* Best effort: a small buffer only means more -EAGAIN. */
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
			(void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	return 0;
}

int ipc_send(int fd, uint16_t type, const void *payload, size_t length, const int *fds, size_t fd_count)
{
	struct ipc_header h = { IPC_MAGIC, IPC_VERSION, type, (uint32_t)length, 0 };
	struct iovec iov[2] = { { &h, sizeof h }, { (void *)(uintptr_t)payload, length } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = length ? 2 : 1 };
	union fd_space space = { 0 };
	ssize_t sent;

	if (length > IPC_PAYLOAD_MAX || fd_count > IPC_FDS_MAX)
		return -EMSGSIZE;
	if (fd_count) {
		struct cmsghdr *c = &space.align;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
		msg.msg_control = space.bytes;
		msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	}
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *msg, struct ipc_message *m)
{
	m->fd_count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS || count > IPC_FDS_MAX)
			continue;
		memcpy(m->fds, CMSG_DATA(c), count * sizeof(int));
		m->fd_count = count;
	}
}

static int refuse(struct ipc_message *m, int error)
{
	for (size_t i = 0; i < m->fd_count; i++)
		close(m->fds[i]);
	m->fd_count = 0;
	return error;
}

static size_t aligned(size_t length)
{
	return (length + 7) & ~(size_t)7;
}

bool ipc_batch_add(struct ipc_batch *b, uint16_t type, const void *payload, size_t length)
{
	const struct ipc_header h = { IPC_MAGIC, IPC_VERSION, type, (uint32_t)length, 0 };
	const size_t at = aligned(b->length);

	if (at + sizeof h + length > sizeof b->datagram)
		return false;
	memset(b->datagram + b->length, 0, at - b->length);
	memcpy(b->datagram + at, &h, sizeof h);
	if (length)
		memcpy(b->datagram + at + sizeof h, payload, length);
	b->length = at + sizeof h + length;
	return true;
}

int ipc_batch_send(struct ipc_batch *b, int fd)
{
	struct iovec iov = { b->datagram, b->length };
	const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t sent;

	if (b->length == 0)
		return 0;
	do
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && errno == EAGAIN)
		return -EAGAIN;
	b->length = 0;
	return sent < 0 ? -errno : 0;
}

/* Every message of the datagram is whole, and nothing else is in it. */
static int check(const uint8_t *bytes, size_t length)
{
	struct ipc_header h;

	for (size_t at = 0;; at = aligned(at)) {
		if (at > length || length - at < sizeof h)
			return -EPROTO;
		memcpy(&h, bytes + at, sizeof h);
		if (h.magic != IPC_MAGIC)
			return -EPROTO;
		if (h.version != IPC_VERSION)
			return -EPROTONOSUPPORT;
		at += sizeof h;
		if (h.length > length - at)
			return -EPROTO;
		at += h.length;
		if (at == length)
			return 0;
	}
}

static int give_next(struct ipc_message *m)
{
	struct ipc_header h;

	memcpy(&h, m->datagram + m->next, sizeof h);
	m->type = h.type;
	m->length = h.length;
	memcpy(m->payload, m->datagram + m->next + sizeof h, h.length);
	m->next = aligned(m->next + sizeof h + h.length);
	return 1;
}

int ipc_receive(int fd, struct ipc_message *m)
{
	struct iovec iov = { m->datagram, sizeof m->datagram };
	union fd_space space;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space.bytes, .msg_controllen = sizeof space.bytes };
	ssize_t got;
	int error;

	m->fd_count = 0;
	if (ipc_more(m) && m->from == fd)
		return give_next(m);
	ipc_forget(m);
	do
		got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (got == 0)
		return 0;
	take_fds(&msg, m);
	error = msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO : check(m->datagram, (size_t)got);
	if (error)
		return refuse(m, error);
	m->from = fd;
	m->end = (size_t)got;
	return give_next(m);
}
