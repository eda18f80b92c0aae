#include "kernel/netlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* Few enough for the answers to find room in the socket if the kernel refuses all of them. */
enum { QUEUE_REQUESTS = 64, QUEUE_OCTETS = 16384 };

struct netlink_queue {
	netlink_refused refused;
	void *arg;
	size_t count, length;
	struct nlmsghdr *last;
	char buffer[QUEUE_OCTETS] __attribute__((aligned(8)));
};

int netlink_init(struct netlink *n, int protocol)
{
	n->queue = NULL;
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
	free(n->queue);
	n->queue = NULL;
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

/* The kernel has worked through all of them when they are sent: its answers lie there. */
static void read_refusals(const struct netlink *n)
{
	char buffer[4096] __attribute__((aligned(8)));
	const struct netlink_queue *q = n->queue;
	ssize_t got;

	while ((got = recv(mnl_socket_get_fd(n->socket), buffer, sizeof buffer, MSG_DONTWAIT)) > 0 || (got < 0 && errno == EINTR)) {
		const struct nlmsghdr *head = (const void *)buffer;
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(head);

		if (got < (ssize_t)(sizeof *head + sizeof *e) || head->nlmsg_type != NLMSG_ERROR)
			continue;
		if (e->error < 0)
			q->refused(q->arg, &e->msg, e->error);
		if (head->nlmsg_seq == q->last->nlmsg_seq)
			return;
	}
}

static void refuse_all(const struct netlink_queue *q, int rc)
{
	const struct nlmsghdr *request = (const void *)q->buffer;

	for (int left = (int)q->length; mnl_nlmsg_ok(request, left); request = mnl_nlmsg_next(request, &left))
		q->refused(q->arg, request, rc);
}

int netlink_queue_open(struct netlink *n, netlink_refused refused, void *arg)
{
	n->queue = malloc(sizeof *n->queue);
	if (!n->queue)
		return -ENOMEM;
	n->queue->refused = refused;
	n->queue->arg = arg;
	n->queue->count = n->queue->length = 0;
	return 0;
}

void netlink_flush(struct netlink *n)
{
	struct netlink_queue *q = n->queue;

	if (!q || q->count == 0)
		return;
	q->last->nlmsg_flags |= NLM_F_ACK; /* of the others only what is refused comes back */
	if (mnl_socket_sendto(n->socket, q->buffer, q->length) < 0)
		refuse_all(q, -errno);
	else
		read_refusals(n);
	q->count = q->length = 0;
}

bool netlink_queue_is_full(const struct netlink *n)
{
	return n->queue->count == QUEUE_REQUESTS || n->queue->length + NETLINK_REQUEST_MAX > sizeof n->queue->buffer;
}

void netlink_queue(struct netlink *n, const struct netlink_request *r)
{
	struct netlink_queue *q = n->queue;
	const size_t length = (size_t)MNL_ALIGN((int)r->head->nlmsg_len);

	if (netlink_queue_is_full(n))
		netlink_flush(n);
	q->last = memcpy(q->buffer + q->length, r->head, length);
	q->last->nlmsg_seq = ++n->seq;
	q->length += length;
	q->count++;
}

static int send_request(struct netlink *n, struct netlink_request *r)
{
	netlink_flush(n);
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

const struct nlattr *netlink_inside(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	NETLINK_EACH(attr, mnl_attr_get_payload(nest), mnl_attr_get_payload_len(nest)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

int ip_family_to_af(enum ip_family family)
{
	return family == IP_V4 ? AF_INET : family == IP_V6 ? AF_INET6 : AF_UNSPEC;
}

enum ip_family ip_family_from_af(int af)
{
	return af == AF_INET ? IP_V4 : af == AF_INET6 ? IP_V6 : IP_NONE;
}
