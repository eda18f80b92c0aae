#include "bfd/bfd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bfd/budget.h"
#include "bfd/session.h"

enum { SOURCE_PORTS = 65536 - BFD_PORT_SOURCE };

_Static_assert(sizeof(struct bfd_session) <= BFD_SESSION_OCTETS_MAX, "a session's memory is promised");

TAILQ_HEAD(busy_list, bfd_session);

struct bfd {
	struct bfd_options options;
	struct tree by_key, by_discriminator;
	struct timers timers;
	struct prng prng;
	struct busy_list busy; /* sessions with something to say, first come first */
	struct span floor;
	struct instant now;    /* of the last call that had one */
	struct instant stood_from; /* the caller's last standstill, … */
	struct span stood;         /* … and how long it was */
	struct records *records; /* NULL: nothing is kept */
	uint64_t drops[BFD_DROP_COUNT];
};

static const char *const drop_texts[BFD_DROP_COUNT] = {
#define BFD_PACKET_DROP_TEXT(name, text) [BFD_DROP_##name] = text,
	BFD_DROPS(BFD_PACKET_DROP_TEXT)
#undef BFD_PACKET_DROP_TEXT
};

const char *bfd_drop_text(enum bfd_drop drop)
{
	return (unsigned)drop < BFD_DROP_COUNT ? drop_texts[drop] : "unknown";
}

int bfd_key_cmp(const struct bfd_key *a, const struct bfd_key *b)
{
	int order;

	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	order = ipaddr_cmp(&a->remote, &b->remote);
	return order ? order : ipaddr_cmp(&a->local, &b->local);
}

static int by_key(const void *key, const struct tree_node *node)
{
	return bfd_key_cmp(key, &CONTAINER_OF(node, struct bfd_session, by_key)->key);
}

static int by_discriminator(const void *key, const struct tree_node *node)
{
	const uint32_t wanted = *(const uint32_t *)key;
	const uint32_t own = CONTAINER_OF(node, struct bfd_session, by_discriminator)->discriminator;

	return wanted == own ? 0 : wanted < own ? -1 : 1;
}

struct bfd *bfd_new(const struct bfd_options *o)
{
	struct bfd *b = calloc(1, sizeof *b);

	if (!b)
		return NULL;
	b->options = *o;
	tree_init(&b->by_key, by_key);
	tree_init(&b->by_discriminator, by_discriminator);
	timers_init(&b->timers);
	prng_init(&b->prng, o->seed);
	TAILQ_INIT(&b->busy);
	return b;
}

static struct bfd_session *session_find(const struct bfd *b, const struct bfd_key *key)
{
	struct tree_node *node = tree_find(&b->by_key, key);

	return node ? CONTAINER_OF(node, struct bfd_session, by_key) : NULL;
}

static struct bfd_session *session_after(const struct bfd *b, const struct bfd_key *key)
{
	struct tree_node *node = key ? tree_after(&b->by_key, key) : tree_first(&b->by_key);

	return node ? CONTAINER_OF(node, struct bfd_session, by_key) : NULL;
}

static struct bfd_session_ways ways(struct bfd *b)
{
	return (struct bfd_session_ways){ .timers = &b->timers, .prng = &b->prng, .now = b->now, .floor = b->floor,
					  .stood_from = b->stood_from, .stood = b->stood };
}

struct session_record {
	int kind;
	struct bfd_session_image image;
};

_Static_assert(sizeof(struct session_record) <= BFD_RECORD_OCTETS, "a record has room for a session");

/* A session that only says goodbye is not worth it. */
static void keep(const struct bfd *b, struct bfd_session *s)
{
	union { struct session_record r; uint8_t octets[BFD_RECORD_OCTETS]; } u = { .octets = { 0 } };

	if (!b->records)
		return;
	if (!s->clients) {
		records_drop(b->records, s->record);
		s->record = RECORDS_NONE;
		return;
	}
	u.r.kind = BFD_RECORD_SESSION;
	bfd_session_save(s, &u.r.image);
	s->record = records_put(b->records, s->record, &u);
}

static bool has_to_say(const struct bfd_session *s)
{
	return s->tell || s->warns || s->sends || s->finals;
}

/* After each change: keeps it, and queues it when there is something to take from it. */
static void noted(struct bfd *b, struct bfd_session *s)
{
	keep(b, s);
	if (s->is_busy || !has_to_say(s))
		return;
	s->is_busy = true;
	TAILQ_INSERT_TAIL(&b->busy, s, busy);
}

static void session_free(struct bfd *b, struct bfd_session *s)
{
	if (s->is_busy)
		TAILQ_REMOVE(&b->busy, s, busy);
	timer_stop(&b->timers, &s->transmit);
	timer_stop(&b->timers, &s->detect);
	tree_remove(&b->by_key, &s->by_key);
	tree_remove(&b->by_discriminator, &s->by_discriminator);
	free(s);
}

/* ... and nothing is to be left of it. */
static void session_forget(struct bfd *b, struct bfd_session *s)
{
	if (b->records)
		records_drop(b->records, s->record);
	session_free(b, s);
}

void bfd_free(struct bfd *b)
{
	struct bfd_session *s;

	if (!b)
		return;
	while ((s = session_after(b, NULL)))
		session_free(b, s);
	timers_done(&b->timers);
	free(b);
}

/* ---- budget ---- */

/* Nobody is told at once: each session's next periodic packet carries the Poll. */
static void budget_apply(struct bfd *b)
{
	const struct span floor = bfd_budget_from(b->floor, b->by_key.count, b->options.packets_per_s);
	struct bfd_session_ways w;

	if (floor.us == b->floor.us)
		return;
	b->floor = floor;
	w = ways(b);
	for (struct tree_node *n = tree_first(&b->by_key); n; n = tree_next(n))
		bfd_session_tune(CONTAINER_OF(n, struct bfd_session, by_key), &w);
}

/* ---- sessions ---- */

static uint32_t discriminator_free(struct bfd *b)
{
	uint32_t d;

	do
		d = (uint32_t)prng_next(&b->prng);
	while (d == 0 || tree_find(&b->by_discriminator, &d));
	return d;
}

/* discriminator 0: a new one. */
static struct bfd_session *session_new(struct bfd *b, const struct bfd_key *key, uint32_t discriminator)
{
	const struct bfd_session_ways w = ways(b);
	struct bfd_session *s = b->by_key.count < b->options.sessions_max ? calloc(1, sizeof *s) : NULL;

	if (!s)
		return NULL;
	bfd_session_init(s, &w, key, discriminator ? discriminator : discriminator_free(b));
	tree_insert(&b->by_key, &s->key, &s->by_key);
	tree_insert(&b->by_discriminator, &s->discriminator, &s->by_discriminator);
	return s;
}

int bfd_set(struct bfd *b, struct instant now, const struct bfd_key *key, enum bfd_client client,
	    const struct bfd_config *c)
{
	struct bfd_session *s = session_find(b, key);
	struct bfd_session_ways w;

	if (c->desired_min_tx_us == 0 || c->multiplier == 0 || (unsigned)client >= BFD_CLIENT_COUNT)
		return -EINVAL;
	b->now = now;
	if (!s) {
		s = session_new(b, key, 0);
		if (!s)
			return -ENOSPC;
		budget_apply(b);
	}
	w = ways(b);
	s->clients |= 1u << client;
	s->asked[client] = *c;
	bfd_session_configure(s, &w);
	s->tell |= 1u << client;
	noted(b, s);
	return 0;
}

void bfd_remove(struct bfd *b, struct instant now, const struct bfd_key *key, enum bfd_client client)
{
	struct bfd_session *s = session_find(b, key);
	struct bfd_session_ways w;

	if (!s || !(s->clients & 1u << client))
		return;
	b->now = now;
	w = ways(b);
	s->clients &= ~(1u << client);
	s->tell &= s->clients;
	if (s->clients)
		bfd_session_configure(s, &w);
	else
		bfd_session_leave(s, &w);
	if (!s->clients && !s->farewells) {
		session_forget(b, s);
		budget_apply(b);
	} else {
		noted(b, s);
	}
}

void bfd_forget_link(struct bfd *b, uint32_t link)
{
	const struct bfd_key from = { .link = link };
	struct tree_node *node;

	while ((node = tree_at_least(&b->by_key, &from))) {
		struct bfd_session *s = CONTAINER_OF(node, struct bfd_session, by_key);

		if (s->key.link != link)
			break;
		session_forget(b, s);
	}
	budget_apply(b);
}

/* ---- from one process to the next ---- */

static bool session_restore(struct bfd *b, const struct bfd_session_image *image, uint32_t record)
{
	const struct bfd_session_ways w = ways(b);
	struct bfd_session *s;

	if (session_find(b, &image->key) || tree_find(&b->by_discriminator, &image->discriminator))
		return false;
	s = session_new(b, &image->key, image->discriminator);
	if (!s)
		return false;
	s->record = record;
	if (!bfd_session_restore(s, &w, image)) {
		session_free(b, s);
		return false;
	}
	noted(b, s);
	return true;
}

void bfd_restore(struct bfd *b, struct instant now, struct records *r)
{
	const void *at;

	b->now = now;
	b->records = r;
	for (uint32_t i = 0; (at = records_from(r, &i)); i++) {
		struct session_record found;

		memcpy(&found, at, sizeof found);
		if (found.kind == BFD_RECORD_SESSION && !session_restore(b, &found.image, i))
			records_drop(r, i);
	}
	budget_apply(b);
}

void bfd_hurry(struct bfd *b)
{
	for (struct tree_node *n = tree_first(&b->by_key); n; n = tree_next(n)) {
		struct bfd_session *s = CONTAINER_OF(n, struct bfd_session, by_key);

		bfd_session_hurry(s);
		noted(b, s);
	}
}

/* ---- packets in ---- */

/* The session of those two ends; or one that leaves its own end open. */
static struct bfd_session *session_between(const struct bfd *b, const struct bfd_key *key)
{
	const struct bfd_key open = { .link = key->link, .remote = key->remote };
	struct bfd_session *s = session_find(b, key);

	return s ? s : session_find(b, &open);
}

bool bfd_is_session(const struct bfd *b, const struct bfd_key *key)
{
	return session_between(b, key);
}

static bool is_between(const struct bfd_session *s, const struct bfd_key *key)
{
	return s->key.link == key->link && ipaddr_eq(&s->key.remote, &key->remote) &&
	       (ipaddr_is_none(&s->key.local) || ipaddr_eq(&s->key.local, &key->local));
}

static struct bfd_session *session_of(const struct bfd *b, const struct bfd_arrival *a, const struct bfd_packet *p,
				      enum bfd_drop *drop)
{
	struct tree_node *node;
	struct bfd_session *s;

	if (p->your_discriminator == 0) {
		s = p->state == BFD_DOWN || p->state == BFD_ADMIN_DOWN ? session_between(b, &a->key) : NULL;
		*drop = p->state == BFD_INIT || p->state == BFD_UP ? BFD_DROP_STATE : BFD_DROP_NO_SESSION;
		return s;
	}
	node = tree_find(&b->by_discriminator, &p->your_discriminator);
	s = node ? CONTAINER_OF(node, struct bfd_session, by_discriminator) : NULL;
	*drop = s ? BFD_DROP_OTHER_ENDS : BFD_DROP_NO_DISCRIMINATOR;
	/* RFC 5880 6.3 does not look at addresses from here on. Who has guessed a discriminator on another
	 * link is none the less somebody else. */
	return s && is_between(s, &a->key) ? s : NULL;
}

static enum bfd_drop receive(struct bfd *b, const struct bfd_arrival *a, const uint8_t *bytes, size_t length)
{
	struct bfd_packet p;
	enum bfd_drop drop = (enum bfd_drop)bfd_packet_decode(bytes, length, &p);
	struct bfd_session *s = drop == BFD_DROP_NONE ? session_of(b, a, &p, &drop) : NULL;
	struct bfd_session_ways w;

	if (!s)
		return drop;
	if (!ipaddr_is_none(&a->from.addr) && !ipaddr_is_none(&s->conf.via.addr) && !endpoint_eq(&a->from, &s->conf.via))
		return BFD_DROP_OTHER_ENDS;
	if (a->ttl < s->conf.min_ttl)
		return BFD_DROP_TTL;
	if (p.authenticated)
		return BFD_DROP_AUTHENTICATED;
	w = ways(b);
	drop = bfd_session_receive(s, &w, &p);
	noted(b, s);
	return drop;
}

enum bfd_drop bfd_receive(struct bfd *b, struct instant now, const struct bfd_arrival *a, const uint8_t *bytes,
			  size_t length)
{
	enum bfd_drop drop;

	b->now = now;
	drop = receive(b, a, bytes, length);
	b->drops[drop]++;
	return drop;
}

bool bfd_is_for(const struct bfd *b, const struct bfd_key *key, const uint8_t *bytes, size_t length)
{
	const struct bfd_session *s = session_find(b, key);
	struct bfd_packet p;

	if (!s || bfd_packet_decode(bytes, length, &p) != BFD_PACKET_DROP_NONE)
		return s;
	if (p.your_discriminator)
		return p.your_discriminator == s->discriminator;
	return s->remote_discriminator == 0 || s->remote_discriminator == p.my_discriminator;
}

/* ---- time ---- */

struct instant bfd_deadline(const struct bfd *b)
{
	return timers_deadline(&b->timers);
}

/* Some session has something to send every few milliseconds, so lateness is a standstill's length. */
bool bfd_is_late(const struct bfd *b, struct instant now)
{
	const struct instant due = timers_deadline(&b->timers);

	return instant_before(due, now) && instant_since(now, due).us > span_ms(BFD_STALL_MS).us;
}

void bfd_tick(struct bfd *b, struct instant now)
{
	struct bfd_session_ways w;
	struct instant due;
	struct timer *t;

	if (bfd_is_late(b, now)) {
		b->stood_from = timers_deadline(&b->timers);
		b->stood = instant_since(now, b->stood_from);
	}
	b->now = now;
	w = ways(b);
	for (due = timers_deadline(&b->timers); (t = timers_expire(&b->timers, now)); due = timers_deadline(&b->timers)) {
		bfd_session_timer(t->owner, &w, t, due);
		noted(b, t->owner);
	}
}

/* ---- effects ---- */

static void take_state(struct bfd_session *s, struct bfd_effect *out)
{
	out->type = BFD_EFFECT_STATE;
	bfd_session_status(s, &out->state);
	out->state.clients = s->tell;
	s->tell = 0;
}

static void take_warning(struct bfd_session *s, struct bfd_effect *out)
{
	out->type = BFD_EFFECT_LATE;
	bfd_session_status(s, &out->state);
	out->state.clients = s->clients & 1u << BFD_CLIENT_NHRP;
	s->warns = false;
}

static void take_packet(struct bfd *b, struct bfd_session *s, struct bfd_effect *out)
{
	const struct bfd_session_ways w = ways(b);
	struct bfd_packet p;

	bfd_session_packet(s, &w, &p);
	*out = (struct bfd_effect){ .type = BFD_EFFECT_SEND, .send = {
		.key = s->key, .via = s->conf.via,
		.source_port = (uint16_t)(BFD_PORT_SOURCE + s->discriminator % SOURCE_PORTS),
	} };
	bfd_packet_encode(&p, out->send.bytes);
}

/* Nothing more is to be taken from it, or it was taken back: who asked for a session may have gone again. */
static void unlist(struct bfd *b, struct bfd_session *s)
{
	TAILQ_REMOVE(&b->busy, s, busy);
	s->is_busy = false;
	if (!s->clients && !s->farewells) {
		session_forget(b, s);
		budget_apply(b);
	}
}

bool bfd_next_effect(struct bfd *b, struct bfd_effect *out)
{
	struct bfd_session *s;

	while ((s = TAILQ_FIRST(&b->busy)) && !has_to_say(s))
		unlist(b, s);
	if (!s)
		return false;
	if (s->tell)
		take_state(s, out);
	else if (s->warns)
		take_warning(s, out);
	else
		take_packet(b, s, out);
	if (!has_to_say(s))
		unlist(b, s);
	return true;
}

/* ---- questions ---- */

bool bfd_next_status(const struct bfd *b, const struct bfd_key *after, struct bfd_status *out)
{
	const struct bfd_session *s = session_after(b, after);

	if (s)
		bfd_session_status(s, out);
	return s;
}

bool bfd_get_status(const struct bfd *b, const struct bfd_key *key, struct bfd_status *out)
{
	const struct bfd_session *s = session_find(b, key);

	if (s)
		bfd_session_status(s, out);
	return s;
}

size_t bfd_count(const struct bfd *b)
{
	return b->by_key.count;
}

struct span bfd_floor(const struct bfd *b)
{
	return b->floor;
}

const uint64_t *bfd_drops(const struct bfd *b)
{
	return b->drops;
}
