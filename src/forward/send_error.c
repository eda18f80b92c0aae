#include "forward/send_error.h"

#include <errno.h>
#include <time.h> /* errqueue.h wants it */
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { WAIT_MS = 1 };

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
