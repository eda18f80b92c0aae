#include "ike/launcher_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/ipc.h"
#include "ike/launcher_calls.h"
#include "ike/launcher_filter.h"

/* What the new process tells us, one message each; after the last one it is charon. */
enum { START_READY = 1 /* + listener */, START_FAILED /* struct failure */ };
enum stage { STAGE_PREPARE, STAGE_FILTER, STAGE_EXEC };

struct failure {
	int32_t stage;
	int32_t error;
};

/* Of a process that neither becomes charon nor ends, on a machine as slow as may be. */
enum { START_PATIENCE_MS = 60000 };

/* ---- in the new process ---- */

static _Noreturn void give_up(int report, enum stage stage, int error)
{
	const struct failure f = { (int32_t)stage, error };

	(void)ipc_send(report, START_FAILED, &f, sizeof f, NULL, 0);
	_exit(127);
}

static int prepare(pid_t launcher, int log)
{
	const struct rlimit no_core = { 1, 1 }; /* 1 also keeps a core from a core_pattern that is a pipe */
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 || dup2(log, STDERR_FILENO) < 0)
		return -errno;
	/* Of our own session: a Ctrl-C at the terminal is the keeper's to act on. */
	if (setsid() < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return -errno;
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return -errno;
	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	umask(0077);
	if (chdir("/") < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return getppid() == launcher ? 0 : -ESRCH;
}

static _Noreturn void become_charon(const char *path, const char *conf_path, pid_t launcher, int log, int report)
{
	char conf[PATH_MAX + 32];
	const char *const argv[] = { path, NULL };
	const char *const environment[] = { conf, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	int listener = -1;
	int error = prepare(launcher, log);

	snprintf(conf, sizeof conf, "STRONGSWAN_CONF=%s", conf_path);
	if (error)
		give_up(report, STAGE_PREPARE, error);
	error = launcher_filter_install(&listener);
	if (error)
		give_up(report, STAGE_FILTER, error);
	error = ipc_send(report, START_READY, NULL, 0, &listener, 1);
	if (error)
		give_up(report, STAGE_PREPARE, error);
	execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
	give_up(report, STAGE_EXEC, -errno);
}

/* ---- in the launcher ---- */

static void say_failure(const char *path, const struct failure *f)
{
	char what[PATH_MAX + 64];

	if (f->stage == STAGE_FILTER) {
		fprintf(stderr, "dmvpn-charon: charon cannot be supervised: seccomp user notification: %s%s\n",
			strerror(-f->error), f->error == -EBUSY ? " (this container's runtime supervises us itself)" : "");
	} else if (f->stage == STAGE_EXEC && f->error == -ENOENT) {
		fprintf(stderr, "dmvpn-charon: %s is missing: install the Debian package charon-systemd\n", path);
	} else {
		snprintf(what, sizeof what, "cannot start %s", path);
		launcher_say_denied(what, f->error);
	}
}

static int await(int report)
{
	struct pollfd p = { .fd = report, .events = POLLIN };
	const int ready = poll(&p, 1, START_PATIENCE_MS);

	return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

/* Until the new process has become charon, or failed. */
static int follow(int report, const char *path, int *listener, struct ipc_message *m)
{
	bool ready = false;
	int error, got;

	for (;;) {
		error = await(report);
		if (error && error != -EINTR)
			return error;
		got = ipc_receive(report, m);
		if (got == 0)
			return ready ? 0 : -EPIPE;
		if (got == -EAGAIN)
			continue;
		if (got < 0)
			return got;
		if (m->type == START_READY) {
			ready = true;
			*listener = m->fd_count == 1 ? m->fds[0] : -1;
		} else if (m->type == START_FAILED && m->length == sizeof(struct failure)) {
			say_failure(path, (const struct failure *)m->payload);
			return ((const struct failure *)m->payload)->error;
		}
	}
}

/* A process that did not become charon is taken away again. */
static void undo(struct launcher_charon *c)
{
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	launcher_charon_done(c);
}

static int supervise(const char *path, int report, struct launcher_charon *out)
{
	struct ipc_message *m = calloc(1, sizeof *m);
	int error;

	if (!m)
		return -ENOMEM;
	out->pidfd = (int)syscall(SYS_pidfd_open, out->pid, 0);
	error = out->pidfd < 0 ? -errno : follow(report, path, &out->listener, m);
	free(m);
	return error;
}

static int start(const char *path, const char *conf_path, const int log[2], const int report[2],
		 struct launcher_charon *out)
{
	const pid_t launcher = getpid();
	int error;

	out->pid = fork();
	if (out->pid == 0)
		become_charon(path, conf_path, launcher, log[1], report[1]);
	error = out->pid < 0 ? -errno : 0;
	close(report[1]); /* else its end would never be seen */
	if (!error)
		error = supervise(path, report[0], out);
	close(report[0]);
	return error;
}

int launcher_start(const char *charon_path, const char *conf_path, struct launcher_charon *out)
{
	int log[2], report[2];
	int error;

	*out = (struct launcher_charon){ .pid = -1, .pidfd = -1, .listener = -1, .log = -1 };
	if (pipe2(log, O_CLOEXEC) < 0)
		return -errno;
	out->log = log[0];
	error = ipc_pair(report);
	if (!error && fcntl(log[0], F_SETFL, O_NONBLOCK) < 0)
		error = -errno;
	if (!error)
		error = start(charon_path, conf_path, log, report, out);
	close(log[1]);
	if (error)
		undo(out);
	return error;
}

void launcher_charon_done(struct launcher_charon *c)
{
	const int fds[] = { c->pidfd, c->listener, c->log };

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	*c = (struct launcher_charon){ .pid = -1, .pidfd = -1, .listener = -1, .log = -1 };
}
