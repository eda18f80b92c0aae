#include "design/routing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "design/said.h"

const char *routing_name(enum routing_kind kind)
{
	static const char *const names[] = { "EIGRP", "OSPF", "RIP" };

	return names[kind];
}

static const struct ipaddr *address_of(const struct config_interface *i)
{
	for (size_t k = 0; k < i->address_count; k++) {
		if (i->addresses[k].addr.family == IP_V4 && !i->addresses[k].secondary)
			return &i->addresses[k].addr;
	}
	return NULL;
}

/* ---- network lines ---- */

static uint8_t class_of(uint32_t a)
{
	return a >> 31 == 0 ? 8 : a >> 30 == 2 ? 16 : 24;
}

/* `network A [WILDCARD]`: IOS takes in the interfaces whose address it matches. */
static bool network_takes(const char *text, const struct ipaddr *addr)
{
	char first[64], second[64];
	const int words = sscanf(text, "network %63s %63s", first, second);
	struct ipaddr net, wild;
	uint32_t care;

	if (words < 1 || !ipaddr_parse(first, &net) || net.family != IP_V4)
		return false;
	if (words < 2 || !ipaddr_parse(second, &wild) || wild.family != IP_V4) {
		const struct ipprefix p = ipprefix_make(&net, ipaddr_is_unspecified(&net) ? 0 : class_of(ipaddr_to_v4(&net)));

		return ipprefix_contains(&p, addr);
	}
	care = ~ipaddr_to_v4(&wild);
	/* A mask in its place is turned over; 255.255.255.255 is everything. */
	if (ipaddr_to_v4(&wild) >> 31 && care)
		care = ~care;
	return !((ipaddr_to_v4(&net) ^ ipaddr_to_v4(addr)) & care);
}

/* The line index, or SIZE_MAX. */
static size_t network_at(const struct config_block *b, uint32_t parent, const struct ipaddr *addr)
{
	for (size_t at = block_next(b, 0, "network"); addr && at != SIZE_MAX; at = block_next(b, at + 1, "network")) {
		if (b->lines[at].parent == parent && network_takes(b->lines[at].text, addr))
			return at;
	}
	return SIZE_MAX;
}

static bool passive_at(const struct config_block *b, const struct config_interface *i)
{
	char own[64];

	snprintf(own, sizeof own, "no passive-interface %s", i->ios_name);
	if (block_line(b, own))
		return false;
	return block_line(b, own + 3) || block_line(b, "passive-interface default");
}

/* ---- EIGRP ---- */

static uint32_t interface_section(const struct config_block *b, uint32_t family, const char *name)
{
	char head[80];

	snprintf(head, sizeof head, "af-interface %s", name);
	for (size_t at = block_next(b, 0, head); at != SIZE_MAX; at = block_next(b, at + 1, head)) {
		if (b->lines[at].parent == family)
			return (uint32_t)at;
	}
	return UINT32_MAX;
}

static const struct config_block_line *section_line(const struct config_block *b, uint32_t section, const char *words)
{
	return section == UINT32_MAX ? NULL : block_line_in(b, section, words);
}

const struct config_block_line *eigrp_interface_line(const struct routing *r, const struct config_interface *i, const char *words)
{
	const uint32_t own = r->family == UINT32_MAX ? UINT32_MAX : interface_section(r->block, r->family, i->ios_name);
	const struct config_block_line *line;
	char no[128];

	if (r->family == UINT32_MAX)
		return NULL;
	line = section_line(r->block, own, words);
	if (line)
		return line;
	snprintf(no, sizeof no, strncmp(words, "no ", 3) ? "no %s" : "%s", strncmp(words, "no ", 3) ? words : words + 3);
	if (section_line(r->block, own, no))
		return NULL;
	return section_line(r->block, interface_section(r->block, r->family, "default"), words);
}

unsigned eigrp_section_line(const struct routing *r, const struct config_interface *i)
{
	const uint32_t own = r->family == UINT32_MAX ? UINT32_MAX : interface_section(r->block, r->family, i->ios_name);

	return own == UINT32_MAX ? 0 : r->block->lines[own].line;
}

static void add_classic(const struct config_block *b, const struct config_interface *i, struct routing *out, size_t *count)
{
	const size_t at = network_at(b, UINT32_MAX, address_of(i));

	if (at == SIZE_MAX || *count == ROUTING_MAX || i->vrf)
		return;
	out[(*count)++] = (struct routing){ ROUTING_EIGRP, b, UINT32_MAX, (unsigned)strtoul(b->head + 13, NULL, 10), b->lines[at].line,
					    passive_at(b, i), "" };
}

static bool of_this_vrf(const struct config *c, const struct config_interface *i, const char *text)
{
	char vrf[64] = "";

	said_word_after(text, "vrf", vrf);
	return !strcmp(vrf, c->vrfs[i->vrf].name);
}

static void add_family(const struct config *c, const struct config_block *b, uint32_t family, const struct config_interface *i,
		       struct routing *out, size_t *count)
{
	const size_t at = network_at(b, family, address_of(i));
	const struct config_block_line *number = block_line_in(b, family, "autonomous-system");
	struct routing r = { ROUTING_EIGRP, b, family, 0, 0, false, "" };
	char word[64];

	if (at == SIZE_MAX || *count == ROUTING_MAX || !of_this_vrf(c, i, b->lines[family].text))
		return;
	if (said_word_after(number ? number->text : b->lines[family].text, "autonomous-system", word))
		r.number = (unsigned)strtoul(word, NULL, 10);
	r.line = b->lines[at].line;
	r.passive = eigrp_interface_line(&r, i, "passive-interface") || eigrp_interface_line(&r, i, "shutdown");
	out[(*count)++] = r;
}

static void add_eigrp(const struct config *c, const struct config_interface *i, struct routing *out, size_t *count)
{
	for (const struct config_block *b = block_after(c, NULL, "router eigrp"); b; b = block_after(c, b, "router eigrp")) {
		if (b->head[13] >= '0' && b->head[13] <= '9')
			add_classic(b, i, out, count);
		for (size_t at = block_next(b, 0, "address-family ipv4"); at != SIZE_MAX; at = block_next(b, at + 1, "address-family ipv4"))
			add_family(c, b, (uint32_t)at, i, out, count);
	}
}

/* ---- OSPF and RIP ---- */

static void add_ospf_block(const struct config *c, const struct config_block *b, const struct config_interface *i,
			   struct routing *out, size_t *count)
{
	const size_t at = network_at(b, UINT32_MAX, address_of(i));
	struct routing r = { ROUTING_OSPF, b, UINT32_MAX, (unsigned)strtoul(b->head + 12, NULL, 10), 0, passive_at(b, i), "" };

	if (*count == ROUTING_MAX || !of_this_vrf(c, i, b->head))
		return;
	if (i->ospf.has_area) {
		if (i->ospf.process != r.number)
			return;
		snprintf(r.area, sizeof r.area, "%s", i->ospf.area);
		r.line = said_linef(i, "ip ospf %u area", r.number);
	} else if (at != SIZE_MAX) {
		snprintf(r.area, sizeof r.area, "%s", strrchr(b->lines[at].text, ' ') + 1);
		r.line = b->lines[at].line;
	} else {
		return;
	}
	out[(*count)++] = r;
}

static void add_ospf6(const struct config *c, const struct config_interface *i, struct routing *out, size_t *count)
{
	struct routing r = { ROUTING_OSPF, NULL, UINT32_MAX, i->ospf6.process, 0, false, "" };
	char number[16];

	if (!i->ospf6.has_area || *count == ROUTING_MAX)
		return;
	snprintf(number, sizeof number, "%u", i->ospf6.process);
	r.block = block_named(c, "ipv6 router ospf", number);
	r.block = r.block ? r.block : block_named(c, "router ospfv3", number);
	r.passive = r.block && passive_at(r.block, i);
	snprintf(r.area, sizeof r.area, "%s", i->ospf6.area);
	r.line = said_linef(i, "ipv6 ospf %u area", i->ospf6.process);
	out[(*count)++] = r;
}

static void add_rip(const struct config *c, const struct config_interface *i, struct routing *out, size_t *count)
{
	const struct config_block *b = block_after(c, NULL, "router rip");
	const size_t at = b ? network_at(b, UINT32_MAX, address_of(i)) : SIZE_MAX;

	if (at != SIZE_MAX && *count < ROUTING_MAX && !i->vrf)
		out[(*count)++] = (struct routing){ ROUTING_RIP, b, UINT32_MAX, 0, b->lines[at].line, passive_at(b, i), "" };
}

size_t routing_on(const struct config *c, const struct config_interface *i, enum ip_family family, struct routing out[ROUTING_MAX])
{
	size_t count = 0;

	if (family == IP_V6) {
		add_ospf6(c, i, out, &count);
		return count;
	}
	add_eigrp(c, i, out, &count);
	for (const struct config_block *b = block_after(c, NULL, "router ospf"); b; b = block_after(c, b, "router ospf"))
		add_ospf_block(c, b, i, out, &count);
	add_rip(c, i, out, &count);
	return count;
}

size_t routing_of(const struct design *d, const struct design_member *m, struct routing out[ROUTING_MAX])
{
	return routing_on(member_config(d, m), m->interface, m->family, out);
}

unsigned routing_takes(const struct config *c, const struct routing *r, const struct config_interface *i)
{
	struct routing all[ROUTING_MAX];
	const size_t count = routing_on(c, i, r->kind == ROUTING_OSPF && r->block && !strncmp(r->block->head, "ipv6", 4) ? IP_V6 : IP_V4, all);

	for (size_t k = 0; k < count; k++) {
		if (all[k].kind == r->kind && all[k].block == r->block && all[k].family == r->family)
			return all[k].line;
	}
	return 0;
}

static bool by_unicast(const struct routing *r, const struct config_interface *i)
{
	if (r->kind == ROUTING_OSPF) {
		const char *network = i->ospf.network ? i->ospf.network : i->ospf6.network;

		return network && !strcmp(network, "non-broadcast");
	}
	for (size_t at = block_next(r->block, 0, "neighbor"); at != SIZE_MAX; at = block_next(r->block, at + 1, "neighbor")) {
		if (r->kind == ROUTING_RIP || strstr(r->block->lines[at].text, i->ios_name))
			return true;
	}
	return false;
}

const char *routing_by_multicast(const struct design *d, const struct design_member *m)
{
	struct routing all[ROUTING_MAX];
	const size_t count = routing_of(d, m, all);

	for (size_t k = 0; k < count; k++) {
		if (!all[k].passive && !by_unicast(&all[k], m->interface))
			return routing_name(all[k].kind);
	}
	return NULL;
}
