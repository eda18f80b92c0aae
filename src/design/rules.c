/* The rules: how grave, why, and where that is from. */
#include "design/design.h"

#define CISCO_DMVPN "Cisco DMVPN design guide"
#define CISCO_NHRP "Cisco NHRP command reference"
#define CISCO_SHARED "Cisco: sharing IPsec with tunnel protection"
#define IPSPACE "ipSpace.net on redundant DMVPN designs"
#define OURS "this project"

const struct design_rule design_rules[RULE_COUNT] = {
#define RULE(id, severity, source, reason) [RULE_##id] = { DESIGN_##severity, reason, source }
	RULE(NHS_OUTSIDE_SUBNET, BREAKS, "RFC 2332 5.2.3", "A server is asked by its tunnel address, which has to be on the tunnel."),
	RULE(NHS_WITHOUT_MAP, BREAKS, "RFC 2332 2.3", "The first registration has to be sent to an underlay address that is known beforehand."),
	RULE(NHS_OF_NOBODY, BREAKS, "RFC 2332 5.2.3", "Nobody answers the registration, or one who does not serve that address."),
	RULE(NHS_MISSING, BREAKS, "RFC 2332 5.2.3", "A spoke that does not register cannot be reached through the tunnel."),
	RULE(NBMA_OF_NOBODY, BREAKS, "RFC 2332 5.2.3", "Registrations go where nobody listens."),
	RULE(NBMA_OF_ANOTHER_ROUTER, BREAKS, "RFC 2332 5.2.3", "Registrations go to a router, or an address of it, where that tunnel does not start."),
	RULE(MULTICAST_MAP_MISSING, BREAKS, CISCO_DMVPN, "The routing protocol finds its neighbours by multicast, which NHRP sends only where a map says so."),
	RULE(NETWORK_ID_MISSING, BREAKS, CISCO_NHRP, "Without a network-id NHRP is off on the tunnel."),
	RULE(NETWORK_ID_SHARED, ADVICE, CISCO_NHRP, "Tunnels with one network-id on a router are one NHRP domain: shortcuts lead from one into the other."),
	RULE(AUTHENTICATION_MISMATCH, BREAKS, "RFC 2332 5.3.4", "NHRP packets with another string are dropped, by Cisco routers without a word."),
	RULE(AUTHENTICATION_TOO_LONG, BREAKS, CISCO_NHRP, "The string has at most eight characters, longer ones are refused."),
	RULE(KEY_MISMATCH, BREAKS, "RFC 2890 2.1", "Packets with another GRE key belong to another tunnel, and are dropped."),
	RULE(KEY_MISSING, ADVICE, IPSPACE, "Two multipoint tunnels on one source are told apart by their keys only, except among routers of this project."),
	RULE(MASK_MISMATCH, BREAKS, "RFC 2332 2.1", "Routers of one tunnel have to agree on who is on it."),
	RULE(TRANSPORT_MISMATCH, BREAKS, CISCO_DMVPN, "A tunnel runs over IPv4 or over IPv6."),
	RULE(DUPLICATE_ADDRESS, BREAKS, "RFC 2332 5.2.3", "Of two routers with one address the second to register is refused, or takes it away from the first."),
	RULE(TUNNEL_WITHOUT_ADDRESS, BREAKS, "RFC 2332 5.2.3", "What is registered is the tunnel's address."),
	RULE(PHASE_MIX, DEGRADES, IPSPACE, "Point-to-point and multipoint spokes behave differently, and only the latter talk directly."),
	RULE(PHASE1_SEVERAL_HUBS, ADVICE, IPSPACE, "Elsewhere a point-to-point tunnel has one far end; here it follows the best hub that lives."),
	RULE(SHORTCUT_WITHOUT_REDIRECT, DEGRADES, CISCO_DMVPN, "Spokes look for a shorter way only when a hub says that there is one."),
	RULE(REDIRECT_WITHOUT_SHORTCUT, DEGRADES, CISCO_DMVPN, "What the hub says of shorter ways is ignored, and traffic stays on it."),
	RULE(HUB_KNOWS_NO_PARTNER, DEGRADES, IPSPACE, "A question about a spoke of another hub can only be passed on to a hub that is known."),
	RULE(UNIQUE_WITH_DYNAMIC_ADDRESS, DEGRADES, "RFC 2332 5.2.3", "A unique registration may not be replaced from another address while it holds."),
	RULE(REGISTRATION_SLOWER_THAN_HOLDTIME, BREAKS, "RFC 2332 5.2.3", "The registration expires before it is refreshed."),
	RULE(TIMERS_TOO_SLOW, ADVICE, IPSPACE, "There is another hub to go to, and it takes long until the spoke knows; among routers of this project probes find out within a second."),
	RULE(MAX_SEND_TOO_LOW, DEGRADES, CISCO_NHRP, "Requests and replies both count, and what exceeds the limit is dropped."),
	RULE(IF_STATE_ON_HUB, BREAKS, "Cisco: DMVPN tunnel health monitoring", "The tunnel is up as long as a server answers, and a hub has none."),
	RULE(BFD_MISMATCH, PRACTICE, "RFC 5880 6.1", "BFD watches a path only when both ends run it."),
	RULE(PROTECTION_MISMATCH, BREAKS, "RFC 7296 2.7", "The two ends do not agree on IPsec, and the tunnel does not come up between them."),
	RULE(PROFILE_NOT_SHARED, ADVICE, CISCO_SHARED, "On Cisco routers tunnels of one source need one shared profile; here two routers have one session, whatever the number of tunnels."),
	RULE(IKE_PEER_NOT_COVERED, BREAKS, "RFC 7296 2.15", "Who is not covered by key or identity is refused by IKE."),
	RULE(IKE_IDENTITY_HUB_ONLY, DEGRADES, "draft-detienne-dmvpn 4.10", "Spokes need sessions with each other, or all their traffic stays on the hub for ever."),
	RULE(ROUTE_VIA_WITH_PROTECTION, BREAKS, IPSPACE, "The two do not work together; a VRF for each uplink does."),
	RULE(MTU_MISMATCH, DEGRADES, "RFC 2328 10.6", "What one end takes for small enough the other cannot send; OSPF does not even come up."),
	RULE(MTU_TOO_LARGE, DEGRADES, "RFC 4459 3.4", "Packets are cut, which costs throughput, and is lost altogether where fragments are dropped."),
	RULE(MSS_MISSING, PRACTICE, "RFC 4459 3.2", "TCP has to find out by itself, by messages that many networks drop."),
	RULE(MSS_TOO_LARGE, PRACTICE, "RFC 4459 3.2", "Full segments do not fit and are cut or dropped."),
	RULE(ROUTING_MISMATCH, BREAKS, CISCO_DMVPN, "The two ends never become neighbours, so that no routes are exchanged."),
	RULE(ROUTING_AUTHENTICATION_MISMATCH, BREAKS, "RFC 2328 D", "Packets of a routing protocol with another key are dropped."),
	RULE(EIGRP_AS_MISMATCH, BREAKS, "RFC 7868 6.3", "EIGRP routers of different autonomous systems do not become neighbours."),
	RULE(SPLIT_HORIZON, BREAKS, "RFC 7868 4.3", "What was learnt through the tunnel is not announced there again, and all spokes are behind one tunnel."),
	RULE(EIGRP_STUB_HUB, BREAKS, "RFC 7868 5.4.3", "A stub announces its own networks, and none that it has learnt."),
	RULE(NEXT_HOP_SELF, DEGRADES, IPSPACE, "In phase 2 a spoke asks for the next hop of a route, which has to be the other spoke."),
	RULE(SUMMARY_IN_PHASE2, DEGRADES, IPSPACE, "The next hop of a summary is the hub, so that nobody asks for the spoke behind it."),
	RULE(OSPF_NETWORK_TYPE, BREAKS, "RFC 2328 9.5", "Routers that describe a network differently, or expect one neighbour where there are many, do not exchange routes."),
	RULE(OSPF_SPOKE_MAY_BE_DR, BREAKS, "RFC 2328 9.4", "The designated router has to hear everybody, and a spoke hears the hubs only."),
	RULE(OSPF_NO_DR, BREAKS, "RFC 2328 9.4", "Without a designated router no adjacency forms."),
	RULE(OSPF_AREA_MISMATCH, BREAKS, "RFC 2328 10.5", "Neighbours have to agree on the area and its kind."),
	RULE(OSPF_TIMERS_MISMATCH, BREAKS, "RFC 2328 10.5", "Neighbours have to agree on hello and dead interval."),
	RULE(OSPF_TOO_MANY_SPOKES, ADVICE, IPSPACE, "Every spoke of a tunnel holds the database of the whole area; a hundred or two is where that ends."),
	RULE(DUPLICATE_ROUTER_ID, BREAKS, "RFC 2328 C.1, RFC 6286", "Of two routers with one id one is ignored, or both overwrite each other."),
	RULE(NETWORK_NOT_ANNOUNCED, ADVICE, OURS, "What nobody announces cannot be reached from other sites, which may be meant so."),
	RULE(BGP_AS_MISMATCH, BREAKS, "RFC 4271 6.2", "The session is refused: bad peer AS."),
	RULE(BGP_LISTEN_RANGE, BREAKS, "RFC 4271 8.2.1", "A session from an unknown address is refused."),
	RULE(BGP_NOT_REFLECTED, BREAKS, "RFC 4456 6", "What came from an internal neighbour is told to another one only by a route reflector."),
	RULE(BGP_ONE_AS, BREAKS, "RFC 4271 9.1.2", "A route with one's own autonomous system in its path is a loop, and refused."),
	RULE(RECURSIVE_ROUTING, BREAKS, CISCO_DMVPN, "A tunnel whose own packets are routed into it goes down, and comes up again when the route is gone."),
	RULE(DEFAULT_ROUTE_WITHOUT_FVRF, DEGRADES, IPSPACE, "The Internet's default route carries the tunnel, the overlay's is for what is inside: one table holds one."),
	RULE(ONE_DEFAULT_TWO_UPLINKS, BREAKS, IPSPACE, "A provider drops packets that come with another provider's address."),
	RULE(INTER_VRF_ROUTE_WITHOUT_INTERFACE, BREAKS, "Cisco IP routing command reference", "A gateway is looked for in the route's own VRF, unless the interface is named."),
	RULE(STATIC_ROUTE_WITHOUT_IF_STATE, DEGRADES, IPSPACE, "A tunnel stays up when its hub is dead, and so does the route."),
	RULE(SOURCE_SHUT, BREAKS, CISCO_DMVPN, "A tunnel is down with its source."),
	RULE(SOURCE_WITHOUT_ADDRESS, BREAKS, CISCO_DMVPN, "A tunnel's packets need a source address."),
	RULE(TUNNEL_VRF_MISSING, BREAKS, "Cisco: VRF-aware tunnels", "A tunnel's own packets are routed in the VRF of tunnel vrf, which has to be its source's."),
	RULE(VRF_ROUTE_MISSING, BREAKS, "Cisco: VRF-aware tunnels", "A packet is routed in the VRF that it came in by, a tunnel's own in that of tunnel vrf; the global table's routes are none there."),
	RULE(OVERLAPPING_UPLINKS, BREAKS, "RFC 1812 2.2.5", "Of two interfaces with overlapping subnets in one table only one is used, and IOS refuses the second; here one address in two VRFs cannot be told apart by IKE, either."),
	RULE(NAT_CATCHES_TUNNEL, DEGRADES, CISCO_DMVPN, "A translated packet is not recognised at the far end, or has another site's address."),
	RULE(DANGLING_REFERENCE, PRACTICE, OURS, "What a name that is defined nowhere stands for depends on the make and the place."),
	RULE(METERED_UPLINK_TRAFFIC, PRACTICE, OURS, "A metered uplink is paid for by what it carries, and a tunnel that only stands by carries its keepalives all day."),
	RULE(CLUSTERS_MISSING, ADVICE, "Cisco: DMVPN backup NHS", "Of servers without clusters the best are kept wherever they stand, and with a site all of its servers are lost."),
	RULE(REDIRECT_LOST_BETWEEN_HUBS, ADVICE, IPSPACE, "A hub redirects what leaves by the tunnel that it came in by, and what goes to the other hub beside it does not."),
	RULE(GROUP_WITHOUT_POLICY, DEGRADES, "Cisco: per-tunnel QoS for DMVPN", "A spoke whose group the hub does not know is sent as much as the hub can, whatever its line takes."),
	RULE(IKE_LIMIT_TOO_LOW, DEGRADES, "Cisco: call admission control for IKE", "Who calls when the limit is reached is refused, and stays without the tunnel."),
	RULE(SUMMARY_MAP_MISSING, ADVICE, "Cisco: NHRP summary maps", "Each network is asked for by itself, and costs every spoke that talks with it a question and an entry."),
#undef RULE
};

static const char *const names[RULE_COUNT] = {
#define X(id, name) [RULE_##id] = name,
	RULES(X)
#undef X
};

const char *design_rule_name(enum design_rule_id rule)
{
	return names[rule];
}

void design_judge(struct design *d)
{
	rules_nhrp(d);
	rules_tunnel(d);
	rules_redundancy(d);
	rules_ipsec(d);
	rules_mtu(d);
	rules_eigrp(d);
	rules_ospf(d);
	rules_bgp(d);
	rules_routing(d);
	rules_underlay(d);
	rules_nat(d);
	rules_names(d);
	rules_idle(d);
	rules_hubs(d);
	rules_sites(d);
	design_sort(d);
}
