#include "kernel/monitor.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP (1 << 16)
#endif

enum { MONITOR_RECEIVE_BUFFER = 4 * 1024 * 1024, DUMP_ATTEMPTS = 10, READS_AT_ONCE = 16 };

struct monitor {
	struct mnl_socket *socket;
	struct netlink dumps; /* apart, so that notifications do not mix with answers */
	monitor_each each;
	void *arg;
	char buffer[NETLINK_BUFFER] __attribute__((aligned(8)));
};

static const unsigned groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				   RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };

static int subscribe(struct monitor *m)
{
	int size = MONITOR_RECEIVE_BUFFER, fd = mnl_socket_get_fd(m->socket);

	/* A big buffer is a help, not a need: overflow leads to a dump. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (mnl_socket_bind(m->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
		if (mnl_socket_setsockopt(m->socket, NETLINK_ADD_MEMBERSHIP, (void *)&groups[i],
					  sizeof groups[i]) < 0)
			return -errno;
	}
	return 0;
}

struct monitor *monitor_new(monitor_each each, void *arg)
{
	struct monitor *m = calloc(1, sizeof *m);
	int rc;

	if (!m)
		return NULL;
	m->each = each;
	m->arg = arg;
	rc = netlink_init(&m->dumps, NETLINK_ROUTE);
	if (rc == 0) {
		m->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
		rc = m->socket ? subscribe(m) : -errno;
	}
	if (rc == 0)
		return m;
	monitor_free(m);
	errno = -rc;
	return NULL;
}

void monitor_free(struct monitor *m)
{
	if (!m)
		return;
	if (m->socket)
		mnl_socket_close(m->socket);
	netlink_done(&m->dumps);
	free(m);
}

int monitor_fd(const struct monitor *m)
{
	return mnl_socket_get_fd(m->socket);
}

static void take_link(struct monitor *m, const struct nlmsghdr *nlh)
{
	const struct ifinfomsg *i = mnl_nlmsg_get_payload(nlh);
	struct change c = { .type = CHANGE_LINK, .add = nlh->nlmsg_type == RTM_NEWLINK, .ifindex = i->ifi_index };
	const struct nlattr *attr;

	if (i->ifi_family != AF_UNSPEC) /* bridge ports and the like report under their own family */
		return;
	c.link.up = i->ifi_flags & IFF_UP;
	c.link.running = (i->ifi_flags & IFF_LOWER_UP) != 0;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *i) {
		uint16_t type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

		if (type == IFLA_IFNAME && length > 0 && length <= sizeof c.link.name)
			memcpy(c.link.name, mnl_attr_get_payload(attr), length);
		else if (type == IFLA_MTU && length == sizeof(uint32_t))
			c.link.mtu_bytes = mnl_attr_get_u32(attr);
		else if (type == IFLA_MASTER && length == sizeof(uint32_t))
			c.link.master = (int)mnl_attr_get_u32(attr);
	}
	c.link.name[sizeof c.link.name - 1] = '\0';
	m->each(m->arg, &c);
}

static void take_address(struct monitor *m, const struct nlmsghdr *nlh)
{
	const struct ifaddrmsg *a = mnl_nlmsg_get_payload(nlh);
	struct change c = { .type = CHANGE_ADDRESS, .add = nlh->nlmsg_type == RTM_NEWADDR,
			    .ifindex = (int)a->ifa_index };
	struct ipaddr local = IPADDR_NONE;
	uint32_t flags = a->ifa_flags;
	const struct nlattr *attr;

	c.address.prefix_len = a->ifa_prefixlen;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *a) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == IFA_LOCAL)
			local = netlink_get_addr(attr, a->ifa_family);
		else if (type == IFA_ADDRESS)
			c.address.addr = netlink_get_addr(attr, a->ifa_family);
		else if (type == IFA_FLAGS && mnl_attr_get_payload_len(attr) == sizeof flags)
			flags = mnl_attr_get_u32(attr);
	}
	c.address.secondary = flags & IFA_F_SECONDARY;
	c.address.deprecated = flags & IFA_F_DEPRECATED;
	c.address.no_prefix_route = flags & IFA_F_NOPREFIXROUTE;
	if (!ipaddr_is_none(&local)) {
		if (!ipaddr_eq(&local, &c.address.addr))
			c.address.far = c.address.addr;
		c.address.addr = local;
	}
	if (ipaddr_is_none(&c.address.addr) || (c.add && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED))))
		return;
	m->each(m->arg, &c);
}

static struct route_way read_hop(const struct rtnexthop *hop, int af)
{
	struct route_way way = { .ifindex = hop->rtnh_ifindex };
	const struct nlattr *attr;

	NETLINK_EACH(attr, (const char *)hop + sizeof *hop, hop->rtnh_len - sizeof *hop) {
		if (mnl_attr_get_type(attr) == RTA_GATEWAY)
			way.gateway = netlink_get_addr(attr, af);
	}
	return way;
}

static void take_hops(struct change *c, const struct nlattr *multipath, int af)
{
	const char *at = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	for (bool first = true; left >= sizeof(struct rtnexthop); first = false) {
		const struct rtnexthop *hop = (const void *)at;
		const size_t step = RTNH_ALIGN(hop->rtnh_len);
		struct route_way way;

		if (hop->rtnh_len < sizeof *hop || hop->rtnh_len > left)
			return;
		way = read_hop(hop, af);
		if (first) {
			c->ifindex = way.ifindex;
			c->route.gateway = way.gateway;
		} else if (c->route.more_count < ROUTE_MORE_MAX) {
			c->route.more[c->route.more_count++] = way;
		}
		if (step >= left)
			return;
		at += step;
		left -= step;
	}
}

/* RTA_VIA: a gateway of the other family. */
static struct ipaddr via_gateway(const struct nlattr *attr)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	enum ip_family family = IP_NONE;

	if (mnl_attr_get_payload_len(attr) >= sizeof *via)
		family = ip_family_from_af(via->rtvia_family);
	if (family == IP_NONE || mnl_attr_get_payload_len(attr) < sizeof *via + ip_family_octets(family))
		return IPADDR_NONE;
	return ipaddr_from_bytes(family, via->rtvia_addr);
}

static void take_route_attr(struct change *c, const struct rtmsg *r, const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);
	bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

	if (type == RTA_TABLE && is_u32)
		c->route.table = mnl_attr_get_u32(attr);
	else if (type == RTA_PRIORITY && is_u32)
		c->route.metric = mnl_attr_get_u32(attr);
	else if (type == RTA_OIF && is_u32)
		c->ifindex = (int)mnl_attr_get_u32(attr);
	else if (type == RTA_DST)
		c->route.dst.addr = netlink_get_addr(attr, r->rtm_family);
	else if (type == RTA_GATEWAY)
		c->route.gateway = netlink_get_addr(attr, r->rtm_family);
	else if (type == RTA_VIA)
		c->route.gateway = via_gateway(attr);
	else if (type == RTA_MULTIPATH)
		take_hops(c, attr, r->rtm_family);
}

static void take_route(struct monitor *m, const struct nlmsghdr *nlh)
{
	const struct rtmsg *r = mnl_nlmsg_get_payload(nlh);
	struct change c = { .type = CHANGE_ROUTE, .add = nlh->nlmsg_type == RTM_NEWROUTE };
	const struct nlattr *attr;

	if ((r->rtm_family != AF_INET && r->rtm_family != AF_INET6) || (r->rtm_flags & RTM_F_CLONED))
		return;
	if (r->rtm_type != RTN_UNICAST && r->rtm_type != RTN_LOCAL && r->rtm_type != RTN_BLACKHOLE &&
	    r->rtm_type != RTN_UNREACHABLE && r->rtm_type != RTN_PROHIBIT)
		return;
	c.route.table = r->rtm_table;
	c.route.protocol = r->rtm_protocol;
	c.route.local = r->rtm_type == RTN_LOCAL;
	c.route.discard = r->rtm_type != RTN_UNICAST && r->rtm_type != RTN_LOCAL;
	c.route.dst.addr.family = (uint8_t)ip_family_from_af(r->rtm_family);
	c.route.dst.len = r->rtm_dst_len;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *r)
		take_route_attr(&c, r, attr);
	if (ipaddr_is_none(&c.route.dst.addr) || c.route.dst.len > ip_family_bits(c.route.dst.addr.family))
		return;
	m->each(m->arg, &c);
}

static int take(const struct nlmsghdr *nlh, void *arg)
{
	struct monitor *m = arg;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct ifinfomsg))
			take_link(m, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct ifaddrmsg))
			take_address(m, nlh);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(struct rtmsg))
			take_route(m, nlh);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

/* Thousands of routes may change at once; who else waits for the event loop gets his turn between. What was
 * lost is dumped anew: then all that is older is read before. */
int monitor_read(struct monitor *m)
{
	bool lost = false;
	int rc = 0;

	for (int reads = 0; (reads < READS_AT_ONCE || lost) && rc == 0; reads++) {
		ssize_t got = mnl_socket_recvfrom(m->socket, m->buffer, sizeof m->buffer);

		if (got < 0 && errno == ENOBUFS)
			lost = true;
		else if (got < 0 && errno != EINTR)
			rc = -errno;
		else if (got > 0 && mnl_cb_run(m->buffer, (size_t)got, 0, 0, take, m) < 0)
			lost = true;
	}
	if (rc != 0 && rc != -EAGAIN)
		return rc;
	return lost ? monitor_resync(m) : 0;
}

static int dump(struct monitor *m, uint16_t type, int af)
{
	struct netlink_request r;
	unsigned char *family = netlink_begin(&r, type, 0, sizeof(struct ifinfomsg));

	/* All three family headers start with the family; the longest is zeroed. */
	if (type == RTM_GETADDR)
		family = netlink_begin(&r, type, 0, sizeof(struct ifaddrmsg));
	else if (type == RTM_GETROUTE)
		family = netlink_begin(&r, type, 0, sizeof(struct rtmsg));
	*family = (unsigned char)af;
	return netlink_dump(&m->dumps, &r, take, m);
}

static int dump_everything(struct monitor *m)
{
	struct change frame = { .type = CHANGE_DUMP_BEGIN };
	int rc;

	m->each(m->arg, &frame);
	rc = dump(m, RTM_GETLINK, AF_UNSPEC);
	if (rc == 0)
		rc = dump(m, RTM_GETADDR, AF_UNSPEC);
	if (rc == 0)
		rc = dump(m, RTM_GETROUTE, AF_INET);
	if (rc == 0)
		rc = dump(m, RTM_GETROUTE, AF_INET6);
	if (rc < 0)
		return rc;
	frame.type = CHANGE_DUMP_END;
	m->each(m->arg, &frame);
	return 0;
}

int monitor_resync(struct monitor *m)
{
	int rc = -EINTR;

	for (int i = 0; i < DUMP_ATTEMPTS && rc == -EINTR; i++)
		rc = dump_everything(m);
	return rc;
}
