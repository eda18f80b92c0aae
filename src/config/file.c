/* file: the bytes of a configuration file, within bounds of size and of time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

enum { PIPE_PATIENCE_MS = 1000 };

static const char too_large[] = "is larger than 16 MB";

/* A pipe that does not block: waits a while for what comes next. */
static const char *await_more(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	const int n = poll(&p, 1, PIPE_PATIENCE_MS);

	if (n < 0 && errno != EINTR)
		return strerror(errno);
	return n == 0 ? "is a pipe or device that nothing comes out of" : NULL;
}

/* One read into bytes[*used..room]; NULL, or why the file cannot be read. */
static const char *read_some(int fd, char *bytes, size_t room, size_t *used, bool *at_end)
{
	const ssize_t got = read(fd, bytes + *used, room - *used);

	if (got < 0 && errno == EAGAIN)
		return await_more(fd);
	if (got < 0)
		return errno == EINTR ? NULL : strerror(errno);
	*at_end = got == 0;
	*used += (size_t)got;
	return *used > CONFIG_FILE_MAX ? too_large : NULL;
}

static const char *size_refused(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	return S_ISREG(st.st_mode) && st.st_size > CONFIG_FILE_MAX ? too_large : NULL;
}

char *config_read_bytes(int fd, const char *name, size_t *length, char *error, size_t error_size)
{
	const char *why = size_refused(fd);
	size_t room = 65536;
	char *bytes = why ? NULL : malloc(room);
	bool at_end = false;

	*length = 0;
	while (bytes && !why && !at_end) {
		if (*length == room) {
			char *wide = realloc(bytes, room *= 2);

			if (!wide)
				free(bytes);
			bytes = wide;
		}
		if (bytes)
			why = read_some(fd, bytes, room, length, &at_end);
	}
	if (bytes && !why)
		return bytes;
	snprintf(error, error_size, "%s: %s", name, why ? why : "out of memory");
	free(bytes);
	return NULL;
}

struct config *config_read_file(const char *path, char *error, size_t error_size)
{
	/* Opening a FIFO must not wait for its writer. */
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct config *c = NULL;
	size_t length;
	char *bytes;

	if (fd < 0) {
		snprintf(error, error_size, "%s: %s", path, strerror(errno));
		return NULL;
	}
	bytes = config_read_bytes(fd, path, &length, error, error_size);
	if (bytes)
		c = config_read_text(path, bytes, length, error, error_size);
	free(bytes);
	close(fd);
	return c;
}
