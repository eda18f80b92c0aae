/*
 * output: the queue of effects, and traces formatted into it.
 */
#ifndef DMVPN_ENGINE_OUTPUT_H
#define DMVPN_ENGINE_OUTPUT_H

#include "engine/state.h"

/* A new effect at the end of the queue, to be filled in at once. blob (may be NULL) is
 * malloc'd memory that the effect refers to; the queue owns it from now on. */
struct effect *output_push(struct engine *e, enum effect_type type, uint32_t tunnel, void *blob);
void output_send(struct engine *e, uint32_t tunnel, const struct endpoint *to, uint64_t peer,
		 const uint8_t *bytes, size_t length);
void output_done(struct engine *e);

/* key=value …; never a secret. */
void trace(struct engine *e, uint32_t tunnel, enum trace_severity severity, const char *mnemonic,
	   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Nobody would see it (engine_options.holds_back): for what is expensive to say and said by thousands. trace() asks by itself, too. */
bool trace_is_held_back(const struct engine *e, const char *mnemonic);

/* EFFECT_ROUTING, unless the address is IP_NONE. */
void routing_tell(struct engine *e, uint32_t tunnel, const struct ipaddr *addr, enum routing_word says);

#endif
