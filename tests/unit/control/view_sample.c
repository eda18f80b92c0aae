#include "view_sample.h"

#include <assert.h>

static struct ipaddr ip(const char *text)
{
	struct ipaddr a = IPADDR_NONE;
	bool ok = ipaddr_parse(text, &a);

	assert(ok);
	return a;
}

static struct ipprefix prefix(const char *text)
{
	struct ipprefix p;
	bool ok = ipprefix_parse(text, &p);

	assert(ok);
	return p;
}

static struct instant at_s(int64_t s)
{
	return instant_add(INSTANT_ZERO, span_s(s));
}

enum { NOW_S = 10000000 };

static struct binding_view binding(const char *dst, const char *via, const char *nbma, enum binding_kind kind, int64_t age_s)
{
	struct binding_view b = { .dst = prefix(dst), .via = ip(via), .kind = kind, .state = BINDING_STATE_UP,
				  .created = at_s(NOW_S - age_s), .expires = at_s(NOW_S + 147), .peer = 0x0102030405 };

	if (nbma)
		b.nbma.addr = ip(nbma);
	return b;
}

static const struct binding_view *bindings(size_t *count)
{
	static struct binding_view b[6];

	b[0] = binding("10.0.0.1/32", "10.0.0.1", "192.0.2.1", BINDING_NHS, 1780);
	b[0].expires = INSTANT_NEVER;
	b[1] = binding("10.0.0.12/32", "10.0.0.12", "192.0.2.12", BINDING_CACHED, 6 * 86400 + 12 * 3600);
	b[1].router = b[1].nhop = true;
	b[1].claimed_nbma = ip("192.168.1.2");
	b[2] = binding("172.16.2.0/24", "10.0.0.12", "192.0.2.12", BINDING_CACHED, 26 * 86400);
	b[2].router = b[2].rib = true;
	b[3] = binding("10.0.0.13/32", "10.0.0.13", NULL, BINDING_INCOMPLETE, 6);
	b[3].state = BINDING_STATE_NHRP;
	b[3].reason = "no answer yet";
	b[3].leans_on = ip("10.0.0.1");
	b[3].peer = PEER_NONE;
	b[4] = binding("172.16.1.0/24", "10.0.0.11", "192.0.2.11", BINDING_LOCAL, 3);
	b[5] = binding("2001:db8::1/128", "2001:db8::1", "192.0.2.1", BINDING_NHS, 400 * 86400);
	*count = 6;
	return b;
}

static const struct nhs_view *servers(size_t *count)
{
	static struct nhs_view n[2];

	n[0] = (struct nhs_view){ .addr = ip("10.0.0.1"), .nbma = { .addr = ip("192.0.2.1") }, .status = NHS_VIEW_UP,
				  .expecting = true, .responding = true, .request_id = 57, .acknowledged_id = 57,
				  .requests_sent = 12, .replies_received = 12, .last_reply = at_s(NOW_S - 49),
				  .path = "ALIVE",
				  .path_rtt = { 12300 }, .probes_sent = 400, .probes_answered = 380 };
	n[1] = (struct nhs_view){ .addr = ip("10.0.0.2"), .nbma_name = "hub2.example", .status = NHS_VIEW_DOWN,
				  .priority = 1, .cluster = 2, .expecting = true, .request_id = 58, .requests_sent = 4,
				  .requests_failed = 3, .last_reply = INSTANT_NEVER, .reason = "name does not resolve" };
	*count = 2;
	return n;
}

static const struct view_tunnel *tunnels(size_t *count)
{
	static const struct view_setting settings[] = { { "net/ipv4/conf/Tunnel0/rp_filter", "2" } };
	static const struct view_coupling couplings[] = {
		{ "if-state nhrp", false, NULL, 0 }, { "nhrp fall-over bgp", true, NULL, 2 },
		{ "nhrp fall-over bfd", true, "bfdd is not connected", 0 }, { "nhrp route-hold", true, NULL, 1 } };
	static struct view_tunnel t[2];

	t[0] = (struct view_tunnel){ .name = "Tunnel0", .number = 0, .up = true, .line_protocol = true,
				     .role = TUNNEL_ROLE_SPOKE, .multipoint = true, .local = ip("192.0.2.11"),
				     .underlay_vrf = "", .overlay_vrf = "", .has_key = true, .key = 100, .datapath = "user",
				     .datapath_reason = "this kernel has no GRE",
				     .reason = "", .peer_count = 2, .binding_count = 6, .multicast_count = 1,
				     .coupling_count = 4, .couplings = couplings, .setting_count = 1, .settings = settings };
	t[1] = (struct view_tunnel){ .name = "Tunnel7", .number = 7, .role = TUNNEL_ROLE_UNKNOWN, .over_ipv6 = true,
				     .destination = ip("2001:db8:1::1"), .underlay_vrf = "INET", .overlay_vrf = "RED",
				     .datapath = "user", .datapath_reason = "asked for", .reason = "tunnel source: interface Gi0-0 is down",
				     .warm_behind = "Tunnel0", .rests = true, .rest_octets_per_day = 841234, .if_state_nhrp = true, .protection = "PF", .is_protected = true };
	*count = 2;
	return t;
}

static void add_sessions(struct view *v)
{
	static const struct view_sa sas[] = {
		{ .inbound = true, .udp = true, .spi = 0xc1234567, .phase = "live", .suite = "AES-GCM-16-128", .packets = 12,
		  .bytes = 3456, .replay_window = 64, .replay_drops = 1, .age_s = 60, .hard_s = 3540 },
		{ .sending = true, .udp = true, .spi = 0xc7654321, .phase = "live", .suite = "AES-GCM-16-128", .age_s = 60,
		  .hard_s = -1 },
	};
	static struct view_session s[2];

	s[0] = (struct view_session){ .number = 1, .profile = "PF", .underlay_vrf = "", .local = ip("192.0.2.11"),
				      .peer = { ip("192.0.2.1"), 0, 0 }, .remote_port = 4500, .state = "UP",
				      .status = "UP-ACTIVE", .identity = "hub1.example.net", .reason = "", .cause = "none", .remedy = "",
				      .ike_suite = "AES_CBC-256", .ike_version = 2, .is_initiator = true, .ikes = 1,
				      .up_since = at_s(NOW_S - 60), .sa_count = 2, .sas = sas };
	s[1] = (struct view_session){ .number = 2, .profile = "PF", .underlay_vrf = "INET", .local = ip("192.0.2.11"),
				      .peer = { ip("192.0.2.12"), 0, 1 }, .state = "BACKOFF", .status = "DOWN",
				      .identity = "", .reason = "no proposal chosen", .cause = "ike-proposal",
				      .remedy = "share a proposal", .ike_suite = "", .failures = 3, .failed_at = at_s(NOW_S - 4),
				      .up_since = INSTANT_NEVER };
	v->sessions = s;
	v->session_count = 2;
}

static void add_refused(struct view *v)
{
	static struct view_refused r;

	r = (struct view_refused){ ip("198.51.100.9"), "spoke9", "auth-of-peer", "authentication failed", "compare the keys", 5,
				   at_s(NOW_S - 30), at_s(NOW_S - 2) };
	v->refused = &r;
	v->refused_count = 1;
}

static void add_counters(struct view *v)
{
	static const struct view_count engine[] = { { "ERROR_SENT", "error indications sent", 0 },
						    { "FORWARDED", "messages forwarded", 7 } };
	static const struct view_count codec[] = { { "CHECKSUM", "checksum wrong", 2 } };
	static const struct view_count drops[] = { { "NO_PEER", "frame to a peer that is gone", 1 } };
	static const struct view_tunnel_traffic tunnel = { "Tunnel0", 1, 2, 3, 4, 5, 6, 7, 8 };
	static struct view_peer_traffic peer;
	static struct view_relay_traffic relay;

	peer = (struct view_peer_traffic){ "Tunnel0", ip("192.0.2.12"), 10, 20, 1000, 2000, 5000000, 7, 3, 1 };
	relay = (struct view_relay_traffic){ "Tunnel0", "Tunnel7", ip("192.0.2.11"), IPADDR_NONE, 30, 3000 };
	v->engine = engine;
	v->engine_count = 2;
	v->codec = codec;
	v->codec_count = 1;
	v->drops = drops;
	v->drop_count = 1;
	v->tunnel_traffic = &tunnel;
	v->tunnel_traffic_count = 1;
	v->peer_traffic = &peer;
	v->peer_traffic_count = 1;
	v->relay_traffic = &relay;
	v->relay_traffic_count = 1;
}

static void add_bfd(struct view *v)
{
	static const struct view_count drops[] = { { "TTL", "BFD packet that came from further away", 3 } };
	static struct view_bfd list[2];

	list[0] = (struct view_bfd){
		.interface = "Tunnel0", .local = ip("10.0.0.2"), .remote = ip("10.0.0.1"), .nbma = ip("192.0.2.1"), .by_nhrp = true,
		.by_routing = true, .state = 3, .remote_state = 3, .multiplier = 3, .remote_multiplier = 3, .discriminator = 17,
		.remote_discriminator = 34, .desired_min_tx_us = 50000, .required_min_rx_us = 50000,
		.remote_desired_min_tx_us = 75000, .remote_required_min_rx_us = 75000, .tx_interval_us = 75000,
		.detection_us = 225000, .since = span_s(61), .tx_packets = 900, .rx_packets = 899, .failures = 1,
	};
	list[1] = (struct view_bfd){ .interface = "Gi0-1", .local = ip("fd00::2"), .remote = ip("fd00::1"), .by_routing = true,
				     .state = 1, .diag = 1, .remote_state = 1, .discriminator = 18, .since = span_s(3) };
	v->bfd = list;
	v->bfd_count = 2;
	v->bfd_drops = drops;
	v->bfd_drop_count = 1;
	v->bfd_budget = 32000;
	v->bfd_floor_us = 50000;
}

const struct view *view_sample(void)
{
	static const struct view_event events[] = {
		{ 1700000000123456, 5, "NHRP_NHS_UP", "tunnel=Tunnel0 nhs=10.0.0.1" },
		{ 1700000000123456, 4, "NHRP_REGISTRATION_REFUSED",
		  "tunnel=Tunnel0 address=10.0.0.77 nbma=192.0.2.77 reason=\"administratively prohibited\"" },
	};
	static struct view v;

	v = (struct view){ .router = "spoke1", .now = at_s(NOW_S), .unix_us = 1700000060123456, .events = events, .event_count = 2 };
	v.bindings = bindings(&v.binding_count);
	v.nhs = servers(&v.nhs_count);
	v.tunnels = tunnels(&v.tunnel_count);
	add_sessions(&v);
	add_refused(&v);
	add_bfd(&v);
	add_counters(&v);
	return &v;
}
