#include "lab/fault.h"

#include <stdlib.h>
#include <string.h>

#include "lab/frr.h"
#include "lab/memory.h"
#include "lab/net.h"
#include "lab/programs.h"
#include "lab/run.h"

static const struct {
	const char *name;
	enum fault_kind kind;
} kinds[] = {
	{ "kill", FAULT_KILL },     { "poweroff", FAULT_POWEROFF }, { "uplink", FAULT_UPLINK },
	{ "uplink-far", FAULT_UPLINK_FAR }, { "inside", FAULT_INSIDE },
};

static const char *const later[] = { "blackhole", "reboot", "flap" };

static const char *const programs[] = { "dmvpnd", "control", "fwd",    "charon", "zebra",  "staticd", "bgpd",
					"ospfd",  "ospf6d",  "eigrpd", "ripd",   "ripngd", "bfdd" };

static bool is_later(const char *word)
{
	for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strncmp(word, later[i], strlen(later[i])) == 0)
			return true;
	return false;
}

static bool is_program(const char *word)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(word, programs[i]) == 0)
			return true;
	return false;
}

/* "kill:bgpd" -> kind and program. */
static int parse_name(const char *word, struct fault *f, char *error, size_t size)
{
	const char *colon = strchr(word, ':');
	size_t length = colon ? (size_t)(colon - word) : strlen(word);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) != length || strncmp(word, kinds[i].name, length) != 0)
			continue;
		f->kind = kinds[i].kind;
		if (!colon)
			return 0;
		if (f->kind == FAULT_KILL && is_program(colon + 1)) {
			snprintf(f->program, sizeof(f->program), "%s", colon + 1);
			return 0;
		}
	}
	if (is_later(word))
		snprintf(error, size, "fault %s: not in this version", word);
	else
		snprintf(error, size, "unknown fault \"%s\" (none, all, kill, kill:PROGRAM, poweroff, uplink, "
			 "uplink-far, inside)", word);
	return 2;
}

/* Is the program one of those that the router's configuration needs? */
static bool should_run(const struct lab *lab, size_t router, const char *program)
{
	const char *daemons[FRR_DAEMONS_MAX];
	size_t count = frr_daemons(lab, router, daemons);

	for (size_t i = 0; i < count; i++)
		if (strcmp(daemons[i], program) == 0)
			return true;
	if (strcmp(program, "charon") == 0)
		return programs_is_protected(lab, router);
	return programs_has_tunnels(lab, router) &&
	       (strcmp(program, "dmvpnd") == 0 || strcmp(program, "control") == 0 || strcmp(program, "fwd") == 0);
}

/* Why the fault cannot happen on that router, or NULL. */
static const char *impossible(const struct lab *lab, const struct fault *f, bool running)
{
	pid_t pids[LAB_PROGRAMS_PIDS];

	switch (f->kind) {
	case FAULT_KILL:
		if (f->program[0] && !(running ? programs_pids(lab, f->router, f->program, pids) > 0 :
						 should_run(lab, f->router, f->program)))
			return "does not run that program";
		return NULL;
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
		return lab_plan_uplink(lab->plan, f->router) ? NULL : "has no uplink";
	case FAULT_INSIDE:
		return lab_plan_inside(lab->plan, f->router) ? NULL : "has no inside link";
	case FAULT_POWEROFF:
		return NULL;
	}
	return NULL;
}

struct parse {
	const struct lab *lab;
	struct fault **faults;
	size_t *count;
	bool running;
	char *error;
	size_t size;
};

static int add(struct parse *p, const struct fault *f, const char *word, bool optional)
{
	const char *router = p->lab->plan->routers[f->router].name, *why = impossible(p->lab, f, p->running);
	struct fault *slot;

	if (why && optional)
		return 0;
	if (why) {
		snprintf(p->error, p->size, "fault %s: %s %s", word, router, why);
		return 2;
	}
	slot = lab_append(p->faults, p->count, sizeof(*slot));
	*slot = *f;
	snprintf(slot->name, sizeof(slot->name), "%.30s@%s", word, router);
	return 0;
}

static int add_on_hubs(struct parse *p, struct fault *f, const char *word, bool optional)
{
	size_t hubs = 0;
	int r = 0;

	for (size_t i = 0; i < p->lab->plan->router_count && r == 0; i++) {
		if (p->lab->plan->routers[i].role != LAB_HUB)
			continue;
		hubs++;
		f->router = i;
		r = add(p, f, word, optional);
	}
	if (!hubs && !optional) {
		snprintf(p->error, p->size, "fault %s: there is no hub; say %s@ROUTER", word, word);
		return 2;
	}
	return r;
}

static int add_word(struct parse *p, char *word)
{
	char *at = strchr(word, '@');
	struct fault f = { 0 };
	int r;

	if (at)
		*at++ = 0;
	r = parse_name(word, &f, p->error, p->size);
	if (r != 0)
		return r;
	if (!at)
		return add_on_hubs(p, &f, word, false);
	if (!lab_plan_router(p->lab->plan, at, &f.router)) {
		snprintf(p->error, p->size, "fault %s@%s: there is no router %s", word, at, at);
		return 2;
	}
	return add(p, &f, word, false);
}

static int add_all(struct parse *p)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && r == 0; i++) {
		struct fault f = { .kind = kinds[i].kind };

		r = add_on_hubs(p, &f, kinds[i].name, true);
	}
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]) && r == 0; i++) {
		struct fault f = { .kind = FAULT_KILL };
		char word[40];

		snprintf(f.program, sizeof(f.program), "%s", programs[i]);
		snprintf(word, sizeof(word), "kill:%s", programs[i]);
		r = add_on_hubs(p, &f, word, true);
	}
	return r;
}

static int parse(const struct lab *lab, const char *list, bool running, struct fault **faults, size_t *count,
		 char *error, size_t size)
{
	struct parse p = { lab, faults, count, running, error, size };
	char *copy = lab_strdup(list), *at = copy, *word;
	int r = 0;

	*faults = NULL;
	*count = 0;
	while (r == 0 && (word = strsep(&at, ","))) {
		if (strcmp(word, "all") == 0)
			r = add_all(&p);
		else if (strcmp(word, "none") != 0)
			r = add_word(&p, word);
	}
	free(copy);
	return r;
}

int faults_parse(const struct lab *lab, const char *list, bool running, struct fault **faults,
		 size_t *count, char *error, size_t size)
{
	int r = parse(lab, list, running, faults, count, error, size);

	if (r != 0) {
		free(*faults);
		*faults = NULL;
		*count = 0;
	}
	return r;
}

int faults_check(const struct lab *lab, const char *list, char *error, size_t size)
{
	struct fault *faults;
	size_t count;
	int r = parse(lab, list, false, &faults, &count, error, size);

	free(faults);
	return r;
}

static void kill_programs(const struct lab *lab, const struct fault *f)
{
	pid_t pids[LAB_PROGRAMS_PIDS];
	size_t count = programs_pids(lab, f->router, f->program[0] ? f->program : NULL, pids);

	process_kill(pids, count);
}

static int set_link(struct lab *lab, const struct fault *f, bool up, char *error, size_t size)
{
	const struct lab_segment *s = f->kind == FAULT_INSIDE ? lab_plan_inside(lab->plan, f->router) :
								lab_plan_uplink(lab->plan, f->router);

	if (!s || net_port_set(lab, f->router, s, f->kind == FAULT_UPLINK_FAR, up) < 0) {
		snprintf(error, size, "%s: cannot set the link", f->name);
		return 2;
	}
	return 0;
}

int fault_inject(struct lab *lab, const struct fault *f, char *error, size_t size)
{
	switch (f->kind) {
	case FAULT_KILL:
		kill_programs(lab, f);
		return 0;
	case FAULT_POWEROFF:
		kill_programs(lab, f);
		net_router_off(lab, f->router);
		return 0;
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
	case FAULT_INSIDE:
		return set_link(lab, f, false, error, size);
	}
	return 2;
}

/* The keeper restarts its children by itself; everything else is started again here. */
int fault_heal(struct lab *lab, const struct fault *f, char *error, size_t size)
{
	int r = 0;

	switch (f->kind) {
	case FAULT_KILL:
		return programs_start(lab, f->router, error, size);
	case FAULT_POWEROFF:
		r = net_router_on(lab, f->router, error, size);
		return r ? r : programs_start(lab, f->router, error, size);
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
	case FAULT_INSIDE:
		return set_link(lab, f, true, error, size);
	}
	return 2;
}

/* The router at the other end of the inside link; false when that link is a LAN. */
static bool inside_neighbour(const struct lab *lab, const struct path *p, size_t router)
{
	const struct lab_segment *s = lab_plan_inside(lab->plan, router);

	for (size_t i = 0; s && i < s->port_count; i++)
		if (s->ports[i].node == NODE_ROUTER && s->ports[i].index != router &&
		    path_crosses(p, router, s->ports[i].index))
			return true;
	return false;
}

bool fault_affects(const struct lab *lab, const struct fault *f, const struct path *p)
{
	if (f->kind == FAULT_INSIDE)
		return inside_neighbour(lab, p, f->router);
	return path_has(p, f->router);
}

bool fault_cuts_off(const struct lab *lab, const struct fault *f, size_t host)
{
	const struct lab_host *h = &lab->plan->hosts[host];

	if (h->router != f->router)
		return false;
	return f->kind != FAULT_INSIDE || lab_plan_inside(lab->plan, f->router) == &lab->plan->segments[h->segment];
}
