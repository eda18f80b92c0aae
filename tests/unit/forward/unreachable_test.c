/* What a stranger says by ICMP becomes a hint about a peer of ours, seldom enough; and costs no packet. */
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward/unreachable.h"

static const uint8_t gre_key100[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 100 };
static const uint8_t gre_key101[8] = { 0x20, 0, 0x08, 0x00, 0, 0, 0, 101 };

static void say(struct fixture *f, const char *to, const uint8_t *quoted, size_t length)
{
	const struct send_error e = { .to = addr(to), .quoted = quoted, .quoted_length = length };

	unreachable_raw(f->w, raw_find(&f->tables.tunnels, RAW_ID), &e);
}

static void a_peer_is_doubted(void **state)
{
	struct fixture *f = *state;
	const struct forward_doubt *told = (const void *)f->messages[0].bytes;
	const struct endpoint peer = nbma("192.0.2.11");

	say(f, "192.0.2.11", gre_key100, sizeof gre_key100);
	assert_int_equal(f->message_count, 1);
	assert_int_equal(f->messages[0].type, FORWARD_DOUBT);
	assert_int_equal(told->tunnel, 0);
	assert_true(endpoint_eq(&told->nbma, &peer));
}

static void what_is_not_ours_is_not_heard(void **state)
{
	struct fixture *f = *state;

	say(f, "192.0.2.99", gre_key100, sizeof gre_key100); /* no peer */
	say(f, "192.0.2.11", gre_key101, sizeof gre_key101); /* no tunnel has that key */
	for (size_t cut = 0; cut < sizeof gre_key100; cut++)
		say(f, "192.0.2.11", gre_key100, cut);
	assert_int_equal(f->message_count, 0);
}

static void no_more_than_so_many(void **state)
{
	struct fixture *f = *state;

	say(f, "192.0.2.11", gre_key100, sizeof gre_key100);
	say(f, "192.0.2.11", gre_key100, sizeof gre_key100);
	assert_int_equal(f->message_count, 1);
	f->w->now = instant_add(f->w->now, span_ms(UNREACHABLE_MS));
	say(f, "192.0.2.11", gre_key100, sizeof gre_key100);
	assert_int_equal(f->message_count, 2);
	/* Many peers at once: in a second so many in all. */
	f->w->now = instant_add(f->w->now, span_s(2));
	for (unsigned i = 0; i < 100; i++) {
		char text[32];

		snprintf(text, sizeof text, "203.0.113.%u", i + 1);
		peer_add(f, 0, 0x1000 + i, text);
		say(f, text, gre_key100, sizeof gre_key100);
	}
	assert_int_equal(f->message_count, 2 + UNREACHABLES_MAX);
}

/* ---- real sockets */

static int udp_open(uint16_t *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof any;
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &length), 0);
	*port = ntohs(any.sin_port);
	return fd;
}

static int send_to(int fd, uint16_t port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return sendto(fd, "four", 4, 0, (const struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
}

static void errors_name_whom_they_are_about(void **state)
{
	uint8_t quoted[SEND_ERROR_QUOTED_MAX];
	const struct ipaddr loopback = addr("127.0.0.1");
	uint16_t own, closed, open;
	const int fd = udp_open(&own), gone = udp_open(&closed), there = udp_open(&open);
	struct pollfd wait = { .fd = fd };
	struct send_error e;
	int error;

	(void)state;
	close(gone);
	assert_int_equal(send_errors_on(fd, IP_V4), 0);
	assert_false(send_errors_next(fd, &e, quoted));
	assert_int_equal(send_to(fd, closed), 0);
	assert_int_equal(poll(&wait, 1, 1000), 1);
	assert_true(wait.revents & POLLERR);
	/* It stands in the way of a packet to somebody else, once. */
	error = send_to(fd, open);
	assert_true(error == ECONNREFUSED && send_error_is_news(error));
	assert_int_equal(send_to(fd, open), 0);
	assert_true(send_errors_next(fd, &e, quoted));
	assert_true(ipaddr_eq(&e.to, &loopback));
	assert_int_equal(e.port, closed);
	assert_false(send_errors_next(fd, &e, quoted));
	assert_int_equal(poll(&wait, 1, 0), 0);
	close(fd);
	close(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_peer_is_doubted, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_ours_is_not_heard, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_more_than_so_many, fixture_setup, fixture_teardown),
		cmocka_unit_test(errors_name_whom_they_are_about),
	};

	return cmocka_run_group_tests_name("unreachable", tests, NULL, NULL);
}
