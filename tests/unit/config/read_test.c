#include "text.h"

static void reads_a_spoke(void **state)
{
	struct config *c = read_text("hostname spoke1\n"
				     "interface Tunnel0\n"
				     " ip address 10.0.0.11 255.255.255.0\n"
				     " ip mtu 1400\n"
				     " ip nhrp network-id 7\n"
				     " ip nhrp holdtime 90\n"
				     " ip nhrp nhs 10.0.0.1 nbma 192.0.2.1 multicast priority 3 cluster 2\n"
				     " ip nhrp map 10.0.0.2 192.0.2.2\n"
				     " tunnel source GigabitEthernet0/0\n"
				     " tunnel mode gre multipoint\n"
				     " tunnel key 100\n"
				     "ip route 0.0.0.0 0.0.0.0 192.0.2.254 250 name isp\n");
	const struct config_interface *i = config_find_tunnel(c, 0);
	const struct config_tunnel *t;

	(void)state;
	assert_string_equal(c->hostname, "spoke1");
	assert_int_equal(config_count(c, CONFIG_HONOURED), 12);
	assert_int_equal(config_blocking_count(c), 0);
	assert_non_null(i);
	t = i->tunnel;
	assert_int_equal(i->ip_mtu, 1400);
	assert_int_equal(i->addresses[0].prefix_len, 24);
	assert_int_equal(t->mode, TUNNEL_GRE_MULTIPOINT);
	assert_string_equal(t->source_interface, "Gi0-0");
	assert_true(t->has_key && t->key == 100);
	assert_int_equal(t->nhrp4.registration_timeout_s, 30);
	assert_int_equal(t->nhrp4.nhs_count, 1);
	assert_addr(&t->nhrp4.nhs[0].nbma.addr, "192.0.2.1");
	assert_int_equal(t->nhrp4.nhs[0].priority, 3);
	assert_int_equal(t->nhrp4.nhs[0].cluster, 2);
	assert_true(t->nhrp4.nhs[0].multicast);
	assert_addr(&t->nhrp4.maps[0].nbma.addr, "192.0.2.2");
	assert_false(t->nhrp4.shortcut);
	assert_int_equal(c->route_count, 1);
	assert_int_equal(c->routes[0].distance, 250);
	assert_string_equal(c->routes[0].name, "isp");
	config_free(c);
}

static void merges_and_takes_back(void **state)
{
	struct config *c = read_text("int tu 0\nip nhrp map 10.0.0.1 192.0.2.1\nip nhrp map multicast 192.0.2.1\n"
				     "int gi0/0\nip address 10.1.0.1 255.255.255.0\nip address 10.1.0.2 255.255.255.0\n"
				     "ip address 10.2.0.1 255.255.255.0 secondary\n"
				     "interface Tunnel0\nno ip nhrp map 10.0.0.1 192.0.2.1\nno tunnel key\ntunnel key 5\n"
				     "ip nhrp nhs 10.0.0.1\nip nhrp nhs 10.0.0.1 priority 3\n"
				     "no interface Gi9/9\nrouter ospf 1\nnetwork 10.0.0.0 0.255.255.255 area 0\n"
				     "network 10.0.0.0 0.255.255.255 area 0\nno network 10.0.0.0 0.255.255.255 area 0\n"
				     "router ospf 1\nrouter-id 1.1.1.1\nrouter-id 2.2.2.2\n"
				     "ip route 10.9.0.0 255.255.0.0 10.1.0.9\nno ip route 10.9.0.0 255.255.0.0 10.1.0.9\n");
	const struct config_interface *t = config_find_tunnel(c, 0), *g = config_find_interface(c, "GigabitEthernet0/0");

	(void)state;
	assert_int_equal(c->interface_count, 2);
	assert_int_equal(t->tunnel->nhrp4.map_count, 0);
	assert_int_equal(t->tunnel->nhrp4.map_multicast_count, 1);
	assert_int_equal(t->tunnel->nhrp4.nhs_count, 1);
	assert_int_equal(t->tunnel->nhrp4.nhs[0].priority, 3);
	assert_true(t->tunnel->has_key && t->tunnel->key == 5);
	assert_int_equal(g->address_count, 2);
	assert_addr(&g->addresses[0].addr, "10.1.0.2");
	assert_true(g->addresses[1].secondary);
	assert_int_equal(c->route_count, 0);
	assert_int_equal(c->block_count, 1);
	assert_int_equal(c->blocks[0].line_count, 1);
	assert_string_equal(c->blocks[0].lines[0].text, "router-id 2.2.2.2");
	config_free(c);
}

/* What is on unless said with `no`, there and back again. */
static void fast_ways(void **state)
{
	struct config *all = read_text("interface Tunnel0\n"), *c, *again;
	const struct config_tunnel *t = config_find_tunnel(all, 0)->tunnel;
	char *text;

	(void)state;
	assert_true(t->fall_over_bgp && t->fall_over_bfd && t->fall_over_relay && !t->no_bfd);
	config_free(all);
	c = read_text("interface Tunnel0\n no nhrp fall-over relay\n no nhrp bfd\n bfd interval 50 min_rx 50 multiplier 3\n");
	text = config_print(c);
	again = read_text(text);
	t = config_find_tunnel(again, 0)->tunnel;
	assert_true(t->fall_over_bgp && t->fall_over_bfd && !t->fall_over_relay && t->no_bfd);
	assert_int_equal(t->bfd.multiplier, 3);
	free(text);
	config_free(again);
	config_free(c);
	c = read_text("interface Tunnel0\n no nhrp bfd\n nhrp bfd\n no nhrp fall-over relay\n nhrp fall-over relay\n");
	t = config_find_tunnel(c, 0)->tunnel;
	assert_true(t->fall_over_relay && !t->no_bfd);
	config_free(c);
}

/* version, first line of the tunnel, shortcut and dynamic multicast map */
static void hidden_defaults(void **state)
{
	static const struct { const char *version, *line; bool on; } cases[] = {
		{ "", "tunnel mode gre multipoint", false },
		{ "version 15.6\n", "tunnel mode gre multipoint", false },
		{ "version 15.7\n", "tunnel mode gre multipoint", true },
		{ "version 17.3\n", "tunnel mode gre multipoint", true },
		{ "version 17.3\n", "tunnel mode gre ip", false },
		{ "version 17.3\n", "tunnel mode gre multipoint\nno ip nhrp shortcut\nno ip nhrp map multicast dynamic", false },
		{ "version 12.4\n", "tunnel mode gre multipoint\nip nhrp shortcut\nip nhrp map multicast dynamic", true },
		{ "version 17.3\n", "tunnel mode gre multipoint\nno ip nhrp shortcut\nno ip nhrp map multicast dynamic\n"
		  "default ip nhrp shortcut\ndefault ip nhrp map multicast dynamic", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[400];
		struct config *c;

		snprintf(text, sizeof text, "%sinterface Tunnel0\nip nhrp network-id 1\n%s\n", cases[i].version, cases[i].line);
		c = read_text(text);
		assert_int_equal(c->interfaces[0].tunnel->nhrp4.shortcut, cases[i].on);
		assert_int_equal(c->interfaces[0].tunnel->nhrp4.map_multicast_dynamic, cases[i].on);
		config_free(c);
	}
}

/* A file that names no version has a router behind it on which its routing worked; shortcuts are not taken for granted. */
static void multicast_without_a_version(void **state)
{
	static const struct { const char *text; bool on; } cases[] = {
		{ "router eigrp 1\n network 10.0.0.0\n", true },
		{ "router ospf 1\n", true },
		{ "router bgp 1\n", false },
		{ "version 15.4\nrouter eigrp 1\n", false },
		{ "router eigrp 1\ninterface Tunnel0\n no ip nhrp map multicast dynamic\n", false },
		{ "router eigrp 1\ninterface Tunnel0\n tunnel mode gre ip\n", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[400];
		struct config *c;

		snprintf(text, sizeof text, "interface Tunnel0\n ip nhrp network-id 1\n tunnel mode gre multipoint\n%s", cases[i].text);
		c = read_text(text);
		assert_int_equal(config_find_tunnel(c, 0)->tunnel->nhrp4.map_multicast_dynamic, cases[i].on);
		assert_false(config_find_tunnel(c, 0)->tunnel->nhrp4.shortcut);
		config_free(c);
	}
}

static void interface_names(void **state)
{
	static const struct { const char *text, *ios, *kernel; } cases[] = {
		{ "gi0/0", "GigabitEthernet0/0", "Gi0-0" }, { "g0/0", "GigabitEthernet0/0", "Gi0-0" },
		{ "Gig0/1", "GigabitEthernet0/1", "Gi0-1" }, { "fastEthernet0/0", "FastEthernet0/0", "Fa0-0" },
		{ "FastEthernet6/0", "FastEthernet6/0", "Fa6-0" }, { "Gi1.15", "GigabitEthernet1.15", "Gi1.15" },
		{ "eth0", "eth0", "eth0" }, { "eth0/0", "Ethernet0/0", "Et0-0" }, { "enp3s0", "enp3s0", "enp3s0" },
		{ "wlan0", "wlan0", "wlan0" }, { "em1", "em1", "em1" }, { "lo", "lo", "lo" }, { "lo0", "Loopback0", "Lo0" },
		{ "tu12", "Tunnel12", "Tunnel12" }, { "vl10", "Vlan10", "Vl10" }, { "s2/0", "Serial2/0", "Se2-0" },
		{ "Null0", "Null0", "Null0" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char kernel[16], *ios;

		assert_true(config_ifname(cases[i].text, &ios, kernel));
		assert_string_equal(ios, cases[i].ios);
		assert_string_equal(kernel, cases[i].kernel);
		free(ios);
	}
	assert_false(config_ifname("Tunnel2147483647", NULL, (char[16]){ 0 }));
	assert_false(config_ifname("a/b", NULL, (char[16]){ 0 }));
}

static void refuses_what_is_no_text(void **state)
{
	char error[200], *big = malloc(CONFIG_FILE_MAX + 1);

	(void)state;
	assert_null(config_read_text("x", "", 0, error, sizeof error));
	assert_string_equal(error, "x: is empty");
	assert_null(config_read_text("x", " \r\n", 3, error, sizeof error));
	assert_null(config_read_text("x", "a\0b", 3, error, sizeof error));
	assert_non_null(strstr(error, "is not text"));
	assert_null(config_read_text("x", "\xff\xfeh", 3, error, sizeof error));
	assert_null(config_read_file("/nonexistent/x.cfg", error, sizeof error));
	assert_null(config_read_file("/", error, sizeof error));
	memset(big, 'x', CONFIG_FILE_MAX + 1);
	assert_null(config_read_text("x", big, CONFIG_FILE_MAX + 1, error, sizeof error));
	assert_non_null(strstr(error, "larger than 16 MB"));
	free(big);
}

static void secrets_are_masked(void **state)
{
	struct config *c = read_text("interface Tunnel0\n ip nhrp authentication hidden1 ! why\n ip nhrp auth 42\n"
				     "crypto isakmp key hidden2 address 192.0.2.1\nkey chain K\n key 1\n  key-string hidden3\n"
				     "router bgp 1\n neighbor 10.0.0.1 password 0 hidden4\nenable secret 9 hidden5\n"
				     "snmp-server community hidden6 RO\nunknown password hidden7\n");

	(void)state;
	for (size_t i = 0; i < c->line_count; i++) {
		assert_null(strstr(c->lines[i].text, "hidden"));
		assert_null(strstr(c->lines[i].text, "42"));
		assert_true(!c->lines[i].reason || !strstr(c->lines[i].reason, "hidden"));
	}
	assert_string_equal(c->lines[3].text, "crypto isakmp key *** address 192.0.2.1");
	config_free(c);
}

static void expect_hold(const char *lines, uint16_t seconds, const char *printed)
{
	char text[256];
	struct config *c;
	char *again;

	snprintf(text, sizeof text,
		 "interface Tunnel0\n tunnel source 192.0.2.1\n tunnel mode gre multipoint\n ip nhrp network-id 1\n%s", lines);
	c = read_text(text);
	assert_int_equal(config_blocking_count(c), 0);
	assert_int_equal(config_route_hold_s(config_find_tunnel(c, 0)), seconds);
	again = config_print(c);
	if (printed)
		assert_non_null(strstr(again, printed));
	else
		assert_null(strstr(again, "route-hold"));
	free(again);
	config_free(c);
}

static void routes_are_held_where_ospf_elects(void **state)
{
	(void)state;
	expect_hold(" ip address 10.0.0.1 255.255.255.0\n", 0, NULL);
	expect_hold(" ip ospf network point-to-multipoint\n", 0, NULL);
	expect_hold(" ip ospf network broadcast\n", 10, NULL);
	expect_hold(" ipv6 ospf network broadcast\n", 10, NULL);
	expect_hold(" ip ospf network non-broadcast\n no nhrp route-hold\n", 0, "\n no nhrp route-hold\n");
	expect_hold(" nhrp route-hold 4\n", 4, "\n nhrp route-hold 4\n");
	expect_hold(" nhrp route-hold 4\n default nhrp route-hold\n", 0, NULL);
}

static void expect_warm(const char *lines, uint16_t registration_s, const char *printed)
{
	char text[400], clean[64];
	struct config *c;
	char *again;

	snprintf(text, sizeof text,
		 "interface Tunnel0\n tunnel source 192.0.2.1\n tunnel mode gre multipoint\n tunnel key 1\n ip nhrp network-id 1\n ip nhrp nhs 10.0.0.1 nbma 192.0.2.9\n"
		 "interface Tunnel1\n tunnel source 192.0.2.1\n tunnel mode gre multipoint\n tunnel key 2\n ip nhrp network-id 2\n ip nhrp nhs 10.1.0.1 nbma 192.0.2.10\n%s", lines);
	c = read_text(text);
	assert_int_equal(config_blocking_count(c), 0);
	again = config_print(c);
	snprintf(clean, sizeof clean, "\n %s\n", printed ? printed : "nhrp warm");
	assert_int_equal(!strstr(again, clean), !printed);
	if (printed)
		assert_int_equal(config_warm_registration_s(config_find_tunnel(c, 1)->tunnel->warm_every_s, &config_find_tunnel(c, 1)->tunnel->nhrp4), registration_s);
	else
		assert_null(config_find_tunnel(c, 1)->tunnel->warm_behind);
	free(again);
	config_free(c);
}

static void warm_tunnels(void **state)
{
	(void)state;
	expect_warm(" nhrp warm Tunnel 0\n", 200, "nhrp warm Tunnel0 every 120 delay 60");
	expect_warm(" ip nhrp registration timeout 10\n nhrp warm tu0 delay 5\n", 120, "nhrp warm Tunnel0 every 120 delay 5");
	expect_warm(" ip nhrp registration timeout 10\n ip nhrp holdtime 60\n nhrp warm tu0 every 600\n", 20, "nhrp warm Tunnel0 every 600 delay 60");
	expect_warm(" nhrp warm Tunnel0\n no nhrp warm Tunnel0\n", 0, NULL);
}

/* Within a second, and with bounds: files that are made to take long, or much. */
static void refuses_what_takes_too_long(void **state)
{
	static const struct { const char *head, *line; size_t count; } files[] = {
		{ "", "x\n", 300000 },
		{ "interface Gi0/0\n", " ip access-group A%zu in\n no ip access-group\n", 100000 },
		{ "router bgp 1\n", " neighbor %zu remote-as 5\n no neighbor 10.0.0.1\n", 100000 },
		{ "interface Tunnel0\n", " ip nhrp nhs 10.0.0.1 nbma h%zu\n", 200000 },
		{ "interface Gi0/0\n", " ip address 10.0.0.1 255.0.0.0 secondary\n ipv6 address 2001:db8::%zu/128\n", 120000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char error[200] = "", *text = malloc(files[i].count * 80 + 100);
		size_t used = (size_t)sprintf(text, "%s", files[i].head);
		struct config *c;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		for (size_t k = 0; k < files[i].count; k++)
			used += (size_t)sprintf(text + used, files[i].line, k % 10000);
#pragma GCC diagnostic pop
		c = config_read_text("x", text, used, error, sizeof error);
		if (c || (!strstr(error, "holds too much") && !strstr(error, "more than 250,000 lines")))
			fail_msg("file %zu is read, or says \"%s\"", i, error);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_spoke),
		cmocka_unit_test(merges_and_takes_back),
		cmocka_unit_test(fast_ways),
		cmocka_unit_test(hidden_defaults),
		cmocka_unit_test(multicast_without_a_version),
		cmocka_unit_test(interface_names),
		cmocka_unit_test(refuses_what_is_no_text),
		cmocka_unit_test(refuses_what_takes_too_long),
		cmocka_unit_test(secrets_are_masked),
		cmocka_unit_test(routes_are_held_where_ospf_elects),
		cmocka_unit_test(warm_tunnels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
