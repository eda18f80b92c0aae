/*
 * fwd_control: what the control process says changes the tables; what it asks is answered.
 */
#ifndef DMVPN_FORWARD_FWD_CONTROL_H
#define DMVPN_FORWARD_FWD_CONTROL_H

#include "forward/worker.h"

int tables_init(struct tables *t); /* 0 or -ENOMEM */
void tables_done(struct tables *t);

/* A new control process is there: tells it all peers that are held. */
void fwd_control_greet(struct worker *w);

/* One message of it. false: malformed or unknown; nothing was changed. */
bool fwd_control_message(struct worker *w, uint16_t type, const void *payload, size_t length);

#endif
