/*
 * bfdd: the keeper's connection to FRR's bfdd, which listens on a Unix socket when it was
 * started with --dplaneaddr unix:PATH. The keeper makes the connection, hands it to the forwarder
 * and holds it too, so that it sees its end and makes another. It also holds the memory in which the forwarder
 * keeps its BFD sessions, and the sockets: a forwarder that is started again goes on with all of it, and neither
 * bfdd nor the far ends notice.
 */
#ifndef DMVPN_KEEPER_BFDD_H
#define DMVPN_KEEPER_BFDD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

struct keeper;

enum { BFDD_FAMILIES = 2 };

struct bfdd {
	int fd;               /* -1: none */
	uint32_t connection;  /* counts them */
	bool is_fresh;        /* no forwarder was given it yet */
	int memory;           /* -1: none (yet) */
	int udp[BFDD_FAMILIES][2]; /* IPv4, IPv6: to receive by, to send by; -1: not opened */
	struct instant try_at; /* NEVER while connected, or without forwarder */
};

void bfdd_init(struct bfdd *b);
void bfdd_done(struct bfdd *b);
void bfdd_give_memory(struct keeper *k); /* to a started forwarder, before it is joined with the control process */
void bfdd_forwarder_started(struct keeper *k);
void bfdd_ended(struct keeper *k);    /* the connection is over */
void bfdd_sockets_wanted(struct keeper *k); /* bfdd or not: tunnels of the kernel have BFD sessions */
void bfdd_deadline(struct keeper *k); /* tries to connect when that is due */

#endif
