#include "kernel/shortcut.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static struct rtmsg *begin_route(struct netlink_request *r, uint16_t type, uint16_t flags, uint32_t vrf,
				 const struct ipprefix *dst)
{
	struct rtmsg *m = netlink_begin(r, type, flags, sizeof *m);

	m->rtm_family = (uint8_t)ip_family_to_af(dst->addr.family);
	m->rtm_dst_len = dst->len;
	m->rtm_protocol = SHORTCUT_PROTOCOL;
	m->rtm_table = RT_TABLE_UNSPEC; /* the number is wider than this field */
	mnl_attr_put_u32(r->head, RTA_TABLE, SHORTCUT_TABLE + vrf);
	netlink_put_addr(r, RTA_DST, &dst->addr);
	return m;
}

/* The gateway lies on the tunnel even when a host route hides its subnet. */
static void put_gateway(struct netlink_request *r, struct rtmsg *m, const struct shortcut *s)
{
	m->rtm_type = RTN_UNICAST;
	m->rtm_flags = RTNH_F_ONLINK;
	netlink_put_addr(r, RTA_GATEWAY, &s->gateway);
	mnl_attr_put_u32(r->head, RTA_OIF, (uint32_t)s->ifindex);
}

static int route_add(struct netlink *n, const struct shortcut *s, uint16_t flags)
{
	struct netlink_request r;
	struct rtmsg *m = begin_route(&r, RTM_NEWROUTE, flags, s->vrf, &s->dst);

	m->rtm_scope = RT_SCOPE_UNIVERSE;
	if (ipaddr_is_none(&s->gateway))
		m->rtm_type = RTN_THROW;
	else
		put_gateway(&r, m, s);
	return netlink_run(n, &r);
}

int shortcut_route_set(struct netlink *n, const struct shortcut *s)
{
	return route_add(n, s, NLM_F_CREATE | NLM_F_REPLACE);
}

int shortcut_route_del(struct netlink *n, uint32_t vrf, const struct ipprefix *dst)
{
	struct netlink_request r;
	struct rtmsg *m = begin_route(&r, RTM_DELROUTE, 0, vrf, dst);
	int rc;

	m->rtm_scope = RT_SCOPE_NOWHERE; /* any scope */
	rc = netlink_run(n, &r);
	return rc == -ESRCH || rc == -ENOENT ? 0 : rc;
}

struct shortcut_walk {
	shortcut_each each;
	void *arg;
};

static int shortcut_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct shortcut_walk *w = arg;
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	uint32_t table = m->rtm_table;
	struct shortcut s = { 0 };

	if (nlh->nlmsg_type != RTM_NEWROUTE || m->rtm_protocol != SHORTCUT_PROTOCOL)
		return MNL_CB_OK;
	s.dst.len = m->rtm_dst_len;
	s.dst.addr.family = (uint8_t)ip_family_from_af(m->rtm_family);
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == RTA_TABLE && mnl_attr_get_payload_len(attr) == sizeof table)
			table = mnl_attr_get_u32(attr);
		else if (type == RTA_DST)
			s.dst.addr = netlink_get_addr(attr, m->rtm_family);
		else if (type == RTA_GATEWAY)
			s.gateway = netlink_get_addr(attr, m->rtm_family);
		else if (type == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			s.ifindex = (int)mnl_attr_get_u32(attr);
	}
	if (table < SHORTCUT_TABLE || ipaddr_is_none(&s.dst.addr))
		return MNL_CB_OK;
	s.vrf = table - SHORTCUT_TABLE;
	w->each(w->arg, &s);
	return MNL_CB_OK;
}

int shortcut_route_dump(struct netlink *n, shortcut_each each, void *arg)
{
	struct shortcut_walk w = { each, arg };
	static const int families[] = { AF_INET, AF_INET6 };

	for (size_t i = 0; i < 2; i++) {
		struct netlink_request r;
		struct rtmsg *m = netlink_begin(&r, RTM_GETROUTE, 0, sizeof *m);
		int rc;

		m->rtm_family = (uint8_t)families[i];
		rc = netlink_dump(n, &r, shortcut_found, &w);
		if (rc < 0)
			return rc;
	}
	return 0;
}
