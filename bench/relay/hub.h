/*
 * hub: one real dmvpn-fwd in the hub's namespace of a net, with the bench as its keeper, its charon
 * and its control process.
 *
 * Pair i is a peer: underlay address 100.64.k.l (i even: left) or 100.65.k.l (odd: right), LAN address
 * 10.1.k.l or 10.2.k.l with k.l = i / 2, AES-GCM-128 in UDP. The hub routes each LAN of the right into its
 * tunnel.
 */
#ifndef DMVPN_BENCH_HUB_H
#define DMVPN_BENCH_HUB_H

#include <stdint.h>
#include <sys/types.h>

#include "base/ipaddr.h"
#include "base/ipc.h"
#include "esp/sa.h"
#include "net.h"

enum { HUB_GRE_KEY = 100, HUB_PAIRS_MAX = 32768, HUB_PORT = 4500 };

struct hub {
	const struct net *net;
	const char *forwarder;     /* path of the program */
	pid_t pid;
	int keeper_fd, control_fd, xfrm_fd;
	int tap_fd, raw_fds[2], udp_fd, inject_fd, memory_fd, charon_fd; /* what a keeper holds */
	struct ipaddr address;     /* its own underlay address */
	uint32_t pairs, routed;
	uint32_t seq;              /* of charon's requests */
	uint32_t held;             /* SAs that the forwarder said it had when it started */
	uint32_t *spi_in;          /* by pair, chosen by the forwarder; of HUB_PAIRS_MAX */
	struct ipc_message message;
};

void hub_open(struct hub *h, const struct net *net, const char *forwarder);
void hub_close(struct hub *h);

/* Sets up pairs until there are so many, as charon and the control process do, and waits until the forwarder has them
 * all. */
void hub_pairs_add(struct hub *h, uint32_t pairs);
/* Routes to the LANs of the right's pairs. */
void hub_routes_add(struct hub *h);

/* kill -9, a new one is handed everything; returns when it has all that. */
void hub_kill(struct hub *h);
void hub_start_again(struct hub *h);

struct ipaddr hub_peer_address(uint32_t pair);
struct ipaddr hub_lan_address(uint32_t pair);
/* The SA of a pair as the peer has it: sending to the hub, or receiving from it. */
void hub_peer_sa(const struct hub *h, uint32_t pair, bool to_hub, struct esp_sa *out);
/* The pair whose peer receives by that SPI. */
uint32_t hub_pair_of(uint32_t spi);

uint64_t hub_cpu_ns(const struct hub *h);      /* of the forwarder, since it was started */
uint64_t hub_memory_octets(const struct hub *h); /* PSS, the shared SA memory included */
/* Reasons of drops, with their counts, to stderr; nothing when there are none. */
void hub_drops_tell(struct hub *h);

#endif
