/*
 * transit: what the kernel does with packets that pass through this router, in an nftables
 * table of our own: it reports what comes in by a tunnel and leaves by a tunnel (trigger.h),
 * and lowers the MSS of TCP connections (`ip tcp adjust-mss`).
 */
#ifndef DMVPN_KERNEL_TRANSIT_H
#define DMVPN_KERNEL_TRANSIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

struct config;

enum { TRANSIT_INTERFACES_MAX = 128, TRANSIT_PARTNERS_MAX = 8 };

/* A packet of the pair of tunnels is reported when both allow redirects, once per timeout and pair of
 * addresses, and one that leaves for a partner. */
struct transit_interface {
	char name[16];
	char vrf[16]; /* the VRF device that it belongs to: to the kernel what comes in by the interface comes in by that; "" */
	bool redirect;
	uint32_t domain;    /* packets between tunnels of one domain only; the network-id */
	uint16_t timeout_s; /* of the ingress tunnel */
	size_t partner_count;
	struct ipaddr partners[TRANSIT_PARTNERS_MAX]; /* next hops; not with the older tables */
	uint16_t mss4, mss6; /* bytes, for connections that pass this interface in either direction; 0: as they are */
};

/* The interfaces that have something to say, of a router whose tunnels the kernel carries, or the forwarder. Their number. */
size_t transit_of_config(const struct config *config, bool by_kernel, struct transit_interface out[TRANSIT_INTERFACES_MAX]);

/* The ruleset as text for nft; malloc'd, NULL when out of memory. With no interface it only
 * removes the table. */
char *transit_ruleset(const struct transit_interface *interfaces, size_t count);
/* Runs nft with the ruleset. 0 or -errno; error[] gets what nft says. */
int transit_install(const struct transit_interface *interfaces, size_t count, char *error, size_t error_size);

/* The same by iptables, for kernels whose nf_tables has no families (transit_install() tries
 * it by itself): a chain of our own in the filter tables, hashlimit instead of a set. */
int transit_legacy_install(const struct transit_interface *interfaces, size_t count, char *error, size_t error_size);

#endif
