#include "kernel/vrf_route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { METRIC_OF_PREFIX6 = 256 };

bool vrf_route_is(const struct vrf_route *wish, const struct vrf_route *found)
{
	return wish->kind == found->kind && wish->table == found->table && wish->metric == found->metric &&
	       ipprefix_eq(&wish->dst, &found->dst) && ipaddr_eq(&wish->gateway, &found->gateway) &&
	       ipaddr_eq(&wish->source, &found->source) && (wish->ifindex == 0 || wish->ifindex == found->ifindex);
}

static const uint8_t types[] = {
	[VRF_ROUTE_VIA] = RTN_UNICAST, [VRF_ROUTE_DISCARD] = RTN_BLACKHOLE, [VRF_ROUTE_UNREACHABLE] = RTN_UNREACHABLE,
	[VRF_ROUTE_PREFIX] = RTN_UNICAST,
};

static void put_way(struct netlink_request *r, struct rtmsg *m, const struct vrf_route *route)
{
	if (!ipaddr_is_none(&route->gateway))
		netlink_put_addr(r, RTA_GATEWAY, &route->gateway);
	/* The gateway may be in the interface's table and not in this one. */
	if (!ipaddr_is_none(&route->gateway) && route->ifindex)
		m->rtm_flags = RTNH_F_ONLINK;
	if (route->ifindex)
		mnl_attr_put_u32(r->head, RTA_OIF, (uint32_t)route->ifindex);
	if (!ipaddr_is_none(&route->source))
		netlink_put_addr(r, RTA_PREFSRC, &route->source);
}

static int run(struct netlink *n, uint16_t type, uint16_t flags, const struct vrf_route *route)
{
	const bool is_way = types[route->kind] == RTN_UNICAST, is_prefix = route->kind == VRF_ROUTE_PREFIX;
	struct netlink_request r;
	struct rtmsg *m = netlink_begin(&r, type, flags, sizeof *m);
	uint32_t metric = route->metric;

	m->rtm_family = (uint8_t)ip_family_to_af(route->dst.addr.family);
	m->rtm_dst_len = route->dst.len;
	m->rtm_protocol = is_prefix ? RTPROT_KERNEL : VRF_ROUTE_PROTOCOL;
	m->rtm_scope = is_way && ipaddr_is_none(&route->gateway) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	if (type == RTM_DELROUTE)
		m->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	m->rtm_type = types[route->kind];
	m->rtm_table = RT_TABLE_UNSPEC; /* the number is wider than this field */
	mnl_attr_put_u32(r.head, RTA_TABLE, route->table);
	if (route->dst.len)
		netlink_put_addr(&r, RTA_DST, &route->dst.addr);
	if (is_prefix && route->dst.addr.family == IP_V6)
		metric = METRIC_OF_PREFIX6;
	if (metric)
		mnl_attr_put_u32(r.head, RTA_PRIORITY, metric);
	if (is_way)
		put_way(&r, m, route);
	return netlink_run(n, &r);
}

int vrf_route_add(struct netlink *n, const struct vrf_route *r)
{
	const int rc = run(n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, r);

	return rc == -EEXIST || rc == -EAFNOSUPPORT ? 0 : rc;
}

int vrf_route_del(struct netlink *n, const struct vrf_route *r)
{
	const int rc = run(n, RTM_DELROUTE, 0, r);

	return rc == -ESRCH || rc == -ENOENT || rc == -ENODEV || rc == -EAFNOSUPPORT ? 0 : rc;
}

struct route_walk {
	vrf_route_each each;
	void *arg;
};

static bool take_kind(struct vrf_route *route, uint8_t type)
{
	for (size_t i = 0; i < VRF_ROUTE_PREFIX; i++) {
		if (types[i] == type) {
			route->kind = (enum vrf_route_kind)i;
			return true;
		}
	}
	return false;
}

static void take_attr(struct vrf_route *route, const struct nlattr *attr, int af)
{
	const uint16_t type = mnl_attr_get_type(attr);
	const bool is_u32 = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

	if (type == RTA_TABLE && is_u32)
		route->table = mnl_attr_get_u32(attr);
	else if (type == RTA_PRIORITY && is_u32)
		route->metric = mnl_attr_get_u32(attr);
	else if (type == RTA_OIF && is_u32)
		route->ifindex = (int)mnl_attr_get_u32(attr);
	else if (type == RTA_DST)
		route->dst.addr = netlink_get_addr(attr, af);
	else if (type == RTA_GATEWAY)
		route->gateway = netlink_get_addr(attr, af);
	else if (type == RTA_PREFSRC)
		route->source = netlink_get_addr(attr, af);
}

static int route_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct route_walk *w = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	static const uint8_t zero[16];
	const enum ip_family family = ip_family_from_af(m->rtm_family);
	struct vrf_route route = { .table = m->rtm_table, .dst = { .len = m->rtm_dst_len } };
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || m->rtm_protocol != VRF_ROUTE_PROTOCOL || family == IP_NONE ||
	    !take_kind(&route, m->rtm_type))
		return MNL_CB_OK;
	route.dst.addr = ipaddr_from_bytes(family, zero);
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m)
		take_attr(&route, attr, m->rtm_family);
	w->each(w->arg, &route);
	return MNL_CB_OK;
}

int vrf_route_dump(struct netlink *n, vrf_route_each each, void *arg)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct route_walk w = { each, arg };

	for (size_t i = 0; i < 2; i++) {
		struct netlink_request r;
		struct rtmsg *m = netlink_begin(&r, RTM_GETROUTE, 0, sizeof *m);
		int rc;

		m->rtm_family = (uint8_t)families[i];
		rc = netlink_dump(n, &r, route_found, &w);
		if (rc < 0 && rc != -EAFNOSUPPORT)
			return rc;
	}
	return 0;
}
