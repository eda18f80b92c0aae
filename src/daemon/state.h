/*
 * state: what must survive a restart of the control process and of the machine: numbers that
 * must not be used twice. They are reserved ahead in blocks, so that the file is written
 * seldom; a crash skips the rest of a block.
 */
#ifndef DMVPN_DAEMON_STATE_H
#define DMVPN_DAEMON_STATE_H

#include <stddef.h>
#include <stdint.h>

struct state {
	char path[300];
	uint64_t peer_id;    /* first that may be given out */
	uint32_t request_id; /* first that may be used */
	uint32_t request_reserved;
};

/*
 * Reads `file` in the folder and reserves the next block. A missing file is a first start; one that is
 * broken is ignored. Without a usable folder numbers come from the wall clock. 0, or -errno
 * of writing, with which one may go on.
 */
int state_load(struct state *s, const char *folder, const char *file);
/* Tells the id in use; writes when the block is used up. 0 or -errno. */
int state_note_request(struct state *s, uint32_t used);

/* Writes a whole file under its name at once (mode 0600). 0 or -errno. */
int state_write_file(const char *path, const void *bytes, size_t length);

#endif
