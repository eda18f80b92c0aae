/*
 * settings: the engine's own copy of one tunnel's configuration, and what differs between
 * two of them. The caller's struct config may go away after the copy.
 */
#ifndef DMVPN_ENGINE_SETTINGS_H
#define DMVPN_ENGINE_SETTINGS_H

#include "config/config.h"

struct settings {
	uint32_t number;
	char name[16]; /* kernel name */
	uint32_t vrf;          /* overlay */
	uint32_t underlay_vrf;
	enum config_tunnel_mode mode;
	enum ip_family transport;
	struct config_host destination; /* owned */
	bool has_key, if_state_nhrp;
	uint32_t key;
	struct config_bfd bfd;
	uint16_t route_hold_s, shortcut_hold_s; /* 0: off */
	char *warm_behind;     /* owned; kernel name of the better tunnel, NULL: this one never rests */
	uint16_t warm_every_s;
	uint32_t warm_delay_s;
	size_t address_count;
	struct config_address *addresses; /* owned */
	struct config_nhrp nhrp4, nhrp6;  /* deep copies */
	struct config_groups groups;      /* likewise */
};

/* Copies what the engine needs of a tunnel interface. */
void settings_copy(struct settings *s, const struct config_interface *i);
void settings_done(struct settings *s);

/* Whether a tunnel may go from a to b in place (addresses, mode, VRFs … are the same). */
bool settings_same_tunnel(const struct settings *a, const struct settings *b);

const struct config_nhrp *settings_nhrp(const struct settings *s, enum ip_family family);

#endif
