#include "forward/bfd_socket.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "forward/bfd_front.h"
#include "forward/sockaddr.h"

enum { BUDGET = 256, DATAGRAM_MAX = 256, CONTROL_MAX = 128 };

union address {
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_storage any;
};

union control {
	struct cmsghdr head;
	uint8_t bytes[CONTROL_MAX];
};

void bfd_sockets_init(struct bfd_sockets *s)
{
	s->v4 = s->v6 = (struct bfd_socket){ .source = SOURCE_BFD, .receive_fd = -1, .send_fd = -1 };
}

struct bfd_socket *bfd_socket_of(struct bfd_sockets *s, uint8_t family)
{
	return family == IP_V4 ? &s->v4 : family == IP_V6 ? &s->v6 : NULL;
}

/* ---- in ---- */

static void take_ancillary(struct bfd_arrival *a, struct msghdr *m)
{
	int ttl = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			const struct in_pktinfo *i = (const void *)CMSG_DATA(c);

			a->key.link = (uint32_t)i->ipi_ifindex;
			a->key.local = ipaddr_from_bytes(IP_V4, (const uint8_t *)&i->ipi_addr);
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			const struct in6_pktinfo *i = (const void *)CMSG_DATA(c);

			a->key.link = i->ipi6_ifindex;
			a->key.local = ipaddr_from_bytes(IP_V6, (const uint8_t *)&i->ipi6_addr);
		} else if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
			   (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
			memcpy(&ttl, CMSG_DATA(c), sizeof ttl);
			a->ttl = (uint8_t)ttl;
		}
	}
}

static bool receive_one(struct bfd_socket *s, struct worker *w)
{
	uint8_t bytes[DATAGRAM_MAX];
	union address from = { 0 };
	union control control;
	struct iovec iov = { bytes, sizeof bytes };
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = &control, .msg_controllen = sizeof control };
	struct bfd_arrival a = { 0 };
	const ssize_t got = recvmsg(s->receive_fd, &m, MSG_DONTWAIT);

	if (got < 0)
		return false;
	take_ancillary(&a, &m);
	a.key.remote = from.four.sin_family == AF_INET ?
			       ipaddr_from_bytes(IP_V4, (const uint8_t *)&from.four.sin_addr) :
			       ipaddr_from_bytes(IP_V6, (const uint8_t *)&from.six.sin6_addr);
	bfd_front_datagram(w, &a, bytes, (size_t)got);
	return true;
}

void bfd_socket_ready(struct bfd_socket *s, struct worker *w)
{
	for (int i = 0; i < BUDGET && receive_one(s, w); i++)
		;
}

/* ---- out ---- */

/* On a tunnel the route to the far end names the device. */
static uint32_t interface_of(const struct bfd_key *key)
{
	return key->link & BFD_LINK_TUNNEL ? 0 : key->link;
}

static size_t put_ancillary(struct cmsghdr *c, const struct bfd_key *key)
{
	if (key->remote.family == IP_V4) {
		struct in_pktinfo i = { .ipi_ifindex = (int)interface_of(key) };

		memcpy(&i.ipi_spec_dst, key->local.bytes, sizeof i.ipi_spec_dst);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof i), IPPROTO_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(c), &i, sizeof i);
		return CMSG_SPACE(sizeof i);
	} else {
		struct in6_pktinfo i = { .ipi6_ifindex = interface_of(key) };

		memcpy(&i.ipi6_addr, key->local.bytes, sizeof i.ipi6_addr);
		*c = (struct cmsghdr){ CMSG_LEN(sizeof i), IPPROTO_IPV6, IPV6_PKTINFO };
		memcpy(CMSG_DATA(c), &i, sizeof i);
		return CMSG_SPACE(sizeof i);
	}
}

static socklen_t put_address(union address *to, const struct bfd_key *key)
{
	const socklen_t length = sockaddr_of(&key->remote, BFD_PORT, &to->any);

	if (ipaddr_is_link_local(&key->remote))
		to->six.sin6_scope_id = interface_of(key);
	return length;
}

bool bfd_sockets_send(const struct bfd_sockets *s, const struct bfd_key *key, const uint8_t *bytes, size_t length)
{
	const struct bfd_socket *by = key->remote.family == IP_V4 ? &s->v4 : &s->v6;
	union control control = { 0 };
	union address to;
	struct iovec iov = { (void *)(uintptr_t)bytes, length };
	struct msghdr m = { .msg_name = &to, .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control };

	/* Sessions over several hops are received on another port, which is not opened. */
	if (by->send_fd < 0 || key->link == BFD_LINK_NONE)
		return false;
	m.msg_namelen = put_address(&to, key);
	m.msg_controllen = put_ancillary(&control.head, key);
	return sendmsg(by->send_fd, &m, MSG_DONTWAIT) == (ssize_t)length;
}
