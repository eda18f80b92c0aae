/*
 * device: opens the devices and sockets of the user data path. Each function answers 0 or
 * -errno and then says in text[] what failed, for the operator.
 */
#ifndef DMVPN_KEEPER_DEVICE_H
#define DMVPN_KEEPER_DEVICE_H

#include "keeper/keeper_msg.h"

enum { DEVICE_TEXT_MAX = sizeof((struct keeper_result *)0)->text };

/* *fd: a TAP with that name and MAC, down, with a virtio header before each frame and no
 * offload; non-blocking, close-on-exec. It lives until the last duplicate is closed. */
int device_tap_open(const struct keeper_tap *tap, int *fd, char text[DEVICE_TEXT_MAX]);

/*
 * fds[0] receives the packets of that protocol sent to raw->local and sends without DF; fds[1] only
 * sends, with DF and with its errors queued (IP_RECVERR). -EADDRNOTAVAIL while the
 * address is not on this machine.
 */
int device_raw_open(const struct keeper_raw *raw, int fds[2], char text[DEVICE_TEXT_MAX]);

#endif
