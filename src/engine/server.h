/*
 * server: what is asked of us: Registration Requests, and Resolution Requests that we
 * answer ourselves.
 */
#ifndef DMVPN_ENGINE_SERVER_H
#define DMVPN_ENGINE_SERVER_H

#include "engine/tunnel.h"

void server_registration(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
void server_resolution(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);

#endif
