/*
 * nhs_trust: from when on one that was dead is preferred again as its priority says.
 */
#ifndef DMVPN_ENGINE_NHS_TRUST_H
#define DMVPN_ENGINE_NHS_TRUST_H

#include "engine/nhs.h"

void nhs_trust_begin(struct nhs *n, bool returned); /* it is live now; returned: it had been dead */
void nhs_trust_end(struct nhs *n);   /* it is live no more */
void nhs_trust_due(struct nhs *n);   /* the timer */
void nhs_trust_now(struct nhs *n);   /* held back no longer, whatever it did */
bool nhs_is_trusted(const struct nhs *n); /* live, and not held back */
struct span nhs_held_back(const struct nhs *n); /* for so long yet; 0: not */

/* Its link-local address is known, or another one: what routing hears of the server goes for that, too. OSPFv3's neighbours, and
 * BGP's on links without other addresses, have no other (RFC 5340 2.5). */
void nhs_trust_link_local(struct nhs *n, const struct ipaddr *addr);

#endif
