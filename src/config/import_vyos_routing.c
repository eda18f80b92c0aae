/* VyOS's routing: static routes, BGP, OSPF, prefix lists and route-maps, in IOS's words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/import_vyos.h"

static bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/* ---- static routes ---- */

/* protocols static route|route6 P next-hop|interface|blackhole …; the distance stands in a line of its own. */
static void say_route(struct import *x, const struct import_path *p)
{
	const bool blackhole = !strcmp(p->words[4], "blackhole");
	const char *via = blackhole ? "Null0" : p->words[5];
	const uint32_t node = blackhole ? import_find(x, IMPORT_ROOT, "protocols", "static", p->words[2], p->words[3], "blackhole", NULL)
				       : import_find(x, IMPORT_ROOT, "protocols", "static", p->words[2], p->words[3], p->words[4], via, NULL);
	const char *distance = node == IMPORT_NONE ? NULL : import_value(x, node, "distance", NULL);
	char name[24];

	import_lines(x, p->line, "%s route %s %s%s%s", strcmp(p->words[2], "route6") ? "ip" : "ipv6", p->words[3],
		     import_interface(x, via, name), distance ? " " : "", distance ? distance : "");
}

#define STATIC "protocols static "

static const struct import_rule statics[] = {
	{ STATIC "route|route6 * next-hop|interface *", .apply = say_route },
	{ STATIC "route|route6 * next-hop|interface * distance *", .apply = say_route },
	{ STATIC "route|route6 * blackhole", .apply = say_route },
	{ STATIC "route|route6 * blackhole distance *", .apply = say_route },
	{ STATIC "route * dhcp-interface *", "ip route $1 $i2 dhcp" },
	{ STATIC "route|route6 * dhcp-interface *", NULL, CONFIG_NOT_SUPPORTED, true, "write the gateway's address" },
	{ STATIC "route|route6 * description *", NULL, CONFIG_NO_EFFECT, false, "a comment" },
	{ STATIC "interface-route * next-hop-interface *", "ip route $1 $i2" },
	{ STATIC "interface-route * next-hop-interface * distance *", "ip route $1 $i2 $3" },
	{ STATIC "table **", NULL, CONFIG_NOT_SUPPORTED, true, "policy routing is not done" },
	{ NULL },
};

/* ---- BGP ---- */

/* `timers keepalive` and `timers holdtime` are one line in IOS. */
static void say_timers(struct import *x, const struct import_path *p)
{
	const bool neighbor = strcmp(p->words[0], "timers") != 0;
	const uint32_t timers = neighbor ? import_find(x, x->below, p->words[0], p->words[1], "timers", NULL)
					: import_find(x, x->below, "timers", NULL);
	const char *keepalive = import_value(x, timers, "keepalive", NULL), *holdtime = import_value(x, timers, "holdtime", NULL);

	import_lines(x, p->line, "%s\n %s%s timers %s%s %s", x->head, neighbor ? "neighbor " : "", neighbor ? p->words[1] : "",
		     neighbor ? "" : "bgp ", keepalive ? keepalive : "60", holdtime ? holdtime : "180");
}

/* redistribute P [metric N] [metric-type N] [route-map R]: each has a line of its own. */
static void say_redistribution(struct import *x, const struct import_path *p)
{
	static const char *const words[] = { "metric", "metric-type", "route-map" };
	const bool ospf = !strncmp(x->head, "router ospf", 11);
	const uint32_t node = import_find(x, x->below, "redistribute", p->words[1], NULL);
	const uint32_t as = import_find(x, IMPORT_ROOT, "protocols", "bgp", NULL);
	const char *number = strcmp(p->words[1], "ospf") ? NULL : "1", *protocol = p->words[1];
	char text[256] = "";
	size_t used = 0;

	if (!strcmp(protocol, "bgp") && as != IMPORT_NONE) {
		number = import_value(x, as, "system-as", NULL);
		number = number ? number : import_value(x, as, "local-as", NULL);
		number = number ? number : x->nodes[x->nodes[as].first].word;
	}
	for (size_t i = 0; i < 3; i++) {
		const char *value = import_value(x, node, words[i], NULL);

		if (value && used + strlen(value) + 16 < sizeof text)
			used += (size_t)snprintf(text + used, sizeof text - used, " %s %s", words[i], value);
	}
	import_lines(x, p->line, "%s\n redistribute %s%s%s%s%s", x->head, protocol, number ? " " : "", number ? number : "",
		     ospf ? " subnets" : "", text);
}

static const struct import_rule families[] = {
	{ "neighbor|peer-group *", "$h\n neighbor $2 activate" },
	{ "neighbor|peer-group * nexthop-self", "$h\n neighbor $2 next-hop-self" },
	{ "neighbor|peer-group * nexthop-self force", "$h\n neighbor $2 next-hop-self all" },
	{ "neighbor|peer-group * route-reflector-client", "$h\n neighbor $2 route-reflector-client" },
	{ "neighbor|peer-group * soft-reconfiguration inbound", "$h\n neighbor $2 soft-reconfiguration inbound" },
	{ "neighbor|peer-group * allowas-in", "$h\n neighbor $2 allowas-in" },
	{ "neighbor|peer-group * allowas-in number *", "$h\n neighbor $2 allowas-in $3" },
	{ "neighbor|peer-group * default-originate", "$h\n neighbor $2 default-originate" },
	{ "neighbor|peer-group * default-originate route-map *", "$h\n neighbor $2 default-originate route-map $3" },
	{ "neighbor|peer-group * as-override", "$h\n neighbor $2 as-override" },
	{ "neighbor|peer-group * remove-private-as", "$h\n neighbor $2 remove-private-as" },
	{ "neighbor|peer-group * maximum-prefix|weight *", "$h\n neighbor $2 $3 $4" },
	{ "neighbor|peer-group * attribute-unchanged next-hop", "$h\n neighbor $2 next-hop-unchanged" },
	{ "neighbor|peer-group * route-map|prefix-list|filter-list import *", "$h\n neighbor $2 $3 $4 in" },
	{ "neighbor|peer-group * route-map|prefix-list|filter-list export *", "$h\n neighbor $2 $3 $4 out" },
	{ "network %4", "$h\n network $n1" },
	{ "network %6", "$h\n network $1" },
	{ "network %4 route-map *", "$h\n network $n1 route-map $2" },
	{ "aggregate-address %4", "$h\n aggregate-address $m1" },
	{ "aggregate-address %4 summary-only|as-set", "$h\n aggregate-address $m1 $2" },
	{ "redistribute connected|static|ospf|rip", .apply = say_redistribution },
	{ "redistribute connected|static|ospf|rip metric|route-map *", .apply = say_redistribution },
	{ "maximum-paths ebgp *", "$h\n maximum-paths $1" },
	{ "maximum-paths ibgp *", "$h\n maximum-paths ibgp $1" },
	{ NULL },
};

static const struct import_rule bgp[] = {
	{ "" },
	{ "system-as|local-as *", "$h" },
	{ "parameters router-id *", "$h\n bgp router-id $1" },
	{ "parameters log-neighbor-changes", "$h\n bgp log-neighbor-changes" },
	{ "parameters cluster-id *", "$h\n bgp cluster-id $1" },
	{ "parameters bestpath as-path multipath-relax", "$h\n bgp bestpath as-path multipath-relax" },
	{ "parameters bestpath compare-routerid", "$h\n bgp bestpath compare-routerid" },
	{ "parameters default local-pref *", "$h\n bgp default local-preference $1" },
	{ "parameters default no-ipv4-unicast", "$h\n no bgp default ipv4-unicast" },
	{ "parameters no-ebgp-requires-policy|ebgp-requires-policy", NULL, CONFIG_NO_EFFECT, false,
	  "routes are exchanged without policies" },
	{ "parameters graceful-restart", "$h\n bgp graceful-restart" },
	{ "timers keepalive|holdtime *", .apply = say_timers },
	{ "listen range * peer-group *", "$h\n bgp listen range $1 peer-group $2" },
	{ "listen limit *", "$h\n bgp listen limit $1" },
	{ "neighbor|peer-group * timers keepalive|holdtime *", .apply = say_timers },
	{ "neighbor|peer-group * timers connect *", "$h\n neighbor $2 timers connect $3" },
	{ "neighbor|peer-group * remote-as *", "$h\n neighbor $2 remote-as $3" },
	{ "neighbor * peer-group *", "$h\n neighbor $1 peer-group $2" },
	{ "neighbor|peer-group * description *", "$h\n neighbor $2 description $3" },
	{ "neighbor|peer-group * password *", "$h\n neighbor $2 password $3" },
	{ "neighbor|peer-group * update-source *", "$h\n neighbor $2 update-source $i3" },
	{ "neighbor|peer-group * ebgp-multihop|advertisement-interval|local-as *", "$h\n neighbor $2 $3 $4" },
	{ "neighbor|peer-group * bfd **", "$h\n neighbor $2 fall-over bfd" },
	{ "neighbor|peer-group * shutdown", "$h\n neighbor $2 shutdown" },
	{ "neighbor|peer-group * passive", "$h\n neighbor $2 transport connection-mode passive" },
	{ "neighbor|peer-group * disable-connected-check", "$h\n neighbor $2 disable-connected-check" },
	{ "neighbor *" },
	{ "peer-group *" }, /* said with its first line */
	{ NULL },
};

static struct import_path rest_of(const struct import_path *p, size_t from)
{
	struct import_path rest = { .line = p->line, .count = p->count - from };

	memcpy(rest.words, p->words + from, rest.count * sizeof *rest.words);
	return rest;
}

/* "neighbor N address-family ipv4-unicast …" without the family; false: there is none. */
static bool cut_family(struct import_path *p, char family[8])
{
	const size_t at = p->count > 2 && !strcmp(p->words[2], "address-family") ? 2 : 0;

	if (p->count < at + 2 || strcmp(p->words[at], "address-family"))
		return false;
	if (strcmp(p->words[at + 1], "ipv4-unicast") && strcmp(p->words[at + 1], "ipv6-unicast"))
		return false;
	snprintf(family, 8, "%.4s", p->words[at + 1]);
	p->count -= 2;
	memmove(p->words + at, p->words + at + 2, (p->count - at) * sizeof *p->words);
	return true;
}

/* IOS wants to know what a neighbor is before all else that is said of it. */
static void say_neighbor_first(struct import *x, const struct import_path *rest)
{
	const uint32_t node = import_find(x, x->below, rest->words[0], rest->words[1], NULL);
	unsigned line = rest->line;
	const char *as;

	if (node == IMPORT_NONE || x->nodes[node].said)
		return;
	x->nodes[node].said = true;
	if (!strcmp(rest->words[0], "peer-group"))
		import_lines(x, x->nodes[node].line, "%s\n neighbor %s peer-group", x->head, rest->words[1]);
	as = import_value(x, node, "remote-as", &line);
	if (as)
		import_lines(x, line, "%s\n neighbor %s remote-as %s", x->head, rest->words[1], as);
}

static bool take_bgp(struct import *x, const struct import_path *p)
{
	const uint32_t top = import_find(x, IMPORT_ROOT, "protocols", "bgp", NULL);
	const bool old = p->count > 2 && is_number(p->words[2]);
	const char *as = old ? p->words[2] : import_value(x, top, "system-as", NULL);
	struct import_path rest = rest_of(p, old ? 3 : 2);
	char family[8] = "ipv4";

	as = as ? as : import_value(x, top, "local-as", NULL);
	if (!as) {
		import_judge(x, p->line, CONFIG_ERROR, false, "set protocols bgp system-as NUMBER", "BGP has no number of its own");
		return true;
	}
	snprintf(x->head, sizeof x->head, "router bgp %.16s", as);
	x->below = old ? import_find(x, top, as, NULL) : top;
	if (rest.count > 1 && (!strcmp(rest.words[0], "peer-group") || !strcmp(rest.words[0], "neighbor")))
		say_neighbor_first(x, &rest);
	if (cut_family(&rest, family)) {
		/* In IOS IPv4 needs no family of its own. */
		if (!strcmp(family, "ipv6"))
			strcat(x->head, "\n address-family ipv6");
		x->below = import_find(x, x->below, "address-family", !strcmp(family, "ipv6") ? "ipv6-unicast" : "ipv4-unicast", NULL);
		return import_apply(x, families, &rest);
	}
	return import_apply(x, bgp, &rest) || import_apply(x, families, &rest);
}

/* ---- OSPF ---- */

static const struct import_rule ospf[] = {
	{ "", "$h" },
	{ "area * network %4", "$h\n network $w2 area $1" },
	{ "area * area-type normal", NULL, CONFIG_NO_EFFECT, false, "so are areas anyway" },
	{ "area * area-type stub|nssa", "$h\n area $1 $2" },
	{ "area * area-type stub|nssa no-summary", "$h\n area $1 $2 no-summary" },
	{ "area * authentication plaintext-password", "$h\n area $1 authentication" },
	{ "area * authentication md5", "$h\n area $1 authentication message-digest" },
	{ "area * range %4", "$h\n area $1 range $m2" },
	{ "area * range %4 not-advertise", "$h\n area $1 range $m2 not-advertise" },
	{ "parameters router-id *", "$h\n router-id $1" },
	{ "parameters abr-type *", NULL, CONFIG_NO_EFFECT, false, "left to FRR" },
	{ "passive-interface *", "$h\n passive-interface $i1" },
	{ "passive-interface-exclude *", "$h\n no passive-interface $i1" },
	{ "auto-cost reference-bandwidth *", "$h\n auto-cost reference-bandwidth $1" },
	{ "log-adjacency-changes", "$h\n log-adjacency-changes" },
	{ "log-adjacency-changes detail", "$h\n log-adjacency-changes detail" },
	{ "default-information originate", "$h\n default-information originate" },
	{ "default-information originate always", "$h\n default-information originate always" },
	{ "redistribute connected|static|bgp|rip", .apply = say_redistribution },
	{ "redistribute connected|static|bgp|rip metric|metric-type|route-map *", .apply = say_redistribution },
	{ "default-metric *", "$h\n default-metric $1" },
	{ "neighbor *", "$h\n neighbor $1" },
	{ "interface * area *", "interface $i1\n ip ospf 1 area $2" },
	{ "interface * network|cost|priority|hello-interval|dead-interval|retransmit-interval|transmit-delay *",
	  "interface $i1\n ip ospf $2 $3" },
	{ "interface * mtu-ignore", "interface $i1\n ip ospf mtu-ignore" },
	{ "interface * bfd **", "interface $i1\n ip ospf bfd" },
	{ "interface * passive", "$h\n passive-interface $i1" },
	{ "interface * passive disable", "$h\n no passive-interface $i1" },
	{ "interface * authentication plaintext-password *",
	  "interface $i1\n ip ospf authentication\ninterface $i1\n ip ospf authentication-key $2" },
	{ "interface * authentication md5 key-id * md5-key *",
	  "interface $i1\n ip ospf authentication message-digest\ninterface $i1\n ip ospf message-digest-key $2 md5 $3" },
	{ "interface *", "interface $i1" },
	{ NULL },
};

static bool take_ospf(struct import *x, const struct import_path *p)
{
	const struct import_path rest = rest_of(p, 2);

	snprintf(x->head, sizeof x->head, "router ospf 1");
	x->below = import_find(x, IMPORT_ROOT, "protocols", "ospf", NULL);
	return import_apply(x, ospf, &rest);
}

/* ---- policies ---- */

/* policy prefix-list L rule N …: the rule's lines together are one of ours. */
static void say_prefix(struct import *x, const struct import_path *p)
{
	const uint32_t rule = import_find(x, IMPORT_ROOT, "policy", p->words[1], p->words[2], "rule", p->words[4], NULL);
	const char *action = import_value(x, rule, "action", NULL), *prefix = import_value(x, rule, "prefix", NULL);
	const char *ge = import_value(x, rule, "ge", NULL), *le = import_value(x, rule, "le", NULL);

	if (!action || !prefix) {
		import_judge(x, p->line, CONFIG_ERROR, false, "set its action and its prefix", "the rule is not complete");
		return;
	}
	import_lines(x, p->line, "%s prefix-list %s seq %s %s %s%s%s%s%s", strcmp(p->words[1], "prefix-list6") ? "ip" : "ipv6",
		     p->words[2], p->words[4], action, prefix, ge ? " ge " : "", ge ? ge : "", le ? " le " : "", le ? le : "");
}

static const struct import_rule policies[] = {
	{ "policy prefix-list|prefix-list6 * rule * action|prefix|ge|le *", .apply = say_prefix },
	{ "policy prefix-list|prefix-list6|route-map * description *", NULL, CONFIG_NO_EFFECT, false, "a comment" },
	{ "policy prefix-list|prefix-list6 * rule * description *", NULL, CONFIG_NO_EFFECT, false, "a comment" },
	{ NULL },
};

static const struct import_rule maps[] = {
	{ "" },
	{ "action permit|deny", "$h" },
	{ "description *", "$h\n description $1" },
	{ "continue *", "$h\n continue $1" },
	{ "match ip|ipv6 address prefix-list *", "$h\n match $1 address prefix-list $2" },
	{ "match ip nexthop|next-hop prefix-list *", "$h\n match ip next-hop prefix-list $2" },
	{ "match interface *", "$h\n match interface $i1" },
	{ "match tag|metric|as-path|local-preference *", "$h\n match $1 $2" },
	{ "match community community-list *", "$h\n match community $1" },
	{ "set local-preference|metric|weight|tag|origin|metric-type *", "$h\n set $1 $2" },
	{ "set ip-next-hop *", "$h\n set ip next-hop $1" },
	{ "set as-path-prepend *", "$h\n set as-path prepend $1" },
	{ "set as-path prepend *", "$h\n set as-path prepend $1" },
	{ "set community replace|add *", "$h\n set community $2" },
	{ NULL },
};

/* policy route-map M rule N … */
static bool take_map(struct import *x, const struct import_path *p)
{
	const uint32_t rule = import_find(x, IMPORT_ROOT, "policy", "route-map", p->words[2], "rule", p->words[4], NULL);
	const char *action = import_value(x, rule, "action", NULL);
	const struct import_path rest = rest_of(p, 5);

	snprintf(x->head, sizeof x->head, "route-map %.64s %.8s %.8s", p->words[2], action ? action : "permit", p->words[4]);
	return import_apply(x, maps, &rest);
}

bool vyos_routing(struct import *x, const struct import_path *p)
{
	if (p->count > 1 && !strcmp(p->words[0], "protocols") && !strcmp(p->words[1], "bgp"))
		return take_bgp(x, p);
	if (p->count > 1 && !strcmp(p->words[0], "protocols") && !strcmp(p->words[1], "ospf"))
		return take_ospf(x, p);
	if (p->count > 4 && !strcmp(p->words[0], "policy") && !strcmp(p->words[1], "route-map") && !strcmp(p->words[3], "rule"))
		return take_map(x, p);
	return import_apply(x, statics, p) || import_apply(x, policies, p);
}
