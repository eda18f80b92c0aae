/*
 * group: which of the groups of its hub a client belongs to, and what follows: the shape of what it is sent
 * (`ip nhrp map group`). Its authenticated identity counts before what it says itself.
 */
#ifndef DMVPN_ENGINE_GROUP_H
#define DMVPN_ENGINE_GROUP_H

#include "engine/tunnel.h"
#include "wire/nhrp.h"

enum { GROUP_NONE = 0 };

/*
 * The sender of the message being handled: the place of its group among the tunnel's maps, from 1; GROUP_NONE when it has none, or one that no
 * line maps. m: what it says; NULL: nothing.
 */
uint16_t group_of_client(const struct overlay *o, const struct nhrp_message *m);
/* What it is sent at most; rate 0: whatever there is. */
struct shape group_shape(const struct settings *s, uint16_t group);
/* The group of that shape, of an earlier life's peer. */
uint16_t group_of_shape(const struct settings *s, const struct shape *shape);
/* The tunnel has other settings now than before. */
void groups_changed(struct tunnel *t, const struct settings *before);

#endif
