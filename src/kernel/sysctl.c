#include "kernel/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_entry(const char *path, int flags)
{
	char full[SYSCTL_PATH_MAX + 16];
	int fd;

	if ((size_t)snprintf(full, sizeof full, "/proc/sys/%s", path) >= sizeof full)
		return -ENAMETOOLONG;
	fd = open(full, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_read(const char *path, char *out, size_t size)
{
	int fd = open_entry(path, O_RDONLY);
	ssize_t n;
	int error;

	if (fd < 0)
		return fd;
	n = read(fd, out, size - 1);
	error = errno;
	close(fd);
	if (n < 0)
		return -error;
	while (n > 0 && out[n - 1] == '\n')
		n--;
	out[n] = '\0';
	return 0;
}

static int write_entry(const char *path, const char *value)
{
	int fd = open_entry(path, O_WRONLY);
	size_t length = strlen(value);
	ssize_t n;
	int error;

	if (fd < 0)
		return fd;
	n = write(fd, value, length);
	error = errno;
	close(fd);
	return n < 0 ? -error : (size_t)n == length ? 0 : -EIO;
}

static struct sysctl *find(struct sysctl_set *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->entries[i].path, path) == 0)
			return &s->entries[i];
	}
	return NULL;
}

int sysctl_apply(struct sysctl_set *s, const char *path, const char *value)
{
	struct sysctl *e = find(s, path);
	struct sysctl fresh = { 0 };
	int rc;

	if (!e && s->count == SYSCTLS_MAX)
		return -ENOSPC;
	rc = sysctl_read(path, fresh.before, sizeof fresh.before);
	if (rc == 0)
		rc = write_entry(path, value);
	if (rc < 0)
		return rc;
	if (!e) {
		snprintf(fresh.path, sizeof fresh.path, "%s", path);
		e = &s->entries[s->count++];
		*e = fresh;
	}
	snprintf(e->value, sizeof e->value, "%s", value);
	return 0;
}

void sysctl_restore(struct sysctl_set *s)
{
	while (s->count > 0) {
		struct sysctl *e = &s->entries[--s->count];

		write_entry(e->path, e->before);
	}
}
