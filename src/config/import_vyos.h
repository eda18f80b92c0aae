/* import_vyos: what the files of VyOS's import share. Private to src/config. */
#ifndef DMVPN_CONFIG_IMPORT_VYOS_H
#define DMVPN_CONFIG_IMPORT_VYOS_H

#include "config/import.h"

extern const struct import_rule vyos_ipsec[];

/* The protection of tunnels: profiles with their groups, in the order of the profiles. */
void vyos_ipsec_survey(struct import *x);
/* Static routes, BGP, OSPF and their policies. false: the path is none of them. */
bool vyos_routing(struct import *x, const struct import_path *p);
/* Node of `interfaces tunnel NAME`; IMPORT_NONE: there is none. */
uint32_t vyos_tunnel(const struct import *x, const char *name);

#endif
