/*
 * nhrp_text: NHRP messages as people read them, one line each. Secrets are masked unless
 * asked for.
 */
#ifndef DMVPN_WIRE_NHRP_TEXT_H
#define DMVPN_WIRE_NHRP_TEXT_H

#include <stdbool.h>
#include <stdio.h>

#include "wire/nhrp.h"

enum { NHRP_FLAGS_TEXT_MAX = 32 }; /* bytes, with the final NUL */

/*
 * Flags by the letters of RFC 2332 ("QAS" in a Resolution Request, "U" in a Registration,
 * "N" in a Purge), then "+nat" for Cisco's, then unknown bits ("+0x0040"); "-" for none.
 */
const char *nhrp_flags_text(unsigned type, uint16_t flags, char out[NHRP_FLAGS_TEXT_MAX]);

/* The message without outer header and without line end. */
void nhrp_text_print(FILE *out, const struct nhrp_message *m, bool show_secrets);

/*
 * The parts of an authentication extension in Cisco's form: the SPI (1: cleartext) and the
 * octets of the secret. False when it is too short for that form.
 */
bool nhrp_authentication_parts(const struct nhrp_extension *x, uint16_t *spi, const uint8_t **secret,
			       size_t *secret_len);

#endif
