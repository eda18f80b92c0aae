#include "daemon/kernel_sas.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct pair {
	uint32_t spi_in, spi_out;
	bool has_in, has_out; /* the kernel has it */
};

struct holder {
	struct tree_node node;
	uint32_t session;
	struct ipaddr local, remote;
	bool can_send;
	size_t count;
	struct pair *pairs;
};

static struct holder *of(struct tree_node *n)
{
	return n ? CONTAINER_OF(n, struct holder, node) : NULL;
}

static int by_session(const void *key, const struct tree_node *node)
{
	const uint32_t a = *(const uint32_t *)key, b = CONTAINER_OF(node, const struct holder, node)->session;

	return (a > b) - (a < b);
}

void kernel_sas_init(struct kernel_sas *k, const struct kernel_sas_calls *calls, void *arg)
{
	*k = (struct kernel_sas){ .calls = calls, .arg = arg };
	tree_init(&k->sessions, by_session);
}

static void discard(struct kernel_sas *k, struct holder *h)
{
	tree_remove(&k->sessions, &h->node);
	free(h->pairs);
	free(h);
}

void kernel_sas_done(struct kernel_sas *k)
{
	struct holder *h;

	while ((h = of(tree_first(&k->sessions))))
		discard(k, h);
}

static struct holder *find(const struct kernel_sas *k, uint32_t session)
{
	return of(tree_find(&k->sessions, &session));
}

static struct holder *get(struct kernel_sas *k, uint32_t session, const struct session_key *key)
{
	struct holder *h = find(k, session);

	if (!h) {
		h = alloc_zero(1, sizeof *h);
		h->session = session;
		tree_insert(&k->sessions, &h->session, &h->node);
	}
	h->local = key->local.addr;
	h->remote = key->remote.addr;
	return h;
}

static void drop(struct holder *h, size_t at)
{
	memmove(&h->pairs[at], &h->pairs[at + 1], (h->count - at - 1) * sizeof *h->pairs);
	h->count--;
}

static struct pair *pair_get(struct holder *h, uint32_t spi_in, uint32_t spi_out)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->pairs[i].spi_in == spi_in && h->pairs[i].spi_out == spi_out)
			return &h->pairs[i];
	h->pairs = alloc_array(h->pairs, h->count + 1, sizeof *h->pairs);
	h->pairs[h->count] = (struct pair){ .spi_in = spi_in, .spi_out = spi_out };
	return &h->pairs[h->count++];
}

/* What was found one by one is a pair now. */
static void forget_halves(struct holder *h, uint32_t spi_in, uint32_t spi_out)
{
	for (size_t i = h->count; i-- > 0;)
		if ((h->pairs[i].spi_in == spi_in && h->pairs[i].spi_out == 0) ||
		    (h->pairs[i].spi_in == 0 && h->pairs[i].spi_out == spi_out))
			drop(h, i);
}

static void judge(struct kernel_sas *k, struct holder *h)
{
	bool can_send = false;

	for (size_t i = 0; i < h->count; i++)
		can_send |= h->pairs[i].has_out;
	if (can_send == h->can_send)
		return;
	h->can_send = can_send;
	k->calls->can_send(k->arg, h->session, can_send);
}

static void ask(const struct kernel_sas *k, const struct holder *h, struct pair *p)
{
	p->has_in = p->spi_in != 0 && k->calls->exists(k->arg, &h->local, p->spi_in);
	p->has_out = p->spi_out != 0 && k->calls->exists(k->arg, &h->remote, p->spi_out);
}

/* What it had before and is no more there: charon has replaced it, or it has expired. */
static void tidy(struct holder *h)
{
	for (size_t i = h->count; i-- > 0;)
		if (!h->pairs[i].has_in && !h->pairs[i].has_out)
			drop(h, i);
}

void kernel_sas_bind(struct kernel_sas *k, const struct session_action *a)
{
	struct holder *h = get(k, a->session, &a->key);

	if (a->spi_in && a->spi_out)
		forget_halves(h, a->spi_in, a->spi_out);
	ask(k, h, pair_get(h, a->spi_in, a->spi_out));
	tidy(h);
	judge(k, h);
}

static bool has(const struct holder *h, uint32_t spi, bool inbound)
{
	for (size_t i = 0; i < h->count; i++)
		if ((inbound ? h->pairs[i].spi_in : h->pairs[i].spi_out) == spi)
			return true;
	return false;
}

void kernel_sas_held(struct kernel_sas *k, uint32_t session, const struct session_key *key, uint32_t spi, bool inbound)
{
	struct holder *h = get(k, session, key);

	if (!has(h, spi, inbound))
		ask(k, h, pair_get(h, inbound ? spi : 0, inbound ? 0 : spi));
	judge(k, h);
}

uint32_t kernel_sas_session(const struct kernel_sas *k, const struct ipaddr *src, const struct ipaddr *dst, bool *inbound)
{
	for (struct tree_node *n = tree_first(&k->sessions); n; n = tree_next(n)) {
		const struct holder *h = of(n);

		*inbound = ipaddr_eq(&h->local, dst) && ipaddr_eq(&h->remote, src);
		if (*inbound || (ipaddr_eq(&h->local, src) && ipaddr_eq(&h->remote, dst)))
			return h->session;
	}
	return 0;
}

/* The pair, in the kernel too. */
static void end(const struct kernel_sas *k, struct holder *h, size_t at)
{
	const struct pair p = h->pairs[at];

	drop(h, at);
	if (p.has_in)
		k->calls->del(k->arg, &h->local, p.spi_in);
	if (p.has_out)
		k->calls->del(k->arg, &h->remote, p.spi_out);
}

void kernel_sas_revoke(struct kernel_sas *k, const struct session_action *a)
{
	struct holder *h = find(k, a->session);

	for (size_t i = h ? h->count : 0; i-- > 0;)
		if (h->pairs[i].spi_in == a->spi_in && h->pairs[i].spi_out == a->spi_out)
			end(k, h, i);
	if (h)
		judge(k, h);
}

void kernel_sas_forget(struct kernel_sas *k, uint32_t session)
{
	struct holder *h = find(k, session);

	if (!h)
		return;
	while (h->count > 0)
		end(k, h, h->count - 1);
	discard(k, h);
}

static void say_gone(const struct kernel_sas *k, const struct holder *h, const struct pair *before, const struct pair *now)
{
	if (before->has_in && !now->has_in)
		k->calls->gone(k->arg, h->session, now->spi_in, true);
	if (before->has_out && !now->has_out)
		k->calls->gone(k->arg, h->session, now->spi_out, false);
}

static void seen_by(const struct kernel_sas *k, const struct holder *h, struct pair *p, const struct ipaddr *dst,
		    uint32_t spi, bool exists)
{
	const struct pair before = *p;

	if (p->spi_in == spi && ipaddr_eq(&h->local, dst))
		p->has_in = exists;
	if (p->spi_out == spi && ipaddr_eq(&h->remote, dst))
		p->has_out = exists;
	say_gone(k, h, &before, p);
}

void kernel_sas_seen(struct kernel_sas *k, const struct ipaddr *dst, uint32_t spi, bool exists)
{
	for (struct tree_node *n = tree_first(&k->sessions); n; n = tree_next(n)) {
		struct holder *h = of(n);

		for (size_t i = 0; i < h->count; i++)
			seen_by(k, h, &h->pairs[i], dst, spi, exists);
		judge(k, h);
	}
}

void kernel_sas_ask(struct kernel_sas *k)
{
	for (struct tree_node *n = tree_first(&k->sessions); n; n = tree_next(n)) {
		struct holder *h = of(n);

		for (size_t i = 0; i < h->count; i++) {
			const struct pair before = h->pairs[i];

			ask(k, h, &h->pairs[i]);
			say_gone(k, h, &before, &h->pairs[i]);
		}
		judge(k, h);
	}
}
