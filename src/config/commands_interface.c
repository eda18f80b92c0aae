/* Lines of any interface, and the VRFs they stand in. */
#include <stdlib.h>
#include <string.h>

#include "config/commands.h"
#include "config/reading.h"

static bool sets(const struct match *m)
{
	return m->sign == SIGN_SET;
}

/* ---- addresses ---- */

static void remove_addresses(struct config_interface *i, enum ip_family family, const struct ipaddr *only)
{
	size_t kept = 0;

	for (size_t k = 0; k < i->address_count; k++) {
		const struct ipaddr *a = &i->addresses[k].addr;

		if (a->family == family && (!only || ipaddr_eq(a, only)))
			continue;
		i->addresses[kept++] = i->addresses[k];
	}
	i->address_count = kept;
}

/* The primary address of the family, or NULL. */
static struct config_address *primary(struct config_interface *i, enum ip_family family)
{
	for (size_t k = 0; k < i->address_count; k++) {
		if (i->addresses[k].addr.family == family && !i->addresses[k].secondary)
			return &i->addresses[k];
	}
	return NULL;
}

static struct config_address *same_address(struct config_interface *i, const struct ipaddr *addr)
{
	for (size_t k = 0; k < i->address_count; k++) {
		if (ipaddr_eq(&i->addresses[k].addr, addr))
			return &i->addresses[k];
	}
	return NULL;
}

static void put_address(struct reading *r, const struct config_address *new)
{
	struct config_interface *i = reading_interface(r);
	struct config_address *a;

	if (!reading_work(r, i->address_count))
		return;
	/* There is one primary address; a new one takes its place. */
	if (new->addr.family == IP_V4 && !new->secondary && (a = primary(i, IP_V4)) && same_address(i, &new->addr) != a) {
		const struct ipaddr old = a->addr;

		remove_addresses(i, IP_V4, &old);
	}
	a = same_address(i, &new->addr);
	if (!a)
		a = ADD(r, i->addresses, i->address_count);
	if (a)
		*a = *new;
}

static bool no_address(struct reading *r, const struct item *addr)
{
	if (!addr)
		reading_error(r, "write address and mask", "incomplete command");
	return !addr;
}

static void set_address4(struct reading *r, const struct match *m)
{
	struct config_interface *i = reading_interface(r);
	const struct item *addr = match_arg(m, 0), *mask = match_arg(m, 1);
	struct config_address a = { .secondary = match_has(m, "secondary") };

	if (!sets(m)) {
		i->dhcp = addr ? i->dhcp : false;
		remove_addresses(i, IP_V4, addr ? &addr->addr : NULL);
		return;
	}
	if (no_address(r, addr))
		return;
	a.addr = addr->addr;
	a.prefix_len = mask && mask->kind == ITEM_MASK ? mask->len : addr->len;
	if (!ipaddr_is_host(&a.addr) || a.prefix_len == 0) {
		reading_error(r, NULL, "not an address of a host");
		return;
	}
	i->dhcp = false;
	put_address(r, &a);
}

static void set_dhcp(struct reading *r, const struct match *m)
{
	struct config_interface *i = reading_interface(r);

	i->dhcp = sets(m);
	if (sets(m))
		remove_addresses(i, IP_V4, NULL);
}

static void set_address6(struct reading *r, const struct match *m)
{
	struct config_interface *i = reading_interface(r);
	const struct item *addr = match_arg(m, 0), *len = match_arg(m, 1);
	struct config_address a = { .link_local = match_has(m, "link-local") };

	if (!sets(m)) {
		remove_addresses(i, IP_V6, addr ? &addr->addr : NULL);
		return;
	}
	if (no_address(r, addr))
		return;
	a.addr = addr->addr;
	a.prefix_len = a.link_local ? 64 : len ? (uint8_t)len->number : addr->len;
	if (!ipaddr_is_host(&a.addr) || a.link_local != ipaddr_is_link_local(&a.addr)) {
		reading_error(r, "a link-local address is fe80::… and says link-local", "not an address of that kind");
		return;
	}
	put_address(r, &a);
}

/* ---- the rest ---- */

static void set_description(struct reading *r, const struct match *m)
{
	reading_replace(r, &reading_interface(r)->description, sets(m) ? match_arg(m, 0)->text : NULL);
}

static void set_shutdown(struct reading *r, const struct match *m)
{
	reading_interface(r)->shutdown = sets(m);
}

static void set_vrf(struct reading *r, const struct match *m)
{
	reading_interface(r)->vrf = sets(m) ? reading_vrf(r, match_arg(m, 0)->text) : 0;
}

static void set_number16(const struct match *m, uint16_t *slot)
{
	*slot = sets(m) ? (uint16_t)match_arg(m, 0)->number : 0;
}

static void set_mtu(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->mtu);
}

static void set_backup(struct reading *r, const struct match *m)
{
	struct config_interface *const i = reading_interface(r);
	char kernel[16];

	if (sets(m) && !config_ifname(match_arg(m, 0)->text, NULL, kernel))
		return;
	reading_replace(r, &i->backup, sets(m) ? kernel : NULL);
}

static uint32_t backup_seconds(const struct item *item)
{
	return item->kind == ITEM_NUMBER ? (uint32_t)item->number : BACKUP_NEVER;
}

static void set_backup_delay(struct reading *r, const struct match *m)
{
	struct config_interface *const i = reading_interface(r);

	i->backup_up_delay_s = sets(m) ? backup_seconds(&m->items[m->count - 2]) : 0;
	i->backup_down_delay_s = sets(m) ? backup_seconds(&m->items[m->count - 1]) : 0;
}

static void set_ip_mtu(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->ip_mtu);
}

static void set_ipv6_mtu(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->ipv6_mtu);
}

static void set_mss(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->adjust_mss);
}

static void set_mss6(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->adjust_mss6);
}

static void set_dot1q(struct reading *r, const struct match *m)
{
	set_number16(m, &reading_interface(r)->dot1q);
	reading_interface(r)->dot1q_native = sets(m) && match_has(m, "native");
}

static void set_bandwidth(struct reading *r, const struct match *m)
{
	reading_interface(r)->bandwidth_kbps = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
}

static void set_delay(struct reading *r, const struct match *m)
{
	reading_interface(r)->delay_tens_us = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
}

static void set_ipv6_enable(struct reading *r, const struct match *m)
{
	reading_interface(r)->ipv6_enable = sets(m);
}

/* What enters a tunnel is for other sites, which know its addresses as they are. */
static void set_nat(struct reading *r, const struct match *m)
{
	reading_extra(r, m);
	if (sets(m) && reading_interface(r)->is_tunnel && match_has(m, "outside"))
		reading_unsupported(r, true, "what enters a tunnel is not translated");
}

#define NAT64 "addresses are not translated from one family into the other"
#define FILTER "packets are not filtered here; use the system's own filter"
#define MULTICAST "multicast routing is not done; routing protocols' own multicast is carried"

const struct command commands_interface[] = {
	{ "ip address", HONOURED, NULL, set_address4 }, /* for "no ip address" */
	{ "ip address <ip> <mask> [secondary]", HONOURED, NULL, set_address4 },
	{ "ip address <prefix> [secondary]", HONOURED, NULL, set_address4 },
	{ "ip address dhcp [<*>]", HONOURED, NULL, set_dhcp },
	{ "ip address (negotiated|pool) [<*>]", TRAFFIC, "addresses come from the file or from DHCP" },
	{ "ip unnumbered <if> [poll]", TRAFFIC, "give the interface an address of its own" },
	{ "ipv6 address", HONOURED, NULL, set_address6 },
	{ "ipv6 address <prefix6> [anycast]", HONOURED, NULL, set_address6 },
	{ "ipv6 address <ip6> <1-128>", HONOURED, NULL, set_address6 },
	{ "ipv6 address <ip6> link-local", HONOURED, NULL, set_address6 },
	{ "ipv6 address <prefix6> eui-64", TRAFFIC, "write the whole address: there is no hardware address to take it from" },
	{ "ipv6 address (autoconfig|dhcp) [<*>]", TRAFFIC, "IPv6 addresses come from the file" },
	{ "ipv6 enable", HONOURED, NULL, set_ipv6_enable },
	{ "ip mtu <68-65535>", HONOURED, NULL, set_ip_mtu },
	{ "ipv6 mtu <1280-65535>", HONOURED, NULL, set_ipv6_mtu },
	{ "mtu <64-65535>", HONOURED, NULL, set_mtu },
	{ "backup interface <if>", HONOURED, NULL, set_backup },
	{ "backup delay (<0-4294967294>|never) (<0-4294967294>|never)", HONOURED, NULL, set_backup_delay },
	{ "ip tcp adjust-mss <500-1460>", HONOURED, NULL, set_mss },
	{ "ipv6 tcp adjust-mss <40-1454>", HONOURED, NULL, set_mss6 },
	{ "bandwidth <1-4294967295>", HONOURED, NULL, set_bandwidth },
	{ "bandwidth (receive|inherit|qos-reference) [<*>]", NO_EFFECT, "a hint without effect here" },
	{ "delay <1-16777215>", HONOURED, NULL, set_delay },
	{ "description <text>", HONOURED, NULL, set_description },
	{ "shutdown", HONOURED, NULL, set_shutdown },
	{ "vrf forwarding <word>", HONOURED, NULL, set_vrf },
	{ "ip vrf forwarding <word>", HONOURED, NULL, set_vrf },
	{ "encapsulation dot1Q <1-4094>", HONOURED, NULL, set_dot1q },
	{ "encapsulation dot1Q <1-4094> native", UNSUPPORTED, "the VLAN's frames carry its number, as others do", set_dot1q },
	{ "encapsulation <*>", NO_EFFECT, "the hardware is set up by the system" },

	{ "ip split-horizon", HONOURED, NULL, .keeping = TOGGLE, .frr = "ip rip split-horizon" },
	{ "ip split-horizon eigrp <1-65535>", ALWAYS_ON, "FRR's eigrpd always keeps split horizon", .keeping = TOGGLE },
	{ "ip next-hop-self eigrp <1-65535> [no-ecmp-mode]", ALWAYS_ON, "FRR's eigrpd always sets itself as next hop",
	  .keeping = TOGGLE },
	{ "ipv6 (split-horizon|next-hop-self) eigrp <1-65535>", NO_EFFECT, "FRR's eigrpd has no IPv6" },
	{ "ip hello-interval eigrp <1-65535> <1-65535>", HONOURED, NULL, .keeping = KEYED, .frr = "ip hello-interval eigrp $2" },
	{ "ip hold-time eigrp <1-65535> <1-65535>", HONOURED, NULL, .keeping = KEYED, .frr = "ip hold-time eigrp $2" },
	{ "ip bandwidth-percent eigrp <1-65535> <1-999999>", NO_EFFECT, "the routing daemon does not pace itself", .keeping = KEYED },
	{ "ip summary-address eigrp <1-65535> (<prefix>|<ip> <mask>) [<*>]", TRAFFIC,
	  "FRR's eigrpd does not announce summaries" },
	{ "ip authentication mode eigrp <1-65535> md5", HONOURED, NULL, .keeping = KEYED, .frr = "=" },
	{ "ip authentication key-chain eigrp <1-65535> <word>", HONOURED, NULL, .keeping = KEYED, .frr = "=" },
	{ "ipv6 eigrp <1-65535>", TRAFFIC, "FRR's eigrpd has no IPv6" },
	{ "ip rip authentication mode md5", HONOURED, NULL, .keeping = SINGLE, .frr = "=" },
	{ "ip rip authentication key-chain <word>", HONOURED, NULL, .keeping = SINGLE, .frr = "=" },
	{ "ip rip (send|receive) version <1-2> [<1-2>]", HONOURED, NULL, .frr = "=" },
	{ "bfd interval <50-9999> min_rx <50-9999> multiplier <3-50>", HONOURED, NULL, .keeping = SINGLE },
	{ "bfd template <word>", HONOURED, NULL, .keeping = SINGLE },
	{ "bfd echo", NO_EFFECT, "echo mode is not used", .keeping = TOGGLE },

	{ "ip redirects", UNSUPPORTED, "ICMP redirects are off on a tunnel" },
	{ "ip unreachables", NO_EFFECT, "left to the system" },
	{ "ip proxy-arp", NO_EFFECT, "left to the system" },
	{ "ip local-proxy-arp", NO_EFFECT, "left to the system" },
	{ "ip directed-broadcast [<*>]", UNSUPPORTED, "directed broadcasts are left to the system" },
	{ "ip mask-reply", NO_EFFECT, "left to the system" },
	{ "ip route-cache [(cef|distributed|flow|policy|same-interface)]", NO_EFFECT, "there is no such cache" },
	{ "ip mroute-cache", NO_EFFECT, "there is no such cache" },
	{ "ip load-sharing <*>", NO_EFFECT, "left to the system" },
	{ "ip virtual-reassembly [<*>]", NO_EFFECT, "left to the system" },
	{ "ip nbar protocol-discovery [<*>]", NO_EFFECT, "protocols are not counted" },
	{ "ip flow (ingress|egress)", NO_EFFECT, "flow records are not written" },
	{ "ip accounting [<*>]", NO_EFFECT, "flow records are not written" },
	{ "[ip] flow monitor <word> [sampler <word>] (input|output)", NO_EFFECT, "flow records are not written" },
	{ "performance monitor context <word>", NO_EFFECT, "flow records are not written" },
	{ "ip helper-address [<*>]", UNSUPPORTED, "DHCP is not relayed; run a relay beside" },
	{ "ip nat (inside|outside|enable)", HONOURED, NULL, set_nat },
	{ "ip access-group <word> (in|out)", TRAFFIC, FILTER },
	{ "ipv6 traffic-filter <word> (in|out)", TRAFFIC, FILTER },
	{ "ip inspect <word> (in|out)", TRAFFIC, FILTER },
	{ "ip verify <*>", TRAFFIC, FILTER },
	{ "ipv6 verify <*>", TRAFFIC, FILTER },
	{ "ip policy route-map <word>", TRAFFIC, "policy routing is not done" },
	{ "ipv6 policy route-map <word>", TRAFFIC, "policy routing is not done" },
	{ "zone-member security <word>", TRAFFIC, FILTER },
	{ "crypto map <word> [redundancy <word>]", TRAFFIC, "only tunnel protection is done, not crypto maps" },
	{ "cts (manual|dot1x)", TRAFFIC, "security group tags are not carried" },
	{ "cts (sgt inline|role-based enforcement|layer3 <*>)", TRAFFIC, "security group tags are not carried" },
	{ "ip pim (sparse-mode|dense-mode|sparse-dense-mode|nbma-mode|passive|dr-priority|query-interval|bsr-border|"
	  "neighbor-filter|state-refresh|bidir-neighbor-filter|redundancy) [<*>]", TRAFFIC, MULTICAST },
	{ "ipv6 pim <*>", TRAFFIC, MULTICAST },
	{ "ip igmp (version|join-group|static-group|access-group|helper-address|query-interval|query-max-response-time|"
	  "querier-timeout|limit|immediate-leave|explicit-tracking|mroute-proxy|proxy-service|unidirectional-link) [<*>]", TRAFFIC,
	  MULTICAST },
	{ "ip multicast boundary <*>", TRAFFIC, MULTICAST },
	{ "mpls (ip|mtu|bgp|label|accounting|traffic-eng) [<*>]", TRAFFIC, "MPLS is not done" },
	{ "standby <*>", TRAFFIC, "first-hop redundancy is left to other programs" },
	{ "vrrp <*>", TRAFFIC, "first-hop redundancy is left to other programs" },
	{ "glbp <*>", TRAFFIC, "first-hop redundancy is left to other programs" },
	{ "ipv6 nd (ra|prefix|other-config-flag|managed-config-flag|dad|ns-interval|reachable-time|router-preference|suppress-ra|"
	  "cache|na|nud|advertisement-interval|autoconfig|dns|raguard attach-policy) [<*>]", UNSUPPORTED, "router advertisements are left to other programs" },
	{ "ipv6 (redirects|unreachables)", NO_EFFECT, "left to the system" },
	{ "ipv6 rip <*>", TRAFFIC, "RIPng is not carried" },
	{ "isis <*>", TRAFFIC, "IS-IS is not carried" },
	{ "ip router isis [<*>]", TRAFFIC, "IS-IS is not carried" },

	{ "domain-path <*>", UNSUPPORTED, "performance routing is not done" },
	{ "domain [<word>] path <*>", UNSUPPORTED, "performance routing is not done" },
	{ "ip vrf receive <word>", TRAFFIC, "routes do not lead from one VRF into another" },
	{ "ip vrf sitemap <word>", NO_EFFECT, "left to the system" },
	{ "(ip|ipv6) wccp <word> redirect (in|out|exclude)", UNSUPPORTED, "packets are not turned aside" },
	{ "ip admission <word>", TRAFFIC, "packets are not filtered here; use the system's own filter" },
	{ "ip irdp [<*>]", UNSUPPORTED, "router advertisements are left to other programs" },
	{ "ip tcp header-compression [<*>]", UNSUPPORTED, "headers are not compressed" },
	{ "ip dns view-group <word>", NO_EFFECT, "names are resolved by the system" },
	{ "peer default ip address <*>", UNSUPPORTED, "no addresses are given out" },
	{ "nat64 <*>", TRAFFIC, NAT64 },
	{ "ipv6 unnumbered <if>", TRAFFIC, "give the interface an address of its own" },
	{ "ipv6 virtual-reassembly [<*>]", NO_EFFECT, "left to the system" },
	{ "ipv6 address <word> (<prefix6>|<ip6>) [<*>]", TRAFFIC, "write the whole address: there are no general prefixes" },
	{ "ip summary-address rip <ip> <mask>", TRAFFIC, "FRR's ripd does not announce summaries" },
	{ "ip rip (advertise|initial-delay) <*>", UNSUPPORTED, "FRR's ripd has its own timing" },
	{ "ip rip triggered", TRAFFIC, "FRR's ripd sends its whole table" },
	{ "ip rip v2-broadcast", TRAFFIC, "FRR's ripd sends version 2 by multicast" },
	{ "ipv6 (hello-interval|hold-time|summary-address|bandwidth-percent|authentication) <*>", TRAFFIC,
	  "FRR's eigrpd has no IPv6" },
	{ NULL },
};

/* ---- ip ospf …, ipv6 ospf …, ospfv3 … ---- */

static struct config_if_ospf *ospf_of(struct reading *r, const struct match *m)
{
	struct config_interface *i = reading_interface(r);

	if (!strcmp(m->items[0].text, "ip"))
		return &i->ospf;
	i->ospf6.ospfv3 = !strcmp(m->items[0].text, "ospfv3");
	return &i->ospf6;
}

static void set_ospf_network(struct reading *r, const struct match *m)
{
	const char *network = sets(m) ? m->items[m->count - 1].text : NULL;

	reading_replace(r, &ospf_of(r, m)->network, network);
	if (network && ospf_of(r, m) == &reading_interface(r)->ospf6 && strcmp(network, "broadcast") &&
	    strcmp(network, "point-to-point"))
		reading_unsupported(r, true, "FRR's ospf6d knows broadcast and point-to-point");
}

static void set_ospf_cost(struct reading *r, const struct match *m)
{
	set_number16(m, &ospf_of(r, m)->cost);
}

static void set_ospf_hello(struct reading *r, const struct match *m)
{
	set_number16(m, &ospf_of(r, m)->hello_s);
}

static void set_ospf_dead(struct reading *r, const struct match *m)
{
	set_number16(m, &ospf_of(r, m)->dead_s);
}

static void set_ospf_priority(struct reading *r, const struct match *m)
{
	struct config_if_ospf *o = ospf_of(r, m);

	o->has_priority = sets(m);
	o->priority = sets(m) ? (uint8_t)match_arg(m, 0)->number : 0;
}

static void set_ospf_area(struct reading *r, const struct match *m)
{
	struct config_if_ospf *o = ospf_of(r, m);
	const struct item *area = match_after(m, "area");

	o->has_area = sets(m);
	o->process = sets(m) ? (uint32_t)match_arg(m, 0)->number : 0;
	reading_replace(r, &o->area, sets(m) ? area->text : NULL);
}

static void set_ospf_mtu_ignore(struct reading *r, const struct match *m)
{
	ospf_of(r, m)->mtu_ignore = sets(m);
}

static void set_ospf_bfd(struct reading *r, const struct match *m)
{
	struct config_if_ospf *o = ospf_of(r, m);

	o->no_bfd = sets(m) && match_has(m, "disable");
	o->bfd = sets(m) && !o->no_bfd;
}

#define NETWORK "(broadcast|point-to-point|point-to-multipoint|non-broadcast)"

const struct command commands_interface_ospf[] = {
	{ "(ip|ipv6) ospf network " NETWORK, HONOURED, NULL, set_ospf_network },
	{ "(ip|ipv6) ospf network point-to-multipoint non-broadcast", TRAFFIC,
	  "FRR has point-to-multipoint with multicast only" },
	{ "(ip|ipv6) ospf cost <1-65535>", HONOURED, NULL, set_ospf_cost },
	{ "(ip|ipv6) ospf priority <0-255>", HONOURED, NULL, set_ospf_priority },
	{ "(ip|ipv6) ospf hello-interval <1-65535>", HONOURED, NULL, set_ospf_hello },
	{ "(ip|ipv6) ospf dead-interval <1-65535>", HONOURED, NULL, set_ospf_dead },
	{ "(ip|ipv6) ospf dead-interval minimal hello-multiplier <3-20>", TRAFFIC, "use BFD for detection below a second" },
	{ "(ip|ipv6) ospf mtu-ignore", HONOURED, NULL, set_ospf_mtu_ignore },
	{ "(ip|ipv6) ospf bfd [disable]", HONOURED, NULL, set_ospf_bfd },
	{ "(ip|ipv6) ospf <1-65535> area <area>", HONOURED, NULL, set_ospf_area },
	{ "ospfv3 <1-65535> ipv6 area <area>", HONOURED, NULL, set_ospf_area },
	{ "ospfv3 <1-65535> [ipv6] network " NETWORK, HONOURED, NULL, set_ospf_network },
	{ "ospfv3 <1-65535> [(ipv4|ipv6)] (cost|priority|hello-interval|dead-interval|mtu-ignore|bfd|authentication|encryption|"
	  "demand-circuit|shutdown) [<*>]", TRAFFIC, "write it without the number of a process" },
	{ "ospfv3 <1-65535> ipv4 area <area>", TRAFFIC, "OSPFv3 carries IPv6 only; use ip ospf" },
	{ "ospfv3 network " NETWORK, HONOURED, NULL, set_ospf_network },
	{ "ospfv3 cost <1-65535>", HONOURED, NULL, set_ospf_cost },
	{ "ospfv3 priority <0-255>", HONOURED, NULL, set_ospf_priority },
	{ "ospfv3 hello-interval <1-65535>", HONOURED, NULL, set_ospf_hello },
	{ "ospfv3 dead-interval <1-65535>", HONOURED, NULL, set_ospf_dead },
	{ "ospfv3 mtu-ignore", HONOURED, NULL, set_ospf_mtu_ignore },
	{ "ospfv3 bfd [disable]", HONOURED, NULL, set_ospf_bfd },
	{ "ip ospf authentication [(message-digest|null)]", HONOURED, NULL, .keeping = SINGLE, .frr = "=" },
	{ "ip ospf authentication key-chain <word>", TRAFFIC, "FRR's ospfd takes keys by ip ospf message-digest-key" },
	{ "ip ospf authentication-key [0] <secret>", HONOURED, NULL, .keeping = SINGLE, .frr = "ip ospf authentication-key $1" },
	{ "ip ospf authentication-key 7 <secret>", TRAFFIC, "write the key in clear: encrypted keys are not read" },
	{ "ip ospf message-digest-key <1-255> md5 [0] <secret>", HONOURED, NULL, .keeping = KEYED,
	  .frr = "ip ospf message-digest-key $1 md5 $2" },
	{ "ip ospf message-digest-key <1-255> md5 7 <secret>", TRAFFIC, "write the key in clear: encrypted keys are not read" },
	{ "ip ospf retransmit-interval <1-65535>", HONOURED, NULL, .keeping = SINGLE, .frr = "=" },
	{ "ip ospf transmit-delay <1-65535>", HONOURED, NULL, .keeping = SINGLE, .frr = "=" },
	{ "ip ospf database-filter all out", TRAFFIC, "FRR sends its whole database" },
	{ "ip ospf prefix-suppression [disable]", UNSUPPORTED, "the transit network is announced" },
	{ "ip ospf flood-reduction", UNSUPPORTED, "the database is refreshed as usual" },
	{ "ip ospf (demand-circuit|resync-timeout|lls|ttl-security|shutdown) [<*>]", TRAFFIC, "not in FRR's ospfd" },
	{ "ipv6 ospf authentication <*>", TRAFFIC, "OSPFv3 is not authenticated; protect the tunnel" },
	{ "ipv6 ospf encryption <*>", TRAFFIC, "OSPFv3 is not encrypted; protect the tunnel" },
	{ "ospfv3 (authentication|encryption) <*>", TRAFFIC, "OSPFv3 is not protected; protect the tunnel" },
	{ NULL },
};

/* ---- vrf definition, ip vrf ---- */

#define MPLS_VPN "VRFs are told apart here by name"

const struct command commands_vrf[] = {
	{ "rd <word>", NO_EFFECT, MPLS_VPN },
	{ "exit-address-family", HONOURED, NULL, reading_stay },
	{ "(vnet|vpn|context|mdt|maximum|bgp) [<*>]", NO_EFFECT, MPLS_VPN },
	{ "snmp context <word>", NO_EFFECT, MPLS_VPN },
	{ "route-target (import|export|both) <word>", HONOURED },
	{ "description <text>", NO_EFFECT, "a comment" },
	{ "address-family (ipv4|ipv6) [(unicast|multicast)]", HONOURED, NULL, NULL, MODE_VRF_AF },
	{ "(import|export) [<*>]", TRAFFIC, "all routes of a VRF are exchanged by route targets, or none" },
	{ NULL },
};

const struct command commands_vrf_af[] = {
	{ "exit-address-family", HONOURED, NULL, reading_leave },
	{ "(maximum|mdt|bgp) <*>", NO_EFFECT, MPLS_VPN },
	{ "route-target (import|export|both) <word>", HONOURED },
	{ "(import|export) [<*>]", TRAFFIC, "all routes of a VRF are exchanged by route targets, or none" },
	{ NULL },
};
