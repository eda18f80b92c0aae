/*
 * twin: tunnels that a received packet does not tell apart: one local endpoint, one key. Their
 * NHRP messages are told apart by the protocol addresses in them.
 */
#ifndef DMVPN_ENGINE_TWIN_H
#define DMVPN_ENGINE_TWIN_H

#include "engine/tunnel.h"

/*
 * The overlay that a message is for, which came in by t: t's own, or that of a twin of t when the
 * message's addresses say so more clearly. any_key: the message's key is none of t's, so all
 * tunnels of the local endpoint are looked at. NULL: t and its twins have no NHRP of that family.
 */
struct overlay *twin_choose(const struct tunnel *t, const struct endpoint *from, const struct nhrp_message *m,
			    bool any_key);

#endif
