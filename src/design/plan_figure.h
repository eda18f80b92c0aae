/*
 * plan_figure: what is drawn of a network: hubs, clouds, spokes, and who is in what. Of spokes a few stand for all.
 * Made of a plan (plan_figure_of()) or of a network that exists (found.h), and drawn in letters or as SVG.
 */
#ifndef DMVPN_DESIGN_PLAN_FIGURE_H
#define DMVPN_DESIGN_PLAN_FIGURE_H

#include "design/plan.h"

enum { FIGURE_SPOKES_MAX = 5, FIGURE_ROWS_MAX = 8, FIGURE_NAME_MAX = 16 };

struct figure_router {
	char name[FIGURE_NAME_MAX];
	unsigned address_count;
	char address[PLAN_UPLINKS_MAX][IPPREFIX_TEXT_MAX]; /* of its uplinks */
	char lan[IPPREFIX_TEXT_MAX];                     /* empty: not drawn */
	bool after_gap;                                  /* others are left out before it */
};

struct figure_cloud {
	char name[FIGURE_NAME_MAX], subnet[IPPREFIX_TEXT_MAX], detail[40];
	uint32_t hubs, spokes; /* a bit for each that is in it, as drawn */
};

struct figure_row {
	char left[40], right[40];
};

struct plan_figure {
	char title[160], centre[80]; /* centre empty: nothing is drawn above the hubs */
	bool core;                   /* a router stands between */
	bool direct;                 /* spokes talk directly */
	unsigned hub_count, spoke_count, cloud_count, left_count, right_count;
	struct figure_router hubs[PLAN_HUBS_MAX], spokes[FIGURE_SPOKES_MAX];
	struct figure_cloud clouds[PLAN_TUNNELS_MAX];
	struct figure_row left[FIGURE_ROWS_MAX], right[FIGURE_ROWS_MAX]; /* tables below; the first row is the head */
};

void plan_figure_of(struct plan_figure *f, const struct plan *p);
/* The table of outages alone, and a row of the table to its left. */
void plan_figure_outages(struct plan_figure *f, const struct plan *p);
void plan_figure_row(struct plan_figure *f, const char *left, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Any text, as far as it fits, with what is no printable ASCII replaced. */
void plan_figure_name(char *out, size_t size, const char *text);
/* Which of `count` spokes stand for all: the first ones and the last; answers how many. */
unsigned plan_figure_shown(unsigned count, unsigned shown[FIGURE_SPOKES_MAX]);
void plan_figure_letters(const struct plan_figure *f, FILE *out);
void plan_figure_svg(const struct plan_figure *f, FILE *out);

#endif
