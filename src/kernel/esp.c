#include "kernel/esp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/xfrm.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* charon's policies stand at some hundred thousand; lower numbers come first. */
static const uint32_t block_priority = 0x7fffffff;

/* Of nobody: below what IKE gives out (RFC 4303 2.1). */
enum { TRIAL_SPI = 200, TRIAL_KEY_BITS = 160, TRIAL_ICV_BITS = 128 };

static void put_address(xfrm_address_t *out, const struct ipaddr *a)
{
	memcpy(out, a->bytes, ip_family_octets(a->family));
}

static uint8_t full_length(const struct ipaddr *a)
{
	return (uint8_t)(8 * ip_family_octets(a->family));
}

/* ---- blocks ---- */

static struct xfrm_selector gre_of(const struct ipaddr *local, enum esp_way way)
{
	struct xfrm_selector s = { .family = (uint16_t)ip_family_to_af(local->family), .proto = IPPROTO_GRE };

	if (way == ESP_OUT) {
		put_address(&s.saddr, local);
		s.prefixlen_s = full_length(local);
	} else {
		put_address(&s.daddr, local);
		s.prefixlen_d = full_length(local);
	}
	return s;
}

static void put_block(struct netlink_request *r, const struct ipaddr *local, enum esp_way way)
{
	/* As a change it replaces what an earlier life has left. */
	struct xfrm_userpolicy_info *p = netlink_begin(r, XFRM_MSG_UPDPOLICY, 0, sizeof *p);

	p->sel = gre_of(local, way);
	p->lft.soft_byte_limit = p->lft.hard_byte_limit = XFRM_INF;
	p->lft.soft_packet_limit = p->lft.hard_packet_limit = XFRM_INF;
	p->priority = block_priority;
	p->dir = way == ESP_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_IN;
	p->action = XFRM_POLICY_BLOCK;
}

static void put_unblock(struct netlink_request *r, const struct ipaddr *local, enum esp_way way)
{
	struct xfrm_userpolicy_id *p = netlink_begin(r, XFRM_MSG_DELPOLICY, 0, sizeof *p);

	p->sel = gre_of(local, way);
	p->dir = way == ESP_OUT ? XFRM_POLICY_OUT : XFRM_POLICY_IN;
}

void esp_block_request(struct netlink_request *r, const struct ipaddr *local, enum esp_way way, bool on)
{
	(on ? put_block : put_unblock)(r, local, way);
}

int esp_block(struct netlink *n, const struct ipaddr *local, bool on)
{
	static const enum esp_way ways[] = { ESP_OUT, ESP_IN };
	int error = 0;

	for (size_t i = 0; i < sizeof ways / sizeof *ways && !error; i++) {
		struct netlink_request r;

		esp_block_request(&r, local, ways[i], on);
		error = netlink_run(n, &r);
		if (!on && error == -ENOENT)
			error = 0;
	}
	return error;
}

/* ---- SAs ---- */

static int sa_request(struct netlink *n, uint16_t type, const struct ipaddr *dst, uint32_t spi)
{
	struct netlink_request r;
	struct xfrm_usersa_id *id = netlink_begin(&r, type, 0, sizeof *id);

	put_address(&id->daddr, dst);
	id->spi = htonl(spi);
	id->family = (uint16_t)ip_family_to_af(dst->family);
	id->proto = IPPROTO_ESP;
	return netlink_run(n, &r);
}

bool esp_sa_exists(struct netlink *n, const struct ipaddr *dst, uint32_t spi)
{
	return sa_request(n, XFRM_MSG_GETSA, dst, spi) == 0;
}

int esp_sa_del(struct netlink *n, const struct ipaddr *dst, uint32_t spi)
{
	return sa_request(n, XFRM_MSG_DELSA, dst, spi);
}

static void put_trial_keys(struct netlink_request *r)
{
	union {
		struct xfrm_algo_aead head;
		uint8_t room[sizeof(struct xfrm_algo_aead) + TRIAL_KEY_BITS / 8];
	} a = { .room = { 0 } }; /* a key of zeros */

	a.head.alg_key_len = TRIAL_KEY_BITS;
	a.head.alg_icv_len = TRIAL_ICV_BITS;
	snprintf(a.head.alg_name, sizeof a.head.alg_name, "rfc4106(gcm(aes))");
	mnl_attr_put(r->head, XFRMA_ALG_AEAD, sizeof a, &a);
}

bool esp_possible(struct netlink *n, enum ip_family family)
{
	/* 127.0.0.1 or ::1, whichever: nothing is ever sent by it. */
	struct ipaddr here = { .family = (uint8_t)family };
	struct netlink_request r;
	struct xfrm_usersa_info *sa = netlink_begin(&r, XFRM_MSG_NEWSA, 0, sizeof *sa);
	int rc;

	here.bytes[0] = 127;
	here.bytes[ip_family_octets(here.family) - 1] = 1;
	sa->family = (uint16_t)ip_family_to_af(family);
	put_address(&sa->id.daddr, &here);
	put_address(&sa->saddr, &here);
	sa->id.spi = htonl(TRIAL_SPI);
	sa->id.proto = IPPROTO_ESP;
	sa->mode = XFRM_MODE_TRANSPORT;
	sa->lft.soft_byte_limit = sa->lft.hard_byte_limit = XFRM_INF;
	sa->lft.soft_packet_limit = sa->lft.hard_packet_limit = XFRM_INF;
	put_trial_keys(&r);
	rc = netlink_run(n, &r);
	if (rc == 0)
		(void)esp_sa_del(n, &here, TRIAL_SPI);
	return rc == 0 || rc == -EEXIST;
}

/* ---- what comes and goes ---- */

int esp_watch_open(void)
{
	static const int groups[] = { XFRMNLGRP_SA, XFRMNLGRP_EXPIRE };
	struct sockaddr_nl at = { .nl_family = AF_NETLINK };
	const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_XFRM);
	int error = fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ? errno : 0;

	for (size_t i = 0; i < sizeof groups / sizeof *groups && !error; i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof groups[i]) < 0)
			error = errno;
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return -error;
}

static struct ipaddr get_address(const xfrm_address_t *a, uint16_t af)
{
	const enum ip_family family = ip_family_from_af(af);

	return ipaddr_from_bytes(family, (const uint8_t *)a);
}

static void say(const xfrm_address_t *dst, uint16_t af, uint32_t spi, uint8_t protocol, bool exists, esp_each each, void *arg)
{
	const struct ipaddr a = get_address(dst, af);

	if (protocol == IPPROTO_ESP && !ipaddr_is_none(&a))
		each(arg, &a, ntohl(spi), exists);
}

void esp_watch_message(const struct nlmsghdr *m, esp_each each, void *arg)
{
	const size_t length = mnl_nlmsg_get_payload_len(m);
	const void *p = mnl_nlmsg_get_payload(m);

	if ((m->nlmsg_type == XFRM_MSG_NEWSA || m->nlmsg_type == XFRM_MSG_UPDSA) && length >= sizeof(struct xfrm_usersa_info)) {
		const struct xfrm_usersa_info *sa = p;

		say(&sa->id.daddr, sa->family, sa->id.spi, sa->id.proto, true, each, arg);
	} else if (m->nlmsg_type == XFRM_MSG_DELSA && length >= sizeof(struct xfrm_usersa_id)) {
		const struct xfrm_usersa_id *id = p;

		say(&id->daddr, id->family, id->spi, id->proto, false, each, arg);
	} else if (m->nlmsg_type == XFRM_MSG_EXPIRE && length >= sizeof(struct xfrm_user_expire)) {
		const struct xfrm_user_expire *e = p;

		if (e->hard)
			say(&e->state.id.daddr, e->state.family, e->state.id.spi, e->state.id.proto, false, each, arg);
	}
}

struct watch {
	esp_each each;
	void *arg;
	bool flushed; /* somebody has deleted all at once */
};

static int handle(const struct nlmsghdr *m, void *arg)
{
	struct watch *w = arg;

	w->flushed |= m->nlmsg_type == XFRM_MSG_FLUSHSA;
	esp_watch_message(m, w->each, w->arg);
	return MNL_CB_OK;
}

int esp_watch_read(int fd, esp_each each, void *arg)
{
	struct watch w = { each, arg, false };
	char buffer[NETLINK_BUFFER] __attribute__((aligned(8)));

	for (;;) {
		const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno != EAGAIN ? -errno : w.flushed ? -ENOBUFS : 0;
		/* Notifications: neither sequence nor port is ours. */
		mnl_cb_run(buffer, (size_t)got, 0, 0, handle, &w);
	}
}
