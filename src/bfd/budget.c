#include "bfd/budget.h"

static const int32_t rungs_ms[] = { 10, 20, 30, 50, 75, 100, 125, 150, 200, 250, 300, 400, 500, 750, 1000, 1500, 2000, 3000, 5000, 10000 };

enum { RUNGS = sizeof rungs_ms / sizeof *rungs_ms };

double bfd_packet_rate(size_t sessions, struct span interval)
{
	return 2.0 * (double)sessions * 1e6 / (0.875 * (double)interval.us);
}

/* What sessions that are Up may take. The rest is for those that come up, all at once in the worst case: their packets cross. */
static double steady(uint32_t packets_per_s)
{
	return packets_per_s * 10.0 / 11;
}

static struct span rung(size_t n)
{
	return n == 0 ? span_us(0) : span_ms(rungs_ms[n]);
}

static size_t rung_needed(size_t sessions, double packets_per_s)
{
	size_t n = 0;

	while (n + 1 < RUNGS && bfd_packet_rate(sessions, span_ms(rungs_ms[n])) > packets_per_s)
		n++;
	return n;
}

struct span bfd_budget(size_t sessions, uint32_t packets_per_s)
{
	return packets_per_s ? rung(rung_needed(sessions, steady(packets_per_s))) : span_us(0);
}

struct span bfd_budget_from(struct span at_hand, size_t sessions, uint32_t packets_per_s)
{
	const struct span needed = bfd_budget(sessions, packets_per_s);
	struct span with_room;

	if (!packets_per_s || needed.us >= at_hand.us)
		return needed;
	with_room = rung(rung_needed(sessions, 0.9 * steady(packets_per_s)));
	return with_room.us < at_hand.us ? with_room : at_hand;
}
