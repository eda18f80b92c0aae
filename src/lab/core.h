/*
 * core: the router that joins several hubs' LANs, where the folder leaves it out.
 *
 * Two hubs that have no link with each other but speak EIGRP, or OSPF on a subnet too small for anything but
 * a link between routers, to somebody unknown each have a router between them whose file is not there. Without it what is
 * behind one hub is cut off from what is behind the other. The lab puts one there, which speaks the protocol with the
 * hubs' keys, areas and timers and has a LAN.
 */
#ifndef DMVPN_LAB_CORE_H
#define DMVPN_LAB_CORE_H

#include "lab/lab.h"

#define LAB_CORE_NAME "lab-core"

/*
 * The configuration of that router, as text; NULL: none is missing. *note says what was supplied and why.
 * Both malloc'd.
 */
char *lab_missing_core(const struct lab_plan *plan, char **note);

#endif
