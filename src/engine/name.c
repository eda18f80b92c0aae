#include "engine/name.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "engine/output.h"

enum {
	NAME_AGAIN_S = 300,  /* a name that resolves */
	NAME_FAILED_S = 3,   /* one that does not */
	NAME_DOUBTED_S = 3,  /* one behind which nobody answers */
	NAME_ANSWER_S_MAX = 30, /* a resolver may be slow: one question at a time, for so long */
};

static struct name *find(const struct tunnel *t, const char *text)
{
	for (struct name *n = t->names; n; n = n->next)
		if (strcmp(n->text, text) == 0)
			return n;
	return NULL;
}

static void want(struct tunnel *t, const char *text)
{
	struct name *n, **at = &t->names;

	if (!text)
		return;
	n = find(t, text);
	if (!n) {
		n = alloc_zero(1, sizeof *n);
		n->tunnel = t;
		n->text = alloc_text(text);
		timer_init(&n->timer, TIMER_NAME, n);
		while (*at)
			at = &(*at)->next;
		*at = n;
	}
	n->wanted = true;
}

static void want_all(struct tunnel *t, const struct config_nhrp *c)
{
	if (!c->enabled)
		return;
	for (size_t i = 0; i < c->nhs_count; i++)
		want(t, c->nhs[i].nbma.name);
	for (size_t i = 0; i < c->map_count; i++)
		want(t, c->maps[i].nbma.name);
	for (size_t i = 0; i < c->map_multicast_count; i++)
		want(t, c->map_multicast[i].name);
	for (size_t i = 0; i < c->partner_count; i++)
		want(t, c->partners[i].nbma.name);
}

static void free_name(struct name *n)
{
	timer_stop(&n->tunnel->engine->timers, &n->timer);
	free(n->text);
	free(n);
}

static void drop_unwanted(struct tunnel *t)
{
	for (struct name **at = &t->names; *at;) {
		struct name *const n = *at;

		if (n->wanted) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		free_name(n);
	}
}

void names_apply(struct tunnel *t)
{
	for (struct name *n = t->names; n; n = n->next)
		n->wanted = false;
	want(t, t->settings.destination.name);
	want_all(t, &t->settings.nhrp4);
	want_all(t, &t->settings.nhrp6);
	drop_unwanted(t);
	names_start(t);
}

void names_start(struct tunnel *t)
{
	if (!t->up)
		return;
	for (struct name *n = t->names; n; n = n->next) {
		if (n->started)
			continue;
		n->started = true;
		name_due(n);
	}
}

void names_free(struct tunnel *t)
{
	struct name *n;

	while ((n = t->names)) {
		t->names = n->next;
		free_name(n);
	}
}

void name_due(struct name *n)
{
	struct engine *const e = n->tunnel->engine;
	struct effect *x;
	char *copy;

	if (n->awaited && instant_since(e->now, n->asked).us < span_s(NAME_ANSWER_S_MAX).us) {
		timer_set(&e->timers, &n->timer, later(e, span_s(NAME_FAILED_S)));
		return;
	}
	n->awaited = true;
	n->asked = e->now;
	copy = alloc_text(n->text);
	x = output_push(e, EFFECT_RESOLVE, n->tunnel->settings.number, copy);
	x->resolve.name = copy;
	x->resolve.family = n->tunnel->settings.transport;
	timer_set(&e->timers, &n->timer, later(e, span_s(n->count ? NAME_AGAIN_S : NAME_FAILED_S)));
}

bool name_answer(struct tunnel *t, const char *text, size_t count_, const struct ipaddr *addrs)
{
	struct name *const n = find(t, text);
	struct ipaddr fresh[NAME_ADDRS_MAX] = { 0 };
	size_t kept = 0;

	if (!n)
		return false;
	n->awaited = false;
	for (size_t i = 0; i < count_ && kept < NAME_ADDRS_MAX; i++)
		if (addrs[i].family == t->settings.transport && ipaddr_is_host(&addrs[i]))
			fresh[kept++] = addrs[i];
	if (kept == 0 || (kept == n->count && memcmp(fresh, n->addrs, sizeof fresh) == 0))
		return false;
	n->count = kept;
	memcpy(n->addrs, fresh, sizeof fresh);
	timer_set(&t->engine->timers, &n->timer, later(t->engine, span_s(NAME_AGAIN_S)));
	return true;
}

size_t name_addrs(const struct tunnel *t, const char *text, const struct ipaddr **addrs)
{
	const struct name *const n = find(t, text);

	if (!n)
		return 0;
	*addrs = n->addrs;
	return n->count;
}

void name_doubted(struct tunnel *t, const char *text)
{
	struct name *const n = find(t, text);
	struct instant soon;

	if (!n || !n->started)
		return;
	soon = instant_add(n->asked, span_s(NAME_DOUBTED_S));
	if (instant_before(soon, n->timer.deadline))
		timer_set(&t->engine->timers, &n->timer, soon);
}
