/* found_figure: an existing network drawn, by its routers' own names and addresses; and in words. */
#include <string.h>

#include "design/found.h"

enum { LAN_LEN_MAX = 29 /* longer ones lead to another router */ };

/* The first subnet that no tunnel starts on. */
static void add_lan(const struct design *d, const struct design_router *r, struct figure_router *out)
{
	for (size_t i = 0; i < r->config->interface_count; i++) {
		const struct config_interface *x = &r->config->interfaces[i];
		bool underlay = x->is_tunnel || x->shutdown || !x->address_count || !strncmp(x->name, "Lo", 2);

		for (uint32_t k = 0; k < r->count && !underlay; k++)
			underlay = d->members[r->first + k].source == x;
		if (underlay || (x->addresses[0].addr.family == IP_V4 && x->addresses[0].prefix_len > LAN_LEN_MAX))
			continue;
		const struct ipprefix lan = ipprefix_make(&x->addresses[0].addr, x->addresses[0].prefix_len);

		ipprefix_format(&lan, out->lan);
		return;
	}
}

static void add_addresses(const struct design *d, const struct design_router *r, struct figure_router *out)
{
	for (uint32_t k = 0; k < r->count; k++) {
		const struct design_member *m = &d->members[r->first + k];
		char text[IPADDR_TEXT_MAX] = "by DHCP";
		bool said = out->address_count == PLAN_UPLINKS_MAX;

		if (!m->nbma_dynamic)
			ipaddr_format(&m->nbma, text);
		for (unsigned i = 0; i < out->address_count; i++)
			said |= !strcmp(out->address[i], text);
		if (!said)
			snprintf(out->address[out->address_count++], sizeof out->address[0], "%s", text);
	}
}

static void add_router(const struct design *d, uint32_t router, struct figure_router *out)
{
	const struct design_router *r = &d->routers[router];

	*out = (struct figure_router){ .address_count = 0 };
	plan_figure_name(out->name, sizeof out->name, r->name);
	add_addresses(d, r, out);
	add_lan(d, r, out);
}

static void add_routers(struct plan_figure *figure, const struct found *f, uint32_t drawn[PLAN_HUBS_MAX + FIGURE_SPOKES_MAX])
{
	unsigned shown[FIGURE_SPOKES_MAX];

	figure->hub_count = f->hub_count < PLAN_HUBS_MAX ? f->hub_count : PLAN_HUBS_MAX;
	for (unsigned i = 0; i < figure->hub_count; i++) {
		drawn[i] = f->hubs[i];
		add_router(f->design, f->hubs[i], &figure->hubs[i]);
	}
	figure->spoke_count = plan_figure_shown(f->spoke_count, shown);
	for (unsigned i = 0; i < figure->spoke_count; i++) {
		drawn[PLAN_HUBS_MAX + i] = f->spokes[shown[i]];
		add_router(f->design, f->spokes[shown[i]], &figure->spokes[i]);
		figure->spokes[i].after_gap = i > 0 && shown[i] != shown[i - 1] + 1;
	}
}

static uint32_t bit_of(const uint32_t *drawn, unsigned count, uint32_t router)
{
	for (unsigned i = 0; i < count; i++) {
		if (drawn[i] == router)
			return 1u << i;
	}
	return 0;
}

static void add_cloud(struct plan_figure *figure, const struct design *d, const struct design_cloud *c, const uint32_t *drawn)
{
	static const char *const phases[] = { "", "phase 1", "phase 2", "phase 3" };
	const struct design_member *first = design_in(d, c, 0);
	struct figure_cloud *out = &figure->clouds[figure->cloud_count++];

	plan_figure_name(out->name, sizeof out->name, first->interface->ios_name);
	if (c->subnet.addr.family)
		ipprefix_format(&c->subnet, out->subnet);
	if (first->tunnel->has_key)
		snprintf(out->detail, sizeof out->detail, "%s, key %u", phases[c->phase], first->tunnel->key);
	else
		snprintf(out->detail, sizeof out->detail, "%s", phases[c->phase]);
	for (uint32_t i = 0; i < c->count; i++) {
		const uint32_t router = design_in(d, c, i)->router;

		out->hubs |= bit_of(drawn, figure->hub_count, router);
		out->spokes |= bit_of(drawn + PLAN_HUBS_MAX, figure->spoke_count, router);
	}
	figure->direct |= c->phase > PHASE_1;
}

/* Of the router with most of them. */
static uint32_t most_registered(const struct found *f)
{
	const struct design *d = f->design;
	uint32_t most = 0;

	for (uint32_t i = 0; i < f->hub_count; i++) {
		const struct design_router *r = &d->routers[f->hubs[i]];
		uint32_t sum = 0;

		for (uint32_t k = 0; k < r->count; k++) {
			size_t count;

			design_incoming(d, r->first + k, &count);
			sum += (uint32_t)count;
		}
		most = sum > most ? sum : most;
	}
	return most;
}

static uint32_t most_servers(const struct found *f)
{
	const struct design *d = f->design;
	uint32_t most = 0;

	for (uint32_t i = 0; i < f->spoke_count; i++) {
		const struct design_router *r = &d->routers[f->spokes[i]];
		uint32_t sum = 0;

		for (uint32_t k = 0; k < r->count; k++)
			sum += d->members[r->first + k].link_count;
		most = sum > most ? sum : most;
	}
	return most;
}

static uint32_t most_tunnels(const struct design *d, const uint32_t *routers, uint32_t count)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < count; i++)
		most = d->routers[routers[i]].count > most ? d->routers[routers[i]].count : most;
	return most;
}

static void add_load(struct plan_figure *figure, const struct found *f)
{
	uint64_t direct = 0;

	for (size_t i = 0; i < f->design->cloud_count; i++)
		direct += design_load(f->design, &f->design->clouds[i]).spoke_to_spoke;
	plan_figure_row(figure, "Router with most", "hub / spoke");
	plan_figure_row(figure, "tunnels", "%u / %u", most_tunnels(f->design, f->hubs, f->hub_count), most_tunnels(f->design, f->spokes, f->spoke_count));
	plan_figure_row(figure, "registrations", "%u / %u", most_registered(f), most_servers(f));
	plan_figure_row(figure, "pairs of spokes that may talk directly", "%llu", (unsigned long long)direct);
}

static void write_title(const struct found *f, char *out, size_t size)
{
	const struct plan_wish *w = &f->wish;
	char bfd[30] = "";

	if (f->bfd_ms)
		snprintf(bfd, sizeof bfd, ", BFD %u ms", f->bfd_ms);
	snprintf(out, size, "%u spokes, %u hub%s: %s, phase %u, %s%s", f->spoke_count, f->hub_count, f->hub_count == 1 ? "" : "s",
		 f->hub_count < 2 ? "one hub" : plan_design_name(w->design), w->phase, plan_routing_name(w->routing), bfd);
}

void found_figure(struct plan_figure *figure, const struct found *f)
{
	const struct design *d = f->design;
	uint32_t drawn[PLAN_HUBS_MAX + FIGURE_SPOKES_MAX];

	*figure = (struct plan_figure){ .core = false };
	write_title(f, figure->title, sizeof figure->title);
	add_routers(figure, f, drawn);
	for (size_t i = 0; i < d->cloud_count && i < PLAN_TUNNELS_MAX; i++)
		add_cloud(figure, d, &d->clouds[i], drawn);
	add_load(figure, f);
	if (f->as_is)
		plan_figure_outages(figure, f->as_is);
}

void found_text(const struct found *f, const char *from, FILE *out)
{
	struct plan_figure figure;

	found_figure(&figure, f);
	fprintf(out, "%s: %s\n\n", from, figure.title);
	plan_figure_letters(&figure, out);
	plan_write_notes("Recognised", ": ", &f->recognised, out);
	if (f->as_is)
		plan_write_outages(f->as_is, out);
	if (f->as_is && !f->as_is->outages[0].measured_ms && !f->as_is->outages[0].lasts)
		fputs("  These are the planner's timers; the files' own decide.\n", out);
	plan_write_notes("Better", ", because ", &f->better, out);
	if (!f->better.count)
		fputs("\nThe planner would do it no other way.\n", out);
	if (design_count(f->design, DESIGN_BREAKS) || design_count(f->design, DESIGN_DEGRADES))
		fprintf(out, "\nFindings that break it: %zu, that degrade it: %zu. See dmvpn check %s\n", design_count(f->design, DESIGN_BREAKS),
			design_count(f->design, DESIGN_DEGRADES), from);
}
