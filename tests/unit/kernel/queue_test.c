/* Requests that leave together: all are carried out, in their order, and who was refused is told. In a network namespace of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/link.h"
#include "kernel/neighbour.h"

enum { SKIPPED = 77, MANY = 300, NO_DEVICE = 12345 };

struct heard {
	unsigned refused;
	int rc;
	struct neighbour_request last;
};

static struct heard heard;
static int device;

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

static void refused(void *arg, const struct nlmsghdr *request, int rc)
{
	struct heard *h = arg;

	if (!neighbour_refused(request, rc, &h->last))
		return;
	h->refused++;
	h->rc = rc;
}

static struct ipaddr address(unsigned i)
{
	return ipaddr_v4(0x0a010000u + i);
}

static void set(struct netlink *n, int ifindex, unsigned i)
{
	const struct ipaddr a = address(i);
	const struct lladdr l = lladdr_of_peer(i + 1);

	neighbour_queue_set(n, ifindex, &a, &l);
}

static void del(struct netlink *n, unsigned i)
{
	const struct ipaddr a = address(i);

	neighbour_queue_del(n, device, &a);
}

static void count_one(void *arg, const struct ipaddr *a, const struct lladdr *l)
{
	(void)a;
	(void)l;
	++*(unsigned *)arg;
}

/* A dump sees what was queued before it. */
static unsigned entries(struct netlink *n)
{
	unsigned count = 0;

	assert_int_equal(neighbour_dump(n, device, count_one, &count), 0);
	return count;
}

static int begin(void **state)
{
	heard = (struct heard){ 0 };
	for (unsigned i = 0; i < MANY; i++)
		del(*state, i);
	netlink_flush(*state);
	return 0;
}

static void all_arrive(void **state)
{
	struct netlink *n = *state;

	for (unsigned i = 0; i < MANY; i++)
		set(n, device, i);
	assert_int_equal(entries(n), MANY);
	assert_int_equal(heard.refused, 0);
}

static void order_stays(void **state)
{
	struct netlink *n = *state;

	for (unsigned i = 0; i < MANY; i++) {
		set(n, device, i);
		del(n, i);
		if (i % 2)
			set(n, device, i);
	}
	netlink_flush(n);
	assert_int_equal(entries(n), MANY / 2);
}

static void one_of_them_is_refused(void **state)
{
	struct netlink *n = *state;
	const struct ipaddr a = address(7);

	for (unsigned i = 0; i < 20; i++)
		set(n, i == 7 ? NO_DEVICE : device, i);
	assert_int_equal(heard.refused, 0);
	netlink_flush(n);
	assert_int_equal(heard.refused, 1);
	assert_int_equal(heard.rc, -ENODEV);
	assert_true(heard.last.set);
	assert_int_equal(heard.last.ifindex, NO_DEVICE);
	assert_true(ipaddr_eq(&heard.last.addr, &a));
	assert_int_equal(entries(n), 19);
}

/* The last one carries the question for an answer. */
static void all_are_refused(void **state)
{
	struct netlink *n = *state;

	for (unsigned i = 0; i < MANY; i++)
		set(n, NO_DEVICE, i);
	netlink_flush(n);
	assert_int_equal(heard.refused, MANY);
	set(n, device, 1);
	assert_int_equal(entries(n), 1);
}

static void what_is_gone_may_go_again(void **state)
{
	del(*state, 1);
	netlink_flush(*state);
	assert_int_equal(heard.refused, 0);
}

int main(void)
{
	struct netlink n;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_prestate_setup_teardown(all_arrive, begin, NULL, &n),
		cmocka_unit_test_prestate_setup_teardown(order_stays, begin, NULL, &n),
		cmocka_unit_test_prestate_setup_teardown(one_of_them_is_refused, begin, NULL, &n),
		cmocka_unit_test_prestate_setup_teardown(all_are_refused, begin, NULL, &n),
		cmocka_unit_test_prestate_setup_teardown(what_is_gone_may_go_again, begin, NULL, &n),
	};
	int failed, tap;

	if (unshare(CLONE_NEWNET) < 0 || netlink_init(&n, NETLINK_ROUTE) < 0)
		return SKIPPED;
	tap = tap_open();
	device = (int)if_nametoindex("Tunnel0");
	if (netlink_queue_open(&n, refused, &heard) < 0 || tap < 0 || link_set_up(&n, device, true) < 0)
		return SKIPPED;
	failed = cmocka_run_group_tests_name("netlink queue", tests, NULL, NULL);
	netlink_done(&n);
	close(tap);
	return failed;
}
