/* A connection of this machine with itself is ended; needs CAP_NET_ADMIN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/tcp_close.h"

struct pair {
	int listener, client, server;
	uint16_t port;
};

/* Over 127.0.0.1, by IPv4 sockets or by IPv6 ones that carry IPv4. */
static void connect_pair(struct pair *p, bool mapped)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = { { { [10] = 0xff, 0xff, 127, 0, 0, 1 } } } };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *a = mapped ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t length = mapped ? sizeof six : sizeof four;

	p->listener = socket(a->sa_family, SOCK_STREAM, 0);
	p->client = socket(a->sa_family, SOCK_STREAM, 0);
	assert_int_equal(bind(p->listener, a, length), 0);
	assert_int_equal(listen(p->listener, 1), 0);
	assert_int_equal(getsockname(p->listener, a, &length), 0);
	assert_int_equal(connect(p->client, a, length), 0);
	p->server = accept(p->listener, NULL, NULL);
	assert_true(p->server >= 0);
	p->port = ntohs(mapped ? six.sin6_port : four.sin_port);
}

static void close_pair(const struct pair *p)
{
	close(p->listener);
	close(p->client);
	close(p->server);
}

static int error_of(int fd)
{
	char byte;

	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

static bool is_over(int fd)
{
	const int error = error_of(fd);

	return error == ECONNABORTED || error == ECONNRESET;
}

static int ends(struct netlink *n, const struct ipaddr *local, const struct ipaddr *remote, uint16_t port)
{
	struct tcp_ends e = { .local = *local, .remote = *remote };
	const int rc = tcp_close(n, &e, 1, port);

	assert_int_equal(rc, e.ended);
	return rc;
}

static void connections_end(void **state)
{
	struct netlink *n = *state;
	const struct ipaddr here = ipaddr_v4(0x7f000001), there = ipaddr_v4(0x7f000002);

	for (int mapped = 0; mapped < 2; mapped++) {
		struct pair p;

		connect_pair(&p, mapped);
		assert_int_equal(ends(n, &here, &there, p.port), 0);
		assert_int_equal(ends(n, &there, &here, p.port), 0);
		assert_int_equal(ends(n, &here, &here, (uint16_t)(p.port ^ 1)), 0);
		assert_int_equal(error_of(p.client), EAGAIN);
		/* Both ends are here: the first to go resets the other. */
		assert_in_range(ends(n, &here, &here, p.port), 1, 2);
		assert_true(is_over(p.client) && is_over(p.server));
		close_pair(&p);
	}
}

/* More than are found in one walk, of one pair of ends among several; each knows its own. */
static void many_end(void **state)
{
	enum { MANY = 300 };
	const struct ipaddr here = ipaddr_v4(0x7f000001), there = ipaddr_v4(0x7f000002);
	struct tcp_ends e[] = { { there, here, 0 }, { here, here, 0 } };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof a;
	const int listener = socket(AF_INET, SOCK_STREAM, 0);
	int client[MANY], rc;

	assert_int_equal(bind(listener, (struct sockaddr *)&a, length), 0);
	assert_int_equal(listen(listener, MANY), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &length), 0);
	for (int i = 0; i < MANY; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&a, length), 0);
	}
	rc = tcp_close(*state, e, 2, ntohs(a.sin_port));
	assert_in_range(rc, MANY, 2 * MANY);
	assert_int_equal(e[0].ended, 0);
	assert_int_equal(e[1].ended, rc);
	for (int i = 0; i < MANY; i++) {
		assert_true(is_over(client[i]));
		close(client[i]);
	}
	close(listener);
}

int main(void)
{
	struct netlink n;
	const struct CMUnitTest tests[] = { cmocka_unit_test_prestate(connections_end, &n),
					    cmocka_unit_test_prestate(many_end, &n) };

	int failed = 77; /* this kernel does not, or we may not */

	if (netlink_init(&n, NETLINK_SOCK_DIAG) < 0)
		return failed;
	if (tcp_close_possible(&n) >= 0)
		failed = cmocka_run_group_tests_name("tcp_close", tests, NULL, NULL);
	netlink_done(&n);
	return failed;
}
