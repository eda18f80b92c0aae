/*
 * net_fault: faults of the network that nftables and ip can make.
 *
 * Packets are dropped where the router's uplink ends: in the internet node, or in the NAT box
 * before the router, so that nothing at the router itself shows it.
 */
#ifndef DMVPN_LAB_NET_FAULT_H
#define DMVPN_LAB_NET_FAULT_H

#include "lab/fault.h"

/* FAULT_BLACKHOLE, FAULT_LOSS and FAULT_DIRECT: begins or ends it. 0 or 2 with the reason. */
int net_fault_drop(const struct lab *lab, const struct fault_part *f, bool on, char *error, size_t size);
/* FAULT_ADDRESS: 198.18.ROUTER.1 and 2001:db8:4711:ROUTER::1 in place of the uplink's addresses,
 * with the same next hop; or these again. */
int net_fault_address(const struct lab *lab, size_t router, bool on, char *error, size_t size);
/* FAULT_REBIND, once: the NAT box before the router forgets all mappings, and maps to other ports from then on. */
int net_fault_rebind(const struct lab *lab, size_t router, char *error, size_t size);
/* Deletes the router's tunnel devices. */
int net_fault_tunnels_delete(const struct lab *lab, size_t router, char *error, size_t size);
/* Are all of them there? */
bool net_fault_tunnels_there(const struct lab *lab, size_t router);

#endif
