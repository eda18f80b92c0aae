/* What the kernel shall hold for a router's VRFs, with VRF devices and without. */
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/vrf_plan.h"
#include "daemon/vrfs.h"

static const char router[] = "vrf definition INET\n"
			     "vrf definition BLUE\n"
			     "vrf definition UNUSED\n"
			     "interface GigabitEthernet0/0\n vrf forwarding INET\n ip address 192.0.2.2 255.255.255.252\n"
			     "interface GigabitEthernet0/1\n vrf forwarding BLUE\n ip address 10.1.1.1 255.255.255.0\n"
			     "interface GigabitEthernet0/2\n ip address 10.2.2.1 255.255.255.0\n"
			     "interface Tunnel1\n vrf forwarding BLUE\n ip address 10.0.0.1 255.255.255.0\n"
			     " tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel vrf INET\n"
			     "ip route vrf INET 0.0.0.0 0.0.0.0 192.0.2.1\n"
			     "ip route vrf BLUE 10.9.0.0 255.255.0.0 Null0\n"
			     "ip route vrf BLUE 10.8.0.0 255.255.0.0 GigabitEthernet0/7 10.1.1.9\n"
			     "ip route 0.0.0.0 0.0.0.0 10.2.2.9\n"
			     "ip route 203.0.113.0 255.255.255.0 GigabitEthernet0/0 192.0.2.1\n";

static struct config *read_text(const char *text)
{
	char error[256];
	struct config *c = config_read_text("router.cfg", text, strlen(text), error, sizeof error);

	assert_non_null(c);
	return c;
}

static void link_is(struct underlay *u, int ifindex, const char *name, bool up)
{
	struct change c = { .type = CHANGE_LINK, .add = true, .ifindex = ifindex, .link = { .up = up, .running = up } };

	snprintf(c.link.name, sizeof c.link.name, "%s", name);
	underlay_take(u, &c);
}

static void address_is(struct underlay *u, int ifindex, const char *text)
{
	struct change c = { .type = CHANGE_ADDRESS, .add = true, .ifindex = ifindex };
	struct ipprefix p;
	char addr[64];

	assert_true(ipprefix_parse(text, &p));
	snprintf(addr, sizeof addr, "%.*s", (int)strcspn(text, "/"), text);
	assert_true(ipaddr_parse(addr, &c.address.addr));
	c.address.prefix_len = p.len;
	underlay_take(u, &c);
}

static void machine(struct underlay *u)
{
	underlay_init(u);
	link_is(u, 2, "Gi0-0", true);
	link_is(u, 3, "Gi0-1", true);
	link_is(u, 4, "Gi0-2", true);
	link_is(u, 5, "Tunnel1", true);
	address_is(u, 2, "192.0.2.2/30");
	address_is(u, 2, "fe80::1/64");
	address_is(u, 3, "10.1.1.1/24");
	address_is(u, 4, "10.2.2.1/24");
	address_is(u, 5, "10.0.0.1/24");
}

static const struct vrf_place tables[] = { { .table = 1000 }, { .table = 1001 }, { .table = 1002 }, { .table = 1003 } };
static const struct vrf_place devices[] = {
	{ .table = 1000 }, { true, "INET", 11, 1001 }, { true, "BLUE", 12, 77 /* its owner's */ }, { true, "", 0, 1003 },
};

/* The IPv4 rules, as `ip rule` would show them. */
static void rules_text(const struct vrf_plan *p, char out[2048])
{
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct ip_rule *r = &p->rules[i];
		char from[IPADDR_TEXT_MAX];

		if (r->family != IP_V4)
			continue;
		used += (size_t)snprintf(out + used, 2048 - used, "%u:%s%s%s%s%s%s%s %u\n", r->pref, r->iif[0] ? " iif " : "", r->iif,
					 r->oif[0] ? " oif " : "", r->oif, ipaddr_is_none(&r->from) ? "" : " from ",
					 ipaddr_is_none(&r->from) ? "" : ipaddr_format(&r->from, from), r->l3mdev ? " l3mdev" : "",
					 r->table);
	}
}

static void routes_text(const struct vrf_route *list, size_t count, char out[2048])
{
	static const char *const kinds[] = { "", "discard ", "unreachable ", "prefix " };
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char dst[IPPREFIX_TEXT_MAX], via[IPADDR_TEXT_MAX];

		if (list[i].dst.addr.family != IP_V4)
			continue;
		used += (size_t)snprintf(out + used, 2048 - used, "%u: %s%s%s%s dev %d\n", list[i].table, kinds[list[i].kind],
					 ipprefix_format(&list[i].dst, dst), ipaddr_is_none(&list[i].gateway) ? "" : " via ",
					 ipaddr_is_none(&list[i].gateway) ? "" : ipaddr_format(&list[i].gateway, via), list[i].ifindex);
	}
}

static void test_tables_are_chosen_by_interface_and_address(void **state)
{
	struct config *c = read_text(router);
	struct underlay u;
	struct vrf_plan p;
	char text[2048];

	(void)state;
	machine(&u);
	vrf_plan_make(&p, c, &u, tables);
	rules_text(&p, text);
	assert_string_equal(text, "100: 4711\n"
				  "50: iif Gi0-0 1001\n50: from 192.0.2.2 1001\n"
				  "40: iif Gi0-1 4713\n50: iif Gi0-1 1002\n40: from 10.1.1.1 4713\n50: from 10.1.1.1 1002\n"
				  "40: iif Tunnel1 4713\n50: iif Tunnel1 1002\n40: from 10.0.0.1 4713\n50: from 10.0.0.1 1002\n");
	routes_text(p.routes, p.route_count, text);
	/* The gateway of 10.8/16 is on an interface that is not there. */
	assert_string_equal(text, "1001: unreachable 0.0.0.0/0 dev 0\n1001: 192.0.2.0/30 dev 2\n1001: 0.0.0.0/0 via 192.0.2.1 dev 0\n"
				  "1002: unreachable 0.0.0.0/0 dev 0\n1002: 10.1.1.0/24 dev 3\n1002: 10.0.0.0/24 dev 5\n"
				  "1002: discard 10.9.0.0/16 dev 0\n254: 203.0.113.0/24 via 192.0.2.1 dev 2\n");
	routes_text(p.strays, p.stray_count, text);
	assert_string_equal(text, "254: prefix 192.0.2.0/30 dev 2\n254: prefix 10.1.1.0/24 dev 3\n254: prefix 10.0.0.0/24 dev 5\n");
	assert_int_equal(p.member_count, 0);
	vrf_plan_done(&p);
	underlay_done(&u);
	config_free(c);
}

static void test_devices_leave_the_front_doors_addresses_to_rules(void **state)
{
	struct config *c = read_text(router);
	struct underlay u;
	struct vrf_plan p;
	char text[2048];

	(void)state;
	machine(&u);
	vrf_plan_make(&p, c, &u, devices);
	rules_text(&p, text);
	assert_string_equal(text, "100: 4711\n50: l3mdev 0\n50: from 192.0.2.2 1001\n40: iif BLUE 4713\n40: oif BLUE 4713\n"
				  "40: iif Gi0-1 4713\n40: iif Tunnel1 4713\n");
	routes_text(p.routes, p.route_count, text);
	assert_string_equal(text, "1001: unreachable 0.0.0.0/0 dev 0\n1001: 0.0.0.0/0 via 192.0.2.1 dev 0\n"
				  "77: unreachable 0.0.0.0/0 dev 0\n77: discard 10.9.0.0/16 dev 0\n"
				  "254: 203.0.113.0/24 via 192.0.2.1 dev 2\n");
	assert_int_equal(p.stray_count, 0);
	assert_int_equal(p.member_count, 3);
	assert_int_equal(vrf_plan_member(&p, 2)->master, 11);
	assert_int_equal(vrf_plan_member(&p, 3)->master, 12);
	assert_int_equal(vrf_plan_member(&p, 5)->master, 12);
	assert_null(vrf_plan_member(&p, 4));
	vrf_plan_done(&p);
	underlay_done(&u);
	config_free(c);
}

/* A link that is down has no routes; its rules stay. One whose routes the kernel does not make has none to lose. */
static void test_what_is_down_has_no_routes(void **state)
{
	struct config *c = read_text(router);
	struct underlay u;
	struct vrf_plan p;
	struct ip_rule rule = { .family = IP_V4, .pref = PREF_VRF, .table = 1001, .iif = "Gi0-0" };
	char text[2048];

	(void)state;
	machine(&u);
	link_is(&u, 2, "Gi0-0", false);
	u.addresses[2].no_prefix_route = true; /* Gi0-1's */
	vrf_plan_make(&p, c, &u, tables);
	assert_true(vrf_plan_has_rule(&p, &rule));
	routes_text(p.routes, p.route_count, text);
	assert_null(strstr(text, "192.0.2.0/30"));
	routes_text(p.strays, p.stray_count, text);
	assert_string_equal(text, "254: prefix 10.0.0.0/24 dev 5\n");
	vrf_plan_done(&p);
	underlay_done(&u);
	config_free(c);
}

static bool default_route(struct underlay *u, int ifindex, const char *gateway, uint8_t protocol, bool add)
{
	struct change c = { .type = CHANGE_ROUTE, .add = add, .ifindex = ifindex,
			    .route = { .table = RT_TABLE_MAIN, .protocol = protocol, .dst.addr = ipaddr_v4(0) } };

	assert_true(ipaddr_parse(gateway, &c.route.gateway));
	return underlay_take(u, &c);
}

static const char leased[] = "vrf definition INET\n"
			     "interface GigabitEthernet0/0\n vrf forwarding INET\n ip address dhcp\n"
			     "interface GigabitEthernet0/1\n ip address dhcp\n"
			     "ip route vrf INET 0.0.0.0 0.0.0.0 GigabitEthernet0/0 dhcp\n"
			     "ip route 0.0.0.0 0.0.0.0 GigabitEthernet0/0 dhcp 250\n"
			     "ip route 203.0.113.0 255.255.255.0 GigabitEthernet0/1 dhcp\n";

static void plan_is(const struct config *c, const struct underlay *u, const char *wanted)
{
	struct vrf_plan p;
	char text[2048];

	vrf_plan_make(&p, c, u, tables);
	routes_text(p.routes, p.route_count, text);
	assert_string_equal(text, wanted);
	vrf_plan_done(&p);
}

/* Where a lease's gateway is not known there is no route, and one that waits for ARP least of all. */
static void test_gateways_are_those_of_the_lease(void **state)
{
	struct config *c = read_text(leased);
	struct underlay u;

	(void)state;
	underlay_init(&u);
	link_is(&u, 2, "Gi0-0", true);
	link_is(&u, 3, "Gi0-1", true);
	plan_is(c, &u, "1001: unreachable 0.0.0.0/0 dev 0\n");
	assert_false(default_route(&u, 2, "100.64.9.1", 11 /* zebra's */, true));
	plan_is(c, &u, "1001: unreachable 0.0.0.0/0 dev 0\n");
	assert_true(default_route(&u, 2, "100.64.1.1", RTPROT_BOOT, true));
	assert_false(default_route(&u, 2, "100.64.1.1", RTPROT_BOOT, true));
	assert_true(default_route(&u, 3, "100.64.2.1", RTPROT_DHCP, true));
	plan_is(c, &u, "1001: unreachable 0.0.0.0/0 dev 0\n1001: 0.0.0.0/0 via 100.64.1.1 dev 2\n254: 0.0.0.0/0 via 100.64.1.1 dev 2\n"
		       "254: 203.0.113.0/24 via 100.64.2.1 dev 3\n");
	assert_int_equal(c->routes[1].distance, 250);
	assert_int_equal(c->routes[2].distance, 1);
	/* Another lease: the new one counts while the old one's route is still there, and when it is not. */
	assert_true(default_route(&u, 2, "100.64.7.1", RTPROT_BOOT, true));
	assert_true(default_route(&u, 2, "100.64.1.1", RTPROT_BOOT, false));
	assert_true(default_route(&u, 3, "100.64.2.1", RTPROT_DHCP, false));
	plan_is(c, &u, "1001: unreachable 0.0.0.0/0 dev 0\n1001: 0.0.0.0/0 via 100.64.7.1 dev 2\n254: 0.0.0.0/0 via 100.64.7.1 dev 2\n");
	/* A link that was down has to be told anew. */
	link_is(&u, 2, "Gi0-0", false);
	link_is(&u, 2, "Gi0-0", true);
	plan_is(c, &u, "1001: unreachable 0.0.0.0/0 dev 0\n");
	underlay_done(&u);
	config_free(c);
}

static void test_a_route_that_leaves_its_interface_open_is_known_again(void **state)
{
	struct vrf_route wish = { .table = 1001, .metric = 1, .gateway = ipaddr_v4(0xc0000201u) }, found = wish;

	(void)state;
	found.ifindex = 2;
	assert_true(vrf_route_is(&wish, &found));
	assert_false(vrf_route_is(&found, &wish));
	found.metric = 2;
	assert_false(vrf_route_is(&wish, &found));
}

static size_t faults_of(const char *running, const char *fresh, char **text)
{
	struct config *a = read_text(running), *b = read_text(fresh);
	size_t size, count;
	FILE *out = open_memstream(text, &size);

	count = vrfs_write_faults(a, b, out);
	fclose(out);
	config_free(a);
	config_free(b);
	return count;
}

static void test_a_reload_keeps_the_numbers_of_vrfs(void **state)
{
	static const char two[] = "vrf definition A\nvrf definition B\ninterface Tunnel1\n tunnel vrf A\n";
	char *text;

	(void)state;
	assert_int_equal(faults_of(two, "vrf definition A\nvrf definition B\nvrf definition C\ninterface Tunnel1\n tunnel vrf A\n", &text), 0);
	free(text);
	assert_int_equal(faults_of(two, "vrf definition A\nvrf definition BB\ninterface Tunnel1\n tunnel vrf A\n", &text), 1);
	assert_non_null(strstr(text, "router.cfg:2: VRF BB stands where VRF B stood"));
	free(text);
	assert_int_equal(faults_of(two, "vrf definition A\nvrf definition B\ninterface Tunnel1\n tunnel vrf B\n", &text), 1);
	assert_non_null(strstr(text, "router.cfg:3: the VRF of Tunnel1 cannot be changed"));
	free(text);
}

static void test_devices_have_names_that_the_kernel_takes(void **state)
{
	struct config *c = read_text("vrf definition INET\nvrf definition A-NAME-THAT-IS-TOO-LONG\nvrf definition lo\n"
				     "vrf definition eth0\ninterface eth0\n ip address 10.0.0.1 255.255.255.0\n");

	(void)state;
	assert_string_equal(c->vrfs[1].device, "INET");
	assert_string_equal(c->vrfs[2].device, "vrf2");
	assert_string_equal(c->vrfs[3].device, "vrf3");
	assert_string_equal(c->vrfs[4].device, "vrf4");
	config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_are_chosen_by_interface_and_address),
		cmocka_unit_test(test_devices_leave_the_front_doors_addresses_to_rules),
		cmocka_unit_test(test_what_is_down_has_no_routes),
		cmocka_unit_test(test_gateways_are_those_of_the_lease),
		cmocka_unit_test(test_a_route_that_leaves_its_interface_open_is_known_again),
		cmocka_unit_test(test_a_reload_keeps_the_numbers_of_vrfs),
		cmocka_unit_test(test_devices_have_names_that_the_kernel_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
