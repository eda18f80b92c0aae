#include "forward/fwd_main.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/ipc.h"
#include "forward/bfd_front.h"
#include "forward/bfdd_link.h"
#include "forward/confine.h"
#include "forward/fwd_control.h"
#include "forward/gre_tx.h"
#include "forward/kernel_io.h"
#include "forward/protect.h"
#include "forward/send_error.h"
#include "forward/shaped_tx.h"
#include "forward/xfrm_link.h"
#include "keeper/keeper_msg.h"

enum { EVENTS = 64, CONTROL_BUDGET = 256, SLOW_READER_MS = 20 };

struct forwarder {
	struct tables tables;
	struct kernel_io *io;
	struct worker *worker;
	int epoll_fd;
	int keeper_fd;
	bool ended;   /* the keeper is gone */
	bool changed; /* a TAP or socket came or went: events already fetched may be stale */
	enum source keeper_source, control_source;
	struct xfrm_links xfrm_links;
	struct bfdd_link bfdd;
	bool bfdd_slow;   /* likewise */
	bool charon_slow; /* an event waits for room in its socket */
	struct ipc_message message, control_message; /* of the keeper, of the control process */
};

static struct instant now_read(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){ (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

static void time_read(struct forwarder *f)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	f->worker->now = now_read();
	f->worker->unix_s = wall.tv_sec;
}

static void watch(struct forwarder *f, int fd, enum source *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = source };

	if (epoll_ctl(f->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
		fprintf(stderr, "dmvpn-fwd: cannot watch a descriptor: %s\n", strerror(errno));
}

static void unwatch(struct forwarder *f, int fd)
{
	epoll_ctl(f->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static void control_close(struct forwarder *f)
{
	if (f->io->control_fd < 0)
		return;
	close(f->io->control_fd);
	f->io->control_fd = -1;
	control_queue_clear(&f->io->control_queue);
	ipc_forget(&f->control_message);
	bfd_front_control_gone(f->worker);
	f->changed = true;
}

static void control_open(struct forwarder *f, int fd)
{
	control_close(f);
	f->io->control_fd = fd;
	watch(f, fd, &f->control_source);
	fwd_control_greet(f->worker);
}

/* The keeper holds duplicates, so closing ours would not take them out of epoll. */
static void tap_drop(struct forwarder *f, uint32_t tunnel)
{
	struct tap *tap = tap_find(&f->tables.tunnels, tunnel);

	if (!tap)
		return;
	unwatch(f, tap->fd);
	tap_remove(&f->tables.tunnels, tap);
}

static void raw_drop(struct forwarder *f, uint32_t id)
{
	struct raw *raw = raw_find(&f->tables.tunnels, id);

	if (!raw)
		return;
	unwatch(f, raw->fd);
	raw_remove(&f->tables.tunnels, raw);
}

static void tap_take(struct forwarder *f, const struct keeper_tap *m, int fd)
{
	struct tap *tap;

	tap_drop(f, m->tunnel);
	tap = tap_add(&f->tables.tunnels, m->tunnel, fd, m->mac);
	if (!tap)
		return;
	kernel_io_tap_prepare(tap);
	watch(f, fd, &tap->source);
}

static void raw_take(struct forwarder *f, const struct keeper_raw *m, int fd, int df_fd)
{
	struct raw *raw;

	raw_drop(f, m->id);
	raw = raw_add(&f->tables.tunnels, m->id, &m->local, m->protocol, fd, df_fd);
	if (!raw)
		return;
	(void)send_errors_on(fd, (enum ip_family)m->local.addr.family); /* without hints nothing is lost but time */
	watch(f, fd, &raw->source);
}

static void memory_take(struct forwarder *f, int fd)
{
	char reason[SA_TABLE_REASON_MAX];
	uint64_t seed = 0;
	int error = getrandom(&seed, sizeof seed, 0) == sizeof seed ? 0 : -errno;

	if (!error)
		error = protect_memory(f->worker->protection, fd, seed, reason);
	close(fd);
	if (error)
		fprintf(stderr, "dmvpn-fwd: the memory of security associations is not usable: %s\n", strerror(-error));
	else if (reason[0])
		fprintf(stderr, "dmvpn-fwd: earlier security associations are lost: %s\n", reason);
}

static void port_drop(struct forwarder *f, struct nat_port *port)
{
	if (port->socket.fd < 0)
		return;
	unwatch(f, port->socket.fd);
	close(port->socket.fd);
	port->socket.fd = -1;
}

static void port_take(struct forwarder *f, uint8_t family, int fd)
{
	struct nat_port *port = protected_io_port(&f->io->protected, family);

	if (!port) {
		close(fd);
		return;
	}
	port_drop(f, port);
	port->socket.fd = fd;
	port->socket.df_now = 0;
	(void)send_errors_on(fd, port->socket.family);
	watch(f, fd, &port->source);
}

static void inject_take(struct forwarder *f, uint8_t family, int fd)
{
	struct nat_port *port = protected_io_port(&f->io->protected, family);
	const int before = port ? port->inject_fd : fd;

	if (port)
		port->inject_fd = fd;
	if (before >= 0)
		close(before);
}

static void xfrm_take(struct forwarder *f, uint32_t groups, int fd)
{
	struct xfrm_link *link = xfrm_link_add(&f->xfrm_links, groups, fd);

	if (link)
		watch(f, fd, &link->source);
}

static void xfrm_drop(struct forwarder *f, struct xfrm_link *link)
{
	unwatch(f, link->fd);
	xfrm_link_remove(&f->xfrm_links, link);
	f->changed = true;
}

static void bfdd_drop(struct forwarder *f)
{
	if (f->bfdd.fd < 0)
		return;
	unwatch(f, f->bfdd.fd);
	bfdd_link_close(&f->bfdd, f->worker);
	f->changed = true;
}

static void bfdd_take(struct forwarder *f, const struct keeper_bfdd *m, int fd)
{
	bfdd_drop(f);
	bfdd_link_open(&f->bfdd, f->worker, fd, m->connection, m->is_fresh);
	watch(f, fd, &f->bfdd.source);
}

static void bfd_memory_take(struct forwarder *f, int fd)
{
	const int error = bfd_front_restore(f->worker, fd);

	close(fd);
	if (error)
		fprintf(stderr, "dmvpn-fwd: the memory of BFD sessions is not usable: %s\n", strerror(-error));
}

static void bfd_socket_drop(struct forwarder *f, struct bfd_socket *s)
{
	if (s->receive_fd < 0)
		return;
	unwatch(f, s->receive_fd);
	close(s->receive_fd);
	close(s->send_fd);
	s->receive_fd = s->send_fd = -1;
}

static void bfd_socket_take(struct forwarder *f, uint8_t family, const int fds[2])
{
	struct bfd_socket *s = bfd_socket_of(&f->io->bfd, family);

	if (!s) {
		close(fds[0]);
		close(fds[1]);
		return;
	}
	bfd_socket_drop(f, s);
	s->receive_fd = fds[0];
	s->send_fd = fds[1];
	watch(f, s->receive_fd, &s->source);
}

static void charon_gone(struct forwarder *f)
{
	while (!TAILQ_EMPTY(&f->xfrm_links))
		xfrm_drop(f, TAILQ_FIRST(&f->xfrm_links));
	protect_charon_gone(f->worker->protection);
}

/* What belongs to protection and BFD. true: it was such a message, and its descriptor has an owner. */
static bool keeper_protection(struct forwarder *f, const struct ipc_message *m)
{
	const struct keeper_udp *udp = (const void *)m->payload;
	const struct keeper_xfrm *xfrm = (const void *)m->payload;
	const struct keeper_bfdd *bfdd = (const void *)m->payload;
	const bool one = m->fd_count == 1;

	if (m->type == KEEPER_GIVE_SA_MEMORY && one)
		memory_take(f, m->fds[0]);
	else if (m->type == KEEPER_GIVE_UDP && m->length == sizeof *udp && one)
		port_take(f, udp->family, m->fds[0]);
	else if (m->type == KEEPER_GIVE_INJECT && m->length == sizeof *udp && one)
		inject_take(f, udp->family, m->fds[0]);
	else if (m->type == KEEPER_GIVE_XFRM && m->length == sizeof *xfrm && one)
		xfrm_take(f, xfrm->groups, m->fds[0]);
	else if (m->type == KEEPER_GIVE_BFD && m->length == sizeof *udp && m->fd_count == 2)
		bfd_socket_take(f, udp->family, m->fds);
	else if (m->type == KEEPER_GIVE_BFD_MEMORY && one)
		bfd_memory_take(f, m->fds[0]);
	else if (m->type == KEEPER_GIVE_BFDD && m->length == sizeof *bfdd && one)
		bfdd_take(f, bfdd, m->fds[0]);
	else if (m->type == KEEPER_TAKE_XFRM)
		charon_gone(f);
	else
		return false;
	return true;
}

/* true: the descriptors of the message have found their owner. */
static bool keeper_message(struct forwarder *f, const struct ipc_message *m)
{
	const void *payload = m->payload;
	const bool tap = m->length == sizeof(struct keeper_tap), raw = m->length == sizeof(struct keeper_raw);

	f->changed = true;
	if (keeper_protection(f, m))
		return true;
	if (m->type == KEEPER_GIVE_TAP && tap && m->fd_count == 1)
		tap_take(f, payload, m->fds[0]);
	else if (m->type == KEEPER_GIVE_RAW && raw && m->fd_count == 2)
		raw_take(f, payload, m->fds[0], m->fds[1]);
	else if (m->type == KEEPER_CONTROL && m->fd_count == 1)
		control_open(f, m->fds[0]);
	else if (m->type == KEEPER_TAKE_TAP && tap)
		tap_drop(f, ((const struct keeper_tap *)payload)->tunnel);
	else if (m->type == KEEPER_TAKE_RAW && raw)
		raw_drop(f, ((const struct keeper_raw *)payload)->id);
	else
		return false;
	return true;
}

static void keeper_drain(struct forwarder *f)
{
	int got;

	while ((got = ipc_receive(f->keeper_fd, &f->message)) == 1) {
		if (keeper_message(f, &f->message))
			continue;
		for (size_t i = 0; i < f->message.fd_count; i++)
			close(f->message.fds[i]);
	}
	if (got != -EAGAIN)
		f->ended = true;
}

static void control_ready(struct forwarder *f)
{
	struct ipc_message *const m = &f->control_message;
	int got = 1;

	/* A device that a message speaks of was handed over before it was sent. */
	keeper_drain(f);
	for (int i = 0; (i < CONTROL_BUDGET || ipc_more(m)) && !f->ended && f->io->control_fd >= 0; i++) {
		got = ipc_receive(f->io->control_fd, m);
		if (got != 1)
			break;
		for (size_t n = 0; n < m->fd_count; n++)
			close(m->fds[n]);
		if (!fwd_control_message(f->worker, m->type, m->payload, m->length))
			fprintf(stderr, "dmvpn-fwd: message %u of the control process is not usable\n", m->type);
	}
	gre_tx_nhrp_flush(f->worker);
	if (got != 1 && got != -EAGAIN)
		control_close(f);
}

/* Said for as long as it is not taken. */
static void source_error(struct forwarder *f, enum source *source)
{
	if (*source == SOURCE_RAW)
		kernel_io_raw_error(f->io, (struct raw *)source);
	else if (*source == SOURCE_UDP)
		kernel_io_udp_error(f->io, (struct nat_port *)source);
}

static void source_ready(struct forwarder *f, enum source *source)
{
	switch (*source) {
	case SOURCE_KEEPER:
		keeper_drain(f);
		break;
	case SOURCE_CONTROL:
		control_ready(f);
		break;
	case SOURCE_TAP:
		/* A device deleted by others would be ready for ever. */
		if (kernel_io_tap_ready(f->io, (struct tap *)source) < 0)
			unwatch(f, ((struct tap *)source)->fd);
		break;
	case SOURCE_RAW:
		kernel_io_raw_ready(f->io, (struct raw *)source);
		break;
	case SOURCE_UDP:
		kernel_io_udp_ready(f->io, (struct nat_port *)source);
		break;
	case SOURCE_XFRM:
		if (!xfrm_link_ready(f->worker, (struct xfrm_link *)source))
			xfrm_drop(f, (struct xfrm_link *)source);
		break;
	case SOURCE_BFD:
		bfd_socket_ready((struct bfd_socket *)source, f->worker);
		break;
	case SOURCE_BFDD:
		if (!bfdd_link_ready(&f->bfdd, f->worker))
			bfdd_drop(f);
		break;
	}
}

/* After a standstill of ours nobody is dead whose packets wait. Those that came by a tunnel wait among its traffic:
 * who watches these looks at the path by other means. */
static void bfd_run(struct forwarder *f)
{
	if (bfd_front_is_late(f->worker)) {
		bfd_socket_ready(&f->io->bfd.v4, f->worker);
		bfd_socket_ready(&f->io->bfd.v6, f->worker);
	}
	bfd_front_run(f->worker);
}

/* What has become due, and what follows from the batch of events. */
static void settle(struct forwarder *f)
{
	if (!instant_before(f->worker->now, protect_deadline(f->worker->protection)))
		protect_tick(f->worker);
	else
		protect_replay(f->worker);
	bfd_run(f);
	shaped_run(f->worker);
	control_queue_flush(&f->io->control_queue, f->io->control_fd);
	f->bfdd_slow = !bfdd_link_flush(&f->bfdd, f->worker);
	f->charon_slow = !xfrm_link_events(f->worker, &f->xfrm_links);
}

/* A full batch of every device and socket is some milliseconds: BFD does not wait for all of them. */
static void punctual(struct forwarder *f)
{
	if (instant_before(now_read(), bfd_front_deadline(f->worker)))
		return;
	time_read(f);
	bfd_run(f);
}

static int wait_ms(const struct forwarder *f)
{
	const struct instant due = instant_min(instant_min(protect_deadline(f->worker->protection), bfd_front_deadline(f->worker)),
					       shaped_deadline(f->worker));
	const int64_t left = instant_is_never(due) ? INT64_MAX : instant_since(due, now_read()).us;

	const int64_t most = f->charon_slow || f->bfdd_slow || !control_queue_empty(&f->io->control_queue) ? SLOW_READER_MS : INT32_MAX / 1000;

	if (left == INT64_MAX)
		return most == SLOW_READER_MS ? SLOW_READER_MS : -1;
	if (left <= 0)
		return 0;
	return left / 1000 >= most ? (int)most : (int)((left + 999) / 1000);
}

static int loop(struct forwarder *f)
{
	struct epoll_event events[EVENTS];

	while (!f->ended) {
		const int count = epoll_wait(f->epoll_fd, events, EVENTS, wait_ms(f));

		if (count < 0 && errno != EINTR)
			return -errno;
		time_read(f);
		f->changed = false;
		for (int i = 0; i < count && !f->changed && !f->ended; i++) {
			if (events[i].events & EPOLLERR)
				source_error(f, events[i].data.ptr);
			source_ready(f, events[i].data.ptr);
			punctual(f);
		}
		settle(f);
	}
	return 0;
}

static int forwarder_init(struct forwarder *f, int keeper_fd)
{
	struct forward_io ways;
	uint64_t seed;

	f->keeper_fd = keeper_fd;
	f->keeper_source = SOURCE_KEEPER;
	f->control_source = SOURCE_CONTROL;
	bfdd_link_init(&f->bfdd);
	TAILQ_INIT(&f->xfrm_links);
	f->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	f->io = kernel_io_new();
	if (f->epoll_fd < 0 || !f->io || tables_init(&f->tables))
		return -ENOMEM;
	ways = kernel_io_ways(f->io);
	f->worker = worker_new(&f->tables, &ways);
	if (!f->worker)
		return -ENOMEM;
	if (getrandom(&f->worker->probe_key, sizeof f->worker->probe_key, 0) != sizeof f->worker->probe_key)
		return -EIO;
	time_read(f);
	if (getrandom(&seed, sizeof seed, 0) != sizeof seed || bfd_front_start(f->worker, seed))
		return -ENOMEM;
	kernel_io_serve(f->io, f->worker);
	watch(f, keeper_fd, &f->keeper_source);
	return 0;
}

int forward_run(int keeper_fd)
{
	struct forwarder *f = calloc(1, sizeof *f);
	int error = f ? forwarder_init(f, keeper_fd) : -ENOMEM;

	if (!error)
		error = confine();
	if (!error)
		error = loop(f);
	if (error)
		fprintf(stderr, "dmvpn-fwd: %s\n", strerror(-error));
	else {
		while (!TAILQ_EMPTY(&f->xfrm_links))
			xfrm_drop(f, TAILQ_FIRST(&f->xfrm_links));
		worker_free(f->worker);
		tables_done(&f->tables);
		kernel_io_free(f->io);
		close(f->epoll_fd);
	}
	free(f);
	return error ? 2 : 0;
}
