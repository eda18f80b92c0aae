/*
 * lie: a spoke of the network that claims what belongs to the next spoke.
 */
#ifndef DMVPN_SIM_LIE_H
#define DMVPN_SIM_LIE_H

#include "sim/world.h"
#include "wire/nhrp.h"

/*
 * Before a liar's message goes out: beside a registration of its own it registers its neighbour's
 * address and purges it; an answer about its own network becomes one about all networks (written to
 * out, which *m then refers to).
 */
void lie_instead(struct world *w, struct router *r, struct underlay_message *m, uint8_t out[NHRP_MESSAGE_MAX]);

#endif
