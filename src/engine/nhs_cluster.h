/*
 * nhs_cluster: which NHSs of a cluster are registered with (`ip nhrp nhs … cluster C`,
 * `ip nhrp nhs cluster C max-connections N`).
 */
#ifndef DMVPN_ENGINE_NHS_CLUSTER_H
#define DMVPN_ENGINE_NHS_CLUSTER_H

#include "engine/tunnel.h"

/* At the end of an event in which an NHS has changed: takes those that are needed now and
 * releases those that are not. */
void clusters_settle(struct engine *e);

bool cluster_is_limited(const struct overlay *o, unsigned number); /* by a max-connections line */

#endif
