#include "kernel/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static struct ifinfomsg *begin_link(struct netlink_request *r, int ifindex)
{
	struct ifinfomsg *m = netlink_begin(r, RTM_NEWLINK, 0, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = ifindex;
	return m;
}

/* Tolerates a kernel without IPv6, which refuses AF_INET6 in IFLA_AF_SPEC. */
static int disable_generated_addresses(struct netlink *n, int ifindex)
{
	struct netlink_request r;
	struct nlattr *spec, *inet6;
	int rc;

	begin_link(&r, ifindex);
	spec = mnl_attr_nest_start(r.head, IFLA_AF_SPEC);
	inet6 = mnl_attr_nest_start(r.head, AF_INET6);
	mnl_attr_put_u8(r.head, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	mnl_attr_nest_end(r.head, inet6);
	mnl_attr_nest_end(r.head, spec);
	rc = netlink_run(n, &r);
	return rc == -EAFNOSUPPORT || rc == -EOPNOTSUPP ? 0 : rc;
}

int link_set_up(struct netlink *n, int ifindex, bool up)
{
	struct netlink_request r;
	struct ifinfomsg *m = begin_link(&r, ifindex);

	m->ifi_change = IFF_UP;
	m->ifi_flags = up ? IFF_UP : 0;
	return netlink_run(n, &r);
}

int link_configure(struct netlink *n, int ifindex, uint32_t mtu_bytes)
{
	struct netlink_request r;
	int rc = disable_generated_addresses(n, ifindex);

	if (rc < 0)
		return rc;
	begin_link(&r, ifindex);
	mnl_attr_put_u32(r.head, IFLA_MTU, mtu_bytes);
	return netlink_run(n, &r);
}

int link_set_carrier(struct netlink *n, int ifindex, bool carrier, bool at_once)
{
	struct netlink_request r;

	begin_link(&r, ifindex);
	mnl_attr_put_u8(r.head, IFLA_CARRIER, carrier ? 1 : 0);
	/* Of carriers the kernel tells up to a second later (link_watch.c), of this at once: a dormant device is not
	 * IFF_RUNNING. A carrier that returns undoes it by itself, when its turn comes. */
	if (at_once)
		mnl_attr_put_u8(r.head, IFLA_OPERSTATE, carrier ? IF_OPER_UP : IF_OPER_DORMANT);
	return netlink_run(n, &r);
}

int link_set_dormant(struct netlink *n, int ifindex, bool dormant)
{
	struct netlink_request r;

	begin_link(&r, ifindex);
	mnl_attr_put_u8(r.head, IFLA_OPERSTATE, dormant ? IF_OPER_DORMANT : IF_OPER_UP);
	mnl_attr_put_u8(r.head, IFLA_LINKMODE, dormant ? IF_LINK_MODE_DORMANT : IF_LINK_MODE_DEFAULT);
	return netlink_run(n, &r);
}

int link_set_master(struct netlink *n, int ifindex, int master)
{
	struct netlink_request r;

	begin_link(&r, ifindex);
	mnl_attr_put_u32(r.head, IFLA_MASTER, (uint32_t)master);
	return netlink_run(n, &r);
}

static void put_address(struct netlink_request *r, uint16_t type, uint16_t flags, int ifindex,
			const struct ipaddr *a, uint8_t prefix_len)
{
	struct ifaddrmsg *m = netlink_begin(r, type, flags, sizeof *m);

	m->ifa_family = (uint8_t)ip_family_to_af(a->family);
	m->ifa_prefixlen = prefix_len;
	m->ifa_index = (uint32_t)ifindex;
	m->ifa_scope = a->family == IP_V6 && ipaddr_is_link_local(a) ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	netlink_put_addr(r, IFA_LOCAL, a);
	netlink_put_addr(r, IFA_ADDRESS, a);
	/* Nobody on a tunnel answers duplicate address detection. */
	if (a->family == IP_V6)
		mnl_attr_put_u32(r->head, IFA_FLAGS, IFA_F_NODAD);
}

int address_add(struct netlink *n, int ifindex, const struct ipaddr *a, uint8_t prefix_len)
{
	struct netlink_request r;
	int rc;

	put_address(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, ifindex, a, prefix_len);
	rc = netlink_run(n, &r);
	return rc == -EEXIST ? 0 : rc;
}

int address_announce(struct netlink *n, int ifindex, const struct ipaddr *a, uint8_t prefix_len)
{
	struct netlink_request r;

	put_address(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, ifindex, a, prefix_len);
	return netlink_run(n, &r);
}

int address_del(struct netlink *n, int ifindex, const struct ipaddr *a, uint8_t prefix_len)
{
	struct netlink_request r;
	int rc;

	put_address(&r, RTM_DELADDR, 0, ifindex, a, prefix_len);
	rc = netlink_run(n, &r);
	return rc == -EADDRNOTAVAIL ? 0 : rc;
}

struct address_walk {
	int ifindex;
	address_each each;
	void *arg;
};

static int address_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct address_walk *w = arg;
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct ipaddr local = IPADDR_NONE, address = IPADDR_NONE;

	if (nlh->nlmsg_type != RTM_NEWADDR || (int)m->ifa_index != w->ifindex)
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			local = netlink_get_addr(attr, m->ifa_family);
		if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			address = netlink_get_addr(attr, m->ifa_family);
	}
	if (ipaddr_is_none(&local))
		local = address;
	if (!ipaddr_is_none(&local))
		w->each(w->arg, &local, m->ifa_prefixlen);
	return MNL_CB_OK;
}

int address_dump(struct netlink *n, int ifindex, address_each each, void *arg)
{
	struct address_walk w = { ifindex, each, arg };
	struct netlink_request r;
	struct ifaddrmsg *m = netlink_begin(&r, RTM_GETADDR, 0, sizeof *m);

	m->ifa_family = AF_UNSPEC;
	return netlink_dump(n, &r, address_found, &w);
}
