/*
 * checksum: the Internet checksum (RFC 1071) and its incremental update (RFC 1624).
 * Values are in host order, as a reader yields them and a writer takes them.
 */
#ifndef DMVPN_WIRE_CHECKSUM_H
#define DMVPN_WIRE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* Checksum over the octets, an odd last one padded with zero. 0 over data that holds its
 * own correct checksum. */
uint16_t checksum(const void *bytes, size_t length);

/* The checksum after one aligned 16-bit word of the data changed from `before` to `after`. */
uint16_t checksum_update(uint16_t sum, uint16_t before, uint16_t after);

#endif
