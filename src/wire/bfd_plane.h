/*
 * bfd_plane: what FRR's bfdd and an external BFD data plane say to each other over a stream
 * socket (bfdd's option --dplaneaddr, version 1 of that protocol, as FRR 8.4 speaks it).
 * bfdd hands over its sessions and asks for their counters; the data plane runs them and tells
 * each change of state. Everything is big-endian.
 *
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |  Version = 1  |       0       |             Type              |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |       Id (0: unasked for)     |   Length, this header included |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * ADD and DELETE (140 octets with the header): flags, source (16), destination (16), local
 * discriminator, desired tx, required rx, echo tx, echo rx, hold time, TTL and multiplier (one octet each,
 * two more reserved), interface index, interface name (64, NUL-terminated). An IPv4 address
 * fills the first four octets of its sixteen.
 * STATE (36): local and remote discriminator, the far end's flags, desired tx, required rx and
 * required echo rx; state, diagnostic and multiplier (one octet each), one octet of padding.
 * COUNTERS_ASK (12): local discriminator. COUNTERS (80): local discriminator, four octets of
 * padding, then octets and packets in, octets and packets out, of control and of echo.
 */
#ifndef DMVPN_WIRE_BFD_PLANE_H
#define DMVPN_WIRE_BFD_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum {
	BFD_PLANE_VERSION = 1,
	BFD_PLANE_HEADER = 8,
	BFD_PLANE_NAME = 64,
	BFD_PLANE_MESSAGE_MAX = 512, /* octets of one that is taken; longer ones end the connection */
};

enum bfd_plane_type {
	BFD_PLANE_ECHO_REQUEST = 0, /* either way: answer with ECHO_REPLY */
	BFD_PLANE_ECHO_REPLY = 1,
	BFD_PLANE_ADD = 2,          /* bfdd -> data plane: a new session, or a known one's new values */
	BFD_PLANE_DELETE = 3,       /* bfdd -> data plane */
	BFD_PLANE_STATE = 4,        /* data plane -> bfdd */
	BFD_PLANE_COUNTERS_ASK = 5, /* bfdd -> data plane; bfdd stands still until the answer */
	BFD_PLANE_COUNTERS = 6,     /* data plane -> bfdd, with the id of the question */
};

enum bfd_plane_flag {
	BFD_PLANE_MULTIHOP = 1 << 0,
	BFD_PLANE_DEMAND = 1 << 1,
	BFD_PLANE_CPI = 1 << 2,     /* control plane independent */
	BFD_PLANE_ECHO = 1 << 3,
	BFD_PLANE_IPV6 = 1 << 4,
	BFD_PLANE_PASSIVE = 1 << 5,
	BFD_PLANE_SHUTDOWN = 1 << 6, /* administratively down */
};

struct bfd_plane_session {
	uint32_t flags;
	struct ipaddr local, remote; /* local IP_NONE: bfdd left it open */
	uint32_t discriminator;      /* ours; bfdd's key of the session */
	uint32_t min_tx_us, min_rx_us, min_echo_tx_us, min_echo_rx_us, hold_ms;
	uint8_t ttl, multiplier;
	uint32_t ifindex;
	char ifname[BFD_PLANE_NAME]; /* "": any */
};

struct bfd_plane_state {
	uint32_t discriminator, remote_discriminator;
	uint32_t remote_flags;
	uint32_t remote_tx_us, remote_rx_us, remote_echo_rx_us;
	uint8_t state, diag, remote_multiplier; /* state and diag as in RFC 5880 4.1 */
};

struct bfd_plane_counters {
	uint32_t discriminator;
	uint64_t rx_bytes, rx_packets, tx_bytes, tx_packets; /* of control packets */
	uint64_t echo_rx_bytes, echo_rx_packets, echo_tx_bytes, echo_tx_packets;
};

struct bfd_plane_message {
	enum bfd_plane_type type;
	uint16_t id;
	union {
		uint64_t echo[2]; /* time of the data plane, time of bfdd */
		struct bfd_plane_session session; /* ADD, DELETE */
		struct bfd_plane_state state;
		uint32_t discriminator;           /* COUNTERS_ASK */
		struct bfd_plane_counters counters;
	};
};

#define BFD_PLANE_DROPS(X) \
	X(NONE, "no error") \
	X(PART, "not whole yet") \
	X(VERSION, "another version of the protocol") \
	X(LENGTH, "length does not fit the type") \
	X(TYPE, "unknown type") \
	X(NAME, "interface name without an end")

enum bfd_plane_drop {
#define BFD_PLANE_DROP_ENUM(name, text) BFD_PLANE_DROP_##name,
	BFD_PLANE_DROPS(BFD_PLANE_DROP_ENUM)
#undef BFD_PLANE_DROP_ENUM
	BFD_PLANE_DROP_COUNT
};

const char *bfd_plane_drop_text(enum bfd_plane_drop drop);

/*
 * One message from the start of `bytes`. *used is how many octets it took: 0 with PART (read
 * more) and with VERSION (what follows cannot be found); with the other drops the message
 * is to be passed over. A length below the header's or above BFD_PLANE_MESSAGE_MAX is VERSION too.
 * Longer messages of a known type are taken, what they have more is not looked at.
 */
enum bfd_plane_drop bfd_plane_decode(const uint8_t *bytes, size_t length, struct bfd_plane_message *out, size_t *used);

/* Octets written to out, 0 when there is too little room. */
size_t bfd_plane_encode(const struct bfd_plane_message *m, uint8_t *out, size_t room);

#endif
