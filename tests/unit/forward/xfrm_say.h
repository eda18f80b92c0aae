/*
 * xfrm_say: netlink messages as charon sends them to the XFRM server, made by hand.
 */
#ifndef DMVPN_TEST_FORWARD_XFRM_SAY_H
#define DMVPN_TEST_FORWARD_XFRM_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "esp/suite.h"

enum { XFRM_SAY_MAX = 2048, XFRM_SAY_WINDOW = 64 };

struct xfrm_sa {
	struct ipaddr from, to; /* the direction of the SA */
	uint16_t from_port, to_port; /* of UDP; 0: not in UDP */
	uint32_t spi;           /* host order */
	struct esp_suite suite; /* AES-GCM, or CBC with HMAC */
	struct esp_keys keys;
	bool is_inbound;        /* it has a replay window */
	bool is_tunnel, has_esn;
};

/* XFRM_MSG_NEWSA, XFRM_MSG_DELSA; the octets written to out. */
size_t xfrm_say_new(const struct xfrm_sa *sa, uint32_t seq, uint8_t out[XFRM_SAY_MAX]);
size_t xfrm_say_delete(const struct xfrm_sa *sa, uint32_t seq, uint8_t out[XFRM_SAY_MAX]);

/* The error in an acknowledgement: 0 or -errno; 1: it is none. */
int xfrm_said(const uint8_t *reply, size_t length);

#endif
