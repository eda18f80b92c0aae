/* What BGP does in place of each line of EIGRP's. */
#include <string.h>

#include "config/eigrp.h"
#include "config/render.h"

static const struct { const char *begins, *becomes; } meanings[] = {
	{ "network ", "each interface that it takes in: BGP's network, MED from its bandwidth and delay" },
	{ "no passive-interface", "the neighbours there are BGP's" },
	{ "passive-interface", "no neighbours there, its subnet is announced" },
	{ "no split-horizon", "what was learnt there is announced there again" },
	{ "split-horizon", "what was learnt there is not announced there: a mark of the interface, denied by its map" },
	{ "no next-hop-self", "no next-hop-self: a next hop on the same subnet stays" },
	{ "next-hop-unchanged", "no next-hop-self: a next hop on the same subnet stays" },
	{ "next-hop-self", "next-hop-self" },
	{ "summary-address ", "aggregate-address, announced there only; the map withholds what lies inside" },
	{ "no auto-summary", "so it is: nothing is summarised unasked" },
	{ "auto-summary", "NOT CARRIED: nothing is summarised at class borders" },
	{ "summary-metric ", "NOT CARRIED: a summary starts at MED 0, and each interface adds its cost" },
	{ "hello-interval ", "timers: BGP's keepalive" },
	{ "hold-time ", "timers: BGP's hold time, at least 3 s" },
	{ "authentication mode ", "who has another kind of authentication is no neighbour" },
	{ "authentication key-chain ", "who has another key is no neighbour" },
	{ "stub-site ", "what came from one WAN interface is announced by no other" },
	{ "eigrp stub-site", "NOT CARRIED: sites are told apart by nothing; stub-site wan-interface keeps WANs apart" },
	{ "eigrp stub", "the map lets out only what the line names" },
	{ "eigrp router-id ", "bgp router-id" },
	{ "router-id ", "bgp router-id" },
	{ "redistribute bgp ", "NOT CARRIED: there is one BGP" },
	{ "redistribute eigrp ", "the map lets out what is marked as that process's, with MED from the metric and tags as communities" },
	{ "redistribute ", "redistribute; the map lets it out, with MED from the metric (OSPF's and RIP's only with one), as external (distance 170)" },
	{ "default-metric ", "MED of what is redistributed without a metric of its own" },
	{ "distribute-list gateway", "NOT CARRIED: routes are not filtered by who sent them" },
	{ "distribute-list ", "the neighbours' prefix-list, distribute-list or route-map there" },
	{ "offset-list ", "added to MED, a 256th of it" },
	{ "maximum-paths ", "maximum-paths" },
	{ "variance ", "no meaning: BGP shares load over equal paths only" },
	{ "traffic-share ", "no meaning: equal paths share evenly" },
	{ "distance ", "NOT CARRIED: 90, external 170, summaries 5" },
	{ "neighbor ", "that neighbour is asked by its address, as all are in BGP" },
	{ "metric weights ", "NOT CARRIED: bandwidth and delay count" },
	{ "metric ", "no meaning: MED has 32 bits" },
	{ "timers active-time", "no meaning: BGP asks nobody and waits for nobody" },
	{ "active-time", "no meaning: BGP asks nobody and waits for nobody" },
	{ "bandwidth-percent ", "no meaning: BGP does not pace itself" },
	{ "bfd", "no meaning: NHRP watches the paths" },
	{ "dampening", "no meaning: changes are not damped" },
	{ "eigrp log", "no meaning" }, { "eigrp event", "no meaning" }, { "nsf", "no meaning" }, { "timers ", "no meaning" },
	{ "af-interface ", NULL }, { "topology base", NULL }, { "exit-", NULL },
	{ "address-family ipv4 ", "the private AS; of a VRF: NOT CARRIED" },
};

static const char *meaning_of(const char *text)
{
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
		if (!strncmp(text, meanings[i].begins, strlen(meanings[i].begins)))
			return meanings[i].becomes;
	return "NOT CARRIED";
}

static void write_line(const char *file, unsigned line, const char *text, const char *becomes, const char *prefix, FILE *out)
{
	const char *base = file ? strrchr(file, '/') : NULL;

	if (becomes)
		fprintf(out, "%s%s:%u: %s -> %s\n", prefix, base ? base + 1 : file ? file : "", line, text, becomes);
}

/* "no ip split-horizon eigrp 100" means what "no split-horizon" does. */
static void classic_line(const struct config_interface *i, const struct config_said *s, const char *prefix, FILE *out)
{
	const bool no = !strncmp(s->text, "no ", 3);
	const char *words = s->text + (no ? 3 : 0);
	const bool there = !strncmp(words, "ip ", 3) && strstr(words, " eigrp ");
	char text[80];

	snprintf(text, sizeof text, "%s%s ", no ? "no " : "", words + 3 * there);
	if (there && strstr(text, " eigrp "))
		strcpy(strstr(text, " eigrp ") + 1, "");
	if (there)
		write_line(i->file, s->line, s->text, meaning_of(text), prefix, out);
}

static void process_lines(const struct eigrp_process *p, const char *prefix, FILE *out)
{
	const struct config_block *b = p->block;

	write_line(b->file, b->line, b->head, "router bgp with a private AS of this router's own", prefix, out);
	for (size_t i = 0; i < b->line_count; i++)
		write_line(b->file, b->lines[i].line, b->lines[i].text, meaning_of(b->lines[i].text), prefix, out);
}

static void neighbour_line(const struct eigrp_neighbour *n, const char *prefix, FILE *out)
{
	char a[IPADDR_TEXT_MAX];

	fprintf(out, "%s%s, process %u: %s (%s) is %s%s%s\n", prefix, n->here->ios_name, n->as, ipaddr_format(&n->address, a),
		n->router->hostname ? n->router->hostname : n->router->name, n->why_not ? "no neighbour: " : "a neighbour",
		n->why_not ? n->why_not : "",
		n->assumed && !n->why_not ? ", taken that a file without a version line is of a release that sends multicast to whoever registers" : "");
}

void eigrp_mapping_write(const struct config *c, const struct eigrp_neighbours *n, const char *prefix, FILE *out)
{
	struct eigrp_process p = { 0 };

	while (eigrp_next(c, &p))
		process_lines(&p, prefix, out);
	for (size_t i = 0; i < c->interface_count; i++)
		for (size_t k = 0; k < c->interfaces[i].said_count; k++)
			classic_line(&c->interfaces[i], &c->interfaces[i].said[k], prefix, out);
	for (size_t i = 0; i < n->count; i++)
		neighbour_line(&n->list[i], prefix, out);
}
