/*
 * world: all that one simulated run holds, and the few ways to change it. Private to the
 * simulator.
 */
#ifndef DMVPN_SIM_WORLD_H
#define DMVPN_SIM_WORLD_H

#include "base/prng.h"
#include "engine/engine.h"
#include "sim/host.h"
#include "sim/queue.h"
#include "sim/sim.h"

enum { WORLD_ROUTERS_MAX = SCENARIO_ROUTERS_MAX, WORLD_TUNNELS_MAX = SCENARIO_HUBS_MAX };

struct router {
	char name[16];        /* "hub1", "spoke12" */
	bool is_hub;
	bool natted;          /* its engine knows `inside` only, the world `nbma` */
	struct ipaddr inside;
	struct ipaddr nbma;   /* underlay: home, or away while it has moved */
	struct ipaddr home, away;
	struct ipaddr former; /* the underlay address before the last move, IP_NONE: never moved */
	struct instant moved;
	unsigned moves;       /* away while not 0 */
	uint32_t tunnel_first, tunnel_count; /* Tunnel numbers; a hub has one, see design.c */
	struct ipaddr addrs[WORLD_TUNNELS_MAX]; /* by tunnel number */
	struct ipprefix lan;  /* behind it */
	struct ipaddr lan_host;
	struct engine *engine; /* NULL while crashed, or while its control process is away */
	bool forwards;         /* its data path is there */
	struct instant died;   /* when its engine went last; NEVER: it lives */
	uint64_t incarnation;
	uint32_t request_id;   /* saved over a crash */
	bool stopping;         /* its engine is to say when it has shut down */
	unsigned isolations;   /* uplink down while not 0 */
	unsigned changes;      /* has another configuration while not 0 */
	int64_t second;        /* in which it has sent … */
	unsigned sent;         /* … so many messages */
	struct instant ticked_at; /* to notice a clock that stands still */
	unsigned ticks;
	struct host host;
};

struct pair { size_t from, to; };

struct world {
	const struct scenario *scenario;
	uint64_t seed;
	struct prng network, choice; /* apart, so that traffic does not change the network's luck */
	struct instant now;
	struct queue queue;
	FILE *trace;
	struct sim_result *result;
	size_t router_count;
	struct router *routers; /* hubs first */
	size_t pair_count;
	struct pair *pairs;
	size_t fault_count;
	struct scenario_fault faults[SCENARIO_FAULTS_MAX];
	bool broken[SCENARIO_FAULTS_MAX]; /* the fault is on */
	/* The routing protocol: for how many more rounds a spoke and a hub stay adjacent,
	 * [spoke][hub]; see routing.c. */
	uint8_t (*heard)[SCENARIO_HUBS_MAX];
};

/* Records the first violation and ends the run. */
void world_fail(struct world *w, const struct router *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a line to the run's hash, and to the trace when there is one. */
void world_note(struct world *w, const struct router *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Tells the router's engine and does what it answers. Nothing when it is crashed. */
void world_tell(struct world *w, struct router *r, const struct event *ev);

/* Changes a route of the router and tells its engine; gateway IP_NONE removes it. */
void world_route(struct world *w, struct router *r, uint32_t tunnel, const struct ipprefix *dst,
		 const struct ipaddr *gateway);

struct router *world_router_of_nbma(struct world *w, const struct ipaddr *nbma);
struct router *world_router_of_addr(struct world *w, const struct ipaddr *addr);
/* The router that the prefix belongs to: by tunnel address, by LAN, or NULL. */
struct router *world_owner(struct world *w, const struct ipprefix *dst);
/* Whether the underlay carries packets from one to the other. */
bool world_reaches(const struct world *w, const struct router *from, const struct router *to);

static inline size_t world_index(const struct world *w, const struct router *r)
{
	return (size_t)(r - w->routers);
}

static inline bool router_has_tunnel(const struct router *r, uint32_t tunnel)
{
	return tunnel - r->tunnel_first < r->tunnel_count;
}

/* design.c: names, addresses, configuration text (malloc'd). */
void design_place(struct world *w);
uint16_t design_holdtime_s(const struct world *w, const struct router *r); /* as configured now */
char *design_config(const struct world *w, const struct router *r);
struct ipprefix design_summary(void); /* all LANs, as a phase 3 hub announces them */

/* router.c: a router's engine starts, ends, ticks. */
void router_start(struct world *w, struct router *r);
void router_crash(struct world *w, struct router *r);
void router_stop(struct world *w, struct router *r); /* cleanly, then as crashed */
void router_pause(struct world *w, struct router *r); /* the control process dies, the data path stays */
void router_settle(struct world *w, struct router *r);
void router_change(struct world *w, struct router *r, bool changed); /* its configuration, or back */
void router_patience_ends(struct world *w, struct router *r);
void router_move(struct world *w, struct router *r, bool away);
void router_tick(struct world *w, struct router *r);

void routing_round(struct world *w); /* routing.c */
void traffic_send(struct world *w, const struct pair *p); /* traffic.c */
/* Whether a packet of the pair would arrive, and without a relay. */
bool traffic_probe(struct world *w, const struct pair *p, bool *direct);
void check_storm(struct world *w, struct router *r); /* check.c: counts one message sent */
void check_round(struct world *w); /* what must hold at all times */
void check_converged(struct world *w); /* what must hold when all is well again */

#endif
