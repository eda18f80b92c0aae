/*
 * held: the duplicates of devices and sockets that outlive the keeper's children.
 * Fixed tables: the keeper's memory does not grow while it runs.
 */
#ifndef DMVPN_KEEPER_HELD_H
#define DMVPN_KEEPER_HELD_H

#include <stdbool.h>
#include <stddef.h>

#include "keeper/device.h"
#include "keeper/keeper_msg.h"

enum { HELD_TAPS_MAX = 1024, HELD_RAWS_MAX = 1024 };

struct held_tap {
	struct keeper_tap tap;
	int fd;
};

struct held_raw {
	struct keeper_raw raw;
	int fds[2]; /* as device_raw_open() gives them */
};

struct held {
	size_t tap_count, raw_count;
	struct held_tap taps[HELD_TAPS_MAX]; /* in the order of opening */
	struct held_raw raws[HELD_RAWS_MAX];
};

/* Opens and keeps. *is_new is false when the very same thing was held already. 0 or
 * -errno with text[]. */
int held_tap_open(struct held *h, const struct keeper_tap *tap, const struct held_tap **out,
		  bool *is_new, char text[DEVICE_TEXT_MAX]);
int held_raw_open(struct held *h, const struct keeper_raw *raw, const struct held_raw **out,
		  bool *is_new, char text[DEVICE_TEXT_MAX]);
/* By tunnel number, by raw id. -ENOENT when it is not held. */
int held_tap_close(struct held *h, uint32_t tunnel);
int held_raw_close(struct held *h, uint32_t id);
void held_done(struct held *h);

/* Memory for a child's state that is to outlive it. 0 or -errno. */
int held_memory_make(const char *name, int *fd);

#endif
