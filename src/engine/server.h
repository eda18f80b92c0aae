/*
 * server: what is asked of us: Registration Requests, and Resolution Requests that we
 * answer ourselves.
 */
#ifndef DMVPN_ENGINE_SERVER_H
#define DMVPN_ENGINE_SERVER_H

#include "engine/tunnel.h"

void server_registration(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
void server_resolution(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);

/*
 * Somebody speaks to us from `from` as `addr` and is not registered from there: we have lost
 * him, as by a crash, or his NAT was rebound. A purge of his own address tells him, and he
 * registers at once instead of with his next refresh. It goes where he spoke from: only who is
 * really there gets it, and to whom we are no NHS it means nothing.
 */
void server_stranger(struct overlay *o, const struct endpoint *from, const struct ipaddr *addr);

/* EVENT_BINDING_SAVED of a client: taken up as if he had registered, where he still may. */
void server_restore(struct overlay *o, const struct event *ev);

#endif
