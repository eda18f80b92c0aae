/*
 * OpenNHRP: one stream of words, in which a directive takes as many as it needs. Its file holds
 * NHRP only; the device, its address and the rest of the router are the system's (docs/import.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/import.h"

/* ---- words ---- */

struct directive { const char *name; unsigned words; const char *const *options; };

static const char *const map_options[] = { "register", "no-unique", "cisco", "reregister-time", NULL };
static const char *const target_options[] = { "holding-time", NULL };

static const struct directive directives[] = {
	{ "interface", 1, NULL }, { "map", 2, map_options }, { "dynamic-map", 2, map_options },
	{ "shortcut-target", 1, target_options }, { "multicast", 1, NULL }, { "holding-time", 1, NULL },
	{ "route-table", 1, NULL }, { "cisco-authentication", 1, NULL }, { "redirect", 0, NULL }, { "shortcut", 0, NULL },
	{ "non-caching", 0, NULL }, { "shortcut-destination", 0, NULL }, { NULL, 0, NULL },
};

/* x->stack: the interface, and the path that is being said; x->stack_line its line, x->beyond the words it still needs. */
enum { INTERFACE = 1, PATH };

static const struct directive *directive(const char *word)
{
	const struct directive *d = directives;

	while (d->name && strcmp(d->name, word))
		d++;
	return d->name ? d : NULL;
}

static const struct directive *open_directive(const struct import *x)
{
	uint32_t node = x->stack[PATH];

	while (node != IMPORT_NONE && node != IMPORT_ROOT && x->nodes[node].parent != x->stack[INTERFACE])
		node = x->nodes[node].parent;
	return node == IMPORT_NONE || node == IMPORT_ROOT ? NULL : directive(x->nodes[node].word);
}

static bool is_option(const struct import *x, const char *word)
{
	const struct directive *d = x->depth ? open_directive(x) : NULL;
	const char *const *o = d ? d->options : NULL;

	while (o && *o && strcmp(*o, word))
		o++;
	return o && *o;
}

static void end_directive(struct import *x)
{
	if (x->depth)
		import_say(x, x->stack[PATH], x->stack_line[PATH]);
	x->depth = 0;
}

static void begin_directive(struct import *x, const char *word)
{
	const struct directive *d = directive(word);
	const bool interface = !strcmp(word, "interface");

	end_directive(x);
	x->depth = 1;
	x->stack_line[PATH] = x->number;
	x->stack[PATH] = import_node(x, interface ? IMPORT_ROOT : x->stack[INTERFACE], word);
	x->beyond = d ? d->words : 0;
}

static void take_word(struct import *x, const char *word)
{
	if (x->beyond || is_option(x, word)) {
		const bool named = x->beyond && x->nodes[IMPORT_ROOT].first != IMPORT_NONE && x->stack[PATH] != IMPORT_NONE &&
				   x->nodes[x->stack[PATH]].parent == IMPORT_ROOT && !strcmp(x->nodes[x->stack[PATH]].word, "interface");

		x->stack[PATH] = import_node(x, x->stack[PATH], word);
		x->beyond = x->beyond ? x->beyond - 1 : !strcmp(word, "reregister-time") || !strcmp(word, "holding-time");
		if (named)
			x->stack[INTERFACE] = x->stack[PATH];
		if (x->stack_line[PATH] != x->number)
			import_judge(x, x->number, CONFIG_HONOURED, false, NULL, "%s", "");
		return;
	}
	begin_directive(x, word);
}

static void opennhrp_line(struct import *x, char *text)
{
	char *hash = strchr(text, '#'), *word;

	if (hash) {
		if (hash == text + strspn(text, " \t")) {
			end_directive(x);
			import_note_comment(x, hash);
		}
		*hash = 0;
	}
	while ((word = strsep(&text, " \t"))) {
		if (*word)
			take_word(x, word);
	}
}

static void opennhrp_end(struct import *x)
{
	end_directive(x);
}

/* ---- interfaces ---- */

/* One that only announces its network is no tunnel. */
static bool is_tunnel(const struct import *x, uint32_t interface)
{
	for (uint32_t n = x->nodes[interface].first; n != IMPORT_NONE; n = x->nodes[n].next) {
		if (strcmp(x->nodes[n].word, "shortcut-destination"))
			return true;
	}
	return x->nodes[interface].first == IMPORT_NONE;
}

static void survey(struct import *x)
{
	import_add_tunnels(x, is_tunnel);
}

/* What the source has by itself, and IOS says. A number of NHRP's network is known to this router alone. */
static void open_interface(struct import *x, const struct import_path *p)
{
	const uint32_t node = import_find(x, IMPORT_ROOT, "interface", p->words[1], NULL);
	char name[24];
	const char *ours = import_interface(x, p->words[1], name);

	if (!is_tunnel(x, node)) {
		import_lines(x, p->line, "interface %s", ours);
		return;
	}
	import_lines(x, p->line, "interface %s\n ip nhrp network-id %lu", ours, strtoul(ours + strlen("Tunnel"), NULL, 10) + 1);
	if (!import_value(x, node, "holding-time", NULL))
		import_lines(x, p->line, "interface %s\n ip nhrp holdtime 7200", ours);
	import_lines(x, p->line, "interface %s\n tunnel mode gre multipoint", ours);
}

static bool has_word(const struct import_path *p, const char *word)
{
	for (size_t i = 5; i < p->count; i++) {
		if (!strcmp(p->words[i], word))
			return true;
	}
	return false;
}

static const char *after_word(const struct import_path *p, const char *word)
{
	for (size_t i = 5; i + 1 < p->count; i++) {
		if (!strcmp(p->words[i], word))
			return p->words[i + 1];
	}
	return NULL;
}

/* The prefix is the network that the peer serves, not what it has: interface NAME map|dynamic-map A/L NBMA [register] [no-unique] [cisco] [reregister-time N] */
static void set_map(struct import *x, const struct import_path *p)
{
	const bool dynamic = !strcmp(p->words[2], "dynamic-map"), server = dynamic || has_word(p, "register");
	const bool multicast = import_find(x, IMPORT_ROOT, "interface", p->words[1], "multicast", "nhs", NULL) != IMPORT_NONE;
	const char *again = after_word(p, "reregister-time");
	char name[24];
	const char *ours = import_interface(x, p->words[1], name);

	if (server)
		import_lines(x, p->line, "interface %s\n ip nhrp nhs %.*s nbma %s%s", ours,
			     dynamic ? 7 : (int)strcspn(p->words[3], "/"), dynamic ? "dynamic" : p->words[3], p->words[4],
			     multicast ? " multicast" : "");
	else
		import_lines(x, p->line, "interface %s\n ip nhrp map %.*s %s", ours, (int)strcspn(p->words[3], "/"), p->words[3],
			     p->words[4]);
	if (has_word(p, "no-unique"))
		import_lines(x, p->line, "interface %s\n ip nhrp registration no-unique", ours);
	if (again)
		import_lines(x, p->line, "interface %s\n ip nhrp registration timeout %s", ours, again);
}

/* interface NAME multicast A: the peer by its address in the tunnel, as a map has it. */
static void set_multicast(struct import *x, const struct import_path *p)
{
	const uint32_t maps = import_find(x, IMPORT_ROOT, "interface", p->words[1], "map", NULL);
	const char *to = p->words[3];
	const size_t length = strlen(to);
	char name[24];

	for (uint32_t n = maps == IMPORT_NONE ? maps : x->nodes[maps].first; n != IMPORT_NONE; n = x->nodes[n].next) {
		const char *word = x->nodes[n].word;

		if (!strncmp(word, to, length) && (word[length] == '/' || !word[length]) && x->nodes[n].first != IMPORT_NONE) {
			import_lines(x, p->line, "interface %s\n ip nhrp map multicast %s", import_interface(x, p->words[1], name),
				     x->nodes[x->nodes[n].first].word);
			return;
		}
	}
	import_judge(x, p->line, CONFIG_ERROR, false, "add a map of this address", "no map says where this peer is");
}

#define IF "interface * "

static const struct import_rule rules[] = {
	{ "interface *", .apply = open_interface },
	{ IF "map|dynamic-map %4 * **", .apply = set_map },
	{ IF "multicast dynamic", "interface $i1\n ip nhrp map multicast dynamic" },
	{ IF "multicast nhs" }, /* said with each server */
	{ IF "multicast %4", .apply = set_multicast },
	{ IF "holding-time *", "interface $i1\n ip nhrp holdtime $2" },
	{ IF "cisco-authentication *", "interface $i1\n ip nhrp authentication $2" },
	{ IF "redirect", "interface $i1\n ip nhrp redirect" },
	{ IF "shortcut", "interface $i1\n ip nhrp shortcut" },
	{ IF "shortcut-target %4 **", "interface $i1\n ip nhrp summary-map $2" },
	{ IF "shortcut-destination", NULL, CONFIG_NO_EFFECT, false, "a router answers for what it routes" },
	{ IF "non-caching", NULL, CONFIG_NO_EFFECT, false, "only what is used is kept" },
	{ IF "route-table *", NULL, CONFIG_NO_EFFECT, false, "the tunnel's VRF says it" },
	{ IF "map|dynamic-map|multicast|holding-time|cisco-authentication|shortcut-target|route-table **", NULL, CONFIG_ERROR, false,
	  "words are missing, or have a wrong value" },
	{ "**", NULL, CONFIG_NOT_SUPPORTED, true, "unknown word" },
	{ NULL },
};

static void take_path(struct import *x, const struct import_path *p)
{
	import_apply(x, rules, p);
}

const struct import_parser import_opennhrp = { "OpenNHRP", opennhrp_line, opennhrp_end, survey, take_path };
