/*
 *                    +--+
 *                    |  | AdminDown, timer
 *                    |  v
 *            Down  +------+  Init
 *     +------------|      |------------+
 *     |            | DOWN |            |
 *     |  +-------->|      |<--------+  |
 *     |  | AdminDown +------+ AdminDown  |
 *     |  | timer             Down, timer|  |
 *     v  |                          |  v
 *   +------+                      +------+
 *   | INIT |--------------------->|  UP  |
 *   +------+   Init, Up           +------+
 *     Down stays                   Init, Up stay
 *
 * ADMIN_DOWN is entered and left by what the clients ask for only (RFC 5880 6.8.16).
 */
#include "bfd/session.h"

#include <assert.h>
#include <string.h>

enum {
	JITTER_PERCENT = 25,     /* RFC 5880 6.8.7 */
	JITTER_LEAST_PERCENT = 10, /* with a multiplier of 1, packets at full distance would come too late */
	REMOTE_MIN_RX_UNKNOWN_US = 1, /* RFC 5880 6.8.1 */
};

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }
static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* ---- timers ---- */

static int64_t detection_us(const struct bfd_session *s)
{
	if (s->required_min_rx_us == 0 && s->rx_us == 0)
		return 0;
	return (int64_t)s->remote_multiplier * larger(s->rx_us, s->remote_desired_min_tx_us);
}

/* RFC 5880 6.8.7: when no periodic packet may be sent. */
static bool is_silent(const struct bfd_session *s)
{
	if (s->remote_required_min_rx_us == 0)
		return true;
	if (s->conf.passive && s->remote_discriminator == 0)
		return true;
	return s->remote_demand && s->state == BFD_UP && s->remote_state == BFD_UP && !s->poll;
}

static uint32_t transmit_us(const struct bfd_session *s)
{
	return larger(s->tx_us, s->remote_required_min_rx_us);
}

static int64_t jittered(const struct bfd_session *s, const struct bfd_session_ways *w, uint32_t us)
{
	const uint64_t range = (uint64_t)us * JITTER_PERCENT / 100;
	const uint64_t least = s->conf.multiplier == 1 ? (uint64_t)us * JITTER_LEAST_PERCENT / 100 : 0;

	return (int64_t)(us - least - prng_below(w->prng, range - least + 1));
}

static void transmit_arm(struct bfd_session *s, const struct bfd_session_ways *w)
{
	struct instant next;

	if (is_silent(s)) {
		timer_stop(w->timers, &s->transmit);
		return;
	}
	next = instant_add(s->sent, span_us(jittered(s, w, transmit_us(s))));
	timer_set(w->timers, &s->transmit, instant_before(next, w->now) ? w->now : next);
}

/* How long before the end of its detection time. NHRP looks at the path by other means when all packets but one are
 * missing; of one alone there is nothing to warn. */
static int64_t warning_us(const struct bfd_session *s)
{
	const bool wanted = s->state == BFD_UP && s->clients & 1u << BFD_CLIENT_NHRP;

	return wanted && s->remote_multiplier > 1 ? detection_us(s) / s->remote_multiplier : 0;
}

static void detect_arm(struct bfd_session *s, const struct bfd_session_ways *w)
{
	const int64_t us = detection_us(s);

	s->warns = false;
	if (!us || !s->remote_discriminator) {
		timer_stop(w->timers, &s->detect);
		return;
	}
	s->doom = instant_add(w->now, span_us(us));
	timer_set(w->timers, &s->detect, instant_add(w->now, span_us(us - warning_us(s))));
}

/* Contents have changed: the far end shall not wait for the next periodic packet. */
static void say_now(struct bfd_session *s)
{
	s->sends = !is_silent(s);
}

/* ---- parameters ---- */

static void poll_begin(struct bfd_session *s)
{
	if (s->poll)
		s->poll_again = true;
	s->poll = true;
}

/* The far end knows what we advertise: it may be relied on. What it has answered may be older than the
 * last change; then it is asked once more. */
static void poll_end(struct bfd_session *s)
{
	s->poll = s->poll_again;
	s->poll_again = false;
	if (s->poll)
		return;
	s->tx_us = s->desired_min_tx_us;
	s->rx_us = s->required_min_rx_us;
}

/* RFC 5880 6.8.3: until the far end has answered a Poll, the more cautious value counts. */
static void parameters_change(struct bfd_session *s, const struct bfd_session_ways *w, uint32_t tx, uint32_t rx)
{
	s->desired_min_tx_us = tx;
	s->required_min_rx_us = rx;
	if (s->state == BFD_UP) {
		poll_begin(s);
		tx = smaller(s->tx_us, tx);
		rx = larger(s->rx_us, rx);
	}
	/* The far end may slow down before its answer is here. */
	if (rx > s->rx_us && timer_running(&s->detect)) {
		s->rx_us = rx;
		detect_arm(s, w);
	}
	s->tx_us = tx;
	s->rx_us = rx;
	transmit_arm(s, w);
}

void bfd_session_tune(struct bfd_session *s, const struct bfd_session_ways *w)
{
	const uint32_t floor = (uint32_t)w->floor.us;
	uint32_t tx = larger(s->conf.desired_min_tx_us, floor), rx = s->conf.required_min_rx_us;

	if (s->state != BFD_UP)
		tx = larger(tx, BFD_SLOW_US);
	if (rx)
		rx = larger(rx, floor);
	if (tx != s->desired_min_tx_us || rx != s->required_min_rx_us)
		parameters_change(s, w, tx, rx);
}

/* ---- states ---- */

static void enter(struct bfd_session *s, const struct bfd_session_ways *w, enum bfd_state state, uint8_t diag)
{
	s->fell = s->state == BFD_UP;
	s->failures += s->fell;
	if (state != BFD_UP)
		s->poll = s->poll_again = false;
	s->state = state;
	s->diag = diag;
	s->changed = w->now;
	s->tell = s->clients;
	s->warns = false;
	bfd_session_tune(s, w);
	say_now(s);
}

static void remote_forget(struct bfd_session *s, const struct bfd_session_ways *w)
{
	s->remote_state = BFD_DOWN;
	s->remote_diag = BFD_DIAG_NONE;
	s->remote_multiplier = 0;
	s->remote_demand = false;
	s->remote_discriminator = 0;
	s->remote_desired_min_tx_us = 0;
	s->remote_required_min_rx_us = REMOTE_MIN_RX_UNKNOWN_US;
	timer_stop(w->timers, &s->detect);
}

static void down_heard(struct bfd_session *s, const struct bfd_session_ways *w, enum bfd_state remote)
{
	switch (remote) {
	case BFD_DOWN: enter(s, w, BFD_INIT, s->diag); break;
	case BFD_INIT: enter(s, w, BFD_UP, BFD_DIAG_NONE); break;
	case BFD_ADMIN_DOWN:
	case BFD_UP: break;
	}
}

static void init_heard(struct bfd_session *s, const struct bfd_session_ways *w, enum bfd_state remote)
{
	switch (remote) {
	case BFD_ADMIN_DOWN: enter(s, w, BFD_DOWN, BFD_DIAG_NEIGHBOUR_DOWN); break;
	case BFD_INIT:
	case BFD_UP: enter(s, w, BFD_UP, BFD_DIAG_NONE); break;
	case BFD_DOWN: break;
	}
}

static void up_heard(struct bfd_session *s, const struct bfd_session_ways *w, enum bfd_state remote)
{
	switch (remote) {
	case BFD_ADMIN_DOWN:
	case BFD_DOWN: enter(s, w, BFD_DOWN, BFD_DIAG_NEIGHBOUR_DOWN); break;
	case BFD_INIT:
	case BFD_UP: break;
	}
}

static void remote_heard(struct bfd_session *s, const struct bfd_packet *p)
{
	s->remote_discriminator = p->my_discriminator;
	s->remote_state = p->state;
	s->remote_diag = p->diag;
	s->remote_demand = p->demand;
	s->remote_multiplier = p->multiplier;
	s->remote_desired_min_tx_us = p->desired_min_tx_us;
	s->remote_required_min_rx_us = p->required_min_rx_us;
}

/* States follow each other so closely when a session comes up that the network may turn them round. A Down from
 * someone who did not know us yet does not end what has come up since. If it was no late one, nothing else
 * will come, and the detection time tells. */
static bool is_late(const struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_packet *p)
{
	return s->state == BFD_UP && p->state == BFD_DOWN && p->your_discriminator == 0 &&
	       instant_since(w->now, s->changed).us < detection_us(s);
}

enum bfd_drop bfd_session_receive(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_packet *p)
{
	const uint32_t before = transmit_us(s);

	if (is_late(s, w, p))
		return BFD_DROP_LATE;
	s->rx_packets++;
	s->heard = w->now;
	s->graced = false;
	remote_heard(s, p);
	if (s->poll && p->final)
		poll_end(s);
	if (s->state == BFD_ADMIN_DOWN)
		return BFD_DROP_ADMIN_DOWN;
	switch (s->state) {
	case BFD_DOWN: down_heard(s, w, p->state); break;
	case BFD_INIT: init_heard(s, w, p->state); break;
	case BFD_UP: up_heard(s, w, p->state); break;
	case BFD_ADMIN_DOWN: break;
	}
	s->finals = s->finals || p->poll;
	if (transmit_us(s) != before || is_silent(s) == timer_running(&s->transmit))
		transmit_arm(s, w);
	detect_arm(s, w);
	return BFD_DROP_NONE;
}

/* We have stood still since it was last heard: so long it may still be heard, and what proves it alive may wait to
 * be read. 0: we have not. */
static struct span grace_of(const struct bfd_session *s, const struct bfd_session_ways *w, struct instant due)
{
	const bool is_late = instant_since(w->now, due).us > span_ms(BFD_STALL_MS).us;
	int64_t us = instant_before(s->heard, w->stood_from) ? w->stood.us : 0;

	if (s->graced)
		return span_us(0);
	if (is_late && us < span_ms(BFD_GRACE_MS).us)
		us = span_ms(BFD_GRACE_MS).us;
	return span_us(us < span_ms(BFD_GRACE_MS_MAX).us ? us : span_ms(BFD_GRACE_MS_MAX).us);
}

static void detection_expired(struct bfd_session *s, const struct bfd_session_ways *w, struct instant due)
{
	const struct span grace = grace_of(s, w, due);

	if (instant_before(due, s->doom)) {
		s->warns = true;
		timer_set(w->timers, &s->detect, s->doom);
		return;
	}
	if (grace.us) {
		s->graced = true;
		timer_set(w->timers, &s->detect, instant_add(w->now, grace));
		return;
	}
	remote_forget(s, w);
	if (s->state == BFD_INIT || s->state == BFD_UP)
		enter(s, w, BFD_DOWN, BFD_DIAG_TIMEOUT);
	transmit_arm(s, w);
}

void bfd_session_timer(struct bfd_session *s, const struct bfd_session_ways *w, const struct timer *t, struct instant due)
{
	switch ((enum bfd_timer)t->kind) {
	case BFD_TIMER_TRANSMIT: say_now(s); break;
	case BFD_TIMER_DETECT: detection_expired(s, w, due); break;
	}
}

/* ---- clients ---- */

/* What all clients together ask for: the fastest, and down only when all want it down. */
/* Whoever pays for each packet decides. */
static void slow_down(const struct bfd_session *s, struct bfd_config *m)
{
	for (size_t i = 0; i < BFD_CLIENT_COUNT; i++) {
		const struct bfd_config *c = &s->asked[i];

		if (!(s->clients & 1u << i) || !c->unhurried)
			continue;
		m->desired_min_tx_us = larger(m->desired_min_tx_us, c->desired_min_tx_us);
		if (m->required_min_rx_us)
			m->required_min_rx_us = larger(m->required_min_rx_us, c->required_min_rx_us);
	}
}

static struct bfd_config merged(const struct bfd_session *s)
{
	struct bfd_config m = { 0 };

	for (size_t i = 0; i < BFD_CLIENT_COUNT; i++) {
		const struct bfd_config *c = &s->asked[i];

		if (!(s->clients & 1u << i))
			continue;
		if (m.multiplier == 0) {
			m = *c;
			continue;
		}
		if (c->desired_min_tx_us < m.desired_min_tx_us)
			m.multiplier = c->multiplier;
		m.desired_min_tx_us = smaller(m.desired_min_tx_us, c->desired_min_tx_us);
		if (c->required_min_rx_us && (!m.required_min_rx_us || c->required_min_rx_us < m.required_min_rx_us))
			m.required_min_rx_us = c->required_min_rx_us;
		m.passive = m.passive && c->passive;
		m.admin_down = m.admin_down && c->admin_down;
		m.min_ttl = m.min_ttl > c->min_ttl ? m.min_ttl : c->min_ttl;
		if (ipaddr_is_none(&m.via.addr))
			m.via = c->via;
	}
	slow_down(s, &m);
	return m;
}

void bfd_session_configure(struct bfd_session *s, const struct bfd_session_ways *w)
{
	const struct bfd_config before = s->conf;
	const bool polling = s->poll;

	assert(s->clients);
	s->conf = merged(s);
	s->farewells = 0;
	if (s->conf.admin_down && s->state != BFD_ADMIN_DOWN) {
		enter(s, w, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN);
		return;
	}
	if (!s->conf.admin_down && s->state == BFD_ADMIN_DOWN) {
		remote_forget(s, w);
		enter(s, w, BFD_DOWN, BFD_DIAG_NONE);
		transmit_arm(s, w);
		return;
	}
	bfd_session_tune(s, w);
	if (s->conf.passive != before.passive || !endpoint_eq(&s->conf.via, &before.via) || before.multiplier == 0)
		transmit_arm(s, w);
	if (s->conf.multiplier != before.multiplier || s->poll != polling || s->poll_again)
		say_now(s);
}

void bfd_session_leave(struct bfd_session *s, const struct bfd_session_ways *w)
{
	const uint32_t pace = s->tx_us;

	s->clients = 0;
	s->farewells = s->remote_discriminator ? s->conf.multiplier : 0;
	s->conf.admin_down = true;
	timer_stop(w->timers, &s->detect);
	if (s->state != BFD_ADMIN_DOWN)
		enter(s, w, BFD_ADMIN_DOWN, BFD_DIAG_ADMIN_DOWN);
	/* What was a session's pace is a farewell's too: it is short. */
	s->tx_us = pace;
	transmit_arm(s, w);
	if (is_silent(s))
		s->farewells = 0;
}

void bfd_session_init(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_key *key,
		      uint32_t discriminator)
{
	s->key = *key;
	s->discriminator = discriminator;
	s->state = BFD_DOWN;
	s->changed = w->now;
	s->tx_us = s->desired_min_tx_us = BFD_SLOW_US;
	s->sent = (struct instant){ w->now.us - BFD_SLOW_US };
	s->heard = w->now;
	s->record = RECORDS_NONE;
	timer_init(&s->transmit, BFD_TIMER_TRANSMIT, s);
	timer_init(&s->detect, BFD_TIMER_DETECT, s);
	remote_forget(s, w);
}

/* ---- packets ---- */

void bfd_session_packet(struct bfd_session *s, const struct bfd_session_ways *w, struct bfd_packet *out)
{
	const bool final = s->finals;

	assert(s->sends || s->finals);
	*out = (struct bfd_packet){
		.diag = s->diag, .state = (uint8_t)s->state, .final = final, .poll = s->poll && !final,
		.multiplier = s->conf.multiplier, .my_discriminator = s->discriminator,
		.your_discriminator = s->remote_discriminator,
		.desired_min_tx_us = s->desired_min_tx_us, .required_min_rx_us = s->required_min_rx_us,
	};
	s->tx_packets++;
	s->finals = false;
	/* An answer to Poll goes beside the periodic ones; it may stand for one that carries no Poll. */
	if (final && (!s->sends || s->poll))
		return;
	s->sends = false;
	s->sent = w->now;
	if (s->farewells)
		s->farewells--;
	transmit_arm(s, w);
}

void bfd_session_status(const struct bfd_session *s, struct bfd_status *out)
{
	*out = (struct bfd_status){
		.key = s->key, .clients = s->clients, .via = s->conf.via, .state = s->state, .diag = s->diag,
		.remote_state = s->remote_state, .remote_diag = s->remote_diag, .discriminator = s->discriminator,
		.remote_discriminator = s->remote_discriminator, .multiplier = s->conf.multiplier,
		.remote_multiplier = s->remote_multiplier, .desired_min_tx_us = s->desired_min_tx_us,
		.required_min_rx_us = s->required_min_rx_us,
		.remote_desired_min_tx_us = s->remote_desired_min_tx_us,
		.remote_required_min_rx_us = s->remote_required_min_rx_us,
		.tx_interval_us = is_silent(s) ? 0 : transmit_us(s),
		.detection_us = s->remote_discriminator ? detection_us(s) : 0, .changed = s->changed,
		.tx_packets = s->tx_packets, .rx_packets = s->rx_packets, .failures = s->failures, .polling = s->poll, .fell = s->fell,
	};
	for (size_t i = 0; i < BFD_CLIENT_COUNT; i++) {
		out->cookies[i] = s->clients & 1u << i ? s->asked[i].cookie : 0;
		out->marks[i] = s->clients & 1u << i ? s->asked[i].mark : 0;
	}
}

/* ---- what outlives the process ---- */

void bfd_session_save(const struct bfd_session *s, struct bfd_session_image *out)
{
	*out = (struct bfd_session_image){
		.key = s->key, .clients = s->clients, .state = s->state, .diag = s->diag, .fell = s->fell, .poll = s->poll,
		.changed = s->changed, .sent = s->sent, .heard = s->heard, .discriminator = s->discriminator,
		.desired_min_tx_us = s->desired_min_tx_us, .required_min_rx_us = s->required_min_rx_us,
		.tx_us = s->tx_us, .rx_us = s->rx_us, .remote_state = s->remote_state, .remote_diag = s->remote_diag,
		.remote_multiplier = s->remote_multiplier, .remote_demand = s->remote_demand,
		.remote_discriminator = s->remote_discriminator,
		.remote_desired_min_tx_us = s->remote_desired_min_tx_us,
		.remote_required_min_rx_us = s->remote_required_min_rx_us,
		.tx_packets = s->tx_packets, .rx_packets = s->rx_packets, .failures = s->failures,
	};
	memcpy(out->asked, s->asked, sizeof out->asked);
}

static bool is_image(const struct bfd_session_image *i)
{
	if (i->clients == 0 || i->clients >= 1u << BFD_CLIENT_COUNT || i->discriminator == 0 ||
	    i->state > BFD_UP || i->remote_state > BFD_UP || i->tx_us == 0)
		return false;
	for (size_t n = 0; n < BFD_CLIENT_COUNT; n++)
		if (i->clients & 1u << n && (i->asked[n].desired_min_tx_us == 0 || i->asked[n].multiplier == 0))
			return false;
	return true;
}

static void image_take(struct bfd_session *s, const struct bfd_session_image *i)
{
	memcpy(s->asked, i->asked, sizeof s->asked);
	for (size_t n = 0; n < BFD_CLIENT_COUNT; n++)
		s->asked[n].mark = 0;
	s->clients = i->clients;
	s->state = i->state;
	s->diag = i->diag;
	s->fell = i->fell;
	s->poll = i->poll;
	s->changed = i->changed;
	s->sent = i->sent;
	s->heard = i->heard;
	s->desired_min_tx_us = i->desired_min_tx_us;
	s->required_min_rx_us = i->required_min_rx_us;
	s->tx_us = i->tx_us;
	s->rx_us = i->rx_us;
	s->remote_state = i->remote_state;
	s->remote_diag = i->remote_diag;
	s->remote_multiplier = i->remote_multiplier;
	s->remote_demand = i->remote_demand;
	s->remote_discriminator = i->remote_discriminator;
	s->remote_desired_min_tx_us = i->remote_desired_min_tx_us;
	s->remote_required_min_rx_us = i->remote_required_min_rx_us;
	s->tx_packets = i->tx_packets;
	s->rx_packets = i->rx_packets;
	s->failures = i->failures;
	s->conf = merged(s);
}

bool bfd_session_restore(struct bfd_session *s, const struct bfd_session_ways *w, const struct bfd_session_image *image)
{
	int64_t patience = span_ms(BFD_RESTORE_MS).us;

	if (!is_image(image))
		return false;
	image_take(s, image);
	if (detection_us(s) > patience)
		patience = detection_us(s);
	if ((s->state == BFD_INIT || s->state == BFD_UP) && instant_since(w->now, s->heard).us > patience) {
		remote_forget(s, w);
		enter(s, w, BFD_DOWN, BFD_DIAG_TIMEOUT);
	}
	s->tell = s->clients;
	transmit_arm(s, w);
	detect_arm(s, w); /* the whole time once more: what came meanwhile waits in a socket */
	say_now(s);
	return true;
}

void bfd_session_hurry(struct bfd_session *s)
{
	say_now(s);
}
