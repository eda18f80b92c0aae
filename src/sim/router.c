/* One router: a real engine on a real configuration, and its host. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/saved.h"
#include "sim/session.h"
#include "wire/nhrp.h"

enum {
	TICKS_AT_ONCE_MAX = 1000, /* at one instant, before the clock is said to stand still */
	PEERS_PER_LIFE = 1 << 20, /* ids kept apart between two lives of a router */
};

/* After a restart unclaimed entries go this long after the hold time, as the daemon does it. */
static const struct span settle_margin = { 5000000 };
/* What the keeper grants a clean stop before it ends the process. */
static const struct span shutdown_patience = { 3000000 };

static struct config *read_config(struct world *w, const struct router *r)
{
	char error[256] = "";
	char *text = design_config(w, r);
	struct config *c = config_read_text(r->name, text, strlen(text), error, sizeof error);

	free(text);
	if (!c) {
		world_fail(w, r, "configuration: %s", error);
	} else if (config_blocking_count(c) > 0) {
		world_fail(w, r, "the configuration is refused");
		config_free(c);
		return NULL;
	}
	return c;
}

static void tell_route(struct world *w, struct router *r, const struct host_route *x, bool local)
{
	if (!local)
		host_route_set(&r->host, x);
	world_tell(w, r, &(struct event){
		.type = EVENT_ROUTE, .tunnel = x->tunnel,
		.route = { .add = true, .dst = x->dst, .gateway = x->gateway, .via_tunnel = x->via_tunnel,
			   .local = local } });
}

static void tell_connected(struct world *w, struct router *r, const struct ipaddr *own, uint8_t len, bool via_tunnel,
			   uint32_t tunnel)
{
	struct host_route x = { .dst = ipprefix_make(own, len), .via_tunnel = via_tunnel, .tunnel = tunnel };

	tell_route(w, r, &x, false);
	x.dst = ipprefix_host(own);
	tell_route(w, r, &x, true);
}

/* IPv6 routing talks by link-local addresses, which are registered too. */
static void tell_link_local(struct world *w, struct router *r, uint32_t tunnel)
{
	const struct ipaddr own = design_link_local(w, r, tunnel);
	const struct host_route x = { .dst = ipprefix_host(&own), .via_tunnel = true, .tunnel = tunnel };

	if (!ipaddr_is_none(&own))
		tell_route(w, r, &x, true);
}

/* What the kernel knows: addresses and connected networks, and what routing left there. */
static void tell_routes(struct world *w, struct router *r)
{
	const struct ipaddr centre = design_centre(w);

	for (size_t i = 0; i < host_route_count(&r->host.routes); i++) {
		const struct host_route x = *host_route_at(&r->host.routes, i);

		if (!ipaddr_is_none(&x.gateway))
			tell_route(w, r, &x, false);
	}
	for (size_t i = 0; i < r->tunnel_count; i++) {
		const uint32_t t = router_tunnel(r, i);
		const struct ipaddr own = design_addr(w, r, t);

		tell_connected(w, r, &own, design_len(w, 16), true, t);
		tell_link_local(w, r, t);
	}
	tell_connected(w, r, &r->lan_host, design_len(w, 24), false, 0);
	if (r->is_hub)
		tell_connected(w, r, &centre, design_len(w, 24), false, 0);
	for (size_t i = 0; i < w->scenario->prefixes && !r->is_hub; i++)
		tell_route(w, r, &(struct host_route){ .dst = design_prefix(w, r, i) }, false);
}

static void tell_tunnels(struct world *w, struct router *r)
{
	for (size_t i = 0; i < r->tunnel_count; i++) {
		const uint32_t t = router_tunnel(r, i);
		const struct ipaddr outside = r->uplinks[design_uplink(w, t)].nbma;

		world_tell(w, r, &(struct event){
			.type = EVENT_TUNNEL, .tunnel = t,
			.tunnel_state = { .up = true, .local = { .addr = r->natted ? r->inside : outside } } });
	}
}

/* A data path that was kept: its peers keep their ids, the rest has to be claimed. */
static void tell_peers(struct world *w, struct router *r)
{
	for (size_t i = 0; i < r->host.peers.count; i++) {
		const struct host_peer p = *(struct host_peer *)table_at(&r->host.peers, i);

		world_tell(w, r, &(struct event){
			.type = EVENT_PEER_KNOWN, .tunnel = p.tunnel,
			.peer_known = { .peer = p.id, .nbma = { .addr = p.nbma }, .key = p.key, .shape = p.shape } });
	}
}

static void tell_neighbours(struct world *w, struct router *r)
{
	for (size_t i = 0; i < r->host.neighbours.count; i++) {
		const struct host_neighbour n = *(struct host_neighbour *)table_at(&r->host.neighbours, i);

		world_tell(w, r, &(struct event){
			.type = EVENT_NEIGHBOUR_KNOWN, .tunnel = n.tunnel,
			.neighbour_known = { .addr = n.addr, .peer = n.peer } });
	}
}

static void adopt_host(struct world *w, struct router *r)
{
	const uint16_t hold_s = design_holdtime_s(w, r);
	const struct span grace = span_us((int64_t)hold_s * 1000000 + settle_margin.us);

	r->unsettled = true;
	tell_peers(w, r);
	tell_neighbours(w, r);
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, grace), .type = HAPPENS_SETTLE, .subject = world_index(w, r),
		.incarnation = r->incarnation });
}

void router_start(struct world *w, struct router *r)
{
	struct config *c = read_config(w, r);
	bool is_restart;
	struct engine_options o = {
		.seed = w->seed * 1000 + world_index(w, r) + r->incarnation * 7919,
		.peer_id_first = 1 + r->incarnation * PEERS_PER_LIFE,
		.request_id_first = r->request_id + 1,
		.bindings_max = r->is_hub ? w->scenario->hub_bindings_max : w->scenario->spoke_bindings_max,
	};

	if (!c)
		return;
	r->died = INSTANT_NEVER;
	r->engine = engine_new(c, &o, router_now(w, r));
	config_free(c);
	if (!r->engine) {
		world_fail(w, r, "no engine");
		return;
	}
	is_restart = r->forwards;
	world_note(w, r, is_restart ? "starts again" : "starts");
	if (r->forwards)
		adopt_host(w, r);
	else
		host_reset(&r->host);
	r->forwards = true;
	w->reroute[world_index(w, r)] = true;
	tell_routes(w, r);
	tell_tunnels(w, r);
	saved_tell(w, r, is_restart);
}

void router_move(struct world *w, struct router *r, bool away)
{
	const bool was_away = r->moves > 0;

	r->moves = away ? r->moves + 1 : r->moves - 1;
	if (was_away == (r->moves > 0))
		return;
	for (size_t u = 0; u < w->scenario->uplinks; u++) {
		struct uplink *const x = &r->uplinks[u];

		x->former = x->nbma;
		x->nbma = r->moves > 0 ? x->away : x->home;
	}
	r->moved = w->now;
	world_note(w, r, "moves %s", away ? "away" : "home");
	sessions_forget(r); /* they were between other addresses */
	if (!r->natted)
		tell_tunnels(w, r);
}

void router_sleep(struct world *w, struct router *r, bool clock_stands)
{
	if (!r->forwards || r->stopping)
		return;
	world_note(w, r, "falls asleep");
	if (r->sleeps++ > 0)
		return;
	r->slept = w->now;
	r->clock_stands = clock_stands;
	world_deadline_changed(w, r);
}

static void wake(struct world *w, struct router *r)
{
	r->sleeps = 0;
	if (r->clock_stands)
		r->skew.us -= instant_since(w->now, r->slept).us;
	r->woke = w->now;
	r->routed = false;
	w->reroute[world_index(w, r)] = true;
	world_deadline_changed(w, r);
}

void router_wake(struct world *w, struct router *r)
{
	if (r->sleeps == 0) /* it was started anew meanwhile */
		return;
	world_note(w, r, "wakes");
	if (r->sleeps > 1)
		r->sleeps--;
	else
		wake(w, r);
}

void router_jump(struct world *w, struct router *r, struct span ahead)
{
	world_note(w, r, "sees its clock jump");
	r->skew.us += ahead.us;
	world_deadline_changed(w, r);
}

static void lose_engine(struct world *w, struct router *r)
{
	r->request_id = engine_request_id(r->engine);
	saved_keep(w, r);
	engine_free(r->engine);
	r->engine = NULL;
	r->stopping = false;
	r->died = w->now;
	r->incarnation++;
	world_deadline_changed(w, r);
}

void router_crash(struct world *w, struct router *r)
{
	if (!r->forwards)
		return;
	world_note(w, r, "crashes");
	if (r->engine)
		lose_engine(w, r);
	if (r->sleeps > 0)
		wake(w, r);
	r->forwards = r->routed = false;
	bfd_end(r);
	r->unsettled = false;
	host_reset(&r->host);
	sessions_forget(r);
}

void router_pause(struct world *w, struct router *r)
{
	if (!r->engine || r->stopping || r->sleeps > 0)
		return;
	world_note(w, r, "loses its control process");
	lose_engine(w, r);
	sessions_drop_waiting(r);
	host_engine_lost(&r->host);
}

void router_settle(struct world *w, struct router *r)
{
	world_note(w, r, "settles");
	r->unsettled = false;
	host_settle(&r->host);
	world_tell(w, r, &(struct event){ .type = EVENT_SETTLED });
	bfd_settle(w, r);
}

static void reconfigure(struct world *w, struct router *r)
{
	struct config *c = read_config(w, r);

	if (!c)
		return;
	engine_reconfigure(r->engine, router_now(w, r), c);
	world_deadline_changed(w, r);
	config_free(c);
}

void router_change(struct world *w, struct router *r, bool changed)
{
	struct effect e;

	if (r->engine && !r->stopping) { /* whatever is due, so that what follows is the reload's doing */
		world_tell(w, r, &(struct event){ .type = EVENT_TICK });
		reconfigure(w, r);
		if (engine_next_effect(r->engine, &e))
			world_fail(w, r, "a reload that changes nothing has effects");
	}
	r->changes = changed ? r->changes + 1 : r->changes - 1;
	world_note(w, r, "configuration %s", changed ? "changes" : "changes back");
	if (!r->engine || r->stopping)
		return;
	reconfigure(w, r);
	world_tell(w, r, &(struct event){ .type = EVENT_TICK });
}

void router_stop(struct world *w, struct router *r)
{
	if (!r->engine || r->stopping || r->sleeps > 0)
		return;
	r->stopping = true;
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, shutdown_patience), .type = HAPPENS_PATIENCE,
		.subject = world_index(w, r), .incarnation = r->incarnation });
	world_tell(w, r, &(struct event){ .type = EVENT_SHUTDOWN });
}

void router_patience_ends(struct world *w, struct router *r)
{
	world_fail(w, r, "the engine does not finish its shutdown");
}

void router_tick(struct world *w, struct router *r)
{
	if (r->ticked_at.us != w->now.us) {
		r->ticked_at = w->now;
		r->ticks = 0;
	}
	if (++r->ticks > TICKS_AT_ONCE_MAX)
		world_fail(w, r, "the engine's deadline does not move on");
	else
		world_tell(w, r, &(struct event){ .type = EVENT_TICK });
}

static const char *hex_of(const struct effect *e, char out[2 * NHRP_MESSAGE_MAX + 1])
{
	out[0] = '\0';
	for (size_t i = 0; i < e->send.length && i < NHRP_MESSAGE_MAX; i++)
		snprintf(out + 2 * i, 3, "%02x", e->send.bytes[i]);
	return out;
}

static void trace_send(struct world *w, const struct router *r, const struct effect *e, const struct nhrp_message *m)
{
	char to[IPADDR_TEXT_MAX], src[IPADDR_TEXT_MAX], dst[IPADDR_TEXT_MAX], hex[2 * NHRP_MESSAGE_MAX + 1];

	world_trace(w, r, "sends %s id %u %s -> %s to %s %s", nhrp_type_name(m->type), m->request_id,
		    ipaddr_format(&m->src_proto, src), ipaddr_format(&m->dst_proto, dst),
		    ipaddr_format(&e->send.to.addr, to), hex_of(e, hex));
}

static void note_send(struct world *w, const struct router *r, const struct effect *e)
{
	static struct nhrp_message m;
	const enum nhrp_drop drop = nhrp_decode(e->send.bytes, e->send.length, &m, NULL);

	world_mark_octets(w, &e->send.to.addr, sizeof e->send.to.addr);
	world_mark_octets(w, e->send.bytes, e->send.length);
	if (w->trace)
		trace_send(w, r, e, &m);
	if (drop != NHRP_DROP_NONE)
		world_fail(w, r, "sent a message that is malformed: %s", nhrp_drop_text(drop));
}

static void ask_usage(struct world *w, const struct router *r, const struct effect *e)
{
	queue_add(&w->queue, &(struct happening){
		.at = w->now, .type = HAPPENS_USAGE, .subject = world_index(w, r), .tunnel = e->tunnel,
		.addr = e->usage.addr, .peer = e->usage.peer, .incarnation = r->incarnation });
}

static void trace_effect(struct world *w, const struct router *r, const struct effect *e)
{
	char a[IPADDR_TEXT_MAX], b[IPADDR_TEXT_MAX], p[IPPREFIX_TEXT_MAX];

	switch (e->type) {
	case EFFECT_PEER_SET:
	case EFFECT_PEER_DEL:
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
		world_trace(w, r, "effect %d peer %" PRIu64 " nbma %s", (int)e->type, e->peer.peer,
			    ipaddr_format(&e->peer.nbma.addr, a));
		break;
	case EFFECT_NEIGHBOUR_SET:
	case EFFECT_NEIGHBOUR_DEL:
		world_trace(w, r, "neighbour %s %s peer %" PRIu64,
			    e->type == EFFECT_NEIGHBOUR_SET ? "set" : "del", ipaddr_format(&e->neighbour.addr, a),
			    e->neighbour.peer);
		break;
	case EFFECT_SHORTCUT_SET:
	case EFFECT_SHORTCUT_DEL:
		world_trace(w, r, "shortcut %s %s via %s", e->type == EFFECT_SHORTCUT_SET ? "set" : "del",
			    ipprefix_format(&e->shortcut.dst, p), ipaddr_format(&e->shortcut.gateway, a));
		break;
	case EFFECT_RELAYS:
		world_trace(w, r, "relays %zu first %" PRIu64, e->relays.count,
			    e->relays.count ? e->relays.peers[0] : 0);
		break;
	case EFFECT_TRACE:
		world_trace(w, r, "%%DMVPN-%d-%s: %s", (int)e->trace.severity, e->trace.mnemonic, e->trace.text);
		break;
	case EFFECT_SEND: /* note_send() */
		break;
	case EFFECT_PROBE:
		world_trace(w, r, "probe %u to %s at %s", e->probe.sequence, ipaddr_format(&e->probe.addr, b),
			    ipaddr_format(&e->probe.nbma.addr, a));
		break;
	case EFFECT_USAGE:
	case EFFECT_RESOLVE:
	case EFFECT_SILENT:
	case EFFECT_ROUTING:
	case EFFECT_BFD_SET:
	case EFFECT_BFD_DEL:
	case EFFECT_CARRIER:
	case EFFECT_DONE:
		world_trace(w, r, "effect %d", (int)e->type);
		break;
	}
}

/* What two runs must do alike: the hash of everything that an effect says. */
static void mark_effect(struct world *w, const struct router *r, const struct effect *e)
{
	world_mark(w, r, (uint64_t)e->type << 8 | 1, e->tunnel);
	switch (e->type) {
	case EFFECT_PEER_SET:
	case EFFECT_PEER_DEL:
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
		world_mark_octets(w, &e->peer.peer, sizeof e->peer.peer);
		world_mark_octets(w, &e->peer.nbma.addr, sizeof e->peer.nbma.addr);
		break;
	case EFFECT_NEIGHBOUR_SET:
	case EFFECT_NEIGHBOUR_DEL:
		world_mark_octets(w, &e->neighbour.addr, sizeof e->neighbour.addr);
		world_mark_octets(w, &e->neighbour.peer, sizeof e->neighbour.peer);
		break;
	case EFFECT_SHORTCUT_SET:
	case EFFECT_SHORTCUT_DEL:
		world_mark_octets(w, &e->shortcut.dst, sizeof e->shortcut.dst);
		world_mark_octets(w, &e->shortcut.gateway, sizeof e->shortcut.gateway);
		break;
	case EFFECT_RELAYS:
		world_mark_octets(w, e->relays.peers, e->relays.count * sizeof *e->relays.peers);
		break;
	case EFFECT_TRACE:
		world_mark_octets(w, e->trace.text, strlen(e->trace.text));
		break;
	case EFFECT_USAGE:
		world_mark_octets(w, &e->usage.addr, sizeof e->usage.addr);
		break;
	case EFFECT_SILENT:
		world_mark_octets(w, &e->silent.nbma.addr, sizeof e->silent.nbma.addr);
		break;
	case EFFECT_PROBE:
		world_mark_octets(w, &e->probe.sequence, sizeof e->probe.sequence);
		break;
	case EFFECT_ROUTING:
		world_mark_octets(w, &e->routing.addr, sizeof e->routing.addr);
		break;
	case EFFECT_BFD_SET:
	case EFFECT_BFD_DEL:
		world_mark_octets(w, &e->bfd.remote, sizeof e->bfd.remote);
		world_mark_octets(w, &e->bfd.nbma.addr, sizeof e->bfd.nbma.addr);
		break;
	case EFFECT_CARRIER:
	case EFFECT_SEND: /* note_send() */
	case EFFECT_RESOLVE:
	case EFFECT_DONE:
		break;
	}
}

/* What an effect asks of the world, beside what it changes in the router's tables. */
static void carry_out(struct world *w, struct router *r, const struct effect *e)
{
	const char *const violation = host_apply(&r->host, e, w->now);

	if (violation)
		world_fail(w, r, "%s", violation);
	else if (e->type == EFFECT_SEND)
		underlay_send(w, r, e);
	else if (e->type == EFFECT_USAGE)
		ask_usage(w, r, e);
	else if (e->type == EFFECT_PEER_SET)
		session_want(w, r, e->tunnel, &e->peer.nbma.addr);
	else if (e->type == EFFECT_SILENT)
		session_suspect(w, r, e->tunnel, &e->silent.nbma.addr);
	else if (e->type == EFFECT_PROBE)
		probe_send(w, r, e);
	else if (e->type == EFFECT_BFD_SET || e->type == EFFECT_BFD_DEL)
		bfd_ask(w, r, e);
	else if (e->type == EFFECT_ROUTING)
		routing_told(w, r, e);
	else if (e->type == EFFECT_TRACE && strcmp(e->trace.mnemonic, "NHRP_PATH_DOWN") == 0 &&
		 ++w->result->paths_lost > w->scenario->paths_lost_max)
		world_fail(w, r, "more paths are given up than may be: %s", e->trace.text);
}

static void do_effect(struct world *w, struct router *r, const struct effect *e)
{
	mark_effect(w, r, e);
	if (e->type == EFFECT_SEND)
		note_send(w, r, e);
	else if (w->trace)
		trace_effect(w, r, e);
	carry_out(w, r, e);
}

void world_tell(struct world *w, struct router *r, const struct event *ev)
{
	struct effect e;
	bool done = false;

	if (!r->engine || w->result->failed)
		return;
	w->result->events++;
	world_mark(w, r, ev->type, ev->tunnel);
	world_trace(w, r, "event %d", (int)ev->type);
	engine_handle(r->engine, router_now(w, r), ev);
	while (engine_next_effect(r->engine, &e)) {
		done |= e.type == EFFECT_DONE;
		do_effect(w, r, &e);
	}
	world_deadline_changed(w, r);
	if (done && !r->stopping)
		world_fail(w, r, "the engine ends without having been told to");
	if (done)
		router_crash(w, r);
}

void world_route(struct world *w, struct router *r, const struct host_route *x)
{
	const bool add = !ipaddr_is_none(&x->gateway);
	const struct ipprefix dst = x->dst; /* x may be the entry that goes */
	char p[IPPREFIX_TEXT_MAX], g[IPADDR_TEXT_MAX];

	if (add)
		host_route_set(&r->host, x);
	else
		host_route_del(&r->host, &dst);
	world_mark_octets(w, &dst, sizeof dst);
	world_mark_octets(w, &x->gateway, sizeof x->gateway);
	if (w->trace)
		world_trace(w, r, "route %s via %s", ipprefix_format(&dst, p), ipaddr_format(&x->gateway, g));
	world_tell(w, r, &(struct event){
		.type = EVENT_ROUTE, .tunnel = x->tunnel,
		.route = { .add = add, .dst = dst, .gateway = x->gateway, .via_tunnel = x->via_tunnel } });
}
