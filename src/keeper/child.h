/*
 * child: one program that the keeper runs, its keeper socket, and when to start it again.
 * After its first death, or a life of over 5 s, it is started again at once; between the next
 * deaths and starts lie 100 ms, doubling up to 2 s.
 */
#ifndef DMVPN_KEEPER_CHILD_H
#define DMVPN_KEEPER_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/instant.h"

struct child {
	const char *path;          /* executable */
	const char *argv[4];
	pid_t pid;                 /* 0: not running */
	int fd;                    /* our end of its keeper socket, -1: none */
	unsigned starts;
	struct instant started_at;
	struct span backoff;
	struct instant restart_at; /* NEVER: not to be started */
};

/* The arguments may be NULL from the first absent one on. */
void child_init(struct child *c, const char *path, const char *argv0, const char *first, const char *second);
/* Starts it at once. 0 or -errno. */
int child_start(struct child *c, struct instant now);
/* After waitpid() has reported it: sets restart_at. */
void child_died(struct child *c, struct instant now);
/* Lets go of our end, upon which the child ends. */
void child_close(struct child *c);
bool child_running(const struct child *c);

#endif
