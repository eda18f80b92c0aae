/*
 * keeper_client: the control process's end of its socket to the keeper. Requests wait for
 * the answer (the keeper is on this machine and does nothing else); what the keeper says of
 * its own accord meanwhile is kept in order for keeper_client_next().
 */
#ifndef DMVPN_DAEMON_KEEPER_CLIENT_H
#define DMVPN_DAEMON_KEEPER_CLIENT_H

#include "base/ipc.h"
#include "keeper/keeper_msg.h"

struct keeper_pending {
	struct keeper_pending *next;
	struct ipc_message *message;
};

struct keeper_client {
	int fd;
	uint32_t seq;
	struct keeper_pending *first, **last;
};

void keeper_client_init(struct keeper_client *k, int fd);

/*
 * The next message of the keeper, waiting up to timeout_ms for it (0: not at all). The
 * caller frees it. NULL with *error 0 when there is none, -EPIPE when the keeper is gone.
 */
struct ipc_message *keeper_client_next(struct keeper_client *k, int timeout_ms, int *error);

/* Requests; 0 or -errno, with the keeper's words in text (KEEPER_TEXT bytes). */
enum { KEEPER_TEXT = 200 };
int keeper_open_config(struct keeper_client *k, int *fd, char text[KEEPER_TEXT]);
/* Of a file that the configuration names, relative to its folder. */
int keeper_open_file(struct keeper_client *k, const char *path, int *fd, char text[KEEPER_TEXT]);
int keeper_open_tap(struct keeper_client *k, struct keeper_tap tap, char text[KEEPER_TEXT]);
int keeper_close_tap(struct keeper_client *k, struct keeper_tap tap);
int keeper_open_raw(struct keeper_client *k, struct keeper_raw raw, char text[KEEPER_TEXT]);
int keeper_close_raw(struct keeper_client *k, uint32_t id);
/* charon is to run, with these settings (seq is ours to fill in); charon hangs, start it again. */
int keeper_start_ike(struct keeper_client *k, struct keeper_ike ike, char text[KEEPER_TEXT]);
int keeper_restart_ike(struct keeper_client *k, char text[KEEPER_TEXT]);

/* These have no answer. */
void keeper_say_ready(struct keeper_client *k);
void keeper_say_bfd_wanted(struct keeper_client *k);
void keeper_say_stopped(struct keeper_client *k);
void keeper_say_fail(struct keeper_client *k, int exit_code);

#endif
