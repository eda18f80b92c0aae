/*
 * redirect: Traffic Indications in and out (draft-detienne-dmvpn-01 4.3, 5.1).
 */
#ifndef DMVPN_ENGINE_REDIRECT_H
#define DMVPN_ENGINE_REDIRECT_H

#include "engine/tunnel.h"

enum { REDIRECTS_MAX = 4096 /* pairs remembered per overlay; beyond it none is sent */ };

struct redirect_pair { struct ipaddr src, dst; };

struct redirect {
	struct tree_node node;
	struct redirect_pair pair;
	struct instant sent;
	struct redirect *newer;
};

void redirects_init(struct overlay *o);
void redirects_free(struct overlay *o);
void redirect_hairpin(struct tunnel *in, const struct event *ev);
void redirect_received(struct overlay *o, const struct endpoint *from, const struct nhrp_message *m);

#endif
