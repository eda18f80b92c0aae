/* Real datagrams over the loopback device of a namespace of our own: runs, keys, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward/send_error.h"
#include "forward/udp_io.h"

struct pair {
	struct udp_socket tx, rx;
	uint16_t port; /* of rx */
	struct udp_sender *sender;
	struct udp_receiver *receiver;
	size_t refused_count;
	struct udp_path refused_path;
	size_t refused_length;
	int refused_error;
	uint32_t refused_mtu;
};

static void keep_refused(void *context, const struct udp_path *path, size_t count, size_t length, int error, uint32_t mtu)
{
	struct pair *p = context;

	p->refused_count += count;
	p->refused_path = *path;
	p->refused_length = length;
	p->refused_error = error;
	p->refused_mtu = mtu;
}

static void on(int fd, int level, int option)
{
	const int one = 1;

	assert_int_equal(setsockopt(fd, level, option, &one, sizeof one), 0);
}

static int socket_open(enum ip_family family, uint16_t *port)
{
	const bool v4 = family == IP_V4;
	struct sockaddr_in6 addr = { .sin6_family = v4 ? AF_INET : AF_INET6 };
	socklen_t length = v4 ? sizeof(struct sockaddr_in) : sizeof addr;
	const int fd = socket(addr.sin6_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	on(fd, IPPROTO_UDP, UDP_GRO);
	on(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_PKTINFO : IPV6_RECVPKTINFO);
	on(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVTOS : IPV6_RECVTCLASS);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &length), 0);
	*port = ntohs(addr.sin6_port); /* at the same place for both families */
	return fd;
}

static int pair_setup(void **state, enum ip_family family)
{
	struct pair *p = calloc(1, sizeof *p);
	uint16_t any;

	p->tx = (struct udp_socket){ .fd = socket_open(family, &any), .family = family };
	p->rx = (struct udp_socket){ .fd = socket_open(family, &p->port), .family = family };
	p->sender = udp_sender_new(keep_refused, p);
	p->receiver = udp_receiver_new();
	assert_non_null(p->sender);
	assert_non_null(p->receiver);
	*state = p;
	return 0;
}

static int setup4(void **state) { return pair_setup(state, IP_V4); }
static int setup6(void **state) { return pair_setup(state, IP_V6); }

static int teardown(void **state)
{
	struct pair *p = *state;

	close(p->tx.fd);
	close(p->rx.fd);
	udp_sender_free(p->sender);
	udp_receiver_free(p->receiver);
	free(p);
	return 0;
}

static struct udp_path path_of(const struct pair *p)
{
	struct udp_path path = { .remote_port = p->port, .tos = 0xb8, .owner = 7 };

	assert_true(ipaddr_parse(p->tx.family == IP_V4 ? "127.0.0.3" : "::1", &path.local));
	assert_true(ipaddr_parse(p->tx.family == IP_V4 ? "127.0.0.2" : "::1", &path.remote));
	return path;
}

static void put(struct pair *p, const struct udp_path *path, size_t length, uint8_t fill)
{
	memset(udp_send_room(p->sender, &p->tx, path, length), fill, length);
}

/* Everything there is, as `lengths` of single datagrams and the octet they are filled with. */
static size_t take(struct pair *p, size_t *lengths, uint8_t *fills, size_t max, size_t *buffers)
{
	const struct udp_arrival *a;
	size_t count = 0, got;

	*buffers = 0;
	while ((got = udp_receive(p->receiver, &p->rx, &a)) > 0)
		for (size_t i = 0; i < got; i++, ++*buffers)
			for (size_t at = 0; at < a[i].length; at += a[i].segment) {
				assert_true(count < max);
				lengths[count] = a[i].length - at < a[i].segment ? a[i].length - at : a[i].segment;
				fills[count] = a[i].bytes[at];
				assert_memory_equal(a[i].bytes + at, a[i].bytes + at + lengths[count] - 1, 1);
				count++;
			}
	return count;
}

static void a_run_arrives_as_sent(void **state)
{
	struct pair *p = *state;
	const struct udp_path path = path_of(p);
	size_t lengths[64], buffers;
	uint8_t fills[64];

	for (uint8_t i = 0; i < 10; i++)
		put(p, &path, i < 9 ? 1000 : 333, i);
	put(p, &path, 333, 10); /* behind the short one: a run of its own */
	udp_send_flush(p->sender);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 11);
	assert_int_equal(buffers, 2); /* one UDP_SEGMENT send, one plain */
	for (uint8_t i = 0; i < 11; i++) {
		assert_int_equal(fills[i], i);
		assert_int_equal(lengths[i], i < 9 ? 1000 : 333);
	}
	assert_int_equal(p->refused_count, 0);
}

/* What ICMP said of a datagram to somebody else stands in the way of the next send, which must not lose it. */
static void news_of_others_cost_nothing(void **state)
{
	struct pair *p = *state;
	const struct udp_path there = path_of(p);
	struct udp_path gone = there;
	struct pollfd wait = { .fd = p->tx.fd };
	size_t lengths[64], buffers;
	uint8_t fills[64];

	gone.remote_port = 9; /* nobody listens in this namespace */
	assert_int_equal(send_errors_on(p->tx.fd, p->tx.family), 0);
	put(p, &gone, 100, 1);
	udp_send_flush(p->sender);
	assert_int_equal(poll(&wait, 1, 1000), 1);
	assert_true(wait.revents & POLLERR);
	for (uint8_t i = 0; i < 10; i++)
		put(p, &there, 1000, i);
	udp_send_flush(p->sender);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 10);
	assert_int_equal(p->refused_count, 0);
}

static void arrival_says_whence(void **state)
{
	struct pair *p = *state;
	const struct udp_path path = path_of(p);
	const struct udp_arrival *a;

	put(p, &path, 5, 'x');
	udp_send_flush(p->sender);
	assert_int_equal(udp_receive(p->receiver, &p->rx, &a), 1);
	assert_true(ipaddr_eq(&a->remote, &path.local));
	assert_true(ipaddr_eq(&a->local, &path.remote));
	assert_int_equal(a->tos, 0xb8);
	assert_int_equal(a->ifindex, if_nametoindex("lo"));
	assert_int_equal(a->length, 5);
	assert_int_equal(a->segment, 5);
	assert_memory_equal(a->bytes, "xxxxx", 5);
	memset(a->bytes - UDP_HEADROOM, 0, UDP_HEADROOM);
	assert_int_equal(udp_receive(p->receiver, &p->rx, &a), 0);
}

/* Nothing is merged that differs in what a run has in common. */
static void keys_part_runs(void **state)
{
	struct pair *p = *state;
	struct udp_path path = path_of(p);
	size_t lengths[64], buffers;
	uint8_t fills[64];

	put(p, &path, 100, 0);
	path.tos = 0;
	put(p, &path, 100, 1);
	path.df = true;
	put(p, &path, 100, 2);
	path.ttl = 9;
	put(p, &path, 100, 3);
	path.owner = 8;
	put(p, &path, 100, 4);
	put(p, &path, 101, 5); /* longer than its forerunner */
	put(p, &path, 101, 6);
	udp_send_flush(p->sender);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 7);
	assert_int_equal(buffers, 6);
	for (uint8_t i = 0; i < 7; i++)
		assert_int_equal(fills[i], i);
}

static void undone_is_not_sent(void **state)
{
	struct pair *p = *state;
	const struct udp_path path = path_of(p);
	size_t lengths[64], buffers;
	uint8_t fills[64];

	put(p, &path, 100, 0);
	put(p, &path, 50, 1);
	udp_send_undo(p->sender);
	put(p, &path, 100, 2); /* the run is open again */
	udp_send_flush(p->sender);
	put(p, &path, 100, 3);
	udp_send_undo(p->sender);
	udp_send_flush(p->sender);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 2);
	assert_int_equal(buffers, 1);
	assert_int_equal(fills[1], 2);
}

static void all_arrive_in_order(struct pair *p, size_t count, size_t buffers_max)
{
	static size_t lengths[1024];
	static uint8_t fills[1024];
	size_t buffers;

	udp_send_flush(p->sender);
	assert_int_equal(take(p, lengths, fills, 1024, &buffers), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(fills[i], (uint8_t)i);
	assert_true(buffers <= buffers_max);
	assert_int_equal(p->refused_count, 0);
}

/* More than a run, more than the buffer, more runs than there are. */
static void fills_up(void **state)
{
	struct pair *p = *state;
	struct udp_path path = path_of(p);

	for (size_t i = 0; i < 70; i++)
		put(p, &path, 100, (uint8_t)i);
	all_arrive_in_order(p, 70, 2);
	for (size_t i = 0; i < 50; i++)
		put(p, &path, 1400, (uint8_t)i);
	all_arrive_in_order(p, 50, 2);
	for (size_t i = 0; i < 5; i++) {
		path.owner = i;
		put(p, &path, 33000, (uint8_t)i);
	}
	all_arrive_in_order(p, 5, 5);
	for (size_t i = 0; i < 100; i++) {
		path.owner = i;
		put(p, &path, 1 + i % 3, (uint8_t)i);
	}
	all_arrive_in_order(p, 100, 100);
}

static void mtu_set(int mtu)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	memset(&ifr, 0, sizeof ifr);
	strcpy(ifr.ifr_name, "lo");
	ifr.ifr_mtu = mtu;
	assert_int_equal(ioctl(fd, SIOCSIFMTU, &ifr), 0);
	close(fd);
}

static void too_big_for_the_path(void **state)
{
	struct pair *p = *state;
	struct udp_path path = path_of(p);
	size_t lengths[64], buffers;
	uint8_t fills[64];

	mtu_set(1300);
	path.df = true;
	for (uint8_t i = 0; i < 3; i++)
		put(p, &path, 1290, i);
	put(p, &path, 100, 3); /* the last of that run, it fits */
	udp_send_flush(p->sender);
	assert_int_equal(p->refused_count, 3);
	assert_int_equal(p->refused_error, EMSGSIZE);
	assert_int_equal(p->refused_mtu, 1300);
	assert_int_equal(p->refused_length, 1290);
	assert_int_equal(p->refused_path.owner, 7);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 1);
	assert_int_equal(fills[0], 3);
	/* Without DF they go in fragments. */
	path.df = false;
	for (uint8_t i = 0; i < 3; i++)
		put(p, &path, 1290, i);
	udp_send_flush(p->sender);
	assert_int_equal(p->refused_count, 3);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 3);
	mtu_set(65536);
}

/* An error on one path is told, and hinders no other. */
static void unreachable_path(void **state)
{
	struct pair *p = *state;
	const struct udp_path good = path_of(p);
	struct udp_path bad = good;
	size_t lengths[64], buffers;
	uint8_t fills[64];

	bad.owner = 99;
	assert_true(ipaddr_parse(p->tx.family == IP_V4 ? "192.0.2.1" : "2001:db8::1", &bad.remote));
	put(p, &good, 100, 0);
	put(p, &bad, 100, 1);
	put(p, &bad, 100, 1);
	put(p, &good, 100, 2);
	udp_send_flush(p->sender);
	assert_int_equal(p->refused_count, 2);
	assert_int_equal(p->refused_path.owner, 99);
	assert_int_equal(p->refused_error, ENETUNREACH);
	assert_int_equal(take(p, lengths, fills, 64, &buffers), 2);
	assert_int_equal(fills[1], 2);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup4, teardown), \
		cmocka_unit_test_setup_teardown(name, setup6, teardown)
	const struct CMUnitTest tests[] = {
		T(a_run_arrives_as_sent), T(arrival_says_whence), T(keys_part_runs), T(undone_is_not_sent), T(fills_up),
		T(too_big_for_the_path), T(unreachable_path),
		T(news_of_others_cost_nothing),
	};

	if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		puts("needs a network namespace");
		return 77;
	}
	mtu_set(65536);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
