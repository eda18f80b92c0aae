/*
 * nhs_tally: what came of the requests to an NHS, in all and for each of the addresses that its
 * name stands for.
 */
#ifndef DMVPN_ENGINE_NHS_TALLY_H
#define DMVPN_ENGINE_NHS_TALLY_H

#include "base/ipaddr.h"

enum { NHS_TALLIES_MAX = 8 };

struct nhs_tally {
	struct ipaddr addr; /* NBMA */
	uint64_t sent, failed, received;
};

struct nhs_tallies {
	struct nhs_tally all; /* addr IP_NONE */
	size_t count;         /* of those that were tried; the oldest gives way when all are taken */
	struct nhs_tally each[NHS_TALLIES_MAX];
};

void tally_sent(struct nhs_tallies *t, const struct ipaddr *addr);
void tally_failed(struct nhs_tallies *t, const struct ipaddr *addr);
void tally_received(struct nhs_tallies *t, const struct ipaddr *addr);

#endif
