/*
 * overload: a router whose processors are taken away from it.
 *
 * A helper process stops all programs of the router for PERCENT of every tenth of a second and
 * lets them go on in the rest (SIGSTOP, SIGCONT): what a host does that has sold its processors
 * twice. Unlike a busy loop beside them it takes exactly that much, whatever the machine, and
 * nothing from anybody else. The kernel's own work (forwarding of plain packets) is not slowed.
 */
#ifndef DMVPN_LAB_OVERLOAD_H
#define DMVPN_LAB_OVERLOAD_H

#include "lab/lab.h"

/* 0 or 2 with the reason. The helper lives in the router's namespace, so that it ends with it. */
int overload_begin(const struct lab *lab, size_t router, unsigned percent, char *error, size_t size);
/* All programs run again when it returns. */
void overload_end(const struct lab *lab, size_t router);

#endif
