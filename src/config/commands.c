/* The list of all tables: which rows are known in which mode. */
#include "config/commands.h"

static const struct command_table tables[] = {
	{ MODE_SESSION, commands_session },
	{ MODE_GLOBAL, commands_global },
	{ MODE_GLOBAL, commands_nat },
	{ MODE_GLOBAL, commands_route },
	{ MODE_GLOBAL, commands_global_no_effect },
	{ MODE_INTERFACE, commands_interface },
	{ MODE_INTERFACE, commands_link },
	{ MODE_INTERFACE, commands_interface_ospf },
	{ MODE_TUNNEL, commands_tunnel },
	{ MODE_TUNNEL, commands_nhrp },
	{ MODE_TUNNEL, commands_interface },
	{ MODE_TUNNEL, commands_link },
	{ MODE_TUNNEL, commands_interface_ospf },
	{ MODE_VRF, commands_vrf },
	{ MODE_VRF_AF, commands_vrf_af },
	{ MODE_LINE, commands_line },
	{ MODE_GLOBAL, commands_crypto },
	{ MODE_BGP, commands_bgp },
	{ MODE_BGP_AF, commands_bgp_af },
	{ MODE_BGP_VRF, commands_bgp_vrf },
	{ MODE_OSPF, commands_ospf },
	{ MODE_OSPF6, commands_ospf6 },
	{ MODE_OSPF6_AF, commands_ospf6_af },
	{ MODE_EIGRP, commands_eigrp },
	{ MODE_EIGRP_AF, commands_eigrp_af },
	{ MODE_EIGRP_IF, commands_eigrp_if },
	{ MODE_EIGRP_TOPOLOGY, commands_eigrp_topology },
	{ MODE_RIP, commands_rip },
	{ MODE_ROUTE_MAP, commands_route_map },
	{ MODE_ACL, commands_acl },
	{ MODE_KEY_CHAIN, commands_key_chain },
	{ MODE_KEY, commands_key },
	{ MODE_BFD_TEMPLATE, commands_bfd_template },
	{ MODE_ISAKMP_POLICY, commands_isakmp_policy },
	{ MODE_KEYRING, commands_keyring },
	{ MODE_ISAKMP_PROFILE, commands_isakmp_profile },
	{ MODE_TRANSFORM_SET, commands_transform_set },
	{ MODE_IPSEC_PROFILE, commands_ipsec_profile },
	{ MODE_IKEV2_PROPOSAL, commands_ikev2_proposal },
	{ MODE_IKEV2_POLICY, commands_ikev2_policy },
	{ MODE_IKEV2_KEYRING, commands_ikev2_keyring },
	{ MODE_IKEV2_PEER, commands_ikev2_peer },
	{ MODE_IKEV2_PROFILE, commands_ikev2_profile },
	{ MODE_TRUSTPOINT, commands_trustpoint },
	{ MODE_CERT_CHAIN, commands_cert_chain },
	{ MODE_CERT_MAP, commands_cert_map },
	{ MODE_SLA, commands_sla },
	{ MODE_TRACK, commands_track },
};

const struct command_table *commands_all(size_t *count)
{
	*count = sizeof tables / sizeof tables[0];
	return tables;
}
