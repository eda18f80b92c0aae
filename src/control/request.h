/*
 * request: the one line that a client sends: "show WHAT [json]", "explain [json] [ADDRESS]",
 * "reload", "clear nhrp [TunnelN [ADDRESS]]", "drop-nhrp in|out|both|none".
 */
#ifndef DMVPN_CONTROL_REQUEST_H
#define DMVPN_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ipaddr.h"

enum { CONTROL_LINE_MAX = 512 /* octets, without the line end */ };

enum control_verb { CONTROL_SHOW, CONTROL_RELOAD, CONTROL_CLEAR, CONTROL_EXPLAIN, CONTROL_DROP_NHRP };

enum show_subject { SHOW_DMVPN, SHOW_NHRP, SHOW_NHS, SHOW_TUNNELS, SHOW_EVENTS, SHOW_COUNTERS, SHOW_IPSEC, SHOW_BFD, SHOW_TRACK, SHOW_SLA };

struct control_request {
	enum control_verb verb;
	enum show_subject subject;
	bool json;
	bool has_tunnel;    /* clear: of one tunnel */
	uint32_t tunnel;
	bool drop_in, drop_out; /* drop-nhrp */
	struct ipaddr addr; /* clear: one entry; explain: one peer; IP_NONE: all */
};

/* NULL and *out whole, or what is wrong with the line. The line is without its end. */
const char *control_request_parse(const char *line, size_t length, struct control_request *out);

#endif
