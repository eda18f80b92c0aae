/*
 * timers: deadlines in one binary heap. A timer is embedded in what it belongs to and says
 * who (owner) and what for (kind); expiry hands the timer back, it calls nothing.
 * Timers of the same deadline expire in the order in which they were set.
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

struct timers {
	struct timer **slots;
	size_t count, capacity;
	uint64_t order;
};

void timers_init(struct timers *h);
void timers_done(struct timers *h); /* running timers are simply forgotten */

void timer_init(struct timer *t, unsigned kind, void *owner);
bool timer_running(const struct timer *t);
/* Starts or moves it. Aborts when out of memory: a deadline must not get lost. */
void timer_set(struct timers *h, struct timer *t, struct instant deadline);
void timer_stop(struct timers *h, struct timer *t); /* fine when it is not running */

struct instant timers_deadline(const struct timers *h); /* INSTANT_NEVER: none runs */
struct timer *timers_expire(struct timers *h, struct instant now); /* stopped; NULL: none due */

#endif
