/*
 * view_sessions: IPsec's part of a view: the sessions with their SAs, and what they mean for the
 * state of a peer.
 */
#ifndef DMVPN_DAEMON_VIEW_SESSIONS_H
#define DMVPN_DAEMON_VIEW_SESSIONS_H

#include "daemon/counters.h"
#include "daemon/make_view.h"

bool view_add_sessions(struct daemon *d, struct made_view *m, const struct counters *c); /* false: out of memory */
/* Who called and was refused. */
bool view_add_refused(const struct daemon *d, struct made_view *m);
/* A peer whose session cannot send is IKE or IPSEC, whatever NHRP knows of it, for the session's cause. */
void view_protect(const struct daemon *d, struct binding_view *b);

#endif
