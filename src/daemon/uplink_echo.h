/*
 * uplink_echo: the ICMP echoes of `ip sla` operations: they leave by the named interface, with its
 * address and a mark that a rule knows, and only who saw one can answer it.
 */
#ifndef DMVPN_DAEMON_UPLINK_ECHO_H
#define DMVPN_DAEMON_UPLINK_ECHO_H

#include <uv.h>

#include "base/ipaddr.h"
#include "base/prng.h"

typedef void (*uplink_echo_answer)(void *arg, uint32_t sla, uint32_t sequence);

struct uplink_echo {
	uv_poll_t polls[2]; /* IPv4, IPv6 */
	int fds[2];         /* -1: not open */
	struct siphash_key key;
	uint16_t ident;
	uplink_echo_answer answer;
	void *arg;
};

struct uplink_probe {
	uint32_t sla, sequence, mark;
	struct ipaddr target, source; /* source IP_NONE: as routing has it */
	int ifindex;                  /* 0: likewise */
};

void uplink_echo_init(struct uplink_echo *e, uplink_echo_answer answer, void *arg);
/* Opens its socket when it has to. 0 or -errno. */
int uplink_echo_send(struct uplink_echo *e, uv_loop_t *loop, const struct uplink_probe *p);
void uplink_echo_stop(struct uplink_echo *e);

/* The message, for tests: whole with ICMP header; the octets are answered. */
enum { UPLINK_ECHO_OCTETS = 36 };
void uplink_echo_encode(const struct uplink_echo *e, const struct uplink_probe *p, uint8_t out[UPLINK_ECHO_OCTETS]);
/* false: no answer to what was made with that key. `m` is an ICMP message of that family. */
bool uplink_echo_decode(const struct uplink_echo *e, enum ip_family family, const uint8_t *m, size_t length, uint32_t *sla,
			uint32_t *sequence);

#endif
