/* EIGRP, OSPF, BGP and RIP over the tunnel. */
#include "folder.h"

static void eigrp(void **state)
{
	(void)state;
	at_hub(" no ip split-horizon eigrp 7\n", "", RULE_SPLIT_HORIZON, "interface Tunnel0");
	fine_at_hub(" no ip split-horizon eigrp 7\n", " ip summary-address eigrp 7 10.0.0.0 255.0.0.0\n");
	at_spoke("router eigrp 7", "router eigrp 8", RULE_EIGRP_AS_MISMATCH, "router eigrp 8");
	at_spoke("router eigrp 7\n", "router eigrp 7\n passive-interface default\n", RULE_ROUTING_MISMATCH, "router eigrp 7");
	fine_at_spoke("router eigrp 7\n", "router eigrp 7\n passive-interface default\n no passive-interface Tunnel0\n");
	at_spoke(" network 10.0.0.0 0.0.0.255\n", "", RULE_ROUTING_MISMATCH, "router eigrp 7");
	at_hub("router eigrp 7\n", "router eigrp 7\n eigrp stub connected\n", RULE_EIGRP_STUB_HUB, "eigrp stub");
	fine_at_spoke("router eigrp 7\n", "router eigrp 7\n eigrp stub connected\n");
	/* A discard route handed on, and a loopback that is as wide as all LANs, are summaries too. */
	fine_at_hub(" no ip split-horizon eigrp 7\n", " ip summary-address eigrp 7 10.60.0.0 255.255.0.0\n");
	fine_at_hub(" no ip split-horizon eigrp 7\n", "interface Loopback7\n ip address 10.60.0.1 255.255.0.0\nrouter eigrp 7\n network 10.60.0.0 0.0.255.255\ninterface Tunnel0\n");
	/* A mask in place of the wildcard is turned over. */
	fine_at_spoke("network 10.0.0.0 0.0.0.255", "network 10.0.0.0 255.255.255.0");
}

/* The whole folder with `router eigrp` and its lines made something else. */
static void folder_with(struct folder *f, const char *hub_if, const char *hub_router, const char *spoke_if, const char *spoke_router, bool redirect)
{
	*f = (struct folder){ 0 };
	for (size_t i = 0; i < 3; i++) {
		const char *text = i == 0 ? HUB : i == 1 ? SPOKE("10") : SPOKE("18");
		char *a = with(text, i ? " ip nhrp shortcut\n" : " ip nhrp redirect\n", redirect ? i ? " ip nhrp shortcut\n" : " ip nhrp redirect\n" : "");
		char *b = with(a, " ip mtu 1400\n", i ? spoke_if : hub_if), *c = with(b, "router eigrp 7\n", i ? spoke_router : hub_router), *e, *g;

		/* Their networks go to a process of their own, which does no harm. */
		e = with(c, " network 10.0.0.0 0.0.0.255\n", "router rip\n");
		g = with(e, i == 0 ? " network 10.50.0.0 0.0.0.255\n" : i == 1 ? " network 10.60.10.0 0.0.0.255\n" : " network 10.60.18.0 0.0.0.255\n", "");
		folder_add(f, i == 0 ? "hub.cfg" : i == 1 ? "spoke10.cfg" : "spoke18.cfg", g);
		free(a);
		free(b);
		free(c);
		free(e);
		free(g);
	}
	folder_judge(f);
}

#define OSPF "router ospf 1\n network 10.0.0.0 0.255.255.255 area 0\n"

static void ospf(void **state)
{
	struct folder f;

	(void)state;
	folder_with(&f, " ip mtu 1400\n ip ospf network broadcast\n ip ospf priority 9\n", OSPF, " ip mtu 1400\n ip ospf network broadcast\n ip ospf priority 0\n", OSPF, false);
	assert_silent(&f);
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n ip ospf network broadcast\n", OSPF, " ip mtu 1400\n ip ospf network broadcast\n", OSPF, false);
	assert_found(&f, RULE_OSPF_SPOKE_MAY_BE_DR, "spoke10.cfg", "ip ospf network");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n ip ospf network broadcast\n ip ospf priority 0\n", OSPF, " ip mtu 1400\n ip ospf network broadcast\n ip ospf priority 0\n", OSPF, false);
	assert_found(&f, RULE_OSPF_NO_DR, "hub.cfg", "ip ospf priority 0");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", OSPF, " ip mtu 1400\n", OSPF, true);
	assert_found(&f, RULE_OSPF_NETWORK_TYPE, "hub.cfg", "interface Tunnel0");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n ip ospf network point-to-multipoint\n", OSPF, " ip mtu 1400\n ip ospf network point-to-multipoint\n", OSPF, true);
	assert_silent(&f);
	folder_done(&f);
	/* In phase 2 the next hop has to be the other spoke. */
	folder_with(&f, " ip mtu 1400\n ip ospf network point-to-multipoint\n", OSPF, " ip mtu 1400\n ip ospf network point-to-multipoint\n", OSPF, false);
	assert_found(&f, RULE_OSPF_NETWORK_TYPE, "hub.cfg", "point-to-multipoint");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n ip ospf network point-to-multipoint\n", OSPF, " ip mtu 1400\n ip ospf network point-to-multipoint\n ip ospf hello-interval 5\n", OSPF, true);
	assert_found(&f, RULE_OSPF_TIMERS_MISMATCH, "hub.cfg", "ip ospf network");
	folder_done(&f);
}

#define BGP_HUB "router bgp 65000\n bgp listen range 10.0.0.0/24 peer-group S\n neighbor S peer-group\n neighbor S remote-as 65000\n neighbor S route-reflector-client\n"
#define BGP_SPOKE "router bgp 65000\n neighbor 10.0.0.1 remote-as 65000\n"

static void bgp(void **state)
{
	struct folder f;

	(void)state;
	folder_with(&f, " ip mtu 1400\n", BGP_HUB, " ip mtu 1400\n", BGP_SPOKE, true);
	assert_silent(&f);
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", BGP_HUB, " ip mtu 1400\n", "router bgp 65000\n neighbor 10.0.0.1 remote-as 65001\n", true);
	assert_found(&f, RULE_BGP_AS_MISMATCH, "spoke10.cfg", "remote-as 65001");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", "router bgp 65000\n bgp listen range 10.0.0.0/28 peer-group S\n neighbor S peer-group\n neighbor S remote-as 65000\n", " ip mtu 1400\n", BGP_SPOKE, true);
	assert_found(&f, RULE_BGP_LISTEN_RANGE, "hub.cfg", "bgp listen range");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", "router bgp 65000\n neighbor 10.0.0.10 remote-as 65000\n neighbor 10.0.0.18 remote-as 65000\n", " ip mtu 1400\n", BGP_SPOKE, true);
	assert_found(&f, RULE_BGP_NOT_REFLECTED, "hub.cfg", "neighbor 10.0.0.10");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", "router bgp 65000\n neighbor 10.0.0.10 remote-as 65001\n neighbor 10.0.0.18 remote-as 65001\n", " ip mtu 1400\n",
		    "router bgp 65001\n neighbor 10.0.0.1 remote-as 65000\n", true);
	assert_found(&f, RULE_BGP_ONE_AS, "spoke10.cfg", "neighbor 10.0.0.1");
	folder_done(&f);
	folder_with(&f, " ip mtu 1400\n", BGP_HUB " neighbor S next-hop-self all\n", " ip mtu 1400\n", BGP_SPOKE, false);
	assert_found(&f, RULE_NEXT_HOP_SELF, "hub.cfg", "next-hop-self all");
	folder_done(&f);
}

/* To be known, no more: the network may be meant to stay at home. */
static void not_announced(void **state)
{
	char *text = with(SPOKE("10"), " network 10.60.10.0 0.0.0.255\n", "");
	struct folder f;

	(void)state;
	folder_of(&f, HUB, text);
	assert_found(&f, RULE_NETWORK_NOT_ANNOUNCED, "spoke10.cfg", "GigabitEthernet0/1");
	assert_silent(&f);
	folder_done(&f);
	free(text);
}

static void both_worlds(void **state)
{
	(void)state;
	/* The hub announces where its tunnel starts, and spokes have a default route only. */
	at_hub("network 10.50.0.0 0.0.0.255", "network 192.0.2.0 0.0.0.3", RULE_RECURSIVE_ROUTING, "network 192.0.2.0");
	at_spoke("ip route 0.0.0.0", "ip route 192.0.2.0 255.255.255.0 Tunnel0\nip route 0.0.0.0", RULE_RECURSIVE_ROUTING, "ip route 192.0.2.0");
	at_spoke("ip route 0.0.0.0", "ip route 0.0.0.0 0.0.0.0 Tunnel0\nip route 0.0.0.0", RULE_DEFAULT_ROUTE_WITHOUT_FVRF, "Tunnel0");
	at_hub("router eigrp 7\n", "router eigrp 7\n redistribute static\n", RULE_DEFAULT_ROUTE_WITHOUT_FVRF, "redistribute static");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(eigrp), cmocka_unit_test(ospf), cmocka_unit_test(bgp), cmocka_unit_test(not_announced),
		cmocka_unit_test(both_worlds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
