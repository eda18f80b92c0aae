/* commands: the tables of rows, one array per file. Private to src/config. */
#ifndef DMVPN_CONFIG_COMMANDS_H
#define DMVPN_CONFIG_COMMANDS_H

#include "config/grammar.h"

extern const struct command commands_session[];
extern const struct command commands_global[];
extern const struct command commands_global_no_effect[];
extern const struct command commands_route[];
extern const struct command commands_interface[];
extern const struct command commands_interface_ospf[];
extern const struct command commands_tunnel[];
extern const struct command commands_nhrp[];
extern const struct command commands_vrf[];
extern const struct command commands_vrf_af[];
extern const struct command commands_line[];

#endif
