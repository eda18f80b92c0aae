/*
 * snapshot: read-only views of the engine's state, for show commands, metrics and tests.
 * Iteration is in a defined order (tunnel number, then address). Start with a cursor of
 * {0}; a view's pointers are valid until the next call that changes the engine.
 */
#ifndef DMVPN_ENGINE_SNAPSHOT_H
#define DMVPN_ENGINE_SNAPSHOT_H

#include "engine/engine.h"
#include "engine/nhs_tally.h"

/* Opaque: where a walk stands. Zeroed to start; good even when entries come and go meanwhile. */
struct snapshot_cursor {
	size_t tunnel, family, table, index;
	bool inside;
	struct ipprefix last;
};

enum { SNAPSHOT_REQUESTERS_MAX = 64 };

enum binding_kind {
	BINDING_STATIC,     /* ip nhrp map */
	BINDING_NHS,        /* an NHS, learnt by registering */
	BINDING_REGISTERED, /* dynamic: a spoke that registered here */
	BINDING_CACHED,     /* dynamic: learnt by resolution */
	BINDING_LOCAL,      /* an answer we gave about ourselves: requesters to purge */
	BINDING_INCOMPLETE, /* resolution under way: traffic leans on an NHS */
	BINDING_NEGATIVE,   /* resolution refused */
};

/* Where an entry stands on the ladder of `show dmvpn`. */
enum binding_state { BINDING_STATE_INTF, BINDING_STATE_IKE, BINDING_STATE_IPSEC, BINDING_STATE_NHRP, BINDING_STATE_UP };

struct binding_view {
	uint32_t tunnel;
	struct ipprefix dst;   /* the target network; host prefix for a next hop */
	struct ipaddr via;     /* overlay next hop */
	struct endpoint nbma;  /* addr IP_NONE when unknown */
	struct ipaddr claimed_nbma; /* pre-NAT, IP_NONE when the same */
	uint64_t peer;
	enum binding_kind kind;
	enum binding_state state;
	bool unique, router, authoritative, implicit, nat, used, nhop, rib, nho, temporary;
	bool standby; /* of an NHS that is not needed for now, which is no fault */
	bool restored; /* saved by an earlier life, and not said again yet */
	struct instant created;
	struct instant expires; /* INSTANT_NEVER: does not */
	struct ipaddr leans_on; /* INCOMPLETE: the NHS that carries its traffic meanwhile */
	const char *reason;     /* why it is not UP; NULL when it is */
	uint8_t preference;
	uint16_t mtu_bytes;
	size_t requester_count;
	struct ipaddr requesters[SNAPSHOT_REQUESTERS_MAX]; /* whom we told about it */
};

enum nhs_status { NHS_VIEW_DOWN, NHS_VIEW_PROBE, NHS_VIEW_UP };

struct nhs_view {
	uint32_t tunnel;
	struct ipaddr addr; /* IP_NONE while a dynamic NHS is unknown */
	struct endpoint nbma;
	const char *nbma_name; /* NULL unless by name */
	uint8_t priority, cluster;
	enum nhs_status status;
	bool expecting, responding; /* the letters E and R */
	uint32_t request_id;        /* current registration */
	uint32_t acknowledged_id;
	uint64_t requests_sent, requests_failed, replies_received;
	const struct nhs_tallies *tallies; /* the same by address */
	struct instant last_reply; /* INSTANT_NEVER: none yet */
	struct span retry_interval; /* of the ladder; 0 when not retrying */
	bool over_budget;           /* so many are dead that this interval is longer than 4 s */
	bool standby;               /* DOWN because it is not needed, which is no fault */
	struct span held_back;      /* UP, but others are preferred for so long yet; 0: not */
	const char *reason;         /* cause when not UP: "no answer", "refused: …"; NULL when UP */
	const char *path;           /* "ALIVE", "DEAD" …: what probes say; NULL: not probed */
	const char *path_remark;    /* what that means, where it differs from what NHRP says; NULL: nothing */
	struct span path_rtt;       /* smoothed; 0: not measured */
	uint64_t probes_sent, probes_answered;
};

enum tunnel_role { TUNNEL_ROLE_UNKNOWN, TUNNEL_ROLE_SPOKE, TUNNEL_ROLE_HUB, TUNNEL_ROLE_HUB_SPOKE };

struct tunnel_view {
	uint32_t tunnel;
	bool up;
	struct endpoint local;
	struct ipaddr far_end; /* point-to-point: where frames go now; IP_NONE: nowhere yet */
	struct ipaddr outside; /* our address behind a NAT, as an NHS told it; IP_NONE: not natted */
	enum tunnel_role role;
	size_t peer_count;
	size_t binding_count;
	bool rests;           /* `nhrp warm`: at the slow pace, since the better tunnel is usable */
	uint64_t route_holds; /* times that its routes were held because an NHS died */
};

/* Counters of the engine: X(name, text). Drops of the codec are counted apart. */
#define ENGINE_COUNTERS(X) \
	X(RESOLUTION_REQUEST_SENT, "resolution requests sent") \
	X(RESOLUTION_REQUEST_RECEIVED, "resolution requests received") \
	X(RESOLUTION_REPLY_SENT, "resolution replies sent") \
	X(RESOLUTION_REPLY_RECEIVED, "resolution replies received") \
	X(REGISTRATION_REQUEST_SENT, "registration requests sent") \
	X(REGISTRATION_REQUEST_RECEIVED, "registration requests received") \
	X(REGISTRATION_REPLY_SENT, "registration replies sent") \
	X(REGISTRATION_REPLY_RECEIVED, "registration replies received") \
	X(PURGE_REQUEST_SENT, "purge requests sent") \
	X(PURGE_REQUEST_RECEIVED, "purge requests received") \
	X(PURGE_REPLY_SENT, "purge replies sent") \
	X(PURGE_REPLY_RECEIVED, "purge replies received") \
	X(ERROR_SENT, "error indications sent") \
	X(ERROR_RECEIVED, "error indications received") \
	X(TRAFFIC_INDICATION_SENT, "traffic indications sent") \
	X(TRAFFIC_INDICATION_RECEIVED, "traffic indications received") \
	X(PROBE_SENT, "probes sent") \
	X(PROBE_ANSWERED, "probes answered") \
	X(PATH_DOUBTED, "bursts of probes because a path was in doubt") \
	X(PATH_DEAD, "paths found dead") \
	X(FORWARDED, "messages forwarded to another NHS or client") \
	X(DROP_UNDECODED, "dropped: not decodable, see the codec's counters") \
	X(DROP_AUTHENTICATION, "dropped: authentication missing or wrong") \
	X(DROP_HOP_COUNT, "dropped: hop count exhausted") \
	X(DROP_LOOP, "dropped: own address in the transit record") \
	X(DROP_NO_ROUTE, "dropped: no way towards the destination") \
	X(DROP_UNMATCHED, "dropped: reply that matches no request") \
	X(DROP_SPOOFED, "dropped: source address is ours or not a host address") \
	X(DROP_NOT_ALLOWED, "dropped: not allowed by the configuration") \
	X(DROP_TOO_BIG, "dropped: our message does not fit a packet") \
	X(DROP_RATE, "dropped: over the max-send budget") \
	X(DROP_FULL, "dropped: binding table full") \
	X(DROP_TUNNEL, "dropped: tunnel unknown or without NHRP")

enum engine_counter {
#define ENGINE_COUNTER_ENUM(name, text) ENGINE_COUNT_##name,
	ENGINE_COUNTERS(ENGINE_COUNTER_ENUM)
#undef ENGINE_COUNTER_ENUM
	ENGINE_COUNTER_COUNT
};

const char *engine_counter_name(enum engine_counter c); /* "RESOLUTION_REQUEST_SENT" */
const char *engine_counter_text(enum engine_counter c);
uint64_t engine_counter(const struct engine *e, enum engine_counter c);
uint64_t engine_codec_drops(const struct engine *e, unsigned nhrp_drop); /* enum nhrp_drop */

/* How many of each the engine holds: what has come and gone must not stay behind. X(name) */
#define ENGINE_SIZES(X) \
	X(peers) X(bindings) X(dynamic_bindings) X(resolutions) X(answers) X(redirects) X(purges) X(timers)

struct engine_sizes {
#define ENGINE_SIZE(name) size_t name;
	ENGINE_SIZES(ENGINE_SIZE)
#undef ENGINE_SIZE
};

void snapshot_sizes(const struct engine *e, struct engine_sizes *out);

bool snapshot_next_binding(const struct engine *e, struct snapshot_cursor *c, struct binding_view *out);
bool snapshot_next_nhs(const struct engine *e, struct snapshot_cursor *c, struct nhs_view *out);
/* A route that is held (hold.h): its gateway, and until when at most. false: none of that prefix is. */
bool snapshot_held(const struct engine *e, uint32_t vrf, const struct ipprefix *dst, struct ipaddr *gateway,
		   struct instant *until);
bool snapshot_next_tunnel(const struct engine *e, struct snapshot_cursor *c, struct tunnel_view *out);

#endif
