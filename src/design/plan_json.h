/* plan_json: the plan, or why it was refused, as docs/schema/plan.json says. */
#ifndef DMVPN_DESIGN_PLAN_JSON_H
#define DMVPN_DESIGN_PLAN_JSON_H

#include <jansson.h>

#include "design/found.h"

/* New references. */
json_t *plan_json(const struct plan *p);
json_t *plan_found_json(const struct found *f, const char *from); /* docs/schema/plan-from.json */
json_t *plan_refusals_json(const struct plan_refusals *r);

#endif
