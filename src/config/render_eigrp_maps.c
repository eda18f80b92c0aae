/*
 * What EIGRP's neighbours tell each other, as BGP's route-maps. Communities say what EIGRP knows of a route: its
 * source, the interface and the process that it came by, its tag, and whether it is an external one. Those of the
 * first three are made anew by whoever hears a route. What goes to whom is one map for each process and interface,
 * in this order: stub sites, split horizon, summaries, filters, the process's own, redistribution.
 */
#include <stdlib.h>
#include <string.h>

#include "config/render_eigrp.h"

enum { EXTERNAL_DISTANCE = 170 };

const struct eigrp_source eigrp_sources[EIGRP_SOURCES] = {
	{ "connected", FROM_CONNECTED, "redistributed" }, { "static", FROM_STATIC, "static" }, { "ospf", FROM_OSPF, "redistributed" },
	{ "rip", FROM_RIP, "redistributed" }, { "eigrp", FROM_EIGRP, "redistributed" },
};

static unsigned cost_of(unsigned bandwidth_kbps, unsigned delay)
{
	return 10000000 / (bandwidth_kbps ? bandwidth_kbps : 1) + delay;
}

unsigned eigrp_cost(const struct config_interface *i)
{
	return cost_of(interface_bandwidth_kbps(i), interface_delay_tens_us(i));
}

static unsigned number_of(const struct render *r, const struct config_interface *i)
{
	return (unsigned)(i - r->c->interfaces) + 1;
}

/* ---- the process's own lines ---- */

static unsigned default_metric(const struct eigrp_process *p)
{
	const struct config_block_line *l;
	unsigned bandwidth, delay;
	size_t at = 0;

	while ((l = eigrp_line(p, &at)))
		if (sscanf(l->text, "default-metric %u %u", &bandwidth, &delay) == 2)
			return cost_of(bandwidth, delay);
	return 0;
}

static bool take_redistribution(const struct eigrp_process *p, const char *text, struct redistribution *out)
{
	const char *metric = strstr(text, " metric "), *map = strstr(text, " route-map ");
	unsigned bandwidth, delay;
	char word[32] = "";

	*out = (struct redistribution){ .source = FROM_NOWHERE, .metric = default_metric(p) };
	if (sscanf(text, "redistribute %31s %u", word, &out->number) < 1)
		return false;
	for (size_t i = 0; i < EIGRP_SOURCES; i++)
		if (!strcmp(word, eigrp_sources[i].word)) {
			out->source = eigrp_sources[i].source;
			out->stub = eigrp_sources[i].stub;
		}
	if (metric && sscanf(metric, " metric %u %u", &bandwidth, &delay) == 2)
		out->metric = cost_of(bandwidth, delay);
	out->has_metric = out->metric > 0;
	if (map)
		sscanf(map, " route-map %127s", out->map);
	return out->source != FROM_NOWHERE;
}

/* OSPF's and RIP's metrics mean nothing to EIGRP: without one of its own such a route is announced to nobody. */
static bool is_announced(const struct redistribution *d)
{
	return d->has_metric || (d->source != FROM_OSPF && d->source != FROM_RIP);
}

bool eigrp_redistribution(const struct eigrp_process *p, size_t *at, struct redistribution *out)
{
	const struct config_block_line *l;

	while ((l = eigrp_line(p, at)))
		if (take_redistribution(p, l->text, out) && is_announced(out))
			return true;
	return false;
}

/* `eigrp stub …` without its first two words; NULL: no stub. */
static const char *stub_of(const struct eigrp_process *p)
{
	const struct config_block_line *l;
	size_t at = 0;

	while ((l = eigrp_line(p, &at)))
		if (!strcmp(l->text, "eigrp stub") || !strncmp(l->text, "eigrp stub ", 11))
			return l->text[10] ? l->text + 11 : "connected summary";
	return NULL;
}

static bool stub_allows(const struct eigrp_process *p, const char *word)
{
	const char *stub = stub_of(p);

	return !stub || (strstr(stub, word) && !strstr(stub, "receive-only"));
}

static bool has_neighbours(const struct render *r, const struct eigrp_process *p, const struct config_interface *i)
{
	const struct eigrp_neighbours *n = r->o->eigrp;

	for (size_t k = 0; k < n->count; k++)
		if (n->list[k].here == i && n->list[k].as == p->as && !n->list[k].why_not)
			return true;
	return false;
}

void eigrp_each_place(struct render *r, void (*f)(struct place *place))
{
	struct eigrp_process p = { 0 };

	while (eigrp_next(r->c, &p))
		for (size_t k = 0; k < r->c->interface_count; k++) {
			struct place place = { .r = r, .p = &p, .i = &r->c->interfaces[k] };

			if (!eigrp_runs_on(&p, place.i))
				continue;
			if (eigrp_interface_read(&p, place.i, &place.says) < 0)
				r->out_of_memory = true;
			else
				f(&place);
			eigrp_interface_done(&place.says);
		}
}

/* ---- lists ---- */

static void interface_lists(struct place *place)
{
	FILE *out = place->r->out;
	const char *name = place->i->name;
	char text[IPPREFIX_TEXT_MAX];

	fprintf(out, "bgp community-list standard eigrp-on-%s permit " INTERFACE_MARK ":%u\n", name, number_of(place->r, place->i));
	for (size_t s = 0; s < place->says.summary_count; s++) {
		const struct ipprefix *p = &place->says.summaries[s];

		fprintf(out, "ip prefix-list eigrp-%u-%s-summary permit %s\n", place->p->as, name, ipprefix_format(p, text));
		if (p->len < 32)
			fprintf(out, "ip prefix-list eigrp-%u-%s-inside permit %s ge %u\n", place->p->as, name, text, p->len + 1u);
	}
}

static void process_lists(struct render *r)
{
	struct eigrp_process p = { 0 };

	while (eigrp_next(r->c, &p)) {
		fprintf(r->out, "bgp community-list standard eigrp-process-%u permit " PROCESS_MARK ":%u\n", p.as, p.as);
		fprintf(r->out, "bgp community-list standard eigrp-own-%u permit " SOURCE_MARK ":%u " PROCESS_MARK ":%u\n", p.as,
			FROM_NETWORK, p.as);
	}
}

static void fixed_lists(struct render *r)
{
	fputs("bgp community-list expanded eigrp-here permit ^6499[679]:\n"
	      "bgp community-list standard eigrp-external permit 64995:1\n", r->out);
	fprintf(r->out, "bgp community-list standard eigrp-summary permit " SOURCE_MARK ":%u\n", FROM_SUMMARY);
	for (size_t i = 0; i < EIGRP_SOURCES; i++)
		fprintf(r->out, "bgp community-list standard eigrp-from-%s permit " SOURCE_MARK ":%u\n", eigrp_sources[i].word, eigrp_sources[i].source);
}

/* ---- the owner's route-maps, with tags as communities ---- */

static bool is_map(const struct config_block *b, const char *name, char action[16], unsigned *sequence)
{
	char called[128] = "";

	*sequence = 10;
	strcpy(action, "permit");
	if (sscanf(b->head, "route-map %127s %15s %u", called, action, sequence) < 1)
		return false;
	return !strcmp(called, name);
}

static void tag_list(struct render *r, const char *name, unsigned sequence, const char *tags)
{
	char *end;

	for (unsigned long tag; tag = strtoul(tags, &end, 10), end > tags; tags = end)
		fprintf(r->out, "bgp community-list standard eigrp-tags-%s-%u permit " TAG_MARK ":%lu\n", name, sequence, tag);
}

static void map_line(struct render *r, const char *name, unsigned sequence, const struct config_block_line *l)
{
	unsigned bandwidth, delay, tag;

	if (!strncmp(l->text, "match tag ", 10))
		fprintf(r->out, " match community eigrp-tags-%s-%u\n", name, sequence);
	else if (sscanf(l->text, "set tag %u", &tag) == 1)
		fprintf(r->out, " set community " TAG_MARK ":%u additive\n", tag & 0xffff);
	else if (sscanf(l->text, "set metric %u %u", &bandwidth, &delay) == 2)
		fprintf(r->out, " set metric %u\n", cost_of(bandwidth, delay));
	else
		render_line(r, l->mode, l->text, " ");
}

static void copy_map(struct render *r, const char *name)
{
	char action[16];
	unsigned sequence;

	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		if (strncmp(b->head, "route-map ", 10) || !is_map(b, name, action, &sequence))
			continue;
		for (size_t k = 0; k < b->line_count; k++)
			if (!strncmp(b->lines[k].text, "match tag ", 10))
				tag_list(r, name, sequence, b->lines[k].text + 10);
		fprintf(r->out, "route-map eigrp-%s %s %u\n", name, action, sequence);
		for (size_t k = 0; k < b->line_count; k++)
			map_line(r, name, sequence, &b->lines[k]);
	}
}

static bool take_filter(const char *text, struct filter *f)
{
	char a[128] = "", b[128] = "", c[128] = "", d[128] = "";
	const int n = sscanf(text, "distribute-list %127s %127s %127s %127s", a, b, c, d);
	const bool kind = !strcmp(a, "prefix") || !strcmp(a, "route-map");

	*f = (struct filter){ 0 };
	if (n < 2)
		return false;
	snprintf(f->kind, sizeof f->kind, "%s", kind ? a : "list");
	snprintf(f->name, sizeof f->name, "%s", kind ? b : a);
	snprintf(f->way, sizeof f->way, "%.7s", kind ? c : b);
	snprintf(f->interface, sizeof f->interface, "%.63s", kind ? d : c);
	return !strcmp(f->way, "in") || !strcmp(f->way, "out");
}

bool eigrp_filter(const struct place *place, size_t *at, struct filter *f)
{
	const struct config_block_line *l;

	while ((l = eigrp_line(place->p, at)))
		if (take_filter(l->text, f) && (!f->interface[0] || !strcmp(f->interface, place->i->ios_name)))
			return true;
	return false;
}

static void copy_maps(struct render *r)
{
	struct eigrp_process p = { 0 };
	const struct config_block_line *l;

	while (eigrp_next(r->c, &p))
		for (size_t at = 0; (l = eigrp_line(&p, &at));) {
			struct redistribution d;
			struct filter f;

			if (take_redistribution(&p, l->text, &d) && d.map[0])
				copy_map(r, d.map);
			else if (take_filter(l->text, &f) && !strcmp(f.kind, "route-map"))
				copy_map(r, f.name);
		}
}

/* ---- what comes in ---- */

static void entry(struct place *place, const char *action)
{
	fprintf(place->r->out, "route-map %s %s %u\n", place->map, action, place->sequence += 10);
}

static void call_filters(struct place *place, const char *way)
{
	struct filter f;

	for (size_t at = 0; eigrp_filter(place, &at, &f);) {
		if (strcmp(f.kind, "route-map") || strcmp(f.way, way))
			continue;
		entry(place, "permit");
		fprintf(place->r->out, " call eigrp-%s\n on-match next\n", f.name);
	}
}

static void offsets(struct place *place, const char *way)
{
	const struct config_block_line *l;
	char list[128], direction[8], interface[64];
	unsigned offset;

	for (size_t at = 0; (l = eigrp_line(place->p, &at));) {
		const int n = sscanf(l->text, "offset-list %127s %7s %u %63s", list, direction, &offset, interface);

		if (n < 3 || strcmp(direction, way) || (n == 4 && strcmp(interface, place->i->ios_name)))
			continue;
		entry(place, "permit");
		if (strcmp(list, "0"))
			fprintf(place->r->out, " match ip address %s\n", list);
		fprintf(place->r->out, " set metric +%u\n on-match next\n", (offset + 255) / 256);
	}
}

static void in_map(struct place *place)
{
	FILE *out = place->r->out;

	place->sequence = 0;
	snprintf(place->map, sizeof place->map, "eigrp-%u-%s-in", place->p->as, place->i->name);
	entry(place, "permit");
	fputs(" set comm-list eigrp-here delete\n on-match next\n", out);
	entry(place, "permit");
	fprintf(out, " match community eigrp-external\n set local-preference 50\n set distance %d\n on-match next\n", EXTERNAL_DISTANCE);
	call_filters(place, "in");
	offsets(place, "in");
	entry(place, "permit");
	fprintf(out, " set community " PROCESS_MARK ":%u " INTERFACE_MARK ":%u additive\n set metric +%u\n set tag %u\n", place->p->as,
		number_of(place->r, place->i), eigrp_cost(place->i), place->p->as);
}

/* ---- what goes out ---- */

static void deny_community(struct place *place, const char *list)
{
	entry(place, "deny");
	fprintf(place->r->out, " match community %s\n", list);
}

/* A stub site tells no WAN neighbour what it heard from another. */
static void deny_other_wans(struct place *place)
{
	char list[64];

	for (size_t k = 0; place->says.stub_site && k < place->r->c->interface_count; k++) {
		const struct config_interface *i = &place->r->c->interfaces[k];
		struct eigrp_interface says;

		if (!eigrp_runs_on(place->p, i) || eigrp_interface_read(place->p, i, &says) < 0)
			continue;
		snprintf(list, sizeof list, "eigrp-on-%s", i->name);
		if (says.stub_site)
			deny_community(place, list);
		eigrp_interface_done(&says);
	}
}

static void out_summaries(struct place *place)
{
	FILE *out = place->r->out;

	if (place->says.summary_count) {
		if (stub_allows(place->p, "summary")) {
			entry(place, "permit");
			fprintf(out, " match ip address prefix-list eigrp-%u-%s-summary\n match community eigrp-summary\n", place->p->as, place->i->name);
		}
		entry(place, "deny");
		fprintf(out, " match ip address prefix-list eigrp-%u-%s-inside\n", place->p->as, place->i->name);
	}
	deny_community(place, "eigrp-summary");
}

static void out_redistributed(struct place *place, const struct redistribution *d)
{
	FILE *out = place->r->out;

	if (!stub_allows(place->p, d->stub))
		return;
	entry(place, "permit");
	if (d->source == FROM_EIGRP) {
		fprintf(out, " match community eigrp-process-%u\n", d->number);
	} else {
		for (size_t i = 0; i < EIGRP_SOURCES; i++)
			if (eigrp_sources[i].source == d->source)
				fprintf(out, " match community eigrp-from-%s\n", eigrp_sources[i].word);
	}
	if (d->has_metric)
		fprintf(out, " set metric %u\n", d->metric);
	fputs(" set community 64995:1 additive\n", out);
	if (d->map[0])
		fprintf(out, " call eigrp-%s\n", d->map);
}

static void out_map(struct place *place)
{
	char list[64];
	struct redistribution d;

	place->sequence = 0;
	snprintf(place->map, sizeof place->map, "eigrp-%u-%s-out", place->p->as, place->i->name);
	deny_other_wans(place);
	snprintf(list, sizeof list, "eigrp-on-%s", place->i->name);
	if (place->says.split_horizon)
		deny_community(place, list);
	out_summaries(place);
	call_filters(place, "out");
	offsets(place, "out");
	if (stub_allows(place->p, "connected")) {
		entry(place, "permit");
		fprintf(place->r->out, " match community eigrp-%s-%u\n", stub_of(place->p) ? "own" : "process", place->p->as);
	}
	for (size_t at = 0; eigrp_redistribution(place->p, &at, &d);)
		out_redistributed(place, &d);
	entry(place, "deny");
}

static void maps(struct place *place)
{
	if (!has_neighbours(place->r, place->p, place->i))
		return;
	in_map(place);
	out_map(place);
}

void render_eigrp_lists(struct render *r)
{
	fixed_lists(r);
	process_lists(r);
	eigrp_each_place(r, interface_lists);
	copy_maps(r);
}

void render_eigrp_maps(struct render *r)
{
	eigrp_each_place(r, maps);
}
