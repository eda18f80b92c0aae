/*
 * registration: the messages of our registration with one NHS: the requests, the farewell,
 * and what its replies teach.
 */
#ifndef DMVPN_ENGINE_REGISTRATION_H
#define DMVPN_ENGINE_REGISTRATION_H

#include "engine/nhs.h"

void registration_send(struct nhs *n); /* under n->request_id */
/* Our link-local address is registered too, beside the global one, once that is done. */
void registration_begin_link_local(struct nhs *n);
void registration_link_local_due(struct nhs *n); /* its timer */
void registration_withdraw(struct nhs *n); /* Purge Requests for what was registered */
struct span registration_interval(const struct overlay *o); /* between refreshes */

/* A Registration Reply to us; the message has passed the checks. */
void registration_reply(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
void registration_purge_reply(struct overlay *o, const struct nhrp_message *m);

#endif
