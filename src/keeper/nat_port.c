#include "keeper/nat_port.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	LOOPBACK_INDEX = 1, /* in every network namespace */
	BUFFER_BYTES = 32 * 1024 * 1024,
	OURS = 0,
	CHARON = 1,
};

struct option {
	int level, name, value;
};

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

static int set_all(int fd, const struct option *options, size_t count)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++)
		error = set(fd, options[i].level, options[i].name, options[i].value);
	return error;
}

static int options_set(int fd, bool is_v6)
{
	static const struct option common[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1 }, { SOL_SOCKET, SO_REUSEPORT, 1 }, { IPPROTO_UDP, UDP_GRO, 1 },
	};
	static const struct option v4[] = {
		{ IPPROTO_IP, IP_PKTINFO, 1 }, { IPPROTO_IP, IP_RECVTOS, 1 },
	};
	static const struct option v6[] = {
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1 }, { IPPROTO_IPV6, IPV6_RECVPKTINFO, 1 },
		{ IPPROTO_IPV6, IPV6_RECVTCLASS, 1 },
	};
	const int error = set_all(fd, common, sizeof common / sizeof *common);

	if (error)
		return error;
	return is_v6 ? set_all(fd, v6, sizeof v6 / sizeof *v6) : set_all(fd, v4, sizeof v4 / sizeof *v4);
}

static void buffers_grow(int fd)
{
	/* Best effort: without privilege over the limits the plain request has to do. */
	if (set(fd, SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES))
		(void)set(fd, SOL_SOCKET, SO_RCVBUF, BUFFER_BYTES);
	if (set(fd, SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES))
		(void)set(fd, SOL_SOCKET, SO_SNDBUF, BUFFER_BYTES);
}

static int port_bind(int fd, bool is_v6)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(NAT_PORT) };
	const struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(NAT_PORT) };
	const int result = is_v6 ? bind(fd, (const struct sockaddr *)&any6, sizeof any6)
				 : bind(fd, (const struct sockaddr *)&any, sizeof any);

	return result < 0 ? -errno : 0;
}

static int steer(int fd)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LOOPBACK_INDEX, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, CHARON),
		BPF_STMT(BPF_RET | BPF_K, OURS),
	};
	const struct sock_fprog filter = { sizeof program / sizeof *program, program };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter, sizeof filter) < 0 ? -errno : 0;
}

static int finish(int fd, int error, int *out)
{
	if (error)
		close(fd);
	else
		*out = fd;
	return error;
}

int nat_port_open(bool is_v6, int *out)
{
	const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = options_set(fd, is_v6);
	if (!error)
		error = port_bind(fd, is_v6);
	if (!error)
		error = steer(fd);
	buffers_grow(fd);
	return finish(fd, error, out);
}

/* What nobody reads shall not lie in the buffer for ever. */
static int refuse_all(int fd)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct sock_fprog filter = { 1, nothing };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0 ? -errno : 0;
}

int nat_port_inject_open(bool is_v6, int *out)
{
	/* IPPROTO_RAW: the header is the sender's to write. Packets of that protocol may
	 * come in over IPv6. */
	const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

	if (fd < 0)
		return -errno;
	return finish(fd, refuse_all(fd), out);
}

int nat_port_hold(bool is_v6, int *out)
{
	/*
	 * charon's sockets are given SO_REUSEADDR as well (ike/launcher.h), so both bind the port. Of such sockets Linux gives a datagram to the
	 * one that was bound last. The kernel looks at ESP before the filter does, which is left with IKE.
	 */
	static const struct option options[] = { { SOL_SOCKET, SO_REUSEADDR, 1 }, { IPPROTO_UDP, UDP_ENCAP, UDP_ENCAP_ESPINUDP } };
	const int fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int error;

	if (fd < 0)
		return -errno;
	error = set_all(fd, options, sizeof options / sizeof *options);
	if (!error && is_v6)
		error = set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!error)
		error = refuse_all(fd);
	if (!error)
		error = port_bind(fd, is_v6);
	return finish(fd, error, out);
}
