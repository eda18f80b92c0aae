/*
 * session: what a protected router needs before it can send to an endpoint. Both ends must have
 * agreed; each agreement has a number, and what is sent by one is taken only by who knows it. Without
 * protection all of this is absent and everything passes.
 */
#ifndef DMVPN_SIM_SESSION_H
#define DMVPN_SIM_SESSION_H

#include "sim/world.h"

/* Sends at once, or when there is a session: up to 16 messages wait for it, 5 s each. */
void session_send(struct world *w, struct router *from, const struct underlay_message *m);
/* The engine says that the peer exists: a session is wanted. */
void session_want(struct world *w, struct router *r, uint32_t tunnel, const struct ipaddr *remote);
/* Somebody who should answer does not: it begins anew, beside what it has. */
void session_suspect(struct world *w, struct router *r, uint32_t tunnel, const struct ipaddr *remote);
/* The receiver's side. What comes by an agreement that it does not know is dropped, and the sender told. */
bool session_takes(struct world *w, struct router *r, const struct happening *h);
/* Whether packets of that tunnel can be sent to the endpoint, and whether they are taken there. */
bool session_can_send(const struct world *w, const struct router *r, uint32_t tunnel, const struct ipaddr *remote);
bool session_carries(const struct world *w, const struct router *from, const struct router *to, uint32_t tunnel);
/* A data packet was sent that the receiver does not take. */
void session_refused(struct world *w, const struct router *from, const struct router *to, uint32_t tunnel);
void session_negotiated(struct world *w, const struct happening *h); /* HAPPENS_IKE */
void session_told(struct world *w, const struct happening *h);       /* HAPPENS_NOTICE */
void sessions_drop_waiting(struct router *r); /* with the control process, in which they wait */
void sessions_forget(struct router *r); /* all are gone, and what waits for them */
void sessions_init(struct router *r);

#endif
