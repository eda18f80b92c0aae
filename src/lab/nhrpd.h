/*
 * nhrpd: routers of a lab on which FRR's nhrpd runs in the place of dmvpnd.
 *
 * The router is made as an owner of FRR would make it: multipoint GRE devices of the kernel with
 * host addresses, iptables rules of FRR's manual that report what hairpins and what is multicast,
 * and nhrpd.conf as render_nhrpd.h writes it. IPsec there needs a charon that FRR's people patched: none.
 */
#ifndef DMVPN_LAB_NHRPD_H
#define DMVPN_LAB_NHRPD_H

#include "lab/lab.h"

bool nhrpd_runs(const struct lab *lab, size_t router);
/* Names that are no routers with tunnels, protected tunnels: 2 with the reason. Else 0. */
int nhrpd_check(const struct lab *lab, char *error, size_t size);
/* Devices and rules, those that are not there yet. 0 or 2 with the reason. */
int nhrpd_devices(const struct lab *lab, size_t router, char *error, size_t size);
/* Writes nhrpd.conf into the folder of the router's FRR. 0 or -errno. */
int nhrpd_render(const struct lab *lab, size_t router, const char *frr_dir);
/* How many servers have accepted the router. */
size_t nhrpd_registered(const struct lab *lab, size_t router);

#endif
