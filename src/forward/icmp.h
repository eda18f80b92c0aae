/*
 * icmp: headers and checksums of the ICMP messages written into a TAP.
 */
#ifndef DMVPN_FORWARD_ICMP_H
#define DMVPN_FORWARD_ICMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* Completes a message whose `length` octets of ICMP, checksum 0, already stand behind room
 * for the IP header at `packet`: writes that header (40 octets, 20 octets) and both sums. */
void icmp6_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, uint8_t hop_limit, size_t length);
void icmp4_finish(uint8_t *packet, const struct ipaddr *src, const struct ipaddr *dst, size_t length);

#endif
