/*
 * keeper_state: the keeper's whole state, shared by its loop and its answers to requests.
 * Private to src/keeper.
 */
#ifndef DMVPN_KEEPER_KEEPER_STATE_H
#define DMVPN_KEEPER_KEEPER_STATE_H

#include "base/instant.h"
#include "base/ipc.h"
#include "keeper/bfdd.h"
#include "keeper/child.h"
#include "keeper/held.h"
#include "keeper/ike.h"
#include "keeper/keeper.h"

/*
 *   STARTING --READY--> RUNNING --signal--> STOPPING --STOPPED, 3 s--> ENDED
 *      +------- FAIL, control process dies, signal ----------------------^
 */
enum keeper_phase { KEEPER_STARTING, KEEPER_RUNNING, KEEPER_STOPPING, KEEPER_ENDED };

struct keeper {
	const struct keeper_options *options;
	enum keeper_phase phase;
	int exit_code;
	struct instant stop_at; /* while STOPPING: when patience ends */
	struct child control;
	struct child forwarder;
	struct child launcher;  /* of charon; runs from KEEPER_IKE_START on */
	bool linked;            /* the two hold a socket pair between them */
	int signal_fd;
	int lock_fd, namespace_fd;
	int listen_fd;
	char forwarder_path[4096], launcher_path[4096];
	const char *charon_path;
	struct held held;
	struct ike ike;
	struct bfdd bfdd;
	struct ipc_message message;
};

struct instant keeper_now(void);
/* Says one line on stderr. */
void keeper_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Sends to a child. One that does not read for so long that its buffer is full is killed,
 * and comes back by the usual way. */
void keeper_send(struct child *c, uint16_t type, const void *payload, size_t length,
		 const int *fds, size_t fd_count);
void keeper_end(struct keeper *k, int exit_code);

/* Does what one message of the control process asks (k->message). */
void keeper_request_handle(struct keeper *k);

#endif
