#include "kernel/nat_address.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdlib.h>

#include "kernel/shortcut.h"

static int act(struct netlink *n, uint16_t type, uint16_t flags, const struct nat_address *a)
{
	struct netlink_request r;
	struct rtmsg *m = netlink_begin(&r, type, flags, sizeof *m);

	m->rtm_family = AF_INET;
	m->rtm_dst_len = a->prefix.len;
	m->rtm_protocol = SHORTCUT_PROTOCOL;
	m->rtm_table = RT_TABLE_LOCAL;
	m->rtm_type = RTN_LOCAL;
	m->rtm_scope = RT_SCOPE_HOST;
	netlink_put_addr(&r, RTA_DST, &a->prefix.addr);
	mnl_attr_put_u32(r.head, RTA_OIF, (uint32_t)a->ifindex);
	return netlink_run(n, &r);
}

struct found {
	struct nat_address *items;
	size_t count;
	bool out_of_memory;
};

static int take(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	struct nat_address a = { .prefix.len = m->rtm_dst_len };
	struct nat_address *grown;
	struct found *f = arg;
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_NEWROUTE || m->rtm_protocol != SHORTCUT_PROTOCOL || m->rtm_table != RT_TABLE_LOCAL)
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		if (mnl_attr_get_type(attr) == RTA_DST)
			a.prefix.addr = netlink_get_addr(attr, AF_INET);
		else if (mnl_attr_get_type(attr) == RTA_OIF && mnl_attr_get_payload_len(attr) == sizeof(uint32_t))
			a.ifindex = (int)mnl_attr_get_u32(attr);
	}
	grown = realloc(f->items, (f->count + 1) * sizeof *grown);
	f->out_of_memory |= !grown;
	if (grown) {
		f->items = grown;
		f->items[f->count++] = a;
	}
	return MNL_CB_OK;
}

static bool is_among(const struct nat_address *a, const struct nat_address *items, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ipprefix_eq(&a->prefix, &items[i].prefix) && a->ifindex == items[i].ifindex)
			return true;
	}
	return false;
}

int nat_addresses_set(struct netlink *n, const struct nat_address *wanted, size_t count)
{
	struct netlink_request r;
	struct rtmsg *m = netlink_begin(&r, RTM_GETROUTE, 0, sizeof *m);
	struct found f = { 0 };
	int rc, first;

	m->rtm_family = AF_INET;
	first = netlink_dump(n, &r, take, &f);
	if (f.out_of_memory)
		first = -ENOMEM;
	for (size_t i = 0; i < f.count; i++) {
		rc = is_among(&f.items[i], wanted, count) ? 0 : act(n, RTM_DELROUTE, 0, &f.items[i]);
		first = first ? first : rc;
	}
	for (size_t i = 0; i < count; i++) {
		rc = is_among(&wanted[i], f.items, f.count) ? 0 : act(n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &wanted[i]);
		first = first ? first : rc;
	}
	free(f.items);
	return first;
}
