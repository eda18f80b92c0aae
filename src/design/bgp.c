#include "design/bgp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "design/said.h"

const struct config_block *bgp_block(const struct config *c)
{
	return block_after(c, NULL, "router bgp");
}

const char *bgp_as(const struct config_block *b)
{
	return b->head + strlen("router bgp ");
}

static unsigned long as_number(const char *text)
{
	char *end;
	const unsigned long high = strtoul(text, &end, 10);

	return *end == '.' ? high << 16 | strtoul(end + 1, NULL, 10) : high;
}

bool bgp_same_as(const char *a, const char *b)
{
	return as_number(a) == as_number(b);
}

static const struct config_block_line *neighbor_line(const struct config_block *b, const char *who, const char *words)
{
	char text[160];

	snprintf(text, sizeof text, "neighbor %s %s", who, words);
	return block_line(b, text);
}

static bool by_address(const struct config_block *b, struct bgp_peer *p)
{
	const struct config_block_line *as = neighbor_line(b, p->address, "remote-as"), *group = neighbor_line(b, p->address, "peer-group");

	if (!as && !group)
		return false;
	if (group)
		said_word_after(group->text, "peer-group", p->group);
	p->line = as ? as->line : group->line;
	return true;
}

static bool by_range(const struct config_block *b, const struct ipaddr *addr, struct bgp_peer *p)
{
	for (size_t at = block_next(b, 0, "bgp listen range"); at != SIZE_MAX; at = block_next(b, at + 1, "bgp listen range")) {
		struct ipprefix range;
		char word[64];

		if (!said_word_after(b->lines[at].text, "range", word) || !ipprefix_parse(word, &range) || !ipprefix_contains(&range, addr))
			continue;
		said_word_after(b->lines[at].text, "peer-group", p->group);
		said_word_after(b->lines[at].text, "remote-as", p->remote_as);
		p->line = b->lines[at].line;
		p->by_range = true;
		return true;
	}
	return false;
}

static void take_remote_as(struct bgp_peer *p, const char *who)
{
	const struct config_block_line *line = *who ? neighbor_line(p->block, who, "remote-as") : NULL;

	if (!line || *p->remote_as)
		return;
	said_word_after(line->text, "remote-as", p->remote_as);
	p->remote_line = line->line;
}

bool bgp_peer(const struct config *c, const struct ipaddr *addr, struct bgp_peer *out)
{
	*out = (struct bgp_peer){ .block = bgp_block(c) };
	if (!out->block || ipaddr_is_none(addr))
		return false;
	ipaddr_format(addr, out->address);
	if (!by_address(out->block, out) && !by_range(out->block, addr, out))
		return false;
	take_remote_as(out, out->address);
	take_remote_as(out, out->group);
	return true;
}

const struct config_block_line *bgp_says(const struct bgp_peer *p, const char *words)
{
	const struct config_block_line *line = neighbor_line(p->block, p->address, words);

	return line || !*p->group ? line : neighbor_line(p->block, p->group, words);
}

bool bgp_summarises(const struct config *c, const struct bgp_peer *p)
{
	if (bgp_says(p, "default-originate") || block_line(p->block, "network 0.0.0.0") || block_line(p->block, "network ::/0") ||
	    block_line(p->block, "aggregate-address") || block_line(p->block, "default-information originate") ||
	    block_line(p->block, "redistribute static"))
		return true;
	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].interface && !strcmp(c->routes[i].interface, "Null0") && block_line(p->block, "network"))
			return true;
	}
	return false;
}

bool bgp_between(const struct design *d, const struct design_member *a, const struct design_member *b)
{
	struct bgp_peer p;

	return a->address && b->address &&
	       (bgp_peer(member_config(d, a), &b->address->addr, &p) || bgp_peer(member_config(d, b), &a->address->addr, &p));
}
