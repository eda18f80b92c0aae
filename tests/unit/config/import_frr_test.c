/* FRR's and OpenNHRP's files beside the same routers in IOS's words; what they leave out is asked for. */
#include "import_text.h"

static const char *forms;

static const char frr_ios[] =
	"hostname spoke12\n"
	"interface eth1\n description gre1 starts here\n ip address 198.51.100.12 255.255.255.0\n"
	"interface eth2\n ip address 192.168.12.1 255.255.255.0\n ip address 192.168.13.1 255.255.255.0 secondary\n"
	"interface Tunnel1\n ip address 10.255.255.12 255.255.255.0\n ip nhrp authentication hidden\n ip nhrp network-id 42\n"
	" ip nhrp holdtime 60\n ip nhrp registration no-unique\n ip nhrp map 10.255.255.9 192.0.2.9\n"
	" no ip nhrp map multicast dynamic\n ip nhrp nhs dynamic nbma 192.0.2.1 multicast\n ip nhrp nhs 10.255.255.2 nbma 192.0.2.2 multicast priority 50\n"
	" ip nhrp shortcut\n tunnel source eth1\n tunnel mode gre multipoint\n tunnel key 42\n"
	" ip ospf network point-to-multipoint\n ip ospf 1 area 0.0.0.0\n"
	"ip prefix-list LAN seq 5 permit 192.168.12.0/24\nip as-path access-list OURS permit ^65\n"
	"router ospf 1\n passive-interface Tunnel1\n router-id 10.255.255.12\n network 192.168.12.0 0.0.0.255 area 1\n"
	" redistribute bgp 65012 route-map OUT\n"
	"router bgp 65012\n bgp router-id 10.255.255.12\n neighbor 10.255.255.1 remote-as 65000\n"
	" neighbor 10.255.255.1 fall-over bfd\n neighbor 10.255.255.1 password hidden\n"
	" neighbor 10.255.255.1 update-source Tunnel1\n address-family ipv4\n  network 192.168.12.0 mask 255.255.255.0\n"
	"  network 10.255.255.0 mask 255.255.255.0\n  neighbor 10.255.255.1 next-hop-self all\n"
	"  neighbor 10.255.255.1 route-map OUT out\n"
	"route-map OUT permit 10\n match ip address prefix-list LAN\n set metric 10\n"
	"ip route 0.0.0.0 0.0.0.0 198.51.100.1\nip route 10.99.0.0 255.255.0.0 Null0 250\n";

static void spoke_of_frr(void **state)
{
	struct config *c = read_form(forms, "frr-spoke.conf");

	(void)state;
	assert_string_equal(c->language, "FRR");
	assert_accounted(c);
	assert_int_equal(config_count(c, CONFIG_NOT_SUPPORTED), 0);
	assert_model(c, frr_ios);
	assert_non_null(strstr(c->lines[27].practice, "taken as /24"));
	assert_int_equal(config_find_tunnel(c, 1)->line, 27);
	config_free(c);
}

static const char opennhrp_ios[] =
	"hostname spoke13\n"
	"interface Tunnel1\n ip address 10.255.255.13 255.255.255.0\n ip nhrp authentication hidden\n ip nhrp network-id 2\n"
	" ip nhrp holdtime 900\n ip nhrp registration timeout 60\n ip nhrp registration no-unique\n"
	" ip nhrp map 10.255.255.9 192.0.2.9\n ip nhrp map multicast 192.0.2.9\n"
	" ip nhrp nhs 10.255.255.1 nbma 192.0.2.1 multicast\n ip nhrp nhs 10.255.255.2 nbma 192.0.2.2 multicast\n"
	" ip nhrp nhs dynamic nbma hubs.example.net multicast\n ip nhrp shortcut\n ip nhrp redirect\n"
	" ip nhrp summary-map 192.168.0.0/16\n tunnel source 198.51.100.13\n tunnel mode gre multipoint\n tunnel key 42\n"
	" tunnel ttl 64\n"
	"interface eth1\n ip address 192.168.13.1 255.255.255.0\n";

static void spoke_of_opennhrp(void **state)
{
	struct config *c = read_form(forms, "opennhrp-spoke.conf");

	(void)state;
	assert_string_equal(c->language, "OpenNHRP");
	assert_accounted(c);
	assert_int_equal(config_count(c, CONFIG_NOT_SUPPORTED), 0);
	assert_model(c, opennhrp_ios);
	/* A directive's words may go on in the next line. */
	assert_line(c, 7, CONFIG_HONOURED, NULL);
	config_free(c);
}

/* What stands in the system only is asked for, where it belongs and in the words to write. */
static void the_device_is_asked_for(void **state)
{
	struct config *c = read_text("frr defaults traditional\ninterface gre1\n ip nhrp network-id 1\n tunnel source eth0\n");

	(void)state;
	assert_line(c, 2, CONFIG_ERROR, "address of this tunnel is not in the file");
	assert_non_null(strstr(c->lines[1].remedy, "! dmvpn: ip address"));
	assert_non_null(strstr(c->lines[1].practice_remedy, "! dmvpn: tunnel key N"));
	config_free(c);
	c = read_text("interface gre1\n cisco-authentication x\n# dmvpn: no tunnel key\n# dmvpn: ip address 10.0.0.1/24\n");
	assert_line(c, 1, CONFIG_ERROR, "has no tunnel source");
	assert_non_null(strstr(c->lines[0].remedy, "behind \"# dmvpn:\""));
	assert_null(c->lines[0].practice);
	assert_line(c, 4, CONFIG_HONOURED, NULL);
	config_free(c);
	c = read_text("frr defaults traditional\ninterface gre1\n ip nhrp network-id 1\n ip address 10.0.0.1/24\n"
		      " tunnel source eth0\n tunnel protection vici profile dmvpn\n");
	assert_line(c, 2, CONFIG_ERROR, "no crypto ipsec profile dmvpn");
	config_free(c);
}

/* Devices keep their numbers where they can, and lines that name them follow. */
static void names_of_devices(void **state)
{
	struct config *c = read_text("frr defaults traditional\n"
				     "interface gre1\n ip address 10.0.1.1/24\n ip nhrp network-id 1\n tunnel source eth0\n"
				     "interface dmvpn1\n ip address 10.0.2.1/24\n ip nhrp network-id 2\n tunnel source eth0\n"
				     "! dmvpn: interface dmvpn1\n! dmvpn: tunnel key 7\n"
				     "router ospf\n passive-interface dmvpn1\n passive-interface eth0\n"
				     "ip route 10.9.0.0/16 gre1\n");

	(void)state;
	assert_int_equal(config_count(c, CONFIG_ERROR), 0);
	assert_int_equal(config_find_tunnel(c, 2)->tunnel->nhrp4.network_id, 2);
	assert_int_equal(config_find_tunnel(c, 2)->tunnel->key, 7);
	assert_string_equal(c->blocks[0].lines[0].text, "passive-interface Tunnel2");
	assert_string_equal(c->routes[0].interface, "Tunnel1");
	config_free(c);
}

static void blocks_that_say_their_vrf(void **state)
{
	struct config *c = read_text("frr version 8.4\nvrf RED\n ip route 0.0.0.0/0 192.0.2.254\nexit-vrf\n"
				     "interface eth0 vrf RED\n ip address 192.0.2.1/24\nexit\n");

	(void)state;
	assert_int_equal(config_blocking_count(c), 0);
	assert_string_equal(c->vrfs[c->interfaces[0].vrf].name, "RED");
	assert_addr(&c->interfaces[0].addresses[0].addr, "192.0.2.1");
	assert_int_equal(c->routes[0].vrf, c->interfaces[0].vrf);
	config_free(c);
}

/* text, and a reason that one of its lines must have as an error or, with '~' in front, as not supported */
static const struct { const char *text, *reason; } wrongs[] = {
	{ "frr version 8.4\ninterface gre1\n ip nhrp network-id many\n", "wrong value" },
	{ "frr version 8.4\ninterface gre1\n ip nhrp wonders\n", "~unknown command" },
	{ "frr version 8.4\ninterface gre1\n ip nhrp\n", "incomplete command" },
	{ "frr version 8.4\nrouter bgp 65000\n wonders\n", "~unknown command" },
	{ "frr version 8.4\nrouter bgp 65000 vrf RED\n neighbor 10.0.0.1 remote-as 1\n", "~inside a VRF" },
	{ "frr version 8.4\nrouter bgp 65000\n neighbor eth0 interface remote-as external\n", "~neighbor's address" },
	{ "frr version 8.4\nrouter bgp 65000\n address-family l2vpn evpn\n  advertise-all-vni\n", "~only IPv4 and IPv6" },
	{ "frr version 8.4\nrouter isis X\n net 49.0001.00\n", "~not carried" },
	{ "frr version 8.4\nno ip forwarding\n", "~forwards packets" },
	{ "frr version 8.4\nnhrp event socket /run/x\n", "~ip nhrp identity" },
	{ "frr version 8.4\ninterface gre1\n ip address 10.0.0.1/24\n tunnel protection vici profile P fallback-profile Q\n",
	  "~no second profile" },
	{ "interface gre1\n map 10.0.0.1/24\n", "words are missing" },
	{ "interface gre1\n map 10.0.0.1/24 192.0.2.1 register\n wonders\n", "~unknown word" },
	{ "interface gre1\n map 10.0.0.1/24 192.0.2.1 register\n multicast 10.0.0.2\n", "no map says" },
	{ "interface gre1\n holding-time long\n", "wrong value" },
	{ "interface gre1\n map 10.0.0.1/24 192.0.2.1 register\n# dmvpn: wonders\n", "~unknown command" },
};

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		struct config *c = read_text(wrongs[i].text);
		const bool unsupported = *wrongs[i].reason == '~';
		bool found = false;

		assert_string_not_equal(c->language, "IOS");
		for (size_t k = 0; k < c->line_count; k++)
			found |= c->lines[k].state == (unsupported ? CONFIG_NOT_SUPPORTED : CONFIG_ERROR) &&
				 strstr(c->lines[k].reason, wrongs[i].reason + unsupported);
		if (!found)
			fail_msg("not found: %s in\n%s", wrongs[i].reason, wrongs[i].text);
		config_free(c);
	}
}

/* ---- which language a file is written in ---- */

static const struct { const char *text, *language; } files[] = {
	{ "set interfaces tunnel tun0 encapsulation gre\n", "VyOS" },
	{ "vyos@hub1:~$ show configuration commands\nset system host-name hub1\nset vpn ipsec interface eth0\n", "VyOS" },
	{ "configure\nset protocols nhrp tunnel tun0 shortcut\ncommit\n", "VyOS" },
	{ "vyos@hub1# set protocols nhrp tunnel tun0 shortcut\n", "VyOS" },
	{ "\xef\xbb\xbfinterfaces {\r\n    ethernet eth0 {\r\n    }\r\n}\r\n", "VyOS" },
	{ "vpn {\n    ipsec {\n    }\n}\n", "VyOS" },
	{ "frr version 8.4\nhostname r1\n", "FRR" },
	{ "hostname r1\ninterface gre1\n ip nhrp network-id 1\n", "FRR" },
	{ "interface tun0\nip nhrp network-id 1\n", "FRR" },
	{ "hostname r1\nrouter ospf\n network 10.0.0.0/24 area 0\n", "FRR" },
	{ "router bgp 65000\n no bgp ebgp-requires-policy\n", "FRR" },
	{ "nhrp nflog-group 1\ninterface eth0\n ip address 10.0.0.1/24\n", "FRR" },
	{ "interface gre1\n\tmap 10.0.0.1/24 192.0.2.1 register\n", "OpenNHRP" },
	{ "# made by hand\ninterface tun0 #hub\n  multicast dynamic\n", "OpenNHRP" },
	/* Near misses. */
	{ "router ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n", "IOS" },
	{ "crypto ipsec profile P\nset transform-set T\nset pfs group14\n", "IOS" },
	{ "route-map M permit 10\nset interface Null0\nset ip next-hop 10.0.0.1\n", "IOS" },
	{ "banner motd ^\ninterfaces {\n ethernet eth0 {\n^\ninterface Tunnel0\n", "IOS" },
	{ "hostname r1\ninterface Tunnel0\n description set interfaces tunnel tun0\n ip nhrp redirect\n", "IOS" },
	{ "hostname r1\n! set protocols nhrp tunnel tun0 shortcut\ninterface Tunnel0\n", "IOS" },
	{ "hostname r1\ninterface Tunnel0\n ip nhrp network-id 1\ninterface Gi0/0\nset vpn ipsec interface eth0\n", "IOS" },
	{ "int tu0\nip nhrp map multicast dynamic\nint gi0/0\nip address 10.0.0.1 255.255.255.0\n", "IOS" },
	{ "interface tu0\nip nhrp network-id 1\n", "IOS" },
	{ "debug nhrp packet\ninterface Tunnel0\nip address 10.0.0.1 255.255.255.0\n", "IOS" },
	{ "router ospf\ninterface Gi0/0\nip address 10.0.0.1 255.255.255.0\n", "IOS" },
	{ "int tun0\nip nhrp network-id 1\n", "IOS" },
	{ "interface tun0\nip address 10.0.0.1 255.255.255.0\nip nhrp network-id 1\n", "IOS" },
	{ "interface tun0\nip nhrp network-id 1\ntunnel mode gre multipoint\n", "IOS" },
	{ "interface tunnel0\nip nhrp network-id 1\n", "IOS" },
	{ "interface eth0\n ip address 10.0.0.1 255.255.255.0\ninterface Tunnel0\n ip nhrp network-id 1\n", "IOS" },
	{ "! nhrp nflog-group 1\n! frr version 8.4\nhostname r1\n", "IOS" },
	{ "hostname frr\ninterface Tunnel0\n nhrp nflog-group 1\n", "IOS" },
	{ "event manager applet A\n action 1 if $x eq 1 {\n", "IOS" },
	{ "interface Gi0/0\nshutdown\nip nhrp redirect\nmap-class frame-relay X\n", "IOS" },
	{ "set system host-name r1\nset interfaces ge-0/0/0 unit 0 family inet address 10.0.0.1/24\n", "IOS" }, /* Junos */
	{ "system {\n    host-name r1;\n}\ninterfaces {\n    ge-0/0/0 {\n    }\n}\n", "IOS" },
};

static void languages_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		struct config *c = read_text(files[i].text);

		if (strcmp(c->language, files[i].language))
			fail_msg("taken for %s:\n%s", c->language, files[i].text);
		config_free(c);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spoke_of_frr),
		cmocka_unit_test(spoke_of_opennhrp),
		cmocka_unit_test(the_device_is_asked_for),
		cmocka_unit_test(names_of_devices),
		cmocka_unit_test(blocks_that_say_their_vrf),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(languages_are_told_apart),
	};

	forms = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
