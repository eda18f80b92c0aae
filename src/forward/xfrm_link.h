/*
 * xfrm_link: our ends of charon's XFRM sockets: requests are answered, events are sent.
 */
#ifndef DMVPN_FORWARD_XFRM_LINK_H
#define DMVPN_FORWARD_XFRM_LINK_H

#include "forward/tunnel_table.h"
#include "forward/worker.h"

struct xfrm_link {
	enum source source;
	TAILQ_ENTRY(xfrm_link) order;
	uint32_t groups; /* of events that it wants; 0: requests come by it */
	int fd;
};

TAILQ_HEAD(xfrm_links, xfrm_link);

/* The descriptor becomes the link's, also when NULL is answered (out of memory; it is closed). */
struct xfrm_link *xfrm_link_add(struct xfrm_links *all, uint32_t groups, int fd);
void xfrm_link_remove(struct xfrm_links *all, struct xfrm_link *link);

/* Answers what is there to be answered. false: charon's end is closed. */
bool xfrm_link_ready(struct worker *w, struct xfrm_link *link);
/* Sends the events that wait. false: charon is slow, try again in a moment. */
bool xfrm_link_events(struct worker *w, struct xfrm_links *all);

#endif
