#include "engine/nhs_tally.h"

#include <string.h>

static struct nhs_tally *of(struct nhs_tallies *t, const struct ipaddr *addr)
{
	for (size_t i = 0; i < t->count; i++)
		if (ipaddr_eq(&t->each[i].addr, addr))
			return &t->each[i];
	if (t->count == NHS_TALLIES_MAX)
		memmove(&t->each[0], &t->each[1], --t->count * sizeof t->each[0]);
	t->each[t->count] = (struct nhs_tally){ .addr = *addr };
	return &t->each[t->count++];
}

void tally_sent(struct nhs_tallies *t, const struct ipaddr *addr)
{
	t->all.sent++;
	of(t, addr)->sent++;
}

void tally_failed(struct nhs_tallies *t, const struct ipaddr *addr)
{
	t->all.failed++;
	of(t, addr)->failed++;
}

void tally_received(struct nhs_tallies *t, const struct ipaddr *addr)
{
	t->all.received++;
	of(t, addr)->received++;
}
