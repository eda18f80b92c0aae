/* Names that are used and defined nowhere. */
#include <stdio.h>
#include <string.h>

#include "design/design.h"
#include "design/said.h"
#include "design/underlay.h"

/* A line of a block that names something, the word after which the name stands, and what defines it. */
struct reference {
	const char *block, *line, *after;
	const char *what;
	const char *defined[4]; /* heads; NULL ends */
	enum design_severity severity;
};

#define LISTS { "ip access-list standard", "ip access-list extended", "access-list", NULL }

static const struct reference references[] = {
	{ "crypto ipsec profile", "set ikev2-profile", "set ikev2-profile", "IKEv2 profile", { "crypto ikev2 profile" }, DESIGN_BREAKS },
	{ "crypto ipsec profile", "set isakmp-profile", "set isakmp-profile", "ISAKMP profile", { "crypto isakmp profile" }, DESIGN_BREAKS },
	{ "crypto ikev2 profile", "keyring local", "keyring local", "keyring", { "crypto ikev2 keyring" }, DESIGN_BREAKS },
	{ "crypto ikev2 profile", "pki trustpoint", "pki trustpoint", "trustpoint", { "crypto pki trustpoint", "crypto ca trustpoint" }, DESIGN_BREAKS },
	{ "crypto ikev2 profile", "match certificate", "match certificate", "certificate map", { "crypto pki certificate map" }, DESIGN_BREAKS },
	{ "crypto ikev2 policy", "proposal", "proposal", "IKEv2 proposal", { "crypto ikev2 proposal" }, DESIGN_BREAKS },
	{ "crypto isakmp profile", "keyring", "keyring", "keyring", { "crypto keyring" }, DESIGN_BREAKS },
	{ "crypto isakmp profile", "ca trust-point", "ca trust-point", "trustpoint", { "crypto pki trustpoint", "crypto ca trustpoint" }, DESIGN_BREAKS },
	{ "router eigrp", "authentication key-chain", "key-chain", "key chain", { "key chain" }, DESIGN_BREAKS },
	{ "router bgp", "bgp listen range", "peer-group", "peer group", { NULL }, DESIGN_BREAKS },
	{ "router bgp", "neighbor", "peer-group", "peer group", { NULL }, DESIGN_BREAKS },
	{ "router bgp", "neighbor", "prefix-list", "prefix list", { "ip prefix-list", "ipv6 prefix-list" }, DESIGN_DEGRADES },
	{ "router bgp", "neighbor", "filter-list", "AS path list", { "ip as-path access-list" }, DESIGN_DEGRADES },
	{ "router bgp", "neighbor", "distribute-list", "access list", LISTS, DESIGN_DEGRADES },
	{ "router", "", "route-map", "route-map", { "route-map" }, DESIGN_DEGRADES },
	{ "router", "distribute-list prefix", "prefix", "prefix list", { "ip prefix-list", "ipv6 prefix-list" }, DESIGN_DEGRADES },
	{ "route-map", "match ip address prefix-list", "prefix-list", "prefix list", { "ip prefix-list" }, DESIGN_DEGRADES },
	{ "route-map", "match ipv6 address prefix-list", "prefix-list", "prefix list", { "ipv6 prefix-list" }, DESIGN_DEGRADES },
	{ "route-map", "match ip address", "match ip address", "access list", LISTS, DESIGN_DEGRADES },
	{ "route-map", "match as-path", "match as-path", "AS path list", { "ip as-path access-list" }, DESIGN_DEGRADES },
};

/* On an interface. */
static const struct reference interface_references[] = {
	{ NULL, "ip access-group", "ip access-group", "access list", LISTS, DESIGN_PRACTICE },
	{ NULL, "ipv6 traffic-filter", "ipv6 traffic-filter", "access list", { "ipv6 access-list" }, DESIGN_PRACTICE },
	{ NULL, "bfd template", "bfd template", "BFD template", { "bfd-template single-hop", "bfd-template multi-hop" }, DESIGN_BREAKS },
	{ NULL, "ip authentication key-chain eigrp", "", "key chain", { "key chain" }, DESIGN_BREAKS },
	{ NULL, "ip rip authentication key-chain", "key-chain", "key chain", { "key chain" }, DESIGN_BREAKS },
	{ NULL, "ip policy route-map", "route-map", "route-map", { "route-map" }, DESIGN_DEGRADES },
	{ NULL, "tunnel protection ipsec profile", "profile", "IPsec profile", { "crypto ipsec profile" }, DESIGN_BREAKS },
};

#define COUNT(a) (sizeof(a) / sizeof *(a))

static bool is_defined(const struct config *c, const struct reference *r, const char *name)
{
	for (size_t i = 0; i < COUNT(r->defined) && r->defined[i]; i++) {
		if (block_named(c, r->defined[i], name))
			return true;
		/* Not kept as a block where nothing here uses it. */
		for (size_t k = 0; k < c->said_count; k++) {
			const size_t length = strlen(r->defined[i]);

			if (said_begins(c->said[k].text, r->defined[i]) && said_begins(c->said[k].text + length + (c->said[k].text[length] == ' '), name))
				return true;
		}
	}
	return false;
}

static void dangling(struct design *d, const struct config *c, const struct reference *r, const char *name, unsigned line)
{
	const char *slash = strrchr(c->name, '/');
	char remedy[160];
	struct design_finding *f;

	snprintf(remedy, sizeof remedy, "define %s %.60s, or take the line out", r->what, name);
	f = design_found(d, RULE_DANGLING_REFERENCE, remedy, "%s: there is no %s %s", c->hostname ? c->hostname : slash ? slash + 1 : c->name, r->what, name);
	f->severity = r->severity;
	finding_place(f, c, line);
}

/* "neighbor SPOKES peer-group" makes the group; "neighbor X peer-group SPOKES" uses it. */
static bool has_group(const struct config_block *b, const char *name)
{
	char words[96];

	snprintf(words, sizeof words, "neighbor %.60s", name);
	for (size_t at = block_next(b, 0, words); at != SIZE_MAX; at = block_next(b, at + 1, words)) {
		if (!strcmp(b->lines[at].text + strlen(words), " peer-group"))
			return true;
	}
	return false;
}

static bool names_nothing(const char *name)
{
	return !*name || !strcmp(name, "default") || !strcmp(name, "prefix-list") || !strcmp(name, "route-map") || !strcmp(name, "prefix") || !strcmp(name, "gateway");
}

static void check_line(struct design *d, const struct config *c, const struct config_block *b, const struct config_block_line *line)
{
	for (size_t i = 0; i < COUNT(references); i++) {
		const struct reference *r = &references[i];
		char name[64] = "";

		if (!said_begins(b->head, r->block) || (*r->line && !said_begins(line->text, r->line)) || !strncmp(line->text, "no ", 3))
			continue;
		if (!said_word_after(line->text, r->after, name) || names_nothing(name))
			continue;
		/* A description may say anything. */
		if (strstr(line->text, " description ") || said_begins(line->text, "description"))
			continue;
		if (r->defined[0] ? !is_defined(c, r, name) : !has_group(b, name))
			dangling(d, c, r, name, line->line);
	}
}

static void transform_sets(struct design *d, const struct config *c, const struct config_block *profile)
{
	static const struct reference set = { .what = "transform set", .defined = { "crypto ipsec transform-set" }, .severity = DESIGN_BREAKS };
	const struct config_block_line *line = block_line(profile, "set transform-set");
	const char *at = line ? line->text + strlen("set transform-set") : "";

	while (*at == ' ') {
		const size_t length = strcspn(at + 1, " ");
		char name[64];

		snprintf(name, sizeof name, "%.*s", (int)length, at + 1);
		if (!is_defined(c, &set, name))
			dangling(d, c, &set, name, line->line);
		at += 1 + length;
	}
}

static void check_interface(struct design *d, const struct config *c, const struct config_interface *i)
{
	static const struct reference vrf = { .what = "VRF", .severity = DESIGN_BREAKS }, source = { .what = "interface", .severity = DESIGN_BREAKS };

	for (size_t k = 0; k < COUNT(interface_references); k++) {
		const struct reference *r = &interface_references[k];
		const struct config_said *said = said_find(i, r->line);
		char name[64] = "";

		if (!said)
			continue;
		if (*r->after)
			said_word_after(said->text, r->after, name);
		else
			snprintf(name, sizeof name, "%.63s", strrchr(said->text, ' ') + 1);
		if (!names_nothing(name) && !is_defined(c, r, name))
			dangling(d, c, r, name, said->line);
	}
	if (i->vrf && !c->vrfs[i->vrf].defined)
		dangling(d, c, &vrf, c->vrfs[i->vrf].name, said_find(i, "vrf forwarding") ? said_line(i, "vrf forwarding") : said_line(i, "ip vrf forwarding"));
	if (!i->tunnel || i->shutdown)
		return;
	if (i->tunnel->vrf && !c->vrfs[i->tunnel->vrf].defined)
		dangling(d, c, &vrf, c->vrfs[i->tunnel->vrf].name, said_line(i, "tunnel vrf"));
	if (i->tunnel->source_interface && !config_find_interface(c, i->tunnel->source_interface) && underlay_shown(c)) {
		const struct config_said *said = said_find(i, "tunnel source");

		dangling(d, c, &source, said ? said->text + 14 : i->tunnel->source_interface, said_line(i, "tunnel source"));
	}
}

static bool has_track(const struct config *c, unsigned number)
{
	char words[32];

	snprintf(words, sizeof words, "track %u", number);
	for (size_t i = 0; i < c->said_count; i++) {
		if (said_begins(c->said[i].text, words))
			return true;
	}
	return block_after(c, NULL, words) != NULL;
}

static void check_routes(struct design *d, const struct config *c)
{
	static const struct reference track = { .what = "track", .severity = DESIGN_BREAKS }, vrf = { .what = "VRF", .severity = DESIGN_BREAKS };

	for (size_t i = 0; i < c->route_count; i++) {
		char name[16];

		snprintf(name, sizeof name, "%u", c->routes[i].track);
		if (c->routes[i].track && !has_track(c, c->routes[i].track))
			dangling(d, c, &track, name, c->routes[i].line);
		if (c->routes[i].vrf && !c->vrfs[c->routes[i].vrf].defined)
			dangling(d, c, &vrf, c->vrfs[c->routes[i].vrf].name, c->routes[i].line);
	}
}

static void check_nat(struct design *d, const struct config *c)
{
	static const struct reference list = { .what = "access list", .defined = LISTS, .severity = DESIGN_DEGRADES };

	for (size_t i = 0; i < c->said_count; i++) {
		char name[64];

		if (said_begins(c->said[i].text, "ip nat inside source list") && said_word_after(c->said[i].text, "list", name) && !is_defined(c, &list, name))
			dangling(d, c, &list, name, c->said[i].line);
	}
	for (const struct config_block *b = block_after(c, NULL, "ip nat inside source list"); b; b = block_after(c, b, "ip nat inside source list")) {
		char name[64];

		if (said_word_after(b->head, "list", name) && !is_defined(c, &list, name))
			dangling(d, c, &list, name, b->line);
	}
}

void rules_names(struct design *d)
{
	for (size_t i = 0; i < d->router_count; i++) {
		const struct config *c = d->routers[i].config;

		for (size_t k = 0; k < c->block_count; k++) {
			const struct config_block *b = &c->blocks[k];

			if (said_begins(b->head, "crypto ipsec profile"))
				transform_sets(d, c, b);
			for (size_t n = 0; n < b->line_count; n++)
				check_line(d, c, b, &b->lines[n]);
		}
		for (size_t k = 0; k < c->interface_count; k++)
			check_interface(d, c, &c->interfaces[k]);
		check_routes(d, c);
		check_nat(d, c);
	}
}
