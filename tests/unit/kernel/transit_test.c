/*
 * The rules about packets that pass: their text, and what a real kernel does by them, in a network namespace
 * of its own whose two interfaces are the test's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/transit.h"
#include "kernel/trigger.h"
#include "wire/ip.h"

enum { SKIPPED = 77, PACKET_MAX = 256, WAIT_MS = 2000, TCP = 6, SYN = 0x02, ACK = 0x10, TCP_HEADER = 24 };

static void test_ruleset(void **state)
{
	struct transit_interface t[4] = {
		{ .name = "Tunnel0", .redirect = true, .domain = 1, .timeout_s = 2, .mss4 = 1360 },
		{ .name = "Tunnel1", .redirect = true, .domain = 1, .timeout_s = 5 },
		{ .name = "Tunnel2", .redirect = true, .domain = 9, .timeout_s = 2, .partner_count = 1,
		  .partners = { ipaddr_v4(0x0a090002) } },
		{ .name = "Gi0-1", .mss6 = 1340 },
	};
	char *text = transit_ruleset(t, 4), *none = transit_ruleset(NULL, 0);

	(void)state;
	assert_string_equal(none, "add table inet dmvpn\ndelete table inet dmvpn\n");
	assert_non_null(strstr(text, "iifname \"Tunnel0\" oifname \"Tunnel1\" meta nfproto ipv4 ip saddr . ip daddr != @seenip "
				     "add @seenip { ip saddr . ip daddr timeout 2s } log group 4711"));
	assert_non_null(strstr(text, "iifname \"Tunnel1\" oifname \"Tunnel0\" meta nfproto ipv6"));
	assert_non_null(strstr(text, "timeout 5s"));
	/* Another domain: no shortcut between them. */
	assert_null(strstr(text, "iifname \"Tunnel0\" oifname \"Tunnel2\""));
	assert_non_null(strstr(text, "iifname \"Tunnel2\" oifname \"Tunnel2\""));
	assert_non_null(strstr(text, "iifname \"Tunnel2\" rt ip nexthop 10.9.0.2 meta nfproto ipv4 ip saddr"));
	assert_null(strstr(text, "rt ip6"));
	assert_null(strstr(text, "iifname \"Gi0-1\" oifname"));
	assert_non_null(strstr(text, "oifname \"Tunnel0\" meta nfproto ipv4 tcp"));
	assert_non_null(strstr(text, "iifname \"Gi0-1\" meta nfproto ipv6 tcp flags & syn == syn tcp option maxseg size > 1340"));
	assert_null(strstr(text, "iifname \"Gi0-1\" meta nfproto ipv4"));
	free(text);
	free(none);
}

/* The kernel says the VRF's device for what comes in by its members. */
static void test_members_of_vrfs(void **state)
{
	struct transit_interface t[2] = {
		{ .name = "Tunnel0", .vrf = "RED", .redirect = true, .domain = 1, .timeout_s = 2, .mss4 = 1360 },
		{ .name = "Tunnel1", .redirect = true, .domain = 1, .timeout_s = 2 },
	};
	char *text = transit_ruleset(t, 2), error[200] = "";

	(void)state;
	assert_non_null(strstr(text, "forward meta sdifname \"Tunnel0\" oifname \"Tunnel1\" meta nfproto ipv4"));
	assert_non_null(strstr(text, "forward iifname \"Tunnel1\" oifname \"Tunnel0\" meta nfproto ipv4"));
	assert_non_null(strstr(text, "forward meta sdifname \"Tunnel0\" meta nfproto ipv4 tcp"));
	assert_non_null(strstr(text, "forward oifname \"Tunnel0\" meta nfproto ipv4 tcp"));
	free(text);
	/* This kernel's nft knows these words. */
	if (transit_install(t, 2, error, sizeof error) < 0)
		fail_msg("%s", error);
	assert_int_equal(transit_install(NULL, 0, error, sizeof error), 0);
}

/* ---- a router of two interfaces ---- */

struct router {
	int tun[2]; /* of Tunnel0 and Tunnel1 */
};

static int tun_open(const char *name)
{
	struct ifreq r = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int start(void **state)
{
	static struct router r;
	static const char *const settings = "ip link set Tunnel0 up && ip link set Tunnel1 up && "
		"ip addr add 10.0.0.1/24 dev Tunnel0 && ip addr add 10.0.1.1/24 dev Tunnel1 && "
		"ip addr add fd00:0::1/64 dev Tunnel0 && ip addr add fd00:0:0:1::1/64 dev Tunnel1 && "
		"echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv6/conf/all/forwarding";

	r.tun[0] = tun_open("Tunnel0");
	r.tun[1] = tun_open("Tunnel1");
	*state = &r;
	return r.tun[0] >= 0 && r.tun[1] >= 0 && system(settings) == 0 ? 0 : -1;
}

static struct ip_head head(enum ip_family family, int from)
{
	struct ip_head h = { .protocol = TCP, .ttl = 64 };
	char text[32];

	for (int side = 0; side < 2; side++) {
		snprintf(text, sizeof text, family == IP_V4 ? "10.0.%d.2" : "fd00:0:0:%d::2", side);
		ipaddr_parse(text, side == from ? &h.from : &h.to);
	}
	return h;
}

/* A segment with an MSS option. Octets written. */
static size_t segment(const struct ip_head *h, uint8_t flags, uint16_t mss, uint8_t *out)
{
	const size_t at = ip_encode(h, TCP_HEADER, out);
	uint8_t *tcp = out + at;
	uint16_t sum;

	memset(tcp, 0, TCP_HEADER);
	tcp[12] = TCP_HEADER / 4 << 4;
	tcp[13] = flags;
	tcp[20] = 2;
	tcp[21] = 4;
	tcp[22] = (uint8_t)(mss >> 8);
	tcp[23] = (uint8_t)mss;
	sum = ip_payload_checksum(&h->from, &h->to, TCP, tcp, TCP_HEADER);
	tcp[16] = (uint8_t)(sum >> 8);
	tcp[17] = (uint8_t)sum;
	return at + TCP_HEADER;
}

/* The next TCP packet that the kernel sends there; it has things of its own to say. */
static size_t receive(int fd, uint8_t *packet, struct ip_view *ip)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		got = read(fd, packet, PACKET_MAX);
		if (got > 0 && ip_decode(packet, (size_t)got, ip) == IP_DROP_NONE && ip->protocol == TCP)
			return (size_t)got;
	}
}

/* The MSS with which a segment arrives that enters by the interface `from`. */
static uint16_t mss_behind(const struct router *r, enum ip_family family, int from, uint8_t flags, uint16_t mss)
{
	const struct ip_head h = head(family, from);
	uint8_t packet[PACKET_MAX];
	struct ip_view ip;
	const size_t length = segment(&h, flags, mss, packet);
	const uint8_t *tcp;

	assert_int_equal(write(r->tun[from], packet, length), length);
	assert_int_equal(receive(r->tun[1 - from], packet, &ip), length);
	tcp = packet + ip.header_len;
	assert_int_equal(ip_payload_checksum(&ip.src, &ip.dst, TCP, tcp, TCP_HEADER), 0);
	return (uint16_t)(tcp[22] << 8 | tcp[23]);
}

static void install(const struct transit_interface *t, size_t count)
{
	char error[200] = "";

	if (transit_install(t, count, error, sizeof error) < 0)
		fail_msg("nft: %s", error);
}

static void test_mss(void **state)
{
	const struct transit_interface t = { .name = "Tunnel1", .mss4 = 1360, .mss6 = 1340 };

	for (int from = 0; from < 2; from++) {
		install(&t, 1);
		assert_int_equal(mss_behind(*state, IP_V4, from, SYN, 1460), 1360);
		assert_int_equal(mss_behind(*state, IP_V4, from, SYN | ACK, 1460), 1360);
		assert_int_equal(mss_behind(*state, IP_V6, from, SYN, 1460), 1340);
		assert_int_equal(mss_behind(*state, IP_V4, from, SYN, 536), 536);
		/* Not the opening of a connection. */
		assert_int_equal(mss_behind(*state, IP_V4, from, ACK, 1460), 1460);
		install(NULL, 0);
		assert_int_equal(mss_behind(*state, IP_V4, from, SYN, 1460), 1460);
	}
}

static void count_report(void *arg, const struct trigger_packet *p)
{
	assert_int_equal(p->ifindex_in, if_nametoindex("Tunnel0"));
	assert_int_equal(p->ifindex_out, if_nametoindex("Tunnel1"));
	++*(int *)arg;
}

/* Of each pair of addresses one packet is reported, and that goes on its way. */
static void test_trigger(void **state)
{
	const struct transit_interface t[2] = {
		{ .name = "Tunnel0", .redirect = true, .domain = 1, .timeout_s = 60 },
		{ .name = "Tunnel1", .redirect = true, .domain = 1, .timeout_s = 60, .mss4 = 1360 },
	};
	struct pollfd p = { .fd = trigger_open(), .events = POLLIN };
	int reports = 0;

	assert_true(p.fd >= 0);
	install(t, 2);
	for (int k = 0; k < 3; k++)
		assert_int_equal(mss_behind(*state, IP_V4, 0, SYN, 1460), 1360);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(trigger_read(p.fd, count_report, &reports), 0);
	assert_int_equal(reports, 1);
	assert_int_equal(mss_behind(*state, IP_V6, 0, SYN, 1460), 1460);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	assert_int_equal(trigger_read(p.fd, count_report, &reports), 0);
	assert_int_equal(reports, 2);
	install(NULL, 0);
	close(p.fd);
}

int main(void)
{
	const struct CMUnitTest text[] = { cmocka_unit_test(test_ruleset) };
	const struct CMUnitTest behaviour[] = { cmocka_unit_test(test_mss), cmocka_unit_test(test_trigger),
						cmocka_unit_test(test_members_of_vrfs) };
	int failed = cmocka_run_group_tests(text, NULL, NULL);

	if (failed)
		return failed;
	if (unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", R_OK | W_OK) < 0 || access("/usr/sbin/nft", X_OK) < 0)
		return SKIPPED;
	return cmocka_run_group_tests(behaviour, start, NULL);
}
