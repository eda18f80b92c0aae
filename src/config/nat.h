/*
 * nat: what the `ip nat …` lines of a configuration amount to. IPv4 only, as the lines are.
 *
 * A dynamic rule translates what comes in by an inside interface, leaves by an outside one, and is taken in by one of
 * its terms. What is translated to an interface's address is so only where it leaves by that interface, and an
 * address out of an uplink's network is used on that uplink only: so no packet leaves with another uplink's address.
 * Tunnels are never an outside: what enters one is not translated.
 */
#ifndef DMVPN_CONFIG_NAT_H
#define DMVPN_CONFIG_NAT_H

#include "config/access_list.h"

enum { NAT_LISTS_MAX = 8, NAT_OUTS_MAX = 8 };

/* A list, or one entry of a route-map: all kinds that it names have to fit, of each kind one. */
struct nat_term {
	bool permits; /* else what fits is left alone by this rule */
	unsigned sequence;
	size_t list_count, next_hop_count, out_count;
	struct access_list lists[NAT_LISTS_MAX];      /* of addresses */
	struct access_list next_hops[NAT_LISTS_MAX];  /* their sources: the next hop that the packet goes to */
	const struct config_interface *outs[NAT_OUTS_MAX];
};

struct nat_rule {
	char *text; /* as the file has it, in full words */
	unsigned line;
	bool anyhow;   /* a static one without route-map: there are no terms */
	size_t term_count;
	struct nat_term *terms;
	bool by_vrf_of_inside; /* `vrf NAME` was given */
	uint32_t vrf;          /* of its inside interfaces */
	bool either_way;       /* `ip nat source`: between interfaces that say `ip nat enable` */
	const struct config_interface *interface; /* its address; or NULL: */
	struct ipaddr first, last;                /* these addresses; of a static one `first` alone */
	const struct config_interface *home;      /* the outside interface in whose network they are; NULL: none */
	/* A static one: */
	bool is_static;
	uint8_t protocol;       /* 0: all */
	struct ipaddr inside;
	uint16_t inside_port, port; /* of the two sides; with a protocol */
	uint8_t len;            /* of a whole network; else 32 */
};

struct nat {
	size_t rule_count;
	struct nat_rule *rules; /* static ones first, then in the order of the file */
	unsigned fault_line;    /* of the first line that cannot be done; 0: none */
	char fault[160];
	unsigned idle_line;     /* of the first that translates nothing, for want of what it names; 0: none */
	const char *idle;       /* why; static */
};

/* NULL: out of memory. It borrows interfaces from c, which has to outlive it. */
struct nat *nat_new(const struct config *c);
void nat_free(struct nat *n); /* NULL is fine */

bool nat_is_inside(const struct config_interface *i);
bool nat_is_outside(const struct config_interface *i);
bool nat_is_either(const struct config_interface *i); /* `ip nat enable` */

/* An outside interface that carries a tunnel, or whose address stands for others: nothing private belongs there. */
bool nat_is_uplink(const struct config *c, const struct nat *n, const struct config_interface *i);

/* A translation refers to this access list, itself or by a route-map. */
bool nat_uses_list(const struct config *c, const char *name);

#endif
