#include "engine/recall.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "engine/binding.h"
#include "engine/purge.h"

enum {
	RECALL_BATCH = 5, RECALL_MS = 10, /* 500 a second: thousands do not come back in one moment */
	RECALL_TUNNEL_MS = 500,           /* while the tunnel is not up yet */
	RECALLS_MAX = 65536,
};

struct recall {
	struct recall *next;
	uint32_t tunnel;
	struct ipaddr addr;
	struct endpoint nbma;
};

void recall_note(struct engine *e, uint32_t tunnel, const struct ipaddr *addr, const struct endpoint *nbma)
{
	struct recall *r;

	if (e->recall_count >= RECALLS_MAX)
		return;
	r = alloc_zero(1, sizeof *r);
	r->tunnel = tunnel;
	r->addr = *addr;
	r->nbma = *nbma;
	*(e->recall_last ? &e->recall_last->next : &e->recalls) = r;
	e->recall_last = r;
	e->recall_count++;
	if (!timer_running(&e->recall))
		timer_set(&e->timers, &e->recall, later(e, span_ms(RECALL_MS)));
}

/* A router that only registers elsewhere has no clients. */
static bool has_clients(const struct overlay *o)
{
	return o && (o->nhs_count == 0 || o->cfg->redirect);
}

static void call(struct overlay *o, const struct recall *r)
{
	const struct ipprefix client = ipprefix_host(&r->addr);

	if (!binding_host(o, &r->addr) && overlay_on_subnet(o, &r->addr) && !overlay_is_local(o, &r->addr))
		purge_quietly(o, &r->addr, &r->nbma, &client);
}

static void drop_first(struct engine *e)
{
	struct recall *const r = e->recalls;

	e->recalls = r->next;
	if (!r->next)
		e->recall_last = NULL;
	e->recall_count--;
	free(r);
}

void recall_due(struct engine *e)
{
	for (unsigned i = 0; i < RECALL_BATCH && e->recalls; i++) {
		const struct recall *const r = e->recalls;
		const struct tunnel *const t = engine_tunnel(e, r->tunnel);
		struct overlay *const o = t ? tunnel_overlay(t, (enum ip_family)r->addr.family) : NULL;

		if (t && !t->up) {
			timer_set(&e->timers, &e->recall, later(e, span_ms(RECALL_TUNNEL_MS)));
			return;
		}
		if (has_clients(o))
			call(o, r);
		drop_first(e);
	}
	if (e->recalls)
		timer_set(&e->timers, &e->recall, later(e, span_ms(RECALL_MS)));
}

void recalls_free(struct engine *e)
{
	while (e->recalls)
		drop_first(e);
}
