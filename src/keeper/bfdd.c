#include "keeper/bfdd.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/keeper_state.h"
#include "wire/bfd.h"

enum { TOS_NETWORK_CONTROL = 0xc0, SOURCE_TRIES = 64 };

/* Sessions are without BFD as long as bfdd runs and is not connected. */
static const struct span pause_between = { 300 * 1000 };

static const enum ip_family families[BFDD_FAMILIES] = { IP_V4, IP_V6 };

void bfdd_init(struct bfdd *b)
{
	*b = (struct bfdd){ .fd = -1, .memory = -1, .udp = { { -1, -1 }, { -1, -1 } }, .try_at = INSTANT_NEVER };
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void bfdd_done(struct bfdd *b)
{
	close_fd(&b->fd);
	close_fd(&b->memory);
	for (size_t i = 0; i < BFDD_FAMILIES; i++) {
		close_fd(&b->udp[i][0]);
		close_fd(&b->udp[i][1]);
	}
}

void bfdd_ended(struct keeper *k)
{
	close_fd(&k->bfdd.fd);
	k->bfdd.try_at = instant_add(keeper_now(), pause_between);
}

static int set_one(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value);
}

static int open_udp(enum ip_family family, uint16_t port)
{
	const struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	const struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	const bool v4 = family == IP_V4;
	const int fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	if (v4)
		error = set_one(fd, IPPROTO_IP, IP_PKTINFO, 1) | set_one(fd, IPPROTO_IP, IP_RECVTTL, 1) |
			set_one(fd, IPPROTO_IP, IP_TTL, BFD_TTL) | set_one(fd, IPPROTO_IP, IP_TOS, TOS_NETWORK_CONTROL);
	else
		error = set_one(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) | set_one(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) |
			set_one(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1) |
			set_one(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, BFD_TTL) |
			set_one(fd, IPPROTO_IPV6, IPV6_TCLASS, TOS_NETWORK_CONTROL);
	if (!error)
		error = v4 ? bind(fd, (const struct sockaddr *)&four, sizeof four) :
			     bind(fd, (const struct sockaddr *)&six, sizeof six);
	if (!error)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* The source port must be of the dynamic range (RFC 5881 4). */
static int open_sender(enum ip_family family)
{
	int fd = -EADDRINUSE;

	for (unsigned i = 0; fd == -EADDRINUSE && i < SOURCE_TRIES; i++)
		fd = open_udp(family, (uint16_t)(BFD_PORT_SOURCE + i));
	return fd;
}

static void sockets_open(struct keeper *k, size_t n)
{
	int *fds = k->bfdd.udp[n];

	fds[0] = open_udp(families[n], BFD_PORT);
	fds[1] = open_sender(families[n]);
	if (fds[0] >= 0 && fds[1] >= 0)
		return;
	if (fds[0] != -EAFNOSUPPORT)
		keeper_say("no UDP %u for BFD (%s): sessions on networks other than our own tunnels stay down", BFD_PORT,
			   strerror(fds[0] < 0 ? -fds[0] : -fds[1]));
	close_fd(&fds[0]);
	close_fd(&fds[1]);
}

/* Those that are open. */
static void sockets_give(struct keeper *k)
{
	for (size_t n = 0; n < BFDD_FAMILIES; n++) {
		const struct keeper_udp m = { .family = (uint8_t)families[n] };

		if (k->bfdd.udp[n][0] >= 0)
			keeper_send(&k->forwarder, KEEPER_GIVE_BFD, &m, sizeof m, k->bfdd.udp[n], 2);
	}
}

static void connection_give(struct keeper *k)
{
	const struct keeper_bfdd m = { .connection = k->bfdd.connection, .is_fresh = k->bfdd.is_fresh };

	if (k->forwarder.fd < 0)
		return;
	keeper_send(&k->forwarder, KEEPER_GIVE_BFDD, &m, sizeof m, &k->bfdd.fd, 1);
	k->bfdd.is_fresh = false;
}

void bfdd_give_memory(struct keeper *k)
{
	struct bfdd *b = &k->bfdd;

	if (b->memory < 0 && held_memory_make("dmvpn-bfd", &b->memory) < 0)
		keeper_say("no memory for BFD sessions (%s): they begin anew when the forwarder does", strerror(errno));
	if (b->memory >= 0)
		keeper_send(&k->forwarder, KEEPER_GIVE_BFD_MEMORY, NULL, 0, &b->memory, 1);
}

void bfdd_forwarder_started(struct keeper *k)
{
	sockets_give(k);
	if (k->bfdd.fd >= 0)
		connection_give(k);
	else if (instant_is_never(k->bfdd.try_at) && k->options->bfdd_path)
		k->bfdd.try_at = keeper_now();
}

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof addr.sun_path)
		return -1;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void bfdd_sockets_wanted(struct keeper *k)
{
	for (size_t n = 0; n < BFDD_FAMILIES; n++)
		if (k->bfdd.udp[n][0] < 0)
			sockets_open(k, n);
	if (k->forwarder.fd >= 0)
		sockets_give(k);
}

void bfdd_deadline(struct keeper *k)
{
	const struct instant now = keeper_now();

	if (instant_before(now, k->bfdd.try_at))
		return;
	k->bfdd.fd = connect_to(k->options->bfdd_path);
	k->bfdd.try_at = k->bfdd.fd >= 0 ? INSTANT_NEVER : instant_add(now, pause_between);
	if (k->bfdd.fd < 0)
		return;
	k->bfdd.connection++;
	k->bfdd.is_fresh = true;
	connection_give(k);
	bfdd_sockets_wanted(k);
}
