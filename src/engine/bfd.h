/*
 * bfd: NHRP as a client of BFD, as on IOS-XE: a tunnel with `bfd interval` or `bfd template` has a
 * session with each NHS and with each registered client. The sessions run outside; only a Down acts.
 */
#ifndef DMVPN_ENGINE_BFD_H
#define DMVPN_ENGINE_BFD_H

#include "engine/binding.h"

/* The binding, its peer, or what it is has changed. Asks for its session, or asks no more. */
void bfd_follow(struct binding *b);
void bfd_forget(struct binding *b); /* it goes */
/* The tunnel is up or down, or has other settings: what is wanted is said once more, the rest ends. */
void bfd_follow_all(struct tunnel *t);

/* EVENT_BFD, EVENT_BFD_LATE */
void bfd_event(struct engine *e, const struct event *ev);

#endif
