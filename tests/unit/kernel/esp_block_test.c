/* What a block keeps from leaving and entering, asked of the kernel itself. In a network namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/esp.h"
#include "kernel/link.h"

enum { SKIPPED = 77, HERE = 0xc0000201, BESIDE = 0xc0000203, THERE = 0xc0000202, ARRIVES_MS = 1000, SETTLED_MS = 20 };

struct wire {
	int tun, raw; /* raw: everything of GRE that gets through to this router */
	struct netlink xfrm;
};

static int tun_open(void)
{
	struct ifreq r = { .ifr_name = "wire", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static struct sockaddr_in place(uint32_t host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(host) };
}

/* 0, or what the kernel says against it. */
static int leaves(uint32_t from, int protocol)
{
	const struct sockaddr_in here = place(from), there = place(THERE);
	const int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);
	int error;

	assert_int_equal(bind(fd, (const struct sockaddr *)&here, sizeof here), 0);
	error = sendto(fd, "gre.", 4, 0, (const struct sockaddr *)&there, sizeof there) < 0 ? errno : 0;
	close(fd);
	return error;
}

static uint16_t checksum(const void *header, size_t length)
{
	const uint16_t *words = header;
	uint32_t sum = 0;

	for (size_t i = 0; i < length / 2; i++)
		sum += words[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool enters(const struct wire *w, uint32_t to, bool expected)
{
	struct {
		struct iphdr ip;
		uint8_t payload[4];
	} p = { .ip = { .version = 4, .ihl = 5, .tot_len = htons(sizeof p), .ttl = 64, .protocol = IPPROTO_GRE,
			.saddr = htonl(THERE), .daddr = htonl(to) } };
	struct pollfd arrival = { .fd = w->raw, .events = POLLIN };
	uint8_t taken[128];

	p.ip.check = checksum(&p.ip, sizeof p.ip);
	assert_int_equal(write(w->tun, &p, sizeof p), sizeof p);
	if (poll(&arrival, 1, expected ? ARRIVES_MS : SETTLED_MS) != 1)
		return false;
	assert_int_equal(recv(w->raw, taken, sizeof taken, 0), sizeof p);
	return true;
}

static void gre_of_a_blocked_address_passes_in_neither_direction(void **state)
{
	struct wire *w = *state;
	const struct ipaddr here = ipaddr_v4(HERE);

	assert_int_equal(leaves(HERE, IPPROTO_GRE), 0);
	assert_true(enters(w, HERE, true));
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(esp_block(&w->xfrm, &here, true), 0);
	assert_int_equal(leaves(HERE, IPPROTO_GRE), EPERM);
	assert_false(enters(w, HERE, false));
	/* Neither what is not GRE nor another address. */
	assert_int_equal(leaves(HERE, IPPROTO_ICMP), 0);
	assert_int_equal(leaves(BESIDE, IPPROTO_GRE), 0);
	assert_true(enters(w, BESIDE, true));
	for (int twice = 0; twice < 2; twice++)
		assert_int_equal(esp_block(&w->xfrm, &here, false), 0);
	assert_int_equal(leaves(HERE, IPPROTO_GRE), 0);
	assert_true(enters(w, HERE, true));
}

static bool wire_make(struct wire *w)
{
	const struct ipaddr here = ipaddr_v4(HERE), beside = ipaddr_v4(BESIDE);
	struct netlink n;
	int ifindex;
	bool made;

	w->tun = tun_open();
	w->raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_GRE);
	if (w->tun < 0 || w->raw < 0 || netlink_init(&n, NETLINK_ROUTE) < 0 || netlink_init(&w->xfrm, NETLINK_XFRM) < 0)
		return false;
	ifindex = (int)if_nametoindex("wire");
	made = address_add(&n, ifindex, &here, 24) == 0 && address_add(&n, ifindex, &beside, 24) == 0 &&
	       link_set_up(&n, ifindex, true) == 0;
	netlink_done(&n);
	return made;
}

int main(void)
{
	struct wire w;
	int failed;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate(gre_of_a_blocked_address_passes_in_neither_direction, &w),
	};

	if (unshare(CLONE_NEWNET) < 0 || !wire_make(&w))
		return SKIPPED;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netlink_done(&w.xfrm);
	return failed;
}
