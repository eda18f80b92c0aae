#include "bfd/plane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bfd/plane_own.h"

enum { RENEW_S = 3 /* for bfdd to hand over its sessions again, once connected */ };

/* ---- order ---- */

static int by_id(const void *key, const struct tree_node *node)
{
	const uint32_t wanted = *(const uint32_t *)key, own = CONTAINER_OF(node, struct tie, by_id)->wish.discriminator;

	return wanted == own ? 0 : wanted < own ? -1 : 1;
}

struct place {
	const struct bfd_key *key;
	uint32_t id;
};

static int by_key(const void *key, const struct tree_node *node)
{
	const struct place *p = key;
	const struct tie *t = CONTAINER_OF(node, struct tie, by_key);
	const int order = bfd_key_cmp(p->key, &t->key);

	if (order)
		return order;
	return p->id == t->wish.discriminator ? 0 : p->id < t->wish.discriminator ? -1 : 1;
}

static int by_address(const void *key, const struct tree_node *node)
{
	const struct verdict *k = key, *v = CONTAINER_OF(node, struct verdict, node);

	if (k->tunnel != v->tunnel)
		return k->tunnel < v->tunnel ? -1 : 1;
	return ipaddr_cmp(&k->addr, &v->addr);
}

/* The first session of that pair, then the next. */
static struct tie *tie_of_node(struct tree_node *n, const struct bfd_key *key)
{
	struct tie *t = n ? CONTAINER_OF(n, struct tie, by_key) : NULL;

	return t && bfd_key_cmp(&t->key, key) == 0 ? t : NULL;
}

static struct tie *tie_first(const struct plane *p, const struct bfd_key *key)
{
	return tie_of_node(tree_at_least(&p->by_key, &(struct place){ key, 0 }), key);
}

static struct tie *tie_next(const struct tie *t)
{
	return tie_of_node(tree_next(&t->by_key), &t->key);
}

struct tie *plane_tie_find(const struct plane *p, uint32_t id)
{
	struct tree_node *n = tree_find(&p->by_id, &id);

	return n ? CONTAINER_OF(n, struct tie, by_id) : NULL;
}

static struct verdict *verdict_find(const struct plane *p, uint32_t tunnel, const struct ipaddr *addr)
{
	struct tree_node *n = tree_find(&p->verdicts, &(struct verdict){ .tunnel = tunnel, .addr = *addr });

	return n ? CONTAINER_OF(n, struct verdict, node) : NULL;
}

/* ---- what goes to bfdd ---- */

static bool make_room(struct plane *p)
{
	uint8_t *grown;

	if (p->out_room - p->out_end >= BFD_PLANE_MESSAGE_MAX)
		return true;
	if (p->out_at > 0) {
		memmove(p->out, p->out + p->out_at, p->out_end - p->out_at);
		p->out_end -= p->out_at;
		p->out_at = 0;
	}
	if (p->out_room - p->out_end >= BFD_PLANE_MESSAGE_MAX)
		return true;
	grown = realloc(p->out, p->out_room * 2 + BFD_PLANE_MESSAGE_MAX);
	if (!grown)
		return false;
	p->out = grown;
	p->out_room = p->out_room * 2 + BFD_PLANE_MESSAGE_MAX;
	return true;
}

static void say(struct plane *p, const struct bfd_plane_message *m)
{
	if (p->connected && make_room(p))
		p->out_end += bfd_plane_encode(m, p->out + p->out_end, p->out_room - p->out_end);
}

const uint8_t *plane_output(const struct plane *p, size_t *length)
{
	*length = p->out_end - p->out_at;
	return *length ? p->out + p->out_at : NULL;
}

void plane_sent(struct plane *p, size_t length)
{
	p->out_at += length;
	if (p->out_at == p->out_end)
		p->out_at = p->out_end = 0;
}

const struct verdict *plane_verdict_about(const struct plane *p, const struct tie *t)
{
	return t->on_tunnel ? verdict_find(p, t->tunnel, &t->key.remote) : NULL;
}

static enum plane_verdict verdict_of(const struct plane *p, const struct tie *t)
{
	const struct verdict *v = plane_verdict_about(p, t);

	return !v || (v->orphaned && t->has_bfd) ? PLANE_NO_VERDICT : v->is;
}

static bool shall_be_up(const struct plane *p, const struct tie *t)
{
	if (t->wish.flags & BFD_PLANE_SHUTDOWN)
		return false;
	switch (verdict_of(p, t)) {
	case PLANE_DEAD:
		return false;
	case PLANE_ALIVE:
		return true;
	case PLANE_NO_VERDICT:
		break;
	}
	return t->status.state == BFD_UP;
}

static uint8_t diag_of(const struct plane *p, const struct tie *t)
{
	if (verdict_of(p, t) == PLANE_DEAD)
		return BFD_DIAG_PATH_DOWN;
	return t->status.diag ? t->status.diag : BFD_DIAG_TIMEOUT;
}

static void tell(struct plane *p, struct tie *t)
{
	const bool up = shall_be_up(p, t);
	struct bfd_plane_message m = { .type = BFD_PLANE_STATE };

	if (!p->connected || up == t->told_up)
		return;
	t->told_up = up;
	m.state = (struct bfd_plane_state){
		.discriminator = t->wish.discriminator, .remote_discriminator = t->status.remote_discriminator,
		.remote_tx_us = t->status.remote_desired_min_tx_us, .remote_rx_us = t->status.remote_required_min_rx_us,
		.state = up ? BFD_UP : BFD_DOWN, .diag = up ? BFD_DIAG_NONE : diag_of(p, t),
		.remote_multiplier = t->status.remote_multiplier,
	};
	say(p, &m);
}

void plane_state(struct plane *p, const struct bfd_status *s)
{
	for (struct tie *t = tie_first(p, &s->key); t; t = tie_next(t)) {
		t->status = *s;
		t->has_bfd |= s->state == BFD_UP;
		tell(p, t);
		plane_tie_keep(p, t);
	}
}

/* ---- verdicts ---- */

static void judged(struct plane *p, uint32_t tunnel, const struct ipaddr *addr)
{
	for (struct tree_node *n = tree_first(&p->by_id); n; n = tree_next(n)) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		if (!t->on_tunnel || t->tunnel != tunnel || !ipaddr_eq(&t->key.remote, addr))
			continue;
		t->has_bfd = t->status.state == BFD_UP;
		tell(p, t);
		plane_tie_keep(p, t);
	}
}

struct verdict *plane_verdict_put(struct plane *p, uint32_t tunnel, const struct ipaddr *addr, enum plane_verdict is,
				   bool orphaned)
{
	struct verdict *v = verdict_find(p, tunnel, addr);

	if (!v && is != PLANE_NO_VERDICT && p->verdicts.count < PLANE_VERDICTS_MAX && (v = calloc(1, sizeof *v))) {
		v->tunnel = tunnel;
		v->addr = *addr;
		tree_insert(&p->verdicts, v, &v->node);
	}
	if (v) {
		v->is = is;
		v->orphaned = orphaned;
	}
	return v;
}

void plane_verdict(struct plane *p, uint32_t tunnel, const struct ipaddr *addr, enum plane_verdict is)
{
	struct verdict *v = plane_verdict_put(p, tunnel, addr, is, false);

	if (!v)
		return;
	if (is == PLANE_NO_VERDICT) {
		tree_remove(&p->verdicts, &v->node);
		free(v);
	}
	judged(p, tunnel, addr);
}

void plane_verdicts_orphaned(struct plane *p)
{
	for (struct tree_node *n = tree_first(&p->verdicts); n; n = tree_next(n)) {
		struct verdict *v = CONTAINER_OF(n, struct verdict, node);

		v->orphaned = true;
		judged(p, v->tunnel, &v->addr);
	}
}

/* ---- what bfdd wants ---- */

/* "Tunnel12" -> 12. */
static bool tunnel_named(const char *name, uint32_t *number)
{
	static const char word[] = "Tunnel";
	char *end;
	unsigned long n;

	if (strncmp(name, word, sizeof word - 1) || name[sizeof word - 1] < '0' || name[sizeof word - 1] > '9')
		return false;
	n = strtoul(name + sizeof word - 1, &end, 10);
	*number = (uint32_t)n;
	return !*end && n < BFD_LINK_TUNNEL;
}

/* A tunnel that is not the forwarder's (yet) is an interface like any other. */
static struct bfd_key key_of(const struct plane *p, const struct bfd_plane_session *s)
{
	struct bfd_key k = { .link = s->ifindex, .local = s->local, .remote = s->remote };
	struct ipaddr own;
	uint32_t tunnel;

	if (s->flags & BFD_PLANE_MULTIHOP) {
		k.link = BFD_LINK_NONE;
		return k;
	}
	if (!tunnel_named(s->ifname, &tunnel))
		return k;
	own = p->ways.tunnel_addr(p->ways.context, tunnel, &k.remote);
	if (ipaddr_is_none(&own))
		return k;
	k.link = BFD_LINK_TUNNEL | tunnel;
	if (ipaddr_is_none(&k.local))
		k.local = own;
	return k;
}

static uint32_t at_least_one(uint32_t us)
{
	return us ? us : 1;
}

static uint32_t lower(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The fastest of what is asked for one pair. */
static struct bfd_config config_of(const struct tie *first)
{
	struct bfd_config c = { .desired_min_tx_us = UINT32_MAX, .required_min_rx_us = UINT32_MAX, .passive = true,
				.admin_down = true };

	for (const struct tie *t = first; t; t = tie_next(t)) {
		const struct bfd_plane_session *s = &t->wish;

		if (s->min_tx_us < c.desired_min_tx_us || c.multiplier == 0)
			c.multiplier = s->multiplier ? s->multiplier : 3;
		c.desired_min_tx_us = lower(c.desired_min_tx_us, at_least_one(s->min_tx_us));
		c.required_min_rx_us = lower(c.required_min_rx_us, s->min_rx_us);
		c.passive &= (s->flags & BFD_PLANE_PASSIVE) != 0;
		c.admin_down &= (s->flags & BFD_PLANE_SHUTDOWN) != 0;
		c.min_ttl = s->flags & BFD_PLANE_MULTIHOP ? s->ttl : BFD_TTL;
	}
	return c;
}

/* Makes the session of a pair follow those of bfdd's. */
static void follow(struct plane *p, struct instant now, const struct bfd_key *key)
{
	struct tie *first = tie_first(p, key);
	struct bfd_config c;

	if (!first) {
		bfd_remove(p->bfd, now, key, BFD_CLIENT_ROUTING);
		return;
	}
	c = config_of(first);
	(void)bfd_set(p->bfd, now, key, BFD_CLIENT_ROUTING, &c); /* no room: bfdd sees it Down */
}

static void tie_remove(struct plane *p, struct instant now, struct tie *t)
{
	const struct bfd_key key = t->key;

	tree_remove(&p->by_id, &t->by_id);
	tree_remove(&p->by_key, &t->by_key);
	if (p->records)
		records_drop(p->records, t->record);
	free(t);
	follow(p, now, &key);
}

struct tie *plane_tie_new(struct plane *p, const struct bfd_plane_session *s, const struct bfd_key *key)
{
	struct tie *t = p->by_id.count < PLANE_SESSIONS_MAX ? calloc(1, sizeof *t) : NULL, *brother = tie_first(p, key);

	if (!t)
		return NULL;
	t->key = *key;
	t->wish = *s;
	t->record = RECORDS_NONE;
	t->on_tunnel = tunnel_named(s->ifname, &t->tunnel);
	if (brother)
		t->status = brother->status;
	tree_insert(&p->by_id, &t->wish.discriminator, &t->by_id);
	tree_insert(&p->by_key, &(struct place){ &t->key, t->wish.discriminator }, &t->by_key);
	return t;
}

static void add(struct plane *p, struct instant now, const struct bfd_plane_session *s)
{
	struct tie *t = plane_tie_find(p, s->discriminator);
	const struct bfd_key key = t && p->unsettled ? t->key : key_of(p, s);

	if (ipaddr_is_none(&s->remote))
		return;
	if (t && bfd_key_cmp(&t->key, &key) != 0) {
		tie_remove(p, now, t);
		t = NULL;
	}
	if (!t && !(t = plane_tie_new(p, s, &key)))
		return;
	t->wish = *s;
	/* bfdd takes a session that it hands over anew for Down. */
	t->told_up &= t->renewed;
	t->renewed = true;
	follow(p, now, &key);
	tell(p, t);
	plane_tie_keep(p, t);
}

static void answer_counters(struct plane *p, const struct bfd_plane_message *m)
{
	const struct tie *t = plane_tie_find(p, m->discriminator);
	struct bfd_plane_message reply = { .type = BFD_PLANE_COUNTERS, .id = m->id };
	struct bfd_status s = { 0 };

	if (t)
		(void)bfd_get_status(p->bfd, &t->key, &s);
	reply.counters = (struct bfd_plane_counters){
		.discriminator = m->discriminator, .rx_packets = s.rx_packets, .rx_bytes = s.rx_packets * BFD_PACKET_OCTETS,
		.tx_packets = s.tx_packets, .tx_bytes = s.tx_packets * BFD_PACKET_OCTETS };
	say(p, &reply);
}

static void answer_echo(struct plane *p, const struct bfd_plane_message *m)
{
	struct bfd_plane_message reply = *m;

	reply.type = BFD_PLANE_ECHO_REPLY;
	say(p, &reply);
}

static void message(struct plane *p, struct instant now, const struct bfd_plane_message *m)
{
	struct tie *t;

	switch (m->type) {
	case BFD_PLANE_ADD:
		add(p, now, &m->session);
		break;
	case BFD_PLANE_DELETE:
		t = plane_tie_find(p, m->session.discriminator);
		if (t)
			tie_remove(p, now, t);
		break;
	case BFD_PLANE_COUNTERS_ASK:
		answer_counters(p, m);
		break;
	case BFD_PLANE_ECHO_REQUEST:
		answer_echo(p, m);
		break;
	case BFD_PLANE_ECHO_REPLY:
	case BFD_PLANE_STATE: /* what only a data plane says */
	case BFD_PLANE_COUNTERS:
		break;
	}
}

/* The messages that are whole. */
static bool take_whole(struct plane *p, struct instant now)
{
	struct bfd_plane_message m;
	size_t at = 0, used;

	for (;;) {
		const enum bfd_plane_drop drop = bfd_plane_decode(p->in + at, p->in_length - at, &m, &used);

		if (drop == BFD_PLANE_DROP_VERSION)
			return false;
		if (drop == BFD_PLANE_DROP_PART)
			break;
		if (drop == BFD_PLANE_DROP_NONE)
			message(p, now, &m);
		at += used;
	}
	p->in_length -= at;
	memmove(p->in, p->in + at, p->in_length);
	return true;
}

bool plane_input(struct plane *p, struct instant now, const uint8_t *bytes, size_t length)
{
	while (length > 0) {
		const size_t room = sizeof p->in - p->in_length, part = length < room ? length : room;

		memcpy(p->in + p->in_length, bytes, part);
		p->in_length += part;
		bytes += part;
		length -= part;
		if (!take_whole(p, now))
			return false;
	}
	return true;
}

/* ---- bfdd comes and goes ---- */

static void renew_all(struct plane *p)
{
	for (struct tree_node *n = tree_first(&p->by_id); n; n = tree_next(n)) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		t->renewed = false;
		plane_tie_keep(p, t);
	}
}

void plane_connected(struct plane *p, struct instant now, uint32_t connection)
{
	p->connected = true;
	p->in_length = p->out_at = p->out_end = 0;
	renew_all(p);
	p->expiry = instant_add(now, span_s(RENEW_S));
	plane_connection_keep(p, connection);
}

bool plane_resumed(struct plane *p, uint32_t connection)
{
	if (p->connection != connection)
		return false;
	p->connected = true;
	p->expiry = INSTANT_NEVER;
	for (struct tree_node *n = tree_first(&p->by_id); n; n = tree_next(n)) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		tell(p, t);
		plane_tie_keep(p, t);
	}
	return true;
}

void plane_lost(struct plane *p, struct instant now)
{
	p->connected = false;
	p->in_length = p->out_at = p->out_end = 0;
	renew_all(p);
	p->expiry = instant_add(now, span_s(PLANE_LINGER_S));
}

struct instant plane_deadline(const struct plane *p)
{
	return p->expiry;
}

void plane_tick(struct plane *p, struct instant now)
{
	struct tree_node *n, *next;

	if (instant_before(now, p->expiry))
		return;
	p->expiry = INSTANT_NEVER;
	for (n = tree_first(&p->by_id); n; n = next) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		next = tree_next(n);
		if (!t->renewed)
			tie_remove(p, now, t);
	}
}

/* The tie's pair has got, or lost, its near end. */
static void move(struct plane *p, struct instant now, struct tie *t)
{
	const struct bfd_key before = t->key, key = key_of(p, &t->wish);

	if (bfd_key_cmp(&before, &key) != 0) {
		tree_remove(&p->by_key, &t->by_key);
		t->key = key;
		t->status = (struct bfd_status){ 0 };
		tree_insert(&p->by_key, &(struct place){ &t->key, t->wish.discriminator }, &t->by_key);
		follow(p, now, &before);
	}
	follow(p, now, &key);
}

void plane_tunnels_changed(struct plane *p, struct instant now)
{
	for (struct tree_node *n = tree_first(&p->by_id); n && !p->unsettled; n = tree_next(n)) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		if (t->on_tunnel)
			move(p, now, t);
	}
}

void plane_settled(struct plane *p, struct instant now)
{
	if (!p->unsettled)
		return;
	p->unsettled = false;
	plane_tunnels_changed(p, now);
}

size_t plane_count(const struct plane *p)
{
	return p->by_id.count;
}

bool plane_is_connected(const struct plane *p)
{
	return p->connected;
}

struct plane *plane_new(struct bfd *b, const struct plane_ways *ways)
{
	struct plane *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->bfd = b;
	p->ways = *ways;
	p->expiry = INSTANT_NEVER;
	p->connection_record = RECORDS_NONE;
	tree_init(&p->by_id, by_id);
	tree_init(&p->by_key, by_key);
	tree_init(&p->verdicts, by_address);
	return p;
}

void plane_free(struct plane *p)
{
	struct tree_node *n;

	if (!p)
		return;
	while ((n = tree_first(&p->by_id))) {
		struct tie *t = CONTAINER_OF(n, struct tie, by_id);

		tree_remove(&p->by_id, n);
		free(t);
	}
	while ((n = tree_first(&p->verdicts))) {
		struct verdict *v = CONTAINER_OF(n, struct verdict, node);

		tree_remove(&p->verdicts, n);
		free(v);
	}
	free(p->out);
	free(p);
}
