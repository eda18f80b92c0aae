/*
 * launcher_start: the new process that becomes charon: filter first, then charon's program,
 * with an environment that names our configuration and nothing else.
 */
#ifndef DMVPN_IKE_LAUNCHER_START_H
#define DMVPN_IKE_LAUNCHER_START_H

#include <stdbool.h>
#include <sys/types.h>

struct launcher_charon {
	pid_t pid;
	int pidfd;
	int listener; /* of the filter */
	int log;      /* what it writes to stdout and stderr; non-blocking */
};

/* conf_path: its strongswan.conf. 0 with charon running, or -errno: no process is left and what failed has been said on
 * stderr, with the remedy. */
int launcher_start(const char *charon_path, const char *conf_path, struct launcher_charon *out);
/* Closes what launcher_start() opened; the process must be gone. */
void launcher_charon_done(struct launcher_charon *c);

#endif
