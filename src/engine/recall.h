/*
 * recall: clients that an earlier life of this router knew are called back after a restart:
 * each gets a Purge Request for its own address, upon which it registers again at once
 * (docs/decisions/0003). What the earlier life knew is used for nothing else.
 */
#ifndef DMVPN_ENGINE_RECALL_H
#define DMVPN_ENGINE_RECALL_H

#include "engine/state.h"

/* EVENT_NEIGHBOUR_KNOWN: an overlay address, and the peer that it led to. */
void recall_note(struct engine *e, uint32_t tunnel, const struct ipaddr *addr, const struct endpoint *nbma);
void recall_due(struct engine *e); /* the timer */
void recalls_free(struct engine *e);

#endif
