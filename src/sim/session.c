#include "sim/session.h"

#include <stdlib.h>
#include <string.h>

enum {
	WAITING_MAX = 16,
	RETRY_LEAST_MS = 1000,
	RETRY_MORE_MS = 3000,
};

static const struct span patience = { 5000000 }; /* of a message that waits */

struct waiting {
	struct instant since;
	uint32_t tunnel;
	size_t length;
	uint8_t *bytes;
};

struct session {
	uint32_t uplink;      /* with remote the key of the table */
	struct ipaddr remote;
	bool negotiating;
	uint64_t agreement;   /* 0: none; what it sends by */
	uint64_t before;      /* what is still on its way comes by this */
	size_t waiting_count;
	struct waiting *waiting; /* allocated with the first */
};

enum { KEY_OCTETS = offsetof(struct session, remote) + sizeof(struct ipaddr) };

void sessions_init(struct router *r)
{
	table_init(&r->sessions, sizeof(struct session), KEY_OCTETS);
}

static void drop_waiting(struct session *s)
{
	for (size_t i = 0; i < s->waiting_count; i++)
		free(s->waiting[i].bytes);
	s->waiting_count = 0;
	free(s->waiting);
	s->waiting = NULL;
}

void sessions_drop_waiting(struct router *r)
{
	for (size_t i = 0; i < r->sessions.count; i++)
		drop_waiting(table_at(&r->sessions, i));
}

void sessions_forget(struct router *r)
{
	sessions_drop_waiting(r);
	table_clear(&r->sessions);
}

static struct session *find(const struct router *r, size_t uplink, const struct ipaddr *remote)
{
	const struct session key = { .uplink = (uint32_t)uplink, .remote = *remote };

	return table_find(&r->sessions, &key);
}

static struct session *get(struct router *r, size_t uplink, const struct ipaddr *remote)
{
	struct session *const s = find(r, uplink, remote);

	return s ? s : table_put(&r->sessions, &(struct session){ .uplink = (uint32_t)uplink, .remote = *remote });
}

static void negotiate(struct world *w, const struct router *r, struct session *s, struct span in)
{
	s->negotiating = true;
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, in), .type = HAPPENS_IKE, .subject = world_index(w, r), .addr = s->remote,
		.uplink = s->uplink });
}

/* ---- sending */

static void wait_for(struct world *w, struct session *s, const struct underlay_message *m)
{
	struct waiting *x;

	if (s->waiting_count == WAITING_MAX)
		return;
	if (!s->waiting)
		s->waiting = calloc(WAITING_MAX, sizeof *s->waiting);
	x = s->waiting ? &s->waiting[s->waiting_count] : NULL;
	if (!x || !(x->bytes = malloc(m->length ? m->length : 1)))
		abort();
	memcpy(x->bytes, m->bytes, m->length);
	x->since = w->now;
	x->tunnel = m->tunnel;
	x->length = m->length;
	s->waiting_count++;
}

void session_send(struct world *w, struct router *from, const struct underlay_message *m)
{
	struct underlay_message sealed = *m;
	struct session *s;

	if (!w->scenario->protected_) {
		underlay_transmit(w, from, m);
		return;
	}
	s = get(from, design_uplink(w, m->tunnel), &m->to);
	if (s->agreement == 0) {
		wait_for(w, s, m);
		session_want(w, from, m->tunnel, &m->to);
		return;
	}
	sealed.agreement = s->agreement;
	underlay_transmit(w, from, &sealed);
}

/* What has waited leaves; what has waited too long is gone. */
static void flush(struct world *w, struct router *r, size_t uplink, const struct ipaddr *remote)
{
	struct session *const s = find(r, uplink, remote);
	struct session left;

	if (!s)
		return;
	left = *s;
	s->waiting_count = 0;
	s->waiting = NULL;
	for (size_t i = 0; i < left.waiting_count; i++) {
		const struct waiting *const x = &left.waiting[i];

		if (instant_since(w->now, x->since).us <= patience.us)
			underlay_transmit(w, r, &(struct underlay_message){
				.tunnel = x->tunnel, .to = *remote, .bytes = x->bytes, .length = x->length,
				.agreement = left.agreement });
	}
	drop_waiting(&left);
}

void session_want(struct world *w, struct router *r, uint32_t tunnel, const struct ipaddr *remote)
{
	struct session *const s = w->scenario->protected_ ? get(r, design_uplink(w, tunnel), remote) : NULL;

	if (s && s->agreement == 0 && !s->negotiating)
		negotiate(w, r, s, w->scenario->ike);
}

static void begin_anew(struct world *w, const struct router *r, struct session *s)
{
	if (s && s->agreement != 0 && !s->negotiating)
		negotiate(w, r, s, w->scenario->ike);
}

void session_suspect(struct world *w, struct router *r, uint32_t tunnel, const struct ipaddr *remote)
{
	begin_anew(w, r, find(r, design_uplink(w, tunnel), remote));
}

/* ---- agreeing */

static bool can_agree(const struct world *w, const struct router *a, const struct router *b, size_t uplink)
{
	return a->forwards && b->forwards && a->no_ikes == 0 && b->no_ikes == 0 && world_reaches(w, a, b, uplink) &&
	       world_reaches(w, b, a, uplink);
}

static void take(struct router *r, size_t uplink, const struct ipaddr *remote, uint64_t agreement)
{
	struct session *const s = get(r, uplink, remote);

	s->before = s->agreement;
	s->agreement = agreement;
	s->negotiating = false;
}

static void tell(struct world *w, struct router *r, size_t uplink, const struct ipaddr *remote)
{
	flush(w, r, uplink, remote);
	for (size_t i = 0; i < r->tunnel_count; i++) {
		const uint32_t tunnel = router_tunnel(r, i);

		if (design_uplink(w, tunnel) == uplink)
			world_tell(w, r, &(struct event){ .type = EVENT_REACHABLE, .tunnel = tunnel,
							  .reachable = { .nbma = { .addr = *remote } } });
	}
}

static void agree(struct world *w, struct router *a, struct router *b, size_t uplink)
{
	const struct ipaddr of_a = a->uplinks[uplink].nbma, of_b = b->uplinks[uplink].nbma;
	const uint64_t agreement = ++w->agreements;

	world_note(w, a, "agrees with %s", b->name);
	take(a, uplink, &of_b, agreement);
	take(b, uplink, &of_a, agreement);
	tell(w, a, uplink, &of_b);
	tell(w, b, uplink, &of_a);
}

static bool is_wanted(const struct world *w, const struct router *r, const struct session *s)
{
	bool wanted = false;

	for (size_t i = 0; i < s->waiting_count; i++)
		wanted |= instant_since(w->now, s->waiting[i].since).us <= patience.us;
	for (size_t i = 0; i < r->tunnel_count; i++) {
		const uint32_t tunnel = router_tunnel(r, i);

		wanted |= design_uplink(w, tunnel) == s->uplink && host_peer_of(&r->host, tunnel, &s->remote) != PEER_NONE;
	}
	return wanted;
}

void session_negotiated(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject], *const other = world_router_of_nbma(w, &h->addr);
	struct session *const s = find(r, h->uplink, &h->addr);

	if (!s || !s->negotiating) /* forgotten meanwhile, or the other end was quicker */
		return;
	s->negotiating = false;
	if (other && can_agree(w, r, other, h->uplink))
		agree(w, r, other, h->uplink);
	else if (is_wanted(w, r, s))
		negotiate(w, r, s, span_ms(RETRY_LEAST_MS + (int64_t)prng_below(&w->network, RETRY_MORE_MS)));
	else
		drop_waiting(s);
}

/* ---- receiving */

static bool knows(const struct session *s, uint64_t agreement)
{
	return s && agreement != 0 && (s->agreement == agreement || s->before == agreement);
}

/* A forwarder says to who sends by an agreement that it does not know that it is so. */
static void say_unknown(struct world *w, const struct router *r, const struct router *sender, size_t uplink,
			uint64_t agreement)
{
	if (!world_reaches(w, r, sender, uplink))
		return;
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, w->scenario->delay_least), .type = HAPPENS_NOTICE,
		.subject = world_index(w, sender), .addr = r->uplinks[uplink].nbma, .uplink = (uint32_t)uplink,
		.agreement = agreement });
}

bool session_takes(struct world *w, struct router *r, const struct happening *h)
{
	const size_t uplink = design_uplink(w, h->tunnel);

	if (knows(find(r, uplink, &h->addr), h->agreement))
		return true;
	if (r->forwards)
		say_unknown(w, r, &w->routers[h->from], uplink, h->agreement);
	return false;
}

void session_told(struct world *w, const struct happening *h)
{
	struct router *const r = &w->routers[h->subject];
	struct session *const s = find(r, h->uplink, &h->addr);

	if (s && s->agreement == h->agreement)
		begin_anew(w, r, s);
}

bool session_can_send(const struct world *w, const struct router *r, uint32_t tunnel, const struct ipaddr *remote)
{
	const struct session *const s = w->scenario->protected_ ? find(r, design_uplink(w, tunnel), remote) : NULL;

	return !w->scenario->protected_ || (s && s->agreement != 0);
}

bool session_carries(const struct world *w, const struct router *from, const struct router *to, uint32_t tunnel)
{
	const size_t uplink = design_uplink(w, tunnel);
	const struct session *const s = w->scenario->protected_ ? find(from, uplink, &to->uplinks[uplink].nbma) : NULL;

	return !w->scenario->protected_ || (s && knows(find(to, uplink, &from->uplinks[uplink].nbma), s->agreement));
}

void session_refused(struct world *w, const struct router *from, const struct router *to, uint32_t tunnel)
{
	const size_t uplink = design_uplink(w, tunnel);
	const struct session *const s = w->scenario->protected_ ? find(from, uplink, &to->uplinks[uplink].nbma) : NULL;

	if (s && to->forwards)
		say_unknown(w, to, from, uplink, s->agreement);
}
