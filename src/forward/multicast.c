#include "forward/multicast.h"

#include "forward/gre_tx.h"

void multicast_send(struct worker *w, struct tunnel *t, uint8_t *inner, const struct ip_view *ip)
{
	if (tunnel_is_p2p(t)) {
		t->counters.multicast_copies++;
		gre_tx_inner(w, t, peer_find(&w->tables->peers, t->conf.tunnel, t->conf.remote_peer),
			     &t->conf.remote, inner, ip);
		return;
	}
	if (t->multicast_count == 0)
		worker_drop(w, FORWARD_DROP_NO_MULTICAST);
	for (size_t i = 0; i < t->multicast_count; i++) {
		t->counters.multicast_copies++;
		gre_tx_inner(w, t, t->multicast[i], &t->multicast[i]->nbma.addr, inner, ip);
	}
}
