#include "design/plan_figure.h"

#include <stdarg.h>
#include <string.h>

void plan_figure_name(char *out, size_t size, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < size; text++)
		out[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
	out[n] = '\0';
}

unsigned plan_figure_shown(unsigned count, unsigned shown[FIGURE_SPOKES_MAX])
{
	const unsigned n = count < FIGURE_SPOKES_MAX ? count : FIGURE_SPOKES_MAX - 1;

	for (unsigned i = 0; i < n; i++)
		shown[i] = i + 1 == n ? count - 1 : i;
	return n;
}

static void add_address(struct figure_router *r, const char *text)
{
	snprintf(r->address[r->address_count++], sizeof r->address[0], "%s", text);
}

static void add_hubs(struct plan_figure *f, const struct plan *p)
{
	for (unsigned h = 1; h <= p->is.hubs; h++) {
		struct figure_router *r = &f->hubs[f->hub_count++];

		snprintf(r->name, sizeof r->name, "hub%u", h);
		for (unsigned u = 1; u <= p->is.uplinks; u++)
			add_address(r, plan_ip(plan_hub_uplink(h, u)).text);
	}
}

static void add_spokes(struct plan_figure *f, const struct plan *p)
{
	unsigned shown[FIGURE_SPOKES_MAX];

	f->spoke_count = plan_figure_shown(p->is.spokes, shown);
	for (unsigned i = 0; i < f->spoke_count; i++) {
		struct figure_router *r = &f->spokes[i];
		const unsigned spoke = shown[i] + 1;

		snprintf(r->name, sizeof r->name, "spoke%u", spoke);
		snprintf(r->lan, sizeof r->lan, "%s", plan_prefix(plan_spoke_lan(spoke)).text);
		r->after_gap = i > 0 && shown[i] != shown[i - 1] + 1;
		for (unsigned u = 1; u <= p->is.uplinks; u++)
			add_address(r, p->is.addresses == PLAN_DHCP ? "by DHCP" : plan_ip(plan_spoke_uplink(spoke, u)).text);
	}
}

static void add_clouds(struct plan_figure *f, const struct plan *p)
{
	for (size_t i = 0; i < p->tunnel_count; i++) {
		const struct plan_tunnel *t = &p->tunnels[i];
		struct figure_cloud *c = &f->clouds[f->cloud_count++];

		snprintf(c->name, sizeof c->name, "Tunnel%u", t->number);
		snprintf(c->subnet, sizeof c->subnet, "%s", plan_prefix(t->subnet).text);
		if (t->has_key)
			snprintf(c->detail, sizeof c->detail, "provider %u, key %u", t->uplink, t->network_id);
		else
			snprintf(c->detail, sizeof c->detail, "provider %u", t->uplink);
		for (unsigned h = 1; h <= p->is.hubs; h++)
			c->hubs |= plan_hub_in(t, h) ? 1u << (h - 1) : 0;
		c->spokes = (1u << f->spoke_count) - 1;
	}
}

/* ---- tables ---- */

void plan_figure_row(struct plan_figure *f, const char *left, const char *format, ...)
{
	struct figure_row *r = &f->left[f->left_count];
	va_list args;

	if (f->left_count == FIGURE_ROWS_MAX)
		return;
	f->left_count++;
	snprintf(r->left, sizeof r->left, "%s", left);
	va_start(args, format);
	vsnprintf(r->right, sizeof r->right, format, args);
	va_end(args);
}

static double messages(const struct plan_box *b)
{
	return b->nhrp_per_s + b->probes_per_s + b->bfd_per_s + b->routing_per_s;
}

static void add_load(struct plan_figure *f, const struct plan *p)
{
	const struct plan_box *h = &p->hub, *s = &p->spoke;

	plan_figure_row(f, "Each router", "hub / spoke");
	plan_figure_row(f, "tunnels", "%u / %u", h->tunnels, s->tunnels);
	plan_figure_row(f, "registrations", "%u / %u", h->registrations, s->registrations);
	plan_figure_row(f, "IPsec sessions, always", "%u / %u", h->sessions, s->sessions);
	plan_figure_row(f, "IPsec sessions between spokes, at most", "0 / %u", s->direct);
	plan_figure_row(f, "routing neighbours", "%u / %u", h->neighbours, s->neighbours);
	plan_figure_row(f, "messages per second", "%.0f / %.0f", messages(h), messages(s));
}

void plan_figure_outages(struct plan_figure *f, const struct plan *p)
{
	f->right[f->right_count++] = (struct figure_row){ "Predicted outage", "at most" };
	for (size_t i = 0; i < p->outage_count && f->right_count < FIGURE_ROWS_MAX; i++) {
		const struct plan_outage *o = &p->outages[i];
		struct figure_row *r = &f->right[f->right_count++];

		snprintf(r->left, sizeof r->left, "%s", o->fault);
		if (o->lasts)
			snprintf(r->right, sizeof r->right, "until repaired");
		else
			snprintf(r->right, sizeof r->right, "%u ms", o->at_most_ms);
	}
}

void plan_figure_of(struct plan_figure *f, const struct plan *p)
{
	*f = (struct plan_figure){ .core = p->is.hubs > 1, .direct = plan_is_multipoint(p) };
	snprintf(f->title, sizeof f->title, "%u spokes, %u hub%s: %s, phase %u, %s%s", p->is.spokes, p->is.hubs, p->is.hubs > 1 ? "s" : "",
		 p->is.hubs == 1 ? "one hub" : plan_design_name(p->is.design), p->is.phase, plan_routing_name(p->is.routing),
		 p->timers.bfd_ms ? " with BFD" : "");
	snprintf(f->centre, sizeof f->centre, "data centre %s", plan_prefix(plan_core_lan()).text);
	add_hubs(f, p);
	add_spokes(f, p);
	add_clouds(f, p);
	add_load(f, p);
	plan_figure_outages(f, p);
}
