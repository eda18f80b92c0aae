/*
 * show_ipsec: `show ipsec`, in text and in JSON. Keys are nowhere in a view.
 */
#ifndef DMVPN_CONTROL_SHOW_IPSEC_H
#define DMVPN_CONTROL_SHOW_IPSEC_H

#include <jansson.h>
#include <stdio.h>

#include "control/view.h"

void show_ipsec_text(FILE *f, const struct view *v);
json_t *show_ipsec_json(const struct view *v);
json_t *show_refused_json(const struct view *v);

#endif
