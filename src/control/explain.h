/*
 * explain: for everything that is not up, why, what was seen, and what to do. Reads a view and
 * knows nothing itself but the table of NHRP's causes and remedies; those of IPsec sessions come
 * with them.
 */
#ifndef DMVPN_CONTROL_EXPLAIN_H
#define DMVPN_CONTROL_EXPLAIN_H

#include "control/view.h"

/* malloc'd text ending in a line end, NULL when out of memory. peer: only what concerns this
 * overlay or underlay address; IP_NONE: everything. */
char *explain_text(const struct view *v, const struct ipaddr *peer);
char *explain_json(const struct view *v, const struct ipaddr *peer);

#endif
