/*
 * name: host names in a tunnel's configuration and the NBMA addresses they stand for,
 * asked for by EFFECT_RESOLVE again and again.
 */
#ifndef DMVPN_ENGINE_NAME_H
#define DMVPN_ENGINE_NAME_H

#include "engine/tunnel.h"

enum { NAME_ADDRS_MAX = 8 };

struct name {
	struct name *next;
	struct tunnel *tunnel;
	char *text;
	bool wanted, started;
	bool awaited;         /* an answer is on its way … */
	struct instant asked; /* … since then */
	size_t count;
	struct ipaddr addrs[NAME_ADDRS_MAX];
	struct timer timer;
};

void names_apply(struct tunnel *t); /* from the settings */
void names_start(struct tunnel *t); /* asks, once the tunnel is up */
void names_free(struct tunnel *t);
void name_due(struct name *n);
/* true: the addresses have changed. A failed look-up keeps what was known. */
bool name_answer(struct tunnel *t, const char *text, size_t count, const struct ipaddr *addrs);
size_t name_addrs(const struct tunnel *t, const char *text, const struct ipaddr **addrs);
/* Something behind the name does not answer: look again, at most every 3 s. */
void name_doubted(struct tunnel *t, const char *text);

#endif
