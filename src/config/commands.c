/* The list of all tables: which rows are known in which mode. */
#include "config/commands.h"

static const struct command_table tables[] = {
	{ MODE_SESSION, commands_session },
	{ MODE_GLOBAL, commands_global },
	{ MODE_GLOBAL, commands_route },
	{ MODE_GLOBAL, commands_global_no_effect },
	{ MODE_INTERFACE, commands_interface },
	{ MODE_INTERFACE, commands_interface_ospf },
	{ MODE_TUNNEL, commands_tunnel },
	{ MODE_TUNNEL, commands_nhrp },
	{ MODE_TUNNEL, commands_interface },
	{ MODE_TUNNEL, commands_interface_ospf },
	{ MODE_VRF, commands_vrf },
	{ MODE_VRF_AF, commands_vrf_af },
	{ MODE_LINE, commands_line },
};

const struct command_table *commands_all(size_t *count)
{
	*count = sizeof tables / sizeof tables[0];
	return tables;
}
