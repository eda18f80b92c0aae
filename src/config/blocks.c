/*
 * blocks: what is kept as text for other programs. Opening a block again merges; a repeated
 * line stands once; "no" takes a line away. Removed entries are emptied and squeezed out at
 * the end, so that indexes stay good while reading.
 */
#include <stdlib.h>
#include <string.h>

#include "config/reading.h"

static bool is_no(const struct match *m)
{
	return m->sign != SIGN_SET;
}

/* What tells a line from its successors: all of it, its row, or row and first argument. */
static uint64_t identity(const struct match *m, uint64_t owner)
{
	const struct item *first = match_arg(m, 0);

	if (m->row->keeping == SINGLE)
		return names_key(NAME_BLOCK_LINE, owner, m->row->pattern);
	if (m->row->keeping == KEYED && first)
		return names_key(NAME_BLOCK_LINE, owner ^ names_key(NAME_BLOCK_LINE, 0, m->row->pattern), first->text);
	return names_key(NAME_BLOCK_LINE, owner, m->canonical);
}

static char *with_no(struct reading *r, const struct match *m)
{
	char *text = malloc(strlen(m->canonical) + 4);

	if (!text) {
		r->out_of_memory = true;
		return NULL;
	}
	strcpy(text, "no ");
	strcpy(text + 3, m->canonical);
	return text;
}

/* Of what is not done here nobody knows whether it is on by default: its "no" may say something. */
static bool no_is_kept(const struct match *m)
{
	const bool taken_here = m->row->fate == HONOURED || m->row->fate == ALWAYS_ON;

	return m->sign == SIGN_NO && !m->truncated && m->row->enters == MODE_NONE &&
	       (m->row->keeping == TOGGLE || !taken_here);
}

/* The text to keep: NULL when the line only takes something away. */
static char *kept_text(struct reading *r, const struct match *m)
{
	if (!is_no(m))
		return reading_keep(r, m->canonical);
	return no_is_kept(m) ? with_no(r, m) : NULL;
}

static bool begins_with_words(const char *text, const char *words)
{
	const size_t length = strlen(words);

	return !strncmp(text, words, length) && (text[length] == ' ' || !text[length]);
}

/* ---- blocks ---- */

static void remove_blocks(struct reading *r, const char *words)
{
	for (size_t i = 0; reading_work(r, 1) && i < r->c->block_count; i++) {
		struct config_block *b = &r->c->blocks[i];

		if (b->head && begins_with_words(b->head, words)) {
			free(b->head);
			b->head = NULL;
		}
	}
}

static struct config_block *block_find(struct reading *r, uint64_t key)
{
	const uint32_t at = names_get(&r->names, key);

	return at != NAMES_NONE && r->c->blocks[at].head ? &r->c->blocks[at] : NULL;
}

struct config_block *reading_block(struct reading *r, const struct match *m)
{
	const uint64_t key = identity(m, 0);
	struct config_block *block = block_find(r, key);
	char *head;

	if (is_no(m) && m->truncated)
		remove_blocks(r, m->canonical);
	head = kept_text(r, m);
	if (block) {
		free(block->head);
		block->head = head;
	} else if (head) {
		block = ADD(r, r->c->blocks, r->c->block_count);
		if (!block) {
			free(head);
			return NULL;
		}
		block->head = head;
		block->file = r->file;
		block->line = r->number;
		r->out_of_memory |= !names_set(&r->names, key, (uint32_t)(r->c->block_count - 1));
	}
	if (block && block->head && m->row->enters != MODE_NONE && !is_no(m)) {
		reading_enter(r, m->row->enters, (size_t)(block - r->c->blocks));
		reading_top(r)->scope = key;
	}
	return block && block->head ? block : NULL;
}

void reading_empty_block(struct config_block *b)
{
	for (size_t i = 0; i < b->line_count; i++)
		free(b->lines[i].text);
	free(b->lines);
	b->lines = NULL;
	b->line_count = 0;
}

/* ---- lines of a block ---- */

static void remove_lines(struct reading *r, struct config_block *b, uint32_t parent, const char *words)
{
	for (size_t i = 0; reading_work(r, 1) && i < b->line_count; i++) {
		struct config_block_line *line = &b->lines[i];

		if (line->text && line->parent == parent && begins_with_words(line->text, words)) {
			free(line->text);
			line->text = NULL;
		}
	}
}

static struct config_block_line *line_find(struct reading *r, struct config_block *b, uint64_t key)
{
	const uint32_t at = names_get(&r->names, key);

	return at != NAMES_NONE && at < b->line_count && b->lines[at].text ? &b->lines[at] : NULL;
}

static struct config_block_line *line_add(struct reading *r, struct config_block *b, const struct frame *top,
					  uint64_t key)
{
	struct config_block_line *line = ADD(r, b->lines, b->line_count);

	if (!line)
		return NULL;
	line->line = r->number;
	line->mode = top->mode;
	line->parent = top->head;
	line->depth = top->head == NAMES_NONE ? 1 : b->lines[top->head].depth + 1;
	if (key)
		r->out_of_memory |= !names_set(&r->names, key, (uint32_t)(b->line_count - 1));
	return line;
}

void reading_raw(struct reading *r, size_t indent, const char *text)
{
	struct frame *top = reading_top(r);
	struct config_block_line *line = line_add(r, &r->c->blocks[top->index], top, 0);

	if (!line)
		return;
	if (!top->base)
		top->base = indent + 1;
	indent = indent + 1 > top->base ? indent + 1 - top->base : 0;
	line->text = malloc(indent + strlen(text) + 1);
	if (!line->text) {
		r->out_of_memory = true;
		return;
	}
	memset(line->text, ' ', indent);
	strcpy(line->text + indent, text);
}

static void enter_line(struct reading *r, const struct match *m, const struct frame *top, uint64_t key, uint32_t at)
{
	const struct frame outer = *top;

	reading_enter(r, m->row->enters, outer.index);
	reading_top(r)->scope = key;
	reading_top(r)->head = at;
}

void reading_block_line(struct reading *r, const struct match *m)
{
	const struct frame *top = reading_top(r);
	struct config_block *b = &r->c->blocks[top->index];
	const uint64_t key = identity(m, top->scope);
	struct config_block_line *line = line_find(r, b, key);
	char *text;

	if (is_no(m) && m->truncated)
		remove_lines(r, b, top->head, m->canonical);
	text = kept_text(r, m);
	if (!line && text)
		line = line_add(r, b, top, key);
	if (!line) {
		free(text);
		return;
	}
	if (text || is_no(m)) {
		free(line->text);
		line->text = text;
	}
	line->opens = m->row->enters != MODE_NONE;
	if (line->text && line->opens)
		enter_line(r, m, top, key, (uint32_t)(line - b->lines));
}

/* ---- lines of an interface kept for other programs ---- */

void reading_remove_extras(struct reading *r, struct config_interface *i, const char *words)
{
	for (size_t k = 0; reading_work(r, 1) && k < i->extra_count; k++) {
		if (i->extras[k] && begins_with_words(i->extras[k], words)) {
			free(i->extras[k]);
			i->extras[k] = NULL;
		}
	}
}

void reading_extra(struct reading *r, const struct match *m)
{
	const size_t owner = reading_top(r)->index;
	struct config_interface *i = &r->c->interfaces[owner];
	const uint64_t key = identity(m, names_key(NAME_EXTRA, owner, ""));
	const uint32_t at = names_get(&r->names, key);
	char *text = kept_text(r, m);
	char **slot = at != NAMES_NONE && at < i->extra_count ? &i->extras[at] : NULL;

	if (is_no(m) && m->truncated)
		reading_remove_extras(r, i, m->canonical);
	if (!slot && text) {
		slot = ADD(r, i->extras, i->extra_count);
		r->out_of_memory |= slot && !names_set(&r->names, key, (uint32_t)(i->extra_count - 1));
	}
	if (!slot) {
		free(text);
		return;
	}
	free(*slot);
	*slot = text;
}
