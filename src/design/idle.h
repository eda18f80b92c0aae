/*
 * idle: what goes over a spoke's uplink in a day on which nobody sends anything, in both directions, for one tunnel:
 * registrations, probes, BFD, dead peer detection, new keys, NAT keepalives, and the keepalives of routing.
 *
 * Octets are those of whole IP packets on the uplink. Where the files leave it open the larger figure is taken: as if
 * a NAT were in between (UDP around ESP, a keepalive whenever 20 s are silent), CBC ciphers with their padding, and each TCP segment acknowledged by
 * itself. What comes of nothing but change is not in it: routes, shortcuts, a tunnel that begins.
 */
#ifndef DMVPN_DESIGN_IDLE_H
#define DMVPN_DESIGN_IDLE_H

#include "design/design.h"

enum idle_kind { IDLE_REGISTRATION, IDLE_PROBE, IDLE_BFD, IDLE_BGP, IDLE_HELLO, IDLE_DPD, IDLE_KEYS, IDLE_NAT, IDLE_KINDS };

enum { IDLE_OCTETS_MAX = 1000000 /* a day: what a metered uplink may cost */ };

struct idle {
	double every_s[IDLE_KINDS];    /* between two exchanges; 0: there are none */
	uint64_t octets[IDLE_KINDS];   /* a day */
};

/*
 * Of a member that registers with somebody. resting: as `nhrp warm` has it; else as it is while traffic may need it. Far ends that are
 * not in the design are taken to say what this one says.
 */
struct idle idle_of(const struct design *d, const struct design_member *m, bool resting);
uint64_t idle_total(const struct idle *i); /* octets a day */
enum idle_kind idle_largest(const struct idle *i);
const char *idle_name(enum idle_kind kind);   /* "registrations" … */
const char *idle_remedy(enum idle_kind kind); /* what makes it less */

#endif
