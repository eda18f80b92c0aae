/*
 * dump: entries of one kind for the control process, as many at a time as a message holds.
 */
#ifndef DMVPN_FORWARD_DUMP_H
#define DMVPN_FORWARD_DUMP_H

#include "base/ipc.h"
#include "forward/worker.h"

struct dump {
	struct worker *w;
	uint16_t type;
	size_t entry;  /* octets of one */
	size_t length; /* octets filled */
	uint8_t bytes[IPC_PAYLOAD_MAX];
};

void dump_begin(struct dump *d, struct worker *w, uint16_t type, size_t entry);
void dump_add(struct dump *d, const void *entry);
void dump_flush(struct dump *d);

#endif
