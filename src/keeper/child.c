#include "keeper/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ipc.h"
#include "keeper/keeper_msg.h"

static const struct span backoff_first = { 100 * 1000 };
static const struct span backoff_last = { 2000 * 1000 };
static const struct span long_life = { 5000 * 1000 };

void child_init(struct child *c, const char *path, const char *argv0, const char *first, const char *second)
{
	*c = (struct child){ .path = path, .argv = { argv0, first, second, NULL }, .fd = -1,
			     .restart_at = INSTANT_NEVER };
}

bool child_running(const struct child *c)
{
	return c->pid != 0;
}

/* In the new process, where only plain system calls are safe. */
static _Noreturn void child_exec(const struct child *c, int fd)
{
	static const char failed[] = "dmvpnd: cannot start ";
	sigset_t none;
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	if (fd == KEEPER_FD)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, KEEPER_FD);
	execv(c->path, (char *const *)(uintptr_t)c->argv);
	(void)!write(STDERR_FILENO, failed, sizeof failed - 1);
	(void)!write(STDERR_FILENO, c->path, strlen(c->path));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(127);
}

int child_start(struct child *c, struct instant now)
{
	int fds[2];
	int error = ipc_pair(fds);
	pid_t pid;

	if (error)
		return error;
	pid = fork();
	if (pid == 0)
		child_exec(c, fds[1]);
	error = pid < 0 ? -errno : 0;
	close(fds[1]);
	if (error) {
		close(fds[0]);
		return error;
	}
	c->pid = pid;
	c->fd = fds[0];
	c->starts++;
	c->started_at = now;
	c->restart_at = INSTANT_NEVER;
	return 0;
}

void child_died(struct child *c, struct instant now)
{
	child_close(c);
	c->pid = 0;
	if (instant_since(now, c->started_at).us > long_life.us)
		c->backoff = (struct span){ 0 };
	c->restart_at = instant_add(now, c->backoff);
	c->backoff.us = c->backoff.us * 2 < backoff_last.us ? c->backoff.us * 2 : backoff_last.us;
	if (c->backoff.us == 0)
		c->backoff = backoff_first;
}

void child_close(struct child *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
