#include "forward/kernel_io.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/ipc.h"
#include "forward/esp_rx.h"
#include "forward/esp_tx.h"
#include "forward/gre_rx.h"
#include "forward/gre_tx.h"
#include "forward/mtu.h"
#include "forward/send_error.h"
#include "forward/sockaddr.h"
#include "forward/unreachable.h"

enum {
	SEND_TRIES = 3, /* of a packet that errors about others stand in the way of */
	OFFLOADS_TCP = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN,
	OFFLOADS_UDP = 0x20 | 0x40, /* TUN_F_USO4, TUN_F_USO6: younger than some systems' headers */
	SUPER_PACKET = 4096,        /* octets: no wire's packet is that long */
};

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

/* It may be about another packet. One that may be fragmented is never too long itself. */
static bool is_news(const struct queued_send *s, int error)
{
	return send_error_is_news(error) || (error == EMSGSIZE && !s->packet.df);
}

/* What to do about the first packet of a run that was refused; true: try it once more. */
static bool send_failed(struct kernel_io *io, struct queued_send *s, int error, unsigned tries)
{
	if (error == EINTR || (tries == 0 && send_error_waits(s->fd, error)) ||
	    (tries < SEND_TRIES && is_news(s, error)))
		return true;
	if (error == EMSGSIZE && s->packet.df && s->packet.session) {
		esp_tx_learn(io->worker, s->packet.session, send_error_mtu(s->fd));
		worker_drop(io->worker, FORWARD_DROP_TOO_BIG);
	} else if (error == EMSGSIZE && s->packet.df) {
		mtu_learn(io->worker, &s->packet, send_error_mtu(s->fd));
	} else {
		worker_drop(io->worker, error == EMSGSIZE ? FORWARD_DROP_TOO_BIG : FORWARD_DROP_SEND_ERROR);
	}
	return false;
}

static void flush(void *context)
{
	struct kernel_io *io = context;
	unsigned tries = 0;
	size_t i = 0;

	coalesce_flush(io->coalesce);
	while (i < io->queued) {
		const int fd = io->sends[i].fd;
		size_t end = i + 1;
		int sent;

		while (end < io->queued && io->sends[end].fd == fd)
			end++;
		sent = sendmmsg(fd, &io->headers[i], (unsigned)(end - i), 0);
		if (sent > 0) {
			i += (size_t)sent;
			tries = 0;
		} else if (send_failed(io, &io->sends[i], errno, tries)) {
			tries++;
		} else {
			i++;
			tries = 0;
		}
	}
	io->queued = 0;
	protected_io_flush(&io->protected);
}

/* The packet, with a copy of those of its last octets that do not stay. */
static void pieces_set(struct queued_send *s, struct msghdr *msg)
{
	const struct underlay_packet *p = &s->packet;
	const size_t moved = p->reused < p->length ? p->reused : p->length;

	assert(moved <= sizeof s->tail);
	memcpy(s->tail, p->bytes + p->length - moved, moved);
	s->iov[0] = (struct iovec){ (void *)(uintptr_t)p->bytes, p->length - moved };
	s->iov[1] = (struct iovec){ s->tail, moved };
	msg->msg_iov = s->iov;
	msg->msg_iovlen = moved ? 2 : 1;
}

static bool same_way(const struct underlay_packet *a, const struct underlay_packet *b)
{
	return a->tos == b->tos && a->ttl == b->ttl && ipaddr_eq(&a->to, &b->to);
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
	s->fd = p->df ? p->raw->df_fd : p->raw->fd;
	if (io->queued > 1 && same_way(&s[-1].packet, p)) {
		*msg = io->headers[io->queued - 2].msg_hdr;
	} else {
		*msg = (struct msghdr){ .msg_name = &s->to, .msg_namelen = sockaddr_of(&p->to, 0, &s->to),
					.msg_control = s->control, .msg_controllen = sizeof s->control };
		control_fill(msg, p);
	}
	pieces_set(s, msg);
}

/* Not in UDP: the packet is written into the arena and queued before it is complete. */
static uint8_t *raw_room(struct kernel_io *io, const struct esp_path *path, size_t length)
{
	struct underlay_packet p = { .raw = path->raw, .to = path->remote, .session = path->session, .tos = path->tos,
				     .ttl = path->ttl, .df = path->df, .length = length };
	uint8_t *room;

	if (!path->raw || path->raw->protocol != IPPROTO_ESP || path->raw->local.addr.family != path->remote.family)
		return NULL;
	if (io->queued == SEND_QUEUE)
		flush(io);
	room = protected_io_arena(&io->protected, length);
	if (!room) {
		flush(io);
		room = protected_io_arena(&io->protected, length);
	}
	p.bytes = room;
	if (room)
		underlay_send(io, &p);
	return room;
}

static uint8_t *esp_room(void *context, const struct esp_path *path, size_t length)
{
	struct kernel_io *io = context;

	return path->udp ? protected_io_udp_room(&io->protected, path, length) : raw_room(io, path, length);
}

static void esp_undo(void *context)
{
	struct kernel_io *io = context;

	if (io->protected.last_was_udp)
		udp_send_undo(io->protected.sender);
	else
		io->queued--;
}

static bool ike_hand(void *context, const struct ipaddr *to, const uint8_t *packet, size_t length)
{
	struct kernel_io *io = context;

	return protected_io_ike_hand(&io->protected, to, packet, length);
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
	struct kernel_io *io = context;

	coalesce_packet(io->coalesce, t, t->tap && t->tap->merges_udp, frame, ip);
}

static void tap_merged(void *context, void *link, const struct iovec *pieces, size_t count, size_t packets)
{
	struct kernel_io *io = context;
	const struct tunnel *t = link;

	if (!t->tap || writev(t->tap->fd, pieces, (int)count) < 0)
		io->worker->drops[FORWARD_DROP_TAP_ERROR] += packets;
}

static bool control_send(void *context, uint16_t type, const void *payload, size_t length)
{
	struct kernel_io *io = context;

	return io->control_fd >= 0 && control_queue_send(&io->control_queue, io->control_fd, type, payload, length);
}

struct kernel_io *kernel_io_new(void)
{
	struct kernel_io *io = calloc(1, sizeof *io);

	if (!io)
		return NULL;
	io->control_fd = -1;
	control_queue_init(&io->control_queue);
	bfd_sockets_init(&io->bfd);
	if (protected_io_init(&io->protected) || !(io->coalesce = coalesce_new(tap_merged, io))) {
		kernel_io_free(io);
		return NULL;
	}
	return io;
}

void kernel_io_free(struct kernel_io *io)
{
	if (!io)
		return;
	if (io->control_fd >= 0)
		close(io->control_fd);
	control_queue_clear(&io->control_queue);
	coalesce_free(io->coalesce);
	protected_io_done(&io->protected);
	free(io);
}

void kernel_io_serve(struct kernel_io *io, struct worker *worker)
{
	io->worker = worker;
	io->protected.worker = worker;
}

static bool bfd_send(void *context, const struct bfd_key *key, uint16_t source_port, const uint8_t *bytes, size_t length)
{
	const struct kernel_io *io = context;

	(void)source_port; /* the socket's */
	return bfd_sockets_send(&io->bfd, key, bytes, length);
}

struct forward_io kernel_io_ways(struct kernel_io *io)
{
	return (struct forward_io){ .context = io, .underlay_send = underlay_send, .flush = flush,
				    .esp_room = esp_room, .esp_undo = esp_undo, .ike_hand = ike_hand,
				    .tap_write = tap_write, .tap_packet = tap_packet, .control_send = control_send,
				    .bfd_send = bfd_send };
}

static void frame_read(struct kernel_io *io, struct tap *tap, uint8_t *bytes, size_t length)
{
	struct offload o;

	if (offload_decode(bytes, &o))
		gre_tx_frame(io->worker, tap, bytes + VNET_HEADER, length - VNET_HEADER, &o);
	else
		worker_drop(io->worker, FORWARD_DROP_FRAME_OFFLOAD);
}

void kernel_io_tap_prepare(struct tap *tap)
{
	tap->merges_udp = ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)(OFFLOADS_TCP | OFFLOADS_UDP)) == 0;
	/* A kernel without any offload hands over plain packets: nothing else changes. */
	if (!tap->merges_udp)
		(void)ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)OFFLOADS_TCP);
}

int kernel_io_tap_ready(struct kernel_io *io, struct tap *tap)
{
	size_t used = 0;
	int error = 0;

	for (size_t i = 0; i < TAP_BATCH && !error; i++) {
		uint8_t *at = io->frames + used + FRAME_HEADROOM - VNET_HEADER;
		const ssize_t got = read(tap->fd, at, FRAME_MAX);

		if (got < VNET_HEADER) {
			error = got < 0 ? errno : EIO;
			continue;
		}
		frame_read(io, tap, at, (size_t)got);
		/* A frame that nothing is queued of is done with already. */
		if (io->queued)
			used += ((size_t)got + FRAME_HEADROOM + 63) & ~(size_t)63;
		if (got > SUPER_PACKET || used + FRAME_HEADROOM + FRAME_MAX + FRAME_TAILROOM > FRAMES_OCTETS) {
			flush(io);
			used = 0;
		}
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

static void esp6_packet(struct kernel_io *io, const struct raw *raw, struct msghdr *msg, uint8_t *bytes, size_t length)
{
	const struct sockaddr_in6 *from = msg->msg_name;
	const struct esp_arrival a = { .from = ipaddr_from_bytes(IP_V6, from->sin6_addr.s6_addr),
				       .to = raw->local.addr, .tos = traffic_class(msg) };

	esp_rx_packet(io->worker, &a, bytes, length);
}

static void raw_packet(struct kernel_io *io, const struct raw *raw, struct mmsghdr *m, uint8_t *bytes)
{
	const struct sockaddr_in6 *from = m->msg_hdr.msg_name;
	struct ipaddr addr;

	if (m->msg_hdr.msg_flags & MSG_TRUNC) {
		worker_drop(io->worker, FORWARD_DROP_OUTER_FRAGMENT);
	} else if (raw->protocol == IPPROTO_ESP && raw->local.addr.family == IP_V4) {
		esp_rx_outer4(io->worker, bytes, m->msg_len);
	} else if (raw->protocol == IPPROTO_ESP) {
		esp6_packet(io, raw, &m->msg_hdr, bytes, m->msg_len);
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

void kernel_io_udp_ready(struct kernel_io *io, struct nat_port *port)
{
	protected_io_udp_receive(&io->protected, port);
	flush(io);
}

void kernel_io_raw_error(struct kernel_io *io, struct raw *raw)
{
	uint8_t quoted[SEND_ERROR_QUOTED_MAX];
	struct send_error e;

	for (int i = 0; i < SEND_ERRORS_MAX && send_errors_next(raw->fd, &e, quoted); i++)
		unreachable_raw(io->worker, raw, &e);
}

void kernel_io_udp_error(struct kernel_io *io, struct nat_port *port)
{
	uint8_t quoted[SEND_ERROR_QUOTED_MAX];
	struct send_error e;

	for (int i = 0; i < SEND_ERRORS_MAX && send_errors_next(port->socket.fd, &e, quoted); i++)
		unreachable_udp(io->worker, &e);
}
