/*
 * confine: the system calls that the control process, and nft which it starts, can make once
 * they have nothing more to be privileged for.
 */
#ifndef DMVPN_DAEMON_CONFINE_H
#define DMVPN_DAEMON_CONFINE_H

int confine(void); /* 0 or -errno; -ENOSYS where this architecture is not known */

#endif
