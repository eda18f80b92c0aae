#include "keeper/run_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "keeper/keeper.h"

enum { BACKLOG = 16 };

static int path_join(char *out, size_t size, const char *path, const char *name)
{
	const int length = snprintf(out, size, "%s/%s", path, name);

	return length < 0 || (size_t)length >= size ? -ENAMETOOLONG : 0;
}

static int complain(const char *what, const char *path, int error)
{
	fprintf(stderr, "dmvpnd: cannot %s %s: %s\n", what, path, strerror(-error));
	return error;
}

int run_dir_create(const char *path)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length == 0 || length >= sizeof part)
		return complain("create", path, length ? -ENAMETOOLONG : -ENOENT);
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return complain("create", part, -errno);
	}
	return 0;
}

int run_dir_lock(const char *path, int *fd)
{
	char name[PATH_MAX];
	int error = path_join(name, sizeof name, path, KEEPER_LOCK_NAME);

	if (error)
		return complain("lock", path, error);
	*fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return complain("open", name, -errno);
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	error = -errno;
	close(*fd);
	*fd = -1;
	if (error == -EWOULDBLOCK)
		fprintf(stderr, "dmvpnd: another dmvpnd runs with %s; give this one another --run-dir\n", path);
	else
		complain("lock", name, error);
	return error;
}

int run_dir_lock_namespace(int *fd)
{
	/* Abstract names belong to the network namespace and go with their last socket. */
	static const char name[] = "dmvpnd";
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int error;

	memcpy(addr.sun_path + 1, name, sizeof name - 1);
	*fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 &&
	    bind(*fd, (struct sockaddr *)&addr, offsetof(struct sockaddr_un, sun_path) + sizeof name) == 0)
		return 0;
	error = -errno;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	if (error == -EADDRINUSE)
		fputs("dmvpnd: another dmvpnd runs in this network namespace; stop it, or give this one a namespace "
		      "of its own\n", stderr);
	else
		complain("lock", "the network namespace", error);
	return error;
}

int run_dir_listen(const char *path, const char *name, int *fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int error = path_join(addr.sun_path, sizeof addr.sun_path, path, name);
	mode_t mask;

	if (error)
		return complain("listen in", path, error);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return complain("listen in", path, -errno);
	if (unlink(addr.sun_path) < 0 && errno != ENOENT)
		error = -errno;
	mask = umask(0177);
	if (!error && (bind(*fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(*fd, BACKLOG) < 0))
		error = -errno;
	umask(mask);
	if (!error)
		return 0;
	close(*fd);
	*fd = -1;
	return complain("listen at", addr.sun_path, error);
}

int run_dir_write_pid(const char *path, const char *name, pid_t pid)
{
	char full[PATH_MAX], temporary[PATH_MAX];
	int error = path_join(full, sizeof full, path, name);
	FILE *f;

	if (!error && snprintf(temporary, sizeof temporary, "%s.new", full) >= (int)sizeof temporary)
		error = -ENAMETOOLONG;
	if (error)
		return complain("write", path, error);
	f = fopen(temporary, "we");
	if (!f)
		return complain("write", temporary, -errno);
	fprintf(f, "%d\n", (int)pid);
	if (fclose(f) != 0 || rename(temporary, full) < 0)
		return complain("write", full, -errno);
	return 0;
}

void run_dir_unlink(const char *path, const char *name)
{
	char full[PATH_MAX];

	if (path_join(full, sizeof full, path, name) == 0)
		unlink(full);
}
