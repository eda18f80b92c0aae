/*
 * bfdd_link: the connection to FRR's bfdd, which the keeper hands over: octets between its
 * socket and bfd/plane.h. The descriptor is owned here.
 */
#ifndef DMVPN_FORWARD_BFDD_LINK_H
#define DMVPN_FORWARD_BFDD_LINK_H

#include "forward/worker.h"

struct bfdd_link {
	enum source source;
	int fd; /* -1: none */
};

void bfdd_link_init(struct bfdd_link *l);
/* `connection` names it. Not fresh: an earlier process had it, and it is to go on. */
void bfdd_link_open(struct bfdd_link *l, struct worker *w, int fd, uint32_t connection, bool is_fresh);
/* The keeper, which holds the connection too, sees its end and makes another. */
void bfdd_link_close(struct bfdd_link *l, struct worker *w);
bool bfdd_link_ready(struct bfdd_link *l, struct worker *w); /* false: it is over, close it */
bool bfdd_link_flush(struct bfdd_link *l, struct worker *w); /* false: something waits for room */

#endif
