#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/words.h"
#include "view_sample.h"

/* Text from `from` on, to its end or to a blank line. */
static void expect_part(enum show_subject subject, const char *from, const char *wanted)
{
	char *text = show_text(view_sample(), subject), *part;

	assert_non_null(text);
	part = strstr(text, from);
	assert_non_null(part);
	part[strlen(part) < strlen(wanted) ? strlen(part) : strlen(wanted)] = '\0';
	assert_string_equal(part, wanted);
	free(text);
}

static void test_dmvpn(void **state)
{
	(void)state;
	expect_part(SHOW_DMVPN, "Interface: Tunnel0, IPv4",
		    "Interface: Tunnel0, IPv4 NHRP Details\n"
		    "Type:Spoke, NHRP Peers:3,\n"
		    "\n"
		    " # Ent  Peer NBMA Addr Peer Tunnel Add State  UpDn Tm Attrb\n"
		    " ----- --------------- --------------- ----- -------- -----\n"
		    "     1 192.0.2.1              10.0.0.1    UP 00:29:40     S\n"
		    "     2 192.0.2.12            10.0.0.12    UP    6d12h    DN\n"
		    "                             10.0.0.12    UP     3w5d   DT1\n"
		    "     1 UNKNOWN               10.0.0.13  NHRP    never     I\n"
		    "       reason: no answer yet\n"
		    "\n"
		    "Interface: Tunnel0, IPv6 NHRP Details\n");
	expect_part(SHOW_DMVPN, "Interface: Tunnel7",
		    "Interface: Tunnel7, IPv4 NHRP Details\n"
		    "Type:Unknown, NHRP Peers:0,\n"
		    "State:INTF, reason: tunnel source: interface Gi0-0 is down\n");
}

static void test_nhrp(void **state)
{
	(void)state;
	expect_part(SHOW_NHRP, "10.0.0.1/32",
		    "10.0.0.1/32 via 10.0.0.1\n"
		    "   Tunnel0 created 00:29:40, never expire\n"
		    "   Type: static, Flags:\n"
		    "   NBMA address: 192.0.2.1\n"
		    "10.0.0.12/32 via 10.0.0.12\n"
		    "   Tunnel0 created 6d12h, expire 00:02:27\n"
		    "   Type: dynamic, Flags: router nhop\n"
		    "   NBMA address: 192.0.2.12\n"
		    "   (Claimed NBMA address: 192.168.1.2)\n");
	expect_part(SHOW_NHRP, "10.0.0.13/32",
		    "10.0.0.13/32 via 10.0.0.13\n"
		    "   Tunnel0 created 00:00:06, expire 00:02:27\n"
		    "   Type: incomplete, Flags:\n"
		    "   Traffic goes by: 10.0.0.1\n"
		    "   reason: no answer yet\n");
}

static void test_nhs(void **state)
{
	(void)state;
	expect_part(SHOW_NHS, "Legend",
		    "Legend: E=Expecting replies, R=Responding, W=Waiting, D=Dynamic\n"
		    "Tunnel0:\n"
		    "10.0.0.1  RE  NBMA Address: 192.0.2.1 priority = 0 cluster = 0  req-sent 12  req-failed 0  repl-recv 12 (00:00:49 ago)\n"
		    " Status: UP\n"
		    " Current Request ID: 57 (Ack: 57)\n"
		    " path: ALIVE, 400 probes sent, 380 answered, round trip 12.3 ms\n"
		    "10.0.0.2  E  NBMA Address: hub2.example priority = 1 cluster = 2  req-sent 4  req-failed 3  repl-recv 0\n"
		    " Status: DOWN\n"
		    " Current Request ID: 58 (Ack: 0)\n"
		    " reason: name does not resolve\n");
}

static void test_tunnels(void **state)
{
	(void)state;
	expect_part(SHOW_TUNNELS, "Interface Tunnel0",
		    "Interface Tunnel0 is up/up, VRF \"\"\n"
		    "   Tunnel Src./Dest. addr: 192.0.2.11/Multipoint, Tunnel VRF \"\"\n"
		    "   Protocol/Transport: \"multi-GRE/IP\", Protect \"\", Key 100\n"
		    "   Interface State Control: Disabled\n"
		    "   Type:Spoke, Peers:2, Entries:6, Multicast:1, Datapath:user (this kernel has no GRE)\n"
		    "   NHRP to routing: no if-state nhrp, acted 0 times\n"
		    "   NHRP to routing: nhrp fall-over bgp, acted 2 times\n"
		    "   NHRP to routing: nhrp fall-over bfd, acted 0 times (bfdd is not connected)\n"
		    "   NHRP to routing: nhrp route-hold, acted 1 times\n"
		    "   net/ipv4/conf/Tunnel0/rp_filter = 2\n"
		    "Interface Tunnel7 is down/down, VRF \"RED\"\n"
		    "   Tunnel Src./Dest. addr: UNKNOWN/2001:db8:1::1, Tunnel VRF \"INET\"\n"
		    "   Protocol/Transport: \"GRE/IPv6\", Protect \"PF\"\n"
		    "   Interface State Control: Enabled\n"
		    "   Warm: resting, behind Tunnel0; at rest its uplink carries 0.84 MB a day, computed\n"
		    "   Type:Unknown, Peers:0, Entries:0, Multicast:0, Datapath:user (asked for)\n"
		    "   reason: tunnel source: interface Gi0-0 is down\n");
}

static void test_events_and_counters(void **state)
{
	(void)state;
	expect_part(SHOW_EVENTS, "2023", "2023-11-14T22:13:20.123Z %DMVPN-5-NHRP_NHS_UP: tunnel=Tunnel0 nhs=10.0.0.1\n");
	expect_part(SHOW_COUNTERS, "NHRP\n", "NHRP\n             7  messages forwarded\nNHRP messages that");
	expect_part(SHOW_COUNTERS, "  relayed", "  relayed Tunnel0 192.0.2.11 -> Tunnel7 -: 30 packets 3000 bytes\n");
}

static void expect_uptime(int64_t s, const char *wanted)
{
	char text[UPTIME_TEXT_MAX];

	assert_string_equal(uptime_text(span_s(s), text), wanted);
}

static void test_bfd(void **state)
{
	char *text = show_text(view_sample(), SHOW_BFD);

	(void)state;
	assert_non_null(strstr(text, "\nIPv4 Sessions\nNeighAddr "));
	assert_non_null(strstr(text, "\n10.0.0.1                               17/34                 Up        Up        Tunnel0\n"
				     "  by NHRP, routing, Up for 00:01:01, NBMA 192.0.2.1\n"
				     "  sent every 75 ms, detection time 225 ms (multiplier 3 x 75 ms), packets 900 out 899 in, failures 1\n"));
	assert_non_null(strstr(text, "\nIPv6 Sessions\n"));
	assert_non_null(strstr(text, "reason: control detection time expired\n"));
	assert_non_null(strstr(text, "no interval below 50 ms\n"));
	assert_non_null(strstr(text, "3  BFD packet that came from further away\n"));
	free(text);
}

static void test_uptime(void **state)
{
	(void)state;
	expect_uptime(-5, "00:00:00");
	expect_uptime(86399, "23:59:59");
	expect_uptime(86400, "1d00h");
	expect_uptime(7 * 86400 - 1, "6d23h");
	expect_uptime(7 * 86400, "1w0d");
	expect_uptime(365 * 86400, "1y0w");
	expect_uptime(INT64_MAX / 1000000, "292471y10w");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dmvpn), cmocka_unit_test(test_nhrp), cmocka_unit_test(test_nhs),
		cmocka_unit_test(test_tunnels), cmocka_unit_test(test_events_and_counters), cmocka_unit_test(test_bfd),
		cmocka_unit_test(test_uptime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
