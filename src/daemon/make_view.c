#include "daemon/make_view.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/counters.h"
#include "daemon/bfd_link.h"
#include "daemon/daemon_state.h"
#include "daemon/uplinks.h"
#include "daemon/view_sessions.h"
#include "design/idle.h"
#include "wire/nhrp.h"

void free_view(struct made_view *m)
{
	for (size_t i = 0; m && i < m->owned_count; i++)
		free(m->owned[i]);
	free(m);
}

void *view_take(struct made_view *m, size_t count, size_t size)
{
	void *list = calloc(count ? count : 1, size);

	if (list && m->owned_count < sizeof m->owned / sizeof m->owned[0])
		m->owned[m->owned_count++] = list;
	return list;
}

static const char *name_of(struct daemon *d, uint32_t number)
{
	const struct tunnel *t = tunnel_find(d, number);

	return t ? t->name : "-";
}

static bool add_bindings(struct daemon *d, struct made_view *m)
{
	struct snapshot_cursor c = { 0 };
	struct binding_view b, *list;
	size_t count = 0;

	while (snapshot_next_binding(d->engine, &c, &b))
		count++;
	list = view_take(m, count, sizeof *list);
	if (!list)
		return false;
	c = (struct snapshot_cursor){ 0 };
	while (m->view.binding_count < count && snapshot_next_binding(d->engine, &c, &list[m->view.binding_count]))
		m->view.binding_count++;
	for (size_t i = 0; i < m->view.binding_count; i++)
		view_protect(d, &list[i]);
	m->view.bindings = list;
	return true;
}

static bool add_nhs(struct daemon *d, struct made_view *m)
{
	struct snapshot_cursor c = { 0 };
	struct nhs_view n, *list;
	size_t count = 0;

	while (snapshot_next_nhs(d->engine, &c, &n))
		count++;
	list = view_take(m, count, sizeof *list);
	if (!list)
		return false;
	c = (struct snapshot_cursor){ 0 };
	while (m->view.nhs_count < count && snapshot_next_nhs(d->engine, &c, &list[m->view.nhs_count]))
		m->view.nhs_count++;
	m->view.nhs = list;
	return true;
}

static struct tunnel_view engine_tunnel(struct daemon *d, uint32_t number)
{
	struct snapshot_cursor c = { 0 };
	struct tunnel_view v;

	while (snapshot_next_tunnel(d->engine, &c, &v)) {
		if (v.tunnel == number)
			return v;
	}
	return (struct tunnel_view){ .tunnel = number };
}

static const char *vrf_name(const struct daemon *d, uint32_t vrf)
{
	return vrf < d->config->vrf_count ? d->config->vrfs[vrf].name : "";
}

/* Our own file is all that there is: far ends are taken to say the same. */
static uint64_t rest_octets(const struct daemon *d, const struct tunnel *t)
{
	const struct config *const c = d->config;
	struct design *all;
	uint64_t octets = 0;

	if (!t->config->tunnel->warm_behind)
		return 0;
	all = design_new(&c, 1);
	for (size_t i = 0; i < all->member_count; i++) {
		const struct idle one = all->members[i].interface == t->config ? idle_of(all, &all->members[i], true) : (struct idle){ 0 };

		octets += idle_total(&one);
	}
	design_free(all);
	return octets;
}

static void fill_tunnel(struct daemon *d, const struct tunnel *t, struct view_tunnel *out)
{
	const struct config_tunnel *c = t->config->tunnel;
	struct tunnel_view e = engine_tunnel(d, t->number);

	*out = (struct view_tunnel){
		.name = t->name, .number = t->number, .up = t->up, .line_protocol = t->line_protocol,
		.role = e.role, .multipoint = c->mode == TUNNEL_GRE_MULTIPOINT, .over_ipv6 = c->transport == IP_V6,
		.local = t->up ? t->local.addr : IPADDR_NONE, .destination = e.far_end,
		.underlay_vrf = vrf_name(d, c->vrf), .overlay_vrf = vrf_name(d, t->config->vrf),
		.has_key = c->has_key, .key = c->key, .datapath = d->datapath.ops->name,
		.datapath_reason = d->datapath_reason, .reason = t->reason,
		.warm_behind = c->warm_behind, .rests = e.rests, .rest_octets_per_day = rest_octets(d, t), .if_state_nhrp = c->if_state_nhrp, .protection = c->protection_profile, .is_protected = t->protection != 0,
		.peer_count = e.peer_count, .binding_count = e.binding_count,
		.multicast_count = d->datapath.ops->multicast_count(d->datapath.self, t->number),
	};
}

static struct view_setting *fill_settings(struct view_setting *at, const struct sysctl_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		*at++ = (struct view_setting){ set->entries[i].path, set->entries[i].value };
	return at;
}

static bool add_tunnels(struct daemon *d, struct made_view *m)
{
	size_t count = 0, settings = 0;
	struct view_coupling *couplings;
	struct view_tunnel *list;
	struct view_setting *s;

	for (const struct tunnel *t = d->tunnels; t; t = t->next) {
		count++;
		settings += t->sysctls.count + d->host_settings.count;
	}
	list = view_take(m, count, sizeof *list);
	s = view_take(m, settings, sizeof *s);
	couplings = view_take(m, count * COUPLINGS, sizeof *couplings);
	if (!list || !s || !couplings)
		return false;
	for (const struct tunnel *t = d->tunnels; t; t = t->next) {
		struct view_tunnel *out = &list[m->view.tunnel_count++];

		fill_tunnel(d, t, out);
		fall_over_view(d, t, engine_tunnel(d, t->number).route_holds, couplings);
		out->couplings = couplings;
		out->coupling_count = COUPLINGS;
		couplings += COUPLINGS;
		out->settings = s;
		s = fill_settings(s, &t->sysctls);
		s = fill_settings(s, &d->host_settings);
		out->setting_count = (size_t)(s - out->settings);
	}
	m->view.tunnels = list;
	return true;
}

static bool add_events(struct daemon *d, struct made_view *m)
{
	struct view_event *list = view_take(m, d->log.event_count, sizeof *list);

	if (!list)
		return false;
	for (size_t i = 0; i < d->log.event_count; i++) {
		const struct log_event *e = log_event_at(&d->log, i);

		list[i] = (struct view_event){ e->unix_us, e->severity, e->mnemonic, e->text };
	}
	m->view.events = list;
	m->view.event_count = d->log.event_count;
	return true;
}

static bool add_nhrp_counts(struct daemon *d, struct made_view *m)
{
	struct view_count *engine = view_take(m, ENGINE_COUNTER_COUNT, sizeof *engine);
	struct view_count *codec = view_take(m, NHRP_DROP_COUNT, sizeof *codec);

	if (!engine || !codec)
		return false;
	for (unsigned i = 0; i < ENGINE_COUNTER_COUNT; i++)
		engine[i] = (struct view_count){ engine_counter_name(i), engine_counter_text(i),
						 engine_counter(d->engine, i) };
	for (unsigned i = 1; i < NHRP_DROP_COUNT; i++)
		codec[i - 1] = (struct view_count){ nhrp_drop_name(i), nhrp_drop_text(i),
						    engine_codec_drops(d->engine, i) };
	m->view.engine = engine;
	m->view.engine_count = ENGINE_COUNTER_COUNT;
	m->view.codec = codec;
	m->view.codec_count = NHRP_DROP_COUNT - 1;
	return true;
}

static bool add_drops(struct made_view *m, const struct counters *c)
{
	static const struct { const char *name, *text; } words[] = {
#define FORWARD_DROP_WORDS(name, text) { #name, text },
		FORWARD_DROPS(FORWARD_DROP_WORDS)
#undef FORWARD_DROP_WORDS
	};
	struct view_count *list = view_take(m, FORWARD_DROP_COUNT, sizeof *list);

	if (!list)
		return false;
	for (size_t i = 0; i < FORWARD_DROP_COUNT; i++)
		list[i] = (struct view_count){ words[i].name, words[i].text,
					       i < c->drops.count ? c->drops.drops[i] : 0 };
	m->view.drops = list;
	m->view.drop_count = FORWARD_DROP_COUNT;
	return true;
}

static struct ipaddr nbma_of(const struct counters *c, uint32_t tunnel, uint64_t peer)
{
	const struct forward_peer_counters *p = counters_peer(c, tunnel, peer);

	return p ? p->nbma.addr : IPADDR_NONE;
}

static bool add_traffic(struct daemon *d, struct made_view *m, const struct counters *c)
{
	struct view_tunnel_traffic *t = view_take(m, c->tunnel_count, sizeof *t);
	struct view_peer_traffic *p = view_take(m, c->peer_count, sizeof *p);
	struct view_relay_traffic *r = view_take(m, c->relay_count, sizeof *r);

	if (!t || !p || !r)
		return false;
	for (size_t i = 0; i < c->tunnel_count; i++) {
		const struct forward_tunnel_counters *n = &c->tunnels[i];

		t[i] = (struct view_tunnel_traffic){ name_of(d, n->tunnel), n->rx_packets, n->rx_bytes, n->tx_packets,
						     n->tx_bytes, n->rx_nhrp, n->tx_nhrp, n->multicast_copies,
						     n->relay_fallback };
	}
	for (size_t i = 0; i < c->peer_count; i++) {
		const struct forward_peer_counters *n = &c->peers[i];

		p[i] = (struct view_peer_traffic){ name_of(d, n->tunnel), n->nbma.addr, n->rx_packets, n->tx_packets,
						   n->rx_bytes, n->tx_bytes, n->shape.rate_bps, n->shaped_delayed,
						   n->shaped_dropped, n->shaped_waiting };
	}
	for (size_t i = 0; i < c->relay_count; i++) {
		const struct forward_relay_counters *n = &c->relays[i];

		r[i] = (struct view_relay_traffic){ name_of(d, n->in_tunnel), name_of(d, n->out_tunnel),
						    nbma_of(c, n->in_tunnel, n->in_peer),
						    nbma_of(c, n->out_tunnel, n->out_peer), n->packets, n->bytes };
	}
	m->view.tunnel_traffic = t;
	m->view.tunnel_traffic_count = c->tunnel_count;
	m->view.peer_traffic = p;
	m->view.peer_traffic_count = c->peer_count;
	m->view.relay_traffic = r;
	m->view.relay_traffic_count = c->relay_count;
	return true;
}

struct made_view *make_view(struct daemon *d, const struct counters *c)
{
	struct made_view *m = calloc(1, sizeof *m);
	struct timespec clock;

	if (!m)
		return NULL;
	m->view.router = d->config->hostname ? d->config->hostname : "";
	m->view.now = daemon_now();
	clock_gettime(CLOCK_REALTIME, &clock);
	m->view.unix_us = (int64_t)clock.tv_sec * 1000000 + clock.tv_nsec / 1000;
	if (add_bindings(d, m) && view_add_sessions(d, m, c) && view_add_refused(d, m) &&
	    add_nhs(d, m) && add_tunnels(d, m) && add_events(d, m) && add_nhrp_counts(d, m) &&
	    bfd_link_view(d, m) && uplinks_view(d, m) && add_drops(m, c) && add_traffic(d, m, c))
		return m;
	free_view(m);
	return NULL;
}
