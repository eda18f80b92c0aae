#include "engine/bfd.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/nhs_list.h"
#include "engine/output.h"
#include "engine/warm.h"
#include "wire/bfd.h"

static bool is_watched_kind(const struct binding *b)
{
	switch (b->kind) {
	case BINDING_NHS:
	case BINDING_REGISTERED:
		return true;
	case BINDING_STATIC:
		return nhs_by_addr(b->overlay, &b->dst.addr);
	case BINDING_LOCAL:
	case BINDING_CACHED:
	case BINDING_NEGATIVE:
	case BINDING_INCOMPLETE:
		return false;
	}
	return false;
}

static bool is_wanted(const struct binding *b)
{
	const struct overlay *const o = b->overlay;

	if (!o->tunnel->up || !o->tunnel->settings.bfd.multiplier || ipaddr_is_none(&o->addr))
		return false;
	return !b->hop && b->dst.len == ip_family_bits(o->family) && !ipaddr_is_link_local(&b->dst.addr) && is_watched_kind(b);
}

static void say(const struct binding *b, enum effect_type type)
{
	const struct tunnel *const t = b->overlay->tunnel;
	struct effect *const x = output_push(t->engine, type, t->settings.number, NULL);

	x->bfd.local = b->overlay->addr;
	x->bfd.remote = b->dst.addr;
	x->bfd.nbma = *b->bfd_to;
	x->bfd.config = t->settings.bfd;
	x->bfd.least = warm_pace(t);
}

static void drop(struct binding *b)
{
	free(b->bfd_to);
	b->bfd_to = NULL;
}

void bfd_forget(struct binding *b)
{
	if (!b->bfd_to)
		return;
	say(b, EFFECT_BFD_DEL);
	if (b->kind == BINDING_REGISTERED)
		routing_tell(b->overlay->tunnel->engine, b->overlay->tunnel->settings.number, &b->dst.addr, ROUTING_UNWATCHED);
	drop(b);
}

void bfd_follow(struct binding *b)
{
	if (!is_wanted(b)) {
		bfd_forget(b);
	} else if (!b->bfd_to || !endpoint_eq(b->bfd_to, &b->peer->nbma)) {
		if (!b->bfd_to)
			b->bfd_to = alloc_zero(1, sizeof *b->bfd_to);
		*b->bfd_to = b->peer->nbma;
		say(b, EFFECT_BFD_SET);
		if (b->kind == BINDING_REGISTERED)
			routing_tell(b->overlay->tunnel->engine, b->overlay->tunnel->settings.number, &b->dst.addr, ROUTING_ALIVE);
	}
}

void bfd_follow_all(struct tunnel *t)
{
	for (size_t i = 0; i < 2; i++) {
		struct overlay *const o = t->overlays[i];

		for (struct binding *b = o ? binding_first(o) : NULL; b; b = binding_next(b)) {
			if (is_wanted(b))
				drop(b);
			bfd_follow(b);
		}
		if (o)
			bindings_follow_paths(o);
	}
}

/* ---- what a session says ---- */

static void trace_change(const struct binding *b, bool up, uint8_t diag)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];
	const struct tunnel *const t = b->overlay->tunnel;

	trace(t->engine, t->settings.number, up ? TRACE_INFO : TRACE_NOTICE, up ? "BFD_UP" : "BFD_DOWN",
	      "tunnel=Tunnel%u address=%s nbma=%s%s%s%s", t->settings.number, ipaddr_format(&b->dst.addr, addr),
	      ipaddr_format(&b->bfd_to->addr, nbma), up ? "" : " reason=\"", up ? "" : bfd_diag_text(diag), up ? "" : "\"");
}

/* Whether a burst of probes can tell if BFD is right. */
static bool is_probed(const struct path *p)
{
	return p && (p->state == PATH_ALIVE || p->state == PATH_DOUBTED || p->state == PATH_RESTING);
}

static void nhs_lost(struct nhs *n, uint8_t diag)
{
	char why[NHS_REASON_MAX];

	snprintf(why, sizeof why, "BFD session down: %s", bfd_diag_text(diag));
	nhs_path_lost(n, why);
}

static void went_down(struct binding *b, uint8_t diag)
{
	struct overlay *const o = b->overlay;
	struct nhs *const n = nhs_by_addr(o, &b->dst.addr);

	if (is_probed(path_find(o->tunnel, b->bfd_to)))
		path_hint(o->tunnel, b->bfd_to, PATH_EVENT_DOWN);
	else if (n)
		nhs_lost(n, diag);
	else if (b->kind == BINDING_REGISTERED)
		binding_path_lost(b);
}

static void came_up(const struct binding *b)
{
	struct nhs *const n = nhs_by_addr(b->overlay, &b->dst.addr);

	path_hint(b->overlay->tunnel, b->bfd_to, PATH_EVENT_RETRY);
	/* One that lives need not be asked whether it still knows us. */
	if (n && !nhs_is_live(n) && !is_probed(path_find(b->overlay->tunnel, b->bfd_to)))
		nhs_step(n, NHS_EVENT_PATH_BACK);
}

void bfd_event(struct engine *e, const struct event *ev)
{
	const struct tunnel *const t = engine_tunnel(e, ev->tunnel);
	struct overlay *const o = t && t->up ? tunnel_overlay(t, (enum ip_family)ev->bfd.addr.family) : NULL;
	struct binding *const b = o ? binding_host(o, &ev->bfd.addr) : NULL;

	/* Of a session that is not wanted any more, or of one with an earlier endpoint. */
	if (!b || e->stopping || !b->bfd_to || !endpoint_eq(b->bfd_to, &ev->bfd.nbma))
		return;
	if (ev->type == EVENT_BFD_LATE) {
		path_hint(o->tunnel, b->bfd_to, PATH_EVENT_LATE);
		return;
	}
	trace_change(b, ev->bfd.up, ev->bfd.diag);
	if (ev->bfd.up)
		came_up(b);
	else
		went_down(b, ev->bfd.diag);
}
