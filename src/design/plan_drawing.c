/*
 * plan_drawing: the network in letters. Hubs hang from the core router, spokes stand below, each tunnel is a
 * bar between them: "o" where a router is in it, ":" where its line only passes.
 */
#include "design/plan.h"

#include <string.h>

enum { COLUMNS = 72, BAR_END = 68, ROWS_MAX = 12 + 2 * PLAN_TUNNELS_MAX, SHOWN_MAX = 5, LABEL_MAX = 40 };

struct canvas {
	unsigned rows;
	char cell[ROWS_MAX][COLUMNS + LABEL_MAX + 1];
};

struct figure {
	const struct plan *p;
	struct canvas c;
	unsigned hub_x[PLAN_HUBS_MAX];
	unsigned shown, spoke_x[SHOWN_MAX], spoke[SHOWN_MAX];
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

static void place(struct figure *f)
{
	const unsigned spokes = f->p->is.spokes;

	for (unsigned h = 0; h < f->p->is.hubs; h++)
		f->hub_x[h] = spread(h, f->p->is.hubs);
	f->shown = spokes < SHOWN_MAX ? spokes : SHOWN_MAX - 1;
	for (unsigned s = 0; s < f->shown; s++) {
		f->spoke[s] = s + 1 == f->shown ? spokes : s + 1;
		f->spoke_x[s] = spread(s, f->shown);
		for (unsigned h = 0; h < f->p->is.hubs; h++)
			f->spoke_x[s] += f->spoke_x[s] == f->hub_x[h] ? 2 : 0;
	}
}

static void draw_centre(struct figure *f)
{
	const unsigned hubs = f->p->is.hubs, middle = BAR_END / 2;
	char text[80];

	snprintf(text, sizeof text, "data centre %s", plan_prefix(plan_core_lan()).text);
	put_centred(&f->c, 0, middle, text);
	put_centred(&f->c, 1, middle, hubs > 1 ? "core" : "|");
	if (hubs > 1)
		bar(&f->c, 2, f->hub_x[0], f->hub_x[hubs - 1], '-');
	for (unsigned h = 0; h < hubs; h++)
		put(&f->c, 2, f->hub_x[h], hubs > 1 ? "+" : "|");
	f->c.rows = 3;
}

static void draw_hubs(struct figure *f)
{
	const unsigned row = f->c.rows;
	char text[80];

	for (unsigned h = 0; h < f->p->is.hubs; h++) {
		snprintf(text, sizeof text, "hub%u", h + 1);
		put_centred(&f->c, row, f->hub_x[h], text);
		for (unsigned u = 1; f->p->is.hubs <= 4 && u <= f->p->is.uplinks; u++)
			put_centred(&f->c, row + u, f->hub_x[h], plan_ip(plan_hub_uplink(h + 1, u)).text);
	}
	f->c.rows += 1 + (f->p->is.hubs <= 4 ? f->p->is.uplinks : 0);
}

/* The last tunnel that the hub is in: so far its line goes down. */
static size_t last_tunnel(const struct plan *p, unsigned hub)
{
	size_t last = 0;

	for (size_t i = 0; i < p->tunnel_count; i++) {
		if (plan_hub_in(&p->tunnels[i], hub))
			last = i;
	}
	return last;
}

static void draw_tunnel(struct figure *f, size_t i)
{
	const struct plan_tunnel *t = &f->p->tunnels[i];
	const unsigned row = f->c.rows;
	char label[80];

	bar(&f->c, row + 1, 0, BAR_END, '=');
	for (unsigned h = 1; h <= f->p->is.hubs; h++) {
		if (last_tunnel(f->p, h) < i)
			continue;
		put(&f->c, row, f->hub_x[h - 1], "|");
		put(&f->c, row + 1, f->hub_x[h - 1], plan_hub_in(t, h) ? "o" : ":");
	}
	for (unsigned s = 0; s < f->shown; s++) {
		put(&f->c, row, f->spoke_x[s], i ? "|" : " ");
		put(&f->c, row + 1, f->spoke_x[s], "o");
	}
	snprintf(label, sizeof label, "Tunnel%u %s", t->number, plan_prefix(t->subnet).text);
	put(&f->c, row + 1, BAR_END + 2, label);
	f->c.rows += 2;
}

static void draw_spokes(struct figure *f)
{
	const unsigned row = f->c.rows;
	char text[80];

	for (unsigned s = 0; s < f->shown; s++) {
		put(&f->c, row, f->spoke_x[s], "|");
		snprintf(text, sizeof text, "spoke%u", f->spoke[s]);
		put_centred(&f->c, row + 1, f->spoke_x[s], text);
		put_centred(&f->c, row + 2, f->spoke_x[s], plan_prefix(plan_spoke_lan(f->spoke[s])).text);
		if (s && f->spoke[s] != f->spoke[s - 1] + 1)
			put_centred(&f->c, row + 1, (f->spoke_x[s] + f->spoke_x[s - 1]) / 2, "...");
	}
	f->c.rows += 3;
}

void plan_write_drawing(const struct plan *p, FILE *out)
{
	struct figure f = { .p = p };

	memset(f.c.cell, ' ', sizeof f.c.cell);
	place(&f);
	draw_centre(&f);
	draw_hubs(&f);
	for (size_t i = 0; i < p->tunnel_count; i++)
		draw_tunnel(&f, i);
	draw_spokes(&f);
	for (unsigned r = 0; r < f.c.rows; r++) {
		unsigned end = COLUMNS + LABEL_MAX;

		while (end && f.c.cell[r][end - 1] == ' ')
			end--;
		fprintf(out, "  %.*s\n", (int)end, f.c.cell[r]);
	}
}
