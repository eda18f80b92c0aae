/*
 * plan_make: the hands that build a plan, shared by plan.c and plan_conf.c.
 */
#ifndef DMVPN_LAB_PLAN_MAKE_H
#define DMVPN_LAB_PLAN_MAKE_H

#include "lab/plan.h"

bool plan_is_loopback(const struct config_interface *i);
/* Does the interface take part in the underlay: a cable goes out of it. */
bool plan_has_cable(const struct config_interface *i);
bool plan_is_tunnel_source(const struct config *c, const struct config_interface *i);

/* What they return is valid until the next of its kind is added. */
struct lab_port *plan_add_port(struct lab_segment *s, enum lab_node node, size_t index, const char *ifname);
void plan_add_address(struct lab_port *p, struct ipaddr addr, uint8_t len);
struct lab_route *plan_add_route(struct lab_plan *plan, enum lab_node node, size_t index, uint32_t vrf,
				 struct ipprefix dst, struct ipaddr gateway, const char *ifname);
/* The internet node's port of the segment, made at the first call. */
struct lab_port *plan_internet_port(struct lab_plan *plan, struct lab_segment *s);
/* All addresses on the segment: malloc'd, the caller frees. */
size_t plan_used_addresses(const struct lab_segment *s, struct ipaddr **used);

#endif
