/*
 * render_nhrpd: the NHRP of a router's tunnels in the language of FRR's nhrpd, for an nhrpd.conf.
 * Its routing is render_frr's; tunnel devices and the packet filter's rules are their owner's
 * (docs/interop.md), since FRR makes neither.
 *
 * nhrpd takes only host addresses of a tunnel device. What the rest of the tunnel's subnet was for, the way
 * to spokes by a hub, is a static route for staticd: config_nhrpd_routes().
 */
#ifndef DMVPN_CONFIG_RENDER_NHRPD_H
#define DMVPN_CONFIG_RENDER_NHRPD_H

#include <stdio.h>

#include "config/config.h"

/* NFLOG groups by which nhrpd is told: of what hairpins through a tunnel, and of multicast into one. */
enum { NHRPD_REDIRECT_GROUP = 1, NHRPD_MULTICAST_GROUP = 2 };

/* What nhrpd has no word for is written as a comment "! not carried: …". 0, or -EIO. */
int config_render_nhrpd(const struct config *c, FILE *out);
/* frr.conf's lines for it. 0, or -EIO. */
int config_nhrpd_routes(const struct config *c, FILE *out);

#endif
