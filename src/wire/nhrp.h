/*
 * nhrp: NHRP messages (RFC 2332 and Cisco's extensions of it), bytes <-> host order.
 *
 * Decoding is liberal, encoding strict; a message that decodes without a drop reason is
 * re-encoded byte for byte (save that a checksum sent as 0xffff is written as 0). Decoding
 * has no side effects; what a message means is the engine's business. All multi-octet
 * fields of the structs are in host order. Fields said to be 0 when we write exist so that
 * foreign messages can be forwarded untouched.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |            ar$afn             |          ar$pro.type          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                          ar$pro.snap                          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  ar$pro.snap  |   ar$hopcnt   |            ar$pktsz           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           ar$chksum           |            ar$extoff          |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * | ar$op.version |   ar$op.type  |    ar$shtl    |    ar$sstl    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#ifndef DMVPN_WIRE_NHRP_H
#define DMVPN_WIRE_NHRP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum {
	NHRP_GRE_PROTOCOL = 0x2001, /* GRE protocol type and Ethertype of NHRP */
	NHRP_VERSION = 1,
	NHRP_HOP_COUNT = 255,       /* what a message starts with, as Cisco does */
	NHRP_MESSAGE_MAX = 1500,    /* octets; longer ones are dropped unread */
	NHRP_CIES_MAX = 16,         /* in a mandatory part or in one extension */
	NHRP_EXTENSIONS_MAX = 16,
	NHRP_AUTH_MAX = 8,          /* octets of a Cisco authentication string */
	NHRP_SUBADDR_MAX = 20,      /* octets of an NBMA subaddress kept */
};

enum nhrp_type {
	NHRP_RESOLUTION_REQUEST = 1,
	NHRP_RESOLUTION_REPLY = 2,
	NHRP_REGISTRATION_REQUEST = 3,
	NHRP_REGISTRATION_REPLY = 4,
	NHRP_PURGE_REQUEST = 5,
	NHRP_PURGE_REPLY = 6,
	NHRP_ERROR_INDICATION = 7,
	NHRP_TRAFFIC_INDICATION = 8,
};

/* Flags of the mandatory header; which are valid depends on the type (RFC 2332 5.2). */
enum nhrp_flag {
	NHRP_FLAG_RES_ROUTER = 0x8000,        /* Q, Resolution */
	NHRP_FLAG_RES_AUTHORITATIVE = 0x4000, /* A */
	NHRP_FLAG_RES_DEST_STABLE = 0x2000,   /* D */
	NHRP_FLAG_RES_UNIQUE = 0x1000,        /* U */
	NHRP_FLAG_RES_SOURCE_STABLE = 0x0800, /* S */
	NHRP_FLAG_REG_UNIQUE = 0x8000,        /* U, Registration */
	NHRP_FLAG_PURGE_NO_REPLY = 0x8000,    /* N, Purge */
	NHRP_FLAG_NAT = 0x0002,               /* Cisco: NAT extension understood */
};

/* Code of a CIE in a reply (RFC 2332 5.2.0.1). */
enum nhrp_code {
	NHRP_CODE_SUCCESS = 0,
	NHRP_CODE_ADMIN_PROHIBITED = 4,
	NHRP_CODE_INSUFFICIENT_RESOURCES = 5,
	NHRP_CODE_NO_BINDING_NHRPD = 11, /* what FRR and OpenNHRP send instead of 12 */
	NHRP_CODE_NO_BINDING = 12,
	NHRP_CODE_NOT_UNIQUE = 13,
	NHRP_CODE_ALREADY_REGISTERED = 14,
};

/* Error codes of an Error Indication (RFC 2332 5.2.7). */
enum nhrp_error {
	NHRP_ERROR_UNRECOGNIZED_EXTENSION = 1,
	NHRP_ERROR_LOOP_OPENNHRP = 2, /* what OpenNHRP sends instead of 3 */
	NHRP_ERROR_LOOP_DETECTED = 3,
	NHRP_ERROR_UNREACHABLE = 6,
	NHRP_ERROR_PROTOCOL = 7,
	NHRP_ERROR_SDU_SIZE = 8,
	NHRP_ERROR_INVALID_EXTENSION = 9,
	NHRP_ERROR_INVALID_REPLY = 10,
	NHRP_ERROR_AUTH_FAILURE = 11,
	NHRP_ERROR_HOP_COUNT = 15,
};

enum nhrp_extension_type {
	NHRP_EXT_END = 0,
	NHRP_EXT_RESPONDER = 3,
	NHRP_EXT_FORWARD_TRANSIT = 4,
	NHRP_EXT_REVERSE_TRANSIT = 5,
	NHRP_EXT_AUTHENTICATION = 7,
	NHRP_EXT_VENDOR = 8,
	NHRP_EXT_NAT = 9, /* Cisco's NAT address; RFC 2735 device capabilities when exactly 8 octets */
	NHRP_EXT_MOBILE_AUTH = 10,
};

/* Client Information Entry. An address that is absent (length 0) has family IP_NONE. */
struct nhrp_cie {
	uint8_t code;
	uint8_t prefix_len;  /* 0 and 255: a host */
	uint16_t unused;     /* the two octets after prefix_len; 0 when we write */
	uint16_t mtu_bytes;
	uint16_t holding_s;
	uint8_t preference;
	uint8_t nbma_bits;        /* the top two bits of Cli Addr T/L; 0 when we write */
	uint8_t nbma_subaddr_bits;
	uint8_t nbma_subaddr_len; /* octets, at most NHRP_SUBADDR_MAX */
	uint8_t nbma_subaddr[NHRP_SUBADDR_MAX];
	struct ipaddr nbma;
	struct ipaddr proto;
};

struct nhrp_extension {
	uint16_t type;   /* 14 bits, enum nhrp_extension_type or unknown */
	bool compulsory; /* the C bit */
	bool u_bit;      /* the bit between C and type; kept, 0 when we write */
	bool is_cies;    /* content is cies[], else value[] */
	uint8_t cie_count;
	uint16_t length;      /* octets of value, when !is_cies */
	const uint8_t *value; /* borrowed from the decoded buffer or from the caller */
	struct nhrp_cie cies[NHRP_CIES_MAX];
};

struct nhrp_message {
	uint8_t type; /* enum nhrp_type */
	uint8_t hop_count;
	enum ip_family nbma_family;  /* ar$afn */
	enum ip_family proto_family; /* ar$pro.type */
	uint8_t snap[5];             /* ar$pro.snap; 0 when we write */
	uint16_t flags;              /* types 1-6; the unused field of 7 and 8 */
	uint32_t request_id;         /* types 1-6 */
	uint16_t code;               /* type 7: enum nhrp_error, type 8: traffic code */
	uint16_t offset;             /* type 7: error offset; type 8: unused field */
	struct ipaddr src_nbma;
	uint8_t src_nbma_bits; /* the top two bits of ar$shtl; 0 when we write */
	uint8_t src_subaddr_bits;
	uint8_t src_subaddr_len;
	uint8_t src_subaddr[NHRP_SUBADDR_MAX];
	struct ipaddr src_proto;
	struct ipaddr dst_proto;

	uint8_t cie_count; /* types 1-6 */
	struct nhrp_cie cies[NHRP_CIES_MAX];

	/* types 7 and 8: the offending packet, or the leading octets of the data packet;
	 * borrowed like extension values */
	const uint8_t *payload;
	size_t payload_len;

	bool has_extensions; /* ar$extoff was not 0 */
	bool end_missing;    /* extensions ran to the packet's end without End: tolerated, re-encoded so */
	uint8_t extension_count; /* without End */
	struct nhrp_extension extensions[NHRP_EXTENSIONS_MAX]; /* the last member; beyond the count undefined */
};

/*
 * Why a message is dropped: the decoder's answer, the counter's name and its documentation.
 * X(name, text)
 */
#define NHRP_DROPS(X) \
	X(NONE, "no error") \
	X(TOO_SHORT, "shorter than the fixed header") \
	X(TOO_LONG, "longer than an NHRP message may be") \
	X(SIZE, "packet size field larger than the packet") \
	X(CHECKSUM, "checksum wrong") \
	X(VERSION, "NHRP version is not 1") \
	X(TYPE, "unknown message type") \
	X(NBMA_FAMILY, "NBMA address family is not IPv4 or IPv6") \
	X(PROTOCOL, "protocol type is not IPv4 or IPv6") \
	X(EXTENSION_OFFSET, "extension offset outside the packet") \
	X(ADDRESS_LENGTH, "address length does not fit its family") \
	X(MANDATORY_SHORT, "mandatory part too short") \
	X(CIE_MISSING, "no client information entry where one is required") \
	X(CIE_SHORT, "client information entry runs past its part") \
	X(CIE_MANY, "more client information entries than are read") \
	X(EXTENSION_SHORT, "extension runs past the packet") \
	X(EXTENSION_MANY, "more extensions than are read") \
	X(EXTENSION_CONTENT, "extension content malformed") \
	X(EXTENSION_AFTER_END, "bytes after the End extension") \
	X(EXTENSION_FORBIDDEN, "extensions in an Error Indication")

enum nhrp_drop {
#define NHRP_DROP_ENUM(name, text) NHRP_DROP_##name,
	NHRP_DROPS(NHRP_DROP_ENUM)
#undef NHRP_DROP_ENUM
	NHRP_DROP_COUNT
};

const char *nhrp_drop_name(enum nhrp_drop drop); /* "CHECKSUM" */
const char *nhrp_drop_text(enum nhrp_drop drop);
const char *nhrp_type_name(unsigned type); /* "Registration Request"; "unknown" */
const char *nhrp_code_name(unsigned code);
const char *nhrp_error_name(unsigned code);
const char *nhrp_extension_name(unsigned type);

/*
 * Decodes one message out of `length` octets, starting at ar$afn. It ends where ar$pktsz
 * says; octets behind it are link padding and ignored. On NHRP_DROP_NONE *out is whole and borrows
 * from bytes; otherwise it holds what was read before the fault (for diagnostics only) and
 * *fault_offset, when not NULL, the octet where it lies.
 * CHECKSUM is reported only when everything else is right, so that a tool can show the rest.
 */
enum nhrp_drop nhrp_decode(const uint8_t *bytes, size_t length, struct nhrp_message *out,
			   size_t *fault_offset);

/* Only as far as the counts say: most of a struct nhrp_message is room. */
void nhrp_copy(struct nhrp_message *to, const struct nhrp_message *from);

/*
 * Encodes into out; returns the octets written, or 0 when it does not fit or the message is
 * not consistent (families, counts). Computes size, offsets and checksum.
 */
size_t nhrp_encode(const struct nhrp_message *m, uint8_t *out, size_t size);

/* The extension of that type (the first, for Vendor), or NULL. */
const struct nhrp_extension *nhrp_extension_find(const struct nhrp_message *m, unsigned type);
/* Appends an empty extension (C bit as Cisco sets it for the type); NULL when full. */
struct nhrp_extension *nhrp_extension_add(struct nhrp_message *m, unsigned type);

#endif
