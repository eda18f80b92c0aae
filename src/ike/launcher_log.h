/*
 * launcher_log: what charon writes to its stderr, line by line on ours behind a prefix, and
 * no more of it than a log can bear.
 */
#ifndef DMVPN_IKE_LAUNCHER_LOG_H
#define DMVPN_IKE_LAUNCHER_LOG_H

#include <stddef.h>

#include "base/instant.h"

struct launcher_log {
	int fd;            /* read end of charon's stdout and stderr, -1: ended */
	size_t length;
	char line[1024];
	unsigned tokens;   /* lines that may be written at once */
	unsigned long long kept_back;
	struct instant refilled_at;
};

void launcher_log_init(struct launcher_log *l, int fd, struct instant now);
/* Reads what there is. */
void launcher_log_read(struct launcher_log *l, struct instant now);
void launcher_log_done(struct launcher_log *l);

#endif
