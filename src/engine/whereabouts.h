/*
 * whereabouts: which endpoint somebody is at of whom others say what address he has outside of his NAT. Behind it there
 * may be several, each with an IPsec session of his own (ipaddr.h, `site`), and what a hub hands on does not say whose is
 * whose: packets sent by another's session would come out at that one. Who was heard himself is where he was heard from.
 */
#ifndef DMVPN_ENGINE_WHEREABOUTS_H
#define DMVPN_ENGINE_WHEREABOUTS_H

#include <stdbool.h>

#include "base/ipaddr.h"

struct overlay;

/*
 * `claimed` is the address that he himself has, `proto` his overlay address. false: at that address is somebody else as far as is
 * known, so that nothing may be sent there for him until he is heard from; *out is not to be used.
 */
bool whereabouts(const struct overlay *o, const struct ipaddr *proto, const struct ipaddr *outside, const struct ipaddr *claimed,
		 struct endpoint *out);

#endif
