/*
 * ipsec_kernel: IPsec on the kernel data path. charon puts its SAs and policies into the kernel itself; here is what the
 * kernel says of them, in the place of the forwarder. Peers whose sessions the kernel cannot tell apart, since they stand
 * behind one address (NAT), are refused but for the first.
 */
#ifndef DMVPN_DAEMON_IPSEC_KERNEL_H
#define DMVPN_DAEMON_IPSEC_KERNEL_H

#include "daemon/sessions.h"

struct counters;
struct daemon;
struct ipsec_kernel;

/* Of all our SAs and of the policies' templates: what an earlier charon agreed on fits the policies of the next. */
enum { IPSEC_KERNEL_REQID = 4711 };

/* NULL with errno set when the kernel has no XFRM. It lives as long as the process. */
struct ipsec_kernel *ipsec_kernel_new(struct daemon *d);
/* What the sessions ask of a data path: SESSION_DO_FORWARD_SET to SESSION_DO_REVOKE. */
void ipsec_kernel_do(struct ipsec_kernel *k, const struct session_action *a);
/* A tunnel stands at that address. When it is the first one, sessions go on by the SAs there that an earlier life has left. */
void ipsec_kernel_adopt(struct ipsec_kernel *k, uint32_t protection, const struct endpoint *local);
/* What the kernel counts of the sessions' SAs takes the place of what the forwarder would. */
void ipsec_kernel_count(struct ipsec_kernel *k, struct counters *c);

#endif
