#include "forward/udp_io.h"

#include <assert.h>
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "forward/send_error.h"
#include "forward/sockaddr.h"

enum {
	SEND_RUNS = 64,
	SEND_OCTETS = 2 * 65536 + 4096, /* a super-packet of 64 KiB grows by a third at worst */
	SEND_SLACK = 64,                /* for ciphers that write whole vectors */
	SEND_CONTROL = 128,
	RECEIVE_CONTROL = 160,
	/* Buffers do not start at equal offsets of a page: their first lines would all compete for the
	 * same places of the cache. */
	RECEIVE_STRIDE = UDP_HEADROOM + 65536 + 1664,
	/* Many small arrivals want many buffers; large ones shall be handled while the cache has them. */
	RECEIVE_LARGE = 4096,
	RECEIVE_FEW = 4,
};

struct run {
	struct udp_socket *socket;
	struct udp_path path;
	uint8_t *bytes;
	size_t length, segment, count;
	bool is_closed; /* its last datagram is shorter than the others */
};

struct send_head {
	struct sockaddr_storage to;
	struct iovec iov;
	uint8_t control[SEND_CONTROL] __attribute__((aligned(8)));
};

struct udp_sender {
	udp_refused *refused;
	void *context;
	size_t used, newest; /* octets of buffer; of the datagram that came last, 0: was undone or sent */
	size_t run_count;
	struct run runs[SEND_RUNS];
	struct send_head heads[SEND_RUNS];
	struct mmsghdr messages[SEND_RUNS];
	uint8_t buffer[SEND_OCTETS + SEND_SLACK];
};

struct udp_receiver {
	unsigned wanted; /* buffers to offer next */
	struct udp_arrival arrivals[UDP_ARRIVALS_MAX];
	struct mmsghdr messages[UDP_ARRIVALS_MAX];
	struct iovec iov[UDP_ARRIVALS_MAX];
	struct sockaddr_in6 from[UDP_ARRIVALS_MAX];
	uint8_t control[UDP_ARRIVALS_MAX][RECEIVE_CONTROL] __attribute__((aligned(8)));
	uint8_t buffers[UDP_ARRIVALS_MAX][RECEIVE_STRIDE];
};

struct udp_sender *udp_sender_new(udp_refused *refused, void *context)
{
	struct udp_sender *s = calloc(1, sizeof *s);

	if (s) {
		s->refused = refused;
		s->context = context;
	}
	return s;
}

void udp_sender_free(struct udp_sender *s)
{
	free(s);
}

static bool path_eq(const struct udp_path *a, const struct udp_path *b)
{
	return a->owner == b->owner && a->remote_port == b->remote_port && a->tos == b->tos && a->ttl == b->ttl &&
	       a->df == b->df && ipaddr_eq(&a->remote, &b->remote) && ipaddr_eq(&a->local, &b->local);
}

static struct run *run_last(struct udp_sender *s)
{
	return s->run_count ? &s->runs[s->run_count - 1] : NULL;
}

static bool run_takes(const struct run *r, const struct udp_socket *socket, const struct udp_path *path, size_t length)
{
	return r && !r->is_closed && r->socket == socket && r->count < UDP_SEGMENTS_MAX && length <= r->segment &&
	       r->length + length <= UDP_RUN_OCTETS && path_eq(&r->path, path);
}

uint8_t *udp_send_room(struct udp_sender *s, struct udp_socket *socket, const struct udp_path *path, size_t length)
{
	struct run *r = run_last(s);
	uint8_t *room;

	assert(length > 0 && length <= UDP_DATAGRAM_MAX);
	if (s->used + length > SEND_OCTETS || (s->run_count == SEND_RUNS && !run_takes(r, socket, path, length))) {
		udp_send_flush(s);
		r = NULL;
	}
	if (!run_takes(r, socket, path, length)) {
		r = &s->runs[s->run_count++];
		*r = (struct run){ .socket = socket, .path = *path, .bytes = s->buffer + s->used, .segment = length };
	}
	room = s->buffer + s->used;
	r->length += length;
	r->count++;
	r->is_closed = length < r->segment;
	s->used += length;
	s->newest = length;
	return room;
}

void udp_send_undo(struct udp_sender *s)
{
	struct run *r = run_last(s);

	assert(r && s->newest);
	r->length -= s->newest;
	r->count--;
	r->is_closed = false;
	s->used -= s->newest;
	s->newest = 0;
	if (r->count == 0)
		s->run_count--;
}

/* Appends one control message; msg->msg_controllen counts what is filled so far. */
static void control_put(struct msghdr *msg, int level, int type, const void *value, size_t length)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)((uint8_t *)msg->msg_control + msg->msg_controllen);

	assert(msg->msg_controllen + CMSG_SPACE(length) <= SEND_CONTROL);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(c), value, length);
	msg->msg_controllen += CMSG_SPACE(length);
}

static void control_put4(struct msghdr *msg, const struct udp_path *path)
{
	const int tos = path->tos, ttl = path->ttl;
	struct in_pktinfo info = { 0 };

	memcpy(&info.ipi_spec_dst, path->local.bytes, 4);
	control_put(msg, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
	control_put(msg, IPPROTO_IP, IP_TOS, &tos, sizeof tos);
	if (ttl)
		control_put(msg, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl);
}

static void control_put6(struct msghdr *msg, const struct udp_path *path)
{
	const int tos = path->tos, ttl = path->ttl;
	struct in6_pktinfo info = { 0 };

	memcpy(&info.ipi6_addr, path->local.bytes, 16);
	control_put(msg, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	control_put(msg, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof tos);
	if (ttl)
		control_put(msg, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof ttl);
}

/* A message for `count` datagrams of the run from `at` on. */
static void message_fill(struct mmsghdr *m, struct send_head *head, const struct run *r, uint8_t *at, size_t length,
			 size_t count)
{
	const uint16_t segment = (uint16_t)r->segment;
	struct msghdr *msg = &m->msg_hdr;

	head->iov = (struct iovec){ at, length };
	*msg = (struct msghdr){ .msg_name = &head->to, .msg_namelen = sockaddr_of(&r->path.remote, r->path.remote_port, &head->to),
				.msg_iov = &head->iov, .msg_iovlen = 1, .msg_control = head->control };
	if (r->path.remote.family == IP_V4)
		control_put4(msg, &r->path);
	else
		control_put6(msg, &r->path);
	if (count > 1)
		control_put(msg, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment);
}

/* DF is a matter of the whole socket: runs of one kind leave together. */
static void df_set(struct udp_socket *socket, bool df)
{
	const bool is_v4 = socket->family == IP_V4;
	const int wanted = df ? 2 : 1;
	int value = is_v4 ? IP_PMTUDISC_DONT : IPV6_PMTUDISC_WANT;

	if (df)
		value = is_v4 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO;
	if (socket->df_now == wanted)
		return;
	if (setsockopt(socket->fd, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &value,
		       sizeof value) == 0)
		socket->df_now = wanted;
}

/* What the path carries, asked by sending the refused datagram again with errors queued, if they are not
 * anyway. */
static uint32_t path_mtu_ask(const struct udp_socket *socket, const struct msghdr *refused)
{
	if (send_errors_on(socket->fd, socket->family) < 0)
		return 0;
	return sendmsg(socket->fd, refused, MSG_DONTWAIT) < 0 ? send_error_mtu(socket->fd) : 0;
}

static bool is_worth_another(int fd, int error)
{
	return error == EINTR || send_error_is_news(error) || send_error_waits(fd, error);
}

static int send_one(const struct udp_socket *socket, const struct msghdr *msg)
{
	if (sendmsg(socket->fd, msg, MSG_DONTWAIT) >= 0)
		return 0;
	if (is_worth_another(socket->fd, errno) && sendmsg(socket->fd, msg, MSG_DONTWAIT) >= 0)
		return 0;
	return errno;
}

/* Datagram by datagram: for a run that the kernel does not take as a whole. */
static void run_send_singly(struct udp_sender *s, const struct run *r)
{
	struct send_head head;
	struct mmsghdr m;

	for (size_t at = 0; at < r->length; at += r->segment) {
		const size_t length = r->length - at < r->segment ? r->length - at : r->segment;
		int error;

		message_fill(&m, &head, r, r->bytes + at, length, 1);
		error = send_one(r->socket, &m.msg_hdr);
		if (error)
			s->refused(s->context, &r->path, 1, length, error,
				   error == EMSGSIZE && r->path.df ? path_mtu_ask(r->socket, &m.msg_hdr) : 0);
	}
}

/* The first run of a send was refused with `error`. */
static void run_refused(struct udp_sender *s, const struct run *r, struct mmsghdr *m, int error)
{
	if (is_worth_another(r->socket->fd, error)) {
		error = send_one(r->socket, &m->msg_hdr);
		if (!error)
			return;
	}
	/* A device without checksums, a datagram larger than the path, or an old kernel. */
	if (error == EINVAL || error == EIO || error == EMSGSIZE || error == ENOPROTOOPT)
		run_send_singly(s, r);
	else
		s->refused(s->context, &r->path, r->count, r->segment, error, 0);
}

void udp_send_flush(struct udp_sender *s)
{
	size_t i = 0;

	for (size_t n = 0; n < s->run_count; n++)
		message_fill(&s->messages[n], &s->heads[n], &s->runs[n], s->runs[n].bytes, s->runs[n].length, s->runs[n].count);
	while (i < s->run_count) {
		const struct run *first = &s->runs[i];
		size_t end = i + 1;
		int sent;

		while (end < s->run_count && s->runs[end].socket == first->socket && s->runs[end].path.df == first->path.df)
			end++;
		df_set(first->socket, first->path.df);
		sent = sendmmsg(first->socket->fd, &s->messages[i], (unsigned)(end - i), MSG_DONTWAIT);
		if (sent <= 0)
			run_refused(s, first, &s->messages[i], errno);
		i += sent > 0 ? (size_t)sent : 1;
	}
	s->run_count = 0;
	s->used = s->newest = 0;
}

static void buffer_offer(struct udp_receiver *r, size_t i)
{
	r->iov[i] = (struct iovec){ r->buffers[i] + UDP_HEADROOM, 65536 };
	r->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &r->from[i], .msg_namelen = sizeof r->from[i], .msg_iov = &r->iov[i], .msg_iovlen = 1,
		.msg_control = r->control[i], .msg_controllen = RECEIVE_CONTROL,
	};
}

struct udp_receiver *udp_receiver_new(void)
{
	struct udp_receiver *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	r->wanted = UDP_ARRIVALS_MAX;
	for (size_t i = 0; i < UDP_ARRIVALS_MAX; i++)
		buffer_offer(r, i);
	return r;
}

void udp_receiver_free(struct udp_receiver *r)
{
	free(r);
}

static void control_read(const struct cmsghdr *c, struct udp_arrival *a)
{
	const uint8_t *data = CMSG_DATA(c);
	struct in_pktinfo info4;
	struct in6_pktinfo info6;
	int value;

	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		memcpy(&info4, data, sizeof info4);
		a->local = ipaddr_from_bytes(IP_V4, (const uint8_t *)&info4.ipi_addr);
		a->ifindex = (uint32_t)info4.ipi_ifindex;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info6, data, sizeof info6);
		a->local = ipaddr_from_bytes(IP_V6, info6.ipi6_addr.s6_addr);
		a->ifindex = (uint32_t)info6.ipi6_ifindex;
	} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
		a->tos = data[0];
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
		memcpy(&value, data, sizeof value);
		a->tos = (uint8_t)value;
	} else if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO) {
		memcpy(&value, data, sizeof value);
		if (value > 0)
			a->segment = (size_t)value;
	}
}

static void sender_read(const struct sockaddr_in6 *from, struct udp_arrival *a)
{
	struct sockaddr_in in4;

	if (from->sin6_family == AF_INET6) {
		a->remote = ipaddr_from_bytes(IP_V6, from->sin6_addr.s6_addr);
		a->remote_port = ntohs(from->sin6_port);
		return;
	}
	memcpy(&in4, from, sizeof in4);
	a->remote = ipaddr_from_bytes(IP_V4, (const uint8_t *)&in4.sin_addr);
	a->remote_port = ntohs(in4.sin_port);
}

static void arrival_read(struct mmsghdr *m, struct udp_arrival *a)
{
	*a = (struct udp_arrival){ .bytes = m->msg_hdr.msg_iov->iov_base, .length = m->msg_len, .segment = m->msg_len };
	sender_read(m->msg_hdr.msg_name, a);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg_hdr); c; c = CMSG_NXTHDR(&m->msg_hdr, c))
		control_read(c, a);
}


size_t udp_receive(struct udp_receiver *r, const struct udp_socket *socket, const struct udp_arrival **arrivals)
{
	size_t count = 0, octets = 0;
	int got;

	*arrivals = r->arrivals;
	/* All that came may be of no use; what comes behind it must not wait for the next event. */
	do {
		got = recvmmsg(socket->fd, r->messages, r->wanted, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++) {
			octets += r->messages[i].msg_len;
			arrival_read(&r->messages[i], &r->arrivals[count]);
			buffer_offer(r, (size_t)i);
			if (r->arrivals[count].length && r->arrivals[count].local.family != IP_NONE)
				count++;
		}
	} while (got > 0 && count == 0);
	if (got > 0)
		r->wanted = octets / (size_t)got > RECEIVE_LARGE ? RECEIVE_FEW : UDP_ARRIVALS_MAX;
	return count;
}
