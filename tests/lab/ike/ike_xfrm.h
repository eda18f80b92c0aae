/*
 * ike_xfrm: the forwarder's XFRM of ike_daemon: the real server over the real SA table, every
 * message said in a line: "xfrm NEWSA 364 = 0" for a request, its length and its answer; "xfrm event …".
 */
#ifndef TEST_IKE_XFRM_H
#define TEST_IKE_XFRM_H

#include <poll.h>
#include <stdint.h>

enum { IKE_XFRM_SOCKETS_MAX = 8 };

typedef void ike_xfrm_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Maps the memory (fd is not kept). How many forwarders have had it, this one counted. */
uint32_t ike_xfrm_open(int fd, ike_xfrm_say *say);
void ike_xfrm_give(int fd, uint32_t groups);
void ike_xfrm_take(void); /* charon is gone */

/* Fills one pollfd for each socket; how many. */
unsigned ike_xfrm_pollfds(struct pollfd fds[IKE_XFRM_SOCKETS_MAX]);
int ike_xfrm_timeout_ms(void);
/* Reads, answers, sends events. */
void ike_xfrm_run(const struct pollfd fds[IKE_XFRM_SOCKETS_MAX], unsigned count);

/* As if a packet came by each inbound SA, each from a port higher by one where `moves`. */
void ike_xfrm_traffic(int moves);

#endif
