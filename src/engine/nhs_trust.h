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

#endif
