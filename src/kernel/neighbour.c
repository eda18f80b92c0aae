#include "kernel/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

struct lladdr lladdr_of_peer(uint64_t peer)
{
	struct lladdr l = { .length = 6, .bytes = { 0x02 } };

	for (int i = 0; i < 5; i++)
		l.bytes[5 - i] = (uint8_t)(peer >> (8 * i));
	return l;
}

struct lladdr lladdr_of_nbma(const struct ipaddr *nbma)
{
	struct lladdr l = { .length = (uint8_t)ip_family_octets(nbma->family) };

	memcpy(l.bytes, nbma->bytes, l.length);
	return l;
}

uint64_t lladdr_peer(const struct lladdr *l)
{
	uint64_t peer = 0;

	if (l->length != 6 || l->bytes[0] != 0x02)
		return 0;
	for (int i = 1; i < 6; i++)
		peer = peer << 8 | l->bytes[i];
	return peer;
}

struct ipaddr lladdr_nbma(const struct lladdr *l)
{
	return l->length == 4 ? ipaddr_from_bytes(IP_V4, l->bytes) :
	       l->length == 16 ? ipaddr_from_bytes(IP_V6, l->bytes) : IPADDR_NONE;
}

static struct ndmsg *begin(struct netlink_request *r, uint16_t type, uint16_t flags, int ifindex,
			   const struct ipaddr *a)
{
	struct ndmsg *m = netlink_begin(r, type, flags, sizeof *m);

	m->ndm_family = (uint8_t)ip_family_to_af(a->family);
	m->ndm_ifindex = ifindex;
	netlink_put_addr(r, NDA_DST, a);
	return m;
}

static void write_set(struct netlink_request *r, int ifindex, const struct ipaddr *a, const struct lladdr *l)
{
	struct ndmsg *m = begin(r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, ifindex, a);

	m->ndm_state = NUD_PERMANENT;
	mnl_attr_put(r->head, NDA_LLADDR, l->length, l->bytes);
}

int neighbour_set(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l)
{
	struct netlink_request r;

	write_set(&r, ifindex, a, l);
	return netlink_run(n, &r);
}

void neighbour_queue_set(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l)
{
	struct netlink_request r;

	write_set(&r, ifindex, a, l);
	netlink_queue(n, &r);
}

static bool is_gone(int rc)
{
	return rc == -ENOENT || rc == -ENODEV || rc == -ENXIO;
}

int neighbour_del(struct netlink *n, int ifindex, const struct ipaddr *a)
{
	struct netlink_request r;
	int rc;

	begin(&r, RTM_DELNEIGH, 0, ifindex, a);
	rc = netlink_run(n, &r);
	return is_gone(rc) ? 0 : rc;
}

void neighbour_queue_del(struct netlink *n, int ifindex, const struct ipaddr *a)
{
	struct netlink_request r;

	begin(&r, RTM_DELNEIGH, 0, ifindex, a);
	netlink_queue(n, &r);
}

bool neighbour_refused(const struct nlmsghdr *request, int rc, struct neighbour_request *out)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(request);
	const struct nlattr *attr;

	*out = (struct neighbour_request){ .set = request->nlmsg_type == RTM_NEWNEIGH, .ifindex = m->ndm_ifindex };
	NETLINK_EACH_ATTR(attr, request, sizeof *m)
		if (mnl_attr_get_type(attr) == NDA_DST)
			out->addr = netlink_get_addr(attr, m->ndm_family);
	return out->set || (request->nlmsg_type == RTM_DELNEIGH && !is_gone(rc));
}

struct neighbour_walk {
	int ifindex;
	neighbour_each each;
	void *arg;
};

static int neighbour_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct neighbour_walk *w = arg;
	const struct ndmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct ipaddr a = IPADDR_NONE;
	struct lladdr l = { 0 };

	if (nlh->nlmsg_type != RTM_NEWNEIGH || m->ndm_ifindex != w->ifindex || !(m->ndm_state & NUD_PERMANENT))
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		if (mnl_attr_get_type(attr) == NDA_DST)
			a = netlink_get_addr(attr, m->ndm_family);
		if (mnl_attr_get_type(attr) == NDA_LLADDR && mnl_attr_get_payload_len(attr) <= sizeof l.bytes) {
			l.length = (uint8_t)mnl_attr_get_payload_len(attr);
			memcpy(l.bytes, mnl_attr_get_payload(attr), l.length);
		}
	}
	if (!ipaddr_is_none(&a) && l.length > 0)
		w->each(w->arg, &a, &l);
	return MNL_CB_OK;
}

int neighbour_dump(struct netlink *n, int ifindex, neighbour_each each, void *arg)
{
	struct neighbour_walk w = { ifindex, each, arg };
	struct netlink_request r;
	struct ndmsg *m = netlink_begin(&r, RTM_GETNEIGH, 0, sizeof *m);

	m->ndm_family = AF_UNSPEC;
	return netlink_dump(n, &r, neighbour_found, &w);
}
