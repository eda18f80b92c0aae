/* Servers, maps, multicast, registrations. */
#include "folder.h"

static void servers(void **state)
{
	(void)state;
	at_spoke("ip nhrp nhs 10.0.0.1\n", "ip nhrp nhs 10.0.1.1\n", RULE_NHS_OUTSIDE_SUBNET, "ip nhrp nhs 10.0.1.1");
	at_spoke(" ip nhrp map 10.0.0.1 192.0.2.2\n", "", RULE_NHS_WITHOUT_MAP, "ip nhrp nhs");
	at_spoke("ip nhrp nhs 10.0.0.1\n", "ip nhrp nhs 10.0.0.7 nbma 192.0.2.2\n", RULE_NHS_OF_NOBODY, "ip nhrp nhs");
	at_spoke(" ip nhrp nhs 10.0.0.1\n", "", RULE_NHS_MISSING, "interface Tunnel0");
	fine_at_spoke(" ip nhrp map 10.0.0.1 192.0.2.2\n ip nhrp map multicast 192.0.2.2\n ip nhrp nhs 10.0.0.1\n",
		      " ip nhrp nhs 10.0.0.1 nbma 192.0.2.2 multicast\n");
	fine_at_spoke("map 10.0.0.1 192.0.2.2", "map 10.0.0.1 hub.example.com");
}

static void underlay_addresses(void **state)
{
	(void)state;
	at_spoke("map 10.0.0.1 192.0.2.2", "map 10.0.0.1 192.0.2.9", RULE_NBMA_OF_NOBODY, "ip nhrp map 10.0.0.1");
	at_spoke("map 10.0.0.1 192.0.2.2", "map 10.0.0.1 198.51.100.18", RULE_NBMA_OF_ANOTHER_ROUTER, "ip nhrp map 10.0.0.1");
	/* The hub's LAN. */
	at_spoke("map 10.0.0.1 192.0.2.2", "map 10.0.0.1 10.50.0.1", RULE_NBMA_OF_ANOTHER_ROUTER, "ip nhrp map 10.0.0.1");
	/* The hub is behind a NAT; its address comes by DHCP. */
	fine_at_hub("192.0.2.2 255.255.255.252", "192.168.7.2 255.255.255.252");
	fine_at_hub("ip address 192.0.2.2 255.255.255.252", "ip address dhcp");
}

static void multicast(void **state)
{
	(void)state;
	at_spoke(" ip nhrp map multicast 192.0.2.2\n", "", RULE_MULTICAST_MAP_MISSING, "ip nhrp nhs");
	at_spoke("map multicast 192.0.2.2", "map multicast 10.0.0.1", RULE_MULTICAST_MAP_MISSING, "ip nhrp map multicast");
	at_hub(" ip nhrp map multicast dynamic\n", "", RULE_MULTICAST_MAP_MISSING, "interface Tunnel0");
	/* From 15.7 on it is on, and not said. */
	fine_at_hub(" ip nhrp map multicast dynamic\n", "version 16.9\ninterface Tunnel0\n");
}

static void registrations(void **state)
{
	(void)state;
	at_spoke("ip address 198.51.100.10 255.255.255.252", "ip address dhcp", RULE_UNIQUE_WITH_DYNAMIC_ADDRESS, "ip address dhcp");
	at_spoke(" ip nhrp shortcut\n", " ip nhrp shortcut\n ip nhrp registration timeout 700\n", RULE_REGISTRATION_SLOWER_THAN_HOLDTIME,
		 "ip nhrp registration timeout");
	at_spoke("authentication OneTwo", "authentication OneThree", RULE_AUTHENTICATION_MISMATCH, "ip nhrp authentication");
	at_spoke("authentication OneTwo", "authentication OneTwoThree", RULE_AUTHENTICATION_TOO_LONG, "ip nhrp authentication");
	at_spoke(" ip nhrp network-id 1\n", "", RULE_NETWORK_ID_MISSING, "interface Tunnel0");
	fine_at_spoke("network-id 1\n", "network-id 99\n");
}

static void phases(void **state)
{
	(void)state;
	at_spoke(" ip nhrp shortcut\n", "", RULE_REDIRECT_WITHOUT_SHORTCUT, "interface Tunnel0");
	at_hub(" ip nhrp redirect\n", "", RULE_SHORTCUT_WITHOUT_REDIRECT, "interface Tunnel0");
	at_spoke("tunnel mode gre multipoint", "tunnel destination 192.0.2.2", RULE_PHASE_MIX, "tunnel destination");
	at_hub("tunnel mode gre multipoint", "if-state nhrp\n tunnel mode gre multipoint", RULE_IF_STATE_ON_HUB, "if-state");
	/* Written as not wanted: to be known, no more. */
	fine_at_spoke(" ip nhrp shortcut\n", " no ip nhrp shortcut\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers), cmocka_unit_test(underlay_addresses), cmocka_unit_test(multicast),
		cmocka_unit_test(registrations), cmocka_unit_test(phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
