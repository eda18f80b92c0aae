/*
 * arp: answers the kernel's own ARP requests (RFC 826); nothing of it leaves the machine.
 */
#ifndef DMVPN_FORWARD_ARP_H
#define DMVPN_FORWARD_ARP_H

#include "forward/worker.h"

/* A frame of type ARP from the tunnel's TAP. */
void arp_frame(struct worker *w, struct tunnel *t, const uint8_t *frame, size_t length);

#endif
