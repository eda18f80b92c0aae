#include "kernel/trigger.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/neighbour.h"
#include "kernel/netlink.h"

enum { CONFIG_MESSAGE_MAX = 8192 };

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
