/*
 * kernel_tunnel: a tunnel of the kernel data path with its packet sockets: NHRP, copies of multicast, and probes.
 * Private to datapath_kernel.c and kernel_relay.c.
 */
#ifndef DMVPN_DAEMON_KERNEL_TUNNEL_H
#define DMVPN_DAEMON_KERNEL_TUNNEL_H

#include <uv.h>

#include "base/prng.h"
#include "daemon/datapath_kernel.h"
#include "daemon/datapath_peers.h"
#include "daemon/kernel_blocks.h"
#include "daemon/kernel_entries.h"
#include "kernel/gre_device.h"
#include "kernel/gre_outbox.h"
#include "kernel/gre_packet.h"

enum { KERNEL_PACKET_MAX = 65536, KERNEL_ADDRS_MAX = 16 };

/* A socket and its poll; fd is -1 while there is none. */
struct watched {
	int fd;
	uv_poll_t poll;
};

struct kernel_tunnel {
	struct kernel_tunnel *next;
	struct datapath_kernel *owner;
	uint32_t number;
	struct gre_device device; /* as the kernel has it */
	struct ipaddr destination; /* point-to-point: as configured */
	bool keeps_to_dead;
	uint32_t protection;
	uint32_t vrf;
	int ifindex;
	struct watched nhrp, multicast, echo;
	size_t addr_count; /* own overlay addresses */
	struct ipaddr addrs[KERNEL_ADDRS_MAX];
	int handles; /* polls that libuv has not closed yet */
	struct datapath_peers peers;
	struct kernel_entries entries;
	bool serves; /* nobody stands in for anybody else: what is unresolved waits */
	size_t relay_count;
	uint64_t relays[RELAYS_MAX];
};

struct datapath_kernel {
	uv_loop_t *loop;
	struct netlink *netlink;
	struct netlink xfrm; /* opened with the first protected tunnel */
	struct kernel_blocks blocks;
	const struct datapath_kernel_calls *calls;
	void *arg;
	int probe_fd;
	uv_poll_t probe_poll;
	uv_timer_t quiet_timer;
	struct siphash_key probe_key;
	struct kernel_tunnel *tunnels;
	struct gre_outbox *outbox;
	struct gre_inbox inbox;
	uint8_t packet[KERNEL_PACKET_MAX];
};

struct kernel_tunnel *kernel_tunnel_find(const struct datapath_kernel *k, uint32_t number); /* NULL: unknown */
struct kernel_tunnel *kernel_tunnel_get(struct datapath_kernel *k, uint32_t number);       /* made when missing */
void kernel_tunnel_remove(struct kernel_tunnel *t);
bool kernel_tunnel_is_multipoint(const struct kernel_tunnel *t);
/* Its sockets, once its device is there: also what failed the last time. 0 or -errno. */
int kernel_tunnel_open(struct kernel_tunnel *t);
void kernel_tunnel_nhrp(struct kernel_tunnel *t, const struct endpoint *to, const uint8_t *bytes, size_t length);
/* An echo straight to that peer; not when none of our addresses could ask it. */
void kernel_tunnel_probe(struct kernel_tunnel *t, const struct endpoint *to, const struct ipaddr *addr, uint32_t sequence);
/* A stopped poll begins anew where status says so; for every callback of a poll. */
void kernel_poll_again(uv_poll_t *poll, int status, uv_poll_cb ready);

#endif
