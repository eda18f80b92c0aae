/*
 * plot: one round of a fault as a picture (SVG) and as data (JSON beside it): the traffic of
 * every pair over time, faults and healings, and what the routers did meanwhile.
 *
 * plot_data.c makes the data of the probes' arrays; plot_watch.c notes what routers do;
 * plot_svg.c draws, plot_json.c writes (docs/schema/lab-plot.json).
 */
#ifndef DMVPN_LAB_PLOT_H
#define DMVPN_LAB_PLOT_H

#include "lab/test.h"

enum plot_kind { PLOT_DIRECT, PLOT_RELAYED, PLOT_CENTRE, PLOT_KINDS };

/* All times are milliseconds since the fault. */
struct plot_span {
	double from, to;
	enum plot_kind kind; /* of traffic that flows */
};

struct plot_spans {
	size_t count;
	struct plot_span *list;
};

struct plot_row { /* one pair */
	const char *from, *to; /* borrowed from the plan */
	uint32_t family;
	char *class_name;      /* just before the fault */
	bool counted, affected;
	double interval_ms, outage_ms, return_ms;
	struct plot_spans flows; /* packets arrive */
	struct plot_spans gaps;  /* none arrives for 30 ms longer than the interval */
	struct plot_spans lost;  /* times of sending of those that never came */
	struct plot_spans late;  /* arrivals of those under way for over 250 ms */
};

enum plot_tick_kind { PLOT_ROUTE, PLOT_EVENT, PLOT_FRR };

struct plot_tick { /* something a router did */
	double ms;
	size_t router;
	enum plot_tick_kind kind;
	char text[120];
};

struct plot {
	const struct lab *lab;
	const char *name; /* of the fault */
	const struct lab_round *round;
	double from, to;
	size_t row_count;
	struct plot_row *rows; /* affected ones first */
	size_t tick_count;
	struct plot_tick *ticks; /* in order of time */
};

/* Notes the kernel routes of all routers that the fault leaves alone, from now on. */
struct plot_watch *plot_watch_begin(const struct lab *lab, const struct fault *f);
/* What was noted, and what the daemons and FRR have logged, appended in order of time. */
void plot_watch_take(struct plot_watch *w, struct plot *p);
void plot_watch_end(struct plot_watch *w); /* NULL is fine */

/* The file, and the same data beside it (.json for .svg). 0 or 2 with the reason. */
int plot_write(const struct lab *lab, const struct probes *p, const char *name, const struct lab_round *r,
	       struct plot_watch *w, const char *file, char *error, size_t size);

/* Parts of it. */
void plot_data(struct plot *plot, const struct probes *p);
void plot_done(struct plot *plot);
void plot_svg(const struct plot *plot, FILE *out);
void plot_json(const struct plot *plot, FILE *out);
/* Adds a span, or lengthens the last one when it is of the same kind and ends within `join`. */
void plot_span_add(struct plot_spans *s, double from, double to, enum plot_kind kind, double join);

#endif
