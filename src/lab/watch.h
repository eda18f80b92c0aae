/*
 * watch: what a running lab looks like from outside: registrations, routes, counted lines.
 */
#ifndef DMVPN_LAB_WATCH_H
#define DMVPN_LAB_WATCH_H

#include <jansson.h>

#include "lab/lab.h"

/* Registrations that the plan expects, and those that are UP now. */
void watch_registrations(const struct lab *lab, size_t *expected, size_t *up);
/* What the router's daemon answers to "show nhs"; NULL when it does not. */
json_t *watch_nhs(const struct lab *lab, size_t router);
/* The same for "show events"; at once NULL for a router without tunnels. */
json_t *watch_events(const struct lab *lab, size_t router);
/* How many of these events all daemons have logged since then (CLOCK_MONOTONIC). */
size_t watch_count_events(const struct lab *lab, const char *mnemonic, int64_t since_ns);
/* A time of CLOCK_MONOTONIC in milliseconds of the wall clock; one that is written in that format, with
 * a fraction behind, in the same: false when it is not. */
double watch_wall_ms(int64_t ns);
bool watch_stamp_ms(const char *text, const char *format, bool utc, double *out);
#define WATCH_ISO "%Y-%m-%dT%H:%M:%S"
/* The routes that routing has put into all routers' kernels, as a number: the same routes, the
 * same number. Shortcuts and what belongs to addresses are left out. */
uint64_t watch_routing(const struct lab *lab);
/* Do all routers of LANs have a route to all other LANs? No packet is sent. */
bool watch_routes_complete(const struct lab *lab);

#endif
