/*
 * bfd: the BFD control packet (RFC 5880 4.1), octets to host order and back.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |                       My Discriminator                        |
 * |                      Your Discriminator                       |
 * |                    Desired Min TX Interval                    |
 * |                   Required Min RX Interval                    |
 * |                 Required Min Echo RX Interval                 |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |   Auth Type   |   Auth Len    |    Authentication Data... (optional)
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * Of an authentication section only the length is looked at: no session here uses one.
 */
#ifndef DMVPN_WIRE_BFD_H
#define DMVPN_WIRE_BFD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BFD_PACKET_OCTETS = 24, /* what is sent: never with authentication */
	BFD_PORT = 3784,        /* UDP, one hop (RFC 5881) */
	BFD_PORT_MULTIHOP = 4784, /* RFC 5883 */
	BFD_PORT_SOURCE = 49152, /* sources are from here on */
	BFD_TTL = 255,
};

/* As on the wire. */
enum bfd_state { BFD_ADMIN_DOWN = 0, BFD_DOWN = 1, BFD_INIT = 2, BFD_UP = 3 };

/* As on the wire (RFC 5880 4.1): X(name, number, text). */
#define BFD_DIAGS(X) \
	X(NONE, 0, "none") \
	X(TIMEOUT, 1, "control detection time expired") \
	X(ECHO, 2, "echo function failed") \
	X(NEIGHBOUR_DOWN, 3, "neighbor signaled session down") \
	X(FORWARDING, 4, "forwarding plane reset") \
	X(PATH_DOWN, 5, "path down") \
	X(CONCATENATED, 6, "concatenated path down") \
	X(ADMIN_DOWN, 7, "administratively down") \
	X(REVERSE, 8, "reverse concatenated path down")

enum bfd_diag {
#define BFD_DIAG_ENUM(name, number, text) BFD_DIAG_##name = number,
	BFD_DIAGS(BFD_DIAG_ENUM)
#undef BFD_DIAG_ENUM
};

struct bfd_packet {
	uint8_t diag;  /* enum bfd_diag, or one not known here */
	uint8_t state; /* enum bfd_state */
	bool poll, final, control_independent, authenticated, demand;
	uint8_t multiplier;
	uint8_t length; /* octets, as the packet says */
	uint32_t my_discriminator, your_discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us, required_min_echo_us;
};

/* Checks of RFC 5880 6.8.6, in its order, as far as a packet alone fails them. */
#define BFD_PACKET_DROPS(X) \
	X(NONE, "no error") \
	X(SHORT, "BFD packet cut short") \
	X(VERSION, "BFD version is not 1") \
	X(LENGTH, "BFD length below that of a control packet") \
	X(PAYLOAD, "BFD length beyond the datagram") \
	X(MULTIPLIER, "BFD detect multiplier is zero") \
	X(MULTIPOINT, "BFD multipoint bit set") \
	X(DISCRIMINATOR, "BFD my discriminator is zero") \
	X(AUTH_LENGTH, "BFD authentication section does not fit")

enum bfd_packet_drop {
#define BFD_PACKET_DROP_ENUM(name, text) BFD_PACKET_DROP_##name,
	BFD_PACKET_DROPS(BFD_PACKET_DROP_ENUM)
#undef BFD_PACKET_DROP_ENUM
	BFD_PACKET_DROP_COUNT
};

const char *bfd_packet_drop_text(enum bfd_packet_drop drop);
const char *bfd_state_text(uint8_t state); /* "AdminDown", "Down", "Init", "Up", "unknown" */
const char *bfd_diag_text(uint8_t diag);   /* "unknown" for a number that has no name */

/* `length` octets of UDP payload. *out is whole exactly when NONE is answered. */
enum bfd_packet_drop bfd_packet_decode(const uint8_t *bytes, size_t length, struct bfd_packet *out);

/* Writes BFD_PACKET_OCTETS; `length` and `authenticated` of *p are not looked at. */
void bfd_packet_encode(const struct bfd_packet *p, uint8_t out[BFD_PACKET_OCTETS]);

#endif
