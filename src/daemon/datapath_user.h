/*
 * datapath_user: the data path over dmvpn-fwd. Keeps a mirror of all that the forwarder has
 * been told, so that a restarted forwarder is told again.
 */
#ifndef DMVPN_DAEMON_DATAPATH_USER_H
#define DMVPN_DAEMON_DATAPATH_USER_H

#include "daemon/datapath.h"
#include "daemon/forward_client.h"

struct datapath_user;

extern const struct datapath_ops datapath_user_ops;

/* NULL when out of memory. It lives as long as the process. */
struct datapath_user *datapath_user_new(struct forward_client *f);

/* The forwarder has said what it holds: begins to tell it everything. What it holds beyond
 * that stays until datapath_user_settle(). */
void datapath_user_sync(struct datapath_user *u);
/* The forwarder is gone; until the next sync nothing is told. */
void datapath_user_lost(struct datapath_user *u);
/* A message of forward_msg.h that has no mirror here. Nothing happens between the loss of the
 * forwarder and the next sync. */
void datapath_user_tell(const struct datapath_user *u, uint16_t type, const void *payload, size_t length);
/* What was not named since the last sync goes. */
void datapath_user_settle(struct datapath_user *u);

#endif
