/* Sources, uplinks, routes between VRFs, address translation, names. */
#include "folder.h"

static void sources(void **state)
{
	(void)state;
	at_spoke("ip address 198.51.100.10 255.255.255.252\n", "ip address 198.51.100.10 255.255.255.252\n shutdown\n", RULE_SOURCE_SHUT, "shutdown");
	at_spoke(" ip address 198.51.100.10 255.255.255.252\n", "", RULE_SOURCE_WITHOUT_ADDRESS, "tunnel source");
	at_spoke("tunnel source GigabitEthernet0/0", "tunnel source 198.51.100.77", RULE_SOURCE_WITHOUT_ADDRESS, "tunnel source");
	at_spoke("interface GigabitEthernet0/0\n", "vrf definition INET\ninterface GigabitEthernet0/0\n vrf forwarding INET\n", RULE_TUNNEL_VRF_MISSING, "interface Tunnel0");
	at_spoke("ip address 10.60.10.1", "ip address 198.51.100.9", RULE_OVERLAPPING_UPLINKS, "ip address 198.51.100.9");
	fine_at_spoke("tunnel source GigabitEthernet0/0", "tunnel source 198.51.100.10");
	fine_at_spoke(" ip address 198.51.100.10 255.255.255.252\n", " ip unnumbered Loopback9\ninterface Loopback9\n ip address 198.51.100.10 255.255.255.255\n");
}

static void routes(void **state)
{
	(void)state;
	at_spoke("ip route 0.0.0.0", "vrf definition X\nip route vrf X 10.99.0.0 255.255.0.0 10.60.10.9\nip route 0.0.0.0", RULE_INTER_VRF_ROUTE_WITHOUT_INTERFACE, "ip route vrf X");
	fine_at_spoke("ip route 0.0.0.0", "vrf definition X\nip route vrf X 10.99.0.0 255.255.0.0 GigabitEthernet0/1 10.60.10.9\nip route 0.0.0.0");
}

/* A second tunnel from a second uplink, to the hub's second address. */
#define SECOND(n) "interface GigabitEthernet0/2\n ip address 203.0.113." n " 255.255.255.252\ninterface Tunnel1\n ip address 10.1.0." n " 255.255.255.0\n ip mtu 1400\n" \
	" ip tcp adjust-mss 1360\n ip nhrp network-id 2\n tunnel source GigabitEthernet0/2\n tunnel mode gre multipoint\n tunnel key 6\n tunnel protection ipsec profile P\n"

static void two_uplinks(void **state)
{
	char *spoke = with(SPOKE("10"), "router eigrp 7", SECOND("10") " ip nhrp nhs 10.1.0.2 nbma 203.0.113.2 multicast\nrouter eigrp 7");
	char *hub = with(HUB, "router eigrp 7", SECOND("2") "ip route 203.0.113.8 255.255.255.252 203.0.113.1\nrouter eigrp 7"), *right;
	struct folder f;

	(void)state;
	folder_of(&f, hub, spoke);
	assert_found(&f, RULE_ONE_DEFAULT_TWO_UPLINKS, "spoke10.cfg", "tunnel source GigabitEthernet0/2");
	assert_null(strstr(found(&f, RULE_ONE_DEFAULT_TWO_UPLINKS)->text, "more of the kind"));
	folder_done(&f);
	right = with(spoke, "ip route 0.0.0.0", "ip route 203.0.113.0 255.255.255.252 203.0.113.9\nip route 0.0.0.0");
	folder_of(&f, hub, right);
	assert_null(found(&f, RULE_ONE_DEFAULT_TWO_UPLINKS));
	folder_done(&f);
	free(spoke);
	free(hub);
	free(right);
}

#define NAT "ip nat inside source list N interface GigabitEthernet0/0 overload\nip access-list extended N\n"

#define MAP "ip nat inside source route-map M interface GigabitEthernet0/0 overload\nip access-list extended N\n permit ip any any\n" \
	"ip access-list extended OWN\n permit ip host 198.51.100.10 any\nroute-map M permit 10\n match ip address N\n"

static void translation_by_route_map(void **state)
{
	(void)state;
	at_spoke("ip route 0.0.0.0", MAP "ip route 0.0.0.0", RULE_NAT_CATCHES_TUNNEL, "permit ip any any");
	at_spoke("ip route 0.0.0.0", MAP " match interface GigabitEthernet0/0\nip route 0.0.0.0", RULE_NAT_CATCHES_TUNNEL, "permit ip any any");
	fine_at_spoke("ip route 0.0.0.0", MAP " match interface GigabitEthernet0/1\nip route 0.0.0.0");
	fine_at_spoke("ip route 0.0.0.0", MAP "route-map M deny 5\n match ip address OWN\nip route 0.0.0.0");
}

static void translation(void **state)
{
	(void)state;
	at_spoke("ip route 0.0.0.0", NAT " permit ip any any\nip route 0.0.0.0", RULE_NAT_CATCHES_TUNNEL, "permit ip any any");
	fine_at_spoke("ip route 0.0.0.0", NAT " permit ip 10.60.10.0 0.0.0.255 any\nip route 0.0.0.0");
	fine_at_spoke("ip route 0.0.0.0", NAT " deny ip host 198.51.100.10 any\n permit ip any any\nip route 0.0.0.0");
	fine_at_spoke("ip route 0.0.0.0", NAT " permit tcp any any\nip route 0.0.0.0");
	at_spoke("ip route 0.0.0.0", "ip nat inside source list NONE interface GigabitEthernet0/0 overload\nip route 0.0.0.0", RULE_DANGLING_REFERENCE, "ip nat inside");
}

static void names(void **state)
{
	(void)state;
	at_spoke("set transform-set TS", "set transform-set TT", RULE_DANGLING_REFERENCE, "set transform-set");
	at_spoke("tunnel source GigabitEthernet0/0", "tunnel source GigabitEthernet0/7", RULE_DANGLING_REFERENCE, "tunnel source");
	at_spoke("router eigrp 7\n", "router eigrp 7\n redistribute static route-map M\n", RULE_DANGLING_REFERENCE, "route-map M");
	fine_at_spoke("router eigrp 7\n", "route-map M permit 10\nrouter eigrp 7\n redistribute connected metric 1 1 1 1 1 route-map M\n");
	at_spoke("ip address 10.60.10.1 255.255.255.0\n", "ip address 10.60.10.1 255.255.255.0\n ip access-group IN in\n", RULE_DANGLING_REFERENCE, "ip access-group");
	fine_at_spoke("ip address 10.60.10.1 255.255.255.0\n", "ip address 10.60.10.1 255.255.255.0\n ip access-group 101 in\naccess-list 101 permit ip any any\n");
}

static void twice(void **state)
{
	(void)state;
	at_spoke("ip address 10.0.0.10", "ip address 10.0.0.18", RULE_DUPLICATE_ADDRESS, "ip address 10.0.0.18");
	at_spoke("ip address 10.60.10.1", "ip address 10.50.0.1", RULE_DUPLICATE_ADDRESS, "ip address 10.50.0.1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources), cmocka_unit_test(routes), cmocka_unit_test(two_uplinks), cmocka_unit_test(translation), cmocka_unit_test(translation_by_route_map),
		cmocka_unit_test(names), cmocka_unit_test(twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
