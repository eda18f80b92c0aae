/*
 * netlink: one rtnetlink (or nfnetlink) socket for requests that wait for the kernel's
 * answer. The kernel answers within the call, so waiting here blocks for microseconds.
 *
 * Requests whose answer nobody waits for may be queued: many of them leave by one system call. The kernel sees all
 * requests of a socket in the order in which they were made.
 */
#ifndef DMVPN_KERNEL_NETLINK_H
#define DMVPN_KERNEL_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { NETLINK_BUFFER = 32768 /* bytes of one datagram of a dump */, NETLINK_REQUEST_MAX = 1024 };

struct netlink_queue;

struct netlink {
	struct mnl_socket *socket;
	uint32_t seq;
	struct netlink_queue *queue; /* NULL: nothing was ever queued */
};

/* One request under construction. */
struct netlink_request {
	struct nlmsghdr *head;
	char buffer[NETLINK_REQUEST_MAX] __attribute__((aligned(8)));
};

/* 0 or -errno. */
int netlink_init(struct netlink *n, int protocol);
void netlink_done(struct netlink *n);

/* Starts a request with a zeroed family header of that size, which it returns. Flags as
 * NLM_F_CREATE; NLM_F_REQUEST is added. */
void *netlink_begin(struct netlink_request *r, uint16_t type, uint16_t flags, size_t header_size);

/* Sends it and waits for the acknowledgement. 0 or the kernel's -errno. */
int netlink_run(struct netlink *n, struct netlink_request *r);

/* One of the queue was refused, or could not be sent: rc is -errno. It may not use the netlink. */
typedef void (*netlink_refused)(void *arg, const struct nlmsghdr *request, int rc);
/* For netlink_queue(). 0 or -errno. */
int netlink_queue_open(struct netlink *n, netlink_refused refused, void *arg);
/* Leaves with netlink_flush(), before whatever is run or dumped next, or when the next one finds it full. */
void netlink_queue(struct netlink *n, const struct netlink_request *r);
bool netlink_queue_is_full(const struct netlink *n);
void netlink_flush(struct netlink *n); /* fine when nothing is queued */

/* Sends it with NLM_F_DUMP and calls `each` for every answer. `each` returns MNL_CB_OK.
 * 0 or -errno; -EINTR when the table changed meanwhile (the caller dumps again). */
int netlink_dump(struct netlink *n, struct netlink_request *r, mnl_cb_t each, void *arg);

/* Attributes that hold an address of either family. */
void netlink_put_addr(struct netlink_request *r, uint16_t type, const struct ipaddr *a);
/* IP_NONE when the attribute is missing or of another length than its family's. */
struct ipaddr netlink_get_addr(const struct nlattr *attr, int af);

/* Walks the attributes that lie in `length` bytes from `start`, as far as they are whole. */
#define NETLINK_EACH(attr, start, length) \
	for ((attr) = (const void *)(start); \
	     mnl_attr_ok((attr), (int)((const char *)(start) + (length) - (const char *)(attr))); \
	     (attr) = mnl_attr_next(attr))
/* The attributes behind a family header of that size. */
#define NETLINK_EACH_ATTR(attr, nlh, header_size) \
	NETLINK_EACH(attr, mnl_nlmsg_get_payload_offset(nlh, header_size), \
		     (const char *)mnl_nlmsg_get_payload_tail(nlh) - \
			     (const char *)mnl_nlmsg_get_payload_offset(nlh, header_size))

/* The attribute of that type inside a nested one; NULL: none, or there is no nested one. */
const struct nlattr *netlink_inside(const struct nlattr *nest, uint16_t type);

int ip_family_to_af(enum ip_family family); /* AF_INET, AF_INET6 or AF_UNSPEC */
enum ip_family ip_family_from_af(int af);

#endif
