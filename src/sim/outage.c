#include "sim/outage.h"

#include <assert.h>
#include <stdlib.h>

void outages_done(struct outages *o)
{
	free(o->us);
	*o = (struct outages){ 0 };
}

static void record(struct outages *o, int64_t us)
{
	if (o->count == o->capacity) {
		o->capacity = o->capacity ? 2 * o->capacity : 64;
		o->us = realloc(o->us, o->capacity * sizeof *o->us);
		assert(o->us);
	}
	o->us[o->count++] = us;
}

/* A way that ceases to exist ends the outage without a verdict: what came after cannot be told. */
struct span outage_packet(struct outages *o, struct outage_watch *w, struct instant now, bool exists, bool arrived)
{
	struct span length = { 0 };

	if (w->lost)
		length = instant_since(now, w->since);
	if (arrived && w->lost)
		record(o, length.us);
	if (arrived || !exists) {
		w->lost = false;
		w->once |= arrived;
	} else if (!w->lost && w->once) {
		w->lost = true;
		w->since = now;
	}
	return exists ? length : span_us(0);
}

static int by_length(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct span outages_percentile(struct outages *o, unsigned percent)
{
	if (o->count == 0)
		return span_us(0);
	qsort(o->us, o->count, sizeof *o->us, by_length);
	return span_us(o->us[(o->count * percent + 99) / 100 - 1]);
}
