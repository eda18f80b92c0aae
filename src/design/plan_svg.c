/*
 * plan_svg: a figure as one usually draws such networks. Data centre and hubs above, a cloud for each tunnel, spokes with
 * their LANs below; a line in the tunnel's colour from each router to each cloud that it is in.
 */
#include "design/plan_figure.h"

enum { CLOUDS_IN_A_ROW = 8, COLOURS = 8, MARGIN = 40, BOX_WIDTH = 116, CORE_HEIGHT = 40, LABEL_STEP = 15, TABLE_ROW = 19, TABLE_WIDTH = 330 };
enum { TITLE_Y = 36, CENTRE_Y = 74, CORE_Y = 96, CLOUD_STEP = 130, CLOUD_HALF = 44 };

struct svg {
	const struct plan_figure *f;
	FILE *out;
	double width, height;
	double box_height; /* of a hub or spoke: its name, and an address for each uplink */
	double hub_y, cloud_y, spoke_y, table_y; /* tops of boxes; the middle of the first clouds */
	size_t per_row;
};

static const char *colour(size_t cloud)
{
	static const char *const colours[COLOURS] = { "#1f6fb4", "#d9532c", "#2a9d5c", "#8e5bb5", "#b98900", "#0f9aa8", "#c2407e", "#5f6b76" };

	return colours[cloud % COLOURS];
}

/* ---- where things are ---- */

static double spread(const struct svg *s, size_t i, size_t count)
{
	return MARGIN + (s->width - 2 * MARGIN) * (2.0 * (double)i + 1) / (2.0 * (double)count);
}

static double hub_x(const struct svg *s, unsigned hub) { return spread(s, hub, s->f->hub_count); }
static double spoke_x(const struct svg *s, unsigned spoke) { return spread(s, spoke, s->f->spoke_count); }

/* Clouds of a row that is not full stand in the middle of what they would have. */
static double cloud_x(const struct svg *s, size_t i)
{
	const size_t row = i / s->per_row, left = s->f->cloud_count - row * s->per_row;

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

static unsigned most_addresses(const struct plan_figure *f)
{
	unsigned most = 0;

	for (unsigned h = 0; h < f->hub_count; h++)
		most = f->hubs[h].address_count > most ? f->hubs[h].address_count : most;
	for (unsigned i = 0; i < f->spoke_count; i++)
		most = f->spokes[i].address_count > most ? f->spokes[i].address_count : most;
	return most;
}

static void place(struct svg *s)
{
	const struct plan_figure *f = s->f;
	const size_t rows = f->cloud_count ? (f->cloud_count + CLOUDS_IN_A_ROW - 1) / CLOUDS_IN_A_ROW : 1;
	const unsigned lines = f->left_count > f->right_count ? f->left_count : f->right_count;

	s->per_row = (f->cloud_count + rows - 1) / rows;
	s->width = f->hub_count > 6 || s->per_row > 4 ? 1240 : 980;
	s->box_height = 30 + LABEL_STEP * most_addresses(f);
	s->hub_y = f->core ? 186 : *f->centre ? 130 : 60;
	s->cloud_y = s->hub_y + s->box_height + 84 + CLOUD_HALF;
	s->spoke_y = s->cloud_y + (double)(rows - 1) * CLOUD_STEP + CLOUD_HALF + 84;
	s->table_y = s->spoke_y + s->box_height + 96;
	s->height = s->table_y + (double)lines * TABLE_ROW + 12;
}

/* ---- shapes ---- */

static void escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&')
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
	}
}

static void text(const struct svg *s, double x, double y, const char *class, const char *what)
{
	fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">", x, y, class);
	escaped(s->out, what);
	fputs("</text>\n", s->out);
}

static void line(const struct svg *s, double x1, double y1, double x2, double y2, const char *class)
{
	fprintf(s->out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class);
}

/* From below one router to above another, upright at both ends. */
static void tunnel_line(const struct svg *s, size_t i, double x1, double y1, double x2, double y2)
{
	const double middle = (y1 + y2) / 2;

	fprintf(s->out, "<path d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\" class=\"tunnel\" stroke=\"%s\"/>\n", x1, y1, x1, middle, x2, middle, x2, y2,
		colour(i));
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
	const char *c = colour(i);

	for (int covers = 0; covers <= 1; covers++) {
		for (size_t k = 0; k < sizeof part / sizeof part[0]; k++)
			fprintf(s->out, "<ellipse cx=\"%.1f\" cy=\"%.1f\" rx=\"%.1f\" ry=\"%.1f\" fill=\"#fff\" %s%s\"/>\n", x + part[k][0] * w,
				y + part[k][1] * h, part[k][2] * w - covers, part[k][3] * h - covers, covers ? "stroke=\"none" : "stroke-width=\"2.4\" stroke=\"",
				covers ? "" : c);
	}
}

static void cloud_label(const struct svg *s, size_t i)
{
	const struct figure_cloud *c = &s->f->clouds[i];
	const double x = cloud_x(s, i), y = cloud_y(s, i);

	fprintf(s->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"name\" style=\"fill:%s\">", x, y - 7, colour(i));
	escaped(s->out, c->name);
	fputs("</text>\n", s->out);
	text(s, x, y + 10, "small", c->subnet);
	text(s, x, y + 26, "small", c->detail);
}

/* ---- the figure from above ---- */

static void draw_centre(const struct svg *s)
{
	const double x = s->width / 2;

	if (!*s->f->centre)
		return;
	line(s, x - 150, CENTRE_Y, x + 150, CENTRE_Y, "lan");
	text(s, x, CENTRE_Y - 10, "small", s->f->centre);
	if (s->f->core)
		line(s, x, CENTRE_Y, x, CORE_Y, "link");
	for (unsigned h = 0; h < s->f->hub_count; h++)
		line(s, x, s->f->core ? CORE_Y + CORE_HEIGHT : CENTRE_Y, hub_x(s, h), s->hub_y, "link");
	if (s->f->core)
		box(s, x, CORE_Y, CORE_HEIGHT, "core", "core");
}

static size_t bits(uint32_t mask)
{
	return (size_t)__builtin_popcount(mask);
}

/* The clouds that a router is in, so that its lines begin side by side. */
static size_t clouds_of(const struct svg *s, unsigned hub)
{
	size_t count = 0;

	for (size_t i = 0; i < s->f->cloud_count; i++)
		count += (s->f->clouds[i].hubs >> hub) & 1;
	return count;
}

static void draw_hub_lines(const struct svg *s, unsigned hub)
{
	const size_t mine = clouds_of(s, hub);
	size_t k = 0;

	for (size_t i = 0; i < s->f->cloud_count; i++) {
		const uint32_t in = s->f->clouds[i].hubs, bit = 1u << hub;

		if (in & bit)
			tunnel_line(s, i, beside(hub_x(s, hub), k++, mine, mine > 4 ? 14 : 30), s->hub_y + s->box_height,
				    beside(cloud_x(s, i), bits(in & (bit - 1)), bits(in), 24), cloud_y(s, i) - CLOUD_HALF + 8);
	}
}

static void draw_spoke_lines(const struct svg *s, unsigned spoke)
{
	const size_t count = s->f->cloud_count;

	for (size_t i = 0; i < count; i++) {
		if (s->f->clouds[i].spokes & 1u << spoke)
			tunnel_line(s, i, beside(cloud_x(s, i), spoke, s->f->spoke_count, 30), cloud_y(s, i) + CLOUD_HALF - 8,
				    beside(spoke_x(s, spoke), i, count, count > 6 ? 10 : 18), s->spoke_y);
	}
}

static void router(const struct svg *s, const struct figure_router *r, double x, double y, const char *class)
{
	box(s, x, y, s->box_height, r->name, class);
	for (unsigned u = 0; u < r->address_count; u++)
		text(s, x, y + 36 + LABEL_STEP * u, "small", r->address[u]);
}

static void draw_direct(const struct svg *s)
{
	const double y = s->spoke_y + s->box_height / 2, from = spoke_x(s, 0) + BOX_WIDTH / 2.0, to = spoke_x(s, 1) - BOX_WIDTH / 2.0;

	if (!s->f->direct || s->f->spoke_count < 2 || to < from)
		return;
	line(s, from, y, to, y, "direct");
	text(s, (from + to) / 2, y - 8, "small halo", "direct");
}

static void draw_spokes(const struct svg *s)
{
	for (unsigned i = 0; i < s->f->spoke_count; i++) {
		const struct figure_router *r = &s->f->spokes[i];
		const double x = spoke_x(s, i), end = s->spoke_y + s->box_height, y = end + 30;

		if (*r->lan) {
			line(s, x, end, x, y, "link");
			lan(s, x, y, 56, r->lan);
		}
		router(s, r, x, s->spoke_y, "spoke");
		if (r->after_gap)
			text(s, (x + spoke_x(s, i - 1)) / 2, s->spoke_y + s->box_height / 2 + 6, "dots", "…");
	}
}

static void draw_table(const struct svg *s, double x, const struct figure_row *rows, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		text(s, x, s->table_y + i * TABLE_ROW, "cell", rows[i].left);
		text(s, x + TABLE_WIDTH, s->table_y + i * TABLE_ROW, "cell right", rows[i].right);
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

void plan_figure_svg(const struct plan_figure *f, FILE *out)
{
	struct svg s = { .f = f, .out = out };

	place(&s);
	fprintf(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\">\n", s.width, s.height, s.width, s.height);
	write_style(out);
	fprintf(out, "<rect width=\"%.0f\" height=\"%.0f\" fill=\"#fff\"/>\n", s.width, s.height);
	text(&s, s.width / 2, TITLE_Y - 6, "title", f->title);
	draw_centre(&s);
	for (unsigned h = 0; h < f->hub_count; h++)
		draw_hub_lines(&s, h);
	for (unsigned i = 0; i < f->spoke_count; i++)
		draw_spoke_lines(&s, i);
	for (size_t i = 0; i < f->cloud_count; i++)
		cloud(&s, i);
	for (size_t i = 0; i < f->cloud_count; i++)
		cloud_label(&s, i);
	for (unsigned h = 0; h < f->hub_count; h++)
		router(&s, &f->hubs[h], hub_x(&s, h), s.hub_y, "hub");
	draw_spokes(&s);
	draw_direct(&s);
	draw_table(&s, MARGIN, f->left, f->left_count);
	draw_table(&s, s.width - MARGIN - TABLE_WIDTH, f->right, f->right_count);
	fputs("</svg>\n", out);
}
