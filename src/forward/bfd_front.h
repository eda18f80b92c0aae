/*
 * bfd_front: the BFD sessions of this machine (bfd/bfd.h) and their ways out and in.
 *
 * Sessions on a tunnel: a packet is an inner UDP datagram of the tunnel's own address, sent
 * straight to the session's NBMA endpoint by GRE or its IPsec session, never by way of a relay; what a
 * peer sends to UDP 3784 of a session's address is taken before it reaches the TAP. Other
 * sessions: the keeper's UDP sockets, by interface.
 *
 * Sessions live on while the control process is away, and in memory of the keeper's while this one is.
 */
#ifndef DMVPN_FORWARD_BFD_FRONT_H
#define DMVPN_FORWARD_BFD_FRONT_H

#include "bfd/bfd.h"
#include "bfd/plane.h"
#include "forward/worker.h"

enum { BFD_SESSIONS_MAX = 20000 };

/* seed: what others cannot guess. 0 or -ENOMEM. Without it a worker has no BFD, and takes no packet for it. */
int bfd_front_start(struct worker *w, uint64_t seed);
void bfd_front_stop(struct worker *w);
/* The memory that outlives this process (fd is not kept): sessions that an earlier one left there go on.
 * 0 or -errno: then nothing outlives it. */
int bfd_front_restore(struct worker *w, int fd);

/* FORWARD_BFD_… of the control process. false: not usable. */
bool bfd_front_message(struct worker *w, uint16_t type, const void *payload, size_t length);
/* FORWARD_SYNC_END. */
void bfd_front_sweep(struct worker *w);
void bfd_front_tunnels_changed(struct worker *w);
void bfd_front_tunnel_gone(struct worker *w, uint32_t tunnel);
/* The control process, which watches paths, is gone. */
void bfd_front_control_gone(struct worker *w);

/* bfdd: a connection has come; one that an earlier process had, false when what was agreed on by it is not known
 * here; it has gone; octets of it, false when they are not its protocol. */
void bfd_front_bfdd_connected(struct worker *w, uint32_t connection);
bool bfd_front_bfdd_resumed(struct worker *w, uint32_t connection);
void bfd_front_bfdd_lost(struct worker *w);
bool bfd_front_bfdd_input(struct worker *w, const uint8_t *bytes, size_t length);
/* Tells the control process how bfdd stands. */
void bfd_front_bfdd_tell(struct worker *w);

/* A packet that came by a tunnel and is for UDP 3784: true when a session has taken it. */
bool bfd_front_inner(struct worker *w, struct tunnel *t, const struct endpoint *from, const uint8_t *inner,
		     const struct ip_view *ip);
/* A datagram that came to a socket. */
void bfd_front_datagram(struct worker *w, const struct bfd_arrival *a, const uint8_t *bytes, size_t length);

struct instant bfd_front_deadline(const struct worker *w);
/* bfd_is_late(): what waits in sockets for BFD alone should be read before bfd_front_run(). */
bool bfd_front_is_late(const struct worker *w);
/* What has become due, and what follows from packets and messages; after each batch. Flushes the io
 * when it has sent. */
void bfd_front_run(struct worker *w);

/* Cheap, for every packet: may it be BFD? */
static inline bool bfd_front_concerns(const uint8_t *inner, const struct ip_view *ip)
{
	enum { UDP = 17, HEADER = 8 };
	const uint8_t *udp = inner + ip->header_len;

	return ip->protocol == UDP && ip->fragment_offset == 0 && ip->total_len - ip->header_len >= HEADER &&
	       (udp[2] << 8 | udp[3]) == BFD_PORT;
}

#endif
