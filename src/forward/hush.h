/*
 * hush: what must not be heard before the death of a next-hop server is known.
 *
 * OSPF's backup designated router tells by a Hello that it is the designated one now. A router that hears this before it
 * knows that the former one is dead believes in both, picks the one of higher priority, the dead one, and ends its
 * adjacency with the other (RFC 2328 9.4), which costs it seconds. All notice a death within an interval of BFD's,
 * but not in the same moment; without BFD, by probes, within a quarter of a second. So while BFD misses packets of a live server,
 * or its probes are not answered, and until routing has heard what became of it, Hellos of others are dropped: no more than one
 * of each, as the next comes a second or more later.
 */
#ifndef DMVPN_FORWARD_HUSH_H
#define DMVPN_FORWARD_HUSH_H

#include "bfd/bfd.h"
#include "forward/worker.h"

/* A session on that tunnel is late; routers that are no server of ours do not count. */
void hush_begin(struct worker *w, struct tunnel *t, const struct bfd_status *s);
/* A probe goes to that endpoint. */
void hush_probed(struct worker *w, struct tunnel *t, const struct endpoint *to);
/* It was answered. */
void hush_answered(struct worker *w, struct tunnel *t, const struct endpoint *from);
/* BFD has heard that endpoint. */
void hush_heard(struct tunnel *t, const struct endpoint *from);
/* Whether a packet that came from there is to be dropped. */
bool hush_drops(const struct worker *w, const struct tunnel *t, const struct endpoint *from, const uint8_t *inner,
		const struct ip_view *ip);

#endif
