/*
 * VyOS, 1.2 to 1.5: `set` commands, and config.boot with its braces. NHRP is OpenNHRP's up to
 * 1.4 (map, holding-time, cisco-authentication) and FRR's since (nhs, holdtime, network-id).
 */
#include "config/import_vyos.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

enum word_kind { WORD_NONE, WORD_TEXT, WORD_OPEN, WORD_CLOSE, WORD_BROKEN };

/* Takes what stands in quotes, ending it in place. */
static enum word_kind quoted(char **at, char **word)
{
	const char quote = **at;
	char *from = *at + 1, *to = from;

	*word = to;
	for (; *from && *from != quote; from++) {
		if (*from == '\\' && quote == '"' && from[1])
			from++;
		*to++ = *from;
	}
	if (!*from)
		return WORD_BROKEN;
	*at = from + 1;
	*to = 0;
	return WORD_TEXT;
}

static enum word_kind next_word(char **at, char **word, bool braces)
{
	*at += strspn(*at, " \t");
	if (!**at)
		return WORD_NONE;
	if (**at == '"' || **at == '\'')
		return quoted(at, word);
	if (braces && (**at == '{' || **at == '}'))
		return *(*at)++ == '{' ? WORD_OPEN : WORD_CLOSE;
	*word = *at;
	*at += strcspn(*at, " \t");
	if (**at)
		*(*at)++ = 0;
	return WORD_TEXT;
}

static void broken(struct import *x)
{
	import_judge(x, x->number, CONFIG_ERROR, false, "close it in the same line", "a quotation mark has no second one");
}

/* ---- set … ---- */

static const struct import_rule session[] = {
	{ "delete **", NULL, CONFIG_NOT_SUPPORTED, true, "what is deleted is to be left out instead" },
	{ "edit|up|rename|copy **", NULL, CONFIG_NOT_SUPPORTED, true, "only whole set commands are read" },
	{ "configure|commit|commit-confirm|save|exit|run|show|compare|load|top|comment|confirm|discard **", NULL,
	  CONFIG_NO_EFFECT, false, "a word of the session, not of the configuration" },
	{ "[edit] **", NULL, CONFIG_NO_EFFECT, false, "a word of the session, not of the configuration" },
	{ NULL },
};

/* "vyos@r1# set …" */
static char *after_prompt(char *text)
{
	const size_t length = strcspn(text, " \t");

	if (!memchr(text, '@', length))
		return text;
	if (length && strchr("#$>", text[length - 1]))
		return text + length + strspn(text + length, " \t");
	return text;
}

static void set_path(struct import *x, char *at)
{
	enum word_kind kind;
	uint32_t node = IMPORT_ROOT;
	char *word;

	while ((kind = next_word(&at, &word, false)) == WORD_TEXT)
		node = import_node(x, node, word);
	if (kind == WORD_BROKEN)
		broken(x);
	else if (node != IMPORT_ROOT)
		import_say(x, node, x->number);
	else
		import_judge(x, x->number, CONFIG_ERROR, false, "complete the command", "incomplete command");
}

static void set_session(struct import *x, char *at)
{
	struct import_path p = { .line = x->number };
	char *word;

	while (p.count < IMPORT_WORDS_MAX && next_word(&at, &word, false) == WORD_TEXT)
		p.words[p.count++] = word;
	if (p.count && !import_apply(x, session, &p))
		import_judge(x, x->number, CONFIG_NOT_SUPPORTED, false, NULL, "unknown command");
}

static void set_line(struct import *x, char *text)
{
	text = after_prompt(text + strspn(text, " \t"));
	if (*text == '#' || *text == '!' || *text == '/')
		import_note_comment(x, text);
	else if (!strncmp(text, "set", 3) && (text[3] == ' ' || text[3] == '\t' || !text[3]))
		set_path(x, text + 3);
	else
		set_session(x, text);
}

static void set_end(struct import *x)
{
	(void)x;
}

/* ---- config.boot ---- */

static void open_brace(struct import *x, uint32_t node)
{
	if (node == x->stack[x->depth] || x->depth + 1 == IMPORT_WORDS_MAX) {
		import_judge(x, x->number, CONFIG_ERROR, false, NULL, "%s",
			     x->depth + 1 == IMPORT_WORDS_MAX ? "braces are nested too deeply" : "a brace without a name");
		x->beyond += x->depth + 1 == IMPORT_WORDS_MAX;
		if (x->beyond)
			return;
	}
	x->stack_used[x->depth] = true;
	x->depth++;
	x->stack[x->depth] = node;
	x->stack_line[x->depth] = x->number;
	x->stack_used[x->depth] = false;
}

static void close_brace(struct import *x)
{
	if (x->beyond) {
		x->beyond--;
		return;
	}
	if (!x->depth) {
		import_judge(x, x->number, CONFIG_ERROR, false, "take it out, or add the line that it closes",
			     "this brace closes nothing");
		return;
	}
	if (!x->stack_used[x->depth])
		import_say(x, x->stack[x->depth], x->stack_line[x->depth]);
	x->depth--;
}

static void end_path(struct import *x, uint32_t node)
{
	if (node == x->stack[x->depth] || x->beyond)
		return;
	x->stack_used[x->depth] = true;
	import_say(x, node, x->number);
}

/* Skips a comment; NULL: the line ends in it. */
static char *skip_comment(struct import *x, char *at)
{
	char *end = strstr(at, "*/");

	if (!end && !x->comment_line)
		x->comment_line = x->number;
	if (end)
		x->comment_line = 0;
	return end ? end + 2 : NULL;
}

static void boot_words(struct import *x, char *at)
{
	uint32_t node = x->stack[x->depth];
	enum word_kind kind = WORD_TEXT;
	char *word;

	while (at && kind != WORD_NONE) {
		at += strspn(at, " \t");
		if (!strncmp(at, "/*", 2)) {
			at = skip_comment(x, at + 2);
			continue;
		}
		kind = next_word(&at, &word, true);
		if (kind == WORD_BROKEN) {
			broken(x);
			return;
		}
		if (kind == WORD_TEXT)
			node = import_node(x, node, word);
		if (kind == WORD_OPEN)
			open_brace(x, node);
		if (kind == WORD_CLOSE) {
			end_path(x, node);
			close_brace(x);
		}
		if (kind == WORD_OPEN || kind == WORD_CLOSE)
			node = x->stack[x->depth];
	}
	end_path(x, node);
}

static void boot_line(struct import *x, char *text)
{
	text += strspn(text, " \t");
	x->lines[x->number - 1].head = x->depth ? x->stack_line[x->depth] : 0;
	if (x->comment_line)
		text = skip_comment(x, text);
	else if (*text == '#' || *text == '!' || (*text == '/' && text[1] && strchr("/*", text[1])))
		import_note_comment(x, text);
	if (text && *text != '#' && *text != '!' && strncmp(text, "//", 2))
		boot_words(x, text);
}

static void boot_end(struct import *x)
{
	if (x->comment_line)
		import_judge(x, x->comment_line, CONFIG_ERROR, false, "close it by */", "a comment has no end");
	for (; x->depth; x->depth--)
		import_judge(x, x->stack_line[x->depth], CONFIG_ERROR, false, "is the file whole?",
			     "the brace is not closed before the end of the file");
}

/* ---- interfaces ---- */

static bool is_given(const char *address)
{
	struct ipaddr a;

	return address && (!ipaddr_parse(address, &a) || !ipaddr_is_unspecified(&a));
}

uint32_t vyos_tunnel(const struct import *x, const char *name)
{
	return import_find(x, IMPORT_ROOT, "interfaces", "tunnel", name, NULL);
}

static const char *either(const struct import *x, uint32_t node, const char *a, const char *b)
{
	const char *value = node == IMPORT_NONE ? NULL : import_value(x, node, a, NULL);

	return value || node == IMPORT_NONE ? value : import_value(x, node, b, NULL);
}

/* interfaces tunnel T address A */
static void tunnel_address(struct import *x, const struct import_path *p)
{
	const uint32_t nhrp = import_find(x, IMPORT_ROOT, "protocols", "nhrp", "tunnel", p->words[2], NULL);
	const uint32_t nhs = nhrp == IMPORT_NONE ? IMPORT_NONE : import_find(x, nhrp, "nhs", NULL);

	import_address(x, p->line, p->words[2], p->words[4], nhs == IMPORT_NONE ? NULL : import_value(x, nhs, "tunnel-ip", NULL));
}

/* interfaces tunnel T encapsulation gre|ip6gre */
static void tunnel_mode(struct import *x, const struct import_path *p)
{
	const bool multipoint = !is_given(either(x, vyos_tunnel(x, p->words[2]), "remote", "remote-ip"));
	const bool six = !strcmp(p->words[4], "ip6gre");
	char name[24];

	import_lines(x, p->line, "interface %s\n tunnel mode gre %s%s", import_interface(x, p->words[2], name),
		     multipoint ? "multipoint" : six ? "ipv6" : "ip", multipoint && six ? " ipv6" : "");
}

/* The one interface that IPsec is said to work on. */
static const char *ipsec_interface(const struct import *x)
{
	const uint32_t ipsec = import_find(x, IMPORT_ROOT, "vpn", "ipsec", NULL);
	const uint32_t old = ipsec == IMPORT_NONE ? IMPORT_NONE : import_find(x, ipsec, "ipsec-interfaces", NULL);
	const uint32_t from = old == IMPORT_NONE ? ipsec : old;
	const uint32_t list = from == IMPORT_NONE ? IMPORT_NONE : import_find(x, from, "interface", NULL);

	if (list == IMPORT_NONE || x->nodes[list].first != x->nodes[list].last || x->nodes[list].first == IMPORT_NONE)
		return NULL;
	return x->nodes[x->nodes[list].first].word;
}

/* interfaces tunnel T source-address|local-ip A: of 0.0.0.0 only IPsec tells where the tunnel starts. */
static void tunnel_source(struct import *x, const struct import_path *p)
{
	const char *interface = ipsec_interface(x), *source = p->words[4];
	char name[24], text[96];

	if (is_given(source)) {
		import_lines(x, p->line, "interface %s\n tunnel source %s", import_interface(x, p->words[2], name), source);
		return;
	}
	import_judge(x, p->line, CONFIG_HONOURED, false, NULL, "%s", "");
	if (!interface || either(x, vyos_tunnel(x, p->words[2]), "source-interface", "dhcp-interface"))
		return;
	import_lines(x, p->line, "interface %s\n tunnel source %s", import_interface(x, p->words[2], name), interface);
	snprintf(text, sizeof text, "any address: taken as %.15s, the one interface that IPsec is on", interface);
	x->r->out_of_memory |= !config_judge_line(x->r->c, p->line, false, text, "write source-interface");
}

/* interfaces tunnel T source-interface|dhcp-interface I: an address says more. */
static void tunnel_source_interface(struct import *x, const struct import_path *p)
{
	char name[24];

	if (is_given(either(x, vyos_tunnel(x, p->words[2]), "source-address", "local-ip")))
		import_judge(x, p->line, CONFIG_NO_EFFECT, false, NULL, "the source address says it");
	else
		import_lines(x, p->line, "interface %s\n tunnel source %s", import_interface(x, p->words[2], name), p->words[4]);
}

/* interfaces KIND NAME [vif N] address A: the first is the primary one. */
static void other_address(struct import *x, const struct import_path *p)
{
	const char *address = p->words[p->count - 1], *vif = p->count == 7 ? p->words[4] : NULL;
	const uint32_t all = vif ? import_find(x, IMPORT_ROOT, "interfaces", p->words[1], p->words[2], "vif", vif, "address", NULL)
				 : import_find(x, IMPORT_ROOT, "interfaces", p->words[1], p->words[2], "address", NULL);
	uint32_t first = x->nodes[all].first;
	struct ipprefix prefix;

	while (first != IMPORT_NONE && (!ipprefix_parse(x->nodes[first].word, &prefix) || prefix.addr.family != IP_V4))
		first = x->nodes[first].next;
	import_lines(x, p->line, "interface %s%s%s\n ip address %s%s", p->words[2], vif ? "." : "", vif ? vif : "", address,
		     first != IMPORT_NONE && strcmp(x->nodes[first].word, address) ? " secondary" : "");
}

#define HARDWARE "the hardware is set up by the system"
#define FILTER "packets are not filtered here; use the system's own filter"
#define SYSTEM "left to the system"
#define TUN "interfaces tunnel * "

static const struct import_rule interfaces[] = {
	{ TUN "address %4", .apply = tunnel_address },
	{ TUN "address %6", "interface $i1\n ipv6 address $2" },
	{ TUN "address *", "interface $i1\n ip address $2" },
	{ TUN "encapsulation gre|ip6gre", .apply = tunnel_mode },
	{ TUN "encapsulation *", NULL, CONFIG_NOT_SUPPORTED, true, "only GRE tunnels are done: encapsulation gre" },
	{ TUN "local-ip|source-address *", .apply = tunnel_source },
	{ TUN "source-interface|dhcp-interface *", .apply = tunnel_source_interface },
	{ TUN "remote-ip|remote 0.0.0.0" }, /* any: a multipoint tunnel */
	{ TUN "remote-ip|remote *", "interface $i1\n tunnel destination $3" },
	{ TUN "parameters ip key *", "interface $i1\n tunnel key $2" },
	{ TUN "parameters ip ttl 0", NULL, CONFIG_NO_EFFECT, false, "the outer header's TTL is 255" },
	{ TUN "parameters ip|ipv6 ttl|hoplimit *", "interface $i1\n tunnel ttl $4" },
	{ TUN "parameters ip|ipv6 tos|tclass inherit", NULL, CONFIG_NO_EFFECT, false, "the inner packet's TOS is copied" },
	{ TUN "parameters ip|ipv6 tos|tclass *", NULL, CONFIG_NOT_SUPPORTED, false, "the inner packet's TOS is copied" },
	{ TUN "parameters ip no-pmtu-discovery", NULL, CONFIG_NO_EFFECT, false, "path MTU discovery is off unless asked for" },
	{ TUN "parameters ip ignore-df", NULL, CONFIG_NO_EFFECT, false, SYSTEM },
	{ TUN "enable-multicast" }, /* the multicast map of NHRP says whom it goes to */
	{ TUN "multicast enable" },
	{ TUN "multicast disable", NULL, CONFIG_NO_EFFECT, false, "the multicast map of NHRP says whom multicast goes to" },
	{ TUN "mtu *", "interface $i1\n ip mtu $2" },
	{ TUN "ip|ipv6 adjust-mss clamp-mss-to-pmtu", NULL, CONFIG_NOT_SUPPORTED, false, "write the number of bytes" },
	{ TUN "ip|ipv6 adjust-mss *", "interface $i1\n $2 tcp adjust-mss $3" },
	{ TUN "description *", "interface $i1\n description $2" },
	{ TUN "disable", "interface $i1\n shutdown" },
	{ TUN "vrf *", "interface $i1\n vrf forwarding $2" },
	{ TUN "ip ospf network|cost|priority|hello-interval|dead-interval *", "interface $i1\n ip ospf $2 $3" },
	{ TUN "ip ospf mtu-ignore", "interface $i1\n ip ospf mtu-ignore" },
	{ TUN "ip ospf bfd", "interface $i1\n ip ospf bfd" },
	{ TUN "ip ospf authentication plaintext-password *",
	  "interface $i1\n ip ospf authentication\ninterface $i1\n ip ospf authentication-key $2" },
	{ TUN "ip ospf authentication md5 key-id * md5-key *",
	  "interface $i1\n ip ospf authentication message-digest\ninterface $i1\n ip ospf message-digest-key $2 md5 $3" },
	{ TUN "ip ospf retransmit-interval|transmit-delay *", "interface $i1\n ip ospf $2 $3" },
	{ "interfaces tunnel *", "interface $i1" },

	{ "interfaces * * vif * address %4", .apply = other_address },
	{ "interfaces * * vif * address %6", "interface $2.$3\n ipv6 address $4" },
	{ "interfaces * * vif * address dhcp", "interface $2.$3\n ip address dhcp" },
	{ "interfaces * * vif * description *", "interface $2.$3\n description $4" },
	{ "interfaces * * vif * mtu *", "interface $2.$3\n mtu $4" },
	{ "interfaces * * vif * vrf *", "interface $2.$3\n vrf forwarding $4" },
	{ "interfaces * * vif * disable", "interface $2.$3\n shutdown" },
	{ "interfaces * * vif *", "interface $2.$3" },
	{ "interfaces * * address %4", .apply = other_address },
	{ "interfaces * * address %6", "interface $2\n ipv6 address $3" },
	{ "interfaces * * address dhcp", "interface $2\n ip address dhcp" },
	{ "interfaces * * address dhcpv6", NULL, CONFIG_NOT_SUPPORTED, true, "IPv6 addresses come from the file" },
	{ "interfaces * * address *", "interface $2\n ip address $3" },
	{ "interfaces * * description *", "interface $2\n description $3" },
	{ "interfaces * * mtu *", "interface $2\n mtu $3" },
	{ "interfaces * * disable", "interface $2\n shutdown" },
	{ "interfaces * * vrf *", "interface $2\n vrf forwarding $3" },
	{ "interfaces * * ip|ipv6 adjust-mss clamp-mss-to-pmtu", NULL, CONFIG_NOT_SUPPORTED, false, "write the number of bytes" },
	{ "interfaces * * ip|ipv6 adjust-mss *", "interface $2\n $3 tcp adjust-mss $4" },
	{ "interfaces * * hw-id|mac|duplex|speed|smp-affinity|smp_affinity|offload|ring-buffer|offload-options **", NULL,
	  CONFIG_NO_EFFECT, false, HARDWARE },
	{ "interfaces * * firewall **", NULL, CONFIG_NOT_SUPPORTED, true, FILTER },
	{ "interfaces * * policy **", NULL, CONFIG_NOT_SUPPORTED, true, "policy routing is not done" },
	{ "interfaces * * traffic-policy|dhcp-options|dhcpv6-options|ip|ipv6 **", NULL, CONFIG_NO_EFFECT, false, SYSTEM },
	{ "interfaces pppoe|wwan|wirelessmodem * **", NULL, CONFIG_NOT_SUPPORTED, false, "PPP is left to other programs" },
	{ "interfaces ethernet|loopback|dummy *", "interface $2" },
	{ "interfaces bonding|bridge|wireless|vxlan|macsec|pseudo-ethernet|wireguard|openvpn|vti|l2tpv3|geneve * **", NULL,
	  CONFIG_NOT_SUPPORTED, false, "the system sets this interface up" },
	{ NULL },
};

/* ---- NHRP ---- */

/* protocols nhrp tunnel T … */
static uint32_t nhrp_of(const struct import *x, const struct import_path *p)
{
	return import_find(x, IMPORT_ROOT, "protocols", "nhrp", "tunnel", p->words[3], NULL);
}

static bool sends_to_servers(const struct import *x, const struct import_path *p)
{
	const uint32_t nhrp = nhrp_of(x, p);

	return import_find(x, nhrp, "multicast", "nhs", NULL) != IMPORT_NONE;
}

static void say_server(struct import *x, const struct import_path *p, const char *address, const char *nbma)
{
	char name[24];

	import_lines(x, p->line, "interface %s\n ip nhrp nhs %.*s nbma %s%s", import_interface(x, p->words[3], name),
		     (int)strcspn(address, "/"), address, nbma, sends_to_servers(x, p) ? " multicast" : "");
}

/* … map A/L nbma-address B, with `register` a server. The prefix is the network that it serves, not what it has. */
static void nhrp_map(struct import *x, const struct import_path *p)
{
	const char *address = p->words[5], *nbma = p->words[7];
	const uint32_t map = import_find(x, nhrp_of(x, p), "map", address, NULL);
	char name[24];

	if (import_find(x, map, "register", NULL) != IMPORT_NONE)
		say_server(x, p, address, nbma);
	else
		import_lines(x, p->line, "interface %s\n ip nhrp map %.*s %s", import_interface(x, p->words[3], name),
			     (int)strcspn(address, "/"), address, nbma);
}

/* … map A/L register|cisco|no-unique: said with the NBMA address. */
static void nhrp_map_word(struct import *x, const struct import_path *p)
{
	const uint32_t map = import_find(x, nhrp_of(x, p), "map", p->words[5], NULL);

	if (import_value(x, map, "nbma-address", NULL))
		import_judge(x, p->line, CONFIG_HONOURED, false, NULL, "%s", "");
	else
		import_judge(x, p->line, CONFIG_ERROR, false, "set … map ADDRESS nbma-address NBMA", "the map has no NBMA address");
}

/* … nhs tunnel-ip A nbma B */
static void nhrp_nhs(struct import *x, const struct import_path *p)
{
	say_server(x, p, p->words[6], p->words[8]);
}

/* … dynamic-map A/L nbma-domain-name NAME */
static void nhrp_dynamic(struct import *x, const struct import_path *p)
{
	say_server(x, p, "dynamic", p->words[7]);
}

/* … multicast A: a peer's address in the tunnel up to 1.4, its NBMA address since. */
static void nhrp_multicast(struct import *x, const struct import_path *p)
{
	const uint32_t maps = import_find(x, nhrp_of(x, p), "map", NULL);
	const char *to = p->words[5];
	const size_t length = strlen(to);
	char name[24];

	for (uint32_t n = maps == IMPORT_NONE ? maps : x->nodes[maps].first; n != IMPORT_NONE; n = x->nodes[n].next) {
		const char *nbma = import_value(x, n, "nbma-address", NULL), *word = x->nodes[n].word;

		if (nbma && !strncmp(word, to, length) && (word[length] == '/' || !word[length])) {
			to = nbma;
			break;
		}
	}
	import_lines(x, p->line, "interface %s\n ip nhrp map multicast %s", import_interface(x, p->words[3], name), to);
}

#define NHRP "protocols nhrp tunnel * "

static const struct import_rule nhrp[] = {
	{ NHRP "cisco-authentication|authentication *", "interface $i1\n ip nhrp authentication $3" },
	{ NHRP "holding-time|holdtime *", "interface $i1\n ip nhrp holdtime $3" },
	{ NHRP "network-id *", "interface $i1\n ip nhrp network-id $2" },
	{ NHRP "redirect", "interface $i1\n ip nhrp redirect" },
	{ NHRP "shortcut", "interface $i1\n ip nhrp shortcut" },
	{ NHRP "registration-no-unique", "interface $i1\n ip nhrp registration no-unique" },
	{ NHRP "map tunnel-ip * nbma local", NULL, CONFIG_NO_EFFECT, false, "its own address is known to each router" },
	{ NHRP "map tunnel-ip * nbma *", "interface $i1\n ip nhrp map $2 $3" },
	{ NHRP "map * nbma-address *", .apply = nhrp_map },
	{ NHRP "map * register|cisco|no-unique", .apply = nhrp_map_word },
	{ NHRP "dynamic-map * nbma-domain-name *", .apply = nhrp_dynamic },
	{ NHRP "nhs tunnel-ip * nbma *", .apply = nhrp_nhs },
	{ NHRP "multicast dynamic", "interface $i1\n ip nhrp map multicast dynamic" },
	{ NHRP "multicast nhs" }, /* said with each server */
	{ NHRP "multicast *", .apply = nhrp_multicast },
	{ NHRP "shortcut-target *", "interface $i1\n ip nhrp summary-map $2" },
	{ NHRP "shortcut-target * holding-time *", "interface $i1\n ip nhrp summary-map $2" },
	{ NHRP "shortcut-destination", NULL, CONFIG_NO_EFFECT, false, "a router answers for what it routes" },
	{ NHRP "non-caching", NULL, CONFIG_NO_EFFECT, false, "only what is used is kept" },
	{ NHRP "mtu *", NULL, CONFIG_NO_EFFECT, false, "the tunnel's MTU is told" },
	{ NHRP, "interface $i1" },
	{ NULL },
};

/* What the source has by itself, and IOS has otherwise. */
static void say_defaults(struct import *x, uint32_t tunnel)
{
	const char *name = x->nodes[tunnel].word;
	const unsigned line = x->nodes[tunnel].line;
	char ours[24];

	if (!import_value(x, tunnel, "network-id", NULL))
		import_lines(x, line, "interface %s\n ip nhrp network-id %lu", import_interface(x, name, ours),
			     strtoul(name + strcspn(name, "0123456789"), NULL, 10) % 100000 + 1);
	if (!import_value(x, tunnel, "holding-time", NULL) && !import_value(x, tunnel, "holdtime", NULL))
		import_lines(x, line, "interface %s\n ip nhrp holdtime 7200", import_interface(x, name, ours));
}

/* ---- the whole file ---- */

static uint32_t first_below(const struct import *x, uint32_t node)
{
	return node == IMPORT_NONE ? IMPORT_NONE : x->nodes[node].first;
}

/* A sub-interface's number is its VLAN. */
static void say_vlans(struct import *x, uint32_t interface)
{
	for (uint32_t n = first_below(x, import_find(x, interface, "vif", NULL)); n != IMPORT_NONE; n = x->nodes[n].next)
		import_lines(x, x->nodes[n].line, "interface %s.%s\n encapsulation dot1Q %s", x->nodes[interface].word,
			     x->nodes[n].word, x->nodes[n].word);
}

/* Interfaces come into the model where the file names them first. */
static void say_interfaces(struct import *x, uint32_t kind)
{
	const bool tunnel = !strcmp(x->nodes[kind].word, "tunnel");
	const bool ours = tunnel || !strcmp(x->nodes[kind].word, "ethernet") || !strcmp(x->nodes[kind].word, "loopback") ||
			  !strcmp(x->nodes[kind].word, "dummy");
	char name[24];

	for (uint32_t n = x->nodes[kind].first; n != IMPORT_NONE; n = x->nodes[n].next) {
		if (tunnel)
			import_add_tunnel(x, x->nodes[n].word);
		if (ours)
			import_lines(x, x->nodes[n].line, "interface %s", import_interface(x, x->nodes[n].word, name));
		say_vlans(x, n);
	}
}

static void survey(struct import *x)
{
	for (uint32_t kind = first_below(x, import_find(x, IMPORT_ROOT, "interfaces", NULL)); kind != IMPORT_NONE;
	     kind = x->nodes[kind].next)
		say_interfaces(x, kind);
	for (uint32_t n = first_below(x, import_find(x, IMPORT_ROOT, "protocols", "nhrp", "tunnel", NULL)); n != IMPORT_NONE;
	     n = x->nodes[n].next) {
		import_add_tunnel(x, x->nodes[n].word);
		say_defaults(x, n);
	}
	vyos_ipsec_survey(x);
}

static const struct import_rule others[] = {
	{ "system host-name *", "hostname $1" },
	{ "vrf name *", "vrf definition $1" },
	{ "vrf name * table *", "vrf definition $1" },
	{ "vrf name * **", NULL, CONFIG_NOT_SUPPORTED, true, "routing inside a VRF is not carried by FRR here" },
	{ "vrf **", NULL, CONFIG_NO_EFFECT, false, SYSTEM },
	{ "system ip disable-forwarding", NULL, CONFIG_NOT_SUPPORTED, true, "a router forwards packets" },
	{ "service dhcp-server|dhcp-relay|dhcpv6-server|dhcpv6-relay|router-advert **", NULL, CONFIG_NOT_SUPPORTED, false,
	  "left to other programs" },
	{ "system|service|pki|container|qos|traffic-policy **", NULL, CONFIG_NO_EFFECT, false, SYSTEM },
	{ "firewall|zone-policy **", NULL, CONFIG_NOT_SUPPORTED, true, FILTER },
	{ "nat|nat66 **", NULL, CONFIG_NOT_SUPPORTED, true, "address translation is not done" },
	{ "load-balancing|high-availability **", NULL, CONFIG_NOT_SUPPORTED, true, "left to other programs" },
	{ "interfaces|vpn|policy **", NULL, CONFIG_NOT_SUPPORTED, true, "unknown command" },
	{ "protocols **", NULL, CONFIG_NOT_SUPPORTED, true, "not carried" },
	{ "**", NULL, CONFIG_NOT_SUPPORTED, false, "unknown command" },
	{ NULL },
};

static void take_path(struct import *x, const struct import_path *p)
{
	if (!import_apply(x, interfaces, p) && !import_apply(x, nhrp, p) && !import_apply(x, vyos_ipsec, p) &&
	    !vyos_routing(x, p))
		import_apply(x, others, p);
}

const struct import_parser import_vyos_set = { "VyOS", set_line, set_end, survey, take_path };
const struct import_parser import_vyos_boot = { "VyOS", boot_line, boot_end, survey, take_path };
