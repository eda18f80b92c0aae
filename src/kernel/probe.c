#include "kernel/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kernel/netlink.h"

/* Passes questions: the group is told of each entry that we make, too. */
static int filter_questions(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_GETNEIGH), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int probe_open(void)
{
	const int group = RTNLGRP_NEIGH;
	struct sockaddr_nl at = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int error;

	if (fd < 0)
		return -errno;
	if (filter_questions(fd) == 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0)
		return fd;
	error = errno;
	close(fd);
	return -error;
}

struct context {
	probe_each each;
	void *arg;
};

static int handle(const struct nlmsghdr *nlh, void *arg)
{
	const struct context *c = arg;
	const struct ndmsg *m = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != RTM_GETNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof *m)
		return MNL_CB_OK;
	NETLINK_EACH_ATTR(attr, nlh, sizeof *m) {
		struct ipaddr a;

		if (mnl_attr_get_type(attr) != NDA_DST)
			continue;
		a = netlink_get_addr(attr, m->ndm_family);
		if (!ipaddr_is_none(&a))
			c->each(c->arg, m->ndm_ifindex, &a);
	}
	return MNL_CB_OK;
}

int probe_read(int fd, probe_each each, void *arg)
{
	struct context c = { each, arg };
	char buffer[NETLINK_BUFFER] __attribute__((aligned(8)));

	for (;;) {
		ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
		/* Notifications: neither sequence nor port is ours. */
		mnl_cb_run(buffer, (size_t)got, 0, 0, handle, &c);
	}
}
