/* send_error: what a socket tells of packets that it did not send, or that did not arrive. */
#ifndef DMVPN_FORWARD_SEND_ERROR_H
#define DMVPN_FORWARD_SEND_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"

/* Somebody on the way to `to` says that a packet did not get there (ICMP destination unreachable, but for one that is
 * too large). All of it is the word of a stranger. */
struct send_error {
	struct ipaddr to;
	uint16_t port;         /* of UDP, host order; 0: a raw socket */
	const uint8_t *quoted; /* what follows the quoted IP header, and that of UDP */
	size_t quoted_length;
};

enum { SEND_ERRORS_MAX = 64 }; /* read at a time: anybody may send them */

/* From now on the socket queues what ICMP says of its packets. It then also says each such error once instead of sending
 * or receiving what it is asked to: see send_error_is_news(). 0 or -errno. */
int send_errors_on(int fd, enum ip_family family);
/* Takes the oldest word from the queue that is one about arrival; false: none is left, or SEND_ERRORS_MAX
 * others were. `space` keeps what is quoted. */
enum { SEND_ERROR_QUOTED_MAX = 64 };
bool send_errors_next(int fd, struct send_error *out, uint8_t space[SEND_ERROR_QUOTED_MAX]);

/* A send failed with that error, which may be what ICMP said of an earlier packet to anybody: the same send is
 * worth another try. */
bool send_error_is_news(int error);

/* The MTU told by the newest queued error; 0 when there is none. Empties the queue. */
uint32_t send_error_mtu(int fd);

/* A full socket buffer drains at line speed: a moment's patience is the back-pressure that makes
 * the TAP's queue fill instead. true: that was so, and a moment has passed. */
bool send_error_waits(int fd, int error);

#endif
