#include "forward/send_error.h"

#include <errno.h>
#include <time.h> /* errqueue.h wants it */
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { WAIT_MS = 1, ICMP_UNREACHABLE = 3, ICMP_TOO_LARGE = 4 /* code */, ICMP6_UNREACHABLE = 1 };

int send_errors_on(int fd, enum ip_family family)
{
	const int on = 1;
	const bool v4 = family == IP_V4;

	return setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on) < 0 ? -errno : 0;
}

/* What the kernel makes of ICMP's types and codes; but EMSGSIZE is looked at by who sends. */
bool send_error_is_news(int error)
{
	return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EHOSTDOWN ||
	       error == ENONET || error == ENOPROTOOPT || error == EOPNOTSUPP || error == EPROTO || error == EACCES;
}

static bool is_unreachable(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		return e->ee_type == ICMP_UNREACHABLE && e->ee_code != ICMP_TOO_LARGE;
	return e->ee_origin == SO_EE_ORIGIN_ICMP6 && e->ee_type == ICMP6_UNREACHABLE;
}

static bool says_unreachable(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct sock_extended_err e;

		if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		      (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)) ||
		    c->cmsg_len < CMSG_LEN(sizeof e))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		return is_unreachable(&e);
	}
	return false;
}

static bool destination_read(const struct sockaddr_storage *name, socklen_t length, struct send_error *out)
{
	const struct sockaddr_in *four = (const void *)name;
	const struct sockaddr_in6 *six = (const void *)name;

	if (length >= sizeof *four && name->ss_family == AF_INET) {
		out->to = ipaddr_from_bytes(IP_V4, (const uint8_t *)&four->sin_addr);
		out->port = ntohs(four->sin_port);
	} else if (length >= sizeof *six && name->ss_family == AF_INET6) {
		out->to = ipaddr_from_bytes(IP_V6, six->sin6_addr.s6_addr);
		out->port = ntohs(six->sin6_port);
	} else {
		return false;
	}
	return true;
}

bool send_errors_next(int fd, struct send_error *out, uint8_t space[SEND_ERROR_QUOTED_MAX])
{
	union { char bytes[512]; struct cmsghdr align; } control;

	for (int i = 0; i < SEND_ERRORS_MAX; i++) {
		struct sockaddr_storage name;
		struct iovec iov = { space, SEND_ERROR_QUOTED_MAX };
		struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof name, .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
		const ssize_t got = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (got < 0)
			return false;
		*out = (struct send_error){ .quoted = space, .quoted_length = (size_t)got };
		if (says_unreachable(&msg) && destination_read(&name, msg.msg_namelen, out))
			return true;
	}
	return false;
}

static uint32_t mtu_in(struct msghdr *msg)
{
	uint32_t mtu = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct sock_extended_err e;

		if (!((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		      (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR)))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		if (e.ee_errno == EMSGSIZE)
			mtu = e.ee_info;
	}
	return mtu;
}

uint32_t send_error_mtu(int fd)
{
	union { char bytes[512]; struct cmsghdr align; } space;
	uint32_t mtu = 0;

	for (;;) {
		struct msghdr msg = { .msg_control = space.bytes, .msg_controllen = sizeof space.bytes };
		uint32_t told;

		if (recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			return mtu;
		told = mtu_in(&msg);
		mtu = told ? told : mtu;
	}
}

bool send_error_waits(int fd, int error)
{
	struct pollfd wait = { .fd = fd, .events = POLLOUT };

	return (error == EAGAIN || error == ENOBUFS) && poll(&wait, 1, WAIT_MS) >= 0;
}
