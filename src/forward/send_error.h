/* send_error: what a socket tells of packets that it did not send. */
#ifndef DMVPN_FORWARD_SEND_ERROR_H
#define DMVPN_FORWARD_SEND_ERROR_H

#include <stdbool.h>
#include <stdint.h>

/* The MTU told by the newest queued error; 0 when there is none. Empties the queue. */
uint32_t send_error_mtu(int fd);

/* A full socket buffer drains at line speed: a moment's patience is the back-pressure that makes
 * the TAP's queue fill instead. true: that was so, and a moment has passed. */
bool send_error_waits(int fd, int error);

#endif
