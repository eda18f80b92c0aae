/*
 * invalid_spi: the unprotected IKE message that says "I know no such SA" (RFC 7296 1.5: INVALID_SPI
 * outside of an exchange). Who restarts without his memory says it to those who still send by
 * what he forgot, so that they need not wait for their own checks of his life.
 *
 * Anybody may forge one: it is a hint to look again, never a reason to drop anything.
 */
#ifndef DMVPN_FORWARD_INVALID_SPI_H
#define DMVPN_FORWARD_INVALID_SPI_H

#include <stddef.h>
#include <stdint.h>

enum { INVALID_SPI_OCTETS = 44 }; /* the non-ESP marker of UDP 4500 included */

void invalid_spi_write(uint8_t out[INVALID_SPI_OCTETS], uint32_t spi);
/* The SPI that a datagram of UDP 4500 complains of; 0: it is no such message. */
uint32_t invalid_spi_read(const uint8_t *datagram, size_t length);

#endif
