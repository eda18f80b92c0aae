/*
 * instant: points and spans of time as one-field structs, so that neither can be mixed
 * up with an integer of another unit. The unit is the microsecond. The origin of an
 * instant is whatever monotonic clock the caller uses; no library below daemon/ reads one.
 */
#ifndef DMVPN_BASE_INSTANT_H
#define DMVPN_BASE_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

struct instant { int64_t us; };
struct span { int64_t us; };

#define INSTANT_NEVER ((struct instant){ INT64_MAX })
#define INSTANT_ZERO ((struct instant){ 0 })

static inline struct span span_us(int64_t us) { return (struct span){ us }; }
static inline struct span span_ms(int64_t ms) { return (struct span){ ms * 1000 }; }
static inline struct span span_s(int64_t s) { return (struct span){ s * 1000000 }; }

static inline int64_t span_to_s(struct span d) { return d.us / 1000000; }

/* a + d. NEVER stays NEVER; the sum saturates at NEVER instead of wrapping. */
static inline struct instant instant_add(struct instant a, struct span d)
{
	int64_t sum;

	if (a.us == INT64_MAX || __builtin_add_overflow(a.us, d.us, &sum))
		return INSTANT_NEVER;
	return (struct instant){ sum };
}

/* The span from `from` to `to`; negative when `to` lies before `from`. */
static inline struct span instant_since(struct instant to, struct instant from)
{
	return (struct span){ to.us - from.us };
}

static inline bool instant_before(struct instant a, struct instant b) { return a.us < b.us; }
static inline bool instant_is_never(struct instant a) { return a.us == INT64_MAX; }
static inline struct instant instant_min(struct instant a, struct instant b)
{
	return a.us < b.us ? a : b;
}

#endif
