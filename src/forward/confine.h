/*
 * confine: the system calls that the forwarder makes once it runs, and no others.
 */
#ifndef DMVPN_FORWARD_CONFINE_H
#define DMVPN_FORWARD_CONFINE_H

/* After everything that reads files or loads code has been done. 0 or -errno. */
int confine(void);

#endif
