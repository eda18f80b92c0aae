/*
 * frame: finds the NHRP message in a captured frame: link layer, VLAN tags, IP, GRE.
 * NHRP is also found directly in IP (protocol 54) and directly on a link (type 0x2001), as
 * a capture on a Linux tunnel device shows it.
 */
#ifndef DMVPN_WIRE_FRAME_H
#define DMVPN_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

enum frame_kind {
	FRAME_OTHER,    /* something else than NHRP */
	FRAME_NHRP,
	FRAME_BROKEN,   /* NHRP by its type, in a GRE header that is not acceptable */
	FRAME_ESP,      /* encrypted: what is in it cannot be seen */
	FRAME_FRAGMENT, /* a later fragment of GRE or NHRP: its start is elsewhere */
};

enum frame_carrier { FRAME_IN_LINK, FRAME_IN_IP, FRAME_IN_GRE };

struct frame {
	enum frame_kind kind;
	enum frame_carrier carrier;
	struct ipaddr src, dst; /* outer addresses; IP_NONE in FRAME_IN_LINK */
	uint8_t ttl, dscp;      /* of the outer header */
	bool has_key;
	uint32_t key;
	const char *problem;    /* BROKEN: why. NHRP: something odd outside, or NULL */
	const uint8_t *nhrp;    /* NHRP: from ar$afn on; borrowed */
	size_t nhrp_len;        /* octets captured */
	bool is_cut;            /* the capture or the first fragment holds less than was sent */
};

/* Whether frames of that libpcap data link type (DLT_…) can be read. */
bool frame_link_is_known(int datalink);

/* Looks into one frame: `length` octets captured of it, starting with its link header. */
void frame_read(int datalink, const uint8_t *bytes, size_t length, struct frame *out);

#endif
