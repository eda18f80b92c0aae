/* json_values: how the show commands say a value in JSON. The caller owns what is returned. */
#ifndef DMVPN_CONTROL_JSON_VALUES_H
#define DMVPN_CONTROL_JSON_VALUES_H

#include <jansson.h>
#include <stdint.h>

#include "base/ipaddr.h"

json_t *addr_json(const struct ipaddr *a); /* IP_NONE: null */
json_t *text_json(const char *text);       /* NULL and "": null */
json_t *count_json(uint64_t value);

#endif
