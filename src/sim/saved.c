#include "sim/saved.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/saved.h"

void saved_drop(struct router *r)
{
	free(r->saved);
	r->saved = NULL;
	r->saved_count = 0;
}

/* On protected tunnels the daemon waits for sessions, which the next registration brings here as well. */
void saved_keep(struct world *w, struct router *r)
{
	struct saved_cursor c = { 0 };
	struct event ev;

	saved_drop(r);
	r->saved_at = w->now;
	while (w->scenario->saved && !w->scenario->protected_ && saved_next(r->engine, &c, &ev)) {
		r->saved = alloc_array(r->saved, r->saved_count + 1, sizeof *r->saved);
		r->saved[r->saved_count] = ev;
		r->saved[r->saved_count++].saved.identity = NULL;
	}
}

static void tell_some(struct world *w, struct router *r, bool is_restart, bool networks)
{
	const struct span elapsed = instant_since(w->now, r->saved_at);

	for (size_t i = 0; i < r->saved_count && r->engine; i++) {
		struct event ev = r->saved[i];

		ev.saved.left.us -= elapsed.us;
		if (ev.saved.network == networks && ev.saved.left.us > 0 && (ev.saved.registered || is_restart))
			world_tell(w, r, &ev);
	}
}

void saved_tell(struct world *w, struct router *r, bool is_restart)
{
	tell_some(w, r, is_restart, false);
	tell_some(w, r, is_restart, true);
	saved_drop(r);
}
