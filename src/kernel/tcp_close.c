#include "kernel/tcp_close.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#ifndef SOCK_DESTROY
#define SOCK_DESTROY 21
#endif

/* Listening sockets and those that only wait for stray segments are nobody's connection. */
enum { STATES = ~(1 << TCP_LISTEN | 1 << TCP_CLOSE | 1 << TCP_TIME_WAIT) };

enum { FOUND_MAX = 256, WALKS_MAX = 64 };

struct search {
	struct tcp_ends *ends;
	size_t ends_count;
	uint16_t port;
	size_t count;
	struct found {
		struct inet_diag_req_v2 which;
		struct tcp_ends *between;
	} found[FOUND_MAX];
};

/* IPv4 addresses stand in IPv6 sockets too, as ::ffff:a.b.c.d. */
static bool is_mapped(const uint8_t bytes[16])
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(bytes, prefix, sizeof prefix) == 0;
}

static struct ipaddr address_of(uint8_t family, const __be32 words[4])
{
	uint8_t bytes[16];

	memcpy(bytes, words, sizeof bytes);
	if (family == AF_INET)
		return ipaddr_from_bytes(IP_V4, bytes);
	return is_mapped(bytes) ? ipaddr_from_bytes(IP_V4, bytes + 12) : ipaddr_from_bytes(IP_V6, bytes);
}

static struct tcp_ends *between(const struct search *s, const struct inet_diag_msg *m)
{
	const struct ipaddr remote = address_of(m->idiag_family, m->id.idiag_dst);
	const struct ipaddr local = address_of(m->idiag_family, m->id.idiag_src);

	if (m->id.idiag_sport != htons(s->port) && m->id.idiag_dport != htons(s->port))
		return NULL;
	for (size_t i = 0; i < s->ends_count; i++)
		if (ipaddr_eq(&remote, &s->ends[i].remote) && ipaddr_eq(&local, &s->ends[i].local))
			return &s->ends[i];
	return NULL;
}

static int each(const struct nlmsghdr *nlh, void *arg)
{
	const struct inet_diag_msg *m = mnl_nlmsg_get_payload(nlh);
	struct search *s = arg;
	struct tcp_ends *e;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof *m) || s->count == FOUND_MAX || !(e = between(s, m)))
		return MNL_CB_OK;
	s->found[s->count].which = (struct inet_diag_req_v2){
		.sdiag_family = m->idiag_family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = (uint32_t)STATES, .id = m->id };
	s->found[s->count++].between = e;
	return MNL_CB_OK;
}

static int find(struct netlink *n, uint8_t family, struct search *s)
{
	struct netlink_request r;
	struct inet_diag_req_v2 *q = netlink_begin(&r, SOCK_DIAG_BY_FAMILY, 0, sizeof *q);

	q->sdiag_family = family;
	q->sdiag_protocol = IPPROTO_TCP;
	q->idiag_states = (uint32_t)STATES;
	return netlink_dump(n, &r, each, s);
}

static int end(struct netlink *n, const struct inet_diag_req_v2 *which)
{
	struct netlink_request r;
	struct inet_diag_req_v2 *q = netlink_begin(&r, SOCK_DESTROY, 0, sizeof *q);

	*q = *which;
	return netlink_run(n, &r);
}

/* How many were ended, -errno; *more: there may be others. */
static int close_found(struct netlink *n, uint8_t family, struct search *s, bool *more)
{
	int rc, ended = 0;

	s->count = 0;
	rc = find(n, family, s);
	*more = s->count == FOUND_MAX;
	/* A list cut short by a change meanwhile (-EINTR) is used as far as it goes. */
	if (rc < 0 && rc != -EINTR)
		return rc;
	for (size_t i = 0; i < s->count; i++) {
		rc = end(n, &s->found[i].which);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		s->found[i].between->ended += rc == 0;
		ended += rc == 0;
	}
	return ended;
}

static int close_family(struct netlink *n, uint8_t family, struct search *s)
{
	bool more = true;
	int ended = 0;

	for (unsigned walk = 0; more && walk < WALKS_MAX; walk++) {
		const int rc = close_found(n, family, s, &more);

		if (rc < 0)
			return rc;
		ended += rc;
	}
	return ended;
}

static bool any_left(const struct search *s, bool of_ipv4)
{
	for (size_t i = 0; i < s->ends_count; i++)
		if (s->ends[i].ended == 0 && (!of_ipv4 || s->ends[i].remote.family == IP_V4))
			return true;
	return false;
}

int tcp_close(struct netlink *n, struct tcp_ends *ends, size_t count, uint16_t port)
{
	struct search s = { .ends = ends, .ends_count = count, .port = port };
	const int four = any_left(&s, true) ? close_family(n, AF_INET, &s) : 0;
	const int six = four >= 0 && any_left(&s, false) ? close_family(n, AF_INET6, &s) : 0;

	return four < 0 ? four : six < 0 ? six : four + six;
}

int tcp_close_possible(struct netlink *n)
{
	/* Nobody's connection: a kernel that can says so, one that cannot says that. */
	const struct inet_diag_req_v2 nobody = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP,
						 .idiag_states = (uint32_t)STATES,
						 .id.idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } };
	const int rc = end(n, &nobody);

	return rc == -ENOENT ? 0 : rc;
}
