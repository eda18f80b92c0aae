/*
 * programs: what runs on a router: dmvpnd, or FRR's nhrpd (nhrpd.h), where it has tunnels, FRR's other
 * daemons as its routing needs.
 */
#ifndef DMVPN_LAB_PROGRAMS_H
#define DMVPN_LAB_PROGRAMS_H

#include "lab/lab.h"

enum { LAB_PROGRAMS_PIDS = 64 };

/* Starts every router's programs and hands FRR its configuration. 0 or 2 with the reason. */
int programs_start_all(struct lab *lab, char *error, size_t size);
/* Starts the programs of one router that are not running. */
int programs_start(struct lab *lab, size_t router, char *error, size_t size);
/*
 * The processes that a fault on `program` means: NULL for all of the router's, else
 * "dmvpnd" (the keeper), "control", "fwd", or an FRR daemon. 0 when it does not run.
 */
size_t programs_pids(const struct lab *lab, size_t router, const char *program, pid_t pids[LAB_PROGRAMS_PIDS]);
/* Names of programs of the router that should run and do not; a word list in out. */
bool programs_all_alive(const struct lab *lab, size_t router, char *out, size_t size);
/* The router's control socket. */
void programs_socket(const struct lab *lab, size_t router, char out[PATH_MAX]);
bool programs_has_tunnels(const struct lab *lab, size_t router);
bool programs_has_vrfs(const struct lab *lab, size_t router);
/* It has either, and dmvpnd serves them, not nhrpd. */
bool programs_has_dmvpnd(const struct lab *lab, size_t router);
/* One of them at least is protected, and not by the leave of --no-ipsec in the clear. */
bool programs_is_protected(const struct lab *lab, size_t router);

#endif
