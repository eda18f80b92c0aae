/* BGP: IOS lets lines of IPv4 unicast stand outside of the address family, and peer groups
 * be used before they are made; FRR wants both in order. */
#include <string.h>

#include "config/render.h"

enum rank { RANK_PROCESS, RANK_GROUP, RANK_PEER, RANK_NEIGHBOR, RANK_LISTEN, RANK_COUNT };

enum { CONNECT_RETRY_MAX_S = 10 };

static enum rank rank_of(const struct match *m)
{
	const char *pattern = m->row->pattern;

	if (!strncmp(pattern, "bgp listen range", 16))
		return RANK_LISTEN;
	if (strncmp(pattern, "neighbor ", 9))
		return RANK_PROCESS;
	if (!strcmp(pattern, "neighbor <word> peer-group"))
		return RANK_GROUP;
	return strstr(pattern, " remote-as ") ? RANK_PEER : RANK_NEIGHBOR;
}

static bool is_family_line(const struct match *m)
{
	return m->row->frr && m->row->frr[0] == '@';
}

/* The profile of the interface that has this address in one of its networks. */
static const char *profile_towards(const struct render *r, const struct ipaddr *a)
{
	for (size_t k = 0; k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];

		for (size_t n = 0; n < i->address_count; n++) {
			const struct ipprefix p = ipprefix_make(&i->addresses[n].addr, i->addresses[n].prefix_len);

			if (ipprefix_contains(&p, a))
				return interface_bfd(i);
		}
	}
	return NULL;
}

/* A member of that peer group: an address of its listen range, or a neighbour that was put into it. */
static bool group_member(const struct config_block *b, const char *group, struct ipaddr *out)
{
	for (size_t i = 0; i < b->line_count; i++) {
		char member[64], name[128];
		struct ipprefix p;

		if (sscanf(b->lines[i].text, "bgp listen range %63s peer-group %127s", member, name) == 2 &&
		    !strcmp(name, group) && ipprefix_parse(member, &p)) {
			*out = p.addr;
			return true;
		}
		if (sscanf(b->lines[i].text, "neighbor %63s peer-group %127s", member, name) == 2 && !strcmp(name, group) &&
		    ipaddr_parse(member, out))
			return true;
	}
	return false;
}

/* The profile of the interface over which this peer, or this group's peers, are reached. */
static const char *peer_profile(const struct render *r, const struct config_block *b, const struct item *peer)
{
	struct ipaddr a;

	return ipaddr_parse(peer->text, &a) || group_member(b, peer->text, &a) ? profile_towards(r, &a) : NULL;
}

/*
 * Seconds until a session that could not be opened is tried again. FRR waits two minutes,
 * which would make a hub that comes back stay without its spokes for as long; here it is
 * the keepalive interval, at most ten seconds. 0: the file says it itself.
 */
static unsigned connect_retry_s(const struct config_block *b, const char *peer)
{
	unsigned keepalive_s = CONNECT_RETRY_MAX_S;

	for (size_t i = 0; i < b->line_count; i++) {
		char name[128];
		unsigned seconds;

		if (sscanf(b->lines[i].text, "neighbor %127s timers connect %u", name, &seconds) == 2 &&
		    !strcmp(name, peer))
			return 0;
		if ((sscanf(b->lines[i].text, "neighbor %127s timers %u", name, &seconds) == 2 && !strcmp(name, peer)) ||
		    (keepalive_s == CONNECT_RETRY_MAX_S && sscanf(b->lines[i].text, "timers bgp %u", &seconds) == 1))
			keepalive_s = seconds;
	}
	return keepalive_s < 1 || keepalive_s > CONNECT_RETRY_MAX_S ? CONNECT_RETRY_MAX_S : keepalive_s;
}

static void connect_retry(struct render *r, const struct config_block *b, const char *peer)
{
	const unsigned seconds = connect_retry_s(b, peer);

	if (seconds)
		fprintf(r->out, " neighbor %s timers connect %u\n", peer, seconds);
}

static void process_line(struct render *r, const struct config_block *b, const struct config_block_line *line,
			 enum rank rank)
{
	const char *profile;
	struct match m;

	if (line->depth != 1 || !render_match(r, line->mode, line->text, &m))
		return;
	if (!is_family_line(&m) && m.row->enters == MODE_NONE && rank_of(&m) == rank) {
		render_line(r, line->mode, line->text, " ");
		if (rank == RANK_PEER)
			connect_retry(r, b, match_arg(&m, 0)->text);
		profile = strstr(line->text, " fall-over bfd") ? peer_profile(r, b, match_arg(&m, 0)) : NULL;
		if (profile)
			fprintf(r->out, " neighbor %s bfd profile %s\n", match_arg(&m, 0)->text, profile);
	}
	match_done(&m);
}

static bool of_family(const struct config_block *b, const struct config_block_line *line, const char *family)
{
	const char *head = line->parent == UINT32_MAX ? "address-family ipv4" : b->lines[line->parent].text;
	const size_t length = strlen(family);

	if (strncmp(head, "address-family ", 15) || strncmp(head + 15, family, length))
		return false;
	return !head[15 + length] || !strcmp(head + 15 + length, " unicast");
}

static void family_line(struct render *r, const struct config_block_line *line)
{
	struct match m;
	bool wanted;

	if (!render_match(r, line->mode, line->text, &m))
		return;
	wanted = is_family_line(&m) || line->depth > 1;
	match_done(&m);
	if (wanted)
		render_line(r, line->mode, line->text, "  ");
}

static void family(struct render *r, const struct config_block *b, const char *name)
{
	fprintf(r->out, " address-family %s unicast\n", name);
	for (size_t i = 0; i < b->line_count; i++) {
		if (of_family(b, &b->lines[i], name))
			family_line(r, &b->lines[i]);
	}
	fputs(" exit-address-family\n", r->out);
}

static void other_families(struct render *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *text = b->lines[i].text;

		if (!strncmp(text, "address-family ", 15) && strcmp(text + 15, "ipv4") && strcmp(text + 15, "ipv6") &&
		    strcmp(text + 15, "ipv4 unicast") && strcmp(text + 15, "ipv6 unicast"))
			render_not_carried(r, text);
	}
}

/*
 * What a peer that has just come is told waits for others that come with it. FRR waits a whole second, which a
 * standby hub adds to the outage and a hub that returns to its return; a tenth still gathers a crowd.
 */
enum { COALESCE_MS = 100 };

void render_bgp(struct render *r, const struct config_block *b)
{
	fprintf(r->out, "%s\n no bgp ebgp-requires-policy\n bgp network import-check\n coalesce-time %d\n", b->head,
		COALESCE_MS);
	for (enum rank rank = RANK_PROCESS; rank < RANK_COUNT; rank++) {
		for (size_t i = 0; i < b->line_count; i++)
			process_line(r, b, &b->lines[i], rank);
	}
	other_families(r, b);
	family(r, b, "ipv4");
	family(r, b, "ipv6");
	fputs("!\n", r->out);
}
