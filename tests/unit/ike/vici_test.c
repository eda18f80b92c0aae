/* The VICI client against the other end of a socket pair. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "ike/vici.h"

struct scene {
	struct vici_client *c;
	int peer;
	char heard[1024]; /* what the callbacks were called with, in words */
	bool call_again;
};

static void hear(struct scene *s, const char *word, const struct vici_message *m)
{
	const char *text = m ? vici_text(m->root, "k") : NULL;
	const size_t length = strlen(s->heard);

	snprintf(s->heard + length, sizeof s->heard - length, "%s%s%s;", word, text ? "=" : "", text ? text : "");
}

static void on_reply(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	static const char *const words[] = { "reply", "part", "unknown", "timeout", "lost" };
	struct scene *s = context;

	hear(s, words[outcome], m);
	if (s->call_again) {
		s->call_again = false;
		vici_client_call(s->c, INSTANT_ZERO, "again", NULL, NULL, span_s(1), on_reply, s);
	}
}

static void on_event(void *context, const char *name, const struct vici_message *m)
{
	hear(context, name, m);
	if (!strcmp(name, "close"))
		vici_client_close(((struct scene *)context)->c);
}

static int connect_again(struct scene *s)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	s->peer = fds[1];
	vici_client_connect(s->c, fds[0], INSTANT_ZERO);
	return 0;
}

static int set_up(void **state)
{
	struct scene *s = calloc(1, sizeof *s);

	s->c = vici_client_new(on_event, s);
	*state = s;
	return connect_again(s);
}

static int tear_down(void **state)
{
	struct scene *s = *state;

	vici_client_free(s->c);
	close(s->peer);
	free(s);
	return 0;
}

static void call(struct scene *s, const char *command, const char *stream, int64_t timeout_s)
{
	struct vici_writer w = { 0 };

	vici_put(&w, "k", "v");
	vici_client_call(s->c, INSTANT_ZERO, command, &w, stream, span_s(timeout_s), on_reply, s);
	assert_null(w.bytes);
}

/* What the client has written so far, as "type name …;" for each packet. */
static void expect_sent(struct scene *s, const char *expected)
{
	uint8_t bytes[4096];
	char text[1024] = "";
	ssize_t length;

	assert_int_equal(vici_client_writable(s->c), 0);
	assert_false(vici_client_wants_write(s->c));
	length = recv(s->peer, bytes, sizeof bytes, MSG_DONTWAIT);
	for (ssize_t at = 0; at < length;) {
		const unsigned packet = (unsigned)bytes[at + 2] << 8 | bytes[at + 3];
		const size_t used = strlen(text);

		snprintf(text + used, sizeof text - used, "%u %.*s;", bytes[at + 4], bytes[at + 5], bytes + at + 6);
		at += 4 + packet;
	}
	assert_string_equal(text, expected);
}

/* charon's side: a packet with {k = value}, or without a message. */
static void send_packet(struct scene *s, uint8_t type, const char *name, const char *value)
{
	struct vici_writer w = { 0 };
	uint8_t bytes[512] = { 0 };
	size_t length = 5;

	bytes[4] = type;
	if (name) {
		bytes[length++] = (uint8_t)strlen(name);
		memcpy(bytes + length, name, strlen(name));
		length += strlen(name);
	}
	if (value)
		vici_put(&w, "k", value);
	if (w.length)
		memcpy(bytes + length, w.bytes, w.length);
	length += w.length;
	bytes[3] = (uint8_t)(length - 4);
	/* In two halves: a packet may come in any pieces. */
	assert_int_equal(write(s->peer, bytes, 3), 3);
	vici_client_readable(s->c, INSTANT_ZERO);
	if (vici_client_connected(s->c)) {
		assert_int_equal(write(s->peer, bytes + 3, length - 3), (ssize_t)length - 3);
		vici_client_readable(s->c, INSTANT_ZERO);
	}
	vici_writer_done(&w);
}

static void expect_heard(struct scene *s, const char *expected)
{
	assert_string_equal(s->heard, expected);
	s->heard[0] = 0;
}

static void test_replies_in_order(void **state)
{
	struct scene *s = *state;

	call(s, "load-conn", NULL, 1);
	vici_client_call(s->c, INSTANT_ZERO, "version", NULL, NULL, span_s(1), on_reply, s);
	expect_sent(s, "0 load-conn;0 version;");
	send_packet(s, 1, NULL, "one");
	expect_heard(s, "reply=one;");
	send_packet(s, 2, NULL, NULL);
	expect_heard(s, "unknown;");
	assert_true(instant_is_never(vici_client_deadline(s->c)));
}

static void test_stream(void **state)
{
	struct scene *s = *state;

	call(s, "list-sas", "list-sa", 1);
	call(s, "list-sas", "list-sa", 1);
	/* Registered once: twice would bring every part twice. */
	expect_sent(s, "3 list-sa;0 list-sas;0 list-sas;");
	send_packet(s, 5, NULL, NULL);
	send_packet(s, 7, "list-sa", "a");
	send_packet(s, 7, "list-sa", "b");
	send_packet(s, 1, NULL, "end");
	send_packet(s, 7, "list-sa", "c");
	send_packet(s, 1, NULL, "end");
	expect_heard(s, "part=a;part=b;reply=end;part=c;reply=end;");
}

static void test_events_outlive_connections(void **state)
{
	struct scene *s = *state;

	vici_client_subscribe(s->c, "ike-updown", INSTANT_ZERO);
	expect_sent(s, "3 ike-updown;");
	send_packet(s, 5, NULL, NULL);
	send_packet(s, 7, "ike-updown", "x");
	expect_heard(s, "ike-updown=x;");
	call(s, "version", NULL, 1);
	close(s->peer);
	assert_int_equal(vici_client_readable(s->c, INSTANT_ZERO), -ECONNRESET);
	expect_heard(s, "lost;");
	assert_false(vici_client_connected(s->c));
	call(s, "version", NULL, 1);
	expect_heard(s, "lost;");
	connect_again(s);
	expect_sent(s, "3 ike-updown;");
}

/* Only the oldest request's time runs, and each part of a stream is a sign of life. */
static void test_hung(void **state)
{
	struct scene *s = *state;

	call(s, "a", NULL, 5);
	call(s, "b", NULL, 2);
	assert_int_equal(vici_client_deadline(s->c).us, 5000000);
	vici_client_expire(s->c, (struct instant){ 4999999 });
	expect_heard(s, "");
	vici_client_expire(s->c, (struct instant){ 5000000 });
	expect_heard(s, "timeout;lost;");
	assert_false(vici_client_connected(s->c));
	assert_true(instant_is_never(vici_client_deadline(s->c)));
}

static void test_nonsense_ends_the_connection(void **state)
{
	static const struct { uint8_t type; const char *name, *value; } packets[] = {
		{ 1, NULL, "unasked" }, { 5, NULL, NULL }, { 0, "x", NULL }, { 9, NULL, NULL },
	};
	struct scene *s = *state;

	for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
		send_packet(s, packets[i].type, packets[i].name, packets[i].value);
		assert_false(vici_client_connected(s->c));
		close(s->peer);
		connect_again(s);
	}
	call(s, "version", NULL, 1);
	assert_int_equal(write(s->peer, "\0\0\0\2\1\7", 6), 6); /* a message with a bad element */
	assert_int_equal(vici_client_readable(s->c, INSTANT_ZERO), -EPROTO);
	expect_heard(s, "lost;");
	close(s->peer);
	connect_again(s);
	assert_int_equal(write(s->peer, "\377\377\377\377", 4), 4);
	assert_int_equal(vici_client_readable(s->c, INSTANT_ZERO), -EPROTO);
}

/* A callback may ask again, and may close the connection that is being read. */
static void test_callbacks_may_act(void **state)
{
	struct scene *s = *state;

	s->call_again = true;
	call(s, "first", NULL, 1);
	expect_sent(s, "0 first;");
	send_packet(s, 1, NULL, "one");
	expect_sent(s, "0 again;");
	send_packet(s, 7, "close", "now");
	expect_heard(s, "reply=one;close=now;lost;");
	assert_false(vici_client_connected(s->c));
}

static void test_bad_message_is_not_sent(void **state)
{
	struct scene *s = *state;
	struct vici_writer w = { 0 };

	vici_begin(&w, "never closed");
	vici_client_call(s->c, INSTANT_ZERO, "load-conn", &w, NULL, span_s(1), on_reply, s);
	expect_heard(s, "unknown;");
	expect_sent(s, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_replies_in_order), TEST(test_stream), TEST(test_events_outlive_connections), TEST(test_hung),
		TEST(test_nonsense_ends_the_connection), TEST(test_callbacks_may_act), TEST(test_bad_message_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
