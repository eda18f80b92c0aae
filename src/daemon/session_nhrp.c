/*
 * NHRP messages that wait for their session: the newest SESSION_QUEUE_MAX of them, each for
 * SESSION_QUEUE_S. The protocol repeats what is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/session.h"

static void drop_first(struct session *x)
{
	struct session_message *m = x->first;

	x->first = m->next;
	if (!x->first)
		x->last = &x->first;
	x->queued--;
	free(m);
}

static void arm(struct session *x)
{
	struct instant due = x->first ? x->first->until : INSTANT_NEVER;

	if (x->users == 0 && instant_before(x->table->now, x->wanted_until))
		due = instant_min(due, x->wanted_until);
	if (instant_is_never(due))
		timer_stop(&x->table->timers, &x->queue_timer);
	else
		timer_set(&x->table->timers, &x->queue_timer, due);
}

void session_want_for(struct session *x, struct span d)
{
	const bool wanted = session_wanted(x);

	x->wanted_until = session_later(x, d);
	arm(x);
	if (!wanted)
		session_step(x, SESSION_EVENT_WANTED);
}

void session_queue(struct session *x, uint32_t tunnel, const uint8_t *bytes, size_t length)
{
	struct session_message *m = alloc_zero(1, sizeof *m + length);

	if (x->queued == SESSION_QUEUE_MAX)
		drop_first(x);
	m->tunnel = tunnel;
	m->until = session_later(x, span_s(SESSION_QUEUE_S));
	m->length = length;
	memcpy(m->bytes, bytes, length);
	*x->last = m;
	x->last = &m->next;
	x->queued++;
	arm(x);
}

void session_queue_flush(struct session *x)
{
	while (x->first) {
		session_nhrp(x, x->first->tunnel, x->first->bytes, x->first->length);
		drop_first(x);
	}
	arm(x);
}

void session_queue_expire(struct session *x)
{
	while (x->first && !instant_before(x->table->now, x->first->until))
		drop_first(x);
	if (x->users == 0 && !instant_before(x->table->now, x->wanted_until))
		session_step(x, SESSION_EVENT_UNWANTED);
	arm(x);
}

void session_queue_drop(struct session *x)
{
	while (x->first)
		drop_first(x);
}
