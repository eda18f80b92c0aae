/* fault_words: the words that name faults, and what "all" means. */
#include "lab/fault.h"

#include <stdlib.h>
#include <string.h>

#include "lab/frr.h"
#include "lab/memory.h"
#include "lab/programs.h"

enum { LOSS_PERCENT = 5, OVERLOAD_PERCENT = 80, FLAP_TIMES = 20, FLAP_TIMES_MAX = 40, REBIND_TIMES_MAX = 40 };

static const struct {
	const char *name;
	enum fault_kind kind;
} kinds[] = {
	{ "kill", FAULT_KILL },           { "poweroff", FAULT_POWEROFF },   { "reboot", FAULT_REBOOT },
	{ "uplink", FAULT_UPLINK },       { "uplink-far", FAULT_UPLINK_FAR }, { "inside", FAULT_INSIDE },
	{ "flap", FAULT_FLAP },           { "blackhole", FAULT_BLACKHOLE }, { "loss", FAULT_LOSS },
	{ "tunnel", FAULT_TUNNEL },       { "overload", FAULT_OVERLOAD },   { "direct", FAULT_DIRECT },
	{ "address", FAULT_ADDRESS },     { "rebind", FAULT_REBIND },
};

static const char *const programs[] = { "dmvpnd", "control", "fwd",    "charon", "zebra",  "staticd", "bgpd",
					"ospfd",  "ospf6d",  "eigrpd", "ripd",   "ripngd", "bfdd",
					"nhrpd" };

/* In this order on every hub. */
static const char *const on_hubs[] = {
	"kill", "poweroff", "reboot", "uplink", "uplink-far", "inside", "flap", "blackhole", "blackhole:in",
	"blackhole:out", "blackhole:esp", "blackhole:nhrp", "blackhole:ike", "loss:5", "loss:20", "tunnel", "overload",
};

struct parse {
	const struct lab *lab;
	struct fault **faults;
	size_t *count;
	bool running;
	char *error;
	size_t size;
};

static bool is_about_spokes(enum fault_kind k) { return k == FAULT_DIRECT || k == FAULT_ADDRESS || k == FAULT_REBIND; }

static bool take_program(struct fault_part *p, const char *word)
{
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(word, programs[i]) == 0) {
			snprintf(p->program, sizeof(p->program), "%s", word);
			return true;
		}
	return false;
}

static bool take_number(struct fault_part *p, const char *word, unsigned max)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);

	if (*word < '0' || *word > '9' || *end || n < 1 || n > max)
		return false;
	p->amount = (unsigned)n;
	return true;
}

/* "in", "esp", "out:ike": one word of it. */
static bool take_hole(struct fault_part *p, const char *word)
{
	static const struct { const char *word; enum fault_way way; } ways[] = {
		{ "in", FAULT_IN }, { "out", FAULT_OUT }, { "both", FAULT_BOTH },
	};
	static const struct { const char *word; enum fault_packets packets; } packets[] = {
		{ "esp", FAULT_ESP }, { "nhrp", FAULT_NHRP }, { "ike", FAULT_IKE },
	};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(word, ways[i].word) == 0) {
			p->way = ways[i].way;
			return true;
		}
		if (strcmp(word, packets[i].word) == 0) {
			p->packets = packets[i].packets;
			return true;
		}
	}
	return false;
}

/* Whether the router has it is looked at when the router is known. */
static bool take_interface(struct fault_part *p, const char *word)
{
	return *word && (size_t)snprintf(p->interface, sizeof(p->interface), "%s", word) < sizeof(p->interface);
}

static bool take_argument(const struct lab *lab, struct fault_part *p, const char *word)
{
	switch (p->kind) {
	case FAULT_KILL:
		return take_program(p, word);
	case FAULT_BLACKHOLE:
		return take_hole(p, word);
	case FAULT_LOSS:
		return take_number(p, word, 100);
	case FAULT_OVERLOAD:
		return take_number(p, word, 99);
	case FAULT_FLAP:
		return take_number(p, word, FLAP_TIMES_MAX);
	case FAULT_DIRECT:
		return lab_plan_router(lab->plan, word, &p->peer);
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
		return take_interface(p, word);
	case FAULT_REBIND:
		return take_number(p, word, REBIND_TIMES_MAX);
	case FAULT_POWEROFF:
	case FAULT_REBOOT:
	case FAULT_INSIDE:
	case FAULT_TUNNEL:
	case FAULT_ADDRESS:
		return false;
	}
	return false;
}

static bool take_kind(const struct lab *lab, struct fault_part *p, const char *word)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(word, kinds[i].name) != 0)
			continue;
		*p = (struct fault_part){ .kind = kinds[i].kind, .way = FAULT_BOTH, .peer = lab->plan->router_count };
		p->amount = p->kind == FAULT_LOSS ? LOSS_PERCENT : p->kind == FAULT_FLAP ? FLAP_TIMES :
			    p->kind == FAULT_REBIND ? 1 : OVERLOAD_PERCENT;
		return true;
	}
	return false;
}

/* "kill:bgpd" -> kind and program. */
static int parse_name(const struct parse *p, const char *text, struct fault_part *part)
{
	char *copy = lab_strdup(text), *at = copy, *word = strsep(&at, ":");
	bool good = take_kind(p->lab, part, word);

	while (good && (word = strsep(&at, ":")))
		good = take_argument(p->lab, part, word);
	free(copy);
	if (!good)
		snprintf(p->error, p->size, "unknown fault \"%s\" (none, all, kill[:PROGRAM], poweroff, reboot, "
			 "uplink[:INTERFACE], uplink-far[:INTERFACE], inside, flap[:TIMES], blackhole[:in|out|both][:esp|nhrp|ike], loss[:PERCENT], tunnel, "
			 "overload[:PERCENT], direct[:SPOKE], address, rebind[:TIMES])", text);
	return good ? 0 : 2;
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
	return programs_has_dmvpnd(lab, router) &&
	       (strcmp(program, "dmvpnd") == 0 || strcmp(program, "control") == 0 || strcmp(program, "fwd") == 0);
}

static bool runs(const struct lab *lab, size_t router, const char *program, bool running)
{
	pid_t pids[LAB_PROGRAMS_PIDS];

	return running ? programs_pids(lab, router, program, pids) > 0 : should_run(lab, router, program);
}

static bool leads_to_internet(const struct lab *lab, size_t router)
{
	const struct lab_segment *s = lab_plan_uplink(lab->plan, router);

	return s && lab_segment_way_out(s);
}

static bool is_behind_box(const struct lab *lab, size_t router)
{
	const struct lab_segment *s = lab_plan_uplink(lab->plan, router);
	const struct lab_port *out = s ? lab_segment_way_out(s) : NULL;

	return out && out->node == NODE_NAT;
}

/* Has it a tunnel by which it could send to another spoke? */
static bool has_multipoint(const struct lab *lab, size_t router)
{
	const struct config *c = lab->plan->routers[router].config;

	for (size_t i = 0; i < c->interface_count; i++)
		if (c->interfaces[i].is_tunnel && !c->interfaces[i].shutdown &&
		    c->interfaces[i].tunnel->mode == TUNNEL_GRE_MULTIPOINT)
			return true;
	return false;
}

static const char *no_hole(const struct lab *lab, const struct fault_part *p)
{
	if (!leads_to_internet(lab, p->router))
		return "has no uplink to the internet node";
	if ((p->packets == FAULT_ESP || p->packets == FAULT_IKE) && !programs_is_protected(lab, p->router))
		return "has no protected tunnel";
	if (p->packets == FAULT_NHRP && !programs_has_tunnels(lab, p->router))
		return "has no tunnel";
	return NULL;
}

static const char *no_direct(const struct lab *lab, const struct fault_part *p)
{
	if (p->peer >= lab->plan->router_count || p->peer == p->router)
		return "has no other spoke to talk to";
	if (!leads_to_internet(lab, p->router) || !leads_to_internet(lab, p->peer))
		return "or its peer has no uplink to the internet node";
	return has_multipoint(lab, p->router) && has_multipoint(lab, p->peer) ? NULL :
										"or its peer has point-to-point tunnels only";
}

/* Why the fault cannot happen on that router, or NULL. */
static const char *impossible(const struct lab *lab, const struct fault_part *p, bool running)
{
	switch (p->kind) {
	case FAULT_KILL:
		return p->program[0] && !runs(lab, p->router, p->program, running) ? "does not run that program" : NULL;
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
		if (p->interface[0])
			return lab_plan_way_out_by(lab->plan, p->router, p->interface) ? NULL :
				       "has no such interface that leads to the internet node; say its name as Gi0-1";
		return lab_plan_uplink(lab->plan, p->router) ? NULL : "has no uplink";
	case FAULT_REBIND:
		return is_behind_box(lab, p->router) ? NULL : "stands behind no NAT box (`nat ROUTER` in lab.conf)";
	case FAULT_FLAP:
		return lab_plan_uplink(lab->plan, p->router) ? NULL : "has no uplink";
	case FAULT_INSIDE:
		return lab_plan_inside(lab->plan, p->router) ? NULL : "has no inside link";
	case FAULT_BLACKHOLE:
		return no_hole(lab, p);
	case FAULT_LOSS:
	case FAULT_ADDRESS:
		return leads_to_internet(lab, p->router) ? NULL : "has no uplink to the internet node";
	case FAULT_TUNNEL:
		return programs_has_tunnels(lab, p->router) ? NULL : "has no tunnel";
	case FAULT_DIRECT:
		return no_direct(lab, p);
	case FAULT_POWEROFF:
	case FAULT_REBOOT:
	case FAULT_OVERLOAD:
		return NULL;
	}
	return NULL;
}

/* The first spoke but `not`; false when there is none. */
static bool first_spoke(const struct lab *lab, size_t not, size_t *router)
{
	for (size_t i = 0; i < lab->plan->router_count; i++)
		if (lab->plan->routers[i].role == LAB_SPOKE && i != not) {
			*router = i;
			return true;
		}
	return false;
}

/* The one that such a fault is about when none is named: of rebindings the first behind a NAT box. */
static bool spoke_for(const struct lab *lab, const struct fault_part *part, size_t *router)
{
	for (size_t i = 0; part->kind == FAULT_REBIND && i < lab->plan->router_count; i++)
		if (lab->plan->routers[i].role == LAB_SPOKE && is_behind_box(lab, i)) {
			*router = i;
			return true;
		}
	return first_spoke(lab, lab->plan->router_count, router);
}

static int complain(struct parse *p, const char *word, const char *router, const char *why)
{
	snprintf(p->error, p->size, "fault %s: %s %s", word, router, why);
	return 2;
}

/* Fills in what the words left open, and looks whether it can be. */
static int settle(struct parse *p, struct fault_part *part, const char *word)
{
	const char *why;

	if (part->kind == FAULT_DIRECT && part->peer >= p->lab->plan->router_count)
		first_spoke(p->lab, part->router, &part->peer);
	why = impossible(p->lab, part, p->running);
	return why ? complain(p, word, p->lab->plan->routers[part->router].name, why) : 0;
}

static void add(struct parse *p, const struct fault *f)
{
	*(struct fault *)lab_append(p->faults, p->count, sizeof(*f)) = *f;
}

static int add_single(struct parse *p, struct fault_part *part, const char *word, size_t router)
{
	struct fault f = { .part_count = 1 };
	int r;

	part->router = router;
	r = settle(p, part, word);
	if (r != 0)
		return r;
	f.parts[0] = *part;
	snprintf(f.name, sizeof(f.name), "%.80s@%s", word, p->lab->plan->routers[router].name);
	add(p, &f);
	return 0;
}

/* A word without a router. */
static int add_everywhere(struct parse *p, const char *word)
{
	struct fault_part part;
	size_t hubs = 0, spoke;
	int r = parse_name(p, word, &part);

	if (r == 0 && is_about_spokes(part.kind)) {
		if (spoke_for(p->lab, &part, &spoke))
			return add_single(p, &part, word, spoke);
		return complain(p, word, "the lab", "has no spoke");
	}
	for (size_t i = 0; i < p->lab->plan->router_count && r == 0; i++)
		if (p->lab->plan->routers[i].role == LAB_HUB) {
			hubs++;
			r = add_single(p, &part, word, i);
		}
	if (r == 0 && !hubs) {
		snprintf(p->error, p->size, "fault %s: there is no hub; say %s@ROUTER", word, word);
		return 2;
	}
	return r;
}

static int parse_part(struct parse *p, char *word, struct fault *f)
{
	char *at = strchr(word, '@');
	struct fault_part *part = &f->parts[f->part_count];
	int r;

	if (f->part_count == FAULT_PARTS_MAX) {
		snprintf(p->error, p->size, "fault %s: at most %d parts", f->name, FAULT_PARTS_MAX);
		return 2;
	}
	if (!at) {
		snprintf(p->error, p->size, "fault %s: say %s@ROUTER", f->name, word);
		return 2;
	}
	*at++ = 0;
	r = parse_name(p, word, part);
	if (r != 0)
		return r;
	if (!lab_plan_router(p->lab->plan, at, &part->router)) {
		snprintf(p->error, p->size, "fault %s@%s: there is no router %s", word, at, at);
		return 2;
	}
	f->part_count++;
	return settle(p, part, word);
}

/* "kill@hub1+uplink@hub1", or with '/' one after the other. */
static int add_word(struct parse *p, const char *text)
{
	char *copy, *at, *word;
	struct fault f = { .in_turn = strchr(text, '/') != NULL };
	int r = 0;

	if (!strpbrk(text, "@+/"))
		return add_everywhere(p, text);
	if (f.in_turn && strchr(text, '+')) {
		snprintf(p->error, p->size, "fault %s: either + or /", text);
		return 2;
	}
	snprintf(f.name, sizeof(f.name), "%s", text);
	copy = at = lab_strdup(text);
	while (r == 0 && (word = strsep(&at, "+/")))
		r = parse_part(p, word, &f);
	if (r == 0)
		add(p, &f);
	free(copy);
	return r;
}

/* Of "all": what cannot be is left out. Takes the word. */
static void add_if_possible(struct parse *p, char *word)
{
	char error[256];
	struct parse quiet = *p;

	quiet.error = error;
	quiet.size = sizeof(error);
	(void)!add_word(&quiet, word);
	free(word);
}

static void add_for_hub(struct parse *p, const char *hub)
{
	for (size_t i = 0; i < sizeof(on_hubs) / sizeof(on_hubs[0]); i++)
		add_if_possible(p, lab_printf("%s@%s", on_hubs[i], hub));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		add_if_possible(p, lab_printf("kill:%s@%s", programs[i], hub));
	add_if_possible(p, lab_printf("kill@%s+uplink@%s", hub, hub));
}

static void add_all(struct parse *p)
{
	const struct lab_plan *plan = p->lab->plan;
	const char *before = NULL;

	for (size_t i = 0; i < plan->router_count; i++) {
		if (plan->routers[i].role != LAB_HUB)
			continue;
		add_for_hub(p, plan->routers[i].name);
		if (before)
			add_if_possible(p, lab_printf("kill@%s/kill@%s", before, plan->routers[i].name));
		before = plan->routers[i].name;
	}
	add_if_possible(p, lab_strdup("direct"));
	add_if_possible(p, lab_strdup("address"));
	add_if_possible(p, lab_strdup("rebind"));
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
			add_all(&p);
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
