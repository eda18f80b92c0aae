/* show_track: `show track` and `show ip sla statistics`: what is watched of the uplinks. */
#ifndef DMVPN_CONTROL_SHOW_TRACK_H
#define DMVPN_CONTROL_SHOW_TRACK_H

#include <jansson.h>
#include <stdio.h>

#include "control/view.h"

void show_track_text(FILE *f, const struct view *v);
void show_sla_text(FILE *f, const struct view *v);
json_t *show_tracks_json(const struct view *v);
json_t *show_slas_json(const struct view *v);

#endif
