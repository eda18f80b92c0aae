/* After the last line: squeezing out what was removed, and the defaults. */
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

void reading_forget_interface(struct reading *r, size_t at)
{
	config_interface_done(&r->c->interfaces[at]);
}

static void squeeze_interfaces(struct config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->interface_count; i++) {
		if (c->interfaces[i].ios_name)
			c->interfaces[kept++] = c->interfaces[i];
	}
	c->interface_count = kept;
}

static void squeeze_extras(struct config_interface *i)
{
	size_t kept = 0;

	for (size_t k = 0; k < i->extra_count; k++) {
		if (i->extras[k])
			i->extras[kept++] = i->extras[k];
	}
	i->extra_count = kept;
}

static void squeeze_routes(struct config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->route_count; i++) {
		if (c->routes[i].dst.addr.family != IP_NONE)
			c->routes[kept++] = c->routes[i];
	}
	c->route_count = kept;
}

/* ---- blocks: sub-blocks that were opened several times come together ---- */

struct order {
	const struct config_block *b;
	uint32_t *first, *next;           /* children in order; by line index + 1, 0 is the head */
	struct config_block_line *out;
	size_t count;
};

static void emit(struct order *o, uint32_t parent)
{
	for (uint32_t at = o->first[parent == NAMES_NONE ? 0 : parent + 1]; at; at = o->next[at - 1]) {
		const uint32_t place = (uint32_t)o->count;
		struct config_block_line *line = &o->out[o->count++];

		*line = o->b->lines[at - 1];
		line->parent = line->depth == 1 ? NAMES_NONE : place;
		emit(o, at - 1);
	}
}

static void fix_parents(struct config_block_line *lines, size_t count)
{
	uint32_t heads[FRAMES_MAX] = { 0 };

	for (size_t i = 0; i < count; i++) {
		lines[i].parent = lines[i].depth > 1 ? heads[lines[i].depth - 2] : NAMES_NONE;
		heads[lines[i].depth - 1] = (uint32_t)i;
	}
}

static void order_lines(struct reading *r, struct config_block *b)
{
	const size_t n = b->line_count;
	uint32_t *first = calloc(n + 1, sizeof *first), *next = calloc(n + 1, sizeof *next);
	struct order o = { b, first, next, calloc(n, sizeof *b->lines), 0 };

	if (!first || !next || !o.out) {
		r->out_of_memory = true;
		free(o.out);
		o.out = NULL;
	}
	/* Backwards, so that each list comes out in the order of the file. */
	for (size_t i = n; o.out && i > 0; i--) {
		const uint32_t parent = b->lines[i - 1].parent == NAMES_NONE ? 0 : b->lines[i - 1].parent + 1;

		if (!b->lines[i - 1].text)
			continue;
		next[i - 1] = first[parent];
		first[parent] = (uint32_t)i;
	}
	if (o.out) {
		emit(&o, NAMES_NONE);
		for (size_t i = 0; i < n; i++) {
			const uint32_t parent = b->lines[i].parent;

			/* Lines below a head that was removed go with it. */
			if (b->lines[i].text && parent != NAMES_NONE && !b->lines[parent].text)
				free(b->lines[i].text);
		}
		fix_parents(o.out, o.count);
		free(b->lines);
		b->lines = o.out;
		b->line_count = o.count;
	}
	free(first);
	free(next);
}

static void squeeze_blocks(struct reading *r)
{
	struct config *c = r->c;
	size_t kept = 0;

	for (size_t i = 0; i < c->block_count; i++) {
		if (!c->blocks[i].head) {
			config_block_done(&c->blocks[i]);
			continue;
		}
		if (c->blocks[i].line_count)
			order_lines(r, &c->blocks[i]);
		c->blocks[kept++] = c->blocks[i];
	}
	c->block_count = kept;
}

/* ---- defaults ---- */

bool config_version_implies(const char *version)
{
	char *end;
	unsigned long major, minor;

	if (!version)
		return false;
	major = strtoul(version, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return major > 15 || (major == 15 && minor >= 7);
}

bool config_multicast_implies(const struct config *c)
{
	static const char *const heads[] = { "router eigrp ", "router ospf ", "router rip", "ipv6 router ospf ", "router ospfv3 ", NULL };

	if (c->version)
		return config_version_implies(c->version);
	for (size_t i = 0; i < c->block_count; i++) {
		for (size_t k = 0; heads[k]; k++) {
			if (!strncmp(c->blocks[i].head, heads[k], strlen(heads[k])))
				return true;
		}
	}
	return false;
}

static void nhrp_defaults(struct config_nhrp *n, bool shortcut, bool multicast)
{
	if (!n->holdtime_s)
		n->holdtime_s = 600;
	if (!n->registration_timeout_s)
		n->registration_timeout_s = n->holdtime_s < 3 ? 1 : n->holdtime_s / 3;
	if (!n->redirect_timeout_s)
		n->redirect_timeout_s = 2;
	if (!n->max_send_s) {
		n->max_send_packets = 10000;
		n->max_send_s = 10;
	}
	if (!n->probe_given)
		n->probe_interval_ms = 250;
	if (!n->shortcut_given)
		n->shortcut = shortcut && n->enabled;
	if (!n->map_multicast_dynamic_given)
		n->map_multicast_dynamic = multicast && n->enabled;
}

void reading_finish(struct reading *r)
{
	const bool shortcut = config_version_implies(r->c->version);
	bool multicast;

	squeeze_interfaces(r->c);
	squeeze_routes(r->c);
	squeeze_blocks(r);
	multicast = !strcmp(r->c->language, "IOS") && config_multicast_implies(r->c);
	reading_finish_tracks(r);
	reading_finish_vrfs(r->c);
	for (size_t i = 0; i < r->c->interface_count; i++) {
		struct config_interface *interface = &r->c->interfaces[i];
		struct config_tunnel *t = interface->tunnel;
		const bool multipoint = t && t->mode == TUNNEL_GRE_MULTIPOINT;

		squeeze_extras(interface);
		if (!t)
			continue;
		reading_finish_bfd(r->c, interface, &t->bfd);
		reading_finish_groups(r, interface);
		nhrp_defaults(&t->nhrp4, shortcut && multipoint, multicast && multipoint);
		nhrp_defaults(&t->nhrp6, shortcut && multipoint, multicast && multipoint);
	}
}
