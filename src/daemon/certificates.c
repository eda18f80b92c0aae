#include "daemon/certificates.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/tree.h"

enum { ASK_AGAIN_S = 5, SHOW_AGAIN_S = 60, SHOWN_S = 10 /* as long as an attempt lasts */, SWEEP_MIN = 64 };

struct waiting {
	struct waiting *next;
	struct forward_nhrp message; /* as much of it as its length says */
};

struct entry {
	struct tree_node node; /* by session */
	uint32_t session, ike_id;
	uint64_t ike_spi;
	char *identity;
	bool asked;      /* an answer is awaited */
	bool known;      /* addresses are what a certificate of that identity named */
	bool stale;      /* it is asked for anew at the next message */
	struct instant ask_again, show_again; /* not before */
	struct instant shown_by; /* it is about to be shown again: nothing is said before */
	enum certificate_fault said;
	size_t count, waiting_count;
	struct ipaddr *addresses;
	struct waiting *first, **last;
};

struct certificates {
	struct certificates_calls calls;
	void *arg;
	struct tree entries;
	size_t asked, sweep_at;
	bool has_charon;
	uint64_t changes;
};

static int by_session(const void *key, const struct tree_node *node)
{
	const uint32_t a = *(const uint32_t *)key, b = CONTAINER_OF(node, const struct entry, node)->session;

	return (a > b) - (a < b);
}

struct certificates *certificates_new(const struct certificates_calls *calls, void *arg)
{
	struct certificates *c = alloc_zero(1, sizeof *c);

	c->calls = *calls;
	c->arg = arg;
	c->sweep_at = SWEEP_MIN;
	tree_init(&c->entries, by_session);
	return c;
}

static struct entry *find(const struct certificates *c, uint32_t session)
{
	struct tree_node *n = tree_find(&c->entries, &session);

	return n ? CONTAINER_OF(n, struct entry, node) : NULL;
}

static struct waiting *take_waiting(struct entry *e)
{
	struct waiting *all = e->first;

	e->first = NULL;
	e->last = &e->first;
	e->waiting_count = 0;
	return all;
}

static void free_waiting(struct waiting *all)
{
	for (struct waiting *next; all; all = next) {
		next = all->next;
		free(all);
	}
}

static void free_entry(struct certificates *c, struct entry *e)
{
	free_waiting(take_waiting(e));
	tree_remove(&c->entries, &e->node);
	free(e->identity);
	free(e->addresses);
	free(e);
}

void certificates_free(struct certificates *c)
{
	struct tree_node *n;

	while (c && (n = tree_first(&c->entries)) != NULL)
		free_entry(c, CONTAINER_OF(n, struct entry, node));
	free(c);
}

size_t certificates_count(const struct certificates *c)
{
	return c->entries.count;
}

static void know(struct certificates *c, struct entry *e, size_t count, const struct ipaddr *addresses)
{
	e->addresses = alloc_array(e->addresses, count ? count : 1, sizeof *e->addresses);
	memcpy(e->addresses, addresses, count * sizeof *addresses);
	e->count = count;
	e->known = true;
	e->stale = false;
	c->changes++;
}

static void know_nothing(struct certificates *c, struct entry *e)
{
	c->changes += e->known;
	e->known = false;
	e->count = 0;
	e->stale = true;
}

void certificates_forget(struct certificates *c)
{
	for (struct tree_node *n = tree_first(&c->entries); n; n = tree_next(n)) {
		struct entry *e = CONTAINER_OF(n, struct entry, node);

		know_nothing(c, e);
	}
}

/* Those of sessions that have ended go when there are twice as many as at the last time. */
static void sweep(struct certificates *c)
{
	struct tree_node *next;

	if (c->entries.count < c->sweep_at)
		return;
	for (struct tree_node *n = tree_first(&c->entries); n; n = next) {
		struct entry *e = CONTAINER_OF(n, struct entry, node);

		next = tree_next(n);
		if (!e->asked && !c->calls.identity(c->arg, e->session))
			free_entry(c, e);
	}
	c->sweep_at = 2 * c->entries.count > SWEEP_MIN ? 2 * c->entries.count : SWEEP_MIN;
}

static struct entry *find_or_add(struct certificates *c, uint32_t session)
{
	struct entry *e = find(c, session);

	if (e)
		return e;
	sweep(c);
	e = alloc_zero(1, sizeof *e);
	e->session = session;
	e->stale = true;
	e->last = &e->first;
	tree_insert(&c->entries, &session, &e->node);
	return e;
}

static struct entry *entry_of(struct certificates *c, const struct certificates_peer *p)
{
	struct entry *e = find_or_add(c, p->session);

	if (!e->identity || strcmp(e->identity, p->identity) != 0) {
		free(e->identity);
		e->identity = alloc_text(p->identity);
		e->said = CERTIFICATE_NONE;
		know_nothing(c, e);
		e->ask_again = (struct instant){ 0 };
		free_waiting(take_waiting(e));
	}
	if (e->ike_id != p->ike_id)
		e->stale = true;
	return e;
}

static void wait_in(struct entry *e, const struct forward_nhrp *m)
{
	struct waiting *w;

	if (e->waiting_count == CERTIFICATES_WAITING_MAX)
		return;
	w = alloc_zero(1, offsetof(struct waiting, message.bytes) + m->length);
	memcpy(&w->message, m, offsetof(struct forward_nhrp, bytes) + m->length);
	*e->last = w;
	e->last = &w->next;
	e->waiting_count++;
}

bool certificates_of(struct certificates *c, struct instant now, const struct certificates_peer *p,
		     const struct forward_nhrp *m, const struct ipaddr **addresses, size_t *count)
{
	struct entry *e = entry_of(c, p);

	if (!c->has_charon && !e->known) {
		wait_in(e, m);
		return false;
	}
	if (!e->asked && e->ike_id == p->ike_id && instant_before(now, e->shown_by))
		return false;
	if (!e->asked && e->ike_id == p->ike_id && (!e->stale || instant_before(now, e->ask_again))) {
		*addresses = e->addresses;
		*count = e->count;
		return true;
	}
	if (!e->asked && c->asked == CERTIFICATES_ASKED_MAX)
		return false;
	wait_in(e, m);
	if (e->asked)
		return false;
	e->asked = true;
	e->ike_id = p->ike_id;
	e->ike_spi = p->ike_spi;
	c->asked++;
	c->calls.ask(c->arg, e->session);
	return false;
}

static void take_found(struct certificates *c, struct entry *e, const struct certificate *found)
{
	know(c, e, found->count, found->addresses);
	e->shown_by = (struct instant){ 0 };
	e->said = CERTIFICATE_NONE;
}

static void take_nothing(struct certificates *c, struct entry *e, struct instant now, enum certificate_fault why)
{
	const bool forgotten = why == CERTIFICATE_NONE || !certificate_fault_proven(why);

	if (e->known && forgotten) {
		e->stale = false;
		c->changes++; /* it is another IKE_SA's now */
		return;
	}
	know_nothing(c, e);
	e->ask_again = instant_add(now, span_s(ASK_AGAIN_S));
	if (why != CERTIFICATE_NONE && why != e->said) {
		e->said = why;
		c->calls.refused(c->arg, e->session, why);
	}
	if (forgotten && !instant_before(now, e->show_again) && c->calls.again(c->arg, e->session)) {
		e->show_again = instant_add(now, span_s(SHOW_AGAIN_S));
		e->shown_by = instant_add(now, span_s(SHOWN_S));
	}
}

/* The session is still his who was asked for. */
static bool is_still(const struct certificates *c, const struct entry *e, const char *identity)
{
	const char *now = c->calls.identity(c->arg, e->session);

	return now && strcmp(now, identity) == 0 && strcmp(e->identity, identity) == 0;
}

static void let_go(const struct certificates *c, struct waiting *all)
{
	for (struct waiting *next; all; all = next) {
		next = all->next;
		c->calls.take(c->arg, &all->message);
		free(all);
	}
}

void certificates_answer(struct certificates *c, struct instant now, uint32_t session, const char *identity,
			 const struct certificate *found, enum certificate_fault why)
{
	struct entry *e = find(c, session);
	struct waiting *all;

	if (!e || !e->asked)
		return;
	e->asked = false;
	c->asked--;
	all = take_waiting(e);
	if (!is_still(c, e, identity)) {
		e->stale = true;
		free_waiting(all);
		return;
	}
	if (found)
		take_found(c, e, found);
	else
		take_nothing(c, e, now, why);
	if (instant_before(now, e->shown_by))
		free_waiting(all); /* its sender asks again */
	else
		let_go(c, all);
}

void certificates_charon(struct certificates *c, bool is_there)
{
	uint32_t session = 0;
	struct tree_node *n;

	c->has_charon = is_there;
	while (is_there && (n = tree_after(&c->entries, &session)) != NULL) {
		struct entry *e = CONTAINER_OF(n, struct entry, node);

		session = e->session;
		if (!e->asked)
			let_go(c, take_waiting(e));
	}
}

/* ---- from one life to the next ---- */

bool certificates_next(const struct certificates *c, uint32_t *session, struct certificate_proof *out)
{
	struct tree_node *n = tree_after(&c->entries, session);

	for (; n; n = tree_next(n)) {
		const struct entry *e = CONTAINER_OF(n, const struct entry, node);

		if (!e->known || e->stale)
			continue;
		*session = e->session;
		*out = (struct certificate_proof){ e->ike_id, e->ike_spi, e->identity, e->count, e->addresses };
		return true;
	}
	return false;
}

void certificates_restore(struct certificates *c, uint32_t session, const struct certificate_proof *p)
{
	struct entry *e = find_or_add(c, session);

	if (e->known || (e->identity && strcmp(e->identity, p->identity) != 0))
		return;
	if (!e->identity)
		e->identity = alloc_text(p->identity);
	e->ike_id = p->ike_id;
	e->ike_spi = p->ike_spi;
	know(c, e, p->count, p->addresses);
}

uint64_t certificates_changes(const struct certificates *c)
{
	return c->changes;
}
