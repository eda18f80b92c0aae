/*
 * plane: bfdd of stock FRR as a client of the sessions that are run here, without sockets.
 * Octets that bfdd sent go in, octets for it come out (wire/bfd_plane.h).
 *
 * bfdd may have several sessions between the same two ends (one of bgpd, one of ospfd): they
 * are one session here (BFD_CLIENT_ROUTING), and one with NHRP's where that watches the same
 * pair. What bfdd is told of a session on a tunnel:
 *
 *   verdict DEAD    Down, whatever BFD's packets say: somebody knows better (NHRP, IKE, probes)
 *   verdict ALIVE   Up: the path is verified by other means; the far end need not speak BFD.
 *                   So a lost BFD session alone moves nothing until the verdict is DEAD
 *   no verdict      what BFD's packets say
 *
 * A far end without BFD makes bfdd's session follow the verdict alone, so that ospfd too learns of
 * a dead path at once. Verdicts belong to (tunnel, overlay address) and outlive bfdd.
 */
#ifndef DMVPN_BFD_PLANE_H
#define DMVPN_BFD_PLANE_H

#include "bfd/bfd.h"

enum { PLANE_SESSIONS_MAX = 20000, PLANE_VERDICTS_MAX = 20000 };

enum plane_verdict { PLANE_NO_VERDICT, PLANE_ALIVE, PLANE_DEAD };

/* bfdd leaves the near end of its sessions open. */
struct plane_ways {
	void *context;
	/* The tunnel's own address towards that one; IP_NONE: there is no such tunnel (yet). */
	struct ipaddr (*tunnel_addr)(void *context, uint32_t tunnel, const struct ipaddr *remote);
};

struct plane;

/* The sessions are borrowed. NULL: out of memory. */
struct plane *plane_new(struct bfd *b, const struct plane_ways *ways);
void plane_free(struct plane *p); /* its sessions stay */

/*
 * What bfdd had handed over, and what it was told, lies in records from now on, those of bfd_restore() and after
 * that: what an earlier process left there goes on. Until plane_settled() what bfdd has asked for stays on the link
 * that it was on, as the tunnels are not known yet.
 */
void plane_restore(struct plane *p, struct instant now, struct records *r);
void plane_settled(struct plane *p, struct instant now);

/* bfdd has connected; it hands over all its sessions anew. `connection` names it, above 0. */
void plane_connected(struct plane *p, struct instant now, uint32_t connection);
/* The connection that an earlier process had is here again: bfdd has noticed nothing. false: what was agreed on
 * by it was not found in the records. */
bool plane_resumed(struct plane *p, uint32_t connection);
/* bfdd is gone: its sessions go on for PLANE_LINGER_S, in case that it comes back, then are removed. */
void plane_lost(struct plane *p, struct instant now);
enum { PLANE_LINGER_S = 10 };

/* What bfdd sent, in pieces of any size. false: that is not the protocol, close the connection. */
bool plane_input(struct plane *p, struct instant now, const uint8_t *bytes, size_t length);
/* What is to be sent to bfdd, NULL when nothing is: take some, then say how much went. */
const uint8_t *plane_output(const struct plane *p, size_t *length);
void plane_sent(struct plane *p, size_t length);

/* A BFD_EFFECT_STATE that names BFD_CLIENT_ROUTING. */
void plane_state(struct plane *p, const struct bfd_status *s);
void plane_verdict(struct plane *p, uint32_t tunnel, const struct ipaddr *addr, enum plane_verdict v);
/* Whoever gave verdicts is gone: what BFD watches follows BFD again, the rest stays. */
void plane_verdicts_orphaned(struct plane *p);

/* Tunnels have come, gone or changed their addresses: sessions follow. */
void plane_tunnels_changed(struct plane *p, struct instant now);
size_t plane_count(const struct plane *p); /* of bfdd's sessions */
bool plane_is_connected(const struct plane *p);
struct instant plane_deadline(const struct plane *p);
void plane_tick(struct plane *p, struct instant now);

#endif
