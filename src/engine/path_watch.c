/*
 * Who watches which path: a path is made with its first watcher, and goes at the end of the
 * event in which nobody watches it any more and nothing is to be remembered of it.
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "engine/path_act.h"
#include "engine/state.h"

static struct path *of(const struct hash_node *n)
{
	return n ? CONTAINER_OF(n, struct path, node) : NULL;
}

static const void *nbma_of(const struct hash_node *n)
{
	return &of(n)->nbma;
}

static const struct hash_kind nbma_kind = { nbma_of, endpoint_digest, endpoint_compare };

void paths_init(struct tunnel *t)
{
	hash_init(&t->paths, &nbma_kind, &t->engine->secret);
}

struct path *path_find(const struct tunnel *t, const struct endpoint *nbma)
{
	return of(hash_find(&t->paths, nbma));
}

bool path_leads_to_direct(const struct tunnel *t, const struct endpoint *nbma)
{
	const struct path *const p = path_find(t, nbma);

	return p && path_leans(p, PATH_WATCH_DIRECT);
}

bool path_is_dead(const struct tunnel *t, const struct endpoint *nbma)
{
	const struct path *const p = path_find(t, nbma);

	return p && p->state == PATH_DEAD;
}

void path_has_answered(const struct tunnel *t, const struct endpoint *nbma)
{
	struct path *const p = path_find(t, nbma);

	if (p)
		p->answers = true;
}

void path_of_another(struct path *p)
{
	if (!p)
		return;
	p->answers = p->measured = false;
	p->mutes = 0;
	path_step(p, PATH_EVENT_WATCHED);
}

/* ---- paths come and go */

static struct path *add(struct tunnel *t, const struct endpoint *nbma)
{
	struct path *const p = alloc_zero(1, sizeof *p);

	p->tunnel = t;
	p->nbma = *nbma;
	p->state = PATH_RESTING;
	p->since = t->engine->now;
	p->last_sent = p->heard = INSTANT_NEVER;
	hash_add(&t->paths, &p->node);
	return p;
}

static void discard(struct path *p)
{
	struct engine *const e = p->tunnel->engine;

	e->path_bursts -= p->state == PATH_DOUBTED;
	if (p->trial)
		timer_stop(&e->timers, &p->trial->timer);
	hash_remove(&p->tunnel->paths, &p->node);
	free(p->trial);
	free(p);
}

static void list_idle(struct path *p)
{
	struct engine *const e = p->tunnel->engine;

	if (p->idle_listed || p->watches)
		return;
	p->idle_listed = true;
	p->next_idle = e->idle_paths;
	e->idle_paths = p;
}

void paths_sweep(struct engine *e)
{
	struct path *p;

	while ((p = e->idle_paths)) {
		e->idle_paths = p->next_idle;
		p->idle_listed = false;
		if (!p->watches && p->state != PATH_DEAD)
			discard(p);
	}
}

void path_unneeded(struct path *p)
{
	list_idle(p);
}

struct path **paths_sorted(const struct tunnel *t)
{
	struct hash_node **const nodes = hash_sorted(&t->paths);
	struct path **const all = alloc_zero(t->paths.count, sizeof *all);

	for (size_t i = 0; i < t->paths.count; i++)
		all[i] = of(nodes[i]);
	free(nodes);
	return all;
}

void paths_forget(struct tunnel *t)
{
	struct path **const all = paths_sorted(t);
	const size_t count = t->paths.count;

	for (size_t i = 0; i < count; i++)
		if (!all[i]->watches && !all[i]->idle_listed)
			discard(all[i]);
	free(all);
}

static void forget_idle(const struct tunnel *t)
{
	struct path **at = &t->engine->idle_paths;

	while (*at)
		if ((*at)->tunnel == t)
			*at = (*at)->next_idle;
		else
			at = &(*at)->next_idle;
}

void paths_free(struct tunnel *t)
{
	struct path **const all = paths_sorted(t);
	const size_t count = t->paths.count;

	forget_idle(t);
	for (size_t i = 0; i < count; i++)
		discard(all[i]);
	free(all);
	hash_done(&t->paths);
}

/* ---- watchers */

/* Probes go to the address that the first watcher knows; to a link-local one only where no other ever was known: who
 * holds us for dead too answers by an NHS, and no NHS passes on what is for a link. */
static void take_address(struct path *p)
{
	const struct path_watch *w = p->watches;

	while (w && ipaddr_is_link_local(&w->addr))
		w = w->next;
	if (!w && (ipaddr_is_none(&p->addr) || ipaddr_is_link_local(&p->addr)))
		w = p->watches;
	if (!w)
		return;
	if (!ipaddr_is_none(&p->addr) && !ipaddr_is_link_local(&p->addr) && !ipaddr_eq(&p->addr, &w->addr))
		p->answers = p->measured = false; /* perhaps somebody else */
	p->overlay = w->overlay;
	p->addr = w->addr;
}

void path_unwatch(struct path_watch *w)
{
	struct path *const p = w->path;
	struct path_watch **at;

	if (!p)
		return;
	for (at = &p->watches; *at != w; at = &(*at)->next)
		;
	*at = w->next;
	p->tunnel->direct_watches -= w->kind == PATH_WATCH_DIRECT;
	*w = (struct path_watch){ 0 };
	take_address(p);
	path_step(p, PATH_EVENT_WATCHED);
	list_idle(p);
}

static bool is_same(const struct path_watch *w, enum path_watch_kind kind, const struct endpoint *nbma,
		    const struct ipaddr *addr)
{
	return w->path && w->kind == kind && endpoint_eq(&w->path->nbma, nbma) && ipaddr_eq(&w->addr, addr);
}

void path_watch(struct path_watch *w, enum path_watch_kind kind, void *owner, struct overlay *o,
		const struct endpoint *nbma, const struct ipaddr *addr)
{
	struct path_watch **end;
	struct path *p;

	if (is_same(w, kind, nbma, addr))
		return;
	path_unwatch(w);
	p = path_find(o->tunnel, nbma);
	if (!p)
		p = add(o->tunnel, nbma);
	*w = (struct path_watch){ .path = p, .overlay = o, .addr = *addr, .kind = (uint8_t)kind, .owner = owner, .told = p->turns };
	for (end = &p->watches; *end; end = &(*end)->next)
		;
	*end = w;
	o->tunnel->direct_watches += kind == PATH_WATCH_DIRECT;
	take_address(p);
	path_step(p, PATH_EVENT_WATCHED);
}

void path_renew(const struct path_watch *w)
{
	if (w->path)
		path_step(w->path, PATH_EVENT_WATCHED);
}
