/* render: what the parts of render_frr share. Private to src/config. */
#ifndef DMVPN_CONFIG_RENDER_H
#define DMVPN_CONFIG_RENDER_H

#include "config/frr_template.h"
#include "config/render_frr.h"

struct render {
	const struct config *c;
	const struct frr_options *o;
	FILE *out;
	bool out_of_memory;
	/* The blocks that are carried; NULL when there is none. */
	const struct config_block *ospf, *ospf6, *eigrp, *rip;
	unsigned eigrp_as;
};

/* Matches canonical text again. false when it does not fit (then it is not carried). */
bool render_match(struct render *r, unsigned mode, const char *text, struct match *m);
/* The line by its template: written with the indent, or as "not carried". Lines without
 * a template are left to their own functions and skipped. */
void render_line(struct render *r, unsigned mode, const char *text, const char *indent);
void render_not_carried(struct render *r, const char *text);

/* Facts about a block that stands for one routing process. */
bool block_has(const struct config_block *b, const char *text); /* directly below the head, or the family of OSPFv3 */
bool block_passive(const struct config_block *b, const struct config_interface *i);
/* A `network` line of the block takes in this address (IOS's meaning: the address of the
 * interface lies in it). The line's index, or -1. */
int block_network(struct render *r, const struct config_block *b, const struct ipaddr *a);
const struct ipaddr *interface_address(const struct config_interface *i); /* primary IPv4 or NULL */
const struct config_address *interface_primary(const struct config_interface *i);
uint32_t interface_bandwidth_kbps(const struct config_interface *i);
uint32_t interface_delay_tens_us(const struct config_interface *i);
/* The BFD profile of sessions that say nothing themselves: what NHRP finds out reaches OSPF through them. */
#define FOLLOWING_PROFILE "nhrp-fall-over"
/* Has OSPF on this tunnel such a session with each neighbour, unless it has one that speaks? */
bool config_ospf_follows(const struct config_interface *i, const struct config_if_ospf *o);
/* Name of the BFD profile for this interface, or NULL. */
const char *interface_bfd(const struct config_interface *i);

void render_bgp(struct render *r, const struct config_block *b);
/* The process is the one that FRR runs in its VRF. */
bool render_is_ospf(const struct render *r, const struct config_block *b);
void render_ospf(struct render *r, const struct config_block *b);
void render_ospf_interface(struct render *r, const struct config_interface *i);
void render_ospf6(struct render *r);
void render_ospf6_interface(struct render *r, const struct config_interface *i);
void render_eigrp(struct render *r);
void render_eigrp_interface(struct render *r, const struct config_interface *i);
void render_eigrp_bgp(struct render *r);
/* OSPF's `redistribute eigrp`, where BGP carries EIGRP: the maps, and the line in its place (one for all of them). */
void render_ospf_from_eigrp_maps(struct render *r);
void render_ospf_from_eigrp(struct render *r, const char *text, bool *done);
void render_bfd(struct render *r);

/* The blocks of routing processes that FRR will run: the first of each kind. */
void render_choose(struct render *r);
/* The address-family line of named EIGRP (its index) or -1 for classic EIGRP. */
int eigrp_family(const struct config_block *b);
/* A line of EIGRP, or one that opens a family, for a VRF, IPv6 or services: nothing of the process that is carried, whose
 * family is the line eigrp_family(). */
bool eigrp_is_aside(const struct config_block *b, int family, size_t line);

#endif
