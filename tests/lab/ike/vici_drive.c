/*
 * Loads the protections of two configuration files into two charons, as the control process does,
 * has the first one initiate to the second, and waits for what is to be heard.
 *
 * usage: vici_drive SOCKET-A FILE-A ADDRESS-A SOCKET-B FILE-B ADDRESS-B EXPECTED…
 * EXPECTED: "A:up:IDENTITY" "B:up:IDENTITY" (a child of a peer that is welcome) "A:auth-by-peer" …
 * (words of ike_cause.h). Exit code 0 once all were heard, 1 after 15 s.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ike/ike_cause.h"
#include "ike/ike_messages.h"
#include "ike/vici.h"

enum { WAIT_S = 15, ANSWER_S = 5 };

struct side {
	char letter;
	struct ike_config *ike;
	struct ipaddr addr;
	struct vici_client *vici;
	unsigned pending; /* answers that are still to come */
};

static const char *const *expected;
static unsigned expected_count;
static bool heard[16];

static void hear(const struct side *s, const char *what)
{
	char text[256];

	snprintf(text, sizeof text, "%c:%s", s->letter, what);
	printf("%s\n", text);
	for (unsigned i = 0; i < expected_count; i++)
		heard[i] |= !strcmp(expected[i], text);
}

static bool all_heard(void)
{
	for (unsigned i = 0; i < expected_count; i++) {
		if (!heard[i])
			return false;
	}
	return true;
}

static struct instant now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (struct instant){ (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 };
}

static void __attribute__((noreturn)) fail(const char *what, const char *why)
{
	fprintf(stderr, "vici_drive: %s: %s\n", what, why ? why : "");
	exit(2);
}

/* ---- what charon says ---- */

static void on_log(const struct side *s, const struct vici_node *root)
{
	const char *group = vici_text(root, "group"), *msg = vici_text(root, "msg");
	const enum ike_cause cause = ike_cause_of_log(group, msg);

	printf("%c [%s] %s\n", s->letter, group ? group : "", msg ? msg : "");
	if (cause != IKE_CAUSE_NONE)
		hear(s, ike_cause_word(cause));
}

/* child-updown: {up, NAME {remote-id, child-sas {NAME-N {spi-in, spi-out, mode}}}} */
static void on_child(const struct side *s, const struct vici_node *root)
{
	const struct vici_node *ike = root->first;
	struct ipaddr local, remote;
	char text[256];
	uint32_t number;
	uint16_t port;

	while (ike && ike->kind != VICI_SECTION)
		ike = ike->next;
	if (!ike || !vici_yes(root, "up"))
		return;
	if (!ike_connection_parse(s->ike, ike->name, &number, &local, &remote, &port))
		fail("a connection that is not ours", ike->name);
	snprintf(text, sizeof text, "%s:%s", ike_protection_accepts(ike_config_by_number(s->ike, number),
		 vici_text(ike, "remote-id")) ? "up" : "unwelcome", vici_text(ike, "remote-id"));
	hear(s, text);
}

static void on_event(void *context, const char *name, const struct vici_message *m)
{
	if (!strcmp(name, "log"))
		on_log(context, m->root);
	else if (!strcmp(name, "child-updown"))
		on_child(context, m->root);
}

static void on_reply(void *context, enum vici_outcome outcome, const struct vici_message *m)
{
	struct side *s = context;

	if (outcome != VICI_REPLY)
		fail("no answer of charon", NULL);
	if (vici_text(m->root, "success") && !vici_yes(m->root, "success"))
		fail("charon refuses", vici_text(m->root, "errmsg"));
	if (vici_text(m->root, "version"))
		printf("%c charon %s\n", s->letter, vici_text(m->root, "version"));
	s->pending--;
}

/* ---- asking ---- */

static void call(struct side *s, const char *command, struct vici_writer *w)
{
	s->pending++;
	vici_client_call(s->vici, now(), command, w, NULL, span_s(ANSWER_S), on_reply, s);
}

static void load(struct side *s)
{
	char name[IKE_CONNECTION_NAME_MAX];

	call(s, "version", NULL);
	call(s, "clear-creds", NULL);
	for (size_t i = 0; i < s->ike->secret_count; i++) {
		struct vici_writer w = { 0 };

		ike_load_shared(&w, s->ike, &s->ike->secrets[i], &s->addr);
		call(s, "load-shared", &w);
	}
	for (size_t i = 0; i < s->ike->protection_count; i++) {
		const struct ike_protection *p = &s->ike->protections[i];
		struct vici_writer key = { 0 }, w = { 0 };
		const int got = ike_load_key(&key, s->ike, p);

		if (got < 0)
			fail(ike_key_file(s->ike, p), strerror(-got));
		if (got)
			call(s, "load-key", &key);
		ike_load_connection(&w, s->ike, p, &s->addr, &IPADDR_NONE, 0, name);
		call(s, "load-conn", &w);
	}
}

static void initiate(struct side *s, const struct side *other)
{
	char name[IKE_CONNECTION_NAME_MAX];
	struct vici_writer load_conn = { 0 }, go = { 0 };

	ike_load_connection(&load_conn, s->ike, &s->ike->protections[0], &s->addr, &other->addr, 0, name);
	call(s, "load-conn", &load_conn);
	ike_initiate(&go, name);
	call(s, "initiate", &go);
}

static void step(struct side sides[2])
{
	struct pollfd fds[2];

	for (unsigned i = 0; i < 2; i++) {
		fds[i].fd = vici_client_fd(sides[i].vici);
		fds[i].events = (short)(POLLIN | (vici_client_wants_write(sides[i].vici) ? POLLOUT : 0));
	}
	poll(fds, 2, 100);
	for (unsigned i = 0; i < 2; i++) {
		if ((fds[i].revents & POLLOUT && vici_client_writable(sides[i].vici)) ||
		    (fds[i].revents & (POLLIN | POLLHUP) && vici_client_readable(sides[i].vici, now())))
			fail("VICI", "connection lost");
		vici_client_expire(sides[i].vici, now());
	}
}

static void open_side(struct side *s, char letter, char **argv)
{
	struct sockaddr_un where = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char error[256];
	struct config *c = config_read_file(argv[1], error, sizeof error);

	snprintf(where.sun_path, sizeof where.sun_path, "%s", argv[0]);
	if (!c)
		fail(argv[1], error);
	if (connect(fd, (struct sockaddr *)&where, sizeof where) < 0 || !ipaddr_parse(argv[2], &s->addr))
		fail(argv[0], "cannot connect");
	s->letter = letter;
	s->ike = ike_config_new(c);
	config_free(c);
	for (size_t i = 0; i < s->ike->finding_count; i++)
		printf("%c %u: %s\n", letter, s->ike->findings[i].line, s->ike->findings[i].text);
	s->vici = vici_client_new(on_event, s);
	vici_client_connect(s->vici, fd, now());
	vici_client_subscribe(s->vici, "log", now());
	vici_client_subscribe(s->vici, "child-updown", now());
	load(s);
}

int main(int argc, char **argv)
{
	struct side sides[2] = { 0 };
	struct instant end;
	bool initiated = false;

	if (argc < 8 || argc > 7 + 16)
		fail("usage", "vici_drive SOCKET-A FILE-A ADDRESS-A SOCKET-B FILE-B ADDRESS-B EXPECTED…");
	expected = (const char *const *)&argv[7];
	expected_count = (unsigned)argc - 7;
	open_side(&sides[0], 'A', &argv[1]);
	open_side(&sides[1], 'B', &argv[4]);
	end = instant_add(now(), span_s(WAIT_S));
	while (!all_heard() && instant_before(now(), end)) {
		step(sides);
		if (!initiated && !sides[0].pending && !sides[1].pending) {
			initiate(&sides[0], &sides[1]);
			initiated = true;
		}
	}
	for (unsigned i = 0; i < 2; i++) {
		vici_client_free(sides[i].vici);
		ike_config_free(sides[i].ike);
	}
	return all_heard() ? 0 : 1;
}
