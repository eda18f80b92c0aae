#include "harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "engine/state.h"

enum { LATENCY_MS = 5, V6_BITS = 96 };

/* ---- addresses */

static bool overlay_v6;
static const uint8_t v6_prefix[12] = { 0xfd };

int rig_over_v6(void **state)
{
	(void)state;
	overlay_v6 = true;
	return 0;
}

static bool is_stand_in(const struct ipaddr *a)
{
	return a->family == IP_V6 && memcmp(a->bytes, v6_prefix, sizeof v6_prefix) == 0;
}

static bool has_stand_in(const struct ipaddr *a)
{
	return overlay_v6 && a->family == IP_V4 && (a->bytes[0] == 10 || (a->bytes[0] == 192 && a->bytes[1] == 168));
}

static struct ipaddr stand_in(const struct ipaddr *a)
{
	uint8_t bytes[16];

	memcpy(bytes, v6_prefix, sizeof v6_prefix);
	memcpy(bytes + sizeof v6_prefix, a->bytes, 4);
	return ipaddr_from_bytes(IP_V6, bytes);
}

/* As the test writes it. */
static const char *text_of(const struct ipaddr *a, char out[IPADDR_TEXT_MAX])
{
	const struct ipaddr v4 = ipaddr_from_bytes(IP_V4, a->bytes + sizeof v6_prefix);

	return ipaddr_format(is_stand_in(a) ? &v4 : a, out);
}

static unsigned bits_of(const struct ipaddr *a, unsigned len)
{
	return is_stand_in(a) && len >= V6_BITS ? len - V6_BITS : len;
}

struct ipaddr addr_of(const char *text)
{
	struct ipaddr a;

	if (!ipaddr_parse(text, &a))
		fail_msg("not an address: %s", text);
	return has_stand_in(&a) ? stand_in(&a) : a;
}

struct ipprefix prefix_of(const char *text)
{
	struct ipprefix p;

	if (!ipprefix_parse(text, &p)) {
		const struct ipaddr a = addr_of(text);

		return ipprefix_host(&a);
	}
	if (overlay_v6 && p.addr.family == IP_V4 && p.len == 0)
		return (struct ipprefix){ .addr = { .family = IP_V6 } };
	if (has_stand_in(&p.addr)) {
		const struct ipaddr a = stand_in(&p.addr);

		p = ipprefix_make(&a, (uint8_t)(p.len + V6_BITS));
	}
	return p;
}

struct rig *rig_new(void)
{
	struct rig *const r = calloc(1, sizeof *r);

	assert_non_null(r);
	r->now = (struct instant){ 1000000 };
	return r;
}

void rig_free(struct rig *r)
{
	for (size_t i = 0; i < r->node_count; i++)
		engine_free(r->nodes[i].engine);
	free(r);
}

/* ---- the log */

static void flags_text(const struct nhrp_message *m, char *out, size_t size)
{
	const bool registration = m->type == NHRP_REGISTRATION_REQUEST || m->type == NHRP_REGISTRATION_REPLY;
	const bool unique = registration && m->flags & NHRP_FLAG_REG_UNIQUE;

	snprintf(out, size, "%s%s%s", unique ? "unique" : "", unique && m->flags & NHRP_FLAG_NAT ? ", " : "",
		 m->flags & NHRP_FLAG_NAT ? "nat" : "");
}

static void describe(const struct nhrp_message *m, char *out, size_t size)
{
	char a[IPADDR_TEXT_MAX], b[IPADDR_TEXT_MAX], c[IPADDR_TEXT_MAX], flags[16];
	const struct nhrp_cie *const cie = &m->cies[0];

	flags_text(m, flags, sizeof flags);
	text_of(&m->dst_proto, a);
	text_of(&cie->proto, b);
	text_of(&cie->nbma, c);
	switch (m->type) {
	case NHRP_REGISTRATION_REQUEST:
		snprintf(out, size, "Registration Request {%s}", flags);
		break;
	case NHRP_REGISTRATION_REPLY:
		snprintf(out, size, "Registration Reply {%s} code %u", flags, cie->code);
		break;
	case NHRP_RESOLUTION_REQUEST:
		snprintf(out, size, "Resolution Request %s hop %u", a, m->hop_count);
		break;
	case NHRP_RESOLUTION_REPLY:
		if (cie->code)
			snprintf(out, size, "Resolution Reply %s code %u", a, cie->code);
		else
			snprintf(out, size, "Resolution Reply %s/%u via %s at %s", a, bits_of(&m->dst_proto, cie->prefix_len), b, c);
		break;
	case NHRP_PURGE_REQUEST:
	case NHRP_PURGE_REPLY:
		snprintf(out, size, "%s %s/%u%s", nhrp_type_name(m->type), b, bits_of(&cie->proto, cie->prefix_len),
			 m->flags & NHRP_FLAG_PURGE_NO_REPLY ? " {no reply}" : "");
		break;
	case NHRP_ERROR_INDICATION:
		snprintf(out, size, "Error Indication %u", m->code);
		break;
	default:
		snprintf(out, size, "%s %s", nhrp_type_name(m->type), a);
	}
}

static void log_line(struct rig *r, const char *from, const char *to, const struct nhrp_message *m)
{
	char what[180];

	assert_true(r->log_count < LOG_MAX);
	describe(m, what, sizeof what);
	snprintf(r->log[r->log_count++], LINE_MAX_, "%s --> %s: %s", from, to, what);
}

void rig_expect(struct rig *r, const char *line)
{
	if (r->log_read == r->log_count)
		fail_msg("nothing was sent; expected: %s", line);
	assert_string_equal(r->log[r->log_read], line);
	r->log_read++;
}

void rig_expect_nothing(struct rig *r)
{
	if (r->log_read < r->log_count)
		fail_msg("expected nothing, got: %s", r->log[r->log_read]);
}

void rig_skip(struct rig *r)
{
	r->log_read = r->log_count;
}

size_t rig_count(const struct rig *r, const char *part)
{
	size_t n = 0;

	for (size_t i = r->log_read; i < r->log_count; i++)
		n += strstr(r->log[i], part) != NULL;
	return n;
}

/* ---- the data path's model */

static struct node_peer *find_peer(const struct node *n, uint64_t id)
{
	for (size_t i = 0; i < n->peer_count; i++)
		if (n->peers[i].id == id)
			return (struct node_peer *)&n->peers[i];
	return NULL;
}

static struct node_neighbour *find_neighbour(const struct node *n, const struct ipaddr *a)
{
	for (size_t i = 0; i < n->neighbour_count; i++)
		if (ipaddr_eq(&n->neighbours[i].addr, a))
			return (struct node_neighbour *)&n->neighbours[i];
	return NULL;
}

static struct node_shortcut *find_shortcut(const struct node *n, const struct ipprefix *p)
{
	for (size_t i = 0; i < n->shortcut_count; i++)
		if (ipprefix_eq(&n->shortcuts[i].dst, p))
			return (struct node_shortcut *)&n->shortcuts[i];
	return NULL;
}

static void peer_set(struct node *n, const struct effect *x)
{
	struct node_peer *p = find_peer(n, x->peer.peer);

	assert_true(x->peer.peer != PEER_NONE);
	for (size_t i = 0; i < n->peer_count; i++) /* one id per endpoint */
		assert_true(n->peers[i].id == x->peer.peer || n->peers[i].tunnel != x->tunnel ||
			    !endpoint_eq(&n->peers[i].nbma, &x->peer.nbma));
	if (!p) {
		assert_true(n->peer_count < TABLE_MAX);
		p = &n->peers[n->peer_count++];
		*p = (struct node_peer){ .id = x->peer.peer, .tunnel = x->tunnel };
	}
	p->nbma = x->peer.nbma;
	p->key = x->peer.key;
	p->serves = x->peer.serves;
	p->shape = x->peer.shape;
}

static void peer_del(struct node *n, const struct effect *x)
{
	struct node_peer *const p = find_peer(n, x->peer.peer);

	for (size_t i = 0; i < n->neighbour_count; i++)
		assert_true(n->neighbours[i].peer != x->peer.peer);
	if (!p)
		return;
	assert_false(p->multicast);
	*p = n->peers[--n->peer_count];
}

static void neighbour_set(struct node *n, const struct effect *x)
{
	struct node_neighbour *e = find_neighbour(n, &x->neighbour.addr);
	const struct node_peer *const p = find_peer(n, x->neighbour.peer);

	assert_non_null(p);
	assert_true(endpoint_eq(&p->nbma, &x->neighbour.nbma));
	if (!e) {
		assert_true(n->neighbour_count < TABLE_MAX);
		e = &n->neighbours[n->neighbour_count++];
	}
	*e = (struct node_neighbour){ x->neighbour.addr, x->neighbour.peer };
}

static void neighbour_del(struct node *n, const struct effect *x)
{
	struct node_neighbour *const e = find_neighbour(n, &x->neighbour.addr);

	for (size_t i = 0; i < n->shortcut_count; i++)
		assert_true(n->shortcuts[i].throw_ || !ipaddr_eq(&n->shortcuts[i].gateway, &x->neighbour.addr));
	if (e)
		*e = n->neighbours[--n->neighbour_count];
}

static void shortcut_set(struct node *n, const struct effect *x)
{
	struct node_shortcut *s = find_shortcut(n, &x->shortcut.dst);

	if (!x->shortcut.throw_) {
		const struct node_neighbour *const hop = find_neighbour(n, &x->shortcut.gateway);

		assert_non_null(hop);
		assert_int_equal(find_peer(n, hop->peer)->tunnel, x->tunnel);
	}
	if (!s) {
		assert_true(n->shortcut_count < TABLE_MAX);
		s = &n->shortcuts[n->shortcut_count++];
	}
	*s = (struct node_shortcut){ x->shortcut.dst, x->shortcut.gateway, x->shortcut.throw_ };
}

static void shortcut_del(struct node *n, const struct effect *x)
{
	struct node_shortcut *const s = find_shortcut(n, &x->shortcut.dst);

	assert_non_null(s);
	assert_true(s->throw_ == x->shortcut.throw_);
	*s = n->shortcuts[--n->shortcut_count];
}

static void multicast(struct node *n, const struct effect *x, bool on)
{
	struct node_peer *const p = find_peer(n, x->peer.peer);

	if (on)
		assert_non_null(p);
	if (p)
		p->multicast = on;
}

/* Of several behind one address the session decides. */
static struct node *node_at(struct rig *r, const struct endpoint *at)
{
	for (size_t i = 0; i < r->node_count; i++) {
		struct node *const n = &r->nodes[i];

		if (ipaddr_eq(ipaddr_is_none(&n->outside) ? &n->nbma : &n->outside, &at->addr) && n->site == at->site)
			return n;
	}
	return NULL;
}

/* With the key of the peer's tunnel, where that is not ours. */
static void choose_key(const struct node *n, const struct effect *x, struct flight *f)
{
	const struct config_tunnel *const t = x->tunnel ? &n->tunnel1 : &n->tunnel;

	f->has_key = t->has_key;
	f->key = t->key;
	for (size_t i = 0; i < n->peer_count; i++) {
		const struct node_peer *const p = &n->peers[i];

		if (p->tunnel != x->tunnel || !endpoint_eq(&p->nbma, &x->send.to) || !p->key.given)
			continue;
		f->has_key = p->key.present;
		f->key = p->key.key;
	}
}

static void fly(struct rig *r, const struct node *from, const struct node *to, const struct effect *x)
{
	struct flight *f;

	assert_true(r->flight_count < sizeof r->flights / sizeof r->flights[0]);
	f = &r->flights[r->flight_count++];
	*f = (struct flight){
		.at = instant_add(r->now, span_ms(LATENCY_MS)),
		.to = (size_t)(to - r->nodes),
		.from = { ipaddr_is_none(&from->outside) ? from->nbma : from->outside, 0, from->site },
		.identity = from->identity,
		.length = x->send.length,
	};
	choose_key(from, x, f);
	memcpy(f->bytes, x->send.bytes, x->send.length);
}

static void send_message(struct node *n, const struct effect *x)
{
	struct rig *const r = n->rig;
	struct node *const to = node_at(r, &x->send.to);
	static struct nhrp_message m;
	char nbma[IPADDR_TEXT_MAX];

	assert_int_equal(nhrp_decode(x->send.bytes, x->send.length, &m, NULL), NHRP_DROP_NONE);
	assert_true(m.hop_count > 0);
	log_line(r, n->name, to ? to->name : ipaddr_format(&x->send.to.addr, nbma), &m);
	r->sent_length[m.type] = x->send.length;
	memcpy(r->sent[m.type], x->send.bytes, x->send.length);
	if (!to || to->dead || !to->engine || (r->lose && r->lose(r, n, to, &m)))
		return;
	fly(r, n, to, x);
}

/* There and back; who lives answers, even one whose engine does not. */
static void send_probe(struct node *n, const struct effect *x)
{
	struct rig *const r = n->rig;
	struct node *const to = node_at(r, &x->probe.nbma);

	n->probes++;
	assert_int_not_equal(x->probe.sequence, 0);
	if (!to || to->dead || !to->engine || to->filters_probes || (r->lose && r->lose(r, n, to, NULL)))
		return;
	assert_true(ipaddr_eq(&x->probe.addr, &to->addresses[0].addr) || ipaddr_eq(&x->probe.addr, &to->addresses1[0].addr));
	assert_true(r->flight_count < sizeof r->flights / sizeof r->flights[0]);
	r->flights[r->flight_count++] = (struct flight){
		.at = instant_add(r->now, span_ms(2 * LATENCY_MS)), .to = (size_t)(n - r->nodes),
		.from = x->probe.nbma, .probe = x->probe.sequence, .tunnel = x->tunnel, .probed = r->now };
}

static void drain(struct node *n);

static void answer_usage(struct node *n, const struct effect *x)
{
	const struct event ev = {
		.type = EVENT_USAGE,
		.usage = { .peer = x->usage.peer, .addr = x->usage.addr, .idle = span_s(n->usage_idle_s) },
	};

	n->usages++;
	if (n->usage_idle_s >= 0)
		engine_handle(n->engine, n->rig->now, &ev);
}

static void apply(struct node *n, const struct effect *x)
{
	switch (x->type) {
	case EFFECT_SEND:
		send_message(n, x);
		break;
	case EFFECT_PEER_SET:
		peer_set(n, x);
		break;
	case EFFECT_PEER_DEL:
		peer_del(n, x);
		break;
	case EFFECT_NEIGHBOUR_SET:
		neighbour_set(n, x);
		break;
	case EFFECT_NEIGHBOUR_DEL:
		neighbour_del(n, x);
		break;
	case EFFECT_MULTICAST_SET:
	case EFFECT_MULTICAST_DEL:
		multicast(n, x, x->type == EFFECT_MULTICAST_SET);
		break;
	case EFFECT_RELAYS:
		if (x->tunnel != 0)
			break;
		n->relays_said++;
		n->relay_count = x->relays.count;
		n->dead_count = x->relays.dead_count;
		n->serves = x->relays.serves;
		memcpy(n->relays, x->relays.peers, sizeof n->relays);
		memcpy(n->dead_relays, x->relays.dead, sizeof n->dead_relays);
		for (size_t i = 0; i < n->relay_count; i++)
			assert_non_null(find_peer(n, n->relays[i]));
		for (size_t i = 0; i < n->dead_count; i++)
			assert_non_null(find_peer(n, n->dead_relays[i]));
		break;
	case EFFECT_SHORTCUT_SET:
		shortcut_set(n, x);
		break;
	case EFFECT_SHORTCUT_DEL:
		shortcut_del(n, x);
		break;
	case EFFECT_USAGE:
		answer_usage(n, x);
		break;
	case EFFECT_RESOLVE:
		n->resolves++;
		break;
	case EFFECT_PROBE:
		send_probe(n, x);
		break;
	case EFFECT_SILENT:
		n->silences++;
		break;
	case EFFECT_ROUTING:
		n->routing_addr = x->routing.addr;
		n->routing = (int)x->routing.says;
		break;
	case EFFECT_BFD_SET:
	case EFFECT_BFD_DEL:
		n->bfd = *x;
		n->bfd_said++;
		break;
	case EFFECT_CARRIER:
		n->carrier = x->carrier.up;
		break;
	case EFFECT_TRACE:
		n->traces++;
		snprintf(n->last_trace, sizeof n->last_trace, "%s %s", x->trace.mnemonic, x->trace.text);
		if (strcmp(x->trace.mnemonic, "NHRP_NHC_DOWN") == 0)
			snprintf(n->client_down, sizeof n->client_down, "%s", x->trace.text);
		if (strcmp(x->trace.mnemonic, "NHRP_NHS_DOWN") == 0)
			snprintf(n->nhs_down, sizeof n->nhs_down, "%s", x->trace.text);
		break;
	case EFFECT_DONE:
		n->done = true;
		break;
	}
}

static void drain(struct node *n)
{
	struct effect x;

	while (engine_next_effect(n->engine, &x))
		apply(n, &x);
}

/* ---- nodes */

static void default_nhrp(struct config_nhrp *c)
{
	*c = (struct config_nhrp){
		.enabled = true, .network_id = 1, .holdtime_s = 600, .registration_timeout_s = 200,
		.redirect_timeout_s = 2, .max_send_packets = 10000, .max_send_s = 10,
		.map_multicast_dynamic = true, .shortcut = true,
	};
}

static struct config_address overlay_address(const char *addr, const char *len)
{
	const struct ipaddr a = addr_of(addr);

	return (struct config_address){ .addr = a, .prefix_len = (uint8_t)(atoi(len) + (is_stand_in(&a) ? V6_BITS : 0)) };
}

static struct config_nhrp *nhrp_for(struct config_tunnel *t, const struct ipaddr *overlay)
{
	return overlay->family == IP_V4 ? &t->nhrp4 : &t->nhrp6;
}

struct node *node_new(struct rig *r, const char *name, const char *nbma, const char *overlay)
{
	struct node *const n = &r->nodes[r->node_count++];
	char text[64];
	const char *const slash = strchr(overlay, '/');

	assert_true(r->node_count <= NODES_MAX && slash);
	snprintf(text, sizeof text, "%.*s", (int)(slash - overlay), overlay);
	n->rig = r;
	n->name = name;
	n->nbma = addr_of(nbma);
	n->carrier = n->routing = -1;
	n->options = (struct engine_options){ .seed = r->node_count, .peer_id_first = 1, .request_id_first = 1 };
	n->addresses[0] = overlay_address(text, slash + 1);
	n->tunnel.mode = TUNNEL_GRE_MULTIPOINT;
	n->tunnel.transport = n->nbma.family == IP_V4 ? IP_V4 : IP_V6;
	n->nhrp = nhrp_for(&n->tunnel, &n->addresses[0].addr);
	default_nhrp(n->nhrp);
	n->tunnel.nhrp4.nhs = n->tunnel.nhrp6.nhs = n->nhs6;
	n->nhrp->nhs = n->nhs4;
	n->nhrp->maps = n->maps4;
	n->nhrp->map_multicast = n->multicast4;
	n->interface = (struct config_interface){
		.name = "Tunnel0", .is_tunnel = true, .tunnel = &n->tunnel,
		.address_count = 1, .addresses = n->addresses,
	};
	n->config.interface_count = 1;
	n->config.interfaces = &n->interface;
	return n;
}

void node_add_nhs(struct node *n, const char *addr, const char *nbma)
{
	struct config_nhs *const x = &n->nhrp->nhs[n->nhrp->nhs_count++];

	assert_true(n->nhrp->nhs_count <= NHS_MAX);
	*x = (struct config_nhs){ .multicast = true, .nbma = { .addr = addr_of(nbma) } };
	if (strcmp(addr, "dynamic") != 0)
		x->addr = addr_of(addr);
}

void node_second_tunnel(struct node *n, const char *overlay, const char *nhs, const char *nhs_nbma)
{
	char text[64];
	const char *const slash = strchr(overlay, '/');

	assert_non_null(slash);
	snprintf(text, sizeof text, "%.*s", (int)(slash - overlay), overlay);
	n->addresses1[0] = overlay_address(text, slash + 1);
	n->tunnel1 = (struct config_tunnel){ .mode = TUNNEL_GRE_MULTIPOINT, .transport = n->tunnel.transport };
	n->nhrp1 = nhrp_for(&n->tunnel1, &n->addresses1[0].addr);
	default_nhrp(n->nhrp1);
	n->nhrp1->nhs = n->nhs4_1;
	if (*nhs) {
		n->nhrp1->nhs_count = 1;
		n->nhs4_1[0] = (struct config_nhs){ .addr = addr_of(nhs), .multicast = true,
						    .nbma = { .addr = addr_of(nhs_nbma) } };
	}
	n->interfaces[0] = n->interface;
	n->interfaces[1] = (struct config_interface){
		.name = "Tunnel1", .is_tunnel = true, .tunnel_number = 1, .tunnel = &n->tunnel1,
		.address_count = 1, .addresses = n->addresses1,
	};
	n->config.interface_count = 2;
	n->config.interfaces = n->interfaces;
}

void node_event(struct node *n, const struct event *ev)
{
	engine_handle(n->engine, n->rig->now, ev);
	drain(n);
	node_agrees(n);
}

/* A device that is not there, or not up, holds nothing. */
static void empty_data_path(struct node *n)
{
	for (size_t i = 0; i < n->neighbour_count;) {
		const struct node_peer *const p = find_peer(n, n->neighbours[i].peer);

		if (p && p->tunnel == 0)
			n->neighbours[i] = n->neighbours[--n->neighbour_count];
		else
			i++;
	}
	for (size_t i = 0; i < n->peer_count;)
		if (n->peers[i].tunnel == 0)
			n->peers[i] = n->peers[--n->peer_count];
		else
			i++;
	n->relay_count = n->dead_count = 0;
}

void node_tunnel(struct node *n, bool up, const char *nbma)
{
	const struct event ev = { .type = EVENT_TUNNEL, .tunnel_state = { .up = up, .local = { .addr = addr_of(nbma) } } };

	n->nbma = ev.tunnel_state.local.addr;
	node_event(n, &ev);
	if (!up && !n->engine->stopping)
		empty_data_path(n);
}

static void forget_data_path(struct node *n)
{
	n->peer_count = n->neighbour_count = n->shortcut_count = n->relay_count = n->dead_count = 0;
	n->carrier = n->routing = -1;
	n->done = false;
}

static void start_second(struct node *n)
{
	const struct event ev = { .type = EVENT_TUNNEL, .tunnel = 1,
				  .tunnel_state = { .up = true, .local = { .addr = n->nbma } } };
	const struct ipprefix subnet = ipprefix_make(&n->addresses1[0].addr, n->addresses1[0].prefix_len);
	char dst[IPPREFIX_TEXT_MAX];

	node_route_by(n, ipprefix_format(&subnet, dst), "", 1);
	node_event(n, &ev);
}

void node_start(struct node *n)
{
	const struct config_address *const a = &n->addresses[0];
	const struct ipprefix subnet = ipprefix_make(&a->addr, a->prefix_len);
	char nbma[IPADDR_TEXT_MAX], dst[IPPREFIX_TEXT_MAX];

	n->dead = false;
	engine_free(n->engine);
	forget_data_path(n);
	n->engine = engine_new(&n->config, &n->options, n->rig->now);
	assert_non_null(n->engine);
	node_route(n, ipprefix_format(&subnet, dst), "", true);
	if (n->config.interface_count > 1)
		start_second(n);
	node_tunnel(n, true, ipaddr_format(&n->nbma, nbma));
}

void node_stop_abruptly(struct node *n)
{
	n->dead = true;
}

static struct event route_event(const char *dst, bool add)
{
	return (struct event){ .type = EVENT_ROUTE, .route = { .add = add, .dst = prefix_of(dst) } };
}

void node_route(struct node *n, const char *dst, const char *gateway, bool via_tunnel)
{
	struct event ev = route_event(dst, true);

	if (*gateway)
		ev.route.gateway = addr_of(gateway);
	ev.route.via_tunnel = via_tunnel;
	node_event(n, &ev);
}

void node_route_by(struct node *n, const char *dst, const char *gateway, uint32_t tunnel)
{
	struct event ev = route_event(dst, true);

	ev.tunnel = tunnel;
	ev.route.via_tunnel = true;
	if (*gateway)
		ev.route.gateway = addr_of(gateway);
	node_event(n, &ev);
}

void node_route_del(struct node *n, const char *dst)
{
	const struct event ev = route_event(dst, false);

	node_event(n, &ev);
}

void node_local(struct node *n, const char *addr, bool via_tunnel)
{
	struct event ev = route_event(addr, true);

	ev.route.local = true;
	ev.route.via_tunnel = via_tunnel;
	node_event(n, &ev);
}

void node_quiet(struct node *n, const char *nbma)
{
	const struct event ev = { .type = EVENT_QUIET, .quiet = { .nbma = { .addr = addr_of(nbma) } } };

	node_event(n, &ev);
}

void node_miss(struct node *n, const char *addr)
{
	const struct event ev = { .type = EVENT_MISS, .miss = { addr_of(addr) } };

	node_event(n, &ev);
}

static void hairpin(struct node *n, const char *src, const char *dst, struct event ev)
{
	const struct ipaddr s = addr_of(src), d = addr_of(dst);
	const size_t octets = ip_family_octets((enum ip_family)s.family);
	uint8_t packet[100] = { s.family == IP_V4 ? 0x45 : 0x60 };

	ev.type = EVENT_HAIRPIN;
	ev.hairpin.bytes = packet;
	ev.hairpin.length = sizeof packet;
	memcpy(packet + (octets == 4 ? 12 : 8), s.bytes, octets);
	memcpy(packet + (octets == 4 ? 16 : 24), d.bytes, octets);
	node_event(n, &ev);
}

void node_hairpin(struct node *n, const char *src, const char *dst, uint64_t ingress_peer)
{
	hairpin(n, src, dst, (struct event){ .hairpin = { .peer = ingress_peer } });
}

void node_hairpin_between(struct node *n, const char *src, const char *dst, uint32_t in, int out)
{
	hairpin(n, src, dst, (struct event){ .tunnel = in, .hairpin = { .outside = out < 0,
									 .tunnel_out = out < 0 ? 0 : (uint32_t)out } });
}

void node_receive_bytes(struct node *n, const char *from_nbma, const uint8_t *bytes, size_t length)
{
	const struct event ev = {
		.type = EVENT_PACKET,
		.packet = { .from = { .addr = addr_of(from_nbma) }, .bytes = bytes, .length = length },
	};

	node_event(n, &ev);
}

static void receive_as(struct node *n, const struct endpoint *from, const char *identity, const struct ipaddr *certified,
		       const struct nhrp_message *m)
{
	uint8_t bytes[NHRP_MESSAGE_MAX];
	const struct event ev = {
		.type = EVENT_PACKET,
		.packet = { .from = *from, .identity = identity, .certified = certified, .certified_count = certified ? 1 : 0,
			    .bytes = bytes, .length = nhrp_encode(m, bytes, sizeof bytes) },
	};

	assert_true(ev.packet.length > 0);
	node_event(n, &ev);
}

void node_receive_as(struct node *n, const char *from_nbma, uint32_t site, const char *identity,
		     const struct nhrp_message *m)
{
	const struct endpoint from = { addr_of(from_nbma), 0, site };

	receive_as(n, &from, identity, NULL, m);
}

void node_receive_certified(struct node *n, const char *from_nbma, const char *identity, const char *certified,
			    const struct nhrp_message *m)
{
	const struct endpoint from = { .addr = addr_of(from_nbma) };
	const struct ipaddr named = certified ? addr_of(certified) : IPADDR_NONE;

	receive_as(n, &from, identity, certified ? &named : NULL, m);
}

void node_receive(struct node *n, const char *from_nbma, const struct nhrp_message *m)
{
	uint8_t bytes[NHRP_MESSAGE_MAX];
	const size_t length = nhrp_encode(m, bytes, sizeof bytes);

	assert_true(length > 0);
	node_receive_bytes(n, from_nbma, bytes, length);
}

/* ---- time */

static struct instant next_instant(const struct rig *r)
{
	struct instant at = INSTANT_NEVER;

	for (size_t i = 0; i < r->node_count; i++)
		if (r->nodes[i].engine && !r->nodes[i].dead)
			at = instant_min(at, engine_deadline(r->nodes[i].engine));
	for (size_t i = 0; i < r->flight_count; i++)
		at = instant_min(at, r->flights[i].at);
	return at;
}

/* As the forwarder does: by the key, and a key that no tunnel has goes by the first one, with a note. */
static struct event arrival(const struct node *to, const struct flight *f)
{
	struct event ev = { .type = EVENT_PACKET, .packet = {
		.from = f->from, .identity = f->identity, .bytes = f->bytes, .length = f->length } };
	const struct config_tunnel *const tunnels[2] = { &to->tunnel, &to->tunnel1 };

	for (uint32_t i = 0; i < to->config.interface_count; i++) {
		ev.tunnel = i;
		if (tunnels[i]->has_key == f->has_key && tunnels[i]->key == f->key)
			return ev;
	}
	ev.tunnel = 0;
	ev.packet.key = (struct foreign_key){ .given = true, .present = f->has_key, .key = f->key };
	return ev;
}

static struct event answered(const struct rig *r, const struct flight *f)
{
	return (struct event){ .type = EVENT_PROBED, .tunnel = f->tunnel, .probed = {
		.nbma = f->from, .sequence = f->probe, .rtt = instant_since(r->now, f->probed) } };
}

static void deliver(struct rig *r)
{
	for (size_t i = 0; i < r->flight_count;) {
		static struct flight f;
		struct node *to;

		if (instant_before(r->now, r->flights[i].at)) {
			i++;
			continue;
		}
		f = r->flights[i];
		r->flight_count--;
		memmove(&r->flights[i], &r->flights[i + 1], (r->flight_count - i) * sizeof f);
		to = &r->nodes[f.to];
		if (to->engine && !to->dead) {
			const struct event ev = f.probe ? answered(r, &f) : arrival(to, &f);

			node_event(to, &ev);
		}
	}
}

static void tick(struct rig *r)
{
	for (size_t i = 0; i < r->node_count; i++) {
		struct node *const n = &r->nodes[i];

		if (n->engine && !n->dead && !instant_before(r->now, engine_deadline(n->engine)))
			node_event(n, &(struct event){ .type = EVENT_TICK });
	}
}

void rig_run_ms(struct rig *r, int64_t ms)
{
	const struct instant end = instant_add(r->now, span_ms(ms));

	for (;;) {
		const struct instant at = next_instant(r);

		if (instant_before(end, at))
			break;
		if (instant_before(r->now, at))
			r->now = at;
		deliver(r);
		tick(r);
	}
	r->now = end;
}

void rig_run(struct rig *r, int64_t s)
{
	rig_run_ms(r, s * 1000);
}

/* ---- looking */

static const char *nbma_text(const struct node *n, uint64_t peer)
{
	static char text[IPADDR_TEXT_MAX];
	const struct node_peer *const p = find_peer(n, peer);

	return p ? ipaddr_format(&p->nbma.addr, text) : "-";
}

const char *node_neighbour_nbma(const struct node *n, const char *addr)
{
	const struct ipaddr a = addr_of(addr);
	const struct node_neighbour *const e = find_neighbour(n, &a);

	return e ? nbma_text(n, e->peer) : "-";
}

uint32_t node_neighbour_site(const struct node *n, const char *addr)
{
	const struct ipaddr a = addr_of(addr);
	const struct node_neighbour *const e = find_neighbour(n, &a);

	assert_non_null(e);
	for (size_t i = 0; i < n->peer_count; i++)
		if (n->peers[i].id == e->peer)
			return n->peers[i].nbma.site;
	fail();
	return 0;
}

const char *node_shortcut_gateway(const struct node *n, const char *dst)
{
	static char text[IPADDR_TEXT_MAX];
	const struct ipprefix p = prefix_of(dst);
	const struct node_shortcut *const s = find_shortcut(n, &p);

	if (!s)
		return "-";
	return s->throw_ ? "throw" : text_of(&s->gateway, text);
}

bool node_has_peer(const struct node *n, const char *nbma)
{
	const struct ipaddr a = addr_of(nbma);

	for (size_t i = 0; i < n->peer_count; i++)
		if (ipaddr_eq(&n->peers[i].nbma.addr, &a))
			return true;
	return false;
}

uint64_t node_peer_rate(const struct node *n, const char *nbma)
{
	const struct ipaddr a = addr_of(nbma);

	for (size_t i = 0; i < n->peer_count; i++)
		if (ipaddr_eq(&n->peers[i].nbma.addr, &a))
			return n->peers[i].shape.rate_bps;
	fail_msg("%s has no peer %s", n->name, nbma);
	return 0;
}

bool node_has_multicast(const struct node *n, const char *nbma)
{
	const struct ipaddr a = addr_of(nbma);

	for (size_t i = 0; i < n->peer_count; i++)
		if (ipaddr_eq(&n->peers[i].nbma.addr, &a))
			return n->peers[i].multicast;
	return false;
}

const char *node_relay_nbma(const struct node *n, size_t index)
{
	return index < n->relay_count ? nbma_text(n, n->relays[index]) : "-";
}

const char *node_dead_relay_nbma(const struct node *n, size_t index)
{
	return index < n->dead_count ? nbma_text(n, n->dead_relays[index]) : "-";
}

bool node_binding(const struct node *n, const char *dst, struct binding_view *v)
{
	const struct ipprefix p = prefix_of(dst);
	struct snapshot_cursor c = { 0 };

	while (snapshot_next_binding(n->engine, &c, v))
		if (ipprefix_eq(&v->dst, &p))
			return true;
	return false;
}

bool node_nhs(const struct node *n, size_t index, struct nhs_view *v)
{
	struct snapshot_cursor c = { 0 };

	do
		if (!snapshot_next_nhs(n->engine, &c, v))
			return false;
	while (index--);
	return true;
}

uint64_t node_counter(const struct node *n, enum engine_counter c)
{
	return engine_counter(n->engine, c);
}
