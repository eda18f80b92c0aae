/* The server and the client over a real socket; the client runs in a child process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/client.h"
#include "control/server.h"

struct fixture {
	char folder[32], path[64];
	uv_loop_t loop;
	struct control_server *server;
	char big[300000];
};

static void handle(void *arg, uint64_t client, const struct control_request *r)
{
	struct fixture *f = arg;

	if (r->verb == CONTROL_RELOAD)
		control_server_reply(f->server, client, 1, "line one\nline two", strlen("line one\nline two"));
	else if (r->verb == CONTROL_SHOW)
		control_server_reply(f->server, client, 0, f->big, sizeof f->big);
	else
		control_server_reply(f->server, client, 0, "", 0);
	control_server_reply(f->server, client, 0, "twice", 5); /* must do nothing */
	control_server_reply(f->server, client + 100, 0, "nobody", 6);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), error;

	strcpy(f->folder, "/tmp/control-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/s", f->folder);
	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", f->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof sun), 0);
	assert_int_equal(listen(fd, 8), 0);
	memset(f->big, 'x', sizeof f->big);
	uv_loop_init(&f->loop);
	f->server = control_server_new(&f->loop, fd, handle, f, &error);
	assert_non_null(f->server);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	control_server_close(f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0); /* every handle is gone */
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

/* Runs the loop until the child has ended; its exit code. */
static int serve(struct fixture *f, pid_t child)
{
	int status;

	while (waitpid(child, &status, WNOHANG) == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* 0 when the answer is as wanted. */
static int ask(struct fixture *f, const char *request, int wanted_code, const char *wanted, size_t wanted_length)
{
	pid_t child = fork();

	if (child == 0) {
		char *body = NULL;
		size_t length = 0;
		int rc = control_request(f->path, request, 5000, &body, &length);

		if (rc != wanted_code || !body || length != wanted_length || memcmp(body, wanted, length) != 0)
			fprintf(stderr, "%s: code %d, %zu octets: %.60s\n", request, rc, length, body ? body : "");
		_exit(rc != wanted_code || !body || length != wanted_length || memcmp(body, wanted, length) != 0);
	}
	return serve(f, child);
}

static void test_answers(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ask(f, "show nhs", 0, f->big, sizeof f->big), 0);
	assert_int_equal(ask(f, "reload", 1, "line one\nline two", 17), 0);
	assert_int_equal(ask(f, "clear nhrp", 0, "", 0), 0);
	assert_int_equal(ask(f, "shutdown", 2, "the request is not known here", 29), 0);
}

static void test_no_daemon(void **state)
{
	char *body;
	size_t length;

	(void)state;
	assert_int_equal(control_request("/nowhere/control.sock", "show nhs", 100, &body, &length), 2);
	assert_non_null(strstr(body, "no daemon answers"));
	free(body);
}

/* Raw bytes to the server; what comes back until the end. */
static int send_raw(struct fixture *f, const char *bytes, size_t length, const char *wanted)
{
	pid_t child = fork();

	if (child == 0) {
		struct sockaddr_un sun = { .sun_family = AF_UNIX };
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		char got[256];
		ssize_t n, used = 0;

		snprintf(sun.sun_path, sizeof sun.sun_path, "%s", f->path);
		if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0)
			_exit(2);
		(void)!send(fd, bytes, length, MSG_NOSIGNAL);
		while ((n = read(fd, got + used, sizeof got - 1 - (size_t)used)) > 0)
			used += n;
		got[used] = '\0';
		_exit(strcmp(got, wanted) != 0);
	}
	return serve(f, child);
}

static void test_too_long(void **state)
{
	char line[CONTROL_LINE_MAX + 1];

	memset(line, 'a', sizeof line);
	assert_int_equal(send_raw(*state, line, sizeof line, "error 2 the request is too long\n"), 0);
}

/* As many idle clients as there is room for: one more is told so; when they leave, there is room. */
static void test_too_many(void **state)
{
	static const char said[] = "the daemon serves too many clients at once; try again";
	struct fixture *f = *state;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int idle[CONTROL_CLIENTS_MAX];

	snprintf(sun.sun_path, sizeof sun.sun_path, "%s", f->path);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		idle[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(idle[i], (struct sockaddr *)&sun, sizeof sun), 0);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	assert_int_equal(ask(f, "show nhs", 2, said, strlen(said)), 0);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(idle[i]);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(ask(f, "show nhs", 0, f->big, sizeof f->big), 0);
}

static void test_requests(void **state)
{
	struct control_request r;

	(void)state;
	assert_null(control_request_parse("clear nhrp tunnel7 10.0.0.1", 27, &r));
	assert_true(r.verb == CONTROL_CLEAR && r.has_tunnel && r.tunnel == 7 && r.addr.family == IP_V4);
	assert_null(control_request_parse("show counters json", 18, &r));
	assert_true(r.verb == CONTROL_SHOW && r.subject == SHOW_COUNTERS && r.json);
	assert_null(control_request_parse("explain", 7, &r));
	assert_true(r.verb == CONTROL_EXPLAIN && !r.json && ipaddr_is_none(&r.addr));
	assert_null(control_request_parse("explain json 10.0.0.1", 21, &r));
	assert_true(r.verb == CONTROL_EXPLAIN && r.json && r.addr.family == IP_V4);
	assert_non_null(control_request_parse("explain hub1", 12, &r));
	assert_non_null(control_request_parse("explain 10.0.0.1 10.0.0.2", 25, &r));
	assert_non_null(control_request_parse("clear nhrp Tunnel4294967296", 27, &r));
	assert_non_null(control_request_parse("clear nhrp Tunnel", 17, &r));
	assert_non_null(control_request_parse("show nhs\tjson", 13, &r));
	assert_non_null(control_request_parse("show nhs json x", 15, &r));
	assert_non_null(control_request_parse("reload now", 10, &r));
	assert_null(control_request_parse("drop-nhrp in", 12, &r));
	assert_true(r.verb == CONTROL_DROP_NHRP && r.drop_in && !r.drop_out);
	assert_null(control_request_parse("drop-nhrp none", 14, &r));
	assert_true(r.verb == CONTROL_DROP_NHRP && !r.drop_in && !r.drop_out);
	assert_non_null(control_request_parse("drop-nhrp", 9, &r));
	assert_non_null(control_request_parse("drop-nhrp up", 12, &r));
	assert_non_null(control_request_parse("", 0, &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_long, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test(test_no_daemon),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
