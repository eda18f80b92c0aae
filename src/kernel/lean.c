#include "kernel/lean.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

static int set_state(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l, uint16_t state)
{
	struct netlink_request r;
	struct ndmsg *m = netlink_begin(&r, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, sizeof *m);

	m->ndm_family = (uint8_t)ip_family_to_af(a->family);
	m->ndm_ifindex = ifindex;
	m->ndm_state = state;
	netlink_put_addr(&r, NDA_DST, a);
	mnl_attr_put(r.head, NDA_LLADDR, l->length, l->bytes);
	return netlink_run(n, &r);
}

int neighbour_lean(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l)
{
	return set_state(n, ifindex, a, l, NUD_REACHABLE);
}

int neighbour_watch(struct netlink *n, int ifindex, const struct ipaddr *a, const struct lladdr *l)
{
	return set_state(n, ifindex, a, l, NUD_STALE);
}

/* One entry of a dump, as far as it matters here. */
struct entry {
	struct ipaddr addr;
	struct lladdr lladdr;
	uint16_t state;
};

static bool read_entry(const struct nlmsghdr *nlh, int ifindex, struct entry *e)
{
	const struct ndmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(e, 0, sizeof *e);
	if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof *m || m->ndm_ifindex != ifindex)
		return false;
	e->state = m->ndm_state;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		const size_t length = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == NDA_DST)
			e->addr = netlink_get_addr(attr, m->ndm_family);
		if (mnl_attr_get_type(attr) == NDA_LLADDR && length <= sizeof e->lladdr.bytes) {
			e->lladdr.length = (uint8_t)length;
			memcpy(e->lladdr.bytes, mnl_attr_get_payload(attr), length);
		}
	}
	return !ipaddr_is_none(&e->addr);
}

static int dump(struct netlink *n, mnl_cb_t each, void *arg)
{
	struct netlink_request r;

	netlink_begin(&r, RTM_GETNEIGH, 0, sizeof(struct ndmsg));
	return netlink_dump(n, &r, each, arg);
}

/* Entries are changed by the caller's `each`, so they are gathered before it is called. */
struct leaning {
	int ifindex;
	size_t count;
	struct entry entries[256]; /* what is unresolved at one moment; the rest asks again by itself */
};

static int gather(const struct nlmsghdr *nlh, void *arg)
{
	const uint16_t held = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE;
	struct leaning *l = arg;
	struct entry e;

	if (l->count < sizeof l->entries / sizeof l->entries[0] && read_entry(nlh, l->ifindex, &e) &&
	    (e.state & held) && e.lladdr.length > 0)
		l->entries[l->count++] = e;
	return MNL_CB_OK;
}

int neighbour_dump_leaning(struct netlink *n, int ifindex, neighbour_each each, void *arg)
{
	struct leaning l = { .ifindex = ifindex };
	int rc = dump(n, gather, &l);

	for (size_t i = 0; i < l.count; i++)
		each(arg, &l.entries[i].addr, &l.entries[i].lladdr);
	return rc;
}

struct wanted {
	int ifindex;
	const struct ipaddr *addr;
	bool found;
	uint16_t state;
};

static int look_for(const struct nlmsghdr *nlh, void *arg)
{
	struct wanted *w = arg;
	struct entry e;

	if (read_entry(nlh, w->ifindex, &e) && ipaddr_eq(&e.addr, w->addr)) {
		w->found = true;
		w->state = e.state;
	}
	return MNL_CB_OK;
}

int neighbour_was_used(struct netlink *n, int ifindex, const struct ipaddr *a, bool *used)
{
	struct wanted w = { .ifindex = ifindex, .addr = a };
	int rc = dump(n, look_for, &w);

	if (rc < 0)
		return rc;
	if (!w.found)
		return -ENOENT;
	*used = w.state != NUD_STALE;
	return 0;
}
