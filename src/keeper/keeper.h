/*
 * keeper: the privileged parent of the control process and the forwarder
 * and of charon's launcher.
 *
 * `dmvpnd` calls keeper_run() and exits with what it answers. The keeper starts
 *   self_path with the arguments { "dmvpnd-control", "--control" }   (the control process)
 *   forwarder_path with { "dmvpn-fwd" }                              (not with check_only)
 *   launcher_path with { "dmvpn-charon", run_dir, charon_path }      (from KEEPER_IKE_START on)
 * each with its keeper socket at KEEPER_FD (keeper_msg.h) and nothing else open but stdin
 * (/dev/null), stdout and stderr. All start as root; the first two give up their privileges
 * themselves (base/privilege.h), and each must exit when that socket reaches its end.
 *
 * A control process that dies before KEEPER_READY ends the keeper (exit 2); one that dies
 * later is started again, and so are the others at any time.
 */
#ifndef DMVPN_KEEPER_KEEPER_H
#define DMVPN_KEEPER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

struct keeper_options {
	const char *config_path;
	const char *run_dir;        /* created when missing; holds the socket, lock and pid files */
	const char *state_dir;      /* created when missing */
	const char *self_path;      /* executable of the control process, absolute */
	const char *forwarder_path; /* absolute; NULL: dmvpn-fwd in the folder of self_path */
	const char *launcher_path;  /* absolute; NULL: dmvpn-charon in the folder of self_path */
	const char *charon_path;    /* absolute; NULL: what the build option `charon` said */
	const char *bfdd_path;      /* socket where bfdd awaits its data plane; NULL: none is looked for */
	uint8_t datapath;           /* enum config_datapath; DATAPATH_AUTO: none given */
	bool no_ipsec;
	bool no_fall_over;          /* as `no nhrp fall-over …` on every tunnel */
	bool plain;                 /* as `no ip nhrp probe`, `no nhrp bfd` and `no nhrp fall-over …` on every tunnel */
	bool ignore_unsupported;    /* run in spite of unsupported lines */
	bool faults;                /* the control socket may ask for faults */
	bool check_only;            /* -n: no device, no socket, no lock, no forwarder */
};

/* File names inside run_dir. */
#define KEEPER_SOCKET_NAME "control.sock"
#define KEEPER_LOCK_NAME "dmvpnd.lock"

/* Runs until stopped; the exit code of the program: 0 clean stop (or check passed), else
 * what KEEPER_FAIL said, or 2 when the environment forbids running. Says why on stderr. */
int keeper_run(const struct keeper_options *options);

#endif
