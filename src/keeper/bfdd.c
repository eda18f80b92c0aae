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

void bfdd_init(struct bfdd *b)
{
	*b = (struct bfdd){ .fd = -1, .try_at = INSTANT_NEVER };
}

void bfdd_done(struct bfdd *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}

void bfdd_ended(struct keeper *k)
{
	bfdd_done(&k->bfdd);
	k->bfdd.try_at = instant_add(keeper_now(), pause_between);
}

/* A new forwarder knows none of the sessions: a new connection brings them all. */
void bfdd_forwarder_started(struct keeper *k)
{
	bfdd_done(&k->bfdd);
	k->bfdd.sockets_given = false;
	k->bfdd.try_at = k->options->bfdd_path ? keeper_now() : INSTANT_NEVER;
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

static void give_sockets(struct keeper *k, enum ip_family family)
{
	const struct keeper_udp m = { .family = (uint8_t)family };
	int fds[2] = { open_udp(family, BFD_PORT), open_sender(family) };

	if (fds[0] >= 0 && fds[1] >= 0)
		keeper_send(&k->forwarder, KEEPER_GIVE_BFD, &m, sizeof m, fds, 2);
	else if (fds[0] != -EAFNOSUPPORT)
		keeper_say("no UDP %u for BFD (%s): sessions on networks other than tunnels stay down", BFD_PORT,
			   strerror(fds[0] < 0 ? -fds[0] : -fds[1]));
	for (size_t i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
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

void bfdd_deadline(struct keeper *k)
{
	const struct instant now = keeper_now();

	if (instant_before(now, k->bfdd.try_at))
		return;
	k->bfdd.fd = connect_to(k->options->bfdd_path);
	k->bfdd.try_at = k->bfdd.fd >= 0 ? INSTANT_NEVER : instant_add(now, pause_between);
	if (k->bfdd.fd >= 0)
		keeper_send(&k->forwarder, KEEPER_GIVE_BFDD, NULL, 0, &k->bfdd.fd, 1);
	if (k->bfdd.fd >= 0 && !k->bfdd.sockets_given) {
		give_sockets(k, IP_V4);
		give_sockets(k, IP_V6);
		k->bfdd.sockets_given = true;
	}
}
