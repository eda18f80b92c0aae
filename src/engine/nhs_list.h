/*
 * nhs_list: the NHSs of an overlay, kept in line with configuration and names, and searched.
 */
#ifndef DMVPN_ENGINE_NHS_LIST_H
#define DMVPN_ENGINE_NHS_LIST_H

#include "engine/nhs.h"

/* Makes the list follow configuration and names: same ones stay, new ones start, others leave. */
void nhs_list_apply(struct overlay *o);
void nhs_list_restart(struct overlay *o, enum nhs_event event); /* READY or UNREADY to each */
void nhs_list_leave(struct overlay *o);
bool nhs_list_left(const struct overlay *o); /* no farewell is awaited any more */
void nhs_list_free(struct overlay *o);

/*
 * The live ones by preference: those that are trusted first, then by priority, then as in the
 * configuration. `after` NULL: the first; NULL: there is none.
 */
struct nhs *nhs_next_live(const struct overlay *o, const struct nhs *after);
struct nhs *nhs_best(const struct overlay *o); /* the first of these */
/* Who carries what has no other way: the best live one; while none lives, the first that at least passes packets on
 * (nhs_carries()). */
struct nhs *nhs_carrier(const struct overlay *o);

struct nhs *nhs_by_nbma(const struct overlay *o, const struct endpoint *nbma);
struct nhs *nhs_by_addr(const struct overlay *o, const struct ipaddr *addr);
struct nhs *nhs_by_request(const struct overlay *o, uint32_t request_id); /* either registration */
void nhs_heard(const struct overlay *o, const struct endpoint *from);
/* Protected packets go to that endpoint, by an agreement that is new: it may have forgotten us. */
void nhs_reachable(const struct overlay *o, const struct endpoint *to);

#endif
