#include "cmd/check_design.h"

#include <stdio.h>
#include <string.h>

#include "design/idle.h"

enum { NAMES_SHOWN = 6, PLACES_SHOWN = 8, IDLE_SHOWN = 8, FINDINGS_SHOWN = 20 /* of one rule; JSON has all */ };

/* ---- file names ---- */

/* Octets of the folder that all files are in, with its slash: said once, by whoever calls. */
static size_t common_folder(const struct design *d)
{
	const char *first = d->router_count ? d->routers[0].config->name : "";
	const char *slash = strrchr(first, '/');
	size_t length = slash ? (size_t)(slash - first) + 1 : 0;

	for (size_t i = 1; i < d->router_count && length; i++) {
		if (strncmp(d->routers[i].config->name, first, length))
			length = 0;
	}
	return length;
}

/* ---- clouds ---- */

static const char *phase_text(const struct design_cloud *c)
{
	static const char *const texts[] = { "phase unknown", "phase 1", "phase 2", "phase 3" };

	return texts[c->phase];
}

static const char *tunnel_name(const struct design *d, const struct design_cloud *c)
{
	return design_in(d, c, 0)->interface->ios_name;
}

static void print_names(const struct design *d, const struct design_cloud *c, bool hubs)
{
	uint32_t shown = 0, all = hubs ? c->hubs : c->spokes;

	for (uint32_t i = 0; i < c->count && shown < NAMES_SHOWN; i++) {
		if (design_in(d, c, i)->hub == hubs)
			printf("%s%s", shown++ ? ", " : " ", member_name(d, design_in(d, c, i)));
	}
	if (all > shown)
		printf(" and %u more", all - shown);
}

static void print_cloud(const struct design *d, const struct design_cloud *c)
{
	const struct design_member *m = design_in(d, c, 0);
	const struct design_load load = design_load(d, c);
	char subnet[IPPREFIX_TEXT_MAX];

	printf("%s %s: %s, %s, %s", tunnel_name(d, c), m->address ? ipprefix_format(&c->subnet, subnet) : "without addresses", phase_text(c),
	       design_kind(c), m->tunnel->protection_profile ? "IPsec" : "unprotected");
	if (m->tunnel->has_key)
		printf(", key %u", m->tunnel->key);
	printf("\n  %s", c->hubs == 0 ? "no hub in these files" : c->hubs == 1 ? "hub" : "hubs");
	print_names(d, c, true);
	printf("; %u %s", c->spokes, c->spokes == 1 ? "spoke" : "spokes");
	print_names(d, c, false);
	if (load.registrations)
		printf("\n  at a hub %u registrations, %.2f/s, and %u sessions; at a spoke %u, between spokes at most %llu", load.registrations,
		       load.registrations_per_s, load.hub_sessions, load.spoke_sessions, (unsigned long long)load.spoke_to_spoke);
	putchar('\n');
}

static json_t *member_json(const struct design *d, const struct design_member *m)
{
	char addr[IPADDR_TEXT_MAX], nbma[IPADDR_TEXT_MAX];
	json_t *servers = json_array();
	size_t clients;

	design_incoming(d, design_member_number(d, m), &clients);
	for (uint32_t i = m->first_link; i < m->first_link + m->link_count; i++)
		json_array_append_new(servers, json_string(member_name(d, &d->members[d->links[i].to])));
	return json_pack("{s:s, s:s, s:s?, s:s?, s:o, s:I}", "router", member_name(d, m), "interface", m->interface->ios_name, "address",
			 m->address ? ipaddr_format(&m->address->addr, addr) : NULL, "nbma", ipaddr_is_none(&m->nbma) ? NULL : ipaddr_format(&m->nbma, nbma),
			 "registers_with", servers, "clients", (json_int_t)clients);
}

static json_t *cloud_json(const struct design *d, const struct design_cloud *c)
{
	const struct design_member *m = design_in(d, c, 0);
	const struct design_load load = design_load(d, c);
	json_t *hubs = json_array(), *spokes = json_array();
	char subnet[IPPREFIX_TEXT_MAX];

	for (uint32_t i = 0; i < c->count; i++)
		json_array_append_new(design_in(d, c, i)->hub ? hubs : spokes, member_json(d, design_in(d, c, i)));
	return json_pack("{s:s?, s:s, s:o, s:s, s:b, s:o, s:o, s:o, s:{s:I, s:f, s:I, s:I, s:I}}", "subnet",
			 c->subnet.addr.family == IP_NONE ? NULL : ipprefix_format(&c->subnet, subnet), "interface", tunnel_name(d, c), "phase",
			 c->phase == PHASE_UNKNOWN ? json_null() : json_integer((json_int_t)c->phase), "design", design_kind(c), "protected",
			 m->tunnel->protection_profile != NULL, "key", m->tunnel->has_key ? json_integer(m->tunnel->key) : json_null(), "hubs", hubs, "spokes",
			 spokes, "load", "registrations", (json_int_t)load.registrations, "registrations_per_s", load.registrations_per_s, "hub_sessions",
			 (json_int_t)load.hub_sessions, "spoke_sessions", (json_int_t)load.spoke_sessions, "spoke_to_spoke", (json_int_t)load.spoke_to_spoke);
}

json_t *check_design_clouds(const struct design *d)
{
	json_t *clouds = json_array();

	for (size_t i = 0; i < d->cloud_count; i++)
		json_array_append_new(clouds, cloud_json(d, &d->clouds[i]));
	return clouds;
}

/* ---- metered uplinks ---- */

static double megabytes(uint64_t octets)
{
	return (double)octets / 1e6;
}

static void print_idle(const struct design *d, const struct design_member *m)
{
	const struct idle rest = idle_of(d, m, true), awake = idle_of(d, m, false);
	const char *joint = " (";

	printf("%s %s rests while %s is usable: %.2f MB a day when nothing is sent", member_name(d, m), m->interface->ios_name, m->tunnel->warm_behind,
	       megabytes(idle_total(&rest)));
	for (unsigned k = 0; k < IDLE_KINDS; k++) {
		if (rest.octets[k])
			printf("%s%s %.2f", joint, idle_name((enum idle_kind)k), megabytes(rest.octets[k]));
		joint = rest.octets[k] ? ", " : joint;
	}
	printf("), %.2f MB awake\n", megabytes(idle_total(&awake)));
}

static void print_all_idle(const struct design *d)
{
	size_t shown = 0, all = 0;

	for (size_t i = 0; i < d->member_count; i++) {
		if (!d->members[i].tunnel->warm_behind)
			continue;
		if (all++ < IDLE_SHOWN) {
			print_idle(d, &d->members[i]);
			shown++;
		}
	}
	if (all > shown)
		printf("and %zu more tunnels that rest\n", all - shown);
}

static json_t *idle_json(const struct design *d, const struct design_member *m)
{
	const struct idle rest = idle_of(d, m, true), awake = idle_of(d, m, false);
	json_t *parts = json_object();

	for (unsigned k = 0; k < IDLE_KINDS; k++)
		json_object_set_new(parts, idle_name((enum idle_kind)k), json_integer((json_int_t)rest.octets[k]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "router", member_name(d, m), "interface", m->interface->ios_name, "behind", m->tunnel->warm_behind,
			 "octets_per_day", (json_int_t)idle_total(&rest), "octets_per_day_awake", (json_int_t)idle_total(&awake), "parts", parts);
}

json_t *check_design_idle(const struct design *d)
{
	json_t *all = json_array();

	for (size_t i = 0; i < d->member_count; i++)
		if (d->members[i].tunnel->warm_behind)
			json_array_append_new(all, idle_json(d, &d->members[i]));
	return all;
}

/* ---- findings ---- */

/* What it shares with the one before is not said again. */
static void print_finding(const struct design_finding *f, const struct design_finding *before, size_t folder)
{
	const bool again = before && before->rule == f->rule;

	if (!again)
		printf("  %s: %s [%s]\n", design_rule_name(f->rule), design_rules[f->rule].reason, design_rules[f->rule].source);
	printf("    %s:%u: %s", f->places[0].file + folder, f->places[0].line, f->text);
	for (size_t i = 1; i < f->place_count && i < PLACES_SHOWN; i++)
		printf("%s%s:%u", i > 1 ? ", " : " (see ", f->places[i].file + folder, f->places[i].line);
	if (f->place_count > PLACES_SHOWN)
		printf(" and %zu more", f->place_count - PLACES_SHOWN);
	puts(f->place_count > 1 ? ")" : "");
	if (!again || strcmp(before->remedy, f->remedy))
		printf("      instead: %s\n", f->remedy);
}

static void print_severity(const struct design *d, enum design_severity severity, size_t folder)
{
	const struct design_finding *before = NULL;
	size_t of_rule = 0;

	for (size_t i = 0; i < d->finding_count; i++) {
		const struct design_finding *f = &d->findings[i];

		if (f->severity != severity)
			continue;
		of_rule = before && before->rule == f->rule ? of_rule + 1 : 1;
		if (of_rule <= FINDINGS_SHOWN)
			print_finding(f, before, folder);
		else if (i + 1 == d->finding_count || f[1].rule != f->rule || f[1].severity != severity)
			printf("    and %zu more\n", of_rule - FINDINGS_SHOWN);
		before = f;
	}
}

void check_design_print(const struct design *d, bool colour)
{
	static const char *const colours[DESIGN_SEVERITIES] = { "\033[31;1m", "\033[33;1m", "\033[36m", "\033[2m" };
	const size_t folder = common_folder(d);

	for (size_t i = 0; i < d->cloud_count; i++)
		print_cloud(d, &d->clouds[i]);
	print_all_idle(d);
	for (unsigned s = 0; s < DESIGN_SEVERITIES; s++) {
		const size_t count = design_count(d, (enum design_severity)s);

		if (count)
			printf("\n%s%s (%zu)%s\n", colour ? colours[s] : "", design_severity_text((enum design_severity)s), count, colour ? "\033[0m" : "");
		print_severity(d, (enum design_severity)s, folder);
	}
	if (d->cloud_count || d->finding_count)
		putchar('\n');
}

json_t *check_design_findings(const struct design *d)
{
	const size_t folder = common_folder(d);
	json_t *all = json_array();

	for (size_t i = 0; i < d->finding_count; i++) {
		const struct design_finding *f = &d->findings[i];
		json_t *places = json_array();

		for (size_t k = 0; k < f->place_count; k++)
			json_array_append_new(places, json_pack("{s:s, s:i}", "file", f->places[k].file + folder, "line", (int)f->places[k].line));
		json_array_append_new(all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "rule", design_rule_name(f->rule), "severity",
						     design_severity_text(f->severity), "text", f->text, "remedy", f->remedy, "reason",
						     design_rules[f->rule].reason, "source", design_rules[f->rule].source, "places", places));
	}
	return all;
}
