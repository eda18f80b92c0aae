/*
 * The end of a pair that stays with us is bound to an abstract name: charon passes over
 * messages whose sender's nl_pid is not 0, and reads that from the sender's name. The name's
 * first ten bytes, which lie where sockaddr_nl has its pid and groups, are 0; random ones follow.
 */
#include "ike/launcher_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/ipc.h"
#include "ike/launcher_filter.h"
#include "keeper/keeper_msg.h"

enum {
	NAT_PORT = 4500,
	NAME_ZEROS = 10,
	NAME_RANDOM = 12,
	BUFFER_BYTES = 4 * 1024 * 1024, /* thousands of expiries may come at once */
};

/* A running kernel may know longer structs than our headers. */
union notification {
	struct seccomp_notif notif;
	uint8_t room[512];
};
union response {
	struct seccomp_notif_resp resp;
	uint8_t room[512];
};

union address {
	sa_family_t family;
	struct sockaddr_nl netlink;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

void launcher_say_denied(const char *what, int error)
{
	const bool is_denied = error == -EACCES || error == -EPERM;

	fprintf(stderr, "dmvpn-charon: %s: %s%s\n", what, strerror(-error),
		is_denied ? "; AppArmor denies it, or kernel.yama.ptrace_scope is 3: see packaging/apparmor/README and "
			    "`journalctl -k -g apparmor`" : "");
}

static int respond(const struct launcher_calls *c, uint64_t id, int error, uint32_t flags)
{
	union response r = { .resp = { .id = id, .error = error, .flags = flags } };

	/* ENOENT: charon was killed meanwhile, which its pidfd will tell. */
	if (ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &r) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

static int go_on(const struct launcher_calls *c, uint64_t id)
{
	return respond(c, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int socket_take(const struct launcher_calls *c, uint64_t fd)
{
	const long copy = syscall(SYS_pidfd_getfd, c->pidfd, (int)fd, 0);

	return copy < 0 ? -errno : (int)copy;
}

/* The address of a bind(), as far as it concerns us; else its family is AF_UNSPEC. */
static int address_read(const struct launcher_calls *c, const struct seccomp_notif *n, union address *a)
{
	struct iovec local = { a, sizeof *a };
	struct iovec remote = { (void *)(uintptr_t)n->data.args[1], sizeof *a }; /* NOLINT */
	uint64_t id = n->id;

	memset(a, 0, sizeof *a);
	if (n->data.args[2] < sizeof(struct sockaddr_nl))
		return 0;
	if (n->data.args[2] < sizeof *a)
		local.iov_len = remote.iov_len = n->data.args[2];
	if (process_vm_readv((pid_t)n->pid, &local, 1, &remote, 1, 0) < 0)
		return -errno;
	/* Had the thread died, another might have its number by now. */
	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -errno : 0;
}

static int option_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof value) < 0 ? -errno : 0;
}

/* ---- the port ---- */

static bool is_nat_port(const union address *a)
{
	return (a->family == AF_INET && a->in.sin_port == htons(NAT_PORT)) ||
	       (a->family == AF_INET6 && a->in6.sin6_port == htons(NAT_PORT));
}

/* Beside the keeper's socket: instead of that one, or steered with it. */
static int port_prepare(int fd, bool kernel)
{
	const int error = option_set(fd, SOL_SOCKET, kernel ? SO_REUSEADDR : SO_REUSEPORT, 1);

	return error || kernel ? error : option_set(fd, IPPROTO_UDP, UDP_GRO, 1);
}

/* ---- the XFRM sockets ---- */

static bool is_xfrm(int fd)
{
	int protocol = -1;
	socklen_t length = sizeof protocol;

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == NETLINK_XFRM;
}

static void buffer_grow(int fd)
{
	/* Best effort: an unanswered request is repeated, an expiry told again. */
	if (option_set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		(void)option_set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

static int name_bind(int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const socklen_t length = offsetof(struct sockaddr_un, sun_path) + NAME_ZEROS + NAME_RANDOM;

	if (getrandom(name.sun_path + NAME_ZEROS, NAME_RANDOM, 0) != NAME_RANDOM)
		return -EIO;
	return bind(fd, (struct sockaddr *)&name, length) < 0 ? -errno : 0;
}

/* pair[0] for us, pair[1] for charon, blocking as its netlink socket is. */
static int pair_make(int pair[2])
{
	int error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	error = name_bind(pair[0]);
	if (!error && fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
		error = -errno;
	if (error) {
		close(pair[0]);
		close(pair[1]);
		return error;
	}
	buffer_grow(pair[0]);
	buffer_grow(pair[1]);
	return 0;
}

static int replace(const struct launcher_calls *c, const struct seccomp_notif *n, int with)
{
	const struct seccomp_notif_addfd add = { .id = n->id, .flags = SECCOMP_ADDFD_FLAG_SETFD,
						 .srcfd = (uint32_t)with, .newfd = (uint32_t)n->data.args[0],
						 .newfd_flags = O_CLOEXEC };

	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 ? -errno : 0;
}

static int redirect(const struct launcher_calls *c, const struct seccomp_notif *n, uint32_t groups)
{
	const struct keeper_xfrm xfrm = { .groups = groups };
	int pair[2];
	int error = pair_make(pair);

	if (error) {
		launcher_say_denied("cannot make a socket in place of charon's XFRM socket", error);
		return error;
	}
	error = replace(c, n, pair[1]);
	if (error)
		launcher_say_denied("charon cannot be given a socket in place of its XFRM socket", error);
	else
		error = ipc_send(c->keeper_fd, KEEPER_XFRM, &xfrm, sizeof xfrm, &pair[0], 1);
	close(pair[0]);
	close(pair[1]);
	return error;
}

/* ---- bind ---- */

static int bind_netlink(const struct launcher_calls *c, const struct seccomp_notif *n, int fd, uint32_t groups)
{
	int error;

	if (!is_xfrm(fd))
		return go_on(c, n->id);
	error = redirect(c, n, groups);
	if (error == -ENOENT)
		return 0; /* charon was killed meanwhile */
	(void)respond(c, n->id, error, 0);
	return error;
}

static int bind_port(const struct launcher_calls *c, const struct seccomp_notif *n, int fd)
{
	const int error = port_prepare(fd, c->kernel);

	if (!error)
		return go_on(c, n->id);
	launcher_say_denied("charon's UDP port 4500 cannot be shared", error);
	(void)respond(c, n->id, error, 0);
	return error;
}

static int answer_bind(const struct launcher_calls *c, const struct seccomp_notif *n)
{
	union address a;
	int error = address_read(c, n, &a);
	int fd;

	if (error == -ENOENT || error == -ESRCH)
		return 0;
	if (!error && !is_nat_port(&a) && (c->kernel || a.family != AF_NETLINK))
		return go_on(c, n->id);
	fd = error ? error : socket_take(c, n->data.args[0]);
	if (fd == -EBADF)
		return go_on(c, n->id); /* the kernel will say the same */
	if (fd < 0) {
		launcher_say_denied("charon's sockets cannot be looked at", fd);
		(void)respond(c, n->id, fd, 0);
		return fd;
	}
	error = a.family == AF_NETLINK ? bind_netlink(c, n, fd, a.netlink.nl_groups) : bind_port(c, n, fd);
	close(fd);
	return error;
}

/* Descriptors of another process would be mistaken for charon's. */
static bool is_charon(const struct launcher_calls *c, uint32_t thread)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%u", (int)c->pid, thread);
	return access(path, F_OK) == 0;
}

int launcher_calls_answer(const struct launcher_calls *c)
{
	union notification n;

	memset(&n, 0, sizeof n); /* the kernel insists */
	if (ioctl(c->listener, SECCOMP_IOCTL_NOTIF_RECV, &n) < 0)
		return errno == ENOENT || errno == EINTR || errno == EAGAIN ? 0 : -errno;
	if (!is_charon(c, n.notif.pid))
		return respond(c, n.notif.id, -EPERM, 0);
	switch (launcher_filter_call(&n.notif.data)) {
	case FILTER_CALL_BIND: return answer_bind(c, &n.notif);
	case FILTER_CALL_UDP_ENCAP: return c->kernel ? go_on(c, n.notif.id) : respond(c, n.notif.id, 0, 0);
	case FILTER_CALL_OTHER: break;
	}
	return go_on(c, n.notif.id);
}
