#include "kernel/gre_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "kernel/neighbour.h"

/* 0 when there is no such device. (<net/if.h> and <linux/if_tunnel.h> exclude each other.) */
static int index_of(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return 0;
	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	rc = ioctl(fd, SIOCGIFINDEX, &request);
	close(fd);
	return rc < 0 ? 0 : request.ifr_ifindex;
}

static const char *kind_of(enum ip_family transport)
{
	return transport == IP_V6 ? "ip6gre" : "gre";
}

/* Said in any case, so that a device that shall have none is told apart from one that has. */
static void put_key(struct netlink_request *r, const struct gre_device *d)
{
	const uint16_t flags = d->has_key ? GRE_KEY : 0;
	const uint32_t key = d->has_key ? htonl(d->key) : 0;

	mnl_attr_put_u16(r->head, IFLA_GRE_IFLAGS, flags);
	mnl_attr_put_u16(r->head, IFLA_GRE_OFLAGS, flags);
	mnl_attr_put_u32(r->head, IFLA_GRE_IKEY, key);
	mnl_attr_put_u32(r->head, IFLA_GRE_OKEY, key);
}

static void put_endpoints(struct netlink_request *r, const struct gre_device *d)
{
	struct ipaddr any = { .family = d->local.family };

	netlink_put_addr(r, IFLA_GRE_LOCAL, &d->local);
	netlink_put_addr(r, IFLA_GRE_REMOTE, ipaddr_is_none(&d->remote) ? &any : &d->remote);
	mnl_attr_put_u32(r->head, IFLA_GRE_LINK, (uint32_t)d->underlay_ifindex);
}

static void put_gre(struct netlink_request *r, const struct gre_device *d)
{
	struct nlattr *info = mnl_attr_nest_start(r->head, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(r->head, IFLA_INFO_KIND, kind_of(d->local.family));
	data = mnl_attr_nest_start(r->head, IFLA_INFO_DATA);
	put_endpoints(r, d);
	put_key(r, d);
	mnl_attr_put_u8(r->head, IFLA_GRE_TTL, d->ttl);
	if (d->local.family == IP_V4) {
		mnl_attr_put_u8(r->head, IFLA_GRE_TOS, 1); /* inherit */
		mnl_attr_put_u8(r->head, IFLA_GRE_PMTUDISC, d->set_df);
		mnl_attr_put_u8(r->head, IFLA_GRE_IGNORE_DF, !d->set_df);
	} else {
		mnl_attr_put_u8(r->head, IFLA_GRE_ENCAP_LIMIT, 0);
		mnl_attr_put_u32(r->head, IFLA_GRE_FLAGS, htonl(0x3)); /* no encap limit, inherit tclass */
	}
	mnl_attr_nest_end(r->head, data);
	mnl_attr_nest_end(r->head, info);
}

/* Loopback, so that what nobody replicates stays on the machine. */
static size_t broadcast_of(enum ip_family transport, uint8_t out[16])
{
	static const uint8_t loopback4[4] = { 127, 0, 0, 1 };
	static const uint8_t loopback6[16] = { [15] = 1 };

	memcpy(out, transport == IP_V6 ? loopback6 : loopback4, ip_family_octets(transport));
	return ip_family_octets(transport);
}

/* NOARP off: neighbours are resolved. MULTICAST on: routing protocols send hellos. */
static int set_flags(struct netlink *n, int ifindex, const struct gre_device *d)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_NEWLINK, 0, sizeof *m);
	uint8_t broadcast[16];

	m->ifi_index = ifindex;
	m->ifi_change = IFF_NOARP | IFF_MULTICAST;
	m->ifi_flags = IFF_MULTICAST;
	if (ipaddr_is_none(&d->remote))
		mnl_attr_put(r.head, IFLA_BROADCAST, broadcast_of(d->local.family, broadcast), broadcast);
	else
		m->ifi_change = IFF_MULTICAST;
	return netlink_run(n, &r);
}

static void begin_device(struct netlink_request *r, const struct gre_device *d, uint16_t flags)
{
	struct ifinfomsg *m = netlink_begin(r, RTM_NEWLINK, flags, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(r->head, IFLA_IFNAME, d->name);
	put_gre(r, d);
}

static int request_device(struct netlink *n, const struct gre_device *d, uint16_t flags)
{
	struct netlink_request r;

	begin_device(&r, d, flags);
	return netlink_run(n, &r);
}

/* ---- what is there already ---- */

struct look {
	int ifindex;
	const struct gre_device *wanted;
	struct netlink_request request; /* that would make it so */
	bool same;
};

static const struct nlattr *of_link(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr;

	NETLINK_EACH_ATTR(attr, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

static bool is_equal(const struct nlattr *have, const void *value, size_t length)
{
	return have && mnl_attr_get_payload_len(have) == length && memcmp(mnl_attr_get_payload(have), value, length) == 0;
}

/* Everything that would be asked for is so already. */
static bool holds(const struct nlattr *have, const struct nlattr *want)
{
	const struct nlattr *attr;

	NETLINK_EACH(attr, mnl_attr_get_payload(want), mnl_attr_get_payload_len(want)) {
		if (!is_equal(netlink_inside(have, mnl_attr_get_type(attr)), mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr)))
			return false;
	}
	return true;
}

static bool flags_hold(const struct nlmsghdr *nlh, const struct gre_device *d)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(nlh);
	uint8_t broadcast[16];

	if (!(m->ifi_flags & IFF_MULTICAST))
		return false;
	return !ipaddr_is_none(&d->remote) ||
	       (!(m->ifi_flags & IFF_NOARP) &&
		is_equal(of_link(nlh, IFLA_BROADCAST), broadcast, broadcast_of(d->local.family, broadcast)));
}

static int look_at(const struct nlmsghdr *nlh, void *arg)
{
	struct look *l = arg;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *have = of_link(nlh, IFLA_LINKINFO), *want = of_link(l->request.head, IFLA_LINKINFO);
	const char *kind = kind_of(l->wanted->local.family);

	if (nlh->nlmsg_type == RTM_NEWLINK && m->ifi_index == l->ifindex)
		l->same = is_equal(netlink_inside(have, IFLA_INFO_KIND), kind, strlen(kind) + 1) &&
			  holds(netlink_inside(have, IFLA_INFO_DATA), netlink_inside(want, IFLA_INFO_DATA)) && flags_hold(nlh, l->wanted);
	return MNL_CB_OK;
}

static bool is_as_wanted(struct netlink *n, const struct gre_device *d, int ifindex)
{
	struct look l = { .ifindex = ifindex, .wanted = d };
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_GETLINK, 0, sizeof *m);

	begin_device(&l.request, d, 0);
	return netlink_dump(n, &r, look_at, &l) == 0 && l.same;
}

/* ---- a change makes the kernel forget all neighbours of the device ---- */

struct kept {
	size_t count, room;
	struct { struct ipaddr addr; struct lladdr lladdr; } *entries;
};

static void keep(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	struct kept *k = arg;

	if (k->count == k->room) {
		k->room = 2 * k->room + 16;
		k->entries = alloc_array(k->entries, k->room, sizeof *k->entries);
	}
	k->entries[k->count].addr = *a;
	k->entries[k->count++].lladdr = *l;
}

static int change(struct netlink *n, const struct gre_device *d, int ifindex)
{
	struct kept kept = { 0 };
	int rc;

	if (ipaddr_is_none(&d->remote))
		(void)neighbour_dump(n, ifindex, keep, &kept); /* what is missed is asked for again */
	rc = request_device(n, d, 0);
	if (rc == 0)
		rc = set_flags(n, ifindex, d);
	for (size_t i = 0; i < kept.count; i++)
		(void)neighbour_set(n, ifindex, &kept.entries[i].addr, &kept.entries[i].lladdr);
	free(kept.entries);
	return rc;
}

static int make(struct netlink *n, const struct gre_device *d, int *ifindex)
{
	int rc = request_device(n, d, NLM_F_CREATE | NLM_F_EXCL);

	if (rc < 0)
		return rc;
	*ifindex = index_of(d->name);
	return *ifindex ? set_flags(n, *ifindex, d) : -ENODEV;
}

int gre_device_set(struct netlink *n, const struct gre_device *d, int *ifindex)
{
	int rc;

	*ifindex = index_of(d->name);
	if (*ifindex == 0)
		rc = make(n, d, ifindex);
	else
		rc = is_as_wanted(n, d, *ifindex) ? 0 : change(n, d, *ifindex);
	return rc == -EINVAL || rc == -EOPNOTSUPP ? -EOPNOTSUPP : rc;
}

int gre_device_del(struct netlink *n, const char *name)
{
	struct netlink_request r;
	struct ifinfomsg *m;
	int rc;

	if (!index_of(name))
		return 0;
	m = netlink_begin(&r, RTM_DELLINK, 0, sizeof *m);
	m->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(r.head, IFLA_IFNAME, name);
	rc = netlink_run(n, &r);
	return rc == -ENODEV ? 0 : rc;
}

bool gre_device_possible(struct netlink *n, enum ip_family transport)
{
	struct gre_device d = { .ttl = 64 };
	int ifindex;
	bool possible;

	/* Documentation addresses: no real tunnel has these endpoints. */
	ipaddr_parse(transport == IP_V6 ? "2001:db8:ffff::1" : "192.0.2.254", &d.local);
	snprintf(d.name, sizeof d.name, "gretry%u", (unsigned)getpid() % 1000000u);
	possible = gre_device_set(n, &d, &ifindex) == 0;
	gre_device_del(n, d.name);
	return possible;
}
