/*
 * plan: what a folder of router configurations implies about the network around them.
 *
 * Pure: configurations in, plan out. Interfaces that share a subnet become one segment.
 * A segment nobody shares is an uplink to the "internet" node when a tunnel starts on it
 * or a static route leaves through it; otherwise it is a LAN and gets one probe host.
 * The internet node forwards between its uplinks and owns every ISP next hop. What addresses
 * cannot say (NAT boxes, loss, further hosts) stands in lab.conf (lab_conf.h).
 */
#ifndef DMVPN_LAB_PLAN_H
#define DMVPN_LAB_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipaddr.h"
#include "config/config.h"
#include "lab/lab_conf.h"

enum lab_role { LAB_PLAIN, LAB_SPOKE, LAB_HUB };
enum lab_segment_kind { SEGMENT_LINK, SEGMENT_UPLINK, SEGMENT_LAN };
enum lab_node { NODE_ROUTER, NODE_HOST, NODE_INTERNET, NODE_NAT };

enum {
	LAB_TABLE_OF_VRF = 1000,  /* routing table of VRF n is LAB_TABLE_OF_VRF + n */
	LAB_NAME_MAX = 48,        /* of a router or a lab, with the final NUL */
};

#define LAB_NAT_OUTSIDE "wan" /* a NAT box's interface to the internet node */

struct lab_address {
	struct ipaddr addr;
	uint8_t len;
};

/* One end of a segment. Addresses are those the lab sets: the router's own from its
 * configuration (or handed out for `ip address dhcp`), the host's, the ISP next hops. */
struct lab_port {
	enum lab_node node;
	size_t index;       /* of the router, host or NAT box */
	size_t interface;   /* NODE_ROUTER: index into the configuration's interfaces */
	char ifname[16];    /* the kernel's, inside the node */
	uint32_t vrf;
	size_t address_count;
	struct lab_address *addresses;
};

struct lab_segment {
	enum lab_segment_kind kind;
	size_t port_count;
	struct lab_port *ports;
};

struct lab_router {
	char name[LAB_NAME_MAX]; /* the file's name without its ending */
	const struct config *config; /* borrowed */
	enum lab_role role;
	size_t expected; /* registrations it should hold */
};

struct lab_host {
	char name[LAB_NAME_MAX + 40];
	size_t router;
	size_t segment;
	struct lab_address v4, v6;       /* IP_NONE: not on this LAN */
	struct ipaddr gateway4, gateway6;
	bool added; /* by lab.conf: the LAN has another */
};

struct lab_member { /* an interface behind a NAT box */
	size_t router, interface;
};

/* A box between the uplinks of its members and the internet node: all of them leave with its
 * one address, and nothing comes in that none of them asked for. Named nat1, nat2, … */
struct lab_nat {
	size_t member_count;
	struct lab_member *members;
	struct ipaddr address;
	const struct lab_conf_line *line; /* borrowed from the plan's conf */
};

/* Packets lost on a cable to the internet, in each direction, by its far end. */
struct lab_loss {
	size_t router, segment;
	unsigned hundredths; /* of a percent */
};

/* A route the lab itself sets: on the internet node or a NAT box, or what a provider hands out to a router. */
struct lab_route {
	enum lab_node node;
	size_t index;
	uint32_t vrf;
	struct ipprefix dst;
	struct ipaddr gateway; /* IP_NONE: out of the interface */
	char ifname[16];       /* "" when the gateway says it all */
};

struct lab_plan {
	size_t router_count;
	struct lab_router *routers;
	size_t host_count;
	struct lab_host *hosts;
	size_t segment_count;
	struct lab_segment *segments;
	size_t route_count;
	struct lab_route *routes;
	size_t nat_count;
	struct lab_nat *nats;
	size_t loss_count;
	struct lab_loss *losses;
	bool internet; /* is there an internet node */
	size_t note_count;
	char **notes;  /* what its owner should know: a tunnel source without a way out … */
};

/* names[i] is the file name (with or without folder and ending) of configs[i]. They, and conf
 * (NULL: none), are borrowed for the plan's life. NULL, with the reason, only when conf does
 * not fit. */
struct lab_plan *lab_plan_new(size_t count, const struct config *const *configs, const char *const *names,
			      const struct lab_conf *conf, char *error, size_t size);
void lab_plan_free(struct lab_plan *plan);

/* The router's segment on that interface (its kernel name, as "Gi0-1") if it leads to the internet, or NULL. */
const struct lab_segment *lab_plan_way_out_by(const struct lab_plan *plan, size_t router, const char *ifname);

/* The router's end of a segment, or NULL. */
const struct lab_port *lab_segment_port(const struct lab_segment *s, enum lab_node node, size_t index);
/* The end that leads on to the internet: the internet node's or a NAT box's; NULL: neither. */
const struct lab_port *lab_segment_way_out(const struct lab_segment *s);
/* The router that owns an address (underlay, overlay or LAN); false when nobody does. */
bool lab_plan_owner(const struct lab_plan *plan, const struct ipaddr *addr, size_t *router);
/* The first segment through which the router's tunnels leave; NULL when it has none. */
const struct lab_segment *lab_plan_uplink(const struct lab_plan *plan, size_t router);
/* The router's first link to another router that no tunnel starts on; else its LAN; NULL. */
const struct lab_segment *lab_plan_inside(const struct lab_plan *plan, size_t router);
/* Routers and NAT boxes by name; false when there is none. */
bool lab_plan_router(const struct lab_plan *plan, const char *name, size_t *router);
bool lab_plan_nat(const struct lab_plan *plan, const char *name, size_t *nat);

#endif
