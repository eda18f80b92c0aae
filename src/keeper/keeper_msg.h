/*
 * keeper_msg: what the keeper's children ask of it and what it hands them (base/ipc.h).
 *
 * The keeper is small and privileged and parses nothing from the network. It opens devices
 * and sockets on the control process's request, keeps a duplicate of each so that they
 * outlive every child, and hands them to the forwarder, again whenever that is restarted.
 *
 * Children find their keeper socket at file descriptor KEEPER_FD.
 *
 * Order: a control process first receives KEEPER_HELLO, then a KEEPER_HELD_… for all that is
 * open already, then (at any time from there on, and again after a restart of either)
 * KEEPER_FORWARDER. The forwarder has been handed a device or socket before the control
 * process receives the KEEPER_RESULT of its opening, so it may be used at once.
 * With check_only there is no control socket beside KEEPER_HELLO and no forwarder.
 */
#ifndef DMVPN_KEEPER_MSG_H
#define DMVPN_KEEPER_MSG_H

#include <stdint.h>

#include "base/ipaddr.h"

enum { KEEPER_FD = 3 };

enum keeper_msg_type {
	/* control -> keeper; each is answered by KEEPER_RESULT with the same seq */
	KEEPER_CONFIG_OPEN = 1, /* struct keeper_request: a read-only fd of the configuration file */
	KEEPER_FILE_OPEN,       /* struct keeper_file: a read-only fd of a file that the configuration names (a key,
				 * a certificate): relative to the configuration's folder, and never outside it */
	KEEPER_TAP_OPEN,        /* struct keeper_tap: create the TAP (down), hand it to the forwarder;
				 * 0 without more when that tunnel's TAP is open already */
	KEEPER_TAP_CLOSE,       /* struct keeper_tap: device gone */
	KEEPER_RAW_OPEN,        /* struct keeper_raw: raw GRE or ESP socket bound to a local underlay address;
				 * -EADDRNOTAVAIL while the address is not there: try again later;
				 * -EEXIST when the id is taken by another local address */
	KEEPER_RAW_CLOSE,       /* struct keeper_raw */
	KEEPER_READY,           /* struct keeper_request: start-up is complete (or -n: exit with ok) */
	KEEPER_FAIL,            /* struct keeper_fail: start-up is impossible; the keeper exits */
	KEEPER_STOPPED,         /* struct keeper_request: clean stop is complete; close everything */
	KEEPER_IKE_START,       /* struct keeper_ike: open the UDP 4500 sockets, make the SA memory, hand
				 * both to the forwarder (neither of it where the kernel does IPsec), start charon,
				 * and start it again whenever it dies;
				 * -ENOENT when charon is not installed. When that was done already only the
				 * settings are kept, for charon's next start */
	KEEPER_IKE_RESTART,     /* struct keeper_request: charon does not answer: kill and start it again;
				 * -ESRCH when it was never started */
	KEEPER_BFD_WANTED,      /* struct keeper_request, not answered: tunnels that the kernel carries have BFD
				 * sessions: KEEPER_GIVE_BFD, bfdd or not */

	/* keeper -> control */
	KEEPER_RESULT = 64,       /* struct keeper_result, with an fd where one was asked for */
	KEEPER_HELLO,             /* struct keeper_hello + the listening control socket; first message */
	KEEPER_HELD_TAP,          /* struct keeper_tap: already open (the control process was restarted) */
	KEEPER_HELD_RAW,          /* struct keeper_raw: already open */
	KEEPER_FORWARDER,         /* a fresh socket to a (re)started forwarder, one fd */
	KEEPER_RELOAD,            /* SIGHUP was received */
	KEEPER_STOP,              /* SIGTERM or SIGINT: purge, then KEEPER_STOPPED */
	KEEPER_VICI,              /* a connected VICI socket to a (re)started charon, one fd; also to a
				   * restarted control process. Its end of file says that charon is gone */

	/* keeper -> forwarder */
	KEEPER_GIVE_TAP = 128,    /* struct keeper_tap + fd */
	KEEPER_TAKE_TAP,          /* struct keeper_tap: close it */
	KEEPER_GIVE_RAW,          /* struct keeper_raw + two fds: receive and send; send with DF */
	KEEPER_TAKE_RAW,          /* struct keeper_raw */
	KEEPER_CONTROL,           /* a fresh socket to a (re)started control process, one fd */
	KEEPER_GIVE_SA_MEMORY,    /* one fd: shared memory (memfd) with the table of SAs, empty or as an
				   * earlier forwarder left it. Always before the next three */
	KEEPER_GIVE_UDP,          /* struct keeper_udp + one fd: the UDP 4500 socket of one family */
	KEEPER_GIVE_INJECT,       /* struct keeper_udp + one fd: raw socket to hand IKE messages to charon */
	KEEPER_GIVE_XFRM,         /* struct keeper_xfrm + one fd: our end of one of charon's XFRM sockets
				   * (SOCK_SEQPACKET, netlink messages); again after a restart of the forwarder */
	KEEPER_GIVE_BFDD,         /* struct keeper_bfdd + one fd: a connection to bfdd's socket of --dplaneaddr
				   * (bfd/plane.h). The keeper makes another when this one ends */
	KEEPER_GIVE_BFD,          /* struct keeper_udp + two fds of one family: UDP 3784 to receive by, one to send by
				   * (TTL 255). Once bfdd is there, which does not use the port itself then, or
				   * KEEPER_BFD_WANTED */
	KEEPER_TAKE_XFRM,         /* no payload: charon is gone, close them all. Its SAs stay */
	KEEPER_GIVE_BFD_MEMORY,   /* one fd: shared memory (memfd) with the BFD sessions (base/records.h), empty or
				   * as an earlier forwarder left it. Before KEEPER_CONTROL and KEEPER_GIVE_BFDD */

	/* keeper -> charon's launcher: KEEPER_IKE_START with the settings, first of all, and
	 * KEEPER_STOP for a clean end of charon (the end of the socket: charon is killed) */

	/* charon's launcher -> keeper */
	KEEPER_XFRM = 192,        /* struct keeper_xfrm + one fd */
};

struct keeper_request { uint32_t seq; };

struct keeper_file {
	uint32_t seq;
	char path[256]; /* relative, ends in NUL */
};

struct keeper_tap {
	uint32_t seq;
	uint32_t tunnel;
	char name[16];
	uint8_t mac[6]; /* the device's own address; never 02:… (those are peers) */
};

struct keeper_raw {
	uint32_t seq;
	uint32_t id; /* chosen by the control process; names the socket in forward_msg.h */
	struct endpoint local; /* bound to local.addr */
	char device[16]; /* VRF device to bind to, empty: none */
	uint8_t protocol; /* IPPROTO_GRE or IPPROTO_ESP */
};

struct keeper_ike {
	uint32_t seq;
	uint32_t nat_keepalive_s;  /* 0: charon's own 20 s */
	uint32_t ike_sa_limit;     /* IKE_SAs from which on others may begin no more; 0: no limit */
	uint32_t half_open_limit;  /* IKE_SAs under negotiation that others began; 0: no limit */
	uint8_t kernel;            /* charon shall use the kernel's IPsec and its own socket on UDP 4500 */
};

struct keeper_udp {
	uint8_t family; /* enum ip_family */
};

struct keeper_bfdd {
	uint32_t connection; /* counts them */
	uint8_t is_fresh;    /* no forwarder had it before */
};

struct keeper_xfrm {
	uint32_t groups; /* netlink multicast groups that charon bound: 0 requests, else events */
};

struct keeper_result {
	uint32_t seq;
	int32_t error; /* 0 or -errno */
	char text[200]; /* what failed, for the operator */
};

struct keeper_hello {
	int32_t is_restart; /* 1: an earlier control process died */
	char config_path[256];
	char run_dir[108];
	char state_dir[256];
	uint8_t datapath; /* enum config_datapath, from the command line; AUTO: none given */
	uint8_t no_ipsec;
	uint8_t no_fall_over;
	uint8_t plain; /* nothing fast: keeper.h */
	uint8_t check_only; /* -n */
	uint8_t ignore_unsupported; /* run in spite of unsupported lines */
	uint8_t faults; /* the control socket may ask for faults (tests) */
};

struct keeper_fail {
	int32_t exit_code; /* 1 or 2 */
};

#endif
