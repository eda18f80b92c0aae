/*
 * view: all that the show commands can say, as plain values: the engine's snapshots and what
 * only the daemon knows. Everything is borrowed from whoever made the view.
 */
#ifndef DMVPN_CONTROL_VIEW_H
#define DMVPN_CONTROL_VIEW_H

#include "engine/snapshot.h"
#include "control/request.h"

struct view_setting {
	const char *name, *value;
};

/* One coupling between NHRP and routing: a line of the tunnel that can be said with `no`. */
struct view_coupling {
	const char *knob;    /* "nhrp fall-over bgp" */
	bool on;
	const char *trouble; /* why it does nothing in spite of that; NULL */
	uint64_t uses;       /* times that it acted */
};

struct view_tunnel {
	const char *name; /* "Tunnel0" */
	uint32_t number;
	bool up, line_protocol;
	enum tunnel_role role;
	bool multipoint;
	bool over_ipv6;
	struct ipaddr local;       /* IP_NONE: none */
	struct ipaddr destination; /* point-to-point: the far end now; IP_NONE: none */
	const char *underlay_vrf, *overlay_vrf;
	bool has_key;
	uint32_t key;
	const char *datapath, *datapath_reason; /* and why that one */
	const char *reason; /* why it is not up; NULL or "" */
	bool if_state_nhrp;
	const char *warm_behind;  /* `nhrp warm`, the better tunnel; NULL: it never rests */
	bool rests;               /* it does now */
	uint64_t rest_octets_per_day; /* computed, of its uplink while nobody sends anything */
	size_t coupling_count;
	const struct view_coupling *couplings;
	const char *protection; /* profile, NULL: none */
	bool is_protected;      /* false in spite of a profile: --no-ipsec */
	size_t peer_count, binding_count, multicast_count;
	size_t setting_count;
	const struct view_setting *settings;
};

/* One direction of an IPsec session. */
struct view_sa {
	bool inbound, sending, udp, esn;
	uint32_t spi;
	const char *phase; /* "live", "orphan", … */
	char suite[24];
	uint64_t packets, bytes;
	uint32_t replay_window, replay_drops, icv_drops;
	int64_t age_s, hard_s; /* hard_s < 0: no limit */
};

struct view_session {
	uint32_t number;
	const char *profile, *underlay_vrf;
	struct ipaddr local;
	struct endpoint peer;
	uint16_t remote_port;
	const char *state;    /* "IKE", "IPSEC", "UP", "BACKOFF" … */
	const char *status;   /* as IOS has it: "UP-ACTIVE", "UP-NO-IKE", "DOWN-NEGOTIATING", "DOWN" */
	const char *identity, *reason, *ike_suite; /* "" unknown, none */
	const char *cause, *remedy; /* that belong to the reason: a word, what to do */
	struct instant failed_at;   /* the last attempt that failed; zero: none */
	unsigned ike_version; /* 0: no IKE_SA */
	bool is_initiator;
	unsigned failures;
	size_t ikes;
	struct instant up_since; /* INSTANT_NEVER: cannot send */
	size_t sa_count;
	const struct view_sa *sas;
};

/* A peer that called by IKE and was refused. */
struct view_refused {
	struct ipaddr peer;
	const char *claims; /* the identity that it shows, not proven; "" none yet */
	const char *cause, *reason, *remedy;
	unsigned attempts;
	struct instant first, last;
};

enum { VIEW_BFD_NAME_MAX = 16 };

struct view_bfd {
	char interface[VIEW_BFD_NAME_MAX]; /* "Tunnel0"; "-": none in particular */
	struct ipaddr local, remote, nbma; /* nbma IP_NONE: not sent straight to one */
	bool by_nhrp, by_routing;          /* who asked for it */
	bool polling;
	uint8_t state, diag, remote_state, remote_diag, multiplier, remote_multiplier; /* as on the wire */
	uint32_t discriminator, remote_discriminator;
	uint32_t desired_min_tx_us, required_min_rx_us, remote_desired_min_tx_us, remote_required_min_rx_us, tx_interval_us;
	int64_t detection_us; /* 0: not watched */
	struct span since;    /* in that state */
	uint64_t tx_packets, rx_packets;
	uint32_t failures;
};

enum { VIEW_TRACK_MAX = 120 };

struct view_track {
	uint32_t number;
	char what[VIEW_TRACK_MAX], why[VIEW_TRACK_MAX];
	bool up;
	uint64_t changes;
	struct span since; /* in that state */
	uint16_t up_delay_s, down_delay_s;
	size_t routes;     /* static routes that hang on it */
};

struct view_sla {
	uint32_t number;
	struct ipaddr target;
	const char *interface; /* NULL: none in particular */
	const char *result;
	bool running;
	uint32_t frequency_ms, timeout_ms, threshold_ms;
	struct span rtt, least, mean, most; /* of answers */
	uint64_t sent, answered, failed;
};

struct view_event {
	int64_t unix_us;
	int severity;
	const char *mnemonic, *text;
};

struct view_count {
	const char *name, *text;
	uint64_t value;
};

struct view_tunnel_traffic {
	const char *name;
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes, rx_nhrp, tx_nhrp, multicast_copies, relay_fallback;
};

struct view_peer_traffic {
	const char *tunnel;
	struct ipaddr nbma;
	uint64_t rx_packets, tx_packets, rx_bytes, tx_bytes;
	uint64_t rate_bps; /* that it is sent at most; 0: whatever there is */
	uint64_t delayed, dropped, waiting; /* packets, for that */
};

struct view_relay_traffic {
	const char *in_tunnel, *out_tunnel;
	struct ipaddr in_nbma, out_nbma;
	uint64_t packets, bytes;
};

struct view {
	const char *router;
	struct instant now;
	int64_t unix_us; /* the same moment, as events have it */
	size_t tunnel_count, binding_count, nhs_count, event_count, session_count, refused_count;
	const struct view_tunnel *tunnels;
	const struct binding_view *bindings;
	const struct nhs_view *nhs;
	const struct view_event *events;
	const struct view_session *sessions;
	const struct view_refused *refused;
	size_t bfd_count, bfd_drop_count;
	const struct view_bfd *bfd;
	const struct view_count *bfd_drops;
	uint32_t bfd_budget, bfd_floor_us; /* packets per second; no interval is below */
	size_t track_count, sla_count;
	const struct view_track *tracks;
	const struct view_sla *slas;
	size_t engine_count, codec_count, drop_count;
	const struct view_count *engine, *codec, *drops;
	size_t tunnel_traffic_count, peer_traffic_count, relay_traffic_count;
	const struct view_tunnel_traffic *tunnel_traffic;
	const struct view_peer_traffic *peer_traffic;
	const struct view_relay_traffic *relay_traffic;
};

/* malloc'd text ending in a line end, NULL when out of memory. */
char *show_text(const struct view *v, enum show_subject subject);
char *show_json(const struct view *v, enum show_subject subject);

#endif
