/*
 * fwd_main: the forwarder's loop. It reads TAPs and raw sockets that the keeper hands it,
 * forwards, and goes on doing so while there is no control process.
 */
#ifndef DMVPN_FORWARD_FWD_MAIN_H
#define DMVPN_FORWARD_FWD_MAIN_H

/* Runs until the keeper closes keeper_fd. The exit code: 0, or 2 with the reason on stderr. */
int forward_run(int keeper_fd);

#endif
