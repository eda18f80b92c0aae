/*
 * daemon: the control process of one router: where configuration, engine, kernel, data path
 * and control socket meet in one libuv loop. Started by the keeper with its socket at
 * KEEPER_FD; ends when that socket does.
 */
#ifndef DMVPN_DAEMON_DAEMON_H
#define DMVPN_DAEMON_DAEMON_H

/* The exit code. */
int daemon_main(void);

#endif
