/*
 * mss: `ip tcp adjust-mss`: lowers the MSS option of TCP segments that open a connection.
 */
#ifndef DMVPN_FORWARD_MSS_H
#define DMVPN_FORWARD_MSS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/ip.h"

/* true when the packet was changed (its TCP checksum with it). limit 0: never. */
bool mss_clamp(uint8_t *inner, const struct ip_view *ip, uint16_t limit);

#endif
