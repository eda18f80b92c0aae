#include "kernel/tool.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* A file in memory, read from its beginning. fd or -errno. */
static int memory_file(const char *text)
{
	int fd = memfd_create("tool", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text) || lseek(fd, 0, SEEK_SET) != 0) {
		close(fd);
		return -EIO;
	}
	return fd;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EINVAL;
}

static int spawn(char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t actions;
	char path[64];
	pid_t pid;
	int rc;

	snprintf(path, sizeof path, "/usr/sbin/%s", argv[0]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	rc = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	if (rc == ENOENT)
		rc = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc != 0 ? -rc : wait_for(pid);
}

int tool_run(char *const argv[], const char *input, char *error, size_t error_size)
{
	int in = memory_file(input), out = memory_file("");
	int rc = in < 0 ? in : out < 0 ? out : spawn(argv, in, out);

	error[0] = '\0';
	if (rc < 0 && out >= 0) {
		ssize_t n = pread(out, error, error_size - 1, 0);

		error[n > 0 ? n : 0] = '\0';
		error[strcspn(error, "\n")] = '\0';
	}
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return rc;
}
