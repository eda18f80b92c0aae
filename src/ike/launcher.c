#include "ike/launcher.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ipc.h"
#include "ike/charon_files.h"
#include "ike/launcher_calls.h"
#include "ike/launcher_log.h"
#include "ike/launcher_start.h"
#include "keeper/keeper_msg.h"

static const struct span stop_patience = { 3000 * 1000 };

struct launcher {
	const struct launcher_options *options;
	char run_dir[PATH_MAX]; /* whole: charon has another working directory */
	struct launcher_charon charon;
	struct launcher_log log;
	struct instant kill_at; /* NEVER: it has not been asked to stop */
	bool keeper_gone;
	bool kernel; /* it shall reach the kernel's XFRM */
	struct ipc_message message;
};

static struct instant now_read(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (struct instant){ (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000 };
}

/* Never by number alone: another process may have it by now. */
static void charon_signal(const struct launcher *l, int number)
{
	(void)syscall(SYS_pidfd_send_signal, l->charon.pidfd, number, NULL, 0);
}

static void charon_kill(const struct launcher *l)
{
	charon_signal(l, SIGKILL);
}

/* 1: a message is there, 0: the keeper is gone, -EAGAIN: nothing. */
static int keeper_receive(struct launcher *l)
{
	const int got = ipc_receive(l->options->keeper_fd, &l->message);

	for (size_t i = 0; got == 1 && i < l->message.fd_count; i++)
		close(l->message.fds[i]);
	return got == 1 || got == -EAGAIN ? got : 0;
}

static void keeper_read(struct launcher *l)
{
	int got;

	while ((got = keeper_receive(l)) == 1) {
		if (l->message.type == KEEPER_STOP && instant_is_never(l->kill_at)) {
			charon_signal(l, SIGTERM);
			l->kill_at = instant_add(now_read(), stop_patience);
		}
	}
	if (got == 0) {
		l->keeper_gone = true;
		charon_kill(l);
	}
}

static int timeout_ms(const struct launcher *l)
{
	int64_t us;

	if (instant_is_never(l->kill_at))
		return -1;
	us = instant_since(l->kill_at, now_read()).us;
	return us <= 0 ? 0 : (int)(us / 1000) + 1;
}

/* Until charon is dead. */
static void loop(struct launcher *l)
{
	const struct launcher_calls calls = { .listener = l->charon.listener, .keeper_fd = l->options->keeper_fd,
					      .pidfd = l->charon.pidfd, .pid = l->charon.pid, .kernel = l->kernel };

	for (;;) {
		struct pollfd fds[] = {
			{ .fd = l->charon.pidfd, .events = POLLIN },
			{ .fd = l->charon.listener, .events = POLLIN },
			{ .fd = l->keeper_gone ? -1 : l->options->keeper_fd, .events = POLLIN },
			{ .fd = l->log.fd, .events = POLLIN },
		};

		if (poll(fds, 4, timeout_ms(l)) < 0 && errno != EINTR)
			charon_kill(l);
		if (fds[3].revents)
			launcher_log_read(&l->log, now_read());
		if (fds[0].revents)
			return;
		if ((fds[1].revents & POLLIN) && launcher_calls_answer(&calls))
			charon_kill(l);
		if (fds[2].revents)
			keeper_read(l);
		if (!instant_before(now_read(), l->kill_at))
			charon_kill(l);
	}
}

static int exit_code_of(const struct launcher *l, int status)
{
	const bool was_asked = l->keeper_gone || !instant_is_never(l->kill_at);

	if (was_asked)
		return 0;
	if (WIFSIGNALED(status))
		fprintf(stderr, "dmvpn-charon: charon (pid %d) died of signal %d (%s)\n", (int)l->charon.pid,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		fprintf(stderr, "dmvpn-charon: charon (pid %d) ended with code %d\n", (int)l->charon.pid,
			WEXITSTATUS(status));
	return 1;
}

static int supervise(struct launcher *l)
{
	int status = 0;
	int error = charon_files_write_pid(l->run_dir, l->charon.pid);

	if (error) {
		fprintf(stderr, "dmvpn-charon: cannot write charon's pid: %s\n", strerror(-error));
		charon_kill(l);
	}
	launcher_log_init(&l->log, l->charon.log, now_read());
	l->charon.log = -1; /* the log's from here on */
	loop(l);
	while (waitpid(l->charon.pid, &status, 0) < 0 && errno == EINTR)
		;
	launcher_log_read(&l->log, now_read());
	launcher_log_done(&l->log);
	error = exit_code_of(l, status);
	launcher_charon_done(&l->charon);
	charon_files_clean(l->run_dir);
	return error;
}

/* The settings are the keeper's first word. 0 or -errno; -EPIPE: it is gone. */
static int settings_await(struct launcher *l, struct charon_settings *s)
{
	struct pollfd p = { .fd = l->options->keeper_fd, .events = POLLIN };
	const struct keeper_ike *ike = (const void *)l->message.payload;
	const char *level = getenv("DMVPN_CHARON_LOG"); /* for whoever hunts a fault: -1 … 2 */
	int got;

	while ((got = keeper_receive(l)) == -EAGAIN) {
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	if (got == 0)
		return -EPIPE;
	if (l->message.type != KEEPER_IKE_START || l->message.length != sizeof *ike)
		return -EPROTO;
	*s = (struct charon_settings){ .nat_keepalive_s = ike->nat_keepalive_s, .half_open_limit = ike->half_open_limit,
				       .ike_sa_limit = ike->ike_sa_limit,
				       .log_level = level ? atoi(level) : 0 };
	l->kernel = ike->kernel != 0;
	return 0;
}

static int run(struct launcher *l)
{
	char conf[PATH_MAX + sizeof CHARON_CONF_NAME];
	struct charon_settings settings;
	int error = settings_await(l, &settings);

	if (error == -EPIPE)
		return 0;
	if (error) {
		fprintf(stderr, "dmvpn-charon: the keeper did not begin with charon's settings: %s\n", strerror(-error));
		return 2;
	}
	if (!realpath(l->options->run_dir, l->run_dir))
		error = -errno;
	if (!error)
		error = charon_files_write_conf(l->run_dir, &settings);
	if (error) {
		fprintf(stderr, "dmvpn-charon: cannot write charon's configuration in %s: %s\n", l->options->run_dir,
			strerror(-error));
		return 2;
	}
	charon_files_clean(l->run_dir);
	snprintf(conf, sizeof conf, "%s/" CHARON_CONF_NAME, l->run_dir);
	if (launcher_start(l->options->charon_path, conf, &l->charon))
		return 2;
	return supervise(l);
}

int launcher_run(const struct launcher_options *options)
{
	struct launcher *l = calloc(1, sizeof *l);
	int code;

	if (!l)
		return 2;
	l->options = options;
	l->kill_at = INSTANT_NEVER;
	code = run(l);
	free(l);
	return code;
}
