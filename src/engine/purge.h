/*
 * purge: Purge Requests in and out (RFC 2332 5.2.5).
 */
#ifndef DMVPN_ENGINE_PURGE_H
#define DMVPN_ENGINE_PURGE_H

#include "engine/binding.h"

enum { PURGES_MAX = 256 /* awaiting a reply at the same time; beyond it they go without one */ };

struct purge {
	struct purge *next;
	struct overlay *overlay;
	struct endpoint to;
	struct ipaddr addr;  /* overlay address of the receiver */
	struct ipprefix dst;
	uint32_t request_id;
	unsigned attempts;
	struct timer timer;
};

/* Tells every requester that dst is no longer true; the list is empty afterwards. */
void purge_requesters(struct overlay *o, struct requesters *r, const struct ipprefix *dst);
/* One Purge Request without reply, as at the clean stop of an NHS. */
void purge_quietly(struct overlay *o, const struct ipaddr *addr, const struct endpoint *to,
		   const struct ipprefix *dst);
/* A Purge Request for dst under a given id; reply wanted or not. */
void purge_send(struct overlay *o, uint32_t request_id, bool want_reply, const struct ipaddr *addr,
		const struct endpoint *to, const struct ipprefix *dst);
void purge_timer(struct purge *p);
void purges_drop(struct overlay *o); /* forgets those of an overlay that goes */

void purge_request(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);
void purge_reply(struct overlay *o, const struct nhrp_message *m);

#endif
