/*
 * certificates: the lab's own certification authority, made with strongSwan's pki(1) when
 * lab.conf says `certificates`.
 *
 * Every router with tunnels gets a folder <run dir>/.pki/ROUTER holding ca.crt, router.crt and
 * router.key (ECDSA P-256; the router's name as CN and DNS subjectAltName), and a link to its
 * configuration, so that a trustpoint's relative file names lead there.
 */
#ifndef DMVPN_LAB_CERTIFICATES_H
#define DMVPN_LAB_CERTIFICATES_H

#include "lab/lab.h"

bool certificates_wanted(const struct lab *lab);
/* 0, or 2 with the reason. Nothing happens unless wanted. */
int certificates_make(const struct lab *lab, char *error, size_t size);
/* The file that the router's daemon reads: its own, or the link beside its certificate. */
void certificates_config_file(const struct lab *lab, size_t router, char out[PATH_MAX]);

#endif
