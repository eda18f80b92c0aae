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
	SCENARIO_HUBS_MAX = 8,
	SCENARIO_SPOKES_MAX = 200,
	SCENARIO_ROUTERS_MAX = SCENARIO_HUBS_MAX + SCENARIO_SPOKES_MAX,
	SCENARIO_FAULTS_MAX = 32,
	SCENARIO_ERROR_MAX = 200,
};

enum fault_kind {
	FAULT_ISOLATE, /* the router's uplink is down, both ways */
	FAULT_CRASH,   /* the router's process and all its state are gone, then started anew */
	FAULT_STOP,    /* the same after a clean shutdown, which withdraws what it registered */
	FAULT_MOVE,    /* a spoke has another underlay address; one behind a NAT does not notice */
	FAULT_RESTART, /* the control process is gone, then started anew; the data path stays */
	FAULT_CHANGE,  /* the router is given another configuration, then the first one again */
	FAULT_CUT,     /* no packets between two sets of routers */
	FAULT_MUTE,    /* no packets from one set of routers to another */
	FAULT_KIND_COUNT,
};

struct router_set {
	bool has[SCENARIO_ROUTERS_MAX];
};

struct scenario_fault {
	enum fault_kind kind;
	size_t router; /* hubs first, from 0 */
	struct router_set from, to; /* CUT and MUTE, instead of router */
	struct instant at;
	struct span lasts;
};

struct scenario {
	unsigned design; /* 1: one hub per tunnel, 2: all hubs in one tunnel */
	unsigned phase;  /* 1 (design 1 only), 2 or 3 */
	size_t hubs, spokes;
	size_t natted;      /* so many spokes, the first ones, stand behind a NAT each */
	bool one_network;   /* design 1: the tunnels have the same network-id */
	struct span length;
	unsigned loss_percent, duplicate_percent; /* of NHRP messages */
	struct span delay_least, delay_most;      /* each message its own: they overtake each other */
	uint16_t holdtime_s, registration_s;
	bool no_unique;          /* spokes may register from a new address at once */
	size_t pairs;            /* of spokes that talk, picked by the seed */
	struct span traffic;     /* between two packets of a pair */
	struct span calm;        /* at the end, in which the network neither loses nor repeats */
	struct span converge;    /* after the last fault all must be well within this */
	unsigned storm_per_s;    /* no router sends more messages in a second */
	size_t random_faults;    /* picked by the seed in the first half */
	size_t fault_count;
	struct scenario_fault faults[SCENARIO_FAULTS_MAX];
};

/* False with a line in error[] when the text is wrong. */
bool scenario_read(FILE *in, struct scenario *out, char error[SCENARIO_ERROR_MAX]);

#endif
