/* BGP: IOS lets lines of IPv4 unicast stand outside of the address family, and peer groups
 * be used before they are made; FRR wants both in order. What IOS writes as an address family
 * of the process for each VRF is an instance of its own to FRR. */
#include <stdlib.h>
#include <string.h>

#include "config/render.h"

/* The process in the global table, or in one of its VRFs. */
struct instance {
	const struct config_block *b;
	uint32_t vrf;
	const uint32_t *vrf_of; /* of each line: that of the family which it stands in or opens; CONFIG_NO_VRF: of none that there is */
	const bool *has;        /* of each VRF: there is a family for it */
};

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

/* Of this instance: what stands in its VRF's families, or in none of any VRF. */
static bool is_of(const struct instance *n, const struct config_block_line *line)
{
	return n->vrf_of[line - n->b->lines] == n->vrf;
}

/* What is said of the whole process goes for its VRFs, too, but for what is each one's own. */
static bool is_inherited(const struct instance *n, const struct config_block_line *line)
{
	return n->vrf && line->depth == 1 && (!strncmp(line->text, "bgp ", 4) || !strncmp(line->text, "timers bgp ", 11) ||
	       !strncmp(line->text, "no bgp ", 7)) && !strstr(line->text, "bgp router-id ") && !strstr(line->text, "bgp listen ") &&
	       !strstr(line->text, "bgp default ipv4-unicast");
}

/* The profile of the interface that has this address in one of its networks. */
static const char *profile_towards(const struct render *r, uint32_t vrf, const struct ipaddr *a)
{
	for (size_t k = 0; k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];

		for (size_t n = 0; i->vrf == vrf && n < i->address_count; n++) {
			const struct ipprefix p = ipprefix_make(&i->addresses[n].addr, i->addresses[n].prefix_len);

			if (ipprefix_contains(&p, a))
				return interface_bfd(i);
		}
	}
	return NULL;
}

/* A member of that peer group: an address of its listen range, or a neighbour that was put into it. */
static bool group_member(const struct instance *n, const char *group, struct ipaddr *out)
{
	const struct config_block *const b = n->b;

	for (size_t i = 0; i < b->line_count; i++) {
		char member[64], name[128];
		struct ipprefix p;

		if (!is_of(n, &b->lines[i]))
			continue;
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
static const char *peer_profile(const struct render *r, const struct instance *n, const struct item *peer)
{
	struct ipaddr a;

	return ipaddr_parse(peer->text, &a) || group_member(n, peer->text, &a) ? profile_towards(r, n->vrf, &a) : NULL;
}

/*
 * Seconds until a session that could not be opened is tried again. FRR waits two minutes,
 * which would make a hub that comes back stay without its spokes for as long; here it is
 * the keepalive interval, at most ten seconds. 0: the file says it itself.
 */
static unsigned connect_retry_s(const struct instance *n, const char *peer)
{
	const struct config_block *const b = n->b;
	unsigned keepalive_s = CONNECT_RETRY_MAX_S;

	for (size_t i = 0; i < b->line_count; i++) {
		char name[128];
		unsigned seconds;

		if (!is_of(n, &b->lines[i]) && !is_inherited(n, &b->lines[i]))
			continue;
		if (sscanf(b->lines[i].text, "neighbor %127s timers connect %u", name, &seconds) == 2 &&
		    !strcmp(name, peer))
			return 0;
		if ((sscanf(b->lines[i].text, "neighbor %127s timers %u", name, &seconds) == 2 && !strcmp(name, peer)) ||
		    (keepalive_s == CONNECT_RETRY_MAX_S && sscanf(b->lines[i].text, "timers bgp %u", &seconds) == 1))
			keepalive_s = seconds;
	}
	return keepalive_s < 1 || keepalive_s > CONNECT_RETRY_MAX_S ? CONNECT_RETRY_MAX_S : keepalive_s;
}

static void connect_retry(struct render *r, const struct instance *n, const char *peer)
{
	const unsigned seconds = connect_retry_s(n, peer);

	if (seconds)
		fprintf(r->out, " neighbor %s timers connect %u\n", peer, seconds);
}

static void process_line(struct render *r, const struct instance *n, const struct config_block_line *line, enum rank rank)
{
	const char *profile;
	struct match m;

	if (line->opens || !(is_of(n, line) || is_inherited(n, line)) || (!n->vrf && line->depth != 1) ||
	    !render_match(r, line->mode, line->text, &m))
		return;
	if (!is_family_line(&m) && m.row->enters == MODE_NONE && rank_of(&m) == rank) {
		render_line(r, line->mode, line->text, " ");
		if (rank == RANK_PEER)
			connect_retry(r, n, match_arg(&m, 0)->text);
		profile = strstr(line->text, " fall-over bfd") ? peer_profile(r, n, match_arg(&m, 0)) : NULL;
		if (profile)
			fprintf(r->out, " neighbor %s bfd profile %s\n", match_arg(&m, 0)->text, profile);
	}
	match_done(&m);
}

/* Does the line belong to the family of this name ("ipv4", "ipv6")? */
static bool of_family(const struct instance *n, const struct config_block_line *line, const char *family)
{
	const char *head = line->parent == UINT32_MAX ? "address-family ipv4" : n->b->lines[line->parent].text;
	const size_t length = strlen(family);

	if (!is_of(n, line) || strncmp(head, "address-family ", 15) || strncmp(head + 15, family, length))
		return false;
	head += 15 + length;
	if (!strncmp(head, " unicast", 8))
		head += 8;
	return n->vrf ? !strncmp(head, " vrf ", 5) : !*head;
}

static void family_line(struct render *r, const struct config_block_line *line)
{
	struct match m;
	bool wanted;

	if (!render_match(r, line->mode, line->text, &m))
		return;
	wanted = is_family_line(&m) || line->mode == MODE_BGP_AF;
	match_done(&m);
	if (wanted)
		render_line(r, line->mode, line->text, "  ");
}

/* FRR takes all routes of another VRF of this router by its name; IOS by route targets that the two share. */
static void imports(struct render *r, const struct instance *n, const char *family)
{
	for (uint32_t from = 1; n->vrf && from < r->c->vrf_count; from++) {
		if (from != n->vrf && n->has[from] && config_vrf_imports(r->c, n->vrf, from, family))
			fprintf(r->out, "  import vrf %s\n", r->c->vrfs[from].device);
	}
}

static void family(struct render *r, const struct instance *n, const char *name)
{
	fprintf(r->out, " address-family %s unicast\n", name);
	for (size_t i = 0; i < n->b->line_count; i++) {
		if (of_family(n, &n->b->lines[i], name))
			family_line(r, &n->b->lines[i]);
	}
	imports(r, n, name);
	fputs(" exit-address-family\n", r->out);
}

static bool is_carried_family(const struct render *r, const char *text)
{
	return !strcmp(text, "ipv4") || !strcmp(text, "ipv6") || !strcmp(text, "ipv4 unicast") || !strcmp(text, "ipv6 unicast") ||
	       (strstr(text, " vrf ") && config_vrf_in(r->c, text) != CONFIG_NO_VRF);
}

static void other_families(struct render *r, const struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const char *text = b->lines[i].text;

		if (!strncmp(text, "address-family ", 15) && !is_carried_family(r, text + 15))
			render_not_carried(r, text);
	}
}

/*
 * What a peer that has just come is told waits for others that come with it. FRR waits a whole second, which a
 * standby hub adds to the outage and a hub that returns to its return; a tenth still gathers a crowd.
 */
enum { COALESCE_MS = 100 };

static void instance(struct render *r, const struct instance *n)
{
	const struct config_block *const b = n->b;

	fputs(b->head, r->out);
	if (n->vrf)
		fprintf(r->out, " vrf %s", r->c->vrfs[n->vrf].device);
	fprintf(r->out, "\n no bgp ebgp-requires-policy\n bgp network import-check\n coalesce-time %d\n", COALESCE_MS);
	for (enum rank rank = RANK_PROCESS; rank < RANK_COUNT; rank++) {
		for (size_t i = 0; i < b->line_count; i++)
			process_line(r, n, &b->lines[i], rank);
	}
	if (!n->vrf)
		other_families(r, b);
	family(r, n, "ipv4");
	family(r, n, "ipv6");
	fputs("!\n", r->out);
}

static void find_vrfs(const struct render *r, const struct config_block *b, uint32_t *vrf_of, bool *has)
{
	for (size_t i = 0; i < b->line_count; i++) {
		const struct config_block_line *const l = &b->lines[i];

		if (l->parent != UINT32_MAX)
			vrf_of[i] = vrf_of[l->parent];
		else
			vrf_of[i] = strncmp(l->text, "address-family ", 15) ? 0 : config_vrf_in(r->c, l->text);
		if (vrf_of[i] != CONFIG_NO_VRF)
			has[vrf_of[i]] = true;
	}
}

void render_bgp(struct render *r, const struct config_block *b)
{
	uint32_t *const vrf_of = calloc(b->line_count + 1, sizeof *vrf_of);
	bool *const has = calloc(r->c->vrf_count, sizeof *has);

	if (vrf_of && has) {
		find_vrfs(r, b, vrf_of, has);
		has[0] = true;
		for (uint32_t vrf = 0; vrf < r->c->vrf_count; vrf++) {
			if (has[vrf])
				instance(r, &(struct instance){ b, vrf, vrf_of, has });
		}
	} else {
		r->out_of_memory = true;
	}
	free(vrf_of);
	free(has);
}
