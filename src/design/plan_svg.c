/*
 * plan_svg: the usual figure of such networks. Data centre and hubs above, a cloud for each tunnel, spokes with
 * their LANs below; a line in the tunnel's colour from each router to each cloud that it is in.
 */
#include "design/plan.h"

enum { CLOUDS_IN_A_ROW = 8, SHOWN_MAX = 5, COLOURS = 8, MARGIN = 40, BOX_WIDTH = 116, CORE_HEIGHT = 40, LABEL_STEP = 15, TABLE_ROW = 19 };
enum { TITLE_Y = 36, CENTRE_Y = 74, CORE_Y = 96, CLOUD_STEP = 130, CLOUD_HALF = 44 };

struct svg {
	const struct plan *p;
	FILE *out;
	double width, height;
	double box_height; /* of a hub or spoke: its name, and an address for each uplink */
	double hub_y, cloud_y, spoke_y, table_y; /* tops of boxes; the middle of the first clouds */
	size_t per_row;
	unsigned shown, spoke[SHOWN_MAX];
};

static const char *colour(const struct plan_tunnel *t)
{
	static const char *const colours[COLOURS] = { "#1f6fb4", "#d9532c", "#2a9d5c", "#8e5bb5", "#b98900", "#0f9aa8", "#c2407e", "#5f6b76" };

	return colours[(t->number - 1) % COLOURS];
}

/* ---- where things are ---- */

static double spread(const struct svg *s, size_t i, size_t count)
{
	return MARGIN + (s->width - 2 * MARGIN) * (2.0 * (double)i + 1) / (2.0 * (double)count);
}

static double hub_x(const struct svg *s, unsigned hub) { return spread(s, hub - 1, s->p->is.hubs); }
static double spoke_x(const struct svg *s, unsigned shown) { return spread(s, shown, s->shown); }

/* Clouds of a row that is not full stand in the middle of what they would have. */
static double cloud_x(const struct svg *s, size_t i)
{
	const size_t row = i / s->per_row, left = s->p->tunnel_count - row * s->per_row;

	return spread(s, i % s->per_row, left < s->per_row ? left : s->per_row);
}

static double cloud_y(const struct svg *s, size_t i)
{
	return s->cloud_y + (double)(i / s->per_row) * CLOUD_STEP;
}

static double cloud_half_width(const struct svg *s)
{
	const double room = (s->width - 2 * MARGIN) / (double)s->per_row / 2 - 6;

	return room > 130 ? 130 : room;
}

/* A point of several side by side, around x. */
static double beside(double x, size_t i, size_t count, double step)
{
	return x + ((double)i - ((double)count - 1) / 2) * step;
}

static void place(struct svg *s)
{
	const struct plan *p = s->p;
	const size_t rows = (p->tunnel_count + CLOUDS_IN_A_ROW - 1) / CLOUDS_IN_A_ROW;
	const size_t lines = p->outage_count > 7 ? p->outage_count : 7;

	s->per_row = (p->tunnel_count + rows - 1) / rows;
	s->shown = p->is.spokes < SHOWN_MAX ? p->is.spokes : SHOWN_MAX - 1;
	for (unsigned i = 0; i < s->shown; i++)
		s->spoke[i] = i + 1 == s->shown ? p->is.spokes : i + 1;
	s->width = p->is.hubs > 6 || s->per_row > 4 ? 1240 : 980;
	s->box_height = 30 + LABEL_STEP * p->is.uplinks;
	s->hub_y = p->is.hubs > 1 ? 186 : 130;
	s->cloud_y = s->hub_y + s->box_height + 84 + CLOUD_HALF;
	s->spoke_y = s->cloud_y + (double)(rows - 1) * CLOUD_STEP + CLOUD_HALF + 84;
	s->table_y = s->spoke_y + s->box_height + 96;
	s->height = s->table_y + (double)lines * TABLE_ROW + 12;
}

/* ---- shapes ---- */

static void text(const struct svg *s, double x, double y, const char *class, const char *what)
{
	fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n", x, y, class, what);
}

static void line(const struct svg *s, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(s->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

/* From below one router to above another, upright at both ends. */
static void tunnel_line(const struct svg *s, const struct plan_tunnel *t, double x1, double y1, double x2, double y2)
{
	const double middle = (y1 + y2) / 2;

	fprintf(s->out, "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" class=\"tunnel\" stroke=\"%s\"/>\n", x1, y1, x1, middle, x2, middle, x2, y2,
		colour(t));
}

static void box(const struct svg *s, double x, double y, double height, const char *name, const char *class)
{
	fprintf(s->out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\" rx=\"7\" class=\"%s\"/>\n", x - BOX_WIDTH / 2.0, y, BOX_WIDTH, height, class);
	text(s, x, y + (height > CORE_HEIGHT ? 20 : CORE_HEIGHT / 2.0 + 5), "name", name);
}

static void lan(const struct svg *s, double x, double y, double half, const char *what)
{
	line(s, x - half, y, x + half, y, "lan");
	text(s, x, y + 18, "small", what);
}

/* Five ellipses: their outlines first, then what they cover. */
static void cloud(const struct svg *s, size_t i)
{
	static const double part[][4] = { { -0.55, 0.15, 0.45, 0.75 }, { 0.55, 0.15, 0.45, 0.75 }, { -0.2, -0.3, 0.42, 0.78 }, { 0.25, -0.25, 0.4, 0.8 }, { 0, 0.25, 0.7, 0.8 } };
	const double x = cloud_x(s, i), y = cloud_y(s, i), w = cloud_half_width(s), h = CLOUD_HALF;
	const char *c = colour(&s->p->tunnels[i]);

	for (int covers = 0; covers <= 1; covers++) {
		for (size_t k = 0; k < sizeof part / sizeof part[0]; k++)
			fprintf(s->out, "<ellipse cx=\"%.1f\" cy=\"%.1f\" rx=\"%.1f\" ry=\"%.1f\" fill=\"#fff\" %s%s\"/>\n", x + part[k][0] * w,
				y + part[k][1] * h, part[k][2] * w - covers, part[k][3] * h - covers, covers ? "stroke=\"none" : "stroke-width=\"2.4\" stroke=\"",
				covers ? "" : c);
	}
}

static void cloud_label(const struct svg *s, size_t i)
{
	const struct plan_tunnel *t = &s->p->tunnels[i];
	const double x = cloud_x(s, i), y = cloud_y(s, i);
	char what[120];

	snprintf(what, sizeof what, "Tunnel%u", t->number);
	fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"name\" style=\"fill:%s\">%s</text>\n", x, y - 7, colour(t), what);
	text(s, x, y + 10, "small", plan_prefix(t->subnet).text);
	if (t->has_key)
		snprintf(what, sizeof what, "provider %u, key %u", t->uplink, t->network_id);
	else
		snprintf(what, sizeof what, "provider %u", t->uplink);
	text(s, x, y + 26, "small", what);
}

/* ---- the figure from above ---- */

static void draw_centre(const struct svg *s)
{
	const double x = s->width / 2;
	char what[80];

	snprintf(what, sizeof what, "data centre %s", plan_prefix(plan_core_lan()).text);
	line(s, x - 150, CENTRE_Y, x + 150, CENTRE_Y, "lan");
	text(s, x, CENTRE_Y - 10, "small", what);
	if (s->p->is.hubs == 1) {
		line(s, x, CENTRE_Y, hub_x(s, 1), s->hub_y, "link");
		return;
	}
	line(s, x, CENTRE_Y, x, CORE_Y, "link");
	for (unsigned h = 1; h <= s->p->is.hubs; h++)
		line(s, x, CORE_Y + CORE_HEIGHT, hub_x(s, h), s->hub_y, "link");
	box(s, x, CORE_Y, CORE_HEIGHT, "core", "core");
}

static void draw_hub_lines(const struct svg *s, unsigned hub)
{
	const size_t mine = plan_hub_tunnels(s->p);
	size_t k = 0;

	for (size_t i = 0; i < s->p->tunnel_count; i++) {
		const struct plan_tunnel *t = &s->p->tunnels[i];
		const size_t hubs = t->hub ? 1 : s->p->is.hubs;

		if (!plan_hub_in(t, hub))
			continue;
		tunnel_line(s, t, beside(hub_x(s, hub), k++, mine, 30), s->hub_y + s->box_height, beside(cloud_x(s, i), t->hub ? 0 : hub - 1, hubs, 24),
			    cloud_y(s, i) - CLOUD_HALF + 8);
	}
}

static void draw_spoke_lines(const struct svg *s, unsigned shown)
{
	const size_t count = s->p->tunnel_count;

	for (size_t i = 0; i < count; i++)
		tunnel_line(s, &s->p->tunnels[i], beside(cloud_x(s, i), shown, s->shown, 30), cloud_y(s, i) + CLOUD_HALF - 8,
			    beside(spoke_x(s, shown), i, count, count > 6 ? 10 : 18), s->spoke_y);
}

static void router(const struct svg *s, double x, double y, bool is_hub, unsigned number)
{
	char name[20];

	snprintf(name, sizeof name, "%s%u", is_hub ? "hub" : "spoke", number);
	box(s, x, y, s->box_height, name, is_hub ? "hub" : "spoke");
	for (unsigned u = 1; u <= s->p->is.uplinks; u++) {
		const struct ipaddr a = is_hub ? plan_hub_uplink(number, u) : plan_spoke_uplink(number, u);

		text(s, x, y + 21 + LABEL_STEP * u, "small", !is_hub && s->p->is.addresses == PLAN_DHCP ? "by DHCP" : plan_ip(a).text);
	}
}

static void draw_hubs(const struct svg *s)
{
	for (unsigned h = 1; h <= s->p->is.hubs; h++)
		router(s, hub_x(s, h), s->hub_y, true, h);
}

static void draw_direct(const struct svg *s)
{
	const double y = s->spoke_y + s->box_height / 2, from = spoke_x(s, 0) + BOX_WIDTH / 2.0, to = spoke_x(s, 1) - BOX_WIDTH / 2.0;

	if (!plan_is_multipoint(s->p) || to < from)
		return;
	line(s, from, y, to, y, "direct");
	text(s, (from + to) / 2, y - 8, "small halo", "direct");
}

static void draw_spokes(const struct svg *s)
{
	for (unsigned i = 0; i < s->shown; i++) {
		const double x = spoke_x(s, i), end = s->spoke_y + s->box_height, y = end + 30;

		line(s, x, end, x, y, "link");
		router(s, x, s->spoke_y, false, s->spoke[i]);
		lan(s, x, y, 56, plan_prefix(plan_spoke_lan(s->spoke[i])).text);
		if (i && s->spoke[i] != s->spoke[i - 1] + 1)
			text(s, (x + spoke_x(s, i - 1)) / 2, s->spoke_y + s->box_height / 2 + 6, "dots", "…");
	}
}

/* ---- words beside it ---- */

static void draw_title(const struct svg *s)
{
	const struct plan *p = s->p;
	char what[200];

	snprintf(what, sizeof what, "%u spokes, %u hub%s: %s, phase %u, %s%s", p->is.spokes, p->is.hubs, p->is.hubs > 1 ? "s" : "", p->is.hubs == 1 ? "one hub" : plan_design_name(p->is.design), p->is.phase,
		 plan_routing_name(p->is.routing), p->timers.bfd_ms ? " with BFD" : "");
	text(s, s->width / 2, TITLE_Y - 6, "title", what);
}

static void table_row(const struct svg *s, unsigned row, double x, const char *left, const char *right)
{
	const double y = s->table_y + row * TABLE_ROW;

	text(s, x, y, "cell", left);
	text(s, x + 330, y, "cell right", right);
}

static void number_row(const struct svg *s, unsigned row, const char *left, unsigned hub, unsigned spoke)
{
	char right[60];

	snprintf(right, sizeof right, "%u / %u", hub, spoke);
	table_row(s, row, MARGIN, left, right);
}

static void draw_load(const struct svg *s)
{
	const struct plan_box *h = &s->p->hub, *k = &s->p->spoke;
	char right[60];

	table_row(s, 0, MARGIN, "Each router", "hub / spoke");
	number_row(s, 1, "tunnels", h->tunnels, k->tunnels);
	number_row(s, 2, "registrations", h->registrations, k->registrations);
	number_row(s, 3, "IPsec sessions, always", h->sessions, k->sessions);
	number_row(s, 4, "IPsec sessions between spokes, at most", 0, k->direct);
	number_row(s, 5, "routing neighbours", h->neighbours, k->neighbours);
	snprintf(right, sizeof right, "%.0f / %.0f", h->nhrp_per_s + h->probes_per_s + h->bfd_per_s + h->routing_per_s,
		 k->nhrp_per_s + k->probes_per_s + k->bfd_per_s + k->routing_per_s);
	table_row(s, 6, MARGIN, "messages per second", right);
}

static void draw_outages(const struct svg *s)
{
	const double x = s->width - MARGIN - 330;

	table_row(s, 0, x, "Predicted outage", "at most");
	for (unsigned i = 0; i < s->p->outage_count; i++) {
		const struct plan_outage *o = &s->p->outages[i];
		char right[40] = "until repaired";

		if (!o->lasts)
			snprintf(right, sizeof right, "%u ms", o->at_most_ms);
		table_row(s, i + 1, x, o->fault, right);
	}
}

static void write_style(FILE *out)
{
	fputs("<style>\n"
	      "text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;text-anchor:middle;fill:#22303c}\n"
	      ".title{font-size:18px;font-weight:bold}.name{font-size:15px;font-weight:bold}.small{font-size:12px;fill:#44525e}\n"
	      ".cell{font-size:13px;text-anchor:start}.right{text-anchor:end}.dots{font-size:34px;fill:#7b8894}\n"
	      ".halo{paint-order:stroke;stroke:#fff;stroke-width:4px}\n"
	      ".link{stroke:#7b8894;stroke-width:2}.lan{stroke:#22303c;stroke-width:6;stroke-linecap:round}\n"
	      ".tunnel{fill:none;stroke-width:2.6;stroke-linecap:round}.direct{stroke:#22303c;stroke-width:2;stroke-dasharray:6 5}\n"
	      ".core{fill:#e9edf0;stroke:#7b8894;stroke-width:2}.hub{fill:#dcebf7;stroke:#22303c;stroke-width:2}.spoke{fill:#fff7df;stroke:#22303c;stroke-width:2}\n"
	      "</style>\n", out);
}

void plan_write_svg(const struct plan *p, FILE *out)
{
	struct svg s = { .p = p, .out = out };

	place(&s);
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n", s.width, s.height, s.width, s.height);
	write_style(out);
	fprintf(out, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", s.width, s.height);
	draw_title(&s);
	draw_centre(&s);
	for (unsigned h = 1; h <= p->is.hubs; h++)
		draw_hub_lines(&s, h);
	for (unsigned i = 0; i < s.shown; i++)
		draw_spoke_lines(&s, i);
	for (size_t i = 0; i < p->tunnel_count; i++)
		cloud(&s, i);
	for (size_t i = 0; i < p->tunnel_count; i++)
		cloud_label(&s, i);
	draw_hubs(&s);
	draw_spokes(&s);
	draw_direct(&s);
	draw_load(&s);
	draw_outages(&s);
	fputs("</svg>\n", out);
}
