/* Lines of the kept blocks: their words are canonical, one blank between two. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "ike/ike_resolve.h"

const char *ike_after(const char *text, const char *words)
{
	const size_t length = strlen(words);

	if (strncmp(text, words, length) || (text[length] && text[length] != ' '))
		return NULL;
	return text[length] ? text + length + 1 : text + length;
}

const struct config_block *ike_block(const struct config *c, const char *words, const char *name, const char **rest)
{
	for (size_t i = 0; i < c->block_count; i++) {
		const char *at = ike_after(c->blocks[i].head, words);

		at = at ? ike_after(at, name) : NULL;
		if (at && rest)
			*rest = at;
		if (at)
			return &c->blocks[i];
	}
	return NULL;
}

const char *ike_line(const struct config_block *b, const char *words, unsigned *line)
{
	const char *found = NULL;

	for (size_t i = 0; b && i < b->line_count; i++) {
		const char *at = ike_after(b->lines[i].text, words);

		if (at && line)
			*line = b->lines[i].line;
		if (at)
			found = at;
	}
	return found;
}

const char *ike_global(const struct config *c, const char *words, unsigned *line)
{
	const char *found = NULL;

	for (size_t i = 0; i < c->block_count; i++) {
		const char *at = ike_after(c->blocks[i].head, words);

		if (at && line)
			*line = c->blocks[i].line;
		if (at)
			found = at;
	}
	return found;
}

bool ike_next_word(const char **at, char *word, size_t size)
{
	const size_t length = strcspn(*at, " ");

	if (!length || length >= size)
		return false;
	memcpy(word, *at, length);
	word[length] = 0;
	*at += length + ((*at)[length] == ' ');
	return true;
}

char *ike_word_copy(const char *text, unsigned n)
{
	char *word;

	for (; n; n--) {
		text += strcspn(text, " ");
		text += *text == ' ';
	}
	if (!*text)
		return NULL;
	word = alloc_zero(strcspn(text, " ") + 1, 1);
	memcpy(word, text, strcspn(text, " "));
	return word;
}

static bool is_found(const struct ike_config *i, unsigned line, const char *text)
{
	for (size_t k = 0; k < i->finding_count; k++) {
		if (i->findings[k].line == line && !strcmp(i->findings[k].text, text))
			return true;
	}
	return false;
}

void ike_find(struct resolving *r, enum ike_severity severity, unsigned line, const char *remedy, const char *format, ...)
{
	struct ike_config *i = r->out;
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		text = alloc_text(format);
	/* Two tunnels with one profile find the same things. */
	if (is_found(i, line, text)) {
		free(text);
		return;
	}
	i->findings = alloc_array(i->findings, i->finding_count + 1, sizeof *i->findings);
	i->findings[i->finding_count++] = (struct ike_finding){ severity, line, text, alloc_text(remedy) };
}
