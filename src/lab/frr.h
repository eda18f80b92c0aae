/*
 * frr: FRR's daemons of one router, beside those of all the others on the same machine.
 *
 * Each router has a folder of its own for their sockets; the daemons start empty and
 * vtysh hands them the rendered configuration, as on a router with one frr.conf.
 */
#ifndef DMVPN_LAB_FRR_H
#define DMVPN_LAB_FRR_H

#include "lab/lab.h"

enum { FRR_DAEMONS_MAX = 12, FRR_PLANE_MAX = 64 /* bfdd takes no longer path */ };

/* Where that router's bfdd awaits the data plane, which dmvpnd is; false: it runs its sessions itself. */
bool frr_plane(const struct lab *lab, size_t router, char out[FRR_PLANE_MAX]);

/* Writes frr.conf into the router's folder. 0 or 2 with the reason. */
int frr_render(const struct lab *lab, size_t router, char *error, size_t size);
/* Names of the daemons that the configuration needs, zebra first. */
size_t frr_daemons(const struct lab *lab, size_t router, const char *names[FRR_DAEMONS_MAX]);
/* Starts one; its pid or -errno. */
pid_t frr_start(const struct lab *lab, size_t router, const char *daemon);
/* Where it logs. */
void frr_log(const struct lab *lab, size_t router, const char *daemon, char out[PATH_MAX + 64]);
/* Waits for the daemon's vty socket, at most ten seconds. */
bool frr_ready(const struct lab *lab, size_t router, const char *daemon);
/* Hands frr.conf to one daemon, or to all (NULL). What it refuses is told on
 * stderr. 0, or 2 when vtysh cannot be run. */
int frr_configure(const struct lab *lab, size_t router, const char *daemon, char *error, size_t size);

#endif
