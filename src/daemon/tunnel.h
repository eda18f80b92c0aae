/*
 * tunnel: one tunnel interface of the running router: its device, its underlay source, its
 * overlay addresses and what was set on the device.
 *
 *   no device --TAP opened--> waiting for the source --address, socket--> up
 *                                      ^------- address lost ---------------+
 *
 * reason says why a tunnel is not up; it is empty exactly when it is.
 */
#ifndef DMVPN_DAEMON_TUNNEL_H
#define DMVPN_DAEMON_TUNNEL_H

#include "config/config.h"
#include "kernel/sysctl.h"

enum { TUNNEL_ADDRS_MAX = 32, TUNNEL_REASON_MAX = 200 /* room for what the keeper says */ };

struct daemon;

struct tunnel {
	struct tunnel *next;
	uint32_t number;
	char name[16];
	const struct config_interface *config; /* of the running configuration */
	int ifindex;                           /* 0: no device */
	uint8_t mac[6];
	bool up;
	bool line_protocol; /* what `if-state nhrp` says, true without it */
	struct endpoint local; /* while up */
	uint32_t raw_id;       /* while up */
	uint32_t protection;   /* IPsec; 0: unprotected */
	char reason[TUNNEL_REASON_MAX];
	uint64_t carrier_dropped, bgp_closed, bfd_told; /* times that routing was told of NHRP's findings */
	struct sysctl_set sysctls;
};

/* Makes tunnels for what is configured, takes away what no longer is. */
void tunnels_apply(struct daemon *d);
/* Looks again for the sources of all tunnels: links or addresses have changed. */
void tunnels_check(struct daemon *d);
/* A link is gone: if it was a tunnel's device, somebody has deleted it, and it is made anew. */
void tunnel_link_gone(struct daemon *d, int ifindex);
/* Takes all down: settings back, devices closed. */
void tunnels_stop(struct daemon *d);

struct tunnel *tunnel_find(struct daemon *d, uint32_t number);
struct tunnel *tunnel_of_ifindex(struct daemon *d, int ifindex);
/* Raises or drops the carrier, by line_protocol and the underlay. */
void tunnel_show_carrier(struct daemon *d, struct tunnel *t);

#endif
