/*
 * keeper: start, poll loop, stop. Owns the signals, the three children and everything held.
 */
#include "keeper/keeper.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/privilege.h"
#include "ike/charon_files.h"
#include "keeper/keeper_state.h"
#include "keeper/run_dir.h"

static const struct span stop_patience = { 3000 * 1000 };
static const struct span children_patience = { 1000 * 1000 };
static const struct span charon_patience = { 3500 * 1000 }; /* the launcher's own is 3 s */

void keeper_say(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	fprintf(stderr, "dmvpnd: %s\n", line);
}

struct instant keeper_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){ (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

void keeper_send(struct child *c, uint16_t type, const void *payload, size_t length,
		 const int *fds, size_t fd_count)
{
	int error;

	if (c->fd < 0)
		return;
	error = ipc_send(c->fd, type, payload, length, fds, fd_count);
	/* A broken pipe is a death that is about to be reported. */
	if (error && error != -EPIPE && error != -ECONNRESET) {
		keeper_say("%s does not take message %u (%s): killed", c->argv[0], type, strerror(-error));
		kill(c->pid, SIGKILL);
	}
}

void keeper_end(struct keeper *k, int exit_code)
{
	if (k->phase == KEEPER_ENDED)
		return;
	k->phase = KEEPER_ENDED;
	k->exit_code = exit_code;
}

/* Joins the two children once both are there. */
static void link_children(struct keeper *k)
{
	int fds[2];
	int error;

	if (k->linked || k->control.fd < 0 || k->forwarder.fd < 0)
		return;
	error = ipc_pair(fds);
	if (error) {
		keeper_say("no socket between control process and forwarder: %s", strerror(-error));
		return keeper_end(k, 2);
	}
	keeper_send(&k->forwarder, KEEPER_CONTROL, NULL, 0, &fds[0], 1);
	keeper_send(&k->control, KEEPER_FORWARDER, NULL, 0, &fds[1], 1);
	close(fds[0]);
	close(fds[1]);
	k->linked = true;
}

static void say_hello(struct keeper *k)
{
	const struct keeper_options *o = k->options;
	struct keeper_hello hello = { .is_restart = k->control.starts > 1, .datapath = o->datapath,
				      .no_ipsec = o->no_ipsec, .no_fall_over = o->no_fall_over, .plain = o->plain, .check_only = o->check_only,
				      .ignore_unsupported = o->ignore_unsupported, .faults = o->faults };

	snprintf(hello.config_path, sizeof hello.config_path, "%s", o->config_path);
	snprintf(hello.run_dir, sizeof hello.run_dir, "%s", o->run_dir);
	snprintf(hello.state_dir, sizeof hello.state_dir, "%s", o->state_dir);
	keeper_send(&k->control, KEEPER_HELLO, &hello, sizeof hello, &k->listen_fd, k->listen_fd >= 0);
	for (size_t i = 0; i < k->held.tap_count; i++)
		keeper_send(&k->control, KEEPER_HELD_TAP, &k->held.taps[i].tap, sizeof(struct keeper_tap), NULL, 0);
	for (size_t i = 0; i < k->held.raw_count; i++)
		keeper_send(&k->control, KEEPER_HELD_RAW, &k->held.raws[i].raw, sizeof(struct keeper_raw), NULL, 0);
}

static void give_all(struct keeper *k)
{
	for (size_t i = 0; i < k->held.tap_count; i++)
		keeper_send(&k->forwarder, KEEPER_GIVE_TAP, &k->held.taps[i].tap, sizeof(struct keeper_tap),
			    &k->held.taps[i].fd, 1);
	for (size_t i = 0; i < k->held.raw_count; i++)
		keeper_send(&k->forwarder, KEEPER_GIVE_RAW, &k->held.raws[i].raw, sizeof(struct keeper_raw),
			    k->held.raws[i].fds, 2);
	ike_give_all(k);
}

static int start(struct keeper *k, struct child *c, const char *pid_name)
{
	int error = child_start(c, keeper_now());

	if (!error && !k->options->check_only)
		error = run_dir_write_pid(k->options->run_dir, pid_name, c->pid);
	if (error) {
		keeper_say("cannot start %s: %s", c->path, strerror(-error));
		keeper_end(k, 2);
	}
	return error;
}

static void start_control(struct keeper *k)
{
	if (start(k, &k->control, "control.pid"))
		return;
	k->linked = false;
	say_hello(k);
	link_children(k);
	ike_control_started(k);
}

static void start_forwarder(struct keeper *k)
{
	if (start(k, &k->forwarder, "forwarder.pid"))
		return;
	k->linked = false;
	give_all(k);
	bfdd_give_memory(k);
	link_children(k);
	bfdd_forwarder_started(k);
}

static void start_launcher(struct keeper *k)
{
	if (start(k, &k->launcher, "launcher.pid") == 0)
		ike_launcher_started(k);
}

/* Reads one child's socket until it is empty or closed. */
static void drain(struct keeper *k, struct child *c)
{
	int got = 1;

	while (k->phase != KEEPER_ENDED && c->fd >= 0 && (got = ipc_receive(c->fd, &k->message)) == 1) {
		if (c == &k->launcher) {
			ike_message(k);
			continue;
		}
		for (size_t i = 0; i < k->message.fd_count; i++)
			close(k->message.fds[i]); /* the others hand us nothing */
		if (c == &k->control)
			keeper_request_handle(k);
	}
	if (got == 1 || got == -EAGAIN)
		return;
	/* Closed or garbled: whatever it is, it is no child of ours any more. */
	child_close(c);
	if (child_running(c) && k->phase != KEEPER_ENDED)
		kill(c->pid, SIGKILL);
}

static void say_death(const struct child *c, int status)
{
	if (WIFSIGNALED(status))
		keeper_say("%s (pid %d) died of signal %d (%s)", c->argv[0], (int)c->pid, WTERMSIG(status),
			   strsignal(WTERMSIG(status)));
	else
		keeper_say("%s (pid %d) ended with code %d", c->argv[0], (int)c->pid, WEXITSTATUS(status));
}

static void bury(struct keeper *k, struct child *c, int status)
{
	drain(k, c); /* what it still had to say, a KEEPER_FAIL above all */
	if (k->phase != KEEPER_ENDED)
		say_death(c, status);
	child_died(c, keeper_now());
	if (c == &k->launcher)
		ike_launcher_died(k);
	if (c == &k->forwarder)
		ike_forwarder_died(k);
	if (k->phase == KEEPER_STARTING && (c == &k->control || WEXITSTATUS(status) == 127))
		keeper_end(k, 2);
	else if (k->phase == KEEPER_STOPPING && c == &k->control)
		keeper_end(k, k->exit_code);
}

static void reap(struct keeper *k)
{
	int status;

	if (child_running(&k->control) && waitpid(k->control.pid, &status, WNOHANG) > 0)
		bury(k, &k->control, status);
	if (child_running(&k->forwarder) && waitpid(k->forwarder.pid, &status, WNOHANG) > 0)
		bury(k, &k->forwarder, status);
	if (child_running(&k->launcher) && waitpid(k->launcher.pid, &status, WNOHANG) > 0)
		bury(k, &k->launcher, status);
}

static void stop(struct keeper *k)
{
	/* Asked twice, while starting, or with nobody to purge: no time to lose. */
	if (k->phase != KEEPER_RUNNING || k->control.fd < 0)
		return keeper_end(k, k->exit_code);
	k->phase = KEEPER_STOPPING;
	k->stop_at = instant_add(keeper_now(), stop_patience);
	keeper_send(&k->control, KEEPER_STOP, NULL, 0, NULL, 0);
}

static void handle_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (k->phase != KEEPER_ENDED && read(k->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(k);
		else if (info.ssi_signo == SIGHUP)
			keeper_send(&k->control, KEEPER_RELOAD, NULL, 0, NULL, 0);
		else
			stop(k);
	}
}

static void handle_deadlines(struct keeper *k)
{
	const struct instant now = keeper_now();

	if (k->phase == KEEPER_STOPPING && !instant_before(now, k->stop_at)) {
		keeper_say("the control process did not stop in time");
		return keeper_end(k, k->exit_code);
	}
	if (k->phase == KEEPER_STOPPING)
		return;
	if (!instant_before(now, k->control.restart_at))
		start_control(k);
	if (k->phase != KEEPER_ENDED && !instant_before(now, k->forwarder.restart_at))
		start_forwarder(k);
	if (k->phase != KEEPER_ENDED && !instant_before(now, k->launcher.restart_at))
		start_launcher(k);
	if (k->phase != KEEPER_ENDED)
		ike_deadline(k);
	if (k->phase != KEEPER_ENDED)
		bfdd_deadline(k);
}

static int timeout_ms(const struct keeper *k)
{
	struct instant at = instant_min(k->control.restart_at, k->forwarder.restart_at);
	int64_t us;

	at = instant_min(at, instant_min(k->launcher.restart_at, instant_min(k->ike.vici_at, k->bfdd.try_at)));
	if (k->phase == KEEPER_STOPPING)
		at = k->stop_at;
	if (instant_is_never(at))
		return -1;
	us = instant_since(at, keeper_now()).us;
	return us <= 0 ? 0 : (int)(us / 1000) + 1;
}

static void loop(struct keeper *k)
{
	while (k->phase != KEEPER_ENDED) {
		struct pollfd fds[5] = {
			{ .fd = k->signal_fd, .events = POLLIN },
			{ .fd = k->control.fd, .events = POLLIN }, /* -1 is passed over */
			{ .fd = k->forwarder.fd, .events = POLLIN },
			{ .fd = k->launcher.fd, .events = POLLIN },
			{ .fd = k->bfdd.fd, .events = 0 }, /* only its end */
		};

		if (poll(fds, 5, timeout_ms(k)) < 0 && errno != EINTR) {
			keeper_say("poll: %s", strerror(errno));
			keeper_end(k, 2);
			return;
		}
		if (fds[1].revents)
			drain(k, &k->control);
		if (fds[2].revents)
			drain(k, &k->forwarder);
		if (fds[3].revents)
			drain(k, &k->launcher);
		if (fds[4].revents)
			bfdd_ended(k);
		if (fds[0].revents)
			handle_signals(k);
		if (k->phase != KEEPER_ENDED)
			handle_deadlines(k);
	}
}

/* The child's socket is closed: it ends by itself, or else is made to. */
static void await_end(struct child *c, struct instant until)
{
	const struct timespec pause = { 0, 2 * 1000 * 1000 };

	if (!child_running(c))
		return;
	while (waitpid(c->pid, NULL, WNOHANG) == 0) {
		if (!instant_before(keeper_now(), until))
			kill(c->pid, SIGKILL);
		nanosleep(&pause, NULL);
	}
	c->pid = 0;
}

static void children_end(struct keeper *k)
{
	child_close(&k->control);
	await_end(&k->control, instant_add(keeper_now(), children_patience));
	/* charon says goodbye to its peers, and needs the forwarder for it. */
	keeper_send(&k->launcher, KEEPER_STOP, NULL, 0, NULL, 0);
	await_end(&k->launcher, instant_add(keeper_now(), charon_patience));
	child_close(&k->launcher);
	child_close(&k->forwarder);
	await_end(&k->forwarder, instant_add(keeper_now(), children_patience));
}

static bool has_net_admin(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_NET_ADMIN)) &&
	       (data[0].effective & (1u << CAP_NET_RAW));
}

static int environment_check(const struct keeper_options *o)
{
	if (strlen(o->config_path) >= sizeof((struct keeper_hello *)0)->config_path ||
	    strlen(o->run_dir) >= sizeof((struct keeper_hello *)0)->run_dir ||
	    strlen(o->state_dir) >= sizeof((struct keeper_hello *)0)->state_dir) {
		keeper_say("a path on the command line is too long");
		return -ENAMETOOLONG;
	}
	if (o->check_only)
		return 0;
	if (geteuid() != 0 || !has_net_admin()) {
		keeper_say("must be started as root, with the capabilities net_admin and net_raw");
		return -EPERM;
	}
	return 0;
}

static int signals_open(struct keeper *k)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	signal(SIGPIPE, SIG_IGN);
	k->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return k->signal_fd < 0 ? -errno : 0;
}

static int files_open(struct keeper *k)
{
	const struct keeper_options *o = k->options;
	int error;

	if (o->check_only)
		return 0;
	error = run_dir_create(o->run_dir);
	if (!error)
		error = run_dir_create(o->state_dir);
	if (!error)
		error = run_dir_lock(o->run_dir, &k->lock_fd);
	if (!error)
		error = run_dir_lock_namespace(&k->namespace_fd);
	if (!error)
		error = run_dir_listen(o->run_dir, KEEPER_SOCKET_NAME, &k->listen_fd);
	if (!error)
		error = run_dir_write_pid(o->run_dir, "dmvpnd.pid", getpid());
	return error;
}

static void files_close(struct keeper *k)
{
	static const char *const names[] = { KEEPER_SOCKET_NAME, "dmvpnd.pid", "control.pid", "forwarder.pid",
					     "launcher.pid", CHARON_CONF_NAME, CHARON_VICI_NAME, CHARON_PID_NAME };

	for (size_t i = 0; k->lock_fd >= 0 && i < sizeof names / sizeof *names; i++)
		run_dir_unlink(k->options->run_dir, names[i]);
	if (k->listen_fd >= 0)
		close(k->listen_fd);
	if (k->lock_fd >= 0)
		close(k->lock_fd);
	if (k->namespace_fd >= 0)
		close(k->namespace_fd);
	if (k->signal_fd >= 0)
		close(k->signal_fd);
}

/* What Debian's unit gives FRR; charon and the control process have it from us, the forwarder goes further. */
enum { ROUTING_NICE = -5 };

static void limits_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit); /* best effort */
	}
	if (privilege_hurry(ROUTING_NICE))
		keeper_say("a nice value of %d is not permitted: a busy machine may delay us", ROUTING_NICE);
}

/* A program that stands beside our own, unless told otherwise. */
static void path_set(const struct keeper *k, char *path, size_t size, const char *given, const char *name)
{
	const char *self = k->options->self_path;
	const char *slash = strrchr(self, '/');
	const int folder = slash ? (int)(slash - self) : 0;

	if (given)
		snprintf(path, size, "%s", given);
	else
		snprintf(path, size, "%.*s/%s", folder, self, name);
}

static void paths_set(struct keeper *k)
{
	const struct keeper_options *o = k->options;

	path_set(k, k->forwarder_path, sizeof k->forwarder_path, o->forwarder_path, "dmvpn-fwd");
	path_set(k, k->launcher_path, sizeof k->launcher_path, o->launcher_path, "dmvpn-charon");
	k->charon_path = o->charon_path ? o->charon_path : DMVPN_CHARON;
	child_init(&k->control, o->self_path, "dmvpnd-control", "--control", NULL);
	child_init(&k->forwarder, k->forwarder_path, "dmvpn-fwd", NULL, NULL);
	child_init(&k->launcher, k->launcher_path, "dmvpn-charon", o->run_dir, k->charon_path);
}

int keeper_run(const struct keeper_options *options)
{
	struct keeper *k;
	int exit_code;

	if (environment_check(options))
		return 2;
	k = calloc(1, sizeof *k);
	if (!k) {
		keeper_say("out of memory");
		return 2;
	}
	k->options = options;
	k->signal_fd = k->lock_fd = k->namespace_fd = k->listen_fd = -1;
	ike_init(&k->ike);
	bfdd_init(&k->bfdd);
	limits_raise();
	paths_set(k);
	if (signals_open(k) || files_open(k))
		keeper_end(k, 2);
	if (k->phase != KEEPER_ENDED && !options->check_only)
		start_forwarder(k);
	if (k->phase != KEEPER_ENDED)
		start_control(k);
	loop(k);
	children_end(k);
	held_done(&k->held);
	ike_done(&k->ike);
	bfdd_done(&k->bfdd);
	files_close(k);
	exit_code = k->exit_code;
	free(k);
	return exit_code;
}
