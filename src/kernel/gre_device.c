#include "kernel/gre_device.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <linux/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

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

static void put_key(struct netlink_request *r, uint32_t key)
{
	mnl_attr_put_u16(r->head, IFLA_GRE_IFLAGS, GRE_KEY);
	mnl_attr_put_u16(r->head, IFLA_GRE_OFLAGS, GRE_KEY);
	mnl_attr_put_u32(r->head, IFLA_GRE_IKEY, htonl(key));
	mnl_attr_put_u32(r->head, IFLA_GRE_OKEY, htonl(key));
}

static void put_endpoints(struct netlink_request *r, const struct gre_device *d)
{
	struct ipaddr any = { .family = d->local.family };

	netlink_put_addr(r, IFLA_GRE_LOCAL, &d->local);
	netlink_put_addr(r, IFLA_GRE_REMOTE, ipaddr_is_none(&d->remote) ? &any : &d->remote);
	if (d->underlay_ifindex)
		mnl_attr_put_u32(r->head, IFLA_GRE_LINK, (uint32_t)d->underlay_ifindex);
}

static void put_gre(struct netlink_request *r, const struct gre_device *d)
{
	struct nlattr *info = mnl_attr_nest_start(r->head, IFLA_LINKINFO), *data;

	mnl_attr_put_strz(r->head, IFLA_INFO_KIND, kind_of(d->local.family));
	data = mnl_attr_nest_start(r->head, IFLA_INFO_DATA);
	put_endpoints(r, d);
	if (d->has_key)
		put_key(r, d->key);
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
static void put_broadcast(struct netlink_request *r, enum ip_family transport)
{
	const uint8_t loopback4[4] = { 127, 0, 0, 1 };
	const uint8_t loopback6[16] = { [15] = 1 };

	if (transport == IP_V6)
		mnl_attr_put(r->head, IFLA_BROADCAST, sizeof loopback6, loopback6);
	else
		mnl_attr_put(r->head, IFLA_BROADCAST, sizeof loopback4, loopback4);
}

/* NOARP off: neighbours are resolved. MULTICAST on: routing protocols send hellos. */
static int set_flags(struct netlink *n, int ifindex, const struct gre_device *d)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_NEWLINK, 0, sizeof *m);

	m->ifi_index = ifindex;
	m->ifi_change = IFF_NOARP | IFF_MULTICAST;
	m->ifi_flags = IFF_MULTICAST;
	if (ipaddr_is_none(&d->remote))
		put_broadcast(&r, d->local.family);
	else
		m->ifi_change = IFF_MULTICAST;
	return netlink_run(n, &r);
}

static int request_device(struct netlink *n, const struct gre_device *d, uint16_t flags)
{
	struct netlink_request r;
	struct ifinfomsg *m = netlink_begin(&r, RTM_NEWLINK, flags, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	mnl_attr_put_strz(r.head, IFLA_IFNAME, d->name);
	put_gre(&r, d);
	return netlink_run(n, &r);
}

int gre_device_set(struct netlink *n, const struct gre_device *d, int *ifindex)
{
	int rc = request_device(n, d, NLM_F_CREATE | NLM_F_EXCL);

	if (rc == -EEXIST && index_of(d->name))
		rc = request_device(n, d, 0);
	if (rc < 0)
		return rc == -EINVAL || rc == -EOPNOTSUPP ? -EOPNOTSUPP : rc;
	*ifindex = index_of(d->name);
	return *ifindex ? set_flags(n, *ifindex, d) : -ENODEV;
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
