/*
 * bfdd: the keeper's connection to FRR's bfdd, which listens on a Unix socket when it was
 * started with --dplaneaddr unix:PATH. The keeper makes the connection, hands it to the forwarder
 * and holds it too, so that it sees its end and makes another.
 */
#ifndef DMVPN_KEEPER_BFDD_H
#define DMVPN_KEEPER_BFDD_H

#include "base/instant.h"

struct keeper;

struct bfdd {
	int fd;               /* -1: none */
	bool sockets_given;    /* this forwarder has the UDP sockets */
	struct instant try_at; /* NEVER while connected, or without forwarder */
};

void bfdd_init(struct bfdd *b);
void bfdd_done(struct bfdd *b);
void bfdd_forwarder_started(struct keeper *k);
void bfdd_ended(struct keeper *k);    /* the connection is over */
void bfdd_deadline(struct keeper *k); /* tries to connect when that is due */

#endif
