#include "kernel/vrf_device.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel/link.h"

#define ALIAS "dmvpnd"

static bool is_text(const struct nlattr *attr, const char *text)
{
	const size_t length = strlen(text);

	return attr && mnl_attr_get_payload_len(attr) >= length && memcmp(mnl_attr_get_payload(attr), text, length) == 0;
}

static int make(struct netlink *n, const struct vrf_device *d)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof *m);
	struct nlattr *info, *data;

	m->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(r.head, IFLA_IFNAME, d->name);
	info = mnl_attr_nest_start(r.head, IFLA_LINKINFO);
	mnl_attr_put_strz(r.head, IFLA_INFO_KIND, "vrf");
	data = mnl_attr_nest_start(r.head, IFLA_INFO_DATA);
	mnl_attr_put_u32(r.head, IFLA_VRF_TABLE, d->table);
	mnl_attr_nest_end(r.head, data);
	mnl_attr_nest_end(r.head, info);
	return netlink_run(n, &r);
}

/* The kernel takes no alias with a new device. */
static int mark(struct netlink *n, int ifindex)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_NEWLINK, 0, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = ifindex;
	mnl_attr_put(r.head, IFLA_IFALIAS, strlen(ALIAS), ALIAS);
	return netlink_run(n, &r);
}

struct device_walk {
	vrf_device_each each;
	void *arg;
};

static int device_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct device_walk *w = arg;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *info = NULL, *table;
	struct vrf_device d = { .ifindex = m->ifi_index };

	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		const uint16_t length = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == IFLA_IFNAME && length > 0 && length <= sizeof d.name)
			memcpy(d.name, mnl_attr_get_payload(attr), length);
		else if (mnl_attr_get_type(attr) == IFLA_IFALIAS)
			d.ours = is_text(attr, ALIAS);
		else if (mnl_attr_get_type(attr) == IFLA_LINKINFO)
			info = attr;
	}
	d.name[sizeof d.name - 1] = '\0';
	table = netlink_inside(netlink_inside(info, IFLA_INFO_DATA), IFLA_VRF_TABLE);
	if (nlh->nlmsg_type != RTM_NEWLINK || !is_text(netlink_inside(info, IFLA_INFO_KIND), "vrf") || !table ||
	    mnl_attr_get_payload_len(table) != sizeof d.table)
		return MNL_CB_OK;
	d.table = mnl_attr_get_u32(table);
	w->each(w->arg, &d);
	return MNL_CB_OK;
}

int vrf_device_dump(struct netlink *n, vrf_device_each each, void *arg)
{
	struct device_walk w = { each, arg };
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_GETLINK, 0, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	return netlink_dump(n, &r, device_found, &w);
}

static void take_same_name(void *arg, const struct vrf_device *d)
{
	struct vrf_device *wanted = arg;

	if (strcmp(d->name, wanted->name) == 0)
		*wanted = *d;
}

int vrf_device_set(struct netlink *n, struct vrf_device *d)
{
	const int made = make(n, d);
	int rc;

	d->ifindex = 0;
	if (made < 0 && made != -EEXIST)
		return made == -EINVAL || made == -EOPNOTSUPP ? -EOPNOTSUPP : made;
	rc = vrf_device_dump(n, take_same_name, d);
	if (rc < 0)
		return rc;
	if (!d->ifindex)
		return -EEXIST;
	if (made == 0)
		rc = mark(n, d->ifindex);
	d->ours |= made == 0;
	return rc < 0 ? rc : link_set_up(n, d->ifindex, true);
}

int vrf_device_del(struct netlink *n, int ifindex)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_DELLINK, 0, sizeof *m);
	int rc;

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = ifindex;
	rc = netlink_run(n, &r);
	return rc == -ENODEV ? 0 : rc;
}

bool vrf_device_possible(struct netlink *n)
{
	/* A table that nothing else has: an empty one. */
	struct vrf_device d = { .table = 4294967000u };
	bool possible;

	snprintf(d.name, sizeof d.name, "vrftry%u", (unsigned)getpid() % 1000000u);
	possible = vrf_device_set(n, &d) == 0;
	if (d.ifindex)
		(void)vrf_device_del(n, d.ifindex);
	return possible;
}
