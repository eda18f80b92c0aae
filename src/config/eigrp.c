#include "config/eigrp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/render.h"

enum { HELLO_S = 5, HOLD_S = 15, NO_LINE = UINT32_MAX };

/* ---- processes ---- */

static bool is_number(const char *text, unsigned *number)
{
	char *end;

	*number = (unsigned)strtoul(text, &end, 10);
	return end > text && !*end;
}

static bool take_process(const struct config_block *b, struct eigrp_process *p)
{
	p->block = b;
	p->family = NO_LINE;
	if (is_number(b->head + strlen("router eigrp "), &p->as))
		return p->as > 0;
	for (uint32_t i = 0; i < b->line_count; i++) {
		const char *text = b->lines[i].text, *as = strrchr(text, ' ');

		if (b->lines[i].depth > 1 || strncmp(text, "address-family ipv4 ", 20) || strstr(text, " vrf ") || !is_number(as + 1, &p->as))
			continue;
		p->family = i;
		return true;
	}
	return false;
}

bool eigrp_next(const struct config *c, struct eigrp_process *p)
{
	while (p->next < c->block_count) {
		const struct config_block *b = &c->blocks[p->next++];

		if (!strncmp(b->head, "router eigrp ", 13) && take_process(b, p))
			return true;
	}
	return false;
}

/* Line i is below the family (or the head, of a classic process), itself or in its topology. */
static bool belongs(const struct eigrp_process *p, const struct config_block_line *l)
{
	const struct config_block_line *lines = p->block->lines;

	if (p->family == NO_LINE)
		return l->depth == 1;
	if (l->mode == MODE_EIGRP_TOPOLOGY)
		return l->parent != NO_LINE && lines[l->parent].parent == p->family;
	return l->mode == MODE_EIGRP_AF && l->parent == p->family;
}

const struct config_block_line *eigrp_line(const struct eigrp_process *p, size_t *at)
{
	while (*at < p->block->line_count) {
		const struct config_block_line *l = &p->block->lines[(*at)++];

		if (belongs(p, l))
			return l;
	}
	return NULL;
}

/* ---- interfaces ---- */

static uint8_t mask_len(const struct ipaddr *a, bool wild)
{
	uint8_t len = 0;

	while (len < 32 && !!(a->bytes[len / 8] & (0x80 >> len % 8)) != wild)
		len++;
	return len;
}

static uint8_t class_len(const struct ipaddr *a)
{
	return ipaddr_is_unspecified(a) ? 0 : a->bytes[0] < 128 ? 8 : a->bytes[0] < 192 ? 16 : 24;
}

/* "10.0.0.0 0.0.0.255", "10.0.0.0 255.255.255.0", "10.0.0.0/24" or "10.0.0.0", and what may follow. */
static bool take_prefix(const char *text, bool wild, struct ipprefix *out)
{
	char first[64] = "", second[64] = "", *slash;
	struct ipaddr a, m;
	unsigned len;

	if (sscanf(text, "%63s %63s", first, second) < 1)
		return false;
	slash = strchr(first, '/');
	if (slash)
		*slash = 0;
	if (!ipaddr_parse(first, &a) || a.family != IP_V4)
		return false;
	len = slash ? (unsigned)atoi(slash + 1) : ipaddr_parse(second, &m) ? mask_len(&m, wild) : class_len(&a);
	*out = ipprefix_make(&a, (uint8_t)len);
	return true;
}

bool eigrp_runs_on(const struct eigrp_process *p, const struct config_interface *i)
{
	const struct ipaddr *a = interface_address(i);
	const struct config_block_line *l;
	struct ipprefix network;
	size_t at = 0;

	while (a && !i->vrf && !i->shutdown && (l = eigrp_line(p, &at)))
		if (!strncmp(l->text, "network ", 8) && take_prefix(l->text + 8, true, &network) && ipprefix_contains(&network, a))
			return true;
	return false;
}

static int add_summary(struct eigrp_interface *out, const char *text)
{
	struct ipprefix p, *more;

	if (!take_prefix(text, false, &p))
		return 0;
	more = realloc(out->summaries, (out->summary_count + 1) * sizeof *more);
	if (!more)
		return -ENOMEM;
	out->summaries = more;
	more[out->summary_count++] = p;
	return 0;
}

/* A line of af-interface, or a classic one that was cut to the same words. */
static int take_setting(struct eigrp_interface *out, const char *text)
{
	const bool on = strncmp(text, "no ", 3) != 0;

	text += on ? 0 : 3;
	if (!strncmp(text, "summary-address ", 16))
		return on ? add_summary(out, text + 16) : 0;
	if (!strncmp(text, "split-horizon", 13))
		out->split_horizon = on;
	else if (!strncmp(text, "next-hop-self", 13))
		out->next_hop_self = on;
	else if (!strncmp(text, "next-hop-unchanged", 18))
		out->next_hop_self = !on;
	else if (!strcmp(text, "passive-interface"))
		out->passive = on;
	else if (!strncmp(text, "stub-site", 9))
		out->stub_site = on;
	else if (!strncmp(text, "authentication mode ", 20))
		out->authentication = on ? text + 20 : NULL;
	else if (!strncmp(text, "authentication key-chain ", 25))
		out->key_chain = on ? text + 25 : NULL;
	else if (on)
		(void)(sscanf(text, "hello-interval %u", &out->hello_s) == 1 || sscanf(text, "hold-time %u", &out->hold_s) == 1);
	return 0;
}

static int take_section(const struct eigrp_process *p, const char *name, struct eigrp_interface *out)
{
	const struct config_block *b = p->block;
	char head[96];
	int r = 0;

	snprintf(head, sizeof head, "af-interface %s", name);
	for (size_t i = 0; i < b->line_count && r == 0; i++) {
		const uint32_t parent = b->lines[i].parent;

		if (b->lines[i].mode == MODE_EIGRP_IF && parent != NO_LINE && b->lines[parent].parent == p->family &&
		    !strcmp(b->lines[parent].text, head))
			r = take_setting(out, b->lines[i].text);
	}
	return r;
}

/* "no ip split-horizon eigrp 100" says to process 100 what "no split-horizon" says in a named one. */
static bool cut_classic(const char *line, unsigned as, char out[400])
{
	const char *text = strncmp(line, "no ", 3) ? line : line + 3, *at = strstr(text, " eigrp ");
	char *end;

	if (strncmp(text, "ip ", 3) || !at || strtoul(at + 7, &end, 10) != as)
		return false;
	snprintf(out, 400, "%s%.*s%s", text == line ? "" : "no ", (int)(at - text - 3), text + 3, end);
	return true;
}

/* Its pointers stay valid with the configuration: the key chain's name is the last word of the line. */
static int take_classic(const struct eigrp_process *p, const struct config_interface *i, struct eigrp_interface *out)
{
	char text[400];
	int r = 0;

	out->passive = block_passive(p->block, i);
	for (size_t k = 0; k < i->extra_count && r == 0; k++) {
		if (!cut_classic(i->extras[k], p->as, text))
			continue;
		if (!strncmp(text, "authentication key-chain ", 25))
			out->key_chain = strrchr(i->extras[k], ' ') + 1;
		else if (!strcmp(text, "authentication mode md5"))
			out->authentication = "md5";
		else
			r = take_setting(out, text);
	}
	return r;
}

int eigrp_interface_read(const struct eigrp_process *p, const struct config_interface *i, struct eigrp_interface *out)
{
	int r;

	*out = (struct eigrp_interface){ .split_horizon = true, .next_hop_self = true, .hello_s = HELLO_S, .hold_s = HOLD_S };
	if (p->family == NO_LINE)
		return take_classic(p, i, out);
	r = take_section(p, "default", out);
	return r == 0 ? take_section(p, i->ios_name, out) : r;
}

void eigrp_interface_done(struct eigrp_interface *i)
{
	free(i->summaries);
	*i = (struct eigrp_interface){ 0 };
}

/* ---- what eigrpd does not do ---- */

static bool line_is_lost(struct render *r, unsigned mode, const char *text)
{
	struct match m;
	bool lost;

	if (!render_match(r, mode, text, &m))
		return true;
	lost = m.row->fate == TRAFFIC ? m.sign == SIGN_SET || m.row->keeping == TOGGLE : m.row->fate == ALWAYS_ON && m.sign == SIGN_NO;
	match_done(&m);
	return lost;
}

static bool interfaces_want(struct render *r, const struct eigrp_process *p)
{
	char text[400];

	for (size_t i = 0; i < r->c->interface_count; i++) {
		const struct config_interface *f = &r->c->interfaces[i];

		for (size_t k = 0; k < f->extra_count; k++)
			if (cut_classic(f->extras[k], p->as, text) &&
			    line_is_lost(r, f->is_tunnel ? MODE_TUNNEL : MODE_INTERFACE, f->extras[k]))
				return true;
	}
	return false;
}

bool eigrp_wants_bgp(const struct config *c)
{
	struct render r = { .c = c };
	struct eigrp_process p = { 0 };
	unsigned count = 0;

	while (eigrp_next(c, &p)) {
		if (count++ || interfaces_want(&r, &p))
			return true;
		for (size_t i = 0; i < p.block->line_count; i++)
			if (line_is_lost(&r, p.block->lines[i].mode, p.block->lines[i].text))
				return true;
	}
	return false;
}
