#include "forward/kernel_io.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "forward/gre_rx.h"
#include "forward/gre_tx.h"
#include "forward/mtu.h"

enum { SEND_WAIT_MS = 1 };

static socklen_t sockaddr_of(const struct ipaddr *a, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	if (a->family == IP_V4) {
		*in4 = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&in4->sin_addr, a->bytes, 4);
		return sizeof *in4;
	}
	*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6 };
	memcpy(&in6->sin6_addr, a->bytes, 16);
	return sizeof *in6;
}

static void control_put(struct msghdr *msg, struct cmsghdr **at, int level, int type, int value)
{
	struct cmsghdr *c = *at;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(sizeof value);
	memcpy(CMSG_DATA(c), &value, sizeof value);
	*at = CMSG_NXTHDR(msg, c);
}

/* Type of service and TTL differ from packet to packet, so they go with each. */
static void control_fill(struct msghdr *msg, const struct underlay_packet *p)
{
	struct cmsghdr *at = CMSG_FIRSTHDR(msg);

	if (p->to.family == IP_V4) {
		control_put(msg, &at, IPPROTO_IP, IP_TOS, p->tos);
		control_put(msg, &at, IPPROTO_IP, IP_TTL, p->ttl);
	} else {
		control_put(msg, &at, IPPROTO_IPV6, IPV6_TCLASS, p->tos);
		control_put(msg, &at, IPPROTO_IPV6, IPV6_HOPLIMIT, p->ttl);
	}
}

/* The MTU told by the newest queued error; 0 when there is none. Empties the queue. */
static uint32_t error_queue_mtu(int fd)
{
	union { char bytes[512]; struct cmsghdr align; } space;
	uint32_t mtu = 0;

	for (;;) {
		struct msghdr msg = { .msg_control = space.bytes, .msg_controllen = sizeof space.bytes };

		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return mtu;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
			struct sock_extended_err e;

			if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
			      (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)))
				continue;
			memcpy(&e, CMSG_DATA(c), sizeof e);
			if (e.ee_errno == EMSGSIZE)
				mtu = e.ee_info;
		}
	}
}

/* What to do about the first packet of a run that was refused; true: try it once more. */
static bool send_failed(struct kernel_io *io, struct queued_send *s, int error, bool again)
{
	struct pollfd wait = { .fd = s->fd, .events = POLLOUT };

	if (error == EINTR)
		return true;
	/* A full socket buffer drains at line speed: a moment's patience is the back-pressure
	 * that makes the TAP's queue fill instead. */
	if ((error == EAGAIN || error == ENOBUFS) && !again)
		return poll(&wait, 1, SEND_WAIT_MS) >= 0;
	if (error == EMSGSIZE && s->packet.df)
		mtu_learn(io->worker, &s->packet, error_queue_mtu(s->fd));
	else
		worker_drop(io->worker, error == EMSGSIZE ? FORWARD_DROP_TOO_BIG : FORWARD_DROP_SEND_ERROR);
	return false;
}

static void flush(void *context)
{
	struct kernel_io *io = context;
	bool again = false;
	size_t i = 0;

	while (i < io->queued) {
		const int fd = io->sends[i].fd;
		size_t end = i + 1;
		int sent;

		while (end < io->queued && io->sends[end].fd == fd)
			end++;
		sent = sendmmsg(fd, &io->headers[i], (unsigned)(end - i), 0);
		if (sent > 0) {
			i += (size_t)sent;
			again = false;
			continue;
		}
		again = send_failed(io, &io->sends[i], errno, again);
		if (!again)
			i++;
	}
	io->queued = 0;
}

static void underlay_send(void *context, const struct underlay_packet *p)
{
	struct kernel_io *io = context;
	struct queued_send *s;
	struct msghdr *msg;

	if (io->queued == SEND_QUEUE)
		flush(io);
	s = &io->sends[io->queued];
	msg = &io->headers[io->queued].msg_hdr;
	io->queued++;
	s->packet = *p;
	s->fd = p->df ? p->tunnel->raw->df_fd : p->tunnel->raw->fd;
	s->iov = (struct iovec){ (void *)(uintptr_t)p->bytes, p->length };
	*msg = (struct msghdr){ .msg_name = &s->to, .msg_namelen = sockaddr_of(&p->to, &s->to),
				.msg_iov = &s->iov, .msg_iovlen = 1,
				.msg_control = s->control, .msg_controllen = sizeof s->control };
	control_fill(msg, p);
}

static void tap_write(void *context, struct tunnel *t, uint8_t *frame, size_t length)
{
	struct kernel_io *io = context;

	memset(frame - VNET_HEADER, 0, VNET_HEADER);
	if (!t->tap || write(t->tap->fd, frame - VNET_HEADER, length + VNET_HEADER) < 0)
		worker_drop(io->worker, FORWARD_DROP_TAP_ERROR);
}

static void tap_packet(void *context, struct tunnel *t, uint8_t *frame, const struct ip_view *ip)
{
	tap_write(context, t, frame, ETHERNET_HEADER + ip->total_len);
}

static bool control_send(void *context, uint16_t type, const void *payload, size_t length)
{
	const struct kernel_io *io = context;

	return io->control_fd >= 0 && ipc_send(io->control_fd, type, payload, length, NULL, 0) == 0;
}

struct kernel_io *kernel_io_new(void)
{
	struct kernel_io *io = calloc(1, sizeof *io);

	if (io)
		io->control_fd = -1;
	return io;
}

void kernel_io_free(struct kernel_io *io)
{
	if (io && io->control_fd >= 0)
		close(io->control_fd);
	free(io);
}

struct forward_io kernel_io_ways(struct kernel_io *io)
{
	return (struct forward_io){ .context = io, .underlay_send = underlay_send, .flush = flush,
				    .tap_write = tap_write, .tap_packet = tap_packet, .control_send = control_send };
}

static void frame_read(struct kernel_io *io, struct tap *tap, uint8_t *bytes, size_t length)
{
	struct offload o;

	if (offload_decode(bytes, &o))
		gre_tx_frame(io->worker, tap, bytes + VNET_HEADER, length - VNET_HEADER, &o);
	else
		worker_drop(io->worker, FORWARD_DROP_FRAME_OFFLOAD);
}

int kernel_io_tap_ready(struct kernel_io *io, struct tap *tap)
{
	int error = 0;

	for (size_t i = 0; i < RECEIVE_BATCH && !error; i++) {
		uint8_t *at = io->buffers[i].bytes + FRAME_HEADROOM - VNET_HEADER;
		const ssize_t got = read(tap->fd, at, FRAME_MAX);

		if (got >= VNET_HEADER)
			frame_read(io, tap, at, (size_t)got);
		else
			error = got < 0 ? errno : EIO;
	}
	flush(io);
	return error == EAGAIN || error == EINTR ? 0 : -error;
}

/* The octet of traffic class that came beside an IPv6 packet. */
static uint8_t traffic_class(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		int value;

		if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_TCLASS)
			continue;
		memcpy(&value, CMSG_DATA(c), sizeof value);
		return (uint8_t)value;
	}
	return 0;
}

static void raw_packet(struct kernel_io *io, const struct raw *raw, struct mmsghdr *m, uint8_t *bytes)
{
	const struct sockaddr_in6 *from = m->msg_hdr.msg_name;
	struct ipaddr addr;

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		worker_drop(io->worker, FORWARD_DROP_OUTER_FRAGMENT);
	} else if (raw->local.addr.family == IP_V4) {
		gre_rx_outer4(io->worker, raw, bytes, m->msg_len);
	} else {
		addr = ipaddr_from_bytes(IP_V6, from->sin6_addr.s6_addr);
		gre_rx_packet(io->worker, raw, &addr, traffic_class(&m->msg_hdr), bytes, m->msg_len);
	}
}

int kernel_io_raw_ready(struct kernel_io *io, struct raw *raw)
{
	struct mmsghdr messages[RECEIVE_BATCH];
	struct sockaddr_in6 from[RECEIVE_BATCH]; /* IPv4 tells the sender in the packet */
	struct iovec iov[RECEIVE_BATCH];
	union { char bytes[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control[RECEIVE_BATCH];
	int got;

	for (size_t i = 0; i < RECEIVE_BATCH; i++) {
		iov[i] = (struct iovec){ io->buffers[i].bytes + FRAME_HEADROOM, FRAME_MAX };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &iov[i], .msg_iovlen = 1,
			.msg_control = control[i].bytes, .msg_controllen = sizeof control[i].bytes,
		};
	}
	got = recvmmsg(raw->fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < got; i++)
		raw_packet(io, raw, &messages[i], io->buffers[i].bytes + FRAME_HEADROOM);
	flush(io);
	/* Whatever is wrong with a socket is wrong with one packet or one route. */
	return 0;
}
