#include "lab/watch.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/client.h"
#include "lab/memory.h"
#include "lab/nhrpd.h"
#include "lab/programs.h"
#include "lab/run.h"

enum { ANSWER_TIMEOUT_MS = 1000 };

static json_t *ask(const struct lab *lab, size_t router, const char *request)
{
	char path[PATH_MAX], *body = NULL;
	size_t length = 0;
	json_t *j = NULL;

	programs_socket(lab, router, path);
	if (control_request(path, request, ANSWER_TIMEOUT_MS, &body, &length) == 0 && body)
		j = json_loadb(body, length, 0, NULL);
	free(body);
	return j;
}

json_t *watch_nhs(const struct lab *lab, size_t router) { return ask(lab, router, "show nhs json"); }

json_t *watch_events(const struct lab *lab, size_t router)
{
	return programs_has_dmvpnd(lab, router) ? ask(lab, router, "show events json") : NULL;
}

double watch_wall_ms(int64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6 - (double)(lab_now_ns() - ns) / 1e6;
}

bool watch_stamp_ms(const char *text, const char *format, bool utc, double *out)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *rest = strptime(text, format, &tm);

	if (!rest || *rest != '.')
		return false;
	*out = (double)(utc ? timegm(&tm) : mktime(&tm)) * 1e3 + strtod(rest, NULL) * 1e3;
	return true;
}

static size_t count_in(const struct lab *lab, size_t router, const char *mnemonic, double since_ms)
{
	json_t *j = watch_events(lab, router), *item;
	size_t i, count = 0;

	json_array_foreach(json_object_get(j, "events"), i, item) {
		const char *when = json_string_value(json_object_get(item, "time"));
		const char *what = json_string_value(json_object_get(item, "mnemonic"));
		double at;

		count += when && what && strcmp(what, mnemonic) == 0 && watch_stamp_ms(when, WATCH_ISO, true, &at) && at >= since_ms;
	}
	json_decref(j);
	return count;
}

size_t watch_count_events(const struct lab *lab, const char *mnemonic, int64_t since_ns)
{
	double since_ms = watch_wall_ms(since_ns);
	size_t count = 0;

	for (size_t i = 0; i < lab->plan->router_count; i++)
		count += count_in(lab, i, mnemonic, since_ms);
	return count;
}

static size_t count_up(const struct lab *lab, size_t router)
{
	json_t *j, *item;
	size_t i, up = 0;

	if (nhrpd_runs(lab, router))
		return nhrpd_registered(lab, router);
	j = watch_nhs(lab, router);
	json_array_foreach(json_object_get(j, "nhs"), i, item) {
		const char *status = json_string_value(json_object_get(item, "status"));

		up += status && strcmp(status, "UP") == 0;
	}
	json_decref(j);
	return up;
}

void watch_registrations(const struct lab *lab, size_t *expected, size_t *up)
{
	*expected = *up = 0;
	for (size_t i = 0; i < lab->plan->router_count; i++) {
		size_t wanted = lab->plan->routers[i].expected, have = wanted ? count_up(lab, i) : 0;

		*expected += wanted;
		*up += have < wanted ? have : wanted;
	}
}

/* Does the line of "route get" lead out to the internet node? A default route is no route
 * to a LAN. */
static bool leads_out(const struct lab *lab, size_t router, const char *line)
{
	const char *dev = strstr(line, " dev ");
	size_t length;

	if (!dev)
		return true;
	dev += 5;
	length = strcspn(dev, " \n");
	for (size_t i = 0; i < lab->plan->segment_count; i++) {
		const struct lab_segment *s = &lab->plan->segments[i];
		const struct lab_port *p = lab_segment_port(s, NODE_ROUTER, router);

		if (p && lab_segment_way_out(s) && strlen(p->ifname) == length &&
		    strncmp(p->ifname, dev, length) == 0)
			return true;
	}
	return false;
}

static char *route_questions(const struct lab *lab, size_t router, size_t *count)
{
	char *text = lab_strdup(""), *next, a[IPADDR_TEXT_MAX];

	*count = 0;
	for (size_t i = 0; i < lab->plan->host_count; i++) {
		const struct lab_host *h = &lab->plan->hosts[i];
		const struct ipaddr *addrs[] = { &h->v4.addr, &h->v6.addr };

		for (int k = 0; k < 2; k++) {
			if (h->router == router || ipaddr_is_none(addrs[k]))
				continue;
			next = lab_printf("%sroute get %s\n", text, ipaddr_format(addrs[k], a));
			free(text);
			text = next;
			(*count)++;
		}
	}
	return text;
}

static bool router_routes_complete(const struct lab *lab, size_t router)
{
	char *argv[] = { "ip", "-o", "-batch", "-", NULL }, *output, netns[128];
	size_t wanted, found = 0;
	char *questions = route_questions(lab, router, &wanted), *at, *line;
	int r;

	lab_netns(lab, NODE_ROUTER, router, netns);
	r = run_wait(netns, argv, questions, &output);
	at = output;
	while (r == 0 && at && (line = strsep(&at, "\n")))
		found += *line && !leads_out(lab, router, line);
	free(output);
	free(questions);
	return r == 0 && found >= wanted;
}

bool watch_routes_complete(const struct lab *lab)
{
	for (size_t i = 0; i < lab->plan->host_count; i++)
		if (!router_routes_complete(lab, lab->plan->hosts[i].router))
			return false;
	return true;
}

static uint64_t hash(uint64_t h, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] != ' ')
			h = (h ^ (uint8_t)text[i]) * 1099511628211ull;
	return h;
}

/* FRR numbers its next hops anew as they come and go; hash() passes over blanks. */
static void blank_numbers(char *line)
{
	for (char *at = line; (at = strstr(at, " nhid "));)
		for (at += 6; *at >= '0' && *at <= '9'; at++)
			*at = ' ';
}

/* Several next hops of one route come in any order: each counts with its prefix. */
static uint64_t sum_line(uint64_t router, char *line)
{
	size_t prefix = strcspn(line, " ");
	uint64_t sum = 0;
	char *at = line, *hop;

	blank_numbers(line);
	while ((hop = strsep(&at, "\\")))
		sum += hash(hash(router * 2654435761u, line, prefix), hop, strlen(hop));
	return sum;
}

static bool is_learnt(const char *line)
{
	const char *proto = strstr(line, " proto ");

	return proto && strncmp(proto + 7, "kernel", 6) != 0 && strncmp(proto + 7, "77 ", 3) != 0;
}

static uint64_t sum_family(const struct lab *lab, size_t router, const char *family)
{
	char *argv[] = { "ip", (char *)(uintptr_t)family, "-o", "route", "show", "table", "all", NULL };
	char *output, *at, *line, netns[128];
	uint64_t sum = 0;

	lab_netns(lab, NODE_ROUTER, router, netns);
	run_wait(netns, argv, NULL, &output);
	at = output;
	while (at && (line = strsep(&at, "\n")))
		if (is_learnt(line))
			sum += sum_line(router + 1, line);
	free(output);
	return sum;
}

uint64_t watch_routing(const struct lab *lab)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < lab->plan->router_count; i++)
		sum += sum_family(lab, i, "-4") + 3 * sum_family(lab, i, "-6");
	return sum;
}
