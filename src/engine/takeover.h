/*
 * takeover: a registration that waits for word of who holds its address (server.c): one for each overlay, the latest.
 * When the holder turns out to be dead it is handled as if it came now, so that a client that has moved need not repeat
 * it, and routing does not hear of a death that is none. Otherwise the client repeats it, and is refused.
 */
#ifndef DMVPN_ENGINE_TAKEOVER_H
#define DMVPN_ENGINE_TAKEOVER_H

#include "engine/tunnel.h"

struct takeover;

/* The message under way, from `from`, claims addr, which is held at `holder`. */
void takeover_hold(struct overlay *o, const struct endpoint *from, const struct ipaddr *addr, const struct endpoint *holder);
/* true: somebody waits for just that; routing will be told by takeovers_due() if nothing comes of it. */
bool takeover_of_dead(struct overlay *o, const struct ipaddr *addr, const struct endpoint *holder);
void takeovers_due(struct engine *e); /* at the end of every event */
void takeover_free(struct overlay *o);

#endif
