/* The words of a file as a tree: what a line says is the path to its last word. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/import.h"

static void note_child(struct import *x, uint32_t parent, uint32_t child)
{
	struct import_node *p = &x->nodes[parent];

	if (p->first == IMPORT_NONE)
		p->first = child;
	else
		x->nodes[p->last].next = child;
	p->last = child;
}

static uint32_t find_child(const struct import *x, uint32_t parent, const char *word, uint64_t key)
{
	const uint32_t at = names_get(&x->index, key);

	return at != NAMES_NONE && x->nodes[at].parent == parent && !strcmp(x->nodes[at].word, word) ? at : IMPORT_NONE;
}

uint32_t import_node(struct import *x, uint32_t parent, const char *word)
{
	const uint64_t key = names_key(0, parent, word);
	uint32_t at;
	struct import_node *node;

	if (x->too_large || parent == IMPORT_NONE || (x->node_count && x->nodes[parent].depth == IMPORT_WORDS_MAX))
		return IMPORT_NONE;
	at = x->node_count ? find_child(x, parent, word, key) : IMPORT_NONE;
	if (at != IMPORT_NONE)
		return at;
	x->too_large = x->node_count == IMPORT_NODES_MAX;
	node = x->too_large ? NULL : reading_add(x->r, &x->nodes, &x->node_count, sizeof *node);
	if (!node)
		return IMPORT_NONE;
	at = (uint32_t)(x->node_count - 1);
	*node = (struct import_node){ word, parent, IMPORT_NONE, IMPORT_NONE, IMPORT_NONE, 0, x->number, false, false };
	if (at != IMPORT_ROOT) {
		node->depth = x->nodes[parent].depth + 1;
		note_child(x, parent, at);
	}
	x->r->out_of_memory |= !names_set(&x->index, key, at);
	return at;
}

void import_say(struct import *x, uint32_t node, unsigned line)
{
	struct import_entry *e;

	if (node == IMPORT_NONE) {
		import_judge(x, line, CONFIG_ERROR, false, NULL, "more than %d words lead to this", IMPORT_WORDS_MAX);
		return;
	}
	e = ADD(x->r, x->entries, x->entry_count);
	if (e)
		*e = (struct import_entry){ node, line };
}

uint32_t import_find(const struct import *x, uint32_t from, ...)
{
	const char *word;
	va_list words;

	va_start(words, from);
	while (from != IMPORT_NONE && (word = va_arg(words, const char *)))
		from = find_child(x, from, word, names_key(0, from, word));
	va_end(words);
	return from;
}

const char *import_value(const struct import *x, uint32_t from, const char *word, unsigned *line)
{
	const uint32_t at = import_find(x, from, word, NULL);
	const uint32_t value = at == IMPORT_NONE ? IMPORT_NONE : x->nodes[at].first;

	if (value == IMPORT_NONE)
		return NULL;
	if (line)
		*line = x->nodes[value].line;
	return x->nodes[value].word;
}

void import_note_comment(struct import *x, const char *text)
{
	text += strspn(text, " \t!#/*");
	if (!strncmp(text, IMPORT_MARK, strlen(IMPORT_MARK)))
		import_say(x, import_node(x, import_node(x, IMPORT_ROOT, IMPORT_MARK), text + strlen(IMPORT_MARK)), x->number);
}

void import_path_of(const struct import *x, const struct import_entry *e, struct import_path *p)
{
	size_t at = 0;

	p->line = e->line;
	p->count = 0;
	for (uint32_t n = e->node; n != IMPORT_ROOT; n = x->nodes[n].parent)
		p->count++;
	for (uint32_t n = e->node; n != IMPORT_ROOT; n = x->nodes[n].parent)
		p->words[p->count - ++at] = x->nodes[n].word;
}
