/*
 * sa_control: what the control process says of sessions and SAs, and what it is told of all
 * of them at once.
 */
#ifndef DMVPN_FORWARD_SA_CONTROL_H
#define DMVPN_FORWARD_SA_CONTROL_H

#include "forward/worker.h"

/* One FORWARD_SESSION_… or FORWARD_SA_… message. false: malformed, or nothing of that name;
 * nothing was changed. */
bool sa_control_message(struct worker *w, uint16_t type, const void *payload, size_t length);

/* FORWARD_SESSION_HELD and FORWARD_SA_HELD of all. */
void sa_control_held(struct worker *w);
/* FORWARD_SA_STATE of all. */
void sa_control_counters(struct worker *w);
/* Drops what FORWARD_SESSION_SET has not named since FORWARD_SYNC_BEGIN. */
void sa_control_sweep(struct worker *w);

#endif
