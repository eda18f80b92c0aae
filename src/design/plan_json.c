#include "design/plan_json.h"

#include <stdlib.h>

static json_t *notes_json(const struct plan_notes *n)
{
	json_t *all = json_array();

	for (size_t i = 0; i < n->count; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s?, s:s?}", "what", n->at[i].what, "choice", n->at[i].choice, "why",
						     n->at[i].why, "source", n->at[i].source));
	return all;
}

static json_t *tunnel_json(const struct plan *p, const struct plan_tunnel *t)
{
	json_t *hubs = json_array();

	for (unsigned h = 1; h <= p->is.hubs; h++) {
		char name[12];

		snprintf(name, sizeof name, "hub%u", h);
		if (plan_hub_in(t, h))
			json_array_append_new(hubs, json_pack("{s:s, s:s, s:s}", "name", name, "address", plan_ip(plan_hub_address(t, h)).text, "nbma",
							      plan_ip(plan_hub_uplink(h, t->uplink)).text));
	}
	return json_pack("{s:i, s:s, s:i, s:i, s:o, s:o}", "number", (int)t->number, "subnet", plan_prefix(t->subnet).text, "uplink", (int)t->uplink,
			 "network_id", (int)t->network_id, "key", t->has_key ? json_integer(t->network_id) : json_null(), "hubs", hubs);
}

static json_t *tunnels_json(const struct plan *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->tunnel_count; i++)
		json_array_append_new(all, tunnel_json(p, &p->tunnels[i]));
	return all;
}

static json_t *box_json(const struct plan_box *b)
{
	return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:i, s:i, s:i, s:f, s:f, s:f, s:f}", "router", b->name, "count", (int)b->count, "tunnels",
			 (int)b->tunnels, "ipsec_sessions", (int)b->sessions, "ipsec_sessions_direct", (int)b->direct, "registrations",
			 (int)b->registrations, "registrations_per_s", b->registrations_per_s, "routing_neighbours", (int)b->neighbours, "bfd_sessions",
			 (int)b->bfd_sessions, "routes", (int)b->routes, "nhrp_per_s", b->nhrp_per_s, "probes_per_s", b->probes_per_s, "bfd_per_s",
			 b->bfd_per_s, "routing_per_s", b->routing_per_s);
}

static json_t *boxes_json(const struct plan *p)
{
	json_t *all = json_array();

	json_array_append_new(all, box_json(&p->hub));
	json_array_append_new(all, box_json(&p->spoke));
	if (p->core.count)
		json_array_append_new(all, box_json(&p->core));
	return all;
}

static json_t *milliseconds(unsigned ms)
{
	return ms ? json_integer(ms) : json_null();
}

static json_t *outages_json(const struct plan *p)
{
	json_t *all = json_array();

	for (size_t i = 0; i < p->outage_count; i++) {
		const struct plan_outage *o = &p->outages[i];

		json_array_append_new(all, json_pack("{s:s, s:b, s:o, s:o, s:s?}", "fault", o->fault, "until_repaired", o->lasts, "at_most_ms",
						     milliseconds(o->at_most_ms), "measured_ms", milliseconds(o->measured_ms), "from", o->from));
	}
	return all;
}

static json_t *timers_json(const struct plan_timers *t)
{
	return json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "registration_s", (int)t->registration_s, "holdtime_s", (int)t->holdtime_s, "hello_s",
			 milliseconds(t->hello_s), "dead_s", milliseconds(t->dead_s), "bfd_ms", milliseconds(t->bfd_ms), "bfd_at_hub_ms",
			 milliseconds(t->bfd_effective_ms));
}

json_t *plan_json(const struct plan *p)
{
	char *wish = plan_wish_text(&p->wish);
	json_t *j = json_pack("{s:i, s:s?, s:s, s:i, s:s, s:i, s:i, s:i, s:s}", "schema", 1, "wish", wish, "design",
			      p->is.hubs == 1 ? "one-hub" : p->is.design == PLAN_HUB_PER_TUNNEL ? "one-hub-per-tunnel" : "hubs-in-one-tunnel", "phase",
			      (int)p->is.phase, "routing", plan_routing_name(p->is.routing), "spokes", (int)p->is.spokes, "hubs", (int)p->is.hubs, "uplinks",
			      (int)p->is.uplinks, "platform", p->is.platform == PLAN_CISCO ? "cisco" : "dmvpn");

	free(wish);
	json_object_set_new(j, "decisions", notes_json(&p->decisions));
	json_object_set_new(j, "rejected", notes_json(&p->rejected));
	json_object_set_new(j, "remarks", notes_json(&p->remarks));
	json_object_set_new(j, "tunnels", tunnels_json(p));
	json_object_set_new(j, "timers", timers_json(&p->timers));
	json_object_set_new(j, "routers", boxes_json(p));
	json_object_set_new(j, "direct_sessions", json_integer((json_int_t)p->direct_sessions));
	json_object_set_new(j, "outages", outages_json(p));
	return j;
}

json_t *plan_refusals_json(const struct plan_refusals *r)
{
	json_t *all = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(all, json_pack("{s:s, s:s?, s:s?}", "wish", r->at[i].wish, "reason", r->at[i].reason, "remedy", r->at[i].remedy));
	return json_pack("{s:i, s:o}", "schema", 1, "refused", all);
}

json_t *plan_found_json(const struct found *f, const char *from)
{
	const struct design *d = f->design;
	char *wish = plan_wish_text(&f->wish);
	json_t *j = json_pack("{s:i, s:s, s:s?, s:I, s:I, s:i, s:s, s:o}", "schema", 1, "from", from, "wish", wish, "hubs", (json_int_t)f->hub_count, "spokes",
			      (json_int_t)f->spoke_count, "phase", (int)f->wish.phase, "routing", plan_routing_name(f->wish.routing), "bfd_ms", milliseconds(f->bfd_ms));

	free(wish);
	json_object_set_new(j, "design", json_string(f->hub_count < 2 ? "one-hub" : f->wish.design == PLAN_HUB_PER_TUNNEL ? "one-hub-per-tunnel" : "hubs-in-one-tunnel"));
	json_object_set_new(j, "recognised", notes_json(&f->recognised));
	json_object_set_new(j, "better", notes_json(&f->better));
	json_object_set_new(j, "outages", f->as_is ? outages_json(f->as_is) : json_array());
	json_object_set_new(j, "findings", json_pack("{s:I, s:I}", "breaks", (json_int_t)design_count(d, DESIGN_BREAKS), "degrades",
						     (json_int_t)design_count(d, DESIGN_DEGRADES)));
	return j;
}
