/*
 * plan_conf: what lab.conf adds to a plan, in two steps, since a NAT box parts networks that
 * would be one by their addresses. false with the reason: file, line, remedy.
 */
#ifndef DMVPN_LAB_PLAN_CONF_H
#define DMVPN_LAB_PLAN_CONF_H

#include "lab/lab_conf.h"
#include "lab/plan.h"

/* Before interfaces are placed: which of them stand behind which NAT box. */
bool plan_conf_members(struct lab_plan *plan, const struct lab_conf *conf, char *error, size_t size);
/* The box before a router's interface, counted from 1; 0: none. */
size_t plan_conf_box(const struct lab_plan *plan, size_t router, size_t interface);
/* When all segments are there: the boxes themselves, further hosts, losses. */
bool plan_conf_apply(struct lab_plan *plan, const struct lab_conf *conf, char *error, size_t size);

#endif
