/*
 * render_frr: a router's routing in FRR 8.4's language, for `vtysh -b` (one integrated
 * frr.conf). eigrpd refuses lines about interfaces that it does not know yet, so the file
 * is to be loaded when zebra and the interfaces are there.
 *
 * Blocks are not closed by `exit`: each line finds its place by itself, and a program that
 * does not know a block would leave its configuration at the `exit`.
 *
 * What cannot be carried is written as a comment "! not carried: …", the same lines that
 * reading calls not supported. Costs, bandwidths and timers that IOS derives from the kind
 * of interface are written out.
 */
#ifndef DMVPN_CONFIG_RENDER_FRR_H
#define DMVPN_CONFIG_RENDER_FRR_H

#include <stdio.h>

#include "config/eigrp.h"

struct frr_options {
	bool stock;           /* zebra's own pace: to compare with */
	const char *log_file; /* NULL: no log line */
	const struct eigrp_neighbours *eigrp; /* EIGRP is carried by BGP, with these neighbours; NULL: by eigrpd */
};

enum frr_daemon {
	FRR_ZEBRA = 1 << 0, FRR_STATICD = 1 << 1, FRR_BGPD = 1 << 2, FRR_OSPFD = 1 << 3,
	FRR_OSPF6D = 1 << 4, FRR_RIPD = 1 << 5, FRR_EIGRPD = 1 << 6, FRR_BFDD = 1 << 7,
};

/* 0, or -ENOMEM, or -EIO when writing fails. */
int config_render_frr(const struct config *c, const struct frr_options *o, FILE *out);

/* Bits of enum frr_daemon that this configuration needs, EIGRP by eigrpd; zebra and staticd always. */
unsigned config_frr_daemons(const struct config *c);

#endif
