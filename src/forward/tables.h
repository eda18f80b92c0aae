/*
 * tables: what all workers read and only the control messages change.
 */
#ifndef DMVPN_FORWARD_TABLES_H
#define DMVPN_FORWARD_TABLES_H

#include "forward/peer_table.h"
#include "forward/tunnel_table.h"

struct tables {
	struct peer_table peers;
	struct tunnel_table tunnels;
	uint32_t generation; /* counts FORWARD_SYNC_BEGIN */
	bool syncing;        /* FORWARD_SYNC_END has not come yet */
};

#endif
