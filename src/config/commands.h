/* commands: the tables of rows, one array per file. Private to src/config. */
#ifndef DMVPN_CONFIG_COMMANDS_H
#define DMVPN_CONFIG_COMMANDS_H

#include "config/grammar.h"

extern const struct command commands_session[];
extern const struct command commands_global[];
extern const struct command commands_global_no_effect[];
extern const struct command commands_nat[];
extern const struct command commands_route[];
extern const struct command commands_interface[];
extern const struct command commands_link[];
extern const struct command commands_interface_ospf[];
extern const struct command commands_tunnel[];
extern const struct command commands_nhrp[];
extern const struct command commands_vrf[];
extern const struct command commands_vrf_af[];
extern const struct command commands_line[];
extern const struct command commands_crypto[];
extern const struct command commands_bgp[];
extern const struct command commands_bgp_af[];
extern const struct command commands_bgp_vrf[];
extern const struct command commands_ospf[];
extern const struct command commands_ospf6[];
extern const struct command commands_ospf6_af[];
extern const struct command commands_eigrp[];
extern const struct command commands_eigrp_af[];
extern const struct command commands_eigrp_if[];
extern const struct command commands_eigrp_topology[];
extern const struct command commands_rip[];
extern const struct command commands_route_map[];
extern const struct command commands_acl[];
extern const struct command commands_key_chain[];
extern const struct command commands_key[];
extern const struct command commands_bfd_template[];
extern const struct command commands_isakmp_policy[];
extern const struct command commands_keyring[];
extern const struct command commands_isakmp_profile[];
extern const struct command commands_transform_set[];
extern const struct command commands_ipsec_profile[];
extern const struct command commands_ikev2_proposal[];
extern const struct command commands_ikev2_policy[];
extern const struct command commands_ikev2_keyring[];
extern const struct command commands_ikev2_peer[];
extern const struct command commands_ikev2_profile[];
extern const struct command commands_trustpoint[];
extern const struct command commands_cert_chain[];
extern const struct command commands_cert_map[];
extern const struct command commands_sla[];
extern const struct command commands_track[];

#endif
