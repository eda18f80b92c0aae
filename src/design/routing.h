/*
 * routing: which routing processes run on a tunnel, from the blocks kept for the routing daemons.
 * BGP, which runs between addresses, is asked for by address (bgp.h). Private to src/design.
 */
#ifndef DMVPN_DESIGN_ROUTING_H
#define DMVPN_DESIGN_ROUTING_H

#include "design/design.h"

enum routing_kind { ROUTING_EIGRP, ROUTING_OSPF, ROUTING_RIP };

struct routing {
	enum routing_kind kind;
	const struct config_block *block; /* NULL: OSPF by interface lines only */
	uint32_t family;  /* EIGRP: line index of the address family in the block; UINT32_MAX: classic */
	unsigned number;  /* process or autonomous system */
	unsigned line;    /* that puts it onto the tunnel */
	bool passive;     /* announces the tunnel's subnet, and speaks to nobody there */
	char area[24];    /* OSPF, as written */
};

enum { ROUTING_MAX = 8 };

/* Those that run on the interface, for that family; answers how many. */
size_t routing_on(const struct config *c, const struct config_interface *i, enum ip_family family, struct routing out[ROUTING_MAX]);
/* The same of a member. */
size_t routing_of(const struct design *d, const struct design_member *m, struct routing out[ROUTING_MAX]);
/* The process also takes in that interface (its networks, or its own lines). */
unsigned routing_takes(const struct config *c, const struct routing *r, const struct config_interface *i);
/* Name of a protocol that speaks by multicast on the tunnel; NULL: none does. */
const char *routing_by_multicast(const struct design *d, const struct design_member *m);
const char *routing_name(enum routing_kind kind);

/* A line of named EIGRP's `af-interface` for the tunnel, or of its default; NULL: in neither. */
const struct config_block_line *eigrp_interface_line(const struct routing *r, const struct config_interface *i, const char *words);
unsigned eigrp_section_line(const struct routing *r, const struct config_interface *i); /* of its `af-interface`; 0 */

#endif
