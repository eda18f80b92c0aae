/* ospf: where a configuration's OSPF for IPv4 runs, for who asks that from outside of src/config. */
#ifndef DMVPN_CONFIG_OSPF_H
#define DMVPN_CONFIG_OSPF_H

#include "config/config.h"

struct config_ospf_place { /* borrowed from the configuration */
	const struct config_block *process;
	const char *area; /* as it is written: "0" or "0.0.0.0" */
	bool passive;
};

/* Does the (first, and outside of VRFs the only) process run on the interface; *out says how. */
bool config_ospf_runs_on(const struct config *c, const struct config_interface *i, struct config_ospf_place *out);

#endif
