/*
 * bgp: one router's idea of a neighbour, by its address: an own line, or a listen range. Private
 * to src/design.
 */
#ifndef DMVPN_DESIGN_BGP_H
#define DMVPN_DESIGN_BGP_H

#include "design/design.h"

struct bgp_peer {
	const struct config_block *block;
	char address[IPADDR_TEXT_MAX];
	char group[64];       /* peer group; "" */
	char remote_as[64];   /* "" not given; "internal", "external" */
	unsigned line;        /* of the neighbour or of the range */
	unsigned remote_line; /* of remote-as; 0 */
	bool by_range;
};

const struct config_block *bgp_block(const struct config *c); /* NULL: no BGP */
const char *bgp_as(const struct config_block *b);             /* the number as written */
bool bgp_same_as(const char *a, const char *b);               /* 65546 is 1.10 */
bool bgp_peer(const struct config *c, const struct ipaddr *addr, struct bgp_peer *out);
/* `neighbor X WORDS…` for the neighbour or its group, in any address family; NULL: none. */
const struct config_block_line *bgp_says(const struct bgp_peer *p, const char *words);
/* The router tells of a prefix that stands for many: a default route, an aggregate, a discard route. */
bool bgp_summarises(const struct config *c, const struct bgp_peer *p);
/* One of the two means a session with the other, through the tunnel. */
bool bgp_between(const struct design *d, const struct design_member *a, const struct design_member *b);

#endif
