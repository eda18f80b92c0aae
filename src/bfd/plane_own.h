/*
 * plane_own: what the plane is made of, for plane.c and plane_keep.c alone: bfdd's sessions as ties to those that
 * are run here, and the verdicts about paths.
 */
#ifndef DMVPN_BFD_PLANE_OWN_H
#define DMVPN_BFD_PLANE_OWN_H

#include "base/tree.h"
#include "bfd/plane.h"
#include "wire/bfd_plane.h"

/* One session of bfdd's. */
struct tie {
	struct tree_node by_id, by_key;
	struct bfd_key key;
	bool on_tunnel; /* of that number, whoever runs it: the forwarder or the kernel */
	uint32_t tunnel;
	struct bfd_plane_session wish;
	bool renewed;  /* handed over on this connection */
	bool told_up;  /* what bfdd believes */
	bool has_bfd;  /* BFD was Up since the last verdict: it says what becomes of it once nobody judges */
	struct bfd_status status; /* as told last; key.link 0 and no client: never */
	uint32_t record; /* where it is kept; RECORDS_NONE: nowhere */
};

struct verdict {
	struct tree_node node;
	uint32_t tunnel;
	struct ipaddr addr;
	enum plane_verdict is;
	bool orphaned;
};

struct plane {
	struct bfd *bfd;
	struct plane_ways ways;
	struct tree by_id, by_key; /* of ties: by bfdd's discriminator; by (key, discriminator) */
	struct tree verdicts;
	bool connected;
	bool unsettled;        /* restored, and the tunnels are not known yet */
	uint32_t connection;   /* the last one; 0: none yet */
	struct records *records; /* NULL: nothing is kept */
	uint32_t connection_record;
	struct instant expiry; /* ties that are not renewed go */
	uint8_t in[BFD_PLANE_MESSAGE_MAX];
	size_t in_length;
	uint8_t *out;
	size_t out_at, out_end, out_room;
};

struct tie *plane_tie_find(const struct plane *p, uint32_t id);
/* NULL: there are too many. */
struct tie *plane_tie_new(struct plane *p, const struct bfd_plane_session *s, const struct bfd_key *key);
const struct verdict *plane_verdict_about(const struct plane *p, const struct tie *t); /* NULL: none */
/* NULL: too many, or there is none and none is wanted. */
struct verdict *plane_verdict_put(struct plane *p, uint32_t tunnel, const struct ipaddr *addr, enum plane_verdict is,
				  bool orphaned);

/* After each change of a tie or of the verdict about it: what of them outlives the process. */
void plane_tie_keep(const struct plane *p, struct tie *t);
void plane_connection_keep(struct plane *p, uint32_t connection);

#endif
