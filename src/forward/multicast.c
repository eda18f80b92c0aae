#include "forward/multicast.h"

#include "forward/gre_tx.h"

static void copy_send(struct worker *w, struct tunnel *t, struct peer *peer, const struct ipaddr *to,
		      const struct ip_view *ip, const struct segment *packet)
{
	t->counters.multicast_copies++;
	gre_tx_inner(w, t, peer, to, packet, ip);
}

/* The far end gets a copy though no map names it; the other hubs of a point-to-point tunnel as the maps say. */
static void copies_send(struct worker *w, struct tunnel *t, const struct ip_view *ip, const struct segment *packet)
{
	struct peer *const far = tunnel_is_p2p(t) ? peer_find(&w->tables->peers, t->conf.tunnel, t->conf.remote_peer) : NULL;

	if (tunnel_is_p2p(t))
		copy_send(w, t, far, far ? &far->nbma.addr : &t->conf.remote, ip, packet);
	else if (t->multicast_count == 0)
		worker_drop(w, FORWARD_DROP_NO_MULTICAST);
	for (size_t i = 0; i < t->multicast_count; i++)
		if (t->multicast[i] != far)
			copy_send(w, t, t->multicast[i], &t->multicast[i]->nbma.addr, ip, packet);
}

void multicast_send(struct worker *w, struct tunnel *t, const struct ip_view *ip, struct segmenter *s)
{
	struct segment packet;

	while (segment_next(s, &packet))
		copies_send(w, t, ip, &packet);
}
