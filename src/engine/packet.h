/* packet: a received NHRP message: checked once, then handed to the noun that it concerns. */
#ifndef DMVPN_ENGINE_PACKET_H
#define DMVPN_ENGINE_PACKET_H

#include "engine/state.h"

void packet_received(struct engine *e, const struct event *ev); /* EVENT_PACKET */

#endif
