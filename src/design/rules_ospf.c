/* OSPF over a tunnel: types, designated routers, areas, timers. */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/design.h"
#include "design/routing.h"
#include "design/said.h"

enum { MANY_SPOKES = 100 };

/* The process that speaks there. */
static bool ospf_of(const struct design *d, const struct design_member *m, struct routing *out)
{
	struct routing all[ROUTING_MAX];
	const size_t count = routing_of(d, m, all);

	for (size_t i = 0; i < count; i++) {
		if (all[i].kind == ROUTING_OSPF && !all[i].passive) {
			*out = all[i];
			return true;
		}
	}
	return false;
}

static const struct config_if_ospf *lines_of(const struct design_member *m)
{
	return m->family == IP_V4 ? &m->interface->ospf : &m->interface->ospf6;
}

static const char *type_of(const struct design_member *m)
{
	const struct config_if_ospf *o = lines_of(m);

	return o->network ? o->network : "point-to-point";
}

static unsigned ospf_line(const struct design_member *m, const char *words)
{
	return said_linef(m->interface, "%s ospf %s", m->family == IP_V4 ? "ip" : "ipv6", words);
}

static bool elects(const struct design_member *m)
{
	return !strcmp(type_of(m), "broadcast") || !strcmp(type_of(m), "non-broadcast");
}

/* ---- what has to be the same ---- */

/* Types that elect, and those that do not, describe the tunnel differently. */
static bool election(const struct design *d, const struct design_member *m, struct trait *out)
{
	struct routing r;

	if (!ospf_of(d, m, &r))
		return false;
	snprintf(out->value, sizeof out->value, "%s", elects(m) ? "elects" : "does not");
	snprintf(out->shown, sizeof out->shown, "OSPF network type %s%s", type_of(m), lines_of(m)->network ? "" : " (the default)");
	snprintf(out->write, sizeof out->write, "ip ospf network %s", type_of(m));
	out->line = ospf_line(m, "network");
	return true;
}

static bool area(const struct design *d, const struct design_member *m, struct trait *out)
{
	struct routing r;
	struct ipaddr dotted;
	char text[24];

	if (!ospf_of(d, m, &r))
		return false;
	if (ipaddr_parse(r.area, &dotted) && dotted.family == IP_V4)
		snprintf(text, sizeof text, "%u", ipaddr_to_v4(&dotted));
	else
		snprintf(text, sizeof text, "%s", r.area);
	snprintf(out->value, sizeof out->value, "%s", text);
	snprintf(out->shown, sizeof out->shown, "the tunnel in OSPF area %s", r.area);
	snprintf(out->write, sizeof out->write, "area %s for the tunnel", r.area);
	out->line = r.line;
	return true;
}

/* stub and nssa are told in hellos. */
static bool area_kind(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct config_block_line *line = NULL;
	const char *kind;
	struct routing r;
	char words[64];

	if (!ospf_of(d, m, &r) || !r.block)
		return false;
	snprintf(words, sizeof words, "area %s stub", r.area);
	line = block_line(r.block, words);
	if (!line) {
		snprintf(words, sizeof words, "area %s nssa", r.area);
		line = block_line(r.block, words);
	}
	kind = line ? strstr(words, "stub") ? "stub" : "nssa" : "normal";
	snprintf(out->value, sizeof out->value, "%s", kind);
	snprintf(out->shown, sizeof out->shown, "area %s as a %s area", r.area, kind);
	snprintf(out->write, sizeof out->write, "%s", line ? words : "no area … stub");
	out->line = line ? line->line : r.line;
	return true;
}

static bool timers(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct config_if_ospf *o = lines_of(m);
	const bool slow = !strcmp(type_of(m), "point-to-multipoint") || !strcmp(type_of(m), "non-broadcast");
	const unsigned hello = o->hello_s ? o->hello_s : slow ? 30 : 10, dead = o->dead_s ? o->dead_s : hello * 4;
	struct routing r;

	if (!ospf_of(d, m, &r))
		return false;
	snprintf(out->value, sizeof out->value, "%u/%u", hello, dead);
	snprintf(out->shown, sizeof out->shown, "OSPF timers of %u and %u s", hello, dead);
	snprintf(out->write, sizeof out->write, "ip ospf hello-interval %u and ip ospf dead-interval %u", hello, dead);
	out->line = o->hello_s ? ospf_line(m, "hello-interval") : o->dead_s ? ospf_line(m, "dead-interval") : ospf_line(m, "network");
	return true;
}

static bool secret(const struct design *d, const struct design_member *m, struct trait *out)
{
	const struct config_said *mode = said_find(m->interface, "ip ospf authentication"), *digest = said_find(m->interface, "ip ospf message-digest-key"),
				 *key = said_find(m->interface, "ip ospf authentication-key");
	const struct config_block_line *whole;
	struct routing r;
	char words[64];
	bool md5, plain;

	if (m->family != IP_V4 || !ospf_of(d, m, &r))
		return false;
	snprintf(words, sizeof words, "area %s authentication", r.area);
	whole = block_line(r.block, words);
	md5 = mode ? strstr(mode->text, "message-digest") != NULL : whole && strstr(whole->text, "message-digest");
	plain = !md5 && (mode ? !strstr(mode->text, "null") : whole != NULL);
	if ((md5 && digest && strstr(digest->text, "md5 7 ")) || (plain && key && strstr(key->text, "-key 7 ")))
		return false;
	snprintf(out->value, sizeof out->value, "%s", md5 ? digest ? digest->text : "md5" : plain ? key ? key->text : "plain" : "none");
	snprintf(out->shown, sizeof out->shown, "%s", md5 || plain ? m->hub ? "OSPF with its key" : "OSPF with a key of its own" : "OSPF without authentication");
	snprintf(out->write, sizeof out->write, "%s", md5 || plain ? "the same OSPF authentication and key" : "no OSPF authentication");
	out->line = md5 && digest ? digest->line : plain && key ? key->line : mode ? mode->line : whole ? whole->line : r.line;
	return true;
}

/* ---- what depends on role and phase ---- */

static void may_be_dr(struct design *d, const struct design_cloud *c)
{
	const struct design_member *first = NULL;
	struct name_list names = { 0 };
	struct design_finding *f;
	struct routing r;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!m->spoke || !elects(m) || (lines_of(m)->has_priority && !lines_of(m)->priority) || !ospf_of(d, m, &r))
			continue;
		first = first ? first : m;
		name_add(&names, member_name(d, m));
	}
	if (!first)
		return;
	f = design_found(d, RULE_OSPF_SPOKE_MAY_BE_DR, "write ip ospf priority 0 at every spoke", "%s: %s may become OSPF's designated router, and %s only the hubs",
			 first->interface->ios_name, name_text(&names), names.count == 1 ? "hears" : "hear");
	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (m->spoke && elects(m) && !(lines_of(m)->has_priority && !lines_of(m)->priority) && ospf_of(d, m, &r)) {
			finding_place(f, member_config(d, m), lines_of(m)->has_priority ? ospf_line(m, "priority") : ospf_line(m, "network"));
			finding_place(f, member_config(d, m), m->interface->line);
		}
	}
}

static void no_dr(struct design *d, const struct design_cloud *c)
{
	const struct design_member *hub = NULL;
	struct design_finding *f;
	struct routing r;

	for (uint32_t i = 0; i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!elects(m) || !ospf_of(d, m, &r))
			continue;
		if (!lines_of(m)->has_priority || lines_of(m)->priority)
			return;
		hub = hub || !m->hub ? hub : m;
	}
	if (!hub)
		return;
	f = design_found(d, RULE_OSPF_NO_DR, "give the hubs a priority above 0", "%s: every router has OSPF priority 0 there, %s too, so that nobody is designated",
			 hub->interface->ios_name, member_name(d, hub));
	finding_place(f, member_config(d, hub), ospf_line(hub, "priority"));
	finding_place(f, member_config(d, hub), hub->interface->line);
}

static void point_to_point_hub(struct design *d, const struct design_member *m)
{
	struct design_finding *f;
	struct routing r;
	const uint32_t *in;
	size_t count;

	if (!m->hub || strcmp(type_of(m), "point-to-point") || !ospf_of(d, m, &r))
		return;
	in = design_incoming(d, design_member_number(d, m), &count);
	if (count < 2)
		return;
	f = design_found(d, RULE_OSPF_NETWORK_TYPE, "write ip ospf network point-to-multipoint (phases 1 and 3) or broadcast (phases 2 and 3) on all of them",
			 "%s %s: OSPF takes the multipoint tunnel for a line with one router at the far end, and there are %zu", member_name(d, m), m->interface->ios_name, count);
	finding_place(f, member_config(d, m), ospf_line(m, "network"));
	finding_place(f, member_config(d, m), m->interface->line);
	for (size_t i = 0; i < count && i < 2; i++)
		finding_place(f, member_config(d, &d->members[d->links[in[i]].from]), ospf_line(&d->members[d->links[in[i]].from], "network"));
}

static void multipoint_in_phase2(struct design *d, const struct design_cloud *c)
{
	struct design_finding *f;
	struct routing r;

	for (uint32_t i = 0; c->phase == PHASE_2 && i < c->count; i++) {
		const struct design_member *m = design_in(d, c, i);

		if (!m->hub || strcmp(type_of(m), "point-to-multipoint") || !ospf_of(d, m, &r))
			continue;
		f = design_found(d, RULE_OSPF_NETWORK_TYPE, "write ip ospf network broadcast, with priority 0 at spokes, or make it phase 3 (redirect, shortcut)",
				 "%s %s: with point-to-multipoint the next hop is always the hub, so in phase 2 no spoke ever asks for another one",
				 member_name(d, m), m->interface->ios_name);
		f->severity = DESIGN_DEGRADES;
		for (uint32_t k = 0; k < c->count; k++)
			finding_place(f, member_config(d, design_in(d, c, k)), ospf_line(design_in(d, c, k), "network"));
		return;
	}
}

static void too_many(struct design *d, const struct design_cloud *c)
{
	const struct design_member *hub = design_in(d, c, 0);
	struct design_finding *f;
	struct routing r;

	if (c->spokes <= MANY_SPOKES || !hub->hub || !ospf_of(d, hub, &r))
		return;
	f = design_found(d, RULE_OSPF_TOO_MANY_SPOKES, "use BGP, or several tunnels with an area each", "%s %s: %u spokes in one OSPF area, each of which holds its whole database",
			 member_name(d, hub), hub->interface->ios_name, c->spokes);
	finding_place(f, member_config(d, hub), r.line);
}

void rules_ospf(struct design *d)
{
	for (size_t i = 0; i < d->cloud_count; i++) {
		const struct design_cloud *c = &d->clouds[i];

		compare_cloud(d, c, RULE_OSPF_NETWORK_TYPE, election);
		compare_cloud(d, c, RULE_OSPF_AREA_MISMATCH, area);
		compare_cloud(d, c, RULE_OSPF_AREA_MISMATCH, area_kind);
		compare_cloud(d, c, RULE_OSPF_TIMERS_MISMATCH, timers);
		compare_cloud(d, c, RULE_ROUTING_AUTHENTICATION_MISMATCH, secret);
		may_be_dr(d, c);
		no_dr(d, c);
		multipoint_in_phase2(d, c);
		too_many(d, c);
	}
	for (size_t i = 0; i < d->member_count; i++)
		point_to_point_hub(d, &d->members[i]);
}
