/*
 * unreachable: somebody on the underlay says by ICMP that what we sent does not arrive. Anybody can say that, so
 * it is a hint: the control process has the way to that peer probed, and believes nothing else of it.
 *
 * Taken are words about packets that could be ours: GRE by the key of a tunnel that has a peer there, or ESP to the
 * end of a session (the kernel has compared the ports of UDP). Told at most once in UNREACHABLE_MS for one
 * peer, and UNREACHABLES_MAX times a second in all.
 */
#ifndef DMVPN_FORWARD_UNREACHABLE_H
#define DMVPN_FORWARD_UNREACHABLE_H

#include "forward/send_error.h"
#include "forward/worker.h"

/* What the error queue of a raw socket said. */
void unreachable_raw(struct worker *w, const struct raw *raw, const struct send_error *e);
/* The same of UDP port 4500. */
void unreachable_udp(struct worker *w, const struct send_error *e);

#endif
