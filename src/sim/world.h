/*
 * world: all that one simulated run holds, and the few ways to change it. Private to the
 * simulator.
 */
#ifndef DMVPN_SIM_WORLD_H
#define DMVPN_SIM_WORLD_H

#include "base/prng.h"
#include "engine/engine.h"
#include "engine/snapshot.h"
#include "sim/host.h"
#include "sim/outage.h"
#include "sim/queue.h"
#include "sim/sim.h"

enum {
	WORLD_ROUTERS_MAX = SCENARIO_ROUTERS_MAX,
	WORLD_LINKS_MAX = SCENARIO_LINKS_MAX,
	WORLD_TUNNELS_MAX = SCENARIO_LINKS_MAX,
};

/* Where it is attached to the underlay. */
struct uplink {
	struct ipaddr nbma;       /* home, or away while the router has moved */
	struct ipaddr home, away;
	struct ipaddr former;     /* before the last move, IP_NONE: never moved */
	unsigned isolations;      /* down while not 0 */
};

struct router {
	char name[16];        /* "hub1", "spoke12" */
	bool is_hub;
	bool natted;          /* its engine knows `inside` only, the world the uplinks' addresses */
	struct ipaddr inside;
	struct uplink uplinks[SCENARIO_UPLINKS_MAX];
	struct instant moved;
	unsigned moves;       /* away while not 0 */
	/* Its tunnels are number first, first + step …; see design.c */
	uint32_t tunnel_first, tunnel_step, tunnel_count;
	struct ipprefix lan;  /* behind it */
	struct ipaddr lan_host;
	struct engine *engine; /* NULL while crashed, or while its control process is away */
	struct instant deadline; /* of the engine, by the world's clock; kept by world.c … */
	size_t deadline_place;   /* … at this place of its heap */
	bool forwards;         /* its data path is there */
	bool routed;           /* routing has looked at it since then, and since it woke; before that it has no new routes */
	struct instant died;   /* when its engine went last; NEVER: it lives */
	uint64_t incarnation;
	uint32_t request_id;   /* saved over a crash */
	struct bfd *bfd;       /* bfd.c: of its data path; NULL: none */
	struct instant bfd_due; /* when it is looked at next; NEVER: not asked for */
	int64_t bfd_second;    /* in which it has sent and received … */
	unsigned bfd_packets;  /* … so many */
	bool unsettled;        /* its data path holds what an earlier engine left, and the engine does not know */
	bool stopping;         /* its engine is to say when it has shut down */
	unsigned changes;      /* has another configuration while not 0 */
	unsigned sleeps;       /* suspended while not 0 */
	bool clock_stands;     /* while suspended */
	struct instant slept, woke; /* when last; woke NEVER: it never slept */
	struct span skew;      /* its clock is so much ahead of the world's */
	unsigned slows, lies, no_ikes;
	int64_t second;        /* in which it has sent … */
	unsigned sent;         /* … so many messages */
	struct instant ticked_at; /* to notice a clock that stands still */
	unsigned ticks;
	struct table sessions; /* session.h */
	struct event *saved;   /* saved.h: what the last engine has left … */
	size_t saved_count;
	struct instant saved_at; /* … then */
	struct engine_sizes sizes; /* as they were when growth began to be watched */
	struct host host;
};

/* An NHRP message on the underlay. */
struct underlay_message {
	uint32_t tunnel;
	struct ipaddr to;
	const uint8_t *bytes;
	size_t length;
	uint64_t agreement; /* by which it is sealed; 0: not at all */
};

enum { TARGETS = 8 }; /* of a spoke's networks packets go to so many, when it has more than its LAN */

#define CENTRE SIZE_MAX /* as the other end of a pair: a host behind all hubs */

struct pair {
	size_t from, to;
	struct outage_watch there[TARGETS], back[TARGETS];
};

/* The routing protocol: for how many more rounds each of the two has the other. */
struct adjacency { uint8_t spoke_rounds, hub_rounds; };

struct world {
	const struct scenario *scenario;
	uint64_t seed;
	struct prng network, choice; /* apart, so that traffic does not change the network's luck */
	struct instant now;
	struct queue queue;
	FILE *trace;
	struct sim_result *result;
	size_t router_count;
	struct router *routers;    /* hubs first */
	struct router **deadlines; /* a heap by deadline, then by place in routers */
	size_t link_count;         /* of a spoke: hub l % hubs by uplink l / hubs */
	size_t pair_count;
	struct pair *pairs;
	size_t fault_count;
	struct scenario_fault faults[SCENARIO_FAULTS_MAX];
	unsigned fault_times[SCENARIO_FAULTS_MAX]; /* that it has begun */
	size_t cut_count;
	size_t cuts[SCENARIO_FAULTS_MAX]; /* faults that part routers now */
	uint64_t agreements; /* so many sessions were agreed */
	struct outages outages;
	uint32_t *seen, seen_mark; /* by router: scratch of check.c */
	struct adjacency (*adjacencies)[WORLD_LINKS_MAX]; /* [spoke][link]; see routing.c */
	bool *reroute;      /* by router: its routes are to be looked at */
	struct instant *headless; /* by spoke: until then routing has no routes for it */
	size_t *wanted_lans; /* [wanted_first[spoke]] … [wanted_first[spoke + 1]]: spokes it has routes to */
	size_t *wanted_first;
};

/* Records the first violation and ends the run. */
void world_fail(struct world *w, const struct router *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds a line to the run's hash, and to the trace when there is one. For what is rare. */
void world_note(struct world *w, const struct router *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What is frequent: numbers and octets for the hash, and a line only when there is a trace. */
void world_mark(struct world *w, const struct router *r, uint64_t what, uint64_t value);
void world_mark_octets(struct world *w, const void *octets, size_t count);
void world_trace(struct world *w, const struct router *r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Tells the router's engine and does what it answers. Nothing when it is crashed. */
void world_tell(struct world *w, struct router *r, const struct event *ev);

/* To be called when the engine's deadline may be another, or its clock. */
void world_deadline_changed(struct world *w, struct router *r);

/* Something to happen in a while. */
void world_add(struct world *w, struct span in, enum happening_type type, size_t subject);

/* Changes a route of the router and tells its engine; gateway IP_NONE removes it. */
void world_route(struct world *w, struct router *r, const struct host_route *x);

struct router *world_router_of_nbma(struct world *w, const struct ipaddr *nbma);
struct router *world_router_of_addr(struct world *w, const struct ipaddr *addr);
/* The router that the prefix belongs to: by tunnel address, by LAN, or NULL. */
struct router *world_owner(struct world *w, const struct ipprefix *dst);
/* Whether the underlay carries packets from one to the other, both by that uplink. */
bool world_reaches(const struct world *w, const struct router *from, const struct router *to, size_t uplink);
/* A way from LAN to LAN exists: by the underlay, and by what the two and a hub have of data paths. The
 * two may be the same: is there one to a hub? */
bool world_connects(const struct world *w, const struct router *from, const struct router *to);

static inline size_t world_index(const struct world *w, const struct router *r)
{
	return (size_t)(r - w->routers);
}

static inline bool router_has_tunnel(const struct router *r, uint32_t tunnel)
{
	const uint32_t past = tunnel - r->tunnel_first;

	return tunnel >= r->tunnel_first && past % r->tunnel_step == 0 && past / r->tunnel_step < r->tunnel_count;
}

static inline uint32_t router_tunnel(const struct router *r, size_t place)
{
	return r->tunnel_first + (uint32_t)place * r->tunnel_step;
}

/* Its data path takes and sends packets. */
static inline bool router_is_awake(const struct router *r)
{
	return r->forwards && r->sleeps == 0;
}

/* The router's own clock. */
static inline struct instant router_now(const struct world *w, const struct router *r)
{
	return instant_add(r->sleeps > 0 && r->clock_stands ? r->slept : w->now, r->skew);
}

/* design.c: names, addresses, configuration text (malloc'd). */
void design_place(struct world *w);
uint16_t design_holdtime_s(const struct world *w, const struct router *r); /* as configured now */
char *design_config(const struct world *w, const struct router *r);
uint8_t design_len(const struct world *w, uint8_t v4_len); /* of a prefix, in the overlay's family */
struct ipaddr design_centre(const struct world *w); /* a host behind all hubs */
struct ipprefix design_summary(const struct world *w, bool more); /* all LANs, as a phase 3 hub announces them; or all other
								   * prefixes */
struct ipprefix design_prefix(const struct world *w, const struct router *spoke, size_t n); /* beside its LAN, from 0 */
struct ipaddr design_host(const struct world *w, const struct router *spoke, size_t n); /* in its LAN; n > 0: in prefix n - 1 */
size_t design_uplink(const struct world *w, uint32_t tunnel);
struct ipaddr design_addr(const struct world *w, const struct router *r, uint32_t tunnel); /* in the overlay */
struct ipaddr design_link_local(const struct world *w, const struct router *r, uint32_t tunnel); /* IP_NONE with IPv4 */
/* Link l of a spoke leads to this hub, by this tunnel. */
size_t design_link_hub(const struct world *w, size_t link);
uint32_t design_link_tunnel(const struct world *w, size_t link);
bool design_has_link(const struct world *w, const struct router *spoke, size_t link);
/* When all is well the spoke is registered with that hub in that tunnel. */
bool design_is_wanted(const struct world *w, const struct router *spoke, size_t hub, uint32_t tunnel);
/* The router that a place in the address plan belongs to, or NULL. */
struct router *design_by_nbma(struct world *w, const struct ipaddr *nbma, size_t *uplink);
struct router *design_by_addr(struct world *w, const struct ipaddr *addr);
struct router *design_by_lan(struct world *w, const struct ipprefix *dst);

/* router.c: a router's engine starts, ends, ticks. */
void router_start(struct world *w, struct router *r);
void router_crash(struct world *w, struct router *r);
void router_stop(struct world *w, struct router *r); /* cleanly, then as crashed */
void router_pause(struct world *w, struct router *r); /* the control process dies, the data path stays */
void router_settle(struct world *w, struct router *r);
void router_change(struct world *w, struct router *r, bool changed); /* its configuration, or back */
void router_patience_ends(struct world *w, struct router *r);
void router_move(struct world *w, struct router *r, bool away);
void router_sleep(struct world *w, struct router *r, bool clock_stands);
void router_wake(struct world *w, struct router *r);
void router_jump(struct world *w, struct router *r, struct span ahead);
void router_tick(struct world *w, struct router *r);

/* fault.c: those of the scenario and those of the seed. */
void faults_choose(struct world *w);
void fault_begins(struct world *w, size_t fault);
void fault_ends(struct world *w, size_t fault);

/* underlay.c: NHRP messages on their way. */
void underlay_send(struct world *w, struct router *from, const struct effect *e);
void underlay_transmit(struct world *w, struct router *from, const struct underlay_message *m);
void underlay_arrives(struct world *w, const struct happening *h);
bool underlay_loses(struct world *w); /* the next packet */
struct span underlay_delay(struct world *w);

void probe_send(struct world *w, struct router *from, const struct effect *e); /* probe.c */
void probe_answered(struct world *w, const struct happening *h);
/* One way over the underlay, which takes *delay more, and the tunnel there by which it is taken. false: it does not
 * arrive, or is not taken. */
bool probe_passes(struct world *w, const struct router *from, const struct router *to, uint32_t tunnel, struct span *delay,
		  uint32_t *taken_by);

void bfd_ask(struct world *w, struct router *r, const struct effect *e); /* bfd.c: EFFECT_BFD_… */
void bfd_due(struct world *w, const struct happening *h);
void bfd_arrives(struct world *w, const struct happening *h);
void bfd_settle(struct world *w, struct router *r); /* what this life of the engine has not asked for ends */
void bfd_end(struct router *r);                     /* its data path is gone */

void routing_init(struct world *w); /* routing.c */
void routing_done(struct world *w);
void routing_round(struct world *w);
void routing_react(struct world *w); /* routes follow what has changed since the last round */
void routing_told(struct world *w, const struct router *r, const struct effect *e); /* EFFECT_ROUTING */
/* The hub by which routing inside reaches the spoke; NULL: none. */
struct router *routing_hub_towards(struct world *w, size_t spoke);
void traffic_send(struct world *w, struct pair *p); /* traffic.c */
/* Whether a packet of the pair would arrive, and without a relay. */
bool traffic_probe(struct world *w, size_t from, size_t to, bool *direct);
void check_storm(struct world *w, struct router *r); /* check.c: counts one message sent */
void check_round(struct world *w); /* what must hold at all times */
void check_registered(struct world *w); /* notes when all are first registered, and asks for it at boot_s */
void check_growth_begins(struct world *w);
void check_growth(struct world *w);
void check_converged(struct world *w); /* what must hold when all is well again */
void check_figures(struct world *w);   /* what must hold of the run as a whole */

#endif
