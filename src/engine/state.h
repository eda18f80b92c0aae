/*
 * state: the engine's root object. Everything hangs off it by tunnel number.
 */
#ifndef DMVPN_ENGINE_STATE_H
#define DMVPN_ENGINE_STATE_H

#include "base/prng.h"
#include "base/timers.h"
#include "engine/bucket.h"
#include "engine/engine.h"
#include "engine/rib.h"
#include "engine/snapshot.h"
#include "wire/nhrp.h"

struct tunnel;
struct peer;
struct purge;
struct path;
struct recall;

enum timer_kind {
	TIMER_NHS,             /* struct nhs: the ladder, the refresh, the farewell */
	TIMER_NHS_TRUST,       /* struct nhs: it is back for long enough */
	TIMER_NHS_LINK_LOCAL,  /* struct nhs: registration of the link-local address */
	TIMER_BINDING_EXPIRE,  /* struct binding */
	TIMER_BINDING_REFRESH, /* struct binding */
	TIMER_BINDING_UNCOVERED, /* struct binding */
	TIMER_RESOLUTION,      /* struct resolution */
	TIMER_ANSWER_EXPIRE,   /* struct answer */
	TIMER_PURGE,           /* struct purge */
	TIMER_NAME,            /* struct name */
	TIMER_PATH,            /* struct path */
	TIMER_HOLD,            /* struct tunnel */
	TIMER_WARM,            /* struct tunnel */
	TIMER_RECALL,          /* struct engine */
	TIMER_SHUTDOWN,        /* struct engine */
};

struct queued_effect {
	struct effect effect;
	void *blob; /* owned: bytes or text that the effect points to */
};

struct engine {
	struct engine_options options;
	struct instant now;
	struct prng random;
	struct siphash_key secret; /* of the tables that others choose the keys of */
	struct timers timers;
	uint32_t request_id;   /* last used */
	uint64_t next_peer_id;
	uint64_t bindings_changed, bindings_renewed; /* dynamic ones: saved.h */
	size_t binding_count;  /* dynamic ones, over all tunnels; bounded by options.bindings_max */
	size_t tunnel_count;
	struct tunnel **tunnels; /* by number, ascending */
	size_t rib_count;
	struct rib **ribs;
	struct tree shortcuts, throws; /* shortcut.h */
	struct peer *idle_peers;
	struct path *idle_paths;
	uint32_t probe_sequence; /* last used */
	unsigned path_bursts;    /* paths in doubt */
	struct instant light_probe_next; /* the next free slot of light probes */
	struct recall *recalls, *recall_last; /* recall.h, first to last */
	size_t recall_count;
	struct timer recall;
	struct purge *purges;
	size_t purge_count;
	bool clusters_stale; /* some NHS has changed: nhs_cluster.h looks at the end of the event */
	struct token_bucket light; /* requests to dead NHSs beyond the ladder of IOS (nhs.c) */
	bool stopping, done;
	struct timer shutdown;

	struct queued_effect *queue;
	size_t queue_head, queue_count, queue_capacity;
	void *lent_blob; /* of the effect handed out last */

	uint64_t counters[ENGINE_COUNTER_COUNT];
	uint64_t codec_drops[NHRP_DROP_COUNT];
	struct nhrp_message in; /* being handled, as decoded … */
	const uint8_t *in_bytes; /* … from these octets */
	size_t in_length;
	const struct endpoint *in_from;
	struct foreign_key in_key; /* not given: its tunnel's */
	const char *in_identity; /* of its sender, as IPsec authenticated it; NULL: unprotected */
	const struct ipaddr *in_certified; /* what his certificate names */
	size_t in_certified_count;
	bool takeover_due; /* at the end of the event */
};

static inline void count(struct engine *e, enum engine_counter c) { e->counters[c]++; }
static inline struct instant later(const struct engine *e, struct span d) { return instant_add(e->now, d); }

/* A fresh request id; never 0. */
uint32_t engine_new_request_id(struct engine *e);
struct tunnel *engine_tunnel(const struct engine *e, uint32_t number); /* NULL: none */
struct rib *engine_rib(struct engine *e, uint32_t vrf); /* made when missing */

#endif
