/*
 * engine: NHRP client, server and forwarder of one router (RFC 2332, Cisco's phases 1-3),
 * without sockets, clock, randomness source, threads or logging.
 *
 * Same configuration, seed and events give byte-identical effects. Everything the engine
 * knows of the world comes by engine_handle(); what it wants done is queued and drained by
 * engine_next_effect(). Call engine_handle() with EVENT_TICK when engine_deadline() comes.
 */
#ifndef DMVPN_ENGINE_ENGINE_H
#define DMVPN_ENGINE_ENGINE_H

#include "config/config.h"
#include "engine/effect.h"
#include "engine/event.h"

struct engine;

enum { ENGINE_BINDINGS_MAX = 262144 };

struct engine_options {
	uint64_t seed;         /* jitter, request ids */
	uint64_t peer_id_first; /* first id given out, at least 1, below 2^40 */
	uint32_t request_id_first; /* persisted by the caller so that ids survive a restart */
	/* A line `ip nhrp identity …` is about who authenticated with that identity; NULL: by its very name. */
	bool (*identity_matches)(const struct config_nhrp_identity *line, const char *identity);
	/* Would this trace only be counted, as one too many of its cause? Then it is not made; the function has counted it. NULL: none. */
	bool (*holds_back)(void *arg, struct instant now, const char *mnemonic);
	void *holds_back_arg;
	bool no_route_hold;    /* routing's withdrawals are believed at once, whatever the configuration */
	size_t bindings_max;   /* over all tunnels; 0: ENGINE_BINDINGS_MAX. Beyond it: code 5 */
};

/* Copies what it needs of the configuration. NULL when out of memory. */
struct engine *engine_new(const struct config *c, const struct engine_options *o, struct instant now);
void engine_free(struct engine *e); /* NULL is fine */

void engine_handle(struct engine *e, struct instant now, const struct event *ev);
bool engine_next_effect(struct engine *e, struct effect *out); /* false: none left */
struct instant engine_deadline(const struct engine *e);        /* INSTANT_NEVER when idle */

/*
 * Changes to another configuration, already checked. Tunnels that are the same in both are
 * not touched; a changed hold time or NHS list is applied in place.
 */
void engine_reconfigure(struct engine *e, struct instant now, const struct config *c);

/* Would it make anything of an EVENT_QUIET that is only guessed? */
bool engine_wants_guesses(const struct engine *e, uint32_t tunnel);

/* The last request id used, for the caller to save. */
uint32_t engine_request_id(const struct engine *e);

#endif
