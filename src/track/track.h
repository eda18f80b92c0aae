/*
 * track: what a router watches of its uplinks (`ip sla`, `track`) and which interface stands in for
 * which (`backup interface`), without sockets and clock: what happens and the time go in, what
 * shall be done and the next deadline come out. The same input gives the same output.
 */
#ifndef DMVPN_TRACK_TRACK_H
#define DMVPN_TRACK_TRACK_H

#include "track/operation.h"
#include "track/settled.h"

struct track {
	const struct config_track *config;
	struct settled state;
	bool said;             /* what the caller was told last */
	bool known;            /* it was told at all */
	struct instant since;
	uint64_t changes;
};

/* An interface that is down while `primary` is up. */
struct backup {
	const struct config_interface *primary;
	const char *name;
	struct settled wanted;
	bool said, known;
};

struct watch;

/* Borrows the configuration. NULL when out of memory. */
struct watch *watch_new(const struct config *c, struct instant now);
void watch_free(struct watch *w); /* NULL is fine */

/* Before anything else: an earlier life left the track up, and it stays so until its operation has been heard. */
void watch_adopt(struct watch *w, uint32_t track);

/* Of an interface by its kernel name; what was never told of is down. */
void watch_link(struct watch *w, struct instant now, const char *name, bool up, bool addressed);
void watch_answer(struct watch *w, struct instant now, uint32_t sla, uint32_t sequence);
void watch_tick(struct watch *w, struct instant now);
struct instant watch_deadline(const struct watch *w);

enum watch_effect_type {
	WATCH_ECHO,      /* send an echo for this operation */
	WATCH_TRACK,     /* the track is up or down now; also said once at the beginning */
	WATCH_INTERFACE, /* set this interface up, or down */
};

struct watch_effect {
	enum watch_effect_type type;
	const struct operation *operation;
	const struct track *track;
	const struct backup *backup;
};

bool watch_next(struct watch *w, struct watch_effect *out); /* false: nothing more */

/* All there is, in the order of the configuration; tracks by number. */
const struct operation *watch_operations(const struct watch *w, size_t *count);
const struct track *watch_tracks(const struct watch *w, size_t *count);
const struct backup *watch_backups(const struct watch *w, size_t *count);
bool watch_up(const struct watch *w, uint32_t track); /* what the caller was told; false: unknown, too */

enum { WATCH_TEXT_MAX = 120 };
/* "ip sla 1 reachability", and why it is as it is. */
const char *track_what(const struct track *t, char text[WATCH_TEXT_MAX]);
const char *track_why(const struct watch *w, const struct track *t, char text[WATCH_TEXT_MAX]);

#endif
