#include "kernel/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

int netlink_init(struct netlink *n, int protocol)
{
	n->seq = (uint32_t)time(NULL);
	n->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!n->socket)
		return -errno;
	if (mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = errno;

		netlink_done(n);
		return -error;
	}
	return 0;
}

void netlink_done(struct netlink *n)
{
	if (n->socket)
		mnl_socket_close(n->socket);
	n->socket = NULL;
}

void *netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, size_t header_size)
{
	r->head = mnl_nlmsg_put_header(r->buffer);
	r->head->nlmsg_type = type;
	r->head->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	return mnl_nlmsg_put_extra_header(r->head, header_size);
}

/* Reads answers to `seq` until the acknowledgement or the end of the dump. */
static int receive_answer(struct netlink *n, mnl_cb_t each, void *arg)
{
	static char buffer[NETLINK_BUFFER] __attribute__((aligned(8)));
	unsigned port = mnl_socket_get_portid(n->socket);

	for (;;) {
		ssize_t got = mnl_socket_recvfrom(n->socket, buffer, sizeof buffer);
		int rc;

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		rc = mnl_cb_run(buffer, (size_t)got, n->seq, port, each, arg);
		/* An answer left over from a dump that was cut short earlier. */
		if (rc < 0 && errno == EPROTO)
			continue;
		if (rc < 0)
			return -errno;
		if (rc == MNL_CB_STOP)
			return 0;
	}
}

static int send_request(struct netlink *n, struct netlink_request *r)
{
	r->head->nlmsg_seq = ++n->seq;
	return mnl_socket_sendto(n->socket, r->head, r->head->nlmsg_len) < 0 ? -errno : 0;
}

int netlink_run(struct netlink *n, struct netlink_request *r)
{
	int rc;

	r->head->nlmsg_flags |= NLM_F_ACK;
	rc = send_request(n, r);
	return rc < 0 ? rc : receive_answer(n, NULL, NULL);
}

int netlink_dump(struct netlink *n, struct netlink_request *r, mnl_cb_t each, void *arg)
{
	int rc;

	r->head->nlmsg_flags |= NLM_F_DUMP;
	rc = send_request(n, r);
	return rc < 0 ? rc : receive_answer(n, each, arg);
}

void netlink_put_addr(struct netlink_request *r, uint16_t type, const struct ipaddr *a)
{
	mnl_attr_put(r->head, type, ip_family_octets(a->family), a->bytes);
}

struct ipaddr netlink_get_addr(const struct nlattr *attr, int af)
{
	enum ip_family family = ip_family_from_af(af);

	if (!attr || family == IP_NONE || mnl_attr_get_payload_len(attr) != ip_family_octets(family))
		return IPADDR_NONE;
	return ipaddr_from_bytes(family, mnl_attr_get_payload(attr));
}

int ip_family_to_af(enum ip_family family)
{
	return family == IP_V4 ? AF_INET : family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

enum ip_family ip_family_from_af(int af)
{
	return af == AF_INET ? IP_V4 : af == AF_INET6 ? IP_V6 : IP_NONE;
}
