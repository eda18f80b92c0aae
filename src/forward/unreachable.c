#include "forward/unreachable.h"

#include "forward/hash.h"
#include "forward/protect.h"
#include "wire/gre.h"
#include "wire/ip.h"

static bool is_within(const struct worker *w, struct instant since, int64_t ms)
{
	return instant_since(w->now, since).us < span_ms(ms).us;
}

static void second_begin(struct worker *w)
{
	if (is_within(w, w->unreachables_since, 1000))
		return;
	w->unreachables_since = w->now;
	w->unreachables_told = w->unreachables_looked = 0;
}

static bool may_tell(struct worker *w)
{
	second_begin(w);
	return w->unreachables_told++ < UNREACHABLES_MAX;
}

/* Looking for a session takes its time, and anybody may have us do it. */
static bool may_look(struct worker *w)
{
	second_begin(w);
	return w->unreachables_looked++ < UNREACHABLE_LOOKS_MAX;
}

static void tell(struct worker *w, uint32_t tunnel, const struct endpoint *nbma)
{
	struct miss_slot *slot = &w->unreachables[hash_ipaddr(tunnel, &nbma->addr) % UNREACHABLE_SLOTS];
	const struct forward_doubt m = { .tunnel = tunnel, .nbma = *nbma };

	if (slot->tunnel == tunnel && ipaddr_eq(&slot->addr, &nbma->addr) && is_within(w, slot->told, UNREACHABLE_MS))
		return;
	if (may_tell(w) && w->io.control_send(w->io.context, FORWARD_DOUBT, &m, sizeof m))
		*slot = (struct miss_slot){ tunnel, nbma->addr, w->now, 1 };
}

static bool has_peer(const struct worker *w, const struct tunnel *t, const struct endpoint *nbma)
{
	return (tunnel_is_p2p(t) && ipaddr_eq(&t->conf.remote, &nbma->addr)) ||
	       peer_find_endpoint(&w->tables->peers, t->conf.tunnel, nbma);
}

static void gre_unreachable(struct worker *w, const struct raw *raw, const struct send_error *e)
{
	const struct endpoint nbma = { .addr = e->to, .vrf = raw->local.vrf };
	struct gre_header h;

	/* A router quotes eight octets at least, which is all of our header. */
	if (gre_decode(e->quoted, e->quoted_length, &h) != GRE_DROP_NONE)
		return;
	for (const struct tunnel *t = tunnel_match(&w->tables->tunnels, raw, &e->to, h.has_key, h.key); t; t = tunnel_match_next(t))
		if (!t->conf.protection && has_peer(w, t, &nbma))
			tell(w, t->conf.tunnel, &nbma);
}

static bool leads_to(const struct sa_session *s, const struct send_error *e)
{
	const struct sa_binding *path = s->path;

	return path && s->out && ipaddr_eq(&path->to, &e->to) && (e->port == 0 ? !s->out->udp : e->port == path->to_port);
}

/* All tunnels that the session serves. */
static void session_unreachable(struct worker *w, const struct sa_session *s)
{
	const struct tunnel *t;

	TAILQ_FOREACH(t, &w->tables->tunnels.tunnels, order)
		if (t->conf.protection == s->conf.protection && endpoint_eq(&t->conf.local, &s->conf.local) &&
		    has_peer(w, t, &s->conf.remote))
			tell(w, t->conf.tunnel, &s->conf.remote);
}

static void esp_unreachable(struct worker *w, const struct send_error *e)
{
	const struct sa_session *s;

	if (!may_look(w))
		return;
	TAILQ_FOREACH(s, &w->protection->sessions.all, order)
		if (leads_to(s, e))
			session_unreachable(w, s);
}

void unreachable_raw(struct worker *w, const struct raw *raw, const struct send_error *e)
{
	if (raw->protocol == IP_PROTO_GRE)
		gre_unreachable(w, raw, e);
	else
		esp_unreachable(w, e);
}

void unreachable_udp(struct worker *w, const struct send_error *e)
{
	esp_unreachable(w, e);
}
