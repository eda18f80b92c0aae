/*
 * capture: the NHRP messages of a capture file (pcap or pcapng, through libpcap).
 */
#ifndef DMVPN_WIRE_CAPTURE_H
#define DMVPN_WIRE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "wire/frame.h"
#include "wire/nhrp.h"

enum { CAPTURE_ERROR_MAX = 512, CAPTURE_LINK_MAX = 32 };

struct capture_message {
	uint64_t frame_number; /* in the file, from 1 */
	int64_t time_s;        /* since 1970, UTC */
	uint32_t time_us;
	struct frame frame;    /* kind NHRP or BROKEN */
	enum nhrp_drop drop;   /* of the message; NONE when the frame is BROKEN */
	size_t fault;          /* octet of the message where the fault lies */
	struct nhrp_message message;
};

struct capture_totals {
	char link[CAPTURE_LINK_MAX]; /* libpcap's name of the link type, "" while unknown */
	uint64_t frames;
	uint64_t messages;  /* malformed ones included */
	uint64_t malformed; /* drop is not NONE, or the frame BROKEN */
	uint64_t esp;       /* frames that hold ESP */
	uint64_t fragments; /* later fragments of GRE or NHRP */
};

/* Gets each message in the order of the file; it and what it borrows die on return. */
typedef void capture_sink(void *context, const struct capture_message *m);

/*
 * Reads a whole file ("-": standard input) or stream (closed in every case). 0, or -EINVAL
 * with a line in error[] when the file is no capture, of an unknown link type or broken
 * off; what came before was handed over, and *totals holds what was seen.
 */
int capture_read_file(const char *path, capture_sink *sink, void *context,
		      struct capture_totals *totals, char error[CAPTURE_ERROR_MAX]);
int capture_read_stream(FILE *stream, capture_sink *sink, void *context,
			struct capture_totals *totals, char error[CAPTURE_ERROR_MAX]);

#endif
