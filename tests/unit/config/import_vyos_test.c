/* VyOS in both generations and both forms, beside the same routers in IOS's words; and what is wrong with it. */
#include "import_text.h"

static const char *forms;

static const char hub_ios[] =
	"hostname hub1\n"
	"interface eth0\n description to the internet: \"ISP one\"\n ip address 192.0.2.1 255.255.255.0\n"
	"interface eth1\n ip address 10.1.0.1 255.255.255.0\n ip address 10.1.1.1 255.255.255.0 secondary\n"
	"interface eth1.20\n encapsulation dot1Q 20\n ip address 10.1.20.1 255.255.255.0\n"
	"interface lo\n ip address 10.255.0.1 255.255.255.255\n"
	"interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip mtu 1400\n ip tcp adjust-mss 1360\n"
	" ip nhrp authentication sesame\n ip nhrp network-id 1\n ip nhrp holdtime 300\n ip nhrp map multicast dynamic\n"
	" ip nhrp shortcut\n ip nhrp redirect\n ip nhrp summary-map 10.1.0.0/16\n ip ospf network point-to-multipoint\n"
	" tunnel source 192.0.2.1\n tunnel mode gre multipoint\n tunnel key 42\n tunnel ttl 64\n"
	" tunnel protection ipsec profile NHRPVPN\n"
	"crypto isakmp policy 10\n encryption aes 256\n hash sha\n group 2\n authentication pre-share\n lifetime 3600\n"
	"crypto isakmp policy 20\n encryption aes 128\n hash sha\n group 2\n authentication pre-share\n lifetime 3600\n"
	"crypto keyring NHRPVPN\n pre-shared-key address 0.0.0.0 0.0.0.0 key hidden\n"
	"crypto isakmp profile NHRPVPN\n keyring NHRPVPN\n match identity address 0.0.0.0\n"
	"crypto ipsec profile NHRPVPN\n set isakmp-profile NHRPVPN\n set transform-set ESP-1 ESP-2\n"
	" set security-association lifetime seconds 1800\n set pfs group2\n"
	"crypto ipsec transform-set ESP-1 esp-aes 256 esp-sha-hmac\n mode transport\n"
	"crypto ipsec transform-set ESP-2 esp-3des esp-md5-hmac\n mode transport\n"
	"ip prefix-list LANS seq 10 permit 10.0.0.0/8 le 24\n"
	"route-map OUT permit 10\n match ip address prefix-list LANS\n set local-preference 200\n"
	"router bgp 65000\n network 10.1.0.0 mask 255.255.255.0\n redistribute connected route-map OUT\n"
	" bgp listen range 10.0.0.0/24 peer-group spokes\n bgp router-id 10.0.0.1\n neighbor spokes peer-group\n"
	" neighbor spokes remote-as 65000\n neighbor spokes route-map OUT out\n neighbor spokes route-reflector-client\n"
	" timers bgp 5 15\n"
	"router ospf 1\n network 10.0.0.0 0.0.0.255 area 0\n router-id 10.255.0.1\n passive-interface eth1\n"
	"ip route 0.0.0.0 0.0.0.0 192.0.2.254 5\nip route 10.99.0.0 255.255.0.0 Null0\n";

static const struct verdict hub_verdicts[] = {
	{ 2, CONFIG_NOT_SUPPORTED, "not filtered" }, { 5, CONFIG_NO_EFFECT, "hardware" },
	{ 19, CONFIG_NOT_SUPPORTED, "address translation" }, { 38, CONFIG_NO_EFFECT, "only what is used" },
	{ 41, CONFIG_NO_EFFECT, "answers for what it routes" }, { 48, CONFIG_NO_EFFECT, "left to the system" },
	{ 50, CONFIG_NO_EFFECT, "left to the system" }, { 59, CONFIG_NO_EFFECT, "no tunnel is protected by it" },
	{ 60, CONFIG_NO_EFFECT, "comes again" }, { 61, CONFIG_NOT_SUPPORTED, "strongSwan" },
	{ 70, CONFIG_NO_EFFECT, "starts where its tunnel does" }, { 0, CONFIG_BLANK, NULL },
};

static void hub_in_set_commands(void **state)
{
	struct config *c = read_form(forms, "vyos-hub.set");

	(void)state;
	assert_string_equal(c->language, "VyOS");
	assert_accounted(c);
	assert_verdicts(c, hub_verdicts);
	assert_model(c, hub_ios);
	/* Errors of the whole tunnel point to where the file first names it. */
	assert_int_equal(config_find_tunnel(c, 0)->line, 10);
	config_free(c);
}

static const char spoke_ios[] =
	"hostname spoke11\n"
	"interface eth0\n description to the internet\n ip address dhcp\n"
	"interface eth1\n ip address 192.168.11.1 255.255.255.0\n shutdown\n"
	"interface Tunnel100\n ip address 172.16.253.11 255.255.255.0\n ip mtu 1400\n ip nhrp authentication sesame\n"
	" ip nhrp network-id 1\n ip nhrp holdtime 300\n ip nhrp registration no-unique\n ip nhrp map 172.16.253.9 192.0.2.9\n"
	" ip nhrp nhs 172.16.253.1 nbma 192.0.2.1 multicast\n ip nhrp nhs dynamic nbma 192.0.2.2 multicast\n"
	" ip nhrp nhs dynamic nbma hub3.example.net multicast\n ip nhrp shortcut\n tunnel source eth0\n"
	" tunnel mode gre multipoint\n tunnel key 42\n tunnel protection ipsec profile DMVPN\n"
	"crypto ikev2 proposal IKE-1\n encryption aes-gcm-256\n prf sha384\n group 19\n"
	"crypto ikev2 policy vyos\n match fvrf any\n proposal IKE-1\n"
	"crypto ikev2 keyring DMVPN\n peer any\n  address 0.0.0.0 0.0.0.0\n  pre-shared-key hidden\n"
	"crypto ikev2 profile DMVPN\n match fvrf any\n match identity remote any\n authentication remote pre-share\n"
	" authentication local pre-share\n keyring local DMVPN\n lifetime 3600\n dpd 15 10 on-demand\n"
	"crypto ipsec profile DMVPN\n set ikev2-profile DMVPN\n set transform-set ESP-1\n"
	" set security-association lifetime seconds 1800\n set pfs group19\n"
	"crypto ipsec transform-set ESP-1 esp-gcm 256\n mode transport\n"
	"router bgp 65011\n neighbor 172.16.253.1 remote-as 65000\n neighbor 172.16.253.1 next-hop-self\n"
	" neighbor 172.16.253.1 fall-over bfd\n neighbor 172.16.253.1 timers 5 15\n"
	"ip route 0.0.0.0 0.0.0.0 198.51.100.1 10\nip route 172.16.253.0 255.255.255.0 Tunnel100\n";

static void spoke_in_braces(void **state)
{
	struct config *c = read_form(forms, "vyos-spoke.boot");

	(void)state;
	assert_accounted(c);
	assert_int_equal(config_count(c, CONFIG_NOT_SUPPORTED), 0);
	assert_model(c, spoke_ios);
	/* The host's address has its network's prefix from the static route. */
	assert_non_null(strstr(c->lines[10].practice, "taken as /24"));
	assert_line(c, 10, CONFIG_HONOURED, NULL);
	assert_line(c, 78, CONFIG_NO_EFFECT, "nothing in it");
	config_free(c);
}

/* text, and a reason that one of its lines must have as an error or, with '~' in front, as not supported */
static const struct { const char *text, *reason; } wrongs[] = {
	{ "interfaces {\n    tunnel tun0 {\n        address 10.0.0.1/24\n    }\n", "not closed before the end" },
	{ "interfaces {\n    tunnel tun0 {\n    }\n}\n}\n", "closes nothing" },
	{ "interfaces {\n    tunnel tun0 {\n        {\n        }\n    }\n}\n", "a brace without a name" },
	{ "interfaces {\n    ethernet eth0 {\n        description \"no end\n    }\n}\n", "no second one" },
	{ "interfaces {\n    ethernet eth0 {\n    }\n}\n/* without end\nprotocols {\n", "a comment has no end" },
	{ "set interfaces ethernet eth0 description 'no end\n", "no second one" },
	{ "set interfaces tunnel tun0 encapsulation gre\nset vpn ipsec interface eth0\nset\n", "incomplete command" },
	{ "set interfaces tunnel tun0 description odd\nset interfaces tunnel tun0 encapsulation sit\nset interfaces tunnel tun0 source-address 192.0.2.1\n", "~only GRE" },
	{ "set interfaces tunnel tun0 encapsulation gre\n", "has no tunnel source" },
	{ "set interfaces tunnel tun0 encapsulation gre\nset interfaces tunnel tun0 wondrous 1\n", "~unknown command" },
	{ "set interfaces tunnel tun0 parameters ip key forty\n", "wrong value" },
	{ "set interfaces tunnel tun0 mtu 12\n", "wrong value" },
	{ "set interfaces ethernet eth0 address 10.0.0.1/24\nset interfaces ethernet eth0 address 10.0.0.1/240\n", "~unknown word" },
	{ "set protocols nhrp tunnel tun0 map 10.0.0.1/24 register\n", "the map has no NBMA address" },
	{ "set protocols nhrp tunnel tun0 cisco-authentication 'two words'\n", "holds blanks" },
	{ "set protocols nhrp tunnel tun0 authentication '!not'\n", "holds blanks" },
	{ "set protocols nhrp tunnel tun0 authentication muchtoolong\n", "longer than 8" },
	{ "set protocols nhrp tunnel tun0 shortcut\ndelete protocols nhrp tunnel tun0\n", "~left out instead" },
	{ "set protocols nhrp tunnel tun0 shortcut\nset protocols bgp neighbor 10.0.0.1 remote-as 1\n", "no number of its own" },
	{ "set vpn ipsec profile P bind tunnel tun0\n", "ike-group is not defined" },
	{ "set vpn ipsec profile P bind tunnel tun0\nset vpn ipsec profile P ike-group I\nset vpn ipsec ike-group I lifetime 9000\n"
	  "set vpn ipsec profile P esp-group E\nset vpn ipsec esp-group E mode transport\n", "the group has no proposal" },
	{ "set vpn ipsec profile P bind tunnel tun0\nset vpn ipsec profile P ike-group I\nset vpn ipsec profile P esp-group E\n"
	  "set vpn ipsec ike-group I proposal 1 encryption blowfish\nset vpn ipsec esp-group E proposal 1 hash sha1\n",
	  "~this cipher is not done" },
	{ "set vpn ipsec site-to-site peer 192.0.2.9 ike-group I\n", "~only tunnel protection" },
	{ "set protocols nhrp tunnel tun0 shortcut\nset policy prefix-list L rule 1 action permit\n", "the rule is not complete" },
};

static void what_is_wrong_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrongs / sizeof wrongs[0]; i++) {
		struct config *c = read_text(wrongs[i].text);
		const bool unsupported = *wrongs[i].reason == '~';
		bool found = false;

		assert_string_equal(c->language, "VyOS");
		for (size_t k = 0; k < c->line_count; k++)
			found |= c->lines[k].state == (unsupported ? CONFIG_NOT_SUPPORTED : CONFIG_ERROR) &&
				 strstr(c->lines[k].reason, wrongs[i].reason + unsupported);
		if (!found)
			fail_msg("not found: %s in\n%s", wrongs[i].reason, wrongs[i].text);
		config_free(c);
	}
}

/* An address of nobody: the tunnel starts where IPsec is said to be. */
static void the_old_form_of_a_dynamic_source(void **state)
{
	struct config *c = read_text("set interfaces tunnel tun0 encapsulation gre\nset interfaces tunnel tun0 local-ip 0.0.0.0\n"
				     "set interfaces tunnel tun0 remote-ip 0.0.0.0\nset protocols nhrp tunnel tun0 shortcut\n"
				     "set protocols nhrp tunnel tun0 map 10.0.0.1/24 nbma-address 192.0.2.1\n"
				     "set protocols nhrp tunnel tun0 map 10.0.0.1/24 register\n"
				     "set protocols nhrp tunnel tun0 multicast 10.0.0.1\n"
				     "set vpn ipsec ipsec-interfaces interface eth0\n");
	const struct config_tunnel *t = config_find_tunnel(c, 0)->tunnel;

	(void)state;
	assert_int_equal(config_count(c, CONFIG_ERROR), 0);
	assert_string_equal(t->source_interface, "eth0");
	assert_int_equal(t->mode, TUNNEL_GRE_MULTIPOINT);
	assert_int_equal(t->nhrp4.holdtime_s, 7200);
	assert_addr(&t->nhrp4.nhs[0].addr, "10.0.0.1");
	assert_addr(&t->nhrp4.map_multicast[0].addr, "192.0.2.1");
	assert_non_null(strstr(c->lines[1].practice, "IPsec"));
	config_free(c);
}

static void a_gateway_that_dhcp_tells(void **state)
{
	struct config *c = read_text("set interfaces ethernet eth0 address dhcp\nset protocols static route 0.0.0.0/0 dhcp-interface eth0\n"
				     "set protocols static route6 ::/0 dhcp-interface eth0\n");

	(void)state;
	assert_model(c, "interface eth0\n ip address dhcp\nip route 0.0.0.0 0.0.0.0 eth0 dhcp\n");
	assert_line(c, 2, CONFIG_HONOURED, NULL);
	assert_line(c, 3, CONFIG_NOT_SUPPORTED, "gateway's address");
	config_free(c);
}

/* A file that lost its indentation on the way is the same. */
static void without_indentation(void **state)
{
	struct config *c = read_text("interfaces {\ntunnel tun0 {\naddress 10.0.0.1/24\nencapsulation gre\nsource-interface eth0\n}\n}\n"
				     "protocols {\nnhrp {\ntunnel tun0 {\nshortcut\n}\n}\n}\nvpn {\nipsec {\ninterface eth0\n}\n}\n");

	(void)state;
	assert_string_equal(c->language, "VyOS");
	assert_int_equal(config_blocking_count(c), 0);
	assert_true(config_find_tunnel(c, 0)->tunnel->nhrp4.shortcut);
	config_free(c);
}

/* Many braces, and many words, end in a clear error. */
static void hostile_files(void **state)
{
	enum { DEEP = 100000, MANY = 600000 };
	char *deep = calloc(1, DEEP * 4 + 200), *many = calloc(1, MANY * 10 + 200), *at, error[200] = "";
	struct config *c;

	(void)state;
	at = stpcpy(deep, "interfaces {\n ethernet eth0 {\n");
	for (int i = 0; i < DEEP; i++)
		at = stpcpy(at, "a {\n");
	c = read_text(deep);
	assert_line(c, 40, CONFIG_ERROR, "nested too deeply");
	config_free(c);
	at = stpcpy(many, "set interfaces ethernet eth0 address 10.0.0.1/24\nset vpn");
	for (int i = 0; i < MANY; i++)
		at += sprintf(at, "%sx%d", i % 16 ? " " : "\nset vpn ", i);
	assert_null(config_read_text("big", many, strlen(many), error, sizeof error));
	assert_string_equal(error, "big: holds too many words");
	c = read_text("set interfaces ethernet eth0 address 10.0.0.1/24\nset vpn "
			"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32\n");
	assert_line(c, 2, CONFIG_ERROR, "more than 32 words");
	config_free(c);
	free(deep);
	free(many);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hub_in_set_commands),
		cmocka_unit_test(spoke_in_braces),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(the_old_form_of_a_dynamic_source),
		cmocka_unit_test(a_gateway_that_dhcp_tells), cmocka_unit_test(without_indentation),
		cmocka_unit_test(hostile_files),
	};

	forms = argc > 1 ? argv[1] : ".";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
