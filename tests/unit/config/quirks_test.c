/*
 * What files look like when they come from people: two texts side by side, of which the left one is as somebody
 * wrote it and the right one says the same cleanly. They must be the same model. Each quirk stands at least twice.
 */
#include "text.h"

static const struct { const char *quirk, *written, *clean; } pairs[] = {
#define TU "interface Tunnel0\n"
	{ "not indented", TU "ip nhrp network-id 7\ntunnel key 5\nrouter eigrp 1\nnetwork 10.0.0.0\nno auto-summary\n",
	  TU " ip nhrp network-id 7\n tunnel key 5\nrouter eigrp 1\n network 10.0.0.0\n no auto-summary\n" },
	{ "not indented, blocks in blocks",
	  "router eigrp N\naddress-family ipv4 unicast autonomous-system 1\naf-interface Tunnel0\nno split-horizon\n"
	  "exit-af-interface\ntopology base\nexit-af-topology\nnetwork 10.0.0.0\nexit-address-family\nhostname r\n",
	  "hostname r\nrouter eigrp N\n address-family ipv4 unicast autonomous-system 1\n  af-interface Tunnel0\n   no split-horizon\n"
	  "  exit-af-interface\n  topology base\n  exit-af-topology\n  network 10.0.0.0\n exit-address-family\n" },
	{ "not indented, a block that is only kept", "policy-map P\nclass VOICE\npriority percent 10\nclass class-default\n"
	  "fair-queue\nhostname r\n", "hostname r\npolicy-map P\n class VOICE\n priority percent 10\n class class-default\n fair-queue\n" },
	{ "not indented, a block that is not supported", "crypto map M 10 ipsec-isakmp\nset peer 192.0.2.1\nmatch address A\n"
	  "ip route 10.0.0.0 255.0.0.0 192.0.2.1\n",
	  "crypto map M 10 ipsec-isakmp\n set peer 192.0.2.1\n match address A\n!\nip route 10.0.0.0 255.0.0.0 192.0.2.1\n" },
	{ "not indented, words that abbreviate others", "object-group network G\nhost 10.0.0.1\nip dhcp pool P\nnetwork 10.0.0.0 /24\n"
	  "host 10.0.0.5 255.255.255.0\narchive\nlog config\nhidekeys\nint lo0\n",
	  "object-group network G\n host 10.0.0.1\nip dhcp pool P\n network 10.0.0.0 /24\n host 10.0.0.5 255.255.255.0\n"
	  "archive\n log config\n hidekeys\ninterface Loopback0\n" },
	{ "encr", "crypto isakmp policy 1\n encr aes 256\n auth pre\n", "crypto isakmp policy 1\n encryption aes 256\n authentication pre-share\n" },
	{ "encr", "crypto isakmp policy 1\n encr 3des\n has md5\n gr 2\n", "crypto isakmp policy 1\n encryption 3des\n hash md5\n group 2\n" },
	{ "int", "int tu0\n tun mode gre mul\n", "interface Tunnel0\n tunnel mode gre multipoint\n" },
	{ "int", "int g0/0\nno sh\nint lo0\n", "interface GigabitEthernet0/0\ninterface Loopback0\n" },
	{ "number apart", "interface tunnel 0\n tunnel source gigabitEthernet 0/1\n", TU " tunnel source GigabitEthernet0/1\n" },
	{ "number apart", "int Tunnel 0\ntunnel source FastEthernet0 /0\n", TU " tunnel source FastEthernet0/0\n" },
	{ "opened again", TU " ip nhrp network-id 1\ninterface Loopback0\n" TU " tunnel key 3\n ip nhrp network-id 2\n",
	  TU " ip nhrp network-id 2\n tunnel key 3\ninterface Loopback0\n" },
	{ "opened again", "router bgp 1\n neighbor 10.0.0.2 remote-as 1\nhostname a\nrouter bgp 1\n neighbor 10.0.0.2 description x\n",
	  "hostname a\nrouter bgp 1\n neighbor 10.0.0.2 remote-as 1\n neighbor 10.0.0.2 description x\n" },
	{ "CR LF", "hostname a\r\n" "interface Tunnel0\r\n ip mtu 1400\r\n", "hostname a\n" TU " ip mtu 1400\n" },
	{ "CR LF", "router ospf 1\r\n\r\n router-id 1.1.1.1\r\n!\r\n", "router ospf 1\n router-id 1.1.1.1\n" },
	{ "CR alone", "hostname a\r!\rinterface Tunnel0\r ip mtu 1400\r", "hostname a\n!\n" TU " ip mtu 1400\n" },
	{ "CR alone", "router ospf 1\r router-id 1.1.1.1", "router ospf 1\n router-id 1.1.1.1\n" },
	{ "a session", "en\nconf t\nhostname a\nint tu0\nip mtu 1400\nexit\nrouter ospf 1\nrouter-id 1.1.1.1\ndo wr\nend\nwr\n",
	  "hostname a\n" TU " ip mtu 1400\nrouter ospf 1\n router-id 1.1.1.1\n" },
	{ "a session", "enable\nconfigure terminal\nEnter configuration commands, one per line.  End with CNTL/Z.\n"
	  "router bgp 1\nneighbor 10.0.0.2 remote-as 2\naddress-family ipv4\nneighbor 10.0.0.2 activate\nexit\nneighbor 10.0.0.3 remote-as 2\n"
	  "exit\nhostname a\nend\ncopy running-config startup-config\nDestination filename [startup-config]?\nBuilding configuration...\n[OK]\n",
	  "hostname a\nrouter bgp 1\n neighbor 10.0.0.2 remote-as 2\n address-family ipv4\n  neighbor 10.0.0.2 activate\n"
	  " exit-address-family\n neighbor 10.0.0.3 remote-as 2\n" },
	{ "ip addr", "int lo0\nip addr 10.0.0.1 255.255.255.255\n", "interface Loopback0\n ip address 10.0.0.1 255.255.255.255\n" },
	{ "ip add", "int lo0\nip add 10.0.0.1 255.255.255.255\nip add 10.0.0.2 255.255.255.255 sec\n",
	  "interface Loopback0\n ip address 10.0.0.1 255.255.255.255\n ip address 10.0.0.2 255.255.255.255 secondary\n" },
	{ "router eig", "router eig 100\nnet 10.0.0.0 0.0.0.255\n", "router eigrp 100\n network 10.0.0.0 0.0.0.255\n" },
	{ "router eig", "router eig 100\npass def\nno pass tu0\neigrp ro 1.1.1.1\n",
	  "router eigrp 100\n passive-interface default\n no passive-interface Tunnel0\n eigrp router-id 1.1.1.1\n" },
	{ "no sh", TU "shutdown\nno sh\n", TU },
	{ "no shut", TU "shut\nint lo0\n" TU "no shut\n", TU "interface Loopback0\n" },
	{ "show run", "R1#show run\nBuilding configuration...\n\nCurrent configuration : 1873 bytes\n!\nversion 15.2\nhostname R1\nR1#\n",
	  "version 15.2\nhostname R1\n" },
	{ "show run", "R1#sh run | sec tunnel\nUsing 3836 out of 32768 bytes\n" TU " ip mtu 1400\n --More-- \x08\x08\x08\x08         \x08\x08\x08"
	  "tunnel key 5\nR1>\n", TU " ip mtu 1400\n tunnel key 5\n" },
	{ "prompts", "R1(config)#int tu0\nR1(config-if)#ip mtu 1400\nR1(config-if)#exit\nR1(config)#hostname b\n", TU " ip mtu 1400\nhostname b\n" },
	{ "prompts", "SPOKE-1# conf t\nSPOKE-1(config)# router ospf 1\nSPOKE-1(config-router)# router-id 1.1.1.1\nSPOKE-1(config-router)# end\n",
	  "router ospf 1\n router-id 1.1.1.1\n" },
	{ "what the router said", TU "ip mtu 1400\n*Mar  1 00:01:02.003: %SYS-5-CONFIG_I: Configured from console by console\ntunnel key 5\n",
	  TU " ip mtu 1400\n tunnel key 5\n" },
	{ "what the router said", TU "ip mtu 1400\n% 10.0.0.0 overlaps with Tunnel1\n             ^\n% Invalid input detected at '^' marker.\n"
	  "tunnel key 5\n", TU " ip mtu 1400\n tunnel key 5\n" },
	{ "BOM", "\xef\xbb\xbfhostname a\n", "hostname a\n" },
	{ "BOM", "somesay\xef\xbb\xbf\nhostname a\n\xef\xbb\xbf" TU "ip mtu 1400\n", "hostname a\n" TU " ip mtu 1400\n" },
	{ "a comment behind", TU " ip mtu 1400 ! less GRE and ESP\n tunnel key 5    !key\n", TU " ip mtu 1400\n tunnel key 5\n" },
	{ "a comment behind", "router ospf 1  ! core\n network 10.0.0.0 0.0.0.255 area 0 ! link\n",
	  "router ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n" },
	{ "no comment", TU " description to ISP ! A\n", TU " description to ISP ! A\n" },
	{ "tunnel destin", TU " tunnel destin 192.0.2.1\n", TU " tunnel destination 192.0.2.1\n" },
	{ "tunnel dest, tunnel sou", TU " tunnel dest 192.0.2.1\n tunnel sou g0/0\n", TU " tunnel destination 192.0.2.1\n tunnel source Gi0/0\n" },
	{ "desc", TU " desc one two\n", TU " description one two\n" },
	{ "desc", "int g0/0\ndesc   LAN  of hub\n", "interface GigabitEthernet0/0\n description LAN  of hub\n" },
	{ "ip nhrp auth", TU " ip nhrp auth abc\n ip nhrp net 7\n", TU " ip nhrp authentication abc\n ip nhrp network-id 7\n" },
	{ "ip nhrp red, sh, hold", TU " ip nhrp red\n ip nhrp sh\n ip nhrp hold 300\n",
	  TU " ip nhrp redirect\n ip nhrp shortcut\n ip nhrp holdtime 300\n" },
	{ "ideographic blanks", TU "\xe3\x80\x80ip mtu 1400\n\xe3\x80\x80\xe3\x80\x80tunnel key 5\n", TU " ip mtu 1400\n tunnel key 5\n" },
	{ "no-break blanks", "router\xc2\xa0ospf\xc2\xa0" "1\n\xc2\xa0router-id\xe3\x80\x80" "1.1.1.1\n", "router ospf 1\n router-id 1.1.1.1\n" },
	{ "other comments", "# by hand\nhostname a\n!--- the tunnel\n" TU "! in it\n ip mtu 1400\n", "hostname a\n" TU " ip mtu 1400\n" },
	{ "other comments", "!!! HUB !!!\nhostname a\n ! indented\n#\n", "hostname a\n" },
	{ "blank lines inside", TU "\n ip mtu 1400\n\n\n tunnel key 5\n", TU " ip mtu 1400\n tunnel key 5\n" },
	{ "blank lines inside", "router bgp 1\n\n neighbor 10.0.0.2 remote-as 2\n\n address-family ipv4\n\n  neighbor 10.0.0.2 activate\n",
	  "router bgp 1\n neighbor 10.0.0.2 remote-as 2\n address-family ipv4\n  neighbor 10.0.0.2 activate\n" },
	{ "banner", "banner motd ^C\nno interface Tunnel0\nshutdown\n^C\nhostname a\n", "hostname a\nbanner motd ^C\nno interface Tunnel0\nshutdown\n^C\n" },
	{ "banner", "banner login \x03\n  *** hello ***\n\x03\nhostname a\nbanner exec #one line#\nbanner motd @ a\nb @\n",
	  "hostname a\nbanner login ^C\n  *** hello ***\n^C\nbanner exec #one line#\nbanner motd @ a\nb @\n" },
	{ "certificate", "crypto pki certificate chain T\n certificate self-signed 01\n  3082022B 30820194\n  no ip routing\n  \tquit\nhostname a\n",
	  "hostname a\ncrypto pki certificate chain T\n certificate self-signed 01\n  3082022B 30820194\n  no ip routing\n  \tquit\n" },
	{ "certificate", "crypto pki certificate chain T\ncertificate ca 02\n30820330\nquit\nhostname a\n",
	  "hostname a\ncrypto pki certificate chain T\n certificate ca 02\n 30820330\n quit\n" },
	{ "certificate elsewhere", "crypto pki certificate chain T\n certificate self-signed 01 nvram:IOS-Self-Sig#1.cer\nhostname a\n",
	  "hostname a\ncrypto pki certificate chain T\n certificate self-signed 01 nvram:IOS-Self-Sig#1.cer\n" },
	{ "certificate elsewhere", "crypto pki certificate chain T\n certificate ca 01 flash:ca.cer\n certificate 02\n  3082\n  quit\nhostname a\n",
	  "hostname a\ncrypto pki certificate chain T\n certificate ca 01 flash:ca.cer\n certificate 02\n  3082\n  quit\n" },
	{ "certificate cut short", "crypto pki certificate chain T\n certificate 02\n  3082\n certificate ca 01\n!\nhostname a\n",
	  "hostname a\ncrypto pki certificate chain T\n certificate 02\n  3082\n quit\n certificate ca 01\n quit\n" },
	{ "certificate cut short", "crypto pki certificate chain T\n certificate 02\n  [omitted]\n!\n" TU " tunnel key 5\n",
	  "crypto pki certificate chain T\n certificate 02\n  [omitted]\n quit\n" TU " tunnel key 5\n" },
	{ "interface range", "interface range Gi0/1 - 2 , vlan10\n mtu 1400\n no shut\nint ra gi 0/2-3,Fa1\n desc x\n",
	  "interface Gi0/1\n mtu 1400\n no shutdown\ninterface Gi0/2\n mtu 1400\n no shutdown\n description x\ninterface Vlan10\n mtu 1400\n no shutdown\n"
	  "interface Gi0/3\n description x\ninterface Fa1\n description x\n" },
	{ "interface range", "interface range tu0 - 1\n ip nhrp network-id 3\n tunnel key 5\n", TU " ip nhrp network-id 3\n tunnel key 5\ninterface Tunnel1\n ip nhrp network-id 3\n tunnel key 5\n" },
	{ "macro", "macro name M\ninterface Gi0/9\nshutdown\n@\nhostname a\n", "hostname a\nmacro name M\ninterface Gi0/9\nshutdown\n@\n" },
	{ "macro", "macro name M\nno interface Tunnel0\n @\n" TU " tunnel key 5\n", TU " tunnel key 5\nmacro name M\nno interface Tunnel0\n @\n" },
	{ "capitals", "INTERFACE tunnel0\nIP NHRP NETWORK-ID 7\nIP Nhrp Map Multicast Dynamic\n",
	  TU " ip nhrp network-id 7\n ip nhrp map multicast dynamic\n" },
	{ "names keep their capitals", "Vrf Definition Red\n RD 1:1\nint tu0\nVRF Forwarding Red\n", "vrf definition Red\n rd 1:1\n" TU " vrf forwarding Red\n" },
	{ "NHS", TU " ip nhrp nhs 10.0.0.1\n ip nhrp map 10.0.0.1 192.0.2.1\n ip nhrp map multicast 192.0.2.1\n",
	  TU " ip nhrp map multicast 192.0.2.1\n ip nhrp map 10.0.0.1 192.0.2.1\n ip nhrp nhs 10.0.0.1\n" },
	{ "NHS", TU " ip nhrp nhs 10.0.0.1 nbma hub.example.net multicast priority 1 cluster 2\n ip nhrp nhs dynamic nbma h2.example.net multicast\n",
	  TU " ip nhrp nhs 10.0.0.1 nbma hub.example.net mult prio 1 clu 2\n ip nhrp nhs dyn nbma h2.example.net mult\n" },
	{ "mask for a prefix", TU " ip nhrp map 10.0.0.0 255.255.255.0 192.0.2.1\n", TU " ip nhrp map 10.0.0.0/24 192.0.2.1\n" },
	{ "wildcard or mask", "router ospf 1\n network 10.0.0.0 0.0.0.255 area 0.0.0.1\n", "router ospf 1\n  network 10.0.0.0 0.0.0.255 area 0.0.0.1\n" },
	{ "taken back", TU " ip nat inside\n no ip nat inside\n ip nat inside\n", TU " ip nat inside\n" },
	{ "taken back", "ip nat inside source list 1 interface Gi0/0 overload\ninterface Gi0/0\n ip access-group A in\n no ip access-group\n"
	  "username x secret y\n", "username x secret y\nip nat inside source list 1 interface Gi0/0 overload\ninterface Gi0/0\n" },
};

static char *printed(const char *text)
{
	struct config *c = read_text(text);
	char *out = config_print(c);

	config_free(c);
	return out;
}

static void the_same_is_meant(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		char *written = printed(pairs[i].written), *clean = printed(pairs[i].clean);

		if (strcmp(written, clean))
			fail_msg("%s:\n%s\nis read as\n%s\nand not as\n%s", pairs[i].quirk, pairs[i].written, written, clean);
		free(written);
		free(clean);
	}
}

/* Nothing of these is lost: each line's state is one of those that know it. */
static void nothing_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		struct config *c = read_text(pairs[i].written);

		for (size_t k = 0; k < c->line_count; k++) {
			const struct config_line *line = &c->lines[k];

			if (line->reason && (!strncmp(line->reason, "unknown", 7) || !strncmp(line->reason, "ambiguous", 9)) &&
			    strncmp(line->text, "somesay", 7))
				fail_msg("%s: %s: %s", pairs[i].quirk, line->text, line->reason);
		}
		config_free(c);
	}
}

/* What a router would refuse as ambiguous is said to be so, with the words that it may be. */
static void ambiguous_words(void **state)
{
	static const struct { const char *text, *says; } words[] = {
		{ TU "ip a 10.0.0.1 255.255.255.0", "\"a\" may be address" },
		{ TU "tunnel p", "\"p\" may be" },
		{ TU "ip nhrp re", "\"re\" may be registration redirect" },
		{ TU "ip nhrp nhs 10.0.0.1 m prio 1 c", "incomplete" },
		{ "router ospf 1\nd 10", "\"d\" may be" },
		{ "router bgp 1\nneighbor 10.0.0.1 r 5", "\"r\" may be" },
		{ "c isakmp policy 1", "\"c\" may be" },
		{ "crypto i policy 1", "\"i\" may be isakmp ipsec ikev2" },
		{ "crypto isakmp policy 1\ne aes", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct config *c = read_text(words[i].text);

		assert_line(c, (unsigned)c->line_count, words[i].says ? CONFIG_ERROR : CONFIG_HONOURED, words[i].says);
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_is_meant),
		cmocka_unit_test(nothing_is_unknown),
		cmocka_unit_test(ambiguous_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
