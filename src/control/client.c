#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_MAX = 64 * 1024 * 1024, UNREACHABLE = 2 };

struct reply {
	char *bytes;
	size_t length, size;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fail(char **body, size_t *length, const char *path, const char *what, int error)
{
	char text[512];
	int n = snprintf(text, sizeof text, "%s: %s%s%s", path, what, error ? ": " : "",
			 error ? strerror(error) : "");

	*body = strdup(text);
	*length = *body && n > 0 ? strlen(*body) : 0;
	return UNREACHABLE;
}

static int connect_to(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sun.sun_path)
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

static int send_line(int fd, const char *request)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "%s\n", request);

	if (n < 0 || (size_t)n >= sizeof line)
		return -EMSGSIZE;
	/* A daemon that hung up already may have said why: its answer is read all the same. */
	return send(fd, line, (size_t)n, MSG_NOSIGNAL) == n || errno == EPIPE ? 0 : -EIO;
}

static int grow(struct reply *r)
{
	size_t size = r->size ? r->size * 2 : 4096;
	char *bytes;

	if (size > REPLY_MAX)
		return -EMSGSIZE;
	bytes = realloc(r->bytes, size + 1);
	if (!bytes)
		return -ENOMEM;
	r->bytes = bytes;
	r->size = size;
	return 0;
}

static int read_to_end(int fd, int64_t deadline_ms, struct reply *r)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline_ms - now_ms();
		ssize_t n;
		int rc = r->length == r->size ? grow(r) : 0;

		if (rc < 0)
			return rc;
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = read(fd, r->bytes + r->length, r->size - r->length);
		if (n < 0 && errno == EINTR)
			continue;
		/* It hung up before it had read the request. */
		if (n == 0 || (n < 0 && errno == ECONNRESET && r->length))
			break;
		if (n < 0)
			return -errno;
		r->length += (size_t)n;
	}
	r->bytes[r->length] = '\0';
	return 0;
}

/* Splits status line and body; the reply's buffer becomes the body. */
static int take_status(struct reply *r, char **body, size_t *length)
{
	char *end = memchr(r->bytes, '\n', r->length);
	size_t head;
	int rc = UNREACHABLE;

	if (!end)
		return -EPROTO;
	*end = '\0';
	head = (size_t)(end + 1 - r->bytes);
	if (strcmp(r->bytes, "ok") == 0) {
		memmove(r->bytes, r->bytes + head, r->length - head + 1);
		*length = r->length - head;
		*body = r->bytes;
		return 0;
	}
	if (sscanf(r->bytes, "error %d", &rc) != 1 || rc < 1 || rc > 255)
		return -EPROTO;
	{
		/* The text of the status line, and the body below it when there is one. */
		const char *text = r->bytes + strlen("error ");
		size_t rest = r->length - head;

		while (*text && *text != ' ')
			text++;
		while (*text == ' ')
			text++;
		*body = malloc(strlen(text) + rest + 2);
		if (*body)
			sprintf(*body, "%s%s%s", text, rest ? "\n" : "", r->bytes + head);
		*length = *body ? strlen(*body) : 0;
		while (*length > 0 && (*body)[*length - 1] == '\n')
			(*body)[--*length] = '\0';
	}
	free(r->bytes);
	return rc;
}

int control_request(const char *socket_path, const char *request, int timeout_ms, char **body, size_t *length)
{
	struct reply reply = { 0 };
	int64_t deadline_ms = now_ms() + timeout_ms;
	int fd, rc;

	*body = NULL;
	*length = 0;
	fd = connect_to(socket_path);
	if (fd < 0)
		return fail(body, length, socket_path,
			    fd == -ENOENT || fd == -ECONNREFUSED ? "no daemon answers here" : "cannot connect", -fd);
	rc = send_line(fd, request);
	if (rc == 0)
		rc = read_to_end(fd, deadline_ms, &reply);
	close(fd);
	if (rc == 0)
		rc = take_status(&reply, body, length);
	if (rc >= 0)
		return rc;
	free(reply.bytes);
	return fail(body, length, socket_path,
		    rc == -ETIMEDOUT ? "the daemon does not answer" : "the daemon's answer is broken", -rc);
}
