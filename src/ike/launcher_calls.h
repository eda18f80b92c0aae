/*
 * launcher_calls: answers the system calls of charon that the filter caught (launcher.h).
 */
#ifndef DMVPN_IKE_LAUNCHER_CALLS_H
#define DMVPN_IKE_LAUNCHER_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct launcher_calls {
	int listener;  /* of the filter */
	int keeper_fd; /* takes our ends of the XFRM sockets */
	int pidfd;     /* charon */
	pid_t pid;
	bool kernel;   /* charon keeps its XFRM sockets, and UDP_ENCAP on its port */
};

/* Answers one notification, if there is one. 0, or -errno once charon cannot go on: what
 * failed has been said on stderr. */
int launcher_calls_answer(const struct launcher_calls *c);

/* Says on stderr that a call on charon's behalf failed, and that AppArmor may be the cause
 * where it may. */
void launcher_say_denied(const char *what, int error);

#endif
