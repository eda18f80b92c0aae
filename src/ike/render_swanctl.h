/*
 * render_swanctl: what dmvpnd would load into charon, as swanctl.conf: the responders' connections, the
 * secrets, and where a spoke knows its far end, the initiators'.
 */
#ifndef DMVPN_IKE_RENDER_SWANCTL_H
#define DMVPN_IKE_RENDER_SWANCTL_H

#include <stdio.h>

#include "ike/ike_config.h"

/* with_secrets: else they are left out, with a remark. 0 or -errno of writing. */
int ike_render_swanctl(const struct ike_config *i, const struct config *c, bool with_secrets, FILE *out);

#endif
