/*
 * keeper: the privileged parent of the control process and the forwarder.
 *
 * `dmvpnd` calls keeper_run() and exits with what it answers. The keeper starts
 *   self_path with the arguments { "dmvpnd-control", "--control" }   (the control process)
 *   forwarder_path with { "dmvpn-fwd" }                              (not with check_only)
 * each with its keeper socket at KEEPER_FD (keeper_msg.h) and nothing else open but stdin
 * (/dev/null), stdout and stderr. Both start as root and give up their privileges
 * themselves (base/privilege.h), and both must exit when that socket reaches its end. They
 * start with SIGINT, SIGTERM and SIGHUP ignored: these come as keeper messages.
 *
 * A control process that fails or dies before KEEPER_READY ends the keeper. One that does so
 * later is started again while packets are forwarded on, and so is the forwarder at any time.
 */
#ifndef DMVPN_KEEPER_KEEPER_H
#define DMVPN_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct keeper_options {
	const char *config_path;
	const char *run_dir;        /* created when missing; holds the socket, lock and pid files */
	const char *state_dir;      /* made the unprivileged user's, so that the control process can write */
	const char *self_path;      /* executable of the control process, absolute */
	const char *forwarder_path; /* absolute; NULL: dmvpn-fwd in the folder of self_path */
	uint8_t datapath;           /* enum config_datapath; DATAPATH_AUTO: none given */
	bool no_ipsec;
	bool check_only;            /* -n: no device, no socket, no lock, no forwarder */
};

/* File names inside run_dir. */
#define KEEPER_SOCKET_NAME "control.sock"
#define KEEPER_LOCK_NAME "dmvpnd.lock"

/* Runs until stopped; the exit code of the program: 0 clean stop (or check passed), else
 * what KEEPER_FAIL said, or 2 when the environment forbids running. Says why on stderr. */
int keeper_run(const struct keeper_options *options);

#endif
