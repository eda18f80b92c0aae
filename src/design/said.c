#include "design/said.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool said_begins(const char *text, const char *words)
{
	const size_t length = strlen(words);

	return !strncmp(text, words, length) && (text[length] == ' ' || !text[length]);
}

const struct config_said *said_find(const struct config_interface *i, const char *words)
{
	for (size_t k = i->said_count; k > 0; k--) {
		const struct config_said *said = &i->said[k - 1];

		if (said_begins(said->text, words))
			return said;
		/* "no ip mtu" takes back "ip mtu 1400", and the other way round; "no x y" does not take back "x z". */
		if (!strncmp(said->text, "no ", 3) && said_begins(words, said->text + 3))
			return NULL;
		if (!strncmp(words, "no ", 3) && said_begins(said->text, words + 3))
			return NULL;
	}
	return NULL;
}

unsigned said_line(const struct config_interface *i, const char *words)
{
	const struct config_said *said = said_find(i, words);

	return said ? said->line : i->line;
}

unsigned said_linef(const struct config_interface *i, const char *format, ...)
{
	char words[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(words, sizeof words, format, arguments);
	va_end(arguments);
	return said_line(i, words);
}

bool said_word_after(const char *text, const char *words, char word[64])
{
	const size_t length = strlen(words);
	const char *at = text;

	while ((at = strstr(at, words))) {
		if ((at == text || at[-1] == ' ') && at[length] == ' ') {
			snprintf(word, 64, "%.*s", (int)strcspn(at + length + 1, " "), at + length + 1);
			return true;
		}
		at += length;
	}
	return false;
}

size_t block_next(const struct config_block *b, size_t at, const char *words)
{
	for (; at < b->line_count; at++) {
		if (said_begins(b->lines[at].text, words))
			return at;
	}
	return SIZE_MAX;
}

const struct config_block_line *block_line(const struct config_block *b, const char *words)
{
	const size_t at = block_next(b, 0, words);

	return at == SIZE_MAX ? NULL : &b->lines[at];
}

const struct config_block_line *block_line_in(const struct config_block *b, uint32_t parent, const char *words)
{
	for (size_t at = block_next(b, 0, words); at != SIZE_MAX; at = block_next(b, at + 1, words)) {
		if (b->lines[at].parent == parent)
			return &b->lines[at];
	}
	return NULL;
}

const struct config_block *block_after(const struct config *c, const struct config_block *before, const char *words)
{
	for (size_t i = before ? (size_t)(before - c->blocks) + 1 : 0; i < c->block_count; i++) {
		if (said_begins(c->blocks[i].head, words))
			return &c->blocks[i];
	}
	return NULL;
}

const struct config_block *block_named(const struct config *c, const char *words, const char *name)
{
	const size_t length = strlen(words);

	for (const struct config_block *b = block_after(c, NULL, words); b; b = block_after(c, b, words)) {
		if (b->head[length] && said_begins(b->head + length + 1, name))
			return b;
	}
	return NULL;
}

/* The second address of a line as a prefix length: a mask or a wildcard. */
static uint8_t length_of(const struct ipaddr *mask)
{
	uint8_t len;

	/* 0.0.0.0 as a wildcard is one address; as a mask it only follows 0.0.0.0. */
	if (ipaddr_is_unspecified(mask))
		return 32;
	if (netmask_to_len(mask, &len) || wildcard_to_len(mask, &len))
		return len;
	return 32;
}

bool said_prefix(const char *text, struct ipprefix *out)
{
	char first[64], second[64] = "";
	struct ipaddr a, b;

	if (sscanf(text, "%63s %63s", first, second) < 1)
		return false;
	if (strchr(first, '/'))
		return ipprefix_parse(first, out);
	if (!ipaddr_parse(first, &a))
		return false;
	*out = ipprefix_host(&a);
	if (a.family == IP_V4 && ipaddr_parse(second, &b) && b.family == IP_V4)
		*out = ipprefix_make(&a, ipaddr_is_unspecified(&a) && ipaddr_is_unspecified(&b) ? 0 : length_of(&b));
	return true;
}
