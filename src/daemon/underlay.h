/*
 * underlay: the machine's links and addresses as the kernel last told them, the gateways that leases brought, and
 * the question that a tunnel asks of them: where is my tunnel source?
 */
#ifndef DMVPN_DAEMON_UNDERLAY_H
#define DMVPN_DAEMON_UNDERLAY_H

#include "base/ipaddr.h"
#include "kernel/monitor.h"

struct underlay_link {
	int ifindex;
	char name[16];
	int master; /* ifindex of its VRF or bridge; 0: none */
	bool up, running, seen;
};

struct underlay_address {
	int ifindex;
	struct ipaddr addr;
	struct ipaddr far; /* of `address … peer …`; IP_NONE: none */
	uint8_t prefix_len;
	bool secondary, deprecated, no_prefix_route, seen;
};

/* A default route that somebody else than a routing program or us has set: a DHCP client, whose table is its own choice. */
struct underlay_gateway {
	int ifindex;
	uint32_t table;
	struct ipaddr addr;
	bool seen;
};

struct underlay {
	size_t link_count, address_count, gateway_count;
	struct underlay_link *links;
	struct underlay_gateway *gateways; /* the latest last */
	struct underlay_address *addresses; /* in the order that the kernel told them */
};

void underlay_init(struct underlay *u);
void underlay_done(struct underlay *u);

/* Takes a change; answers whether anything became different, an address's standing too. With its link down a gateway is forgotten. */
bool underlay_take(struct underlay *u, const struct change *c);

const struct underlay_link *underlay_find(const struct underlay *u, const char *name);
const struct underlay_link *underlay_find_index(const struct underlay *u, int ifindex);

/* The gateway that a lease brought to the interface; false: none is known. */
bool underlay_gateway(const struct underlay *u, int ifindex, enum ip_family family, struct ipaddr *gateway);

/*
 * The source address: of an interface by name, else the address given. Of several: one that is not deprecated before one
 * that is, then a stable (primary) before a temporary (secondary) one, then the one known longest. NULL and *addr set,
 * or the reason why there is none ("interface Gi0-0 is down"), valid until the next call.
 */
const char *underlay_source(const struct underlay *u, const char *interface, const struct ipaddr *given,
			    enum ip_family family, struct ipaddr *addr);

#endif
