/*
 * bfd_link: the BFD sessions that the engine asks for, on their way to the forwarder, which
 * runs them (forward/bfd_front.h), and what it tells of them.
 */
#ifndef DMVPN_DAEMON_BFD_LINK_H
#define DMVPN_DAEMON_BFD_LINK_H

#include "base/ipc.h"
#include "daemon/make_view.h"
#include "engine/effect.h"
#include "forward/forward_msg.h"

struct daemon;
struct bfd_link;

struct bfd_link *bfd_link_new(void); /* NULL: out of memory */

void bfd_link_set(struct daemon *d, const struct effect *e);
void bfd_link_del(struct daemon *d, const struct effect *e);
/* The forwarder is there (again): says what shall be. Before FORWARD_SYNC_END. */
void bfd_link_sync(struct daemon *d);

/* Takes a message of the forwarder; false: it is about something else. */
bool bfd_link_message(struct daemon *d, const struct ipc_message *m);

/* All sessions of the machine, also others' than NHRP's, for `show bfd`: asks, and what was told last. */
void bfd_link_ask(struct daemon *d);
bool bfd_link_view(struct daemon *d, struct made_view *m);

#endif
