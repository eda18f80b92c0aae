/* router ospf, ipv6 router ospf, router eigrp and router rip. */
#include "config/commands.h"
#include "config/reading.h"

/* ---- OSPF ---- */

#define OSPF_REDISTRIBUTE " [subnets] [metric <0-16777214>] [metric-type <1-2>] [subnets] [route-map <word>] [subnets]"

const struct command commands_ospf[] = {
	{ "router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "ospf router-id $1" },
	{ "network <ip> <wild> area <area>", HONOURED, .frr = "network $1~2 area $3" },
	{ "passive-interface default", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "passive-interface <if>", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "auto-cost reference-bandwidth <1-4294967>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "log-adjacency-changes [detail]", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "default-information originate [always] [metric <0-16777214>] [metric-type <1-2>] [route-map <word>]", HONOURED,
	  .keeping = SINGLE, .frr = "default-information originate{?always}{metric}{metric-type}{route-map}" },
	{ "redistribute (connected|static|rip)" OSPF_REDISTRIBUTE, HONOURED,
	  .frr = "redistribute %1{metric}{metric-type}{route-map}" },
	{ "redistribute eigrp <1-65535>" OSPF_REDISTRIBUTE, HONOURED, .frr = "redistribute eigrp{metric}{metric-type}{route-map}" },
	{ "redistribute bgp <asn>" OSPF_REDISTRIBUTE, HONOURED, .frr = "redistribute bgp{metric}{metric-type}{route-map}" },
	{ "redistribute ospf <1-65535>" OSPF_REDISTRIBUTE " [match <*>]", TRAFFIC, "FRR runs one OSPF process" },
	{ "redistribute (connected|static|rip|eigrp|bgp) [<1-4294967295>] [metric <0-16777214>] [metric-type <1-2>] [subnets] "
	  "tag <0-4294967295> [subnets] [route-map <word>]", TRAFFIC, "write the tag into a route-map: set tag" },
	{ "redistribute (isis|nhrp|odr|maximum-prefix) [<*>]", TRAFFIC, "this protocol is not run" },
	{ "default-metric <0-16777214>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "area <area> stub [no-summary]", HONOURED, .frr = "=" },
	{ "area <area> nssa [no-summary]", HONOURED, .frr = "=" },
	{ "area <area> nssa (default-information-originate|no-redistribution) [<*>]", TRAFFIC, "not in FRR 8.4" },
	{ "area <area> range <ip> <mask> [(advertise|not-advertise)] [cost <0-16777215>]", HONOURED,
	  .frr = "area $1 range $2/3{?not-advertise}{cost}" },
	{ "area <area> filter-list prefix <word> (in|out)", HONOURED, .frr = "=" },
	{ "area <area> default-cost <0-16777215>", HONOURED, .frr = "=" },
	{ "area <area> authentication [message-digest]", HONOURED, .frr = "=" },
	{ "area <area> sham-link <*>", TRAFFIC, "routes are not exchanged between VRFs" },
	{ "area <area> virtual-link <ip> [<*>]", HONOURED, .frr = "area $1 virtual-link $2" },
	{ "summary-address <ip> <mask>", HONOURED, .frr = "summary-address $1/2" },
	{ "summary-address <ip> <mask> (tag <0-4294967295>|nssa-only)", HONOURED, .frr = "summary-address $1/2{tag}" },
	{ "summary-address <ip> <mask> not-advertise", HONOURED, .frr = "summary-address $1/2 no-advertise" },
	{ "timers throttle spf <0-600000> <0-600000> <0-600000>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "timers throttle lsa [all] <0-600000> <1-600000> <1-600000>", HONOURED, .keeping = SINGLE,
	  .frr = "timers throttle lsa all $1" },
	{ "timers lsa arrival <0-600000>", HONOURED, .keeping = SINGLE, .frr = "timers lsa min-arrival $1" },
	{ "timers pacing <*>", NO_EFFECT, "left to FRR" },
	{ "timers spf <0-4294967295> <0-4294967295>", UNSUPPORTED, "write timers throttle spf, in milliseconds" },
	{ "max-metric router-lsa (on-startup wait-for-bgp|external-lsa|include-stub|summary-lsa) [<*>]", TRAFFIC, "not in FRR 8.4" },
	{ "max-metric router-lsa", HONOURED, .frr = "max-metric router-lsa administrative" },
	{ "max-metric router-lsa on-startup <5-86400>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "distance <1-255>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "distance <1-255> <ip> <wild> [<word>]", TRAFFIC, "distances of single routers are not carried" },
	{ "distance ospf [external <1-255>] [inter-area <1-255>] [intra-area <1-255>] [external <1-255>]", HONOURED,
	  .keeping = SINGLE, .frr = "distance ospf{intra-area}{inter-area}{external}" },
	{ "distribute-list <word> out (connected|static|rip)", HONOURED, .frr = "=" },
	{ "distribute-list <word> out (bgp <asn>|eigrp <1-65535>)", HONOURED, .frr = "distribute-list $1 out %3" },
	{ "distribute-list <*>", TRAFFIC, "FRR does not filter what OSPF installs" },
	{ "maximum-paths <1-64>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "neighbor <ip> [priority <0-255>] [poll-interval <0-65535>]", HONOURED, .keeping = KEYED,
	  .frr = "neighbor $1{priority}{poll-interval}" },
	{ "bfd all-interfaces [strict-mode]", HONOURED, .keeping = SINGLE, .frr = "" },
	{ "neighbor <ip> (cost|database-filter) <*>", TRAFFIC, "not in FRR" },
	{ "capability vrf-lite", HONOURED, .frr = "" },
	{ "capability (opaque|transit|lls)", NO_EFFECT, "left to FRR" },
	{ "(max-lsa|limit|ignore|local-rib-criteria|discard-route|fast-reroute|microloop) [<*>]",
	  UNSUPPORTED, "left to FRR" },
	{ "(domain-id|domain-tag) <*>", NO_EFFECT, "routes are not exchanged between VRFs" },
	{ "ttl-security <*>", TRAFFIC, "FRR takes packets of any TTL" },
	{ "traffic-share min <*>", TRAFFIC, "traffic is shared evenly" },
	{ "compatible rfc1583", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "nsf [<*>]", NO_EFFECT, "left to FRR" },
	{ "nsr", NO_EFFECT, "left to FRR" },
	{ "ispf", NO_EFFECT, "left to FRR" },
	{ "event-log <*>", NO_EFFECT, "left to FRR" },
	{ "queue-depth <*>", NO_EFFECT, "left to FRR" },
	{ "snmp context <word>", NO_EFFECT, "SNMP is left to other programs" },
	{ "prefix-suppression", UNSUPPORTED, "transit networks are announced" },
	{ "mpls (ldp (autoconfig|sync)|traffic-eng (area|router-id|level)) [<*>]", TRAFFIC, "MPLS is not done" },
	{ "shutdown", TRAFFIC, "take the block out instead" },
	{ NULL },
};

#define OSPF6_ROWS \
	{ "router-id (<ip>|<wild>)", HONOURED, .keeping = SINGLE, .frr = "ospf6 router-id $1" }, \
	{ "passive-interface default", HONOURED, .keeping = TOGGLE, .frr = "" }, \
	{ "passive-interface <if>", HONOURED, .keeping = TOGGLE, .frr = "" }, \
	{ "auto-cost reference-bandwidth <1-4294967>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "log-adjacency-changes [detail]", HONOURED, .keeping = TOGGLE, .frr = "=" }, \
	{ "default-information originate [always] [metric <0-16777214>] [metric-type <1-2>] [route-map <word>]", HONOURED, \
	  .keeping = SINGLE, .frr = "default-information originate{?always}{metric}{metric-type}{route-map}" }, \
	{ "redistribute (connected|static|rip) [metric <0-16777214>] [metric-type <1-2>] [route-map <word>]", HONOURED, \
	  .frr = "redistribute %1{metric}{metric-type}{route-map}" }, \
	{ "redistribute bgp <asn> [metric <0-16777214>] [metric-type <1-2>] [route-map <word>]", HONOURED, \
	  .frr = "redistribute bgp{metric}{metric-type}{route-map}" }, \
	{ "redistribute <*>", TRAFFIC, "FRR's ospf6d does not take routes of this protocol" }, \
	{ "area <area> stub [no-summary]", HONOURED, .frr = "=" }, \
	{ "area <area> nssa [no-summary]", HONOURED, .frr = "=" }, \
	{ "area <area> range <prefix6> [not-advertise]", HONOURED, .frr = "=" }, \
	{ "timers throttle spf <0-600000> <0-600000> <0-600000>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "timers <*>", NO_EFFECT, "left to FRR" }, \
	{ "distance <1-255>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "maximum-paths <1-64>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "bfd all-interfaces", HONOURED, .keeping = SINGLE, .frr = "" }, \
	{ "area <area> (encryption|authentication) <*>", TRAFFIC, "OSPFv3 is not protected; protect the tunnel" }, \
	{ "area <area> (virtual-link|default-cost|sham-link) <*>", TRAFFIC, "not in FRR 8.4" }, \
	{ "(summary-prefix|distribute-list|default-metric) <*>", TRAFFIC, "not in FRR 8.4" }, \
	{ "(event-log|queue-depth|max-lsa|limit|local-rib-criteria|prefix-suppression) [<*>]", NO_EFFECT, "left to FRR" }, \
	{ "shutdown", TRAFFIC, "take the block out instead" }, \
	{ "graceful-restart [<*>]", NO_EFFECT, "left to FRR" }, \
	{ "nsf [<*>]", NO_EFFECT, "left to FRR" }

const struct command commands_ospf6[] = {
	OSPF6_ROWS,
	{ "address-family ipv6 [unicast]", HONOURED, NULL, NULL, MODE_OSPF6_AF, .frr = "" },
	{ "address-family <*>", TRAFFIC, "OSPFv3 carries IPv6 only; use router ospf", NULL, MODE_UNSUPPORTED },
	{ "exit-address-family", HONOURED, NULL, reading_stay },
	{ NULL },
};

const struct command commands_ospf6_af[] = {
	OSPF6_ROWS,
	{ "exit-address-family", HONOURED, NULL, reading_leave },
	{ NULL },
};

/* ---- EIGRP ---- */

#define EIGRP_METRIC "metric <1-4294967295> <0-4294967295> <0-255> <1-255> <1-65535>"
#define NO_SUMMARY "FRR's eigrpd does not announce summaries"
#define NO_MAP "FRR's eigrpd redistributes without a route-map"

#define EIGRP_COMMON \
	{ "eigrp router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "eigrp log-neighbor-changes", NO_EFFECT, "left to FRR" }, \
	{ "eigrp event-log-size <*>", NO_EFFECT, "left to FRR" }, \
	{ "eigrp default-route-tag <*>", UNSUPPORTED, "FRR's eigrpd does not tag routes" }, \
	{ "neighbor <ip> <if> (remote|description) <*>", TRAFFIC, "remote neighbours are not done" }, \
	{ "remote-neighbors <*>", TRAFFIC, "remote neighbours are not done" }, \
	{ "metric version <*>", TRAFFIC, "FRR's eigrpd has metrics of 32 bits" }, \
	{ "maximum-prefix <*>", UNSUPPORTED, "FRR's eigrpd does not count prefixes" }, \
	{ "soft-sia <*>", NO_EFFECT, "left to FRR" }, \
	{ "eigrp log-neighbor-warnings [<*>]", NO_EFFECT, "left to FRR" }, \
	{ "eigrp stub [<*>]", TRAFFIC, "FRR's eigrpd knows no stub routers" }, \
	{ "eigrp stub-site <*>", TRAFFIC, "FRR's eigrpd knows no stub sites" }, \
	{ "network <ip>", HONOURED, .frr = "network $c1" }, \
	{ "network <ip> <wild>", HONOURED, .frr = "network $1~2" }, \
	{ "neighbor <ip> <if>", HONOURED, .frr = "neighbor $1" }, \
	{ "bfd (all-interfaces|interface <if>)", UNSUPPORTED, "FRR's eigrpd does not use BFD" }, \
	{ "nsf", NO_EFFECT, "left to FRR" }, \
	{ "timers nsf <*>", NO_EFFECT, "left to FRR" }, \
	{ "timers graceful-restart <*>", NO_EFFECT, "left to FRR" }, \
	{ "metric rib-scale <*>", NO_EFFECT, "left to FRR" }

#define EIGRP_TOPOLOGY_COMMON \
	{ "auto-summary", TRAFFIC, "networks are not summarised at class borders" }, \
	{ "redistribute (connected|static|rip) [" EIGRP_METRIC "]", HONOURED, .frr = "redistribute %1{5metric}" }, \
	{ "redistribute ospf <1-65535> [" EIGRP_METRIC "]", HONOURED, .frr = "redistribute ospf{5metric}" }, \
	{ "redistribute ospf <1-65535> " EIGRP_METRIC " match <*>", TRAFFIC, "FRR's eigrpd takes all kinds of OSPF's routes" }, \
	{ "redistribute bgp <asn> [" EIGRP_METRIC "]", HONOURED, .frr = "redistribute bgp{5metric}" }, \
	{ "redistribute (connected|static|rip) [" EIGRP_METRIC "] route-map <word> [" EIGRP_METRIC "]", TRAFFIC, NO_MAP }, \
	{ "redistribute ospf <1-65535> [match <*>]", TRAFFIC, NO_MAP }, \
	{ "redistribute ospf <1-65535> [" EIGRP_METRIC "] route-map <word> [" EIGRP_METRIC "]", TRAFFIC, NO_MAP }, \
	{ "redistribute bgp <asn> [" EIGRP_METRIC "] route-map <word> [" EIGRP_METRIC "]", TRAFFIC, NO_MAP }, \
	{ "redistribute eigrp <1-65535> [<*>]", TRAFFIC, "FRR's eigrpd does not redistribute between its processes" }, \
	{ "redistribute (isis|nhrp|odr|maximum-prefix) [<*>]", TRAFFIC, "this protocol is not run" }, \
	{ "default-metric <1-4294967295> <0-4294967295> <0-255> <1-255> <1-65535>", TRAFFIC, "write the metric with redistribute" }, \
	{ "summary-metric <*>", UNSUPPORTED, NO_SUMMARY }, \
	{ "distribute-list <*>", TRAFFIC, "FRR's eigrpd does not filter routes" }, \
	{ "offset-list <*>", TRAFFIC, "FRR's eigrpd has no offset lists" }, \
	{ "variance <1-128>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "maximum-paths <1-32>", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "traffic-share balanced", TRAFFIC, "traffic is shared evenly" }, \
	{ "traffic-share min <*>", TRAFFIC, "traffic is shared evenly" }, \
	{ "default-information (in|out|allowed) [<*>]", TRAFFIC, "FRR's eigrpd takes and tells default routes as any others", \
	  .keeping = TOGGLE }, \
	{ "distance <1-255> <ip> <wild> [<word>]", TRAFFIC, "FRR's eigrpd has fixed distances" }, \
	{ "(fast-reroute|maximum-secondary-paths) <*>", UNSUPPORTED, "FRR's eigrpd has no stand-by paths" }, \
	{ "timers active-time (disabled|<1-65535>)", HONOURED, .keeping = SINGLE, .frr = "=" }, \
	{ "metric weights 0 <0-255> <0-255> <0-255> <0-255> <0-255> [<0-255>]", HONOURED, .keeping = SINGLE, \
	  .frr = "metric weights $1 $2 $3 $4 $5" }, \
	{ "metric maximum-hops <1-255>", UNSUPPORTED, "FRR's eigrpd has a fixed limit" }, \
	{ "distance eigrp <1-255> <1-255>", TRAFFIC, "FRR's eigrpd has fixed distances" }, \
	{ "snmp context <word>", NO_EFFECT, "SNMP is left to other programs" }

const struct command commands_eigrp[] = {
	EIGRP_COMMON,
	EIGRP_TOPOLOGY_COMMON,
	{ "router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "eigrp router-id $1" },
	{ "passive-interface default", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ "passive-interface <if>", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ "address-family ipv4 [unicast] autonomous-system <1-65535>", HONOURED, NULL, NULL, MODE_EIGRP_AF, .frr = "=" },
	{ "address-family ipv4 [unicast] vrf <word> autonomous-system <1-65535>", TRAFFIC,
	  "routes of a VRF are not carried by eigrpd here", NULL, MODE_EIGRP_AF },
	{ "address-family ipv4 vrf <word> [autonomous-system <1-65535>]", TRAFFIC,
	  "routes of a VRF are not carried by eigrpd here", NULL, MODE_EIGRP_AF },
	{ "address-family ipv6 <*>", TRAFFIC, "FRR's eigrpd has no IPv6", NULL, MODE_EIGRP_AF },
	{ "exit-address-family", HONOURED, NULL, reading_stay },
	{ "service-family <*>", TRAFFIC, "service families are not carried", NULL, MODE_UNSUPPORTED },
	{ "shutdown", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ NULL },
};

const struct command commands_eigrp_af[] = {
	EIGRP_COMMON,
	{ "router-id <ip>", HONOURED, .keeping = SINGLE, .frr = "eigrp router-id $1" },
	{ "af-interface (default|<if>)", HONOURED, NULL, NULL, MODE_EIGRP_IF, .frr = "" },
	{ "topology base", HONOURED, NULL, NULL, MODE_EIGRP_TOPOLOGY, .frr = "" },
	{ "topology <word> [tid <1-65535>]", TRAFFIC, "there is one topology", NULL, MODE_EIGRP_TOPOLOGY },
	{ "autonomous-system <1-65535>", HONOURED, .keeping = SINGLE, .frr = "" },
	{ "exit-address-family", HONOURED, NULL, reading_leave },
	{ "shutdown", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ NULL },
};

const struct command commands_eigrp_if[] = {
	{ "passive-interface", HONOURED, .keeping = TOGGLE, .frr = "" },
	{ "hello-interval <1-65535>", HONOURED, .keeping = SINGLE, .frr = "ip hello-interval eigrp $1" },
	{ "hold-time <1-65535>", HONOURED, .keeping = SINGLE, .frr = "ip hold-time eigrp $1" },
	{ "authentication mode md5", HONOURED, .keeping = SINGLE, .frr = "ip authentication mode eigrp $A md5" },
	{ "authentication mode hmac-sha-256 <*>", TRAFFIC, "FRR's eigrpd takes its SHA keys differently; use md5" },
	{ "authentication key-chain <word>", HONOURED, .keeping = SINGLE, .frr = "ip authentication key-chain eigrp $A $1" },
	{ "split-horizon", ALWAYS_ON, "FRR's eigrpd always keeps split horizon", .keeping = TOGGLE },
	{ "next-hop-self [no-ecmp-mode]", ALWAYS_ON, "FRR's eigrpd always sets itself as next hop", .keeping = TOGGLE },
	{ "summary-address (<prefix>|<ip> <mask>) [<*>]", TRAFFIC, NO_SUMMARY },
	{ "stub-site wan-interface", TRAFFIC, "FRR's eigrpd knows no stub sites" },
	{ "bandwidth-percent <1-999999>", NO_EFFECT, "the routing daemon does not pace itself" },
	{ "bfd", UNSUPPORTED, "FRR's eigrpd does not use BFD" },
	{ "dampening-change [<*>]", UNSUPPORTED, "FRR's eigrpd does not damp changes" },
	{ "dampening-interval [<*>]", UNSUPPORTED, "FRR's eigrpd does not damp changes" },
	{ "add-paths <*>", TRAFFIC, "FRR's eigrpd announces one path" },
	{ "shutdown", TRAFFIC, "take the block out instead" },
	{ "next-hop-unchanged", TRAFFIC, "FRR's eigrpd always sets itself as next hop" },
	{ "exit-af-interface", HONOURED, NULL, reading_leave },
	{ NULL },
};

const struct command commands_eigrp_topology[] = {
	EIGRP_TOPOLOGY_COMMON,
	{ "eigrp event-log-size <*>", NO_EFFECT, "left to FRR" },
	{ "maximum-prefix <*>", UNSUPPORTED, "FRR's eigrpd does not count prefixes" },
	{ "active-time <*>", NO_EFFECT, "left to FRR" },
	{ "exit-af-topology", HONOURED, NULL, reading_leave },
	{ NULL },
};

/* ---- RIP ---- */

const struct command commands_rip[] = {
	{ "version <1-2>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "network <ip>", HONOURED, .frr = "network $c1" },
	{ "passive-interface default", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "passive-interface <if>", HONOURED, .keeping = TOGGLE, .frr = "=" },
	{ "neighbor <ip>", HONOURED, .frr = "=" },
	{ "auto-summary", TRAFFIC, "networks are not summarised at class borders" },
	{ "default-information originate", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "default-information originate route-map <word>", TRAFFIC, "FRR's ripd announces a default route without asking", .keeping = SINGLE },
	{ "distance <1-255> <ip> <wild> [<word>]", TRAFFIC, "distances of single routers are not carried" },
	{ "offset-list <word> (in|out) <0-16> [<if>]", HONOURED, .frr = "=" },
	{ "offset-list 0 <*>", TRAFFIC, "name an access list that permits any" },
	{ "(output-delay|flash-update-threshold|input-queue) [<*>]", NO_EFFECT, "left to FRR" },
	{ "traffic-share min <*>", TRAFFIC, "traffic is shared evenly" },
	{ "bfd all-interfaces", UNSUPPORTED, "write bfd interval on the interface" },
	{ "default-metric <1-16>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "distance <1-255>", HONOURED, .keeping = SINGLE, .frr = "=" },
	{ "redistribute (connected|static) [metric <0-16>] [route-map <word>]", HONOURED,
	  .frr = "redistribute %1{metric}{route-map}" },
	{ "redistribute (ospf|eigrp|bgp) <1-65535> [metric <0-16>] [route-map <word>]", HONOURED,
	  .frr = "redistribute %1{metric}{route-map}" },
	{ "timers basic <1-4294967295> <1-4294967295> <0-4294967295> <1-4294967295>", HONOURED, .keeping = SINGLE,
	  .frr = "timers basic $1 $2 $4" },
	{ "distribute-list prefix <word> (in|out) [<if>]", HONOURED, .frr = "=" },
	{ "distribute-list <word> (in|out) [<if>]", HONOURED, .frr = "=" },
	{ "maximum-paths <1-32>", HONOURED, .keeping = SINGLE, .frr = "allow-ecmp" },
	{ "validate-update-source", ALWAYS_ON, "updates of foreign networks are always refused", .keeping = TOGGLE },
	{ "address-family <*>", TRAFFIC, "routes of a VRF are not carried by ripd here", NULL, MODE_UNSUPPORTED },
	{ NULL },
};
