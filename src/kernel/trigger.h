/*
 * trigger: hears that a data packet came in by a tunnel and leaves by a tunnel (phase 3's
 * redirect). The kernel's rules (transit.h) log the first packet of a pair of addresses, at
 * most once per redirect timeout, to a group of NFLOG; this file owns the socket that listens.
 */
#ifndef DMVPN_KERNEL_TRIGGER_H
#define DMVPN_KERNEL_TRIGGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum { TRIGGER_GROUP = 4711, TRIGGER_SNAP_BYTES = 128 };

struct trigger_packet {
	int ifindex_in, ifindex_out; /* 0: unknown */
	uint64_t peer;               /* from the source MAC 02:…; 0: unknown */
	struct ipaddr nbma;          /* on kernel GRE: whom it came from; IP_NONE: unknown */
	const uint8_t *bytes;        /* from the IP header */
	size_t length;
};

/* The listening socket. fd or -errno. */
int trigger_open(void);
typedef void (*trigger_each)(void *arg, const struct trigger_packet *p);
/* Reads until there is nothing more. 0 or -errno; lost packets are no error. */
int trigger_read(int fd, trigger_each each, void *arg);

#endif
