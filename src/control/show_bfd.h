/*
 * show_bfd: `show bfd`: the BFD sessions of this machine, as IOS prints them or as JSON.
 */
#ifndef DMVPN_CONTROL_SHOW_BFD_H
#define DMVPN_CONTROL_SHOW_BFD_H

#include <jansson.h>
#include <stdio.h>

#include "control/view.h"

void show_bfd_text(FILE *f, const struct view *v);
void show_bfd_json(const struct view *v, json_t *o); /* its members into o */

#endif
