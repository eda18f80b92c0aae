/*
 * harness: engines joined by a pipe on a virtual clock, so that a test reads as a ladder.
 *
 * Every message that an engine sends is written to a log as one line,
 * "spoke1 --> hub1: Registration Request {unique, nat}", and delivered 5 ms later. Effects
 * go into a small model of the data path, which asserts their order: a neighbour points to a
 * peer that exists, a peer goes only when nothing points to it any more, and so on.
 */
#ifndef DMVPN_TESTS_TRANSCRIPT_HARNESS_H
#define DMVPN_TESTS_TRANSCRIPT_HARNESS_H

#include "engine/engine.h"
#include "engine/snapshot.h"
#include "wire/nhrp.h"

enum { NODES_MAX = 8, NHS_MAX = 8, MAPS_MAX = 8, LINE_MAX_ = 240, LOG_MAX = 4096, TABLE_MAX = 4096 };

struct node_neighbour { struct ipaddr addr; uint64_t peer; };
struct node_peer { uint64_t id; uint32_t tunnel; struct endpoint nbma; struct foreign_key key; bool multicast, serves; struct shape shape; };
struct node_shortcut { struct ipprefix dst; struct ipaddr gateway; bool throw_; };

struct node {
	struct rig *rig;
	const char *name;
	struct engine *engine;
	struct engine_options options;
	bool dead;              /* neither sends nor receives nor ticks */
	struct ipaddr nbma;     /* local underlay address */
	struct ipaddr outside;  /* after NAT; IP_NONE: none */
	const char *identity;   /* as others authenticate it; NULL: unprotected */
	uint32_t site;          /* of others behind the same address */

	/* configuration: tunnel number 0, and with node_second_tunnel() 1; tests change it before node_start() */
	struct config config;
	struct config_interface interface, interfaces[2];
	struct config_tunnel tunnel, tunnel1;
	struct config_address addresses[4], addresses1[1];
	struct config_partner partners[2];
	struct config_nhrp *nhrp, *nhrp1; /* of the family of the node's overlay, in tunnel and tunnel1 */
	struct config_nhs nhs4[NHS_MAX], nhs4_1[NHS_MAX], nhs6[NHS_MAX]; /* nhs4: of nhrp; nhs6: of the other family */
	struct config_map maps4[MAPS_MAX];
	struct config_host multicast4[MAPS_MAX];

	/* the data path */
	size_t peer_count, neighbour_count, shortcut_count;
	struct node_peer peers[TABLE_MAX];
	struct node_neighbour neighbours[TABLE_MAX];
	struct node_shortcut shortcuts[TABLE_MAX];
	size_t relay_count, dead_count; /* of tunnel 0 */
	bool serves;
	uint64_t relays[RELAYS_MAX], dead_relays[RELAYS_MAX];
	size_t relays_said;
	struct ipaddr routing_addr; /* of the last EFFECT_ROUTING */
	int routing;                /* what it said; -1: never told */
	int carrier; /* -1: never told */
	bool done;
	size_t resolves;         /* EFFECT_RESOLVE seen */
	size_t silences;         /* EFFECT_SILENT seen */
	size_t probes;           /* EFFECT_PROBE seen */
	bool filters_probes;     /* answers none */
	struct effect bfd;       /* the last EFFECT_BFD_SET or DEL */
	size_t bfd_said;
	size_t usages;           /* EFFECT_USAGE seen; answered when usage_idle_s >= 0 */
	int usage_idle_s;
	char last_trace[LINE_MAX_ * 2];
	char client_down[LINE_MAX_ * 2], nhs_down[LINE_MAX_ * 2]; /* the last NHRP_NHC_DOWN, NHRP_NHS_DOWN */
	size_t traces;
};

struct flight {
	struct instant at;
	size_t to;
	struct endpoint from;
	const char *identity;
	bool has_key;
	uint32_t key;
	uint32_t probe; /* not 0: no message, but the answer of `from` to that probe of tunnel `tunnel` */
	uint32_t tunnel;
	struct instant probed;
	size_t length;
	uint8_t bytes[NHRP_MESSAGE_MAX];
};

struct rig {
	struct instant now;
	size_t node_count;
	struct node nodes[NODES_MAX];
	size_t flight_count;
	struct flight flights[512];
	size_t log_count, log_read;
	char log[LOG_MAX][LINE_MAX_];
	/* the last message of each type, as sent */
	size_t sent_length[16];
	uint8_t sent[16][NHRP_MESSAGE_MAX];
	/* m NULL: a probe and its answer */
	bool (*lose)(struct rig *, const struct node *from, const struct node *to, const struct nhrp_message *m);
};

/*
 * From here on overlay addresses that a test writes as 10.… and 192.168.… are IPv6: 10.0.0.1/24 is fd00::a00:1/120.
 * What is said of them is said in the test's words.
 */
int rig_over_v6(void **state); /* the setup of a group of tests */

struct rig *rig_new(void);
void rig_free(struct rig *r);

/* A router with NHRP network-id 1 on its multipoint tunnel; "192.0.2.1", "10.0.0.1/24". */
struct node *node_new(struct rig *r, const char *name, const char *nbma, const char *overlay);
void node_add_nhs(struct node *n, const char *addr, const char *nbma); /* "dynamic": nhs dynamic */
/* A further multipoint tunnel, number 1, "10.2.0.1/24", from the same local address; nhs "": none. */
void node_second_tunnel(struct node *n, const char *overlay, const char *nhs, const char *nhs_nbma);
void node_start(struct node *n); /* engine, EVENT_TUNNEL up, connected route */
void node_stop_abruptly(struct node *n); /* as by SIGKILL; the data path stays as it is */
/* A route in the node's table: gateway "" = connected, tunnel or not. */
void node_route(struct node *n, const char *dst, const char *gateway, bool via_tunnel);
void node_route_by(struct node *n, const char *dst, const char *gateway, uint32_t tunnel);
void node_route_del(struct node *n, const char *dst);
void node_local(struct node *n, const char *addr, bool via_tunnel);
void node_event(struct node *n, const struct event *ev);
void node_quiet(struct node *n, const char *nbma); /* EVENT_QUIET */
void node_miss(struct node *n, const char *addr);
void node_hairpin(struct node *n, const char *src, const char *dst, uint64_t ingress_peer);
/* In by that tunnel; out by tunnel `out`, or by none (-1). */
void node_hairpin_between(struct node *n, const char *src, const char *dst, uint32_t in, int out);
void node_tunnel(struct node *n, bool up, const char *nbma);
void node_receive(struct node *n, const char *from_nbma, const struct nhrp_message *m);
/* From a peer that IPsec authenticated, of that site behind the address. */
void node_receive_as(struct node *n, const char *from_nbma, uint32_t site, const char *identity,
		     const struct nhrp_message *m);
/* The same, with a certificate that names that address; NULL: none. */
void node_receive_certified(struct node *n, const char *from_nbma, const char *identity, const char *certified,
			    const struct nhrp_message *m);
void node_receive_bytes(struct node *n, const char *from_nbma, const uint8_t *bytes, size_t length);

void rig_run_ms(struct rig *r, int64_t ms);
void rig_run(struct rig *r, int64_t s);

/* The next line of the log; fails with both lines when it is another one. */
void rig_expect(struct rig *r, const char *line);
void rig_expect_nothing(struct rig *r);
void rig_skip(struct rig *r);                          /* forgets what was logged so far */
size_t rig_count(const struct rig *r, const char *part); /* unread lines that contain it */

/* What the node's data path does with an overlay next hop: NBMA address as text, "-" none. */
const char *node_neighbour_nbma(const struct node *n, const char *addr);
uint32_t node_neighbour_site(const struct node *n, const char *addr);
/* Gateway of a shortcut as text; "throw" for a hole; "-" for none. */
const char *node_shortcut_gateway(const struct node *n, const char *dst);
bool node_has_peer(const struct node *n, const char *nbma);
uint64_t node_peer_rate(const struct node *n, const char *nbma); /* bits a second that it is sent at most; 0: whatever there is */
bool node_has_multicast(const struct node *n, const char *nbma);
const char *node_relay_nbma(const struct node *n, size_t index);
const char *node_dead_relay_nbma(const struct node *n, size_t index);
bool node_binding(const struct node *n, const char *dst, struct binding_view *v);
bool node_nhs(const struct node *n, size_t index, struct nhs_view *v);
/* Asserts that the engine agrees with itself and with its data path; after each event that is done anyhow. */
void node_agrees(const struct node *n);
uint64_t node_counter(const struct node *n, enum engine_counter c);
struct ipaddr addr_of(const char *text);
struct ipprefix prefix_of(const char *text);

#endif
