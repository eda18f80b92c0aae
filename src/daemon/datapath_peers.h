/*
 * datapath_peers: the peers of a tunnel as a data path knows them, by id.
 */
#ifndef DMVPN_DAEMON_DATAPATH_PEERS_H
#define DMVPN_DAEMON_DATAPATH_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ipaddr.h"
#include "engine/event.h"

struct datapath_peer {
	uint64_t id;
	struct endpoint nbma;
	struct foreign_key key;
	bool multicast;
	bool serves; /* an NHS */
	struct shape shape;
};

/* All zero is an empty list. Pointers to entries hold until the next get, del or done. */
struct datapath_peers {
	size_t count, room;
	struct datapath_peer *peers; /* ascending ids */
};

void datapath_peers_done(struct datapath_peers *l);
/* NULL when absent. */
struct datapath_peer *datapath_peers_find(const struct datapath_peers *l, uint64_t id);
/* Makes it when absent. Out of memory ends the process: the keeper restarts it. */
struct datapath_peer *datapath_peers_get(struct datapath_peers *l, uint64_t id);
void datapath_peers_del(struct datapath_peers *l, struct datapath_peer *p);
/* How many receive multicast. */
size_t datapath_peers_multicast_count(const struct datapath_peers *l);

#endif
