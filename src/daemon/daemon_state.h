/*
 * daemon_state: the whole state of the control process. Private to src/daemon; every file
 * there owns one part of it, named beside the member.
 */
#ifndef DMVPN_DAEMON_DAEMON_STATE_H
#define DMVPN_DAEMON_DAEMON_STATE_H

#include <uv.h>

#include "config/config.h"
#include "daemon/answers.h"
#include "daemon/bfd_link.h"
#include "daemon/datapath.h"
#include "daemon/datapath_kernel.h"
#include "daemon/datapath_user.h"
#include "daemon/fall_over.h"
#include "daemon/forward_client.h"
#include "daemon/ipsec.h"
#include "daemon/keeper_client.h"
#include "daemon/log.h"
#include "daemon/raws.h"
#include "daemon/saved.h"
#include "daemon/state.h"
#include "daemon/tunnel.h"
#include "daemon/underlay.h"
#include "daemon/vrfs.h"
#include "engine/engine.h"
#include "kernel/monitor.h"
#include "kernel/netlink.h"
#include "kernel/routes.h"

enum daemon_phase {
	DAEMON_STARTING,
	DAEMON_RUNNING,
	DAEMON_STOPPING, /* the engine purges */
	DAEMON_STOPPED,
};

struct daemon {
	enum daemon_phase phase;
	uv_loop_t loop;
	struct log log;
	struct keeper_hello hello;
	struct keeper_client keeper;
	uv_poll_t keeper_poll;
	struct config *config;   /* the running one */
	struct state state;
	struct saved *saved;     /* saved.c */

	struct netlink netlink;
	struct monitor *monitor;
	uv_poll_t monitor_poll;
	uv_timer_t resync_timer; /* routes go silently with their link: look again */
	uv_timer_t announce_timer; /* overlay_announce() */
	unsigned announcements_left;
	struct routes *routes;
	struct underlay underlay;
	struct vrfs vrfs;

	struct forward_client forward;
	struct datapath_user *user;
	struct datapath_kernel *kernel; /* NULL on the user data path */
	struct datapath datapath;
	char datapath_reason[96]; /* why this one */
	bool drop_nhrp_in, drop_nhrp_out; /* faults that a test asked for */
	bool forward_held_end;   /* the forwarder has said what it holds */

	struct ipsec *ipsec;     /* ipsec.c */
	struct fall_over fall_over;
	struct bfd_link *bfd;  /* bfd_link.c */

	struct raws raws;
	struct tunnel *tunnels;
	struct sysctl_set host_settings; /* host_settings.c */

	struct engine *engine;
	uv_timer_t engine_timer;
	bool draining;
	bool engine_done;        /* EFFECT_DONE was said */

	struct adopted *adopted; /* adopt.c: kernel state of an earlier life, until settled */
	uv_timer_t settle_timer;
	uv_timer_t stop_timer;

	struct transit *transit;   /* transit.c */
	struct uplinks *uplinks;   /* uplinks.c */
	char *nat_installed;       /* nat.c: the rules in force; NULL: not looked at yet */
	struct answers *answers;   /* answers.c */
};

struct instant daemon_now(void);
/* Gives the engine an event and does what it asks for. */
void daemon_feed(struct daemon *d, const struct event *ev);
#define daemon_log(d, severity, mnemonic, ...) \
	log_printf(&(d)->log, daemon_now(), severity, mnemonic, __VA_ARGS__)

/* effects.c: applies what the engine has queued. */
void effects_drain(struct daemon *d);
/* Before the loop sleeps: what was gathered for the data path leaves, then what was for the kernel's neighbours, so that
 * the forwarder knows a peer when frames for it come. */
void effects_flush(struct daemon *d);
int effects_begin(struct daemon *d); /* once the netlink is open; 0 or -errno */

/* overlay.c: overlay addresses, sysctls and routes of the kernel. */
void overlay_addresses(struct daemon *d, struct tunnel *t);
/* After devices were made: announces the addresses of all tunnels again, a few times. */
void overlay_announce(struct daemon *d);
void overlay_sysctls(struct daemon *d, struct tunnel *t);
size_t overlay_list(const struct tunnel *t, struct config_address *out, size_t room);
void overlay_mtus(const struct config_interface *i, uint16_t *ip_mtu, uint16_t *ipv6_mtu);
void overlay_change(void *daemon, const struct change *c); /* monitor's callback */
void overlay_route_changed(void *daemon, const struct route *key, const struct route *best);

/* daemon.c: everything sent before has left; a stop may go on. */
void daemon_purged(struct daemon *d);

/* datapath_choice.c: 0, or -errno when what was asked for cannot be; the reason is printed. */
int datapath_choose(struct daemon *d);

/* reload.c */
/*
 * The configuration to start with. 0 with *c; or with *reasons (malloc'd text, NULL when out
 * of memory) 1: lines forbid running; 2: unreadable.
 */
int reload_read(struct daemon *d, struct config **c, char **reasons);
/* The same codes, and nothing changed unless 0. */
int reload_apply(struct daemon *d, char **reasons);

/* adopt.c */
int adopt_begin(struct daemon *d);       /* notes what an earlier life left in the kernel */
void adopt_tell(struct daemon *d);       /* tells the engine of the neighbours */
bool adopt_found_neighbours(const struct daemon *d); /* an earlier life has left some */
void adopt_neighbour(struct daemon *d, int ifindex, const struct ipaddr *a); /* it is ours again */
void adopt_shortcut(struct daemon *d, uint32_t vrf, const struct ipprefix *dst);
void adopt_settle(struct daemon *d);     /* removes what nobody claimed */
void adopt_clean(struct daemon *d);      /* at a stop: removes everything of ours */

/* transit.c */
int transit_start(struct daemon *d);
void transit_apply(struct daemon *d);   /* the interfaces or their knobs have changed */
void transit_stop(struct daemon *d);

/* nat.c */
void nat_apply(struct daemon *d);       /* the configuration has changed */
void nat_stop(struct daemon *d);

/* host_settings.c */
void host_settings_apply(struct daemon *d);
void host_settings_restore(struct daemon *d);

/* forwarder.c */
void forwarder_received(void *daemon, const struct ipc_message *m);
void forwarder_nhrp(struct daemon *d, const struct forward_nhrp *m); /* an NHRP message came in */

#endif
