/*
 * shaped_tx: peers that are not sent more than their shape allows (shaper.h). What waits lies before ESP, so that its
 * sequence numbers are in the order of the wire.
 */
#ifndef DMVPN_FORWARD_SHAPED_TX_H
#define DMVPN_FORWARD_SHAPED_TX_H

#include "forward/segment.h"
#include "forward/worker.h"

/* Gives the peer that shape, or none (rate 0): what waits leaves at once then. false: out of memory, it is as it was. */
bool shaped_set(struct worker *w, struct peer *peer, const struct forward_shape *shape);
void shaped_forget(struct worker *w, struct peer *peer); /* with what waits */

/* One inner packet for a peer. true: it waits, or was dropped (counted); false: it shall go now. */
bool shaped_keeps(struct worker *w, const struct tunnel *t, struct peer *peer, const struct segment *packet,
		  const struct ip_view *ip);

/* When shaped_run() is due. */
struct instant shaped_deadline(const struct worker *w);
/* Sends what is due, and flushes the io. */
void shaped_run(struct worker *w);

#endif
