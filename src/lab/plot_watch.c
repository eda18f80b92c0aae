/* plot_watch: what routers do while a fault happens: kernel routes by `ip monitor`, which stamps
 * each line itself, and what the daemons and FRR logged. */
#include "lab/plot.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lab/frr.h"
#include "lab/memory.h"
#include "lab/run.h"
#include "lab/watch.h"

struct plot_watch {
	const struct lab *lab;
	size_t count;
	struct monitor {
		size_t router;
		pid_t pid;
	} *monitors;
};

static void file_of(const struct lab *lab, size_t router, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3000s/routes-%s", lab->run_dir, lab->plan->routers[router].name);
}

struct plot_watch *plot_watch_begin(const struct lab *lab, const struct fault *f)
{
	struct plot_watch *w = lab_calloc(1, sizeof(*w));
	char *argv[] = { "ip", "-ts", "monitor", "route", NULL };

	w->lab = lab;
	for (size_t i = 0; i < lab->plan->router_count; i++) {
		char netns[128], path[PATH_MAX];
		pid_t pid;

		if (fault_silences(f, i))
			continue; /* its namespace may have to go */
		file_of(lab, i, path);
		unlink(path);
		lab_netns(lab, NODE_ROUTER, i, netns);
		pid = run_start(netns, argv, 0, path);
		if (pid > 0)
			*(struct monitor *)lab_append(&w->monitors, &w->count, sizeof(struct monitor)) =
				(struct monitor){ i, pid };
	}
	return w;
}

void plot_watch_end(struct plot_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->count; i++)
		process_kill(&w->monitors[i].pid, 1);
	free(w->monitors);
	free(w);
}

/* The wall clock's reading at the fault. */
static double wall_at_fault_ms(const struct plot *p) { return watch_wall_ms(p->round->fault_ns); }

static void add(struct plot *p, size_t router, enum plot_tick_kind kind, double ms, const char *text)
{
	struct plot_tick *t;

	if (ms < p->from || ms > p->to)
		return;
	t = lab_append(&p->ticks, &p->tick_count, sizeof(*t));
	*t = (struct plot_tick){ .ms = ms, .router = router, .kind = kind };
	snprintf(t->text, sizeof(t->text), "%s", text);
}

static bool is_forwarding(const char *line)
{
	static const char *const no[] = { "table local", "ff00::/8", "fe80::", "multicast " };

	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (strstr(line, no[i]))
			return false;
	return *line != ' ' && *line != '\t';
}

static void take_routes(struct plot *p, size_t router, double zero)
{
	char path[PATH_MAX], line[512];
	FILE *f;

	file_of(p->lab, router, path);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		char *text = strstr(line, "] ");
		double at;

		line[strcspn(line, "\n")] = 0;
		if (line[0] == '[' && text && watch_stamp_ms(line + 1, WATCH_ISO, false, &at) && is_forwarding(text + 2))
			add(p, router, PLOT_ROUTE, at - zero, text + 2);
	}
	if (f)
		fclose(f);
}

static void take_events(struct plot *p, size_t router, double zero)
{
	json_t *j = watch_events(p->lab, router), *item;
	size_t i;

	json_array_foreach(json_object_get(j, "events"), i, item) {
		const char *when = json_string_value(json_object_get(item, "time"));
		const char *mnemonic = json_string_value(json_object_get(item, "mnemonic"));
		const char *said = json_string_value(json_object_get(item, "text"));
		char *text = lab_printf("%s %s", mnemonic ? mnemonic : "", said ? said : "");
		double at;

		if (when && watch_stamp_ms(when, WATCH_ISO, true, &at))
			add(p, router, PLOT_EVENT, at - zero, text);
		free(text);
	}
	json_decref(j);
}

/* "2026/11/23 05:41:08.123 BGP: [PXVXG-TFNNT] %ADJCHANGE: neighbor 10.100.0.1(vm) … Down BGP Notification send" */
static const char *neighbour_news(const char *line)
{
	static const char *const words[] = { "%ADJCHANGE", "%NOTIFICATION", "AdjChg", "state-change" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const char *found = strstr(line, words[i]);

		if (found)
			return found + (*found == '%');
	}
	return NULL;
}

static void take_frr_log(struct plot *p, size_t router, const char *daemon, double zero)
{
	char path[PATH_MAX + 64], line[512];
	FILE *f;

	frr_log(p->lab, router, daemon, path);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		const char *news = neighbour_news(line);
		double at;

		line[strcspn(line, "\n")] = 0;
		if (news && watch_stamp_ms(line, "%Y/%m/%d %H:%M:%S", false, &at))
			add(p, router, PLOT_FRR, at - zero, news);
	}
	if (f)
		fclose(f);
}

static void take_frr(struct plot *p, size_t router, double zero)
{
	const char *daemons[FRR_DAEMONS_MAX];
	size_t count = frr_daemons(p->lab, router, daemons);

	for (size_t i = 0; i < count; i++)
		take_frr_log(p, router, daemons[i], zero);
}

static int by_time(const void *a, const void *b)
{
	const struct plot_tick *x = a, *y = b;

	return x->ms < y->ms ? -1 : x->ms > y->ms;
}

void plot_watch_take(struct plot_watch *w, struct plot *p)
{
	double zero = wall_at_fault_ms(p);

	for (size_t i = 0; i < w->count; i++)
		take_routes(p, w->monitors[i].router, zero);
	for (size_t i = 0; i < p->lab->plan->router_count; i++) {
		take_events(p, i, zero);
		take_frr(p, i, zero);
	}
	if (p->tick_count)
		qsort(p->ticks, p->tick_count, sizeof(*p->ticks), by_time);
}
