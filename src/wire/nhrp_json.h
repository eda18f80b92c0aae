/*
 * nhrp_json: NHRP messages as JSON; the form is docs/schema/decode.json's "message".
 */
#ifndef DMVPN_WIRE_NHRP_JSON_H
#define DMVPN_WIRE_NHRP_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "wire/nhrp.h"

/* A new reference, NULL when out of memory. Secrets are "***" unless asked for. */
json_t *nhrp_json(const struct nhrp_message *m, bool show_secrets);

/* The address as text; null when it is absent. */
json_t *nhrp_json_addr(const struct ipaddr *a);

#endif
