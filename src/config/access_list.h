/*
 * access_list: the entries of an IPv4 access list, numbered or named, as values: for address
 * translation, and for who asks what a list takes in.
 */
#ifndef DMVPN_CONFIG_ACCESS_LIST_H
#define DMVPN_CONFIG_ACCESS_LIST_H

#include "config/config.h"

/* Host order; bits that are set in `wild` do not matter. "any": all of them are. */
struct access_address {
	uint32_t addr, wild;
};

enum { ACCESS_PORTS_MAX = 10 };

/* Ranges of ports; none: all. */
struct access_ports {
	size_t count;
	bool others; /* all but these: `neq` */
	struct { uint16_t low, high; } ranges[ACCESS_PORTS_MAX];
};

struct access_entry {
	bool permits;
	bool any_protocol;
	uint8_t protocol;        /* of IP; unless any_protocol */
	bool answers_only;       /* `established`: TCP with ACK or RST */
	struct access_address from, to;
	struct access_ports from_ports, to_ports;
	unsigned line;
};

struct access_list {
	bool defined;
	size_t count;
	struct access_entry *entries;
	/* The first entry with something that is not understood here; 0: none. Such entries are left out. */
	unsigned bad_line;
	char bad_word[32];
};

/* The caller gives it back with access_list_done(). false: out of memory. */
bool access_list_read(const struct config *c, const char *name, struct access_list *out);
void access_list_done(struct access_list *l);

/* What a packet is known to be; protocol -1: nothing is known but that it is IP. */
struct access_packet {
	struct ipaddr from, to; /* IP_NONE: not known; only "any" takes it in */
	int protocol;
};

/* The entry that decides; NULL: none takes the packet in. Entries about ports take in nothing. */
const struct access_entry *access_list_decides(const struct access_list *l, const struct access_packet *p);

#endif
