#include "kernel/uplink_route.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

static struct rtmsg *begin(struct netlink_request *q, uint16_t type, uint16_t flags, const struct uplink_route *r)
{
	struct rtmsg *m = netlink_begin(q, type, flags, sizeof *m);

	m->rtm_family = (uint8_t)ip_family_to_af(r->dst.addr.family);
	m->rtm_dst_len = r->dst.len;
	m->rtm_protocol = UPLINK_PROTOCOL;
	m->rtm_table = RT_TABLE_UNSPEC;
	mnl_attr_put_u32(q->head, RTA_TABLE, r->table);
	if (r->dst.len)
		netlink_put_addr(q, RTA_DST, &r->dst.addr);
	if (r->metric)
		mnl_attr_put_u32(q->head, RTA_PRIORITY, r->metric);
	return m;
}

int uplink_route_set(struct netlink *n, const struct uplink_route *r)
{
	struct netlink_request q;
	struct rtmsg *m = begin(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, r);

	m->rtm_type = r->discard ? RTN_BLACKHOLE : RTN_UNICAST;
	m->rtm_scope = r->discard || !ipaddr_is_none(&r->gateway) || r->dst.addr.family == IP_V6 ? RT_SCOPE_UNIVERSE
												 : RT_SCOPE_LINK;
	if (!ipaddr_is_none(&r->gateway))
		netlink_put_addr(&q, RTA_GATEWAY, &r->gateway);
	/* The gateway may be in the interface's table and not in this one. */
	if (!ipaddr_is_none(&r->gateway) && r->ifindex)
		m->rtm_flags = RTNH_F_ONLINK;
	if (r->ifindex && !r->discard)
		mnl_attr_put_u32(q.head, RTA_OIF, (uint32_t)r->ifindex);
	return netlink_run(n, &q);
}

int uplink_route_del(struct netlink *n, const struct uplink_route *r)
{
	struct netlink_request q;
	struct rtmsg *m = begin(&q, RTM_DELROUTE, 0, r);
	int rc;

	m->rtm_scope = RT_SCOPE_NOWHERE; /* any */
	rc = netlink_run(n, &q);
	return rc == -ESRCH || rc == -ENOENT ? 0 : rc;
}

struct walk {
	uplink_route_each each;
	void *arg;
};

static int found(const struct nlmsghdr *nlh, void *arg)
{
	const struct walk *const w = arg;
	const struct rtmsg *const m = mnl_nlmsg_get_payload(nlh);
	struct uplink_route r = { .table = m->rtm_table };
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || m->rtm_protocol != UPLINK_PROTOCOL)
		return MNL_CB_OK;
	r.dst.len = m->rtm_dst_len;
	r.dst.addr.family = (uint8_t)ip_family_from_af(m->rtm_family);
	r.discard = m->rtm_type == RTN_BLACKHOLE;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		const uint16_t type = mnl_attr_get_type(attr);
		const bool is_number = mnl_attr_get_payload_len(attr) == sizeof(uint32_t);

		if (type == RTA_TABLE && is_number)
			r.table = mnl_attr_get_u32(attr);
		else if (type == RTA_DST)
			r.dst.addr = netlink_get_addr(attr, m->rtm_family);
		else if (type == RTA_GATEWAY)
			r.gateway = netlink_get_addr(attr, m->rtm_family);
		else if (type == RTA_OIF && is_number)
			r.ifindex = (int)mnl_attr_get_u32(attr);
		else if (type == RTA_PRIORITY && is_number)
			r.metric = mnl_attr_get_u32(attr);
	}
	w->each(w->arg, &r);
	return MNL_CB_OK;
}

int uplink_route_dump(struct netlink *n, uplink_route_each each, void *arg)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct walk w = { each, arg };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < 2; i++) {
		struct netlink_request q;
		struct rtmsg *m = netlink_begin(&q, RTM_GETROUTE, 0, sizeof *m);

		m->rtm_family = (uint8_t)families[i];
		rc = netlink_dump(n, &q, found, &w);
	}
	return rc;
}

static int run_rule(struct netlink *n, uint16_t type, uint16_t flags, enum ip_family family, uint32_t place)
{
	struct netlink_request q;
	struct fib_rule_hdr *m = netlink_begin(&q, type, flags, sizeof *m);

	m->family = (uint8_t)ip_family_to_af(family);
	m->action = FR_ACT_TO_TBL;
	m->table = RT_TABLE_UNSPEC;
	mnl_attr_put_u32(q.head, FRA_TABLE, UPLINK_TABLE + place);
	mnl_attr_put_u32(q.head, FRA_PRIORITY, UPLINK_RULE_PREF);
	mnl_attr_put_u32(q.head, FRA_FWMARK, UPLINK_MARK + place);
	mnl_attr_put_u8(q.head, FRA_PROTOCOL, UPLINK_PROTOCOL);
	return netlink_run(n, &q);
}

int uplink_rule_add(struct netlink *n, enum ip_family family, uint32_t place)
{
	const int rc = run_rule(n, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, place);

	return rc == -EEXIST ? 0 : rc;
}

int uplink_rule_del(struct netlink *n, enum ip_family family, uint32_t place)
{
	const int rc = run_rule(n, RTM_DELRULE, 0, family, place);

	return rc == -ENOENT ? 0 : rc;
}
