/*
 * uplinks: what the router watches of its uplinks, and what hangs on it: static routes with `track`, and
 * interfaces that stand by for others.
 */
#ifndef DMVPN_DAEMON_UPLINKS_H
#define DMVPN_DAEMON_UPLINKS_H

#include <stdbool.h>

struct daemon;
struct made_view;
struct uplinks;

int uplinks_start(struct daemon *d); /* 0 or -errno */
void uplinks_apply(struct daemon *d);  /* the configuration is another one; before the old one is freed */
void uplinks_links(struct daemon *d);  /* links, addresses or routes have changed */
void uplinks_stop(struct daemon *d);   /* takes all away again */

/* The interface of that name stands by for another one, whose name is answered; NULL: it does not. */
const char *uplinks_holds(const struct daemon *d, const char *name);

bool uplinks_view(struct daemon *d, struct made_view *m); /* false: out of memory */

#endif
