/* Address translation: which lines of a configuration become which rules, and that a kernel takes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/nat.h"

#define UPLINKS \
	"interface Gi0/0\n ip address 198.51.100.6 255.255.255.252\n ip nat outside\n" \
	"interface Gi0/2\n ip address 203.0.113.6 255.255.255.248\n ip nat outside\n" \
	"interface Gi0/1\n ip address 10.1.1.1 255.255.255.0\n ip nat inside\n" \
	"interface Tunnel0\n ip address 10.100.0.11 255.255.255.0\n ip nhrp network-id 1\n" \
	" tunnel source Gi0/0\n tunnel mode gre multipoint\n"
#define LIST "ip access-list extended NAT\n deny ip any 10.0.0.0 0.255.255.255\n permit ip 10.1.1.0 0.0.0.255 any\n"
#define FROM_LAN "iifname { \"Gi0-1\" } "

static struct config *read_config(const char *text)
{
	char error[200];
	struct config *c = config_read_text("a.cfg", text, strlen(text), error, sizeof error);

	assert_non_null(c);
	return c;
}

static char *rules_of(const char *text)
{
	struct config *c = read_config(text);
	struct nat *n = nat_new(c);
	char *rules = nat_ruleset(c, n), error[200];

	assert_int_equal(config_blocking_count(c), 0);
	if (geteuid() == 0 && nat_install(rules, error, sizeof error) < 0)
		fail_msg("%s: nft says %s", rules, error);
	nat_free(n);
	config_free(c);
	return rules;
}

#define HAS(rules, part) do { if (!strstr(rules, part)) fail_msg("\"%s\" is not in\n%s", part, rules); } while (0)
#define HAS_NOT(rules, part) do { if (strstr(rules, part)) fail_msg("\"%s\" is in\n%s", part, rules); } while (0)

static void without_rules(void **state)
{
	char *none = rules_of(UPLINKS), *no_outside = rules_of("interface Gi0/1\n ip nat inside\ninterface Gi0/0\n"
							       "ip nat inside source list 1 interface Gi0/0 overload\naccess-list 1 permit any\n");

	(void)state;
	assert_string_equal(none, "add table ip dmvpn_nat\ndelete table ip dmvpn_nat\n");
	assert_string_equal(no_outside, none);
	free(none);
	free(no_outside);
}

/* What is translated to an interface's address leaves by it; what the list denies is left alone. */
static void overload(void **state)
{
	char *r = rules_of(UPLINKS LIST "ip nat inside source list NAT interface Gi0/0 overload\n");

	(void)state;
	HAS(r, FROM_LAN "oifname { \"Gi0-0\" } jump rule0_0_0\n");
	HAS(r, "ip daddr 10.0.0.0/8 return\n\t\tip saddr 10.1.1.0/24 goto rule0\n\t\treturn\n");
	HAS(r, "chain rule0 {\n\t\tmeta l4proto { 47, 50 } return\n\t\tudp sport { 500, 4500 } counter masquerade to :1024-65535\n"
	       "\t\tcounter masquerade\n");
	HAS_NOT(r, "oifname { \"Gi0-2\" } jump");
	HAS_NOT(r, "oifname { \"Tunnel0\"");
	free(r);
}

/* The tunnel's uplink keeps the inside in; the other one is no tunnel's and translates nothing. */
static void guards(void **state)
{
	char *r = rules_of(UPLINKS LIST "ip nat inside source list NAT interface Gi0/0 overload\nip route 10.77.0.0 255.255.0.0 198.51.100.5\n");

	(void)state;
	HAS(r, "iifname { \"Gi0-1\", \"Tunnel0\" } oifname { \"Gi0-0\" } ip saddr @private ct status & (snat | dnat) == 0 counter drop");
	HAS(r, "oifname \"Gi0-0\" ip daddr 10.77.0.0/16 accept\n");
	HAS(r, "oifname { \"Gi0-0\" } ip daddr @private counter drop");
	HAS(r, "iifname { \"Gi0-0\" } fib daddr type local udp dport { 500, 4500 } accept\n");
	free(r);
}

/* The router's own packets for a tunnel's network, too: its tunnel may be down, and the default route leads out. */
static void overlays_stay_in(void **state)
{
	char *r = rules_of(UPLINKS "interface Tunnel1\n ip address 10.100.0.1 255.255.0.0\n ip nhrp network-id 2\n tunnel source Gi0/0\n tunnel mode gre multipoint\n tunnel key 2\n" LIST
			   "ip nat inside source list NAT interface Gi0/0 overload\n");

	(void)state;
	HAS(r, "elements = { 10.100.0.0/24, 10.100.0.0/16 }\n");
	HAS(r, "\t\toifname { \"Gi0-0\" } ip saddr @overlay counter drop");
	HAS(r, "\t\toifname { \"Gi0-0\" } ip daddr @overlay counter drop");
	free(r);
}

/* An interface that has lost its lease would be masqueraded with another one's address. What a pool has may be anybody's. */
static void no_address_of_another(void **state)
{
	char *r = rules_of(UPLINKS LIST "interface Gi0/3\n ip address dhcp\n ip nat outside\ninterface Loopback0\n ip address 192.0.2.77 255.255.255.255\n"
			   "ip nat pool P 203.0.113.6 203.0.113.6 netmask 255.255.255.248\nip nat inside source list NAT pool P overload\n"
			   "ip nat inside source list NAT interface Gi0/3 overload\n");

	(void)state;
	HAS(r, "\t\toifname \"Gi0-3\" ct status & snat != 0 ip saddr { 198.51.100.6, 10.1.1.1 } counter drop");
	HAS(r, "\t\toifname \"Gi0-0\" ct status & snat != 0 ip saddr { 10.1.1.1 } counter drop");
	free(r);
}

/* One route-map for each of two uplinks. */
static void by_route_map(void **state)
{
	char *r = rules_of(UPLINKS LIST
			   "route-map DSL permit 10\n match ip address NAT\n match interface Gi0/0\n"
			   "route-map LTE deny 5\n match ip address 7\nroute-map LTE permit 10\n match ip address NAT\n match interface Gi0/2\n"
			   "access-list 7 permit 10.1.1.99\n"
			   "ip nat inside source route-map DSL interface Gi0/0 overload\n"
			   "ip nat inside source route-map LTE interface Gi0/2 overload\n");

	(void)state;
	HAS(r, "chain rule0_0_0 {\n\t\toifname != { \"Gi0-0\" } return\n");
	HAS(r, "chain rule1_0_0 {\n\t\tip saddr 10.1.1.99/32 return\n\t\tgoto rule1_1_0\n");
	HAS(r, "chain rule1_1_0 {\n\t\toifname != { \"Gi0-2\" } return\n");
	HAS(r, FROM_LAN "oifname { \"Gi0-2\" } jump rule1_0_0\n");
	HAS(r, "chain rule1 {\n\t\tmeta l4proto");
	free(r);
}

/* Addresses of an uplink's network are used there only. */
static void pools_and_static_ones(void **state)
{
	char *r = rules_of(UPLINKS LIST
			   "ip nat pool P 203.0.113.2 203.0.113.4 netmask 255.255.255.248\nip nat inside source list NAT pool P overload\n"
			   "ip nat inside source static tcp 10.1.1.20 80 interface Gi0/0 8080\n"
			   "ip nat inside source static 10.1.1.30 203.0.113.5 extendable\n"
			   "ip nat inside source static network 10.1.2.0 192.0.2.0 /24\n");

	(void)state;
	HAS(r, FROM_LAN "oifname { \"Gi0-2\" } jump rule3_0_0\n");
	HAS(r, "counter snat to 203.0.113.2-203.0.113.4\n");
	HAS(r, "iifname { \"Gi0-0\" } fib daddr type local tcp dport 8080 counter dnat to 10.1.1.20:80\n");
	HAS(r, "ip saddr 10.1.1.20/32 tcp sport 80 counter masquerade to :8080\n");
	HAS(r, "iifname { \"Gi0-2\" } ip daddr 203.0.113.5/32 counter dnat to 10.1.1.30\n");
	HAS(r, "iifname { \"Gi0-0\", \"Gi0-2\" } ip daddr 192.0.2.0/24 counter dnat ip prefix to ip daddr map { 192.0.2.0/24 : 10.1.2.0/24 }\n");
	free(r);
}

static void lists_in_full(void **state)
{
	char *r = rules_of(UPLINKS
			   "ip access-list extended A\n 10 deny tcp host 10.1.1.9 any eq www 443\n permit udp any range 1000 2000 any neq domain\n"
			   " permit tcp any gt 1023 any established\n permit icmp 10.1.0.1 0.0.254.0 any log\n"
			   "ip nat inside source list A interface Gi0/0 overload\n");

	(void)state;
	HAS(r, "meta l4proto 6 ip saddr 10.1.1.9/32 th dport { 80-80, 443-443 } return\n");
	HAS(r, "meta l4proto 17 th sport { 1000-2000 } th dport != { 53-53 } goto rule0\n");
	HAS(r, "meta l4proto 6 th sport { 1024-65535 } tcp flags & (ack | rst) != 0 goto rule0\n");
	HAS(r, "meta l4proto 1 ip saddr & 255.255.1.255 == 10.1.0.1 goto rule0\n");
	free(r);
}

/* What cannot be done is said at its line, and forbids running. */
static void what_is_refused(void **state)
{
	struct config *c = read_config(UPLINKS "ip access-list extended A\n permit ip any any time-range WORK\n"
						"ip nat inside source list A interface Gi0/0 overload\n");
	struct config *map = read_config(UPLINKS "route-map M permit 10\n match tag 7\nip nat inside source route-map M interface Gi0/0 overload\n");

	(void)state;
	assert_int_equal(config_blocking_count(c), 1);
	assert_string_equal(c->lines[15].text, " permit ip any any time-range WORK");
	assert_string_equal(c->lines[15].reason, "address translation does not know \"time-range\" in a list");
	assert_int_equal(config_blocking_count(map), 1);
	assert_non_null(strstr(map->lines[16].reason, "matches by something else"));
	config_free(c);
	config_free(map);
}

/* A line that would translate nothing is no silent skip. */
static void what_leads_nowhere(void **state)
{
	static const char *const lines[] = { "source list 5 interface Gi0/7 overload", "source list 5 pool Q overload",
					     "source route-map NOPE interface Gi0/0 overload",
					     "source static tcp 10.0.0.5 80 interface Gi0/7 80" };

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		char text[1024];
		struct config *c;

		snprintf(text, sizeof text, "%saccess-list 5 permit 10.1.0.0 0.0.0.255\nip nat inside %s\n", UPLINKS, lines[i]);
		c = read_config(text);
		assert_non_null(c->lines[c->line_count - 1].practice);
		assert_non_null(strstr(c->lines[c->line_count - 1].practice_remedy, "nothing is translated by it"));
		config_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules), cmocka_unit_test(overload), cmocka_unit_test(guards), cmocka_unit_test(overlays_stay_in), cmocka_unit_test(no_address_of_another), cmocka_unit_test(by_route_map),
		cmocka_unit_test(pools_and_static_ones), cmocka_unit_test(lists_in_full), cmocka_unit_test(what_is_refused), cmocka_unit_test(what_leads_nowhere),
	};

	/* The rules are given to the kernel too, where that may be. */
	if (geteuid() == 0 && unshare(CLONE_NEWNET) < 0)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
