/*
 * make_view: everything that can be shown, gathered at one moment. Borrows from the engine
 * and from the daemon; to be used and freed before anything else happens.
 */
#ifndef DMVPN_DAEMON_MAKE_VIEW_H
#define DMVPN_DAEMON_MAKE_VIEW_H

#include "control/view.h"

struct daemon;
struct counters;

struct made_view {
	struct view view;
	void *owned[24]; /* arrays that the view points to */
	size_t owned_count;
};

struct made_view *make_view(struct daemon *d, const struct counters *c); /* NULL when out of memory */
/* An array that the view owns; at least one entry, so that NULL means out of memory. */
void *view_take(struct made_view *m, size_t count, size_t size);
void free_view(struct made_view *m); /* NULL is fine */

#endif
