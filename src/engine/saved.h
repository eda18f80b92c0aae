/*
 * saved: bindings that go from one life of this router to the next: what clients have registered, and what
 * answers have taught. The caller keeps them meanwhile, with the time that they have left (EVENT_BINDING_SAVED).
 *
 * What is taken up again must still be allowed by the configuration, never replaces what is known already, ends with
 * the time that it had left, and is marked until its client has registered again.
 */
#ifndef DMVPN_ENGINE_SAVED_H
#define DMVPN_ENGINE_SAVED_H

#include "engine/engine.h"

struct binding;

/* Zeroed to start, and good until the engine changes. */
struct saved_cursor {
	size_t tunnel, family;
	const struct binding *last; /* NULL: at the beginning of the family */
};

/* The next binding worth saving, as the event that brings it back; what it points to is valid until the
 * engine changes. false: no more. A hub saves all it has in one go, so that each costs a step and no look-up. */
bool saved_next(const struct engine *e, struct saved_cursor *c, struct event *out);
/* How often one has come, gone or moved; how often one got more time. */
uint64_t saved_changes(const struct engine *e);
uint64_t saved_renewals(const struct engine *e);

void saved_take(struct engine *e, const struct event *ev); /* EVENT_BINDING_SAVED */

#endif
