#include "lab/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/memory.h"

int netns_enter(const char *netns)
{
	char path[128];
	int fd, r = 0;

	if (!netns)
		return 0;
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (setns(fd, CLONE_NEWNET) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* The runner ignores or catches signals; what it starts begins with a clean slate. */
static void reset_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
}

static void child_exec(const char *netns, char *const argv[], int in, int out)
{
	if (netns_enter(netns) < 0) {
		fprintf(stderr, "cannot enter namespace %s\n", netns);
		_exit(126);
	}
	/* A session of its own: Ctrl-C reaches the runner only, which then cleans up. */
	setsid();
	reset_signals();
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* Feeds input and collects output until the child has closed its end. */
static void exchange(int to, int from, const char *input, char **output)
{
	size_t left = input ? strlen(input) : 0, length = 0, size = 4096;
	char *text = lab_calloc(1, size);

	for (;;) {
		struct pollfd p[2] = { { .fd = from, .events = POLLIN },
				       { .fd = left ? to : -1, .events = POLLOUT } };
		ssize_t n;

		if (!left && to >= 0) {
			close(to);
			to = -1;
		}
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		if (p[1].revents) {
			n = write(to, input, left);
			left = n > 0 ? left - (size_t)n : 0;
			input += n > 0 ? n : 0;
		}
		if (!p[0].revents)
			continue;
		if (length + 1 >= size) {
			size *= 2;
			text = realloc(text, size);
			if (!text)
				abort();
		}
		n = read(from, text + length, size - length - 1);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			break;
		length += (size_t)n;
	}
	text[length] = 0;
	if (to >= 0)
		close(to);
	if (output)
		*output = text;
	else
		free(text);
}

static int reap(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_wait(const char *netns, char *const argv[], const char *input, char **output)
{
	int in[2], out[2];
	pid_t pid;

	if (output)
		*output = NULL;
	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return -errno;
	}
	pid = fork();
	if (pid == 0)
		child_exec(netns, argv, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (pid < 0) {
		close(in[1]);
		close(out[0]);
		return -errno;
	}
	exchange(in[1], out[0], input, output);
	close(out[0]);
	return reap(pid);
}

pid_t run_start(const char *netns, char *const argv[], int nice_by, const char *log)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	pid_t pid = -1;
	int r = 0;

	if (in < 0 || out < 0) {
		r = -errno;
	} else {
		pid = fork();
		if (pid < 0)
			r = -errno;
		if (pid == 0) {
			errno = 0;
			if (nice_by && nice(nice_by) == -1 && errno)
				fprintf(stderr, "%s: nice value %d: %s\n", argv[0], nice_by, strerror(errno));
			child_exec(netns, argv, in, out);
		}
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return r < 0 ? r : pid;
}

static void write_setting(const char *setting)
{
	const char *value = strchr(setting, '=');
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/%.*s", (int)(value - setting), setting);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, value + 1, strlen(value + 1)) < 0)
		fprintf(stderr, "%s: %s\n", setting, strerror(errno));
	close(fd);
}

int run_sysctls(const char *netns, const char *const *settings)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		if (netns_enter(netns) < 0)
			_exit(1);
		for (; *settings; settings++)
			write_setting(*settings);
		_exit(0);
	}
	return reap(pid) == 0 ? 0 : -EIO;
}
