/*
 * auth: Cisco's cleartext authentication, checked on every message but errors.
 */
#ifndef DMVPN_ENGINE_AUTH_H
#define DMVPN_ENGINE_AUTH_H

#include "engine/tunnel.h"

/* false: counted, answered with an error and told to the operator (both at a bounded rate). */
bool auth_check(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);

#endif
