/*
 * plan_roles: who is hub and who is spoke in a set of configurations, how many
 * registrations that promises, and what stands in their way. Parts of plan.c's work.
 */
#ifndef DMVPN_LAB_PLAN_ROLES_H
#define DMVPN_LAB_PLAN_ROLES_H

#include "lab/plan.h"

/* Fills role and expected of every router. */
void plan_roles(struct lab_plan *plan);
/* Appends to plan->notes; segments and routes are there already. */
void plan_notes(struct lab_plan *plan);

#endif
