/*
 * scenario: what is simulated, read from a small text of key = value lines
 * (docs/sim.md lists the keys).
 */
#ifndef DMVPN_SIM_SCENARIO_H
#define DMVPN_SIM_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/instant.h"

enum {
	SCENARIO_HUBS_MAX = 16,
	SCENARIO_SPOKES_MAX = 10000,
	SCENARIO_ROUTERS_MAX = SCENARIO_HUBS_MAX + SCENARIO_SPOKES_MAX,
	SCENARIO_UPLINKS_MAX = 2,
	SCENARIO_LINKS_MAX = SCENARIO_HUBS_MAX * SCENARIO_UPLINKS_MAX, /* of a spoke: ways to a hub */
	SCENARIO_PREFIXES_MAX = 4096, /* of a spoke, and … */
	SCENARIO_PREFIXES_ALL = 1 << 20, /* … of all */
	SCENARIO_FAULTS_MAX = 64,
	SCENARIO_ERROR_MAX = 200,
};

/* X(name, word): who is broken is one router, but for those marked so. */
#define FAULT_KINDS(X) \
	X(ISOLATE, "isolate") /* the router's uplink is down, both ways */ \
	X(CRASH, "crash")     /* the router's process and all its state are gone, then started anew */ \
	X(STOP, "stop")       /* the same after a clean shutdown, which withdraws what it registered */ \
	X(MOVE, "move")       /* a spoke has another underlay address; one behind a NAT does not notice */ \
	X(RESTART, "restart") /* the control process is gone, then started anew; the data path stays */ \
	X(CHANGE, "change")   /* the router is given another configuration, then the first one again */ \
	X(CUT, "cut")         /* two sets of routers: no packets between them */ \
	X(MUTE, "mute")       /* two sets of routers: no packets from one to the other */ \
	X(SLEEP, "sleep")     /* the machine is suspended; its clock stands meanwhile */ \
	X(FREEZE, "freeze")   /* the same, but its clock has run on when it wakes */ \
	X(JUMP, "jump")       /* at once the router's clock is so much later */ \
	X(SLOW, "slow")       /* NHRP that arrives waits for slow_ms before it is looked at */ \
	X(LIE, "lie")         /* a spoke claims what belongs to the next spoke; see lie.c */ \
	X(FORGET, "forget")   /* protected: its sessions are gone and it says nothing */ \
	X(NOIKE, "noike")     /* protected: no session can be agreed with it */

enum fault_kind {
#define FAULT_ENUM(name, word) FAULT_##name,
	FAULT_KINDS(FAULT_ENUM)
#undef FAULT_ENUM
	FAULT_KIND_COUNT,
};

struct router_set {
	uint64_t bits[(SCENARIO_ROUTERS_MAX + 63) / 64];
};

static inline bool router_set_has(const struct router_set *s, size_t router)
{
	return s->bits[router / 64] >> (router % 64) & 1;
}

static inline void router_set_add(struct router_set *s, size_t router)
{
	s->bits[router / 64] |= UINT64_C(1) << (router % 64);
}

struct scenario_fault {
	enum fault_kind kind;
	size_t router;   /* hubs first, from 0 */
	size_t uplinks;  /* ISOLATE: bits of those that are down */
	struct router_set from, to; /* CUT and MUTE, instead of router */
	struct instant at;
	struct span lasts;
	unsigned times;    /* so often, at least 1 … */
	struct span every; /* … once in that time */
};

struct scenario {
	unsigned design; /* 1: one hub per tunnel, 2: all hubs in one tunnel */
	unsigned phase;  /* 1 (design 1 only), 2 or 3 */
	size_t hubs, spokes;
	size_t uplinks;     /* of every router; each has tunnels of its own */
	size_t natted;      /* so many spokes, the first ones, stand behind a NAT each */
	bool one_network;   /* design 1: the tunnels have the same network-id */
	bool keyless;       /* no tunnel has a key */
	bool partners;      /* design 1: every spoke has one tunnel only, and hubs redirect to their partners */
	size_t prefixes;    /* behind every spoke, beside its LAN */
	size_t nhs_connections; /* design 2: a spoke is registered with so many hubs, the best for it; 0: with all */
	uint16_t nhs_fallback_s;
	bool protected_;    /* endpoints are reached by sessions, which have to be agreed first */
	bool identities;    /* protected: the hubs' configuration says who may have which address */
	bool overlay_v6;    /* IPv6 over IPv4 */
	bool all_routes;    /* phase 2: spokes have the LANs of all others; else of those they talk to */
	struct span length;
	unsigned loss_percent, duplicate_percent; /* of NHRP messages */
	struct span delay_least, delay_most;      /* each message its own: they overtake each other */
	struct span slow, ike;
	struct span reaction;    /* from what the engine tells routing to other routes; 0: routing does not listen */
	struct span headless;    /* phase 2: a spoke that loses the first hub has no routes for so long; 0: it has */
	uint16_t route_hold_s;   /* `nhrp route-hold` of all tunnels; 0: none */
	uint16_t holdtime_s, registration_s;
	bool saved;              /* routers keep their bindings over restarts (engine/saved.h) */
	bool no_unique;          /* spokes may register from a new address at once */
	bool kernel;             /* the kernel's GRE carries all tunnels */
	size_t hub_bindings_max, spoke_bindings_max; /* 0: as the engine has it */
	size_t pairs;            /* of spokes that talk, picked by the seed */
	size_t centre;           /* so many spokes, picked by the seed, talk to a host behind all hubs */
	struct span traffic;     /* between two packets of a pair */
	struct span calm;        /* at the end, in which the network neither loses nor repeats */
	struct span converge;    /* after the last fault all must be well within this */
	struct span boot;        /* all spokes must be registered everywhere by then; 0: not asked */
	struct span outage;      /* no pair may be longer without a way that exists; 0: not asked */
	struct span outage_p95;  /* and 95 of 100 outages no longer than this; 0: not asked */
	struct span check;       /* between two looks at all that must hold at all times */
	struct instant grown;    /* from then to the end nothing may have grown; NEVER: not asked */
	unsigned storm_per_s;    /* no router sends more messages in a second … */
	unsigned hub_storm_per_s;/* … but a hub so many */
	uint16_t bfd_ms;         /* interval of BFD on all tunnels, multiplier 3; 0: none */
	unsigned bfd_second_max; /* so many packets of BFD a router may have in a second, both ways; 0: not asked */
	unsigned bfd_lost_max;   /* so many sessions may leave Up; counted when bfd_ms is given */
	uint16_t probe_ms;       /* interval of path probes; 0: none */
	bool unminded;           /* a hub without its control process is a way all the same */
	unsigned direct_lost_max; /* packets that may be lost of direct ways that are still there */
	unsigned paths_lost_max; /* so many may be found dead by them in all */
	size_t random_faults;    /* picked by the seed in the first half */
	size_t fault_count;
	struct scenario_fault faults[SCENARIO_FAULTS_MAX];
};

/* False with a line in error[] when the text is wrong. */
bool scenario_read(FILE *in, struct scenario *out, char error[SCENARIO_ERROR_MAX]);

#endif
