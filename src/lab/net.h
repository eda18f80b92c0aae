/*
 * net: carries a plan out: namespaces, cables, addresses, rules and routes.
 */
#ifndef DMVPN_LAB_NET_H
#define DMVPN_LAB_NET_H

#include "lab/lab.h"

/* All namespaces and cables. 0 or 2 with the reason. */
int net_up(const struct lab *lab, char *error, size_t size);
/* (Re)applies a router's interfaces, addresses and the routes that its providers hand out; what is there stays. */
int net_configure_router(const struct lab *lab, size_t router, char *error, size_t size);
/* Those routes alone. */
int net_router_routes(const struct lab *lab, size_t router, char *error, size_t size);
/* Power off: the router's namespace goes, and its cables with it. */
void net_router_off(const struct lab *lab, size_t router);
/* Power on: namespace, cables and configuration again. */
int net_router_on(const struct lab *lab, size_t router, char *error, size_t size);
/* Sets one end of a cable up or down: the router's, or the one across. 0 or -errno. */
int net_port_set(const struct lab *lab, size_t router, const struct lab_segment *s, bool far, bool up);
/* All namespaces of the lab, as malloc'd names; the caller frees both. */
size_t net_namespaces(const struct lab *lab, char ***names);
void netns_delete(const char *name);

#endif
