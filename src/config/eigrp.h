/*
 * eigrp: what a configuration says of EIGRP for IPv4, classic or named, outside of VRFs; and who is
 * whose neighbour in a folder of configurations.
 *
 * eigrpd does a part of it. Where a lab needs the rest, the same intent is carried by BGP
 * (render_eigrp.c), which cannot speak to a Cisco router's EIGRP.
 */
#ifndef DMVPN_CONFIG_EIGRP_H
#define DMVPN_CONFIG_EIGRP_H

#include "config/config.h"

struct eigrp_process { /* all zero: before the first */
	const struct config_block *block;
	unsigned as;
	uint32_t family; /* index of the address-family line; UINT32_MAX: classic */
	size_t next;     /* where eigrp_next() goes on */
};

/* The next process of the file; false when there is none. */
bool eigrp_next(const struct config *c, struct eigrp_process *p);

/* The next line from *at on that speaks of the process as a whole (its family, its topology); NULL at the end. */
const struct config_block_line *eigrp_line(const struct eigrp_process *p, size_t *at);

/* What the process says of one interface: defaults of the family first, then its own lines. */
struct eigrp_interface {
	bool passive, split_horizon, next_hop_self, stub_site;
	unsigned hello_s, hold_s;
	const char *authentication; /* "md5", "hmac-sha-256 …"; NULL: none */
	const char *key_chain;      /* or NULL */
	size_t summary_count;
	struct ipprefix *summaries; /* owned: eigrp_interface_done() */
};

/* 0 or -ENOMEM. */
int eigrp_interface_read(const struct eigrp_process *p, const struct config_interface *i, struct eigrp_interface *out);
void eigrp_interface_done(struct eigrp_interface *i);

/* The first key of a key chain, "" when there is none; chain may be NULL. A secret. */
const char *eigrp_key(const struct config *c, const char *chain);

/* Does EIGRP run there: a `network` line takes its address in, and it belongs to no VRF. */
bool eigrp_runs_on(const struct eigrp_process *p, const struct config_interface *i);

/* Is there anything in the file that eigrpd would do otherwise than it says? */
bool eigrp_wants_bgp(const struct config *c);

/* A router that EIGRP would find on an interface, or would not, and why. */
struct eigrp_neighbour {
	const struct config *router;
	const struct config_interface *here, *there;
	unsigned as;
	struct ipaddr address; /* of the other one */
	const char *why_not;   /* NULL: they are neighbours */
	bool assumed;          /* one of them sends multicast only by the defaults of a release that is not named */
};

struct eigrp_neighbours {
	size_t count;
	struct eigrp_neighbour *list; /* owned; what it points to is not */
	uint32_t number;              /* of the router among all: its private AS number */
};

/* Neighbours of all[which] among the others. 0 or -ENOMEM. */
int eigrp_neighbours_find(size_t count, const struct config *const *all, size_t which, struct eigrp_neighbours *out);
void eigrp_neighbours_done(struct eigrp_neighbours *n);

/*
 * What BGP does in place of each line, one line of text for each: "FILE:LINE: network … -> …",
 * then the neighbours. prefix stands before each ("! " in FRR's file).
 */
void eigrp_mapping_write(const struct config *c, const struct eigrp_neighbours *n, const char *prefix, FILE *out);

#endif
