/* The keeper without privilege: its folder, its children's lives, and start-up that fails. */
#include <netinet/in.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ipc.h"
#include "keeper/child.h"
#include "keeper/held.h"
#include "keeper/keeper.h"
#include "keeper/keeper_msg.h"
#include "keeper/run_dir.h"

static char folder[64];
static char self[4096];
static struct ipc_message message;

static int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/keeper_test.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

/* Runs f with stderr caught in text[]; answers what f answered. */
static int caught(int (*f)(const void *), const void *argument, char *text, size_t size)
{
	FILE *out = tmpfile();
	const int saved = dup(STDERR_FILENO);
	int result;
	size_t got;

	assert_non_null(out);
	dup2(fileno(out), STDERR_FILENO);
	result = f(argument);
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	got = fread(text, 1, size - 1, out);
	text[got] = 0;
	fclose(out);
	return result;
}

static int lock_again(const void *path)
{
	int fd;

	return run_dir_lock(path, &fd);
}

static void folders_above_are_made(void **state)
{
	char path[128], text[512];
	struct stat st;

	(void)state;
	snprintf(path, sizeof path, "%s/a/b/c", folder);
	assert_int_equal(run_dir_create(path), 0);
	assert_int_equal(run_dir_create(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	snprintf(path, sizeof path, "%s/no/such", folder);
	assert_int_equal(caught(lock_again, path, text, sizeof text), -ENOENT);
	assert_non_null(strstr(text, "cannot open"));
}

static void one_daemon_a_folder(void **state)
{
	char text[512];
	int fd;

	(void)state;
	assert_int_equal(run_dir_lock(folder, &fd), 0);
	assert_int_equal(caught(lock_again, folder, text, sizeof text), -EWOULDBLOCK);
	assert_non_null(strstr(text, "another dmvpnd runs with"));
	close(fd);
	assert_int_equal(run_dir_lock(folder, &fd), 0);
	close(fd);
}

static void stale_socket_is_replaced(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, client;

	(void)state;
	assert_int_equal(run_dir_listen(folder, "s", &fd), 0);
	close(fd);
	assert_int_equal(run_dir_listen(folder, "s", &fd), 0);
	snprintf(addr.sun_path, sizeof addr.sun_path, "%s/s", folder);
	assert_int_equal(stat(addr.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(connect(client, (struct sockaddr *)&addr, sizeof addr), 0);
	close(client);
	close(fd);
	run_dir_unlink(folder, "s");
	assert_int_equal(stat(addr.sun_path, &st), -1);
}

static void pid_files(void **state)
{
	char path[128], text[32] = "";
	FILE *f;

	(void)state;
	assert_int_equal(run_dir_write_pid(folder, "x.pid", 4711), 0);
	assert_int_equal(run_dir_write_pid(folder, "x.pid", 42), 0);
	snprintf(path, sizeof path, "%s/x.pid", folder);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "42\n");
}

static void restarts_back_off(void **state)
{
	struct instant now = { 1000000 };
	struct child c;
	static const int64_t waits_ms[] = { 0, 100, 200, 400, 800, 1600, 2000, 2000 };

	(void)state;
	child_init(&c, "/bin/true", "true", NULL, NULL);
	assert_true(instant_is_never(c.restart_at));
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		c.started_at = now;
		child_died(&c, now);
		assert_int_equal(instant_since(c.restart_at, now).us, waits_ms[i] * 1000);
	}
	c.started_at = now;
	now = instant_add(now, span_ms(5001));
	child_died(&c, now); /* it lived for long */
	assert_int_equal(c.restart_at.us, now.us);
	c.started_at = now;
	child_died(&c, now);
	assert_int_equal(instant_since(c.restart_at, now).us, 100 * 1000);
	assert_false(child_running(&c));
}

static void child_finds_its_socket(void **state)
{
	struct child c;
	struct pollfd p;
	int status;

	(void)state;
	child_init(&c, self, "dmvpnd-control", "--echo", NULL);
	assert_int_equal(child_start(&c, INSTANT_ZERO), 0);
	assert_true(child_running(&c));
	p = (struct pollfd){ .fd = c.fd, .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(ipc_receive(c.fd, &message), 1);
	assert_int_equal(message.type, 99);
	child_close(&c); /* upon which it ends */
	assert_int_equal(waitpid(c.pid, &status, 0), c.pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void errors_say_what_failed(void **state)
{
	const struct keeper_raw elsewhere = { .protocol = IPPROTO_GRE, .id = 1, .local = { .addr = ipaddr_v4(0xc0000207) } };
	const struct keeper_raw no_family = { .protocol = IPPROTO_ESP, .id = 1 };
	const struct keeper_raw no_protocol = { .protocol = IPPROTO_UDP, .id = 1, .local = { .addr = ipaddr_v4(0x7f000001) } };
	const struct keeper_tap nameless = { .tunnel = 0 };
	struct held *h = calloc(1, sizeof *h);
	const struct held_raw *raw;
	const struct held_tap *tap;
	char text[DEVICE_TEXT_MAX] = "";
	bool is_new;
	int error;

	(void)state;
	assert_non_null(h);
	error = held_raw_open(h, &elsewhere, &raw, &is_new, text);
	assert_true(error == -EADDRNOTAVAIL || error == -EPERM);
	assert_non_null(strstr(text, "192.0.2.7"));
	assert_int_equal(held_raw_open(h, &no_family, &raw, &is_new, text), -EAFNOSUPPORT);
	assert_int_equal(held_raw_open(h, &no_protocol, &raw, &is_new, text), -EPROTONOSUPPORT);
	assert_int_equal(held_tap_open(h, &nameless, &tap, &is_new, text), -EINVAL);
	assert_int_equal(held_tap_close(h, 0), -ENOENT);
	assert_int_equal(held_raw_close(h, 1), -ENOENT);
	free(h);
}

static void same_is_held_once(void **state)
{
	const struct keeper_raw local = { .protocol = IPPROTO_GRE, .id = 1, .local = { .addr = ipaddr_v4(0x7f000001) } };
	const struct keeper_raw esp = { .protocol = IPPROTO_ESP, .id = 1, .local = { .addr = ipaddr_v4(0x7f000001) } };
	const struct keeper_raw other = { .protocol = IPPROTO_GRE, .id = 1, .local = { .addr = ipaddr_v4(0x7f000002) } };
	struct held *h;
	const struct held_raw *first, *second;
	char text[DEVICE_TEXT_MAX] = "";
	bool is_new;
	int error;

	(void)state;
	h = calloc(1, sizeof *h);
	assert_non_null(h);
	error = held_raw_open(h, &local, &first, &is_new, text);
	if (error == -EPERM) {
		free(h);
		skip(); /* raw sockets are for the privileged */
	}
	assert_int_equal(error, 0);
	assert_true(is_new);
	assert_int_equal(held_raw_open(h, &local, &second, &is_new, text), 0);
	assert_false(is_new);
	assert_ptr_equal(first, second);
	assert_int_equal(held_raw_open(h, &other, &second, &is_new, text), -EEXIST);
	assert_int_equal(held_raw_open(h, &esp, &second, &is_new, text), -EEXIST);
	assert_int_equal(h->raw_count, 1);
	assert_int_equal(held_raw_close(h, 1), 0);
	assert_int_equal(h->raw_count, 0);
	held_done(h);
	free(h);
}

static int run(const void *options)
{
	return keeper_run(options);
}

static int check_only(const char *config, char *text, size_t size)
{
	char path[128];
	FILE *f;
	const struct keeper_options options = { .config_path = path, .run_dir = "/nonexistent/run",
						.state_dir = "/nonexistent/state", .self_path = self, .check_only = true };

	snprintf(path, sizeof path, "%s/config", folder);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(config, f);
	fclose(f);
	return caught(run, &options, text, size);
}

/* The control process of these is control_main() below. */
static void check_only_needs_nothing(void **state)
{
	char text[1024];

	(void)state;
	assert_int_equal(check_only("ok", text, sizeof text), 0);
	assert_string_equal(text, "");
	assert_int_equal(check_only("fail 1", text, sizeof text), 1);
	assert_int_equal(check_only("fail 2", text, sizeof text), 2);
	assert_int_equal(check_only("fail 0", text, sizeof text), 2); /* no claim of success */
	assert_int_equal(check_only("exit", text, sizeof text), 2);
	assert_non_null(strstr(text, "ended with code 5"));
	assert_int_equal(check_only("kill", text, sizeof text), 2);
	assert_non_null(strstr(text, "died of signal 9"));
	assert_int_equal(check_only("junk", text, sizeof text), 0); /* a message of no kind is named and passed over */
	assert_non_null(strstr(text, "message 999"));
	assert_int_equal(check_only("tap", text, sizeof text), 0);
	assert_int_equal(check_only("ike", text, sizeof text), 0);
	assert_int_equal(check_only("files", text, sizeof text), 0);
}

static void missing_program_is_said(void **state)
{
	const struct keeper_options options = { .config_path = "/dev/null", .run_dir = folder, .state_dir = folder,
						.self_path = "/nonexistent/dmvpnd", .check_only = true };
	char text[1024];

	(void)state;
	assert_int_equal(caught(run, &options, text, sizeof text), 2);
	assert_non_null(strstr(text, "cannot start /nonexistent/dmvpnd"));
}

/* ---- the children, in processes of their own ---- */

static void await(void)
{
	struct pollfd p = { .fd = KEEPER_FD, .events = POLLIN };

	while (ipc_receive(KEEPER_FD, &message) == -EAGAIN)
		poll(&p, 1, 5000);
}

static const struct keeper_result *ask(uint16_t type, const void *payload, size_t length)
{
	ipc_send(KEEPER_FD, type, payload, length, NULL, 0);
	await();
	if (message.type != KEEPER_RESULT)
		_exit(10);
	return (const void *)message.payload;
}

static int file_error(const char *path)
{
	struct keeper_file f = { .seq = 4 };

	memset(f.path, 'x', sizeof f.path);
	if (path)
		strcpy(f.path, path);
	return ask(KEEPER_FILE_OPEN, &f, sizeof f)->error;
}

/* Of the folder that the configuration lies in, and of no other. */
static void files_ask(const char *config)
{
	if (file_error(config) != 0 || message.fd_count != 1)
		_exit(20);
	if (file_error("no such file") != -ENOENT)
		_exit(21);
	if (file_error("../../etc/passwd") != -EXDEV || file_error("/etc/passwd") != -EXDEV)
		_exit(22);
	if (file_error(".") != -EINVAL || file_error(NULL) != -EINVAL)
		_exit(23);
}

static void order_obey(const char *order, const char *config)
{
	const struct keeper_request request = { .seq = 2 };
	const struct keeper_tap tap = { .seq = 3, .name = "never" };
	const struct keeper_ike ike = { .seq = 4 };
	struct keeper_fail f = { 0 };

	if (sscanf(order, "fail %d", &f.exit_code) == 1) {
		ipc_send(KEEPER_FD, KEEPER_FAIL, &f, sizeof f, NULL, 0);
		_exit(7); /* its code says nothing: the message does */
	}
	if (strcmp(order, "exit") == 0)
		_exit(5);
	if (strcmp(order, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(order, "junk") == 0)
		ipc_send(KEEPER_FD, 999, "junk", 4, NULL, 0);
	if (strcmp(order, "ike") == 0 && (ask(KEEPER_IKE_START, &ike, sizeof ike)->error != -EPERM ||
					  ask(KEEPER_IKE_RESTART, &request, sizeof request)->error != -ESRCH))
		_exit(14);
	if (strcmp(order, "tap") == 0 && ask(KEEPER_TAP_OPEN, &tap, sizeof tap)->error != -EPERM)
		_exit(11);
	if (strcmp(order, "files") == 0)
		files_ask(strrchr(config, '/') + 1);
	ipc_send(KEEPER_FD, KEEPER_READY, &request, sizeof request, NULL, 0);
}

static int control_main(void)
{
	const struct keeper_request request = { .seq = 1 };
	const struct keeper_result *result;
	char order[32] = "", config[256];

	await();
	if (message.type != KEEPER_HELLO || message.fd_count ||
	    !((const struct keeper_hello *)message.payload)->check_only)
		return 12;
	strcpy(config, ((const struct keeper_hello *)message.payload)->config_path);
	result = ask(KEEPER_CONFIG_OPEN, &request, sizeof request);
	if (result->seq != 1 || result->error || message.fd_count != 1 ||
	    read(message.fds[0], order, sizeof order - 1) <= 0)
		return 13;
	order_obey(order, config);
	await(); /* to the end */
	return 0;
}

static int echo_main(void)
{
	ipc_send(KEEPER_FD, 99, NULL, 0, NULL, 0);
	await();
	return 0;
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		T(folders_above_are_made), T(one_daemon_a_folder), T(stale_socket_is_replaced), T(pid_files),
		T(restarts_back_off), T(child_finds_its_socket), T(errors_say_what_failed), T(same_is_held_once),
		T(check_only_needs_nothing), T(missing_program_is_said),
	};

	if (argc == 2 && strcmp(argv[1], "--control") == 0)
		return control_main();
	if (argc == 2 && strcmp(argv[1], "--echo") == 0)
		return echo_main();
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
