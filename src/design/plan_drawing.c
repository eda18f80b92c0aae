/*
 * plan_drawing: a figure in letters. Hubs hang from the core router, spokes stand below, each cloud is a
 * bar between them: "o" where a router is in it, ":" where its line only passes.
 */
#include "design/plan_figure.h"

#include <string.h>

enum { COLUMNS = 72, BAR_END = 68, ROWS_MAX = 12 + 2 * PLAN_TUNNELS_MAX, LABEL_MAX = 70, HUBS_WITH_ADDRESS = 4 };

struct canvas {
	unsigned rows;
	char cell[ROWS_MAX][COLUMNS + LABEL_MAX + 1];
};

struct drawing {
	const struct plan_figure *f;
	struct canvas c;
	unsigned hub_x[PLAN_HUBS_MAX], spoke_x[FIGURE_SPOKES_MAX];
};

static void put(struct canvas *c, unsigned row, unsigned x, const char *text)
{
	for (; *text && x < COLUMNS + LABEL_MAX; text++, x++)
		c->cell[row][x] = *text;
}

static void put_centred(struct canvas *c, unsigned row, unsigned x, const char *text)
{
	const unsigned half = (unsigned)strlen(text) / 2;

	put(c, row, x > half ? x - half : 0, text);
}

static void bar(struct canvas *c, unsigned row, unsigned from, unsigned to, char with)
{
	for (unsigned x = from; x <= to; x++)
		c->cell[row][x] = with;
}

static unsigned spread(unsigned i, unsigned count)
{
	return (2 * i + 1) * BAR_END / (2 * count);
}

static void place(struct drawing *d)
{
	for (unsigned h = 0; h < d->f->hub_count; h++)
		d->hub_x[h] = spread(h, d->f->hub_count);
	for (unsigned s = 0; s < d->f->spoke_count; s++) {
		d->spoke_x[s] = spread(s, d->f->spoke_count);
		for (unsigned h = 0; h < d->f->hub_count; h++)
			d->spoke_x[s] += d->spoke_x[s] == d->hub_x[h] ? 2 : 0;
	}
}

static void draw_centre(struct drawing *d)
{
	const unsigned hubs = d->f->hub_count, middle = BAR_END / 2;

	if (!*d->f->centre || !hubs)
		return;
	put_centred(&d->c, 0, middle, d->f->centre);
	put_centred(&d->c, 1, middle, d->f->core ? "core" : "|");
	if (hubs > 1)
		bar(&d->c, 2, d->hub_x[0], d->hub_x[hubs - 1], '-');
	for (unsigned h = 0; h < hubs; h++)
		put(&d->c, 2, d->hub_x[h], hubs > 1 ? "+" : "|");
	d->c.rows = 3;
}

static void draw_hubs(struct drawing *d)
{
	unsigned most = 0;

	for (unsigned h = 0; h < d->f->hub_count; h++) {
		const struct figure_router *r = &d->f->hubs[h];

		put_centred(&d->c, d->c.rows, d->hub_x[h], r->name);
		for (unsigned u = 0; d->f->hub_count <= HUBS_WITH_ADDRESS && u < r->address_count; u++) {
			put_centred(&d->c, d->c.rows + 1 + u, d->hub_x[h], r->address[u]);
			most = u + 1 > most ? u + 1 : most;
		}
	}
	d->c.rows += 1 + most;
}

/* The last cloud that the router is in: so far its line goes down. */
static size_t last_cloud(const struct plan_figure *f, unsigned hub)
{
	size_t last = 0;

	for (size_t i = 0; i < f->cloud_count; i++) {
		if (f->clouds[i].hubs & 1u << hub)
			last = i;
	}
	return last;
}

/* The first one: so far a spoke's line goes up. */
static size_t first_cloud(const struct plan_figure *f, unsigned spoke)
{
	size_t first = 0;

	while (first < f->cloud_count && !(f->clouds[first].spokes & 1u << spoke))
		first++;
	return first;
}

static void draw_cloud(struct drawing *d, size_t i)
{
	const struct figure_cloud *c = &d->f->clouds[i];
	const unsigned row = d->c.rows;
	char label[LABEL_MAX];

	bar(&d->c, row + 1, 0, BAR_END, '=');
	for (unsigned h = 0; h < d->f->hub_count; h++) {
		if (last_cloud(d->f, h) < i)
			continue;
		put(&d->c, row, d->hub_x[h], "|");
		put(&d->c, row + 1, d->hub_x[h], c->hubs & 1u << h ? "o" : ":");
	}
	for (unsigned s = 0; s < d->f->spoke_count; s++) {
		if (first_cloud(d->f, s) > i)
			continue;
		put(&d->c, row, d->spoke_x[s], first_cloud(d->f, s) < i ? "|" : " ");
		put(&d->c, row + 1, d->spoke_x[s], c->spokes & 1u << s ? "o" : ":");
	}
	snprintf(label, sizeof label, "%s %s", c->name, c->subnet);
	put(&d->c, row + 1, BAR_END + 2, label);
	d->c.rows += 2;
}

static void draw_spokes(struct drawing *d)
{
	const unsigned row = d->c.rows;

	for (unsigned s = 0; s < d->f->spoke_count; s++) {
		const struct figure_router *r = &d->f->spokes[s];

		put(&d->c, row, d->spoke_x[s], "|");
		put_centred(&d->c, row + 1, d->spoke_x[s], r->name);
		put_centred(&d->c, row + 2, d->spoke_x[s], r->lan);
		if (r->after_gap)
			put_centred(&d->c, row + 1, (d->spoke_x[s] + d->spoke_x[s - 1]) / 2, "...");
	}
	d->c.rows += 3;
}

void plan_figure_letters(const struct plan_figure *f, FILE *out)
{
	struct drawing d = { .f = f };

	memset(d.c.cell, ' ', sizeof d.c.cell);
	place(&d);
	draw_centre(&d);
	draw_hubs(&d);
	for (size_t i = 0; i < f->cloud_count; i++)
		draw_cloud(&d, i);
	draw_spokes(&d);
	for (unsigned r = 0; r < d.c.rows; r++) {
		unsigned end = COLUMNS + LABEL_MAX;

		while (end && d.c.cell[r][end - 1] == ' ')
			end--;
		if (end)
			fprintf(out, "  %.*s\n", (int)end, d.c.cell[r]);
	}
}
