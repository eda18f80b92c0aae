/*
 * UDP 4500 shared by the incoming interface, in a network of the test's own. Each test runs
 * in a process of its own, which ends with the number of the first surprise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "keeper/nat_port.h"

enum { SKIPPED = 77, PATIENCE_MS = 5000 };

static void in_own_network(int (*test)(void))
{
	const pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(CLONE_NEWNET) < 0 ? SKIPPED : test());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip(); /* networks are for the privileged */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &ifr) == 0 && close(fd) == 0;
}

static int option_get(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof value;

	return getsockopt(fd, level, name, &value, &length) < 0 ? -1 : value;
}

/* As the launcher has charon do it. */
static int charon_open(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(NAT_PORT) };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0 ||
	    setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof any) < 0)
		return -1;
	return fd;
}

/* From a foreign source to ourselves. */
static bool inject(int fd)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char bytes[4];
	} p = { .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP, .saddr = htonl(0xcb007109),
			.daddr = htonl(INADDR_LOOPBACK) },
		.udp = { .source = htons(33000), .dest = htons(NAT_PORT), .len = htons(12) }, .bytes = "ike" };
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { p.ip.daddr } };

	return sendto(fd, &p, sizeof p, 0, (const struct sockaddr *)&to, sizeof to) == sizeof p;
}

static bool arrives(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct sockaddr_in from;
	socklen_t length = sizeof from;
	char bytes[16];

	return poll(&p, 1, PATIENCE_MS) == 1 &&
	       recvfrom(fd, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&from, &length) == 4 &&
	       from.sin_addr.s_addr == htonl(0xcb007109) && from.sin_port == htons(33000);
}

static bool is_quiet(int fd)
{
	char bytes[16];

	return recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static int loopback_is_charons(void)
{
	int ours, raw, charon;

	if (!loopback_up() || nat_port_open(false, &ours) || nat_port_inject_open(false, &raw))
		return 1;
	charon = charon_open();
	if (charon < 0)
		return 2;
	for (int i = 0; i < 8; i++) { /* a hash of the addresses would do it half the time */
		if (!inject(raw) || !arrives(charon) || !is_quiet(ours))
			return 3;
	}
	close(charon); /* gone: what was meant for it comes back, once */
	if (!inject(raw) || !arrives(ours))
		return 4;
	charon = charon_open(); /* a new one is steered to as before */
	return inject(raw) && arrives(charon) && is_quiet(ours) ? 0 : 5;
}

static int options_are_set(void)
{
	int fd;

	if (nat_port_open(false, &fd))
		return 1;
	if (option_get(fd, IPPROTO_UDP, UDP_GRO) != 1 || option_get(fd, IPPROTO_IP, IP_PKTINFO) != 1 ||
	    option_get(fd, IPPROTO_IP, IP_RECVTOS) != 1)
		return 2;
	if (nat_port_open(true, &fd) == -EAFNOSUPPORT)
		return SKIPPED;
	if (option_get(fd, IPPROTO_UDP, UDP_GRO) != 1 || option_get(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO) != 1 ||
	    option_get(fd, IPPROTO_IPV6, IPV6_RECVTCLASS) != 1 || option_get(fd, IPPROTO_IPV6, IPV6_V6ONLY) != 1)
		return 3;
	return nat_port_inject_open(true, &fd) == 0 ? 0 : 4;
}

/* A daemon that does not share the port, a system charon for one, is an error to be told. */
static int taken_port_is_an_error(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(NAT_PORT) };
	const int other = socket(AF_INET, SOCK_DGRAM, 0);
	int fd = -1;

	if (bind(other, (const struct sockaddr *)&any, sizeof any) < 0)
		return 1;
	return nat_port_open(false, &fd) == -EADDRINUSE && fd == -1 ? 0 : 2;
}

/* As charon opens it by itself. */
static int charon_alone(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(NAT_PORT) };
	const int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, (const struct sockaddr *)&any, sizeof any) < 0)
		return -1;
	return fd;
}

static int charon_goes_before_who_holds(void)
{
	int held, held6, raw, charon;

	if (!loopback_up() || nat_port_hold(false, &held) || nat_port_inject_open(false, &raw))
		return 1;
	if (option_get(held, IPPROTO_UDP, UDP_ENCAP) != UDP_ENCAP_ESPINUDP)
		return 2;
	if (nat_port_hold(true, &held6) == 0 && option_get(held6, IPPROTO_UDP, UDP_ENCAP) != UDP_ENCAP_ESPINUDP)
		return 3;
	for (int i = 0; i < 3; i++) { /* one after the other */
		charon = charon_alone();
		if (charon < 0)
			return 4;
		if (!inject(raw) || !arrives(charon))
			return 5;
		close(charon);
		if (!inject(raw) || !is_quiet(held)) /* nothing that would pile up */
			return 6;
	}
	return 0;
}

static void holding(void **state)
{
	(void)state;
	in_own_network(charon_goes_before_who_holds);
}

static void steering(void **state)
{
	(void)state;
	in_own_network(loopback_is_charons);
}

static void options(void **state)
{
	(void)state;
	in_own_network(options_are_set);
}

static void taken_port(void **state)
{
	(void)state;
	in_own_network(taken_port_is_an_error);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(steering), cmocka_unit_test(options),
					    cmocka_unit_test(taken_port), cmocka_unit_test(holding) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
