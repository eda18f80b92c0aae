/* check_design: what `dmvpn check` says of all routers together. */
#ifndef DMVPN_CMD_CHECK_DESIGN_H
#define DMVPN_CMD_CHECK_DESIGN_H

#include <jansson.h>

#include "design/design.h"

/* The clouds, then the findings by severity; nothing when there is neither. */
void check_design_print(const struct design *d, bool colour);
json_t *check_design_clouds(const struct design *d);
json_t *check_design_idle(const struct design *d); /* tunnels that rest */
json_t *check_design_findings(const struct design *d);

#endif
