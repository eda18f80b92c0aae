#include "kernel/rule.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

bool ip_rule_eq(const struct ip_rule *a, const struct ip_rule *b)
{
	return a->family == b->family && a->l3mdev == b->l3mdev && a->pref == b->pref && a->table == b->table &&
	       ipaddr_eq(&a->from, &b->from) && strcmp(a->iif, b->iif) == 0 && strcmp(a->oif, b->oif) == 0;
}

static int run(struct netlink *n, uint16_t type, uint16_t flags, const struct ip_rule *rule)
{
	struct netlink_request r;
	struct fib_rule_hdr *m = netlink_begin(&r, type, flags, sizeof *m);

	m->family = (uint8_t)ip_family_to_af(rule->family);
	m->action = FR_ACT_TO_TBL;
	m->table = RT_TABLE_UNSPEC; /* the number is wider than this field */
	if (rule->l3mdev)
		mnl_attr_put_u8(r.head, FRA_L3MDEV, 1);
	else
		mnl_attr_put_u32(r.head, FRA_TABLE, rule->table);
	mnl_attr_put_u32(r.head, FRA_PRIORITY, rule->pref);
	mnl_attr_put_u8(r.head, FRA_PROTOCOL, RULE_PROTOCOL);
	if (!ipaddr_is_none(&rule->from)) {
		m->src_len = (uint8_t)(8 * ip_family_octets(rule->family));
		netlink_put_addr(&r, FRA_SRC, &rule->from);
	}
	if (rule->iif[0])
		mnl_attr_put_strz(r.head, FRA_IIFNAME, rule->iif);
	if (rule->oif[0])
		mnl_attr_put_strz(r.head, FRA_OIFNAME, rule->oif);
	return netlink_run(n, &r);
}

int ip_rule_add(struct netlink *n, const struct ip_rule *r)
{
	const int rc = run(n, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, r);

	return rc == -EEXIST || rc == -EAFNOSUPPORT ? 0 : rc;
}

int ip_rule_del(struct netlink *n, const struct ip_rule *r)
{
	const int rc = run(n, RTM_DELRULE, 0, r);

	return rc == -ENOENT || rc == -EAFNOSUPPORT ? 0 : rc;
}

struct rule_walk {
	ip_rule_each each;
	void *arg;
};

static void take_name(char out[16], const struct nlattr *attr)
{
	const uint16_t length = mnl_attr_get_payload_len(attr);

	if (length > 0 && length <= 16) {
		memcpy(out, mnl_attr_get_payload(attr), length);
		out[15] = '\0';
	}
}

static void take_attr(struct ip_rule *rule, uint8_t *protocol, const struct nlattr *attr, int af)
{
	const uint16_t type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

	if (type == FRA_TABLE && length == sizeof(uint32_t))
		rule->table = mnl_attr_get_u32(attr);
	else if (type == FRA_PRIORITY && length == sizeof(uint32_t))
		rule->pref = mnl_attr_get_u32(attr);
	else if (type == FRA_PROTOCOL && length == 1)
		*protocol = mnl_attr_get_u8(attr);
	else if (type == FRA_L3MDEV && length == 1)
		rule->l3mdev = mnl_attr_get_u8(attr) != 0;
	else if (type == FRA_SRC)
		rule->from = netlink_get_addr(attr, af);
	else if (type == FRA_IIFNAME)
		take_name(rule->iif, attr);
	else if (type == FRA_OIFNAME)
		take_name(rule->oif, attr);
}

static int rule_found(const struct nlmsghdr *nlh, void *arg)
{
	const struct rule_walk *w = arg;
	const struct fib_rule_hdr *m = mnl_nlmsg_get_payload(nlh);
	struct ip_rule rule = { .family = (uint8_t)ip_family_from_af(m->family), .table = m->table };
	const struct nlattr *attr;
	uint8_t protocol = 0;

	if (nlh->nlmsg_type != RTM_NEWRULE)
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m)
		take_attr(&rule, &protocol, attr, m->family);
	if (rule.l3mdev)
		rule.table = 0;
	if (protocol == RULE_PROTOCOL)
		w->each(w->arg, &rule);
	return MNL_CB_OK;
}

int ip_rule_dump(struct netlink *n, ip_rule_each each, void *arg)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct rule_walk w = { each, arg };

	for (size_t i = 0; i < 2; i++) {
		struct netlink_request r;
		struct fib_rule_hdr *m = netlink_begin(&r, RTM_GETRULE, 0, sizeof *m);
		int rc;

		m->family = (uint8_t)families[i];
		rc = netlink_dump(n, &r, rule_found, &w);
		if (rc < 0 && rc != -EAFNOSUPPORT)
			return rc;
	}
	return 0;
}
