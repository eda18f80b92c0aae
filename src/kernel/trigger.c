#include "kernel/trigger.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/neighbour.h"
#include "kernel/netlink.h"
#include "kernel/tool.h"

enum { CONFIG_MESSAGE_MAX = 8192 };

/* The set's size bounds memory; when it is full the update fails, the rule does not match, and
 * nothing is logged: a redirect less, no harm. */
static void write_rule(FILE *f, const struct trigger_tunnel *in, const char *family, const char *way)
{
	fprintf(f,
		"add rule inet dmvpn forward iifname \"%s\" %s meta nfproto %s "
		"%s saddr . %s daddr != @seen%s "
		"add @seen%s { %s saddr . %s daddr timeout %us } "
		"log group %d snaplen %d queue-threshold 1\n",
		in->name, way, strcmp(family, "ip") == 0 ? "ipv4" : "ipv6", family, family,
		family, family, family, family, in->timeout_s ? in->timeout_s : 1, TRIGGER_GROUP, TRIGGER_SNAP_BYTES);
}

static void write_partner_rules(FILE *f, const struct trigger_tunnel *in, const char *family)
{
	const enum ip_family wanted = strcmp(family, "ip") == 0 ? IP_V4 : IP_V6;
	char way[IPADDR_TEXT_MAX + 32], addr[IPADDR_TEXT_MAX];

	for (size_t i = 0; i < in->partner_count; i++) {
		if (in->partners[i].family != wanted)
			continue;
		snprintf(way, sizeof way, "rt %s nexthop %s", family, ipaddr_format(&in->partners[i], addr));
		write_rule(f, in, family, way);
	}
}

/* One rule a pair of tunnels, and one for each partner. */
static void write_rules(FILE *f, const struct trigger_tunnel *t, size_t count, const char *family)
{
	char way[32];

	for (size_t in = 0; in < count; in++) {
		for (size_t out = 0; out < count; out++) {
			snprintf(way, sizeof way, "oifname \"%s\"", t[out].name);
			if (t[in].domain == t[out].domain)
				write_rule(f, &t[in], family, way);
		}
		write_partner_rules(f, &t[in], family);
	}
}

static void write_table(FILE *f, const struct trigger_tunnel *tunnels, size_t count)
{
	fputs("add chain inet dmvpn forward { type filter hook forward priority filter + 10; policy accept; }\n"
	      "add set inet dmvpn seenip { type ipv4_addr . ipv4_addr; size 65535; flags dynamic,timeout; timeout 2s; }\n"
	      "add set inet dmvpn seenip6 { type ipv6_addr . ipv6_addr; size 65535; flags dynamic,timeout; timeout 2s; }\n",
	      f);
	write_rules(f, tunnels, count, "ip");
	write_rules(f, tunnels, count, "ip6");
}

char *trigger_ruleset(const struct trigger_tunnel *tunnels, size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	/* Adding before deleting makes deleting succeed when there is no table. */
	fputs("add table inet dmvpn\ndelete table inet dmvpn\n", f);
	if (count > 0) {
		fputs("add table inet dmvpn\n", f);
		write_table(f, tunnels, count);
	}
	return fclose(f) == 0 ? text : NULL;
}

int trigger_install(const struct trigger_tunnel *tunnels, size_t count, char *error, size_t error_size)
{
	char *const argv[] = { "nft", "-f", "-", NULL };
	char *text = trigger_ruleset(tunnels, count);
	int rc = text ? tool_run(argv, text, error, error_size) : -ENOMEM;

	free(text);
	/* A kernel may have nf_tables without any family, and the older tables instead. */
	if (rc < 0 && strstr(error, "not supported"))
		rc = trigger_legacy_install(tunnels, count, error, error_size);
	return rc;
}

static int send_config(struct mnl_socket *s, uint16_t group, uint16_t type, const void *value, size_t length)
{
	char buffer[CONFIG_MESSAGE_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *g;
	ssize_t got;

	nlh->nlmsg_type = (NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = type;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof *g);
	g->nfgen_family = AF_UNSPEC;
	g->version = NFNETLINK_V0;
	g->res_id = htons(group);
	mnl_attr_put(nlh, type, length, value);
	if (mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	got = mnl_socket_recvfrom(s, buffer, sizeof buffer);
	if (got < 0)
		return -errno;
	return mnl_cb_run(buffer, (size_t)got, type, mnl_socket_get_portid(s), NULL, NULL) < 0 ? -errno : 0;
}

static int bind_group(struct mnl_socket *s)
{
	struct nfulnl_msg_config_cmd bind_cmd = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { .copy_range = htonl(TRIGGER_SNAP_BYTES),
					       .copy_mode = NFULNL_COPY_PACKET };
	uint32_t timeout = htonl(1); /* hundredths of a second; the rule asks for one packet a message anyway */
	int rc = send_config(s, TRIGGER_GROUP, NFULA_CFG_CMD, &bind_cmd, sizeof bind_cmd);

	if (rc == 0)
		rc = send_config(s, TRIGGER_GROUP, NFULA_CFG_MODE, &mode, sizeof mode);
	if (rc == 0)
		rc = send_config(s, TRIGGER_GROUP, NFULA_CFG_TIMEOUT, &timeout, sizeof timeout);
	return rc;
}

int trigger_open(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int fd, rc;

	if (!s)
		return -errno;
	rc = mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : bind_group(s);
	fd = rc == 0 ? fcntl(mnl_socket_get_fd(s), F_DUPFD_CLOEXEC, 0) : rc;
	if (rc == 0 && fd < 0)
		fd = -errno;
	mnl_socket_close(s);
	return fd;
}

/* 02:<40 bits>: the forwarder's name for the sender; on the kernel's multipoint GRE device it is his NBMA address. */
static void take_sender(struct trigger_packet *p, const struct nlattr *attr)
{
	const struct nfulnl_msg_packet_hw *hw = mnl_attr_get_payload(attr);
	struct lladdr l = { 0 };

	if (mnl_attr_get_payload_len(attr) < sizeof *hw || ntohs(hw->hw_addrlen) > sizeof hw->hw_addr)
		return;
	l.length = (uint8_t)ntohs(hw->hw_addrlen);
	memcpy(l.bytes, hw->hw_addr, l.length);
	p->peer = lladdr_peer(&l);
	p->nbma = lladdr_nbma(&l);
}

struct trigger_walk {
	trigger_each each;
	void *arg;
};

static int take(const struct nlmsghdr *nlh, void *arg)
{
	const struct trigger_walk *w = arg;
	struct trigger_packet p = { .nbma = IPADDR_NONE };
	const struct nlattr *attr;

	if (nlh->nlmsg_type != ((NFNL_SUBSYS_ULOG << 8) | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr), length = mnl_attr_get_payload_len(attr);

		if (type == NFULA_IFINDEX_INDEV && length == 4)
			p.ifindex_in = (int)ntohl(mnl_attr_get_u32(attr));
		else if (type == NFULA_IFINDEX_OUTDEV && length == 4)
			p.ifindex_out = (int)ntohl(mnl_attr_get_u32(attr));
		else if (type == NFULA_HWADDR)
			take_sender(&p, attr);
		else if (type == NFULA_PAYLOAD) {
			p.bytes = mnl_attr_get_payload(attr);
			p.length = length;
		}
	}
	if (p.bytes)
		w->each(w->arg, &p);
	return MNL_CB_OK;
}

int trigger_read(int fd, trigger_each each, void *arg)
{
	static char buffer[NLMSG_ALIGN(65536)] __attribute__((aligned(8)));
	struct trigger_walk w = { each, arg };

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got < 0 && errno != EINTR && errno != ENOBUFS)
			return -errno;
		if (got > 0)
			mnl_cb_run(buffer, (size_t)got, 0, 0, take, &w);
	}
}
