/* saved: what a router's engine leaves for the next one, as the daemon's file does it (engine/saved.h). */
#ifndef DMVPN_SIM_SAVED_H
#define DMVPN_SIM_SAVED_H

#include "sim/world.h"

void saved_keep(struct world *w, struct router *r);    /* the engine is about to go */
/* The new one is told. is_restart: the data path has lived on. */
void saved_tell(struct world *w, struct router *r, bool is_restart);
void saved_drop(struct router *r);

#endif
