/*
 * timers: deadlines in one heap. A timer is embedded in what it belongs to and says
 * who (owner) and what for (kind); expiry hands the timer back, it calls nothing.
 * Timers of the same deadline expire in the order in which they were set.
 *
 * Most deadlines never come, since what they wait for happens before: such a timer is postponed,
 * which changes the timer and leaves the heap as it is until it would be the first to expire by what the heap knows.
 */
#ifndef DMVPN_BASE_TIMERS_H
#define DMVPN_BASE_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"

struct timer {
	struct instant deadline;
	uint64_t order;
	uint32_t slot; /* position in the heap + 1; 0: not running */
	uint32_t kind;
	void *owner;
};

/* at and order: never later than what the timer says, and of the first one the same. */
struct timer_slot {
	struct instant at;
	uint64_t order;
	struct timer *timer;
};

struct timers {
	struct timer_slot *slots;
	size_t count, capacity;
	uint64_t order;
};

void timers_init(struct timers *h);
void timers_done(struct timers *h); /* running timers are simply forgotten */

void timer_init(struct timer *t, unsigned kind, void *owner);
bool timer_running(const struct timer *t);
/* Starts or moves it. Aborts when out of memory: a deadline must not get lost. */
void timer_set(struct timers *h, struct timer *t, struct instant deadline);
/* The same, cheap when it runs and the deadline is not before its present one. */
void timer_postpone(struct timers *h, struct timer *t, struct instant deadline);
void timer_stop(struct timers *h, struct timer *t); /* fine when it is not running */

struct instant timers_deadline(const struct timers *h); /* INSTANT_NEVER: none runs */
struct timer *timers_expire(struct timers *h, struct instant now); /* stopped; NULL: none due */

#endif
