/* Routing daemons hear at once that a tunnel's device is of no use any more. In a network namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/link.h"

enum { SKIPPED = 77, TURNS = 5, BACK_MS = 3000 };

static int tap_open(void)
{
	struct ifreq r = { .ifr_name = "Tunnel0", .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, TUNSETIFF, &r) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_running(void)
{
	struct ifreq r = { .ifr_name = "Tunnel0" };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &r), 0);
	close(fd);
	return r.ifr_flags & IFF_RUNNING;
}

static void wait_running(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	for (int ms = 0; !is_running(); ms += 5) {
		assert_true(ms < BACK_MS);
		nanosleep(&pause, NULL);
	}
}

/* Several times in a row: the kernel tells of one carrier that is lost at once, of the next after a second. */
static void lost_and_back(void **state)
{
	struct netlink *n = *state;
	const int ifindex = (int)if_nametoindex("Tunnel0");

	assert_int_equal(link_set_up(n, ifindex, true), 0);
	assert_int_equal(link_set_carrier(n, ifindex, true, true), 0);
	wait_running();
	for (int turn = 0; turn < TURNS; turn++) {
		assert_int_equal(link_set_carrier(n, ifindex, false, true), 0);
		assert_false(is_running());
		assert_int_equal(link_set_carrier(n, ifindex, true, true), 0);
		wait_running();
	}
}

int main(void)
{
	struct netlink n;
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(lost_and_back, &n) };
	int tap, failed;

	if (unshare(CLONE_NEWNET) < 0 || (tap = tap_open()) < 0)
		return SKIPPED;
	if (netlink_init(&n, NETLINK_ROUTE) < 0)
		return SKIPPED;
	failed = cmocka_run_group_tests_name("carrier", tests, NULL, NULL);
	netlink_done(&n);
	close(tap);
	return failed;
}
