/* Which language a file is written in, and the way of its lines into the model. */
#include "config/import.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lexer.h"
#include "config/redact.h"

/* ---- recognising ----
 * By what no IOS file holds, since a file that is taken for another language loses all; and never by its name. */

struct sight {
	size_t commands;   /* lines that are neither blank nor comment */
	size_t vyos;       /* VyOS's configuration mode, mostly `set …` */
	bool vyos_own;     /* one that no other system has */
	bool boot_root, boot_own, ios;
	bool frr, frr_likely;
	bool ios_device;   /* lines of an interface that only a router has */
	bool linux_device; /* the last interface is none of a router's */
	size_t opennhrp;
	bool opennhrp_first, opennhrp_own;
};

static bool starts(const char *text, const char *words)
{
	return !strncmp(text, words, strlen(words));
}

static bool starts_with_one(const char *text, const char *const *words)
{
	while (*words && !starts(text, *words))
		words++;
	return *words != NULL;
}

static bool is_word(const char *text, const char *const *words)
{
	const size_t length = strcspn(text, " \t");

	while (*words && (strlen(*words) != length || strncmp(text, *words, length)))
		words++;
	return *words != NULL;
}

static const char *const vyos_roots[] = { "interfaces ", "protocols ", "vpn ", "system ", "service ", "policy ", "firewall ",
					  "nat ", "vrf ", "high-availability ", "traffic-policy ", "qos ", "pki ", NULL };
static const char *const vyos_kinds[] = { "tunnel ", "ethernet ", "loopback ", "dummy ", "bonding ", "bridge ", "pppoe ",
					  "vti ", "wireguard ", "openvpn ", NULL };

static const char *const vyos_session[] = { "configure", "commit", "save", "delete", "edit", "comment", NULL };

static void see_set(struct sight *s, const char *line)
{
	const char *path;

	/* A prompt may stand before it. */
	if (!starts(line, "set ") && strchr(line, '@')) {
		line = strpbrk(line, "#$");
		line = line ? line + 1 + strspn(line + 1, " ") : "";
	}
	s->vyos += is_word(line, vyos_session);
	path = line + 4;
	if (!starts(line, "set ") || !starts_with_one(path, vyos_roots))
		return;
	s->vyos++;
	s->vyos_own |= (starts(path, "interfaces ") && starts_with_one(path + strlen("interfaces "), vyos_kinds)) ||
		       starts(path, "protocols nhrp ") || starts(path, "vpn ipsec ");
}

static const char *const ios_words[] = { "hostname", "router", "crypto", "banner", "version", "end", NULL };

/* Braces stand in IOS's banners and scripts too, but then its own words are around them. */
static void see_brace(struct sight *s, const char *line, size_t indent)
{
	const size_t length = strlen(line);

	s->ios |= !indent && is_word(line, ios_words);
	if (length < 2 || line[length - 1] != '{')
		return;
	s->boot_root |= !indent && (starts(line, "interfaces {") || starts(line, "protocols {") || starts(line, "vpn {"));
	s->boot_own |= s->boot_root && (starts_with_one(line, vyos_kinds) || starts(line, "nhrp {") || starts(line, "ipsec {"));
}

/* gre1 and dmvpn0, but not Tunnel0, tu0 or Gi0/0. */
static bool is_linux_device(const char *name)
{
	char word[24], kernel[16], *ios = NULL;
	bool same;

	snprintf(word, sizeof word, "%.*s", (int)(strcspn(name, " \t") < 20 ? strcspn(name, " \t") : 20), name);
	if (!isdigit((unsigned char)word[strlen(word) ? strlen(word) - 1 : 0]) || !config_ifname(word, &ios, kernel))
		return false;
	same = ios && !strcmp(ios, word) && islower((unsigned char)word[0]);
	free(ios);
	return same || (starts(word, "tun") && isdigit((unsigned char)word[3]));
}

static void see_frr(struct sight *s, const char *line, size_t indent)
{
	static const char *const own[] = { "frr version", "frr defaults", NULL };
	static const char *const likely[] = { "nhrp nflog-group ", "nhrp multicast-nflog-group ", "nhrp event socket ",
					      "service integrated-vtysh-config", "debug nhrp ", NULL };

	s->frr |= !indent && starts_with_one(line, own);
	s->frr_likely |= (!indent && starts_with_one(line, likely)) || strstr(line, "bgp ebgp-requires-policy") ||
			 !strcmp(line, "router ospf");
	if (starts(line, "interface "))
		s->linux_device = is_linux_device(line + strlen("interface "));
	s->frr_likely |= s->linux_device && (starts(line, "ip nhrp ") || starts(line, "ipv6 nhrp "));
	/* "tun0" may be short for Tunnel0, and debug a word of a session; then these are not far. */
	s->ios_device |= starts(line, "tunnel mode ") || starts(line, "tunnel key ") || starts(line, "tunnel destination ") ||
		  (starts(line, "ip address ") && strchr(line + strlen("ip address "), ' '));
}

static const char *const opennhrp_words[] = { "interface", "map", "dynamic-map", "shortcut-target", "multicast", "holding-time",
					      "route-table", "cisco-authentication", "redirect", "shortcut", "non-caching",
					      "shortcut-destination", NULL };
static const char *const opennhrp_own[] = { "map", "dynamic-map", "shortcut-target", "multicast", "holding-time",
					    "cisco-authentication", "shortcut-destination", "non-caching", NULL };

static void see_opennhrp(struct sight *s, const char *line)
{
	s->opennhrp_first |= !s->commands && starts(line, "interface ");
	s->opennhrp += is_word(line, opennhrp_words);
	s->opennhrp_own |= is_word(line, opennhrp_own);
}

static void see(struct sight *s, const char *text)
{
	const size_t indent = strspn(text, " \t");
	const char *line = text + indent;

	if (!*line || *line == '#' || *line == '!' || starts(line, "/*") || starts(line, "//"))
		return;
	see_set(s, line);
	see_brace(s, line, indent);
	see_frr(s, line, indent);
	see_opennhrp(s, line);
	s->commands++;
}

/* The next line as far as it matters, without blanks at its end; where it ends. */
static const char *see_line(struct sight *s, const char *text, const char *end)
{
	const char *lf = memchr(text, '\n', (size_t)(end - text));
	size_t length = (size_t)((lf ? lf : end) - text);
	char line[256];

	while (length && isspace((unsigned char)text[length - 1]))
		length--;
	snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), text);
	see(s, line);
	return lf ? lf + 1 : end;
}

enum import_language import_language(const char *text, size_t length)
{
	const char *end = text + length;
	struct sight s = { 0 };

	if (length > 3 && starts(text, "\xef\xbb\xbf"))
		text += 3;
	while (text < end)
		text = see_line(&s, text, end);
	if (s.vyos_own && s.vyos * 2 > s.commands)
		return IMPORT_VYOS_SET;
	if (s.boot_own && !s.ios)
		return IMPORT_VYOS_BOOT;
	if (s.opennhrp_first && s.opennhrp_own && s.opennhrp * 2 > s.commands)
		return IMPORT_OPENNHRP;
	return s.frr || (s.frr_likely && !s.ios_device) ? IMPORT_FRR : IMPORT_IOS;
}

/* ---- tunnels ---- */

enum { KEY_TUNNEL = 1, KEY_NUMBER }; /* words of paths are 0 */

static const struct import_tunnel *tunnel(const struct import *x, const char *name)
{
	const uint32_t at = names_get(&x->index, names_key(KEY_TUNNEL, 0, name));

	return at != NAMES_NONE && !strcmp(x->tunnels[at].name, name) ? &x->tunnels[at] : NULL;
}

const char *import_interface(const struct import *x, const char *name, char out[24])
{
	const struct import_tunnel *t = tunnel(x, name);

	if (!t)
		return name;
	snprintf(out, 24, "Tunnel%u", t->number);
	return out;
}

/* A tunnel keeps its number, unless another has it. */
void import_add_tunnel(struct import *x, const char *name)
{
	unsigned number = (unsigned)strtoul(name + strcspn(name, "0123456789"), NULL, 10) % 100000;
	struct import_tunnel *t;

	if (tunnel(x, name))
		return;
	x->r->too_much |= x->tunnel_count == TUNNELS_MAX;
	if (x->r->too_much)
		return;
	while (names_get(&x->index, names_key(KEY_NUMBER, number, "")) != NAMES_NONE)
		number++;
	t = ADD(x->r, x->tunnels, x->tunnel_count);
	if (!t)
		return;
	*t = (struct import_tunnel){ name, number };
	x->r->out_of_memory |= !names_set(&x->index, names_key(KEY_TUNNEL, 0, name), (uint32_t)(x->tunnel_count - 1)) ||
			       !names_set(&x->index, names_key(KEY_NUMBER, number, ""), number);
}

void import_add_tunnels(struct import *x, bool (*is_tunnel)(const struct import *x, uint32_t interface))
{
	const uint32_t list = import_find(x, IMPORT_ROOT, "interface", NULL);

	for (uint32_t n = list == IMPORT_NONE ? list : x->nodes[list].first; n != IMPORT_NONE; n = x->nodes[n].next)
		if (is_tunnel(x, n))
			import_add_tunnel(x, x->nodes[n].word);
}

/* The smallest prefix named in the file that holds both; len 32 when there is none. */
static struct ipprefix named_prefix(const struct import *x, const struct ipaddr *address, const struct ipaddr *server)
{
	struct ipprefix best = ipprefix_host(address), p;

	for (size_t i = 0; i < x->node_count; i++) {
		if (!strchr(x->nodes[i].word, '/') || !ipprefix_parse(x->nodes[i].word, &p) || p.addr.family != IP_V4 ||
		    p.len < 8 || p.len > 30 || !ipprefix_contains(&p, address) || !ipprefix_contains(&p, server))
			continue;
		if (best.len == 32 || p.len > best.len)
			best = ipprefix_make(&p.addr, p.len);
	}
	return best;
}

enum { USUAL_LEN = 24, GUESSES_MAX = 32 };

static uint8_t tunnel_len(struct import *x, const struct ipaddr *address, const struct ipaddr *server)
{
	struct ipprefix p = ipprefix_host(address);

	if (x->guesses++ < GUESSES_MAX)
		p = named_prefix(x, address, server);
	if (p.len < 32)
		return p.len;
	for (p = ipprefix_make(address, USUAL_LEN); p.len > 8 && !ipprefix_contains(&p, server);)
		p = ipprefix_make(address, (uint8_t)(p.len - 1));
	return p.len;
}

void import_address(struct import *x, unsigned line, const char *name, const char *address, const char *server)
{
	char ours[24], a[IPADDR_TEXT_MAX], m[IPADDR_TEXT_MAX];
	const char *slash = strchr(address, '/');
	const bool host = !slash || !strcmp(slash, "/32");
	struct ipaddr own, other, mask;
	char text[64];
	uint8_t len;

	snprintf(text, sizeof text, "%.*s", (int)strcspn(address, "/"), address);
	if (!host || !tunnel(x, name) || !ipaddr_parse(text, &own) || own.family != IP_V4) {
		import_lines(x, line, "interface %s\n %s address %s", import_interface(x, name, ours),
			     strchr(address, ':') ? "ipv6" : "ip", address);
		return;
	}
	if (!server || !ipaddr_parse(server, &other) || other.family != IP_V4)
		other = own;
	len = tunnel_len(x, &own, &other);
	mask = netmask_from_len(len);
	import_lines(x, line, "interface %s\n ip address %s %s", import_interface(x, name, ours), ipaddr_format(&own, a), ipaddr_format(&mask, m));
	snprintf(text, sizeof text, "taken as /%u: here a tunnel has its network's prefix", len);
	x->r->out_of_memory |= !config_judge_line(x->r->c, line, false, text, "write the prefix length if this is wrong");
}

/* ---- reading ---- */

static const struct import_parser *parser(enum import_language language)
{
	switch (language) {
	case IMPORT_VYOS_SET: return &import_vyos_set;
	case IMPORT_VYOS_BOOT: return &import_vyos_boot;
	case IMPORT_FRR: return &import_frr;
	case IMPORT_OPENNHRP: return &import_opennhrp;
	case IMPORT_IOS: break;
	}
	return NULL;
}

/* Notes a line of the source; its verdict comes later. */
static void add_line(struct import *x, struct line *line, unsigned number)
{
	struct import_source *source = ADD(x->r, x->lines, x->line_count);
	struct config_line *kept = ADD(x->r, x->r->c->lines, x->r->c->line_count);

	if (!source || !kept)
		return;
	kept->file = x->r->file;
	kept->number = number;
	kept->text = redact(line->text);
	kept->state = CONFIG_BLANK;
	x->r->out_of_memory |= !kept->text;
	source->text = line->text;
	line->text = NULL;
}

static void parse(struct import *x, const struct import_parser *language, const char *text, size_t length)
{
	struct lexer lexer = { text, text + length, 0 };
	struct line line;

	while (!x->r->out_of_memory && !x->too_large && lexer_next(&lexer, &line)) {
		x->number = lexer.number;
		add_line(x, &line, lexer.number);
		line_done(&line);
		if (x->r->out_of_memory)
			break;
		if (starts(x->lines[x->line_count - 1].text, "\xef\xbb\xbf"))
			memset(x->lines[x->line_count - 1].text, ' ', 3);
		language->line(x, x->lines[x->line_count - 1].text);
	}
	x->r->out_of_memory |= !x->too_large && lexer.at < lexer.end;
	if (!x->r->out_of_memory && !x->too_large)
		language->end(x);
}

/* A line that only holds others is honoured when one of them is. */
static void judge_heads(struct import *x)
{
	struct config_line *lines = x->r->c->lines;

	for (size_t i = x->line_count; i > 0; i--) {
		const unsigned head = x->lines[i - 1].head;

		if (!head || lines[i - 1].state == CONFIG_BLANK)
			continue;
		if (lines[i - 1].state == CONFIG_NO_EFFECT)
			import_judge(x, head, CONFIG_NO_EFFECT, false, NULL, "nothing in it has an effect here");
		else
			import_judge(x, head, CONFIG_HONOURED, false, NULL, "%s", "");
	}
}

static void take_entries(struct import *x, const struct import_parser *language)
{
	struct import_path p;

	for (size_t i = 0; i < x->entry_count && !x->r->out_of_memory && !x->r->too_much; i++) {
		import_path_of(x, &x->entries[i], &p);
		x->marked |= !strcmp(p.words[0], IMPORT_MARK);
		if (!strcmp(p.words[0], IMPORT_MARK))
			import_comment(x, p.line, p.words[1]);
		else
			language->path(x, &p);
	}
}

/* What nhrpd and OpenNHRP find in the system, where we make the device. */
static void ask_for_device(struct import *x)
{
	const bool elsewhere = x->language == IMPORT_FRR || x->language == IMPORT_OPENNHRP;
	const char *sign = x->language == IMPORT_FRR ? "!" : "#";
	char text[128], remedy[128];

	for (size_t i = 0; elsewhere && i < x->r->c->interface_count; i++) {
		const struct config_interface *t = &x->r->c->interfaces[i];

		if (!t->ios_name || !t->is_tunnel)
			continue;
		snprintf(remedy, sizeof remedy, "below this line: %s " IMPORT_MARK " ip address A.B.C.D/LENGTH", sign);
		if (!t->address_count)
			config_line_error(x->r, t->line, remedy, "the address of this tunnel is not in the file");
		snprintf(text, sizeof text, "the file does not say whether the GRE device has a key");
		snprintf(remedy, sizeof remedy, "below this line: %s " IMPORT_MARK " tunnel key N, or no tunnel key", sign);
		if (!t->tunnel->has_key && !x->marked)
			x->r->out_of_memory |= !config_judge_line(x->r->c, t->line, false, text, remedy);
	}
}

void import_remedies(struct reading *r, enum import_language language)
{
	const char *sign = language == IMPORT_FRR ? "!" : "#";

	for (size_t i = 0; i < r->c->line_count; i++) {
		struct config_line *line = &r->c->lines[i];
		char *remedy;

		if (line->state != CONFIG_ERROR || !line->remedy || !starts(line->remedy, "add "))
			continue;
		if (asprintf(&remedy, "%s, behind \"%s " IMPORT_MARK "\"", line->remedy, sign) < 0) {
			r->out_of_memory = true;
			return;
		}
		free(line->remedy);
		line->remedy = remedy;
	}
}

bool import_read(struct reading *r, enum import_language language, const char *text, size_t length)
{
	const struct import_parser *p = parser(language);
	struct import x = { .r = r, .language = language };
	bool good;

	r->c->language = p->name;
	import_node(&x, IMPORT_ROOT, ""); /* the root, which is its own parent */
	parse(&x, p, text, length);
	good = !x.too_large;
	if (good && !r->out_of_memory)
		p->survey(&x);
	if (good && !r->out_of_memory)
		take_entries(&x, p);
	if (good && !r->out_of_memory) {
		judge_heads(&x);
		ask_for_device(&x);
	}
	for (size_t i = 0; i < x.line_count; i++)
		free(x.lines[i].text);
	free(x.lines);
	free(x.nodes);
	free(x.entries);
	free(x.tunnels);
	names_done(&x.index);
	return good;
}
