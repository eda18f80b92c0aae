#include "ike/launcher_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BURST_LINES = 40, LINES_PER_S = 2 };

void launcher_log_init(struct launcher_log *l, int fd, struct instant now)
{
	*l = (struct launcher_log){ .fd = fd, .tokens = BURST_LINES, .refilled_at = now };
}

static void refill(struct launcher_log *l, struct instant now)
{
	const int64_t s = span_to_s(instant_since(now, l->refilled_at));

	if (s <= 0)
		return;
	l->refilled_at = now;
	l->tokens = s > BURST_LINES || l->tokens + s * LINES_PER_S > BURST_LINES
		    ? BURST_LINES : l->tokens + (unsigned)s * LINES_PER_S;
}

static void line_write(struct launcher_log *l)
{
	if (l->length == 0)
		return;
	if (l->tokens == 0) {
		l->kept_back++;
	} else {
		if (l->kept_back)
			fprintf(stderr, "dmvpn-charon: (%llu lines of charon's not shown)\n", l->kept_back);
		l->kept_back = 0;
		l->tokens--;
		fprintf(stderr, "charon: %.*s\n", (int)l->length, l->line);
	}
	l->length = 0;
}

void launcher_log_read(struct launcher_log *l, struct instant now)
{
	char chunk[4096];
	ssize_t got;

	refill(l, now);
	while (l->fd >= 0 && (got = read(l->fd, chunk, sizeof chunk)) != 0) {
		if (got < 0)
			return;
		for (ssize_t i = 0; i < got; i++) {
			const bool is_end = chunk[i] == '\n';

			if (is_end || l->length == sizeof l->line)
				line_write(l);
			if (!is_end)
				l->line[l->length++] = chunk[i];
		}
	}
	launcher_log_done(l);
}

void launcher_log_done(struct launcher_log *l)
{
	line_write(l);
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}
