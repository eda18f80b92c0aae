/*
 * error: Error Indications in and out (RFC 2332 5.2.7).
 */
#ifndef DMVPN_ENGINE_ERROR_H
#define DMVPN_ENGINE_ERROR_H

#include "engine/tunnel.h"

/* About the message being handled (m, as received from `from`): never about an error, at
 * most a few a second. */
void error_send(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m,
		enum nhrp_error code, uint16_t offset);
void error_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);

#endif
