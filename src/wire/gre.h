/*
 * gre: the GRE header (RFC 2784, key and sequence RFC 2890).
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |C| |K|S| Reserved0       | Ver |         Protocol Type         |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |      Checksum (optional)      |       Reserved1 (optional)    |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                         Key (optional)                        |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                    Sequence Number (optional)                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 */
#ifndef DMVPN_WIRE_GRE_H
#define DMVPN_WIRE_GRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GRE_HEADER_MAX = 16, GRE_PROTO_IPV4 = 0x0800, GRE_PROTO_IPV6 = 0x86dd, GRE_PROTO_NHRP = 0x2001 };

struct gre_header {
	uint16_t protocol;
	bool has_checksum; /* on receive; never written */
	bool has_key;
	bool has_sequence; /* on receive; never written */
	uint32_t key;
	uint32_t sequence;
	uint8_t header_len; /* octets before the payload */
};

#define GRE_DROPS(X) \
	X(NONE, "no error") \
	X(SHORT, "shorter than its header") \
	X(VERSION, "GRE version is not 0") \
	X(FLAGS, "reserved flag set or source routing") \
	X(CHECKSUM, "checksum wrong")

enum gre_drop {
#define GRE_DROP_ENUM(name, text) GRE_DROP_##name,
	GRE_DROPS(GRE_DROP_ENUM)
#undef GRE_DROP_ENUM
	GRE_DROP_COUNT
};

const char *gre_drop_text(enum gre_drop drop);

/* `length` octets from the GRE header on, payload included (the checksum covers it). */
enum gre_drop gre_decode(const uint8_t *bytes, size_t length, struct gre_header *out);

/* Writes 4 octets, or 8 with a key; returns that count. out must have 8 octets of room. */
size_t gre_encode(uint16_t protocol, bool has_key, uint32_t key, uint8_t *out);

#endif
