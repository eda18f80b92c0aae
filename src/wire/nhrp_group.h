/*
 * nhrp_group: the group that a client says it belongs to, in a Vendor Private extension (RFC 2332 5.3.7).
 *
 * How Cisco's routers write theirs has not been published. Ours has a locally administered identifier, so that it is nobody
 * else's, and is not compulsory, so that others pass over it:
 *    vendor id 24: 02-44-4d | 1 8: a group | octets of the name 8 | name
 */
#ifndef DMVPN_WIRE_NHRP_GROUP_H
#define DMVPN_WIRE_NHRP_GROUP_H

#include "wire/nhrp.h"

enum { NHRP_GROUP_NAME_MAX = 64, NHRP_GROUP_OCTETS = 5 + NHRP_GROUP_NAME_MAX };

/* Appends it; `room` has to last until the message is encoded. false: the name is empty or too long, or there is no room. */
bool nhrp_group_add(struct nhrp_message *m, const char *name, uint8_t room[NHRP_GROUP_OCTETS]);
/* The name that a message carries, of printable characters without spaces. false: it carries none. */
bool nhrp_group_find(const struct nhrp_message *m, char name[NHRP_GROUP_NAME_MAX + 1]);

#endif
