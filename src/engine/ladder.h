/*
 * ladder: when something that was not answered is sent again: after 1, 2, 4 … s, each
 * shortened by jitter to 0.75-1.0 of that, as IOS does.
 */
#ifndef DMVPN_ENGINE_LADDER_H
#define DMVPN_ENGINE_LADDER_H

#include "base/instant.h"
#include "base/prng.h"

/* Steps are counted from 0; those beyond `highest` last as long as that. Never over `most`. */
struct span ladder_wait(struct prng *random, unsigned step, unsigned highest, struct span most);

#endif
