/*
 * limits: when SAs end, and when charon is told so.
 *
 * One timer for each SA: its next limit by time, or the moment at which its slot is cleared. Packets, bytes
 * and sequence numbers are looked at by going round the table once in a second, a slice at a time.
 *
 * Nobody else times CHILD_SAs: without an EXPIRE from here charon never rekeys. So an event that finds no
 * room is not lost but made later.
 */
#include <stdlib.h>

#include "xfrm/server_state.h"

enum { SLICE = 256, SLICES_MAX = 20, RETRY_MS = 100 };

/* Without extended sequence numbers an SA ends with them, whatever charon's limits say. */
#define SEQUENCE_SOFT UINT64_C(0xf0000000)
#define SEQUENCE_HARD UINT64_C(0xfffffff0)

int limits_init(struct xfrm_server *s)
{
	timers_init(&s->timers);
	s->limits = calloc(sa_table_capacity(s->table), sizeof *s->limits);
	s->scan_due = INSTANT_NEVER;
	return s->limits ? 0 : -1;
}

void limits_done(struct xfrm_server *s)
{
	timers_done(&s->timers);
	free(s->limits);
	s->limits = NULL;
}

static struct timer *timer_of(const struct xfrm_server *s, const struct esp_sa *sa)
{
	return &s->limits[sa_table_index(s->table, sa)];
}

static struct instant next_of(const struct esp_sa *sa)
{
	struct instant next = { xfrm_owner_of(sa)->gone_us };

	if (sa->phase == ESP_PHASE_LARVAL)
		return next;
	if (!sa->soft_said && !sa->hard_said)
		next = instant_min(next, (struct instant){ sa->soft.deadline_us });
	if (!sa->hard_said)
		next = instant_min(next, (struct instant){ sa->hard.deadline_us });
	return next;
}

void limits_arm(struct xfrm_server *s, struct esp_sa *sa, struct instant now)
{
	struct timer *t = timer_of(s, sa);
	struct instant next = next_of(sa);

	if (!t->owner)
		timer_init(t, 0, sa);
	if (instant_is_never(next))
		timer_stop(&s->timers, t);
	else
		timer_set(&s->timers, t, next);
	if (instant_is_never(s->scan_due))
		s->scan_due = instant_add(now, span_s(1));
}

void limits_stop(struct xfrm_server *s, const struct esp_sa *sa)
{
	struct timer *t = timer_of(s, sa);

	if (t->owner)
		timer_stop(&s->timers, t);
}

static enum esp_limit sequence_limit(const struct esp_sa *sa)
{
	uint64_t sequence = sa->inbound ? sa->replay.highest : sa->sequence;

	if (sa->esn || sequence < SEQUENCE_SOFT)
		return ESP_LIMIT_NONE;
	return sequence < SEQUENCE_HARD ? ESP_LIMIT_SOFT : ESP_LIMIT_HARD;
}

static enum esp_limit limit_of(const struct esp_sa *sa, struct instant now)
{
	enum esp_limit said = esp_sa_limit(sa, now), wraps = sequence_limit(sa);

	return wraps > said ? wraps : said;
}

/* Tells of a limit that was reached. false: the SA is gone. */
static bool reached(struct xfrm_server *s, struct esp_sa *sa, enum esp_limit limit, struct xfrm_clock clock)
{
	struct xfrm_owner *owner = xfrm_owner(sa);
	bool is_hard = limit == ESP_LIMIT_HARD;

	if (!owner->forgotten) {
		if (!event_room(s)) {
			timer_set(&s->timers, timer_of(s, sa), instant_add(clock.now, span_ms(RETRY_MS)));
			return true;
		}
		event_expire(s, sa, is_hard, clock);
	}
	sa->soft_said = 1;
	sa->hard_said |= is_hard;
	if (s->hooks.limit)
		s->hooks.limit(s->hooks.context, sa, limit);
	if (is_hard && owner->forgotten) {
		server_drop(s, sa);
		return false;
	}
	if (is_hard)
		owner->gone_us = instant_add(clock.now, span_s(EXPIRED_S)).us;
	limits_arm(s, sa, clock.now);
	return true;
}

/* The end of its slot's time has come. An orphan that was claimed meanwhile stays. true: it is gone. */
static bool overdue(struct xfrm_server *s, struct esp_sa *sa, struct instant now)
{
	struct xfrm_owner *owner = xfrm_owner(sa);

	if (owner->gone_us > now.us)
		return false;
	if (owner->forgotten && sa->session != 0 && !sa->hard_said) {
		owner->gone_us = INT64_MAX;
		limits_arm(s, sa, now);
		return false;
	}
	server_drop(s, sa);
	return true;
}

static void look_at(struct xfrm_server *s, struct esp_sa *sa, struct xfrm_clock clock)
{
	enum esp_limit limit;

	if (overdue(s, sa, clock.now))
		return;
	if (sa->phase == ESP_PHASE_LARVAL)
		return;
	limit = limit_of(sa, clock.now);
	if ((limit == ESP_LIMIT_HARD && !sa->hard_said) || (limit == ESP_LIMIT_SOFT && !sa->soft_said))
		reached(s, sa, limit, clock);
}

static uint32_t slices(const struct xfrm_server *s)
{
	uint32_t n = sa_table_count(s->table) / SLICE + 1;

	return n > SLICES_MAX ? SLICES_MAX : n;
}

/* The next slice of the table. Whoever comes or goes meanwhile is met a round later at worst. */
static void scan(struct xfrm_server *s, struct xfrm_clock clock)
{
	uint32_t n = slices(s), left = sa_table_count(s->table) / n + 1;

	while (left-- > 0) {
		struct esp_sa *sa = sa_table_next(s->table, s->scan_at);

		s->scan_at = sa;
		if (!sa)
			break;
		look_at(s, sa, clock);
	}
	s->scan_due = sa_table_count(s->table) ? instant_add(clock.now, span_us(1000000 / n)) : INSTANT_NEVER;
}

void xfrm_server_poll(struct xfrm_server *s, struct xfrm_clock clock)
{
	struct timer *t;

	while ((t = timers_expire(&s->timers, clock.now)) != NULL) {
		struct esp_sa *sa = t->owner;

		look_at(s, sa, clock);
		/* Early by a rounding, or its limit was moved. */
		if (sa->state == ESP_SLOT_USED && !timer_running(t) && next_of(sa).us > clock.now.us)
			limits_arm(s, sa, clock.now);
	}
	if (!instant_before(clock.now, s->scan_due))
		scan(s, clock);
}

struct instant xfrm_server_deadline(const struct xfrm_server *s)
{
	return instant_min(timers_deadline(&s->timers), s->scan_due);
}

void xfrm_server_limit(struct xfrm_server *s, struct xfrm_clock clock, struct esp_sa *sa)
{
	look_at(s, sa, clock);
}
