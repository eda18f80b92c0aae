/*
 * plot_svg: the picture. A row for each pair, its name to the left and its figures to the
 * right; below them a lane for each router. The whole time in one panel, the outage in a second
 * one beside it when it is short. Below, what the routers did, in words.
 */
#include "lab/plot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/memory.h"

enum {
	LABEL_W = 330, PANEL_W = 900, ZOOM_W = 620, FIGURES_W = 190, PANEL_GAP = 24,
	TOP = 96, ROW_H = 14, BAR_H = 9, LANE_H = 14, CLASS_GAP = 10, AXIS_H = 34,
	TEXT_H = 13, TEXT_LINES = 48, TICKS_MAX = 12, LABEL_ROOM = 118,
};

struct panel { /* a window of time on the paper */
	double x, width, from, to;
};

static const char *const colours[PLOT_KINDS] = { "#2e9e5b", "#2b6fd6", "#7d5bbe" };
#define COLOUR_GAP "#fbd5d3"
#define COLOUR_LOST "#d62718"
#define COLOUR_LATE "#f0a000"
#define COLOUR_HEAL "#1b7f3b"
#define COLOUR_TEXT "#222"
#define COLOUR_ROUTE "#333"
#define COLOUR_EVENT "#1f5fbf"
#define COLOUR_FRR "#b35900"

static const char *const tick_colours[] = {
	[PLOT_ROUTE] = COLOUR_ROUTE, [PLOT_EVENT] = COLOUR_EVENT, [PLOT_FRR] = COLOUR_FRR,
};

static void escaped(const char *text, FILE *out)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", out); break;
		case '>': fputs("&gt;", out); break;
		case '&': fputs("&amp;", out); break;
		case '"': fputs("&quot;", out); break;
		default: fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
		}
}

static void text_at(FILE *out, double x, double y, const char *style, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, style);
	escaped(text, out);
	fputs("</text>\n", out);
}

static void box(FILE *out, double x, double y, double w, double h, const char *fill)
{
	fprintf(out, "<rect x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, w, h, fill);
}

static double at(const struct panel *p, double ms) { return p->x + (ms - p->from) / (p->to - p->from) * p->width; }

/* A span of time, clipped to the panel, at least that wide. */
static void span(FILE *out, const struct panel *p, const struct plot_span *s, double y, double h, double least, const char *fill)
{
	double a = s->from < p->from ? p->from : s->from, b = s->to > p->to ? p->to : s->to, w;

	if (s->to < p->from || s->from > p->to)
		return;
	w = at(p, b) - at(p, a);
	box(out, at(p, a), y, w < least ? least : w, h, fill);
}

/* 1, 2 or 5 times a power of ten, so that a dozen fit. */
static double step_of(const struct panel *p)
{
	double least = (p->to - p->from) / TICKS_MAX, ten = pow(10, floor(log10(least)));
	const double steps[] = { 1, 2, 5, 10 };

	for (size_t i = 0; i < 4; i++)
		if (ten * steps[i] >= least)
			return ten * steps[i];
	return ten * 10;
}

static void axis(FILE *out, const struct panel *p, double top, double bottom)
{
	double step = step_of(p);
	char text[32];

	for (double ms = ceil(p->from / step) * step; ms <= p->to; ms += step) {
		double x = at(p, ms);

		fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x, top, x, bottom);
		snprintf(text, sizeof(text), "%.0f", fabs(ms) < step / 2 ? 0.0 : ms);
		text_at(out, x, bottom + 13, "text-anchor=\"middle\" fill=\"#555\"", text);
	}
	text_at(out, p->x + p->width / 2, bottom + 28, "text-anchor=\"middle\" fill=\"#555\"", "milliseconds since the fault");
}

static double mark_ms(const struct plot *plot, const struct fault_mark *m)
{
	return (double)(m->ns - plot->round->fault_ns) / 1e6;
}

/* Lines through all rows; words where there is room for them. */
static void marks(FILE *out, const struct plot *plot, const struct panel *p, double top, double bottom)
{
	double free_from[2] = { p->x - 1, p->x - 1 };

	for (size_t i = 0; i < plot->round->marks.count; i++) {
		const struct fault_mark *m = &plot->round->marks.marks[i];
		const char *colour = m->heal ? COLOUR_HEAL : COLOUR_LOST;
		double ms = mark_ms(plot, m), x = at(p, ms);
		char style[96];

		if (ms < p->from || ms > p->to)
			continue;
		fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"1.5\"%s/>\n", x,
			top - 4, x, bottom, colour, m->heal ? " stroke-dasharray=\"5 3\"" : "");
		for (int line = 0; line < 2; line++)
			if (x >= free_from[line]) {
				bool left = x + LABEL_ROOM > p->x + p->width;

				snprintf(style, sizeof(style), "fill=\"%s\"%s", colour, left ? " text-anchor=\"end\"" : "");
				text_at(out, x + (left ? -3 : 3), top - 6 - 12 * line, style, m->text);
				free_from[line] = x + LABEL_ROOM;
				break;
			}
	}
}

static void gap_label(FILE *out, const struct panel *p, const struct plot_span *g, double y)
{
	double a = g->from < p->from ? p->from : g->from, b = g->to > p->to ? p->to : g->to;
	char text[32];

	snprintf(text, sizeof(text), "%.0f", g->to - g->from);
	if (at(p, b) - at(p, a) > 7.0 * (double)strlen(text))
		text_at(out, (at(p, a) + at(p, b)) / 2, y + BAR_H - 1, "text-anchor=\"middle\" fill=\"#a01010\" font-size=\"9\"",
			text);
}

static void row_in(FILE *out, const struct plot_row *r, const struct panel *p, double y)
{
	for (size_t i = 0; i < r->gaps.count; i++) {
		span(out, p, &r->gaps.list[i], y, BAR_H, 1, COLOUR_GAP);
		gap_label(out, p, &r->gaps.list[i], y);
	}
	for (size_t i = 0; i < r->flows.count; i++)
		span(out, p, &r->flows.list[i], y, BAR_H, 0.6, colours[r->flows.list[i].kind]);
	for (size_t i = 0; i < r->late.count; i++)
		span(out, p, &r->late.list[i], y, BAR_H, 1, COLOUR_LATE);
	for (size_t i = 0; i < r->lost.count; i++)
		span(out, p, &r->lost.list[i], y + BAR_H - 2, 2, 0.7, COLOUR_LOST);
}

static void row_words(FILE *out, const struct plot_row *r, double y, double figures_x)
{
	char text[200];

	snprintf(text, sizeof(text), "%.40s \xe2\x86\x92 %.40s%s   %s", r->from, r->to, r->family == 6 ? " v6" : "",
		 strchr(r->class_name, ',') ? "direct" : strstr(r->class_name, " via ") ? strstr(r->class_name, " via ") + 1 : "");
	text_at(out, LABEL_W - 8, y + BAR_H - 1, r->affected ? "text-anchor=\"end\" font-weight=\"bold\"" :
		r->counted ? "text-anchor=\"end\"" : "text-anchor=\"end\" fill=\"#999\"", text);
	if (!r->counted)
		snprintf(text, sizeof(text), "not counted");
	else if (r->return_ms >= 1)
		snprintf(text, sizeof(text), "%.0f ms, return %.0f ms", r->outage_ms, r->return_ms);
	else
		snprintf(text, sizeof(text), "%.0f ms", r->outage_ms);
	text_at(out, figures_x, y + BAR_H - 1, r->affected ? "font-weight=\"bold\"" : "fill=\"#555\"", text);
}

static void legend(FILE *out, double y)
{
	static const struct { const char *colour, *text; } items[] = {
		{ "#2e9e5b", "spoke to spoke, direct" }, { "#2b6fd6", "spoke to spoke through a hub" },
		{ "#7d5bbe", "to or from the data centre" }, { COLOUR_GAP, "gap (ms)" }, { COLOUR_LATE, "late (over 250 ms)" },
		{ COLOUR_LOST, "sent then and lost" }, { COLOUR_ROUTE, "kernel route changed" }, { COLOUR_EVENT, "daemon's log" }, { COLOUR_FRR, "FRR's log" },
	};
	double x = 12;

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
		box(out, x, y - 8, 14, BAR_H, items[i].colour);
		text_at(out, x + 18, y, "", items[i].text);
		x += 40 + 6.2 * (double)strlen(items[i].text);
	}
}

/* The end of the last gap that is worth a closer look: of what the fault hit, and not one of the
 * short ones that a busy machine makes. */
static double last_gap_end(const struct plot *plot)
{
	double end = 0, longest = 0;

	for (size_t i = 0; i < plot->row_count; i++)
		if (plot->rows[i].affected && plot->rows[i].outage_ms > longest)
			longest = plot->rows[i].outage_ms;
	for (size_t i = 0; i < plot->row_count; i++)
		for (size_t k = 0; plot->rows[i].affected && k < plot->rows[i].gaps.count; k++) {
			const struct plot_span *g = &plot->rows[i].gaps.list[k];

			if (g->to - g->from > longest / 2 && g->to - g->from <= longest + 2 * plot->rows[i].interval_ms && g->to > end)
				end = g->to;
		}
	return end;
}

static size_t panels(const struct plot *plot, struct panel out[2])
{
	double end;

	out[0] = (struct panel){ LABEL_W, PANEL_W, plot->from, plot->to };
	end = last_gap_end(plot);
	end = end < 240 ? 300 : end * 1.25;
	if (end > (plot->to - plot->from) * 0.6)
		return 1;
	out[1] = (struct panel){ LABEL_W + PANEL_W + PANEL_GAP, ZOOM_W, -0.06 * end, end };
	return 2;
}

static void lanes(FILE *out, const struct plot *plot, const struct panel *p, double top)
{
	for (size_t i = 0; i < plot->tick_count; i++) {
		const struct plot_tick *t = &plot->ticks[i];
		double x = at(p, t->ms), y = top + (double)t->router * LANE_H;

		if (t->ms < p->from || t->ms > p->to)
			continue;
		box(out, x, t->kind == PLOT_ROUTE ? y + 5 : y, t->kind == PLOT_FRR ? 1.6 : 1, 5, tick_colours[t->kind]);
	}
}

/* How many entries from the first on one router made within a moment: one line. */
static size_t same_moment(const struct plot *plot, size_t first)
{
	const struct plot_tick *t = &plot->ticks[first];
	size_t same = 1;

	while (t->kind == PLOT_ROUTE && first + same < plot->tick_count && plot->ticks[first + same].router == t->router &&
	       plot->ticks[first + same].kind == t->kind && plot->ticks[first + same].ms - t->ms < 20)
		same++;
	return same;
}

static void story_line(FILE *out, const struct plot *plot, size_t first, size_t same, double y)
{
	const struct plot_tick *t = &plot->ticks[first];
	char text[240], style[32], more[40] = "";

	if (same > 1)
		snprintf(more, sizeof(more), " and %zu more", same - 1);
	snprintf(text, sizeof(text), "%.1f", t->ms);
	text_at(out, 76, y, "text-anchor=\"end\"", text);
	text_at(out, 92, y, "", plot->lab->plan->routers[t->router].name);
	snprintf(text, sizeof(text), "%s%s%s", t->kind == PLOT_ROUTE ? "route " : "", t->text, more);
	snprintf(style, sizeof(style), "fill=\"%s\"", tick_colours[t->kind]);
	text_at(out, 170, y, style, text);
}

/* Writes it, or (without out) only counts its lines. */
static size_t story(FILE *out, const struct plot *plot, double y)
{
	size_t i = 0, lines = 1;
	char text[64];

	while (i < plot->tick_count && plot->ticks[i].ms < 0)
		i++;
	if (out)
		text_at(out, 12, y, "font-weight=\"bold\"", "What the routers did, in ms since the fault");
	for (size_t same; i < plot->tick_count && lines <= TEXT_LINES; i += same, lines++) {
		same = same_moment(plot, i);
		if (out)
			story_line(out, plot, i, same, y + TEXT_H * (double)lines);
	}
	if (i == plot->tick_count)
		return lines;
	snprintf(text, sizeof(text), "… and %zu more, in the JSON file", plot->tick_count - i);
	if (out)
		text_at(out, 92, y + TEXT_H * (double)lines, "fill=\"#555\"", text);
	return lines + 1;
}

static size_t class_changes(const struct plot *plot)
{
	size_t n = 0;

	for (size_t i = 1; i < plot->row_count; i++)
		n += strcmp(plot->rows[i].class_name, plot->rows[i - 1].class_name) != 0;
	return n;
}

static void head(FILE *out, const struct plot *plot, double width, double height)
{
	const struct lab_round *r = plot->round;
	char text[320];

	fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\" "
		"font-family=\"DejaVu Sans, Helvetica, Arial, sans-serif\" font-size=\"10.5\" fill=\"" COLOUR_TEXT "\">\n",
		width, height, width, height);
	box(out, 0, 0, width, height, "#fff");
	snprintf(text, sizeof(text), "%s in %s", plot->name, plot->lab->name);
	text_at(out, 12, 22, "font-size=\"16\" font-weight=\"bold\"", text);
	snprintf(text, sizeof(text), "%zu pairs affected (bold), %zu of %zu probes of direct flows lost, %s; this machine sent at "
		 "most %.0f ms too late", r->pairs_affected, r->broken.direct_lost, r->broken.direct_sent,
		 r->broken.recovered ? "all recovered" : "NOT ALL RECOVERED", (double)r->stall_ns / 1e6);
	text_at(out, 12, 40, "", text);
	legend(out, 60);
}

void plot_svg(const struct plot *plot, FILE *out)
{
	struct panel p[2];
	size_t count = panels(plot, p), routers = plot->lab->plan->router_count;
	double rows_h = (double)plot->row_count * ROW_H + (double)class_changes(plot) * CLASS_GAP;
	double lanes_top = TOP + rows_h + CLASS_GAP, bottom = lanes_top + (double)routers * LANE_H;
	double figures_x = p[count - 1].x + p[count - 1].width + 10, y = TOP;

	head(out, plot, figures_x + FIGURES_W, bottom + AXIS_H + TEXT_H * (double)(story(NULL, plot, 0) + 3));
	for (size_t k = 0; k < count; k++)
		axis(out, &p[k], TOP - 4, bottom);
	for (size_t i = 0; i < plot->row_count; i++) {
		if (i && strcmp(plot->rows[i].class_name, plot->rows[i - 1].class_name) != 0)
			y += CLASS_GAP;
		row_words(out, &plot->rows[i], y, figures_x);
		for (size_t k = 0; k < count; k++)
			row_in(out, &plot->rows[i], &p[k], y);
		y += ROW_H;
	}
	for (size_t i = 0; i < routers; i++)
		text_at(out, LABEL_W - 8, lanes_top + (double)i * LANE_H + BAR_H - 1, "text-anchor=\"end\" fill=\"#555\"",
			plot->lab->plan->routers[i].name);
	for (size_t k = 0; k < count; k++) {
		lanes(out, plot, &p[k], lanes_top);
		marks(out, plot, &p[k], TOP - 4, bottom);
	}
	story(out, plot, bottom + AXIS_H + 2 * TEXT_H);
	fputs("</svg>\n", out);
}

/* "x.svg" -> "x.json" */
static char *json_name(const char *file)
{
	size_t length = strlen(file);

	return lab_printf("%.*s.json", (int)(length > 4 && strcmp(file + length - 4, ".svg") == 0 ? length - 4 : length), file);
}

static int write_file(const char *file, const struct plot *plot, void (*write)(const struct plot *, FILE *), char *error,
		      size_t size)
{
	FILE *f = fopen(file, "we");
	bool good = f != NULL;

	if (f) {
		write(plot, f);
		good = !ferror(f);
		good &= fclose(f) == 0;
	}
	if (!good)
		snprintf(error, size, "%s: %s", file, strerror(errno));
	return good ? 0 : 2;
}

int plot_write(const struct lab *lab, const struct probes *p, const char *name, const struct lab_round *r,
	       struct plot_watch *w, const char *file, char *error, size_t size)
{
	struct plot plot = { .lab = lab, .name = name, .round = r };
	char *beside = json_name(file);
	int rc;

	plot_data(&plot, p);
	plot_watch_take(w, &plot);
	rc = write_file(file, &plot, plot_svg, error, size);
	if (rc == 0)
		rc = write_file(beside, &plot, plot_json, error, size);
	plot_done(&plot);
	free(beside);
	return rc;
}
