/* One router: a real engine on a real configuration, and its host. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"
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

/* What the kernel knows: addresses and connected networks, and what routing left there. */
static void tell_routes(struct world *w, struct router *r)
{
	for (size_t i = 0; i < r->host.route_count; i++) {
		const struct host_route x = r->host.routes[i];

		if (!ipaddr_is_none(&x.gateway))
			tell_route(w, r, &x, false);
	}
	for (uint32_t t = r->tunnel_first; t < r->tunnel_first + r->tunnel_count; t++)
		tell_connected(w, r, &r->addrs[t], 16, true, t);
	tell_connected(w, r, &r->lan_host, 24, false, 0);
}

static void tell_tunnels(struct world *w, struct router *r)
{
	for (uint32_t t = r->tunnel_first; t < r->tunnel_first + r->tunnel_count; t++)
		world_tell(w, r, &(struct event){
			.type = EVENT_TUNNEL, .tunnel = t,
			.tunnel_state = { .up = true, .local = { .addr = r->natted ? r->inside : r->nbma } } });
}

/* A data path that was kept: its peers keep their ids, the rest has to be claimed. */
static void tell_peers(struct world *w, struct router *r)
{
	for (size_t i = 0; i < r->host.peer_count; i++) {
		const struct host_peer *p = &r->host.peers[i];

		world_tell(w, r, &(struct event){
			.type = EVENT_PEER_KNOWN, .tunnel = p->tunnel,
			.peer_known = { .peer = p->id, .nbma = { .addr = p->nbma } } });
	}
}

static void reset_host(struct router *r)
{
	const bool point_to_point = r->host.point_to_point;

	host_reset(&r->host);
	r->host.point_to_point = point_to_point;
}

static void adopt_host(struct world *w, struct router *r)
{
	const uint16_t hold_s = design_holdtime_s(w, r);
	const struct span grace = span_us((int64_t)hold_s * 1000000 + settle_margin.us);

	tell_peers(w, r);
	queue_add(&w->queue, &(struct happening){
		.at = instant_add(w->now, grace), .type = HAPPENS_SETTLE, .subject = world_index(w, r),
		.incarnation = r->incarnation });
}

void router_start(struct world *w, struct router *r)
{
	struct config *c = read_config(w, r);
	struct engine_options o = {
		.seed = w->seed * 1000 + world_index(w, r) + r->incarnation * 7919,
		.peer_id_first = 1 + r->incarnation * PEERS_PER_LIFE,
		.request_id_first = r->request_id + 1,
	};

	if (!c)
		return;
	r->died = INSTANT_NEVER;
	r->engine = engine_new(c, &o, w->now);
	config_free(c);
	if (!r->engine) {
		world_fail(w, r, "no engine");
		return;
	}
	world_note(w, r, r->forwards ? "starts again" : "starts");
	if (r->forwards)
		adopt_host(w, r);
	else
		reset_host(r);
	r->forwards = true;
	tell_routes(w, r);
	tell_tunnels(w, r);
}

void router_move(struct world *w, struct router *r, bool away)
{
	const struct ipaddr former = r->nbma;

	r->moves = away ? r->moves + 1 : r->moves - 1;
	r->nbma = r->moves > 0 ? r->away : r->home;
	if (ipaddr_eq(&former, &r->nbma))
		return;
	r->former = former;
	r->moved = w->now;
	world_note(w, r, "moves %s", away ? "away" : "home");
	if (!r->natted)
		tell_tunnels(w, r);
}

static void lose_engine(struct world *w, struct router *r)
{
	r->request_id = engine_request_id(r->engine);
	engine_free(r->engine);
	r->engine = NULL;
	r->stopping = false;
	r->died = w->now;
	r->incarnation++;
}

void router_crash(struct world *w, struct router *r)
{
	if (!r->forwards)
		return;
	world_note(w, r, "crashes");
	if (r->engine)
		lose_engine(w, r);
	r->forwards = false;
	reset_host(r);
}

void router_pause(struct world *w, struct router *r)
{
	if (!r->engine || r->stopping)
		return;
	world_note(w, r, "loses its control process");
	lose_engine(w, r);
	host_engine_lost(&r->host);
}

void router_settle(struct world *w, struct router *r)
{
	world_note(w, r, "settles");
	host_settle(&r->host);
}

static void reconfigure(struct world *w, struct router *r)
{
	struct config *c = read_config(w, r);

	if (!c)
		return;
	engine_reconfigure(r->engine, w->now, c);
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
	if (!r->engine || r->stopping)
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

/* Once over the underlay: maybe lost, maybe twice, each copy with a delay of its own. */
static void send_message(struct world *w, struct router *from, const struct effect *e)
{
	const struct scenario *s = w->scenario;
	struct router *to = world_router_of_nbma(w, &e->send.to.addr);
	const uint64_t spread = (uint64_t)(s->delay_most.us - s->delay_least.us) + 1;
	const bool calm = w->now.us >= s->length.us - s->calm.us;
	const unsigned loss = calm ? 0 : s->loss_percent;
	unsigned copies = prng_below(&w->network, 100) < (calm ? 0 : s->duplicate_percent) ? 2 : 1;

	w->result->messages++;
	check_storm(w, from);
	for (; copies > 0; copies--) {
		const bool lost = prng_below(&w->network, 100) < loss;
		const struct span delay = span_us(s->delay_least.us + (int64_t)prng_below(&w->network, spread));
		struct happening h = { .at = instant_add(w->now, delay), .type = HAPPENS_PACKET, .tunnel = e->tunnel };

		if (lost || !to || !world_reaches(w, from, to) || !router_has_tunnel(to, e->tunnel))
			continue;
		h.subject = world_index(w, to);
		h.addr = from->nbma;
		h.length = e->send.length;
		h.bytes = malloc(e->send.length ? e->send.length : 1);
		if (!h.bytes)
			abort();
		memcpy(h.bytes, e->send.bytes, e->send.length);
		queue_add(&w->queue, &h);
	}
}

static void note_send(struct world *w, const struct router *r, const struct effect *e)
{
	static struct nhrp_message m;
	char to[IPADDR_TEXT_MAX], src[IPADDR_TEXT_MAX], dst[IPADDR_TEXT_MAX];
	const enum nhrp_drop drop = nhrp_decode(e->send.bytes, e->send.length, &m, NULL);
	char hex[2 * NHRP_MESSAGE_MAX + 1] = "";

	for (size_t i = 0; i < e->send.length && i < NHRP_MESSAGE_MAX; i++)
		snprintf(hex + 2 * i, 3, "%02x", e->send.bytes[i]);
	world_note(w, r, "sends %s id %u %s -> %s to %s %s", nhrp_type_name(m.type), m.request_id,
		   ipaddr_format(&m.src_proto, src), ipaddr_format(&m.dst_proto, dst),
		   ipaddr_format(&e->send.to.addr, to), hex);
	if (drop != NHRP_DROP_NONE)
		world_fail(w, r, "sent a message that is malformed: %s", nhrp_drop_text(drop));
}

static void ask_usage(struct world *w, const struct router *r, const struct effect *e)
{
	queue_add(&w->queue, &(struct happening){
		.at = w->now, .type = HAPPENS_USAGE, .subject = world_index(w, r), .tunnel = e->tunnel,
		.addr = e->usage.addr, .peer = e->usage.peer, .incarnation = r->incarnation });
}

static void note_effect(struct world *w, const struct router *r, const struct effect *e)
{
	char a[IPADDR_TEXT_MAX], p[IPPREFIX_TEXT_MAX];

	switch (e->type) {
	case EFFECT_PEER_SET:
	case EFFECT_PEER_DEL:
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
		world_note(w, r, "effect %d peer %" PRIu64 " nbma %s", (int)e->type, e->peer.peer,
			   ipaddr_format(&e->peer.nbma.addr, a));
		break;
	case EFFECT_NEIGHBOUR_SET:
	case EFFECT_NEIGHBOUR_DEL:
		world_note(w, r, "neighbour %s %s peer %" PRIu64,
			   e->type == EFFECT_NEIGHBOUR_SET ? "set" : "del", ipaddr_format(&e->neighbour.addr, a),
			   e->neighbour.peer);
		break;
	case EFFECT_SHORTCUT_SET:
	case EFFECT_SHORTCUT_DEL:
		world_note(w, r, "shortcut %s %s via %s", e->type == EFFECT_SHORTCUT_SET ? "set" : "del",
			   ipprefix_format(&e->shortcut.dst, p), ipaddr_format(&e->shortcut.gateway, a));
		break;
	case EFFECT_RELAYS:
		world_note(w, r, "relays %zu first %" PRIu64, e->relays.count,
			   e->relays.count ? e->relays.peers[0] : 0);
		break;
	case EFFECT_TRACE:
		world_note(w, r, "%%DMVPN-%d-%s: %s", (int)e->trace.severity, e->trace.mnemonic, e->trace.text);
		break;
	case EFFECT_SEND:
		note_send(w, r, e);
		break;
	case EFFECT_USAGE:
	case EFFECT_RESOLVE:
	case EFFECT_SILENT:
	case EFFECT_CARRIER:
	case EFFECT_DONE:
		world_note(w, r, "effect %d", (int)e->type);
		break;
	}
}

static void do_effect(struct world *w, struct router *r, const struct effect *e)
{
	const char *violation;

	note_effect(w, r, e);
	if (e->type == EFFECT_SEND) {
		send_message(w, r, e);
		return;
	}
	if (e->type == EFFECT_USAGE) {
		ask_usage(w, r, e);
		return;
	}
	violation = host_apply(&r->host, e, w->now);
	if (violation)
		world_fail(w, r, "%s", violation);
}

void world_tell(struct world *w, struct router *r, const struct event *ev)
{
	struct effect e;
	bool done = false;

	if (!r->engine || w->result->failed)
		return;
	w->result->events++;
	world_note(w, r, "event %d", (int)ev->type);
	engine_handle(r->engine, w->now, ev);
	while (engine_next_effect(r->engine, &e)) {
		done |= e.type == EFFECT_DONE;
		do_effect(w, r, &e);
	}
	if (done && !r->stopping)
		world_fail(w, r, "the engine ends without having been told to");
	if (done)
		router_crash(w, r);
}

void world_route(struct world *w, struct router *r, uint32_t tunnel, const struct ipprefix *dst,
		 const struct ipaddr *gateway)
{
	const bool add = !ipaddr_is_none(gateway);
	const struct host_route x = { .dst = *dst, .gateway = *gateway, .via_tunnel = true, .tunnel = tunnel };
	char p[IPPREFIX_TEXT_MAX], g[IPADDR_TEXT_MAX];

	if (add)
		host_route_set(&r->host, &x);
	else
		host_route_del(&r->host, dst);
	world_note(w, r, "route %s via %s", ipprefix_format(dst, p), ipaddr_format(gateway, g));
	world_tell(w, r, &(struct event){
		.type = EVENT_ROUTE, .tunnel = tunnel,
		.route = { .add = add, .dst = *dst, .gateway = *gateway, .via_tunnel = true } });
}
