#include "forward/multicast.h"

#include "forward/gre_tx.h"

static void copies_send(struct worker *w, struct tunnel *t, const struct ip_view *ip, const struct segment *packet)
{
	if (tunnel_is_p2p(t)) {
		t->counters.multicast_copies++;
		gre_tx_inner(w, t, peer_find(&w->tables->peers, t->conf.tunnel, t->conf.remote_peer),
			     &t->conf.remote, packet, ip);
		return;
	}
	if (t->multicast_count == 0)
		worker_drop(w, FORWARD_DROP_NO_MULTICAST);
	for (size_t i = 0; i < t->multicast_count; i++) {
		t->counters.multicast_copies++;
		gre_tx_inner(w, t, t->multicast[i], &t->multicast[i]->nbma.addr, packet, ip);
	}
}

void multicast_send(struct worker *w, struct tunnel *t, const struct ip_view *ip, struct segmenter *s)
{
	struct segment packet;

	while (segment_next(s, &packet))
		copies_send(w, t, ip, &packet);
}
