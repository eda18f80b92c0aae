/*
 * sa_dump: the SAs of ESP that the kernel has, with what it counts of them. Keys come with a dump; they are not looked at
 * and nowhere kept.
 */
#ifndef DMVPN_KERNEL_SA_DUMP_H
#define DMVPN_KERNEL_SA_DUMP_H

#include <stdbool.h>

#include "kernel/netlink.h"

enum { KERNEL_SUITE_MAX = 24 /* bytes, with the final NUL */ };

struct kernel_sa {
	struct ipaddr src, dst;
	uint32_t spi; /* host order */
	uint32_t reqid;
	bool udp, esn;
	uint16_t src_port, dst_port; /* of UDP */
	char suite[KERNEL_SUITE_MAX]; /* "AES-GCM-16-128", "AES-CBC-256/SHA1-96"; else by the kernel's names */
	uint64_t packets, bytes;
	uint32_t replay_window, replay_drops, icv_drops;
	int64_t added_s, hard_s; /* when it was made, by the machine's clock; how long it lasts, 0: for ever */
};

typedef void (*kernel_sa_each)(void *arg, const struct kernel_sa *sa);

/* 0 or -errno. One that comes or goes meanwhile may be missed. */
int kernel_sa_dump(struct netlink *n, kernel_sa_each each, void *arg);
/* One message of it; false: it is no SA of ESP. For tests. */
bool kernel_sa_read(const struct nlmsghdr *m, struct kernel_sa *out);

#endif
