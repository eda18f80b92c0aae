/* sockaddr: an address as the socket calls want it. */
#ifndef DMVPN_FORWARD_SOCKADDR_H
#define DMVPN_FORWARD_SOCKADDR_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/ipaddr.h"

/* Fills *out for an address of either family and a port in host order; its length. */
socklen_t sockaddr_of(const struct ipaddr *a, uint16_t port, struct sockaddr_storage *out);

#endif
