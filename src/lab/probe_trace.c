/*
 * probe_trace: path discovery by probes of small TTL; the routers' "time exceeded" comes
 * back through the socket's error queue with the answering router's address.
 */
#include "lab/probe.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 3, LISTEN_MS = 120 };

static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       family == AF_INET ? IP_RECVERR : IPV6_RECVERR, &on, sizeof(on)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void send_with_ttl(int fd, struct probe_shared *s, uint32_t pair, int ttl)
{
	struct probe_pair *p = &s->pairs[pair];
	struct probe_packet k = { TRACE_MAGIC, atomic_load(&s->trace), pair, (uint32_t)ttl };
	bool v4 = p->family == IP_V4;

	if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &ttl,
		       sizeof(ttl)) < 0)
		return;
	/* A pending error is reported once by the next call: try again. */
	for (int i = 0; i < 3; i++)
		if (sendto(fd, &k, sizeof(k), 0, (struct sockaddr *)&p->address,
			   v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6)) == sizeof(k))
			return;
}

static struct ipaddr offender(const struct sock_extended_err *e)
{
	const struct sockaddr *sa = (const struct sockaddr *)SO_EE_OFFENDER(e);

	if (sa->sa_family == AF_INET)
		return ipaddr_from_bytes(IP_V4, (const uint8_t *)&((const struct sockaddr_in *)sa)->sin_addr);
	if (sa->sa_family == AF_INET6)
		return ipaddr_from_bytes(IP_V6, ((const struct sockaddr_in6 *)sa)->sin6_addr.s6_addr);
	return IPADDR_NONE;
}

static bool is_time_exceeded(const struct sock_extended_err *e)
{
	return (e->ee_origin == SO_EE_ORIGIN_ICMP && e->ee_type == 11) ||
	       (e->ee_origin == SO_EE_ORIGIN_ICMP6 && e->ee_type == 3);
}

static void take_error(struct probe_shared *s, const struct probe_packet *k, struct msghdr *m)
{
	if (k->magic != TRACE_MAGIC || k->pair >= s->pair_count || k->seq < 1 || k->seq > PROBE_HOPS)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		const struct sock_extended_err *e = (const struct sock_extended_err *)CMSG_DATA(c);
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;

		if ((v4 || v6) && is_time_exceeded(e))
			s->pairs[k->pair].path.hops[k->seq - 1] = offender(e);
	}
}

static void read_errors(struct probe_shared *s, int fd)
{
	for (;;) {
		struct probe_packet k = { 0 };
		char control[512] __attribute__((aligned(8)));
		struct iovec v = { &k, sizeof(k) };
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control,
				    .msg_controllen = sizeof(control) };

		if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
			return;
		take_error(s, &k, &m);
	}
}

static void listen_for(struct probe_shared *s, const int fds[2], int ms)
{
	for (int64_t end = lab_now_ns() + ms * 1000000LL, left; (left = end - lab_now_ns()) > 0;) {
		struct pollfd p[2] = { { .fd = fds[0] }, { .fd = fds[1] } };

		poll(p, 2, (int)(left / 1000000) + 1);
		for (int i = 0; i < 2; i++)
			if (fds[i] >= 0 && p[i].revents)
				read_errors(s, fds[i]);
	}
}

void probe_trace_pairs(struct probe_shared *s, uint32_t host)
{
	int fds[2] = { open_socket(AF_INET), open_socket(AF_INET6) };

	for (int round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < s->pair_count; i++) {
			int fd = fds[s->pairs[i].family == IP_V6];

			for (int ttl = 1; s->pairs[i].from == host && ttl <= PROBE_HOPS; ttl++)
				send_with_ttl(fd, s, i, ttl);
			if (s->pairs[i].from == host)
				listen_for(s, fds, 1);
		}
		listen_for(s, fds, LISTEN_MS);
	}
	close(fds[0]);
	close(fds[1]);
}
