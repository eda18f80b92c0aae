/*
 * FRR: its integrated configuration, and nhrpd's own. The GRE device is the system's: address
 * and key stand in it only when somebody wrote them there, so that they are asked for.
 * Routing blocks are carried back in IOS's words, which is what our own renderer starts from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/import.h"

/* ---- lines ---- */

static bool is_one(const char *word, const char *const *list)
{
	while (*list && strcmp(*list, word))
		list++;
	return *list != NULL;
}

/* Words that stand at the top only, whatever their indentation. */
static bool is_global(char **words, size_t count)
{
	static const char *const heads[] = { "router", "route-map", "vrf", "line", "hostname", "frr", "log", "service", "password",
					     "enable", "debug", "access-list", "username", "agentx", "zebra", "banner", NULL };
	static const char *const ip[] = { "route", "prefix-list", "access-list", "forwarding", "nht", "as-path", "community-list",
					  "protocol", "import-table", "multicast-routing", NULL };
	static const char *const bgp[] = { "as-path", "community-list", "large-community-list", "extcommunity-list", NULL };

	if (count > 1 && !strcmp(words[0], "no")) {
		words++;
		count--;
	}
	if (!strcmp(words[0], "interface"))
		return count == 2 || (count == 4 && !strcmp(words[2], "vrf"));
	if (count > 1 && (!strcmp(words[0], "ip") || !strcmp(words[0], "ipv6")))
		return is_one(words[1], ip);
	if (count > 1 && !strcmp(words[0], "bgp"))
		return is_one(words[1], bgp);
	return is_one(words[0], heads) || (count > 1 && !strcmp(words[0], "key") && !strcmp(words[1], "chain")) ||
	       (count == 1 && !strcmp(words[0], "bfd"));
}

/* The lines that follow belong to it. */
static bool opens(const struct import *x, char **words, size_t count)
{
	static const char *const heads[] = { "interface", "router", "route-map", "vrf", "line", "bfd", NULL };
	const bool top = x->depth == 0;

	if (!strcmp(words[0], "key"))
		return count == (top ? 3 : 2);
	return top ? is_one(words[0], heads) : x->depth == 1 && !strcmp(words[0], "address-family");
}

static bool closes(struct import *x, const char *word)
{
	static const char *const ends[] = { "exit", "end", "quit", "exit-vrf", "exit-address-family", NULL };

	if (!is_one(word, ends))
		return false;
	x->depth = !strcmp(word, "end") || !x->depth ? 0 : x->depth - 1;
	import_judge(x, x->number, CONFIG_NO_EFFECT, false, NULL, "ends a block");
	return true;
}

/* Routes stand in a VRF's block too. */
static bool in_vrf(const struct import *x)
{
	return x->depth == 1 && !strcmp(x->nodes[x->nodes[x->stack[1]].parent].word, "vrf");
}

static void take_words(struct import *x, size_t indent, char **words, size_t count)
{
	uint32_t node;

	if (count == 1 && closes(x, words[0]))
		return;
	if (is_global(words, count) && !(in_vrf(x) && !strncmp(words[0], "ip", 2)))
		x->depth = 0;
	if (indent == 0 && !strcmp(words[0], "nhrp"))
		x->depth = 0;
	node = x->stack[x->depth];
	for (size_t i = 0; i < count; i++)
		node = import_node(x, node, words[i]);
	import_say(x, node, x->number);
	/* "interface eth0 vrf RED" opens the same block as "interface eth0". */
	if (!strcmp(words[0], "interface") && count == 4 && x->depth == 0)
		node = import_find(x, IMPORT_ROOT, words[0], words[1], NULL);
	if (node != IMPORT_NONE && opens(x, words, count) && x->depth + 1 < IMPORT_WORDS_MAX)
		x->stack[++x->depth] = node;
}

static void frr_line(struct import *x, char *text)
{
	const size_t indent = strspn(text, " \t");
	char *words[IMPORT_WORDS_MAX], *word;
	size_t count = 0;

	text += indent;
	if (*text == '!' || *text == '#') {
		import_note_comment(x, text);
		return;
	}
	while ((word = strsep(&text, " \t"))) {
		if (!*word)
			continue;
		if (count == IMPORT_WORDS_MAX) {
			import_say(x, IMPORT_NONE, x->number);
			return;
		}
		words[count++] = word;
	}
	if (count)
		take_words(x, indent, words, count);
}

static void frr_end(struct import *x)
{
	(void)x;
}

/* ---- interfaces ---- */

static bool is_tunnel(const struct import *x, uint32_t interface)
{
	return import_find(x, interface, "ip", "nhrp", NULL) != IMPORT_NONE ||
	       import_find(x, interface, "ipv6", "nhrp", NULL) != IMPORT_NONE || import_find(x, interface, "tunnel", NULL) != IMPORT_NONE;
}

static void survey(struct import *x)
{
	import_add_tunnels(x, is_tunnel);
}

/* interface NAME: nhrpd works on multipoint GRE, and says less often than IOS that it is there. */
static void open_interface(struct import *x, const struct import_path *p)
{
	const uint32_t node = import_find(x, IMPORT_ROOT, "interface", p->words[1], NULL);
	const bool tunnel = is_tunnel(x, node);
	char name[24];

	import_interface(x, p->words[1], name);
	if (tunnel && import_find(x, node, "ip", "nhrp", NULL) != IMPORT_NONE &&
	    import_find(x, node, "ip", "nhrp", "holdtime", NULL) == IMPORT_NONE)
		import_lines(x, p->line, "interface %s\n ip nhrp holdtime 7200", import_interface(x, p->words[1], name));
	import_lines(x, p->line, "interface %s%s", import_interface(x, p->words[1], name),
		     tunnel ? "\n tunnel mode gre multipoint" : "");
}

/* interface NAME ip address A/L: of an interface that is no tunnel the first is the primary one. */
static void set_address(struct import *x, const struct import_path *p)
{
	const uint32_t node = import_find(x, IMPORT_ROOT, "interface", p->words[1], NULL);
	const uint32_t list = import_find(x, node, "ip", "address", NULL), nhs = import_find(x, node, "ip", "nhrp", "nhs", NULL);
	const uint32_t server = nhs == IMPORT_NONE ? nhs : x->nodes[nhs].first;

	if (is_tunnel(x, node))
		import_address(x, p->line, p->words[1], p->words[4], server == IMPORT_NONE ? NULL : x->nodes[server].word);
	else
		import_lines(x, p->line, "interface %s\n ip address %s%s", p->words[1], p->words[4],
			     strcmp(x->nodes[x->nodes[list].first].word, p->words[4]) ? " secondary" : "");
}

/* interface NAME ip nhrp nhs A nbma B [priority N] */
static void set_server(struct import *x, const struct import_path *p)
{
	const uint32_t to_servers = import_find(x, IMPORT_ROOT, "interface", p->words[1], p->words[2], "nhrp", "map", "multicast", "nhs", NULL);
	char name[24];

	import_lines(x, p->line, "interface %s\n %s nhrp nhs %s nbma %s%s%s%s", import_interface(x, p->words[1], name), p->words[2],
		     p->words[5], p->words[7], to_servers == IMPORT_NONE ? "" : " multicast", p->count > 9 ? " priority " : "",
		     p->count > 9 ? p->words[9] : "");
}

#define IF "interface * "
#define DEVICE "left to the system"

static const struct import_rule interfaces[] = {
	{ "interface *", .apply = open_interface },
	{ "interface * vrf *", "interface $i1\n vrf forwarding $2" },
	{ IF "ip address %4", .apply = set_address },
	{ IF "ip|ipv6 nhrp nhs * nbma *", .apply = set_server },
	{ IF "ip|ipv6 nhrp nhs * nbma * priority *", .apply = set_server },
	{ IF "ip|ipv6 nhrp map multicast nhs" }, /* said with each server */
	{ IF "ip|ipv6 nhrp map * local", NULL, CONFIG_NO_EFFECT, false, "its own address is known to each router" },
	{ IF "ip|ipv6 nhrp mtu *", NULL, CONFIG_NO_EFFECT, false, "the tunnel's MTU is told" },
	{ IF "ip|ipv6 nhrp authentication *", "interface $i1\n $2 nhrp authentication $3" },
	{ IF "no link-detect", NULL, CONFIG_NO_EFFECT, false, DEVICE },
	{ IF "link-detect", NULL, CONFIG_NO_EFFECT, false, DEVICE },
	{ IF "multicast|mpls|evpn **", NULL, CONFIG_NO_EFFECT, false, DEVICE },
	{ IF "tunnel protection vici profile *", "interface $i1\n tunnel protection ipsec profile $2" },
	{ IF "tunnel protection vici profile * fallback-profile *", "interface $i1\n tunnel protection ipsec profile $2",
	  CONFIG_NOT_SUPPORTED, false, "there is no second profile to fall back to" },
	{ IF "ip ospf area *", "interface $i1\n ip ospf 1 area $2" },
	{ IF "ip ospf passive", "router ospf 1\n passive-interface $i1\ninterface $i1" },
	{ IF "no ip ospf passive", "router ospf 1\n no passive-interface $i1\ninterface $i1" },
	{ IF "ip ospf bfd **", "interface $i1\n ip ospf bfd" },
	{ IF "ip ospf authentication-key *", "interface $i1\n ip ospf authentication-key $2" },
	{ IF "ip ospf message-digest-key * md5 *", "interface $i1\n ip ospf message-digest-key $2 md5 $3" },
	{ IF "ipv6 ospf6 area *", "interface $i1\n ipv6 ospf 1 area $2" },
	{ IF "ipv6 ospf6 bfd **", "interface $i1\n ipv6 ospf bfd" },
	{ IF "ipv6 ospf6 **", "interface $i1\n ipv6 ospf $2" },
	{ IF "ip rip split-horizon", "interface $i1\n ip split-horizon" },
	{ IF "no ip rip split-horizon", "interface $i1\n no ip split-horizon" },
	{ IF "description **", "interface $i1\n description $2" },
	{ IF "**", "interface $i1\n $i2" },
	{ NULL },
};

/* ---- routing ---- */

/* … redistribute nhrp: peers have routes of their own in FRR; here the tunnel's network stands for all of them. */
static void announce_tunnels(struct import *x, const struct import_path *p)
{
	const struct config *c = x->r->c;

	import_judge(x, p->line, CONFIG_HONOURED, false, NULL, "%s", "");
	for (size_t i = 0; i < c->interface_count; i++) {
		const struct config_interface *t = &c->interfaces[i];
		const struct config_address *a = t->address_count ? &t->addresses[0] : NULL;
		char net[IPADDR_TEXT_MAX], mask[IPADDR_TEXT_MAX];
		struct ipprefix prefix;
		struct ipaddr m;

		if (!t->is_tunnel || !t->ios_name || !a || a->addr.family != IP_V4)
			continue;
		prefix = ipprefix_make(&a->addr, a->prefix_len);
		m = netmask_from_len(a->prefix_len);
		import_lines(x, p->line, "%s\n network %s mask %s", x->head, ipaddr_format(&prefix.addr, net),
			     ipaddr_format(&m, mask));
	}
}

/* … redistribute bgp …: IOS names the process. */
static void redistribute_bgp(struct import *x, const struct import_path *p)
{
	const uint32_t router = import_find(x, IMPORT_ROOT, "router", NULL);
	const char *asn = import_value(x, router, "bgp", NULL);
	char text[256] = "";
	size_t used = 0;

	for (size_t i = 2; i < p->count && used + strlen(p->words[i]) + 2 < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, " %s", p->words[i]);
	import_lines(x, p->line, "%s\n redistribute bgp %s%s", x->head, asn ? asn : "?", text);
}

#define NOT_RUN "this protocol is not run"

static const struct import_rule bgp[] = {
	{ "", "$h" },
	{ "no bgp ebgp-requires-policy", NULL, CONFIG_NO_EFFECT, false, "routes are exchanged without policies anyway" },
	{ "bgp ebgp-requires-policy", NULL, CONFIG_NOT_SUPPORTED, true, "routes are exchanged without policies" },
	{ "bgp network import-check", NULL, CONFIG_NO_EFFECT, false, "networks are announced when there is such a route anyway" },
	{ "no bgp network import-check", NULL, CONFIG_NOT_SUPPORTED, true, "networks are announced when there is such a route" },
	{ "coalesce-time *", NULL, CONFIG_NO_EFFECT, false, "chosen by the daemon" },
	{ "bgp hard-administrative-reset", NULL, CONFIG_NO_EFFECT, false, "left to FRR" },
	{ "no bgp hard-administrative-reset", NULL, CONFIG_NO_EFFECT, false, "left to FRR" },
	{ "network %4", "$h\n network $n1" },
	{ "network %4 route-map *", "$h\n network $n1 route-map $2" },
	{ "no network %4", "$h\n no network $n1" },
	{ "aggregate-address %4 **", "$h\n aggregate-address $m1 $2" },
	{ "neighbor * bfd **", "$h\n neighbor $1 fall-over bfd" },
	{ "neighbor * passive", "$h\n neighbor $1 transport connection-mode passive" },
	{ "neighbor * next-hop-self force|all", "$h\n neighbor $1 next-hop-self all" },
	{ "neighbor * attribute-unchanged next-hop", "$h\n neighbor $1 next-hop-unchanged" },
	{ "neighbor * password *", "$h\n neighbor $1 password $2" },
	{ "neighbor * description **", "$h\n neighbor $1 description $2" },
	{ "neighbor * interface **", NULL, CONFIG_NOT_SUPPORTED, true, "write the neighbor's address" },
	{ "redistribute nhrp **", .apply = announce_tunnels },
	{ "redistribute ospf **", "$h\n redistribute ospf 1 $1" },
	{ "redistribute ospf6 **", "$h\n redistribute ospfv3 1 $1" },
	{ "redistribute kernel|table|sharp|babel **", NULL, CONFIG_NOT_SUPPORTED, true, NOT_RUN },
	{ "update-delay *", "$h\n bgp update-delay $1" },
	{ "**", "$h\n $i1" },
	{ NULL },
};

static const struct import_rule ospf[] = {
	{ "", "$h" },
	{ "ospf router-id *", "$h\n router-id $1" },
	{ "ospf abr-type *", NULL, CONFIG_NO_EFFECT, false, "left to FRR" },
	{ "network %4 area *", "$h\n network $w1 area $2" },
	{ "area * range %4 **", "$h\n area $1 range $m2 $3" },
	{ "redistribute bgp **", .apply = redistribute_bgp },
	{ "redistribute nhrp **", NULL, CONFIG_NOT_SUPPORTED, true, "peers have no routes of their own here: announce the tunnel's network" },
	{ "redistribute kernel|table|sharp|babel **", NULL, CONFIG_NOT_SUPPORTED, true, NOT_RUN },
	{ "redistribute connected|static|rip **", "$h\n redistribute $1 subnets $2" },
	{ "max-metric router-lsa administrative", "$h\n max-metric router-lsa" },
	{ "timers lsa min-arrival *", "$h\n timers lsa arrival $1" },
	{ "timers throttle lsa all *", NULL, CONFIG_NOT_SUPPORTED, false, "left to FRR" },
	{ "**", "$h\n $i1" },
	{ NULL },
};

static const struct import_rule ospf6[] = {
	{ "", "$h" },
	{ "ospf6 router-id *", "$h\n router-id $1" },
	{ "interface * area *", "interface $i1\n ipv6 ospf 1 area $2" },
	{ "redistribute bgp **", .apply = redistribute_bgp },
	{ "**", "$h\n $i1" },
	{ NULL },
};

static const struct import_rule other_routers[] = {
	{ "", "$h" },
	{ "network %4", "$h\n network $w1" },
	{ "**", "$h\n $i1" },
	{ NULL },
};

static const struct import_rule rip[] = {
	{ "", "$h" },
	{ "network *", NULL, CONFIG_NOT_SUPPORTED, true, "RIP's networks are of a class here: write the comment \"! dmvpn: network ADDRESS\"" },
	{ "**", "$h\n $i1" },
	{ NULL },
};

/* The words from this one on, as a path of their own below a head of ours. */
static void take_below(struct import *x, const struct import_path *p, size_t from, const struct import_rule *rules)
{
	struct import_path below = { .line = p->line, .count = p->count - from };

	memcpy(below.words, p->words + from, below.count * sizeof *below.words);
	import_apply(x, rules, &below);
}

/* Words of `address-family ipv4|ipv6 [unicast]`, 0 for another family. */
static size_t family_words(const struct import_path *p)
{
	static const char *const others[] = { "multicast", "vpn", "labeled-unicast", "flowspec", "evpn", NULL };

	if (p->count < 5 || (strcmp(p->words[4], "ipv4") && strcmp(p->words[4], "ipv6")) ||
	    (p->count > 5 && is_one(p->words[5], others)))
		return 0;
	return p->count > 5 && !strcmp(p->words[5], "unicast") ? 3 : 2;
}

static void take_bgp(struct import *x, const struct import_path *p)
{
	const bool family = p->count > 3 && !strcmp(p->words[3], "address-family");
	const size_t words = family ? family_words(p) : 0;

	if (p->count > 3 && (!strcmp(p->words[3], "vrf") || !strcmp(p->words[3], "view"))) {
		import_judge(x, p->line, CONFIG_NOT_SUPPORTED, true, NULL, "routing inside a VRF is not carried by FRR here");
		return;
	}
	if (family && !words) {
		import_judge(x, p->line, CONFIG_NOT_SUPPORTED, true, NULL, "only IPv4 and IPv6 unicast are carried");
		return;
	}
	snprintf(x->head, sizeof x->head, "router bgp %.16s%s%.16s", p->words[2], family ? "\n address-family " : "",
		 family ? p->words[4] : "");
	take_below(x, p, 3 + words, bgp);
}

/* router PROTOCOL … */
static void take_router(struct import *x, const struct import_path *p)
{
	const char *protocol = p->words[1];

	if (!strcmp(protocol, "bgp") && p->count > 2) {
		take_bgp(x, p);
	} else if (!strcmp(protocol, "ospf")) {
		const bool numbered = p->count > 2 && strspn(p->words[2], "0123456789") == strlen(p->words[2]);

		snprintf(x->head, sizeof x->head, "router ospf 1");
		if (p->count > 2 && !strcmp(p->words[2], "vrf"))
			import_judge(x, p->line, CONFIG_NOT_SUPPORTED, true, NULL, "routing inside a VRF is not carried by FRR here");
		else
			take_below(x, p, numbered ? 3 : 2, ospf);
	} else if (!strcmp(protocol, "ospf6")) {
		snprintf(x->head, sizeof x->head, "ipv6 router ospf 1");
		take_below(x, p, 2, ospf6);
	} else if (!strcmp(protocol, "eigrp") && p->count > 2) {
		snprintf(x->head, sizeof x->head, "router eigrp %.16s", p->words[2]);
		take_below(x, p, 3, other_routers);
	} else if (!strcmp(protocol, "rip")) {
		snprintf(x->head, sizeof x->head, "router rip");
		take_below(x, p, 2, rip);
	} else {
		import_judge(x, p->line, CONFIG_NOT_SUPPORTED, true, NULL, "this routing protocol is not carried");
	}
}

/* ---- the rest ---- */

#define FRR_OWN "FRR's own setting"

static const struct import_rule globals[] = {
	{ "router * **", .apply = take_router },
	{ "frr defaults datacenter", NULL, CONFIG_NOT_SUPPORTED, false, "timers that are not given are the traditional ones: write them" },
	{ "ip|ipv6 router-id *", NULL, CONFIG_NOT_SUPPORTED, false, "write bgp router-id and ospf router-id" },
	{ "frr version|defaults **", NULL, CONFIG_NO_EFFECT, false, FRR_OWN },
	{ "hostname *", "hostname $1" },
	{ "log|service|agentx|zebra|debug|password|enable|username|line|banner|fpm **", NULL, CONFIG_NO_EFFECT, false, FRR_OWN },
	{ "no log|service|agentx|zebra|debug|password|enable|banner|fpm **", NULL, CONFIG_NO_EFFECT, false, FRR_OWN },
	{ "ip|ipv6 forwarding", NULL, CONFIG_NO_EFFECT, false, "a router forwards packets" },
	{ "no ipv6 forwarding", NULL, CONFIG_NO_EFFECT, false, DEVICE },
	{ "no ip forwarding", NULL, CONFIG_NOT_SUPPORTED, true, "a router forwards packets" },
	{ "ip|ipv6 nht|protocol|import-table **", NULL, CONFIG_NO_EFFECT, false, FRR_OWN },
	{ "nhrp nflog-group|multicast-nflog-group *", NULL, CONFIG_NO_EFFECT, false, "packets are looked at by the daemon itself" },
	{ "nhrp event socket *", NULL, CONFIG_NOT_SUPPORTED, true, "who may register is said by ip nhrp identity" },
	{ "ip route * blackhole|reject|Null0 **", "ip route $1 Null0 $3" },
	{ "ip route **", "ip route $i1" },
	{ "vrf *", "vrf definition $1" },
	{ "vrf * ip route * blackhole|reject|Null0 **", "ip route vrf $1 $2 Null0 $4" },
	{ "vrf * ip route **", "ip route vrf $1 $i2" },
	{ "vrf * **", NULL, CONFIG_NOT_SUPPORTED, true, "not done in a VRF" },
	{ "access-list **", NULL, CONFIG_NOT_SUPPORTED, true, "write an ip prefix-list" },
	{ "bgp as-path access-list * seq * permit|deny **", "ip as-path access-list $1 $3 $4" },
	{ "bgp as-path access-list * permit|deny **", "ip as-path access-list $1 $2 $3" },
	{ "bgp community-list standard|expanded * seq * permit|deny **", "ip community-list $1 $2 $4 $5" },
	{ "bgp community-list standard|expanded * permit|deny **", "ip community-list $1 $2 $3 $4" },
	{ "route-map * optimization", NULL, CONFIG_NO_EFFECT, false, FRR_OWN },
	{ "route-map * permit|deny *", "route-map $1 $2 $3" },
	{ "route-map * permit|deny * description **", "route-map $1 $2 $3\n description $4" },
	{ "route-map * permit|deny * on-match next", "route-map $1 $2 $3\n continue" },
	{ "route-map * permit|deny * on-match goto *", "route-map $1 $2 $3\n continue $4" },
	{ "route-map * permit|deny * **", "route-map $1 $2 $3\n $i4" },
	{ "key chain *", "key chain $1" },
	{ "key chain * key *", "key chain $1\n key $2" },
	{ "key chain * key * **", "key chain $1\n key $2\n  $3" },
	{ "bfd **", NULL, CONFIG_NOT_SUPPORTED, false, "BFD's intervals are those of bfd interval on the tunnel" },
	{ "**", "$i1" },
	{ NULL },
};

static void take_path(struct import *x, const struct import_path *p)
{
	if (!import_apply(x, interfaces, p))
		import_apply(x, globals, p);
}

const struct import_parser import_frr = { "FRR", frr_line, frr_end, survey, take_path };
