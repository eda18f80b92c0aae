/* OSPF, OSPFv3 and EIGRP. IOS's `network` lines name addresses of interfaces, FRR's name
 * connected prefixes, so they are resolved here, interface by interface. */
#include <stdlib.h>
#include <string.h>

#include "config/ospf.h"
#include "config/render.h"

/* ---- which process FRR runs ---- */

static bool head_number(const char *head, const char *before, unsigned *number)
{
	char *end;
	const size_t length = strlen(before);

	if (strncmp(head, before, length))
		return false;
	*number = (unsigned)strtoul(head + length, &end, 10);
	return end > head + length && !*end;
}

int eigrp_family(const struct config_block *b)
{
	unsigned number;

	if (head_number(b->head, "router eigrp ", &number))
		return -1;
	for (size_t i = 0; i < b->line_count; i++) {
		if (!strncmp(b->lines[i].text, "address-family ipv4 ", 20) && !strstr(b->lines[i].text, " vrf "))
			return (int)i;
	}
	return -1;
}

bool eigrp_is_aside(const struct config_block *b, int family, size_t line)
{
	size_t top = line;

	while (b->lines[top].parent != UINT32_MAX)
		top = b->lines[top].parent;
	return (int)top != family &&
	       (!strncmp(b->lines[top].text, "address-family ", 15) || !strncmp(b->lines[top].text, "service-family ", 15));
}

static unsigned eigrp_number(const struct config_block *b)
{
	const int family = eigrp_family(b);
	unsigned number = 0;

	if (head_number(b->head, "router eigrp ", &number))
		return number;
	return family < 0 ? 0 : (unsigned)strtoul(strrchr(b->lines[family].text, ' ') + 1, NULL, 10);
}

void render_choose(struct render *r)
{
	unsigned number;

	for (size_t i = r->c->block_count; i > 0; i--) {
		const struct config_block *b = &r->c->blocks[i - 1];

		if (head_number(b->head, "router ospf ", &number))
			r->ospf = b;
		else if (head_number(b->head, "ipv6 router ospf ", &number) || head_number(b->head, "router ospfv3 ", &number))
			r->ospf6 = b;
		else if (!strcmp(b->head, "router rip"))
			r->rip = b;
		else if (!strncmp(b->head, "router eigrp ", 13) && eigrp_number(b)) {
			r->eigrp = b;
			r->eigrp_as = eigrp_number(b);
		}
	}
}

/* ---- OSPF ---- */

/* FRR has one process for each VRF; this is it. NULL: there is none. */
static const struct config_block *ospf_of(const struct render *r, uint32_t vrf)
{
	if (vrf == 0)
		return r->ospf;
	for (size_t i = 0; i < r->c->block_count; i++) {
		const struct config_block *b = &r->c->blocks[i];

		if (!strncmp(b->head, "router ospf ", 12) && config_vrf_in(r->c, b->head) == vrf)
			return b;
	}
	return NULL;
}

bool render_is_ospf(const struct render *r, const struct config_block *b)
{
	return !strncmp(b->head, "router ospf ", 12) && ospf_of(r, config_vrf_in(r->c, b->head)) == b;
}

static unsigned reference_mbps(const struct config_block *b)
{
	unsigned value = 100;

	for (size_t i = 0; b && i < b->line_count; i++)
		sscanf(b->lines[i].text, "auto-cost reference-bandwidth %u", &value);
	return value;
}

static unsigned ospf_cost(const struct config_block *b, const struct config_interface *i)
{
	const uint64_t cost = (uint64_t)reference_mbps(b) * 1000 / interface_bandwidth_kbps(i);

	return cost < 1 ? 1 : cost > 65535 ? 65535 : (unsigned)cost;
}

/* The area that the process's lines or the interface's own give; NULL: no OSPF here. */
static const char *ospf_area(struct render *r, const struct config_interface *i)
{
	const struct config_block *const process = ospf_of(r, i->vrf);
	const struct ipaddr *a = interface_address(i);
	int at;

	if (!process)
		return NULL;
	if (i->ospf.has_area)
		return i->ospf.area;
	at = a ? block_network(r, process, a) : -1;
	return at < 0 ? NULL : strrchr(process->lines[at].text, ' ') + 1;
}

bool config_ospf_runs_on(const struct config *c, const struct config_interface *i, struct config_ospf_place *out)
{
	struct render r = { .c = c };

	render_choose(&r);
	*out = (struct config_ospf_place){ .process = ospf_of(&r, i->vrf), .area = i->shutdown ? NULL : ospf_area(&r, i) };
	out->passive = out->area && block_passive(out->process, i);
	return out->area != NULL;
}

static void ospf_timers(struct render *r, const char *word, const struct config_if_ospf *o)
{
	const bool slow = o->network && (!strcmp(o->network, "point-to-multipoint") || !strcmp(o->network, "non-broadcast"));
	const unsigned hello = o->hello_s ? o->hello_s : slow ? 30 : 10;
	const unsigned dead = o->dead_s ? o->dead_s : hello * 4 > 65535 ? 65535 : hello * 4;

	fprintf(r->out, " %s hello-interval %u\n %s dead-interval %u\n", word, hello, word, dead);
}

static void ospf_bfd(struct render *r, const char *word, const struct config_interface *i, const struct config_if_ospf *o,
		     const struct config_block *process)
{
	const bool speaks = (o->bfd || block_has(process, "bfd all-interfaces")) && !o->no_bfd;
	const char *const profile = speaks ? interface_bfd(i) : FOLLOWING_PROFILE;

	if (!speaks && !(config_ospf_follows(i, o) && !r->o->stock))
		return;
	fprintf(r->out, " %s bfd\n", word);
	if (profile)
		fprintf(r->out, " %s bfd profile %s\n", word, profile);
}

static void ospf_common(struct render *r, const char *word, const struct config_if_ospf *o)
{
	if (o->has_priority)
		fprintf(r->out, " %s priority %u\n", word, o->priority);
	ospf_timers(r, word, o);
	if (o->mtu_ignore)
		fprintf(r->out, " %s mtu-ignore\n", word);
}

void render_ospf_interface(struct render *r, const struct config_interface *i)
{
	const struct config_block *const process = ospf_of(r, i->vrf);
	const char *area = ospf_area(r, i);
	const char *network = i->ospf.network ? i->ospf.network : i->is_tunnel ? "point-to-point" : NULL;

	if (!area)
		return;
	fprintf(r->out, " ip ospf area %s\n", area);
	if (network)
		fprintf(r->out, " ip ospf network %s\n", network);
	fprintf(r->out, " ip ospf cost %u\n", i->ospf.cost ? i->ospf.cost : ospf_cost(process, i));
	ospf_common(r, "ip ospf", &i->ospf);
	ospf_bfd(r, "ip ospf", i, &i->ospf, process);
	if (block_passive(process, i))
		fputs(" ip ospf passive\n", r->out);
}

static bool by_interface(const char *text)
{
	return !strncmp(text, "network ", 8) || strstr(text, "passive-interface ");
}

void render_ospf(struct render *r, const struct config_block *b)
{
	const uint32_t vrf = config_vrf_in(r->c, b->head);
	const bool eigrp = r->o->eigrp && !vrf;
	bool eigrp_taken = false;

	if (eigrp)
		render_ospf_from_eigrp_maps(r);
	fputs("router ospf", r->out);
	if (vrf)
		fprintf(r->out, " vrf %s", r->c->vrfs[vrf].device);
	fputc('\n', r->out);
	for (size_t i = 0; i < b->line_count; i++) {
		const char *text = b->lines[i].text;

		if (eigrp && !strncmp(text, "redistribute eigrp ", 19))
			render_ospf_from_eigrp(r, text, &eigrp_taken);
		else if (!by_interface(text))
			render_line(r, b->lines[i].mode, text, " ");
	}
	fputs("!\n", r->out);
}

/* ---- OSPFv3 ---- */

void render_ospf6_interface(struct render *r, const struct config_interface *i)
{
	const char *network = i->ospf6.network ? i->ospf6.network : i->is_tunnel ? "point-to-point" : NULL;

	if (!r->ospf6 || !i->ospf6.has_area || i->vrf)
		return;
	fprintf(r->out, " ipv6 ospf6 area %s\n", i->ospf6.area);
	if (network && (!strcmp(network, "broadcast") || !strcmp(network, "point-to-point")))
		fprintf(r->out, " ipv6 ospf6 network %s\n", network);
	else if (network)
		fprintf(r->out, "! not carried: ipv6 ospf network %s\n", network);
	fprintf(r->out, " ipv6 ospf6 cost %u\n", i->ospf6.cost ? i->ospf6.cost : ospf_cost(r->ospf6, i));
	ospf_common(r, "ipv6 ospf6", &i->ospf6);
	ospf_bfd(r, "ipv6 ospf6", i, &i->ospf6, r->ospf6);
	if (block_passive(r->ospf6, i))
		fputs(" ipv6 ospf6 passive\n", r->out);
}

void render_ospf6(struct render *r)
{
	fputs("router ospf6\n", r->out);
	for (size_t i = 0; i < r->ospf6->line_count; i++)
		render_line(r, r->ospf6->lines[i].mode, r->ospf6->lines[i].text, " ");
	fputs("!\n", r->out);
}

/* ---- EIGRP ---- */

/* The sub-block `af-interface NAME` of the carried address family, or -1. */
static int eigrp_section(const struct render *r, const char *name)
{
	const int family = eigrp_family(r->eigrp);
	char text[96];

	snprintf(text, sizeof text, "af-interface %s", name);
	for (size_t i = 0; i < r->eigrp->line_count; i++) {
		if (!strcmp(r->eigrp->lines[i].text, text) && !eigrp_is_aside(r->eigrp, family, i))
			return (int)i;
	}
	return -1;
}

static bool section_has(const struct render *r, int section, const char *text)
{
	for (size_t i = 0; section >= 0 && i < r->eigrp->line_count; i++) {
		if (r->eigrp->lines[i].parent == (uint32_t)section && !strcmp(r->eigrp->lines[i].text, text))
			return true;
	}
	return false;
}

static bool eigrp_passive(const struct render *r, const struct config_interface *i)
{
	const int own = eigrp_section(r, i->ios_name);

	if (eigrp_family(r->eigrp) < 0)
		return block_passive(r->eigrp, i);
	if (section_has(r, own, "no passive-interface"))
		return false;
	return section_has(r, own, "passive-interface") ||
	       section_has(r, eigrp_section(r, "default"), "passive-interface");
}

static bool eigrp_runs(struct render *r, const struct config_interface *i)
{
	const struct ipaddr *a = interface_address(i);

	return r->eigrp && !i->vrf && a && block_network(r, r->eigrp, a) >= 0;
}

static void section_lines(struct render *r, int section)
{
	for (size_t i = 0; section >= 0 && i < r->eigrp->line_count; i++) {
		if (r->eigrp->lines[i].parent == (uint32_t)section)
			render_line(r, r->eigrp->lines[i].mode, r->eigrp->lines[i].text, " ");
	}
}

void render_eigrp_interface(struct render *r, const struct config_interface *i)
{
	if (r->o->eigrp || !eigrp_runs(r, i))
		return;
	fprintf(r->out, " eigrp bandwidth %u\n delay %u\n",
		interface_bandwidth_kbps(i) > 10000000 ? 10000000 : interface_bandwidth_kbps(i), interface_delay_tens_us(i));
	if (eigrp_family(r->eigrp) < 0)
		return;
	section_lines(r, eigrp_section(r, "default"));
	section_lines(r, eigrp_section(r, i->ios_name));
}

static void eigrp_networks(struct render *r)
{
	for (size_t k = 0; k < r->c->interface_count; k++) {
		const struct config_interface *i = &r->c->interfaces[k];
		char text[IPPREFIX_TEXT_MAX];
		struct ipprefix p;

		if (!eigrp_runs(r, i))
			continue;
		p = ipprefix_make(interface_address(i), interface_primary(i)->prefix_len);
		fprintf(r->out, " network %s\n", ipprefix_format(&p, text));
		if (eigrp_passive(r, i))
			fprintf(r->out, " passive-interface %s\n", i->name);
	}
}

void render_eigrp(struct render *r)
{
	const struct config_block *b = r->eigrp;
	const int family = eigrp_family(b);

	fprintf(r->out, "router eigrp %u\n", r->eigrp_as);
	for (size_t i = 0; i < b->line_count; i++) {
		const unsigned mode = b->lines[i].mode;

		if (mode != MODE_EIGRP_IF && !eigrp_is_aside(b, family, i) && !by_interface(b->lines[i].text) &&
		    strncmp(b->lines[i].text, "address-family ipv4 ", 20))
			render_line(r, mode, b->lines[i].text, " ");
	}
	eigrp_networks(r);
	fputs("!\n", r->out);
}
