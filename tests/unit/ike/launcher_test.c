/*
 * The launcher with a charon of our own making: this program, started by it, makes the
 * system calls that charon makes and ends with the number of the first surprise.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/ipc.h"
#include "ike/charon_files.h"
#include "ike/launcher.h"
#include "ike/launcher_log.h"
#include "keeper/keeper_msg.h"

enum { GROUPS = 0xc3, PATIENCE_MS = 10000 };

static char self[4096], folder[64];
static struct ipc_message message;

static int folder_make(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/launcher_test.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int folder_remove(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

/* ---- charon ---- */

static int option_get(int fd, int level, int name)
{
	int value = -1;
	socklen_t length = sizeof value;

	return getsockopt(fd, level, name, &value, &length) < 0 ? -1 : value;
}

static int xfrm_open(uint32_t groups)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = groups };
	const int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);

	return fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof addr) == 0 ? fd : -1;
}

/* A request and its answer, as charon does it. */
static int xfrm_talk(int fd)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK }, from;
	socklen_t length = sizeof from;
	char answer[16];

	if (sendto(fd, "ask", 3, 0, (struct sockaddr *)&kernel, sizeof kernel) != 3)
		return 11;
	memset(&from, 0xff, sizeof from);
	if (recvfrom(fd, answer, sizeof answer, 0, (struct sockaddr *)&from, &length) != 6)
		return 12;
	return from.nl_pid == 0 ? 0 : 13;
}

static int port_open(int family)
{
	const struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(4500) };
	const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(4500) };
	const int fd = socket(family, SOCK_DGRAM, 0), on = 1, encap = UDP_ENCAP_ESPINUDP;
	int result;

	if (fd < 0)
		return errno == EAFNOSUPPORT ? 0 : 21;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	result = family == AF_INET ? bind(fd, (const struct sockaddr *)&v4, sizeof v4)
				   : bind(fd, (const struct sockaddr *)&v6, sizeof v6);
	if (result < 0)
		return 22;
	if (option_get(fd, SOL_SOCKET, SO_REUSEPORT) != 1 || option_get(fd, IPPROTO_UDP, UDP_GRO) != 1)
		return 23;
	if (setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &encap, sizeof encap) < 0)
		return 24;
	return option_get(fd, IPPROTO_UDP, UDP_ENCAP) == 0 ? 0 : 25;
}

/* What does not concern us goes its way. */
static int others_pass(void)
{
	const struct sockaddr_nl route = { .nl_family = AF_NETLINK };
	const struct sockaddr_in any = { .sin_family = AF_INET };
	const int netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE), udp = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	if (bind(netlink, (const struct sockaddr *)&route, sizeof route) < 0 ||
	    option_get(netlink, SOL_SOCKET, SO_DOMAIN) != AF_NETLINK)
		return 31;
	if (bind(udp, (const struct sockaddr *)&any, sizeof any) < 0 || option_get(udp, SOL_SOCKET, SO_REUSEPORT) != 0)
		return 32;
	if (setsockopt(udp, IPPROTO_UDP, UDP_CORK, &on, sizeof on) < 0 || option_get(udp, IPPROTO_UDP, UDP_CORK) != 1)
		return 33;
	return bind(999, (const struct sockaddr *)&route, sizeof route) < 0 && errno == EBADF ? 0 : 34;
}

static int calls_check(void)
{
	const int requests = xfrm_open(0), events = xfrm_open(GROUPS);
	int result;

	if (requests < 0 || events < 0)
		return 10;
	if (option_get(requests, SOL_SOCKET, SO_DOMAIN) != AF_UNIX || !(fcntl(requests, F_GETFD) & FD_CLOEXEC))
		return 14;
	result = xfrm_talk(requests);
	if (!result)
		result = port_open(AF_INET);
	if (!result)
		result = port_open(AF_INET6);
	return result ? result : others_pass();
}

static int charon_main(void)
{
	int death = 0;

	if (strstr(getenv("STRONGSWAN_CONF"), "/wait/") != NULL) {
		for (;;)
			pause();
	}
	puts("said by charon");
	fflush(stdout);
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 9;
	return calls_check();
}

/* ---- the keeper ---- */

struct launched {
	pid_t pid;
	int fd;
	FILE *said;
};

/* In a network of its own where we may, so that port 4500 is free. */
static struct launched launch(const char *run_dir, const char *charon)
{
	const struct keeper_ike settings = { .seq = 1 };
	struct launched l = { .said = tmpfile() };
	int pair[2];

	assert_non_null(l.said);
	assert_int_equal(ipc_pair(pair), 0);
	l.pid = fork();
	if (l.pid == 0) {
		const struct launcher_options o = { .keeper_fd = pair[1], .run_dir = run_dir, .charon_path = charon };

		close(pair[0]);
		dup2(fileno(l.said), STDERR_FILENO);
		_exit(unshare(CLONE_NEWNET) < 0 ? 77 : launcher_run(&o));
	}
	close(pair[1]);
	l.fd = pair[0];
	(void)ipc_send(l.fd, KEEPER_IKE_START, &settings, sizeof settings, NULL, 0);
	return l;
}

static bool message_await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, PATIENCE_MS) == 1 && ipc_receive(fd, &message) == 1;
}

/* Its exit code, with what it said. */
static int launched_end(struct launched *l, char *said, size_t size)
{
	int status;

	assert_int_equal(waitpid(l->pid, &status, 0), l->pid);
	rewind(l->said);
	said[fread(said, 1, size - 1, l->said)] = 0;
	fclose(l->said);
	if (l->fd >= 0)
		close(l->fd);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* networks are for the privileged */
	return WEXITSTATUS(status);
}

static void calls_are_answered(void **state)
{
	const struct keeper_xfrm *xfrm = (const void *)message.payload;
	struct launched l = launch(folder, self);
	struct pollfd request;
	char said[2048], bytes[16];
	int fds[2] = { -1, -1 };

	(void)state;
	for (size_t i = 0; i < 2 && message_await(l.fd); i++) {
		assert_int_equal(message.type, KEEPER_XFRM);
		assert_int_equal(message.length, sizeof *xfrm);
		assert_int_equal(message.fd_count, 1);
		assert_int_equal(xfrm->groups, i ? GROUPS : 0);
		fds[i] = message.fds[0];
	}
	request = (struct pollfd){ .fd = fds[0], .events = POLLIN };
	if (poll(&request, 1, PATIENCE_MS) == 1 && recv(fds[0], bytes, sizeof bytes, 0) == 3)
		assert_int_equal(send(fds[0], "answer", 6, 0), 6);
	assert_int_equal(launched_end(&l, said, sizeof said), 1); /* charon ended unasked */
	assert_non_null(strstr(said, "charon: said by charon\n"));
	assert_non_null(strstr(said, "ended with code 0"));
	close(fds[0]);
	close(fds[1]);
}

static void missing_charon_is_named(void **state)
{
	struct launched l = launch(folder, "/no/such/charon");
	char said[2048];

	(void)state;
	assert_int_equal(launched_end(&l, said, sizeof said), 2);
	assert_non_null(strstr(said, "install the Debian package charon-systemd"));
}

static void refusal_names_apparmor(void **state)
{
	struct launched l = launch(folder, "/etc/passwd"); /* not to be executed: EACCES, as AppArmor has it */
	char said[2048];

	(void)state;
	assert_int_equal(launched_end(&l, said, sizeof said), 2);
	assert_non_null(strstr(said, "AppArmor"));
}

static pid_t charon_pid(const char *run_dir)
{
	char path[256];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof path, "%s/" CHARON_PID_NAME, run_dir);
	for (int i = 0; i < PATIENCE_MS / 5 && pid == 0; i++) {
		f = fopen(path, "r");
		if (f && fscanf(f, "%d", &pid) != 1)
			pid = 0;
		if (f)
			fclose(f);
		poll(NULL, 0, 5);
	}
	return (pid_t)pid;
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 5; i++) {
		if (kill(pid, 0) < 0)
			return true;
		poll(NULL, 0, 5);
	}
	return false;
}

enum ending { END_OF_KEEPER, STOP, KILL };

static void ends(enum ending how)
{
	char run_dir[128], said[2048];
	struct launched l;
	pid_t charon;

	snprintf(run_dir, sizeof run_dir, "%s/wait", folder);
	mkdir(run_dir, 0700);
	l = launch(run_dir, self);
	charon = charon_pid(run_dir);
	if (how == STOP)
		ipc_send(l.fd, KEEPER_STOP, NULL, 0, NULL, 0);
	if (how == END_OF_KEEPER) {
		close(l.fd);
		l.fd = -1;
	}
	if (how == KILL) {
		kill(l.pid, SIGKILL);
		assert_int_equal(waitpid(l.pid, NULL, 0), l.pid);
		close(l.fd);
		fclose(l.said);
	} else {
		assert_int_equal(launched_end(&l, said, sizeof said), 0);
	}
	if (charon)
		assert_true(is_gone(charon));
	else
		skip();
}

static void charon_ends_with_the_keeper(void **state)
{
	(void)state;
	ends(END_OF_KEEPER);
}

static void charon_is_asked_to_stop(void **state)
{
	(void)state;
	ends(STOP);
}

static void charon_dies_with_the_launcher(void **state)
{
	(void)state;
	ends(KILL);
}

/* ---- files and log ---- */

static void configuration_is_private(void **state)
{
	const struct charon_settings s = { .nat_keepalive_s = 33, .half_open_limit = 7, .ike_sa_limit = 9, .log_level = 4 };
	char path[128], text[8192];
	struct stat st;
	FILE *f;

	(void)state;
	assert_int_equal(charon_files_write_conf(folder, &s), 0);
	snprintf(path, sizeof path, "%s/" CHARON_CONF_NAME, folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	assert_non_null(strstr(text, "keep_alive = 33s\n"));
	assert_non_null(strstr(text, "init_limit_half_open = 7\n"));
	assert_non_null(strstr(text, "ikesa_limit = 9\n"));
	assert_non_null(strstr(text, folder)); /* the VICI socket */
	assert_null(strstr(text, "include"));
	assert_null(strstr(text, "default = 4")); /* shows keys: never */
	assert_int_equal(charon_files_write_conf("/no/such/folder", &s), -ENOENT);
}

static void log_is_bounded(void **state)
{
	struct launcher_log l;
	char said[8192];
	FILE *out = tmpfile();
	const int saved = dup(STDERR_FILENO);
	int lines = 0, fds[2];

	(void)state;
	assert_non_null(out);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	dup2(fileno(out), STDERR_FILENO);
	launcher_log_init(&l, fds[0], INSTANT_ZERO);
	for (int i = 0; i < 100; i++)
		dprintf(fds[1], "line %d\n", i);
	launcher_log_read(&l, INSTANT_ZERO);
	dprintf(fds[1], "the end");
	close(fds[1]);
	launcher_log_read(&l, (struct instant){ 1000000 });
	dup2(saved, STDERR_FILENO);
	close(saved);
	rewind(out);
	said[fread(said, 1, sizeof said - 1, out)] = 0;
	fclose(out);
	for (const char *c = said; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 42);
	assert_non_null(strstr(said, "(60 lines of charon's not shown)\ncharon: the end\n"));
	assert_int_equal(l.fd, -1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, folder_make, folder_remove)
	const struct CMUnitTest tests[] = {
		T(calls_are_answered), T(missing_charon_is_named), T(refusal_names_apparmor),
		T(charon_ends_with_the_keeper), T(charon_is_asked_to_stop), T(charon_dies_with_the_launcher),
		T(configuration_is_private), T(log_is_bounded),
	};

	if (getenv("STRONGSWAN_CONF"))
		return charon_main();
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
