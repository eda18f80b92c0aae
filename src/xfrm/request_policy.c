/*
 * request_policy: NEWPOLICY, UPDPOLICY, DELPOLICY, GETPOLICY, FLUSHPOLICY and the SPD's settings.
 *
 * EEXIST for a policy that is there, ENOENT for one that is not. What charon wants of a policy is the
 * time of its last use: that of the SAs of its template's reqid.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "xfrm/server_state.h"

/* A mark or an interface id would narrow what the policy is for. */
static bool is_narrowed(const struct netlink_attributes *a)
{
	struct xfrm_mark mark;
	uint32_t if_id;

	return (netlink_attribute(a, XFRMA_MARK, &mark, sizeof mark) && (mark.v | mark.m) != 0) ||
	       (netlink_attribute(a, XFRMA_IF_ID, &if_id, sizeof if_id) && if_id != 0);
}

static int read_templates(struct xfrm_policy *p, const struct netlink_attribute *a)
{
	size_t count = a->length / sizeof p->templates[0];

	if (!a->bytes)
		return 0;
	if (a->length % sizeof p->templates[0] != 0 || count > XFRM_TEMPLATES_MAX)
		return -EINVAL;
	p->template_count = (uint32_t)count;
	memcpy(p->templates, a->bytes, a->length);
	return 0;
}

static bool is_family(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static int read_policy(const struct xfrm_request *q, struct xfrm_policy *p)
{
	struct xfrm_userpolicy_info info;
	struct netlink_attributes attributes;

	memset(p, 0, sizeof *p);
	if (!netlink_head(&q->message, &info, sizeof info) ||
	    !netlink_attributes(&q->message, sizeof info, &attributes) || info.dir >= XFRM_POLICY_MAX ||
	    info.action > XFRM_POLICY_BLOCK || !is_family(info.sel.family))
		return -EINVAL;
	if (is_narrowed(&attributes))
		return -EOPNOTSUPP;
	p->dir = info.dir;
	p->action = info.action;
	p->flags = info.flags;
	p->share = info.share;
	p->priority = info.priority;
	p->added_us = q->clock.now.us;
	p->selector = sa_message_selector(&info.sel);
	return read_templates(p, &attributes.at[XFRMA_TMPL]);
}

int request_policy_add(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_policy filled;
	const struct xfrm_policy *old;
	int error = read_policy(q, &filled);

	(void)out;
	if (error)
		return error;
	old = xfrm_policies_find(&s->policies, filled.dir, &filled.selector);
	if (old && q->message.type == XFRM_MSG_NEWPOLICY && !q->is_repeated)
		return -EEXIST;
	if (old)
		filled.added_us = old->added_us;
	return xfrm_policies_put(&s->policies, &filled);
}

/* 0, -ENOENT or -EINVAL. */
static int named(const struct xfrm_server *s, const struct xfrm_request *q, struct xfrm_policy **out)
{
	struct xfrm_userpolicy_id id;
	struct xfrm_selector sel;

	if (!netlink_head(&q->message, &id, sizeof id) || id.dir >= XFRM_POLICY_MAX)
		return -EINVAL;
	sel = sa_message_selector(&id.sel);
	*out = id.index ? xfrm_policies_at(&s->policies, id.dir, id.index) :
			  xfrm_policies_find(&s->policies, id.dir, &sel);
	return *out ? 0 : -ENOENT;
}

int request_policy_del(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_policy *policy;
	int error = named(s, q, &policy);

	(void)out;
	if (error)
		return error == -ENOENT && q->is_repeated ? 0 : error;
	xfrm_policies_remove(&s->policies, policy);
	return 0;
}

/*
 * Of all SAs that the policy's template stands for: their sum, and the use of the one longest unused.
 * charon takes it for a sign of life before it asks a peer for one (DPD). Peers behind one NAT, and two
 * IKE_SAs with one peer, share a policy: the living must not speak for the dead.
 */
static struct xfrm_lifetime_cur usage(const struct xfrm_server *s, struct xfrm_clock clock,
				      const struct xfrm_policy *policy)
{
	struct xfrm_lifetime_cur sum = { 0 };
	const struct esp_sa *sa = NULL;
	struct esp_sa added = { .added_us = policy->added_us };
	uint64_t least = UINT64_MAX;

	sum.add_time = sa_message_current(&added, clock).add_time;
	if (policy->template_count == 0)
		return sum;
	while ((sa = server_of_reqid(s, policy->templates[0].reqid, policy->dir != XFRM_POLICY_OUT, sa)) != NULL) {
		struct xfrm_lifetime_cur one = sa_message_current(sa, clock);

		sum.bytes += one.bytes;
		sum.packets += one.packets;
		if (one.use_time < least)
			least = one.use_time;
	}
	if (least != UINT64_MAX)
		sum.use_time = least;
	return sum;
}

void request_policy_info_put(struct netlink_writer *out, const struct xfrm_server *s, struct xfrm_clock clock,
			     const struct xfrm_policy *policy)
{
	struct xfrm_userpolicy_info info;

	memset(&info, 0, sizeof info);
	info.sel = policy->selector;
	info.lft.soft_byte_limit = info.lft.hard_byte_limit = XFRM_INF;
	info.lft.soft_packet_limit = info.lft.hard_packet_limit = XFRM_INF;
	info.curlft = usage(s, clock, policy);
	info.priority = policy->priority;
	info.index = xfrm_policies_index(&s->policies, policy);
	info.dir = policy->dir;
	info.action = policy->action;
	info.flags = policy->flags;
	info.share = policy->share;
	netlink_put(out, &info, sizeof info);
	if (policy->template_count)
		netlink_put_attribute(out, XFRMA_TMPL, policy->templates,
				      policy->template_count * sizeof policy->templates[0]);
}

int request_policy_get(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	struct xfrm_policy *policy;
	int error = named(s, q, &policy);

	if (error)
		return error;
	netlink_begin(out, XFRM_MSG_NEWPOLICY, 0, q->message.seq, q->message.pid);
	request_policy_info_put(out, s, q->clock, policy);
	return netlink_end(out) ? XFRM_ANSWERED : -EMSGSIZE;
}

bool request_policy_dump(struct xfrm_server *s, struct xfrm_clock clock, struct netlink_writer *out)
{
	const struct xfrm_dump *d = &s->dump;
	const struct xfrm_policy *policy;

	while ((policy = xfrm_policies_next(&s->policies, d->policy)) != NULL) {
		netlink_begin(out, XFRM_MSG_NEWPOLICY, NLM_F_MULTI, d->seq, d->pid);
		request_policy_info_put(out, s, clock, policy);
		if (!netlink_end(out))
			return false;
		s->dump.policy = policy;
	}
	return true;
}

int request_policy_flush(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	(void)q;
	(void)out;
	xfrm_policies_clear(&s->policies);
	return 0;
}

/* --- the SPD's own --- */

static struct xfrmu_spdinfo count_policies(const struct xfrm_server *s)
{
	struct xfrmu_spdinfo count = { 0 };
	const struct xfrm_policy *p = NULL;

	while ((p = xfrm_policies_next(&s->policies, p)) != NULL) {
		count.incnt += p->dir == XFRM_POLICY_IN;
		count.outcnt += p->dir == XFRM_POLICY_OUT;
		count.fwdcnt += p->dir == XFRM_POLICY_FWD;
	}
	return count;
}

/* Thresholds of the kernel's hash tables: those that charon wants, so that it sets none. */
int request_policy_info(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	static const struct xfrmu_spdhthresh v4 = { 32, 32 }, v6 = { 128, 128 };
	struct xfrmu_spdinfo count = count_policies(s);
	uint32_t flags = 0;

	netlink_begin(out, XFRM_MSG_NEWSPDINFO, 0, q->message.seq, q->message.pid);
	netlink_put(out, &flags, sizeof flags);
	netlink_put_attribute(out, XFRMA_SPD_INFO, &count, sizeof count);
	netlink_put_attribute(out, XFRMA_SPD_IPV4_HTHRESH, &v4, sizeof v4);
	netlink_put_attribute(out, XFRMA_SPD_IPV6_HTHRESH, &v6, sizeof v6);
	return netlink_end(out) ? XFRM_ANSWERED : -EMSGSIZE;
}

int request_policy_set_info(struct xfrm_server *s, const struct xfrm_request *q, struct netlink_writer *out)
{
	(void)s;
	(void)q;
	(void)out;
	return 0;
}
