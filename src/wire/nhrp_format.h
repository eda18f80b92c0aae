/*
 * nhrp_format: the numbers that reader and writer of NHRP messages share (RFC 2332
 * section 5). Private to the codec.
 */
#ifndef DMVPN_WIRE_NHRP_FORMAT_H
#define DMVPN_WIRE_NHRP_FORMAT_H

#include "wire/nhrp.h"

enum {
	NHRP_AFN_IPV4 = 1,
	NHRP_AFN_IPV6 = 2,
	NHRP_PRO_IPV4 = 0x0800,
	NHRP_PRO_IPV6 = 0x86dd,

	NHRP_OFFSET_AFN = 0,
	NHRP_OFFSET_PRO = 2,
	NHRP_OFFSET_SIZE = 10,
	NHRP_OFFSET_CHECKSUM = 12,
	NHRP_OFFSET_EXTENSIONS = 14,
	NHRP_OFFSET_VERSION = 16,
	NHRP_OFFSET_TYPE = 17,
	NHRP_FIXED_HEADER = 20,     /* octets */
	NHRP_MANDATORY_HEADER = 8,  /* octets after the fixed header, before the addresses */

	NHRP_LENGTH_MASK = 0x3f,    /* of a T/L octet */
	NHRP_EXTENSION_C = 0x8000,
	NHRP_EXTENSION_U = 0x4000,
	NHRP_EXTENSION_TYPE = 0x3fff,
	NHRP_EXTENSION_HEADER = 4,  /* octets */
	NHRP_CAPABILITIES_OCTETS = 8, /* RFC 2735: what extension 9 is then */
};

/* Types 7 and 8 carry a foreign packet where the others carry CIEs. */
static inline bool nhrp_type_has_payload(unsigned type)
{
	return type == NHRP_ERROR_INDICATION || type == NHRP_TRAFFIC_INDICATION;
}

/* Whether an extension of that type and length holds CIEs. */
static inline bool nhrp_extension_holds_cies(unsigned type, size_t length)
{
	return type == NHRP_EXT_RESPONDER || type == NHRP_EXT_FORWARD_TRANSIT ||
	       type == NHRP_EXT_REVERSE_TRANSIT ||
	       (type == NHRP_EXT_NAT && length != NHRP_CAPABILITIES_OCTETS);
}

#endif
