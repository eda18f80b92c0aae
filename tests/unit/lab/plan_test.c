/* Configurations in, plan out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lab/plan.h"

enum { MAX = 8 };

struct set {
	size_t count;
	struct config *configs[MAX];
	const char *names[MAX];
	struct lab_plan *plan;
};

static void add(struct set *s, const char *name, const char *text)
{
	char error[256] = "";

	s->names[s->count] = name;
	s->configs[s->count] = config_read_text(name, text, strlen(text), error, sizeof(error));
	if (!s->configs[s->count])
		fail_msg("%s: %s", name, error);
	s->count++;
}

static struct lab_plan *plan(struct set *s)
{
	s->plan = lab_plan_new(s->count, (const struct config *const *)s->configs, s->names, NULL, NULL, 0);
	return s->plan;
}

static void done(struct set *s)
{
	lab_plan_free(s->plan);
	for (size_t i = 0; i < s->count; i++)
		config_free(s->configs[i]);
}

static const char *addr(const struct ipaddr *a)
{
	static char text[IPADDR_TEXT_MAX];

	return ipaddr_format(a, text);
}

#define HUB \
	"hostname hub1\n" \
	"interface GigabitEthernet0/0\n ip address 192.0.2.2 255.255.255.252\n" \
	"ip route 0.0.0.0 0.0.0.0 192.0.2.1\n" \
	"interface GigabitEthernet0/1\n ip address 10.255.1.1 255.255.255.252\n" \
	"interface Tunnel0\n ip address 10.100.0.1 255.255.255.0\n ip nhrp network-id 1\n" \
	" tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n"
#define CORE \
	"hostname core\n" \
	"interface GigabitEthernet0/1\n ip address 10.255.1.2 255.255.255.252\n" \
	"interface GigabitEthernet0/3\n ip address 10.0.0.1 255.255.255.0\n"
#define SPOKE \
	"hostname spoke1\n" \
	"interface GigabitEthernet0/0\n ip address 198.51.100.2 255.255.255.0\n" \
	"interface GigabitEthernet0/1\n ip address 10.1.1.254 255.255.255.0\n" \
	" ipv6 address 2001:db8:1::1/64\n" \
	"interface Tunnel0\n ip address 10.100.0.11 255.255.255.0\n ip nhrp network-id 1\n" \
	" ip nhrp map 10.100.0.1 192.0.2.2\n ip nhrp nhs 10.100.0.1\n" \
	" tunnel source 198.51.100.2\n tunnel mode gre multipoint\n"

static const struct lab_segment *segment_with(const struct lab_plan *p, size_t router, const char *ifname)
{
	for (size_t i = 0; i < p->segment_count; i++) {
		const struct lab_port *port = lab_segment_port(&p->segments[i], NODE_ROUTER, router);

		if (port && strcmp(port->ifname, ifname) == 0)
			return &p->segments[i];
	}
	fail_msg("no segment with %s", ifname);
	return NULL;
}

static void test_uplinks_links_and_lans(void **state)
{
	struct set s = { 0 };
	const struct lab_segment *g;
	struct lab_plan *p;

	(void)state;
	add(&s, "dir/hub1.cfg", HUB);
	add(&s, "core.cfg", CORE);
	add(&s, "spoke1.cfg", SPOKE);
	p = plan(&s);
	assert_string_equal(p->routers[0].name, "hub1");
	assert_int_equal(p->routers[0].role, LAB_HUB);
	assert_int_equal(p->routers[1].role, LAB_PLAIN);
	assert_int_equal(p->routers[2].role, LAB_SPOKE);
	assert_int_equal(p->routers[2].expected, 1);
	assert_int_equal(p->segment_count, 5);
	/* The static next hop is the internet's. */
	g = segment_with(p, 0, "Gi0-0");
	assert_int_equal(g->kind, SEGMENT_UPLINK);
	assert_string_equal(addr(&lab_segment_port(g, NODE_INTERNET, 0)->addresses[0].addr), "192.0.2.1");
	assert_ptr_equal(lab_plan_uplink(p, 0), g);
	g = segment_with(p, 0, "Gi0-1");
	assert_int_equal(g->kind, SEGMENT_LINK);
	assert_ptr_equal(segment_with(p, 1, "Gi0-1"), g);
	assert_ptr_equal(lab_plan_inside(p, 0), g);
	/* A tunnel source without a next hop: the first free address. */
	g = segment_with(p, 2, "Gi0-0");
	assert_int_equal(g->kind, SEGMENT_UPLINK);
	assert_string_equal(addr(&lab_segment_port(g, NODE_INTERNET, 0)->addresses[0].addr), "198.51.100.1");
	done(&s);
}

/* Routers in the languages of other systems stand in one network with each other. */
static void test_other_languages(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "hub1.boot", "interfaces {\n ethernet eth0 {\n  address 192.0.2.2/30\n }\n ethernet eth1 {\n  address 10.0.0.1/24\n }\n"
	    " tunnel tun0 {\n  address 10.100.0.1/24\n  encapsulation gre\n  source-address 192.0.2.2\n }\n}\n"
	    "protocols {\n nhrp {\n  tunnel tun0 {\n   multicast dynamic\n   redirect\n  }\n }\n}\n");
	add(&s, "spoke1.conf", "frr defaults traditional\ninterface eth0\n ip address 198.51.100.2/24\ninterface eth1\n ip address 10.1.1.1/24\n"
	    "interface gre1\n ip address 10.100.0.11/32\n ip nhrp network-id 1\n ip nhrp nhs dynamic nbma 192.0.2.2\n tunnel source eth0\n");
	add(&s, "spoke2.conf", "# dmvpn: interface eth0\n# dmvpn: ip address 203.0.113.2/24\ninterface gre1\n map 10.100.0.1/24 192.0.2.2 register\n"
	    "# dmvpn: ip address 10.100.0.12/24\n# dmvpn: tunnel source eth0\ninterface eth1\n shortcut-destination\n# dmvpn: ip address 10.1.2.1/24\n");
	p = plan(&s);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(config_blocking_count(s.configs[i]), 0);
		assert_int_equal(p->routers[i].role, i ? LAB_SPOKE : LAB_HUB);
		assert_int_equal(p->routers[i].expected, i != 0);
		assert_int_equal(segment_with(p, i, "eth0")->kind, SEGMENT_UPLINK);
		assert_int_equal(segment_with(p, i, "eth1")->kind, SEGMENT_LAN);
	}
	assert_string_equal(p->routers[2].name, "spoke2");
	done(&s);
}

static void test_hosts_of_lans(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;
	const struct lab_host *h;

	(void)state;
	add(&s, "core.cfg", CORE);
	add(&s, "spoke1.cfg", SPOKE);
	p = plan(&s);
	/* Without the hub, the core's link to it is a LAN like any other. */
	assert_int_equal(p->host_count, 3);
	h = &p->hosts[2];
	assert_string_equal(h->name, "spoke1-host");
	assert_string_equal(addr(&h->v4.addr), "10.1.1.252"); /* .254 is the router's */
	assert_string_equal(addr(&h->gateway4), "10.1.1.254");
	assert_string_equal(addr(&h->gateway6), "2001:db8:1::1");
	assert_int_equal(h->v6.len, 64);
	assert_string_equal(p->hosts[0].name, "core-Gi0-1-host");
	assert_string_equal(addr(&p->hosts[0].v4.addr), "10.255.1.1"); /* the only free one */
	done(&s);
}

static void test_note_when_the_hub_is_out_of_reach(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "hub1.cfg", HUB);
	add(&s, "spoke1.cfg", SPOKE);
	p = plan(&s);
	assert_int_equal(p->note_count, 1);
	assert_non_null(strstr(p->notes[0], "spoke1: no connected or static route to 192.0.2.2"));
	done(&s);
}

static void test_three_on_one_segment_with_the_internet(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;
	const struct lab_segment *g;

	(void)state;
	add(&s, "a.cfg", "interface eth0\n ip address 192.0.2.10 255.255.255.0\nip route 0.0.0.0 0.0.0.0 192.0.2.1\n");
	add(&s, "b.cfg", "interface eth0\n ip address 192.0.2.11 255.255.255.0\n");
	add(&s, "c.cfg", "interface eth0\n ip address 192.0.2.12 255.255.255.0\nip route 0.0.0.0 0.0.0.0 192.0.2.10\n");
	p = plan(&s);
	assert_int_equal(p->segment_count, 1);
	g = &p->segments[0];
	assert_int_equal(g->kind, SEGMENT_LINK);
	assert_int_equal(g->port_count, 4);
	/* c's next hop is a router, a's is nobody: that one is the internet's. */
	assert_int_equal(lab_segment_port(g, NODE_INTERNET, 0)->address_count, 1);
	assert_int_equal(p->host_count, 0);
	done(&s);
}

static void test_the_routes_of_a_vrf_are_left_to_its_router(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "spoke1.cfg",
	    "vrf definition INET\n address-family ipv4\n exit-address-family\n"
	    "interface GigabitEthernet0/0\n vrf forwarding INET\n ip address 192.0.2.2 255.255.255.252\n"
	    "ip route vrf INET 0.0.0.0 0.0.0.0 192.0.2.1\n"
	    "interface Tunnel0\n ip address 10.100.0.11 255.255.255.0\n ip nhrp network-id 1\n"
	    " tunnel source GigabitEthernet0/0\n tunnel mode gre multipoint\n tunnel vrf INET\n");
	p = plan(&s);
	assert_int_equal(p->segments[0].ports[0].vrf, 1);
	assert_int_equal(p->route_count, 0);
	done(&s);
}

static void test_equal_private_lans_are_two_lans(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "a.cfg", "interface eth1\n ip address 192.168.1.1 255.255.255.0\n");
	add(&s, "b.cfg", "interface eth1\n ip address 192.168.1.1 255.255.255.0\n");
	p = plan(&s);
	assert_int_equal(p->segment_count, 2);
	assert_int_equal(p->host_count, 2);
	done(&s);
}

static void test_dhcp_is_handed_out(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "spoke1.cfg", "interface eth0\n ip address dhcp\n");
	p = plan(&s);
	assert_int_equal(p->segments[0].kind, SEGMENT_UPLINK);
	assert_int_equal(p->route_count, 1);
	assert_int_equal(p->routes[0].dst.len, 0);
	assert_int_equal(p->segments[0].ports[0].address_count, 1);
	done(&s);
}

static void test_an_isp_router_is_a_router(void **state)
{
	struct set s = { 0 };
	struct lab_plan *p;

	(void)state;
	add(&s, "isp.cfg",
	    "interface Gi0/0\n ip address 203.0.113.5 255.255.255.252\n"
	    "interface Gi0/1\n ip address 203.0.113.9 255.255.255.252\n"
	    "interface Gi0/2\n ip address 203.0.113.25 255.255.255.252\n"
	    "ip route 198.18.0.0 255.255.0.0 203.0.113.26\n");
	add(&s, "hub1.cfg",
	    "interface Gi0/0\n ip address 203.0.113.6 255.255.255.252\nip route 0.0.0.0 0.0.0.0 203.0.113.5\n"
	    "interface Tunnel0\n ip address 10.0.0.1 255.255.255.0\n ip nhrp network-id 1\n"
	    " tunnel source Gi0/0\n tunnel mode gre multipoint\n");
	p = plan(&s);
	assert_int_equal(segment_with(p, 1, "Gi0-0")->kind, SEGMENT_LINK);
	assert_int_equal(segment_with(p, 0, "Gi0-2")->kind, SEGMENT_UPLINK);
	/* The internet node reaches what lies behind the ISP's router. */
	assert_int_equal(p->route_count, 2);
	assert_int_equal(p->routes[0].node, NODE_INTERNET);
	assert_string_equal(addr(&p->routes[0].gateway), "203.0.113.25");
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uplinks_links_and_lans),
		cmocka_unit_test(test_other_languages),
		cmocka_unit_test(test_hosts_of_lans),
		cmocka_unit_test(test_note_when_the_hub_is_out_of_reach),
		cmocka_unit_test(test_three_on_one_segment_with_the_internet),
		cmocka_unit_test(test_the_routes_of_a_vrf_are_left_to_its_router),
		cmocka_unit_test(test_equal_private_lans_are_two_lans),
		cmocka_unit_test(test_dhcp_is_handed_out),
		cmocka_unit_test(test_an_isp_router_is_a_router),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
