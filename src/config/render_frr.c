/* The frame of the file: lists, interfaces, static routes; and what the parts share. */
#include "config/render_frr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/render.h"

/* ---- lines ---- */

static size_t split(const char *text, struct token *tokens)
{
	size_t count = 0;

	while (*(text += strspn(text, " ")) && count < TOKENS_MAX) {
		tokens[count] = (struct token){ text, strcspn(text, " ") };
		text += tokens[count++].length;
	}
	return count;
}

bool render_match(struct render *r, unsigned mode, const char *text, struct match *m)
{
	struct token tokens[TOKENS_MAX];
	struct match_failure failure;
	const bool no = !strncmp(text, "no ", 3);
	const size_t count = split(no ? text + 3 : text, tokens);
	const enum match_result result = grammar_match(mode, no ? SIGN_NO : SIGN_SET, tokens, count, m, &failure);

	r->out_of_memory |= result == MATCH_MEMORY;
	return result == MATCH_OK;
}

void render_not_carried(struct render *r, const char *text)
{
	fprintf(r->out, "! not carried: %s\n", text);
}

/* FRR names no process: routes of another one than it runs are not there to be taken. */
static bool of_other_process(const struct render *r, const struct match *m)
{
	const struct item *eigrp = match_after(m, "eigrp"), *ospf = match_after(m, "ospf");
	const char *running = r->ospf ? strrchr(r->ospf->head, ' ') + 1 : "";

	if (strncmp(m->row->pattern, "redistribute", 12))
		return false;
	return (eigrp && eigrp->kind == ITEM_NUMBER && eigrp->number != r->eigrp_as) ||
	       (ospf && ospf->kind == ITEM_NUMBER && strcmp(ospf->text, running));
}

/* A "no" switches off what is not done anyway, but for what is always on and where it says something of its own. */
static bool not_carried(const struct match *m)
{
	if (m->row->fate == ALWAYS_ON)
		return m->sign == SIGN_NO;
	return (m->row->fate == TRAFFIC || m->row->fate == UNSUPPORTED) && (m->sign == SIGN_SET || m->row->keeping == TOGGLE);
}

void render_line(struct render *r, unsigned mode, const char *text, const char *indent)
{
	struct match m;

	if (!render_match(r, mode, text, &m)) {
		render_not_carried(r, text);
		return;
	}
	if (of_other_process(r, &m)) {
		render_not_carried(r, text);
	} else if (m.row->frr && *m.row->frr) {
		fputs(indent, r->out);
		frr_template_write(r->out, &m, m.row->frr, r->eigrp_as);
		fputc('\n', r->out);
	} else if (not_carried(&m)) {
		render_not_carried(r, text);
	}
	match_done(&m);
}

/* ---- facts ---- */

bool block_has(const struct config_block *b, const char *text)
{
	for (size_t i = 0; b && i < b->line_count; i++) {
		if ((b->lines[i].depth == 1 || b->lines[i].mode == MODE_OSPF6_AF) && !strcmp(b->lines[i].text, text))
			return true;
	}
	return false;
}

bool block_passive(const struct config_block *b, const struct config_interface *i)
{
	char text[96];

	snprintf(text, sizeof text, "no passive-interface %s", i->ios_name);
	if (block_has(b, text))
		return false;
	return block_has(b, text + 3) || block_has(b, "passive-interface default");
}

const struct config_address *interface_primary(const struct config_interface *i)
{
	for (size_t k = 0; k < i->address_count; k++) {
		if (i->addresses[k].addr.family == IP_V4 && !i->addresses[k].secondary)
			return &i->addresses[k];
	}
	return NULL;
}

const struct ipaddr *interface_address(const struct config_interface *i)
{
	const struct config_address *a = interface_primary(i);

	return a ? &a->addr : NULL;
}

static uint8_t network_len(const struct match *m)
{
	const struct item *addr = match_arg(m, 0), *wild = match_arg(m, 1);

	if (wild)
		return wild->len;
	if (ipaddr_is_unspecified(&addr->addr))
		return 0;
	return addr->addr.bytes[0] < 128 ? 8 : addr->addr.bytes[0] < 192 ? 16 : 24;
}

int block_network(struct render *r, const struct config_block *b, const struct ipaddr *a)
{
	const bool eigrp = b && !strncmp(b->head, "router eigrp ", 13);
	const int family = eigrp ? eigrp_family(b) : -1;
	int best = -1, best_len = -1;

	for (size_t i = 0; b && i < b->line_count; i++) {
		struct ipprefix p;
		struct match m;

		if (strncmp(b->lines[i].text, "network ", 8) || (eigrp && eigrp_is_aside(b, family, i)) ||
		    !render_match(r, b->lines[i].mode, b->lines[i].text, &m))
			continue;
		p = ipprefix_make(&match_arg(&m, 0)->addr, network_len(&m));
		match_done(&m);
		/* The most specific statement decides the area. */
		if (ipprefix_contains(&p, a) && p.len > best_len) {
			best = (int)i;
			best_len = p.len;
		}
	}
	return best;
}

/* What IOS assumes of an interface that does not say. */
static const struct { const char *type; uint32_t bandwidth_kbps, delay_tens_us; } assumed[] = {
	{ "Tunnel", 100, 5000 }, { "GigabitEthernet", 1000000, 1 }, { "FastEthernet", 100000, 10 },
	{ "TenGigabitEthernet", 10000000, 1 }, { "Ethernet", 10000, 100 }, { "Loopback", 8000000, 500 },
	{ "Serial", 1544, 2000 }, { "Vlan", 1000000, 1 },
};

static size_t assumed_index(const struct config_interface *i)
{
	for (size_t k = 0; k < sizeof assumed / sizeof assumed[0]; k++) {
		if (!strncmp(i->ios_name, assumed[k].type, strlen(assumed[k].type)))
			return k;
	}
	return 1; /* an interface of this system: as a gigabit one */
}

uint32_t interface_bandwidth_kbps(const struct config_interface *i)
{
	return i->bandwidth_kbps ? i->bandwidth_kbps : assumed[assumed_index(i)].bandwidth_kbps;
}

uint32_t interface_delay_tens_us(const struct config_interface *i)
{
	return i->delay_tens_us ? i->delay_tens_us : assumed[assumed_index(i)].delay_tens_us;
}

/* ---- BFD ---- */

const char *interface_bfd(const struct config_interface *i)
{
	for (size_t k = 0; k < i->extra_count; k++) {
		if (!strncmp(i->extras[k], "bfd interval ", 13))
			return i->name;
		if (!strncmp(i->extras[k], "bfd template ", 13))
			return i->extras[k] + 13;
	}
	return NULL;
}

static void bfd_profile(struct render *r, const char *name, unsigned tx, unsigned rx, unsigned multiplier)
{
	fprintf(r->out, " profile %s\n  detect-multiplier %u\n  transmit-interval %u\n  receive-interval %u\n", name,
		multiplier, tx, rx);
}

void render_bfd(struct render *r)
{
	unsigned tx, rx, multiplier;

	fputs("bfd\n", r->out);
	if (!r->o->stock && (r->ospf || r->ospf6))
		fputs(" profile " FOLLOWING_PROFILE "\n  passive-mode\n", r->out);
	for (size_t k = 0; k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];

		for (size_t e = 0; e < i->extra_count; e++) {
			if (sscanf(i->extras[e], "bfd interval %u min_rx %u multiplier %u", &tx, &rx, &multiplier) == 3)
				bfd_profile(r, i->name, tx, rx, multiplier);
		}
	}
	for (size_t k = 0; k < r->c->block_count; k++) {
		const struct config_block *b = &r->c->blocks[k];

		for (size_t l = 0; !strncmp(b->head, "bfd-template single-hop ", 24) && l < b->line_count; l++) {
			const char *text = b->lines[l].text;

			if (sscanf(text, "interval min-tx %u min-rx %u multiplier %u", &tx, &rx, &multiplier) == 3)
				bfd_profile(r, b->head + 24, tx, rx, multiplier);
			else if (sscanf(text, "interval both %u multiplier %u", &tx, &multiplier) == 2)
				bfd_profile(r, b->head + 24, tx, tx, multiplier);
		}
	}
	fputs("!\n", r->out);
}

/* ---- lists and maps ---- */

static bool is_list(const char *head)
{
	static const char *const kinds[] = { "ip prefix-list ", "ipv6 prefix-list ", "ip as-path ", "ip community-list ", NULL };

	for (size_t i = 0; kinds[i]; i++) {
		if (!strncmp(head, kinds[i], strlen(kinds[i])))
			return true;
	}
	return false;
}

/* One entry of an access list: "permit ip 10.0.0.0 0.0.0.255 any". FRR knows source, or
 * source and destination, of protocol ip. */
static void access_entry(struct render *r, const char *name, bool extended, const char *text)
{
	char copy[400], *word, *rest = NULL, *saved = NULL;

	snprintf(copy, sizeof copy, "%s", text);
	word = strtok_r(copy, " ", &saved);
	while (word && word[0] >= '0' && word[0] <= '9')
		word = strtok_r(NULL, " ", &saved);
	if (word && !strcmp(word, "sequence"))
		word = strtok_r(NULL, "", &saved);
	rest = saved ? saved + strspn(saved, " ") : NULL;
	if (!word || !rest || (extended && strncmp(rest, "ip ", 3)) || strstr(rest, " eq ") || strstr(rest, " log")) {
		render_not_carried(r, text);
		return;
	}
	/* "permit 10.0.0.1" means the host. */
	if (!extended && !strchr(rest, ' ') && strcmp(rest, "any"))
		fprintf(r->out, "access-list %s %s host %s\n", name, word, rest);
	else
		fprintf(r->out, "access-list %s %s %s\n", name, word, rest);
}

static void access_block(struct render *r, const struct config_block *b)
{
	const bool extended = !strncmp(b->head, "ip access-list extended ", 24);
	const char *name = strrchr(b->head, ' ') + 1;

	for (size_t i = 0; i < b->line_count; i++)
		access_entry(r, name, extended, b->lines[i].text);
}

static void access_line(struct render *r, const struct config_block *b)
{
	char name[16] = "";
	int used = 0;
	unsigned number;

	if (sscanf(b->head, "access-list %15[0-9] %n", name, &used) < 1 || !used)
		return;
	number = (unsigned)strtoul(name, NULL, 10);
	access_entry(r, name, (number >= 100 && number < 200) || number >= 2000, b->head + used);
}

static void route_map(struct render *r, const struct config_block *b)
{
	char name[128] = "", action[16] = "permit", rest[128] = "";
	unsigned sequence = 10;
	int found = sscanf(b->head, "route-map %127s %15s %u", name, action, &sequence);

	if (found == 2)
		sscanf(b->head, "route-map %*s %u", &sequence);
	if (strcmp(action, "deny"))
		strcpy(action, "permit");
	(void)rest;
	fprintf(r->out, "route-map %s %s %u\n", name, action, sequence);
	for (size_t i = 0; i < b->line_count; i++)
		render_line(r, b->lines[i].mode, b->lines[i].text, " ");
	fputs("!\n", r->out);
}

static void key_chain(struct render *r, const struct config_block *b)
{
	fprintf(r->out, "%s\n", b->head);
	for (size_t i = 0; i < b->line_count; i++)
		render_line(r, b->lines[i].mode, b->lines[i].text, b->lines[i].depth == 1 ? " " : "  ");
	fputs("!\n", r->out);
}

static void lists(struct render *r)
{
	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		if (is_list(b->head))
			render_line(r, MODE_GLOBAL, b->head, "");
		else if (!strncmp(b->head, "ip access-list ", 15) && config_access_list_used(r->c, strrchr(b->head, ' ') + 1))
			access_block(r, b);
		else if (!strncmp(b->head, "access-list ", 12))
			access_line(r, b);
		else if (!strncmp(b->head, "key chain ", 10))
			key_chain(r, b);
	}
	for (size_t i = 0; i < r->c->block_count; i++) {
		if (!strncmp(r->c->blocks[i].head, "route-map ", 10))
			route_map(r, &r->c->blocks[i]);
	}
	fputs("!\n", r->out);
}

/* ---- interfaces and routes ---- */

static void extras(struct render *r, const struct config_interface *i)
{
	for (size_t k = 0; k < i->extra_count; k++) {
		if (!r->o->eigrp || !strstr(i->extras[k], " eigrp "))
			render_line(r, i->is_tunnel ? MODE_TUNNEL : MODE_INTERFACE, i->extras[k], " ");
	}
}

static void interface(struct render *r, const struct config_interface *i)
{
	fprintf(r->out, "interface %s\n", i->name);
	if (i->description)
		fprintf(r->out, " description %s\n", i->description);
	render_ospf_interface(r, i);
	render_ospf6_interface(r, i);
	render_eigrp_interface(r, i);
	extras(r, i);
	fputs("!\n", r->out);
}

static void route(struct render *r, const struct config_route *route)
{
	char dst[IPPREFIX_TEXT_MAX], gateway[IPADDR_TEXT_MAX];
	FILE *out = r->out;

	if (config_route_tracked(r->c, route))
		fprintf(out, "! set by dmvpnd while track %u is up: ", route->track);
	else if (config_route_crosses(r->c, route))
		fputs("! set by dmvpnd, it leads into another VRF: ", out);
	else if (route->dhcp)
		fputs("! set by dmvpnd, by the gateway that DHCP tells: ", out);
	else if (route->vrf)
		fputs("! set by dmvpnd in the VRF's table: ", out);
	fprintf(out, "%s route %s", route->dst.addr.family == IP_V6 ? "ipv6" : "ip", ipprefix_format(&route->dst, dst));
	if (!ipaddr_is_none(&route->gateway))
		fprintf(out, " %s", ipaddr_format(&route->gateway, gateway));
	if (route->interface)
		fprintf(out, " %s", route->interface);
	if (route->tag)
		fprintf(out, " tag %u", route->tag);
	if (route->distance != 1)
		fprintf(out, " %u", route->distance);
	if (route->vrf)
		fprintf(out, " vrf %s", r->c->vrfs[route->vrf].name);
	fputc('\n', out);
}

/* ---- the whole ---- */

static void blocks(struct render *r)
{
	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		if (!strncmp(b->head, "router bgp ", 11))
			render_bgp(r, b);
		else if (b == r->rip) {
			fputs("router rip\n", r->out);
			for (size_t k = 0; k < b->line_count; k++)
				render_line(r, b->lines[k].mode, b->lines[k].text, " ");
			fputs("!\n", r->out);
		} else if (render_is_ospf(r, b))
			render_ospf(r, b);
		else if (b == r->ospf6)
			render_ospf6(r);
		else if (r->o->eigrp && !strncmp(b->head, "router eigrp ", 13))
			continue; /* render_eigrp_bgp() */
		else if (b == r->eigrp)
			render_eigrp(r);
		else if (!strncmp(b->head, "router ", 7) || !strncmp(b->head, "ipv6 router ", 12))
			render_not_carried(r, b->head);
	}
}

int config_render_frr(const struct config *c, const struct frr_options *o, FILE *out)
{
	struct render r = { .c = c, .o = o, .out = out };

	render_choose(&r);
	fputs("frr defaults traditional\n", out);
	if (c->hostname)
		fprintf(out, "hostname %s\n", c->hostname);
	if (o->log_file)
		fprintf(out, "log file %s\n", o->log_file);
	fputs("service integrated-vtysh-config\n", out);
	/* zebra lets routes wait for others, 10 ms: a tenth of that gathers those that come together. */
	if (!o->stock)
		fputs("zebra work-queue 1\n", out);
	fputs("!\n", out);
	lists(&r);
	if (config_frr_daemons(c) & FRR_BFDD)
		render_bfd(&r);
	for (size_t i = 0; i < c->interface_count; i++)
		interface(&r, &c->interfaces[i]);
	for (size_t i = 0; i < c->route_count; i++)
		route(&r, &c->routes[i]);
	blocks(&r);
	if (o->eigrp)
		render_eigrp_bgp(&r);
	if (r.out_of_memory)
		return -ENOMEM;
	return ferror(out) ? -EIO : 0;
}
