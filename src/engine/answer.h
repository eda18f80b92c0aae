/*
 * answer: what we said about our own networks, and to whom, so that they can be told when
 * it is no longer true (RFC 2332 5.2.5). Shown as BINDING_LOCAL.
 */
#ifndef DMVPN_ENGINE_ANSWER_H
#define DMVPN_ENGINE_ANSWER_H

#include "engine/binding.h"

enum { ANSWERS_MAX = 1024 /* per overlay */ };

struct answer {
	struct tree_node node;
	struct overlay *overlay;
	struct ipprefix dst;
	struct ipaddr asked; /* what it was last given for */
	struct instant created, expires;
	struct timer expiry;
	struct requesters requesters;
};

void answers_init(struct overlay *o);
void answers_free(struct overlay *o);
/*
 * The widest prefix around dst that we may answer for: its route's, or a summary map's, never
 * wider than /8 (IPv6 /16), and never containing what is routed into the DMVPN. false: dst is
 * not ours to answer.
 */
bool answer_prefix(const struct overlay *o, const struct ipaddr *dst, struct ipprefix *out);
void answer_remember(struct overlay *o, const struct ipprefix *dst, const struct ipaddr *asked,
		     const struct requester *who);
void answer_expired(struct answer *a);
struct answer *answer_first(const struct overlay *o);
struct answer *answer_next(const struct answer *a);
/* Purges at the requesters what a changed route has made untrue. */
void answers_route_changed(struct engine *e, uint32_t vrf, const struct ipprefix *dst);
/* Purges everything: our NBMA address changed, or we leave. */
void answers_withdraw(struct overlay *o);

#endif
