/*
 * peer: one NBMA endpoint on one tunnel, with the id that names it on the data path.
 *
 * Peers are counted references: whoever points traffic at one holds it. A peer without
 * references goes at the end of the event in which it lost the last one, so that it keeps
 * its id when one owner hands over to another; after a restart of the control process the
 * peers that the data path still held are kept for a while, to be claimed again and because neighbours that nobody has
 * claimed yet point to them.
 */
#ifndef DMVPN_ENGINE_PEER_H
#define DMVPN_ENGINE_PEER_H

#include "base/hash.h"
#include "base/ipaddr.h"
#include "engine/event.h"

struct engine;
struct tunnel;

struct peer {
	struct hash_node by_nbma, by_id; /* both in the tunnel */
	struct tunnel *tunnel;
	uint64_t id;
	struct endpoint nbma;
	struct foreign_key key; /* as he sends NHRP; not given: the tunnel's */
	unsigned references;
	unsigned multicast_references;
	bool idle_listed;
	bool serves;  /* was one of our NHSs since it became a peer */
	bool configured; /* likewise named by the configuration: whoever is there, it is he who is meant */
	uint16_t group; /* group.h: what it is sent at most */
	bool adopted; /* of an earlier life, and held until the caller has swept what that left */
	struct peer *next_idle;
};

void peers_init(struct tunnel *t);
struct peer *peer_get(struct tunnel *t, const struct endpoint *nbma);
struct peer *peer_get_configured(struct tunnel *t, const struct endpoint *nbma);
void peer_put(struct peer *p); /* NULL is fine */
void peer_multicast_get(struct peer *p);
void peer_multicast_put(struct peer *p);

struct peer *peer_by_nbma(const struct tunnel *t, const struct endpoint *nbma);
struct peer *peer_by_id(const struct tunnel *t, uint64_t id);
/* EVENT_PEER_KNOWN, before the tunnel is up; ignored afterwards. Held until peers_settled(). */
void peer_adopt(struct tunnel *t, uint64_t id, const struct endpoint *nbma, const struct foreign_key *key,
		const struct shape *shape);
/* The sender of the message under way: the key that it came by is his. NULL is fine. */
void peer_learn_key(struct peer *p);
void peer_set_group(struct peer *p, uint16_t group);
void peer_say_again(struct peer *p); /* to the data path, when it knows the peer */
/* It is one of our NHSs now. */
void peer_serves(struct peer *p);
/* Adopted ones that nobody refers to go at the end of the event. */
void peers_settled(struct tunnel *t);
/* Removes the peers that nobody refers to any more. Called at the end of every event. */
void peers_sweep(struct engine *e);
/* Says again what the data path should hold: the device has come up. */
void peers_replay(struct tunnel *t);
struct peer **peers_sorted(const struct tunnel *t); /* by NBMA endpoint, t->peers.count of them; to be freed */
void peers_free(struct tunnel *t); /* without effects */

#endif
