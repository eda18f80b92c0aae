/*
 * Who wants sessions: the tunnels with their protections, the engine's peers on them, and NHRP messages
 * to endpoints that are no peers (yet).
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/session.h"

enum { MESSAGE_WANT_S = 10 /* a message makes its session wanted so long */ };

/* How the tree of users is searched. */
struct user_key {
	uint32_t tunnel;
	struct endpoint remote;
};

int session_user_cmp(const void *key, const struct tree_node *node)
{
	const struct user_key *a = key;
	const struct session_user *b = CONTAINER_OF(node, const struct session_user, node);
	const int rc = (a->tunnel > b->tunnel) - (a->tunnel < b->tunnel);

	return rc ? rc : endpoint_cmp(&a->remote, &b->remote);
}

struct session_tunnel *session_tunnel_of(const struct sessions *s, uint32_t number)
{
	for (size_t i = 0; i < s->tunnel_count; i++)
		if (s->tunnels[i].number == number)
			return &s->tunnels[i];
	return NULL;
}

bool sessions_covers(const struct sessions *s, uint32_t tunnel)
{
	const struct session_tunnel *t = session_tunnel_of(s, tunnel);

	return t && t->protection != 0;
}

struct session_key session_key_for(const struct session_tunnel *t, const struct endpoint *remote)
{
	struct session_key k = { .protection = t->protection, .local = t->local, .remote = *remote };

	k.remote.vrf = t->local.vrf;
	return k;
}

static void say_reachable(struct session *x, const struct session_user *u)
{
	session_act(x, SESSION_DO_REACHABLE)->tunnel = u->tunnel;
}

void session_say_reachable(struct session *x)
{
	for (const struct session_user *u = x->first_user; u; u = u->next)
		say_reachable(x, u);
}

void session_say_doubted(struct session *x)
{
	for (const struct session_user *u = x->first_user; u; u = u->next)
		session_act(x, SESSION_DO_DOUBTED)->tunnel = u->tunnel;
}

void session_say_taken(struct session *x)
{
	for (const struct session_user *u = x->first_user; u; u = u->next)
		session_act(x, SESSION_DO_TAKEN)->tunnel = u->tunnel;
}

bool session_is_configured(const struct session *x)
{
	for (const struct session_user *u = x->first_user; u; u = u->next)
		if (u->configured)
			return true;
	return false;
}

static int user_order(const struct session_user *a, const struct session_user *b)
{
	const int rc = (a->tunnel > b->tunnel) - (a->tunnel < b->tunnel);

	return rc ? rc : endpoint_cmp(&a->remote, &b->remote);
}

static void list_in(struct session_user *u, struct session *x)
{
	struct session_user **at = &x->first_user;

	while (*at && user_order(*at, u) < 0)
		at = &(*at)->next;
	u->next = *at;
	*at = u;
}

static void list_out(const struct session_user *u, struct session *x)
{
	struct session_user **at = &x->first_user;

	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
}

static void join(struct session_user *u, struct session *x)
{
	u->session = x;
	x->users++;
	list_in(u, x);
	session_step(x, SESSION_EVENT_WANTED);
	if (x->can_send)
		say_reachable(x, u);
}

static void leave(struct session_user *u)
{
	struct session *x = u->session;

	u->session = NULL;
	if (!x)
		return;
	x->users--;
	list_out(u, x);
	if (!session_wanted(x))
		session_step(x, SESSION_EVENT_UNWANTED);
	session_release(x);
}

struct session_user *session_user_of(const struct sessions *s, uint32_t tunnel, const struct endpoint *remote)
{
	const struct user_key k = { tunnel, *remote };
	struct tree_node *n = tree_find(&s->users, &k);

	return n ? CONTAINER_OF(n, struct session_user, node) : NULL;
}

void sessions_want(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote, bool configured)
{
	const struct session_tunnel *t = session_tunnel_of(s, tunnel);
	struct session_user *u = session_user_of(s, tunnel, remote);
	struct session_key k;

	sessions_now(s, now);
	if (!t || t->protection == 0)
		return;
	if (!u) {
		const struct user_key key = { tunnel, *remote };

		u = alloc_zero(1, sizeof *u);
		u->tunnel = tunnel;
		u->remote = *remote;
		tree_insert(&s->users, &key, &u->node);
	}
	u->configured = configured;
	if (u->session)
		return;
	k = session_key_for(t, remote);
	join(u, session_get(s, &k));
}

static void forget(struct sessions *s, struct session_user *u)
{
	leave(u);
	tree_remove(&s->users, &u->node);
	free(u);
}

void sessions_unwant(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote)
{
	struct session_user *u = session_user_of(s, tunnel, remote);

	sessions_now(s, now);
	if (u)
		forget(s, u);
}

static void move_users(struct sessions *s, const struct session_tunnel *t)
{
	const struct user_key from = { .tunnel = t->number };

	for (struct tree_node *n = tree_at_least(&s->users, &from), *next; n; n = next) {
		struct session_user *u = CONTAINER_OF(n, struct session_user, node);
		struct session_key k = session_key_for(t, &u->remote);

		next = tree_next(n);
		if (u->tunnel != t->number)
			break;
		if (u->session && session_key_cmp(&u->session->key, &k) == 0)
			continue;
		if (t->protection == 0) {
			forget(s, u);
			continue;
		}
		leave(u);
		join(u, session_get(s, &k));
	}
}

void sessions_tunnel(struct sessions *s, struct instant now, uint32_t tunnel, uint32_t protection,
		     const struct endpoint *local)
{
	struct session_tunnel *t = session_tunnel_of(s, tunnel);

	sessions_now(s, now);
	if (!t) {
		s->tunnels = alloc_array(s->tunnels, s->tunnel_count + 1, sizeof *s->tunnels);
		t = &s->tunnels[s->tunnel_count++];
		*t = (struct session_tunnel){ .number = tunnel };
	}
	if (t->protection == protection && endpoint_eq(&t->local, local))
		return;
	t->protection = protection;
	t->local = *local;
	move_users(s, t);
}

void sessions_send(struct sessions *s, struct instant now, uint32_t tunnel, const struct endpoint *remote,
		   const uint8_t *bytes, size_t length)
{
	const struct session_tunnel *t = session_tunnel_of(s, tunnel);
	struct session *x;
	struct session_key k;
	bool wanted;

	sessions_now(s, now);
	if (!t || t->protection == 0)
		return;
	k = session_key_for(t, remote);
	x = session_get(s, &k);
	if (x->can_send) {
		session_nhrp(x, tunnel, bytes, length);
		return;
	}
	wanted = session_wanted(x);
	x->wanted_until = session_later(x, span_s(MESSAGE_WANT_S));
	session_queue(x, tunnel, bytes, length);
	if (!wanted)
		session_step(x, SESSION_EVENT_WANTED);
}
