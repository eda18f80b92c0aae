/*
 * nat: address translation as the configuration's `ip nat …` lines say (config/nat.h), in an nftables table of our
 * own, and the rules that keep what is private off the uplinks when it is not translated.
 */
#ifndef DMVPN_KERNEL_NAT_H
#define DMVPN_KERNEL_NAT_H

#include "config/nat.h"

/* The ruleset as text for nft; malloc'd, NULL when out of memory. Without rules it only removes the table. */
char *nat_ruleset(const struct config *c, const struct nat *n);
bool nat_wanted(const struct config *c, const struct nat *n); /* it does more than that */
/* Runs nft with it. 0 or -errno; error[] gets what nft says. */
int nat_install(const char *ruleset, char *error, size_t error_size);

#endif
