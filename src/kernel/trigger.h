/*
 * trigger: sees that a data packet came in by a tunnel and leaves by a tunnel (phase 3's
 * redirect). An nftables table of our own logs the first packet of a pair of addresses, at
 * most once per redirect timeout, to a group of NFLOG; this file owns the table and the
 * socket that listens.
 */
#ifndef DMVPN_KERNEL_TRIGGER_H
#define DMVPN_KERNEL_TRIGGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { TRIGGER_GROUP = 4711, TRIGGER_SNAP_BYTES = 128, TRIGGER_TUNNELS_MAX = 64, TRIGGER_PARTNERS_MAX = 8 };

/* A packet of the pair of tunnels is reported when both allow redirects, and one that leaves for a partner. */
struct trigger_tunnel {
	char name[16];
	uint32_t domain;    /* packets between tunnels of one domain only; the network-id */
	uint16_t timeout_s; /* of the ingress tunnel */
	size_t partner_count;
	struct ipaddr partners[TRIGGER_PARTNERS_MAX]; /* next hops; not with the older tables */
};

struct trigger_packet {
	int ifindex_in, ifindex_out; /* 0: unknown */
	uint64_t peer;               /* from the source MAC 02:…; 0: unknown */
	struct ipaddr nbma;          /* on kernel GRE: whom it came from; IP_NONE: unknown */
	const uint8_t *bytes;        /* from the IP header */
	size_t length;
};

/* The ruleset as text for nft; malloc'd, NULL when out of memory. With no tunnel it only
 * removes the table. */
char *trigger_ruleset(const struct trigger_tunnel *tunnels, size_t count);
/* Runs nft with the ruleset. 0 or -errno; error[] gets what nft says. */
int trigger_install(const struct trigger_tunnel *tunnels, size_t count, char *error, size_t error_size);

/* The same by iptables, for kernels whose nf_tables has no families (trigger_install() tries
 * it by itself): a chain of our own in the filter tables, hashlimit instead of a set. */
int trigger_legacy_install(const struct trigger_tunnel *tunnels, size_t count, char *error, size_t error_size);

/* The listening socket. fd or -errno. */
int trigger_open(void);
typedef void (*trigger_each)(void *arg, const struct trigger_packet *p);
/* Reads until there is nothing more. 0 or -errno; lost packets are no error. */
int trigger_read(int fd, trigger_each each, void *arg);

#endif
