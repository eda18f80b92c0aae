/* Address translation at the router itself that takes hold of what belongs into a tunnel, or of the
 * tunnel's own packets. */
#include <stdio.h>
#include <string.h>

#include "design/compare.h"
#include "design/design.h"
#include "design/said.h"

/* ---- one line of an access list ---- */

/* Takes one address specification ("any", "host A", "A WILDCARD", "A/L") off the text. */
static bool take_address(const char **at, struct ipprefix *out, bool *any)
{
	char first[64], second[64] = "";
	const char *next = *at;

	if (sscanf(next, "%63s %63s", first, second) < 1)
		return false;
	*any = !strcmp(first, "any");
	next += strlen(first) + (next[strlen(first)] == ' ');
	if (*any) {
		*out = (struct ipprefix){ 0 };
	} else if (!strcmp(first, "host")) {
		if (!said_prefix(second, out))
			return false;
		next += strlen(second) + (next[strlen(second)] == ' ');
	} else {
		char both[130];
		struct ipaddr mask;

		snprintf(both, sizeof both, "%s %s", first, second);
		if (!said_prefix(both, out))
			return false;
		if (!strchr(first, '/') && ipaddr_parse(second, &mask))
			next += strlen(second) + (next[strlen(second)] == ' ');
	}
	*at = next;
	return true;
}

static bool fits(const struct ipprefix *p, bool any, const struct ipaddr *addr)
{
	return any || (addr && ipprefix_contains(p, addr));
}

enum verdict { NO_MATCH, DENIES, PERMITS };

/* Does "permit gre any any" or "permit 10.0.0.0 0.0.0.255" take in what goes from `from` to `to`? */
static enum verdict entry_says(const char *text, bool extended, const struct ipaddr *from, const struct ipaddr *to, bool own)
{
	char number[32], protocol[32] = "ip";
	struct ipprefix source, target = { 0 };
	bool any_source, any_target = true, permits;

	if (!strncmp(text, "sequence ", 9))
		text += 9;
	if (*text >= '0' && *text <= '9' && sscanf(text, "%31s", number) == 1)
		text += strlen(number) + 1;
	permits = !strncmp(text, "permit ", 7);
	if (!permits && strncmp(text, "deny ", 5))
		return NO_MATCH;
	text += permits ? 7 : 5;
	if (extended) {
		if (sscanf(text, "%31s", protocol) != 1)
			return NO_MATCH;
		text += strlen(protocol) + (text[strlen(protocol)] == ' ');
	}
	/* The tunnel's packets are GRE, ESP, or UDP 500 and 4500. */
	if (strcmp(protocol, "ip") && strcmp(protocol, "ipv4") && !(own && (!strcmp(protocol, "gre") || !strcmp(protocol, "esp"))))
		return NO_MATCH;
	if (!take_address(&text, &source, &any_source) || (extended && !take_address(&text, &target, &any_target)))
		return NO_MATCH;
	if (!fits(&source, any_source, from) || !fits(&target, any_target, to))
		return NO_MATCH;
	return permits ? PERMITS : DENIES;
}

struct answer {
	enum verdict verdict;
	unsigned line;
};

static struct answer list_says(const struct config *c, const char *name, const struct ipaddr *from, const struct ipaddr *to, bool own)
{
	const struct config_block *named = block_named(c, "ip access-list extended", name);
	const bool extended = named != NULL;
	const bool numbered_extended = (*name == '1' && strlen(name) == 3) || (*name == '2' && strlen(name) == 4 && name[1] != '0' && name[1] < '7' && name[1] > '0');
	char head[80];

	named = named ? named : block_named(c, "ip access-list standard", name);
	for (size_t i = 0; named && i < named->line_count; i++) {
		const enum verdict v = entry_says(named->lines[i].text, extended, from, to, own);

		if (v != NO_MATCH)
			return (struct answer){ v, named->lines[i].line };
	}
	snprintf(head, sizeof head, "access-list %.60s", name);
	for (const struct config_block *b = block_after(c, NULL, head); b; b = block_after(c, b, head)) {
		const enum verdict v = entry_says(b->head + strlen(head) + 1, numbered_extended || strstr(b->head, " ip ") != NULL, from, to, own);

		if (v != NO_MATCH)
			return (struct answer){ v, b->line };
	}
	return (struct answer){ NO_MATCH, 0 };
}

/* ---- ip nat inside source list … ---- */

struct nat {
	const char *text;
	unsigned line;
};

static bool nat_at(const struct config *c, size_t *at, struct nat *out)
{
	for (; *at < c->said_count; (*at)++) {
		if (said_begins(c->said[*at].text, "ip nat inside source list")) {
			*out = (struct nat){ c->said[*at].text, c->said[*at].line };
			(*at)++;
			return true;
		}
	}
	for (; *at - c->said_count < c->block_count; (*at)++) {
		const struct config_block *b = &c->blocks[*at - c->said_count];

		if (said_begins(b->head, "ip nat inside source list")) {
			*out = (struct nat){ b->head, b->line };
			(*at)++;
			return true;
		}
	}
	return false;
}

static void place_list(struct design_finding *f, const struct config *c, const char *name, unsigned line)
{
	const struct config_block *named = block_named(c, "ip access-list extended", name);

	finding_place(f, c, line);
	named = named ? named : block_named(c, "ip access-list standard", name);
	finding_place(f, c, named ? named->line : 0);
}

static struct ipaddr peer_of(const struct design *d, const struct design_member *m)
{
	const uint32_t *in;
	size_t count;

	if (m->link_count)
		return d->members[d->links[m->first_link].to].nbma;
	in = design_incoming(d, design_member_number(d, m), &count);
	return count ? d->members[d->links[in[0]].from].nbma : IPADDR_NONE;
}

/* The list also names what the router itself sends from the outside interface: the tunnel. */
static void catches_own(struct design *d, const struct design_member *m, const struct nat *n)
{
	const struct config *c = member_config(d, m);
	const struct ipaddr peer = peer_of(d, m);
	struct answer a;
	struct design_finding *f;
	char list[64], outside[64] = "";

	if (!said_word_after(n->text, "list", list) || ipaddr_is_none(&m->nbma) || !m->source)
		return;
	/* Only what leaves by that interface is translated. */
	if (said_word_after(n->text, "interface", outside) && strcmp(outside, m->source->ios_name))
		return;
	a = list_says(c, list, &m->nbma, ipaddr_is_none(&peer) ? NULL : &peer, true);
	if (a.verdict != PERMITS)
		return;
	f = design_found(d, RULE_NAT_CATCHES_TUNNEL, "permit only the networks inside, or deny the router's own address first", "%s: list %s of the address translation takes in the router's own packets, %s among them",
			 member_name(d, m), list, m->interface->ios_name);
	place_list(f, c, list, a.line);
	finding_place(f, c, n->line);
	finding_place(f, c, m->interface->line);
	finding_place(f, c, m->source->line);
}

/* The tunnel counts as outside, and the list takes in what goes to other sites. */
static void catches_sites(struct design *d, const struct design_member *m, const struct nat *n)
{
	const struct config_said *outside = said_find(m->interface, "ip nat outside");
	const struct config *c = member_config(d, m);
	struct design_finding *f;
	char list[64];

	if (!outside || !said_word_after(n->text, "list", list))
		return;
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *lan = &c->interfaces[i];
		struct answer a;

		if (lan->is_tunnel || !lan->address_count || !said_find(lan, "ip nat inside"))
			continue;
		a = list_says(c, list, &lan->addresses[0].addr, m->link_count && d->members[d->links[m->first_link].to].address ?
			      &d->members[d->links[m->first_link].to].address->addr : NULL, false);
		if (a.verdict != PERMITS)
			continue;
		f = design_found(d, RULE_NAT_CATCHES_TUNNEL, "take ip nat outside off the tunnel, or deny the other sites in the list first",
				 "%s: %s is an outside of the address translation, and list %s takes in what goes to other sites", member_name(d, m), m->interface->ios_name, list);
		finding_place(f, c, outside->line);
		place_list(f, c, list, a.line);
		finding_place(f, c, n->line);
		finding_place(f, c, m->interface->line);
		return;
	}
}

void rules_nat(struct design *d)
{
	for (size_t i = 0; i < d->member_count; i++) {
		const struct design_member *m = &d->members[i];
		const struct config *c = member_config(d, m);
		struct nat n;

		for (size_t at = 0; nat_at(c, &at, &n);) {
			catches_own(d, m, &n);
			catches_sites(d, m, &n);
		}
	}
}
