/*
 * frr_template: one matched line in FRR's words, by its row's template.
 *
 *   =         the line as it is, interfaces by their kernel names
 *   $1        the first argument        $1/2  prefix of address 1 and mask 2
 *   $1~2      prefix of address 1 and wildcard 2        $c1  prefix by class of address 1
 *   $s        the secret                $A    number of the EIGRP process
 *   %2        the third word (keywords counted)
 *   {metric}  " metric VALUE" when the line has it      {?all}  " all" when the line has it
 *   {5metric} " metric" and five values {1}   " VALUE" when there is a first argument
 * A leading "@" marks a line of an address family and is not written.
 */
#ifndef DMVPN_CONFIG_FRR_TEMPLATE_H
#define DMVPN_CONFIG_FRR_TEMPLATE_H

#include <stdio.h>

#include "config/grammar.h"

void frr_template_write(FILE *out, const struct match *m, const char *template, unsigned eigrp_as);

#endif
