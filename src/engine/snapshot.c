#include "engine/snapshot.h"

#include <string.h>

#include "engine/answer.h"
#include "engine/binding.h"
#include "engine/nhs_list.h"
#include "engine/nhs_trust.h"
#include "engine/resolution.h"
#include "engine/shortcut.h"
#include "engine/state.h"
#include "engine/tunnel.h"

const char *engine_counter_name(enum engine_counter c)
{
	static const char *const names[] = {
#define COUNTER_NAME(name, text) #name,
		ENGINE_COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
	};

	return c < ENGINE_COUNTER_COUNT ? names[c] : "?";
}

const char *engine_counter_text(enum engine_counter c)
{
	static const char *const texts[] = {
#define COUNTER_TEXT(name, text) text,
		ENGINE_COUNTERS(COUNTER_TEXT)
#undef COUNTER_TEXT
	};

	return c < ENGINE_COUNTER_COUNT ? texts[c] : "?";
}

uint64_t engine_counter(const struct engine *e, enum engine_counter c)
{
	return e->counters[c];
}

uint64_t engine_codec_drops(const struct engine *e, unsigned nhrp_drop)
{
	return nhrp_drop < NHRP_DROP_COUNT ? e->codec_drops[nhrp_drop] : 0;
}

/* ---- bindings: of each overlay first those in use, then questions, then our answers */

enum { TABLE_BINDINGS, TABLE_RESOLUTIONS, TABLE_ANSWERS, TABLE_COUNT };

static size_t copy_requesters(const struct requesters *r, struct binding_view *v)
{
	for (size_t i = 0; i < r->count && i < SNAPSHOT_REQUESTERS_MAX; i++)
		v->requesters[i] = r->list[i].addr;
	return r->count < SNAPSHOT_REQUESTERS_MAX ? r->count : SNAPSHOT_REQUESTERS_MAX;
}

static void judge_state(const struct overlay *o, struct binding_view *v)
{
	const struct nhs *const n = nhs_by_addr(o, &v->via);

	v->state = BINDING_STATE_UP;
	if (!o->tunnel->up || ipaddr_is_none(&o->tunnel->local.addr)) {
		v->state = BINDING_STATE_INTF;
		v->reason = "tunnel down";
	} else if (n && (v->kind == BINDING_STATIC || v->kind == BINDING_NHS) && !nhs_is_live(n)) {
		v->state = BINDING_STATE_NHRP;
		v->reason = n->reason;
		v->standby = nhs_is_standby(n);
	}
}

static void judge_path(const struct binding *b, struct binding_view *v)
{
	const struct binding *const hop = b->hop ? b->hop : b;

	if (v->state != BINDING_STATE_UP || !hop->path.path || hop->path.path->state != PATH_DEAD)
		return;
	v->state = BINDING_STATE_NHRP;
	v->reason = "path dead: no probe is answered";
}

/* All but the list of requesters, of which only what is counted is looked at: it is long, and walks are many. */
static void view_clear(struct binding_view *v)
{
	memset(v, 0, offsetof(struct binding_view, requesters));
}

static void view_binding(const struct binding *b, struct binding_view *v)
{
	view_clear(v);
	v->tunnel = b->overlay->tunnel->settings.number;
	v->dst = b->dst;
	v->via = b->via;
	v->nbma = *binding_nbma(b);
	v->claimed_nbma = b->claimed_nbma;
	v->peer = (b->hop ? b->hop : b)->peer->id;
	v->kind = b->kind;
	v->unique = b->unique;
	v->router = b->router;
	v->authoritative = b->authoritative;
	v->implicit = b->implicit;
	v->nat = b->nat;
	v->used = b->used;
	v->restored = b->restored;
	v->nhop = !b->hop;
	v->rib = b->hop != NULL;
	v->created = b->created;
	v->expires = b->expiry.deadline;
	v->preference = b->preference;
	v->mtu_bytes = b->mtu_bytes;
	if (b->hop) {
		const struct route *const same = rib_find(overlay_rib(b->overlay), &b->dst);

		v->nho = same != NULL;
	}
	v->requester_count = copy_requesters(&b->requesters, v);
	judge_state(b->overlay, v);
	judge_path(b, v);
}

static void view_resolution(const struct resolution *r, struct binding_view *v)
{
	const struct overlay *const o = r->overlay;
	const struct nhs *const n = nhs_by_addr(o, &r->leans_on);

	*v = (struct binding_view){
		.tunnel = o->tunnel->settings.number,
		.dst = ipprefix_host(&r->target), .via = r->target,
		.kind = r->state == RESOLUTION_ASKING ? BINDING_INCOMPLETE : BINDING_NEGATIVE,
		.state = BINDING_STATE_NHRP, .temporary = r->temporary, .leans_on = r->leans_on,
		.created = r->created, .expires = r->timer.deadline,
		.reason = r->state == RESOLUTION_ASKING ? "resolution under way" : r->reason,
	};
	if (r->temporary && n) {
		const struct peer *const p = peer_by_nbma(o->tunnel, &n->nbma);

		v->nbma = n->nbma;
		v->peer = p ? p->id : PEER_NONE;
	}
}

static void view_answer(const struct answer *a, struct binding_view *v)
{
	const struct overlay *const o = a->overlay;

	*v = (struct binding_view){
		.tunnel = o->tunnel->settings.number,
		.dst = a->dst, .via = o->addr, .nbma = o->tunnel->local,
		.kind = BINDING_LOCAL, .state = BINDING_STATE_UP, .router = true, .unique = true,
		.created = a->created, .expires = a->expires,
	};
	v->requester_count = copy_requesters(&a->requesters, v);
}

/* The next entry of one table, after c->last when inside it. */
static struct tree_node *step(const struct tree *t, const struct snapshot_cursor *c, const void *last)
{
	return c->inside ? tree_after(t, last) : tree_first(t);
}

static bool view_next(const struct overlay *o, const struct snapshot_cursor *c, struct binding_view *v)
{
	struct tree_node *n;

	if (c->table == TABLE_BINDINGS) {
		n = step(&o->bindings, c, &c->last);
		if (n)
			view_binding(CONTAINER_OF(n, struct binding, node), v);
	} else if (c->table == TABLE_ANSWERS) {
		n = step(&o->answers, c, &c->last);
		if (n)
			view_answer(CONTAINER_OF(n, struct answer, node), v);
	} else {
		n = step(&o->resolutions, c, &c->last.addr);
		while (n && CONTAINER_OF(n, struct resolution, node)->state == RESOLUTION_COOLING)
			n = tree_next(n);
		if (n)
			view_resolution(CONTAINER_OF(n, struct resolution, node), v);
	}
	return n != NULL;
}

static void next_table(struct snapshot_cursor *c)
{
	c->inside = false;
	if (++c->table < TABLE_COUNT)
		return;
	c->table = 0;
	if (++c->family < 2)
		return;
	c->family = 0;
	c->tunnel++;
}

bool snapshot_next_binding(const struct engine *e, struct snapshot_cursor *c, struct binding_view *out)
{
	while (c->tunnel < e->tunnel_count) {
		const struct overlay *const o = e->tunnels[c->tunnel]->overlays[c->family];

		if (o && view_next(o, c, out)) {
			c->inside = true;
			c->last = out->dst;
			return true;
		}
		next_table(c);
	}
	return false;
}

/* ---- NHSs */

static enum nhs_status status_of(const struct nhs *n)
{
	if (nhs_is_live(n))
		return NHS_VIEW_UP;
	return nhs_is_asked(n) ? NHS_VIEW_PROBE : NHS_VIEW_DOWN;
}

static void view_path(const struct nhs *n, struct nhs_view *v)
{
	const struct path *const p = n->path.path;

	if (!p)
		return;
	v->path = path_state_name(p->state);
	v->path_remark = path_remark(p, nhs_is_live(n), n->misses > 0);
	v->path_rtt = p->srtt;
	v->probes_sent = p->sent;
	v->probes_answered = p->answered;
}

static void view_nhs(const struct nhs *n, struct nhs_view *v)
{
	*v = (struct nhs_view){
		.tunnel = n->overlay->tunnel->settings.number,
		.addr = n->addr, .nbma = n->nbma, .nbma_name = n->cfg->nbma.name,
		.priority = n->cfg->priority, .cluster = n->cfg->cluster,
		.status = status_of(n),
		.expecting = nhs_is_live(n) || nhs_is_asked(n),
		.responding = nhs_is_live(n),
		.request_id = n->request_id, .acknowledged_id = n->acknowledged_id,
		.requests_sent = n->tallies.all.sent, .requests_failed = n->tallies.all.failed,
		.replies_received = n->tallies.all.received, .tallies = &n->tallies, .last_reply = n->last_reply,
		.reason = nhs_is_live(n) ? NULL : n->reason,
		.standby = nhs_is_standby(n),
	};
	if (nhs_is_asked(n)) {
		v->retry_interval = n->interval;
		v->over_budget = n->over_budget;
	}
	v->held_back = nhs_held_back(n);
	view_path(n, v);
}

bool snapshot_next_nhs(const struct engine *e, struct snapshot_cursor *c, struct nhs_view *out)
{
	for (; c->tunnel < e->tunnel_count; c->tunnel++, c->family = 0) {
		for (; c->family < 2; c->family++, c->index = 0) {
			const struct overlay *const o = e->tunnels[c->tunnel]->overlays[c->family];

			if (!o || c->index >= o->nhs_count)
				continue;
			view_nhs(o->nhs[c->index++], out);
			return true;
		}
	}
	return false;
}

/* ---- tunnels */

static enum tunnel_role role_of(const struct tunnel *t)
{
	bool serves = false, registers = false;

	for (size_t i = 0; i < 2; i++) {
		const struct overlay *const o = t->overlays[i];

		if (!o)
			continue;
		registers |= o->nhs_count > 0;
		serves |= o->cfg->redirect;
		for (const struct binding *b = binding_first(o); b && !serves; b = binding_next(b))
			serves = b->kind == BINDING_REGISTERED;
	}
	if (serves && registers)
		return TUNNEL_ROLE_HUB_SPOKE;
	if (registers)
		return TUNNEL_ROLE_SPOKE;
	return serves ? TUNNEL_ROLE_HUB : TUNNEL_ROLE_UNKNOWN;
}

/* The best live NHS; while none lives, the configured one. */
static struct ipaddr far_end_of(const struct tunnel *t)
{
	for (size_t i = 0; i < 2 && t->settings.mode == TUNNEL_GRE_P2P; i++) {
		const struct nhs *const n = t->overlays[i] ? nhs_best(t->overlays[i]) : NULL;

		if (n)
			return n->nbma.addr;
	}
	return t->destination ? t->destination->nbma.addr : IPADDR_NONE;
}

bool snapshot_next_tunnel(const struct engine *e, struct snapshot_cursor *c, struct tunnel_view *out)
{
	const struct tunnel *t;

	if (c->tunnel >= e->tunnel_count)
		return false;
	t = e->tunnels[c->tunnel++];
	*out = (struct tunnel_view){
		.tunnel = t->settings.number, .up = t->up, .local = t->local,
		.far_end = far_end_of(t), .outside = t->outside, .role = role_of(t), .peer_count = t->peers.count,
		.rests = t->rests, .route_holds = t->holds,
	};
	for (size_t i = 0; i < 2; i++)
		if (t->overlays[i])
			out->binding_count += t->overlays[i]->bindings.count;
	return true;
}

bool snapshot_held(const struct engine *e, uint32_t vrf, const struct ipprefix *dst, struct ipaddr *gateway,
		   struct instant *until)
{
	const struct route *r = NULL;

	for (size_t i = 0; !r && i < e->rib_count; i++)
		r = e->ribs[i]->vrf == vrf ? rib_find(e->ribs[i], dst) : NULL;
	if (!r || !r->held || !shortcut_held_by(e, vrf, dst, gateway))
		return false;
	*until = engine_tunnel(e, r->holder)->hold.deadline;
	return true;
}

void snapshot_sizes(const struct engine *e, struct engine_sizes *out)
{
	*out = (struct engine_sizes){
		.dynamic_bindings = e->binding_count, .purges = e->purge_count, .timers = e->timers.count };
	for (size_t i = 0; i < e->tunnel_count; i++)
		out->peers += e->tunnels[i]->peers.count;
	for (struct overlay *o = overlay_first(e); o; o = overlay_next(o)) {
		out->bindings += o->bindings.count;
		out->resolutions += o->resolutions.count;
		out->answers += o->answers.count;
		out->redirects += o->redirects.count;
	}
}
