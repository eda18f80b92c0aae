/*
 * eigrp: who carries a lab's EIGRP. eigrpd does where it can do all that the files ask; else BGP carries
 * the same intent on every router, and the lab says so line by line.
 */
#ifndef DMVPN_LAB_EIGRP_H
#define DMVPN_LAB_EIGRP_H

#include "config/eigrp.h"
#include "lab/lab.h"

/* Decides by lab->eigrp ("auto", "eigrpd", "bgp"). 0, or 2 with the reason. */
int lab_eigrp_choose(struct lab *lab, char *error, size_t size);
/* Is the router's EIGRP carried by BGP? */
bool lab_eigrp_by_bgp(const struct lab *lab, size_t router);
/* Its neighbours; 0 or -ENOMEM. The caller gives them back with eigrp_neighbours_done(). */
int lab_eigrp_neighbours(const struct lab *lab, size_t router, struct eigrp_neighbours *out);
/* What BGP does in place of each line; nothing where eigrpd does it. */
void lab_eigrp_report(const struct lab *lab, FILE *out);

#endif
