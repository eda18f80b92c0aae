/* Rules: which path they fit, and the lines of ours that they make of it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/import.h"
#include "config/redact.h"

/* ---- verdicts ---- */

/* What is wrong outweighs what is honoured, and that what is without effect. */
static int gravity(enum config_state state, bool changes_traffic)
{
	switch (state) {
	case CONFIG_BLANK: return 0;
	case CONFIG_NO_EFFECT: return 1;
	case CONFIG_HONOURED: return 2;
	case CONFIG_NOT_SUPPORTED: return changes_traffic ? 4 : 3;
	case CONFIG_ERROR: return 5;
	}
	return 0;
}

/* Takes over reason and remedy. */
static void judge(struct import *x, unsigned number, enum config_state state, bool changes_traffic, char *reason,
		  char *remedy)
{
	struct config_line *line = number && number <= x->r->c->line_count ? &x->r->c->lines[number - 1] : NULL;

	if (!line || gravity(state, changes_traffic) <= gravity(line->state, line->changes_traffic)) {
		free(reason);
		free(remedy);
		return;
	}
	free(line->reason);
	free(line->remedy);
	line->state = state;
	line->changes_traffic = changes_traffic;
	line->reason = reason;
	line->remedy = remedy;
}

void import_judge(struct import *x, unsigned line, enum config_state state, bool changes_traffic, const char *remedy,
		  const char *format, ...)
{
	char *reason = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (state != CONFIG_HONOURED && vasprintf(&reason, format, arguments) < 0) {
		reason = NULL;
		x->r->out_of_memory = true;
	}
	va_end(arguments);
	judge(x, line, state, changes_traffic, reason, reading_keep(x->r, remedy));
}

/* ---- lines of ours ---- */

/* A verdict on a translation names it. */
static char *explain(struct import *x, unsigned number, const char *line, char *reason)
{
	const char *source = number ? x->r->c->lines[number - 1].text : "";
	char *shown, *whole = NULL;

	if (!reason)
		return NULL;
	shown = redact(line + strspn(line, " "));
	if (shown && !strcmp(shown, source + strspn(source, " \t"))) {
		free(shown);
		return reason;
	}
	if (!shown || asprintf(&whole, "%s (read as \"%s\")", reason, shown) < 0) {
		whole = NULL;
		x->r->out_of_memory = true;
	}
	free(shown);
	free(reason);
	return whole;
}

static void say_one(struct import *x, unsigned number, const char *line, bool leads)
{
	struct reading *r = x->r;
	bool good;

	reading_say(r, number, line);
	free(r->until); /* what comes next is a line of its own */
	r->until = NULL;
	good = r->state == CONFIG_HONOURED || r->state == CONFIG_NO_EFFECT;
	if (leads && good) {
		free(r->reason);
		free(r->remedy);
	} else {
		judge(x, number, r->state, r->changes_traffic, explain(x, number, line, r->reason), r->remedy);
	}
	r->reason = r->remedy = NULL;
}

static void say_lines(struct import *x, unsigned number, char *text)
{
	char *at = text, *line;

	x->r->depth = 1;
	while ((line = strsep(&at, "\n")))
		say_one(x, number, line, at != NULL);
}

void import_lines(struct import *x, unsigned line, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		x->r->out_of_memory = true;
		return;
	}
	say_lines(x, line, text);
	free(text);
}

/* ---- matching ---- */

struct arguments {
	size_t count;
	struct { const char *const *words; size_t count; } at[IMPORT_WORDS_MAX];
};

static bool is_of_family(const char *word, enum ip_family family)
{
	struct ipaddr addr;
	struct ipprefix prefix;

	if (ipaddr_parse(word, &addr))
		return addr.family == family;
	return ipprefix_parse(word, &prefix) && prefix.addr.family == family;
}

static bool is_one_of(const char *pattern, size_t length, const char *word)
{
	const size_t size = strlen(word);

	for (size_t from = 0; from <= length;) {
		const char *bar = memchr(pattern + from, '|', length - from);
		const size_t end = bar ? (size_t)(bar - pattern) : length;

		if (end - from == size && !memcmp(pattern + from, word, size))
			return true;
		from = end + 1;
	}
	return false;
}

static bool fits(const char *pattern, size_t length, const char *word, bool *is_argument)
{
	*is_argument = true;
	if (length == 1 && *pattern == '*')
		return true;
	if (length == 2 && *pattern == '%')
		return is_of_family(word, pattern[1] == '4' ? IP_V4 : IP_V6);
	*is_argument = memchr(pattern, '|', length) != NULL;
	return is_one_of(pattern, length, word);
}

static bool match(const char *pattern, const struct import_path *p, struct arguments *a)
{
	size_t at = 0;

	for (a->count = 0; *pattern; pattern += strspn(pattern, " ")) {
		const size_t length = strcspn(pattern, " ");
		bool is_argument;

		if (length == 2 && !memcmp(pattern, "**", 2)) {
			a->at[a->count].words = &p->words[at];
			a->at[a->count++].count = p->count - at;
			return true;
		}
		if (at == p->count || !fits(pattern, length, p->words[at], &is_argument))
			return false;
		if (is_argument) {
			a->at[a->count].words = &p->words[at];
			a->at[a->count++].count = 1;
		}
		pattern += length;
		at++;
	}
	return at == p->count;
}

/* ---- writing ---- */

/* "A.B.C.D MASK" of a prefix, or of an address as a host's: 'w' with the wildcard, 'n' as a network statement. */
static bool write_masked(FILE *out, const char *word, char how)
{
	char a[IPADDR_TEXT_MAX], m[IPADDR_TEXT_MAX];
	struct ipprefix prefix;
	struct ipaddr addr, mask;
	const char *slash = strchr(word, '/');
	char text[64];

	if (!slash && ipaddr_parse(word, &addr))
		prefix = ipprefix_host(&addr);
	else if (!slash || !ipprefix_parse(word, &prefix) || (size_t)(slash - word) >= sizeof text)
		return false;
	if (prefix.addr.family != IP_V4)
		return false;
	if (slash) {
		snprintf(text, sizeof text, "%.*s", (int)(slash - word), word);
		if (!ipaddr_parse(text, &addr)) /* with its host bits */
			return false;
	}
	mask = netmask_from_len(prefix.len);
	for (size_t i = 0; how == 'w' && i < 4; i++)
		mask.bytes[i] = (uint8_t)~mask.bytes[i];
	fprintf(out, "%s %s%s", ipaddr_format(&addr, a), how == 'n' ? "mask " : "", ipaddr_format(&mask, m));
	return true;
}

/* A word must stay one, and no comment. */
static bool is_plain(const char *word)
{
	return *word && *word != '!' && !strpbrk(word, " \t");
}

static bool write_words(struct import *x, FILE *out, const struct arguments *a, size_t n, char how, bool free_text)
{
	char name[24];

	for (size_t i = 0; i < a->at[n].count; i++) {
		const char *word = a->at[n].words[i];

		if (i)
			fputc(' ', out);
		if (!free_text && !is_plain(word))
			return false;
		if (how == 'i')
			fputs(import_interface(x, word, name), out);
		else if (!how)
			fputs(word, out);
		else if (!write_masked(out, word, how))
			return false;
	}
	return true;
}

/* A text in which blanks and all else stand as they are. */
static bool is_free_text(const char *line)
{
	return strstr(line, "description $") != NULL;
}

static bool expand(struct import *x, FILE *out, const char *lines, const struct arguments *a)
{
	const bool free_text = is_free_text(lines);

	for (const char *at = lines; *at; at++) {
		char how = 0;

		if (*at != '$') {
			fputc(*at, out);
			continue;
		}
		at++;
		if (*at == 'h') {
			fputs(x->head, out);
			continue;
		}
		if (strchr("imwn", *at))
			how = *at++;
		if (!write_words(x, out, a, (size_t)(*at - '1'), how, free_text))
			return false;
	}
	return true;
}

static void say_rule(struct import *x, const struct import_rule *rule, const struct arguments *a, unsigned line)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool good = out && expand(x, out, rule->lines, a);

	if (!out || ferror(out) || fclose(out) != 0) {
		x->r->out_of_memory = true;
	} else if (good) {
		say_lines(x, line, text);
	} else {
		import_judge(x, line, CONFIG_ERROR, false, "write a plain word, or address and prefix length",
			     "a value is empty, holds blanks, or is no prefix");
	}
	free(text);
}

bool import_apply(struct import *x, const struct import_rule *rules, const struct import_path *p)
{
	struct arguments a;

	while (rules->pattern && !match(rules->pattern, p, &a))
		rules++;
	if (!rules->pattern)
		return false;
	if (rules->reason)
		import_judge(x, p->line, rules->state, rules->changes_traffic, NULL, "%s", rules->reason);
	else if (!rules->lines && !rules->apply)
		import_judge(x, p->line, CONFIG_HONOURED, false, NULL, "%s", "");
	if (rules->apply)
		rules->apply(x, p);
	if (rules->lines)
		say_rule(x, rules, &a, p->line);
	return true;
}

/* ---- comments that speak to us ---- */

/* "ip tunnel add gre1 mode gre key 42 ttl 64 local 192.0.2.1 dev eth0": one option of it. */
static void say_option(struct import *x, unsigned line, const char *name, const char *option, const char *value)
{
	struct ipaddr addr;
	const bool dotted = ipaddr_parse(value, &addr) && addr.family == IP_V4;

	if (!strcmp(value, "any") || !strcmp(value, "inherit") || (dotted && ipaddr_is_unspecified(&addr)))
		return;
	if (!strcmp(option, "key") && dotted)
		import_lines(x, line, "interface %s\n tunnel key %u", name, ipaddr_to_v4(&addr));
	else if (!strcmp(option, "key") || !strcmp(option, "ttl"))
		import_lines(x, line, "interface %s\n tunnel %s %s", name, option, value);
	else if (!strcmp(option, "local") || !strcmp(option, "dev"))
		import_lines(x, line, "interface %s\n tunnel source %s", name, value);
	else if (!strcmp(option, "remote"))
		import_lines(x, line, "interface %s\n no tunnel mode\n tunnel destination %s", name, value);
}

/* An address says more than its interface. */
static bool is_overruled(char **words, size_t count, const char *option)
{
	bool found = false;

	for (size_t i = 4; i + 1 < count; i += 2)
		found |= !strcmp(words[i], "local") && strcmp(words[i + 1], "any");
	return found && !strcmp(option, "dev");
}

/* The commands that make a device, as an owner has them in his scripts; false: it is none of them. */
static bool say_command(struct import *x, unsigned line, char **words, size_t count)
{
	char name[24];

	if (count < 5 || strcmp(words[0], "ip") || strcmp(words[2], "add"))
		return false;
	if ((!strcmp(words[1], "addr") || !strcmp(words[1], "address")) && count >= 6 && !strcmp(words[4], "dev")) {
		import_address(x, line, words[5], words[3], NULL);
		return true;
	}
	if (strcmp(words[1], "tunnel"))
		return false;
	import_judge(x, line, CONFIG_HONOURED, false, NULL, "%s", "");
	for (size_t i = 4; i + 1 < count; i += 2) {
		if (!is_overruled(words, count, words[i]))
			say_option(x, line, import_interface(x, words[3], name), words[i], words[i + 1]);
	}
	return true;
}

/* Our own line, with tunnels by our names. It goes on where the reader stands, as on a router. */
static void say_ours(struct import *x, unsigned line, char **words, size_t count)
{
	char text[2048] = "", name[24];
	size_t used = 0;

	for (size_t i = 0; i < count && used + strlen(words[i]) + sizeof name < sizeof text; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
					 import_interface(x, words[i], name));
	say_one(x, line, text, false);
}

void import_comment(struct import *x, unsigned line, const char *text)
{
	char *copy = reading_keep(x->r, text), *rest = copy, *word, *words[64];
	size_t count = 0;

	while ((word = strsep(&rest, " \t")) && count < sizeof words / sizeof *words) {
		if (*word && strcmp(word, "*/"))
			words[count++] = word;
	}
	if (count && !say_command(x, line, words, count))
		say_ours(x, line, words, count);
	free(copy);
}
