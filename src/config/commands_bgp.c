/* router bgp, as far as FRR's bgpd carries it. Templates that begin with "@" belong to
 * the address family: IOS lets them stand outside for IPv4 unicast. */
#include "config/commands.h"
#include "config/reading.h"

#define PASSWORD7 "write the password in clear: encrypted ones are not read"

#define REDISTRIBUTE_END " [metric <0-4294967295>] [route-map <word>] [metric <0-4294967295>]"

/* IOS takes OSPF's internal routes unless told otherwise; FRR cannot tell them apart there. */
#define ALL_OF_OSPF "FRR takes external routes of OSPF along; a route-map by prefix or tag keeps them out"

#define FAMILY_ROWS \
	{ "network <ip> mask <mask> [route-map <word>]", HONOURED, .frr = "@network $1/2{route-map}" }, \
	{ "network <ip> [route-map <word>]", HONOURED, .frr = "@network $c1{route-map}" }, \
	{ "network <prefix6> [route-map <word>]", HONOURED, .frr = "@network $1{route-map}" }, \
	{ "network <ip> mask <mask> backdoor", TRAFFIC, "back doors are not carried" }, \
	{ "aggregate-address <ip> <mask> [as-set] [summary-only] [as-set]", HONOURED, \
	  .frr = "@aggregate-address $1/2{?as-set}{?summary-only}" }, \
	{ "aggregate-address <prefix6> [as-set] [summary-only]", HONOURED, \
	  .frr = "@aggregate-address $1{?as-set}{?summary-only}" }, \
	{ "aggregate-address <ip> <mask> (advertise-map|attribute-map|suppress-map) <*>", TRAFFIC, "not in FRR" }, \
	{ "redistribute (connected|static|rip)" REDISTRIBUTE_END, HONOURED, .frr = "@redistribute %1{metric}{route-map}" }, \
	{ "redistribute eigrp <1-65535>" REDISTRIBUTE_END, HONOURED, .frr = "@redistribute eigrp{metric}{route-map}" }, \
	{ "redistribute ospf <1-65535> [match internal]" REDISTRIBUTE_END, UNSUPPORTED, ALL_OF_OSPF, \
	  .frr = "@redistribute ospf{metric}{route-map}" }, \
	{ "redistribute ospf <1-65535> match internal external [1] [external] [2] [nssa-external] [1] [nssa-external] [2]" REDISTRIBUTE_END, \
	  HONOURED, .frr = "@redistribute ospf{metric}{route-map}" }, \
	{ "redistribute ospf <1-65535> match (external|nssa-external) <*>", TRAFFIC, \
	  "FRR takes internal routes of OSPF along; write match internal external, and a route-map" }, \
	{ "redistribute ospf <1-65535> [metric <0-4294967295>] [route-map <word>] match <*>", TRAFFIC, \
	  "write match directly behind the process" }, \
	{ "redistribute ospfv3 <1-65535>" REDISTRIBUTE_END, HONOURED, .frr = "@redistribute ospf6{metric}{route-map}" }, \
	{ "redistribute (isis|nhrp|lisp|odr|mobile) [<*>]", TRAFFIC, "this protocol is not run" }, \
	{ "default-information originate", HONOURED, .frr = "" }, \
	{ "maximum-paths [ibgp] <1-32>", HONOURED, .keeping = SINGLE, .frr = "@=" }, \
	{ "maximum-paths eibgp <1-32>", TRAFFIC, "FRR does not mix internal and external paths" }, \
	{ "distance bgp <1-255> <1-255> <1-255>", HONOURED, .keeping = SINGLE, .frr = "@=" }, \
	{ "table-map <*>", TRAFFIC, "not in FRR as IOS does it" }, \
	{ "bgp dampening [<*>]", HONOURED, .frr = "@bgp dampening" }, \
	{ "bgp redistribute-internal", HONOURED, .frr = "" }, \
	{ "auto-summary", TRAFFIC, "networks are not summarised at class borders" }, \
	{ "synchronization", TRAFFIC, "BGP does not wait for the IGP" }, \
	{ "bgp dmzlink-bw", TRAFFIC, "traffic is not shared by link bandwidth" }, \
	{ "bgp additional-paths <*>", TRAFFIC, "additional paths are not asked for" }, \
	{ "bgp scan-time <*>", NO_EFFECT, "next hops are followed by events" }, \
	{ "bgp nexthop <*>", NO_EFFECT, "next hops are followed by events" }, \
	{ "neighbor <word> activate", HONOURED, .keeping = TOGGLE, .frr = "@=" }, \
	{ "neighbor <word> route-map <word> (in|out)", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> prefix-list <word> (in|out)", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> filter-list <word> (in|out)", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> distribute-list <word> (in|out)", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> route-reflector-client", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> next-hop-self", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> next-hop-self all", HONOURED, .frr = "@neighbor $1 next-hop-self force" }, \
	{ "neighbor <word> next-hop-unchanged [allpaths]", HONOURED, .frr = "@neighbor $1 attribute-unchanged next-hop" }, \
	{ "neighbor <word> send-community [(both|standard|extended|large)]", HONOURED, .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> default-originate [route-map <word>]", HONOURED, .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> maximum-prefix <1-4294967295> [<1-100>] [(warning-only|restart <1-65535>)]", HONOURED, \
	  .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> allowas-in [<1-10>]", HONOURED, .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> as-override", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> remove-private-as [all]", HONOURED, .frr = "@neighbor $1 remove-private-AS{?all}" }, \
	{ "neighbor <word> remove-private-as all replace-as", HONOURED, .frr = "@neighbor $1 remove-private-AS all replace-AS" }, \
	{ "neighbor <word> weight <0-65535>", HONOURED, .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> soft-reconfiguration inbound", HONOURED, .frr = "@=" }, \
	{ "neighbor <word> unsuppress-map <word>", HONOURED, .keeping = KEYED, .frr = "@=" }, \
	{ "neighbor <word> dmzlink-bw", TRAFFIC, "traffic is not shared by link bandwidth" }, \
	{ "neighbor <word> (additional-paths|advertise) <*>", TRAFFIC, "additional paths are not asked for" }, \
	{ "neighbor <word> inherit <*>", TRAFFIC, "peer templates are not read; use a peer-group" }, \
	{ "neighbor <word> (advertise-map|send-label|soo|aigp|internal-vpn-client|slow-peer|inter-as-hybrid|default-metric) [<*>]", \
	  TRAFFIC, "not in FRR as IOS does it" }, \
	{ "default-metric <1-4294967295>", TRAFFIC, "write the metric with redistribute" }, \
	{ "distance <1-255> <ip> <wild> [<word>]", TRAFFIC, "distances of single neighbours are not carried" }, \
	{ "distribute-list <*>", TRAFFIC, "write neighbor … distribute-list" }, \
	{ "redistribute ospf <1-65535> vrf <*>", TRAFFIC, "routes are not exchanged between VRFs" }, \
	{ "redistribute static clns <*>", TRAFFIC, "this protocol is not run" }, \
	{ "import path <*>", NO_EFFECT, "routes are not exchanged between VRFs" }, \
	{ "bgp (advertise-best-external|recursion|soft-reconfig-backup|aggregate-timer|route-map) [<*>]", UNSUPPORTED, "left to FRR" }, \
	{ "snmp context <*>", NO_EFFECT, "SNMP is left to other programs" }

/* Rows about a neighbour as such; inside of a VRF's family they stand below that. */
#define PEER_ROWS \
	{ "neighbor <word> remote-as <asn>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> remote-as (internal|external)", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> peer-group", HONOURED, .frr = "=" }, \
	{ "neighbor <word> peer-group <word>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> description <text>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> update-source (<ip>|<ip6>|<if>)", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> ebgp-multihop [<1-255>]", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> disable-connected-check", HONOURED, .frr = "=" }, \
	{ "neighbor <word> password [0] <secret>", HONOURED, .keeping = KEYED, .frr = "neighbor $1 password $s" }, \
	{ "neighbor <word> password <1-9> <secret>", TRAFFIC, PASSWORD7, .keeping = KEYED }, \
	{ "neighbor <word> timers <0-65535> <0-65535> [<0-65535>]", HONOURED, .keeping = KEYED, \
	  .frr = "neighbor $1 timers $2 $3" }, \
	{ "neighbor <word> timers connect <1-65535>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> advertisement-interval <0-600>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> fall-over bfd [(single-hop|multi-hop)] [strict-mode]", HONOURED, .frr = "neighbor $1 bfd" }, \
	{ "neighbor <word> fall-over [route-map <word>]", UNSUPPORTED, "a lost route is seen by the hold timer; use fall-over bfd" }, \
	{ "neighbor <word> shutdown", HONOURED, .frr = "=" }, \
	{ "neighbor <word> local-as <asn> [no-prepend] [replace-as]", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> ttl-security hops <1-254>", HONOURED, .keeping = KEYED, .frr = "=" }, \
	{ "neighbor <word> transport connection-mode passive", HONOURED, .frr = "neighbor $1 passive" }, \
	{ "neighbor <word> transport <*>", NO_EFFECT, "TCP is set up by the system" }, \
	{ "neighbor <word> version 4", NO_EFFECT, "it is the only version" }, \
	{ "neighbor <word> (ha-mode|slow-peer|log-neighbor-changes) [<*>]", NO_EFFECT, "left to FRR" }, \
	{ "neighbor <word> cluster-id <ip>", TRAFFIC, "FRR has one cluster id for the whole router" }, \
	{ "neighbor <word> remote-as <asn> alternate-as <*>", TRAFFIC, "one autonomous system for all who listen", .keeping = KEYED }, \
	{ "neighbor <word> local-as <asn> no-prepend replace-as dual-as", TRAFFIC, "not in FRR", .keeping = KEYED }, \
	{ "neighbor <word> dont-capability-negotiate [<*>]", NO_EFFECT, "left to FRR" }, \
	{ "neighbor <word> capability <*>", UNSUPPORTED, "filters are not sent to the neighbour" }, \
	{ "neighbor <word> (validation|path-attribute|rib-update-group|update-in|translate-update|peer-type) [<*>]", UNSUPPORTED, \
	  "not in FRR" }

#define LISTEN_ROW \
	{ "bgp listen range (<prefix>|<prefix6>) peer-group <word> [remote-as <*>]", HONOURED, .keeping = KEYED, \
	  .frr = "bgp listen range $1 peer-group $2" }

#define TIMERS_ROW \
	{ "timers bgp <0-65535> <0-65535> [<0-65535>]", HONOURED, .keeping = SINGLE, .frr = "timers bgp $1 $2" }

const struct command commands_bgp[] = {
	{ "bgp router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp log-neighbor-changes", HONOURED, .keeping = TOGGLE, .frr = "=" },
	LISTEN_ROW,
	{ "bgp listen limit <1-5000>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp confederation identifier <asn>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp confederation peers <*>", HONOURED, .frr = "=" },
	{ "bgp default ipv4-unicast", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "bgp default local-preference <0-4294967295>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp bestpath as-path multipath-relax", HONOURED, .frr = "=" },
	{ "bgp bestpath (compare-routerid|as-path ignore|med missing-as-worst|med confed)", HONOURED, .frr = "=" },
	{ "bgp bestpath <*>", TRAFFIC, "not in FRR" },
	{ "bgp (always-compare-med|deterministic-med|fast-external-failover)", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "bgp enforce-first-as", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ "bgp cluster-id (<ip>|<1-4294967295>)", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp graceful-restart [(restart-time|stalepath-time) <1-3600>]", HONOURED, .frr = "=" },
	{ "bgp asnotation dot", NO_EFFECT, "how numbers are shown" },
	{ "bgp suppress-inactive", HONOURED, .frr = "" },
	{ "bgp router-id (interface <if>|vrf auto-assign)", TRAFFIC, "write the router id's address" },
	{ "bgp maxas-limit <1-254>", TRAFFIC, "FRR takes paths of any length" },
	{ "bgp client-to-client reflection", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "bgp inject-map <*>", TRAFFIC, "routes are not made up" },
	{ "bgp rpki <*>", TRAFFIC, "origins are not verified" },
	{ "bgp (transport|refresh|sso|upgrade-cli|regexp|nopeerup-delay|mpls-local-label|consistency-checker|slow-peer|nsr|"
	  "auto-summary) [<*>]", NO_EFFECT, "left to FRR" },
	{ "scope (global|vrf <word>)", TRAFFIC, "write address-family lines" },
	{ "bgp update-delay <1-3600>", HONOURED, .keeping = SINGLE, .frr = "update-delay $1" },
	TIMERS_ROW,
	PEER_ROWS,
	{ "template (peer-session|peer-policy) <word>", TRAFFIC, "peer templates are not read; use a peer-group" },
	{ "address-family (ipv4|ipv6) [unicast]", HONOURED, NULL, NULL, MODE_BGP_AF, .frr = "=" },
	{ "address-family (ipv4|ipv6) [unicast] vrf <word>", HONOURED, NULL, NULL, MODE_BGP_VRF },
	{ "address-family (vpnv4|vpnv6|l2vpn|rtfilter|nsap|link-state) [<*>]", TRAFFIC, "only IPv4 and IPv6 unicast are carried",
	  NULL, MODE_BGP_AF },
	{ "address-family (ipv4|ipv6) (multicast|mdt|mvpn|flowspec|labeled-unicast) [<*>]", TRAFFIC,
	  "only IPv4 and IPv6 unicast are carried", NULL, MODE_BGP_AF },
	{ "exit-address-family", HONOURED, NULL, reading_stay },
	FAMILY_ROWS,
	{ NULL },
};

const struct command commands_bgp_af[] = {
	FAMILY_ROWS,
	{ "exit-address-family", HONOURED, NULL, reading_leave },
	{ NULL },
};

const struct command commands_bgp_vrf[] = {
	PEER_ROWS,
	FAMILY_ROWS,
	{ "bgp router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "bgp router-id auto-assign", NO_EFFECT, "FRR takes an address of the VRF" },
	LISTEN_ROW,
	TIMERS_ROW,
	{ "exit-address-family", HONOURED, NULL, reading_leave },
	{ NULL },
};
