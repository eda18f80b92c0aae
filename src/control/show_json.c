/* show_json: the show commands as JSON, schema 1 (docs/schema/show-*.json). */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/json_values.h"
#include "control/show_bfd.h"
#include "control/show_ipsec.h"
#include "control/show_track.h"
#include "control/view.h"
#include "control/words.h"

static double seconds(struct span s)
{
	return (double)(s.us / 1000) / 1000.0;
}

static json_t *couplings_json(const struct view_tunnel *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->coupling_count; i++) {
		const struct view_coupling *c = &t->couplings[i];
		json_t *o = json_object();

		json_object_set_new(o, "knob", json_string(c->knob));
		json_object_set_new(o, "on", json_boolean(c->on));
		json_object_set_new(o, "trouble", c->on ? text_json(c->trouble) : json_null());
		json_object_set_new(o, "uses", count_json(c->uses));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *tunnel_json(const struct view_tunnel *t)
{
	json_t *o = json_object(), *settings = json_object();
	char role[16];
	size_t i;

	snprintf(role, sizeof role, "%s", word_of_role(t->role));
	for (i = 0; role[i]; i++) {
		if (role[i] >= 'A' && role[i] <= 'Z')
			role[i] = (char)(role[i] - 'A' + 'a');
	}
	json_object_set_new(o, "name", json_string(t->name));
	json_object_set_new(o, "up", json_boolean(t->up));
	json_object_set_new(o, "line_protocol", json_boolean(t->up && t->line_protocol));
	json_object_set_new(o, "role", json_string(role));
	json_object_set_new(o, "mode", json_string(t->multipoint ? "multipoint" : "point-to-point"));
	json_object_set_new(o, "transport", json_string(t->over_ipv6 ? "IPv6" : "IPv4"));
	json_object_set_new(o, "local", addr_json(&t->local));
	json_object_set_new(o, "underlay_vrf", json_string(t->underlay_vrf));
	json_object_set_new(o, "overlay_vrf", json_string(t->overlay_vrf));
	json_object_set_new(o, "key", t->has_key ? count_json(t->key) : json_null());
	json_object_set_new(o, "datapath", json_string(t->datapath));
	json_object_set_new(o, "datapath_reason", json_string(t->datapath_reason));
	json_object_set_new(o, "reason", t->up ? json_null() : text_json(t->reason));
	json_object_set_new(o, "profile", text_json(t->protection));
	json_object_set_new(o, "protected", json_boolean(t->is_protected));
	json_object_set_new(o, "peers", count_json(t->peer_count));
	json_object_set_new(o, "bindings", count_json(t->binding_count));
	json_object_set_new(o, "multicast", count_json(t->multicast_count));
	json_object_set_new(o, "warm", !t->warm_behind ? json_null() : json_pack("{s:s, s:b, s:o}", "behind", t->warm_behind, "rests", (int)t->rests,
										  "rest_octets_per_day", count_json(t->rest_octets_per_day)));
	json_object_set_new(o, "couplings", couplings_json(t));
	for (i = 0; i < t->setting_count; i++)
		json_object_set_new(settings, t->settings[i].name, json_string(t->settings[i].value));
	json_object_set_new(o, "sysctls", settings);
	return o;
}

static json_t *tunnels_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->tunnel_count; i++)
		json_array_append_new(list, tunnel_json(&v->tunnels[i]));
	return list;
}

static json_t *tallies_json(const struct nhs_tallies *t)
{
	json_t *list = json_array();

	for (size_t i = 0; t && i < t->count; i++) {
		json_t *o = json_object();

		json_object_set_new(o, "nbma", addr_json(&t->each[i].addr));
		json_object_set_new(o, "requests_sent", count_json(t->each[i].sent));
		json_object_set_new(o, "requests_failed", count_json(t->each[i].failed));
		json_object_set_new(o, "replies_received", count_json(t->each[i].received));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *nhs_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->nhs_count; i++) {
		const struct nhs_view *n = &v->nhs[i];
		bool replied = !instant_is_never(n->last_reply);
		json_t *o = json_object();

		json_object_set_new(o, "tunnel", json_string(tunnel_name(v, n->tunnel)));
		json_object_set_new(o, "address", addr_json(&n->addr));
		json_object_set_new(o, "nbma", addr_json(&n->nbma.addr));
		json_object_set_new(o, "name", text_json(n->nbma_name));
		json_object_set_new(o, "status", json_string(word_of_nhs(n->status)));
		json_object_set_new(o, "priority", json_integer(n->priority));
		json_object_set_new(o, "cluster", json_integer(n->cluster));
		json_object_set_new(o, "requests_sent", count_json(n->requests_sent));
		json_object_set_new(o, "requests_failed", count_json(n->requests_failed));
		json_object_set_new(o, "replies_received", count_json(n->replies_received));
		json_object_set_new(o, "last_reply_s",
				    replied ? json_real(seconds(instant_since(v->now, n->last_reply))) : json_null());
		json_object_set_new(o, "reason", n->status == NHS_VIEW_UP ? json_null() : text_json(n->reason));
		json_object_set_new(o, "standby", json_boolean(n->standby));
		json_object_set_new(o, "held_back_s", json_real(seconds(n->held_back)));
		json_object_set_new(o, "retry_s", n->retry_interval.us ? json_real(seconds(n->retry_interval)) : json_null());
		json_object_set_new(o, "over_budget", json_boolean(n->over_budget));
		json_object_set_new(o, "addresses", tallies_json(n->tallies));
		json_object_set_new(o, "path", text_json(n->path));
		json_object_set_new(o, "path_remark", text_json(n->path_remark));
		json_object_set_new(o, "path_rtt_ms", n->path_rtt.us ? json_real((double)n->path_rtt.us / 1e3) : json_null());
		json_object_set_new(o, "probes_sent", count_json(n->probes_sent));
		json_object_set_new(o, "probes_answered", count_json(n->probes_answered));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *peer_json(const struct view *v, const struct binding_view *b)
{
	char attributes[ATTRIBUTES_TEXT_MAX], target[IPPREFIX_TEXT_MAX];
	bool up = b->state == BINDING_STATE_UP;
	json_t *o = json_object();

	json_object_set_new(o, "tunnel", json_string(tunnel_name(v, b->tunnel)));
	json_object_set_new(o, "nbma", addr_json(&b->nbma.addr));
	json_object_set_new(o, "address", addr_json(ipaddr_is_none(&b->via) ? &b->dst.addr : &b->via));
	json_object_set_new(o, "state", json_string(word_of_state(b->state)));
	json_object_set_new(o, "attributes", json_string(attributes_of(b, attributes)));
	json_object_set_new(o, "uptime_s", up ? json_integer(span_to_s(instant_since(v->now, b->created))) : json_null());
	json_object_set_new(o, "reason", up ? json_null() : text_json(b->reason));
	json_object_set_new(o, "target", json_string(ipprefix_format(&b->dst, target)));
	return o;
}

static json_t *peers_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->binding_count; i++) {
		if (v->bindings[i].kind != BINDING_LOCAL)
			json_array_append_new(list, peer_json(v, &v->bindings[i]));
	}
	return list;
}

static json_t *binding_json(const struct view *v, const struct binding_view *b)
{
	char target[IPPREFIX_TEXT_MAX], peer[24];
	const char *flags[FLAGS_MAX];
	size_t flag_count = flags_of(b, flags);
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < flag_count; i++)
		json_array_append_new(list, json_string(flags[i]));
	snprintf(peer, sizeof peer, "02:%02x:%02x:%02x:%02x:%02x", (unsigned)(b->peer >> 32 & 0xff),
		 (unsigned)(b->peer >> 24 & 0xff), (unsigned)(b->peer >> 16 & 0xff), (unsigned)(b->peer >> 8 & 0xff),
		 (unsigned)(b->peer & 0xff));
	json_object_set_new(o, "tunnel", json_string(tunnel_name(v, b->tunnel)));
	json_object_set_new(o, "target", json_string(ipprefix_format(&b->dst, target)));
	json_object_set_new(o, "via", addr_json(&b->via));
	json_object_set_new(o, "nbma", addr_json(&b->nbma.addr));
	json_object_set_new(o, "claimed_nbma", addr_json(&b->claimed_nbma));
	json_object_set_new(o, "type", json_string(word_of_kind(b->kind)));
	json_object_set_new(o, "flags", list);
	json_object_set_new(o, "created_s", json_real(seconds(instant_since(v->now, b->created))));
	json_object_set_new(o, "expires_s", instant_is_never(b->expires) ? json_null() :
					    json_real(seconds(instant_since(b->expires, v->now))));
	json_object_set_new(o, "peer", b->peer == PEER_NONE ? json_null() : json_string(peer));
	json_object_set_new(o, "leans_on", addr_json(&b->leans_on));
	json_object_set_new(o, "reason", b->state == BINDING_STATE_UP ? json_null() : text_json(b->reason));
	return o;
}

static json_t *bindings_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->binding_count; i++)
		json_array_append_new(list, binding_json(v, &v->bindings[i]));
	return list;
}

static json_t *events_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->event_count; i++) {
		const struct view_event *e = &v->events[i];
		time_t s = (time_t)(e->unix_us / 1000000);
		char when[32], full[48];
		struct tm tm;
		json_t *o = json_object();

		gmtime_r(&s, &tm);
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(full, sizeof full, "%s.%06dZ", when, (int)(e->unix_us % 1000000));
		json_object_set_new(o, "time", json_string(full));
		json_object_set_new(o, "severity", json_integer(e->severity));
		json_object_set_new(o, "mnemonic", json_string(e->mnemonic));
		json_object_set_new(o, "text", json_string(e->text));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *counts_json(const struct view_count *c, size_t count)
{
	json_t *o = json_object();

	for (size_t i = 0; i < count; i++)
		json_object_set_new(o, c[i].name, count_json(c[i].value));
	return o;
}

static json_t *tunnel_traffic_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->tunnel_traffic_count; i++) {
		const struct view_tunnel_traffic *t = &v->tunnel_traffic[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", json_string(t->name));
		json_object_set_new(o, "rx_packets", count_json(t->rx_packets));
		json_object_set_new(o, "rx_bytes", count_json(t->rx_bytes));
		json_object_set_new(o, "tx_packets", count_json(t->tx_packets));
		json_object_set_new(o, "tx_bytes", count_json(t->tx_bytes));
		json_object_set_new(o, "rx_nhrp", count_json(t->rx_nhrp));
		json_object_set_new(o, "tx_nhrp", count_json(t->tx_nhrp));
		json_object_set_new(o, "multicast_copies", count_json(t->multicast_copies));
		json_object_set_new(o, "relay_fallback", count_json(t->relay_fallback));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *shape_json(const struct view_peer_traffic *p)
{
	json_t *const o = p->rate_bps ? json_object() : json_null();

	if (!p->rate_bps)
		return o;
	json_object_set_new(o, "rate_bps", count_json(p->rate_bps));
	json_object_set_new(o, "delayed", count_json(p->delayed));
	json_object_set_new(o, "dropped", count_json(p->dropped));
	json_object_set_new(o, "waiting", count_json(p->waiting));
	return o;
}

static json_t *peer_traffic_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->peer_traffic_count; i++) {
		const struct view_peer_traffic *p = &v->peer_traffic[i];
		json_t *o = json_object();

		json_object_set_new(o, "tunnel", json_string(p->tunnel));
		json_object_set_new(o, "nbma", addr_json(&p->nbma));
		json_object_set_new(o, "rx_packets", count_json(p->rx_packets));
		json_object_set_new(o, "tx_packets", count_json(p->tx_packets));
		json_object_set_new(o, "rx_bytes", count_json(p->rx_bytes));
		json_object_set_new(o, "tx_bytes", count_json(p->tx_bytes));
		json_object_set_new(o, "shape", shape_json(p));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *relay_traffic_json(const struct view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->relay_traffic_count; i++) {
		const struct view_relay_traffic *r = &v->relay_traffic[i];
		json_t *o = json_object();

		json_object_set_new(o, "in_tunnel", json_string(r->in_tunnel));
		json_object_set_new(o, "in_nbma", addr_json(&r->in_nbma));
		json_object_set_new(o, "out_tunnel", json_string(r->out_tunnel));
		json_object_set_new(o, "out_nbma", addr_json(&r->out_nbma));
		json_object_set_new(o, "packets", count_json(r->packets));
		json_object_set_new(o, "bytes", count_json(r->bytes));
		json_array_append_new(list, o);
	}
	return list;
}

static void add_counters(json_t *o, const struct view *v)
{
	json_t *forward = json_object();

	json_object_set_new(forward, "drops", counts_json(v->drops, v->drop_count));
	json_object_set_new(forward, "tunnels", tunnel_traffic_json(v));
	json_object_set_new(forward, "peers", peer_traffic_json(v));
	json_object_set_new(forward, "relays", relay_traffic_json(v));
	json_object_set_new(o, "engine", counts_json(v->engine, v->engine_count));
	json_object_set_new(o, "codec_drops", counts_json(v->codec, v->codec_count));
	json_object_set_new(o, "forward", forward);
}

char *show_json(const struct view *v, enum show_subject subject)
{
	json_t *o = json_object();
	char *text, *line = NULL;

	json_object_set_new(o, "schema", json_integer(1));
	json_object_set_new(o, "router", json_string(v->router));
	switch (subject) {
	case SHOW_DMVPN: json_object_set_new(o, "peers", peers_json(v)); break;
	case SHOW_NHRP: json_object_set_new(o, "bindings", bindings_json(v)); break;
	case SHOW_NHS: json_object_set_new(o, "nhs", nhs_json(v)); break;
	case SHOW_TUNNELS: json_object_set_new(o, "tunnels", tunnels_json(v)); break;
	case SHOW_EVENTS: json_object_set_new(o, "events", events_json(v)); break;
	case SHOW_COUNTERS: add_counters(o, v); break;
	case SHOW_BFD: show_bfd_json(v, o); break;
	case SHOW_TRACK: json_object_set_new(o, "tracks", show_tracks_json(v)); break;
	case SHOW_SLA: json_object_set_new(o, "operations", show_slas_json(v)); break;
	case SHOW_IPSEC:
		json_object_set_new(o, "sessions", show_ipsec_json(v));
		json_object_set_new(o, "refused", show_refused_json(v));
		break;
	}
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (text && asprintf(&line, "%s\n", text) < 0)
		line = NULL;
	free(text);
	return line;
}
