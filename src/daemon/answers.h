/*
 * answers: the control socket's requests and what they are answered.
 */
#ifndef DMVPN_DAEMON_ANSWERS_H
#define DMVPN_DAEMON_ANSWERS_H

#include "base/ipc.h"

struct daemon;

int answers_start(struct daemon *d, int listen_fd); /* 0 or -errno */
void answers_stop(struct daemon *d);
/* A message of the forwarder that may be a counter. */
void counters_take(struct daemon *d, const struct ipc_message *m);

#endif
