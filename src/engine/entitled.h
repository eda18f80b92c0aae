/*
 * entitled: which overlay addresses the configuration or a certificate gives to whom. On
 * a protected tunnel an address is an identity's, wherever it comes from.
 */
#ifndef DMVPN_ENGINE_ENTITLED_H
#define DMVPN_ENGINE_ENTITLED_H

#include "engine/tunnel.h"

/* Whether the sender of the message being handled is who that line names. */
bool entitled_is(const struct overlay *o, const struct config_nhrp_identity *line);
/*
 * NULL: the sender of the message being handled may have addr, as far as `ip nhrp identity …` tells;
 * else why not. Who was not authenticated may have what is nobody's.
 */
const char *entitled_denies(const struct overlay *o, const struct ipaddr *addr);

#endif
