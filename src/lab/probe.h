/*
 * probe: steady UDP probes between all LAN hosts, and path discovery.
 *
 * One agent process per host, inside its namespace; what they send and receive is written
 * to memory shared with the runner, all times CLOCK_MONOTONIC. The runner lays out a window
 * (which pairs, how often), starts it, and reads the arrays. Agents never touch a pair's
 * arrays that is not theirs: the sender owns sent_ns, the receiver received_ns.
 */
#ifndef DMVPN_LAB_PROBE_H
#define DMVPN_LAB_PROBE_H

#include <netinet/in.h>
#include <stdatomic.h>

#include "lab/lab.h"

enum {
	PROBE_PORT = 7711,
	PROBE_HOPS = 8,       /* longest path that is discovered */
	PROBE_FAST_MAX = 8,   /* pairs that are probed fast */
	PROBE_MIN_MS = 1,     /* between the probes of such a pair */
	PROBE_MAX_MS = 100,
	PROBE_SLOW_US = 20000,
	PROBE_WINDOW_S = 120, /* longest window, unless a longer one is asked for */
	PROBE_TTL = 64,       /* of what hosts send */
	PROBE_RATE_MAX = 6000, /* probes a second on all slow pairs together */
};

/* Filled by the path discovery; hop i answered to a probe of TTL i + 1. */
struct probe_path {
	_Atomic uint32_t reached;         /* TTL with which the far host was reached; 0: not */
	struct ipaddr hops[PROBE_HOPS];   /* IP_NONE: no answer */
};

struct probe_pair { /* ordered, of one family */
	uint32_t from, to; /* hosts */
	uint32_t family;
	uint32_t interval_us; /* 0: idle in this window */
	uint32_t capacity;    /* probes that fit into its arrays */
	size_t offset;        /* of its arrays */
	struct sockaddr_in6 address; /* of the far host (sockaddr_in for IPv4) */
	_Atomic uint32_t sent;
	_Atomic uint32_t duplicates, late;
	_Atomic int64_t last_received_ns;
	struct probe_path path;
};

struct probe_shared {
	_Atomic uint32_t window; /* changes when a new one starts; 0: none, be quiet */
	_Atomic uint32_t trace;  /* changes when paths are asked for */
	_Atomic uint32_t traced; /* agents that have finished the current one */
	_Atomic uint32_t ready;  /* agents that have their sockets */
	uint32_t pair_count;
	size_t slots;
	int window_s;
	int64_t *sent_ns, *received_ns; /* `slots` each, same mapping in every process */
	uint8_t *hops;                  /* as many: routers that a received probe has passed */
	struct probe_pair pairs[];
};

struct probes {
	struct probe_shared *shared;
	size_t bytes;
	size_t agent_count;
	pid_t *agents;
};

/* Starts the agents; a window holds that many seconds. 0 or 2 with the reason. */
int probes_start(const struct lab *lab, struct probes *p, int window_s, char *error, size_t size);
void probes_stop(struct probes *p);

/* Intervals of all pairs: slow, but rate-bounded; `limit_us` is the least. */
void probes_all_slow(struct probes *p, uint32_t limit_us);
/* Starts a window with the intervals that the pairs have now. */
void probes_begin(struct probes *p);
void probes_end(struct probes *p);
/* Has a probe of the pair arrived since then? */
bool probes_heard(const struct probes *p, size_t pair, int64_t since_ns);
/* Discovers all paths anew. false when interrupted or an agent is gone. */
bool probes_trace(struct probes *p);

/* The agent's life; never returns. */
void probe_agent(struct probe_shared *s, uint32_t host, pid_t runner) __attribute__((noreturn));
/* One round of path discovery for the agent's pairs. */
void probe_trace_pairs(struct probe_shared *s, uint32_t host);

/* What travels. */
struct probe_packet {
	uint32_t magic;
	uint32_t window; /* or the trace's number */
	uint32_t pair;
	uint32_t seq;    /* or the TTL */
};

enum { PROBE_MAGIC = 0x70726f62, TRACE_MAGIC = 0x74726163 };

#endif
