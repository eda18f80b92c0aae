/* clouds: members into clouds. Private to src/design. */
#ifndef DMVPN_DESIGN_CLOUDS_H
#define DMVPN_DESIGN_CLOUDS_H

#include "design/design.h"

/* Fills in clouds, order, and the members' cloud, hub and spoke; members and links are there. */
void design_clouds(struct design *d);

#endif
