/*
 * raws: the raw sockets that the keeper holds for us, one per local underlay address and
 * protocol, shared by the tunnels that use the address: GRE for unprotected tunnels, ESP for
 * protected ones, which so never receive GRE in clear.
 */
#ifndef DMVPN_DAEMON_RAWS_H
#define DMVPN_DAEMON_RAWS_H

#include <stddef.h>

#include "daemon/keeper_client.h"

struct raw {
	uint32_t id;
	struct endpoint local;
	uint8_t protocol; /* IPPROTO_GRE or IPPROTO_ESP */
	size_t users;
};

struct raws {
	size_t count;
	struct raw *entries;
	uint32_t id_last;
};

/* One that the keeper held already when this process started. */
void raws_held(struct raws *r, const struct keeper_raw *held);
/* Opens or shares. 0 and *id, or -errno with the reason in text. */
int raws_get(struct raws *r, struct keeper_client *k, const struct endpoint *local, uint8_t protocol,
	     const char *device, uint32_t *id, char text[KEEPER_TEXT]);
void raws_put(struct raws *r, struct keeper_client *k, uint32_t id);
/* Closes those that nobody uses. */
void raws_sweep(struct raws *r, struct keeper_client *k);

#endif
